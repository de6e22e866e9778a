//! The part of the zip format that `.npz` files use: members stored or deflated, sizes from the central directory.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::DataError;
use super::crc32::crc32;

const END_SIGNATURE: [u8; 4] = *b"PK\x05\x06";
const DIRECTORY_SIGNATURE: [u8; 4] = *b"PK\x01\x02";
const LOCAL_SIGNATURE: [u8; 4] = *b"PK\x03\x04";
const END_BYTES: usize = 22;
const DIRECTORY_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;
const ENCRYPTED: u16 = 1;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Deflate can reach a factor of about 1000; real arrays stay far below this one.
const MAX_EXPANSION: u64 = 256;
/// Room for small files whatever their ratio.
const FREE_BYTES: u64 = 1 << 20;

/// One file of the archive.
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    method: u16,
    checksum: u32,
    compressed: usize,
    expanded: usize,
    local_header: usize,
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_le_bytes(
        bytes.get(offset..offset.checked_add(2)?)?.try_into().ok()?,
    ))
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(
        bytes.get(offset..offset.checked_add(4)?)?.try_into().ok()?,
    ))
}

fn usize_at(bytes: &[u8], offset: usize) -> Option<usize> {
    u32_at(bytes, offset)?.try_into().ok()
}

/// Lists the archive's members.
pub(super) fn members(bytes: &[u8]) -> Result<Vec<Member<'_>>, DataError> {
    let end = end_of_directory(bytes).ok_or(DataError::Archive {
        offset: bytes.len(),
    })?;
    let damaged = |offset| DataError::Archive { offset };
    let count = u16_at(bytes, end + 10).ok_or(damaged(end))?;
    let mut offset = usize_at(bytes, end + 16).ok_or(damaged(end))?;
    let mut members = Vec::new();
    let mut total = 0u64;
    for _ in 0..count {
        let (member, next) = directory_entry(bytes, offset).ok_or(damaged(offset))?;
        let flags = u16_at(bytes, offset + 8).unwrap_or(ENCRYPTED);
        if flags & ENCRYPTED != 0 || !matches!(member.method, STORED | DEFLATED) {
            return Err(DataError::Method {
                member: member.name.to_string(),
                method: member.method,
            });
        }
        // Both limits: a member against its own bytes, and all members together against the file, as members may overlap.
        let expanded = member.expanded as u64;
        total = total.saturating_add(expanded);
        let own_limit = limit(member.compressed);
        if expanded > own_limit || total > limit(bytes.len()) {
            let limit = own_limit.min(limit(bytes.len()));
            return Err(DataError::Expansion {
                member: member.name.to_string(),
                expanded: total,
                limit,
            });
        }
        members.push(member);
        offset = next;
    }
    Ok(members)
}

fn limit(compressed: usize) -> u64 {
    (compressed as u64)
        .saturating_mul(MAX_EXPANSION)
        .saturating_add(FREE_BYTES)
}

/// Offset of the end-of-directory record, which only a comment may follow.
fn end_of_directory(bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(END_BYTES)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    (first..=last).rev().find(|&offset| {
        let comment = u16_at(bytes, offset + 20).map(usize::from);
        bytes[offset..].starts_with(&END_SIGNATURE) && comment == Some(last - offset)
    })
}

fn directory_entry(bytes: &[u8], offset: usize) -> Option<(Member<'_>, usize)> {
    let entry = bytes.get(offset..)?;
    if !entry.starts_with(&DIRECTORY_SIGNATURE) || entry.len() < DIRECTORY_BYTES {
        return None;
    }
    let length_at = |at| u16_at(entry, at).map(usize::from);
    let name_bytes = length_at(28)?;
    let name =
        core::str::from_utf8(entry.get(DIRECTORY_BYTES..DIRECTORY_BYTES + name_bytes)?).ok()?;
    let member = Member {
        name,
        method: u16_at(entry, 10)?,
        checksum: u32_at(entry, 16)?,
        compressed: usize_at(entry, 20)?,
        expanded: usize_at(entry, 24)?,
        local_header: usize_at(entry, 42)?,
    };
    Some((
        member,
        offset + DIRECTORY_BYTES + name_bytes + length_at(30)? + length_at(32)?,
    ))
}

impl<'a> Member<'a> {
    /// The member's bytes, expanded and checked.
    pub(super) fn contents(&self, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, DataError> {
        let damaged = || DataError::Damaged {
            member: String::from(self.name),
        };
        let data = self.data(bytes).ok_or_else(damaged)?;
        let contents = if self.method == STORED {
            Cow::Borrowed(data)
        } else {
            let inflated = miniz_oxide::inflate::decompress_to_vec_with_limit(data, self.expanded);
            Cow::Owned(inflated.map_err(|_| damaged())?)
        };
        if contents.len() != self.expanded || crc32(&contents) != self.checksum {
            return Err(damaged());
        }
        Ok(contents)
    }

    /// The member's bytes as stored. The local header repeats the sizes, not always truly, and its extra field has its own length.
    fn data(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let header = bytes.get(self.local_header..)?;
        if !header.starts_with(&LOCAL_SIGNATURE) {
            return None;
        }
        let start =
            LOCAL_BYTES + usize::from(u16_at(header, 26)?) + usize::from(u16_at(header, 28)?);
        header.get(start..start.checked_add(self.compressed)?)
    }
}
