//! What proving costs, layer by layer, as far as it can be told without proving.

use alloc::vec::Vec;

use tensorseal_protocol::program::Program;

use super::columns::Columns;
use super::pack::COST_OF_A_COLUMN;
use crate::integer::{IntegerGraph, IntegerLayer};

/// Estimated shares of the proving cost, which add up to one.
#[derive(Clone, Debug, PartialEq)]
pub struct CostShares {
    /// Of the inputs' cells.
    pub inputs: f64,
    /// Of each layer's cells and weights.
    pub layers: Vec<f64>,
}

impl CostShares {
    /// The shares of a graph in its program: what the columns cost is dealt out by padded cells, what the weight matrix costs by weights.
    #[must_use]
    pub fn new(graph: &IntegerGraph, program: &Program) -> Self {
        let parts = program.parts();
        let columns = Columns::cost_of(parts.lanes, parts.log_rows) as f64;
        let matrix =
            3.0 * (program.weight_rows() + COST_OF_A_COLUMN * program.weight_columns()) as f64;
        let cells_of = |tensor: u32| {
            let tensor = &program.tensors()[tensor as usize];
            libm::exp2(tensor.bits() as f64)
        };
        let inputs = program.inputs().iter().map(|input| cells_of(*input));
        let layers = program.layers().iter().map(|layer| {
            let limbs = layer.limbs.iter().map(|limb| cells_of(*limb));
            cells_of(layer.output) + limbs.sum::<f64>()
        });
        let cells: Vec<f64> = inputs.chain(layers).collect();
        let all_cells: f64 = cells.iter().sum();
        let parameters = |layer: &IntegerLayer| (layer.weight_count() + layer.bias.len()) as f64;
        let all_parameters: f64 = graph.layers.iter().map(parameters).sum();
        let of_cells = |cells: f64| cells / all_cells * columns / (columns + matrix);
        let of_weights =
            |weights: f64| weights / all_parameters.max(1.0) * matrix / (columns + matrix);
        let inputs = graph.inputs.len();
        Self {
            inputs: cells.iter().take(inputs).copied().map(of_cells).sum(),
            layers: graph
                .layers
                .iter()
                .zip(cells.iter().skip(inputs))
                .map(|(layer, cells)| of_cells(*cells) + of_weights(parameters(layer)))
                .collect(),
        }
    }
}
