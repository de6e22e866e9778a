//! What can be wrong with a `.ptau` file.

use core::fmt;

use super::{ChainError, PTAU_MAX_POWER, PowersError};

/// The sections of a `.ptau` file that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PtauSection {
    /// The prime and the power.
    Header,
    /// [τⁱ]₁.
    TauG1,
    /// [τⁱ]₂.
    TauG2,
    /// [βτⁱ]₁, of which the first is used.
    BetaTauG1,
    /// [β]₂.
    BetaG2,
}

impl PtauSection {
    /// The sections, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Header,
        Self::TauG1,
        Self::TauG2,
        Self::BetaTauG1,
        Self::BetaG2,
    ];

    /// The number of the section in the file.
    pub const fn id(self) -> u32 {
        match self {
            Self::Header => 1,
            Self::TauG1 => 2,
            Self::TauG2 => 3,
            Self::BetaTauG1 => 5,
            Self::BetaG2 => 6,
        }
    }
}

impl fmt::Display for PtauSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Header => "header",
            Self::TauG1 => "tauG1",
            Self::TauG2 => "tauG2",
            Self::BetaTauG1 => "betaTauG1",
            Self::BetaG2 => "betaG2",
        };
        write!(f, "section {} ({name})", self.id())
    }
}

/// Why two or four coordinates are not a point of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PointFault {
    /// A coordinate is not below the prime.
    Unreduced,
    /// The point at infinity, which no power of a secret is.
    Infinity,
    /// The coordinates do not satisfy the equation of the curve.
    OffCurve,
    /// The point is on the curve, and not in the subgroup of order r.
    OutsideSubgroup,
}

impl fmt::Display for PointFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreduced => "has a coordinate that is not below the prime",
            Self::Infinity => "is the point at infinity",
            Self::OffCurve => "is not on the curve",
            Self::OutsideSubgroup => "is not in the subgroup",
        })
    }
}

/// Why a `.ptau` file was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PtauError {
    /// The file does not start with the mark of the format.
    NotPtau,
    /// Another version of the format.
    UnsupportedVersion {
        /// The version that the file names.
        found: u32,
    },
    /// The file ends before what it announces.
    Truncated {
        /// Bytes that the next item needs.
        needed: u64,
        /// Bytes that are left.
        left: u64,
    },
    /// Bytes follow the last section.
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A section is there twice.
    DuplicateSection {
        /// Which.
        section: PtauSection,
    },
    /// A section is not there.
    MissingSection {
        /// Which.
        section: PtauSection,
    },
    /// The file is for another curve.
    WrongPrime,
    /// The power is zero or larger than any ceremony's.
    PowerOutOfRange {
        /// The power that the file names.
        found: u32,
    },
    /// A section has not the size that the power asks for.
    SectionSize {
        /// Which.
        section: PtauSection,
        /// Bytes that it should have.
        expected: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// A point is not in its group.
    InvalidPoint {
        /// The section of the point.
        section: PtauSection,
        /// Its place in the section.
        index: usize,
        /// What is wrong with it.
        fault: PointFault,
    },
    /// The first point of tauG2 is not the generator of G2.
    NotGenerator,
    /// The points in G1 are not the powers of τ.
    Powers(PowersError),
    /// [τ^(2^k)]₂ or β do not belong to the powers in G1.
    Chain(ChainError),
}

impl fmt::Display for PtauError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPtau => f.write_str("this is not a .ptau file; it should begin with `ptau`"),
            Self::UnsupportedVersion { found } => write!(
                f,
                "the .ptau file has format version {found}; only version 1 is read"
            ),
            Self::Truncated { needed, left } => write!(
                f,
                "the .ptau file is cut short: {needed} bytes needed, {left} left; download it again"
            ),
            Self::TrailingBytes { count } => write!(
                f,
                "{count} bytes follow the last section of the .ptau file; download it again"
            ),
            Self::DuplicateSection { section } => {
                write!(f, "{section} is in the .ptau file twice; download it again")
            }
            Self::MissingSection { section } => write!(
                f,
                "{section} is not in the .ptau file; take one that has not been pruned"
            ),
            Self::WrongPrime => {
                f.write_str("the .ptau file is for another curve; take one for BN254 (bn128)")
            }
            Self::PowerOutOfRange { found } => write!(
                f,
                "the .ptau file names power {found}, outside 1 to {PTAU_MAX_POWER}; download it again"
            ),
            Self::SectionSize {
                section,
                expected,
                found,
            } => write!(
                f,
                "{section} of the .ptau file has {found} bytes where its power asks for {expected}; download it again"
            ),
            Self::InvalidPoint {
                section,
                index,
                fault,
            } => write!(
                f,
                "point {index} of {section} of the .ptau file {fault}; \
                 get the file again from its source and compare its digest"
            ),
            Self::NotGenerator => f.write_str(
                "the powers in G2 do not begin with the generator; \
                 get the file again from its source and compare its digest",
            ),
            Self::Powers(error) => error.fmt(f),
            Self::Chain(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PtauError {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "most faults have no other error behind them"
    )]
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Powers(error) => Some(error),
            Self::Chain(error) => Some(error),
            _ => None,
        }
    }
}

impl From<PowersError> for PtauError {
    fn from(error: PowersError) -> Self {
        Self::Powers(error)
    }
}

impl From<ChainError> for PtauError {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}
