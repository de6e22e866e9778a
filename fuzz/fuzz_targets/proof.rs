//! The proof file, and its verification against a fixed key: as it comes, and with the mark and the model's digest put right, without
//! which verification stops before it begins. Only the one proof that the repository holds may be accepted.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tensorseal_protocol::{Proof, VerifyOptions, VerifyingKey, verify};

const PROOF: &[u8] = include_bytes!("../../tests/vectors/demo/proof.bin");
/// Mark, version and digest of the model.
const START: usize = 4 + 2 + 32;

static KEY: LazyLock<VerifyingKey> = LazyLock::new(|| {
    let bytes = include_bytes!("../../tests/vectors/demo/model.vk");
    VerifyingKey::from_bytes(bytes).expect("a key of this repository")
});

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    if let Some(rest) = bytes.get(START..)
        && bytes[..START] != PROOF[..START]
    {
        read(&[&PROOF[..START], rest].concat());
    }
});

fn read(bytes: &[u8]) {
    if let Ok(proof) = Proof::from_bytes(bytes) {
        assert!(proof.to_bytes() == bytes, "a second encoding");
    }
    let accepted = verify(&KEY, bytes, &VerifyOptions::default()).is_ok();
    assert_eq!(accepted, bytes == PROOF, "the verdict is wrong");
    let elsewhere = VerifyOptions {
        context: b"another",
        ..VerifyOptions::default()
    };
    assert!(
        !accepted || verify(&KEY, bytes, &elsewhere).is_err(),
        "the context does not matter"
    );
}
