//! The tensorseal proof system.
#![no_std]
#![forbid(unsafe_code)]
// Verification code is hostile territory: it neither panics nor converts silently. What only a prover or a compiler runs on its own
// data allows itself more, file by file.
#![cfg_attr(
    not(test),
    deny(
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::panic_in_result_fn,
        clippy::unreachable,
        clippy::unwrap_used,
        clippy::wildcard_enum_match_arm
    )
)]

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
