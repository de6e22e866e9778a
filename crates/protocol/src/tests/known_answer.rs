//! A key and a proof as files: with fixed randomness their bytes never change, and they verify for ever.
//!
//! The files lie in `tests/vectors/toy`, `tests/vectors/convolutional`, `tests/vectors/large` and `tests/vectors/hidden`, those of the first version of the verifying key in `tests/vectors/v1/toy`. When a format changes
//! on purpose, with a new version, keep the old ones so and write new ones by
//! `TENSORSEAL_WRITE_VECTORS=1 cargo test -p tensorseal-protocol known_answer`.

extern crate std;

use alloc::string::String;
use alloc::vec::Vec;

use crate::backend::Reference;
use crate::keys::{ProvingKey, VerifyingKey};
use crate::prove::{ProveOptions, prove};
use crate::testing::{Network, convolutional, dev, keys, networks, random};
use crate::verify::{VerifyOptions, verify};

const CONTEXT: &[u8] = b"known answer";

fn path(name: &str) -> String {
    alloc::format!("{}/../../tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn stored(name: &str, made: &[u8]) -> Vec<u8> {
    if std::env::var_os("TENSORSEAL_WRITE_VECTORS").is_some() {
        std::fs::write(path(name), made).unwrap();
    }
    std::fs::read(path(name)).unwrap()
}

fn make() -> (Network, ProvingKey, Vec<u8>) {
    let (_, network) = networks().remove(0);
    let (_, key) = keys(&network);
    let proof = proof_by(&key, &network);
    (network, key, proof)
}

fn proof_by(key: &ProvingKey, network: &Network) -> Vec<u8> {
    let options = ProveOptions {
        public: &[0, network.output],
        context: CONTEXT,
    };
    let tools = (&Reference, &mut random(20) as &mut _);
    prove(key, &network.witness(), &options, tools)
        .unwrap()
        .to_bytes()
}

#[test]
fn known_answer_of_keys_and_proof() {
    let (network, key, proof) = make();
    let verifying = key.verifying().to_bytes();
    let same = |name: &str, made: &[u8]| assert!(stored(name, made) == made, "{name}");
    same("toy/model.vk", &verifying);
    same("toy/model.pk", &key.to_bytes());
    same("toy/proof.bin", &proof);
    check(&network, "toy", &proof);
}

#[test]
fn known_answer_of_a_convolutional_network() {
    let network = convolutional(8);
    let (_, key) = keys(&network);
    let verifying = key.verifying().to_bytes();
    let proof = proof_by(&key, &network);
    let same = |name: &str, made: &[u8]| assert!(stored(name, made) == made, "{name}");
    same("convolutional/model.vk", &verifying);
    same("convolutional/proof.bin", &proof);
    check(&network, "convolutional", &proof);
}

#[test]
fn known_answer_of_a_network_with_a_large_table() {
    let network = networks().remove(0).1.with_large_tables(&[(5, 1)]);
    let (_, key) = keys(&network);
    let verifying = key.verifying().to_bytes();
    let proof = proof_by(&key, &network);
    let same = |name: &str, made: &[u8]| assert!(stored(name, made) == made, "{name}");
    same("large/model.vk", &verifying);
    same("large/proof.bin", &proof);
    check(&network, "large", &proof);
}

#[test]
fn known_answer_of_a_network_with_a_hidden_table() {
    let network = networks().remove(0).1.with_large_tables(&[(5, 1)]).hidden();
    let (_, key) = keys(&network);
    let proof = proof_by(&key, &network);
    let same = |name: &str, made: &[u8]| assert!(stored(name, made) == made, "{name}");
    same("hidden/model.vk", &key.verifying().to_bytes());
    same("hidden/model.pk", &key.to_bytes());
    same("hidden/proof.bin", &proof);
    check(&network, "hidden", &proof);
}

/// The first version of the verifying key has another digest of the same network; its proofs differ by that alone.
#[test]
fn keys_and_proofs_of_the_first_version_verify() {
    let (network, key, _) = make();
    let read = |name: &str| std::fs::read(path(&alloc::format!("v1/toy/{name}"))).unwrap();
    let old = ProvingKey::from_bytes(&read("model.pk")).unwrap();
    assert!(old.to_bytes() == read("model.pk"), "proving key");
    assert!(
        old.verifying().to_bytes() == read("model.vk"),
        "verifying key"
    );
    assert_eq!(old.verifying().program(), key.verifying().program());
    assert_ne!(old.verifying().digest(), key.verifying().digest());
    check(&network, "v1/toy", &read("proof.bin"));
    let again = proof_by(&old, &network);
    assert!(again == read("proof.bin"), "proof");
}

fn check(network: &Network, folder: &str, proof: &[u8]) {
    let options = VerifyOptions {
        context: CONTEXT,
        ..dev()
    };
    let file = std::fs::read(path(&alloc::format!("{folder}/model.vk"))).unwrap();
    let key = VerifyingKey::from_bytes(&file).unwrap();
    let verdict = verify(&key, proof, &options).unwrap();
    let output = &network.trace()[network.output as usize];
    let output: Vec<i64> = output.iter().map(|cell| cell.out).collect();
    assert_eq!(verdict.public[0].values(), network.input);
    assert_eq!(verdict.public[1].values(), output);
}
