//! The proving key and the graph in it: whole files, and pieces behind a good setup.
//!
//! In the second form two bytes say how many bytes of verifying key follow its setup; all others stand behind the verifying key. Marks,
//! lengths and the setup are filled in, and so is the verifying key's version, each in turn.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorseal_model::program::{Description, lift};
use tensorseal_protocol::ProvingKey;
use tensorseal_protocol::encoding::{FileKind, Writer};
use tensorseal_protocol::srs::Setup;

const KEY: &[u8] = include_bytes!("../../tests/vectors/toy/model.vk");
/// Mark, version and setup.
const START: usize = 4 + 2 + Setup::BYTES;

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(&FileKind::ProvingKey.magic()) {
        return read(bytes);
    }
    let Some((length, rest)) = bytes.split_first_chunk() else {
        return;
    };
    let length = rest.len().min(u16::from_le_bytes(*length).into());
    let (verifying, secret) = rest.split_at(length);
    for version in 1..=FileKind::VerifyingKey.version() {
        let mut start = KEY[..START].to_vec();
        start[4..6].copy_from_slice(&version.to_le_bytes());
        let mut writer = Writer::file(FileKind::ProvingKey);
        writer.count(START + length);
        writer.bytes(&start);
        writer.bytes(verifying);
        writer.bytes(secret);
        read(&writer.finish());
    }
});

fn read(bytes: &[u8]) {
    let Ok(key) = ProvingKey::from_bytes(bytes) else {
        return;
    };
    // Weights may come in more bytes than they need; from then on there is one encoding.
    let written = key.to_bytes();
    let again = ProvingKey::from_bytes(&written).expect("its own bytes");
    assert!(again.to_bytes() == written, "a third encoding");
    let verifying = key.verifying();
    if let Some(description) = Description::from_bytes(verifying.annotation())
        && let Ok(graph) = lift(
            verifying.program(),
            (key.weights(), key.table_contents()),
            &description,
        )
    {
        let zeros = graph.inputs.iter().map(|port| vec![0; port.elements()]);
        let _ = graph.infer(&zeros.collect::<Vec<_>>());
    }
}
