//! What changes nothing at inference: `Identity`, `Dropout`, `Cast` to the same type; and `Constant`.

use alloc::string::ToString;
use alloc::vec;

use super::ImportError;
use super::constant::{Constant, Elements};
use super::importer::{Importer, Value};
use super::node_view::NodeView;

pub(super) fn identity(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(1..=1, &[])?;
    importer.any(node, 0)
}

/// `Dropout` does nothing at inference. Its mask is not imported: a node that reads it fails as reading an unknown tensor.
pub(super) fn dropout(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check_inputs(1..=3, &["ratio", "seed"])?;
    if let Some(training) = importer.known_if_any(node, 2)?
        && training.as_ints() != Some(&[0])
    {
        let (place, supported) = (node.place(), "false, inference");
        return Err(ImportError::AttributeValue {
            place,
            attribute: "training_mode",
            value: "true".into(),
            supported,
        });
    }
    importer.operand(node, 0)
}

pub(super) fn cast(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    const FLOAT32: i64 = 1;
    const INT32: i64 = 6;
    const INT64: i64 = 7;
    // `saturate` concerns 8-bit floats only.
    node.check(1..=1, &["to", "saturate"])?;
    let to = node.int("to", 0)?;
    let unsupported = |supported| ImportError::AttributeValue {
        place: node.place(),
        attribute: "to",
        value: to.to_string(),
        supported,
    };
    let constant = match importer.operand(node, 0)? {
        Value::Constant(constant) => constant,
        value if to == FLOAT32 => return Ok(value),
        _ => return Err(unsupported("float32 (1) for what depends on the input")),
    };
    let elements = match (to, &constant.elements) {
        (FLOAT32, Elements::Floats(values)) => Elements::Floats(values.clone()),
        (FLOAT32, Elements::Ints(values)) => {
            Elements::Floats(values.iter().map(|&value| value as f32).collect())
        }
        (INT32 | INT64, Elements::Ints(values)) => Elements::Ints(values.clone()),
        // The cast of a float truncates, as ONNX says, and saturates where ONNX leaves the result open.
        (INT64, Elements::Floats(values)) => {
            Elements::Ints(values.iter().map(|&value| value as i64).collect())
        }
        _ => return Err(unsupported("float32 (1) or int64 (7) for constants")),
    };
    importer.constant(
        node,
        Constant {
            shape: constant.shape.clone(),
            elements,
        },
    )
}

pub(super) fn constant(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(
        0..=0,
        &[
            "value",
            "value_float",
            "value_floats",
            "value_int",
            "value_ints",
        ],
    )?;
    let mut found = None;
    if let Some(tensor) = node.tensor("value")? {
        found = Some(Constant::read(tensor, node.output())?);
    }
    if let Some(values) = node.floats("value_floats")? {
        found = Some(Constant {
            shape: vec![values.len()],
            elements: Elements::Floats(values.to_vec()),
        });
    }
    if let Some(values) = node.ints("value_ints")? {
        found = Some(Constant::ints(values.to_vec()));
    }
    if node.has("value_float") {
        found = Some(Constant {
            shape: vec![],
            elements: Elements::Floats(vec![node.float("value_float", 0.0)?]),
        });
    }
    if node.has("value_int") {
        found = Some(Constant {
            shape: vec![],
            elements: Elements::Ints(vec![node.int("value_int", 0)?]),
        });
    }
    let constant = found
        .ok_or_else(|| node.attribute_type("value", "a tensor, a number or a list of numbers"))?;
    if constant
        .as_floats()
        .is_some_and(|values| !values.iter().all(|value| value.is_finite()))
    {
        return Err(ImportError::NotFinite {
            tensor: node.output().to_string(),
        });
    }
    importer.constant(node, constant)
}
