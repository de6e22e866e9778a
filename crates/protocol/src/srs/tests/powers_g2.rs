//! Powers in G2: from a ceremony's file, in a setup file of its own version, and none but those of the setup's τ.

use alloc::vec::Vec;

use super::{CEREMONY, development, on_g2};
use crate::backend::Reference;
use crate::curve::{Fr, encode_g2, g2_generator};
use crate::digest::Hasher;
use crate::encoding::DecodeError;
use crate::random::DeterministicRandom;
use crate::srs::{PowersError, PtauError, Setup, Srs, SrsFileError};

fn with_powers(seed: u8) -> Srs {
    let random = &mut DeterministicRandom::new([seed; 32]);
    Srs::development_with_g2(3, 5, (&Reference, random)).unwrap()
}

/// The file of a setup with five powers in G2, altered by somebody who puts the right digest under it.
fn altered(change: impl FnOnce(&mut Vec<u8>)) -> Result<Srs, SrsFileError> {
    let mut bytes = with_powers(5).to_bytes(None);
    bytes.truncate(bytes.len() - 32);
    change(&mut bytes);
    let digest = Hasher::new("tensorseal setup file").part(&bytes).finish();
    bytes.extend(digest.0);
    Srs::from_bytes(&bytes)
}

#[test]
fn a_file_keeps_them_in_a_version_of_its_own() {
    let srs = with_powers(5);
    let bytes = srs.to_bytes(None);
    assert_eq!((bytes[4], srs.powers_g2().len()), (2, 5));
    assert_eq!(Srs::from_bytes(&bytes).unwrap(), srs);
    // The same setup but for them.
    let without = development(3, 5);
    assert_eq!(without.to_bytes(None)[4], 1);
    assert_eq!(srs.setup(), without.setup());
    assert_eq!(srs.powers_g2()[1], srs.setup().tau_g2);
    let short = Srs::from_bytes(&srs.to_bytes(Some(3))).unwrap();
    assert_eq!(short.powers_g2(), &srs.powers_g2()[..3]);
    assert!(altered(|_| ()).is_ok());
}

#[test]
fn points_that_are_not_the_powers_are_refused() {
    let ratio = SrsFileError::Powers(PowersError::Ratio);
    for index in 1..5 {
        let place = move |bytes: &Vec<u8>| bytes.len() - 64 * (5 - index);
        let found = altered(|bytes| {
            let at = place(bytes);
            bytes[at..][..64].copy_from_slice(&encode_g2(&on_g2(Fr::from(99u64))));
        });
        assert_eq!(found, Err(ratio), "power {index}");
    }
    // Those of another τ.
    let other = with_powers(6);
    let found = altered(|bytes| {
        let at = bytes.len() - 64 * 5;
        for (index, power) in other.powers_g2().iter().enumerate() {
            bytes[at + 64 * index..][..64].copy_from_slice(&encode_g2(power));
        }
    });
    assert_eq!(found, Err(ratio));
    // Each τ times the one before, from another first point.
    let found = altered(|bytes| {
        let at = bytes.len() - 64 * 5;
        for (index, power) in with_powers(5).powers_g2().iter().enumerate() {
            let twice = encode_g2(&(*power + *power).into());
            bytes[at + 64 * index..][..64].copy_from_slice(&twice);
        }
    });
    assert_eq!(found, Err(SrsFileError::Powers(PowersError::FirstPower)));
}

#[test]
fn a_count_of_none_has_the_first_version() {
    let counts = 6 + Setup::BYTES + 8;
    let found = altered(|bytes| bytes[counts..][..4].fill(0));
    assert!(matches!(found, Err(SrsFileError::Counts { .. })));
    let found = altered(|bytes| bytes[counts] = 6);
    assert!(matches!(
        found,
        Err(SrsFileError::Decode(DecodeError::Truncated { .. }))
    ));
}

#[test]
fn a_ceremonys_file_has_them() {
    let (srs, _) = Srs::from_ptau(CEREMONY, Some(70)).unwrap();
    let setup = srs.setup().clone();
    let srs = srs.with_powers_g2(CEREMONY, 64).unwrap();
    assert_eq!(srs.powers_g2().len(), 64);
    assert_eq!(srs.powers_g2()[..2], [g2_generator(), setup.tau_g2]);
    assert_eq!(srs.powers_g2()[32], srs.squares()[5]);
    assert_eq!(Srs::from_bytes(&srs.to_bytes(None)).unwrap(), srs);
    let (short, _) = Srs::from_ptau(CEREMONY, Some(4)).unwrap();
    assert!(matches!(
        short.with_powers_g2(CEREMONY, 4096),
        Err(PtauError::MissingSection { .. })
    ));
    // Of another τ than that of the setup.
    let other = development(3, 1).with_powers_g2(CEREMONY, 4);
    assert!(matches!(other, Err(PtauError::Powers(PowersError::Ratio))));
}
