//! The tensorseal proof system.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod backend;
pub mod curve;
pub mod digest;
pub mod encoding;
mod error;
mod keys;
pub mod linear;
mod lookup;
pub mod msm;
mod opening;
mod pairing;
pub mod poly;
pub mod program;
mod proof;
mod prove;
pub mod random;
pub mod srs;
mod sumcheck;
pub mod table;
pub mod transcript;
mod verify;
mod witness;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use error::{KeyError, ProveError, VerifyError};
pub use keys::{ProvingKey, VerifyingKey, generate};
pub use proof::{Proof, PublicTensor};
pub use prove::{ProveOptions, prove};
pub use sumcheck::{EVALUATIONS, Instance};
pub use verify::{Verdict, VerifyOptions, verify};
pub use witness::{Cell, Witness, WitnessError};
