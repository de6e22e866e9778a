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
#[cfg(feature = "onnx")]
pub(crate) use columns::{COST_OF_A_LARGE_ROW, LEAST_LOG_ROWS};
pub use cost::{CostShares, TableCosts};

pub use description::{Description, LayerDescription, PortDescription};
pub use lift::{LiftError, lift};
pub use memory::estimated_peak_bytes;

use alloc::string::String;
use alloc::vec::Vec;

use tensorseal_protocol::cq::{TableContents, Visibility};
use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::program::{
    AxisMap, Layer, Program, ProgramError, ProgramParts, Tensor, Term, Weights as Runs,
};
use tensorseal_protocol::table::{Outputs, Segment as TableSegment, Table};
use tensorseal_protocol::{Cell, Witness, WitnessError};

use crate::integer::{
    self, Extent, Function, IntegerGraph, IntegerLayer, Segment, Trace, ValidGraph, Weights,
};
use pack::{LayerRuns, Packing};

/// Why an integer graph is no program.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LowerError {
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
    /// What stands in the large tables.
    pub tables: Vec<TableContents>,
}

/// Lowers a graph: tensor i of the graph is tensor i of the program, and the limbs of the layers follow, layer by layer.
///
/// # Errors
///
/// [`LowerError`] when the graph exceeds a limit of the proof system.
pub fn lower(graph: &ValidGraph) -> Result<Lowered, LowerError> {
    let segments = graph.segments.iter().enumerate();
    let segments = segments.map(|(index, segment)| table_segment(index, segment));
    let mut segments = segments.collect::<Result<Vec<TableSegment>, LowerError>>()?;
    let tables = table_contents(graph, segments.split_off(graph.column_segments()));
    segments.extend(graph.limb_ranges().into_iter().map(range_segment));
    let large_tables: Result<_, ProgramError> =
        tables.iter().map(TableContents::describe).collect();
    let (tensors, lanes) = tensors(graph)?;
    let packing = Packing::choose(graph).ok_or_else(|| LowerError::Weights {
        weights: graph.layers.iter().map(IntegerLayer::weight_count).sum(),
    })?;
    let mut limbs = graph.tensor_count();
    let layers = graph.layers.iter().zip(&packing.layers);
    let layers: Result<Vec<Layer>, LowerError> = layers
        .zip(graph.inputs.len()..)
        .map(|((layer, runs), output)| {
            let first = limbs;
            limbs += graph.limbs(layer).len();
            Ok(Layer {
                limbs: (first..limbs).map(index).collect(),
                ..lower_layer(layer, runs, index(output))?
            })
        })
        .collect();
    let program = Program::new(ProgramParts {
        log_rows: graph.log_rows,
        lanes,
        log_weight_rows: packing.log_rows,
        log_weight_columns: packing.log_columns,
        table: Table {
            shift: graph.shift,
            segments,
        },
        large_tables: large_tables.map_err(LowerError::Program)?,
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
        tables,
    })
}

/// What stands in the large tables, whose segments these are.
fn table_contents(graph: &IntegerGraph, segments: Vec<TableSegment>) -> Vec<TableContents> {
    let mut segments = segments.into_iter();
    let tables = graph.large_tables.iter().map(|table| TableContents {
        log_rows: table.log_rows,
        segments: segments.by_ref().take(table.segments).collect(),
        visibility: match table.hidden {
            None => Visibility::Public,
            Some((low, high)) => Visibility::Hidden { low, high },
        },
    });
    tables.collect()
}

/// The tensors in their places, and how many lanes they take.
fn tensors(graph: &IntegerGraph) -> Result<(Vec<Tensor>, u32), LowerError> {
    let limit = || LowerError::Tensors {
        log_rows: graph.log_rows,
    };
    let ranges = graph.limb_ranges();
    let in_columns = graph.column_segments();
    // The program numbers the ranges of limbs between the two.
    let own = |segment: usize| match segment.checked_sub(in_columns) {
        None => segment,
        Some(large) => in_columns + ranges.len() + large,
    };
    let inputs = graph.inputs.iter().zip(&graph.input_segments);
    let inputs = inputs.map(|(port, segment)| (port.extent(), own(*segment)));
    let layers = graph
        .layers
        .iter()
        .map(|layer| (layer.extent.clone(), own(layer.segment)));
    let limbs = graph.layers.iter().flat_map(|layer| {
        let widths = graph.limbs(layer).into_iter();
        let segment = |width| in_columns + ranges.partition_point(|other| *other < width);
        widths.map(move |width| (layer.extent.clone(), segment(width)))
    });
    let (extents, segments): (Vec<Extent>, Vec<usize>) = inputs.chain(layers).chain(limbs).unzip();
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
            exponent: term.exponent,
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

/// The witness of an inference: the trace's cells, with the remainders of layers that have limbs cut into them.
///
/// # Errors
///
/// When the trace is not one of this program.
pub fn witness(program: &Program, trace: &Trace) -> Result<Witness, WitnessError> {
    let cells = |cells: &Vec<integer::Cell>| cells.iter().map(Cell::from).collect();
    let mut tensors: Vec<Vec<Cell>> = trace.tensors.iter().map(cells).collect();
    let limbs = program.layers().iter().flat_map(|layer| &layer.limbs);
    tensors.resize(tensors.len() + limbs.count(), Vec::new());
    for layer in program
        .layers()
        .iter()
        .filter(|layer| !layer.limbs.is_empty())
    {
        cut_remainders(program, layer, &mut tensors);
    }
    Witness::new(program, tensors)
}

impl From<&integer::Cell> for Cell {
    fn from(cell: &integer::Cell) -> Self {
        Self {
            rem: cell.rem,
            pre: cell.pre,
            out: cell.out,
        }
    }
}

/// Moves what is above the table's range out of a layer's remainders into its limbs. Tensors that a trace of another graph lacks stay empty, and
/// the witness is refused.
fn cut_remainders(program: &Program, layer: &Layer, tensors: &mut [Vec<Cell>]) {
    let widths: Vec<u32> = layer
        .limbs
        .iter()
        .map(|limb| limb_bits(program, *limb))
        .collect();
    let mut limbs = alloc::vec![Vec::new(); widths.len()];
    for cell in tensors.get_mut(layer.output as usize).into_iter().flatten() {
        let (low, parts) = integer::cut(cell.rem, program.shift(), &widths);
        cell.rem = low;
        for (cells, part) in limbs.iter_mut().zip(parts) {
            cells.push(Cell {
                rem: 0,
                pre: part,
                out: part,
            });
        }
    }
    for (limb, cells) in layer.limbs.iter().zip(limbs) {
        if let Some(tensor) = tensors.get_mut(*limb as usize) {
            *tensor = cells;
        }
    }
}

/// The bits of a limb, by its segment.
fn limb_bits(program: &Program, limb: u32) -> u32 {
    let tensor = &program.tensors()[limb as usize];
    let segment = &program.table().segments[tensor.segment as usize];
    segment.range_bits().unwrap_or(0)
}

/// Indices of tensors are counts of layers, which fill memory long before 2^32.
fn index(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32 tensors")
}

/// The identity on `[0, 2^width)`.
fn range_segment(width: u32) -> TableSegment {
    TableSegment {
        start: 0,
        length: 1 << width,
        outputs: Outputs::Clamp {
            low: 0,
            high: (1 << width) - 1,
        },
    }
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
