//! The setup file, as it comes and with the digest that belongs to it appended: without that, nothing altered gets past the digest.
//! What is accepted must be written again as the same bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorseal_protocol::digest::Hasher;
use tensorseal_protocol::srs::Srs;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let digest = Hasher::new("tensorseal setup file").part(bytes).finish();
    read(&[bytes, &digest.0].concat());
});

fn read(bytes: &[u8]) {
    if let Ok(srs) = Srs::from_bytes(bytes) {
        assert!(srs.to_bytes(None) == bytes, "a second encoding");
        let _ = srs.check_powers();
    }
}
