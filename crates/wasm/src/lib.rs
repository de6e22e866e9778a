//! The verifier for JavaScript.
//!
//! Conversions between JavaScript values and `tensorseal-protocol`, and nothing else: what is accepted and why not is decided
//! there. The npm package `tensorseal` wraps this surface and is what pages and programs import.
//!
//! | file | what it converts |
//! |---|---|
//! | `key` | bytes to a [`VerifyingKey`] |
//! | `batch` | many proofs to a [`Batch`] |
//! | `options` | the options object of [`verify`] |
//! | `verdict` | a verdict or a rejection to a plain object |
//! | `error` | misuse to an exception with a `code` |
//!
//! A proof that is not accepted is a value, `{ ok: false, code, reason }`. Exceptions are for misuse: bytes that are no key,
//! options that do not exist.

#![forbid(unsafe_code)]

mod batch;
mod error;
mod key;
mod options;
mod record;
mod verdict;

pub use batch::Batch;
pub use key::VerifyingKey;

use js_sys::Object;
use wasm_bindgen::prelude::*;

use options::Options;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// Verifies a proof file.
///
/// `options` is `undefined` or an object `{ allowDevelopmentSetup?: boolean, model?: string, context?: Uint8Array }`. The answer is
/// `{ ok: true, code: "ok", model, setup, development, public, millerLoops }` or `{ ok: false, code, reason }`.
///
/// # Errors
///
/// A `TypeError` when an option does not exist or has the wrong type.
#[wasm_bindgen]
pub fn verify(key: &VerifyingKey, proof: &[u8], options: &JsValue) -> Result<Object, JsValue> {
    let options = Options::from_js(options)?;
    let verdict = tensorseal_protocol::verify(key.inner(), proof, &options.borrowed());
    Ok(match verdict {
        Ok(verdict) => verdict::accepted(key.inner().program(), &verdict),
        Err(error) => verdict::rejected(&error),
    })
}
