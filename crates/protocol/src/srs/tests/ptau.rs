//! Every way in which a `.ptau` file can be wrong.

use alloc::string::ToString;
use alloc::vec::Vec;

use ark_bn254::Fq;
use ark_ec::AffineRepr;
use ark_ff::PrimeField;
use proptest::prelude::*;

use super::{BETA, PtauParts, TAU, on_g1, on_g2, outside_subgroup};
use crate::curve::{Fr, G1Affine};
use crate::srs::{
    ChainError, PTAU_MAX_POWER, PointFault, PowersError, PtauError, PtauSection, SetupOrigin, Srs,
};

fn refused(parts: &PtauParts) -> PtauError {
    let error = Srs::from_ptau(&parts.bytes(), None).unwrap_err();
    assert!(error.to_string().len() > 20);
    error
}

fn altered(change: impl FnOnce(&mut PtauParts)) -> PtauError {
    let mut parts = PtauParts::small();
    change(&mut parts);
    refused(&parts)
}

fn invalid(section: PtauSection, index: usize, fault: PointFault) -> PtauError {
    PtauError::InvalidPoint {
        section,
        index,
        fault,
    }
}

#[test]
fn an_honest_file_is_read() {
    for power in 1..=4 {
        let parts = PtauParts::honest(power, TAU.into(), BETA.into());
        let (srs, file) = Srs::from_ptau(&parts.bytes(), None).unwrap();
        assert_eq!(file, None);
        assert_eq!(srs.setup().origin(), SetupOrigin::Unknown);
        assert_eq!(srs.powers().len(), (2 << power) - 1);
        assert_eq!(srs.squares().len(), power as usize);
        let square = Fr::from(TAU) * Fr::from(TAU);
        assert_eq!(srs.powers()[2], on_g1(square));
        assert_eq!(srs.setup().beta_g2, on_g2(BETA.into()));
    }
}

#[test]
fn the_sections_may_come_in_any_order() {
    let mut parts = PtauParts::small();
    parts.sections.reverse();
    assert!(Srs::from_ptau(&parts.bytes(), None).is_ok());
}

#[test]
fn another_file_is_refused() {
    assert_eq!(
        Srs::from_ptau(b"zkey\x01\0\0\0", None).unwrap_err(),
        PtauError::NotPtau
    );
    assert_eq!(Srs::from_ptau(b"", None).unwrap_err(), PtauError::NotPtau);
}

#[test]
fn another_version_is_refused() {
    let error = altered(|parts| parts.version = 2);
    assert_eq!(error, PtauError::UnsupportedVersion { found: 2 });
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = PtauParts::small().bytes();
    for end in 4..bytes.len() {
        let error = Srs::from_ptau(&bytes[..end], None).unwrap_err();
        assert!(
            matches!(error, PtauError::Truncated { .. }),
            "{end}: {error:?}"
        );
    }
}

#[test]
fn a_section_that_claims_more_than_the_file_is_refused() {
    let mut bytes = PtauParts::small().bytes();
    bytes[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    let left = bytes.len() as u64 - 24;
    let error = Srs::from_ptau(&bytes, None).unwrap_err();
    assert_eq!(
        error,
        PtauError::Truncated {
            needed: u64::MAX,
            left
        }
    );
}

#[test]
fn sections_that_overlap_are_refused() {
    // A section that ends inside the next one leaves nonsense, or too little, for what follows.
    let mut bytes = PtauParts::small().bytes();
    bytes[16..24].copy_from_slice(&60u64.to_le_bytes());
    assert!(Srs::from_ptau(&bytes, None).is_err());
}

#[test]
fn more_sections_than_there_are_is_refused() {
    let mut bytes = PtauParts::small().bytes();
    bytes[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = Srs::from_ptau(&bytes, None).unwrap_err();
    assert_eq!(error, PtauError::Truncated { needed: 4, left: 0 });
}

#[test]
fn trailing_bytes_are_refused() {
    let mut bytes = PtauParts::small().bytes();
    bytes.extend([0; 3]);
    let error = Srs::from_ptau(&bytes, None).unwrap_err();
    assert_eq!(error, PtauError::TrailingBytes { count: 3 });
}

#[test]
fn a_section_that_is_missing_or_twice_there_is_refused() {
    for section in PtauSection::ALL {
        let error = altered(|parts| parts.sections.retain(|(id, _)| *id != section.id()));
        assert_eq!(error, PtauError::MissingSection { section });
        let error = altered(|parts| {
            let again = parts.section(section).clone();
            parts.sections.push((section.id(), again));
        });
        assert_eq!(error, PtauError::DuplicateSection { section });
    }
}

#[test]
fn alpha_is_not_needed() {
    let mut parts = PtauParts::small();
    parts.sections.retain(|(id, _)| *id != 4);
    assert!(Srs::from_ptau(&parts.bytes(), None).is_ok());
}

#[test]
fn another_prime_is_refused() {
    let error = altered(|parts| parts.section(PtauSection::Header)[4] ^= 1);
    assert_eq!(error, PtauError::WrongPrime);
    // BLS12-381 has 48 bytes.
    let error = altered(|parts| {
        let header = parts.section(PtauSection::Header);
        header[0] = 48;
        header.extend([0; 16]);
    });
    assert_eq!(error, PtauError::WrongPrime);
}

#[test]
fn a_power_out_of_range_is_refused() {
    for found in [0, PTAU_MAX_POWER + 1, 64, u32::MAX] {
        let error = altered(|parts| {
            parts.section(PtauSection::Header)[36..40].copy_from_slice(&found.to_le_bytes());
        });
        assert_eq!(error, PtauError::PowerOutOfRange { found });
    }
}

#[test]
fn a_section_of_another_size_is_refused() {
    for section in PtauSection::ALL {
        let mut before = 0;
        let error = altered(|parts| {
            before = parts.section(section).len() as u64;
            parts.section(section).push(0);
        });
        let expected = PtauError::SectionSize {
            section,
            expected: before,
            found: before + 1,
        };
        assert_eq!(error, expected);
    }
    // Another power makes every section's size wrong.
    let error = altered(|parts| parts.section(PtauSection::Header)[36] = 3);
    assert!(matches!(
        error,
        PtauError::SectionSize {
            section: PtauSection::TauG1,
            expected: 960,
            found: 448
        }
    ));
}

#[test]
fn a_coordinate_that_is_not_reduced_is_refused() {
    let prime = Fq::MODULUS.0;
    let add = |bytes: &mut [u8]| {
        // The same coordinate plus q, which fits in 256 bits.
        let mut carry = 0u128;
        for (word, limb) in bytes.chunks_exact_mut(8).zip(prime) {
            let sum = u128::from(u64::from_le_bytes((&*word).try_into().unwrap()))
                + u128::from(limb)
                + carry;
            word.copy_from_slice(&(sum as u64).to_le_bytes());
            carry = sum >> 64;
        }
        assert_eq!(carry, 0);
    };
    let used = [
        (PtauSection::TauG1, 64, 3),
        (PtauSection::TauG2, 128, 2),
        (PtauSection::BetaTauG1, 64, 0),
        (PtauSection::BetaG2, 128, 0),
    ];
    for (section, size, index) in used {
        for offset in (0..size).step_by(32) {
            let error = altered(|parts| {
                add(&mut parts.section(section)[size * index + offset..][..32]);
            });
            assert_eq!(error, invalid(section, index, PointFault::Unreduced));
        }
    }
}

#[test]
fn infinity_is_refused() {
    let error = altered(|parts| parts.set_g1(PtauSection::TauG1, 5, &G1Affine::zero()));
    assert_eq!(error, invalid(PtauSection::TauG1, 5, PointFault::Infinity));
    let error = altered(|parts| parts.section(PtauSection::BetaG2).fill(0));
    assert_eq!(error, invalid(PtauSection::BetaG2, 0, PointFault::Infinity));
}

#[test]
fn a_point_off_the_curve_is_refused() {
    let error = altered(|parts| parts.section(PtauSection::TauG1)[64 * 6] ^= 1);
    assert_eq!(error, invalid(PtauSection::TauG1, 6, PointFault::OffCurve));
    let error = altered(|parts| parts.section(PtauSection::TauG2)[128] ^= 1);
    assert_eq!(error, invalid(PtauSection::TauG2, 1, PointFault::OffCurve));
}

#[test]
fn a_point_outside_the_subgroup_is_refused() {
    for (section, index) in [(PtauSection::TauG2, 2), (PtauSection::BetaG2, 0)] {
        let error = altered(|parts| parts.set_g2(section, index, &outside_subgroup()));
        assert_eq!(error, invalid(section, index, PointFault::OutsideSubgroup));
    }
}

#[test]
fn powers_that_do_not_begin_with_the_generators_are_refused() {
    // All powers times three: every ratio is right.
    let error = altered(|parts| {
        for i in 0..7 {
            let power = Fr::from(TAU).pow_u64(i) * Fr::from(3u64);
            parts.set_g1(PtauSection::TauG1, i as usize, &on_g1(power));
        }
    });
    assert_eq!(error, PtauError::Powers(PowersError::FirstPower));
    let error = altered(|parts| parts.set_g2(PtauSection::TauG2, 0, &on_g2(3u64.into())));
    assert_eq!(error, PtauError::NotGenerator);
}

#[test]
fn a_wrong_power_is_refused() {
    for index in 1..7 {
        let error = altered(|parts| parts.set_g1(PtauSection::TauG1, index, &on_g1(9u64.into())));
        assert_eq!(
            error,
            PtauError::Powers(PowersError::Ratio),
            "power {index}"
        );
    }
}

#[test]
fn a_wrong_square_is_refused() {
    let error = altered(|parts| parts.set_g2(PtauSection::TauG2, 2, &on_g2(9u64.into())));
    assert_eq!(error, PtauError::Chain(ChainError::Inconsistent));
}

#[test]
fn a_beta_that_differs_between_the_groups_is_refused() {
    let error = altered(|parts| parts.set_g1(PtauSection::BetaTauG1, 0, &on_g1(9u64.into())));
    assert_eq!(error, PtauError::Chain(ChainError::Inconsistent));
    let error = altered(|parts| parts.set_g2(PtauSection::BetaG2, 0, &on_g2(9u64.into())));
    assert_eq!(error, PtauError::Chain(ChainError::Inconsistent));
}

#[test]
fn trivial_secrets_are_refused() {
    for (tau, beta) in [(1, BETA), (TAU, 1), (TAU, TAU)] {
        let error = refused(&PtauParts::honest(2, tau.into(), beta.into()));
        assert_eq!(error, PtauError::Chain(ChainError::Trivial));
    }
}

trait PowU64 {
    fn pow_u64(self, exponent: u64) -> Self;
}

impl PowU64 for Fr {
    fn pow_u64(self, exponent: u64) -> Self {
        ark_ff::Field::pow(&self, [exponent])
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Srs::from_ptau(&bytes, None).is_err());
        let with_mark: Vec<u8> = b"ptau\x01\0\0\0".iter().copied().chain(bytes).collect();
        prop_assert!(Srs::from_ptau(&with_mark, None).is_err());
    }

    #[test]
    fn mutated_files_do_not_panic(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        in_frame in any::<bool>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = PtauParts::small().bytes();
        let frame = if in_frame { 80 } else { bytes.len() };
        for (place, value) in places {
            bytes[place.index(frame)] = value;
        }
        let _ = Srs::from_ptau(&bytes, None);
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(Srs::from_ptau(&bytes, None).is_err());
    }
}
