//! Ranges and scales of every tensor, once the shift and the segments' room are known.

use alloc::vec;
use alloc::vec::Vec;

use super::follow::Exact;
use super::function::{Codes, Domain, TableFunction, quarter_square};
use super::group::Slot;
use super::products;
use super::range::hull;
use super::scale::{curve_scale, one_scale, table_function};
use super::{Plan, QuantiseError};
use crate::graph::Activation;
use crate::integer::rounding::round_half_up;
use crate::integer::{MAX_LOG_ROWS, Segment};
use crate::layered::{FloatLayer, FloatTerm, ScaleRule};

/// How often ranges are passed on before a graph counts as one without bounds.
const MAX_ROUNDS: usize = 64;
/// Scales that differ by less are the same.
const SCALE_TOLERANCE: f64 = 1e-9;

/// What there is to know of a layer's numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ResolvedLayer {
    /// Index of its segment.
    pub(super) segment: usize,
    /// Real value of 1 in `pre`.
    pub(super) pre_scale: f64,
    /// Its exact coefficients, where its scale follows.
    pub(super) exact: Option<Exact>,
}

/// Ranges and scales of a whole network.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    slots: Vec<Slot>,
    /// Per input, its segment.
    pub(super) input_segments: Vec<usize>,
    /// Per packed table of rows, the segment of the last entries of its chunks.
    pub(super) part_segments: Vec<usize>,
    pub(super) layers: Vec<ResolvedLayer>,
    /// Real value of 1, per tensor.
    pub(super) scales: Vec<f64>,
    /// Smallest and largest integer, per tensor.
    ranges: Vec<(i64, i64)>,
    /// The same, but for a difference that is a part of a maximum the range of what it compares.
    hulls: Vec<(i64, i64)>,
    /// Layers that rectify without an upper end.
    rectified: Vec<bool>,
}

impl Resolved {
    /// `None` when ranges grow without bounds.
    pub(super) fn new(
        plan: &Plan<'_>,
        shift: u32,
        widening: f64,
    ) -> Result<Option<Self>, QuantiseError> {
        let mut resolved = Self::free(plan, widening);
        for index in 0..plan.graph.layers.len() {
            match plan.graph.layers[index].scale {
                ScaleRule::Follows(reference) => {
                    resolved.follow(plan, (index, reference), shift)?;
                }
                ScaleRule::QuarterSquare { first } => {
                    resolved.quarter_square(plan, (index, first), shift)?;
                }
                ScaleRule::Products { count } => {
                    let shift = products::shift(shift, plan.codes.bits(), count);
                    resolved.products(plan, index, shift)?;
                }
                ScaleRule::Free | ScaleRule::Fixed(_) => {}
            }
        }
        for _ in 0..MAX_ROUNDS {
            let before = (resolved.slots.clone(), resolved.rectified.clone());
            for index in 0..plan.graph.layers.len() {
                resolved.spread(plan, index, shift);
            }
            let rows = resolved.rows().into_iter().fold(0, u64::saturating_add);
            if rows > 1 << MAX_LOG_ROWS || resolved.squares_too_much() {
                return Ok(None);
            }
            if before.0 == resolved.slots && before.1 == resolved.rectified {
                return Ok(Some(resolved));
            }
        }
        Ok(None)
    }

    /// Rows of each segment.
    pub(super) fn rows(&self) -> Vec<u64> {
        let slots = self.slots.iter();
        slots
            .map(|slot| slot.domain.hi.abs_diff(slot.domain.lo))
            .collect()
    }

    /// Moves these slots behind the others.
    pub(super) fn move_last(&mut self, last: &[usize]) {
        let mut order: Vec<usize> = (0..self.slots.len()).collect();
        order.sort_by_key(|slot| last.contains(slot));
        self.slots = order.iter().map(|slot| self.slots[*slot].clone()).collect();
        let place = |slot: usize| order.iter().position(|old| *old == slot).unwrap_or(slot);
        let others = self.input_segments.iter_mut();
        others
            .chain(&mut self.part_segments)
            .for_each(|segment| *segment = place(*segment));
        for layer in &mut self.layers {
            layer.segment = place(layer.segment);
        }
    }

    /// The segments with their tables.
    pub(super) fn segments(&self, plan: &Plan<'_>) -> Vec<Segment> {
        let segment = |slot: &Slot| Segment {
            function: slot.function.table(plan.codes, slot.domain, &plan.tables),
            lo: slot.domain.lo,
            hi: slot.domain.hi,
        };
        self.slots.iter().map(segment).collect()
    }

    /// The inputs, and the layers whose scale is free, at their calibrated ranges.
    fn free(plan: &Plan<'_>, widening: f64) -> Self {
        let inputs = plan.input_scales.len();
        let layers = plan.graph.layers.len();
        let mut resolved = Self {
            slots: Vec::new(),
            // A slot for each group, in their order.
            input_segments: plan.input_groups.clone(),
            part_segments: plan.part_groups.clone(),
            layers: vec![
                ResolvedLayer {
                    segment: 0,
                    pre_scale: 1.0,
                    exact: None,
                };
                layers
            ],
            scales: plan.input_scales.clone(),
            ranges: vec![(0, 0); inputs + layers],
            hulls: vec![(0, 0); inputs + layers],
            rectified: vec![false; layers],
        };
        resolved.scales.resize(inputs + layers, 1.0);
        for group in &plan.groups {
            let slot = group.slot(plan.codes, widening);
            for &layer in &group.layers {
                // Plans of a group differ in their scales, unless the segment decides them.
                let own = plan.free[layer].and_then(|free| free.pre_scale);
                let pre_scale = own.unwrap_or(slot.domain.pre_scale);
                resolved.layers[layer].segment = resolved.slots.len();
                resolved.layers[layer].pre_scale = pre_scale;
                resolved.scales[inputs + layer] = match slot.function {
                    TableFunction::Curve { .. } => slot.domain.scale,
                    _ => pre_scale,
                };
            }
            resolved.slots.push(slot);
        }
        resolved
    }

    /// Whether a table of squares would leave 32 bits, or nearly.
    fn squares_too_much(&self) -> bool {
        self.slots.iter().any(|slot| {
            let Domain { lo, hi, .. } = slot.domain;
            slot.function == TableFunction::QuarterSquare && lo.min(-hi) < -products::MAX_SUM
        })
    }

    /// The coefficients and scales of a layer that follows, and its segment.
    fn follow(
        &mut self,
        plan: &Plan<'_>,
        (index, reference): (usize, usize),
        shift: u32,
    ) -> Result<(), QuantiseError> {
        let layer = &plan.graph.layers[index];
        let inputs = plan.input_scales.len();
        let exact = Exact::new(plan.graph, layer, shift)?;
        let scale = self.scales[reference];
        self.check_scales(layer, &layer.terms, scale)?;
        let pre_scale = scale * exact.gain;
        self.layers[index].pre_scale = pre_scale;
        self.layers[index].exact = Some(exact);
        self.scales[inputs + index] = match layer.activation {
            Some(activation) if !one_scale(activation) => {
                let values = &plan.pre[index];
                curve_scale(activation, plan.codes, (values.low, values.high))
            }
            _ => pre_scale,
        };
        self.layers[index].segment = self.slot_of(plan, index);
        Ok(())
    }

    /// Refuses terms whose sources have not this scale.
    fn check_scales(
        &self,
        layer: &FloatLayer,
        terms: &[FloatTerm],
        scale: f64,
    ) -> Result<(), QuantiseError> {
        let other =
            |term: &FloatTerm| (self.scales[term.source] / scale - 1.0).abs() > SCALE_TOLERANCE;
        if terms.iter().any(other) {
            return Err(QuantiseError::Scales {
                layer: layer.name.clone(),
            });
        }
        Ok(())
    }

    /// The coefficients, scales and segment of a quarter square of the codes of two operands, the first of which has so many terms.
    fn quarter_square(
        &mut self,
        plan: &Plan<'_>,
        (index, first): (usize, usize),
        shift: u32,
    ) -> Result<(), QuantiseError> {
        let layer = &plan.graph.layers[index];
        let malformed = || QuantiseError::Follows {
            layer: layer.name.clone(),
        };
        let operands = layer.terms.split_at_checked(first).ok_or_else(malformed)?;
        let mut scale = 1.0;
        for terms in [operands.0, operands.1] {
            let own = self.scales[terms.first().ok_or_else(malformed)?.source];
            self.check_scales(layer, terms, own)?;
            scale *= own;
        }
        let exact = Exact::new(plan.graph, layer, shift)?;
        if exact.gain != 1.0 {
            return Err(malformed());
        }
        self.layers[index] = ResolvedLayer {
            segment: self.slot(TableFunction::QuarterSquare, (1.0, 1.0)),
            pre_scale: libm::sqrt(scale),
            exact: Some(exact),
        };
        self.scales[plan.input_scales.len() + index] = scale;
        Ok(())
    }

    /// Makes the scale of a sum of products, which is divided by `2^shift`, such that a product counts a whole number of times.
    fn products(&mut self, plan: &Plan<'_>, index: usize, shift: u32) -> Result<(), QuantiseError> {
        let layer = &plan.graph.layers[index];
        let first = layer.terms.first().ok_or_else(|| QuantiseError::Follows {
            layer: layer.name.clone(),
        })?;
        let unit = self.scales[first.source];
        self.check_scales(layer, &layer.terms, unit)?;
        let own = &mut self.layers[index].pre_scale;
        *own = products::scale(unit * libm::exp2(f64::from(shift)), *own);
        self.scales[plan.input_scales.len() + index] = *own;
        Ok(())
    }

    /// The segment of a layer that follows, made if there is none like it.
    fn slot_of(&mut self, plan: &Plan<'_>, index: usize) -> usize {
        let pre_scale = self.layers[index].pre_scale;
        let scale = self.scales[plan.input_scales.len() + index];
        let function = match plan.graph.layers[index].activation {
            None => TableFunction::Identity,
            Some(Activation::Relu) if self.rectified[index] => TableFunction::Rectify,
            Some(activation) if one_scale(activation) => {
                table_function(activation, plan.codes, pre_scale)
            }
            Some(activation) => TableFunction::Curve {
                activation,
                pre_scale: Some(pre_scale),
            },
        };
        self.slot(function, (pre_scale, scale))
    }

    /// The segment of a function, made if there is none.
    fn slot(&mut self, function: TableFunction, (pre_scale, scale): (f64, f64)) -> usize {
        let known = self.slots.iter().position(|slot| slot.function == function);
        known.unwrap_or_else(|| {
            self.slots.push(Slot {
                function,
                domain: Domain {
                    lo: 0,
                    hi: 1,
                    pre_scale,
                    scale,
                },
            });
            self.slots.len() - 1
        })
    }

    /// Passes the ranges of a layer's sources on to it.
    fn spread(&mut self, plan: &Plan<'_>, index: usize, shift: u32) {
        let inputs = plan.input_scales.len();
        for input in 0..inputs {
            self.ranges[input] = self.image(plan.codes, self.input_segments[input], None);
            self.hulls[input] = self.ranges[input];
        }
        let layer = &plan.graph.layers[index];
        let Some(exact) = self.layers[index].exact.clone() else {
            let segment = self.layers[index].segment;
            self.ranges[inputs + index] = self.image(plan.codes, segment, None);
            self.hulls[inputs + index] = self.ranges[inputs + index];
            return;
        };
        let sources: Vec<(i64, i64)> = layer
            .terms
            .iter()
            .map(|term| self.ranges[term.source])
            .collect();
        let unit = self.layers[index].pre_scale / libm::exp2(f64::from(shift));
        let bias = bias_range(layer, unit);
        let mut range = exact.range(&sources, bias, shift);
        let relu = layer.activation == Some(Activation::Relu);
        let squared = matches!(layer.scale, ScaleRule::QuarterSquare { .. });
        if !squared && (layer.activation.is_none() || relu && exact.gain == 1.0) && bias == (0, 0) {
            let within = self.within(layer, &exact);
            range = (range.0.max(within.0), range.1.min(within.1));
        }
        let cut = self.slots[self.layers[index].segment]
            .function
            .codes(plan.codes);
        if relu && cut.is_some_and(|cut| range.1 > cut.1.into()) {
            self.rectified[index] = true;
            self.layers[index].segment = self.slot_of(plan, index);
        }
        let segment = self.layers[index].segment;
        let domain = &mut self.slots[segment].domain;
        domain.lo = domain.lo.min(range.0);
        domain.hi = domain.hi.max(range.1.saturating_add(1));
        let made = self.image(plan.codes, segment, Some(range));
        self.ranges[inputs + index] = made;
        self.hulls[inputs + index] = if relu { self.hull(layer) } else { made };
    }

    /// The outputs of a segment, for `pre` in a range or everywhere.
    fn image(&self, codes: Codes, segment: usize, range: Option<(i64, i64)>) -> (i64, i64) {
        let Slot { function, domain } = &self.slots[segment];
        let (lo, hi) = range.unwrap_or((domain.lo, domain.hi - 1));
        match (function, function.codes(codes)) {
            (TableFunction::Rectify, _) => (lo.max(0), hi.max(0)),
            (TableFunction::QuarterSquare, _) => (0, quarter_square(lo).max(quarter_square(hi))),
            (TableFunction::Clamp { .. }, Some((least, most))) => {
                let clamp = |x: i64| x.min(most.into()).max(least.into());
                (clamp(lo), clamp(hi))
            }
            (_, Some((least, most))) => (least.into(), most.into()),
            (_, None) => (lo, hi),
        }
    }

    /// The range of a copy, a maximum or an average, or of the difference of two: no larger than that of what is copied, compared or averaged,
    /// while a sum of ranges would double with every comparison.
    fn within(&self, layer: &FloatLayer, exact: &Exact) -> (i64, i64) {
        let (low, high) = self.hull(layer);
        if layer.activation.is_some() {
            return (low - high, high - low);
        }
        if exact.gain == 1.0 {
            return (low, high);
        }
        // Half a step of rounding at each end.
        let scaled = |code: i64| code as f64 / exact.gain;
        (
            libm::floor(scaled(low) - 0.5) as i64,
            libm::ceil(scaled(high) + 0.5) as i64,
        )
    }

    /// The least and the greatest of what a layer reads, 0 included. Of max(a, b) = b + relu(a - b), the second part counts as a and b.
    fn hull(&self, layer: &FloatLayer) -> (i64, i64) {
        hull(layer.terms.iter().map(|term| self.hulls[term.source]))
    }
}

/// The least and greatest bias in units of the accumulator, 0 included.
fn bias_range(layer: &FloatLayer, unit: f64) -> (i64, i64) {
    hull(layer.bias.iter().map(|bias| {
        let integer = round_half_up(f64::from(*bias) / unit).unwrap_or(i64::MAX);
        (integer, integer)
    }))
}
