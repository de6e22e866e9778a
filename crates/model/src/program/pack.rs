//! All weights in one matrix.
//!
//! A block of R outputs of a layer takes one column for each input channel and one for its biases. More rows mean fewer columns:
//! a proof costs about one group operation a row and six a column, so the packing with the least such sum is taken.

use alloc::vec::Vec;

use tensorseal_protocol::linear::weights::WeightMatrix;

use crate::integer::IntegerGraph;

const COST_OF_A_COLUMN: usize = 6;
const MAX_LOG_ROWS: u32 = 12;

/// The shape of the weight matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packing {
    pub(super) log_rows: u32,
    pub(super) log_columns: u32,
}

/// The columns of a layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Runs {
    /// The first column of each block's weights.
    pub(super) weights: Vec<u32>,
    /// The column of each block's biases.
    pub(super) biases: Vec<u32>,
}

impl Packing {
    /// The cheapest packing for a graph.
    pub(super) fn choose(graph: &IntegerGraph) -> Self {
        let with_rows = |log_rows: u32| {
            let columns: usize = graph
                .layers
                .iter()
                .map(|layer| layer.out_channels.div_ceil(1 << log_rows) * (layer.in_channels + 1))
                .sum();
            Self {
                log_rows,
                log_columns: columns.next_power_of_two().trailing_zeros().max(1),
            }
        };
        (0..=MAX_LOG_ROWS)
            .map(with_rows)
            .min_by_key(|packing| {
                let (rows, columns) = (1usize << packing.log_rows, 1usize << packing.log_columns);
                (rows + COST_OF_A_COLUMN * columns, rows * columns)
            })
            .unwrap_or(Self {
                log_rows: 0,
                log_columns: 1,
            })
    }

    /// Packs every layer, in order.
    pub(super) fn pack(self, graph: &IntegerGraph) -> (Vec<Runs>, WeightMatrix) {
        let rows = 1usize << self.log_rows;
        let mut matrix = WeightMatrix::zero(rows, 1 << self.log_columns);
        let mut column = 0;
        let mut all = Vec::with_capacity(graph.layers.len());
        for layer in &graph.layers {
            let mut runs = Runs::default();
            let width = layer.in_channels;
            for (weights, biases) in layer
                .weights
                .chunks(rows * width)
                .zip(layer.bias.chunks(rows))
            {
                for (row, weights) in weights.chunks(width).enumerate() {
                    for (channel, weight) in weights.iter().enumerate() {
                        matrix.set(row, column + channel, *weight);
                    }
                }
                for (row, bias) in biases.iter().enumerate() {
                    matrix.set(row, column + width, *bias);
                }
                runs.weights.push(super::index(column));
                runs.biases.push(super::index(column + width));
                column += width + 1;
            }
            all.push(runs);
        }
        (all, matrix)
    }
}
