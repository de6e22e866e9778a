//! The bytes of a proof: whatever is altered, cut or added is refused, and nothing panics.

use alloc::vec::Vec;

use ark_ec::CurveGroup;
use ark_ff::{BigInteger, Field, PrimeField};
use proptest::prelude::*;

use crate::curve::{
    Fq, Fr, G1Affine, decode_g1, decode_scalar, encode_g1, encode_scalar, g1_generator,
};
use crate::encoding::DecodeError;
use crate::error::VerifyError;
use crate::keys::{ProvingKey, VerifyingKey};
use crate::program::Program;
use crate::proof::Proof;
use crate::testing::{Cheat, Network, Replay, dev, keys, networks, prove_falsely};
use crate::verify::verify;

struct Case {
    network: Network,
    key: ProvingKey,
    proof: Vec<u8>,
}

/// The dense network with input and output public.
fn case() -> Case {
    case_of(networks().remove(0).1)
}

/// The same with its second function in a large table.
fn case_with_large_table() -> Case {
    case_of(networks().remove(0).1.with_large_tables(&[(5, 1)]))
}

/// The same, and with its functions in the table, in one large table, and in two.
fn cases() -> Vec<Case> {
    let network = networks().remove(0).1;
    let large: [&[(u32, usize)]; 3] = [&[], &[(6, 2)], &[(6, 1), (5, 1)]];
    let networks = large.map(|tables| network.clone().with_large_tables(tables));
    networks.map(case_of).into()
}

fn case_of(network: Network) -> Case {
    let (_, key) = keys(&network);
    let cheat = Cheat {
        public: [0, network.output].into(),
        ..Cheat::default()
    };
    let proof = prove_falsely(&key, &network, &cheat);
    Case {
        network,
        key,
        proof,
    }
}

impl Case {
    fn verify(&self, proof: &[u8]) -> Result<(), VerifyError> {
        verify(self.key.verifying(), proof, &dev()).map(|_| ())
    }

    /// Where the argument starts.
    fn header(&self) -> usize {
        let proof = Proof::from_bytes(&self.proof).unwrap();
        self.proof.len() - proof.argument().len()
    }

    fn with(&self, field: usize, bytes: &[u8]) -> Vec<u8> {
        let mut proof = self.proof.clone();
        proof[self.header() + 32 * field..][..32].copy_from_slice(bytes);
        proof
    }
}

/// For each 32-byte field of the argument whether it is a point.
fn fields(program: &Program) -> Vec<bool> {
    let columns = program.columns().count();
    let first = program.columns().first_round();
    let tables = program.large_tables().len();
    let mut fields = alloc::vec![true; first + tables];
    for _ in 0..tables {
        fields.extend([true, true, false]);
    }
    fields.extend(alloc::vec![true; columns - first + 2]);
    fields.extend(alloc::vec![false; 5 * program.log_rows() + columns + 1]);
    fields.extend([true; 5]);
    fields.extend(alloc::vec![false; 1 + tables]);
    fields.extend(alloc::vec![true; 3 + usize::from(tables > 0)]);
    fields
}

#[test]
fn every_field_altered_to_another_valid_one_is_refused() {
    for case in cases() {
        check_every_field(&case);
    }
}

fn check_every_field(case: &Case) {
    let fields = fields(&case.network.program);
    assert_eq!(32 * fields.len(), case.proof.len() - case.header());
    for (field, point) in fields.into_iter().enumerate() {
        let old = &case.proof[case.header() + 32 * field..][..32];
        let new = if point {
            encode_g1(&(decode_g1(old).unwrap() + g1_generator()).into_affine())
        } else {
            encode_scalar(&(decode_scalar(old).unwrap() + Fr::ONE))
        };
        let found = case.verify(&case.with(field, &new));
        assert_eq!(found, Err(VerifyError::Equations), "field {field}");
        if point {
            let negative = encode_g1(&-decode_g1(old).unwrap());
            let found = case.verify(&case.with(field, &negative));
            assert_eq!(found, Err(VerifyError::Equations), "field {field} negated");
        }
    }
}

#[test]
fn infinity_points_off_the_curve_and_unreduced_scalars_are_refused_in_every_field() {
    for case in cases() {
        check_infinity_points(&case);
    }
}

fn check_infinity_points(case: &Case) {
    let off = (1u64..)
        .map(Fq::from)
        .find(|x| (x.square() * x + Fq::from(3u64)).sqrt().is_none())
        .unwrap();
    let off = off.into_bigint().to_bytes_le();
    let infinity = encode_g1(&G1Affine::identity());
    let modulus = Fr::MODULUS.to_bytes_le();
    for (field, point) in fields(&case.network.program).into_iter().enumerate() {
        let wrong: &[(&[u8], DecodeError)] = if point {
            &[
                (&infinity, DecodeError::PointAtInfinity),
                (&off, DecodeError::InvalidPoint),
                (&[0xff; 32], DecodeError::InvalidPoint),
            ]
        } else {
            &[
                (&modulus, DecodeError::InvalidScalar),
                (&[0xff; 32], DecodeError::InvalidScalar),
            ]
        };
        for (bytes, error) in wrong {
            let found = case.verify(&case.with(field, bytes));
            assert_eq!(found, Err(VerifyError::Malformed(*error)), "field {field}");
        }
    }
}

#[test]
fn a_proof_of_any_other_length_is_refused() {
    let case = case();
    for length in 0..case.proof.len() {
        let found = case.verify(&case.proof[..length]);
        let expected = matches!(
            found,
            Err(VerifyError::Malformed(
                DecodeError::Truncated { .. } | DecodeError::WrongKind { .. }
            ))
        );
        assert!(expected, "length {length}: {found:?}");
    }
    let mut longer = case.proof.clone();
    longer.push(0);
    let error = DecodeError::TrailingBytes { count: 1 };
    assert_eq!(case.verify(&longer), Err(VerifyError::Malformed(error)));
}

#[test]
fn every_message_changes_every_later_challenge_and_no_earlier_one() {
    for case in cases() {
        check_every_message(&case);
    }
}

fn check_every_message(case: &Case) {
    let replay = |bytes: &[u8]| {
        let proof = Proof::from_bytes(bytes).unwrap();
        Replay::of(case.key.verifying(), &proof, &[]).drawn
    };
    let honest = replay(&case.proof);
    for (field, point) in fields(&case.network.program).into_iter().enumerate() {
        let new = if point {
            encode_g1(&g1_generator())
        } else {
            encode_scalar(&Fr::from(77u64))
        };
        let altered = replay(&case.with(field, &new));
        for ((messages, before), (_, after)) in honest.iter().zip(&altered) {
            assert_eq!(before != after, *messages > field, "field {field}");
        }
    }
    // Only E comes after the last challenge.
    assert_eq!(
        honest.last().unwrap().0 + 1,
        fields(&case.network.program).len()
    );
    // No two challenges are the same.
    let mut values: Vec<Fr> = honest.iter().map(|(_, value)| *value).collect();
    let count = values.len();
    values.sort_unstable();
    values.dedup();
    assert_eq!(values.len(), count);
}

#[test]
fn every_byte_of_a_verifying_key_is_part_of_the_models_identity() {
    for case in [case(), case_with_large_table()] {
        check_every_byte(&case);
    }
}

fn check_every_byte(case: &Case) {
    let bytes = case.key.verifying().to_bytes();
    let digest = case.key.verifying().digest();
    for position in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[position] ^= 1;
        if let Ok(key) = VerifyingKey::from_bytes(&altered) {
            assert_ne!(key.digest(), digest, "byte {position}");
            assert_eq!(key.to_bytes(), altered, "byte {position} is not canonical");
            assert!(verify(&key, &case.proof, &dev()).is_err());
        }
    }
    for length in 0..bytes.len() {
        assert!(VerifyingKey::from_bytes(&bytes[..length]).is_err());
    }
}

fn mutated(mut bytes: Vec<u8>, edits: &[(usize, u8)], cut: Option<usize>) -> Vec<u8> {
    for (position, value) in edits {
        let position = position % bytes.len();
        bytes[position] ^= value;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut % (bytes.len() + 1));
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_no_file(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0..4usize) {
        use crate::encoding::FileKind;
        for with_header in [false, true] {
            let mut file = Vec::new();
            if with_header {
                file.extend(FileKind::ALL[kind].magic());
                file.extend([1, 0]);
            }
            file.extend(&bytes);
            let _ = Proof::from_bytes(&file);
            prop_assert!(VerifyingKey::from_bytes(&file).is_err());
            prop_assert!(ProvingKey::from_bytes(&file).is_err());
        }
    }
}

#[test]
fn mutated_proofs_never_verify_and_mutated_keys_never_panic() {
    for case in [case(), case_with_large_table()] {
        check_mutations(&case);
    }
}

fn check_mutations(case: &Case) {
    let verifying = case.key.verifying().to_bytes();
    let proving = case.key.to_bytes();
    let edit = (any::<usize>(), 1u8..);
    let strategy = (
        prop::collection::vec(edit, 1..4),
        prop::option::weighted(0.2, any::<usize>()),
    );
    let config = ProptestConfig {
        cases: 120,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |((edits, cut) in strategy)| {
        let proof = mutated(case.proof.clone(), &edits, cut);
        if proof != case.proof {
            prop_assert!(case.verify(&proof).is_err());
        }
        if let Ok(proof) = Proof::from_bytes(&proof) {
            prop_assert_eq!(Proof::from_bytes(&proof.to_bytes()), Ok(proof));
        }
        // Short keys are read to the end of the program, where the panics would be.
        let bytes = mutated(verifying.clone(), &edits, cut);
        if bytes != verifying && let Ok(key) = VerifyingKey::from_bytes(&bytes) {
            prop_assert!(verify(&key, &case.proof, &dev()).is_err());
        }
        let near_the_front: Vec<_> = edits.iter().map(|(at, value)| (at % 1200, *value)).collect();
        let _ = ProvingKey::from_bytes(&mutated(proving.clone(), &near_the_front, cut));
        // What stands in the large tables.
        let last = proving.len() - 1;
        let near_the_end: Vec<_> = edits.iter().map(|(at, value)| (last - at % 40, *value)).collect();
        let _ = ProvingKey::from_bytes(&mutated(proving.clone(), &near_the_end, cut));
    });
}
