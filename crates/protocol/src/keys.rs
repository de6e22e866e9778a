//! The verifying key and the proving key (formats: `docs/formats.md`).

mod proving;
mod verifying;

pub use proving::{ProvingKey, generate};
pub use verifying::VerifyingKey;
