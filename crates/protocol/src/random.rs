//! Where the prover's blindings come from.

use core::fmt;

use ark_ff::PrimeField;
use zeroize::Zeroize;

use crate::curve::Fr;

/// No randomness could be had: there is no proof without it, and never a weaker one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomnessUnavailable;

impl fmt::Display for RandomnessUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the platform's random generator failed")
    }
}

impl core::error::Error for RandomnessUnavailable {}

/// A source of bytes that nobody can predict.
pub trait RandomSource {
    /// Fills `bytes`.
    ///
    /// # Errors
    ///
    /// [`RandomnessUnavailable`] when the source has failed; `bytes` must not be used then.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable>;

    /// A scalar from 512 bits, so uniform but for 2⁻²⁵⁰.
    ///
    /// # Errors
    ///
    /// As [`Self::fill`].
    fn scalar(&mut self) -> Result<Fr, RandomnessUnavailable> {
        let mut bytes = [0; 64];
        self.fill(&mut bytes)?;
        let scalar = Fr::from_le_bytes_mod_order(&bytes);
        bytes.zeroize();
        Ok(scalar)
    }
}

/// The platform's own generator.
#[cfg(feature = "getrandom")]
#[derive(Clone, Copy, Debug, Default)]
pub struct PlatformRandom;

#[cfg(feature = "getrandom")]
impl RandomSource for PlatformRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        getrandom::fill(bytes).map_err(|_| RandomnessUnavailable)
    }
}

/// A generator that gives the same bytes for the same seed: for test vectors and development, never for secrets.
#[cfg(any(test, feature = "deterministic"))]
#[derive(Clone, Debug)]
pub struct DeterministicRandom {
    seed: [u8; 32],
    counter: u64,
}

#[cfg(any(test, feature = "deterministic"))]
impl DeterministicRandom {
    /// A generator that starts at the seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0 }
    }
}

#[cfg(any(test, feature = "deterministic"))]
impl RandomSource for DeterministicRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        for chunk in bytes.chunks_mut(32) {
            let block = crate::digest::Hasher::new("tensorseal deterministic random")
                .part(&self.seed)
                .part(&self.counter.to_le_bytes())
                .finish();
            self.counter += 1;
            for (to, from) in chunk.iter_mut().zip(block.0) {
                *to = from;
            }
        }
        Ok(())
    }
}
