//! Many multiples of the generator of G1.
//!
//! With windows of c bits and tables T_w[d] = d·2^(cw)·G₁, a scalar s = Σ d_w·2^(cw) has s·G₁ = Σ T_w[d_w]. The additions for many
//! scalars are made together and in affine coordinates, so that they share inversions.

#![allow(
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "only a development setup is made with it"
)]

use alloc::vec::Vec;

use ark_ec::AffineRepr;
use ark_ff::{Field, PrimeField};
use zeroize::Zeroizing;

use crate::backend::Backend;
use crate::curve::{Fr, G1Affine, g1_generator, to_affine};
use crate::msm::{Buckets, PointAdder, Signed};

/// Bits of a window at the most: tables of some ten megabytes.
const MAX_WINDOW: usize = 13;
/// Multiples that are made at once by one thread.
const CHUNK: usize = 1 << 11;
/// Chunks that are shared out at once.
const CHUNKS: usize = 64;

/// [τⁱ]₁ for i < count.
pub fn powers_of_tau<A: PointAdder>(
    tau: &Fr,
    count: usize,
    backend: &impl Backend,
) -> Vec<G1Affine> {
    let base = FixedBase::<A>::new(count);
    let chunk = |start: usize| {
        let mut scalars = Zeroizing::new(Vec::with_capacity(CHUNK));
        let mut next = Zeroizing::new(tau.pow([start as u64]));
        for _ in start..count.min(start + CHUNK) {
            scalars.push(*next);
            *next *= tau;
        }
        base.multiples(&scalars)
    };
    let mut powers = Vec::with_capacity(count);
    while powers.len() < count {
        let starts = (powers.len()..count).step_by(CHUNK).take(CHUNKS);
        let chunks = backend.map(starts.collect(), chunk);
        chunks.iter().for_each(|chunk| powers.extend(chunk));
    }
    powers
}

/// The multiples of the generator by every digit at every place.
struct FixedBase<A: PointAdder> {
    window: usize,
    /// T_w without its first entry, which is infinity, one w after the other.
    tables: Vec<A::Point>,
}

impl<A: PointAdder> FixedBase<A> {
    /// Tables that pay for themselves with `count` scalars.
    fn new(count: usize) -> Self {
        let window = match count.checked_ilog2() {
            Some(log) => crate::encoding::widen(log)
                .saturating_sub(4)
                .clamp(2, MAX_WINDOW),
            None => 2,
        };
        let adder = A::default();
        let mut base = g1_generator().into_group();
        let mut tables = Vec::new();
        for _ in (0..Fr::MODULUS_BIT_SIZE).step_by(window) {
            let mut multiples = Vec::with_capacity(1 << window);
            let mut next = base;
            for _ in 1..1usize << window {
                multiples.push(next);
                next += base;
            }
            base = next;
            tables.extend(to_affine(&multiples).iter().map(|point| adder.pack(point)));
        }
        Self { window, tables }
    }

    /// s·G₁ for each of the scalars.
    fn multiples(&self, scalars: &[Fr]) -> Vec<G1Affine> {
        let per_place = (1usize << self.window) - 1;
        let places = self.tables.len() / per_place;
        let mut references = Vec::with_capacity(scalars.len() * places);
        let mut counts = Vec::with_capacity(scalars.len());
        for scalar in scalars {
            let before = references.len();
            let scalar = scalar.into_bigint().0;
            let digit = |place| digit(&scalar, place * self.window, self.window);
            let entries = (0..places).map(|place| (place * per_place, digit(place)));
            let used = entries.filter(|(_, digit)| *digit > 0);
            references.extend(used.map(|(start, digit)| Signed::new(start + digit - 1, false)));
            counts.push(references.len() - before);
        }
        let mut adder = A::default();
        let sums = Buckets::of_references(references, counts).sums(&self.tables, &mut adder);
        sums.iter().map(|sum| adder.unpack(sum)).collect()
    }
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
    use crate::backend::Reference;
    use crate::curve::G1Projective;
    use crate::msm::SerialAdder;
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
            let base = FixedBase::<SerialAdder>::new(count);
            assert_eq!(base.multiples(&scalars), to_affine(&expected));
        }
        assert!(FixedBase::<SerialAdder>::new(1).multiples(&[]).is_empty());
    }

    #[test]
    fn chunks_follow_each_other() {
        let tau = Fr::from(3u64);
        let powers = powers_of_tau::<SerialAdder>(&tau, CHUNK + 2, &Reference);
        assert_eq!(powers.len(), CHUNK + 2);
        for index in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1] {
            let expected = g1_generator() * tau.pow([index as u64]);
            assert_eq!(powers[index], expected, "{index}");
        }
    }
}
