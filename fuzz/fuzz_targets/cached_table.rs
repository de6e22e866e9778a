//! Cached points of a large table, as they come and with the digest that belongs to them appended: without that, nothing altered gets
//! past the digest. What is accepted must be written again as the same bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorseal_protocol::cq::CachedTable;
use tensorseal_protocol::digest::Hasher;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let digest = Hasher::new("tensorseal cached table").part(bytes).finish();
    read(&[bytes, &digest.0].concat());
    let (header, rows) = bytes.split_at(bytes.len().min(CachedTable::HEADER_BYTES));
    let _ = CachedTable::from_rows(header, rows);
});

fn read(bytes: &[u8]) {
    if let Ok(table) = CachedTable::from_bytes(bytes) {
        assert!(table.to_bytes() == bytes, "a second encoding");
    }
}
