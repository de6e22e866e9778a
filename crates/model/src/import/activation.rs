//! Functions of each element.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use super::ImportError;
use super::importer::Importer;
use super::node_view::NodeView;
use crate::graph::{Activation, Binary, Operand, Operation, Unary};

type Imported = Result<Vec<Operand>, ImportError>;

/// The operators without attributes.
pub(super) fn plain(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    // Old versions had an attribute for overwriting the operand.
    let attributes: &[&str] = if node.since(6) {
        &[]
    } else {
        &["consumed_inputs"]
    };
    node.check(1..=1, attributes)?;
    let activation = match node.operator() {
        "Relu" => Activation::Relu,
        "Sigmoid" => Activation::Sigmoid,
        "Tanh" => Activation::Tanh,
        "Softplus" => Activation::Softplus,
        "Softsign" => Activation::Softsign,
        "Erf" => Activation::Erf,
        "HardSwish" => Activation::HardSwish,
        "Mish" => Activation::Mish,
        "Exp" => Activation::Exp,
        "Abs" => Activation::Abs,
        "Sign" => Activation::Sign,
        "Floor" => Activation::Floor,
        "Ceil" => Activation::Ceil,
        _ => Activation::Round,
    };
    apply(importer, node, activation)
}

/// The operators that a proof has no table for.
pub(super) fn unary(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let attributes: &[&str] = if node.since(6) {
        &[]
    } else {
        &["consumed_inputs"]
    };
    node.check(1..=1, attributes)?;
    let unary = match node.operator() {
        "Neg" => Unary::Neg,
        "Sqrt" => Unary::Sqrt,
        "Reciprocal" => Unary::Reciprocal,
        "Log" => Unary::Log,
        _ => Unary::Not,
    };
    let operands = importer.operands(node)?;
    importer.single(node, Operation::Unary(unary), operands)
}

/// `LeakyRelu`, `ThresholdedRelu`, `Elu`, `Celu`: one factor.
pub(super) fn with_alpha(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=1, &["alpha"])?;
    let alpha = |default| node.float("alpha", default);
    let activation = match node.operator() {
        "LeakyRelu" => Activation::LeakyRelu {
            alpha: alpha(0.01)?,
        },
        "ThresholdedRelu" => Activation::ThresholdedRelu { alpha: alpha(1.0)? },
        "Elu" => Activation::Elu { alpha: alpha(1.0)? },
        _ => {
            let alpha = alpha(1.0)?;
            if alpha == 0.0 {
                return Err(node.attribute_value("alpha", alpha.to_string(), "any other number"));
            }
            Activation::Celu { alpha }
        }
    };
    apply(importer, node, activation)
}

pub(super) fn selu(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=1, &["alpha", "gamma"])?;
    let activation = Activation::Selu {
        alpha: node.float("alpha", 1.673_263_2)?,
        gamma: node.float("gamma", 1.050_701)?,
    };
    apply(importer, node, activation)
}

pub(super) fn hard_sigmoid(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=1, &["alpha", "beta"])?;
    let activation = Activation::HardSigmoid {
        alpha: node.float("alpha", 0.2)?,
        beta: node.float("beta", 0.5)?,
    };
    apply(importer, node, activation)
}

pub(super) fn gelu(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=1, &["approximate"])?;
    let activation = match node.text("approximate", "none")? {
        "none" => Activation::Gelu,
        "tanh" => Activation::GeluTanh,
        other => {
            return Err(node.attribute_value("approximate", other.to_string(), "none or tanh"));
        }
    };
    apply(importer, node, activation)
}

/// `Clip` takes its bounds as attributes, and since opset 11 as optional scalar inputs.
pub(super) fn clip(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    if !node.since(11) {
        node.check(1..=1, &["min", "max"])?;
        let bound = |name, default| {
            if node.has(name) {
                node.float(name, default).map(Some)
            } else {
                Ok(None)
            }
        };
        return clipped(importer, node, bound("min", 0.0)?, bound("max", 0.0)?);
    }
    node.check(1..=3, &[])?;
    let x = importer.operand(node, 0)?;
    if importer.element_type(&x).is_float() {
        let (min, max) = (bound(importer, node, 1)?, bound(importer, node, 2)?);
        return clipped(importer, node, min, max);
    }
    let mut clipped = x;
    for (index, binary) in [(1, Binary::Max), (2, Binary::Min)] {
        if let Some(bound) = importer.optional(node, index)? {
            let operands = vec![clipped, bound];
            clipped = importer.apply_one(node, Operation::Binary(binary), operands)?;
        }
    }
    Ok(vec![clipped])
}

fn clipped(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    min: Option<f32>,
    max: Option<f32>,
) -> Imported {
    match (min, max) {
        (None, None) => importer.operand(node, 0).map(|operand| vec![operand]),
        (Some(0.0), None) => apply(importer, node, Activation::Relu),
        (min, max) => {
            let min = min.unwrap_or(f32::NEG_INFINITY);
            // By the definition of ONNX since opset 13, the upper bound wins where they cross.
            let max = max.unwrap_or(f32::INFINITY);
            let min = min.min(max);
            apply(importer, node, Activation::Clip { min, max })
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

fn apply(importer: &mut Importer<'_>, node: &NodeView<'_, '_>, activation: Activation) -> Imported {
    let x = importer.operand(node, 0)?;
    importer.single(node, Operation::Activation(activation), vec![x])
}
