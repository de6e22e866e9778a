//! A value of the float graph while it is lowered.

use alloc::vec::Vec;

use super::expression::Expression;
use super::layout::Layout;
use crate::graph::Node;

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
}
