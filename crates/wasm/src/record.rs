//! Plain JavaScript objects.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

/// A plain object, built field by field.
pub(crate) struct Record(Object);

impl Record {
    pub(crate) fn new() -> Self {
        Self(Object::new())
    }

    #[must_use]
    pub(crate) fn with(self, field: &str, value: impl Into<JsValue>) -> Self {
        // Setting a field of an object that was made here does not fail.
        let _ = Reflect::set(&self.0, &field.into(), &value.into());
        self
    }

    pub(crate) fn finish(self) -> Object {
        self.0
    }
}
