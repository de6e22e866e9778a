//! The integer graph that a key holds.

use alloc::vec::Vec;

use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::program::{Layer, Program, Weights};
use tensorseal_protocol::table::Outputs;

use super::Description;
use super::description::post_processing;
use crate::integer::{Function, GraphError, IntegerGraph, LinearLayer, Segment};

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
    let ([input], [output]) = (&description.inputs[..], &description.outputs[..]) else {
        return Err(LiftError::Description);
    };
    let last = program.layers().len();
    let ports = program.inputs() == [input.tensor] && program.outputs() == [output.tensor];
    let ends = input.tensor == 0 && usize::try_from(output.tensor) == Ok(last);
    if !ports || !ends || description.layers.len() != last {
        return Err(LiftError::Description);
    }
    let steps: Option<Vec<_>> = description
        .post_processing
        .iter()
        .map(|name| post_processing(name))
        .collect();
    let mut layers = Vec::with_capacity(program.layers().len());
    for (index, layer) in program.layers().iter().enumerate() {
        let mut lifted = lift_layer(program, weights, (index, layer))?;
        let words = &description.layers[index];
        lifted.name.clone_from(&words.name);
        lifted.operators.clone_from(&words.operators);
        layers.push(lifted);
    }
    let graph = IntegerGraph {
        input: input.info().ok_or(LiftError::Description)?,
        output: output.info().ok_or(LiftError::Description)?,
        shift: program.shift(),
        log_rows: program.parts().log_rows,
        segments: segments(program),
        layers,
        post_processing: steps.ok_or(LiftError::Description)?,
    };
    graph.validate()?;
    Ok(graph)
}

fn segments(program: &Program) -> Vec<Segment> {
    let segment = |segment: &tensorseal_protocol::table::Segment| Segment {
        function: match &segment.outputs {
            Outputs::Clamp { low, high } => Function::Clamp {
                lo: *low,
                hi: *high,
            },
            Outputs::Values(values) => Function::Values(values.clone()),
        },
        lo: segment.start.into(),
        hi: i64::from(segment.start) + i64::from(segment.length),
    };
    program.table().segments.iter().map(segment).collect()
}

/// A dense layer of one source, output i + 1 of the program.
fn lift_layer(
    program: &Program,
    matrix: &WeightMatrix,
    (index, layer): (usize, &Layer),
) -> Result<LinearLayer, LiftError> {
    let unknown = LiftError::Layer { layer: index };
    let wide = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let ([term], true) = (&layer.terms[..], wide(layer.output) == index + 1) else {
        return Err(unknown);
    };
    let output = &program.tensors()[wide(layer.output)];
    let source = &program.tensors()[wide(term.source)];
    if !output.positions.is_empty() || !source.positions.is_empty() || !layer.limbs.is_empty() {
        return Err(unknown);
    }
    let Weights::Dense { runs } = &term.weights else {
        return Err(unknown);
    };
    if runs.len() != layer.bias.len() {
        return Err(unknown);
    }
    let (inputs, outputs) = (wide(source.channels), wide(output.channels));
    let mut weights = Vec::with_capacity(inputs.saturating_mul(outputs));
    let mut bias = Vec::with_capacity(outputs);
    for channel in 0..outputs {
        let (block, row) = (channel / matrix.rows(), channel % matrix.rows());
        let row = matrix.row(row);
        weights.extend_from_slice(&row[wide(runs[block])..][..inputs]);
        bias.push(row[wide(layer.bias[block])]);
    }
    Ok(LinearLayer {
        name: alloc::string::String::new(),
        operators: Vec::new(),
        input: wide(term.source),
        in_channels: inputs,
        out_channels: outputs,
        weights,
        bias,
        segment: wide(output.segment),
        pre_scale: 1.0,
        scale: 1.0,
    })
}
