//! A setup made on the spot, for tests and first steps.

use alloc::vec::Vec;
use core::fmt;

use ark_ec::{CurveGroup, PrimeGroup, ScalarMul};
use ark_ff::{Field, One, Zero};
use zeroize::{Zeroize, Zeroizing};

use super::{Setup, Srs};
use crate::backend::{Backend, Reference};
use crate::curve::{Fr, G2Affine, G2Projective, g1_generator, g2_generator};
use crate::encoding::widen;
use crate::random::{RandomSource, RandomnessUnavailable};

/// The largest power of [`Srs::development`].
pub const DEVELOPMENT_MAX_POWER: u32 = 25;

/// Why no development setup was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DevelopmentError {
    /// The power is zero or too large.
    PowerOutOfRange {
        /// The power that was asked for.
        found: u32,
    },
    /// The source of randomness failed, or gave what no working source gives.
    Randomness(RandomnessUnavailable),
}

impl fmt::Display for DevelopmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PowerOutOfRange { found } => write!(
                f,
                "a development setup has a power of 1 to {DEVELOPMENT_MAX_POWER}, not {found}; \
                 for more, take a file of a ceremony"
            ),
            Self::Randomness(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for DevelopmentError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Randomness(error) => Some(error),
            Self::PowerOutOfRange { .. } => None,
        }
    }
}

impl From<RandomnessUnavailable> for DevelopmentError {
    fn from(error: RandomnessUnavailable) -> Self {
        Self::Randomness(error)
    }
}

impl Srs {
    /// A development setup of a power: [τⁱ]₁ for i < 2^(power + 1) − 1, as in a `.ptau` file of that power, and [τ^(2^k)]₂ for
    /// k ≤ power, one more than such a file has. It is marked, and a verifier refuses it unless asked.
    ///
    /// # Errors
    ///
    /// [`DevelopmentError::PowerOutOfRange`] unless the power is 1 to [`DEVELOPMENT_MAX_POWER`];
    /// [`DevelopmentError::Randomness`] when `random` fails.
    ///
    /// # Soundness
    ///
    /// None: whoever ran this may know τ and prove anything. The secrets and the powers computed from them are erased as far
    /// as this function holds them; copies in registers, on the stack and in the curve library are not.
    pub fn development(
        power: u32,
        random: &mut dyn RandomSource,
    ) -> Result<Self, DevelopmentError> {
        Self::development_with_g2(power, 0, (&Reference, random))
    }

    /// As [`Self::development`], with the first `powers_g2` powers in G2, at most 2^power, and on a backend of choice.
    ///
    /// # Errors
    ///
    /// Those of [`Self::development`].
    pub fn development_with_g2(
        power: u32,
        powers_g2: usize,
        (backend, random): (&impl Backend, &mut dyn RandomSource),
    ) -> Result<Self, DevelopmentError> {
        if !(1..=DEVELOPMENT_MAX_POWER).contains(&power) {
            return Err(DevelopmentError::PowerOutOfRange { found: power });
        }
        let tau = Zeroizing::new(random.scalar()?);
        let beta = Zeroizing::new(random.scalar()?);
        // No honest source gives these, not in the lifetime of the universe.
        let trivial = |secret: &Fr| secret.is_zero() || secret.is_one();
        if trivial(&tau) || trivial(&beta) || *tau == *beta {
            return Err(RandomnessUnavailable.into());
        }
        let setup = Setup {
            development: true,
            tau_g1: (g1_generator() * *tau).into_affine(),
            tau_g2: (g2_generator() * *tau).into_affine(),
            beta_g1: (g1_generator() * *beta).into_affine(),
            beta_g2: (g2_generator() * *beta).into_affine(),
        };
        Ok(Self {
            setup,
            powers: backend.powers_of_tau(&tau, (2 << power) - 1),
            squares: squares(&tau, widen(power) + 1),
            powers_g2: powers_of_g2(&tau, powers_g2.min(1 << power)),
        })
    }
}

/// [τⁱ]₂ for i < count.
fn powers_of_g2(tau: &Fr, count: usize) -> Vec<G2Affine> {
    let mut scalars = Zeroizing::new(Vec::with_capacity(count));
    let mut next = Zeroizing::new(Fr::one());
    for _ in 0..count {
        scalars.push(*next);
        *next *= tau;
    }
    G2Projective::generator().batch_mul(&scalars)
}

/// [τ^(2^k)]₂ for k < count.
fn squares(tau: &Fr, count: usize) -> Vec<G2Affine> {
    let mut power = *tau;
    let squares = (0..count)
        .map(|_| {
            let point = (g2_generator() * power).into_affine();
            power.square_in_place();
            point
        })
        .collect();
    power.zeroize();
    squares
}
