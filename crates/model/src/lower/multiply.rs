//! Products of two activations, by quarter squares: `a b = floor((a + b)^2 / 4) - floor((a - b)^2 / 4)` on integers, whose sum and difference
//! are both even or both odd.
//!
//! So a product takes one cell for its sum, one for its difference, and a linear layer adds what belongs to one output: one product for
//! `Mul`, as many as the operands' rows are long for `MatMul`. The sums are of *codes*, whatever their scales, so that nothing is lost where
//! one operand is a gate between 0 and 1 and the other is large.

use alloc::vec::Vec;

use super::error::{LowerError, MAX_EXPONENT, MIN_EXPONENT, Problem};
use super::expression::{Coefficients, Expression};
use super::value::Value;
use super::{Lowering, finite, problem};
use crate::graph::{Activation, Elements, Gemm, Node, Operand};

/// The most products of one node.
const MAX_PRODUCTS: usize = 1 << 22;
/// What becomes cells to be multiplied has as many codes as there are bits, and so the table of squares has few rows.
const OPERAND: Activation = Activation::Clip {
    min: f32::NEG_INFINITY,
    max: f32::INFINITY,
};

impl<'a> Lowering<'a> {
    /// `Mul` of two activations.
    pub(super) fn multiplied(&mut self, node: &Node) -> Result<Value, LowerError> {
        let (a, b) = (self.operand(node, 0)?, self.operand(node, 1)?);
        if node.inputs[0].value() == node.inputs[1].value() {
            return self.activated(node, a, Activation::Power { exponent: 2 });
        }
        self.check_products(node, 1)?;
        self.products(node, (a, b), None)
    }

    /// `Pow` with one small whole number as exponent.
    pub(super) fn power(&mut self, node: &'a Node) -> Result<Value, LowerError> {
        let Operand::Constant(exponents) = &node.inputs[1] else {
            return Err(problem(node, Problem::ConstantOperand));
        };
        let exponents: Vec<f32> = match exponents.elements() {
            Elements::Floats(exponents) => exponents.clone(),
            Elements::Ints(exponents) => exponents.iter().map(|whole| *whole as f32).collect(),
        };
        let exponent = exponents.first().copied().unwrap_or(0.0);
        let whole = (MIN_EXPONENT..=MAX_EXPONENT).find(|&whole| exponent == whole as f32);
        let whole = whole.filter(|_| exponents.iter().all(|other| *other == exponent));
        let x = self.operand(node, 0)?;
        let x = self.broadcast_for(node, x)?;
        match whole.ok_or_else(|| problem(node, Problem::Exponent))? {
            1 => Ok(x.noted(node)),
            exponent => self.activated(node, x, Activation::Power { exponent }),
        }
    }

    /// `MatMul` of two activations.
    pub(super) fn matmul_of_activations(&mut self, node: &Node) -> Result<Value, LowerError> {
        let (a, b) = (self.operand(node, 0)?, self.operand(node, 1)?);
        let made = self.matrix_product(node, a, b)?;
        self.shaped(node, made)
    }

    /// `alpha * a * b` of a `Gemm` of two activations.
    pub(super) fn gemm_of_activations(
        &mut self,
        node: &Node,
        gemm: Gemm,
    ) -> Result<Value, LowerError> {
        let mut operands = [self.operand(node, 0)?, self.operand(node, 1)?];
        let transposed = [gemm.transpose_a, gemm.transpose_b];
        for (operand, _) in operands.iter_mut().zip(transposed).filter(|(_, own)| *own) {
            operand.layout = operand.layout.transpose(&[1, 0]);
        }
        let [a, b] = operands;
        let made = self.matrix_product(node, a, b)?;
        let made = self.shaped(node, made)?;
        self.times(node, made, gemm.alpha)
    }

    /// `a [.., m, k]` times `b [.., k, n]`, as `[.., m, n, 1]`; a vector is one row or one column.
    fn matrix_product(&mut self, node: &Node, a: Value, b: Value) -> Result<Value, LowerError> {
        let axes = || problem(node, Problem::Axes);
        let (mut left, mut right) = (a.shape(), b.shape());
        let length = left.last().copied().unwrap_or(1);
        self.check_products(node, length)?;
        // a as [.., m, 1, k]
        if left.len() == 1 {
            left.insert(0, 1);
        }
        left.insert(left.len() - 1, 1);
        let a_layout = a.layout.reshape(&left).ok_or_else(axes)?;
        // b as [.., 1, n, k]
        if right.len() == 1 {
            right.push(1);
        }
        right.insert(right.len() - 2, 1);
        let mut order: Vec<usize> = (0..right.len()).collect();
        order.swap(right.len() - 2, right.len() - 1);
        let b_layout = b.layout.reshape(&right).ok_or_else(axes)?.transpose(&order);
        let operands = (a.with_layout(a_layout), b.with_layout(b_layout));
        self.products(node, operands, Some(length))
    }

    /// Refuses a node that makes too many products, `each` for an element of its result.
    fn check_products(&self, node: &Node, each: usize) -> Result<(), LowerError> {
        let elements = self.graph.values[node.outputs[0]].elements();
        let (products, limit) = (elements.saturating_mul(each), MAX_PRODUCTS);
        if products > limit {
            return Err(problem(node, Problem::Products { products, limit }));
        }
        Ok(())
    }

    /// The products of all elements, broadcast to each other, or their sums over the last axis, which has the length given.
    fn products(
        &mut self,
        node: &Node,
        (a, b): (Value, Value),
        summed: Option<usize>,
    ) -> Result<Value, LowerError> {
        let (a, b) = self.together(node, a, b)?;
        let (a, b) = (self.factor(node, a)?, self.factor(node, b)?);
        let (a, b) = self.joined(node, a, b)?;
        let sum = self.quarter_squares(node, a.clone(), b.expression.clone());
        let difference = self.quarter_squares(node, a, b.expression.negated());
        let (sum, difference) = match summed {
            None => (sum, difference),
            Some(_) => {
                let last = [sum.shape().len() - 1];
                (
                    self.reduced(node, sum, &last, false)?,
                    self.reduced(node, difference, &last, false)?,
                )
            }
        };
        let mut expression = sum.expression.plus(difference.expression.negated());
        expression.origin = Default::default();
        expression.origin.add(&node.name, &node.operator);
        let count = summed.unwrap_or(1);
        Ok(Value {
            layout: sum.layout,
            expression: self.builder.commit_products(expression, count),
        })
    }

    /// A value whose elements are codes of one scale: cells, or copies of them.
    fn factor(&mut self, node: &Node, mut x: Value) -> Result<Value, LowerError> {
        let copies = x
            .expression
            .terms
            .iter()
            .all(|term| term.is_copy() && term.coefficients == Coefficients::Uniform(1.0));
        let one_scale = self.builder.followed(&x.expression).is_some();
        if copies && one_scale && x.expression.is_view() {
            return Ok(x);
        }
        if copies && one_scale && x.expression.within_sources {
            self.settle(node, &mut x)?;
            return Ok(x);
        }
        finite(node, &x.expression)?;
        if x.expression.origin.operators.is_empty() {
            x.expression.origin.add(&node.name, &node.operator);
        }
        x.expression = self.builder.commit(x.expression, Some(OPERAND));
        Ok(x)
    }

    /// The layer of the quarter squares of `a + b`.
    fn quarter_squares(&mut self, node: &Node, a: Value, b: Expression) -> Value {
        let first = a.expression.terms.len();
        let mut sum = a.expression;
        // Not merged, though both may read one tensor: what is read first is the first operand.
        sum.terms.extend(b.terms);
        sum.within_sources = false;
        sum.origin = Default::default();
        sum.origin.add(&node.name, &node.operator);
        Value {
            layout: a.layout,
            expression: self.builder.commit_quarter_square(sum, first),
        }
    }
}
