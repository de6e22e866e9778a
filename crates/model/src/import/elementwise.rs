//! Functions of two or more tensors, element by element, with broadcasting.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::ImportError;
use super::importer::Importer;
use super::node_view::NodeView;
use crate::graph::{Binary, Comparison, Logic, Operand, Operation, Tensor};

type Imported = Result<Vec<Operand>, ImportError>;

/// `Add`, `Sub`, `Mul`, `Div`, `Pow`, comparisons and logic.
pub(super) fn binary(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(2..=2, &[])?;
    let operation = match node.operator() {
        "Add" => Operation::Binary(Binary::Add),
        "Sub" => Operation::Binary(Binary::Sub),
        "Mul" => Operation::Binary(Binary::Mul),
        "Div" => Operation::Binary(Binary::Div),
        "Pow" => Operation::Binary(Binary::Pow),
        "Equal" => Operation::Compare(Comparison::Equal),
        "Less" => Operation::Compare(Comparison::Less),
        "LessOrEqual" => Operation::Compare(Comparison::LessOrEqual),
        "Greater" => Operation::Compare(Comparison::Greater),
        "GreaterOrEqual" => Operation::Compare(Comparison::GreaterOrEqual),
        "And" => Operation::Logic(Logic::And),
        "Or" => Operation::Logic(Logic::Or),
        _ => Operation::Logic(Logic::Xor),
    };
    let operands = importer.operands(node)?;
    importer.single(node, operation, operands)
}

/// `Mod`, with the sign of the divisor, or of the dividend where `fmod` is 1.
pub(super) fn modulo(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(2..=2, &["fmod"])?;
    let binary = if node.flag("fmod", false)? {
        Binary::Remainder
    } else {
        Binary::Mod
    };
    let operands = importer.operands(node)?;
    importer.single(node, Operation::Binary(binary), operands)
}

/// `Sum`, `Mean`, `Max`, `Min` of any number of tensors: one after the other.
pub(super) fn variadic(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=usize::MAX, &[])?;
    let binary = match node.operator() {
        "Max" => Binary::Max,
        "Min" => Binary::Min,
        _ => Binary::Add,
    };
    let operands = importer.operands(node)?;
    let count = operands.len();
    let mut operands = operands.into_iter();
    let mut result = importer.operand(node, 0)?;
    operands.next();
    for operand in operands {
        let pair = vec![result, operand];
        result = importer.apply_one(node, Operation::Binary(binary), pair)?;
    }
    if node.operator() == "Mean" {
        let factor = Operand::Constant(Arc::new(Tensor::float(1.0 / count as f32)));
        let pair = vec![result, factor];
        result = importer.apply_one(node, Operation::Binary(Binary::Mul), pair)?;
    }
    Ok(vec![result])
}

pub(super) fn prelu(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(2..=2, &[])?;
    let operands = importer.operands(node)?;
    importer.single(node, Operation::PRelu, operands)
}

/// `Where`: a choice between two tensors.
pub(super) fn select(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(3..=3, &[])?;
    let operands = importer.operands(node)?;
    importer.single(node, Operation::Where, operands)
}
