//! The bytes of a program.

use alloc::vec::Vec;

use super::{
    AxisMap, Block, LARGE_TABLES, LargeSegment, LargeTable, Layer, Program, ProgramParts, Tensor,
    Term, Weights,
};
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
        if !parts.large_tables().is_empty() {
            write_large(writer, parts.large_tables());
        }
    }

    /// The first version of the verifying key that has what is in the program.
    pub(crate) fn version(&self) -> u16 {
        if self.large_tables().is_empty() {
            2
        } else {
            VERSION_WITH_LARGE_TABLES
        }
    }
}

/// The version of a verifying key that has large tables; no earlier one has them.
pub(crate) const VERSION_WITH_LARGE_TABLES: u16 = 3;

impl ProgramParts {
    /// Reads the parts of a program, of a key of this version; nothing about them has been checked.
    pub(crate) fn read(reader: &mut Reader<'_>, version: u16) -> Result<Self, DecodeError> {
        let mut parts = Self {
            large_tables: Vec::new(),
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
            layers: reader.counted(|reader| read_layer(reader, version))?,
            inputs: reader.counted(Reader::u32)?,
            outputs: reader.counted(Reader::u32)?,
        };
        if LARGE_TABLES && version >= VERSION_WITH_LARGE_TABLES {
            parts.large_tables = reader.counted(read_large)?;
            if parts.large_tables.is_empty() {
                return Err(DecodeError::InvalidNumber {
                    what: "number of large tables in a key of this version",
                    found: 0,
                });
            }
        }
        Ok(parts)
    }
}

fn write_large(writer: &mut Writer, tables: &[LargeTable]) {
    writer.count(tables.len());
    for table in tables {
        writer.u32(table.log_rows);
        writer.u8(table.hidden.into());
        writer.count(table.segments.len());
        for segment in &table.segments {
            writer.signed(segment.start.into(), 4);
            writer.u32(segment.length);
            for output in [segment.low, segment.high, segment.at_zero] {
                writer.i64(output);
            }
        }
    }
}

fn read_large(reader: &mut Reader<'_>) -> Result<LargeTable, DecodeError> {
    Ok(LargeTable {
        log_rows: reader.u32()?,
        hidden: match reader.u8()? {
            0 => false,
            1 => true,
            found => {
                return Err(DecodeError::InvalidNumber {
                    what: "mark of a hidden table",
                    found: found.into(),
                });
            }
        },
        segments: reader.counted(|reader| {
            Ok(LargeSegment {
                start: reader.i32()?,
                length: reader.u32()?,
                low: reader.i64()?,
                high: reader.i64()?,
                at_zero: reader.i64()?,
            })
        })?,
    })
}

fn write_layer(writer: &mut Writer, layer: &Layer) {
    writer.u32(layer.output);
    numbers(writer, &layer.limbs);
    writer.count(layer.terms.len());
    for term in &layer.terms {
        writer.u32(term.source);
        writer.count(term.maps.len());
        for map in &term.maps {
            write_map(writer, map);
        }
        writer.u32(term.exponent);
        writer.u8(kind(&term.weights));
        match &term.weights {
            Weights::Dense { runs } | Weights::BlockDiagonal { runs } => numbers(writer, runs),
            Weights::Structural {
                channels,
                coefficient,
            } => {
                write_map(writer, channels);
                writer.signed((*coefficient).into(), 4);
            }
        }
    }
    numbers(writer, &layer.bias);
}

const DENSE: u8 = 0;
const BLOCK_DIAGONAL: u8 = 1;
const STRUCTURAL: u8 = 2;

const fn kind(weights: &Weights) -> u8 {
    match weights {
        Weights::Dense { .. } => DENSE,
        Weights::BlockDiagonal { .. } => BLOCK_DIAGONAL,
        Weights::Structural { .. } => STRUCTURAL,
    }
}

fn write_map(writer: &mut Writer, map: &AxisMap) {
    for number in [map.taps, map.stride, map.dilation] {
        writer.u32(number);
    }
    writer.signed(map.pad.into(), 4);
    writer.u32(map.divisor);
}

/// A layer as a key of this version has it. In version 1 terms are dense, maps have no divisor and no negative pads, and there are no
/// limbs.
fn read_layer(reader: &mut Reader<'_>, version: u16) -> Result<Layer, DecodeError> {
    let first = version == 1;
    let numbers = |reader: &mut Reader<'_>| reader.counted(Reader::u32);
    let output = reader.u32()?;
    let limbs = if first { Vec::new() } else { numbers(reader)? };
    let terms = reader.counted(|reader| {
        let source = reader.u32()?;
        let maps = reader.counted(|reader| read_map(reader, first))?;
        let exponent = if first { 0 } else { reader.u32()? };
        let kind = if first { DENSE } else { reader.u8()? };
        let weights = match kind {
            DENSE => Weights::Dense {
                runs: numbers(reader)?,
            },
            BLOCK_DIAGONAL => Weights::BlockDiagonal {
                runs: numbers(reader)?,
            },
            STRUCTURAL => Weights::Structural {
                channels: read_map(reader, false)?,
                coefficient: reader.i32()?,
            },
            found => {
                return Err(DecodeError::InvalidNumber {
                    what: "kind of term",
                    found: found.into(),
                });
            }
        };
        Ok(Term {
            source,
            maps,
            exponent,
            weights,
        })
    })?;
    Ok(Layer {
        output,
        limbs,
        terms,
        bias: numbers(reader)?,
    })
}

fn read_map(reader: &mut Reader<'_>, first: bool) -> Result<AxisMap, DecodeError> {
    let mut map = AxisMap {
        taps: reader.u32()?,
        stride: reader.u32()?,
        dilation: reader.u32()?,
        pad: reader.i32()?,
        divisor: 1,
    };
    if !first {
        map.divisor = reader.u32()?;
    } else if map.pad < 0 {
        return Err(DecodeError::InvalidNumber {
            what: "pad",
            found: map.pad.cast_unsigned().into(),
        });
    }
    Ok(map)
}

fn numbers(writer: &mut Writer, numbers: &[u32]) {
    writer.count(numbers.len());
    for number in numbers {
        writer.u32(*number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Output 5, a term of source 4 with one map and the runs 9 and 8, bias 7.
    fn first_version(pad: u32) -> Vec<u8> {
        let mut writer = Writer::new();
        for number in [5, 1, 4, 1, 3, 2, 6, pad, 2, 9, 8, 1, 7] {
            writer.u32(number);
        }
        writer.finish()
    }

    #[test]
    fn layers_of_the_first_version_are_dense_and_pads_have_no_sign() {
        let read = |pad| {
            let bytes = first_version(pad);
            let mut reader = Reader::new(&bytes);
            let layer = read_layer(&mut reader, 1)?;
            reader.finish()?;
            Ok(layer)
        };
        let map = AxisMap {
            taps: 3,
            stride: 2,
            dilation: 6,
            pad: i32::MAX,
            divisor: 1,
        };
        let layer = Layer {
            output: 5,
            limbs: Vec::new(),
            terms: alloc::vec![Term {
                source: 4,
                maps: alloc::vec![map],
                weights: Weights::Dense {
                    runs: alloc::vec![9, 8],
                },
                exponent: 0,
            }],
            bias: alloc::vec![7],
        };
        assert_eq!(read(i32::MAX.cast_unsigned()), Ok(layer));
        for pad in [1 << 31, u32::MAX] {
            let refused = DecodeError::InvalidNumber {
                what: "pad",
                found: pad.into(),
            };
            assert_eq!(read(pad), Err(refused));
        }
    }
}
