//! The prover's kernels on all cores.
//!
//! [`Threads`] splits each kernel of the protocol's [`Backend`] over rayon's threads. Sums are exact, so the proof is the same, byte
//! for byte, whatever the number of threads. [`TableCache`] keeps the cached points of large tables on disk,
//! [`QuotientCache`] the cached quotients of weights; [`files`] writes them.

#![forbid(unsafe_code)]

mod batch;
pub mod files;
mod points;
mod quotients;
mod tables;
#[cfg(test)]
mod testing;

pub use batch::{BatchReport, Refusal, verify_batch};
pub use quotients::{QuotientCache, QuotientCacheError};
pub use tables::{TableCache, TableCacheError};

use ark_ff::AdditiveGroup;
use rayon::prelude::*;
use tensorseal_ifma::{IfmaAdder, bind_table, fold_weight_columns, sumcheck_round};
use tensorseal_protocol::backend::Backend;
use tensorseal_protocol::curve::{Fr, G1Affine, G1Projective};
use tensorseal_protocol::linear::quotients::cached_quotients;
use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::msm::{PointAdder, SerialAdder, Signed, Sum};
use tensorseal_protocol::multiples::{multiples, pair_sums};
use tensorseal_protocol::srs::powers_of_tau;
use tensorseal_protocol::{EVALUATIONS, Instance};

/// Fewer items than this are not worth another thread.
const LEAST: usize = 64;

/// A backend on rayon's current thread pool.
#[derive(Clone, Copy, Debug, Default)]
pub struct Threads;

/// Items for each thread when `count` are shared out.
fn share(count: usize) -> usize {
    count.div_ceil(rayon::current_num_threads()).max(LEAST)
}

impl Backend for Threads {
    fn msm(&self, bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
        if tensorseal_ifma::is_available() {
            sum(&Sum::<IfmaAdder>::of_field(bases, scalars))
        } else {
            sum(&Sum::<SerialAdder>::of_field(bases, scalars))
        }
    }

    fn msm_small(&self, bases: &[G1Affine], scalars: &[i64]) -> G1Projective {
        sum_of_integers(bases, scalars)
    }

    fn map<T: Send, R: Send>(&self, items: Vec<T>, work: impl Fn(T) -> R + Send + Sync) -> Vec<R> {
        items.into_par_iter().map(work).collect()
    }

    fn cached_quotients(
        &self,
        weights: &WeightMatrix,
        powers: &[G1Affine],
        progress: &mut dyn FnMut(usize, usize),
    ) -> Vec<G1Projective> {
        if tensorseal_ifma::is_available() {
            cached_quotients::<IfmaAdder>(weights, powers, self, progress)
        } else {
            cached_quotients::<SerialAdder>(weights, powers, self, progress)
        }
    }

    fn powers_of_tau(&self, tau: &Fr, count: usize) -> Vec<G1Affine> {
        if tensorseal_ifma::is_available() {
            powers_of_tau::<IfmaAdder>(tau, count, self)
        } else {
            powers_of_tau::<SerialAdder>(tau, count, self)
        }
    }

    fn multiples(&self, points: &[G1Affine], scalars: &[Fr]) -> Vec<G1Affine> {
        if tensorseal_ifma::is_available() {
            multiples::<IfmaAdder>(points, scalars, self)
        } else {
            multiples::<SerialAdder>(points, scalars, self)
        }
    }

    fn pair_sums(&self, points: &[G1Affine], pairs: &[[Signed; 2]]) -> Vec<G1Affine> {
        if tensorseal_ifma::is_available() {
            pair_sums::<IfmaAdder>(points, pairs, self)
        } else {
            pair_sums::<SerialAdder>(points, pairs, self)
        }
    }

    fn fold_weights(&self, weights: &WeightMatrix, powers: &[Fr]) -> Vec<Fr> {
        let columns = weights.columns();
        let share = share(columns);
        (0..columns)
            .into_par_iter()
            .step_by(share)
            .flat_map_iter(|start| {
                fold_weight_columns(weights, powers, start..columns.min(start + share))
            })
            .collect()
    }

    fn sumcheck_round(&self, instance: &Instance) -> [Fr; EVALUATIONS] {
        let pairs = instance.pairs();
        let share = share(pairs);
        (0..pairs)
            .into_par_iter()
            .step_by(share)
            .map(|start| sumcheck_round(instance, start..pairs.min(start + share)))
            .reduce(
                || [Fr::ZERO; EVALUATIONS],
                |a, b| core::array::from_fn(|i| a[i] + b[i]),
            )
    }

    fn bind(&self, instance: &mut Instance, r: Fr) {
        let tables: Vec<&mut Vec<Fr>> = instance.tables_mut().collect();
        if tables.first().is_some_and(|table| table.len() < LEAST) {
            tables.into_iter().for_each(|table| bind_table(table, r));
        } else {
            tables
                .into_par_iter()
                .for_each(|table| bind_table(table, r));
        }
    }
}

/// All windows of a sum. Windows, unlike parts of the bases, fill no bucket twice.
fn sum<A: PointAdder>(sum: &Sum<'_, A>) -> G1Projective
where
    for<'a> Sum<'a, A>: Sync,
{
    let windows = sum.count();
    let share = windows.div_ceil(rayon::current_num_threads());
    (0..windows)
        .into_par_iter()
        .step_by(share)
        .map(|start| sum.windows(start..windows.min(start + share)))
        .reduce(|| G1Projective::ZERO, |a, b| a + b)
}

/// Small integers have too few windows to share out, so threads share the bases.
fn sum_of_integers(bases: &[G1Affine], scalars: &[i64]) -> G1Projective {
    let count = bases.len().min(scalars.len());
    let share = share(count);
    bases[..count]
        .par_chunks(share)
        .zip(scalars[..count].par_chunks(share))
        .map(|(bases, scalars)| {
            if tensorseal_ifma::is_available() {
                Sum::<IfmaAdder>::of_integers(bases, scalars).whole()
            } else {
                Sum::<SerialAdder>::of_integers(bases, scalars).whole()
            }
        })
        .reduce(|| G1Projective::ZERO, |a, b| a + b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::CurveGroup;
    use tensorseal_protocol::backend::Reference;
    use tensorseal_protocol::curve::g1_generator;

    fn bases(count: u64) -> Vec<G1Affine> {
        (1..=count)
            .map(|i| (g1_generator() * Fr::from(i * i + 7)).into_affine())
            .collect()
    }

    #[test]
    fn sums_are_those_of_the_reference() {
        let bases = bases(300);
        let full: Vec<Fr> = (0..300u64)
            .map(|i| -Fr::from(i) * Fr::from(u64::MAX))
            .collect();
        let small: Vec<i64> = (0..300).map(|i| i * 37 - 5000).collect();
        for count in [0, 1, 63, 64, 65, 300] {
            let (bases, backend) = (&bases[..count], Reference);
            assert_eq!(Threads.msm(bases, &full), backend.msm(bases, &full));
            assert_eq!(
                Threads.msm_small(bases, &small),
                backend.msm_small(bases, &small)
            );
        }
    }

    #[test]
    fn weights_fold_as_in_the_reference() {
        let entries: Vec<i32> = (0..3 * 200).map(|i| i * 31 % 97 - 48).collect();
        let weights = WeightMatrix::from_entries(200, entries).unwrap();
        let powers = [1u64, 5, 25].map(Fr::from);
        assert_eq!(
            Threads.fold_weights(&weights, &powers),
            Reference.fold_weights(&weights, &powers)
        );
    }
}
