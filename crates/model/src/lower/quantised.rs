//! Networks that onnxruntime's quantiser made: layers of the integers that the file gives.
//!
//! A tensor's cells hold its integers less the zero point, so that padding reads the zero point for free and `uint8` is as good as `int8`.
//! Between `DequantizeLinear` and `QuantizeLinear`, real numbers stand for the integers they were made of: a maximum of integers is the
//! integer of the maximum, and Relu and Clip, which do not change an order either, wait until the numbers are quantised again. Then both
//! together are a function of 256 integers, tabulated in onnxruntime's own `f32` arithmetic.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::codes::{Codes, Parameters, Real};
use super::convolution::Convolved;
use super::error::{LowerError, Problem};
use super::expression::{Expression, at};
use super::layout::offsets;
use super::linear::Product;
use super::value::Value;
use super::{Lowering, problem};
use crate::graph::{
    Activation, Convolution, ElementType, Gemm, Node, Operand, Operation, QuantizedAxis, Tensor,
};
use crate::layered::{PortCodes, Requantisation};

/// What an operator with weights computes, before its output is quantised.
struct Linear {
    value: Value,
    /// For each output channel, its place on the channel axis.
    places: Vec<usize>,
    /// Factor of all sums.
    left: f32,
}

/// The operands of an operator with weights.
struct Operands<'a> {
    x: &'a [Operand],
    weights: &'a [Operand],
    output: &'a [Operand],
    bias: Option<&'a Operand>,
}

impl<'a> Lowering<'a> {
    /// The value of a node that quantises, dequantises, or works on integers; `None` for any other node.
    pub(super) fn quantised(&mut self, node: &'a Node) -> Result<Option<Value>, LowerError> {
        let made = match &node.operation {
            Operation::QuantizeLinear(axis) => self.quantize(node, axis)?,
            Operation::DequantizeLinear(axis) => self.dequantize(node, axis)?,
            Operation::QLinearConv(convolution) => self.quantised_convolution(node, convolution)?,
            Operation::QGemm(gemm) => self.quantised_gemm(node, *gemm)?,
            Operation::QLinearMatMul => self.quantised_matmul(node)?,
            Operation::QLinearAdd => self.quantised_sum(node)?,
            Operation::QLinearGlobalAveragePool => self.quantised_mean(node)?,
            Operation::QLinearConcat { axis } => self.quantised_concat(node, *axis)?,
            _ => {
                let codes =
                    |operand: &Operand| Some(self.codes[operand.value()?].as_ref()?.clone());
                let Some(codes) = node.inputs.iter().find_map(codes) else {
                    return Ok(None);
                };
                return self.on_codes(node, codes);
            }
        };
        Ok(Some(made))
    }

    /// An operator that treats integers and the numbers they stand for alike.
    fn on_codes(&mut self, node: &'a Node, mut codes: Codes) -> Result<Option<Value>, LowerError> {
        let output = node.outputs[0];
        match (&node.operation, &mut codes.real) {
            (
                Operation::Activation(own @ (Activation::Relu | Activation::Clip { .. })),
                Some(real),
            ) => {
                real.activations.push(*own);
                let x = self.operand(node, 0)?;
                self.codes[output] = Some(codes);
                Ok(Some(x.noted(node)))
            }
            (
                Operation::MaxPool { .. } | Operation::Reshape { .. } | Operation::Transpose { .. },
                _,
            ) => {
                self.codes[output] = Some(codes);
                Ok(None)
            }
            _ => Err(problem(node, Problem::Quantised)),
        }
    }

    fn quantize(&mut self, node: &'a Node, axis: &QuantizedAxis) -> Result<Value, LowerError> {
        let to = self.parameters(node, &node.inputs[1..3])?;
        if axis.axis.is_some() {
            return Err(problem(node, Problem::Quantised));
        }
        let codes = node.inputs[0]
            .value()
            .and_then(|value| self.codes[value].clone());
        let x = self.operand(node, 0)?;
        self.codes[node.outputs[0]] = Some(to.codes());
        let Some(codes) = codes else {
            return self.quantised_input(node, x, to);
        };
        let real = codes
            .real
            .as_ref()
            .ok_or_else(|| problem(node, Problem::NotQuantised))?;
        let values = codes.requantised(real, to);
        self.requantised(node, x, (&codes, values))
    }

    /// Integers that become others one by one, if they do.
    pub(super) fn requantised(
        &mut self,
        node: &Node,
        x: Value,
        (codes, values): (&Codes, Option<Vec<i32>>),
    ) -> Result<Value, LowerError> {
        let Some(values) = values else {
            return Ok(x);
        };
        let channels = at(&x.expression.lengths, 0);
        let own = Requantisation {
            bias: vec![0; channels],
            multipliers: vec![1.0; channels],
            low: (codes.range.0 - codes.zero) as i32,
            high: (codes.range.1 - codes.zero) as i32,
            function: Some(values),
        };
        // What nothing else reads is made so in the first place.
        if let Some(tensor) = x.expression.as_tensor()
            && !self.is_read(tensor)
            && self.builder.then(tensor, &own, &x.expression.origin)
        {
            let lengths = x.expression.lengths.clone();
            return Ok(Value {
                expression: Expression::tensor(tensor, lengths),
                ..x
            });
        }
        let Value { layout, expression } = x.noted(node);
        let expression = self.builder.commit_fixed(expression, own);
        Ok(Value { layout, expression })
    }

    /// Whether a layer or a value that is still needed reads a tensor.
    fn is_read(&self, tensor: usize) -> bool {
        let reads = |value: &Value| value.expression.reads(tensor);
        self.builder.is_read(tensor) || self.values.iter().flatten().any(reads)
    }

    /// Quantises an input, which happens outside the proof.
    fn quantised_input(
        &mut self,
        node: &Node,
        x: Value,
        to: Parameters,
    ) -> Result<Value, LowerError> {
        let (low, high) = to.centred();
        let codes = PortCodes {
            scale: to.scale,
            low,
            high,
        };
        let input = x
            .expression
            .as_tensor()
            .and_then(|tensor| self.input_codes.get_mut(tensor));
        let known = input.ok_or_else(|| problem(node, Problem::NotQuantised))?;
        if known.is_some_and(|known| known != codes) {
            return Err(problem(node, Problem::Quantised));
        }
        *known = Some(codes);
        Ok(x)
    }

    fn dequantize(&mut self, node: &'a Node, axis: &QuantizedAxis) -> Result<Value, LowerError> {
        let from = self.parameters(node, &node.inputs[1..3])?;
        let x = self.operand_codes(node, 0, from.zero)?;
        if axis.axis.is_some() {
            return Err(problem(node, Problem::Quantised));
        }
        let real = Real {
            scale: from.scale,
            activations: vec![],
        };
        self.codes[node.outputs[0]] = Some(Codes {
            real: Some(real),
            ..x
        });
        self.operand(node, 0)
    }

    fn quantised_convolution(
        &mut self,
        node: &'a Node,
        convolution: &Convolution,
    ) -> Result<Value, LowerError> {
        let operands = Operands {
            x: &node.inputs[..3],
            weights: &node.inputs[3..6],
            output: &node.inputs[6..8],
            bias: node.inputs.get(8),
        };
        let left = self.activation(node, &operands)?;
        let weights = self.weights(node, &operands, 0)?;
        let shape = self.graph.shape(&operands.weights[0]);
        let x = self.operand(node, 0)?;
        let kernel = (weights.as_slice(), shape);
        let Convolved { value, places } = self.convolve(node, x, convolution, (kernel, false))?;
        let linear = Linear {
            value,
            places,
            left,
        };
        self.requantise(node, linear, &operands)
    }

    fn quantised_gemm(&mut self, node: &'a Node, gemm: Gemm) -> Result<Value, LowerError> {
        // Without a scale of its own, the result is real.
        if node.inputs.len() != 9 {
            return Err(problem(node, Problem::Quantised));
        }
        let operands = Operands {
            x: &node.inputs[..3],
            weights: &node.inputs[3..6],
            output: &node.inputs[7..9],
            bias: node.inputs.get(6),
        };
        let left = gemm.alpha * self.activation(node, &operands)?;
        let matrix = self.weights(node, &operands, usize::from(!gemm.transpose_b))?;
        let &[rows, columns] = self.graph.shape(&operands.weights[0]) else {
            return Err(problem(node, Problem::Operator));
        };
        let outputs = if gemm.transpose_b { rows } else { columns };
        let mut x = self.operand(node, 0)?;
        if gemm.transpose_a {
            x.layout = x.layout.transpose(&[1, 0]);
        }
        let weight = |k: usize, o: usize| {
            matrix[if gemm.transpose_b {
                o * columns + k
            } else {
                k * columns + o
            }]
        };
        let linear = self.quantised_product(node, x, (outputs, matrix.len()), (&weight, left))?;
        self.requantise(node, linear, &operands)
    }

    fn quantised_matmul(&mut self, node: &'a Node) -> Result<Value, LowerError> {
        let operands = Operands {
            x: &node.inputs[..3],
            weights: &node.inputs[3..6],
            output: &node.inputs[6..8],
            bias: None,
        };
        let left = self.activation(node, &operands)?;
        let shape = self.graph.shape(&operands.weights[0]);
        let &[.., columns] = shape else {
            return Err(problem(node, Problem::Axes));
        };
        // A vector on the right, or a matrix for each index of leading axes.
        if shape.len() < 2 || shape[..shape.len() - 2].iter().any(|length| *length != 1) {
            return Err(problem(node, Problem::Axes));
        }
        let matrix = self.weights(node, &operands, shape.len() - 1)?;
        let x = self.operand(node, 0)?;
        let weight = |k: usize, o: usize| matrix[k * columns + o];
        let mut linear =
            self.quantised_product(node, x, (columns, matrix.len()), (&weight, left))?;
        let wanted = &self.graph.values[node.outputs[0]].shape;
        let layout = linear.value.layout.reshape(wanted);
        linear.value.layout = layout.ok_or_else(|| problem(node, Problem::Axes))?;
        self.requantise(node, linear, &operands)
    }

    /// A matrix along the last axis, its results on the channel axis.
    fn quantised_product(
        &mut self,
        node: &Node,
        x: Value,
        (outputs, given): (usize, usize),
        (weight, left): (&dyn Fn(usize, usize) -> f32, f32),
    ) -> Result<Linear, LowerError> {
        let axis = x.shape().len() - 1;
        if x.shape()[axis].checked_mul(outputs) != Some(given) {
            return Err(problem(node, Problem::Axes));
        }
        let product = Product {
            axis,
            outputs,
            placed: None,
            given,
            weight,
        };
        let value = self.product(node, x, &product)?;
        let mixed = || problem(node, Problem::PositionFactor);
        let atoms = value.layout.atoms(axis);
        if atoms.iter().any(|atom| atom.axis != 0) || at(&value.expression.lengths, 0) != outputs {
            return Err(mixed());
        }
        let places = offsets(atoms, 1).into_iter().map(|offset| offset[0]);
        Ok(Linear {
            places: places.collect(),
            value,
            left,
        })
    }

    /// Makes the sums of an operator with weights a layer.
    fn requantise(
        &mut self,
        node: &'a Node,
        linear: Linear,
        operands: &Operands<'a>,
    ) -> Result<Value, LowerError> {
        let to = self.parameters(node, operands.output)?;
        let outputs = linear.places.len();
        let scales = self.scales(node, &operands.weights[1], outputs)?;
        let bias = match operands.bias {
            Some(bias) => self.ints(node, bias)?,
            None => &[0],
        };
        let bias = each(node, bias, outputs)?;
        let (low, high) = to.centred();
        let mut own = Requantisation {
            bias: vec![0; outputs],
            multipliers: vec![0.0; outputs],
            low,
            high,
            function: None,
        };
        for (channel, &place) in linear.places.iter().enumerate() {
            let multiplier = (linear.left * scales(channel)) / to.scale;
            if !multiplier.is_finite() || multiplier <= 0.0 {
                return Err(problem(node, Problem::Scale));
            }
            own.bias[place] = bias(channel);
            own.multipliers[place] = multiplier;
        }
        self.codes[node.outputs[0]] = Some(to.codes());
        let Value { layout, expression } = linear.value;
        super::finite(node, &expression)?;
        let expression = self.builder.commit_fixed(expression, own);
        Ok(Value { layout, expression })
    }

    /// The scale of the first operand, whose integers must have been made with its zero point.
    fn activation(&self, node: &Node, operands: &Operands<'_>) -> Result<f32, LowerError> {
        let from = self.parameters(node, &operands.x[1..])?;
        self.operand_codes(node, 0, from.zero)?;
        Ok(from.scale)
    }

    /// The scale of an operand with a scale and a zero point behind it, with which its integers must have been made.
    pub(super) fn integer_scale(&self, node: &Node, number: usize) -> Result<f32, LowerError> {
        let from = self.parameters(node, &node.inputs[number + 1..number + 3])?;
        self.operand_codes(node, number, from.zero)?;
        Ok(from.scale)
    }

    /// Makes sums a layer whose integers are rounded, with one multiplier.
    pub(super) fn rounded(
        &mut self,
        node: &Node,
        (value, multiplier): (Value, f32),
        target: &[Operand],
    ) -> Result<Value, LowerError> {
        let to = self.parameters(node, target)?;
        if !multiplier.is_finite() || multiplier <= 0.0 {
            return Err(problem(node, Problem::Scale));
        }
        let Value { layout, expression } = value.noted(node);
        super::finite(node, &expression)?;
        let channels = at(&expression.lengths, 0);
        let (low, high) = to.centred();
        let own = Requantisation {
            bias: vec![0; channels],
            multipliers: vec![multiplier; channels],
            low,
            high,
            function: None,
        };
        self.codes[node.outputs[0]] = Some(to.codes());
        let expression = self.builder.commit_fixed(expression, own);
        Ok(Value { layout, expression })
    }

    /// What is known of an operand, which must hold integers with this zero point.
    pub(super) fn operand_codes(
        &self,
        node: &Node,
        number: usize,
        zero: i64,
    ) -> Result<Codes, LowerError> {
        let codes = node.inputs[number]
            .value()
            .and_then(|value| self.codes[value].clone());
        codes
            .filter(|codes| codes.zero == zero && codes.real.is_none())
            .ok_or_else(|| problem(node, Problem::NotQuantised))
    }

    /// The weights less their zero points, one or as many as the axis of the output channels is long.
    fn weights(
        &self,
        node: &'a Node,
        operands: &Operands<'a>,
        axis: usize,
    ) -> Result<Vec<f32>, LowerError> {
        let weights = self.ints(node, &operands.weights[0])?;
        self.narrow(node, &operands.weights[0])?;
        self.narrow(node, &operands.weights[2])?;
        let shape = self.graph.shape(&operands.weights[0]);
        let length = shape.get(axis).copied().unwrap_or(0);
        let zeros = self.ints(node, &operands.weights[2])?;
        let zero = each(node, zeros, length)?;
        let inner: usize = shape.iter().skip(axis + 1).product();
        let centred = |(index, weight): (usize, &i64)| {
            let channel = index / inner.max(1) % length.max(1);
            (weight - zero(channel)) as f32
        };
        Ok(weights.iter().enumerate().map(centred).collect())
    }

    /// A scale and a zero point of a whole tensor.
    pub(super) fn parameters(
        &self,
        node: &Node,
        operands: &[Operand],
    ) -> Result<Parameters, LowerError> {
        let [scale, zero] = operands else {
            return Err(problem(node, Problem::Operator));
        };
        let range = self.narrow(node, zero)?;
        let zeros = constant(node, zero)?.as_ints().unwrap_or(&[]);
        let scale = self.scales(node, scale, 1)?(0);
        let zero = each(node, zeros, 1)?(0);
        Ok(Parameters { scale, zero, range })
    }

    /// Scales, one or as many as there are channels.
    fn scales<'n>(
        &self,
        node: &Node,
        operand: &'n Operand,
        channels: usize,
    ) -> Result<impl Fn(usize) -> f32 + use<'n>, LowerError> {
        let scales = constant(node, operand)?.as_floats().unwrap_or(&[]);
        if scales
            .iter()
            .any(|scale| !scale.is_finite() || *scale <= 0.0)
        {
            return Err(problem(node, Problem::Scale));
        }
        each(node, scales, channels)
    }

    /// The integers of a constant.
    fn ints(&self, node: &Node, operand: &'a Operand) -> Result<&'a [i64], LowerError> {
        let ints = constant(node, operand)?.as_ints();
        ints.ok_or_else(|| problem(node, Problem::Operator))
    }

    /// The range of a constant's type, which must be 8 bits wide.
    fn narrow(&self, node: &Node, operand: &Operand) -> Result<(i64, i64), LowerError> {
        let element_type = constant(node, operand)?.element_type();
        let narrow = matches!(element_type, ElementType::Int8 | ElementType::Uint8);
        let range = element_type.range().filter(|_| narrow);
        range.ok_or_else(|| problem(node, Problem::ZeroPoint))
    }
}

fn constant<'n>(node: &Node, operand: &'n Operand) -> Result<&'n Tensor, LowerError> {
    let constant = operand.constant().map(Arc::as_ref);
    constant.ok_or_else(|| problem(node, Problem::ConstantOperand))
}

/// The parameter of each channel, of one for all or one for each.
fn each<'n, T: Copy>(
    node: &Node,
    values: &'n [T],
    channels: usize,
) -> Result<impl Fn(usize) -> T + use<'n, T>, LowerError> {
    if values.len() != 1 && values.len() != channels || values.is_empty() {
        return Err(problem(
            node,
            Problem::PerChannel {
                expected: channels,
                actual: values.len(),
            },
        ));
    }
    let single = values.len() == 1;
    Ok(move |channel: usize| values[if single { 0 } else { channel }])
}
