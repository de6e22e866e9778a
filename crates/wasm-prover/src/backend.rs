//! The prover's kernels on one thread of a browser.

use js_sys::Function;
use tensorseal_protocol::backend::{Backend, Stage};
use wasm_bindgen::JsValue;

/// The backend, which tells a function what it is about to do.
pub(crate) struct Light<'a> {
    told: &'a Function,
}

impl<'a> Light<'a> {
    pub(crate) fn new(told: &'a Function) -> Self {
        Self { told }
    }
}

impl Backend for Light<'_> {
    fn stage(&self, stage: Stage) {
        // Whoever listens cannot stop a proof: that is what ending the worker is for.
        let _ = self.told.call1(&JsValue::UNDEFINED, &stage.name().into());
    }
}
