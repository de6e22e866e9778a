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
//! | `openings` | a proof and openings of it to what they say |
//! | `options` | the options object of [`verify`] |
//! | `verdict` | a verdict or a rejection to a plain object |
//! | `error` | misuse to an exception with a `code` |
//!
//! A proof that is not accepted is a value, `{ ok: false, code, reason }`. Exceptions are for misuse: bytes that are no key,
//! options that do not exist.

#![forbid(unsafe_code)]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod batch;
mod bundle;
mod error;
mod key;
#[cfg(feature = "openings")]
mod openings;
mod options;
mod record;
mod verdict;

pub use batch::Batch;
pub use bundle::{Bundle, bundle_front_bytes, bundle_header_bytes};
pub use key::VerifyingKey;
#[cfg(feature = "openings")]
pub use openings::verify_openings;

use js_sys::Object;
use wasm_bindgen::prelude::*;

use options::Options;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[cfg(all(target_arch = "wasm32", not(feature = "std")))]
#[panic_handler]
fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

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
    let options = Options::from_js(options)?;
    let key = key.inner();
    let verdict = tensorseal_protocol::verify(key, proof, &options.borrowed());
    Ok(match verdict {
        Ok(verdict) => verdict::accepted(key.program(), &verdict, &[]),
        Err(error) => verdict::rejected(&error),
    })
}
