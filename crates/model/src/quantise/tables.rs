//! The lookup tables: how many rows, how many of them for the remainders, how many for each function, and which functions stand apart.
//!
//! ```text
//! row 0            zero
//! rows 1 ..        the remainders 0 .. 2^shift
//! rows after       segment 0, segment 1, .., the ranges of limbs
//! last 4 rows      free
//! ```
//!
//! The number of rows comes from the tensors (see [`crate::program::Columns`]): the cheapest that also holds every segment at its least width
//! with a shift of the activation bits plus 2 (9 where `log_rows` is given). Given those, the shift is the largest that fits, at most
//! `log_rows - 1`, because a larger shift makes finer weights. What is left widens the segments of calibrated functions in proportion,
//! so that inputs beyond the calibrated ones still find their row. Layers whose scale follows from the architecture need no such
//! margin: their range is that of their sources, and no input leaves it.
//!
//! The other way is a large table beside the columns, for the widest segments: then the columns need not be as long as the table. A proof
//! pays for the rows that it uses, so this is far cheaper for few cells and many activation bits. The remainders' range stays in the
//! columns, so a shift that is too long for it is cut into limbs. Which way is taken follows from the estimated cost of proving, unless the
//! options say.

use alloc::vec::Vec;

use super::resolve::Resolved;
use super::shifts::Shifts;
use super::{MIN_LOG_ROWS, Plan, QuantiseError, TableChoice, gather};
use crate::integer::{
    BLIND_ROWS, Extent, LargeTable, MAX_LOG_LARGE_ROWS, MAX_SHIFT, RESERVED_ROWS, limb_widths,
};
use crate::program::{COST_OF_A_LARGE_ROW, Columns};

/// Smallest shift of a layer whose scale is free, whatever the activation bits: it is what makes weights fine.
const MIN_FREE_SHIFT: u32 = 9;
/// Smallest shift beyond the activation bits, unless the number of rows is given: less, and the rounding of the weights would be the
/// largest error.
pub(super) const SHIFT_BEYOND_BITS: u32 = 2;
/// Halvings of the interval in which the widest segments are sought.
const HALVINGS: usize = 24;
/// Segments are at most this many times as wide as they must be.
const MAX_WIDENING: f64 = 64.0;

/// Smallest shift of the columns beside a large table.
const MIN_LIMB_SHIFT: u32 = 6;
/// Most limbs of a layer beside a large table.
const MAX_LIMBS: usize = 2;
/// A large table must be this many times as good: it has to be preprocessed once, and costs every verifier some pairings.
const RELUCTANCE: u64 = 4;

/// A layout that may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Base-2 logarithm of the number of rows.
    pub(super) log_rows: u32,
    pub(super) shifts: Shifts,
    /// Whether segments may stand in a large table.
    pub(super) large: bool,
}

/// A layout with its preference, the least first; see [`Columns::preference`].
type Ranked = ((bool, u64), Candidate);

/// The layout that was chosen.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    /// Base-2 logarithm of the number of rows.
    pub(super) log_rows: u32,
    pub(super) shifts: Shifts,
    /// The large table, if there is one: the last of the segments stand in it.
    pub(super) large: Option<LargeTable>,
    pub(super) resolved: Resolved,
}

/// Which slots stand in a large table.
#[derive(Clone, Debug)]
struct Split {
    log_rows: u32,
    slots: Vec<usize>,
}

impl Tables {
    /// The first of the candidates for the number of rows that holds the table.
    pub(super) fn choose(plan: &Plan<'_>, candidates: &[Candidate]) -> Result<Self, QuantiseError> {
        for candidate in candidates {
            if let Some((mut resolved, split)) = widest(plan, candidate)? {
                let large = split.map(|Split { log_rows, slots }| {
                    resolved.move_last(&slots);
                    LargeTable {
                        log_rows,
                        segments: slots.len(),
                        hidden: None,
                    }
                });
                return Ok(Self {
                    log_rows: candidate.log_rows,
                    shifts: candidate.shifts,
                    large,
                    resolved,
                });
            }
        }
        let log_rows = candidates.iter().map(|candidate| candidate.log_rows).max();
        let mut rows = u64::MAX;
        if let Some(least) = candidates
            .iter()
            .min_by_key(|candidate| candidate.shifts.columns)
        {
            let resolved = Resolved::new(plan, least.shifts.columns, 1.0)?;
            let segments = resolved.map_or(u64::MAX, |resolved| resolved.rows().iter().sum());
            rows = segments.saturating_add(1 + least.range_rows(plan)? + RESERVED_ROWS);
        }
        Err(QuantiseError::Rows {
            rows,
            log_rows: log_rows.unwrap_or(0),
        })
    }
}

/// The segments, as wide as there is room, `None` when there is not enough.
fn widest(
    plan: &Plan<'_>,
    candidate: &Candidate,
) -> Result<Option<(Resolved, Option<Split>)>, QuantiseError> {
    let usable = (1u64 << candidate.log_rows) - RESERVED_ROWS - 1;
    let Some(room) = usable.checked_sub(candidate.range_rows(plan)?) else {
        return Ok(None);
    };
    let at = |widening: f64| -> Result<Option<(Resolved, Option<Split>)>, QuantiseError> {
        let resolved = Resolved::new(plan, candidate.shifts.columns, widening)?;
        Ok(resolved.and_then(|resolved| {
            let split = candidate.split(&resolved.rows(), room)?;
            Some((resolved, split))
        }))
    };
    let Some(mut best) = at(1.0)? else {
        return Ok(None);
    };
    // Widening fills the large table, and takes no larger one.
    let log_rows = best.1.as_ref().map(|split| split.log_rows);
    let (mut low, mut high) = (1.0, MAX_WIDENING);
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        let wider = at(middle)?;
        match wider.filter(|(_, split)| split.as_ref().map(|split| split.log_rows) == log_rows) {
            Some(wider) => {
                best = wider;
                low = middle;
            }
            None => high = middle,
        }
    }
    Ok(Some(best))
}

impl Candidate {
    /// Candidates in order of preference, without those that are too small to be tried.
    pub(super) fn all(
        plan: &Plan<'_>,
        (given, tables): (Option<u32>, TableChoice),
    ) -> Result<Vec<Self>, QuantiseError> {
        let mut all = Vec::new();
        if tables != TableChoice::Large {
            all.extend(Self::in_columns(plan, given)?);
        }
        if tables != TableChoice::Columns {
            all.extend(Self::with_large_table(plan, given)?);
        }
        if !plan.packings.is_empty() {
            let largest = gather::largest_shift(plan.codes.bits());
            all.retain(|(_, candidate)| candidate.shifts.columns <= largest);
        }
        // The sort is stable: of equal ones the larger shift comes first.
        all.sort_by_key(|(preference, _)| *preference);
        Ok(all.into_iter().map(|(_, candidate)| candidate).collect())
    }

    fn in_columns(
        plan: &Plan<'_>,
        given: Option<u32>,
    ) -> Result<impl Iterator<Item = Ranked>, QuantiseError> {
        let least = match given {
            Some(_) => MIN_FREE_SHIFT,
            None => MIN_FREE_SHIFT.max(plan.codes.bits() + SHIFT_BEYOND_BITS),
        };
        let columns = columns(&extents(plan, Shifts::same(least))?, given);
        Ok(columns.into_iter().flat_map(move |columns| {
            let log_rows = columns.log_rows;
            let shifts = (least..log_rows.min(MAX_SHIFT + 1)).rev();
            let preference = columns.preference(0);
            shifts.map(move |shift| {
                let candidate = Self {
                    log_rows,
                    shifts: Shifts::same(shift),
                    large: false,
                };
                (preference, candidate)
            })
        }))
    }

    fn with_large_table(plan: &Plan<'_>, given: Option<u32>) -> Result<Vec<Ranked>, QuantiseError> {
        let least = MIN_FREE_SHIFT.max(plan.codes.bits() + SHIFT_BEYOND_BITS);
        let tensors = 0..plan.graph.inputs.len() + plan.graph.layers.len();
        let cells = tensors.map(|tensor| plan.graph.extent(tensor).cells() as u64);
        let rows_used = cells.fold(BLIND_ROWS, u64::saturating_add);
        let cost = COST_OF_A_LARGE_ROW.saturating_mul(rows_used);
        let mut all = Vec::new();
        let mut tried = (Vec::new(), Vec::new());
        for shift in (MIN_LIMB_SHIFT..=MAX_SHIFT).rev() {
            let shifts = Shifts {
                columns: shift,
                free: least.max(shift),
            };
            if limb_widths(shift, shifts.free).len() > MAX_LIMBS {
                continue;
            }
            let extents = extents(plan, shifts)?;
            if extents != tried.0 {
                tried = (extents.clone(), columns(&extents, given));
            }
            for columns in tried.1.iter().filter(|columns| columns.log_rows > shift) {
                let (long, cost) = columns.preference(cost);
                let candidate = Self {
                    log_rows: columns.log_rows,
                    shifts,
                    large: true,
                };
                all.push(((long, cost.saturating_mul(RELUCTANCE)), candidate));
            }
        }
        Ok(all)
    }

    /// Rows of the ranges of remainders and limbs.
    fn range_rows(&self, plan: &Plan<'_>) -> Result<u64, QuantiseError> {
        let packed = gather::limb_bits(&plan.packings);
        let limbs = self.shifts.limb_rows(plan.graph, plan.codes, packed)?;
        Ok((1 << self.shifts.columns) + limbs)
    }

    /// Which segments of so many rows stand in a large table, if there is one: the widest, until the others find room in the columns. `None`
    /// when they do not fit.
    fn split(&self, rows: &[u64], room: u64) -> Option<Option<Split>> {
        let mut left: u64 = rows.iter().fold(0, |sum, rows| sum.saturating_add(*rows));
        if !self.large {
            return (left <= room).then_some(None);
        }
        let mut widest: Vec<usize> = (0..rows.len()).collect();
        widest.sort_by_key(|slot| core::cmp::Reverse(rows[*slot]));
        let mut moved = BLIND_ROWS;
        let mut slots = Vec::new();
        for slot in widest {
            if left <= room && !slots.is_empty() {
                break;
            }
            left -= rows[slot];
            moved += rows[slot];
            slots.push(slot);
        }
        let log_rows = moved.next_power_of_two().trailing_zeros();
        (log_rows <= MAX_LOG_LARGE_ROWS).then_some(Some(Split { log_rows, slots }))
    }
}

/// The extents of all tensors and limbs.
fn extents(plan: &Plan<'_>, shifts: Shifts) -> Result<Vec<Extent>, QuantiseError> {
    let mut extents = shifts.extents(plan.graph, plan.codes)?;
    extents.extend(gather::inner_extents(plan.graph, &plan.packings));
    Ok(extents)
}

/// The lengths of columns that hold the tensors, the best first, without those that are too short to be tried.
fn columns(extents: &[Extent], given: Option<u32>) -> Vec<Columns> {
    let mut columns = match given {
        Some(log_rows) => Columns::new(extents, log_rows).into_iter().collect(),
        None => Columns::candidates(extents),
    };
    columns.retain(|columns| columns.log_rows >= MIN_LOG_ROWS);
    columns
}
