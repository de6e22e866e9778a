//! The float interpreter: the reference that quantisation is measured against.
//!
//! Tensors are `f32` as in ONNX; sums run in `f64`, so results do not depend on the order of summation to any digit that matters.

use alloc::string::String;
use alloc::vec::Vec;

use crate::graph::{Affine, FloatGraph, Linear, Operation};

/// An input that the float graph cannot evaluate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FloatError {
    /// The input has another number of values than the network has input channels.
    #[error(
        "input tensor {tensor:?} has {expected} values but {actual} were given; pass one value per channel"
    )]
    InputLength {
        /// Name of the tensor.
        tensor: String,
        /// Channels of the tensor.
        expected: usize,
        /// Values given.
        actual: usize,
    },
    /// An input value is NaN or infinite.
    #[error("input tensor {tensor:?} is not finite at channel {channel}; pass finite numbers")]
    InputNotFinite {
        /// Name of the tensor.
        tensor: String,
        /// The channel.
        channel: usize,
    },
    /// A value overflowed to infinity or became NaN.
    #[error(
        "node {node:?} ({operator}) gives a value that is not finite; check the weights and the input"
    )]
    NotFinite {
        /// The node.
        node: String,
        /// Its operator.
        operator: String,
    },
}

impl FloatGraph {
    /// The output tensor for the input `x`, before post-processing; both flat, in row-major order.
    ///
    /// # Errors
    /// When the length is wrong or a value is not finite.
    pub fn infer(&self, x: &[f32]) -> Result<Vec<f32>, FloatError> {
        if x.len() != self.input.channels {
            let tensor = self.input.name.clone();
            return Err(FloatError::InputLength {
                tensor,
                expected: self.input.channels,
                actual: x.len(),
            });
        }
        // Some functions swallow NaN, so it is caught before them.
        if let Some(channel) = x.iter().position(|value| !value.is_finite()) {
            return Err(FloatError::InputNotFinite {
                tensor: self.input.name.clone(),
                channel,
            });
        }
        let mut values = x.to_vec();
        for node in &self.nodes {
            values = node.operation.apply(&values);
            if !values.iter().all(|value| value.is_finite()) {
                return Err(FloatError::NotFinite {
                    node: node.name.clone(),
                    operator: node.operator.clone(),
                });
            }
        }
        Ok(values)
    }
}

impl Operation {
    /// The operation's result on a vector of channels.
    #[must_use]
    pub fn apply(&self, input: &[f32]) -> Vec<f32> {
        match self {
            Self::Linear(linear) => linear.apply(input),
            Self::Affine(affine) => affine.apply(input),
            Self::Activation(activation) => input
                .iter()
                .map(|&x| activation.apply(f64::from(x)) as f32)
                .collect(),
        }
    }
}

impl Linear {
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
    /// `input` scaled and shifted per channel.
    #[must_use]
    pub fn apply(&self, input: &[f32]) -> Vec<f32> {
        let parameters = self.scale.iter().zip(&self.shift);
        parameters
            .zip(input)
            .map(|((&scale, &shift), &x)| {
                (f64::from(scale) * f64::from(x) + f64::from(shift)) as f32
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Activation, Node, TensorType};
    use alloc::vec;

    fn tensor(name: &str, channels: usize) -> TensorType {
        TensorType {
            name: name.into(),
            shape: vec![1, channels],
            channels,
        }
    }

    fn node(channels: usize, operation: Operation) -> Node {
        Node {
            name: "n".into(),
            operator: "Op".into(),
            channels,
            operation,
        }
    }

    #[test]
    fn a_chain_by_hand() {
        let linear = Linear {
            in_channels: 2,
            out_channels: 2,
            weights: vec![1.0, 2.0, -1.0, 0.5],
            bias: vec![0.5, -0.5],
        };
        let affine = Affine {
            scale: vec![2.0, 3.0],
            shift: vec![1.0, -1.0],
        };
        let graph = FloatGraph {
            input: tensor("x", 2),
            output: tensor("y", 2),
            dynamic_batch: false,
            nodes: vec![
                node(2, Operation::Linear(linear)),
                node(2, Operation::Activation(Activation::Relu)),
                node(2, Operation::Affine(affine)),
            ],
            post_processing: vec![],
        };
        assert_eq!(graph.infer(&[1.0, 3.0]), Ok(vec![16.0, -1.0]));
        assert_eq!(
            graph.infer(&[1.0]),
            Err(FloatError::InputLength {
                tensor: "x".into(),
                expected: 2,
                actual: 1
            })
        );
        let nan = FloatError::InputNotFinite {
            tensor: "x".into(),
            channel: 1,
        };
        assert_eq!(graph.infer(&[0.0, f32::NAN]), Err(nan));
        assert!(matches!(
            graph.infer(&[f32::MAX, f32::MAX]),
            Err(FloatError::NotFinite { .. })
        ));
    }

    #[test]
    fn activations_by_hand() {
        assert_eq!(Activation::LeakyRelu { alpha: 0.25 }.apply(-2.0), -0.5);
        assert_eq!(Activation::LeakyRelu { alpha: 0.25 }.apply(2.0), 2.0);
        assert_eq!(
            Activation::Clip {
                min: -1.0,
                max: 6.0
            }
            .apply(7.0),
            6.0
        );
        assert_eq!(
            Activation::Clip {
                min: f32::NEG_INFINITY,
                max: 6.0
            }
            .apply(-7.0),
            -7.0
        );
        assert_eq!(Activation::Sigmoid.apply(0.0), 0.5);
        assert!((Activation::Tanh.apply(1.0) - 0.761_594_155_955_764_9).abs() < 1e-15);
    }
}
