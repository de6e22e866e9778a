//! A bundle: a model's key and proofs of it in one file behind an index, for any static web server (format: `docs/formats.md`).
//!
//! A reader fetches the [`BundleHeader`], then the front, which is the header, the key and the index, and then any proof it likes by its
//! range of bytes; proofs hold their public values. The index names each proof's length and digest and how many inferences it is about;
//! offsets follow from the lengths, so that entries neither overlap nor leave gaps. The header's digest binds the key and the index, so
//! it stands for the whole: its count, its order, every byte. Nothing here verifies a proof: damage is told from falsehood, no more.

mod error;
mod writer;

pub use error::{BundleError, BundleFault, BundlePart};
pub use writer::BundleWriter;

use alloc::vec::Vec;
use core::ops::Range;

use crate::digest::{Digest32, Hasher};
use crate::encoding::{FileKind, Reader, Writer, widen};
use crate::proof::Proof;

/// Bytes of a header: mark, version, lengths, digest.
pub const BUNDLE_HEADER_BYTES: usize = 4 + 2 + 4 + 4 + 32;
/// Bytes of an entry of the index: length, inferences, digest.
const ENTRY_BYTES: usize = 4 + 4 + 32;
/// The longest key that is read.
const MAX_KEY_BYTES: u32 = 1 << 24;
/// The most proofs.
const MAX_PROOFS: u32 = 1 << 20;
/// The longest proof that is read.
const MAX_PROOF_BYTES: u32 = 1 << 28;

/// How a bundle begins: from it follows how long the front is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundleHeader {
    key_bytes: u32,
    proofs: u32,
    digest: Digest32,
}

/// What the index says of one proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundleEntry {
    /// The proof's place, from zero.
    pub place: u32,
    /// Where it begins in the bundle.
    pub offset: u64,
    /// Its bytes.
    pub length: u32,
    /// How many inferences it is about.
    pub inferences: u32,
    /// The digest of its bytes; see [`Proof::digest_of`].
    pub digest: Digest32,
}

/// The key's bytes and the index of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleFront {
    digest: Digest32,
    key: Vec<u8>,
    entries: Vec<BundleEntry>,
    end: u64,
}

impl BundleHeader {
    /// Reads a header from the first [`BUNDLE_HEADER_BYTES`] of a bundle, or more.
    ///
    /// # Errors
    ///
    /// When this is no bundle, of another version, or of an unreasonable size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        let fault = |fault: BundleFault| fault.in_part(BundlePart::Header, 0);
        let mut reader = Reader::new(bytes);
        let read = |reader: &mut Reader<'_>| {
            reader.header(FileKind::Bundle)?;
            Ok(Self {
                key_bytes: reader.u32()?,
                proofs: reader.u32()?,
                digest: Digest32(reader.array()?),
            })
        };
        let header = read(&mut reader).map_err(|error| fault(BundleFault::Malformed(error)))?;
        for (what, found, limit) in [
            ("length of the key", header.key_bytes, MAX_KEY_BYTES),
            ("number of proofs", header.proofs, MAX_PROOFS),
        ] {
            within(what, found, limit).map_err(fault)?;
        }
        Ok(header)
    }

    /// Where the key stands.
    fn key(&self) -> Range<usize> {
        BUNDLE_HEADER_BYTES..BUNDLE_HEADER_BYTES + widen(self.key_bytes)
    }

    /// How long header, key and index are together: less than 60 MB.
    pub fn front_bytes(&self) -> usize {
        self.key().end + widen(self.proofs) * ENTRY_BYTES
    }

    /// How many proofs the bundle says it has.
    pub fn proofs(&self) -> u32 {
        self.proofs
    }
}

impl BundleFront {
    /// Reads the front of a bundle, which must be as long as [`BundleHeader::front_bytes`] says. Whether the file is as long as it
    /// should be is for [`Self::check_length`] to say, when its length is known.
    ///
    /// # Errors
    ///
    /// [`BundleError`] names the part that is damaged: what a header's digest does not bind, what is cut off or too long.
    pub fn from_bytes(front: &[u8]) -> Result<Self, BundleError> {
        let header = BundleHeader::from_bytes(front)?;
        let truncated = |part, range: Range<usize>| {
            let found = count(front.len());
            (front.len() < range.end).then(|| {
                let needed = count(range.end) - count(range.start);
                let left = found.saturating_sub(count(range.start));
                BundleFault::Truncated {
                    needed,
                    found: left,
                }
                .in_part(part, count(range.start))
            })
        };
        let index = header.key().end..header.front_bytes();
        let cut = truncated(BundlePart::Key, header.key())
            .or_else(|| truncated(BundlePart::Index, index.clone()));
        if let Some(cut) = cut {
            return Err(cut);
        }
        let (_, rest) = front.split_at(BUNDLE_HEADER_BYTES);
        let (key, rest) = rest.split_at(widen(header.key_bytes));
        let (entries, more) = rest.split_at(index.len());
        if !more.is_empty() {
            let fault = BundleFault::TrailingBytes {
                count: count(more.len()),
            };
            return Err(fault.in_part(BundlePart::Index, count(index.end)));
        }
        if digest(key, header.proofs, entries) != header.digest {
            return Err(BundleFault::Digest.in_part(BundlePart::Index, count(index.start)));
        }
        let entries = read_entries(entries, count(index.start), count(index.end))?;
        let end = entries.last().map_or(count(index.end), BundleEntry::end);
        Ok(Self {
            digest: header.digest,
            key: key.to_vec(),
            entries,
            end,
        })
    }

    /// Checks that a bundle of `length` bytes is as long as its parts together.
    ///
    /// # Errors
    ///
    /// [`BundleError`] names the first part that is cut short, or what follows the last.
    pub fn check_length(&self, length: u64) -> Result<(), BundleError> {
        if let Some(cut) = self.entries.iter().find(|entry| entry.end() > length) {
            let fault = BundleFault::Truncated {
                needed: cut.length.into(),
                found: length.saturating_sub(cut.offset),
            };
            return Err(fault.in_part(BundlePart::Proof(cut.place), cut.offset));
        }
        match length.saturating_sub(self.end) {
            0 => Ok(()),
            count => Err(BundleFault::TrailingBytes { count }.in_part(BundlePart::End, self.end)),
        }
    }

    /// The bytes of the key's file: not checked.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The proofs in their order.
    pub fn entries(&self) -> &[BundleEntry] {
        &self.entries
    }

    /// How many inferences the index says that all proofs are about.
    pub fn inferences(&self) -> u64 {
        let each = self.entries.iter().map(|entry| u64::from(entry.inferences));
        each.sum()
    }

    /// What stands for the whole bundle.
    pub fn digest(&self) -> Digest32 {
        self.digest
    }
}

impl BundleEntry {
    /// Where the proof ends.
    pub fn end(&self) -> u64 {
        self.offset + u64::from(self.length)
    }

    /// Checks that these are the bytes that the index names, of as many inferences.
    ///
    /// # Errors
    ///
    /// [`BundleError`] with the proof's place and offset.
    pub fn check(&self, bytes: &[u8]) -> Result<(), BundleError> {
        let fault = |fault: BundleFault| fault.in_part(BundlePart::Proof(self.place), self.offset);
        if bytes.len() < widen(self.length) {
            return Err(fault(BundleFault::Truncated {
                needed: self.length.into(),
                found: count(bytes.len()),
            }));
        }
        if bytes.len() > widen(self.length) || Proof::digest_of(bytes) != self.digest {
            return Err(fault(BundleFault::Digest));
        }
        let (_, found) =
            Proof::head_of(bytes).map_err(|error| fault(BundleFault::Malformed(error)))?;
        if found != self.inferences {
            return Err(fault(BundleFault::Inferences {
                claimed: self.inferences,
                found,
            }));
        }
        Ok(())
    }

    fn write(&self, writer: &mut Writer) {
        writer.u32(self.length);
        writer.u32(self.inferences);
        writer.bytes(&self.digest.0);
    }
}

/// The entries of an index that stands at `at`; the proofs begin at `offset`.
fn read_entries(bytes: &[u8], at: u64, mut offset: u64) -> Result<Vec<BundleEntry>, BundleError> {
    let mut reader = Reader::new(bytes);
    let mut entries = Vec::new();
    for place in 0..u32::MAX {
        if reader.left() == 0 {
            break;
        }
        let here = at + count(bytes.len() - reader.left());
        let fault = |fault: BundleFault| fault.in_part(BundlePart::Index, here);
        let read = |reader: &mut Reader<'_>| {
            Ok(BundleEntry {
                place,
                offset,
                length: reader.u32()?,
                inferences: reader.u32()?,
                digest: Digest32(reader.array()?),
            })
        };
        let entry = read(&mut reader).map_err(|error| fault(BundleFault::Malformed(error)))?;
        within("length of a proof", entry.length, MAX_PROOF_BYTES).map_err(fault)?;
        offset = entry.end();
        entries.push(entry);
    }
    Ok(entries)
}

/// The digest in the header: of the key, the number of proofs and the index.
fn digest(key: &[u8], proofs: u32, index: &[u8]) -> Digest32 {
    Hasher::new("tensorseal bundle")
        .part(key)
        .part(&proofs.to_le_bytes())
        .part(index)
        .finish()
}

fn within(what: &'static str, found: u32, limit: u32) -> Result<(), BundleFault> {
    if (1..=limit).contains(&found) {
        return Ok(());
    }
    Err(BundleFault::Size { what, found, limit })
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
