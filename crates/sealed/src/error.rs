//! What can go wrong with a compiled network.

use tensorseal_model::InferenceError;
use tensorseal_model::program::LiftError;
use tensorseal_protocol::cq::CachedTableError;
use tensorseal_protocol::{KeyError, ProveError, WitnessError};

/// Why a compiled network cannot be read, run or proved.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SealedError {
    /// The bytes are no proving key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key's annotation is not a description of its network.
    #[error("the key's annotation does not describe its model; compile the model again")]
    Description,
    /// The key holds no network that this version can evaluate.
    #[error(transparent)]
    Lift(#[from] LiftError),
    /// The network cannot be run on these inputs.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// The run is not one of the key's program.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// The bytes are no cached points of a large table.
    #[error(transparent)]
    Table(#[from] CachedTableError),
    /// No proof was made.
    #[error("no proof was made: {0}; if this persists, compile the model again")]
    Prove(#[from] ProveError),
}
