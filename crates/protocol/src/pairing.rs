//! Pairing equations, added up with weights (PROTOCOL §7).
//!
//! Every equation has the form e(A, [1]₂) + e(B, [τ]₂) + e(D, [τ^C]₂) + e(E, [β]₂) = 0. Scaled by random weights they add up to
//! one, decided by four Miller loops and one final exponentiation whatever the network.

use alloc::vec::Vec;

use ark_bn254::Bn254;
use ark_ec::pairing::Pairing;
use ark_ff::AdditiveGroup as _;

use crate::curve::{
    Fr, G1Affine, G1Prepared, G1Projective, G2Affine, G2Prepared, PairingOutput, g2_generator,
    to_affine,
};
use crate::digest::Digest32;
use crate::srs::Setup;

/// Whether Π e(leftᵢ, rightᵢ) is one: as many Miller loops as points, one final exponentiation.
pub(crate) fn product_is_one(left: &[G1Projective], right: Vec<G2Prepared>) -> bool {
    let left: Vec<G1Prepared> = to_affine(left).into_iter().map(G1Prepared::from).collect();
    let product = Bn254::multi_miller_loop(left, right);
    Bn254::final_exponentiation(product) == Some(PairingOutput::ZERO)
}

/// The fixed points of G2 that equations are paired with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// [1]₂.
    One,
    /// [τ]₂.
    Tau,
    /// [τ^C]₂.
    TauC,
    /// [β]₂.
    Beta,
}

impl Side {
    pub(crate) const ALL: [Self; 4] = [Self::One, Self::Tau, Self::TauC, Self::Beta];
}

/// What of a verifying key the pairing needs; claims of one key share it.
#[derive(Debug)]
pub(crate) struct PairingKey {
    /// The key's digest.
    pub(crate) model: Digest32,
    /// The digest of its setup.
    pub(crate) setup: Digest32,
    /// log₂ C.
    pub(crate) log_columns: usize,
    /// The points that the equations of all its proofs share, all on the side of [1]₂.
    pub(crate) shared: [G1Affine; SHARED],
    /// The fixed points of G2, prepared once when the key is loaded.
    pub(crate) sides: PreparedSides,
}

/// The four points of [`Side`].
#[derive(Debug)]
pub(crate) struct PreparedSides([G2Prepared; 4]);

impl PreparedSides {
    pub(crate) fn new(setup: &Setup, tau_c: G2Affine) -> Self {
        Self([g2_generator(), setup.tau_g2, tau_c, setup.beta_g2].map(G2Prepared::from))
    }

    pub(crate) fn of(&self, side: Side) -> &G2Prepared {
        let [one, tau, tau_c, beta] = &self.0;
        match side {
            Side::One => one,
            Side::Tau => tau,
            Side::TauC => tau_c,
            Side::Beta => beta,
        }
    }
}

/// The points that proofs of one key share: the generator, the table's columns, the weights.
pub(crate) const SHARED: usize = 5;

/// The equations of one proof, added up with weights.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accumulator {
    /// The multiples of the key's shared points.
    pub(crate) shared: [Fr; SHARED],
    /// The multiples of the proof's own points.
    pub(crate) own: Vec<(Side, G1Affine, Fr)>,
}

impl Accumulator {
    /// Adds scalar·point on one side.
    pub(crate) fn add(&mut self, side: Side, point: G1Affine, scalar: Fr) {
        self.own.push((side, point, scalar));
    }
}
