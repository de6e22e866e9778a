//! Arithmetic, element by element: sums, factors, normalisation.

use alloc::vec;
use alloc::vec::Vec;

use super::error::{LowerError, Problem};
use super::expression::{Coefficients, Expression, Kernel};
use super::layout::{Atom, Layout};
use super::linear::{MAX_EXPANDED_WEIGHTS, selection};
use super::value::Value;
use super::{Lowering, problem};
use crate::graph::{Activation, Binary, Node, Operand};
use crate::integer::AxisMap;

/// A constant as a value sees it.
enum Constant {
    /// The same at all positions, by place on the channel axis.
    Channels(Vec<f32>),
    /// In the order of the ONNX tensor.
    Elements(Vec<f32>),
}

impl<'a> Lowering<'a> {
    pub(super) fn binary(&mut self, node: &'a Node, binary: Binary) -> Result<Value, LowerError> {
        match binary {
            Binary::Add | Binary::Sub => self.sum(node, binary == Binary::Sub),
            Binary::Mul if node.inputs.iter().all(|input| input.value().is_some()) => {
                self.multiplied(node)
            }
            Binary::Pow => self.power(node),
            Binary::Mul => {
                let number = usize::from(node.inputs[0].value().is_none());
                let x = self.operand(node, number)?;
                let x = self.broadcast_for(node, x)?;
                let factors = self.factors(node, 1 - number, &x)?;
                self.scale(node, x, &factors)
            }
            Binary::Div if node.inputs[1].value().is_some() => Err(problem(node, Problem::Divisor)),
            Binary::Div => {
                let x = self.operand(node, 0)?;
                let x = self.broadcast_for(node, x)?;
                let divisors = self.factors(node, 1, &x)?;
                let factors: Vec<f32> = divisors.iter().map(|divisor| divisor.recip()).collect();
                self.scale(node, x, &factors)
            }
            Binary::Max => self.extremum(node, false),
            Binary::Min => self.extremum(node, true),
            _ => Err(problem(node, Problem::Operator)),
        }
    }

    fn sum(&mut self, node: &'a Node, subtract: bool) -> Result<Value, LowerError> {
        let signed = |expression: Expression, negative: bool| {
            if negative {
                expression.negated()
            } else {
                expression
            }
        };
        match (&node.inputs[0], &node.inputs[1]) {
            (Operand::Value(_), Operand::Value(_)) => {
                let a = self.operand(node, 0)?;
                let b = self.operand(node, 1)?;
                let (a, b) = self.aligned(node, a, b)?;
                let b = Value {
                    expression: signed(b.expression, subtract),
                    ..b
                };
                self.add(node, a, b)
            }
            (first, _) => {
                let number = usize::from(first.value().is_none());
                let x = self.operand(node, number)?;
                let x = self.broadcast_for(node, x)?;
                let x = Value {
                    expression: signed(x.expression, subtract && number == 1),
                    ..x
                };
                let negative = subtract && number == 0;
                let values: Vec<f32> = (self.floats(node, 1 - number)?.iter())
                    .map(|value| if negative { -value } else { *value })
                    .collect();
                let shape = self.graph.shape(&node.inputs[1 - number]);
                Ok(self.add_constant(node, x, shape, &values)?.noted(node))
            }
        }
    }

    /// The sum of two values, broadcast to each other.
    pub(super) fn add(&mut self, node: &Node, a: Value, b: Value) -> Result<Value, LowerError> {
        let (a, b) = self.aligned(node, a, b)?;
        Ok(Value {
            layout: a.layout,
            expression: a.expression.plus(b.expression),
        }
        .noted(node))
    }

    /// A value plus a constant that broadcasts to it.
    pub(super) fn add_constant(
        &mut self,
        node: &Node,
        x: Value,
        shape: &[usize],
        values: &[f32],
    ) -> Result<Value, LowerError> {
        let constant = self.constant_like(node, &x.layout, shape, values)?;
        Ok(Value {
            layout: x.layout,
            expression: x.expression.plus(constant),
        })
    }

    /// A constant operand as a value with the layout of `like`, to which it broadcasts.
    pub(super) fn constant(
        &mut self,
        node: &'a Node,
        number: usize,
        like: &Value,
    ) -> Result<Value, LowerError> {
        let values = self.floats(node, number)?;
        let shape = self.graph.shape(&node.inputs[number]);
        let expression = self.constant_like(node, &like.layout, shape, values)?;
        Ok(Value {
            layout: like.layout.clone(),
            expression,
        })
    }

    /// A constant in a layout: a bias where it is the same at all positions, else a kernel over the number one.
    fn constant_like(
        &mut self,
        node: &Node,
        layout: &Layout,
        shape: &[usize],
        values: &[f32],
    ) -> Result<Expression, LowerError> {
        let lengths = layout.lengths();
        let constant =
            constant(layout, shape, values).ok_or_else(|| problem(node, Problem::Axes))?;
        let elements = match constant {
            Constant::Channels(bias) => {
                return Ok(Expression {
                    terms: vec![],
                    bias,
                    within_sources: false,
                    origin: Default::default(),
                    lengths,
                });
            }
            Constant::Elements(elements) => elements,
        };
        let (weights, limit) = (elements.len(), MAX_EXPANDED_WEIGHTS);
        if weights > limit {
            return Err(problem(node, Problem::TooLarge { weights, limit }));
        }
        let maps: Vec<AxisMap> = (0..lengths.len())
            .map(|axis| {
                if axis == 0 {
                    AxisMap::IDENTITY
                } else {
                    selection(lengths[axis])
                }
            })
            .collect();
        let taps: usize = lengths[1..].iter().product();
        let mut weights = vec![0.0; elements.len()];
        for (value, offset) in elements.iter().zip(layout.offsets(lengths.len())) {
            let tap = (1..lengths.len()).rev().fold(0, |tap, axis| {
                tap * lengths[axis] + lengths[axis] - 1 - offset[axis]
            });
            weights[offset[0] * taps + tap] = *value;
        }
        let kernel = Kernel {
            maps,
            output: lengths,
            coefficients: Coefficients::Dense(weights),
        };
        let one = self.builder.one();
        one.convolved(&kernel)
            .ok_or_else(|| problem(node, Problem::Axes))
    }

    /// The factor of each channel.
    fn factors(&self, node: &'a Node, number: usize, x: &Value) -> Result<Vec<f32>, LowerError> {
        let values = self.floats(node, number)?;
        let shape = self.graph.shape(&node.inputs[number]);
        match constant(&x.layout, shape, values) {
            Some(Constant::Channels(factors)) => Ok(factors),
            Some(Constant::Elements(_)) => Err(problem(node, Problem::PositionFactor)),
            None => Err(problem(node, Problem::Axes)),
        }
    }

    /// A value times a factor for each place on the channel axis.
    pub(super) fn scale(
        &mut self,
        node: &Node,
        mut x: Value,
        factors: &[f32],
    ) -> Result<Value, LowerError> {
        let expression = self.read(node, &mut x, |x| x.expression.scaled(factors))?;
        Ok(Value { expression, ..x }.noted(node))
    }

    pub(super) fn batch_normalisation(
        &mut self,
        node: &'a Node,
        epsilon: f32,
    ) -> Result<Value, LowerError> {
        let x = self.operand(node, 0)?;
        let [scale, bias, mean, variance] = [
            self.floats(node, 1)?,
            self.floats(node, 2)?,
            self.floats(node, 3)?,
            self.floats(node, 4)?,
        ];
        let factors: Vec<f64> = (scale.iter().zip(variance))
            .map(|(scale, variance)| {
                f64::from(*scale) / libm::sqrt(f64::from(*variance) + f64::from(epsilon))
            })
            .collect();
        let shift: Vec<f32> = (bias.iter().zip(mean).zip(&factors))
            .map(|((bias, mean), factor)| (f64::from(*bias) - f64::from(*mean) * factor) as f32)
            .collect();
        let factors: Vec<f32> = factors.iter().map(|factor| *factor as f32).collect();
        // Along axis 1, whatever the rank.
        let rank = x.shape().len();
        let mut shape = vec![1; rank.saturating_sub(1)];
        shape[0] = factors.len();
        let factors = match constant(&x.layout, &shape, &factors) {
            Some(Constant::Channels(factors)) => factors,
            Some(Constant::Elements(_)) => return Err(problem(node, Problem::PositionFactor)),
            None => return Err(problem(node, Problem::Axes)),
        };
        let x = self.scale(node, x, &factors)?;
        self.add_constant(node, x, &shape, &shift)
    }

    /// `x + (1 - slope) * relu(-x)`, or a table where the slope is one number.
    pub(super) fn parametric_relu(&mut self, node: &'a Node) -> Result<Value, LowerError> {
        let mut x = self.operand(node, 0)?;
        let slopes = self.factors(node, 1, &x)?;
        if let [alpha, rest @ ..] = slopes.as_slice()
            && rest.iter().all(|slope| slope == alpha)
        {
            return self.activated(node, x, Activation::LeakyRelu { alpha: *alpha });
        }
        self.settle(node, &mut x)?;
        let negative = Value {
            layout: x.layout.clone(),
            expression: x.expression.clone().negated(),
        };
        let below = self.activated(node, negative, Activation::Relu)?;
        let factors: Vec<f32> = slopes.iter().map(|slope| 1.0 - slope).collect();
        let below = self.read(node, &mut below.clone(), |below| {
            below.expression.scaled(&factors)
        })?;
        let expression = x.expression.plus(below);
        Ok(Value { expression, ..x }.noted(node))
    }
}

/// A constant broadcast to a value of this layout, `None` where it does not broadcast.
fn constant(layout: &Layout, shape: &[usize], values: &[f32]) -> Option<Constant> {
    let strides = strides(&layout.shape(), shape)?;
    let channels = layout.lengths()[0];
    let varies = |(axis, stride): (usize, &usize)| {
        *stride > 0 && layout.atoms(axis).iter().any(|atom| atom.axis > 0)
    };
    if !strides.iter().enumerate().any(varies) {
        let mut own = vec![0.0; channels];
        for (place, index) in places(layout, &strides, |atom| atom.axis == 0) {
            own[place] = values[index];
        }
        return Some(Constant::Channels(own));
    }
    let places = places(layout, &strides, |_| true);
    Some(match uniform(&places, values, channels) {
        Some(own) => Constant::Channels(own),
        None => Constant::Elements(places.iter().map(|(_, index)| values[*index]).collect()),
    })
}

/// How far apart neighbours along each axis of the full shape lie in a constant of this shape, 0 where it is broadcast.
fn strides(full: &[usize], shape: &[usize]) -> Option<Vec<usize>> {
    let missing = full.len().checked_sub(shape.len())?;
    let mut stride = 1;
    let mut strides = vec![0; full.len()];
    for (axis, &length) in shape.iter().enumerate().rev() {
        if length == full[missing + axis] {
            strides[missing + axis] = stride;
        } else if length != 1 {
            return None;
        }
        stride *= length;
    }
    Some(strides)
}

/// For every element along the chosen atoms, in the order of the ONNX tensor: its place on the channel axis, and its index in the constant.
fn places(
    layout: &Layout,
    strides: &[usize],
    chosen: impl Fn(&Atom) -> bool,
) -> Vec<(usize, usize)> {
    let mut all = vec![(0usize, 0usize)];
    for (axis, own) in strides.iter().enumerate() {
        let atoms = layout.atoms(axis);
        let mut inner = 1;
        let mut steps = Vec::with_capacity(atoms.len());
        for atom in atoms.iter().rev() {
            steps.push((*atom, own * inner));
            inner *= atom.length;
        }
        for (atom, step) in steps.into_iter().rev().filter(|(atom, _)| chosen(atom)) {
            let channel = if atom.axis == 0 { atom.stride } else { 0 };
            all = (all.iter())
                .flat_map(|(place, index)| {
                    (0..atom.length).map(move |i| (place + i * channel, index + i * step))
                })
                .collect();
        }
    }
    all
}

/// The value of each channel, `None` where one has several.
fn uniform(places: &[(usize, usize)], values: &[f32], channels: usize) -> Option<Vec<f32>> {
    let mut own: Vec<Option<f32>> = vec![None; channels];
    let same = |(place, index): &(usize, usize)| {
        *own[*place].get_or_insert(values[*index]) == values[*index]
    };
    let uniform = places.iter().all(same);
    uniform.then(|| own.into_iter().map(Option::unwrap_or_default).collect())
}
