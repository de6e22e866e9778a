//! The prover's rounds.

#![allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec::Vec;
use core::ops::Range;

use ark_ff::AdditiveGroup;
use zeroize::Zeroize;

use super::{EVALUATIONS, Mask, NODES};
use crate::backend::Backend;
use crate::curve::Fr;
use crate::transcript::{Eta, Round, Sender};

/// The tables of the sumcheck, folded round by round.
///
/// Of the lookups it holds the compressed f₁ and f₂ of each lane, which are multilinear as the columns are.
///
/// The tables are the witness: they are wiped when dropped and never printed.
#[derive(Clone)]
pub struct Instance {
    pub(crate) eta: Eta,
    /// What is added to the summand at every row: minus the biases' constant.
    pub(crate) constant: Fr,
    /// eq of the zerocheck's point.
    pub(crate) eq: Vec<Fr>,
    pub(crate) active: Vec<Fr>,
    /// For each lane f₁ and f₂.
    pub(crate) lookups: Vec<[Vec<Fr>; 2]>,
    /// λ + t.
    pub(crate) table: Vec<Fr>,
    /// All columns.
    pub(crate) columns: Vec<Vec<Fr>>,
    /// Where the helpers, A and m stand among the columns.
    pub(crate) helpers: Vec<usize>,
    pub(crate) table_side: usize,
    pub(crate) multiplicities: usize,
    /// (column, u) for every column with linear claims.
    pub(crate) linear: Vec<(usize, Vec<Fr>)>,
}

impl core::fmt::Debug for Instance {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Instance of {} pairs", self.pairs())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        for table in self.tables_mut() {
            table.zeroize();
        }
    }
}

impl Instance {
    /// Half of the rows that are left: what a round sums over.
    pub fn pairs(&self) -> usize {
        self.eq.len() / 2
    }

    /// Every table, for binding.
    pub fn tables_mut(&mut self) -> impl Iterator<Item = &mut Vec<Fr>> {
        [&mut self.eq, &mut self.active, &mut self.table]
            .into_iter()
            .chain(self.lookups.iter_mut().flatten())
            .chain(self.columns.iter_mut())
            .chain(self.linear.iter_mut().map(|(_, u)| u))
    }

    /// Σ over a range of pairs of the summand at 0, 1, …, 5 in the lowest variable.
    pub fn round(&self, pairs: Range<usize>) -> [Fr; EVALUATIONS] {
        let mut sums = self.linear_round(pairs.clone());
        for (sum, constraint) in sums.iter_mut().zip(self.constraint_round(pairs)) {
            *sum += constraint;
        }
        sums
    }

    /// The linear claims have degree two: three coefficients give all values.
    fn linear_round(&self, pairs: Range<usize>) -> [Fr; EVALUATIONS] {
        let [mut constant, mut linear, mut square] = [Fr::ZERO; 3];
        for (column, u) in &self.linear {
            let column = &self.columns[*column];
            for pair in pairs.clone() {
                let (u0, du) = line(u, pair);
                let (z0, dz) = line(column, pair);
                // (u₀ + X·du)(z₀ + X·dz), the middle by Karatsuba.
                let (low, high) = (u0 * z0, du * dz);
                constant += low;
                square += high;
                linear += (u0 + du) * (z0 + dz) - low - high;
            }
        }
        constant += self.constant * Fr::from(pairs.len() as u64);
        NODES.map(|x| {
            let x = Fr::from(x);
            constant + x * (linear + x * square)
        })
    }

    fn constraint_round(&self, pairs: Range<usize>) -> [Fr; EVALUATIONS] {
        let mut sums = [Fr::ZERO; EVALUATIONS];
        for pair in pairs {
            let mut totals = [Fr::ZERO; EVALUATIONS];
            let mut weight = None;
            for ([f1, f2], helper) in self.lookups.iter().zip(&self.helpers) {
                let mut f1 = Line::of(f1, pair);
                let mut f2 = Line::of(f2, pair);
                let mut helper = Line::of(&self.columns[*helper], pair);
                for total in &mut totals {
                    let (a, b) = (f1.next(), f2.next());
                    *total += scaled(helper.next() * a * b - a - b, weight);
                }
                weight = Some(weight.map_or(self.eta.0, |weight| weight * self.eta.0));
            }
            let mut side = Line::of(&self.columns[self.table_side], pair);
            let mut table = Line::of(&self.table, pair);
            let mut multiplicity = Line::of(&self.columns[self.multiplicities], pair);
            let mut eq = Line::of(&self.eq, pair);
            let mut active = Line::of(&self.active, pair);
            for (sum, total) in sums.iter_mut().zip(totals) {
                let balance = side.next() * table.next() - multiplicity.next();
                *sum += eq.next() * active.next() * (total + scaled(balance, weight));
            }
        }
        sums
    }
}

fn scaled(value: Fr, weight: Option<Fr>) -> Fr {
    weight.map_or(value, |weight| value * weight)
}

/// The value at 0 and the slope of a table's pair.
fn line(table: &[Fr], pair: usize) -> (Fr, Fr) {
    let (low, high) = (table[2 * pair], table[2 * pair + 1]);
    (low, high - low)
}

/// A table's pair at 0, 1, 2, … by repeated addition.
struct Line {
    value: Fr,
    slope: Fr,
}

impl Line {
    fn of(table: &[Fr], pair: usize) -> Self {
        let (value, slope) = line(table, pair);
        Self { value, slope }
    }

    fn next(&mut self) -> Fr {
        let value = self.value;
        self.value += self.slope;
        value
    }
}

/// Runs all rounds. Returns the point r; afterwards every table of the instance holds its one value at r.
///
/// # Transcript
///
/// Sends five scalars a round and draws [`Round`] after them.
pub(crate) fn prove(
    instance: &mut Instance,
    mask: &Mask,
    channel: &mut Sender,
    backend: &impl Backend,
) -> Vec<Fr> {
    let mut r = Vec::new();
    while instance.pairs() > 0 {
        let mut values = backend.sumcheck_round(instance);
        for (value, mask) in values.iter_mut().zip(mask.round(&r)) {
            *value += mask;
        }
        let [zero, _, rest @ ..] = values;
        channel.scalars("round", &[zero]);
        channel.scalars("round", &rest);
        let challenge: Round = channel.challenge();
        backend.bind(instance, challenge.0);
        r.push(challenge.0);
    }
    r
}
