//! The tensorseal proof system: zero-knowledge proofs that a committed, quantised network maps an input to an output.
//!
//! # The statement
//!
//! For a [`VerifyingKey`], which commits to a [`program::Program`], its table and its weights, and for the public tensors of a proof:
//! there are cells (rem, pre, out) for every tensor, which agree with the public ones, such that every layer's accumulators satisfy
//! acc + 2^{s−1} = 2^s·pre + rem, every rem lies in [0, 2^s), and every (pre, out) is a row of the tensor's table segment, in a large table of the committed function of that segment.
//!
//! # The paved path
//!
//! [`srs::Srs`] is a setup; [`generate`] makes the keys; [`prove`] a [`Proof`]; [`verify`] a [`Verdict`] or a [`VerifyError`].
//!
//! | module | one line |
//! |---|---|
//! | [`srs`] | powers of tau: `.ptau` files, the pinned ceremony, the development setup, the chain that a key brings |
//! | [`program`], [`table`] | what is proved: tensors, layers, lookups; validated on construction |
//! | [`transcript`] | Fiat–Shamir: a message is written and absorbed in one call, challenges are typed by name |
//! | [`cq`] | tables larger than the columns, by cached quotients |
//! | `lookup` | logUp: multiplicities, helpers, the rows' constraints |
//! | [`linear`] | the weight matrix and its cached quotients (cqlin), all linear claims |
//! | `sumcheck` | the one sumcheck, with its mask |
//! | `opening` | Mercury and the degree checks in one Laurent identity |
//! | `pairing` | the accumulator of pairing equations |
//! | `prove`, [`backend`], [`msm`] | the prover's rounds, and the kernels that they run on |
//! | `verify`, `batch` | the verifier, of one proof and of many |
//! | [`bundle`] | a model's key and proofs behind one index |
//! | `committed` | committed tensors, of which single inferences are opened later |
//! | [`encoding`], [`digest`], [`curve`] | bytes |
//!
//! Papers: logUp (ePrint 2022/1530), cq (2022/1763), cqlin (2023/393), Mercury (2025/385), Libra's mask (2019/317), HyperPlonk (2022/1355).

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
mod batch;
pub mod bundle;
mod committed;
pub mod cq;
pub mod curve;
pub mod digest;
pub mod encoding;
mod error;
mod keys;
pub mod linear;
mod lookup;
pub mod msm;
pub mod multiples;
mod opening;
mod pairing;
pub mod poly;
pub mod program;
mod proof;
mod prove;
pub mod random;
pub mod srs;
mod straus;
mod sumcheck;
pub mod table;
pub mod transcript;
mod verify;
mod witness;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use batch::{Batch, BatchVerdict, Claim};
pub use committed::{
    OpenedTensor, Opening, OpeningSecret, OpeningSecretError, ProofSecret, receive_opening,
    verify_opening,
};
pub use error::{KeyError, ProveError, VerifyError};
pub use keys::{
    Model, ProvingKey, VerifyingKey, generate, generate_with_quotients, generate_with_tables,
    powers_for_keys,
};
pub use proof::{Proof, PublicTensor};
pub use prove::{ProveOptions, Runs, powers_for, prove, prove_batch, prove_committed};
pub use sumcheck::{ADDITIONS, EVALUATIONS, FieldLanes, Instance, InstanceParts};
pub use verify::{Contents, Verdict, VerifyOptions, receive, verify};
pub use witness::{Cell, Witness, WitnessError};
