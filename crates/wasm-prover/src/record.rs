//! Plain JavaScript objects.

use js_sys::{Array, Float32Array, Int32Array, Uint8Array};
use serde::Serialize;
use serde_wasm_bindgen::preserve;
use tensorseal_sealed::{Output, Port};
use wasm_bindgen::JsValue;

#[derive(Serialize)]
struct PortRecord<'a> {
    name: &'a str,
    shape: &'a [usize],
    scale: f64,
}

#[derive(Serialize)]
struct OutputRecord {
    name: String,
    shape: Vec<usize>,
    #[serde(with = "preserve")]
    values: Float32Array,
    #[serde(with = "preserve")]
    integers: JsValue,
}

#[derive(Serialize)]
struct Proved {
    #[serde(with = "preserve")]
    proof: Uint8Array,
    outputs: Vec<OutputRecord>,
}

pub(crate) fn ports(ports: &[Port]) -> Result<JsValue, JsValue> {
    let ports: Vec<_> = ports
        .iter()
        .map(|port| PortRecord {
            name: &port.name,
            shape: &port.shape,
            scale: port.scale,
        })
        .collect();
    object(&ports)
}

pub(crate) fn outputs(outputs: Vec<Output>) -> Result<JsValue, JsValue> {
    object(&records(outputs))
}

pub(crate) fn proved(proof: &[u8], outputs: Vec<Output>) -> Result<JsValue, JsValue> {
    object(&Proved {
        proof: proof.into(),
        outputs: records(outputs),
    })
}

fn records(outputs: Vec<Output>) -> Vec<OutputRecord> {
    outputs
        .into_iter()
        .map(|output| OutputRecord {
            name: output.name,
            shape: output.shape,
            values: output.values.as_slice().into(),
            integers: integers(&output.integers),
        })
        .collect()
}

/// An `Int32Array`, or an array of numbers where one does not fit, as in a verdict.
fn integers(integers: &[i64]) -> JsValue {
    let narrow: Result<Vec<i32>, _> = integers.iter().copied().map(i32::try_from).collect();
    match narrow {
        Ok(narrow) => Int32Array::from(narrow.as_slice()).into(),
        Err(_) => integers
            .iter()
            .map(|integer| JsValue::from_f64(*integer as f64))
            .collect::<Array>()
            .into(),
    }
}

fn object<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, JsValue> {
    Ok(value.serialize(&serde_wasm_bindgen::Serializer::new())?)
}
