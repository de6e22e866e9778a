//! Exceptions, which are for misuse.

use js_sys::{Error, Reflect, TypeError};
use tensorseal_protocol::KeyError;
use wasm_bindgen::JsValue;

/// An `Error` with a stable `code` for bytes that are not a usable key.
pub(crate) fn key_error(error: &KeyError) -> JsValue {
    let exception = Error::new(&error.to_string());
    // Setting a field of an error that was made here does not fail.
    let _ = Reflect::set(&exception, &"code".into(), &"malformed-key".into());
    exception.into()
}

/// A `TypeError`.
pub(crate) fn type_error(message: &str) -> JsValue {
    TypeError::new(message).into()
}
