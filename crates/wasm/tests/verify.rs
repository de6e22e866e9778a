//! The surface that JavaScript sees, in Node and, with the feature `browser`, in a browser: proofs of the native prover are
//! accepted, altered ones are not, and misuse is an exception.
#![cfg(target_arch = "wasm32")]

use js_sys::{Array, Error, Int32Array, Object, Reflect, TypeError, Uint8Array};
use tensorseal_protocol::Proof;
use tensorseal_wasm::{VerifyingKey, verify};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

// In a worker, because the browser's driver gives up on a page that is busy for long.
#[cfg(feature = "browser")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// A key and a proof that the native prover has made.
struct Vector {
    key: &'static [u8],
    proof: &'static [u8],
    context: &'static [u8],
    development: bool,
}

macro_rules! vector {
    ($name:literal, $context:literal, development: $development:literal) => {
        Vector {
            key: include_bytes!(concat!("../../../tests/vectors/", $name, "/model.vk")),
            proof: include_bytes!(concat!("../../../tests/vectors/", $name, "/proof.bin")),
            context: $context,
            development: $development,
        }
    };
}

const VECTORS: &[Vector] = &[
    vector!("toy", b"known answer", development: true),
    vector!("demo", b"", development: false),
];

impl Vector {
    fn key(&self) -> VerifyingKey {
        VerifyingKey::new(self.key).expect("a key")
    }

    /// Options under which the proof is accepted.
    fn options(&self) -> Object {
        object(&[
            ("allowDevelopmentSetup", self.development.into()),
            ("context", Uint8Array::from(self.context).into()),
        ])
    }

    /// The codes of the answers for these bytes as the proof.
    fn codes(&self, proofs: impl IntoIterator<Item = Vec<u8>>) -> Vec<String> {
        let (key, options) = (self.key(), self.options());
        let answers = proofs
            .into_iter()
            .map(|proof| verify(&key, &proof, &options));
        answers
            .map(|answer| code(&answer.expect("an answer")))
            .collect()
    }

    /// Where the group elements and scalars of the proof start.
    fn argument(&self) -> usize {
        let proof = Proof::from_bytes(self.proof).expect("a proof");
        self.proof.len() - proof.argument().len()
    }

    fn altered(&self, at: usize, mask: u8) -> Vec<u8> {
        let mut bytes = self.proof.to_vec();
        bytes[at] ^= mask;
        bytes
    }
}

fn object(fields: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &JsValue::from(*name), value).expect("a new object");
    }
    object
}

fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).expect("an object")
}

fn code(answer: &Object) -> String {
    let code = field(answer, "code").as_string().expect("a code");
    let ok = field(answer, "ok").as_bool().expect("a verdict");
    assert_eq!(ok, code == "ok");
    let reason = field(answer, "reason").as_string().unwrap_or_default();
    assert_eq!(ok, reason.is_empty());
    code
}

#[wasm_bindgen_test]
fn native_proofs_are_accepted_and_say_what_they_reveal() {
    for vector in VECTORS {
        let key = vector.key();
        let answer = verify(&key, vector.proof, &vector.options()).expect("an answer");
        assert_eq!(code(&answer), "ok");
        assert_eq!(field(&answer, "model"), JsValue::from(key.model()));
        assert_eq!(field(&answer, "setup"), JsValue::from(key.setup()));
        assert_eq!(
            field(&answer, "development"),
            JsValue::from(vector.development)
        );
        assert_eq!(key.development(), vector.development);
        assert_eq!(field(&answer, "millerLoops"), JsValue::from(4));

        let expected = Proof::from_bytes(vector.proof).expect("a proof");
        let public: Array = field(&answer, "public").unchecked_into();
        assert_eq!(public.length() as usize, expected.public().len());
        for (tensor, expected) in public.iter().zip(expected.public()) {
            assert_eq!(
                field(&tensor, "tensor"),
                JsValue::from(expected.tensor() as u32)
            );
            let role = if expected.tensor() == 0 {
                "input"
            } else {
                "output"
            };
            assert_eq!(field(&tensor, "role"), JsValue::from(role));
            let values: Int32Array = field(&tensor, "values").dyn_into().expect("an Int32Array");
            let values: Vec<i64> = values.to_vec().into_iter().map(i64::from).collect();
            assert_eq!(values, expected.values());
            let shape: Array = field(&tensor, "shape").unchecked_into();
            let cells: f64 = shape.iter().filter_map(|length| length.as_f64()).product();
            assert_eq!(cells as usize, values.len());
        }
    }
}

#[wasm_bindgen_test]
fn a_flipped_bit_in_any_field_is_refused() {
    for vector in VECTORS {
        let start = vector.argument();
        let places: Vec<usize> = (0..start)
            .chain((start..vector.proof.len()).step_by(32))
            .collect();
        let codes = vector.codes(places.iter().map(|at| vector.altered(*at, 1)));
        let accepted = places.iter().zip(&codes).find(|(_, code)| *code == "ok");
        assert_eq!(accepted, None);
    }
}

#[wasm_bindgen_test]
fn an_altered_public_value_is_refused() {
    for vector in VECTORS {
        for code in vector.codes([vector.altered(vector.argument() - 1, 1)]) {
            let expected = ["invalid-proof", "public-values"];
            assert!(expected.contains(&code.as_str()), "{code}");
        }
    }
}

#[wasm_bindgen_test]
fn proofs_of_another_length_are_refused() {
    for vector in VECTORS {
        let (start, length) = (vector.argument(), vector.proof.len());
        let shorter =
            [0, 3, 20, start, length - 32, length - 1].map(|cut| vector.proof[..cut].to_vec());
        let others = [[vector.proof, &[0]].concat(), vector.key.to_vec()];
        for code in vector.codes(shorter.into_iter().chain(others)) {
            assert_eq!(code, "malformed-proof");
        }
    }
}

#[wasm_bindgen_test]
fn another_key_is_refused() {
    for vector in VECTORS {
        // The annotation stands last: still a key, but of another model.
        let mut other = vector.key.to_vec();
        *other.last_mut().expect("a key") ^= 1;
        let other = VerifyingKey::new(&other).expect("a key");
        let answer = verify(&other, vector.proof, &vector.options()).expect("an answer");
        assert_eq!(code(&answer), "wrong-model");
    }
}

#[wasm_bindgen_test]
fn another_model_is_refused() {
    for vector in VECTORS {
        let options = vector.options();
        Reflect::set(&options, &"model".into(), &vector.key().model().into()).expect("an object");
        let answer = verify(&vector.key(), vector.proof, &options).expect("an answer");
        assert_eq!(code(&answer), "ok");
        Reflect::set(&options, &"model".into(), &"0".repeat(64).into()).expect("an object");
        let answer = verify(&vector.key(), vector.proof, &options).expect("an answer");
        assert_eq!(code(&answer), "wrong-model");
    }
}

#[wasm_bindgen_test]
fn a_development_setup_needs_permission() {
    for vector in VECTORS.iter().filter(|vector| vector.development) {
        for options in [JsValue::UNDEFINED, Object::new().into()] {
            let answer = verify(&vector.key(), vector.proof, &options).expect("an answer");
            assert_eq!(code(&answer), "development-setup");
        }
    }
}

#[wasm_bindgen_test]
fn another_context_is_refused() {
    for vector in VECTORS {
        let options = vector.options();
        let context = Uint8Array::from(&b"another"[..]);
        Reflect::set(&options, &"context".into(), &context).expect("an object");
        let answer = verify(&vector.key(), vector.proof, &options).expect("an answer");
        assert_eq!(code(&answer), "invalid-proof");
    }
}

#[wasm_bindgen_test]
fn bytes_that_are_no_key_are_an_error_with_a_code() {
    for vector in VECTORS {
        let truncated = &vector.key[..vector.key.len() - 1];
        for bytes in [&[][..], b"no key", truncated, vector.proof] {
            let error = VerifyingKey::new(bytes).expect_err("not a key");
            assert!(error.is_instance_of::<Error>());
            assert_eq!(field(&error, "code"), JsValue::from("malformed-key"));
        }
    }
}

#[wasm_bindgen_test]
fn options_that_do_not_exist_are_type_errors() {
    let vector = &VECTORS[0];
    let wrong = [
        JsValue::NULL,
        "options".into(),
        object(&[("allowDevelopmentSetups", true.into())]).into(),
        object(&[("allowDevelopmentSetup", 1.into())]).into(),
        object(&[("model", "123".into())]).into(),
        object(&[("model", JsValue::NULL)]).into(),
        object(&[("context", "text".into())]).into(),
    ];
    for options in wrong {
        let error = verify(&vector.key(), vector.proof, &options).expect_err("not options");
        assert!(error.is_instance_of::<TypeError>(), "{options:?}");
    }
}
