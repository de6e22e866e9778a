//! Plain JavaScript objects.

use js_sys::{Float32Array, Int32Array, Uint8Array};
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
    integers: Int32Array,
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
        .map(|output| {
            // A table's values have 32 bits.
            let integers: Vec<i32> = output
                .integers
                .iter()
                .map(|integer| *integer as i32)
                .collect();
            OutputRecord {
                name: output.name,
                shape: output.shape,
                values: output.values.as_slice().into(),
                integers: integers.as_slice().into(),
            }
        })
        .collect()
}

fn object<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, JsValue> {
    Ok(value.serialize(&serde_wasm_bindgen::Serializer::new())?)
}
