//! Reading and writing of the canonical encodings.
//!
//! Integers are little endian. Every file starts with four bytes that say what it is and a version. A [`Reader`] never
//! allocates by a length that it has read: lists are read one item at a time, and each item consumes bytes.

use alloc::vec::Vec;
use core::fmt;

use ark_ec::AffineRepr;

use crate::curve::{
    Fr, G1_BYTES, G1_UNCOMPRESSED_BYTES, G1Affine, G2_BYTES, G2Affine, SCALAR_BYTES, decode_g1,
    decode_g1_uncompressed, decode_g2, decode_scalar,
};
use crate::error::Words;

/// What a file is, by its first four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A setup: powers of tau.
    Setup,
    /// A verifying key.
    VerifyingKey,
    /// A proving key.
    ProvingKey,
    /// Cached points of a large table.
    CachedTable,
    /// A proof with its public values.
    Proof,
    /// A proof of many inferences with their public values.
    BatchProof,
    /// One inference of a committed tensor, opened.
    Opening,
    /// What opens the committed tensors of proofs.
    OpeningSecret,
    /// A model's key and proofs of it behind one index.
    Bundle,
}

impl FileKind {
    /// Every kind, for recognising an unknown file.
    pub const ALL: [Self; 9] = [
        Self::Setup,
        Self::VerifyingKey,
        Self::ProvingKey,
        Self::CachedTable,
        Self::Proof,
        Self::BatchProof,
        Self::Opening,
        Self::OpeningSecret,
        Self::Bundle,
    ];

    /// The first four bytes of such a file.
    pub const fn magic(self) -> [u8; 4] {
        match self {
            Self::Setup => *b"TSsr",
            Self::VerifyingKey => *b"TSvk",
            Self::ProvingKey => *b"TSpk",
            Self::CachedTable => *b"TScq",
            Self::Proof => *b"TSpf",
            Self::BatchProof => *b"TSpb",
            Self::Opening => *b"TSop",
            Self::OpeningSecret => *b"TSos",
            Self::Bundle => *b"TSbn",
        }
    }

    /// The last version of the encoding; all earlier ones can be read.
    pub const fn version(self) -> u16 {
        match self {
            Self::VerifyingKey => 3,
            Self::Setup => 2,
            Self::ProvingKey
            | Self::CachedTable
            | Self::Proof
            | Self::BatchProof
            | Self::Opening
            | Self::OpeningSecret
            | Self::Bundle => 1,
        }
    }

    /// The kind of the file that starts with these bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| bytes.starts_with(&kind.magic()))
    }
}

/// Why bytes are not the encoding of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes do not start with the mark of the expected kind of file.
    WrongKind {
        /// The kind that was wanted.
        expected: FileKind,
        /// The kind that the mark names, if any.
        found: Option<FileKind>,
    },
    /// The file was written by another version of the format.
    UnsupportedVersion {
        /// The version that the file names.
        found: u16,
        /// The last version that this program reads.
        last: u16,
    },
    /// The bytes end before the value does.
    Truncated {
        /// Bytes that the next item needs.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// Bytes are left after the last item.
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// Thirty-two or sixty-four bytes that are not the one encoding of a point of the group.
    InvalidPoint,
    /// The point at infinity where a proof never has it.
    PointAtInfinity,
    /// A scalar that is not reduced.
    InvalidScalar,
    /// A number outside the range that the format allows.
    InvalidNumber {
        /// What the number counts.
        what: &'static str,
        /// The number that was read.
        found: u64,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongKind {
                expected,
                found: Some(found),
            } => write!(
                f,
                "this is a {found:?} file where a {expected:?} file is needed"
            ),
            Self::WrongKind {
                expected,
                found: None,
            } => write!(f, "this is not a tensorseal {expected:?} file"),
            Self::UnsupportedVersion { found, last } => write!(
                f,
                "the file has format version {found}; this program reads versions 1 to {last}"
            ),
            Self::Truncated { needed, left } => write!(
                f,
                "the file is cut short: {needed} bytes needed, {left} left"
            ),
            Self::TrailingBytes { count } => write!(f, "{count} bytes follow the end of the data"),
            Self::InvalidPoint => f.write_str(
                "a point is not on the curve, not in the group or not canonically encoded",
            ),
            Self::PointAtInfinity => f.write_str("a point is the point at infinity"),
            Self::InvalidScalar => f.write_str("a scalar is not reduced"),
            Self::InvalidNumber { what, found } => {
                write!(f, "{found} is not an acceptable {}", Words(what))
            }
        }
    }
}

impl core::error::Error for DecodeError {}

/// Takes typed values off the front of untrusted bytes.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Checks the mark with which every file starts, and returns the version behind it, one that can be read.
    pub fn header(&mut self, expected: FileKind) -> Result<u16, DecodeError> {
        let wrong = DecodeError::WrongKind {
            expected,
            found: FileKind::of(self.bytes),
        };
        if self.take(4).map_err(|_| wrong)? != expected.magic() {
            return Err(wrong);
        }
        let (found, last) = (self.u16()?, expected.version());
        if (1..=last).contains(&found) {
            Ok(found)
        } else {
            Err(DecodeError::UnsupportedVersion { found, last })
        }
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self
            .bytes
            .split_at_checked(count)
            .ok_or(DecodeError::Truncated {
                needed: count,
                left: self.bytes.len(),
            })?;
        self.bytes = tail;
        Ok(head)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    /// The next two bytes as an integer.
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// The next four bytes as an integer.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// The next four bytes as a signed integer.
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    /// The next eight bytes as a signed integer.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    /// A signed integer of `width` bytes, 1 to 8, in two's complement.
    pub fn signed(&mut self, width: usize) -> Result<i64, DecodeError> {
        self.take(width).map(sign_extended)
    }

    /// The next byte, which stays.
    pub fn peek(&self) -> Option<u8> {
        self.bytes.first().copied()
    }

    /// A width of 1 to 8 bytes, a count, then as many signed integers of that width, which must be the least that holds all.
    pub fn values(&mut self) -> Result<Vec<i64>, DecodeError> {
        let found = self.u8()?;
        let width = usize::from(found);
        let invalid = DecodeError::InvalidNumber {
            what: "width of values",
            found: found.into(),
        };
        if !(1..=8).contains(&width) {
            return Err(invalid);
        }
        let count = widen(self.u32()?);
        let bytes = self.take(count.saturating_mul(width))?;
        let values: Vec<i64> = bytes.chunks_exact(width).map(sign_extended).collect();
        if width_of(&values) != width {
            return Err(invalid);
        }
        Ok(values)
    }

    /// A point of G1, compressed; infinity allowed.
    pub fn g1(&mut self) -> Result<G1Affine, DecodeError> {
        decode_g1(self.take(G1_BYTES)?).ok_or(DecodeError::InvalidPoint)
    }

    /// A point of G1, compressed, that is not infinity.
    pub fn g1_nonzero(&mut self) -> Result<G1Affine, DecodeError> {
        let point = self.g1()?;
        if point.is_zero() {
            return Err(DecodeError::PointAtInfinity);
        }
        Ok(point)
    }

    /// A point of G1 as two coordinates.
    pub fn g1_uncompressed(&mut self) -> Result<G1Affine, DecodeError> {
        decode_g1_uncompressed(self.take(G1_UNCOMPRESSED_BYTES)?).ok_or(DecodeError::InvalidPoint)
    }

    /// A point of G2, compressed, in the subgroup, that is not infinity.
    pub fn g2_nonzero(&mut self) -> Result<G2Affine, DecodeError> {
        let point = decode_g2(self.take(G2_BYTES)?).ok_or(DecodeError::InvalidPoint)?;
        if point.is_zero() {
            return Err(DecodeError::PointAtInfinity);
        }
        Ok(point)
    }

    /// A reduced scalar.
    pub fn scalar(&mut self) -> Result<Fr, DecodeError> {
        decode_scalar(self.take(SCALAR_BYTES)?).ok_or(DecodeError::InvalidScalar)
    }

    /// `count` items, each read by `item`. Memory grows with the bytes that are there, not with `count`.
    pub fn list<T>(
        &mut self,
        count: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// A count in four bytes, then as many items.
    pub fn counted<T>(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.u32()?;
        self.list(widen(count), item)
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.bytes.len()
    }

    /// Checks that nothing is left.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.bytes.len() {
            0 => Ok(()),
            count => Err(DecodeError::TrailingBytes { count }),
        }
    }
}

/// A `u32` as a `usize`; this crate does not build where that loses bits.
#[expect(clippy::as_conversions, reason = "`From` is not const")]
pub const fn widen(number: u32) -> usize {
    const { assert!(usize::BITS >= 32) };
    number as usize
}

/// Appends typed values to a growing file.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer for what has no header.
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer that has written the mark and version of a file.
    pub fn file(kind: FileKind) -> Self {
        Self::file_of_version(kind, kind.version())
    }

    /// A file of an earlier version, which says all that is to be said: what needs no new version is written as before.
    pub fn file_of_version(kind: FileKind, version: u16) -> Self {
        let mut writer = Self::new();
        writer.bytes(&kind.magic());
        writer.u16(version);
        writer
    }

    /// Appends raw bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes(&value.to_le_bytes());
    }

    /// Appends two bytes.
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    /// Appends four bytes.
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    /// Appends eight bytes.
    pub fn i64(&mut self, value: i64) {
        self.bytes(&value.to_le_bytes());
    }

    /// Appends the low `width` bytes of a signed integer, eight at most.
    pub fn signed(&mut self, value: i64, width: usize) {
        let bytes = value.to_le_bytes();
        self.bytes(bytes.get(..width).unwrap_or(&bytes));
    }

    /// Appends the least width that holds all values, their count, and the values.
    #[expect(clippy::expect_used, reason = "a width is at most eight")]
    pub fn values(&mut self, values: &[i64]) {
        let width = width_of(values);
        self.u8(u8::try_from(width).expect("a width is at most eight"));
        self.count(values.len());
        self.bytes.reserve(values.len().saturating_mul(width));
        for value in values {
            self.signed(*value, width);
        }
    }

    /// Appends a count, then as many numbers.
    pub fn numbers(&mut self, numbers: &[u32]) {
        self.count(numbers.len());
        for number in numbers {
            self.u32(*number);
        }
    }

    /// Appends the length of a list, which every list in these formats keeps below 2^32.
    #[expect(
        clippy::expect_used,
        reason = "a list of this length would not fit memory"
    )]
    pub fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).expect("lists are shorter than 2^32"));
    }

    /// What has been written.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// The least number of bytes, 1 to 8, that hold every integer from `low` to `high` in two's complement.
pub fn signed_width(low: i64, high: i64) -> usize {
    (1..8)
        .find(|width| {
            let half = 1i64 << (8 * width - 1);
            -half <= low && high < half
        })
        .unwrap_or(8)
}

/// The integer that at most eight bytes hold in two's complement.
pub(crate) fn sign_extended(bytes: &[u8]) -> i64 {
    let (word, bits) = bytes
        .iter()
        .rev()
        .fold((0i64, 64u32), |(word, bits), byte| {
            (word << 8 | i64::from(*byte), bits.saturating_sub(8))
        });
    // The sign moves to the top and is copied on the way back.
    word.wrapping_shl(bits).wrapping_shr(bits)
}

/// The least width that holds all values.
fn width_of(values: &[i64]) -> usize {
    let low = values.iter().copied().min().unwrap_or(0);
    let high = values.iter().copied().max().unwrap_or(0);
    signed_width(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_file_says_what_is_missing() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(
            reader.u32(),
            Err(DecodeError::Truncated { needed: 4, left: 3 })
        );
    }

    #[test]
    fn a_count_larger_than_the_file_allocates_nothing() {
        let mut reader = Reader::new(&[0xff; 12]);
        assert!(reader.counted(Reader::u32).is_err());
    }

    #[test]
    fn another_kind_of_file_is_named() {
        let bytes = Writer::file(FileKind::Proof).finish();
        let error = Reader::new(&bytes).header(FileKind::Setup).unwrap_err();
        assert_eq!(
            error,
            DecodeError::WrongKind {
                expected: FileKind::Setup,
                found: Some(FileKind::Proof)
            }
        );
    }

    #[test]
    fn another_version_is_refused() {
        let mut bytes = Writer::file(FileKind::VerifyingKey).finish();
        for (version, readable) in [(0, false), (1, true), (3, true), (4, false)] {
            bytes[4] = version;
            let found = u16::from(version);
            let header = Reader::new(&bytes).header(FileKind::VerifyingKey);
            let refused = DecodeError::UnsupportedVersion { found, last: 3 };
            assert_eq!(header, if readable { Ok(found) } else { Err(refused) });
        }
    }

    proptest! {
        #[test]
        fn signed_numbers_round_trip(low in any::<i64>(), high in any::<i64>()) {
            let (low, high) = (low.min(high), low.max(high));
            let width = signed_width(low, high);
            for value in [low, high] {
                let mut writer = Writer::new();
                writer.signed(value, width);
                prop_assert_eq!(Reader::new(&writer.finish()).signed(width), Ok(value));
            }
        }
    }
}
