//! A multiple of a point, for transforms in the group, which take millions of them.
//!
//! By the endomorphism φ(x, y) = (ζx, y) = λ·(x, y) (Gallant, Lambert and Vanstone, "Faster point multiplication on elliptic curves with
//! efficient endomorphisms", CRYPTO 2001) a scalar k = k₁ + λk₂ has two halves of 127 bits, which share their doublings; their digits are
//! odd, below 2⁴ and few (wNAF). Half the time of the library's, which takes bits one by one and halves the scalar with big integers.

#![allow(
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "digits and indices are below the sizes that the same function has made"
)]

use alloc::vec::Vec;

use ark_bn254::g1::Config;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ff::{AdditiveGroup as _, PrimeField};

use crate::curve::{Fr, G1Projective};

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

/// scalar·point.
pub fn multiple(point: &G1Projective, scalar: &Fr) -> G1Projective {
    let halves = halves(scalar);
    let digits = halves.map(|(negative, half)| digits(negative, half));
    let mut odd = [*point; ODD];
    let twice = point.double();
    for i in 1..ODD {
        odd[i] = odd[i - 1] + twice;
    }
    let turned = odd.each_ref().map(Config::endomorphism);
    let mut sum = G1Projective::ZERO;
    let length = digits.iter().map(Vec::len).max().unwrap_or(0);
    for place in (0..length).rev() {
        sum.double_in_place();
        for (digits, table) in digits.iter().zip([&odd, &turned]) {
            let digit = digits.get(place).copied().unwrap_or(0);
            let index = usize::from(digit.unsigned_abs() / 2);
            match digit {
                0 => {}
                1.. => sum += table[index],
                _ => sum -= table[index],
            }
        }
    }
    sum
}

/// k₁ and k₂, each as its sign and magnitude.
fn halves(scalar: &Fr) -> [(bool, u128); 2] {
    let limbs = scalar.into_bigint().0;
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
        let [low, high, ..] = magnitude.0;
        (negative, u128::from(high) << 64 | u128::from(low))
    })
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
    use ark_ff::{AdditiveGroup as _, Field};

    use super::*;
    use crate::curve::g1_generator;
    use crate::testing::scalars;

    #[test]
    fn multiples_are_those_of_the_library() {
        let mut some = scalars(60, 3);
        some.extend((0..40u64).map(Fr::from));
        some.extend((0..40u64).map(|small| -Fr::from(small)));
        some.extend((0..254u64).map(|bit| Fr::from(2u64).pow([bit])));
        some.extend((0..254u64).map(|bit| -Fr::from(2u64).pow([bit]) - Fr::ONE));
        some.extend([Config::LAMBDA, -Config::LAMBDA, Config::LAMBDA.double()]);
        let point = g1_generator() * scalars(1, 4)[0];
        for scalar in &some {
            assert_eq!(multiple(&point, scalar), point * scalar, "{scalar}");
        }
        assert_eq!(multiple(&G1Projective::ZERO, &some[0]), G1Projective::ZERO);
    }

    #[test]
    fn halves_make_up_the_scalar() {
        let mut some = scalars(500, 5);
        some.extend([Fr::ZERO, Fr::ONE, -Fr::ONE]);
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
