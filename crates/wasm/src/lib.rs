//! The verifier for JavaScript.
//!
//! Conversions between JavaScript values and `tensorseal-protocol`, and nothing else: what is accepted and why not is decided
//! there. The npm package `tensorseal` wraps this surface and is what pages and programs import.
//!
//! | file | what it converts |
//! |---|---|
//! | `key` | bytes to a [`VerifyingKey`] |
//! | `batch` | many proofs to a [`Batch`] |
//! | `bundle` | the front of a bundle to a [`Bundle`] |
//! | `options` | the options object of [`verify`] |
//! | `verdict` | a verdict or a rejection to a plain object |
//! | `error` | misuse to an exception with a `code` |
//!
//! A proof that is not accepted is a value, `{ ok: false, code, reason }`. Exceptions are for misuse: bytes that are no key,
//! options that do not exist.

#![forbid(unsafe_code)]

mod batch;
mod bundle;
mod error;
mod key;
mod options;
mod record;
mod verdict;

pub use batch::Batch;
pub use bundle::{Bundle, bundle_front_bytes, bundle_header_bytes};
pub use key::VerifyingKey;

use js_sys::{Object, Uint8Array};
use wasm_bindgen::prelude::*;

use options::Options;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// Verifies a proof file.
///
/// `options` is `undefined` or an object `{ allowDevelopmentSetup?: boolean, model?: string, context?: Uint8Array }`. The answer is
/// `{ ok: true, code: "ok", model, setup, development, inferences, public, committed, opened, millerLoops }` or
/// `{ ok: false, code, reason }`.
///
/// # Errors
///
/// A `TypeError` when an option does not exist or has the wrong type.
#[wasm_bindgen]
pub fn verify(key: &VerifyingKey, proof: &[u8], options: &JsValue) -> Result<Object, JsValue> {
    verify_openings(key, proof, Vec::new(), options, &[])
}

/// Verifies a proof file, with openings of single inferences of what it commits to: an array of `Uint8Array`. `randomness` is
/// unpredictable bytes, sixteen or more. Options and answer as for [`verify`].
///
/// # Errors
///
/// A `TypeError` when an option does not exist or has the wrong type.
#[wasm_bindgen(js_name = verifyOpenings)]
pub fn verify_openings(
    key: &VerifyingKey,
    proof: &[u8],
    openings: Vec<Uint8Array>,
    options: &JsValue,
    randomness: &[u8],
) -> Result<Object, JsValue> {
    let options = Options::from_js(options)?;
    let openings: Vec<Vec<u8>> = openings
        .into_iter()
        .map(|opening| opening.to_vec())
        .collect();
    let openings: Vec<&[u8]> = openings.iter().map(Vec::as_slice).collect();
    let options = options.borrowed();
    let key = key.inner();
    let verdict = tensorseal_protocol::verify_opening(key, proof, &openings, &options, randomness);
    Ok(match verdict {
        Ok((verdict, opened)) => verdict::accepted(key.program(), &verdict, &opened),
        Err(error) => verdict::rejected(&error),
    })
}
