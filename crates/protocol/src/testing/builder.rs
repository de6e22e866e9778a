//! Builds programs of any shape with small weights of their own.

use alloc::vec;
use alloc::vec::Vec;

use super::network::{Network, Small};
use crate::linear::weights::WeightMatrix;
use crate::program::{
    AxisMap, BIAS_COLUMN_BITS, Block, Layer, Program, ProgramParts, Tensor, Term, Weights, place,
};
use crate::table::{Outputs, Segment, Table};

pub(crate) const SHIFT: u32 = 2;
/// The table's segments: the identity brought into [−8, 7], ReLU, and the limbs of two bits and of one.
pub(crate) const IDENTITY: u32 = 0;
pub(crate) const RELU: u32 = 1;
pub(crate) const LIMB_2: u32 = 2;
pub(crate) const LIMB_1: u32 = 3;

pub(crate) struct Builder {
    /// R.
    height: u32,
    /// Values lie in [−span, span).
    span: i32,
    pub(crate) small: Small,
    tensors: Vec<Tensor>,
    layers: Vec<Layer>,
    /// (row, column, weight).
    entries: Vec<(usize, usize, i32)>,
    columns: u32,
}

impl Builder {
    pub(crate) fn new(log_weight_rows: u32, span: i32, seed: u64) -> Self {
        Self {
            height: 1 << log_weight_rows,
            span,
            small: Small(seed),
            tensors: Vec::new(),
            layers: Vec::new(),
            entries: Vec::new(),
            columns: 0,
        }
    }

    pub(crate) fn tensor(&mut self, positions: &[u32], channels: u32, segment: u32) -> u32 {
        self.placed(positions, channels, segment, &[])
    }

    /// A tensor with its blocks, as (lane, first row).
    pub(crate) fn placed(
        &mut self,
        positions: &[u32],
        channels: u32,
        segment: u32,
        blocks: &[(u32, u32)],
    ) -> u32 {
        self.tensors.push(Tensor {
            positions: positions.into(),
            channels,
            segment,
            blocks: (blocks.iter().copied())
                .map(|(lane, base)| Block { lane, base })
                .collect(),
        });
        self.tensors.len() as u32 - 1
    }

    pub(crate) fn extent(&self, tensor: u32) -> (Vec<u32>, u32) {
        let tensor = &self.tensors[tensor as usize];
        (tensor.positions.clone(), tensor.channels)
    }

    /// How many outputs each block of a layer has.
    fn blocks(&self, output: u32) -> Vec<u32> {
        let (channels, height) = (self.extent(output).1, self.height);
        (0..channels.div_ceil(height))
            .map(|block| height.min(channels - block * height))
            .collect()
    }

    /// New columns with weights in the first `rows` rows.
    fn run(&mut self, rows: u32, width: u32) -> u32 {
        let first = self.columns;
        self.columns += width;
        for row in 0..rows {
            for column in first..self.columns {
                let weight = self.small.next(-1, 1) as i32;
                self.entries.push((row as usize, column as usize, weight));
            }
        }
        first
    }

    /// Columns of zeros.
    pub(crate) fn gap(&mut self, width: u32) {
        self.columns += width;
    }

    fn runs(&mut self, output: u32, maps: &[AxisMap], width: impl Fn(u32) -> u32) -> Vec<u32> {
        let taps: u32 = maps.iter().map(|map| map.taps).product();
        let mut runs = Vec::new();
        for rows in self.blocks(output) {
            runs.extend((0..taps).map(|_| self.run(rows, width(rows))));
        }
        runs
    }

    pub(crate) fn dense(&mut self, output: u32, source: u32, maps: &[AxisMap]) -> Term {
        let width = self.extent(source).1;
        let runs = self.runs(output, maps, |_| width);
        term(source, maps, Weights::Dense { runs })
    }

    pub(crate) fn diagonal(&mut self, output: u32, source: u32, maps: &[AxisMap]) -> Term {
        let runs = self.runs(output, maps, |rows| rows);
        term(source, maps, Weights::BlockDiagonal { runs })
    }

    /// A layer with `columns` bias columns for each block. Biases are small, though their columns are not if there are several.
    pub(crate) fn layer(&mut self, output: u32, terms: Vec<Term>, columns: u32, limbs: &[u32]) {
        let mut bias = Vec::new();
        for rows in self.blocks(output) {
            for column in 0..columns {
                let first = self.run(rows, 1);
                bias.push(first);
                if column == 0 {
                    continue;
                }
                // What is in column j is taken out of column j − 1 again.
                let new = self.entries.split_off(self.entries.len() - rows as usize);
                let balance = new
                    .iter()
                    .map(|(row, column, weight)| (*row, column - 1, -(weight << BIAS_COLUMN_BITS)));
                self.entries
                    .extend(balance.chain(new.iter().copied()).collect::<Vec<_>>());
            }
        }
        self.layers.push(Layer {
            output,
            limbs: limbs.into(),
            terms,
            bias,
        });
    }

    /// The network, with the first tensor as its input; tensors that have no place yet are cut into as many blocks as `blocks` says.
    pub(crate) fn build(
        mut self,
        log_rows: u32,
        outputs: &[u32],
        blocks: impl Fn(&Tensor) -> usize,
    ) -> Network {
        let log_weight_columns = self.columns.next_power_of_two().trailing_zeros().max(1);
        let log_weight_rows = self.height.trailing_zeros();
        let mut weights = WeightMatrix::zero(1 << log_weight_rows, 1 << log_weight_columns);
        for (row, column, weight) in &self.entries {
            let before = weights.row(*row)[*column];
            weights.set(*row, *column, before + weight);
        }
        let count = self.tensors[0].cells();
        let input = (0..count).map(|_| self.small.next(-3, 3)).collect();
        let placed = self.tensors.iter().all(|tensor| !tensor.blocks.is_empty());
        let (tensors, lanes) = if placed {
            let blocks = self.tensors.iter().flat_map(|tensor| &tensor.blocks);
            let lanes = blocks.map(|block| block.lane + 1).max().unwrap();
            (self.tensors, lanes)
        } else {
            place(self.tensors, log_rows, &blocks)
        };
        let program = Program::new(ProgramParts {
            log_rows,
            lanes,
            log_weight_rows,
            log_weight_columns,
            table: table(self.span),
            large_tables: Vec::new(),
            tensors,
            layers: self.layers,
            inputs: vec![0],
            outputs: outputs.into(),
        })
        .unwrap();
        Network {
            layers: Vec::new(),
            program,
            weights,
            input,
            output: outputs[0],
            tables: Vec::new(),
        }
    }
}

fn term(source: u32, maps: &[AxisMap], weights: Weights) -> Term {
    Term {
        source,
        maps: maps.into(),
        weights,
        exponent: 0,
    }
}

/// A structural term.
pub(crate) fn structural(
    source: u32,
    maps: &[AxisMap],
    channels: AxisMap,
    coefficient: i32,
) -> Term {
    let weights = Weights::Structural {
        channels,
        coefficient,
    };
    term(source, maps, weights)
}

pub(crate) fn map(taps: u32, stride: u32, dilation: u32, pad: i32) -> AxisMap {
    AxisMap {
        taps,
        stride,
        dilation,
        pad,
        divisor: 1,
    }
}

fn table(span: i32) -> Table {
    let segment = |start, length, low, high| Segment {
        start,
        length,
        outputs: Outputs::Clamp { low, high },
    };
    Table {
        shift: SHIFT,
        segments: vec![
            segment(-span, 2 * span as u32, -8, 7),
            segment(-span, 2 * span as u32, 0, 7),
            segment(0, 4, 0, 3),
            Segment {
                start: 0,
                length: 2,
                outputs: Outputs::Values(vec![0, 1]),
            },
        ],
    }
}
