//! The bundle: whole files, and pieces behind a header whose digest is right.
//!
//! In the second form two bytes say how many bytes of key follow them, one how many proofs the index has; all others are key, index and
//! proofs. Mark, lengths and the digest are filled in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorseal_protocol::bundle::{BundleFront, BundleHeader};
use tensorseal_protocol::digest::Hasher;
use tensorseal_protocol::encoding::{FileKind, Writer, widen};

/// Bytes of an entry of the index: length, inferences, digest.
const ENTRY: usize = 4 + 4 + 32;

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(&FileKind::Bundle.magic()) {
        return read(bytes);
    }
    let Some(([low, high, proofs], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let length = rest.len().min(u16::from_le_bytes([*low, *high]).into());
    let (key, after) = rest.split_at(length);
    let index = &after[..after.len().min(usize::from(*proofs) * ENTRY)];
    let digest = Hasher::new("tensorseal bundle")
        .part(key)
        .part(&u32::from(*proofs).to_le_bytes())
        .part(index)
        .finish();
    let mut writer = Writer::file(FileKind::Bundle);
    writer.count(key.len());
    writer.u32((*proofs).into());
    writer.bytes(&digest.0);
    writer.bytes(rest);
    read(&writer.finish());
});

fn read(bytes: &[u8]) {
    let Ok(header) = BundleHeader::from_bytes(bytes) else {
        return;
    };
    let front = header.front_bytes();
    let Some(head) = bytes.get(..front) else {
        assert!(BundleFront::from_bytes(bytes).is_err(), "the front is cut");
        return;
    };
    let Ok(bundle) = BundleFront::from_bytes(head) else {
        return;
    };
    let entries = bundle.entries();
    assert_eq!(entries.len(), widen(header.proofs()));
    let whole = u64::try_from(bytes.len()).expect("a length");
    let mut end = u64::try_from(front).expect("a length");
    for entry in entries {
        assert_eq!(entry.offset, end, "a gap or an overlap");
        end = entry.end();
        let Ok(start) = usize::try_from(entry.offset) else {
            continue;
        };
        let rest = bytes.get(start..).unwrap_or_default();
        let proof = &rest[..rest.len().min(widen(entry.length))];
        let intact = entry.check(proof).is_ok();
        assert!(!intact || proof.len() == widen(entry.length), "a cut proof");
    }
    let right = bundle.check_length(whole).is_ok();
    assert_eq!(right, end == whole, "the length");
}
