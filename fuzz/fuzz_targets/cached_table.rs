//! Cached points of a large table, as they come and with the digests that belong to their rows: without those, nothing altered gets
//! past them. What is accepted must be written again as the same bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorseal_protocol::cq::CachedTable;
use tensorseal_protocol::digest::Hasher;

const DIGEST_BYTES: usize = 32;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let (header, rows) = bytes.split_at(bytes.len().min(CachedTable::HEADER_BYTES));
    read(&with_digests(header, rows));
    let indices: Vec<u32> = (0..).take(rows.len() / CachedTable::ROW_BYTES).collect();
    let _ = CachedTable::from_rows(header, &indices, rows);
});

/// A file of these rows without their digests.
fn with_digests(header: &[u8], rows: &[u8]) -> Vec<u8> {
    let mut file = header.to_vec();
    // Behind the mark and the version, and before the number of rows.
    let content = header.get(6..38).unwrap_or(&[]);
    let log_rows = header.get(38..42).unwrap_or(&[]);
    for row in rows.chunks(CachedTable::ROW_BYTES - DIGEST_BYTES) {
        let hasher = Hasher::new("tensorseal cached row").part(content);
        file.extend(row);
        file.extend(hasher.part(log_rows).part(row).finish().0);
    }
    file
}

fn read(bytes: &[u8]) {
    if let Ok(table) = CachedTable::from_bytes(bytes) {
        assert!(table.to_bytes() == bytes, "a second encoding");
    }
}
