//! The layers made so far.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::expression::{Coefficients, Expression, Origin, Term, at, map_at};
use crate::graph::Activation;
use crate::integer::AxisMap;
use crate::layered::{Extent, FloatLayer, FloatTerm, Gathered, Requantisation, ScaleRule, Weights};

/// What is known of a committed tensor.
struct Tensor {
    lengths: Vec<usize>,
    non_negative: bool,
    /// Tensors of one class have the same scale.
    class: usize,
    /// Of an input that holds row numbers: rows of the largest table that it chooses from, 0 as long as there is none.
    rows: Option<usize>,
}

struct Layer {
    expression: Expression,
    activation: Option<Activation>,
    scale: ScaleRule,
    gathered: Option<Gathered>,
}

/// Collects layers; tensors are the inputs and then one for each layer.
pub(super) struct Builder {
    inputs: usize,
    tensors: Vec<Tensor>,
    layers: Vec<Layer>,
    /// The tensor that holds the number one, once there is one.
    one: Option<usize>,
}

impl Builder {
    /// A builder whose first tensors are inputs of these lengths.
    pub(super) fn new(inputs: &[Vec<usize>]) -> Self {
        let tensor = |(class, lengths): (usize, &Vec<usize>)| Tensor {
            lengths: lengths.clone(),
            non_negative: false,
            class,
            rows: None,
        };
        Self {
            inputs: inputs.len(),
            tensors: inputs.iter().enumerate().map(tensor).collect(),
            layers: vec![],
            one: None,
        }
    }

    /// Whether no value of the expression can be negative.
    pub(super) fn is_non_negative(&self, expression: &Expression) -> bool {
        expression.bias.iter().all(|bias| *bias >= 0.0)
            && expression.terms.iter().all(|term| {
                self.tensors[term.source].non_negative
                    && match &term.coefficients {
                        Coefficients::Uniform(value) => *value >= 0.0,
                        Coefficients::Diagonal(weights) | Coefficients::Dense(weights) => {
                            weights.iter().all(|weight| *weight >= 0.0)
                        }
                    }
            })
    }

    /// The tensor that the expression's scale can follow: all its sources have the same scale, and no coefficient is a secret.
    pub(super) fn followed(&self, expression: &Expression) -> Option<usize> {
        let first = expression.terms.first()?.source;
        let same = |term: &Term| self.tensors[term.source].class == self.tensors[first].class;
        (expression.is_structural() && expression.terms.iter().all(same)).then_some(first)
    }

    /// Makes the expression a layer of its own, with a function after it.
    pub(super) fn commit(
        &mut self,
        expression: Expression,
        activation: Option<Activation>,
    ) -> Expression {
        let followed = self
            .followed(&expression)
            .filter(|_| expression.within_sources && activation.is_none());
        self.push(expression, activation, followed_rule(followed))
    }

    /// Makes the expression a layer whose integers are given.
    pub(super) fn commit_fixed(
        &mut self,
        expression: Expression,
        own: Requantisation,
    ) -> Expression {
        let non_negative = own.range().0 >= 0;
        let made = self.push(expression, None, ScaleRule::Fixed(Box::new(own)));
        if let Some(tensor) = self.tensors.last_mut() {
            tensor.non_negative = non_negative;
        }
        made
    }

    /// Makes the sum or the difference of two operands, the first of which has so many terms, a layer of its quarter square.
    pub(super) fn commit_quarter_square(
        &mut self,
        expression: Expression,
        first: usize,
    ) -> Expression {
        let made = self.push(expression, None, ScaleRule::QuarterSquare { first });
        // Half a product may have any sign, whatever the integers' squares have.
        if let Some(tensor) = self.tensors.last_mut() {
            tensor.non_negative = false;
        }
        made
    }

    /// Makes sums of at most `count` products a layer.
    pub(super) fn commit_products(&mut self, expression: Expression, count: usize) -> Expression {
        self.push(expression, None, ScaleRule::Products { count })
    }

    /// Says that an input holds row numbers.
    pub(super) fn hold_rows(&mut self, input: usize) {
        self.tensors[input].rows = Some(0);
    }

    /// Rows of the largest table that an input chooses from; `None` for what holds no row numbers.
    pub(super) fn rows(&self, tensor: usize) -> Option<usize> {
        self.tensors[tensor].rows
    }

    /// Whether one of the expression's sources holds row numbers.
    pub(super) fn reads_rows(&self, expression: &Expression) -> bool {
        let mut terms = expression.terms.iter();
        terms.any(|term| self.tensors[term.source].rows.is_some())
    }

    /// Whether the expression copies row numbers and nothing else.
    pub(super) fn copies_rows(&self, expression: &Expression) -> bool {
        let mut terms = expression.terms.iter();
        !expression.has_bias()
            && terms.all(|term| term.is_copy() && self.tensors[term.source].rows.is_some())
    }

    /// Makes the rows that the expression chooses a layer.
    pub(super) fn commit_gathered(
        &mut self,
        expression: Expression,
        gathered: Gathered,
    ) -> Expression {
        for term in &expression.terms {
            let rows = &mut self.tensors[term.source].rows;
            *rows = rows.map(|rows| rows.max(gathered.rows));
        }
        let non_negative = gathered.table.iter().all(|value| *value >= 0.0);
        let made = self.push(expression, None, ScaleRule::Free);
        if let Some(tensor) = self.tensors.last_mut() {
            tensor.non_negative = non_negative;
        }
        if let Some(layer) = self.layers.last_mut() {
            layer.gathered = Some(gathered);
        }
        made
    }

    /// Whether a layer reads a tensor.
    pub(super) fn is_read(&self, tensor: usize) -> bool {
        let mut layers = self.layers.iter();
        layers.any(|layer| layer.expression.reads(tensor))
    }

    /// Whether there is a layer whose integers are given.
    pub(super) fn is_fixed(&self) -> bool {
        let fixed = |layer: &Layer| matches!(layer.scale, ScaleRule::Fixed(_));
        self.layers.iter().any(fixed)
    }

    /// Applies the function of `next` to what a layer makes, if its integers are given.
    pub(super) fn then(&mut self, tensor: usize, next: &Requantisation, origin: &Origin) -> bool {
        let layer = tensor
            .checked_sub(self.inputs)
            .and_then(|layer| self.layers.get_mut(layer));
        let Some(Layer {
            scale: ScaleRule::Fixed(own),
            expression,
            ..
        }) = layer
        else {
            return false;
        };
        let values = (own.low..=own.high).map(|code| {
            let made = own.output(code.into());
            next.output(made.into())
        });
        own.function = Some(values.collect());
        expression.origin.extend(origin);
        self.tensors[tensor].non_negative = own.range().0 >= 0;
        true
    }

    /// A difference of two values with `Relu` after it, which makes a maximum: it keeps their scale where both have one.
    pub(super) fn commit_difference(&mut self, difference: Expression, within: bool) -> Expression {
        let followed = self.followed(&difference).filter(|_| within);
        let rule = followed_rule(followed);
        self.push(difference, Some(Activation::Relu), rule)
    }

    fn push(
        &mut self,
        expression: Expression,
        activation: Option<Activation>,
        scale: ScaleRule,
    ) -> Expression {
        let tensor = self.tensors.len();
        let same_scale = |term: &Term| match term.coefficients {
            Coefficients::Uniform(value) => value.abs() == 1.0,
            Coefficients::Diagonal(_) | Coefficients::Dense(_) => false,
        };
        let class = match scale {
            ScaleRule::Follows(source) if expression.terms.iter().all(same_scale) => {
                self.tensors[source].class
            }
            // Where the file gives the integers, all tensors hold integers.
            ScaleRule::Fixed(_) => 0,
            _ => tensor,
        };
        self.tensors.push(Tensor {
            lengths: expression.lengths.clone(),
            non_negative: match activation {
                Some(activation) => is_non_negative(activation),
                None => self.is_non_negative(&expression),
            },
            class,
            rows: None,
        });
        let made = Expression::tensor(tensor, expression.lengths.clone());
        self.layers.push(Layer {
            expression,
            activation,
            scale,
            gathered: None,
        });
        made
    }

    /// The number one as a tensor, for constants that differ between positions: a layer of a bias alone.
    pub(super) fn one(&mut self) -> Expression {
        let tensor = match self.one {
            Some(tensor) => tensor,
            None => {
                let first = Expression::tensor(0, self.tensors[0].lengths.clone());
                let corner = vec![AxisMap::IDENTITY; first.lengths.len()];
                let zero = first
                    .view(&corner, &[1], 0.0)
                    .unwrap_or_else(|| Expression::tensor(0, vec![1]));
                let mut one = zero.shifted(&[1.0]);
                one.origin = Origin::default();
                one.origin.add("one", "Constant");
                self.push(one, None, ScaleRule::Free);
                self.tensors.len() - 1
            }
        };
        self.one = Some(tensor);
        Expression::tensor(tensor, vec![1])
    }

    /// Number of layers.
    pub(super) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Whether the tensor is an input.
    pub(super) fn is_input(&self, tensor: usize) -> bool {
        tensor < self.inputs
    }

    /// Number of position axes that the tensors have.
    pub(super) fn position_axes(&self) -> usize {
        let long = |lengths: &[usize]| lengths.iter().rposition(|length| *length > 1);
        let lengths = self
            .tensors
            .iter()
            .filter_map(|tensor| long(&tensor.lengths));
        // Padding may give an axis of length one several taps.
        let taps = |term: &Term| term.maps.iter().rposition(|map| map.taps > 1);
        let terms = self.layers.iter().flat_map(|layer| &layer.expression.terms);
        lengths.chain(terms.filter_map(taps)).max().unwrap_or(0)
    }

    /// The layers over this many position axes.
    pub(super) fn finish(self, positions: usize) -> Vec<FloatLayer> {
        let layer = |layer: Layer| {
            let expression = layer.expression;
            FloatLayer {
                name: expression.origin.name.unwrap_or_default(),
                operators: expression.origin.operators,
                extent: extent(&expression.lengths, positions),
                terms: (expression.terms.into_iter())
                    .map(|term| finished(term, positions))
                    .collect(),
                bias: expression.bias,
                activation: layer.activation,
                gathered: layer.gathered,
                scale: layer.scale,
            }
        };
        self.layers.into_iter().map(layer).collect()
    }
}

fn followed_rule(followed: Option<usize>) -> ScaleRule {
    followed.map_or(ScaleRule::Free, ScaleRule::Follows)
}

/// An extent of layered lengths.
pub(super) fn extent(lengths: &[usize], positions: usize) -> Extent {
    Extent {
        positions: (1..=positions)
            .rev()
            .map(|axis| at(lengths, axis))
            .collect(),
        channels: at(lengths, 0),
    }
}

fn finished(term: Term, positions: usize) -> FloatTerm {
    FloatTerm {
        source: term.source,
        maps: (1..=positions)
            .rev()
            .map(|axis| map_at(&term.maps, axis))
            .collect(),
        weights: match term.coefficients {
            Coefficients::Uniform(coefficient) => Weights::Structural {
                channels: map_at(&term.maps, 0),
                coefficient,
            },
            Coefficients::Diagonal(weights) => Weights::Diagonal(weights),
            Coefficients::Dense(weights) => Weights::Dense(weights),
        },
    }
}

fn is_non_negative(activation: Activation) -> bool {
    match activation {
        Activation::Relu
        | Activation::Sigmoid
        | Activation::Softplus
        | Activation::Exp
        | Activation::Abs
        | Activation::HardSigmoid { .. } => true,
        Activation::Clip { min, .. } => min >= 0.0,
        Activation::Power { exponent } => exponent.is_multiple_of(2),
        Activation::ThresholdedRelu { alpha } => alpha >= 0.0,
        _ => false,
    }
}
