//! What the tests of the setup share: the ceremony's file, and setups whose secrets are known.

mod ceremony;
mod chain;
mod development;
mod file;
mod powers;
mod powers_g2;
mod ptau;

use alloc::vec::Vec;

use ark_bn254::{Fq, Fq2, g2};
use ark_ec::CurveGroup;
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::{AdditiveGroup, Field, PrimeField};

use super::{PtauSection, Setup, Srs};
use crate::curve::{Fr, G1Affine, G2Affine, g1_generator, g2_generator};
use crate::random::DeterministicRandom;

/// A file that the Hermez ceremony has published.
pub(super) const CEREMONY: &[u8] =
    include_bytes!("../../../../../tests/fixtures/powersOfTau28_hez_final_11.ptau");

pub(super) const TAU: u64 = 0x1234_5678_9abc_def1;
pub(super) const BETA: u64 = 0x0fed_cba9_8765_4321;

pub(super) fn on_g1(scalar: Fr) -> G1Affine {
    (g1_generator() * scalar).into_affine()
}

pub(super) fn on_g2(scalar: Fr) -> G2Affine {
    (g2_generator() * scalar).into_affine()
}

/// A setup of known secrets.
pub(super) fn known_setup(tau: Fr, beta: Fr) -> Setup {
    Setup {
        development: false,
        tau_g1: on_g1(tau),
        tau_g2: on_g2(tau),
        beta_g1: on_g1(beta),
        beta_g2: on_g2(beta),
    }
}

pub(super) fn development(power: u32, seed: u8) -> Srs {
    Srs::development(power, &mut DeterministicRandom::new([seed; 32])).unwrap()
}

/// A point of the twist that is not in the subgroup.
pub(super) fn outside_subgroup() -> G2Affine {
    (1u64..)
        .filter_map(|i| {
            let x = Fq2::new(Fq::from(i), Fq::ZERO);
            let y = (x.square() * x + g2::Config::COEFF_B).sqrt()?;
            Some(G2Affine::new_unchecked(x, y))
        })
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap()
}

/// A `.ptau` file in pieces, to be put together wrongly.
#[derive(Clone)]
pub(super) struct PtauParts {
    pub version: u32,
    pub sections: Vec<(u32, Vec<u8>)>,
}

impl PtauParts {
    /// An honest file of known secrets.
    pub(super) fn honest(power: u32, tau: Fr, beta: Fr) -> Self {
        let powers = |first: Fr, count: usize| {
            core::iter::successors(Some(first), move |last| Some(*last * tau)).take(count)
        };
        let in_g1 = |first, count| {
            powers(first, count)
                .flat_map(|s| g1_bytes(&on_g1(s)))
                .collect()
        };
        let count = 1usize << power;
        let mut header = 32u32.to_le_bytes().to_vec();
        header.extend(Fq::MODULUS.0.iter().flat_map(|limb| limb.to_le_bytes()));
        header.extend(power.to_le_bytes());
        header.extend(28u32.to_le_bytes());
        Self {
            version: 1,
            sections: [
                (1, header),
                (2, in_g1(Fr::ONE, 2 * count - 1)),
                (
                    3,
                    powers(Fr::ONE, count)
                        .flat_map(|s| g2_bytes(&on_g2(s)))
                        .collect(),
                ),
                (4, in_g1(Fr::from(77u64), count)),
                (5, in_g1(beta, count)),
                (6, g2_bytes(&on_g2(beta))),
                (7, [0; 4].to_vec()),
            ]
            .into(),
        }
    }

    pub(super) fn small() -> Self {
        Self::honest(2, TAU.into(), BETA.into())
    }

    pub(super) fn section(&mut self, section: PtauSection) -> &mut Vec<u8> {
        let id = section.id();
        &mut self
            .sections
            .iter_mut()
            .find(|(found, _)| *found == id)
            .unwrap()
            .1
    }

    pub(super) fn set_g1(&mut self, section: PtauSection, index: usize, point: &G1Affine) {
        self.section(section)[64 * index..][..64].copy_from_slice(&g1_bytes(point));
    }

    pub(super) fn set_g2(&mut self, section: PtauSection, index: usize, point: &G2Affine) {
        self.section(section)[128 * index..][..128].copy_from_slice(&g2_bytes(point));
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"ptau".to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend((self.sections.len() as u32).to_le_bytes());
        for (id, payload) in &self.sections {
            bytes.extend(id.to_le_bytes());
            bytes.extend((payload.len() as u64).to_le_bytes());
            bytes.extend(payload);
        }
        bytes
    }
}

/// Written from the definition, R = 2^256, and not from how the library holds a coordinate.
fn montgomery(coordinate: Fq) -> Vec<u8> {
    let shifted = coordinate * Fq::from(2u64).pow([256]);
    shifted
        .into_bigint()
        .0
        .iter()
        .flat_map(|limb| limb.to_le_bytes())
        .collect()
}

fn g1_bytes(point: &G1Affine) -> Vec<u8> {
    [point.x, point.y]
        .into_iter()
        .flat_map(montgomery)
        .collect()
}

fn g2_bytes(point: &G2Affine) -> Vec<u8> {
    [point.x.c0, point.x.c1, point.y.c0, point.y.c1]
        .into_iter()
        .flat_map(montgomery)
        .collect()
}
