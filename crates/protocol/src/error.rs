//! Errors, one enum for each audience.

use core::fmt;

use crate::digest::Digest32;
use crate::encoding::DecodeError;
use crate::program::ProgramError;
use crate::random::RandomnessUnavailable;
use crate::srs::{ChainError, PowersError};
use crate::witness::WitnessError;

/// Words of a message, written as they are: `{}` of a `str` could pad and cut them too, with code that browsers would download.
pub(crate) struct Words(pub(crate) &'static str);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Why a proof was not accepted: an attacker's bytes, or an honest proof of something else.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The proof's bytes are not an encoding of a proof for this model.
    Malformed(DecodeError),
    /// The proof is for another model, or the key is not that of the model that was asked for.
    WrongModel {
        /// The model wanted.
        expected: Digest32,
        /// The model found.
        found: Digest32,
    },
    /// No key was given for the model that the proof names.
    NoKey {
        /// The model found.
        found: Digest32,
    },
    /// The key stands on a development setup, which convinces nobody, and the caller has not allowed that.
    DevelopmentSetup,
    /// The key stands on a setup that the verifier neither pins nor was told to trust.
    UnknownSetup {
        /// The setup's digest.
        setup: Digest32,
    },
    /// The model cannot be proved for so many inferences at once.
    Inferences(ProgramError),
    /// A public tensor is not an input or output of the model, or the list is not in ascending order without repeats.
    PublicTensor {
        /// The tensor's index.
        tensor: u32,
    },
    /// A public tensor has the wrong number of values.
    PublicLength {
        /// The tensor's index.
        tensor: u32,
        /// Cells of the tensor.
        expected: usize,
        /// Values in the proof.
        found: usize,
    },
    /// A public value lies outside what the tensor's table gives.
    PublicValue {
        /// The tensor's index.
        tensor: u32,
        /// The value.
        found: i64,
    },
    /// What is committed is not a list of inputs and outputs in ascending order, or one of them is public too.
    CommittedTensor {
        /// The tensor's index.
        tensor: u32,
    },
    /// The opening is of another proof.
    OtherProof {
        /// The digest of the proof at hand.
        expected: Digest32,
        /// The digest that the opening names.
        found: Digest32,
    },
    /// The proof does not commit to the tensor that is opened.
    NotCommitted {
        /// The tensor's index.
        tensor: u32,
    },
    /// The proof has no such inference.
    NoInference {
        /// The index of the inference, from zero.
        inference: u32,
        /// How many the proof has.
        inferences: u32,
    },
    /// A challenge fell on a point where the equations decide nothing; an honest prover tries again.
    DegenerateChallenge,
    /// The equations do not hold: the proof is false.
    Equations,
}

impl VerifyError {
    /// A stable name for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::Inferences(_) => "malformed-proof",
            Self::WrongModel { .. } | Self::NoKey { .. } => "wrong-model",
            Self::DevelopmentSetup => "development-setup",
            Self::UnknownSetup { .. } => "unknown-setup",
            Self::PublicTensor { .. } | Self::PublicLength { .. } | Self::PublicValue { .. } => {
                "public-values"
            }
            Self::CommittedTensor { .. } => "committed-tensors",
            Self::OtherProof { .. } => "wrong-proof",
            Self::NotCommitted { .. } => "not-committed",
            Self::NoInference { .. } => "no-inference",
            Self::DegenerateChallenge => "degenerate-challenge",
            Self::Equations => "invalid-proof",
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "the proof cannot be read: {error}"),
            Self::WrongModel { expected, found } => {
                write!(f, "model {expected} was wanted, this is model {found}")
            }
            Self::NoKey { found } => write!(f, "there is no key for model {found}"),
            Self::DevelopmentSetup => f.write_str(
                "the key was made with a development setup, whose maker can forge proofs; allow it only for tests",
            ),
            Self::UnknownSetup { setup } => write!(
                f,
                "the key was made with setup {setup}, which is not a published ceremony known here"
            ),
            Self::Inferences(error) => write!(f, "the model takes no such batch: {error}"),
            Self::PublicTensor { tensor } => write!(
                f,
                "public tensor {tensor} is not an input or output of the model, or is out of order"
            ),
            Self::PublicLength {
                tensor,
                expected,
                found,
            } => write!(f, "public tensor {tensor} has {found} values, not {expected}"),
            Self::PublicValue { tensor, found } => {
                write!(f, "public tensor {tensor} cannot have the value {found}")
            }
            Self::CommittedTensor { tensor } => write!(
                f,
                "committed tensor {tensor} is not an input or output of the model, is public too, or is out of order"
            ),
            Self::OtherProof { expected, found } => write!(
                f,
                "the opening is of proof {found}, the proof at hand is {expected}"
            ),
            Self::NotCommitted { tensor } => {
                write!(f, "the proof does not commit to tensor {tensor}")
            }
            Self::NoInference {
                inference,
                inferences,
            } => write!(
                f,
                "there is no inference {inference}, counted from zero, in a proof of {inferences}"
            ),
            Self::DegenerateChallenge => f.write_str("a challenge is degenerate"),
            Self::Equations => f.write_str("the proof's equations do not hold"),
        }
    }
}

impl core::error::Error for VerifyError {}

impl From<DecodeError> for VerifyError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

/// Why bytes are not a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes are not an encoding of a key.
    Malformed(DecodeError),
    /// The key describes no valid program.
    Program(ProgramError),
    /// The key's powers of tau do not continue its setup.
    Chain(ChainError),
    /// The proving key's parts do not fit its verifying key.
    Mismatch {
        /// What does not fit.
        what: &'static str,
    },
    /// The key's table commitments are not those of its table.
    TableCommitments,
    /// The setup has too few powers for the model.
    SetupTooSmall {
        /// Powers that the model needs.
        needed: usize,
        /// Powers that the setup has.
        found: usize,
    },
    /// The setup has too few squares of tau in G2 for the width of the weight matrix.
    SetupTooNarrow {
        /// log₂ of the width.
        needed: usize,
        /// Squares that the setup has.
        found: usize,
    },
    /// The setup has too few powers in G2 for a large table.
    NoPowersInG2 {
        /// Powers in G2 that the table needs.
        needed: usize,
        /// Powers in G2 that the setup has.
        found: usize,
    },
    /// The key has large tables, and this build of the verifier has been made without them.
    LargeTablesUnsupported,
    /// The key's large tables do not have the rows that it describes, or its commitments to them in G1 and in G2 are not to the same columns.
    LargeTable,
    /// The outputs of a large table are private, so its commitments cannot be recomputed.
    HiddenTable {
        /// The table.
        table: usize,
    },
    /// The cached points of a row are not those of the key's table, or are not there.
    CachedPoints {
        /// The table.
        table: usize,
        /// The row.
        row: u32,
    },
    /// The setup's powers are not those of its τ.
    Powers(PowersError),
    /// No randomness for the blinding of the weights.
    Randomness(RandomnessUnavailable),
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "the key cannot be read: {error}"),
            Self::Program(error) => write!(f, "the key describes no valid model: {error}"),
            Self::Chain(error) => write!(f, "the key's powers of tau are wrong: {error}"),
            Self::Mismatch { what } => write!(f, "the proving key is inconsistent: {}", Words(what)),
            Self::TableCommitments => {
                f.write_str("the key's table commitments are not those of its table")
            }
            Self::SetupTooSmall { needed, found } => write!(
                f,
                "the model needs a setup of {needed} powers, this one has {found}: use a larger one"
            ),
            Self::SetupTooNarrow { needed, found } => write!(
                f,
                "the model needs [τ^(2^{needed})] in G2, the setup ends at {found} squares: use a larger one"
            ),
            Self::NoPowersInG2 { needed, found } => write!(
                f,
                "a large table needs a setup with {needed} powers in G2, this one has {found}: make the setup file with them"
            ),
            Self::LargeTablesUnsupported => f.write_str(
                "the key has large tables, which this build lacks: use one with the feature `large-tables`",
            ),
            Self::LargeTable => f.write_str(
                "the key's large tables are not those that it describes; get the key again from its source",
            ),
            Self::HiddenTable { table } => write!(
                f,
                "the outputs of large table {table} are private, so nobody can compare them with the key's commitments"
            ),
            Self::CachedPoints { table, row } => write!(
                f,
                "the cached points of row {row} of large table {table} are not those of the key's table; preprocess it again, and if that is no cure, make the keys again"
            ),
            Self::Powers(error) => write!(f, "the setup is false: {error}"),
            Self::Randomness(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for KeyError {}

impl From<PowersError> for KeyError {
    fn from(error: PowersError) -> Self {
        Self::Powers(error)
    }
}

impl From<DecodeError> for KeyError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

impl From<ProgramError> for KeyError {
    fn from(error: ProgramError) -> Self {
        Self::Program(error)
    }
}

impl From<ChainError> for KeyError {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

impl From<RandomnessUnavailable> for KeyError {
    fn from(error: RandomnessUnavailable) -> Self {
        Self::Randomness(error)
    }
}

/// Why no proof or no opening was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProveError {
    /// A tensor that was to be committed is no input or output, is named twice or is to be public too.
    CommittedTensor {
        /// The tensor's index.
        tensor: u32,
    },
    /// There is no such inference of a committed tensor to open.
    NothingToOpen {
        /// The tensor's index.
        tensor: u32,
        /// The index of the inference, from zero.
        inference: u32,
    },
    /// A tensor that was to be public is no input or output, or is named twice.
    PublicTensor {
        /// The tensor's index.
        tensor: u32,
    },
    /// The blindings could not be drawn.
    Randomness(RandomnessUnavailable),
    /// The witness is one of another program.
    Witness(WitnessError),
    /// The model cannot be proved for so many inferences at once.
    Inferences(ProgramError),
    /// The powers of tau for a batch are of another setup than the key's.
    OtherSetup,
    /// The cached points of a large table have not been given.
    MissingTable {
        /// The table.
        table: usize,
    },
    /// The cached points of a large table lack a row that the witness uses.
    MissingRow {
        /// The table.
        table: usize,
        /// The row.
        row: u32,
    },
    /// The setup has fewer powers of tau than the batch needs.
    SetupTooSmall {
        /// Powers needed.
        needed: usize,
        /// Powers there.
        found: usize,
    },
    /// The proof that was made does not verify: the witness does not satisfy the layers, or the key is damaged.
    Unsatisfied,
}

impl fmt::Display for ProveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PublicTensor { tensor } => {
                write!(
                    f,
                    "tensor {tensor} is not an input or output, so cannot be public"
                )
            }
            Self::CommittedTensor { tensor } => write!(
                f,
                "tensor {tensor} cannot be committed: it is not an input or output, is named twice or is to be public too"
            ),
            Self::NothingToOpen { tensor, inference } => write!(
                f,
                "no secret opens inference {inference}, counted from zero, of tensor {tensor}"
            ),
            Self::Randomness(error) => error.fmt(f),
            Self::Witness(error) => write!(f, "the witness does not fit the model: {error}"),
            Self::Inferences(error) => write!(f, "the model takes no such batch: {error}"),
            Self::MissingTable { table } => write!(
                f,
                "large table {table} needs its cached points; preprocess it, or load them"
            ),
            Self::MissingRow { table, row } => write!(
                f,
                "row {row} of large table {table} is not among the cached points that were loaded; load a larger slice"
            ),
            Self::OtherSetup => f.write_str("the setup is another one than the key's"),
            Self::SetupTooSmall { needed, found } => write!(
                f,
                "{needed} powers of tau are needed, {found} are there: use a larger setup, or smaller batches"
            ),
            Self::Unsatisfied => f.write_str(
                "the proof that was made does not verify, so it is withheld: the witness is false or the proving key damaged",
            ),
        }
    }
}

impl core::error::Error for ProveError {}

impl From<WitnessError> for ProveError {
    fn from(error: WitnessError) -> Self {
        Self::Witness(error)
    }
}

impl From<RandomnessUnavailable> for ProveError {
    fn from(error: RandomnessUnavailable) -> Self {
        Self::Randomness(error)
    }
}
