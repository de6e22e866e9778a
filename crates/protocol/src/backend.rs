//! What the prover's rounds need from a machine: group sums, passes over tables.
//!
//! The rounds are written once, over this trait, so a backend with threads or a GPU differs in kernels only and gives the same
//! proof for the same randomness. [`Reference`] runs on one thread, anywhere.

#![allow(
    clippy::indexing_slicing,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec::Vec;

use crate::curve::{Fr, G1Affine, G1Projective, IntegerSum};
use crate::linear::quotients::cached_quotients;
use crate::linear::weights::WeightMatrix;
use crate::msm::{self, SerialAdder, Signed};
use crate::multiples::{multiples, pair_sums};
use crate::srs::powers_of_tau;
use crate::straus::sum_of_multiples;
use crate::sumcheck::{EVALUATIONS, Instance};

/// What a prover is about to do: the parts of a proof that take most of its time, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Committing to the cells of the witness.
    Witness,
    /// Folding the weights; the lookups' helpers.
    Lookups,
    /// The sumcheck over lookups and layers.
    Sumcheck,
    /// The openings.
    Opening,
    /// Verifying the proof that has been made.
    Check,
}

impl Stage {
    /// A stable name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Witness => "witness",
            Self::Lookups => "lookups",
            Self::Sumcheck => "sumcheck",
            Self::Opening => "opening",
            Self::Check => "check",
        }
    }
}

/// The kernels of a prover.
pub trait Backend: Sync {
    /// Told what comes next, once each stage and proof.
    fn stage(&self, _stage: Stage) {}

    /// What `work` makes of each item, in their order.
    fn map<T: Send, R: Send>(&self, items: Vec<T>, work: impl Fn(T) -> R + Send + Sync) -> Vec<R> {
        items.into_iter().map(work).collect()
    }

    /// Σ scalarᵢ·baseᵢ over the shorter of the two lists.
    fn msm(&self, bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
        msm::msm(bases, scalars)
    }

    /// Σ scalarᵢ·baseᵢ for the cells of a witness, a few bits each.
    fn msm_small(&self, bases: &[G1Affine], scalars: &[i64]) -> G1Projective {
        msm::msm_small(bases, scalars)
    }

    /// Sₖ = Σ_{i ≥ k} Σ_j W[i][j]·[τ^{(i−k)C + j}]₁ for every row k, where `powers` are [τⁱ]₁ at least as far as the weights reach.
    ///
    /// `progress` is told how much of the work is done, and how much there is.
    fn cached_quotients(
        &self,
        weights: &WeightMatrix,
        powers: &[G1Affine],
        progress: &mut dyn FnMut(usize, usize),
    ) -> Vec<G1Projective>
    where
        Self: Sized,
    {
        cached_quotients::<SerialAdder>(weights, powers, self, progress)
    }

    /// [τⁱ]₁ for i < count, of a setup that is made on the spot.
    fn powers_of_tau(&self, tau: &Fr, count: usize) -> Vec<G1Affine>
    where
        Self: Sized,
    {
        powers_of_tau::<SerialAdder>(tau, count, self)
    }

    /// scalarᵢ·pointᵢ for each i.
    fn multiples(&self, points: &[G1Affine], scalars: &[Fr]) -> Vec<G1Affine>
    where
        Self: Sized,
    {
        multiples::<SerialAdder>(points, scalars, self)
    }

    /// The sum of each pair of these points.
    fn pair_sums(&self, points: &[G1Affine], pairs: &[[Signed; 2]]) -> Vec<G1Affine>
    where
        Self: Sized,
    {
        pair_sums::<SerialAdder>(points, pairs, self)
    }

    /// g_j = Σᵢ powersᵢ·W[i][j]: one pass over the weights.
    fn fold_weights(&self, weights: &WeightMatrix, powers: &[Fr]) -> Vec<Fr> {
        fold_weight_columns(weights, powers, 0..weights.columns())
    }

    /// The next round polynomial's values at 0, 1, …, the mask left out.
    fn sumcheck_round(&self, instance: &Instance) -> [Fr; EVALUATIONS] {
        instance.round(0..instance.pairs())
    }

    /// Binds the lowest variable of every table to `r`.
    fn bind(&self, instance: &mut Instance, r: Fr) {
        for table in instance.tables_mut() {
            bind_table(table, r);
        }
    }
}

/// The plain backend.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

impl Backend for Reference {}

/// The columns `range` of g_j = Σᵢ powersᵢ·W[i][j].
pub fn fold_weight_columns(
    weights: &WeightMatrix,
    powers: &[Fr],
    range: core::ops::Range<usize>,
) -> Vec<Fr> {
    let mut folded = Vec::with_capacity(range.len());
    let mut start = range.start;
    while start < range.end {
        let end = range.end.min(start + COLUMNS_AT_ONCE);
        let mut sums = alloc::vec![IntegerSum::default(); end - start];
        for (row, power) in powers.iter().enumerate().take(weights.rows()) {
            for (sum, weight) in sums.iter_mut().zip(&weights.row(row)[start..end]) {
                sum.add((*weight).into(), power);
            }
        }
        folded.extend(sums.iter().map(IntegerSum::value));
        start = end;
    }
    folded
}

/// Columns whose sums stay in a core's nearest cache.
const COLUMNS_AT_ONCE: usize = 256;

/// Binds the lowest variable of one table to `r`.
pub fn bind_table(table: &mut Vec<Fr>, r: Fr) {
    let half = table.len() / 2;
    for i in 0..half {
        let (low, high) = (table[2 * i], table[2 * i + 1]);
        table[i] = low + r * (high - low);
    }
    table.truncate(half);
}

/// The backend of a small verifier, whose sums have few terms: the least code.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compact;

impl Backend for Compact {
    fn msm(&self, bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
        sum_of_multiples(bases, scalars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::scalars;

    #[test]
    fn weights_fold_as_the_definition_says() {
        let columns = COLUMNS_AT_ONCE + 3;
        let edges = [i32::MIN, i32::MAX, 0, 1, -1, -1 << 30];
        let entries = (0..7 * columns).map(|i| edges[(i * i + i / 5) % edges.len()]);
        let weights = WeightMatrix::from_entries(columns, entries.collect()).unwrap();
        let mut powers = scalars(6, 5);
        powers.push(-Fr::from(1u64));
        let folded = fold_weight_columns(&weights, &powers, 1..columns);
        for (column, folded) in (1..).zip(folded) {
            let rows = powers.iter().enumerate();
            let expected: Fr = rows
                .map(|(row, power)| *power * Fr::from(weights.row(row)[column]))
                .sum();
            assert_eq!(folded, expected);
        }
    }
}
