//! Sums of few multiples of points, Σ scalarᵢ·baseᵢ, as a verifier has them.
//!
//! Straus's method with signed windows: one run of doublings for all points together, and for each point the odd multiples up to
//! 2^{w−1} (Straus 1964; Möller, "Algorithms for multi-exponentiation", SAC 2001, section 3.2). Time depends on the scalars,
//! which a verifier knows from the proof: nothing secret may come here.

use alloc::vec::Vec;

use ark_ec::AdditiveGroup as _;
use ark_ff::{BigInteger, PrimeField};

use crate::curve::{Fr, G1Affine, G1Projective, to_affine};

/// Bits of a window: with wider ones a table costs more than its use saves.
const WINDOW: usize = 5;
/// 1, 3, …, 2^{w−1} − 1 times a point.
const MULTIPLES: usize = 1 << (WINDOW - 2);

/// Σ scalarᵢ·baseᵢ over the shorter of the two lists.
pub(crate) fn sum_of_multiples(bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
    let tables = odd_multiples(bases);
    let digits: Vec<Vec<i64>> = scalars.iter().map(signed_windows).collect();
    let longest = digits.iter().map(Vec::len).max().unwrap_or(0);
    let mut sum = G1Projective::ZERO;
    for position in (0..longest).rev() {
        sum.double_in_place();
        for (table, digits) in tables.chunks(MULTIPLES).zip(&digits) {
            let digit = digits.get(position).copied().unwrap_or(0);
            let index = usize::try_from(digit.unsigned_abs() / 2).ok();
            let Some(multiple) = index.filter(|_| digit != 0).and_then(|i| table.get(i)) else {
                continue;
            };
            sum += if digit < 0 { -*multiple } else { *multiple };
        }
    }
    sum
}

/// Each base times 1, 3, 5, …
fn odd_multiples(bases: &[G1Affine]) -> Vec<G1Affine> {
    let mut multiples = Vec::with_capacity(bases.len() * MULTIPLES);
    for base in bases {
        let mut multiple = G1Projective::from(*base);
        let twice = multiple.double();
        for _ in 0..MULTIPLES {
            multiples.push(multiple);
            multiple += twice;
        }
    }
    to_affine(&multiples)
}

/// Digits that are zero or odd and below 2^{w−1}, of the representative nearest to zero.
fn signed_windows(scalar: &Fr) -> Vec<i64> {
    let plain = scalar.into_bigint();
    if plain <= Fr::MODULUS_MINUS_ONE_DIV_TWO {
        return plain.find_wnaf(WINDOW).unwrap_or_default();
    }
    let mut digits = (-*scalar)
        .into_bigint()
        .find_wnaf(WINDOW)
        .unwrap_or_default();
    for digit in &mut digits {
        *digit = -*digit;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::g1_generator;
    use crate::testing::scalars;
    use ark_ff::Field;

    fn check(bases: &[G1Affine], scalars: &[Fr]) {
        let naive: G1Projective = bases.iter().zip(scalars).map(|(b, s)| *b * s).sum();
        assert_eq!(sum_of_multiples(bases, scalars), naive);
    }

    fn bases(count: usize) -> Vec<G1Affine> {
        let scalars = scalars(count, 9);
        let points: Vec<G1Projective> = scalars.iter().map(|s| g1_generator() * s).collect();
        to_affine(&points)
    }

    #[test]
    fn full_scalars() {
        for count in [0, 1, 2, 3, 23] {
            check(&bases(count), &scalars(count, 3));
        }
    }

    #[test]
    fn scalars_at_the_edges() {
        let half = Fr::from(Fr::MODULUS_MINUS_ONE_DIV_TWO);
        let mut edges: Vec<Fr> = (0..70u64).map(Fr::from).collect();
        edges.extend((0..70u64).map(|i| -Fr::from(i)));
        edges.extend([half, -half, Fr::from(u64::MAX), Fr::from(2u64).pow([253])]);
        let bases = bases(edges.len());
        check(&bases, &edges);
        for (base, edge) in bases.iter().zip(&edges) {
            check(&[*base], &[*edge]);
        }
    }

    #[test]
    fn equal_and_opposite_bases_and_infinity() {
        let base = g1_generator();
        let bases = [base, base, -base, G1Affine::identity(), base];
        check(&bases, &scalars(5, 4));
        check(&bases, &[5u64, 5, 10, 7, 3].map(Fr::from));
        check(&bases[..2], &[Fr::from(9u64), -Fr::from(9u64)]);
    }
}
