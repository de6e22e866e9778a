//! The lookup table's layout: how many rows, how many of them for the remainders, how many for each function.
//!
//! ```text
//! row 0            zero
//! rows 1 ..        the remainders 0 .. 2^shift
//! rows after       segment 0 (the input's identity), segment 1, ..
//! last 4 rows      free
//! ```
//!
//! The table takes the fewest rows, `2^log_rows`, that hold every tensor and every segment at its least width with a shift of
//! the activation bits plus 2 (9 where `log_rows` is given). Given those, the shift is the largest that fits, at most `log_rows - 1`, because a larger shift makes finer
//! weights. What is left widens the segments in proportion, so that inputs beyond the calibrated ones still find their row.

use alloc::vec;
use alloc::vec::Vec;

use super::codes::{Codes, TableFunction};
use super::{LayerPlan, MIN_LOG_ROWS, QuantiseError};
use crate::integer::{MAX_LOG_ROWS, MAX_SHIFT, RESERVED_ROWS, Segment};

/// Smallest shift of all.
const MIN_SHIFT: u32 = 9;
/// Smallest shift beyond the activation bits, unless the number of rows is given: less, and the rounding of the weights would be the
/// largest error.
const SHIFT_BEYOND_BITS: u32 = 2;
/// A segment has at least this many times as many rows as there are codes.
const CODES_PER_SEGMENT: u64 = 3;
/// A segment is at least this many times as wide as the calibrated range.
const MARGIN: f64 = 1.5;

/// What the table must hold.
pub(super) struct Demand {
    functions: Vec<FunctionDemand>,
    /// Index into `functions` per layer.
    of_layer: Vec<usize>,
    /// Every tensor's channels, padded to a power of two.
    tensors: Vec<u64>,
    codes: Codes,
}

struct FunctionDemand {
    function: TableFunction,
    /// Calibrated range: in integers where the scale is known, in real values where it is not.
    range: (f64, f64),
    scale_known: bool,
}

impl Demand {
    pub(super) fn new(plans: &[LayerPlan], channels: &[usize], codes: Codes) -> Self {
        let (lo, hi) = codes.signed();
        // The input's identity comes first and holds every code.
        let range = (f64::from(lo), f64::from(hi));
        let mut functions = vec![FunctionDemand {
            function: TableFunction::Identity,
            range,
            scale_known: true,
        }];
        let mut of_layer = Vec::with_capacity(plans.len());
        for plan in plans {
            let unit = plan.pre_scale.unwrap_or(1.0);
            let (low, high) = (plan.range.0 / unit, plan.range.1 / unit);
            let index = functions
                .iter()
                .position(|demand| demand.function == plan.function)
                .unwrap_or(functions.len());
            match functions.get_mut(index) {
                Some(demand) => demand.range = (demand.range.0.min(low), demand.range.1.max(high)),
                None => {
                    let demand = FunctionDemand {
                        function: plan.function,
                        range: (low, high),
                        scale_known: plan.pre_scale.is_some(),
                    };
                    functions.push(demand);
                }
            }
            of_layer.push(index);
        }
        let tensors = channels
            .iter()
            .map(|&channels| (channels as u64).next_power_of_two())
            .collect();
        Self {
            functions,
            of_layer,
            tensors,
            codes,
        }
    }

    /// The least width of each segment.
    fn widths(&self) -> Vec<u64> {
        let least = CODES_PER_SEGMENT * u64::from(self.codes.count().unsigned_abs());
        let width = |demand: &FunctionDemand| {
            let span = if demand.scale_known {
                demand.range.1 - demand.range.0
            } else {
                0.0
            };
            // The cast saturates, which is as good as too wide.
            least.max(libm::ceil(span * MARGIN) as u64)
        };
        self.functions.iter().map(width).collect()
    }
}

/// The layout that was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct TableLayout {
    /// Base-2 logarithm of the number of rows.
    pub log_rows: u32,
    /// Base-2 logarithm of the number of remainders.
    pub shift: u32,
    /// The segments.
    pub segments: Vec<Segment>,
    of_layer: Vec<usize>,
    pre_scales: Vec<f64>,
}

impl TableLayout {
    pub(super) fn choose(demand: &Demand, log_rows: Option<u32>) -> Result<Self, QuantiseError> {
        let candidates =
            log_rows.map_or(MIN_LOG_ROWS..=MAX_LOG_ROWS, |log_rows| log_rows..=log_rows);
        let last = *candidates.end();
        let min_shift = match log_rows {
            Some(_) => MIN_SHIFT,
            None => MIN_SHIFT.max(demand.codes.bits() + SHIFT_BEYOND_BITS),
        };
        let widths = demand.widths();
        let needed = widths
            .iter()
            .fold(0u64, |sum, &width| sum.saturating_add(width));
        let cells: u64 = demand
            .tensors
            .iter()
            .fold(0, |sum, &cells| sum.saturating_add(cells));
        for log_rows in candidates {
            let rows = 1u64 << log_rows;
            let usable = rows - RESERVED_ROWS;
            let tensors_fit =
                cells <= usable && demand.tensors.iter().all(|&cells| cells <= rows / 2);
            let room = |shift: u32| {
                (usable - 1)
                    .checked_sub(1 << shift)
                    .filter(|&room| room >= needed)
            };
            let shift = (min_shift..log_rows.min(MAX_SHIFT + 1))
                .rev()
                .find(|&shift| room(shift).is_some());
            if let Some((shift, room)) = shift
                .and_then(|shift| Some((shift, room(shift)?)))
                .filter(|_| tensors_fit)
            {
                return Ok(Self::build(demand, (log_rows, shift), &widths, room));
            }
        }
        let rows = needed.saturating_add(1 + (1 << min_shift) + RESERVED_ROWS);
        Err(QuantiseError::Rows {
            rows,
            cells,
            log_rows: last,
        })
    }

    fn build(demand: &Demand, (log_rows, shift): (u32, u32), widths: &[u64], room: u64) -> Self {
        let needed: u64 = widths.iter().sum();
        let mut segments = Vec::with_capacity(widths.len());
        let mut pre_scales = Vec::with_capacity(widths.len());
        for (function, &least) in demand.functions.iter().zip(widths) {
            // All are below 2^28 here, so the product fits.
            let width = least + (room - needed) * least / needed;
            let (lo, pre_scale) = function.place(width);
            segments.push(Segment {
                function: function
                    .function
                    .table(demand.codes, (lo, width), pre_scale),
                lo,
                hi: lo.saturating_add_unsigned(width),
            });
            pre_scales.push(pre_scale);
        }
        Self {
            log_rows,
            shift,
            segments,
            of_layer: demand.of_layer.clone(),
            pre_scales,
        }
    }

    /// Index of the segment of a layer.
    pub(super) fn segment_of_layer(&self, layer: usize) -> usize {
        self.of_layer.get(layer).copied().unwrap_or(0)
    }

    /// Scale of `pre` in a segment whose width decided it.
    pub(super) fn pre_scale(&self, segment: usize) -> f64 {
        self.pre_scales.get(segment).copied().unwrap_or(1.0)
    }
}

impl FunctionDemand {
    /// The smallest `pre` and its scale for a segment of this width: the rows beyond the calibrated range are shared equally between both
    /// ends.
    fn place(&self, width: u64) -> (i64, f64) {
        let rows = width as f64;
        let span = self.range.1 - self.range.0;
        let scale = match (self.scale_known, span > 0.0) {
            (true, _) | (false, false) => 1.0,
            (false, true) => span * MARGIN / rows,
        };
        let slack = rows - span / scale;
        // The cast is exact: the segment lies within a few times 2^28 of zero.
        (
            libm::floor(self.range.0 / scale - slack / 2.0) as i64,
            scale,
        )
    }
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
