//! Activations that exporters take apart: Gelu in both forms, SiLU, HardSwish, Mish.
//!
//! All of them are a product `constant * x * gate(x)`, in any order and with any nesting. So every product is flattened into its
//! factors, and the gate is matched. A match turns the product's last node into the activation; what nobody reads any more is pruned
//! later.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use crate::graph::{Activation, Binary, FloatGraph, Node, Operand, Operation};

/// How far a constant may be from the textbook's, relatively: exporters round it to a few digits.
const TOLERANCE: f64 = 1e-3;
/// The most factors of a product, and the deepest nesting, that are looked at.
const MAX_FACTORS: usize = 4;

/// Replaces taken-apart activations by their own operation.
pub(super) fn recognise(graph: &mut FloatGraph) {
    let matcher = Matcher::new(graph);
    let found: Vec<(usize, usize, Activation)> = (0..graph.nodes.len())
        .filter_map(|index| {
            let (x, activation) = matcher.activation(index)?;
            Some((index, x, activation))
        })
        .collect();
    for (index, x, activation) in found {
        let node = &mut graph.nodes[index];
        node.inputs = vec![Operand::Value(x)];
        node.operation = Operation::Activation(activation);
    }
}

struct Matcher<'g> {
    graph: &'g FloatGraph,
    /// For each value that a node makes alone, that node.
    makers: BTreeMap<usize, usize>,
}

/// A product, flattened.
struct Product {
    constant: f64,
    factors: Vec<usize>,
}

fn close(actual: f64, expected: f64) -> bool {
    (actual / expected - 1.0).abs() < TOLERANCE
}

impl<'g> Matcher<'g> {
    fn new(graph: &'g FloatGraph) -> Self {
        let makers = graph.nodes.iter().enumerate();
        let makers = makers.filter_map(|(index, node)| match *node.outputs.as_slice() {
            [value] => Some((value, index)),
            _ => None,
        });
        Self {
            graph,
            makers: makers.collect(),
        }
    }

    fn maker(&self, value: usize) -> Option<&'g Node> {
        self.makers
            .get(&value)
            .map(|&index| &self.graph.nodes[index])
    }

    /// The operand and the activation that the product of this node computes.
    fn activation(&self, index: usize) -> Option<(usize, Activation)> {
        let node = &self.graph.nodes[index];
        if !matches!(node.operation, Operation::Binary(Binary::Mul | Binary::Div)) {
            return None;
        }
        let product = self.product(*node.outputs.first()?)?;
        let [a, b] = *product.factors.as_slice() else {
            return None;
        };
        [(a, b), (b, a)].into_iter().find_map(|(x, gate)| {
            let same =
                self.graph.values[x].shape == self.graph.values[*node.outputs.first()?].shape;
            let activation = self.gate(x, gate, product.constant)?;
            same.then_some((x, activation))
        })
    }

    /// The activation `constant * x * gate`.
    fn gate(&self, x: usize, gate: usize, constant: f64) -> Option<Activation> {
        let node = self.maker(gate)?;
        match node.operation {
            Operation::Activation(Activation::Sigmoid) => {
                (close(constant, 1.0) && self.reads(node, x)).then_some(Activation::Silu)
            }
            Operation::Activation(Activation::HardSigmoid { alpha, beta }) => {
                let textbook = close(f64::from(alpha), 1.0 / 6.0) && close(f64::from(beta), 0.5);
                (textbook && close(constant, 1.0) && self.reads(node, x))
                    .then_some(Activation::HardSwish)
            }
            Operation::Activation(Activation::Clip { min: 0.0, max: 6.0 }) => {
                let (shifted, three) = self.sum(node.inputs.first()?.value()?)?;
                (shifted == x && close(three, 3.0) && close(constant, 1.0 / 6.0))
                    .then_some(Activation::HardSwish)
            }
            Operation::Activation(Activation::Tanh) => {
                let inner = self.maker(node.inputs.first()?.value()?)?;
                let softplus = inner.operation == Operation::Activation(Activation::Softplus);
                (softplus && close(constant, 1.0) && self.reads(inner, x))
                    .then_some(Activation::Mish)
            }
            Operation::Binary(Binary::Add) if close(constant, 0.5) => self.gelu(x, gate),
            _ => None,
        }
    }

    fn reads(&self, node: &Node, x: usize) -> bool {
        node.inputs.first().and_then(Operand::value) == Some(x)
    }

    /// The Gelu whose gate is `1 + erf(..)` or `1 + tanh(..)`.
    fn gelu(&self, x: usize, gate: usize) -> Option<Activation> {
        let (inner, one) = self.sum(gate)?;
        let node = self.maker(inner).filter(|_| close(one, 1.0))?;
        let argument = self.product(node.inputs.first()?.value()?)?;
        match (&node.operation, argument.factors.as_slice()) {
            (Operation::Activation(Activation::Erf), [factor]) => {
                let textbook = close(argument.constant, core::f64::consts::FRAC_1_SQRT_2);
                (textbook && *factor == x).then_some(Activation::Gelu)
            }
            (Operation::Activation(Activation::Tanh), factors) => {
                let root = libm::sqrt(2.0 * core::f64::consts::FRAC_1_PI);
                let cubic = match *factors {
                    // sqrt(2 / pi) * (x + 0.044715 * x^3)
                    [sum] => self.cubic(x, sum),
                    // sqrt(2 / pi) * x * (1 + 0.044715 * x^2)
                    [a, b] if a == x => self.quadratic(x, b),
                    [a, b] if b == x => self.quadratic(x, a),
                    _ => false,
                };
                (cubic && close(argument.constant, root)).then_some(Activation::GeluTanh)
            }
            _ => None,
        }
    }

    fn cubic(&self, x: usize, sum: usize) -> bool {
        let Some([Operand::Value(a), Operand::Value(b)]) = self.addends(sum) else {
            return false;
        };
        [(*a, *b), (*b, *a)]
            .into_iter()
            .any(|(plain, power)| plain == x && self.is_power(power, x, 3))
    }

    fn quadratic(&self, x: usize, sum: usize) -> bool {
        self.sum(sum)
            .is_some_and(|(power, one)| close(one, 1.0) && self.is_power(power, x, 2))
    }

    /// Whether a value is `0.044715 * x^exponent`.
    fn is_power(&self, value: usize, x: usize, exponent: usize) -> bool {
        self.product(value).is_some_and(|product| {
            close(product.constant, 0.044_715) && product.factors == vec![x; exponent]
        })
    }

    /// The operands of a sum.
    fn addends(&self, value: usize) -> Option<&'g [Operand; 2]> {
        let node = self.maker(value)?;
        let sum = node.operation == Operation::Binary(Binary::Add);
        node.inputs.as_slice().try_into().ok().filter(|_| sum)
    }

    /// The summand and the constant of a sum of a value and a number.
    fn sum(&self, value: usize) -> Option<(usize, f64)> {
        match self.addends(value)? {
            [Operand::Value(x), constant] | [constant, Operand::Value(x)] => {
                Some((*x, number(constant)?))
            }
            _ => None,
        }
    }

    /// The factors of a value, itself alone when it is no product.
    fn product(&self, value: usize) -> Option<Product> {
        let mut product = Product {
            constant: 1.0,
            factors: Vec::new(),
        };
        self.collect(value, MAX_FACTORS, &mut product)?;
        Some(product)
    }

    fn collect(&self, value: usize, depth: usize, product: &mut Product) -> Option<()> {
        let node = self.maker(value).filter(|_| depth > 0);
        match node.map(|node| (&node.operation, node.inputs.as_slice())) {
            Some((Operation::Binary(Binary::Mul), [a, b])) => {
                for operand in [a, b] {
                    match (operand, number(operand)) {
                        (Operand::Value(factor), _) => self.collect(*factor, depth - 1, product)?,
                        (_, Some(constant)) => product.constant *= constant,
                        _ => return None,
                    }
                }
            }
            Some((Operation::Binary(Binary::Div), [Operand::Value(factor), constant]))
                if number(constant).is_some() =>
            {
                product.constant /= number(constant)?;
                self.collect(*factor, depth - 1, product)?;
            }
            Some((Operation::Binary(Binary::Pow), [Operand::Value(base), exponent]))
                if number(exponent).is_some() =>
            {
                let exponent = number(exponent)?;
                if exponent != 2.0 && exponent != 3.0 {
                    return None;
                }
                for _ in 0..exponent as usize {
                    product.factors.push(*base);
                }
            }
            _ => product.factors.push(value),
        }
        (product.factors.len() <= MAX_FACTORS).then_some(())
    }
}

/// The number that a constant of one element is.
fn number(operand: &Operand) -> Option<f64> {
    let tensor = operand.constant()?;
    match (tensor.len(), tensor.as_floats(), tensor.as_ints()) {
        (1, Some(&[value]), _) => Some(f64::from(value)),
        (1, _, Some(&[value])) => Some(value as f64),
        _ => None,
    }
}
