//! From an integer graph to the proof system's program and back.
//!
//! [`lower`] lays the tensors out in lanes and packs all weights into one matrix; [`lift`] reads the graph back out of a key, so that a
//! prover needs no second copy of the model. Inference on the lifted graph is what a proof speaks about.

mod description;
mod lift;
mod pack;
mod place;

pub use description::{Description, LayerDescription, PortDescription};
pub use lift::{LiftError, lift};

use alloc::string::String;
use alloc::vec::Vec;

use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::program::{
    Layer, Program, ProgramError, ProgramParts, Tensor, Term, Weights,
};
use tensorseal_protocol::table::{Outputs, Segment as TableSegment, Table};
use tensorseal_protocol::{Cell, Witness, WitnessError};

use crate::integer::{Function, GraphError, IntegerGraph, Segment, Trace};

/// Why an integer graph is no program.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LowerError {
    /// The graph itself does not fit together.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A table segment reaches beyond 32 bits.
    #[error(
        "table segment {segment} covers [{lo}, {hi}), more than the proof system allows; use fewer activation bits"
    )]
    Segment {
        /// Index of the segment.
        segment: usize,
        /// Smallest `pre`.
        lo: i64,
        /// One more than the largest `pre`.
        hi: i64,
    },
    /// A tensor or a layer has more channels than the proof system allows.
    #[error(
        "{tensor:?} has {channels} channels, more than the proof system allows; split the layer"
    )]
    Channels {
        /// Name of the layer or tensor.
        tensor: String,
        /// Its channels.
        channels: usize,
    },
    /// The proof system refuses the program.
    #[error("the network does not fit the proof system: {0}")]
    Program(ProgramError),
}

/// A program with its weights.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// The program.
    pub program: Program,
    /// The weights of all layers.
    pub weights: WeightMatrix,
}

/// Lowers a graph: tensor i of the graph is tensor i of the program.
///
/// # Errors
///
/// [`LowerError`] when the graph does not fit together or exceeds a limit of the proof system.
pub fn lower(graph: &IntegerGraph) -> Result<Lowered, LowerError> {
    graph.validate()?;
    let segments: Result<Vec<TableSegment>, LowerError> = graph
        .segments
        .iter()
        .enumerate()
        .map(|(index, segment)| table_segment(index, segment))
        .collect();
    let mut tensors = Vec::with_capacity(graph.layers.len() + 1);
    tensors.push(tensor(&graph.input.name, graph.input.channels, 0)?);
    for layer in &graph.layers {
        tensors.push(tensor(&layer.name, layer.out_channels, layer.segment)?);
    }
    let placement = place::place(tensors, graph.log_rows);
    let packing = pack::Packing::choose(graph);
    let (runs, weights) = packing.pack(graph);
    let layers = graph
        .layers
        .iter()
        .zip(runs)
        .zip(1..)
        .map(|((layer, runs), output)| Layer {
            output,
            limbs: Vec::new(),
            terms: alloc::vec![Term {
                source: index(layer.input),
                maps: Vec::new(),
                weights: Weights::Dense { runs: runs.weights },
            }],
            bias: runs.biases,
        });
    let program = Program::new(ProgramParts {
        log_rows: graph.log_rows,
        lanes: placement.lanes,
        log_weight_rows: packing.log_rows,
        log_weight_columns: packing.log_columns,
        table: Table {
            shift: graph.shift,
            segments: segments?,
        },
        tensors: placement.tensors,
        layers: layers.collect(),
        inputs: alloc::vec![0],
        outputs: alloc::vec![index(graph.layers.len())],
    })
    .map_err(LowerError::Program)?;
    Ok(Lowered { program, weights })
}

/// The witness of an inference.
///
/// # Errors
///
/// When the trace is not one of this program.
pub fn witness(program: &Program, trace: &Trace) -> Result<Witness, WitnessError> {
    let tensors = trace.tensors.iter().map(|cells| {
        let cells = cells.iter().map(|cell| Cell {
            rem: cell.rem,
            pre: cell.pre,
            out: cell.out,
        });
        cells.collect()
    });
    Witness::new(program, tensors.collect())
}

/// Indices of tensors are counts of layers, which fill memory long before 2^32.
fn index(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32 tensors")
}

fn tensor(name: &str, channels: usize, segment: usize) -> Result<Tensor, LowerError> {
    let limit = |channels| LowerError::Channels {
        tensor: name.into(),
        channels,
    };
    Ok(Tensor {
        positions: Vec::new(),
        channels: u32::try_from(channels)
            .ok()
            .filter(|channels| *channels <= 1 << 28)
            .ok_or_else(|| limit(channels))?,
        segment: index(segment),
        blocks: Vec::new(),
    })
}

fn table_segment(index: usize, segment: &Segment) -> Result<TableSegment, LowerError> {
    let limit = || LowerError::Segment {
        segment: index,
        lo: segment.lo,
        hi: segment.hi,
    };
    Ok(TableSegment {
        start: i32::try_from(segment.lo).map_err(|_| limit())?,
        length: u32::try_from(segment.rows()).map_err(|_| limit())?,
        outputs: match &segment.function {
            Function::Clamp { lo, hi } => Outputs::Clamp {
                low: *lo,
                high: *hi,
            },
            Function::Values(values) => Outputs::Values(values.clone()),
        },
    })
}
