//! Openings of what a proof commits to.

use alloc::vec::Vec;

use js_sys::{Object, Uint8Array};
use tensorseal_protocol::verify_opening;
use wasm_bindgen::prelude::*;

use crate::key::VerifyingKey;
use crate::options::Options;
use crate::verdict;

/// Verifies a proof file, with openings of single inferences of what it commits to: an array of `Uint8Array`. `randomness` is
/// unpredictable bytes, sixteen or more. Options and answer as for [`verify`](crate::verify).
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
    let key = key.inner();
    let verdict = verify_opening(key, proof, &openings, &options.borrowed(), randomness);
    Ok(match verdict {
        Ok((verdict, opened)) => verdict::accepted(key.program(), &verdict, &opened),
        Err(error) => verdict::rejected(&error),
    })
}
