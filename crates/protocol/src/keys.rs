//! The verifying key and the proving key (formats: `docs/formats.md`).

mod proving;
mod verifying;

pub(crate) use proving::powers_for_proving;
pub use proving::{
    Model, ProvingKey, generate, generate_with_quotients, generate_with_tables, powers_for_keys,
};
pub use verifying::VerifyingKey;
