//! Why a description is not a program.

use core::fmt;

use crate::error::Words;

/// Why a description is not a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgramError {
    /// A number is outside the range that the protocol allows.
    OutOfRange {
        /// What the number is.
        what: &'static str,
        /// Its value.
        found: u64,
        /// The least allowed.
        least: u64,
        /// The greatest allowed.
        greatest: u64,
    },
    /// The table has more rows than fit below the random rows.
    TableTooLong {
        /// Rows of the table.
        rows: u64,
        /// Rows that there are.
        available: u64,
    },
    /// A table segment is empty, inverted, of the wrong length, or does not contain zero.
    Segment {
        /// Its index.
        index: usize,
    },
    /// A block is not aligned, not of the tensor's size, or reaches the random rows.
    Block {
        /// The tensor.
        tensor: usize,
    },
    /// Two blocks of one lane overlap.
    Overlap {
        /// The lane.
        lane: u32,
        /// The first row that both claim.
        row: u32,
    },
    /// A layer's source, axes, runs or biases do not fit its output or the weight matrix.
    Layer {
        /// Its index.
        index: usize,
        /// What does not fit.
        what: &'static str,
    },
    /// A tensor is computed by no layer and is no input, or is computed twice, or an input is computed.
    Origin {
        /// The tensor.
        tensor: usize,
    },
    /// An input or output names a tensor that does not exist, or one is named twice.
    Port {
        /// The tensor.
        tensor: u32,
    },
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange {
                what,
                found,
                least,
                greatest,
            } => write!(
                f,
                "{} is {found}, not between {least} and {greatest}",
                Words(what)
            ),
            Self::TableTooLong { rows, available } => {
                write!(f, "the table has {rows} rows where {available} are free")
            }
            Self::Segment { index } => write!(f, "table segment {index} is malformed"),
            Self::Block { tensor } => write!(f, "the blocks of tensor {tensor} are misplaced"),
            Self::Overlap { lane, row } => {
                write!(f, "two blocks of lane {lane} overlap at row {row}")
            }
            Self::Layer { index, what } => write!(f, "layer {index}: {}", Words(what)),
            Self::Origin { tensor } => write!(
                f,
                "tensor {tensor} is not either an input or the output of one layer"
            ),
            Self::Port { tensor } => write!(f, "tensor {tensor} cannot be an input or output"),
        }
    }
}

impl core::error::Error for ProgramError {}
