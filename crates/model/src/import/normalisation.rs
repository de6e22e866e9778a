//! Normalisations, and the operators that are left outside a proof when they come last.

use alloc::vec;
use alloc::vec::Vec;

use super::ImportError;
use super::importer::Importer;
use super::node_view::NodeView;
use crate::graph::{ArgMax, LocalResponse, Operand, Operation, Softmax};

type Imported = Result<Vec<Operand>, ImportError>;

/// `BatchNormalization` at inference. Its running statistics are not imported: a node that reads them fails as reading an unknown tensor.
pub(super) fn batch_normalization(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Imported {
    let attributes: &[&str] = if node.since(14) {
        &["epsilon", "momentum", "training_mode"]
    } else if node.since(9) {
        &["epsilon", "momentum"]
    } else {
        &["epsilon", "momentum", "spatial"]
    };
    node.check(5..=5, attributes)?;
    node.require("training_mode", 0, 0, "training_mode = 0, inference")?;
    node.require("spatial", 1, 1, "spatial = 1, statistics per channel")?;
    let operation = Operation::BatchNormalization {
        epsilon: node.float("epsilon", 1e-5)?,
    };
    let operands = importer.operands(node)?;
    importer.single(node, operation, operands)
}

pub(super) fn lrn(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=1, &["alpha", "beta", "bias", "size"])?;
    let size = usize::try_from(node.int("size", 0)?).ok();
    let size = size.filter(|size| (1..=1 << 20).contains(size));
    let lrn = LocalResponse {
        alpha: node.float("alpha", 1e-4)?,
        beta: node.float("beta", 0.75)?,
        bias: node.float("bias", 1.0)?,
        size: size.ok_or_else(|| node.attribute_type("size", "a positive integer"))?,
    };
    let operands = importer.operands(node)?;
    importer.single(node, Operation::LocalResponse(lrn), operands)
}

pub(super) fn softmax(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=1, &["axis"])?;
    let x = importer.operand(node, 0)?;
    let shape = importer.shape(&x);
    // Since opset 13 the axis alone counts, before it every axis from there on.
    let axis = node.int("axis", if node.since(13) { -1 } else { 1 })?;
    let first = node.axis(axis, shape, !node.since(13))?;
    let softmax = Softmax {
        first,
        end: if node.since(13) {
            first + 1
        } else {
            shape.len()
        },
        logarithm: node.operator() == "LogSoftmax",
    };
    importer.single(node, Operation::Softmax(softmax), vec![x])
}

pub(super) fn arg_max(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let attributes: &[&str] = if node.since(12) {
        &["axis", "keepdims", "select_last_index"]
    } else {
        &["axis", "keepdims"]
    };
    node.check(1..=1, attributes)?;
    let x = importer.operand(node, 0)?;
    let arg_max = ArgMax {
        axis: node.axis(node.int("axis", 0)?, importer.shape(&x), false)?,
        keep_dims: node.flag("keepdims", true)?,
        last: node.flag("select_last_index", false)?,
    };
    importer.single(node, Operation::ArgMax(arg_max), vec![x])
}
