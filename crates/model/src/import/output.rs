//! Final operators, which stay outside a proof: `Softmax`, `LogSoftmax`, `ArgMax`.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::ImportError;
use super::importer::{Activation, Final, Importer, Value};
use super::node_view::NodeView;
use crate::integer::PostProcessing;

pub(super) fn softmax(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    normalised(importer, node, PostProcessing::Softmax)
}

pub(super) fn log_softmax(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    normalised(importer, node, PostProcessing::LogSoftmax)
}

fn normalised(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    step: PostProcessing,
) -> Result<Value, ImportError> {
    node.check(1..=1, &["axis"])?;
    let logits = importer.activation(node, 0)?;
    // Since opset 13 the axis alone counts, before it every axis from there on.
    let axis = node.int("axis", if node.since(13) { -1 } else { 1 })?;
    let index = node.axis(axis, &logits.shape, !node.since(13))?;
    let size = if node.since(13) {
        logits.shape[index]
    } else {
        logits.shape[index..].iter().product()
    };
    if size != logits.channels() {
        return Err(ImportError::Axis {
            place: node.place(),
            axis,
            shape: logits.shape,
        });
    }
    let shape = logits.shape.clone();
    Ok(finished(node, logits, shape, step))
}

pub(super) fn arg_max(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(1..=1, &["axis", "keepdims", "select_last_index"])?;
    node.require("select_last_index", 0, 0, "0, the first of several largest")?;
    let value = importer.any(node, 0)?;
    let shape = match &value {
        Value::Constant(_) => {
            return Err(ImportError::Constant {
                place: node.place(),
                tensor: node.input(0).to_string(),
            });
        }
        Value::Activation(activation) => &activation.shape,
        Value::Final(last) => &last.shape,
    };
    let axis = node.int("axis", 0)?;
    let index = node.axis(axis, shape, false)?;
    if shape[index] != shape.iter().product::<usize>() {
        return Err(ImportError::Axis {
            place: node.place(),
            axis,
            shape: shape.clone(),
        });
    }
    let mut reduced = shape.clone();
    if node.int("keepdims", 1)? == 0 {
        reduced.remove(index);
    } else {
        reduced[index] = 1;
    }
    match value {
        Value::Final(mut last) => {
            // One ArgMax ends it: a second would be of a single index.
            if last.steps.contains(&PostProcessing::ArgMax) {
                return Err(ImportError::NotFinal {
                    place: node.place(),
                    previous: PostProcessing::ArgMax.operator(),
                });
            }
            last.steps.push(PostProcessing::ArgMax);
            last.shape = reduced;
            Ok(Value::Final(last))
        }
        Value::Activation(logits) => Ok(finished(node, logits, reduced, PostProcessing::ArgMax)),
        Value::Constant(_) => Err(node.not_constant(0)),
    }
}

fn finished(
    node: &NodeView<'_, '_>,
    logits: Activation,
    shape: Vec<usize>,
    step: PostProcessing,
) -> Value {
    let steps = alloc::vec![step];
    Value::Final(Final {
        logits,
        logits_name: node.input(0).to_string(),
        shape,
        steps,
    })
}
