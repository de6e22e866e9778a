//! The accumulator of pairing equations (PROTOCOL §7).
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
use crate::srs::Setup;
use crate::straus::sum_of_multiples;

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

/// The four points, prepared once when a key is loaded.
#[derive(Clone, Debug)]
pub(crate) struct PreparedSides([G2Prepared; 4]);

impl PreparedSides {
    pub(crate) fn new(setup: &Setup, tau_c: G2Affine) -> Self {
        Self([g2_generator(), setup.tau_g2, tau_c, setup.beta_g2].map(G2Prepared::from))
    }
}

/// Equations, added up with weights.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accumulator {
    sides: [Terms; 4],
}

#[derive(Clone, Debug, Default)]
struct Terms {
    points: Vec<G1Affine>,
    scalars: Vec<Fr>,
}

/// What the pairing says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) holds: bool,
    pub(crate) miller_loops: usize,
}

impl Accumulator {
    /// Adds scalar·point on one side.
    pub(crate) fn add(&mut self, side: Side, point: G1Affine, scalar: Fr) {
        let [one, tau, tau_c, beta] = &mut self.sides;
        let terms = match side {
            Side::One => one,
            Side::Tau => tau,
            Side::TauC => tau_c,
            Side::Beta => beta,
        };
        terms.points.push(point);
        terms.scalars.push(scalar);
    }

    /// Decides whether the sum of all equations holds.
    pub(crate) fn decide(&self, prepared: &PreparedSides) -> Decision {
        let sums = self
            .sides
            .each_ref()
            .map(|terms| sum_of_multiples(&terms.points, &terms.scalars));
        Decision {
            holds: product_is_one(&sums, prepared.0.to_vec()),
            miller_loops: sums.len(),
        }
    }
}
