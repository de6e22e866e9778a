//! A loaded verifying key.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use tensorseal_protocol as protocol;
use tensorseal_protocol::srs::SetupOrigin;
use wasm_bindgen::prelude::*;

use crate::error::key_error;

/// A verifying key, read and checked.
#[wasm_bindgen]
#[derive(Debug)]
pub struct VerifyingKey(protocol::VerifyingKey);

#[wasm_bindgen]
impl VerifyingKey {
    /// Reads and checks the bytes of a key file.
    ///
    /// # Errors
    ///
    /// An `Error` with the code `malformed-key`, or `large-tables` where this build does without them and the key does not.
    #[wasm_bindgen(constructor)]
    pub fn new(bytes: &[u8]) -> Result<Self, JsValue> {
        protocol::VerifyingKey::from_bytes(bytes)
            .map(Self)
            .map_err(|error| key_error(&error))
    }

    /// The model's identity: a digest of every byte of the key, in 64 hexadecimal digits.
    #[wasm_bindgen(getter)]
    pub fn model(&self) -> String {
        self.0.digest().to_string()
    }

    /// Where the setup comes from: `hermez`, `development` or `unknown`.
    #[wasm_bindgen(getter)]
    pub fn setup(&self) -> String {
        self.0.setup().origin().name().to_owned()
    }

    /// Whether the setup is a development setup, whose maker can forge proofs.
    #[wasm_bindgen(getter)]
    pub fn development(&self) -> bool {
        self.0.setup().origin() == SetupOrigin::Development
    }

    /// What whoever made the key wrote about the model: bytes that nobody has checked.
    #[wasm_bindgen(getter)]
    pub fn annotation(&self) -> Vec<u8> {
        self.0.annotation().to_vec()
    }
}

impl VerifyingKey {
    pub(crate) fn inner(&self) -> &protocol::VerifyingKey {
        &self.0
    }
}
