//! The opening, and its verification against a fixed proof: as it comes, and with the mark and both digests put right, without which
//! verification stops before it begins. Only the one opening that the repository holds may be accepted.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tensorseal_protocol::backend::Compact;
use tensorseal_protocol::{Batch, Opening, VerifyOptions, VerifyingKey, receive_opening};

const PROOF: &[u8] = include_bytes!("../../tests/vectors/demo/committed.bin");
const OPENING: &[u8] = include_bytes!("../../tests/vectors/demo/opening.bin");
/// Mark, version, digests of the model and of the proof.
const START: usize = 4 + 2 + 2 * 32;

static KEY: LazyLock<VerifyingKey> = LazyLock::new(|| {
    let bytes = include_bytes!("../../tests/vectors/demo/model.vk");
    VerifyingKey::from_bytes(bytes).expect("a key of this repository")
});

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    if let Some(rest) = bytes.get(START..)
        && bytes[..START] != OPENING[..START]
    {
        read(&[&OPENING[..START], rest].concat());
    }
});

fn read(bytes: &[u8]) {
    if let Ok(opening) = Opening::from_bytes(bytes) {
        assert!(opening.to_bytes() == bytes, "a second encoding");
    }
    assert_eq!(accepted(bytes), bytes == OPENING, "the verdict is wrong");
}

/// Whether the opening holds, given that the proof does.
fn accepted(bytes: &[u8]) -> bool {
    let Ok((claim, _)) = receive_opening(&KEY, PROOF, bytes, &VerifyOptions::default()) else {
        return false;
    };
    let mut batch = Batch::new();
    batch.push(claim);
    batch.decide(&[], &Compact).rejected.is_empty()
}
