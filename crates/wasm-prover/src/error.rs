//! Exceptions.

use js_sys::{Error, Reflect};
use tensorseal_protocol::ProveError;
use tensorseal_sealed::SealedError;
use wasm_bindgen::JsValue;

/// An `Error` with a stable `code`.
pub(crate) fn exception(error: &SealedError) -> JsValue {
    let exception = Error::new(&error.to_string());
    // Setting a field of an error that was made here does not fail.
    let _ = Reflect::set(&exception, &"code".into(), &code(error).into());
    exception.into()
}

fn code(error: &SealedError) -> &'static str {
    match error {
        SealedError::Key(_) | SealedError::Description | SealedError::Lift(_) => "malformed-key",
        SealedError::Inference(_) => "invalid-input",
        SealedError::Table(_) => "malformed-table",
        SealedError::Prove(ProveError::Randomness(_)) => "no-randomness",
        SealedError::Prove(ProveError::MissingTable { .. } | ProveError::MissingRow { .. }) => {
            "missing-table"
        }
        _ => "not-proved",
    }
}
