//! The integer graph that a key holds.

use alloc::string::String;
use alloc::vec::Vec;

use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::program::{
    AxisMap, BIAS_COLUMN_BITS, Layer, Program, Tensor, Term, Weights as Runs,
};
use tensorseal_protocol::table::Outputs;

use super::Description;
use super::description::post_processing;
use crate::integer::{
    self, Extent, Function, GraphError, IntegerGraph, IntegerLayer, IntegerTerm, Segment, Weights,
};

/// Weights beyond the matrix's own that runs used several times may make.
const MAX_REPEATED: usize = 1 << 24;
/// How many times over the matrix may be used, beyond that.
const MAX_REPETITIONS: usize = 16;

/// Why a key holds no graph that this crate can evaluate.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LiftError {
    /// The key's annotation is not a description of its program.
    #[error("the key's annotation does not describe its model; compile the model again")]
    Description,
    /// The program has a layer of a form that this version does not evaluate.
    #[error(
        "layer {layer} of the key has a form that this version cannot evaluate; use the version that compiled it"
    )]
    Layer {
        /// Index of the layer.
        layer: usize,
    },
    /// The layers use the weight matrix too many times over.
    #[error(
        "the layers of the key have more than {limit} weights; use the version that compiled it"
    )]
    Weights {
        /// How many they may have.
        limit: usize,
    },
    /// The graph does not fit together.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// Reads the graph out of a program, its weights and its description. Scales of hidden layers, which nothing but reports use, are one.
///
/// # Errors
///
/// [`LiftError`].
pub fn lift(
    program: &Program,
    weights: &WeightMatrix,
    description: &Description,
) -> Result<IntegerGraph, LiftError> {
    let inputs = description.inputs.len();
    let named = |ports: &[super::PortDescription], tensors: &[u32]| {
        ports.iter().map(|port| &port.tensor).eq(tensors)
    };
    let in_order = program
        .inputs()
        .iter()
        .copied()
        .eq((0..inputs).map(super::index));
    if !named(&description.inputs, program.inputs())
        || !named(&description.outputs, program.outputs())
        || !in_order
        || description.layers.len() != program.layers().len()
    {
        return Err(LiftError::Description);
    }
    let steps: Option<Vec<_>> = description
        .post_processing
        .iter()
        .map(|name| post_processing(name))
        .collect();
    let segments = graph_segments(program).ok_or(LiftError::Description)?;
    let entries = weights.entries().len();
    let mut reader = Reader {
        program,
        matrix: weights,
        limit: MAX_REPEATED + MAX_REPETITIONS * entries,
        used: 0,
        tensors: inputs + program.layers().len(),
    };
    let mut layers = Vec::with_capacity(program.layers().len());
    for (index, layer) in program.layers().iter().enumerate() {
        if wide(layer.output) != inputs + index {
            return Err(LiftError::Layer { layer: index });
        }
        let mut lifted = reader.layer((index, layer))?;
        let words = &description.layers[index];
        lifted.name.clone_from(&words.name);
        lifted.operators.clone_from(&words.operators);
        layers.push(lifted);
    }
    let ports =
        |ports: &[super::PortDescription]| ports.iter().map(super::PortDescription::port).collect();
    let graph = IntegerGraph {
        inputs: ports(&description.inputs),
        outputs: ports(&description.outputs),
        shift: program.shift(),
        log_rows: program.parts().log_rows,
        segments,
        layers,
        post_processing: steps.ok_or(LiftError::Description)?,
    };
    for port in graph.inputs.iter().chain(&graph.outputs) {
        let tensor = program.tensors().get(port.tensor);
        if tensor.map(extent) != Some(port.extent()) {
            return Err(LiftError::Description);
        }
    }
    graph.validate()?;
    // Only limbs cut as this crate cuts them are read back as the same program.
    for (index, (lifted, layer)) in graph.layers.iter().zip(program.layers()).enumerate() {
        let widths = layer
            .limbs
            .iter()
            .map(|limb| super::limb_bits(program, *limb));
        if !widths.eq(graph.limbs(lifted)) {
            return Err(LiftError::Layer { layer: index });
        }
    }
    Ok(graph)
}

/// The table's segments without those of limbs, which stand last; `None` if they do not.
fn graph_segments(program: &Program) -> Option<Vec<Segment>> {
    let limbs = program.layers().iter().flat_map(|layer| &layer.limbs);
    let segment = |tensor: usize| wide(program.tensors()[tensor].segment);
    let all = segments(program);
    let first = limbs.map(|limb| segment(wide(*limb))).min();
    let first = first.unwrap_or(all.len());
    let outputs = program.layers().iter().map(|layer| wide(layer.output));
    let inputs = program.inputs().iter().map(|input| wide(*input));
    let own = outputs.chain(inputs).all(|tensor| segment(tensor) < first);
    own.then(|| all.into_iter().take(first).collect())
}

fn segments(program: &Program) -> Vec<Segment> {
    let segment = |segment: &tensorseal_protocol::table::Segment| Segment {
        function: match &segment.outputs {
            Outputs::Clamp { low, high } => Function::Clamp {
                lo: *low,
                hi: *high,
            },
            Outputs::Values(values) => {
                // The small table's outputs have 32 bits.
                let narrow =
                    |value: &i64| i32::try_from(*value).expect("validation bounds outputs");
                let narrow = values.iter().map(narrow);
                Function::Values(narrow.collect())
            }
        },
        lo: segment.start.into(),
        hi: i64::from(segment.start) + i64::from(segment.length),
    };
    program.table().segments.iter().map(segment).collect()
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn extent(tensor: &Tensor) -> Extent {
    Extent {
        positions: tensor
            .positions
            .iter()
            .map(|length| wide(*length))
            .collect(),
        channels: wide(tensor.channels),
    }
}

fn axis_map(map: &AxisMap) -> integer::AxisMap {
    integer::AxisMap {
        taps: wide(map.taps),
        stride: wide(map.stride),
        dilation: wide(map.dilation),
        pad: map.pad.into(),
        divisor: wide(map.divisor),
    }
}

/// Reads layers, and counts the weights that it has read: runs may be shared, so a small file can hold large layers.
struct Reader<'a> {
    program: &'a Program,
    matrix: &'a WeightMatrix,
    limit: usize,
    used: usize,
    /// Tensors so far: those of the graph, then the limbs of the layers that have been read.
    tensors: usize,
}

impl Reader<'_> {
    fn layer(&mut self, (index, layer): (usize, &Layer)) -> Result<IntegerLayer, LiftError> {
        let unknown = LiftError::Layer { layer: index };
        let output = &self.program.tensors()[wide(layer.output)];
        let mut shift = self.program.shift();
        for limb in &layer.limbs {
            if wide(*limb) != self.tensors {
                return Err(unknown);
            }
            self.tensors += 1;
            shift += super::limb_bits(self.program, *limb);
        }
        let mut terms = Vec::with_capacity(layer.terms.len());
        for term in &layer.terms {
            let weights = self.weights(term, output)?.ok_or_else(|| unknown.clone())?;
            terms.push(IntegerTerm {
                source: wide(term.source),
                maps: term.maps.iter().map(axis_map).collect(),
                weights,
                exponent: term.exponent,
            });
        }
        Ok(IntegerLayer {
            name: String::new(),
            operators: Vec::new(),
            extent: extent(output),
            terms,
            bias: self.bias(layer, wide(output.channels)).ok_or(unknown)?,
            shift,
            segment: wide(output.segment),
            pre_scale: 1.0,
            scale: 1.0,
        })
    }

    /// The weights of a term; `None` when a block that should be diagonal is not.
    fn weights(&mut self, term: &Term, output: &Tensor) -> Result<Option<Weights<i32>>, LiftError> {
        let (inputs, outputs) = (
            wide(self.program.tensors()[wide(term.source)].channels),
            wide(output.channels),
        );
        let (runs, width) = match &term.weights {
            Runs::Dense { runs } => (runs, inputs),
            Runs::BlockDiagonal { runs } => (runs, 1),
            Runs::Structural {
                channels,
                coefficient,
            } => {
                return Ok(Some(Weights::Structural {
                    channels: axis_map(channels),
                    coefficient: *coefficient,
                }));
            }
        };
        let (taps, rows) = (term.taps(), self.matrix.rows());
        let own = outputs.saturating_mul(taps).saturating_mul(width);
        self.used = self.used.saturating_add(own);
        if self.used > self.limit {
            return Err(LiftError::Weights { limit: self.limit });
        }
        let mut weights = Vec::with_capacity(own);
        for channel in 0..outputs {
            let (block, row) = (channel / rows, channel % rows);
            for tap in 0..taps {
                let run = &self.matrix.row(row)[wide(runs[block * taps + tap])..];
                if matches!(term.weights, Runs::Dense { .. }) {
                    weights.extend_from_slice(&run[..inputs]);
                    continue;
                }
                let own = &run[..rows.min(outputs - block * rows)];
                let off = own
                    .iter()
                    .enumerate()
                    .any(|(column, w)| column != row && *w != 0);
                if off {
                    return Ok(None);
                }
                weights.push(own[row]);
            }
        }
        Ok(Some(match &term.weights {
            Runs::BlockDiagonal { .. } => Weights::Diagonal(weights),
            _ => Weights::Dense(weights),
        }))
    }

    /// The biases; `None` beyond 64 bits.
    fn bias(&self, layer: &Layer, outputs: usize) -> Option<Vec<i64>> {
        let rows = self.matrix.rows();
        let places = layer.bias.len() / outputs.div_ceil(rows);
        let bias = |channel: usize| {
            let columns = &layer.bias[channel / rows * places..][..places];
            let row = self.matrix.row(channel % rows);
            columns.iter().rev().try_fold(0i64, |sum, column| {
                sum.checked_mul(1 << BIAS_COLUMN_BITS)?
                    .checked_add(row[wide(*column)].into())
            })
        };
        (0..outputs).map(bias).collect()
    }
}
