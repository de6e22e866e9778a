//! Writing a bundle.

use alloc::vec::Vec;

use super::{BundleEntry, BundleError, BundleFault, BundlePart, count, digest, within};
use super::{MAX_KEY_BYTES, MAX_PROOF_BYTES, MAX_PROOFS};
use crate::encoding::{FileKind, Writer};
use crate::keys::VerifyingKey;
use crate::proof::Proof;

/// Collects proofs, which follow the front of a bundle in the order in which they were added.
#[derive(Clone, Debug)]
pub struct BundleWriter<'a> {
    key: Vec<u8>,
    entries: Vec<BundleEntry>,
    proofs: Vec<&'a [u8]>,
}

impl<'a> BundleWriter<'a> {
    /// A bundle of a model.
    pub fn new(key: &VerifyingKey) -> Self {
        Self {
            key: key.to_bytes(),
            entries: Vec::new(),
            proofs: Vec::new(),
        }
    }

    /// Adds a proof, which is not verified here.
    ///
    /// # Errors
    ///
    /// When the bytes do not begin as a proof does, or are more than a bundle takes.
    pub fn push(&mut self, proof: &'a [u8]) -> Result<(), BundleError> {
        let place = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let fault = |fault: BundleFault| fault.in_part(BundlePart::Proof(place), 0);
        let length = u32::try_from(proof.len()).unwrap_or(u32::MAX);
        within("length of a proof", length, MAX_PROOF_BYTES).map_err(fault)?;
        within("number of proofs", place.saturating_add(1), MAX_PROOFS).map_err(fault)?;
        let (_, inferences) =
            Proof::head_of(proof).map_err(|error| fault(BundleFault::Malformed(error)))?;
        self.entries.push(BundleEntry {
            place,
            offset: 0,
            length,
            inferences,
            digest: Proof::digest_of(proof),
        });
        self.proofs.push(proof);
        Ok(())
    }

    /// The bytes of the bundle.
    ///
    /// # Errors
    ///
    /// When there is no proof, or the key is longer than a bundle takes.
    pub fn finish(self) -> Result<Vec<u8>, BundleError> {
        let mut bytes = self.front()?;
        bytes.reserve_exact(self.proofs.iter().map(|proof| proof.len()).sum());
        for proof in self.proofs {
            bytes.extend_from_slice(proof);
        }
        Ok(bytes)
    }

    /// Header, key and index.
    fn front(&self) -> Result<Vec<u8>, BundleError> {
        let fault = |fault: BundleFault| fault.in_part(BundlePart::Header, 0);
        let key_bytes = u32::try_from(count(self.key.len())).unwrap_or(u32::MAX);
        let proofs = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        within("length of the key", key_bytes, MAX_KEY_BYTES).map_err(fault)?;
        within("number of proofs", proofs, MAX_PROOFS).map_err(fault)?;
        let mut index = Writer::new();
        for entry in &self.entries {
            entry.write(&mut index);
        }
        let index = index.finish();
        let mut writer = Writer::file(FileKind::Bundle);
        writer.u32(key_bytes);
        writer.u32(proofs);
        writer.bytes(&digest(&self.key, proofs, &index).0);
        writer.bytes(&self.key);
        writer.bytes(&index);
        Ok(writer.finish())
    }
}
