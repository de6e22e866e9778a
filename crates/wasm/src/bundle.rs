//! The front of a bundle, from which every proof can be fetched by its range.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use js_sys::Object;
use tensorseal_protocol::bundle::{BUNDLE_HEADER_BYTES, BundleFront, BundleHeader};
use wasm_bindgen::prelude::*;

use crate::error::{bundle_error, type_error};
use crate::record::Record;
use crate::verdict::refused;

/// How many bytes the front of a bundle has, given the first of them, 46 at least.
///
/// # Errors
///
/// An `Error` with the code `damaged-bundle`.
#[wasm_bindgen(js_name = bundleFrontBytes)]
pub fn bundle_front_bytes(header: &[u8]) -> Result<usize, JsValue> {
    let header = BundleHeader::from_bytes(header).map_err(|error| bundle_error(&error))?;
    Ok(header.front_bytes())
}

/// How many bytes [`bundle_front_bytes`] needs.
#[wasm_bindgen(js_name = bundleHeaderBytes)]
#[must_use]
pub fn bundle_header_bytes() -> usize {
    BUNDLE_HEADER_BYTES
}

/// The key and the index of a bundle.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Bundle(BundleFront);

#[wasm_bindgen]
impl Bundle {
    /// Reads the front of a bundle.
    ///
    /// # Errors
    ///
    /// An `Error` with the code `damaged-bundle`, which names the part and the place.
    #[wasm_bindgen(constructor)]
    pub fn new(front: &[u8]) -> Result<Self, JsValue> {
        let front = BundleFront::from_bytes(front);
        front.map(Self).map_err(|error| bundle_error(&error))
    }

    /// Checks that the whole bundle, of `length` bytes, is as long as its parts together.
    ///
    /// # Errors
    ///
    /// As for the constructor.
    #[wasm_bindgen(js_name = checkLength)]
    pub fn check_length(&self, length: f64) -> Result<(), JsValue> {
        // The length of a file is a whole number below 2^53; anything else fits no bundle.
        let checked = self.0.check_length(length as u64);
        checked.map_err(|error| bundle_error(&error))
    }

    /// The bytes of the key.
    #[wasm_bindgen(getter)]
    pub fn key(&self) -> Vec<u8> {
        self.0.key().to_vec()
    }

    /// What stands for the whole bundle, in 64 hexadecimal digits.
    #[wasm_bindgen(getter)]
    pub fn digest(&self) -> String {
        self.0.digest().to_string()
    }

    /// How many proofs there are.
    #[wasm_bindgen(getter)]
    pub fn proofs(&self) -> usize {
        self.0.entries().len()
    }

    /// `{ offset, length, inferences, digest }` of a proof.
    ///
    /// # Errors
    ///
    /// A `TypeError` when there is no such proof.
    pub fn entry(&self, place: usize) -> Result<Object, JsValue> {
        let entry = self.0.entries().get(place);
        let entry = entry.ok_or_else(|| type_error("the bundle has no such proof"))?;
        Ok(Record::new()
            .with("offset", entry.offset as f64)
            .with("length", entry.length)
            .with("inferences", entry.inferences)
            .with("digest", entry.digest.to_string())
            .finish())
    }

    /// Checks that these are the bytes of a proof that the index names: `undefined`, or `{ ok: false, code, reason }`.
    ///
    /// # Errors
    ///
    /// A `TypeError` when there is no such proof.
    pub fn check(&self, place: usize, proof: &[u8]) -> Result<JsValue, JsValue> {
        let entry = self.0.entries().get(place);
        let entry = entry.ok_or_else(|| type_error("the bundle has no such proof"))?;
        Ok(match entry.check(proof) {
            Ok(()) => JsValue::UNDEFINED,
            Err(damage) => refused(damage.code(), &damage.to_string()).into(),
        })
    }
}
