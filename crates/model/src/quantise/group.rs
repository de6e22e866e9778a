//! Segments under construction, and the layers that share them.

use alloc::vec;
use alloc::vec::Vec;

use super::function::{Codes, Domain, TableFunction};
use super::range::union;
use super::scale::{FreePlan, curve_grid, curve_scale};

/// A segment has at least this many times as many rows as there are codes.
const CODES_PER_SEGMENT: f64 = 3.0;
/// A segment is at least this many times as wide as the calibrated range.
const MARGIN: f64 = 1.5;

/// A segment under construction.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot {
    pub(super) function: TableFunction,
    pub(super) domain: Domain,
}

/// Layers whose scale is free that share a segment.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) function: TableFunction,
    /// Calibrated range: in integers where the scale is known, in real values where it is not.
    pub(super) range: (f64, f64),
    /// The least and the greatest integer that any input can make, where that is known: the segment need not be wider.
    pub(super) limit: Option<(i64, i64)>,
    pub(super) layers: Vec<usize>,
}

impl Group {
    /// The groups of a network's layers; the first, without layers perhaps, is the inputs' identity.
    pub(super) fn all(free: &[Option<FreePlan>], codes: Codes) -> Vec<Self> {
        let (lo, hi) = codes.signed();
        let mut groups = vec![Self {
            function: TableFunction::Identity,
            range: (f64::from(lo), f64::from(hi)),
            limit: None,
            layers: Vec::new(),
        }];
        for (layer, plan) in free.iter().enumerate() {
            let Some(plan) = plan else { continue };
            let unit = plan.pre_scale.unwrap_or(1.0);
            let range = (plan.range.0 / unit, plan.range.1 / unit);
            Self::add(
                &mut groups,
                Self {
                    function: plan.function,
                    range,
                    limit: None,
                    layers: vec![layer],
                },
            );
        }
        groups
    }

    /// Adds a group, to the one with its function if there is one; says which.
    pub(super) fn add(groups: &mut Vec<Self>, own: Self) -> usize {
        let same = groups
            .iter()
            .position(|group| group.function == own.function);
        let Some(index) = same else {
            groups.push(own);
            return groups.len() - 1;
        };
        let group = &mut groups[index];
        group.range = (
            group.range.0.min(own.range.0),
            group.range.1.max(own.range.1),
        );
        group.limit = group.limit.zip(own.limit).map(|(a, b)| union(a, b));
        group.layers.extend(own.layers);
        index
    }

    /// The integers from 0 to `last`, all of which have their row.
    pub(super) fn counting(last: i32) -> Self {
        Self {
            function: TableFunction::Clamp { lo: 0, hi: last },
            range: (0.0, f64::from(last)),
            limit: Some((0, last.into())),
            layers: Vec::new(),
        }
    }

    /// The segment at this many times its least width: rows beyond the calibrated range are shared equally between both ends.
    pub(super) fn slot(&self, codes: Codes, widening: f64) -> Slot {
        if let Some((least, most)) = self.limit {
            let wide = MARGIN * widening;
            return Slot {
                function: self.function,
                domain: Domain {
                    lo: least.max(libm::floor(self.range.0 * wide) as i64).min(0),
                    hi: most.min(libm::ceil(self.range.1 * wide) as i64).max(0) + 1,
                    pre_scale: 1.0,
                    scale: 1.0,
                },
            };
        }
        let least = CODES_PER_SEGMENT * f64::from(codes.count());
        let span = self.range.1 - self.range.0;
        let (width, pre_scale, scale) = match self.function {
            TableFunction::Curve { activation, .. } => {
                let width = libm::floor(least * widening);
                let scale = curve_scale(activation, codes, self.range);
                let fitting = if span > 0.0 {
                    span * MARGIN / width
                } else {
                    1.0
                };
                (width, curve_grid(activation, fitting), scale)
            }
            _ => {
                let width = least.max(libm::ceil(span * MARGIN));
                (libm::floor(width * widening), 1.0, 1.0)
            }
        };
        let slack = width - span / pre_scale;
        // The casts saturate, which is as good as too wide.
        let lo = (libm::floor(self.range.0 / pre_scale - slack / 2.0) as i64).min(0);
        let hi = lo.saturating_add(width as i64).max(1);
        Slot {
            function: self.function,
            domain: Domain {
                lo,
                hi,
                pre_scale,
                scale,
            },
        }
    }
}
