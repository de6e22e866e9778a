//! Multi-scalar multiplication, Σ scalarᵢ·baseᵢ.
//!
//! Pippenger's bucket method with signed digits: in each window of c bits a base goes into one of 2^{c−1} buckets, which are added
//! up in affine coordinates with shared inversions. Scalars that are small cost only the windows that they reach. The windows of a
//! [`Sum`] are independent of each other, so a backend with threads shares them out; the functions here run on one.

#![allow(
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "digits and indices are below the sizes that the same function has made"
)]

mod buckets;
mod digits;

use alloc::vec::Vec;
use core::ops::Range;

use ark_ec::{AdditiveGroup as _, AffineRepr};

use self::buckets::{Buckets, weighted_sum};
use self::digits::Scalars;
use crate::curve::{Fr, G1Affine, G1Projective};

/// Points that are put into buckets at once: as many as a core's cache holds.
const POINTS_AT_ONCE: usize = 1 << 14;
/// Multiplications of an affine addition with a shared inversion, and of the two additions that each bucket takes in the end.
const COST_OF_A_POINT: usize = 6;
const COST_OF_A_BUCKET: usize = 24;

/// Σ scalarᵢ·baseᵢ over the shorter of the two lists.
pub fn msm(bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
    let sum = FieldSum::new(bases, scalars);
    sum.windows(0..sum.count())
}

/// Σ scalarᵢ·baseᵢ for small signed integers.
pub fn msm_small<T: Copy + Into<i64>>(bases: &[G1Affine], scalars: &[T]) -> G1Projective {
    let count = bases.len().min(scalars.len());
    let sum = Sum::prepare(&bases[..count], Scalars::of_integers(&scalars[..count]));
    sum.windows(0..sum.count())
}

/// A sum over field elements, cut into windows.
pub struct FieldSum(Sum<5>);

impl FieldSum {
    /// Cuts the scalars; of the two lists the shorter counts.
    pub fn new(bases: &[G1Affine], scalars: &[Fr]) -> Self {
        let count = bases.len().min(scalars.len());
        Self(Sum::prepare(
            &bases[..count],
            Scalars::of_field(&scalars[..count]),
        ))
    }

    /// How many windows there are.
    pub fn count(&self) -> usize {
        self.0.count()
    }

    /// The part of the sum that these windows hold: the parts of all windows add up to it.
    pub fn windows(&self, windows: Range<usize>) -> G1Projective {
        self.0.windows(windows)
    }
}

/// The windows of a sum.
#[derive(Clone, Copy)]
struct Window {
    bits: usize,
    count: usize,
}

impl Window {
    /// The windows that cost least for `points` points with scalars of `bits` bits.
    fn choose(points: usize, bits: usize) -> Self {
        // Two bits above the scalar: digits reach less far up than down, to a third of the whole range at least.
        let window = |width: usize| Self {
            bits: width,
            count: (bits + 1) / width + 1,
        };
        let cost = |window: &Self| {
            window.count * (points * COST_OF_A_POINT + (COST_OF_A_BUCKET << (window.bits - 1)))
        };
        (2..=16).map(window).min_by_key(cost).unwrap_or(window(2))
    }
}

struct Sum<const N: usize> {
    bases: Vec<G1Affine>,
    scalars: Scalars<N>,
    window: Window,
}

impl<const N: usize> Sum<N> {
    fn prepare(bases: &[G1Affine], mut scalars: Scalars<N>) -> Self {
        let used = |index: &usize| !scalars.is_zero(*index) && !bases[*index].is_zero();
        let used: Vec<usize> = (0..scalars.len()).filter(used).collect();
        let bases = used.iter().map(|index| bases[*index]).collect();
        scalars.keep(&used);
        let window = Window::choose(used.len(), scalars.bits());
        scalars.offset(window);
        Self {
            bases,
            scalars,
            window,
        }
    }

    fn count(&self) -> usize {
        self.window.count
    }

    fn windows(&self, windows: Range<usize>) -> G1Projective {
        let per_window = 1 << (self.window.bits - 1);
        let group = (POINTS_AT_ONCE / self.bases.len().max(1)).max(1);
        let mut total = G1Projective::ZERO;
        let mut end = windows.end;
        while end > windows.start {
            let start = end.saturating_sub(group).max(windows.start);
            let digits: Vec<Vec<i32>> = (start..end).map(|number| self.digits(number)).collect();
            let sums = Buckets::new(&self.bases, &digits, per_window).sums();
            for buckets in sums.chunks(per_window).rev() {
                self.shift(&mut total, 1);
                total += weighted_sum(buckets);
            }
            end = start;
        }
        self.shift(&mut total, windows.start);
        total
    }

    /// The digits of one window.
    fn digits(&self, number: usize) -> Vec<i32> {
        (0..self.scalars.len())
            .map(|index| self.scalars.digit(index, number, self.window))
            .collect()
    }

    /// Doubles a sum by a number of windows.
    fn shift(&self, sum: &mut G1Projective, windows: usize) {
        for _ in 0..windows * self.window.bits {
            sum.double_in_place();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::{g1_generator, to_affine};
    use crate::testing::scalars;
    use ark_ff::{Field, PrimeField};
    use proptest::prelude::*;

    fn bases(count: usize) -> Vec<G1Affine> {
        let generator = g1_generator();
        to_affine(
            &scalars(count, 9)
                .iter()
                .map(|s| generator * s)
                .collect::<Vec<_>>(),
        )
    }

    fn naive(bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
        bases.iter().zip(scalars).map(|(b, s)| *b * s).sum()
    }

    #[test]
    fn full_scalars() {
        for count in [0, 1, 2, 3, 17, 60] {
            let bases = bases(count);
            let scalars = scalars(count, 3);
            assert_eq!(msm(&bases, &scalars), naive(&bases, &scalars));
        }
    }

    #[test]
    fn scalars_at_the_edges() {
        let edges = [
            Fr::ZERO,
            Fr::ONE,
            -Fr::ONE,
            Fr::from(Fr::MODULUS_MINUS_ONE_DIV_TWO),
            -Fr::from(Fr::MODULUS_MINUS_ONE_DIV_TWO),
            Fr::from(u64::MAX),
            Fr::from(2u64).pow([127]),
        ];
        let mut bases = bases(edges.len());
        assert_eq!(msm(&bases, &edges), naive(&bases, &edges));
        bases[1] = G1Affine::identity();
        assert_eq!(msm(&bases, &edges), naive(&bases, &edges));
    }

    #[test]
    fn equal_and_opposite_bases_meet_in_a_bucket() {
        let base = bases(1)[0];
        let bases = [base, base, -base, base];
        let scalars = [5u64, 5, 5, 7].map(Fr::from);
        assert_eq!(msm(&bases, &scalars), naive(&bases, &scalars));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn small_scalars(values in prop::collection::vec(any::<i64>(), 0..20), shift in 0u32..63) {
            let values: Vec<i64> = values.iter().map(|v| v >> shift).collect();
            let bases = bases(values.len());
            let scalars: Vec<Fr> = values.iter().copied().map(Fr::from).collect();
            prop_assert_eq!(msm_small(&bases, &values), naive(&bases, &scalars));
        }
    }
}
