//! Multi-scalar multiplication, Σ scalarᵢ·baseᵢ.
//!
//! Pippenger's bucket method with signed digits: in each window of c bits a base goes into one of 2^{c−1} buckets. All additions are
//! affine, many at a time, so that they share inversions; a [`PointAdder`] makes them. Scalars that are small cost only the windows
//! that they reach. The windows of a [`Sum`] are independent of each other, so a backend with threads shares them out.

#![allow(
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "digits and indices are below the sizes that the same function has made"
)]

mod adder;
mod buckets;
mod digits;
mod window;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use ark_ec::{AdditiveGroup as _, AffineRepr};

pub use self::adder::{PointAdder, SerialAdder, Signed};
pub(crate) use self::buckets::Buckets;
use self::buckets::{Weighted, weighted_sums};
use self::digits::Scalars;
pub(crate) use self::window::BitLengths;
use self::window::Window;
use crate::curve::{Fr, G1Affine, G1Projective};

/// Digits that are put into buckets at once: enough to share an inversion, few enough for a core's cache.
const DIGITS_AT_ONCE: usize = 1 << 15;

/// Σ scalarᵢ·baseᵢ over the shorter of the two lists.
pub fn msm(bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
    Sum::<SerialAdder>::of_field(bases, scalars).whole()
}

/// Σ scalarᵢ·baseᵢ for small signed integers.
pub fn msm_small(bases: &[G1Affine], scalars: &[i64]) -> G1Projective {
    Sum::<SerialAdder>::of_integers(bases, scalars).whole()
}

/// A sum cut into windows, whose parts add up to it.
pub struct Sum<'a, A: PointAdder> {
    bases: Vec<A::Point>,
    scalars: Scalars<'a>,
    window: Window,
}

impl<'a, A: PointAdder> Sum<'a, A> {
    /// Field elements; of the two lists the shorter counts.
    pub fn of_field(bases: &[G1Affine], scalars: &[Fr]) -> Self {
        let count = bases.len().min(scalars.len());
        Self::of_used(&bases[..count], Scalars::of_field(&scalars[..count]))
    }

    /// Small integers; of the two lists the shorter counts.
    pub fn of_integers(bases: &[G1Affine], scalars: &'a [i64]) -> Self {
        let count = bases.len().min(scalars.len());
        let scalars = Scalars::of_integers(Cow::Borrowed(&scalars[..count]));
        Self::of_used(&bases[..count], scalars)
    }

    /// The terms that are not zero.
    fn of_used(bases: &[G1Affine], mut scalars: Scalars<'a>) -> Self {
        let used = |index: &usize| !scalars.is_zero(*index) && !bases[*index].is_zero();
        let used: Vec<usize> = (0..scalars.len()).filter(used).collect();
        let adder = A::default();
        let bases = used.iter().map(|index| adder.pack(&bases[*index]));
        let bases = bases.collect();
        scalars.keep(&used);
        let mut lengths = BitLengths::default();
        scalars.count_bit_lengths(&mut lengths);
        let window = Window::choose(&lengths, 1);
        scalars.offset(window);
        Self {
            bases,
            scalars,
            window,
        }
    }

    /// How many windows there are.
    pub fn count(&self) -> usize {
        self.window.count
    }

    /// The sum.
    pub fn whole(&self) -> G1Projective {
        self.windows(0..self.count())
    }

    /// The part of the sum that these windows hold.
    pub fn windows(&self, windows: Range<usize>) -> G1Projective {
        let places: Vec<(usize, usize)> = windows.map(|number| (0, number)).collect();
        let digits = |_, number| self.scalars.digits(number, self.window);
        by_doubling(windowed::<A>(&self.bases, (self.window, &places), digits))
    }
}

/// Σ scalarᵢ·baseᵢ for several lists of small integers, as many as there are bases: they share inversions.
pub(crate) fn sums_of_packed<A: PointAdder>(
    bases: &[A::Point],
    lists: &[&[i64]],
) -> Vec<G1Projective> {
    let lists = lists.iter();
    let mut lists: Vec<Scalars<'_>> = lists
        .map(|list| Scalars::of_integers(Cow::Borrowed(*list)))
        .collect();
    let mut lengths = BitLengths::default();
    lists
        .iter()
        .for_each(|list| list.count_bit_lengths(&mut lengths));
    let window = Window::choose(&lengths, lists.len());
    lists.iter_mut().for_each(|list| list.offset(window));
    let numbers = |sum| (0..window.count).map(move |number| (sum, number));
    let places: Vec<(usize, usize)> = (0..lists.len()).flat_map(numbers).collect();
    let digits = |sum: usize, number| lists[sum].digits(number, window);
    let mut parts: Vec<Vec<Weighted>> = lists.iter().map(|_| Vec::new()).collect();
    for weighted in windowed::<A>(bases, (window, &places), digits) {
        parts[weighted.sum].push(weighted);
    }
    parts.into_iter().map(by_doubling).collect()
}

/// The parts of sums that windows hold: of each in `places` the number of its sum and its own.
fn windowed<A: PointAdder>(
    bases: &[A::Point],
    (window, places): (Window, &[(usize, usize)]),
    digits: impl Fn(usize, usize) -> Vec<i32>,
) -> Vec<Weighted> {
    let mut adder = A::default();
    let group = (DIGITS_AT_ONCE / bases.len().max(1)).max(1);
    let mut buckets = Vec::new();
    for group in places.chunks(group) {
        let digits = group.iter().map(|(sum, number)| digits(*sum, *number));
        let digits: Vec<Vec<i32>> = digits.collect();
        buckets.extend(Buckets::new(&digits, window).sums(bases, &mut adder));
    }
    let places = places
        .iter()
        .map(|(sum, number)| (*sum, number * window.bits));
    weighted_sums(buckets, places, window.buckets(), &mut adder)
}

/// Σ 2^bit·point.
fn by_doubling(mut points: Vec<Weighted>) -> G1Projective {
    points.sort_unstable_by_key(|weighted| weighted.bit);
    let mut total = G1Projective::ZERO;
    let mut reached = 0;
    while let Some(Weighted { bit, point, .. }) = points.pop() {
        for _ in bit..reached {
            total.double_in_place();
        }
        reached = bit;
        total += point;
    }
    for _ in 0..reached {
        total.double_in_place();
    }
    total
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
