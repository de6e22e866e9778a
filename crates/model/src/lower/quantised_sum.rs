//! Sums, means and concatenations of the integers of quantised tensors.
//!
//! Each operand of a sum has a multiplier of its own, an `f32` and so a whole number of some power of two: these numbers are the weights,
//! and the power is what both are rounded with, once.

use alloc::vec;
use alloc::vec::Vec;

use super::codes::Real;
use super::error::{LowerError, Problem};
use super::expression::at;
use super::value::Value;
use super::{Lowering, problem};
use crate::graph::Node;
use crate::integer::AxisMap;

/// The finest unit that is tried.
const MAX_HALVINGS: usize = 60;
/// Weights have 32 bits.
const MAX_WEIGHT: f32 = 2_147_483_520.0;

impl<'a> Lowering<'a> {
    /// `QLinearAdd`.
    pub(super) fn quantised_sum(&mut self, node: &Node) -> Result<Value, LowerError> {
        let [left, right] = [self.integer_scale(node, 0)?, self.integer_scale(node, 3)?];
        let scale = self.parameters(node, &node.inputs[6..8])?.scale;
        let ratios = [left / scale, right / scale];
        let unit = unit(ratios).ok_or_else(|| problem(node, Problem::Ratio))?;
        let (a, b) = (self.operand(node, 0)?, self.operand(node, 3)?);
        let (a, b) = self.aligned(node, a, b)?;
        let times = |x: &Value, factor: f32| {
            let axes = x.expression.lengths.len();
            let maps: Vec<AxisMap> = (0..axes).map(|_| AxisMap::IDENTITY).collect();
            let made = x.expression.view(&maps, &x.expression.lengths, factor);
            made.ok_or_else(|| problem(node, Problem::Axes))
        };
        let weighted = [times(&a, ratios[0] / unit)?, times(&b, ratios[1] / unit)?];
        let [first, second] = weighted;
        let value = Value {
            layout: a.layout,
            expression: first.plus(second),
        };
        self.rounded(node, (value, unit), &node.inputs[6..8])
    }

    /// `QLinearConcat`: each part gets the scale of the whole, by a table where it has another one.
    pub(super) fn quantised_concat(
        &mut self,
        node: &'a Node,
        axis: usize,
    ) -> Result<Value, LowerError> {
        let to = self.parameters(node, &node.inputs[..2])?;
        let mut parts = Vec::new();
        for number in (2..node.inputs.len()).step_by(3) {
            let from = self.parameters(node, &node.inputs[number + 1..number + 3])?;
            let codes = self.operand_codes(node, number, from.zero)?;
            let real = Real {
                scale: from.scale,
                activations: vec![],
            };
            let values = codes.requantised(&real, to);
            let x = self.operand(node, number)?;
            parts.push(Some(self.requantised(node, x, (&codes, values))?));
        }
        self.codes[node.outputs[0]] = Some(to.codes());
        self.concatenated(node, axis, parts)
    }

    /// `QLinearGlobalAveragePool`.
    pub(super) fn quantised_mean(&mut self, node: &Node) -> Result<Value, LowerError> {
        let from = self.integer_scale(node, 0)?;
        let scale = self.parameters(node, &node.inputs[3..5])?.scale;
        let x = self.operand(node, 0)?;
        let axes: Vec<usize> = (2..x.shape().len()).collect();
        let count: usize = axes.iter().map(|&axis| at(&x.shape(), axis)).product();
        let sum = self.reduced(node, x, &axes, false)?;
        let multiplier = from / (scale * count as f32);
        self.rounded(node, (sum, multiplier), &node.inputs[3..5])
    }
}

/// The largest power of two of which both are whole multiples, `None` where one of them is no weight then.
fn unit(ratios: [f32; 2]) -> Option<f32> {
    let whole = |unit: f32| {
        ratios
            .iter()
            .all(|ratio| libm::truncf(ratio / unit) == ratio / unit)
    };
    let mut unit = 1.0f32;
    for _ in 0..MAX_HALVINGS {
        if whole(unit) {
            break;
        }
        unit /= 2.0;
    }
    let fits = |ratio: &f32| (1.0..=MAX_WEIGHT).contains(&(ratio / unit));
    (whole(unit) && ratios.iter().all(fits)).then_some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_whole_multiples_of_a_power_of_two() {
        assert_eq!(unit([0.75, 0.5]), Some(0.25));
        assert_eq!(unit([3.0, 8.0]), Some(1.0));
        let unit_of = unit([0.123_456_79, 1.1]).unwrap();
        for ratio in [0.123_456_79f32, 1.1] {
            assert_eq!((ratio / unit_of).fract(), 0.0);
        }
        // Their weights would differ by more than 32 bits.
        assert_eq!(unit([1e-3, 1e3]), None);
        for ratio in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e-30] {
            assert_eq!(unit([ratio, 1.0]), None, "{ratio}");
        }
    }
}
