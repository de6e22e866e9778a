//! The universal setup: powers of tau (PROTOCOL §1).
//!
//! [τⁱ]₁ for i < D, [τ^(2^k)]₂, and [β]₁, [β]₂ for the ceremony's own second trapdoor β, which blinds commitments and has no
//! other use. No check in this crate rests on D: a ceremony has published more powers than any file holds.

mod chain;
mod development;
mod file;
mod hermez;
mod ptau;
mod setup;

pub use chain::{PowerChain, ChainError};
pub use ptau::{CeremonyFile, PtauError};
pub use setup::{Setup, SetupOrigin};

use alloc::vec::Vec;

use crate::curve::{G1Affine, G2Affine};

/// A setup with as many powers as a prover or a compiler needs.
///
/// Every value of this type has been checked: the points are on the curve and in the group, and each power is τ times the one
/// before (except in the file format of this crate, which is only ever written from a checked value and carries a digest).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srs {
    setup: Setup,
    /// [τⁱ]₁, from i = 0.
    powers: Vec<G1Affine>,
    /// [τ^(2^k)]₂, from k = 0.
    squares: Vec<G2Affine>,
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
}
