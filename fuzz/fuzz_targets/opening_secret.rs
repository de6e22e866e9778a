//! The secret of openings: whole files, and what follows a good key.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorseal_protocol::OpeningSecret;
use tensorseal_protocol::encoding::{FileKind, Writer};

const KEY: &[u8] = include_bytes!("../../tests/vectors/demo/model.vk");

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(&FileKind::OpeningSecret.magic()) {
        return read(bytes);
    }
    let mut writer = Writer::file(FileKind::OpeningSecret);
    writer.count(KEY.len());
    writer.bytes(KEY);
    writer.bytes(bytes);
    read(&writer.finish());
});

fn read(bytes: &[u8]) {
    let Ok(secret) = OpeningSecret::from_bytes(bytes) else {
        return;
    };
    assert!(secret.to_bytes() == bytes, "a second encoding");
    // What the command asks of a secret before it opens anything.
    let _ = (secret.committed(), secret.inferences(), secret.powers());
}
