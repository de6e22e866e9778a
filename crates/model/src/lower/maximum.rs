//! Maxima and minima: `max(a, b) = b + relu(a - b)`, so that each maximum of two is one layer of a difference.
//!
//! The maximum of a window is that of two smaller windows, which may overlap. A plan chooses them such that the fewest differences are
//! taken: neighbouring windows share what they can.

use alloc::collections::BTreeMap;
use alloc::vec;

use super::compose::greatest_common_divisor;
use super::convolution::resized;
use super::error::{LowerError, Problem};
use super::expression::{Expression, at};
use super::value::Value;
use super::{Lowering, problem};
use crate::graph::{Node, Operand, WindowAxis};
use crate::integer::AxisMap;

/// What a layer costs, in cells.
const COST_OF_A_LAYER: usize = 64;
/// Windows of at most this many elements may also be taken apart one element at a time.
const MAX_ONE_BY_ONE: usize = 16;
/// The most positions of a border around values that may be negative.
pub(super) const MAX_BORDER: usize = 32;
/// An expression of more terms becomes cells before more is made of it.
const MAX_TERMS: usize = 8;

/// Windows of one length at positions `start + step * i`, `i < count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Windows {
    length: usize,
    step: usize,
    count: usize,
}

/// How the maximum of windows is made of those of smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Split {
    /// A window of one element is that element.
    Element,
    /// One set of windows serves as first and as second part: `inner` holds both.
    Shared {
        inner: Windows,
        /// Distance of the second part, in windows of the inner set.
        offset: usize,
        /// Distance of two outer windows, in windows of the inner set.
        stride: usize,
    },
    /// The two parts are made one by one, the second right after the first.
    Apart { first: usize },
}

/// The cheapest splits, each with its cost in cells.
struct Planner {
    dilation: usize,
    /// Cells for one window.
    width: usize,
    known: BTreeMap<Windows, (usize, Split)>,
}

impl Planner {
    fn plan(&mut self, windows: Windows) -> (usize, Split) {
        if windows.length == 1 {
            return (0, Split::Element);
        }
        if let Some(known) = self.known.get(&windows) {
            return *known;
        }
        let half = windows.length.div_ceil(2);
        let power = half.next_power_of_two().min(windows.length - 1);
        let own = windows.count * self.width + COST_OF_A_LAYER;
        let mut best: Option<(usize, Split)> = None;
        let last = (windows.length <= MAX_ONE_BY_ONE).then_some(windows.length - 1);
        for first in [half, power].into_iter().chain(last) {
            let shared = self.shared(windows, first);
            let Split::Shared { inner, .. } = shared else {
                continue;
            };
            let apart = self.plan(Windows {
                length: first,
                ..windows
            });
            let rest = self.plan(Windows {
                length: windows.length - first,
                ..windows
            });
            let options = [
                (own + self.plan(inner).0, shared),
                (own + apart.0 + rest.0, Split::Apart { first }),
            ];
            for option in options {
                if best.is_none_or(|best| option.0 < best.0) {
                    best = Some(option);
                }
            }
        }
        let best = best.unwrap_or((0, Split::Element));
        self.known.insert(windows, best);
        best
    }

    /// Windows of `first` elements that hold both parts of each window.
    fn shared(&self, windows: Windows, first: usize) -> Split {
        let offset = (windows.length - first) * self.dilation;
        let step = if windows.count == 1 {
            offset
        } else {
            greatest_common_divisor(windows.step, offset)
        };
        Split::Shared {
            inner: Windows {
                length: first,
                step,
                count: ((windows.count - 1) * windows.step + offset) / step + 1,
            },
            offset: offset / step,
            stride: if windows.count == 1 {
                1
            } else {
                windows.step / step
            },
        }
    }
}

impl<'a> Lowering<'a> {
    pub(super) fn max_pool(
        &mut self,
        node: &Node,
        axes: &[WindowAxis],
    ) -> Result<Value, LowerError> {
        let mut x = self.operand(node, 0)?;
        self.settle_unless_view(node, &mut x)?;
        let mut image = self.image(node, x, axes.len())?;
        for (axis, place) in axes.iter().zip(image.places.clone()) {
            let padded = self.padded(node, &mut image.value, axis, place)?;
            let windows = Windows {
                length: axis.kernel,
                step: axis.stride,
                count: axis.output,
            };
            let planar = Planar {
                axis: place,
                dilation: axis.dilation,
            };
            image.value.expression = self.windows(node, &padded, planar, windows)?;
        }
        let layout = resized(&image, axes.iter().map(|axis| axis.output));
        Ok(image.value.with_layout(layout).noted(node))
    }

    /// The largest or smallest element over axes.
    pub(super) fn reduce_maximum(
        &mut self,
        node: &Node,
        axes: &[usize],
        smallest: bool,
    ) -> Result<Value, LowerError> {
        let mut x = self.operand(node, 0)?;
        let mixed = |x: &Value, axis: usize| x.shape()[axis] > 1 && x.layout.whole(axis).is_none();
        if axes.iter().any(|&axis| mixed(&x, axis)) {
            x = self.apart(node, x)?;
        }
        self.settle_unless_view(node, &mut x)?;
        if smallest {
            x.expression = negated(x.expression);
        }
        for &axis in axes {
            let Some(place) = x.layout.whole(axis) else {
                continue;
            };
            let windows = Windows {
                length: at(&x.expression.lengths, place),
                step: 1,
                count: 1,
            };
            let planar = Planar {
                axis: place,
                dilation: 1,
            };
            x.expression = self.windows(node, &x.expression.clone(), planar, windows)?;
            x.layout = x.layout.with_axis(axis, vec![]);
        }
        if smallest {
            x.expression = negated(x.expression);
        }
        let x = self.shaped(node, x)?;
        Ok(x.noted(node))
    }

    /// The larger or smaller of two tensors.
    pub(super) fn extremum(&mut self, node: &'a Node, smaller: bool) -> Result<Value, LowerError> {
        let sign = |expression: Expression| {
            if smaller {
                negated(expression)
            } else {
                expression
            }
        };
        let (a, b) = match (&node.inputs[0], &node.inputs[1]) {
            (Operand::Value(_), Operand::Value(_)) => {
                let (a, b) = (self.operand(node, 0)?, self.operand(node, 1)?);
                self.aligned(node, a, b)?
            }
            (Operand::Value(_), Operand::Constant(_)) => {
                let a = self.operand(node, 0)?;
                let a = self.broadcast_for(node, a)?;
                let b = self.constant(node, 1, &a)?;
                (a, b)
            }
            (Operand::Constant(_), Operand::Value(_)) => {
                let a = self.operand(node, 1)?;
                let a = self.broadcast_for(node, a)?;
                let b = self.constant(node, 0, &a)?;
                (a, b)
            }
            _ => return Err(problem(node, Problem::Operator)),
        };
        let mut b = b;
        self.settle_unless_view(node, &mut b)?;
        let within = a.expression.within_sources && b.expression.within_sources;
        let larger = self.larger(node, sign(a.expression), sign(b.expression), within)?;
        Ok(Value {
            layout: a.layout,
            expression: sign(larger),
        }
        .noted(node))
    }

    /// `b + relu(a - b)`.
    fn larger(
        &mut self,
        node: &Node,
        a: Expression,
        b: Expression,
        within: bool,
    ) -> Result<Expression, LowerError> {
        let mut difference = a.plus(b.clone().negated());
        difference.origin.operators.clear();
        difference.origin.add(&node.name, &node.operator);
        super::finite(node, &difference)?;
        let excess = self.builder.commit_difference(difference, within);
        let mut larger = b.plus(excess);
        larger.within_sources = within;
        Ok(larger)
    }

    /// Settles what has weights, taps or a bias of its own, or many terms.
    fn settle_unless_view(&mut self, node: &Node, x: &mut Value) -> Result<(), LowerError> {
        let terms = &x.expression.terms;
        let copies = terms.iter().all(super::expression::Term::is_copy);
        // A constant has no term or one; its coefficients are nobody's difference.
        if !terms.is_empty() && (!copies || x.expression.has_bias() || terms.len() > MAX_TERMS) {
            self.settle(node, x)?;
        }
        Ok(())
    }

    /// The axis from the first element of the first window to the last of the last, so that no window reaches outside.
    ///
    /// Padding must never win. Where no value is negative, nothing read is as good as zero; elsewhere each position of the border reads
    /// the nearest element that every window with this position has too.
    fn padded(
        &mut self,
        node: &Node,
        x: &mut Value,
        axis: &WindowAxis,
        place: usize,
    ) -> Result<Expression, LowerError> {
        let length = (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1;
        let shift = AxisMap {
            pad: axis.pad_begin as i64,
            ..AxisMap::IDENTITY
        };
        let mut padded = self.read(node, x, |x| x.expression.along(place, shift, length))?;
        let within = x.expression.within_sources;
        let outside =
            |position: usize| position < axis.pad_begin || position >= axis.pad_begin + axis.input;
        if !self.builder.is_non_negative(&x.expression) {
            let positions = (0..length).filter(|&position| outside(position)).count();
            let limit = MAX_BORDER;
            if positions > limit {
                return Err(problem(node, Problem::Border { positions, limit }));
            }
            for position in (0..length).filter(|&position| outside(position)) {
                let Some(nearest) = nearest(axis, position) else {
                    continue;
                };
                let single = single(position, nearest, length.max(axis.input));
                let element = self.read(node, x, |x| x.expression.along(place, single, length))?;
                padded = padded.plus(element);
            }
        }
        padded.within_sources = within;
        Ok(padded)
    }

    fn windows(
        &mut self,
        node: &Node,
        x: &Expression,
        planar: Planar,
        windows: Windows,
    ) -> Result<Expression, LowerError> {
        let width = (x.lengths.iter().enumerate())
            .filter(|(axis, _)| *axis != planar.axis)
            .map(|(_, length)| length)
            .product();
        let mut planner = Planner {
            dilation: planar.dilation,
            width,
            known: BTreeMap::new(),
        };
        planner.plan(windows);
        self.largest(node, x, (planar, &planner), (windows, 0))
    }

    /// The maxima of windows of `x` from position `start`.
    fn largest(
        &mut self,
        node: &Node,
        x: &Expression,
        (planar, planner): (Planar, &Planner),
        (windows, start): (Windows, usize),
    ) -> Result<Expression, LowerError> {
        let axes = || problem(node, Problem::Axes);
        let progression = |start: usize, stride: usize| AxisMap {
            stride,
            pad: -(start as i64),
            ..AxisMap::IDENTITY
        };
        let split = planner
            .known
            .get(&windows)
            .map_or(Split::Element, |known| known.1);
        let (a, b) = match split {
            Split::Element => {
                return x
                    .along(planar.axis, progression(start, windows.step), windows.count)
                    .ok_or_else(axes);
            }
            Split::Shared {
                inner,
                offset,
                stride,
            } => {
                let inner = self.largest(node, x, (planar, planner), (inner, start))?;
                let part =
                    |start| inner.along(planar.axis, progression(start, stride), windows.count);
                (part(0).ok_or_else(axes)?, part(offset).ok_or_else(axes)?)
            }
            Split::Apart { first } => {
                let mut part = |length, start| {
                    let part = Windows { length, ..windows };
                    self.largest(node, x, (planar, planner), (part, start))
                };
                let second = start + first * planar.dilation;
                (part(first, start)?, part(windows.length - first, second)?)
            }
        };
        let within = a.within_sources && b.within_sources;
        let mut larger = self.larger(node, a, b, within)?;
        if larger.terms.len() > MAX_TERMS {
            larger.origin.operators.clear();
            larger.origin.add(&node.name, &node.operator);
            larger = self.builder.commit(larger, None);
        }
        larger.origin = x.origin.clone();
        Ok(larger)
    }
}

/// The axis that windows slide along, and the distance of their elements.
#[derive(Clone, Copy, Debug)]
struct Planar {
    axis: usize,
    dilation: usize,
}

/// The element nearest to a position of the border that is a whole number of dilations away, if there is one.
fn nearest(axis: &WindowAxis, position: usize) -> Option<usize> {
    if position < axis.pad_begin {
        let outside = axis.pad_begin - position;
        let element = outside.div_ceil(axis.dilation) * axis.dilation - outside;
        Some(element).filter(|element| *element < axis.input)
    } else {
        let outside = position - axis.pad_begin - axis.input + 1;
        let back = outside.div_ceil(axis.dilation) * axis.dilation - outside;
        (axis.input - 1).checked_sub(back)
    }
}

/// The map that reads source position `q` at output position `p` and nothing elsewhere; `length` is that of the longer side.
pub(super) fn single(p: usize, q: usize, length: usize) -> AxisMap {
    AxisMap {
        pad: p as i64 - (length * q) as i64,
        divisor: length,
        ..AxisMap::IDENTITY
    }
}

/// Negated, with values still between those of its sources: what is negated twice.
fn negated(expression: Expression) -> Expression {
    let within = expression.within_sources;
    let mut negated = expression.negated();
    negated.within_sources = within;
    negated
}
