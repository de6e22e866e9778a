//! How much memory proving takes, as far as it can be told without proving.
//!
//! The peak is in the sumcheck: every column is held three times, as it was committed, in the sumcheck's own copy, and as the functional of the
//! linear claims, besides both lookups of each lane. The constants are fitted to measurements; see BENCHMARKS.md.

use tensorseal_protocol::program::{Program, Weights as Runs};

/// Bytes of a field element.
const SCALAR: u64 = 32;
/// Bytes of a point of the setup, as it is held.
const POINT: u64 = 72;
/// Bytes of a cell of the witness.
const CELL: u64 = 24;
/// Bytes of a weight, in the key's matrix and once more in the graph that inference runs.
const WEIGHT: u64 = 4;
/// What a process holds before it reads a key, and the buffers of two threads that add points.
const PROCESS: u64 = 13_000_000;
/// Vectors of scalars as long as a column, for each lane: four columns thrice, and two lookups twice.
const VECTORS_PER_LANE: u64 = 16;
/// The same, whatever the number of lanes: the multiplicities and the table's side thrice, the table, and what the sumcheck holds.
const VECTORS: u64 = 12;

/// The most memory that a process should hold which reads the key of this program and proves one inference, in bytes.
#[must_use]
pub fn estimated_peak_bytes(program: &Program) -> u64 {
    let rows = program.rows() as u64;
    let lanes = program.lanes() as u64;
    let (weight_rows, weight_columns) = (
        program.weight_rows() as u64,
        program.weight_columns() as u64,
    );
    let vectors = VECTORS_PER_LANE * lanes + VECTORS;
    let cells: u64 = program
        .tensors()
        .iter()
        .map(|tensor| tensor.cells() as u64)
        .sum();
    let points = weight_rows + rows.max(weight_columns);
    PROCESS
        + vectors * rows * SCALAR
        + cells * CELL
        + (weight_rows * weight_columns + graph_weights(program)) * WEIGHT
        + points * POINT
}

/// The weights that the layers have one by one. The matrix may have more, for it is padded, or fewer, where layers share some.
fn graph_weights(program: &Program) -> u64 {
    let channels = |tensor: u32| u64::from(program.tensors()[tensor as usize].channels);
    let layers = program.layers().iter();
    let weights = layers.flat_map(|layer| {
        let outputs = channels(layer.output);
        layer.terms.iter().map(move |term| match term.weights {
            Runs::Dense { .. } => outputs * channels(term.source) * term.taps() as u64,
            Runs::BlockDiagonal { .. } => outputs * term.taps() as u64,
            Runs::Structural { .. } => 0,
        })
    });
    weights.sum()
}
