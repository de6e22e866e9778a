//! A value of the float graph while it is lowered.

use alloc::vec::Vec;

use super::expression::{Expression, at};
use super::layout::Layout;
use crate::graph::Node;
use crate::integer::AxisMap;

/// An expression, and where the elements of the ONNX tensor lie in it.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) layout: Layout,
    pub(super) expression: Expression,
}

impl Value {
    /// Adds a node to the value's origin.
    pub(super) fn noted(mut self, node: &Node) -> Self {
        self.expression.origin.add(&node.name, &node.operator);
        self
    }

    /// The same expression under another layout of the same extent.
    pub(super) fn with_layout(self, layout: Layout) -> Self {
        Self { layout, ..self }
    }

    /// The ONNX shape.
    pub(super) fn shape(&self) -> Vec<usize> {
        self.layout.shape()
    }

    /// What a map along one layered axis reads, `None` where that is no expression without cells of its own.
    pub(super) fn along(&self, axis: usize, map: AxisMap, length: usize) -> Option<Expression> {
        let lengths = &self.expression.lengths;
        let axes = lengths.len().max(axis + 1);
        let mut maps = alloc::vec![AxisMap::IDENTITY; axes];
        let mut output: Vec<usize> = (0..axes).map(|axis| at(lengths, axis)).collect();
        maps[axis] = map;
        output[axis] = length;
        self.expression.view(&maps, &output, 1.0)
    }
}
