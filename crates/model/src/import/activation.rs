//! Activation functions: `Relu`, `LeakyRelu`, `Clip`, `Sigmoid`, `Tanh`.

use alloc::string::ToString;

use super::ImportError;
use super::importer::{Importer, Value};
use super::node_view::NodeView;
use crate::graph::{Activation, Operation};

pub(super) fn relu(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    unary(importer, node, Activation::Relu)
}

pub(super) fn sigmoid(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    unary(importer, node, Activation::Sigmoid)
}

pub(super) fn tanh(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    unary(importer, node, Activation::Tanh)
}

pub(super) fn leaky_relu(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(1..=1, &["alpha"])?;
    push(
        importer,
        node,
        Activation::LeakyRelu {
            alpha: node.float("alpha", 0.01)?,
        },
    )
}

/// `Clip` takes its bounds as optional scalar inputs since opset 11.
pub(super) fn clip(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(1..=3, &[])?;
    let min = bound(importer, node, 1)?;
    let max = bound(importer, node, 2)?;
    match (min, max) {
        (None, None) => importer.operand(node, 0),
        (Some(0.0), None) => push(importer, node, Activation::Relu),
        (min, max) => {
            let (min, max) = (
                min.unwrap_or(f32::NEG_INFINITY),
                max.unwrap_or(f32::INFINITY),
            );
            if min > max {
                let (place, value) = (node.place(), min.to_string());
                return Err(ImportError::AttributeValue {
                    place,
                    attribute: "min",
                    value,
                    supported: "at most max",
                });
            }
            push(importer, node, Activation::Clip { min, max })
        }
    }
}

fn bound(
    importer: &Importer<'_>,
    node: &NodeView<'_, '_>,
    index: usize,
) -> Result<Option<f32>, ImportError> {
    let Some(constant) = importer.known_if_any(node, index)? else {
        return Ok(None);
    };
    match constant.as_floats() {
        Some(&[value]) => Ok(Some(value)),
        _ => Err(node.constant_type(index, "one float32 number")),
    }
}

fn unary(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    activation: Activation,
) -> Result<Value, ImportError> {
    node.check(1..=1, &[])?;
    push(importer, node, activation)
}

fn push(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    activation: Activation,
) -> Result<Value, ImportError> {
    let input = importer.activation(node, 0)?;
    importer.push(
        node,
        &input,
        input.shape.clone(),
        Operation::Activation(activation),
    )
}
