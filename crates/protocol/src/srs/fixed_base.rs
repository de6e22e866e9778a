//! Many multiples of the generator of G1, in affine coordinates throughout.
//!
//! With windows of c bits and tables T_w[d] = d·2^(cw)·G₁, a scalar s = Σ d_w·2^(cw) has s·G₁ = Σ T_w[d_w]. The additions of one
//! window are made for all scalars together, so that they share one inversion: about six multiplications for each, half of
//! what the library's projective additions take.

#![allow(
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "only a development setup is made with it"
)]

use alloc::vec::Vec;

use ark_ec::AffineRepr;
use ark_ff::{Field, PrimeField, batch_inversion};

use crate::curve::{Fq, Fr, G1Affine, g1_generator, to_affine};

/// Bits of a window at the most: tables of some ten megabytes.
const MAX_WINDOW: usize = 13;

/// The multiples of the generator by every digit at every place.
pub(super) struct FixedBase {
    window: usize,
    /// T_w without its first entry, which is infinity.
    tables: Vec<Vec<G1Affine>>,
}

impl FixedBase {
    /// Tables that pay for themselves with `count` scalars.
    pub(super) fn new(count: usize) -> Self {
        let window = match count.checked_ilog2() {
            Some(log) => crate::encoding::widen(log)
                .saturating_sub(4)
                .clamp(2, MAX_WINDOW),
            None => 2,
        };
        let mut base = g1_generator().into_group();
        let tables = (0..Fr::MODULUS_BIT_SIZE)
            .step_by(window)
            .map(|_| {
                let mut multiples = Vec::with_capacity(1 << window);
                let mut next = base;
                for _ in 1..1usize << window {
                    multiples.push(next);
                    next += base;
                }
                base = next;
                to_affine(&multiples)
            })
            .collect();
        Self { window, tables }
    }

    /// s·G₁ for each of the scalars.
    pub(super) fn multiples(&self, scalars: &[Fr]) -> Vec<G1Affine> {
        let scalars: Vec<_> = scalars
            .iter()
            .map(|scalar| scalar.into_bigint().0)
            .collect();
        let mut sums = alloc::vec![G1Affine::zero(); scalars.len()];
        let mut differences = Vec::with_capacity(scalars.len());
        let mut terms = Vec::with_capacity(scalars.len());
        for (place, table) in self.tables.iter().enumerate() {
            differences.clear();
            terms.clear();
            for (index, (sum, scalar)) in sums.iter_mut().zip(&scalars).enumerate() {
                let digit = digit(scalar, place * self.window, self.window);
                let Some(term) = digit.checked_sub(1).map(|index| table[index]) else {
                    continue;
                };
                if sum.is_zero() {
                    *sum = term;
                } else {
                    differences.push(term.x - sum.x);
                    terms.push((index, term));
                }
            }
            // No difference is zero: the sum so far is a multiple of G₁ below 2^(cw), the term one from 2^(cw) on, and
            // together they are below r, so they are neither equal nor opposite.
            batch_inversion(&mut differences);
            for ((index, term), inverse) in terms.iter().zip(&differences) {
                sums[*index] = add(&sums[*index], term, inverse);
            }
        }
        sums
    }
}

/// The chord through two points, by the inverse of the difference of their first coordinates.
fn add(left: &G1Affine, right: &G1Affine, inverse: &Fq) -> G1Affine {
    let slope = (right.y - left.y) * inverse;
    let x = slope.square() - left.x - right.x;
    let y = slope * (left.x - x) - left.y;
    G1Affine::new_unchecked(x, y)
}

/// The `bits` bits of a number from bit `start` on.
fn digit(limbs: &[u64; 4], start: usize, bits: usize) -> usize {
    let (limb, shift) = (start / 64, start % 64);
    let low = limbs[limb] >> shift;
    let high = match limbs.get(limb + 1) {
        Some(next) if shift > 0 => next << (64 - shift),
        _ => 0,
    };
    let digit = (low | high) & ((1 << bits) - 1);
    usize::try_from(digit).expect("a digit has at most 13 bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::G1Projective;
    use crate::testing::scalars;

    #[test]
    fn multiples_are_those_of_the_library() {
        let mut scalars = scalars(40, 1);
        // No digit, one digit, all digits, the ends of limbs, the largest.
        scalars.extend([0u64, 1, 2, u64::MAX].map(Fr::from));
        scalars.extend([63u64, 64, 65, 128, 192, 253].map(|bit| Fr::from(2u64).pow([bit])));
        scalars.push(-Fr::ONE);
        let expected: Vec<G1Projective> = scalars.iter().map(|s| g1_generator() * s).collect();
        for count in [0, 1, 40, 1 << 10, 1 << 13] {
            let base = FixedBase::new(count);
            assert_eq!(base.multiples(&scalars), to_affine(&expected));
        }
        assert!(FixedBase::new(1).multiples(&[]).is_empty());
    }
}
