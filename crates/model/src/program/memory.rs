//! How much memory proving takes, as far as it can be told without proving.
//!
//! The peak is in the sumcheck: every column is held three times, as it was committed, in the sumcheck's own copy, and as the functional of the
//! linear claims, besides both lookups of each lane. The constants are fitted to measurements; see BENCHMARKS.md.
//!
//! What a large table takes follows from how it is held: its outputs, and the cached points of the rows in use. While a key is read, its file is
//! there too, and the outputs are written out once more to name the tables; in a small network with a large table that is the peak.
//! Points that are not cached are made with a setup, which is not counted here.

use alloc::vec::Vec;

use tensorseal_protocol::cq::TableContents;
use tensorseal_protocol::program::{Program, Weights as Runs};
use tensorseal_protocol::table::Outputs;

use crate::integer::BLIND_ROWS;

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
/// Bytes of an output of a large table, in the key, and once more in the graph that inference runs.
const OUTPUT: u64 = 8;
/// The most bytes of an output while a key is read: in the file, and as the bytes that are hashed.
const READ_OUTPUT: u64 = 16;
/// Bytes of a row of a large table that a proof uses: five points, once in the key, once in the file of cached points, and as many as a sum takes,
/// and its share in the sums.
const USED_ROW: u64 = 1200;

/// The most memory that a process should hold which reads the key of this program with these large tables and proves one inference, in
/// bytes.
#[must_use]
pub fn estimated_peak_bytes(program: &Program, tables: &[TableContents]) -> u64 {
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
    let segments = tables.iter().flat_map(|table| &table.segments);
    let outputs = segments.map(|segment| match &segment.outputs {
        Outputs::Values(values) => values.len() as u64,
        Outputs::Clamp { .. } => 0,
    });
    let outputs: u64 = outputs.sum();
    PROCESS
        + outputs * OUTPUT
        + (vectors * rows * SCALAR + outputs * OUTPUT).max(outputs * READ_OUTPUT)
        + used_rows(program) * USED_ROW
        + cells * CELL
        + (weight_rows * weight_columns + graph_weights(program)) * WEIGHT
        + points * POINT
}

/// The most rows of large tables that a proof can use: one for each cell of a function that stands there and one for padded cells, and the
/// blind ones.
fn used_rows(program: &Program) -> u64 {
    let in_columns = program.table().segments.len();
    let tables = program.large_tables();
    let segments = tables.iter().flat_map(|table| &table.segments);
    let mut used: Vec<(u64, u64)> = segments
        .map(|segment| (u64::from(segment.length), 1))
        .collect();
    for tensor in program.tensors() {
        let large = (tensor.segment as usize).checked_sub(in_columns);
        if let Some((_, used)) = large.and_then(|large| used.get_mut(large)) {
            *used += tensor.cells() as u64;
        }
    }
    let used = used.into_iter().map(|(rows, cells)| rows.min(cells));
    used.sum::<u64>() + BLIND_ROWS * tables.len() as u64
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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use tensorseal_protocol::cq::Visibility;
    use tensorseal_protocol::program::{ProgramParts, Tensor as Cells, place};
    use tensorseal_protocol::table::{Segment, Table};

    use super::*;

    fn contents(rows: u32, outputs: Outputs) -> TableContents {
        TableContents {
            log_rows: (u64::from(rows) + BLIND_ROWS)
                .next_power_of_two()
                .trailing_zeros(),
            segments: vec![Segment {
                start: -8,
                length: rows,
                outputs,
            }],
            visibility: Visibility::Public,
        }
    }

    fn values(rows: u32) -> TableContents {
        contents(rows, Outputs::Values(vec![1; rows as usize]))
    }

    /// A tensor of so many cells in the first of large tables.
    fn estimate(cells: u32, tables: &[TableContents]) -> u64 {
        let tensor = Cells {
            positions: vec![],
            channels: cells,
            segment: 0,
            blocks: vec![],
        };
        let (tensors, lanes) = place(vec![tensor], 11, &|_| 1);
        let described = tables.iter().map(|table| table.describe().unwrap());
        let program = Program::new(ProgramParts {
            log_rows: 11,
            lanes,
            log_weight_rows: 1,
            log_weight_columns: 1,
            table: Table {
                shift: 1,
                segments: vec![],
            },
            large_tables: described.collect(),
            tensors,
            layers: vec![],
            inputs: vec![0],
            outputs: vec![],
        });
        estimated_peak_bytes(&program.unwrap(), tables)
    }

    #[test]
    fn large_tables_take_memory() {
        const LARGE: u32 = (1 << 20) - 2;
        let small = estimate(8, &[values(1 << 5)]);
        let large = estimate(8, &[values(LARGE)]);
        // The columns of the proof take less than reading the table, and are not held at the same time.
        let outputs = u64::from(LARGE) * (OUTPUT + READ_OUTPUT);
        assert!(large - small < outputs && large - small > outputs * 3 / 4);
        let two = estimate(8, &[values(LARGE), values(LARGE)]);
        assert_eq!(two - large, outputs + (1 + BLIND_ROWS) * USED_ROW);
        // What follows from a value by rule is not written out.
        let clamp = Outputs::Clamp { low: -8, high: 7 };
        assert!(estimate(8, &[contents(LARGE, clamp)]) <= small);
        // A row in use costs its points, and no more rows are in use than there are.
        let cell = CELL + USED_ROW;
        assert_eq!(estimate(1000, &[values(LARGE)]) - large, 992 * cell);
        assert_eq!(
            estimate(1000, &[values(32)]) - small,
            992 * CELL + (32 - 9) * USED_ROW
        );
    }
}
