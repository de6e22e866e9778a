//! An opening as it is stored and sent (format: `docs/formats.md`).

use alloc::vec::Vec;

use crate::digest::Digest32;
use crate::encoding::{DecodeError, FileKind, Reader, Writer};

/// One inference of a committed tensor, with the argument that its values are those in the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub(crate) model: Digest32,
    pub(crate) proof: Digest32,
    pub(crate) tensor: u32,
    pub(crate) inference: u32,
    pub(crate) values: Vec<i64>,
    pub(crate) argument: Vec<u8>,
}

impl Opening {
    /// The digest of the verifying key.
    pub fn model(&self) -> Digest32 {
        self.model
    }

    /// The digest of the proof's file; see [`crate::Proof::digest_of`].
    pub fn proof(&self) -> Digest32 {
        self.proof
    }

    /// The tensor's index in the program.
    pub fn tensor(&self) -> u32 {
        self.tensor
    }

    /// The index of the inference in its proof, from zero.
    pub fn inference(&self) -> u32 {
        self.inference
    }

    /// The values, row-major over (positions…, channels): not checked.
    pub fn values(&self) -> &[i64] {
        &self.values
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::file(FileKind::Opening);
        writer.bytes(&self.model.0);
        writer.bytes(&self.proof.0);
        writer.u32(self.tensor);
        writer.u32(self.inference);
        writer.values(&self.values);
        writer.bytes(&self.argument);
        writer.finish()
    }

    /// Reads an opening; its argument is what is left after the values, and is read when it is verified.
    ///
    /// # Errors
    ///
    /// When the bytes are not such a file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.header(FileKind::Opening)?;
        Ok(Self {
            model: Digest32(reader.array()?),
            proof: Digest32(reader.array()?),
            tensor: reader.u32()?,
            inference: reader.u32()?,
            values: reader.values()?,
            argument: reader.take(reader.left())?.to_vec(),
        })
    }
}
