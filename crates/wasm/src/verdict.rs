//! Answers as plain objects.

use alloc::string::ToString;
use alloc::vec::Vec;

use js_sys::{Array, Int32Array, Object};
use tensorseal_protocol::program::Program;
use tensorseal_protocol::srs::SetupOrigin;
use tensorseal_protocol::{OpenedTensor, Verdict, VerifyError};
use wasm_bindgen::JsValue;

use crate::record::Record;

/// `{ ok: true, code: "ok", model, setup, development, inferences, public, committed, opened, millerLoops }`.
pub(crate) fn accepted(program: &Program, verdict: &Verdict, opened: &[OpenedTensor]) -> Object {
    let committed: Array = verdict
        .committed
        .iter()
        .map(|tensor| {
            Record::new()
                .with("tensor", *tensor)
                .with("role", program.role(*tensor))
                .finish()
        })
        .collect();
    let opened: Array = opened
        .iter()
        .map(|opened| {
            tensor((program, 1), opened.tensor, &opened.values)
                .with("inference", opened.inference)
                .finish()
        })
        .collect();
    let public: Array = verdict
        .public
        .iter()
        .filter_map(|public| Some((u32::try_from(public.tensor()).ok()?, public.values())))
        .map(|(index, values)| tensor((program, verdict.inferences), index, values).finish())
        .collect();
    Record::new()
        .with("ok", true)
        .with("code", "ok")
        .with("model", verdict.model.to_string())
        .with("setup", verdict.setup.name())
        .with("development", verdict.setup == SetupOrigin::Development)
        .with("inferences", verdict.inferences)
        .with("public", public)
        .with("committed", committed)
        .with("opened", opened)
        .with("millerLoops", number(verdict.miller_loops))
        .finish()
}

/// `{ ok: false, code, reason }`.
pub(crate) fn rejected(error: &VerifyError) -> Object {
    refused(error.code(), &error.to_string())
}

/// `{ ok: false, code, reason }`.
pub(crate) fn refused(code: &str, reason: &str) -> Object {
    Record::new()
        .with("ok", false)
        .with("code", code)
        .with("reason", reason)
        .finish()
}

/// `{ tensor, role, shape, values }`, values row-major over the shape, of many inferences their number first and the channels last.
fn tensor((program, inferences): (&Program, u32), index: u32, integers: &[i64]) -> Record {
    let own = usize::try_from(index)
        .ok()
        .and_then(|index| program.tensors().get(index))
        .into_iter()
        .flat_map(|tensor| tensor.positions.iter().chain([&tensor.channels]));
    let batch = (inferences > 1).then_some(&inferences);
    let shape: Array = batch
        .into_iter()
        .chain(own)
        .map(|length| JsValue::from(*length))
        .collect();
    Record::new()
        .with("tensor", index)
        .with("role", program.role(index))
        .with("shape", shape)
        .with("values", values(integers))
}

/// An `Int32Array`, or an array of numbers where one does not fit, as outputs of large tables may not.
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
