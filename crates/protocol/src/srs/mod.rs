//! The universal setup: powers of tau (PROTOCOL §1).
//!
//! [τⁱ]₁ for i < D, [τ^(2^k)]₂, and [β]₁, [β]₂ for the ceremony's own second trapdoor β, which blinds commitments and has no
//! other use. No check in this crate rests on D: a ceremony has published more powers than any file holds.
//!
//! | file | what it holds |
//! |---|---|
//! | `setup` | [`Setup`], the four points that name a setup, and its [`SetupOrigin`] |
//! | `hermez` | the pinned points of the Hermez ceremony and the digests of its published files |
//! | `ptau` | [`Srs::from_ptau`]: a ceremony's file, checked |
//! | `development` | [`Srs::development`]: an insecure setup for tests |
//! | `fixed_base` | [`powers_of_tau`], what such a setup mostly consists of |
//! | `file` | [`Srs::to_bytes`], [`Srs::from_bytes`]: this crate's own file |
//! | `chain` | [`PowerChain`]: the points that a verifying key brings for its C |
//! | `powers` | [`Srs::check_powers`], and the weights of all random combinations of this module |
//! | `powers_g2` | [τⁱ]₂ for the columns of large tables, which only a compiler needs |

mod chain;
mod development;
mod file;
mod fixed_base;
mod hermez;
mod powers;
mod powers_g2;
mod ptau;
mod ptau_error;
mod setup;

#[cfg(test)]
mod tests;

pub use chain::{ChainError, PowerChain};
pub use development::{DEVELOPMENT_MAX_POWER, DevelopmentError};
pub use file::SrsFileError;
pub use fixed_base::powers_of_tau;
pub use hermez::CeremonyFile;
pub use powers::PowersError;
pub use ptau::PTAU_MAX_POWER;
pub use ptau_error::{PointFault, PtauError, PtauSection};
pub use setup::{Setup, SetupOrigin};

use alloc::vec::Vec;

use crate::curve::{G1Affine, G2Affine};

/// Fewest powers that a setup can have: [1]₁ and [τ]₁.
const MIN_POWERS: usize = 2;

/// A setup with as many powers as a prover or a compiler needs.
///
/// Every value of this type has been checked: the points are on the curve and in the group, the first power is the generator,
/// and each power is τ times the one before. (A file of this crate is only ever written from a checked value and carries a
/// digest, so that [`Srs::from_bytes`] does not repeat the last of these; [`Srs::check_powers`] does.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srs {
    setup: Setup,
    /// [τⁱ]₁, from i = 0; at least two.
    powers: Vec<G1Affine>,
    /// [τ^(2^k)]₂, from k = 0; at least one, and [τ^(2^k)]₁ is among the powers for each.
    squares: Vec<G2Affine>,
    /// [τⁱ]₂, from i = 0; none unless asked for.
    powers_g2: Vec<G2Affine>,
}

impl Srs {
    /// Where the setup comes from, and the four points that are its identity.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// [τⁱ]₁, from i = 0.
    pub fn powers(&self) -> &[G1Affine] {
        &self.powers
    }

    /// [τ^(2^k)]₂, from k = 0.
    pub fn squares(&self) -> &[G2Affine] {
        &self.squares
    }

    /// [τⁱ]₂, from i = 0: what commits to the columns of large tables in G2. Most setups carry none.
    pub fn powers_g2(&self) -> &[G2Affine] {
        &self.powers_g2
    }

    /// The same setup with its first `powers` powers, two at the least, and the squares that belong to them, without powers in G2;
    /// all of it when it has no more.
    #[must_use]
    pub fn truncated(&self, powers: usize) -> Self {
        let (powers, squares) = self.prefix(Some(powers));
        Self {
            setup: self.setup.clone(),
            powers: powers.to_vec(),
            squares: squares.to_vec(),
            powers_g2: Vec::new(),
        }
    }

    /// The first `max_powers` powers, two at the least, and the squares that belong to them.
    fn prefix(&self, max_powers: Option<usize>) -> (&[G1Affine], &[G2Affine]) {
        let count = kept_powers(self.powers.len(), max_powers);
        let squares = squares_within(count).min(self.squares.len());
        (
            self.powers.get(..count).unwrap_or(&self.powers),
            self.squares.get(..squares).unwrap_or(&self.squares),
        )
    }

    /// All squares against their powers, and β, by the doubling chain.
    fn check_chain(&self) -> Result<(), ChainError> {
        PowerChain::of(self, self.squares.len().saturating_sub(1))?.check(&self.setup)
    }
}

/// How many of `available` powers are kept under a limit.
fn kept_powers(available: usize, max_powers: Option<usize>) -> usize {
    max_powers.map_or(available, |limit| available.min(limit.max(MIN_POWERS)))
}

/// How many k there are with 2^k below `powers`: as many squares have their own power in G1 to be checked against.
fn squares_within(powers: usize) -> usize {
    powers
        .checked_sub(1)
        .and_then(usize::checked_ilog2)
        .map_or(0, |log| crate::encoding::widen(log).saturating_add(1))
}
