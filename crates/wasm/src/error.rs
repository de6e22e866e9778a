//! Exceptions, which are for misuse.

use alloc::string::ToString;

use js_sys::{Error, Reflect, TypeError};
use tensorseal_protocol::KeyError;
use tensorseal_protocol::bundle::BundleError;
use wasm_bindgen::JsValue;

/// An `Error` with a stable `code` for bytes that are not a usable key: `large-tables` for one that only a build with that feature reads,
/// and `malformed-key` for any other.
pub(crate) fn key_error(error: &KeyError) -> JsValue {
    let code = match error {
        KeyError::LargeTablesUnsupported => "large-tables",
        _ => "malformed-key",
    };
    coded(code, &error.to_string())
}

/// An `Error` with a stable `code` for bytes that are no intact bundle.
pub(crate) fn bundle_error(error: &BundleError) -> JsValue {
    coded(error.code(), &error.to_string())
}

fn coded(code: &str, message: &str) -> JsValue {
    let exception = Error::new(message);
    // Setting a field of an error that was made here does not fail.
    let _ = Reflect::set(&exception, &"code".into(), &code.into());
    exception.into()
}

/// A `TypeError`.
pub(crate) fn type_error(message: &str) -> JsValue {
    TypeError::new(message).into()
}
