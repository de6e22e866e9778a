//! The prover's side: multiplicities, helpers, the table's side.

#![allow(
    clippy::indexing_slicing,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, batch_inversion};

use super::{LookupChallenges, tag_column};
use crate::curve::Fr;
use crate::program::Program;
use crate::table::{TAG_FIRST_SEGMENT, TAG_ZERO};
use crate::witness::CellColumns;

/// m: how often the active rows of all lanes use each table row.
///
/// A cell that is in no row of the table is not counted: its proof fails, here nothing is decided.
pub(crate) fn multiplicities(program: &Program, cells: &CellColumns) -> Vec<i64> {
    let table = program.table();
    let mut counts = alloc::vec![0; program.rows()];
    for lane in 0..program.lanes() {
        let tags = tag_column(program, lane);
        let [rem, pre, out] = cells.lane(lane);
        for row in 0..program.active_rows() {
            if let Some(index) = table.remainder_row(rem[row]) {
                counts[index] += 1;
            }
            if let Some(index) = table.function_row(tags[row], pre[row])
                && output(program, tags[row], pre[row]) == Some(out[row])
            {
                counts[index] += 1;
            }
        }
    }
    counts
}

fn output(program: &Program, tag: u32, value: i64) -> Option<i64> {
    match tag.checked_sub(TAG_FIRST_SEGMENT) {
        Some(segment) => program
            .table()
            .segments
            .get(crate::encoding::widen(segment))?
            .apply(value),
        None => Some(0),
    }
}

/// h = 1/f₁ + 1/f₂ on the active rows of a lane, given f₁ and f₂ there; zero on the others.
pub(crate) fn helpers(first: &[Fr], second: &[Fr], active: usize) -> Vec<Fr> {
    let mut helpers: Vec<Fr> = first[..active]
        .iter()
        .zip(second)
        .map(|(f1, f2)| *f1 * f2)
        .collect();
    batch_inversion(&mut helpers);
    for (helper, (f1, f2)) in helpers.iter_mut().zip(first.iter().zip(second)) {
        *helper *= *f1 + f2;
    }
    helpers.resize(first.len(), Fr::ZERO);
    helpers
}

/// A = m/(λ + t) on the active rows, given m and λ + t; zero on the others.
pub(crate) fn table_side(multiplicities: &[i64], shifted: &[Fr], active: usize) -> Vec<Fr> {
    let used: Vec<usize> = (0..active)
        .filter(|row| multiplicities[*row] != 0)
        .collect();
    let mut inverses: Vec<Fr> = used.iter().map(|row| shifted[*row]).collect();
    batch_inversion(&mut inverses);
    let mut side = alloc::vec![Fr::ZERO; shifted.len()];
    for (row, inverse) in used.iter().zip(inverses) {
        side[*row] = Fr::from(multiplicities[*row]) * inverse;
    }
    side
}

impl LookupChallenges {
    /// f₁ and f₂ on every row of a lane.
    pub(crate) fn fractions(&self, [rem, pre, out]: [&[Fr]; 3], tags: &[u32]) -> [Vec<Fr>; 2] {
        let first = rem.iter().map(|rem| self.remainder(*rem)).collect();
        let second = pre
            .iter()
            .zip(out)
            .zip(tags)
            .map(|((pre, out), tag)| self.function(*pre, *out, Fr::from(*tag)))
            .collect();
        [first, second]
    }

    /// The helper's value on a row of no block: both lookups are of zeros.
    pub(crate) fn unused_row(&self) -> Fr {
        let mut inverses = [
            self.remainder(Fr::ZERO),
            self.function(Fr::ZERO, Fr::ZERO, Fr::from(TAG_ZERO)),
        ];
        batch_inversion(&mut inverses);
        inverses.iter().sum()
    }

    /// λ + t on every row, rows past the table's end holding the zero row.
    pub(crate) fn table_column(&self, program: &Program) -> Vec<Fr> {
        let [value, out, tag] = program.table().columns();
        let mut column: Vec<Fr> = value
            .iter()
            .zip(&out)
            .zip(&tag)
            .map(|((value, out), tag)| {
                self.function(Fr::from(*value), Fr::from(*out), Fr::from(*tag))
            })
            .collect();
        column.resize(program.rows(), self.lambda.0);
        column
    }
}
