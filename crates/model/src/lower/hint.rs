//! Which layout a value should have, from the first operator after it that cares.
//!
//! Reshapes and transposes on the way are undone, so that a flat input that becomes an image is laid out as that image from the start
//! and nothing needs to move.

use alloc::vec;
use alloc::vec::Vec;

use super::layout::{Atom, Layout};
use crate::graph::{FloatGraph, Node, Operand, Operation};

/// Values that are followed before giving up.
const MAX_FOLLOWED: usize = 64;

/// The layout that the first consumer of `value` with a wish would like; `None` without such a consumer.
pub(super) fn wish(graph: &FloatGraph, value: usize) -> Option<Layout> {
    let shape = &graph.values[value].shape;
    // Each axis stands for itself: atoms of what is followed are parts of the value's own axes.
    let own = Layout::placed(shape, &(0..shape.len()).collect::<Vec<usize>>());
    let mut followed = vec![(value, own)];
    let start = (graph.nodes.iter())
        .position(|node| node.inputs.iter().any(|input| input.value() == Some(value)))?;
    for node in &graph.nodes[start..] {
        for (number, input) in node.inputs.iter().enumerate() {
            let Some((_, seen)) = followed.iter().find(|(v, _)| Some(*v) == input.value()) else {
                continue;
            };
            if let Some(wanted) = demand(graph, node, number) {
                return place(shape, seen, &wanted);
            }
            let next = match &node.operation {
                Operation::Reshape { shape } => seen.reshape(shape),
                Operation::Transpose { permutation } => Some(seen.transpose(permutation)),
                _ => Some(seen.clone()).filter(|seen| {
                    let same = |output: &usize| graph.values[*output].shape == seen.shape();
                    node.outputs.iter().all(same)
                }),
            };
            if let (Some(next), [output]) = (next, node.outputs.as_slice()) {
                followed.push((*output, next));
            }
        }
        if followed.len() > MAX_FOLLOWED {
            return None;
        }
    }
    None
}

/// The layout that a node wants its operand to have, if it does not take any.
fn demand(graph: &FloatGraph, node: &Node, number: usize) -> Option<Layout> {
    let shape = graph.shape(&node.inputs[number]);
    let rank = shape.len();
    match &node.operation {
        Operation::QLinearConv(_) | Operation::QGemm(_) | Operation::QLinearMatMul
            if number > 0 =>
        {
            None
        }
        Operation::Convolution(_)
        | Operation::QLinearConv(_)
        | Operation::ConvolutionTranspose(_)
        | Operation::QLinearGlobalAveragePool
        | Operation::MaxPool { .. }
        | Operation::AveragePool { .. } => Some(Layout::standard(shape, 1, rank.saturating_sub(2))),
        Operation::Gemm(gemm) | Operation::QGemm(gemm) => {
            let transposed = [gemm.transpose_a, gemm.transpose_b];
            let contracted = usize::from((number == 0) != *transposed.get(number)?);
            Some(Layout::standard(shape, contracted, 0))
        }
        Operation::MatMul | Operation::QLinearMatMul if rank > 1 => {
            let contracted = if number == 0 { rank - 1 } else { rank - 2 };
            Some(Layout::standard(shape, contracted, 0))
        }
        // The parts lie as the whole is read.
        Operation::Concat { .. } | Operation::QLinearConcat { .. } if rank > 1 => {
            let whole = wish(graph, node.outputs[0]).and_then(|wish| places(&wish));
            Some(match whole {
                Some(places) => Layout::placed(shape, &places),
                None => Layout::standard(shape, 1, rank - 2),
            })
        }
        Operation::BatchNormalization { .. }
        | Operation::Split { .. }
        | Operation::Slice { .. }
        | Operation::Pad { .. }
        | Operation::Gather { .. }
        | Operation::Reduce { .. }
            if rank > 1 =>
        {
            Some(Layout::standard(shape, 1, rank - 2))
        }
        Operation::Binary(_) => {
            let other = &node.inputs[1 - number.min(1)];
            let broadcast = matches!(other, Operand::Value(_)) && graph.shape(other) != shape;
            (broadcast && rank > 1).then(|| Layout::standard(shape, 1, rank - 2))
        }
        _ => None,
    }
}

/// The layered axis of each ONNX axis, if each has one of its own; an axis of length one is with the channels.
fn places(layout: &Layout) -> Option<Vec<usize>> {
    let axes = 0..layout.shape().len();
    axes.map(|axis| match layout.atoms(axis) {
        [] => Some(0),
        _ => layout.whole(axis),
    })
    .collect()
}

/// The layout of a tensor of `shape` whose parts lie as `wanted` has them; `seen` says which parts those are.
fn place(shape: &[usize], seen: &Layout, wanted: &Layout) -> Option<Layout> {
    let mut parts: Vec<Vec<(usize, Atom)>> = vec![vec![]; shape.len()];
    for axis in 0..seen.shape().len() {
        let mut inner = 1;
        for part in seen.atoms(axis).iter().rev() {
            // The axis is one stretch in what is wanted: its parts are stretches of that.
            if let [whole] = wanted.atoms(axis) {
                let atom = Atom {
                    length: part.length,
                    axis: whole.axis,
                    stride: whole.stride * inner,
                };
                parts[part.axis].push((part.stride, atom));
            }
            inner *= part.length;
        }
    }
    let atoms = |mut parts: Vec<(usize, Atom)>| {
        parts.sort_unstable_by_key(|(stride, _)| core::cmp::Reverse(*stride));
        parts.into_iter().map(|(_, atom)| atom).collect()
    };
    let layout = Layout::new(parts.into_iter().map(atoms).collect());
    (layout.shape() == shape).then_some(layout)
}
