//! Folding: biases, scales and batch normalisation go into the linear layer before or after them, so that the network becomes a
//! chain of layers, each a matrix, a bias and at most one activation.
//!
//! An activation without a linear operation before it gets a diagonal matrix. Two matrices in a row stay two layers: their product
//! can be far larger than both.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::graph::{Activation, Affine, FloatGraph, Linear, Node, Operation, TensorType};
use crate::integer::{Extent, PortLayout, Weights};
use crate::layered::{FloatLayer, FloatTerm, LayeredGraph, Port, ScaleRule};

/// The most weights that diagonal matrices may take in one network. They come from no data in the file, so a limit must.
pub const MAX_DIAGONAL_WEIGHTS: usize = 1 << 22;

/// The network cannot be made a chain of layers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FoldError {
    /// There is nothing to prove.
    #[error(
        "the network computes nothing between input {input:?} and its output; give it at least one linear operator or activation"
    )]
    Empty {
        /// The input tensor.
        input: String,
    },
    /// An activation without a linear operator before it is on a tensor too wide for a diagonal matrix.
    #[error(
        "node {node:?} ({operator}) has no matrix of its own, and {channels} channels are too many for a diagonal one \
         (at most {limit} weights in all); put a Gemm or MatMul before it"
    )]
    DiagonalTooLarge {
        /// The node.
        node: String,
        /// Its operator.
        operator: String,
        /// Channels of its tensor.
        channels: usize,
        /// The limit on weights.
        limit: usize,
    },
    /// Folding overflowed a weight.
    #[error(
        "folding node {node:?} ({operator}) into the layer before or after it gives a weight that is not finite; check its constants"
    )]
    NotFinite {
        /// The node.
        node: String,
        /// Its operator.
        operator: String,
    },
}

/// The linear part of the layer under construction.
enum Pending {
    Nothing,
    Affine(Affine),
    Linear(Linear),
}

struct Folder {
    layers: Vec<FloatLayer>,
    pending: Pending,
    name: Option<String>,
    operators: Vec<String>,
    diagonal_weights: usize,
}

/// Folds the graph's nodes into layers of one dense term each.
///
/// # Errors
/// A [`FoldError`] when there is nothing to fold, a diagonal matrix would be too large, or a folded weight overflows.
pub fn fold(graph: &FloatGraph) -> Result<LayeredGraph, FoldError> {
    let mut folder = Folder {
        layers: Vec::new(),
        pending: Pending::Nothing,
        name: None,
        operators: Vec::new(),
        diagonal_weights: 0,
    };
    for node in &graph.nodes {
        folder.add(node)?;
    }
    if let Some(last) = graph
        .nodes
        .last()
        .filter(|_| !matches!(folder.pending, Pending::Nothing))
    {
        folder.finish(last, None)?;
    }
    if folder.layers.is_empty() {
        return Err(FoldError::Empty {
            input: graph.input.name.clone(),
        });
    }
    let port = |tensor: usize, onnx: &TensorType| Port {
        tensor,
        onnx: onnx.clone(),
        layout: PortLayout::flat(onnx.shape.len()),
    };
    Ok(LayeredGraph {
        inputs: vec![port(0, &graph.input)],
        outputs: vec![port(folder.layers.len(), &graph.output)],
        layers: folder.layers,
    })
}

impl Folder {
    fn add(&mut self, node: &Node) -> Result<(), FoldError> {
        let not_finite = || FoldError::NotFinite {
            node: node.name.clone(),
            operator: node.operator.clone(),
        };
        match &node.operation {
            Operation::Activation(activation) => {
                self.note(node);
                return self.finish(node, Some(*activation));
            }
            Operation::Linear(linear) => {
                if matches!(self.pending, Pending::Linear(_)) {
                    self.finish(node, None)?;
                }
                self.pending = match core::mem::replace(&mut self.pending, Pending::Nothing) {
                    Pending::Affine(affine) => Pending::Linear(after_affine(linear, &affine)),
                    Pending::Nothing | Pending::Linear(_) => Pending::Linear(linear.clone()),
                };
            }
            Operation::Affine(affine) => {
                self.pending = match core::mem::replace(&mut self.pending, Pending::Nothing) {
                    Pending::Nothing => Pending::Affine(affine.clone()),
                    Pending::Affine(first) => Pending::Affine(compose(&first, affine)),
                    Pending::Linear(linear) => Pending::Linear(before_affine(linear, affine)),
                };
            }
        }
        self.note(node);
        let finite = match &self.pending {
            Pending::Nothing => true,
            Pending::Affine(affine) => affine.is_finite(),
            Pending::Linear(linear) => linear.is_finite(),
        };
        if finite { Ok(()) } else { Err(not_finite()) }
    }

    fn note(&mut self, node: &Node) {
        self.name.get_or_insert_with(|| node.name.clone());
        self.operators.push(node.operator.clone());
    }

    fn finish(&mut self, node: &Node, activation: Option<Activation>) -> Result<(), FoldError> {
        let linear = match core::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Linear(linear) => linear,
            Pending::Affine(affine) => self.diagonal(node, &affine)?,
            Pending::Nothing => {
                let identity = Affine {
                    scale: vec![1.0; node.channels],
                    shift: vec![0.0; node.channels],
                };
                self.diagonal(node, &identity)?
            }
        };
        let name = self.name.take().unwrap_or_default();
        self.layers.push(FloatLayer {
            name,
            operators: core::mem::take(&mut self.operators),
            extent: Extent::flat(linear.out_channels),
            terms: vec![FloatTerm {
                source: self.layers.len(),
                maps: Vec::new(),
                weights: Weights::Dense(linear.weights),
            }],
            bias: linear.bias,
            activation,
            scale: ScaleRule::Free,
        });
        Ok(())
    }

    fn diagonal(&mut self, node: &Node, affine: &Affine) -> Result<Linear, FoldError> {
        let channels = affine.scale.len();
        let total = channels
            .checked_mul(channels)
            .and_then(|weights| weights.checked_add(self.diagonal_weights));
        let limit = MAX_DIAGONAL_WEIGHTS;
        self.diagonal_weights =
            total
                .filter(|&total| total <= limit)
                .ok_or_else(|| FoldError::DiagonalTooLarge {
                    node: node.name.clone(),
                    operator: node.operator.clone(),
                    channels,
                    limit,
                })?;
        Ok(Linear::diagonal(affine))
    }
}

/// `second` of `first`.
fn compose(first: &Affine, second: &Affine) -> Affine {
    let scale = first
        .scale
        .iter()
        .zip(&second.scale)
        .map(|(&a, &b)| product(a, b))
        .collect();
    let terms = first
        .shift
        .iter()
        .zip(second.scale.iter().zip(&second.shift));
    let shift = terms
        .map(|(&t, (&a, &b))| (f64::from(t) * f64::from(a) + f64::from(b)) as f32)
        .collect();
    Affine { scale, shift }
}

/// `affine` of `linear`.
fn before_affine(mut linear: Linear, affine: &Affine) -> Linear {
    for (row, &scale) in linear
        .weights
        .chunks_mut(linear.in_channels.max(1))
        .zip(&affine.scale)
    {
        row.iter_mut()
            .for_each(|weight| *weight = product(*weight, scale));
    }
    for (bias, (&scale, &shift)) in linear
        .bias
        .iter_mut()
        .zip(affine.scale.iter().zip(&affine.shift))
    {
        *bias = (f64::from(*bias) * f64::from(scale) + f64::from(shift)) as f32;
    }
    linear
}

/// `linear` of `affine`.
fn after_affine(linear: &Linear, affine: &Affine) -> Linear {
    let mut weights = linear.weights.clone();
    let mut bias = linear.bias.clone();
    for (row, bias) in weights.chunks_mut(linear.in_channels.max(1)).zip(&mut bias) {
        let shifted: f64 = row
            .iter()
            .zip(&affine.shift)
            .map(|(&w, &t)| f64::from(w) * f64::from(t))
            .sum();
        *bias = (f64::from(*bias) + shifted) as f32;
        for (weight, &scale) in row.iter_mut().zip(&affine.scale) {
            *weight = product(*weight, scale);
        }
    }
    Linear {
        weights,
        bias,
        ..*linear
    }
}

fn product(a: f32, b: f32) -> f32 {
    (f64::from(a) * f64::from(b)) as f32
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
