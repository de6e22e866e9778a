//! The options of a verification.

use alloc::vec::Vec;

use js_sys::{Object, Reflect, Uint8Array};
use tensorseal_protocol::VerifyOptions;
use tensorseal_protocol::digest::Digest32;
use wasm_bindgen::{JsCast, JsValue};

use crate::error::type_error;

/// The options as they came from JavaScript.
#[derive(Default)]
pub(crate) struct Options {
    allow_development_setup: bool,
    model: Option<Digest32>,
    context: Vec<u8>,
}

impl Options {
    /// Reads `undefined` or an object. A field that is `undefined` counts as absent.
    ///
    /// # Errors
    ///
    /// A `TypeError` for anything else, for a field that is no option and for one of the wrong type: an option that is
    /// misspelt must not be an option that is ignored.
    pub(crate) fn from_js(value: &JsValue) -> Result<Self, JsValue> {
        let mut options = Self::default();
        if value.is_undefined() {
            return Ok(options);
        }
        let object: &Object = value
            .dyn_ref()
            .ok_or_else(|| type_error("options must be an object"))?;
        for name in Object::keys(object).iter() {
            let field = Reflect::get(object, &name)?;
            if !field.is_undefined() {
                options.set(&name.as_string().unwrap_or_default(), &field)?;
            }
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, field: &JsValue) -> Result<(), JsValue> {
        match name {
            "allowDevelopmentSetup" => {
                self.allow_development_setup = field
                    .as_bool()
                    .ok_or_else(|| type_error("allowDevelopmentSetup must be a boolean"))?;
            }
            "model" => {
                let digest = field
                    .as_string()
                    .and_then(|digits| Digest32::from_hex(&digits))
                    .ok_or_else(|| type_error("model must be 64 hexadecimal digits"))?;
                self.model = Some(digest);
            }
            "context" => {
                self.context = field
                    .dyn_ref::<Uint8Array>()
                    .ok_or_else(|| type_error("context must be a Uint8Array"))?
                    .to_vec();
            }
            _ => return Err(type_error(&["there is no option `", name, "`"].concat())),
        }
        Ok(())
    }

    /// The options as the verifier takes them.
    pub(crate) fn borrowed(&self) -> VerifyOptions<'_> {
        VerifyOptions {
            allow_development_setup: self.allow_development_setup,
            model: self.model,
            context: &self.context,
            ..VerifyOptions::default()
        }
    }
}
