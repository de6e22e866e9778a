//! What changes nothing at inference: `Identity`, `Dropout`, `Cast` to the same type.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::ImportError;
use super::importer::Importer;
use super::node_view::NodeView;
use crate::graph::{ElementType, Elements, Operand, Operation, Tensor};
use crate::onnx::DataType;

type Imported = Result<Vec<Operand>, ImportError>;

pub(super) fn identity(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=1, &[])?;
    importer.operands(node)
}

/// `Dropout` does nothing at inference, and its mask keeps everything. The ratio does not matter then.
pub(super) fn dropout(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    if node.since(12) {
        node.check_inputs(1..=3, &["seed"])?;
        let training = importer.known_if_any(node, 2)?;
        let infers = training.is_none_or(|training| training.as_ints() == Some(&[0]));
        if !infers
            && importer
                .known_if_any(node, 1)?
                .is_none_or(|ratio| !zero(&ratio))
        {
            return Err(node.attribute_value(
                "training_mode",
                "true".to_string(),
                "false, inference, or a ratio of 0",
            ));
        }
    } else {
        let attributes: &[&str] = if node.since(7) {
            &["ratio"]
        } else {
            &["consumed_inputs", "is_test", "ratio"]
        };
        node.check_inputs(1..=1, attributes)?;
        if !node.since(7) {
            node.require("is_test", 0, 1, "is_test = 1, inference")?;
        }
    }
    let x = importer.operand(node, 0)?;
    // The older mask has no stated value, so it is not imported: a node that reads it fails as reading an unknown tensor.
    if node.output(1).is_empty() || !node.since(12) {
        return Ok(vec![x]);
    }
    let shape = importer.shape(&x).to_vec();
    let count = shape.iter().product();
    importer.charge(node, count)?;
    let mask = Tensor::new(ElementType::Bool, shape, Elements::Ints(vec![1; count]));
    let mask = mask.ok_or_else(|| node.arity(&(1..=3)))?;
    Ok(vec![x, Operand::Constant(Arc::new(mask))])
}

fn zero(ratio: &Tensor) -> bool {
    ratio.as_floats() == Some(&[0.0])
}

pub(super) fn cast(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    const SUPPORTED: &str =
        "float32 (1), float64 (11, computed as float32), bool (9) or an integer of 8 to 64 bits";
    // `saturate` concerns 8-bit floats only.
    node.check(1..=1, &["to", "saturate"])?;
    let code = node.int("to", 0)?;
    let to = DataType::from_code(code).filter(|data_type| *data_type != DataType::Float16);
    let to = to.ok_or_else(|| node.attribute_value("to", code.to_string(), SUPPORTED))?;
    let x = importer.operand(node, 0)?;
    let to = to.element_type();
    if importer.element_type(&x) == to {
        return Ok(vec![x]);
    }
    importer.single(node, Operation::Cast { to }, vec![x])
}
