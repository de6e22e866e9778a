//! The prover for JavaScript.
//!
//! Conversions between JavaScript values and `tensorseal-sealed`, and nothing else. The npm package `tensorseal` wraps this surface, in
//! a worker, and is what pages and programs import.
//!
//! | file | what it converts |
//! |---|---|
//! | `backend` | the stages of a proof to calls of a function |
//! | `crew` | a sum to parts that other threads compute |
//! | `record` | ports, outputs and proofs to plain objects |
//! | `error` | what goes wrong to an exception with a `code` |

#![forbid(unsafe_code)]

mod backend;
mod crew;
mod error;
mod record;

use js_sys::{Float32Array, Function};
use tensorseal_protocol::ProveOptions;
use tensorseal_protocol::random::PlatformRandom;
use tensorseal_protocol::srs::SetupOrigin;
use tensorseal_sealed::{Hidden, Sealed};
use wasm_bindgen::prelude::*;

use backend::Light;
pub use crew::{Crew, sum_windows};
use error::exception;

/// A compiled network, read and checked.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Prover(Sealed);

#[wasm_bindgen]
impl Prover {
    /// Reads the bytes of a proving key.
    ///
    /// # Errors
    ///
    /// An `Error` with the code `malformed-key`.
    #[wasm_bindgen(constructor)]
    pub fn new(bytes: &[u8]) -> Result<Self, JsValue> {
        Sealed::from_bytes(bytes)
            .map(Self)
            .map_err(|error| exception(&error))
    }

    /// Gives a large table the cached points that proofs will use: the bytes of a file of all rows, or of a slice.
    ///
    /// # Errors
    ///
    /// An `Error` with the code `malformed-table`.
    #[wasm_bindgen(js_name = attachTable)]
    pub fn attach_table(&mut self, table: usize, bytes: &[u8]) -> Result<(), JsValue> {
        let attached = self.0.attach_table_file(table, bytes);
        attached.map_err(|error| exception(&error))
    }

    /// The model's identity: the digest of its verifying key, in 64 hexadecimal digits.
    #[wasm_bindgen(getter)]
    pub fn model(&self) -> String {
        self.0.key().verifying().digest().to_string()
    }

    /// Where the setup comes from: `hermez`, `development` or `unknown`.
    #[wasm_bindgen(getter)]
    pub fn setup(&self) -> String {
        self.origin().name().to_owned()
    }

    /// Whether the setup is a development setup, whose maker can forge proofs.
    #[wasm_bindgen(getter)]
    pub fn development(&self) -> bool {
        self.origin() == SetupOrigin::Development
    }

    /// The bytes of the verifying key.
    #[wasm_bindgen(getter, js_name = verifyingKey)]
    pub fn verifying_key(&self) -> Vec<u8> {
        self.0.key().verifying().to_bytes()
    }

    /// The most memory that reading the key and making a proof should take, in bytes.
    #[wasm_bindgen(getter, js_name = memoryBytes)]
    pub fn memory_bytes(&self) -> f64 {
        self.0.estimated_peak_bytes() as f64
    }

    /// The inputs: an array of `{ name, shape, scale }`.
    ///
    /// # Errors
    ///
    /// None that is known.
    #[wasm_bindgen(getter)]
    pub fn inputs(&self) -> Result<JsValue, JsValue> {
        record::ports(self.0.inputs())
    }

    /// The outputs, in the same form.
    ///
    /// # Errors
    ///
    /// None that is known.
    #[wasm_bindgen(getter)]
    pub fn outputs(&self) -> Result<JsValue, JsValue> {
        record::ports(self.0.outputs())
    }

    /// Runs the network on its inputs, in their order; answers with an array of `{ name, shape, values, integers }`.
    ///
    /// # Errors
    ///
    /// An `Error` with the code `invalid-input`.
    pub fn run(&self, inputs: Vec<Float32Array>) -> Result<JsValue, JsValue> {
        let (_, outputs) = self
            .0
            .run(&floats(inputs))
            .map_err(|error| exception(&error))?;
        record::outputs(outputs)
    }

    /// The bytes of the terms of the largest sum in a proof.
    #[wasm_bindgen(getter, js_name = sumBytes)]
    pub fn sum_bytes(&self) -> usize {
        crew::term_bytes(self.0.key().powers())
    }

    /// Runs the network and proves the run; answers with `{ proof, outputs }`. `told` is called with the name of each stage before it;
    /// the crew, if there is one, helps.
    ///
    /// # Errors
    ///
    /// An `Error` with the code `invalid-input`, `no-randomness` or `not-proved`; what `told` throws.
    pub fn prove(
        &self,
        inputs: Vec<Float32Array>,
        hide_input: bool,
        hide_output: bool,
        context: &[u8],
        told: &Function,
        crew: Option<Crew>,
    ) -> Result<JsValue, JsValue> {
        let (witness, outputs) = self
            .0
            .run(&floats(inputs))
            .map_err(|error| exception(&error))?;
        let public = self.0.public(Hidden {
            input: hide_input,
            output: hide_output,
        });
        let options = ProveOptions {
            public: &public,
            context,
        };
        let backend = Light { told, crew };
        let tools = (&backend, &mut PlatformRandom as &mut _);
        let proof = self.0.prove(&witness, &options, tools);
        let proof = proof.map_err(|error| exception(&error))?;
        record::proved(&proof.to_bytes(), outputs)
    }
}

impl Prover {
    fn origin(&self) -> SetupOrigin {
        self.0.key().verifying().setup().origin()
    }
}

fn floats(inputs: Vec<Float32Array>) -> Vec<Vec<f32>> {
    inputs.into_iter().map(|input| input.to_vec()).collect()
}
