//! Multiples of points, for transforms in the group, which take millions of them.
//!
//! By the endomorphism φ(x, y) = (ζx, y) = λ·(x, y) (Gallant, Lambert and Vanstone, "Faster point multiplication on elliptic curves with
//! efficient endomorphisms", CRYPTO 2001) a scalar k = k₁ + λk₂ has two halves of 127 bits, which share their doublings; their digits are
//! odd, below 2⁴ and few (wNAF). Many points are multiplied in step: their doublings and additions, which a [`PointAdder`] makes, share inversions.

#![allow(
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "digits and indices are below the sizes that the same function has made"
)]

use alloc::vec::Vec;

use ark_bn254::g1::Config;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ff::PrimeField;

use crate::backend::Backend;
use crate::curve::{Fr, G1Affine};
use crate::msm::{PointAdder, Signed};

/// ⌊2²⁵⁶·|n₂₂|/r⌋ and ⌊2²⁵⁶·n₁₂/r⌋ for the short lattice basis (n₁₁, n₁₂), (n₂₁, n₂₂) of the pairs (k₁, k₂) with k₁ + λk₂ = 0.
const RECIPROCALS: [[u64; 3]; 2] = [
    [0x5398_fd03_00ff_6565, 0x4cce_f014_a773_d2d2, 2],
    [0xd91d_232e_c7e0_b3d7, 2, 0],
];
const N_12: u128 = 9_931_322_734_385_697_763;
const N_22: u128 = 147_946_756_881_789_319_010_696_353_538_189_108_491;
/// Digits are odd and below 2^(this − 1) in magnitude.
const WINDOW: u32 = 5;
/// Odd multiples in a table: 1, 3, …, 15.
const ODD: usize = 1 << (WINDOW - 2);
/// Points that are multiplied in step: enough to share an inversion, few enough for a core's second cache.
const BLOCK: usize = 1 << 10;

/// scalarᵢ·pointᵢ for each i.
pub fn multiples<A: PointAdder>(
    points: &[G1Affine],
    scalars: &[Fr],
    backend: &impl Backend,
) -> Vec<G1Affine> {
    let blocks = points.chunks(BLOCK).zip(scalars.chunks(BLOCK)).collect();
    let block = |(points, scalars): (&[G1Affine], &[Fr])| Block::<A>::new(points).times(scalars);
    backend.map(blocks, block).concat()
}

/// The sum of each pair of these points.
pub fn pair_sums<A: PointAdder>(
    points: &[G1Affine],
    pairs: &[[Signed; 2]],
    backend: &impl Backend,
) -> Vec<G1Affine> {
    let pack = |points: &[G1Affine]| {
        let adder = A::default();
        let packed = points.iter().map(|point| adder.pack(point));
        packed.collect::<Vec<A::Point>>()
    };
    let packed = backend.map(points.chunks(BLOCK).collect(), pack).concat();
    let sums = |pairs: &[[Signed; 2]]| {
        let mut adder = A::default();
        let mut sums = Vec::with_capacity(pairs.len());
        adder.add_pairs(&packed, pairs, &mut sums);
        let sums = sums.iter().map(|sum| adder.unpack(sum));
        sums.collect::<Vec<G1Affine>>()
    };
    backend.map(pairs.chunks(BLOCK).collect(), sums).concat()
}

/// Points that are multiplied in step, so that their additions share inversions.
struct Block<A: PointAdder> {
    adder: A,
    count: usize,
    /// The sums so far, of each point; then P and φ(P) of each point, times 2; then the same times 1, 3, …, 15.
    points: Vec<A::Point>,
}

impl<A: PointAdder> Block<A> {
    fn new(points: &[G1Affine]) -> Self {
        let mut adder = A::default();
        let count = points.len();
        let turned = points.iter().map(turn);
        let bases: Vec<G1Affine> = points.iter().copied().chain(turned).collect();
        let bases: Vec<A::Point> = bases.iter().map(|base| adder.pack(base)).collect();
        let mut all = alloc::vec![adder.pack(&G1Affine::identity()); count];
        all.extend(&bases);
        adder.double_all(&mut all[count..]);
        all.extend(&bases);
        let mut next = Vec::with_capacity(2 * count);
        for _ in 1..ODD {
            let last = all.len() - 2 * count;
            let pair = |base| [last + base, count + base].map(|index| Signed::new(index, false));
            let pairs: Vec<[Signed; 2]> = (0..2 * count).map(pair).collect();
            adder.add_pairs(&all, &pairs, &mut next);
            all.append(&mut next);
        }
        Self {
            adder,
            count,
            points: all,
        }
    }

    /// Each point times its scalar.
    fn times(mut self, scalars: &[Fr]) -> Vec<G1Affine> {
        // For each place the digits there that are not zero, of either half, each with the number of its point.
        let mut places: Vec<[Vec<(usize, i8)>; 2]> = Vec::new();
        for (point, scalar) in scalars.iter().enumerate() {
            for (half, (negative, magnitude)) in halves(scalar).into_iter().enumerate() {
                let digits = digits(negative, magnitude);
                if places.len() < digits.len() {
                    places.resize(digits.len(), Default::default());
                }
                for (place, digit) in places.iter_mut().zip(digits) {
                    if digit != 0 {
                        place[half].push((point, digit));
                    }
                }
            }
        }
        let mut begun = alloc::vec![false; self.count];
        for (turns, place) in places.iter().rev().enumerate() {
            if turns > 0 {
                self.adder.double_all(&mut self.points[..self.count]);
            }
            for (half, digits) in place.iter().enumerate() {
                self.add(half, digits, &mut begun);
            }
        }
        let sums = self.points[..self.count].iter();
        sums.map(|sum| self.adder.unpack(sum)).collect()
    }

    /// Adds digit times the point, or its image, to the sum of each of these points.
    fn add(&mut self, half: usize, digits: &[(usize, i8)], begun: &mut [bool]) {
        let (mut pairs, mut targets) = (Vec::new(), Vec::new());
        for (point, digit) in digits {
            let multiple = usize::from(digit.unsigned_abs() / 2);
            let index = self.count * (3 + 2 * multiple + half) + point;
            if begun[*point] {
                let sum = Signed::new(*point, false);
                pairs.push([sum, Signed::new(index, *digit < 0)]);
                targets.push(*point);
            } else {
                begun[*point] = true;
                let first = self.points[index];
                let negated = self.adder.negated(&first);
                self.points[*point] = if *digit < 0 { negated } else { first };
            }
        }
        let mut sums = Vec::with_capacity(pairs.len());
        self.adder.add_pairs(&self.points, &pairs, &mut sums);
        for (target, sum) in targets.into_iter().zip(sums) {
            self.points[target] = sum;
        }
    }
}

/// φ(P).
fn turn(point: &G1Affine) -> G1Affine {
    Config::endomorphism_affine(point)
}

/// k₁ and k₂, each as its sign and magnitude.
fn halves(scalar: &Fr) -> [(bool, u128); 2] {
    let limbs = scalar.into_bigint().0;
    // A small number is its own half.
    let small = |limbs: [u64; 4]| limbs[2..] == [0; 2] && limbs[1] >> 62 == 0;
    if small(limbs) {
        return [(false, magnitude(limbs)), (false, 0)];
    }
    let opposite = (-*scalar).into_bigint().0;
    if small(opposite) {
        return [(true, magnitude(opposite)), (false, 0)];
    }
    // The lattice point nearest to (k, 0), rounded down: any rounding gives halves that fit.
    let [b1, b2] = RECIPROCALS.map(|reciprocal| high(&limbs, &reciprocal));
    let k2 = Fr::from(b1) * Fr::from(N_12) - Fr::from(b2) * Fr::from(N_22);
    let k1 = *scalar - k2 * Config::LAMBDA;
    [k1, k2].map(|half| {
        let plain = half.into_bigint();
        let negative = plain > Fr::MODULUS_MINUS_ONE_DIV_TWO;
        let magnitude = if negative {
            (-half).into_bigint()
        } else {
            plain
        };
        (negative, self::magnitude(magnitude.0))
    })
}

/// A number below 2¹²⁸.
fn magnitude([low, high, ..]: [u64; 4]) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

/// ⌊a·b/2²⁵⁶⌋, which is below 2¹²⁸.
fn high(a: &[u64; 4], b: &[u64; 3]) -> u128 {
    let mut product = [0u64; 7];
    for (i, a) in a.iter().enumerate() {
        let mut carry = 0u128;
        for (j, b) in b.iter().enumerate() {
            let sum = u128::from(*a) * u128::from(*b) + u128::from(product[i + j]) + carry;
            product[i + j] = sum as u64;
            carry = sum >> 64;
        }
        product[i + 3] = carry as u64;
    }
    u128::from(product[5]) << 64 | u128::from(product[4])
}

/// Signed odd digits below 2^(WINDOW − 1), lowest first, most of them zero.
fn digits(negative: bool, mut rest: u128) -> Vec<i8> {
    let mut digits = Vec::with_capacity(129);
    let modulus = 1i8 << (WINDOW - 1);
    while rest != 0 {
        let mut digit = 0;
        if rest & 1 == 1 {
            // In (−2^(w−1), 2^(w−1)), congruent to the rest modulo 2^w.
            let low = (rest & ((1 << WINDOW) - 1)) as i8;
            digit = if low >= modulus {
                low - 2 * modulus
            } else {
                low
            };
            // A half has 127 bits, so nothing is carried out.
            rest = if digit < 0 {
                rest + u128::from(digit.unsigned_abs())
            } else {
                rest - u128::from(digit.unsigned_abs())
            };
        }
        digits.push(if negative { -digit } else { digit });
        rest >>= 1;
    }
    digits
}

#[cfg(test)]
mod tests {
    use ark_ff::{AdditiveGroup, Field};

    use super::*;
    use crate::backend::Reference;
    use crate::curve::{g1_generator, to_affine};
    use crate::msm::SerialAdder;
    use crate::testing::scalars;

    fn some() -> (Vec<G1Affine>, Vec<Fr>) {
        let mut some = scalars(60, 3);
        some.extend((0..40u64).map(Fr::from));
        some.extend((0..40u64).map(|small| -Fr::from(small)));
        some.extend((0..254u64).map(|bit| Fr::from(2u64).pow([bit])));
        some.extend((0..254u64).map(|bit| -Fr::from(2u64).pow([bit]) - Fr::ONE));
        some.extend([Config::LAMBDA, -Config::LAMBDA, Config::LAMBDA.double()]);
        // More than one block, and the point at infinity.
        some.extend(scalars(BLOCK, 5));
        let mut points = to_affine(
            &scalars(some.len(), 4)
                .iter()
                .map(|s| g1_generator() * s)
                .collect::<Vec<_>>(),
        );
        points[7] = G1Affine::identity();
        (points, some)
    }

    #[test]
    fn multiples_are_those_of_the_library() {
        let (points, scalars) = some();
        let found = multiples::<SerialAdder>(&points, &scalars, &Reference);
        for ((point, scalar), found) in points.iter().zip(&scalars).zip(found) {
            assert_eq!(found, G1Affine::from(*point * scalar), "{scalar}");
        }
        assert!(multiples::<SerialAdder>(&[], &[], &Reference).is_empty());
    }

    #[test]
    fn sums_of_pairs_are_those_of_the_library() {
        let (points, _) = some();
        let sign = |negative: bool, point: G1Affine| if negative { -point } else { point };
        let pairs: Vec<(usize, usize, bool)> = (0..points.len())
            .map(|i| (i, (i * i + 7) % points.len(), i % 3 == 0))
            .collect();
        let signed = pairs
            .iter()
            .map(|(a, b, negative)| [Signed::new(*a, false), Signed::new(*b, *negative)]);
        let found = pair_sums::<SerialAdder>(&points, &signed.collect::<Vec<_>>(), &Reference);
        for ((a, b, negative), found) in pairs.into_iter().zip(found) {
            let expected = points[a] + sign(negative, points[b]);
            assert_eq!(found, G1Affine::from(expected), "{a}, {b}");
        }
    }

    #[test]
    fn halves_make_up_the_scalar() {
        let mut some = scalars(500, 5);
        some.extend([Fr::ZERO, Fr::ONE, -Fr::ONE]);
        // On either side of where small numbers end.
        let edge = Fr::from(2u64).pow([126]);
        some.extend([edge, edge - Fr::ONE, -edge, -edge + Fr::ONE]);
        for scalar in &some {
            let [k1, k2] = halves(scalar).map(|(negative, half)| {
                assert!(half < 1 << 127);
                let half = Fr::from(half);
                if negative { -half } else { half }
            });
            assert_eq!(k1 + k2 * Config::LAMBDA, *scalar);
        }
    }
}
