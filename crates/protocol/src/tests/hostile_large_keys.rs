//! Verifying keys with large tables whose bytes or commitments a stranger has chosen: every check that their reader makes (PROTOCOL §11).

use alloc::vec;
use alloc::vec::Vec;

use ark_ec::CurveGroup;

use super::large_tables::dense;
use crate::backend::Reference;
use crate::cq::LargeCommitments;
use crate::curve::{
    Fr, G1Affine, G2Affine, encode_g1, encode_g1_uncompressed, encode_g2, g1_generator,
    g2_generator,
};
use crate::digest::Hasher;
use crate::encoding::{DecodeError, Writer};
use crate::error::KeyError;
use crate::keys::VerifyingKey;
use crate::program::{Program, ProgramError};
use crate::srs::{PowersError, Srs};
use crate::testing::{keys, networks, random};
use crate::transcript::{EquationWeight, Transcript};

fn read(key: &VerifyingKey) -> Result<(), KeyError> {
    VerifyingKey::from_bytes(&key.to_bytes()).map(|_| ())
}

/// The only place of a part in a file.
fn place(bytes: &[u8], part: &[u8]) -> usize {
    let mut places = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(part));
    let place = places.next().unwrap();
    assert_eq!(places.next(), None, "the part stands there twice");
    place
}

/// The commitments with multiples of [1]₂ added to those in G2.
fn shifted(commitments: &LargeCommitments, errors: [Fr; 3]) -> LargeCommitments {
    let mut shifted = commitments.clone();
    for (point, error) in shifted.g2.iter_mut().zip(errors) {
        *point = (*point + g2_generator() * error).into_affine();
    }
    shifted
}

/// The key with multiples of [1]₂ added to its commitments in G2, by table and column.
fn shifted_key(key: &VerifyingKey, errors: &[((usize, usize), Fr)]) -> VerifyingKey {
    let mut key = key.clone();
    for ((table, column), error) in errors {
        let mut by_column = [Fr::from(0u64); 3];
        by_column[*column] = *error;
        let honest = key.large_commitments(*table).unwrap().clone();
        key = key.with_large(*table, shifted(&honest, by_column));
    }
    key
}

#[test]
fn every_column_in_g2_is_that_in_g1() {
    let network = networks().remove(0).1.with_large_tables(&[(5, 1), (5, 1)]);
    for network in [network.clone(), network.hidden()] {
        let (_, key) = keys(&network);
        let key = key.verifying();
        assert_eq!(read(key), Ok(()));
        let one = Fr::from(1u64);
        let places: Vec<_> = (0..2)
            .flat_map(|table| (0..3).map(move |column| (table, column)))
            .collect();
        for (index, first) in places.iter().enumerate() {
            let found = read(&shifted_key(key, &[(*first, one)]));
            assert_eq!(found, Err(KeyError::LargeTable), "{first:?}");
            // What one is false by, another makes good, but for the weights.
            for second in &places[index + 1..] {
                let found = read(&shifted_key(key, &[(*first, one), (*second, -one)]));
                assert_eq!(found, Err(KeyError::LargeTable), "{first:?} {second:?}");
            }
        }
    }
}

/// Weights that are known before the key would let false columns make each other good.
#[test]
fn the_weights_of_a_keys_equations_follow_from_the_key() {
    let network = dense();
    let (_, key) = keys(&network);
    let mut transcript = Transcript::new("tensorseal large tables of a key v1");
    // Three openings of the proof about the rows, then a column each.
    let weights = transcript.challenges::<EquationWeight>(6);
    let [.., value, _, tag] = weights[..] else {
        panic!("six weights");
    };
    let forged = shifted_key(key.verifying(), &[((0, 0), tag.0), ((0, 2), -value.0)]);
    assert_eq!(read(&forged), Err(KeyError::LargeTable));
}

#[test]
fn no_point_of_a_large_table_is_infinity() {
    let network = dense();
    let (_, key) = keys(&network);
    let bytes = key.verifying().to_bytes();
    let commitments = key.verifying().large_commitments(0).unwrap();
    let mut writer = Writer::new();
    commitments.write(&mut writer);
    let start = place(&bytes, &writer.finish());
    let g1 = encode_g1(&G1Affine::identity());
    let g2 = encode_g2(&G2Affine::identity());
    let row_quotients = 3 * 32 + 3 * 64 + 32;
    let in_g1 = (0..3).chain((0..3).map(|quotient| row_quotients / 32 + quotient));
    let in_g1 = in_g1.map(|index| (32 * index, g1.as_slice()));
    let in_g2 = (0..3).map(|column| (3 * 32 + 64 * column, g2.as_slice()));
    for (offset, infinity) in in_g1.chain(in_g2) {
        let mut altered = bytes.clone();
        altered[start + offset..][..infinity.len()].copy_from_slice(infinity);
        let found = VerifyingKey::from_bytes(&altered).map(|_| ());
        let expected = KeyError::Malformed(DecodeError::PointAtInfinity);
        assert_eq!(found, Err(expected), "at {offset}");
    }
}

#[test]
fn a_key_of_the_third_version_has_large_tables() {
    let network = networks().remove(0).1;
    let (_, key) = keys(&network);
    let key = key.verifying();
    let mut bytes = key.to_bytes();
    let behind_program = place(&bytes, &encode_g1(&key.table()[0]));
    bytes.splice(behind_program..behind_program, [0; 4]);
    assert_eq!(bytes[4..6], [2, 0]);
    bytes[4] = 3;
    let expected = KeyError::Malformed(DecodeError::InvalidNumber {
        what: "number of large tables in a key of this version",
        found: 0,
    });
    assert_eq!(VerifyingKey::from_bytes(&bytes).unwrap_err(), expected);
}

#[test]
fn the_mark_of_a_hidden_table_is_zero_or_one() {
    let network = networks().remove(0).1.with_large_tables(&[(5, 1)]).hidden();
    let (_, key) = keys(&network);
    let mut bytes = key.verifying().to_bytes();
    let mut writer = Writer::new();
    let table = &network.program.large_tables()[0];
    writer.u32(table.log_rows);
    writer.u8(1);
    writer.count(1);
    writer.signed(table.segments[0].start.into(), 4);
    let mark = place(&bytes, &writer.finish()) + 4;
    for found in [2, 3, 128, 255] {
        bytes[mark] = found;
        let expected = KeyError::Malformed(DecodeError::InvalidNumber {
            what: "mark of a hidden table",
            found: found.into(),
        });
        assert_eq!(VerifyingKey::from_bytes(&bytes).unwrap_err(), expected);
    }
}

#[test]
fn a_program_has_sixteen_large_tables_at_the_most_however_many_lanes() {
    let with = |tables: usize| {
        let mut parts = dense().program.parts().clone();
        parts.lanes = 20;
        parts.large_tables = vec![parts.large_tables[0].clone(); tables];
        Program::new(parts).map(|_| ())
    };
    assert_eq!(with(16), Ok(()));
    let expected = ProgramError::OutOfRange {
        what: "number of large tables",
        found: 17,
        least: 0,
        greatest: 16,
    };
    assert_eq!(with(17), Err(expected));
}

/// The setup with a power in the place of another, which its file does not find out.
fn with_false_power(srs: &Srs, power: usize) -> Srs {
    let mut bytes = srs.truncated(srs.powers().len()).to_bytes(None);
    let at = place(&bytes, &encode_g1_uncompressed(&srs.powers()[power]));
    bytes[at..][..64].copy_from_slice(&encode_g1_uncompressed(&g1_generator()));
    let body = bytes.len() - 32;
    let digest = Hasher::new("tensorseal setup file").part(&bytes[..body]);
    bytes[body..].copy_from_slice(&digest.finish().0);
    Srs::from_bytes(&bytes).unwrap()
}

#[test]
fn a_large_table_is_compared_under_its_own_setup_with_true_powers_enough() {
    let network = dense();
    let (srs, key) = keys(&network);
    let check = |srs: &Srs| {
        let key = key.verifying();
        key.check_large_table(0, &network.tables[0], srs, &Reference)
    };
    assert_eq!(check(&srs), Ok(()));
    assert_eq!(check(&srs.truncated(64)), Ok(()));
    let (needed, found) = (64, 63);
    let expected = KeyError::SetupTooSmall { needed, found };
    assert_eq!(check(&srs.truncated(found)), Err(expected));
    let another = Srs::development(10, &mut random(5)).unwrap();
    assert!(matches!(check(&another), Err(KeyError::Mismatch { .. })));
    // No square checks [τ³]₁ or the last power that the table takes; behind that nothing is read.
    for power in [3, 63] {
        let expected = KeyError::Powers(PowersError::Ratio);
        assert_eq!(check(&with_false_power(&srs, power)), Err(expected));
    }
    assert_eq!(check(&with_false_power(&srs, 65)), Ok(()));
}
