//! What the tests of caches share.

use std::fs;
use std::path::PathBuf;

use tensorseal_protocol::random::{RandomSource, RandomnessUnavailable};

/// Bytes that follow from a first one.
pub(crate) struct Counter(pub(crate) u8);

impl RandomSource for Counter {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(5).wrapping_add(113);
            *byte = self.0;
        }
        Ok(())
    }
}

/// The path of a folder that is not there.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tensorseal-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}
