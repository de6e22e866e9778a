//! From an integer graph to the proof system's program and back.
//!
//! [`lower`] lays the tensors out in lanes and packs all weights into one matrix; [`lift`] reads the graph back out of a key, so that a
//! prover needs no second copy of the model. Inference on the lifted graph is what a proof speaks about.

mod columns;
mod cost;
mod description;
mod lift;
mod memory;
mod pack;
pub use columns::Columns;
pub use cost::CostShares;

pub use description::{Description, LayerDescription, PortDescription};
pub use lift::{LiftError, lift};
pub use memory::estimated_peak_bytes;

use alloc::string::String;
use alloc::vec::Vec;

use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::program::{
    AxisMap, Layer, Program, ProgramError, ProgramParts, Tensor, Term, Weights as Runs,
};
use tensorseal_protocol::table::{Outputs, Segment as TableSegment, Table};
use tensorseal_protocol::{Cell, Witness, WitnessError};

use crate::integer::{
    self, Extent, Function, GraphError, IntegerGraph, IntegerLayer, Segment, Trace, Weights,
};
use pack::{LayerRuns, Packing};

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
    /// An axis map of a layer reaches beyond 32 bits.
    #[error("an axis of layer {layer:?} has a step or padding beyond 32 bits; use smaller ones")]
    Map {
        /// Name of the layer.
        layer: String,
    },
    /// The tensors need more columns than the proof system takes.
    #[error(
        "the network's tensors do not fit 256 lanes of 2^{log_rows} rows; compile with a larger log_rows, or use a smaller network"
    )]
    Tensors {
        /// Logarithm of the rows of a column.
        log_rows: u32,
    },
    /// The weights need a larger matrix than the proof system takes.
    #[error("the network has {weights} weights, more than fit 2^28 entries; use a smaller network")]
    Weights {
        /// Number of weights.
        weights: usize,
    },
    /// The proof system refuses the program.
    #[error("the network does not fit the proof system: {0}")]
    Program(ProgramError),
}

/// A program with its weights.
#[derive(Clone, Debug, PartialEq)]
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
    let (tensors, lanes) = tensors(graph)?;
    let packing = Packing::choose(graph).ok_or_else(|| LowerError::Weights {
        weights: graph.layers.iter().map(IntegerLayer::weight_count).sum(),
    })?;
    let layers: Result<Vec<Layer>, LowerError> = graph
        .layers
        .iter()
        .zip(&packing.layers)
        .zip(graph.inputs.len()..)
        .map(|((layer, runs), output)| lower_layer(layer, runs, index(output)))
        .collect();
    let program = Program::new(ProgramParts {
        log_rows: graph.log_rows,
        lanes,
        log_weight_rows: packing.log_rows,
        log_weight_columns: packing.log_columns,
        table: Table {
            shift: graph.shift,
            segments: segments?,
        },
        large_tables: Vec::new(),
        tensors,
        layers: layers?,
        inputs: (0..graph.inputs.len()).map(index).collect(),
        outputs: graph
            .outputs
            .iter()
            .map(|port| index(port.tensor))
            .collect(),
    })
    .map_err(LowerError::Program)?;
    Ok(Lowered {
        program,
        weights: packing.matrix,
    })
}

/// The tensors in their places, and how many lanes they take.
fn tensors(graph: &IntegerGraph) -> Result<(Vec<Tensor>, u32), LowerError> {
    let limit = || LowerError::Tensors {
        log_rows: graph.log_rows,
    };
    let inputs = graph.inputs.iter().map(|port| (port.extent(), 0));
    let layers = graph
        .layers
        .iter()
        .map(|layer| (layer.extent.clone(), layer.segment));
    let (extents, segments): (Vec<Extent>, Vec<usize>) = inputs.chain(layers).unzip();
    let columns = Columns::new(&extents, graph.log_rows).ok_or_else(limit)?;
    let placed = extents.iter().zip(segments).zip(columns.blocks);
    let tensors: Option<Vec<Tensor>> = placed
        .map(|((extent, segment), blocks)| {
            Some(Tensor {
                blocks,
                ..columns::tensor(extent, segment)?
            })
        })
        .collect();
    Ok((tensors.ok_or_else(limit)?, columns.lanes))
}

fn lower_layer(layer: &IntegerLayer, runs: &LayerRuns, output: u32) -> Result<Layer, LowerError> {
    let map = |map: &integer::AxisMap| {
        axis_map(map).ok_or_else(|| LowerError::Map {
            layer: layer.name.clone(),
        })
    };
    let mut terms = Vec::with_capacity(layer.terms.len());
    for (term, runs) in layer.terms.iter().zip(&runs.terms) {
        let runs = runs.clone();
        terms.push(Term {
            source: index(term.source),
            maps: term.maps.iter().map(map).collect::<Result<_, _>>()?,
            weights: match &term.weights {
                Weights::Dense(_) => Runs::Dense { runs },
                Weights::Diagonal(_) => Runs::BlockDiagonal { runs },
                Weights::Structural {
                    channels,
                    coefficient,
                } => Runs::Structural {
                    channels: map(channels)?,
                    coefficient: *coefficient,
                },
            },
        });
    }
    Ok(Layer {
        output,
        limbs: Vec::new(),
        terms,
        bias: runs.bias.clone(),
    })
}

fn axis_map(map: &integer::AxisMap) -> Option<AxisMap> {
    let narrow = |number: usize| u32::try_from(number).ok();
    Some(AxisMap {
        taps: narrow(map.taps)?,
        stride: narrow(map.stride)?,
        dilation: narrow(map.dilation)?,
        pad: i32::try_from(map.pad).ok()?,
        divisor: narrow(map.divisor)?,
    })
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
