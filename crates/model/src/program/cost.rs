//! What proving costs, layer by layer, as far as it can be told without proving.

use alloc::vec::Vec;

use tensorseal_protocol::program::Program;

use super::columns::{COST_OF_A_LARGE_ROW, Columns, LEAST_LOG_ROWS};
use super::pack::COST_OF_A_COLUMN;
use crate::integer::{BLIND_ROWS, Extent, IntegerGraph, IntegerLayer, RESERVED_ROWS};

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

/// Estimated work of proving the cells, in group operations with full-width scalars, by where the functions stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableCosts {
    /// Where they do.
    pub own: u64,
    /// In the columns if a large table has some of them, in a large table if it has none; `None` where the columns cannot hold them.
    pub other: Option<u64>,
}

impl TableCosts {
    /// The costs of a graph in its program.
    #[must_use]
    pub fn new(graph: &IntegerGraph, program: &Program) -> Self {
        let parts = program.parts();
        let extents: Vec<Extent> = (0..graph.tensor_count())
            .filter_map(|tensor| graph.extent(tensor))
            .collect();
        let used = rows_used(graph);
        let own = Columns::cost_of(parts.lanes, parts.log_rows) + COST_OF_A_LARGE_ROW * used;
        let open = graph
            .large_tables
            .iter()
            .any(|table| table.hidden.is_none());
        let other = if open {
            let columns = Columns::new(&extents, log_rows_of_all(graph));
            columns.map(|columns| columns.cost())
        } else {
            let cells = extents.iter().map(|extent| extent.cells() as u64);
            let rows = cells.sum::<u64>() + BLIND_ROWS;
            let columns = Columns::candidates(&extents).into_iter();
            let mut columns = columns.filter(|columns| columns.log_rows >= LEAST_LOG_ROWS);
            columns
                .next()
                .map(|columns| columns.cost() + COST_OF_A_LARGE_ROW * rows)
        };
        Self {
            own: own / 3,
            other: other.map(|cost| cost / 3),
        }
    }
}

/// The most rows of large tables that a proof can use: one for each cell of a function that stands there, and the blind ones.
fn rows_used(graph: &IntegerGraph) -> u64 {
    let in_columns = graph.column_segments();
    let mut cells = alloc::vec![0u64; graph.segments.len()];
    for tensor in 0..graph.tensor_count() {
        let segment = match tensor.checked_sub(graph.inputs.len()) {
            None => graph.input_segments[tensor],
            Some(layer) => graph.layers[layer].segment,
        };
        cells[segment] += graph
            .extent(tensor)
            .map_or(0, |extent| extent.cells() as u64);
    }
    let large = graph.segments.iter().zip(cells).skip(in_columns);
    let used = large.map(|(segment, cells)| segment.rows().min(cells + 1));
    used.sum::<u64>() + BLIND_ROWS * graph.large_tables.len() as u64
}

/// Base-2 logarithm of the rows of columns that hold every function that is no secret, and the remainders without limbs.
fn log_rows_of_all(graph: &IntegerGraph) -> u32 {
    let shift = graph
        .layers
        .iter()
        .map(|layer| layer.shift)
        .max()
        .unwrap_or(0);
    let segments = graph.segments.iter().enumerate().filter(|(segment, _)| {
        let table = graph.large_table_of(*segment);
        table.is_none_or(|table| graph.large_tables[table].hidden.is_none())
    });
    let segments: u64 = segments.map(|(_, segment)| segment.rows()).sum();
    let rows = (1u64 << shift.min(40)) + segments + 1 + RESERVED_ROWS;
    rows.next_power_of_two().trailing_zeros()
}
