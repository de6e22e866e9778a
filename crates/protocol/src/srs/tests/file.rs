//! The file format of this crate.

use alloc::string::ToString;
use alloc::vec::Vec;

use ark_bn254::Fq;
use ark_ff::{BigInteger, PrimeField};
use proptest::prelude::*;

use super::{development, on_g1, on_g2, outside_subgroup};
use crate::curve::{encode_g1_uncompressed, encode_g2};
use crate::digest::Hasher;
use crate::encoding::{DecodeError, FileKind, Writer};
use crate::srs::{ChainError, PowersError, Setup, Srs, SrsFileError};

const COUNTS_AT: usize = 6 + Setup::BYTES;
const POWERS_AT: usize = COUNTS_AT + 8;

/// A file altered by somebody who puts the right digest under it.
fn altered(change: impl FnOnce(&mut Vec<u8>)) -> Result<Srs, SrsFileError> {
    let mut bytes = development(2, 5).to_bytes(None);
    bytes.truncate(bytes.len() - 32);
    change(&mut bytes);
    let digest = Hasher::new("tensorseal setup file").part(&bytes).finish();
    bytes.extend(digest.0);
    Srs::from_bytes(&bytes)
}

fn refused(change: impl FnOnce(&mut Vec<u8>)) -> SrsFileError {
    let error = altered(change).unwrap_err();
    assert!(error.to_string().contains("again"), "{error}");
    error
}

fn set_power(bytes: &mut [u8], index: usize, point: &[u8; 64]) {
    bytes[POWERS_AT + 64 * index..][..64].copy_from_slice(point);
}

fn set_square(bytes: &mut [u8], index: usize, point: &[u8; 64]) {
    // A development setup of power two has seven powers.
    set_power(bytes, 7 + index, point);
}

#[test]
fn a_setup_reads_back_from_its_file() {
    for power in [1, 2, 5] {
        let srs = development(power, 5);
        let bytes = srs.to_bytes(None);
        let points = srs.powers().len() + srs.squares().len();
        assert_eq!(bytes.len(), POWERS_AT + 64 * points + 32);
        assert_eq!(Srs::from_bytes(&bytes).unwrap(), srs);
    }
    assert!(altered(|_| ()).is_ok());
}

#[test]
fn a_limit_keeps_the_first_powers() {
    let srs = development(5, 5);
    for limit in [0, 2, 3, 4, 5, 33, 63, 1000] {
        let read = Srs::from_bytes(&srs.to_bytes(Some(limit))).unwrap();
        assert_eq!(read, srs.truncated(limit));
        assert_eq!(read.powers().len(), limit.clamp(2, 63));
    }
}

#[test]
fn damage_is_detected_wherever_it_is() {
    let bytes = development(1, 5).to_bytes(None);
    for place in 6..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        let error = Srs::from_bytes(&damaged).unwrap_err();
        assert!(
            matches!(error, SrsFileError::Damaged { .. }),
            "byte {place}"
        );
        assert!(error.to_string().contains("damaged"));
    }
}

#[test]
fn a_file_that_is_cut_is_refused() {
    let bytes = development(1, 5).to_bytes(None);
    for end in 0..bytes.len() {
        assert!(Srs::from_bytes(&bytes[..end]).is_err());
    }
}

#[test]
fn another_file_is_named() {
    let error = Srs::from_bytes(&Writer::file(FileKind::Proof).finish()).unwrap_err();
    let expected = DecodeError::WrongKind {
        expected: FileKind::Setup,
        found: Some(FileKind::Proof),
    };
    assert_eq!(error, SrsFileError::Decode(expected));
    let error = Srs::from_bytes(&Writer::file(FileKind::Setup).finish()).unwrap_err();
    let expected = DecodeError::Truncated {
        needed: 32,
        left: 0,
    };
    assert_eq!(error, SrsFileError::Decode(expected));
}

#[test]
fn counts_that_do_not_fit_each_other_are_refused() {
    for (powers, squares) in [(0, 0), (1, 1), (7, 0), (7, 4), (u32::MAX, u32::MAX)] {
        let error = refused(|bytes| {
            bytes[COUNTS_AT..][..4].copy_from_slice(&u32::to_le_bytes(powers));
            bytes[COUNTS_AT + 4..][..4].copy_from_slice(&u32::to_le_bytes(squares));
        });
        assert_eq!(error, SrsFileError::Counts { powers, squares });
    }
}

#[test]
fn counts_beyond_the_file_allocate_nothing() {
    let error = refused(|bytes| bytes[COUNTS_AT..][..4].fill(0xff));
    assert!(matches!(
        error,
        SrsFileError::Decode(DecodeError::Truncated { .. })
    ));
}

#[test]
fn trailing_bytes_are_refused() {
    let error = refused(|bytes| bytes.push(0));
    assert_eq!(
        error,
        SrsFileError::Decode(DecodeError::TrailingBytes { count: 1 })
    );
}

#[test]
fn a_power_that_is_no_point_is_refused() {
    let off_curve = refused(|bytes| bytes[POWERS_AT + 64 * 3] ^= 1);
    assert_eq!(off_curve, SrsFileError::InvalidPower { index: 3 });
    let mut infinity = [0; 64];
    infinity[63] = 0x40;
    for point in [infinity, [0; 64]] {
        let error = refused(|bytes| set_power(bytes, 4, &point));
        assert_eq!(error, SrsFileError::InvalidPower { index: 4 });
    }
}

#[test]
fn a_coordinate_that_is_not_reduced_is_refused() {
    for half in [0, 32] {
        let error = refused(|bytes| {
            let at = POWERS_AT + 64 * 5 + half;
            let mut wide = [0; 32];
            wide.copy_from_slice(&bytes[at..at + 32]);
            wide[31] &= 0x3f;
            let coordinate = Fq::from_le_bytes_mod_order(&wide);
            let mut sum = coordinate.into_bigint();
            assert!(!sum.add_with_carry(&Fq::MODULUS));
            bytes[at..at + 32].copy_from_slice(&sum.to_bytes_le());
        });
        assert_eq!(error, SrsFileError::InvalidPower { index: 5 });
    }
}

#[test]
fn powers_that_do_not_begin_with_the_generator_are_refused() {
    let error = refused(|bytes| set_power(bytes, 0, &encode_g1_uncompressed(&on_g1(3u64.into()))));
    assert_eq!(error, SrsFileError::NotGenerator);
}

#[test]
fn powers_of_another_setup_are_refused() {
    let error = refused(|bytes| set_power(bytes, 1, &encode_g1_uncompressed(&on_g1(3u64.into()))));
    assert_eq!(error, SrsFileError::NotTau);
    let error = refused(|bytes| set_square(bytes, 0, &encode_g2(&on_g2(3u64.into()))));
    assert_eq!(error, SrsFileError::NotTau);
}

#[test]
fn squares_that_do_not_belong_to_the_powers_are_refused() {
    let error = refused(|bytes| set_square(bytes, 2, &encode_g2(&on_g2(3u64.into()))));
    assert_eq!(error, SrsFileError::Chain(ChainError::Inconsistent));
    let error = refused(|bytes| set_power(bytes, 4, &encode_g1_uncompressed(&on_g1(3u64.into()))));
    assert_eq!(error, SrsFileError::Chain(ChainError::Inconsistent));
    let error = refused(|bytes| set_square(bytes, 2, &encode_g2(&outside_subgroup())));
    assert_eq!(error, SrsFileError::Decode(DecodeError::InvalidPoint));
}

#[test]
fn a_false_power_elsewhere_is_left_to_the_full_check() {
    let wrong = encode_g1_uncompressed(&on_g1(3u64.into()));
    let srs = altered(|bytes| set_power(bytes, 5, &wrong)).unwrap();
    assert_eq!(srs.check_powers(), Err(PowersError::Ratio));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Srs::from_bytes(&bytes).is_err());
        let with_mark: Vec<u8> = b"TSsr\x01\0".iter().copied().chain(bytes).collect();
        prop_assert!(Srs::from_bytes(&with_mark).is_err());
    }

    #[test]
    fn mutated_files_do_not_panic(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let _ = altered(|bytes| {
            for (place, value) in places {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
        });
        let _ = altered(|bytes| bytes.truncate(cut.index(bytes.len())));
    }
}
