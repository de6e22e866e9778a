//! The verifying key: whole files, and bytes in the place of all that follows a good setup, which a mutated file seldom keeps, in every
//! version of the format.
//! What is accepted must be written again as the same bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorseal_model::program::Description;
use tensorseal_protocol::VerifyingKey;
use tensorseal_protocol::encoding::FileKind;
use tensorseal_protocol::srs::Setup;

const KEY: &[u8] = include_bytes!("../../tests/vectors/toy/model.vk");
/// Mark, version and setup.
const START: usize = 4 + 2 + Setup::BYTES;

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(&FileKind::VerifyingKey.magic()) {
        return read(bytes);
    }
    let mut file = [&KEY[..START], bytes].concat();
    for version in 1..=FileKind::VerifyingKey.version() {
        file[4..6].copy_from_slice(&version.to_le_bytes());
        read(&file);
    }
});

fn read(bytes: &[u8]) {
    if let Ok(key) = VerifyingKey::from_bytes(bytes) {
        assert!(key.to_bytes() == bytes, "a second encoding");
        let _ = Description::from_bytes(key.annotation());
    }
}
