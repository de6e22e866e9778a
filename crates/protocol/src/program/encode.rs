//! The bytes of a program.

use super::{AxisMap, Block, Layer, Program, ProgramParts, Tensor, Term};
use crate::encoding::{DecodeError, Reader, Writer};
use crate::table::Table;

impl Program {
    pub(crate) fn write(&self, writer: &mut Writer) {
        let parts = &self.parts;
        for number in [
            parts.log_rows,
            parts.lanes,
            parts.log_weight_rows,
            parts.log_weight_columns,
        ] {
            writer.u32(number);
        }
        parts.table.write(writer);
        writer.count(parts.tensors.len());
        for tensor in &parts.tensors {
            numbers(writer, &tensor.positions);
            writer.u32(tensor.channels);
            writer.u32(tensor.segment);
            writer.count(tensor.blocks.len());
            for block in &tensor.blocks {
                writer.u32(block.lane);
                writer.u32(block.base);
            }
        }
        writer.count(parts.layers.len());
        for layer in &parts.layers {
            write_layer(writer, layer);
        }
        numbers(writer, &parts.inputs);
        numbers(writer, &parts.outputs);
    }
}

impl ProgramParts {
    /// Reads the parts of a program; nothing about them has been checked.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            log_rows: reader.u32()?,
            lanes: reader.u32()?,
            log_weight_rows: reader.u32()?,
            log_weight_columns: reader.u32()?,
            table: Table::read(reader)?,
            tensors: reader.counted(|reader| {
                Ok(Tensor {
                    positions: reader.counted(Reader::u32)?,
                    channels: reader.u32()?,
                    segment: reader.u32()?,
                    blocks: reader.counted(|reader| {
                        Ok(Block {
                            lane: reader.u32()?,
                            base: reader.u32()?,
                        })
                    })?,
                })
            })?,
            layers: reader.counted(read_layer)?,
            inputs: reader.counted(Reader::u32)?,
            outputs: reader.counted(Reader::u32)?,
        })
    }
}

fn write_layer(writer: &mut Writer, layer: &Layer) {
    writer.u32(layer.output);
    writer.count(layer.terms.len());
    for term in &layer.terms {
        writer.u32(term.source);
        writer.count(term.maps.len());
        for map in &term.maps {
            for number in [map.taps, map.stride, map.dilation, map.pad] {
                writer.u32(number);
            }
        }
        numbers(writer, &term.runs);
    }
    numbers(writer, &layer.bias);
}

fn read_layer(reader: &mut Reader<'_>) -> Result<Layer, DecodeError> {
    Ok(Layer {
        output: reader.u32()?,
        terms: reader.counted(|reader| {
            Ok(Term {
                source: reader.u32()?,
                maps: reader.counted(|reader| {
                    Ok(AxisMap {
                        taps: reader.u32()?,
                        stride: reader.u32()?,
                        dilation: reader.u32()?,
                        pad: reader.u32()?,
                    })
                })?,
                runs: reader.counted(Reader::u32)?,
            })
        })?,
        bias: reader.counted(Reader::u32)?,
    })
}

fn numbers(writer: &mut Writer, numbers: &[u32]) {
    writer.count(numbers.len());
    for number in numbers {
        writer.u32(*number);
    }
}
