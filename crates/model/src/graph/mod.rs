//! The typed float graph: what an ONNX file means, before any quantisation.
//!
//! After the import every activation is a flat vector of channels (batch 1, row-major), so reshapes have vanished, constants have
//! been folded into their nodes, and what is left is a chain: node `i` reads tensor `i` and makes tensor `i + 1`, tensor 0 is the
//! input and the last tensor the output.

use alloc::string::String;
use alloc::vec::Vec;

use crate::integer::PostProcessing;

/// A network on real numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatGraph {
    /// The input tensor.
    pub input: TensorType,
    /// The output tensor, before post-processing.
    pub output: TensorType,
    /// Whether the ONNX file left the batch axis open; it was taken as 1.
    pub dynamic_batch: bool,
    /// The chain of nodes.
    pub nodes: Vec<Node>,
    /// The final operators outside a proof, in order.
    pub post_processing: Vec<PostProcessing>,
}

/// Name and shape of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorType {
    /// Its ONNX name.
    pub name: String,
    /// Its shape, with the batch axis if the file has one.
    pub shape: Vec<usize>,
    /// Number of channels, the product of the shape.
    pub channels: usize,
}

/// One operation on a vector of channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Name of the ONNX node.
    pub name: String,
    /// The ONNX operator.
    pub operator: String,
    /// Channels of the tensor it makes.
    pub channels: usize,
    /// What it computes.
    pub operation: Operation,
}

/// What a node computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// A matrix and a bias.
    Linear(Linear),
    /// A factor and a term per channel.
    Affine(Affine),
    /// A function of each channel.
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
pub struct Affine {
    /// One factor per channel.
    pub scale: Vec<f32>,
    /// One term per channel.
    pub shift: Vec<f32>,
}

/// A function of each channel.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x` where it is positive, `alpha * x` elsewhere.
    LeakyRelu {
        /// Slope of the negative side.
        alpha: f32,
    },
    /// `min(max(x, min), max)`; an absent bound is infinite.
    Clip {
        /// Smallest result.
        min: f32,
        /// Largest result.
        max: f32,
    },
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// The function's value, the same on every platform.
    #[must_use]
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Self::Relu => x.max(0.0),
            Self::LeakyRelu { alpha } => {
                if x < 0.0 {
                    f64::from(alpha) * x
                } else {
                    x
                }
            }
            Self::Clip { min, max } => x.max(f64::from(min)).min(f64::from(max)),
            Self::Sigmoid => 1.0 / (1.0 + libm::exp(-x)),
            Self::Tanh => libm::tanh(x),
        }
    }
}

impl Linear {
    /// The matrix with `affine.scale` on its diagonal.
    #[must_use]
    pub fn diagonal(affine: &Affine) -> Self {
        let channels = affine.scale.len();
        let mut weights = alloc::vec![0.0; channels * channels];
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
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.weights.iter().chain(&self.bias).all(|x| x.is_finite())
    }
}

impl Affine {
    /// Whether every factor and term is finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.scale.iter().chain(&self.shift).all(|x| x.is_finite())
    }
}
