//! Answers as plain objects.

use js_sys::{Array, Int32Array, Object};
use tensorseal_protocol::program::Program;
use tensorseal_protocol::srs::SetupOrigin;
use tensorseal_protocol::{PublicTensor, Verdict, VerifyError};
use wasm_bindgen::JsValue;

use crate::record::Record;

/// `{ ok: true, code: "ok", model, setup, development, inferences, public, millerLoops }`.
pub(crate) fn accepted(program: &Program, verdict: &Verdict) -> Object {
    let public: Array = verdict
        .public
        .iter()
        .map(|tensor| public_tensor((program, verdict.inferences), tensor))
        .collect();
    Record::new()
        .with("ok", true)
        .with("code", "ok")
        .with("model", verdict.model.to_string())
        .with("setup", verdict.setup.name())
        .with("development", verdict.setup == SetupOrigin::Development)
        .with("inferences", verdict.inferences)
        .with("public", public)
        .with("millerLoops", number(verdict.miller_loops))
        .finish()
}

/// `{ ok: false, code, reason }`.
pub(crate) fn rejected(error: &VerifyError) -> Object {
    Record::new()
        .with("ok", false)
        .with("code", error.code())
        .with("reason", error.to_string())
        .finish()
}

/// `{ tensor, role, shape, values }`, values row-major over the shape, of many inferences their number first and the channels last.
fn public_tensor((program, inferences): (&Program, u32), public: &PublicTensor) -> Object {
    let index = public.tensor();
    let input = program
        .inputs()
        .iter()
        .any(|tensor| usize::try_from(*tensor) == Ok(index));
    let own = program
        .tensors()
        .get(index)
        .into_iter()
        .flat_map(|tensor| tensor.positions.iter().chain([&tensor.channels]));
    let batch = (inferences > 1).then_some(&inferences);
    let shape: Array = batch
        .into_iter()
        .chain(own)
        .map(|length| JsValue::from(*length))
        .collect();
    Record::new()
        .with("tensor", number(index))
        .with("role", if input { "input" } else { "output" })
        .with("shape", shape)
        .with("values", values(public.values()))
        .finish()
}

/// An `Int32Array`, as every table output fits; if one ever did not, an array of numbers.
fn values(values: &[i64]) -> JsValue {
    let narrow: Result<Vec<i32>, _> = values.iter().map(|value| i32::try_from(*value)).collect();
    match narrow {
        Ok(narrow) => Int32Array::from(narrow.as_slice()).into(),
        Err(_) => values
            .iter()
            .map(|value| JsValue::from_f64(*value as f64))
            .collect::<Array>()
            .into(),
    }
}

/// A count, which is always far below 2^53.
pub(crate) fn number(count: usize) -> JsValue {
    JsValue::from_f64(count as f64)
}
