//! A key and a proof as files: with fixed randomness their bytes never change, and they verify for ever.
//!
//! The files lie in `tests/vectors/toy`. When a format changes on purpose, with a new version, write new ones beside the old by
//! `TENSORSEAL_WRITE_VECTORS=1 cargo test -p tensorseal-protocol known_answer`.

extern crate std;

use alloc::string::String;
use alloc::vec::Vec;

use crate::backend::Reference;
use crate::keys::{ProvingKey, VerifyingKey};
use crate::prove::{ProveOptions, prove};
use crate::testing::{Network, dev, keys, networks, random};
use crate::verify::{VerifyOptions, verify};

const CONTEXT: &[u8] = b"known answer";

fn path(name: &str) -> String {
    alloc::format!(
        "{}/../../tests/vectors/toy/{name}",
        env!("CARGO_MANIFEST_DIR")
    )
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
    let options = ProveOptions {
        public: &[0, network.output],
        context: CONTEXT,
    };
    let tools = (&Reference, &mut random(20) as &mut _);
    let proof = prove(&key, &network.witness(), &options, tools).unwrap();
    (network, key, proof.to_bytes())
}

#[test]
fn known_answer_of_keys_and_proof() {
    let (network, key, proof) = make();
    let verifying = key.verifying().to_bytes();
    assert!(stored("model.vk", &verifying) == verifying, "verifying key");
    let proving = key.to_bytes();
    assert!(stored("model.pk", &proving) == proving, "proving key");
    assert!(stored("proof.bin", &proof) == proof, "proof");

    let options = VerifyOptions {
        context: CONTEXT,
        ..dev()
    };
    let key = VerifyingKey::from_bytes(&stored("model.vk", &verifying)).unwrap();
    let verdict = verify(&key, &stored("proof.bin", &proof), &options).unwrap();
    let output: Vec<i64> = network.trace()[2].iter().map(|cell| cell.out).collect();
    assert_eq!(verdict.public[0].values(), network.input);
    assert_eq!(verdict.public[1].values(), output);
    assert_eq!(verdict.public[1].values(), [1, -1]);
}
