//! The compile report: what each layer costs, and what quantisation did to the accuracy.

mod evaluate;
mod note;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

pub use evaluate::{EvaluateError, Evaluation, LayerEvaluation, evaluate};
pub use note::Note;

use crate::integer::{Function, IntegerGraph, IntegerLayer, Port, RESERVED_ROWS, Segment};
use crate::program::{Columns, CostShares, Lowered, TableCosts, estimated_peak_bytes};

/// Lookups per cell: one for its remainder, one for its `(pre, out)` pair.
pub const LOOKUPS_PER_CELL: u64 = 2;

/// What compiling a network did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompileReport {
    /// Whose integers the network computes: `tensorseal, N bits`, or for a network that was quantised already `onnxruntime, exact`, with the
    /// number of sums that onnxruntime rounds to a neighbouring integer, if there are any, of all that inputs can make.
    pub semantics: String,
    /// Names of the inputs.
    pub inputs: Vec<String>,
    /// Names of the outputs.
    pub outputs: Vec<String>,
    /// Base-2 logarithm of the number of rows.
    pub log_rows: u32,
    /// Base-2 logarithm of the divisor of every accumulator.
    pub shift: u32,
    /// Lanes, each of three columns of cells and one of lookups.
    pub lanes: u32,
    /// Rows and columns of the matrix of all weights.
    pub weight_matrix: (usize, usize),
    /// Bytes of a proof's argument.
    pub proof_bytes: u64,
    /// Estimate of the most memory that a process holds which proves one inference.
    pub estimated_peak_bytes: u64,
    /// Rows of the table in use.
    pub table_rows: u64,
    /// Rows of the table that may be used.
    pub table_limit: u64,
    /// The functions.
    pub segments: Vec<SegmentReport>,
    /// The tables that are larger than the columns.
    pub large_tables: Vec<LargeTableReport>,
    /// Estimated work of proving the cells with the functions where they stand, in group operations with full-width scalars.
    pub table_cost: u64,
    /// The same with the functions in the columns if a large table has some of them, with a large table if there is none.
    pub other_table_cost: Option<u64>,
    /// Cells of all inputs.
    pub input_cells: u64,
    /// Estimated share of the proving cost that the inputs' cells take.
    pub input_cost_share: f64,
    /// The layers.
    pub layers: Vec<LayerReport>,
    /// Accuracy on the calibration samples, if any were given.
    pub calibration: Option<Evaluation>,
    /// Accuracy on samples held out of training and calibration, if any were given.
    pub held_out: Option<Evaluation>,
    /// What else there is to know.
    pub notes: Vec<Note>,
}

/// One segment of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentReport {
    /// `clamp lo..=hi`, or `values lo..=hi` for a list of values in that range.
    pub function: String,
    /// Smallest `pre`.
    pub lo: i64,
    /// One more than the largest `pre`.
    pub hi: i64,
    /// Rows of the table.
    pub rows: u64,
    /// The large table in which it stands; `None` for the columns.
    pub large_table: Option<usize>,
}

/// A table that is larger than the columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LargeTableReport {
    /// Base-2 logarithm of the number of rows.
    pub log_rows: u32,
    /// Rows in use.
    pub rows: u64,
    /// Whether the functions are secret, as weights are.
    pub hidden: bool,
}

/// One layer: what it costs, and how it did on samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerReport {
    /// Its name.
    pub name: String,
    /// The ONNX operators folded into it.
    pub operators: Vec<String>,
    /// Cells of the proof: elements of its output, once more for each limb of its remainders.
    pub cells: u64,
    /// Lookups in the table.
    pub lookups: u64,
    /// Number of weights.
    pub weights: u64,
    /// Bits of the widest weight, sign included.
    pub weight_bits: u32,
    /// Estimated share of the proving cost that its cells and weights take.
    pub cost_share: f64,
    /// Index of its segment.
    pub segment: usize,
    /// Smallest and largest `pre` that the segment holds.
    pub pre_range: (i64, i64),
    /// How it did on the calibration samples, or on those held out where there are no others.
    #[serde(flatten)]
    pub measured: Option<LayerEvaluation>,
}

impl CompileReport {
    /// Puts a report together.
    #[must_use]
    pub fn new(
        (graph, semantics): (&IntegerGraph, String),
        lowered: &Lowered,
        (calibration, held_out): (Option<Evaluation>, Option<Evaluation>),
        mut notes: Vec<Note>,
    ) -> Self {
        let program = &lowered.program;
        let shares = CostShares::new(graph, program);
        let costs = TableCosts::new(graph, program);
        let measured = calibration.as_ref().or(held_out.as_ref());
        let measured = measured.map(|measured| &measured.layers[..]);
        notes.extend(graph.layers.iter().filter_map(weak_channels));
        let names = |ports: &[Port]| ports.iter().map(|port| port.name.clone()).collect();
        Self {
            semantics,
            inputs: names(&graph.inputs),
            outputs: names(&graph.outputs),
            log_rows: graph.log_rows,
            shift: graph.shift,
            lanes: program.parts().lanes,
            weight_matrix: (program.weight_rows(), program.weight_columns()),
            proof_bytes: Columns::proof_bytes_of(
                program.parts().lanes,
                graph.log_rows,
                graph.large_tables.len(),
            ),
            estimated_peak_bytes: estimated_peak_bytes(program, &lowered.tables),
            table_rows: graph.table_rows(),
            table_limit: (1u64 << graph.log_rows.min(63)).saturating_sub(RESERVED_ROWS),
            segments: segment_reports(graph),
            large_tables: large_table_reports(graph),
            table_cost: costs.own,
            other_table_cost: costs.other,
            input_cells: graph.inputs.iter().map(|port| port.elements() as u64).sum(),
            input_cost_share: shares.inputs,
            layers: layer_reports(graph, &shares, measured),
            calibration,
            held_out,
            notes,
        }
    }

    /// Cells of all tensors.
    #[must_use]
    pub fn cells(&self) -> u64 {
        let layers = self.layers.iter().map(|layer| layer.cells);
        layers.fold(self.input_cells, u64::saturating_add)
    }
}

/// Largest weight of a channel that counts as weak: below it, rounding is a large share of every weight.
const WEAK: u32 = 3;

/// A remark on a layer some of whose channels have small weights only.
fn weak_channels(layer: &IntegerLayer) -> Option<Note> {
    let mut largest = alloc::vec![0u32; layer.extent.channels];
    for term in &layer.terms {
        let weights = term.parameters();
        let each = (weights.len() / largest.len().max(1)).max(1);
        for (largest, weights) in largest.iter_mut().zip(weights.chunks(each)) {
            let own = weights.iter().map(|weight| weight.unsigned_abs());
            *largest = own.fold(*largest, u32::max);
        }
    }
    let weak = largest.iter().filter(|weight| (1..=WEAK).contains(*weight));
    let channels = weak.count();
    (channels > 0).then(|| Note::WeakChannels {
        layer: layer.name.clone(),
        channels,
        of: largest.len(),
    })
}

fn segment_reports(graph: &IntegerGraph) -> Vec<SegmentReport> {
    let report = |(index, segment): (usize, &Segment)| {
        let (lo, hi) = segment.output_range().unwrap_or((0, 0));
        let large_table = graph.large_table_of(index);
        let hidden = large_table.and_then(|table| graph.large_tables[table].hidden);
        let function = match (&segment.function, hidden) {
            (_, Some(_)) => "rows of a secret table".to_string(),
            (Function::Clamp { .. }, None) => alloc::format!("clamp {lo}..={hi}"),
            (Function::Values(_), None) => alloc::format!("values {lo}..={hi}"),
        };
        SegmentReport {
            function,
            lo: segment.lo,
            hi: segment.hi,
            rows: segment.rows(),
            large_table,
        }
    };
    graph.segments.iter().enumerate().map(report).collect()
}

fn large_table_reports(graph: &IntegerGraph) -> Vec<LargeTableReport> {
    let mut segments = graph.segments.iter().skip(graph.column_segments());
    let tables = graph.large_tables.iter();
    tables
        .map(|table| LargeTableReport {
            log_rows: table.log_rows,
            rows: segments
                .by_ref()
                .take(table.segments)
                .map(Segment::rows)
                .sum(),
            hidden: table.hidden.is_some(),
        })
        .collect()
}

/// The layers, each with the inner ones before it.
fn layer_reports(
    graph: &IntegerGraph,
    shares: &CostShares,
    measured: Option<&[LayerEvaluation]>,
) -> Vec<LayerReport> {
    let mut reports = Vec::new();
    let (mut cells, mut cost, mut rows) = (0, 0.0, 0);
    for (layer, share) in graph.layers.iter().zip(&shares.layers) {
        cost += share;
        if layer.inner {
            cells += own_cells(graph, layer);
            let hidden = graph.large_table_of(layer.segment).is_some();
            let segment = graph.segments.get(layer.segment).filter(|_| hidden);
            // The row of padded cells is none of the table's.
            rows = segment.map_or(rows, |segment| segment.rows() - 1);
            continue;
        }
        let mut report = layer_report(graph, layer, cost);
        report.measured = measured.and_then(|layers| layers.get(reports.len()).cloned());
        report.cells += cells;
        report.lookups += cells * LOOKUPS_PER_CELL;
        report.weights += rows * layer.extent.channels as u64;
        reports.push(report);
        (cells, cost, rows) = (0, 0.0, 0);
    }
    reports
}

/// Cells of a layer's output and of the limbs of its remainders.
fn own_cells(graph: &IntegerGraph, layer: &IntegerLayer) -> u64 {
    let tensors = 1 + graph.limbs(layer).len() as u64;
    layer.extent.cells() as u64 * tensors
}

fn layer_report(graph: &IntegerGraph, layer: &IntegerLayer, cost_share: f64) -> LayerReport {
    let pre_range = graph
        .segments
        .get(layer.segment)
        .map_or((0, 0), |segment| (segment.lo, segment.hi - 1));
    let cells = own_cells(graph, layer);
    LayerReport {
        name: layer.name.to_string(),
        operators: layer.operators.clone(),
        cells,
        lookups: cells * LOOKUPS_PER_CELL,
        weights: layer.weight_count() as u64,
        weight_bits: layer.weight_bits(),
        cost_share,
        segment: layer.segment,
        pre_range,
        measured: None,
    }
}
