//! The float graph as a chain of linear maps and activations on flat vectors: multilayer perceptrons. Everything else is refused here.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::FoldError;
use crate::graph::{
    Activation, Binary, FloatGraph, Node, Operand, Operation, Tensor, Unary, elements,
};

/// One link of the chain.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) operator: String,
    pub(super) channels: usize,
    pub(super) step: Step,
}

/// What a link computes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Linear(Linear),
    Affine(Affine),
    Activation(Activation),
}

/// `out[o] = sum_i weights[o * in_channels + i] * in[i] + bias[o]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// Number of columns.
    pub in_channels: usize,
    /// Number of rows.
    pub out_channels: usize,
    /// Row after row.
    pub weights: Vec<f32>,
    /// One per row.
    pub bias: Vec<f32>,
}

/// `out[c] = scale[c] * in[c] + shift[c]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Affine {
    pub(super) scale: Vec<f32>,
    pub(super) shift: Vec<f32>,
}

impl Linear {
    /// The matrix with `affine.scale` on its diagonal.
    pub(super) fn diagonal(affine: &Affine) -> Self {
        let channels = affine.scale.len();
        let mut weights = vec![0.0; channels * channels];
        for (channel, &scale) in affine.scale.iter().enumerate() {
            weights[channel * (channels + 1)] = scale;
        }
        Self {
            in_channels: channels,
            out_channels: channels,
            weights,
            bias: affine.shift.clone(),
        }
    }

    /// Whether every weight and bias is finite.
    pub(super) fn is_finite(&self) -> bool {
        self.weights.iter().chain(&self.bias).all(|x| x.is_finite())
    }

    /// The matrix times `input`, plus the bias.
    #[must_use]
    pub fn apply(&self, input: &[f32]) -> Vec<f32> {
        let rows = self.weights.chunks(self.in_channels.max(1));
        let dot = |row: &[f32]| {
            row.iter()
                .zip(input)
                .map(|(&w, &x)| f64::from(w) * f64::from(x))
                .sum::<f64>()
        };
        rows.zip(&self.bias)
            .map(|(row, &bias)| (dot(row) + f64::from(bias)) as f32)
            .collect()
    }
}

impl Affine {
    /// Whether every factor and term is finite.
    pub(super) fn is_finite(&self) -> bool {
        self.scale.iter().chain(&self.shift).all(|x| x.is_finite())
    }
}

/// The links of a graph with one input and one output.
pub(super) fn links(graph: &FloatGraph) -> Result<Vec<Link>, FoldError> {
    let mut links = Vec::new();
    let mut last = graph.inputs.first().copied();
    let single = graph.inputs.len() == 1 && graph.outputs.len() == 1;
    for node in &graph.nodes {
        let refused = || FoldError::Unsupported {
            node: node.name.clone(),
            operator: node.operator.clone(),
        };
        let [output] = *node.outputs.as_slice() else {
            return Err(refused());
        };
        let reads: Vec<usize> = node.inputs.iter().filter_map(Operand::value).collect();
        if !single || Some(reads.as_slice()) != last.as_ref().map(core::slice::from_ref) {
            return Err(refused());
        }
        last = Some(output);
        if matches!(node.operation, Operation::Reshape { .. }) {
            continue;
        }
        let input = graph.values[reads[0]].elements();
        let link = Link {
            name: node.name.clone(),
            operator: node.operator.clone(),
            channels: graph.values[output].elements(),
            step: step(graph, node, input).ok_or_else(refused)?,
        };
        links.push(link);
    }
    Ok(links)
}

fn floats(operand: &Operand) -> Option<&[f32]> {
    operand.constant()?.as_floats()
}

fn step(graph: &FloatGraph, node: &Node, channels: usize) -> Option<Step> {
    let affine = |pairs: &mut dyn Iterator<Item = (f32, f32)>| {
        let (scale, shift) = pairs.unzip();
        Step::Affine(Affine { scale, shift })
    };
    match (&node.operation, node.inputs.as_slice()) {
        (
            Operation::Activation(
                activation @ (Activation::Relu
                | Activation::LeakyRelu { .. }
                | Activation::Clip { .. }
                | Activation::Sigmoid
                | Activation::Tanh),
            ),
            _,
        ) => Some(Step::Activation(*activation)),
        (Operation::Unary(Unary::Neg), _) => {
            Some(affine(&mut core::iter::repeat_n((-1.0, 0.0), channels)))
        }
        (Operation::Binary(binary), [a, b]) => {
            let (constant, first) = match (a, b) {
                (_, Operand::Constant(constant)) => (constant, true),
                (Operand::Constant(constant), _) => (constant, false),
                _ => return None,
            };
            let shape = &graph.values[*node.outputs.first()?].shape;
            let expand = Operation::Expand {
                shape: shape.clone(),
            };
            let expanded = expand.apply(&[constant]).ok()?.pop()?;
            let pair = |c: f32| match (binary, first) {
                (Binary::Add, _) => Some((1.0, c)),
                (Binary::Sub, true) => Some((1.0, -c)),
                (Binary::Sub, false) => Some((-1.0, c)),
                (Binary::Mul, _) => Some((c, 0.0)),
                (Binary::Div, true) => Some((1.0 / c, 0.0)),
                _ => None,
            };
            let pairs = expanded.as_floats()?.iter().map(|&c| pair(c));
            let pairs: Vec<(f32, f32)> = pairs.collect::<Option<_>>()?;
            (pairs.len() == channels).then(|| affine(&mut pairs.into_iter()))
        }
        (Operation::BatchNormalization { epsilon }, _) => {
            let pairs = normalised(graph, node, *epsilon, channels)?;
            Some(affine(&mut pairs.into_iter()))
        }
        _ => linear(graph, node, channels).map(Step::Linear),
    }
}

/// Factor and term of each channel of a batch normalisation.
fn normalised(
    graph: &FloatGraph,
    node: &Node,
    epsilon: f32,
    channels: usize,
) -> Option<Vec<(f32, f32)>> {
    let [x, gamma, beta, mean, variance] = node.inputs.as_slice() else {
        return None;
    };
    let shape = graph.shape(x);
    let inner = elements(shape.get(2..)?)?;
    let [gamma, beta, mean, variance] = [gamma, beta, mean, variance].map(floats);
    let pair = |index: usize| {
        let channel = index / inner.max(1) % shape[1];
        let spread = libm::sqrt(f64::from(variance?[channel]) + f64::from(epsilon));
        let scale = f64::from(gamma?[channel]) / spread;
        let shift = f64::from(beta?[channel]) - f64::from(mean?[channel]) * scale;
        Some((scale as f32, shift as f32))
    };
    (0..channels).map(pair).collect()
}

/// The rows of a product by a constant, read off its results for unit vectors.
fn linear(graph: &FloatGraph, node: &Node, channels: usize) -> Option<Linear> {
    let variable = node
        .inputs
        .iter()
        .position(|operand| operand.value().is_some())?;
    if !matches!(node.operation, Operation::Gemm(_) | Operation::MatMul) || variable > 1 {
        return None;
    }
    let shape = graph.shape(&node.inputs[variable]);
    let at = |vector: Vec<f32>, operands: &[Operand]| {
        let x = Tensor::floats(shape.to_vec(), vector)?;
        let operands: Option<Vec<&Tensor>> = operands
            .iter()
            .enumerate()
            .map(|(index, operand)| match operand.constant() {
                _ if index == variable => Some(&x),
                constant => constant.map(|tensor| &**tensor),
            })
            .collect();
        node.operation.apply(&operands?).ok()?.pop()?.into_floats()
    };
    let matrix = node.inputs[1 - variable].constant()?.len();
    let bias = at(vec![0.0; channels], &node.inputs)?;
    let out_channels = bias.len();
    // A product with more rows than one would repeat the matrix.
    if matrix != channels * out_channels {
        return None;
    }
    let mut weights = vec![0.0; matrix];
    for column in 0..channels {
        let mut unit = vec![0.0; channels];
        unit[column] = 1.0;
        let result = at(unit, &node.inputs[..2])?;
        for (row, value) in result.into_iter().enumerate() {
            weights[row * channels + column] = value;
        }
    }
    Some(Linear {
        in_channels: channels,
        out_channels,
        weights,
        bias,
    })
}
