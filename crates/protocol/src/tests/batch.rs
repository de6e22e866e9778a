//! Batches: good ones are decided once, and no false proof hides behind another.

use alloc::vec::Vec;

use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};

use crate::backend::Reference;
use crate::batch::weights::weights;
use crate::batch::{Batch, BatchVerdict, Claim};
use crate::curve::{Fr, decode_g1, encode_g1, g1_generator};
use crate::error::VerifyError;
use crate::keys::{ProvingKey, VerifyingKey, generate};
use crate::pairing::{Accumulator, LargeSide, Side};
use crate::srs::Srs;
use crate::testing::{Cheat, Network, dev, keys, networks, prove_falsely, random};
use crate::verify::receive;

struct Case {
    key: ProvingKey,
    proof: Vec<u8>,
}

impl Case {
    fn new(network: &Network, key: ProvingKey) -> Self {
        let cheat = Cheat {
            public: [0, network.output].into(),
            ..Cheat::default()
        };
        let proof = prove_falsely(&key, network, &cheat);
        Self { key, proof }
    }

    fn key(&self) -> &VerifyingKey {
        self.key.verifying()
    }
}

/// One proof for each of some networks of different widths.
fn cases() -> Vec<Case> {
    let networks = networks();
    let case = |(_, network): &(_, Network)| Case::new(network, keys(network).1);
    networks.iter().map(case).collect()
}

fn batch(proofs: &[(&VerifyingKey, &[u8])]) -> Batch {
    let mut batch = Batch::new();
    for (key, proof) in proofs {
        batch.push(receive(key, proof, &dev()).unwrap().0);
    }
    batch
}

fn decide(proofs: &[(&VerifyingKey, &[u8])]) -> BatchVerdict {
    batch(proofs).decide(&[], &Reference)
}

/// The proof with `multiple` times the generator added to its last message, after which nothing is drawn.
fn shifted(proof: &[u8], multiple: Fr) -> Vec<u8> {
    let (head, last) = proof.split_at(proof.len() - 32);
    let point = decode_g1(last).unwrap() + g1_generator() * multiple;
    [head, &encode_g1(&point.into_affine())].concat()
}

/// Rejections and decisions of a batch of one proof over and over, the ones at `bad` altered.
fn repeated(count: usize, bad: &[usize]) -> BatchVerdict {
    let case = cases().remove(0);
    let altered = shifted(&case.proof, Fr::ONE);
    let proof = |i: usize| {
        if bad.contains(&i) {
            &altered
        } else {
            &case.proof
        }
    };
    let proofs: Vec<_> = (0..count).map(|i| (case.key(), &proof(i)[..])).collect();
    decide(&proofs)
}

#[test]
fn good_proofs_of_several_models_take_one_decision() {
    let cases = cases();
    let proofs: Vec<_> = cases
        .iter()
        .map(|case| (case.key(), &case.proof[..]))
        .collect();
    let mut widths: Vec<usize> = cases
        .iter()
        .map(|case| case.key().program().log_weight_columns())
        .collect();
    widths.sort_unstable();
    widths.dedup();
    assert!(widths.len() > 1);
    for proofs in [proofs.clone(), [&proofs[..], &proofs, &proofs].concat()] {
        let verdict = decide(&proofs);
        assert!(verdict.rejected.is_empty());
        assert_eq!(verdict.decisions, 1);
        assert_eq!(verdict.miller_loops, 3 + widths.len());
    }
}

#[test]
fn the_number_of_pairings_does_not_depend_on_the_number_of_proofs() {
    for count in [1, 2, 5, 33] {
        let verdict = repeated(count, &[]);
        assert_eq!((verdict.decisions, verdict.miller_loops), (1, 4));
    }
}

#[test]
fn an_empty_batch_holds() {
    let verdict = decide(&[]);
    assert!(verdict.rejected.is_empty());
    assert_eq!(verdict.miller_loops, 0);
}

#[test]
fn one_false_proof_is_found_in_every_place() {
    for place in 0..7 {
        assert_eq!(repeated(7, &[place]).rejected, [place]);
    }
    let cases = cases();
    let mut proofs: Vec<Vec<u8>> = cases.iter().map(|case| case.proof.clone()).collect();
    proofs[1] = shifted(&proofs[1], Fr::ONE);
    let pairs = cases.iter().zip(&proofs);
    let pairs: Vec<_> = pairs
        .map(|(case, proof)| (case.key(), &proof[..]))
        .collect();
    assert_eq!(decide(&pairs).rejected, [1]);
}

#[test]
fn false_proofs_do_not_cancel_under_equal_weights() {
    let case = cases().remove(0);
    let (up, down) = (
        shifted(&case.proof, Fr::ONE),
        shifted(&case.proof, -Fr::ONE),
    );
    let pair = [(case.key(), &up[..]), (case.key(), &down[..])];
    assert_eq!(decide(&pair).rejected, [0, 1]);
}

#[test]
fn false_proofs_do_not_cancel_under_weights_that_were_known_before_them() {
    let case = cases().remove(0);
    let honest = [(case.key(), &case.proof[..]); 2];
    let known = weights(&batch(&honest).digests(), &[]);
    let up = shifted(&case.proof, known[1]);
    let down = shifted(&case.proof, -known[0]);
    let pair = [(case.key(), &up[..]), (case.key(), &down[..])];
    assert_ne!(weights(&batch(&pair).digests(), &[]), known);
    assert_eq!(decide(&pair).rejected, [0, 1]);
}

#[test]
fn a_false_proof_stays_false_when_it_is_repeated() {
    let verdict = repeated(4, &[1, 2]);
    assert_eq!(verdict.rejected, [1, 2]);
}

#[test]
fn a_few_false_proofs_cost_a_few_decisions() {
    let verdict = repeated(64, &[17]);
    assert_eq!(verdict.rejected, [17]);
    assert!(verdict.decisions <= 1 + 2 * 6, "{}", verdict.decisions);
}

#[test]
fn many_false_proofs_cost_hardly_more_than_one_by_one() {
    let count = 64;
    let all: Vec<usize> = (0..count).collect();
    let verdict = repeated(count, &all);
    assert_eq!(verdict.rejected, all);
    let limit = count + count / 8 + 2 * 6 + 4;
    assert!(verdict.decisions <= limit, "{}", verdict.decisions);
    let odd: Vec<usize> = (0..count).step_by(2).collect();
    let verdict = repeated(count, &odd);
    assert_eq!(verdict.rejected, odd);
    assert!(verdict.decisions <= limit, "{}", verdict.decisions);
}

#[test]
fn proofs_swapped_between_models_are_refused_before_the_batch() {
    let cases = cases();
    let result = receive(cases[0].key(), &cases[1].proof, &dev());
    assert!(matches!(result, Err(VerifyError::WrongModel { .. })));
}

#[test]
fn a_claim_for_another_model_does_not_hold() {
    // The model's digest is in the header, where a swap is seen; with the header forged it must not pass either.
    let (_, network) = networks().remove(0);
    let case = cases().remove(0);
    let other = generate(
        network.program.clone(),
        network.weights.clone(),
        b"another annotation".to_vec(),
        &keys(&network).0,
        (&Reference, &mut random(5)),
        &mut |_, _| (),
    )
    .unwrap();
    let mut forged = case.proof.clone();
    let header = forged
        .windows(32)
        .position(|window| window == case.key().digest().0)
        .unwrap();
    forged[header..header + 32].copy_from_slice(&other.verifying().digest().0);
    let pair = [
        (case.key(), &case.proof[..]),
        (other.verifying(), &forged[..]),
    ];
    assert_eq!(decide(&pair).rejected, [1]);
}

#[test]
fn setups_have_pairings_of_their_own() {
    let (_, network) = networks().remove(0);
    let first = Case::new(&network, keys(&network).1);
    let srs = Srs::development(10, &mut random(77)).unwrap();
    let key = generate(
        network.program.clone(),
        network.weights.clone(),
        b"a test".to_vec(),
        &srs,
        (&Reference, &mut random(2)),
        &mut |_, _| (),
    )
    .unwrap();
    let second = Case::new(&network, key);
    let proofs = [&first, &second, &first, &second].map(|case| (case.key(), &case.proof[..]));
    let verdict = decide(&proofs);
    assert!(verdict.rejected.is_empty());
    assert_eq!(verdict.miller_loops, 1 + 2 * 3);
}

#[test]
fn a_claim_with_a_term_that_its_key_has_no_place_for_does_not_hold() {
    let cases = cases();
    let key = cases[0].key();
    let claim = |equations| Claim::new(key, key.digest(), equations);
    let alone = |equations| {
        let verdict = Batch::decide_one(claim(equations), &Reference);
        verdict.rejected.is_empty()
    };
    assert!(alone(Accumulator::default()), "nothing is claimed");
    // The key has no large table, and five points that all its proofs share.
    let mut beyond = Accumulator::default();
    let side = Side::Large(0, LargeSide::Tag);
    beyond.add(side, g1_generator(), Fr::ONE);
    let shared = Accumulator {
        shared: [Fr::ZERO; 6].into(),
        ..Accumulator::default()
    };
    assert!(!alone(beyond.clone()));
    assert!(!alone(shared.clone()));

    let mut batch = Batch::new();
    for index in 0..5 {
        batch.push(match index {
            1 => claim(beyond.clone()),
            3 => claim(shared.clone()),
            _ => receive(key, &cases[0].proof, &dev()).unwrap().0,
        });
    }
    assert_eq!(batch.decide(&[], &Reference).rejected, [1, 3]);
}
