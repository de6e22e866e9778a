//! A ceremony's `.ptau` file, with and without a limit to its powers. What is accepted must survive this project's own setup file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorseal_protocol::srs::Srs;

fuzz_target!(|bytes: &[u8]| {
    for max_powers in [None, Some(2)] {
        if let Ok((srs, _)) = Srs::from_ptau(bytes, max_powers) {
            let again = Srs::from_bytes(&srs.to_bytes(None)).expect("a checked setup");
            assert!(again == srs, "the setup changed on its way through a file");
        }
    }
});
