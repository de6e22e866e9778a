//! Many proofs, decided together.

use alloc::vec::Vec;

use js_sys::{Object, Uint32Array};
use tensorseal_protocol as protocol;
use tensorseal_protocol::VerifyError;
use tensorseal_protocol::backend::Compact;
use wasm_bindgen::prelude::*;

use crate::key::VerifyingKey;
use crate::options::Options;
use crate::record::Record;
use crate::verdict::{number, rejected};

/// Proofs that have been received and are not decided yet.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Batch(protocol::Batch);

#[wasm_bindgen]
impl Batch {
    /// An empty batch.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Receives a proof file: `undefined` when it awaits the decision, under the number of proofs before it, and
    /// `{ ok: false, code, reason }` when it is refused without one and not taken into the batch. Options as for `verify`.
    ///
    /// # Errors
    ///
    /// A `TypeError` when an option does not exist or has the wrong type.
    pub fn receive(
        &mut self,
        key: &VerifyingKey,
        proof: &[u8],
        options: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::from_js(options)?;
        match protocol::receive(key.inner(), proof, &options.borrowed()) {
            Ok((claim, _)) => {
                self.0.push(claim);
                Ok(JsValue::UNDEFINED)
            }
            Err(error) => Ok(rejected(&error).into()),
        }
    }

    /// Decides all proofs: `{ rejected, rejection, millerLoops }`, the numbers of the proofs that are false and what is to be said of
    /// each of them. `randomness` is unpredictable bytes, sixteen or more.
    #[must_use]
    pub fn decide(&self, randomness: &[u8]) -> Object {
        let verdict = self.0.decide(randomness, &Compact);
        let places: Uint32Array = verdict
            .rejected
            .iter()
            .filter_map(|place| u32::try_from(*place).ok())
            .collect::<Vec<u32>>()
            .as_slice()
            .into();
        Record::new()
            .with("rejected", places)
            .with("rejection", rejected(&VerifyError::Equations))
            .with("millerLoops", number(verdict.miller_loops))
            .finish()
    }
}
