//! Sums and means of windows and over axes.

use alloc::vec;
use alloc::vec::Vec;

use super::convolution::{resized, window};
use super::error::{LowerError, Problem};
use super::expression::{Coefficients, Expression, at};
use super::linear::{Product, whole};
use super::maximum::MAX_BORDER;
use super::value::Value;
use super::{Lowering, problem};
use crate::graph::{Node, Reduction, WindowAxis};
use crate::integer::AxisMap;

/// Terms of an average before its axes are taken one by one.
const MAX_TERMS: usize = 25;

/// A map along one axis and its coefficient.
type Share = (AxisMap, f32);

impl Lowering<'_> {
    pub(super) fn average_pool(
        &mut self,
        node: &Node,
        axes: &[WindowAxis],
        count_include_pad: bool,
    ) -> Result<Value, LowerError> {
        let x = self.operand(node, 0)?;
        let mut image = self.image(node, x, axes.len())?;
        let shares: Vec<Vec<Share>> = axes
            .iter()
            .map(|axis| shares(axis, count_include_pad))
            .collect();
        let (positions, limit) = (
            shares.iter().map(Vec::len).max().unwrap_or(0),
            MAX_BORDER + 1,
        );
        if positions > limit {
            return Err(problem(node, Problem::Border { positions, limit }));
        }
        let terms: usize = shares.iter().map(Vec::len).product();
        let places: Vec<(usize, usize)> = (image.places.iter().copied())
            .zip(axes.iter().map(|axis| axis.output))
            .collect();
        if terms <= MAX_TERMS {
            image.value.expression = self.shared(node, &mut image.value, &places, &shares)?;
        } else {
            for (place, shares) in places.iter().zip(shares) {
                image.value.expression =
                    self.shared(node, &mut image.value, &[*place], &[shares])?;
                self.settle(node, &mut image.value)?;
            }
        }
        let layout = resized(&image, axes.iter().map(|axis| axis.output));
        Ok(image.value.with_layout(layout).noted(node))
    }

    /// The sum of all products of one share along each axis.
    fn shared(
        &mut self,
        node: &Node,
        x: &mut Value,
        places: &[(usize, usize)],
        shares: &[Vec<Share>],
    ) -> Result<Expression, LowerError> {
        let uniform = (x.expression.terms.iter())
            .all(|term| matches!(term.coefficients, Coefficients::Uniform(_)));
        if !uniform || x.expression.terms.len() > 1 {
            self.settle(node, x)?;
        }
        let products = shares
            .iter()
            .fold(vec![(vec![], 1.0f32)], |products, shares| {
                let extended = |(maps, factor): &(Vec<AxisMap>, f32)| {
                    let (maps, factor) = (maps.clone(), *factor);
                    shares
                        .iter()
                        .map(move |share| {
                            ([maps.as_slice(), &[share.0]].concat(), factor * share.1)
                        })
                        .collect::<Vec<_>>()
                };
                products.iter().flat_map(extended).collect()
            });
        let within = x.expression.within_sources && products.len() == 1;
        let mut sum: Option<Expression> = None;
        for (own, factor) in products {
            let axes = places.iter().map(|(place, _)| place + 1);
            let axes = axes.fold(x.expression.lengths.len(), usize::max);
            let mut maps = vec![AxisMap::IDENTITY; axes];
            let mut output: Vec<usize> = (0..axes)
                .map(|axis| at(&x.expression.lengths, axis))
                .collect();
            for ((place, length), map) in places.iter().zip(own) {
                maps[*place] = map;
                output[*place] = *length;
            }
            let read = self.read(node, x, |x| x.expression.view(&maps, &output, factor))?;
            sum = Some(match sum {
                None => read,
                Some(sum) => {
                    let origin = sum.origin.clone();
                    Expression {
                        origin,
                        ..sum.plus(read)
                    }
                }
            });
        }
        let mut sum = sum.ok_or_else(|| problem(node, Problem::Axes))?;
        sum.within_sources = within;
        Ok(sum)
    }

    /// Sums or means over axes.
    pub(super) fn reduce(
        &mut self,
        node: &Node,
        axes: &[usize],
        reduction: Reduction,
    ) -> Result<Value, LowerError> {
        let x = self.operand(node, 0)?;
        let x = self.reduced(node, x, axes, reduction == Reduction::Mean)?;
        self.shaped(node, x)
    }

    /// Sums or means of a value over axes, which get length one.
    pub(super) fn reduced(
        &mut self,
        node: &Node,
        mut x: Value,
        axes: &[usize],
        mean: bool,
    ) -> Result<Value, LowerError> {
        let count: usize = axes.iter().map(|&axis| x.layout.shape()[axis]).product();
        let factor = if mean { 1.0 / count as f32 } else { 1.0 };
        let alone: Vec<usize> = (0..x.expression.lengths.len())
            .filter(|&place| at(&x.expression.lengths, place) > 1 && is_reduced(&x, axes, place))
            .collect();
        let places: Vec<(usize, usize)> = alone.iter().map(|&place| (place, 1)).collect();
        let shares: Vec<Vec<Share>> = alone
            .iter()
            .map(|&place| vec![(whole(at(&x.expression.lengths, place)), 1.0)])
            .collect();
        let rest: Vec<usize> = axes
            .iter()
            .copied()
            .filter(|&axis| {
                x.layout
                    .atoms(axis)
                    .iter()
                    .any(|atom| !alone.contains(&atom.axis))
            })
            .collect();
        let shares = if rest.is_empty() {
            [shares, vec![vec![(AxisMap::IDENTITY, factor)]]].concat()
        } else {
            shares
        };
        let places = if rest.is_empty() {
            let unused = x.layout.free_axis(1);
            [places, vec![(unused, 1)]].concat()
        } else {
            places
        };
        if !places.is_empty() {
            let within = x.expression.within_sources && mean && rest.is_empty();
            x.expression = self.shared(node, &mut x, &places, &shares)?;
            x.expression.within_sources = within;
        }
        for &axis in axes {
            let kept = x
                .layout
                .atoms(axis)
                .iter()
                .filter(|atom| !alone.contains(&atom.axis));
            x.layout = x.layout.with_axis(axis, kept.copied().collect());
        }
        for (index, &axis) in rest.iter().enumerate() {
            let factor = if index == 0 { factor } else { 1.0 };
            let product = Product {
                axis,
                outputs: 1,
                placed: Some(vec![]),
                given: 0,
                weight: &|_, _| factor,
            };
            x = self.product(node, x, &product)?;
        }
        Ok(if rest.is_empty() { x.noted(node) } else { x })
    }

    /// The value under the shape that its node's output has, which differs by axes of length one.
    pub(super) fn shaped(&self, node: &Node, x: Value) -> Result<Value, LowerError> {
        let shape = &self.graph.values[node.outputs[0]].shape;
        let layout = x.layout.reshape(shape);
        let layout = layout.ok_or_else(|| problem(node, Problem::Axes))?;
        Ok(x.with_layout(layout))
    }
}

/// Whether every factor on a layered axis belongs to the axes.
fn is_reduced(x: &Value, axes: &[usize], place: usize) -> bool {
    (0..x.layout.shape().len())
        .filter(|axis| !axes.contains(axis))
        .all(|axis| x.layout.atoms(axis).iter().all(|atom| atom.axis != place))
}

/// Maps whose results, each times its coefficient, add up to the mean of each window.
///
/// The first has the coefficient of most windows; each window that counts fewer positions, at a border, gets a map of its own that
/// makes up the difference.
fn shares(axis: &WindowAxis, count_include_pad: bool) -> Vec<Share> {
    let counted = |position: usize| {
        (0..axis.kernel)
            .filter(|tap| {
                let reached = axis.stride * position + axis.dilation * tap;
                if count_include_pad {
                    reached < axis.pad_begin + axis.input + axis.pad_end
                } else {
                    axis.reach(position, *tap, axis.input).is_some()
                }
            })
            .count()
            .max(1)
    };
    let counts: Vec<usize> = (0..axis.output).map(counted).collect();
    let frequency = |count: usize| counts.iter().filter(|&&other| other == count).count();
    let usual = counts
        .iter()
        .copied()
        .max_by_key(|&count| (frequency(count), count))
        .unwrap_or(1);
    let mut shares = vec![(window(axis), 1.0 / usual as f32)];
    for (position, &count) in counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count != usual)
    {
        let taps: Vec<usize> = (0..axis.kernel)
            .filter(|&tap| axis.reach(position, tap, axis.input).is_some())
            .collect();
        let Some(first) = taps
            .first()
            .and_then(|&tap| axis.reach(position, tap, axis.input))
        else {
            continue;
        };
        // Only this position is a multiple of the divisor away from the first element read.
        let divisor = axis.output;
        let map = AxisMap {
            taps: taps.len(),
            stride: 1,
            dilation: axis.dilation * divisor,
            pad: position as i64 - (divisor * first) as i64,
            divisor,
        };
        shares.push((map, 1.0 / count as f32 - 1.0 / usual as f32));
    }
    shares
}
