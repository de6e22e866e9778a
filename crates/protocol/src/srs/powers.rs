//! Is every power τ times the one before? And the weights of every random combination in this module.

use alloc::vec::Vec;
use core::fmt;

use ark_ec::{PrimeGroup, VariableBaseMSM};
use ark_ff::Zero;

use super::Srs;
use crate::curve::{
    Fr, G1Affine, G1Projective, G2Affine, G2Prepared, encode_g1_uncompressed, encode_g2,
    g1_generator, g2_generator,
};
use crate::digest::{Digest32, Hasher};
use crate::pairing::product_is_one;
use crate::transcript::reduce;

/// Powers taken at once, so that the memory for the weights does not grow with the setup.
const CHUNK: usize = 1 << 16;

/// Why points are not the powers of one τ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PowersError {
    /// The list does not begin with the generator of G1.
    FirstPower,
    /// Some power is not τ times the one before it, for the τ of [τ]₂.
    Ratio,
}

impl fmt::Display for PowersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FirstPower => {
                "the powers of tau do not begin with the generator of G1; \
                 get the setup again from its source and compare its digest"
            }
            Self::Ratio => {
                "the points in G1 are not the powers of the tau that the setup has in G2; \
                 get the setup again from its source and compare its digest"
            }
        })
    }
}

impl core::error::Error for PowersError {}

impl Srs {
    /// Checks that the powers are those of one τ: the first is G₁ and
    ///
    /// ```text
    /// e(Σᵢ ρᵢ·[τ^(i+1)]₁, G₂) = e(Σᵢ ρᵢ·[τⁱ]₁, [τ]₂)        for random ρᵢ.
    /// ```
    ///
    /// Two multi-scalar multiplications over all powers; [`Srs::from_ptau`] has made this check, [`Srs::from_bytes`] has not.
    ///
    /// # Errors
    ///
    /// [`PowersError`] when the points are not the powers of one τ.
    ///
    /// # Soundness
    ///
    /// The ρᵢ are 128 bits each, from a hash of every point that is checked: points that are not the powers pass with a
    /// probability of 2⁻¹²⁸ for each attempt at choosing them.
    pub fn check_powers(&self) -> Result<(), PowersError> {
        check(&self.powers, &self.setup.tau_g2, CHUNK)
    }
}

/// The check, over `chunk` powers at a time.
pub(super) fn check(
    powers: &[G1Affine],
    tau_g2: &G2Affine,
    chunk: usize,
) -> Result<(), PowersError> {
    let Some((first, ahead)) = powers.split_first() else {
        return Err(PowersError::FirstPower);
    };
    if *first != g1_generator() {
        return Err(PowersError::FirstPower);
    }
    let mut weights = Weights::new(seed(powers, tau_g2));
    let mut sums = [G1Projective::zero(); 2];
    // The list of the powers is one longer than that of their successors: zip leaves the last power out.
    for (behind, ahead) in powers.chunks(chunk).zip(ahead.chunks(chunk)) {
        let (low, high) = weights.halves(ahead.len());
        for (sum, points) in sums.iter_mut().zip([ahead, behind]) {
            *sum += combine(points, &low, &high);
        }
    }
    let [ahead, behind] = sums;
    let right = [g2_generator(), *tau_g2].map(G2Prepared::from);
    if product_is_one(&[ahead, -behind], right.to_vec()) {
        Ok(())
    } else {
        Err(PowersError::Ratio)
    }
}

/// Σ (lowᵢ + 2^64·highᵢ)·pointᵢ over as many points as there are weights. Two multiplications by 64 bits cost half of one by
/// a full scalar.
fn combine(points: &[G1Affine], low: &[u64], high: &[u64]) -> G1Projective {
    let high = G1Projective::msm_u64(points, high);
    G1Projective::msm_u64(points, low) + high.mul_bigint([0, 1])
}

/// A hash of every point of which the check speaks.
pub(super) fn seed(powers: &[G1Affine], tau_g2: &G2Affine) -> Digest32 {
    let start = Hasher::new("tensorseal setup powers").part(&encode_g2(tau_g2));
    powers
        .iter()
        .fold(start, |hasher, power| {
            hasher.part(&encode_g1_uncompressed(power))
        })
        .finish()
}

/// Weights of 128 bits, each known only once everything in the seed is.
pub(super) struct Weights {
    seed: Digest32,
    counter: u64,
}

impl Weights {
    pub(super) fn new(seed: Digest32) -> Self {
        Self { seed, counter: 0 }
    }

    /// The next two weights.
    fn pair(&mut self) -> [u128; 2] {
        let block = Hasher::new("tensorseal setup weights")
            .part(&self.seed.0)
            .part(&self.counter.to_le_bytes())
            .finish();
        // 2^64 blocks are more than anyone can ask for.
        self.counter = self.counter.wrapping_add(1);
        let (halves, _) = block.0.as_chunks::<16>();
        let mut pair = [0; 2];
        for (weight, half) in pair.iter_mut().zip(halves) {
            *weight = u128::from_le_bytes(*half);
        }
        pair
    }

    /// The next two weights as scalars.
    pub(super) fn scalars(&mut self) -> [Fr; 2] {
        self.pair().map(|weight| reduce(&weight.to_le_bytes()))
    }

    /// The next `count` weights, rounded up to an even number, as their low and high halves.
    fn halves(&mut self, count: usize) -> (Vec<u64>, Vec<u64>) {
        let mut low = Vec::with_capacity(count.saturating_add(1));
        let mut high = Vec::with_capacity(count.saturating_add(1));
        while low.len() < count {
            for weight in self.pair() {
                let bytes = weight.to_le_bytes();
                let (words, _) = bytes.as_chunks::<8>();
                let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
                low.extend(words.next());
                high.extend(words.next());
            }
        }
        low.truncate(count);
        high.truncate(count);
        (low, high)
    }
}
