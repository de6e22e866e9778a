//! Pairing equations, added up with weights (PROTOCOL §7).
//!
//! Every equation has the form e(A, [1]₂) + e(B, [τ]₂) + e(D, [τ^C]₂) + e(E, [β]₂) = 0. Scaled by random weights they add up to
//! one, decided by four Miller loops and one final exponentiation whatever the network, and up to four more for each large table.

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
    /// A point of a large table, by the table's index.
    Large(usize, LargeSide),
}

/// The points of G2 that a large table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LargeSide {
    /// The commitment to its first column.
    Value,
    /// The commitment to its second column.
    Out,
    /// The commitment to its third column.
    Tag,
    /// [τ^N̂]₂.
    Power,
}

impl LargeSide {
    pub(crate) const COLUMNS: [Self; 3] = [Self::Value, Self::Out, Self::Tag];
}

impl Side {
    /// The place of the side in the list of a key.
    pub(crate) fn index(self) -> usize {
        match self {
            Self::One => 0,
            Self::Tau => 1,
            Self::TauC => 2,
            Self::Beta => 3,
            Self::Large(table, side) => {
                let point = match side {
                    LargeSide::Value => 0,
                    LargeSide::Out => 1,
                    LargeSide::Tag => 2,
                    LargeSide::Power => 3,
                };
                table.saturating_mul(4).saturating_add(4 + point)
            }
        }
    }
}

/// Which point of G2 a side is, so that equations of different keys meet where they have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SideName {
    /// [1]₂.
    One,
    /// [τ^(2^log)]₂.
    Power {
        /// The setup's digest.
        setup: Digest32,
        /// log₂ of the exponent.
        log: usize,
    },
    /// [β]₂.
    Beta {
        /// The setup's digest.
        setup: Digest32,
    },
    /// The commitment to a column, which is its own name.
    Column(G2Affine),
}

/// A point of G2 with which something is paired, prepared once when a key is loaded.
#[derive(Clone, Debug)]
pub(crate) struct PreparedSide {
    pub(crate) name: SideName,
    pub(crate) point: G2Prepared,
}

impl PreparedSide {
    pub(crate) fn new(name: SideName, point: G2Affine) -> Self {
        Self {
            name,
            point: point.into(),
        }
    }
}

/// What of a verifying key the pairing needs; claims of one key share it.
#[derive(Debug)]
pub(crate) struct PairingKey {
    /// The key's digest.
    pub(crate) model: Digest32,
    /// The digest of its setup.
    pub(crate) setup: Digest32,
    /// The points that the equations of all its proofs share, all on the side of [1]₂: the generator, the table's columns, the weights,
    /// and [Z_V]₁ of each large table.
    pub(crate) shared: Vec<G1Affine>,
    /// The fixed points of G2, in the order of [`Side::index`].
    pub(crate) sides: Vec<PreparedSide>,
}

impl PairingKey {
    /// The fixed points of a setup, C and the large tables of a key.
    pub(crate) fn prepare(
        setup: (&Setup, Digest32),
        tau_c: (usize, G2Affine),
        tables: impl Iterator<Item = ([G2Affine; 3], usize, G2Affine)>,
    ) -> Vec<PreparedSide> {
        let (points, setup) = setup;
        let power = |log| SideName::Power { setup, log };
        let mut sides = alloc::vec![
            PreparedSide::new(SideName::One, g2_generator()),
            PreparedSide::new(power(0), points.tau_g2),
            PreparedSide::new(power(tau_c.0), tau_c.1),
            PreparedSide::new(SideName::Beta { setup }, points.beta_g2),
        ];
        for (columns, log, tau) in tables {
            let column = |column| PreparedSide::new(SideName::Column(column), column);
            sides.extend(columns.map(column));
            sides.push(PreparedSide::new(power(log), tau));
        }
        sides
    }
}

/// The equations of one proof, added up with weights.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accumulator {
    /// The multiples of the key's shared points, in their order; of those behind the last, none.
    pub(crate) shared: Vec<Fr>,
    /// The multiples of the proof's own points.
    pub(crate) own: Vec<(Side, G1Affine, Fr)>,
}

impl Accumulator {
    /// Adds scalar·point on one side.
    pub(crate) fn add(&mut self, side: Side, point: G1Affine, scalar: Fr) {
        self.own.push((side, point, scalar));
    }
}
