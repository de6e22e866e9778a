//! What is wrong with a bundle, and where.

use core::fmt;

use crate::encoding::DecodeError;
use crate::error::Words;

/// A part of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundlePart {
    /// Mark, version, lengths, digest.
    Header,
    /// The verifying key.
    Key,
    /// The index.
    Index,
    /// The proof with this place, from zero.
    Proof(u32),
    /// Behind the last proof.
    End,
}

/// What is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BundleFault {
    /// The bytes cannot be read.
    Malformed(DecodeError),
    /// The part is cut short.
    Truncated {
        /// Bytes that it has by the index or header.
        needed: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// Bytes follow that belong to nothing.
    TrailingBytes {
        /// How many.
        count: u64,
    },
    /// The bytes are not those whose digest is named.
    Digest,
    /// A length or count is zero or too large.
    Size {
        /// What it counts.
        what: &'static str,
        /// What was read.
        found: u32,
        /// The most that is read.
        limit: u32,
    },
    /// The proof is about another number of inferences than the index claims.
    Inferences {
        /// By the index.
        claimed: u32,
        /// By the proof.
        found: u32,
    },
}

/// A bundle that is damaged, or lies about itself: which part, where, what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleError {
    /// The part.
    pub part: BundlePart,
    /// Where it begins in the bundle.
    pub offset: u64,
    /// What is wrong.
    pub fault: BundleFault,
}

impl BundleFault {
    pub(super) fn in_part(self, part: BundlePart, offset: u64) -> BundleError {
        BundleError {
            part,
            offset,
            fault: self,
        }
    }
}

impl BundleError {
    /// A stable name for programs.
    pub const fn code(&self) -> &'static str {
        "damaged-bundle"
    }
}

impl fmt::Display for BundlePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("the header"),
            Self::Key => f.write_str("the key"),
            Self::Index => f.write_str("the index"),
            Self::Proof(place) => write!(f, "proof {place}"),
            Self::End => f.write_str("the end"),
        }
    }
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            part,
            offset,
            fault,
        } = self;
        write!(f, "the bundle is damaged in {part}, at byte {offset}: ")?;
        match fault {
            BundleFault::Malformed(error) => error.fmt(f),
            BundleFault::Truncated { needed, found } => {
                write!(f, "{needed} bytes are needed, {found} are there")
            }
            BundleFault::TrailingBytes { count } => {
                write!(f, "{count} bytes follow that belong to nothing")
            }
            BundleFault::Digest => f.write_str("the bytes are not those whose digest is named"),
            BundleFault::Size { what, found, limit } => {
                write!(
                    f,
                    "{found} is not an acceptable {}, 1 to {limit} is",
                    Words(what)
                )
            }
            BundleFault::Inferences { claimed, found } => write!(
                f,
                "the index claims {claimed} inferences, the proof is about {found}"
            ),
        }
    }
}

impl core::error::Error for BundleError {}
