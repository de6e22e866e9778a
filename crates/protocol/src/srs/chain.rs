//! The doubling chain: the points that a verifying key brings for its C, tied to a setup (PROTOCOL §1).

use alloc::vec::Vec;
use core::fmt;
use core::iter::once;

use ark_ec::AffineRepr;
use ark_ff::Field;

use super::powers::Weights;
use super::{Setup, Srs};
use crate::curve::{
    Fr, G1Affine, G1Projective, G2Affine, G2Prepared, encode_g1, encode_g2, g1_generator,
    g2_generator,
};
use crate::digest::{Digest32, Hasher};
use crate::encoding::{DecodeError, Reader, Writer};
use crate::pairing::product_is_one;
use crate::straus::sum_of_multiples;

/// [τ^(2^k)]₁ and [τ^(2^k)]₂ for k = 1 … log C: how [τ^C]₁ and [τ^C]₂ follow from [τ]₁ and [τ]₂.
///
/// A verifier that knows the four points of a [`Setup`] needs nothing else of it, once [`Self::check`] has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PowerChain {
    /// [τ^(2^k)]₁, from k = 1.
    pub g1: Vec<G1Affine>,
    /// [τ^(2^k)]₂, from k = 1.
    pub g2: Vec<G2Affine>,
}

/// Why a chain does not follow from a setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainError {
    /// The setup has too few powers for the chain.
    TooFewPowers {
        /// The logarithm of the power that was asked for.
        log: usize,
        /// The largest logarithm that the setup serves.
        available: usize,
    },
    /// The two sides of the chain have different lengths.
    UnequalLengths {
        /// Points of G1.
        g1: usize,
        /// Points of G2.
        g2: usize,
    },
    /// τ or β is zero or one, β is τ, or τ^(2^k) is one: such a setup binds nobody to anything.
    Trivial,
    /// Some point does not follow from the one before it, or the points of the setup in G1 and in G2 disagree.
    Inconsistent,
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewPowers { log, available } => write!(
                f,
                "the setup serves powers of tau up to 2^{available}, not 2^{log}; take a larger setup"
            ),
            Self::UnequalLengths { g1, g2 } => write!(
                f,
                "the chain of powers has {g1} points in G1 and {g2} in G2; make the key again"
            ),
            Self::Trivial => f.write_str(
                "the secrets of the setup are trivial, so that it proves nothing; take another setup",
            ),
            Self::Inconsistent => f.write_str(
                "the points of the setup, or of the key's chain of powers, do not belong together; \
                 get them again from their source",
            ),
        }
    }
}

impl core::error::Error for ChainError {}

impl PowerChain {
    /// The chain up to C = 2^log. It is empty for C = 1.
    ///
    /// # Errors
    ///
    /// [`ChainError::TooFewPowers`] when the setup does not reach so far.
    pub fn of(srs: &Srs, log: usize) -> Result<Self, ChainError> {
        let short = ChainError::TooFewPowers {
            log,
            available: srs.squares.len().saturating_sub(1),
        };
        let g2 = srs.squares.get(1..=log).ok_or(short)?.to_vec();
        let g1 = (1..=log)
            .map(|k| srs.powers.get(1 << k).copied().ok_or(short))
            .collect::<Result<_, _>>()?;
        Ok(Self { g1, g2 })
    }

    /// Appends the points of G1, then those of G2, without their number.
    pub fn encode(&self, writer: &mut Writer) {
        for point in &self.g1 {
            writer.bytes(&encode_g1(point));
        }
        for point in &self.g2 {
            writer.bytes(&encode_g2(point));
        }
    }

    /// The chain of C = 2^log from its bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the bytes end early, or a point is infinity, not canonically encoded, not on the curve or not in
    /// the subgroup.
    ///
    /// # Soundness
    ///
    /// The points are in their groups; that they are what they claim is for [`Self::check`] to say.
    pub fn decode(reader: &mut Reader<'_>, log: usize) -> Result<Self, DecodeError> {
        Ok(Self {
            g1: reader.list(log, Reader::g1_nonzero)?,
            g2: reader.list(log, Reader::g2_nonzero)?,
        })
    }

    /// [τ^(2^log)]₁ and [τ^(2^log)]₂, which are the setup's own for log = 0 and the end of the chain for any log beyond it.
    pub fn power(&self, setup: &Setup, log: usize) -> (G1Affine, G2Affine) {
        let Some(index) = log.checked_sub(1) else {
            return (setup.tau_g1, setup.tau_g2);
        };
        let g1 = self.g1.get(index).or(self.g1.last());
        let g2 = self.g2.get(index).or(self.g2.last());
        (
            g1.copied().unwrap_or(setup.tau_g1),
            g2.copied().unwrap_or(setup.tau_g2),
        )
    }

    /// Checks the chain against the four points of a setup, and these against each other. With P₀, Q₀ = [τ]₁, [τ]₂ and
    /// Pₖ, Qₖ the points of the chain,
    ///
    /// ```text
    /// e(P₀, G₂)   = e(G₁, Q₀)
    /// e(Pₖ, Qₖ)   = e(G₁, Qₖ₊₁)
    /// e(Pₖ₊₁, G₂) = e(G₁, Qₖ₊₁)       for every step k
    /// e([β]₁, G₂) = e(G₁, [β]₂)
    /// ```
    ///
    /// all of them in one product of log C + 3 pairings.
    ///
    /// # Errors
    ///
    /// [`ChainError::UnequalLengths`], [`ChainError::Trivial`], and [`ChainError::Inconsistent`] when an equation fails.
    ///
    /// # Soundness
    ///
    /// The equations are added up with weights of 128 bits from a hash of every point: a false chain passes with a probability
    /// of 2⁻¹²⁸ for each attempt at choosing it. The points must be in their groups, as [`Self::decode`] and the constructors
    /// of [`Srs`] see to, and the caller must trust the setup's own four points.
    pub fn check(&self, setup: &Setup) -> Result<(), ChainError> {
        if self.g1.len() != self.g2.len() {
            return Err(ChainError::UnequalLengths {
                g1: self.g1.len(),
                g2: self.g2.len(),
            });
        }
        if self.is_trivial(setup) {
            return Err(ChainError::Trivial);
        }
        let (left, right) = self.terms(setup);
        let right = right.into_iter().map(G2Prepared::from).collect();
        if product_is_one(&left, right) {
            Ok(())
        } else {
            Err(ChainError::Inconsistent)
        }
    }

    fn is_trivial(&self, setup: &Setup) -> bool {
        let one = g1_generator();
        let beta = setup.beta_g1;
        let no_beta = beta.is_zero() || beta == one || beta == setup.tau_g1;
        // A tau of small order: its powers come back to one.
        let no_tau = setup.tau_g1.is_zero()
            || once(&setup.tau_g1)
                .chain(&self.g1)
                .any(|power| *power == one);
        no_beta || no_tau
    }

    /// The sum of all equations, as one pairing for each point of G2: Q₀, …, Q_log, G₂ and [β]₂.
    pub(super) fn terms(&self, setup: &Setup) -> (Vec<G1Projective>, Vec<G2Affine>) {
        let mut weights = Weights::new(self.seed(setup));
        let one = g1_generator();
        let mut left = Vec::with_capacity(self.g1.len().saturating_add(3));
        let mut right = Vec::with_capacity(left.capacity());

        // The equation of β goes in with weight one, those of the chain with a weight each. `owed` is the weight of
        // e(G₁, ·) at the point of the chain that comes next, `fixed` is what is paired with G₂.
        let [mut owed, _] = weights.scalars();
        let mut fixed = (
            alloc::vec![setup.tau_g1, setup.beta_g1],
            alloc::vec![owed, Fr::ONE],
        );
        let (mut here_g1, mut here_g2) = (setup.tau_g1, setup.tau_g2);
        for (next_g1, next_g2) in self.g1.iter().zip(&self.g2) {
            let [doubling, same] = weights.scalars();
            left.push(sum_of_multiples(&[here_g1, one], &[doubling, -owed]));
            right.push(here_g2);
            fixed.0.push(*next_g1);
            fixed.1.push(same);
            owed = doubling + same;
            (here_g1, here_g2) = (*next_g1, *next_g2);
        }
        left.extend([
            sum_of_multiples(&[one], &[-owed]),
            sum_of_multiples(&fixed.0, &fixed.1),
            -one.into_group(),
        ]);
        right.extend([here_g2, g2_generator(), setup.beta_g2]);
        (left, right)
    }

    /// A hash of every point of which the check speaks.
    pub(super) fn seed(&self, setup: &Setup) -> Digest32 {
        let mut writer = Writer::new();
        self.encode(&mut writer);
        Hasher::new("tensorseal power chain")
            .part(&setup.digest().0)
            .part(&writer.finish())
            .finish()
    }
}
