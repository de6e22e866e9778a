//! The lookup table: how many rows, how many of them for the remainders, how many for each function.
//!
//! ```text
//! row 0            zero
//! rows 1 ..        the remainders 0 .. 2^shift
//! rows after       segment 0 (the inputs' identity), segment 1, .., the ranges of limbs
//! last 4 rows      free
//! ```
//!
//! The number of rows comes from the tensors (see [`crate::program::Columns`]): the cheapest that also holds every segment at its least width
//! with a shift of the activation bits plus 2 (9 where `log_rows` is given). Given those, the shift is the largest that fits, at most
//! `log_rows - 1`, because a larger shift makes finer weights. What is left widens the segments of calibrated functions in proportion,
//! so that inputs beyond the calibrated ones still find their row. Layers whose scale follows from the architecture need no such
//! margin: their range is that of their sources, and no input leaves it.

use alloc::vec::Vec;

use super::function::Codes;
use super::resolve::Resolved;
use super::{MIN_LOG_ROWS, Plan, QuantiseError, shifts};
use crate::integer::{MAX_SHIFT, RESERVED_ROWS};
use crate::layered::LayeredGraph;
use crate::program::Columns;

/// Smallest shift of all.
const MIN_SHIFT: u32 = 9;
/// Smallest shift beyond the activation bits, unless the number of rows is given: less, and the rounding of the weights would be the
/// largest error.
const SHIFT_BEYOND_BITS: u32 = 2;
/// Halvings of the interval in which the widest segments are sought.
const HALVINGS: usize = 24;
/// Segments are at most this many times as wide as they must be.
const MAX_WIDENING: f64 = 64.0;

/// A layout that may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Base-2 logarithm of the number of rows.
    pub(super) log_rows: u32,
    /// Base-2 logarithm of the number of remainders.
    pub(super) shift: u32,
}

/// The layout that was chosen.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    /// Base-2 logarithm of the number of rows.
    pub(super) log_rows: u32,
    /// Base-2 logarithm of the number of remainders.
    pub(super) shift: u32,
    pub(super) resolved: Resolved,
}

impl Tables {
    /// The first of the candidates for the number of rows that holds the table.
    pub(super) fn choose(plan: &Plan<'_>, candidates: &[Candidate]) -> Result<Self, QuantiseError> {
        for &Candidate { log_rows, shift } in candidates {
            let usable = (1u64 << log_rows) - RESERVED_ROWS - 1;
            let room = usable.saturating_sub(range_rows(plan, shift)?);
            if let Some(resolved) = widest(plan, shift, room)? {
                return Ok(Self {
                    log_rows,
                    shift,
                    resolved,
                });
            }
        }
        let log_rows = candidates.iter().map(|candidate| candidate.log_rows).max();
        let shifts = candidates.iter().map(|candidate| candidate.shift);
        let mut rows = u64::MAX;
        if let Some(shift) = shifts.min() {
            let least = Resolved::new(plan, shift, 1.0)?;
            let segments = least.map_or(u64::MAX, |least| least.rows());
            rows = segments.saturating_add(1 + range_rows(plan, shift)? + RESERVED_ROWS);
        }
        Err(QuantiseError::Rows {
            rows,
            log_rows: log_rows.unwrap_or(0),
        })
    }
}

/// Rows of the ranges of remainders and limbs.
fn range_rows(plan: &Plan<'_>, shift: u32) -> Result<u64, QuantiseError> {
    Ok((1 << shift) + shifts::limb_rows(plan.graph, plan.codes, shift)?)
}

/// The segments, as wide as there is room, `None` when there is not enough.
fn widest(plan: &Plan<'_>, shift: u32, room: u64) -> Result<Option<Resolved>, QuantiseError> {
    let at = |widening: f64| -> Result<Option<Resolved>, QuantiseError> {
        let resolved = Resolved::new(plan, shift, widening)?;
        Ok(resolved.filter(|resolved| resolved.rows() <= room))
    };
    let Some(mut best) = at(1.0)? else {
        return Ok(None);
    };
    let (mut low, mut high) = (1.0, MAX_WIDENING);
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        match at(middle)? {
            Some(resolved) => {
                best = resolved;
                low = middle;
            }
            None => high = middle,
        }
    }
    Ok(Some(best))
}

impl Candidate {
    /// Candidates for these codes in order of preference, without those that are too small to be tried.
    pub(super) fn all(
        graph: &LayeredGraph,
        codes: Codes,
        given: Option<u32>,
    ) -> Result<Vec<Self>, QuantiseError> {
        let least = match given {
            Some(_) => MIN_SHIFT,
            None => MIN_SHIFT.max(codes.bits() + SHIFT_BEYOND_BITS),
        };
        let rows: Vec<u32> = match given {
            Some(log_rows) => alloc::vec![log_rows],
            None => Columns::candidates(&shifts::extents(graph, codes, least)?)
                .iter()
                .map(|columns| columns.log_rows)
                .filter(|log_rows| *log_rows >= MIN_LOG_ROWS)
                .collect(),
        };
        let shifts = |log_rows: u32| {
            let shifts = (least..log_rows.min(MAX_SHIFT + 1)).rev();
            shifts.map(move |shift| Self { log_rows, shift })
        };
        Ok(rows.into_iter().flat_map(shifts).collect())
    }
}
