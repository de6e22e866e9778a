//! Float evaluation of a layered graph: what quantisation is calibrated with and measured against.
//!
//! The tensors of a network that is quantised already hold its integers, as onnxruntime computes them.
//!
//! Tensors are `f32` as in ONNX; sums run in `f64`, so results do not depend on the order of summation to any digit that matters.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::gathered::check_rows;
use super::{FloatLayer, FloatTerm, LayeredGraph, Requantisation, ScaleRule};
use crate::integer::linear::Reading;

/// A tensor's values, row-major over (positions, channels).
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// Before the activation, or before the saturation of a quantised layer; the same as `out` for an input.
    pub pre: Vec<f32>,
    /// After it.
    pub out: Vec<f32>,
}

/// Inputs that a layered graph cannot be evaluated on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LayeredError {
    /// There are not as many inputs as the network has.
    #[error("{actual} inputs were given where the network has {expected}; pass each of them")]
    Inputs {
        /// Inputs of the network.
        expected: usize,
        /// Inputs given.
        actual: usize,
    },
    /// An input has the wrong number of values.
    #[error(
        "input {input:?} has {expected} values but {actual} were given; pass one for each element"
    )]
    InputLength {
        /// The input tensor.
        input: String,
        /// Elements of the tensor.
        expected: usize,
        /// Values given.
        actual: usize,
    },
    /// A value is NaN or infinite.
    #[error("tensor {tensor:?} is not finite; check the network's weights and the input's values")]
    NotFinite {
        /// Name of the input or of the layer.
        tensor: String,
    },
    /// An input's value is no row number of any table that it chooses from.
    #[error(
        "input {input:?} chooses a row with {value} at element {element}; pass integers from 0 to {} (add {rows} to indices that count \
         from the end)", rows - 1
    )]
    Index {
        /// The input tensor.
        input: String,
        /// The element.
        element: usize,
        /// Its value.
        value: f64,
        /// Rows of the largest table.
        rows: usize,
    },
    /// An index is larger than the table that it chooses from.
    #[error("layer {layer:?} gathers row {value} of a table of {rows}; pass smaller indices")]
    Row {
        /// The layer.
        layer: String,
        /// The index.
        value: f64,
        /// Rows of the table.
        rows: usize,
    },
}

impl LayeredGraph {
    /// The values of every tensor for inputs in the order of their ONNX tensors' elements.
    ///
    /// # Errors
    /// When the inputs are not those of the network, or a value is not finite.
    ///
    /// # Panics
    /// When the graph itself does not hold together: a source that comes later, weights that do not fit the extents.
    pub fn evaluate(&self, inputs: &[Vec<f32>]) -> Result<Vec<Values>, LayeredError> {
        if inputs.len() != self.inputs.len() {
            return Err(LayeredError::Inputs {
                expected: self.inputs.len(),
                actual: inputs.len(),
            });
        }
        let mut tensors = Vec::with_capacity(self.inputs.len() + self.layers.len());
        for (port, values) in self.inputs.iter().zip(inputs) {
            let expected = port.onnx.shape.iter().product();
            if values.len() != expected {
                return Err(LayeredError::InputLength {
                    input: port.onnx.name.clone(),
                    expected,
                    actual: values.len(),
                });
            }
            finite(&port.onnx.name, values)?;
            check_rows(port, values)?;
            let mut out = port.layout.to_cells(&port.onnx.shape, values);
            if let Some(codes) = &port.codes {
                let integer = |x: f32| codes.conversion().integer(x, codes.scale.into());
                out.iter_mut().for_each(|x| *x = integer(*x) as f32);
            }
            let pre = out.clone();
            tensors.push(Values { pre, out });
        }
        for layer in &self.layers {
            if let ScaleRule::QuarterSquare { first } = layer.scale {
                tensors.push(self.half_product(layer, first, &tensors));
                continue;
            }
            let sums = self.linear((layer, &layer.terms), &tensors);
            if let ScaleRule::Fixed(own) = &layer.scale {
                tensors.push(requantised(own, &sums));
                continue;
            }
            if let Some(gathered) = &layer.gathered {
                tensors.push(gathered.evaluate(layer, &sums)?);
                continue;
            }
            let pre: Vec<f32> = sums.into_iter().map(|sum| sum as f32).collect();
            finite(&layer.name, &pre)?;
            let out = match layer.activation {
                Some(activation) => pre
                    .iter()
                    .map(|&x| activation.apply(f64::from(x)) as f32)
                    .collect(),
                None => pre.clone(),
            };
            finite(&layer.name, &out)?;
            tensors.push(Values { pre, out });
        }
        Ok(tensors)
    }

    /// The outputs in the order of their ONNX tensors' elements, from the values of every tensor.
    ///
    /// # Panics
    /// When the values are not those of this graph.
    #[must_use]
    pub fn outputs(&self, tensors: &[Values]) -> Vec<Vec<f32>> {
        let output = |port: &super::Port| {
            let values = &tensors[port.tensor].out;
            let scale = port.codes.map_or(1.0, |codes| codes.scale);
            let real: Vec<f32> = values.iter().map(|value| value * scale).collect();
            port.layout.to_onnx(&port.onnx.shape, &real)
        };
        self.outputs.iter().map(output).collect()
    }

    /// What the terms add up to, and the bias.
    fn linear(&self, (layer, terms): (&FloatLayer, &[FloatTerm]), tensors: &[Values]) -> Vec<f64> {
        let mut sums = vec![0f64; layer.extent.cells()];
        for row in sums.chunks_mut(layer.extent.channels.max(1)) {
            for (sum, bias) in row.iter_mut().zip(&layer.bias) {
                *sum = f64::from(*bias);
            }
        }
        for term in terms {
            let reading = Reading {
                maps: &term.maps,
                weights: &term.weights,
                source: &self.extent(term.source),
            };
            reading.add_to(&mut sums, &layer.extent, &tensors[term.source].out);
        }
        sums
    }

    /// Half the product of what the first terms and the other ones add up to. Its halves are as finite as its operands' product, which the
    /// layer that adds them checks.
    fn half_product(&self, layer: &FloatLayer, first: usize, tensors: &[Values]) -> Values {
        let (a, b) = layer.terms.split_at(first);
        let (a, b) = (
            self.linear((layer, a), tensors),
            self.linear((layer, b), tensors),
        );
        let pre: Vec<f32> = a.iter().zip(b).map(|(a, b)| (a * b / 2.0) as f32).collect();
        let out = pre.clone();
        Values { pre, out }
    }
}

/// Sums of products of integers, which `f64` holds exactly.
fn requantised(own: &Requantisation, sums: &[f64]) -> Values {
    let channels = own.bias.len().max(1);
    let pre: Vec<f32> = sums
        .iter()
        .enumerate()
        .map(|(cell, sum)| own.rounded(*sum as i64 + own.bias[cell % channels], cell % channels))
        .collect();
    let out = pre.iter().map(|pre| own.output(*pre as i64) as f32);
    Values {
        out: out.collect(),
        pre,
    }
}

fn finite(tensor: &str, values: &[f32]) -> Result<(), LayeredError> {
    if values.iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(LayeredError::NotFinite {
        tensor: tensor.into(),
    })
}
