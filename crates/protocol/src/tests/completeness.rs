//! Honest proofs verify.

use alloc::vec::Vec;

use crate::backend::Reference;
use crate::keys::{ProvingKey, VerifyingKey};
use crate::prove::{ProveOptions, prove};
use crate::srs::SetupOrigin;
use crate::testing::{Network, keys, networks, random};
use crate::verify::{VerifyOptions, verify};

fn dev() -> VerifyOptions<'static> {
    VerifyOptions {
        allow_development_setup: true,
        ..VerifyOptions::default()
    }
}

fn honest(key: &ProvingKey, network: &Network, public: &[u32], seed: u8) -> Vec<u8> {
    let options = ProveOptions {
        public,
        context: &[],
    };
    prove(
        key,
        &network.witness(),
        &options,
        (&Reference, &mut random(seed)),
    )
    .unwrap()
    .to_bytes()
}

#[test]
fn every_network_and_visibility_verifies_with_four_miller_loops() {
    for (name, network) in networks() {
        let (_, key) = keys(&network);
        for public in [&[0, network.output][..], &[network.output], &[0], &[]] {
            let proof = honest(&key, &network, public, 3);
            let verdict = verify(key.verifying(), &proof, &dev())
                .unwrap_or_else(|error| panic!("{name}: {public:?}: {error}"));
            assert_eq!(verdict.miller_loops, 4);
            assert_eq!(verdict.setup, SetupOrigin::Development);
            let tensors: Vec<u32> = verdict.public.iter().map(|p| p.tensor() as u32).collect();
            assert_eq!(tensors, public);
        }
    }
}

#[test]
fn keys_read_back_and_still_work() {
    let (_, network) = &networks()[0];
    let (_, key) = keys(network);
    let bytes = key.to_bytes();
    let key = ProvingKey::from_bytes(&bytes).unwrap();
    assert_eq!(key.to_bytes(), bytes);
    let verifying = VerifyingKey::from_bytes(&key.verifying().to_bytes()).unwrap();
    assert_eq!(verifying.digest(), key.verifying().digest());
    verify(&verifying, &honest(&key, network, &[1 + 1], 4), &dev()).unwrap();
}

#[test]
fn a_proof_has_the_size_that_the_protocol_states() {
    let (_, network) = &networks()[2];
    let (_, key) = keys(network);
    let program = &network.program;
    let proof = crate::Proof::from_bytes(&honest(&key, network, &[], 5)).unwrap();
    let columns = program.columns().count();
    let expected = 32 * (columns + 10) + 32 * (5 * program.log_rows() + columns + 2);
    assert_eq!(proof.argument().len(), expected);
}

#[test]
fn two_proofs_of_one_statement_differ() {
    let (_, network) = &networks()[0];
    let (_, key) = keys(network);
    assert_ne!(honest(&key, network, &[], 5), honest(&key, network, &[], 6));
}
