//! The typed float graph: what an ONNX file means, before any quantisation.
//!
//! A static single assignment graph with static shapes. Everything that ONNX leaves open is closed here: defaults are filled in,
//! automatic pads are explicit, axes are non-negative, differences between opsets are gone, what depends on constants alone has been
//! executed, and aliases (`Identity`, `Dropout` at inference) have vanished.
//!
//! | module | what it holds |
//! |---|---|
//! | [`operation`](Operation) | what a node computes, with all its attributes |
//! | [`activation`](Activation) | functions of a single value |
//! | [`window`](WindowAxis) | sliding windows of convolutions and pools |
//! | [`tensor`](Tensor) | constants and the interpreter's values |
//! | `shape`, `element_type` | what results look like, from what operands look like |

mod activation;
mod element_type;
mod operation;
mod shape;
mod tensor;
mod window;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

pub use activation::Activation;
pub use operation::{
    ArgMax, Binary, Comparison, Gemm, LocalResponse, Logic, Operation, QuantizedAxis, Reduction,
    SliceAxis, Softmax, Unary,
};
pub use shape::{broadcast, elements, extent};
pub use tensor::{ElementType, Elements, Tensor};
pub use window::{Convolution, WindowAxis};

use crate::integer::PostProcessing;

/// A network on real numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatGraph {
    /// Every activation: what depends on an input. An index into this list is what nodes read and make.
    pub values: Vec<TensorType>,
    /// The inputs in the order of the file: 32-bit floats, or 32- or 64-bit integers.
    pub inputs: Vec<usize>,
    /// The outputs in the order of the file, before post-processing.
    pub outputs: Vec<Output>,
    /// The nodes; each reads only inputs and what nodes before it make.
    pub nodes: Vec<Node>,
    /// Whether the ONNX file left the batch axis of an input open; it was taken as 1.
    pub dynamic_batch: bool,
    /// The final operators outside a proof, in order. Only a graph with a single output has any.
    pub post_processing: Vec<PostProcessing>,
}

/// An output of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The value.
    pub value: usize,
    /// Its name in the file, which is not the value's where the output is another tensor under a second name.
    pub name: String,
}

/// Name, shape and element type of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorType {
    /// Its ONNX name.
    pub name: String,
    /// Its shape, with the batch axis if the file has one.
    pub shape: Vec<usize>,
    /// The type of its elements.
    pub element_type: ElementType,
}

/// One application of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Name of the ONNX node.
    pub name: String,
    /// The ONNX operator.
    pub operator: String,
    /// What it reads, in the operator's order.
    pub inputs: Vec<Operand>,
    /// The values it makes.
    pub outputs: Vec<usize>,
    /// What it computes.
    pub operation: Operation,
}

/// What a node reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// An activation, by its index in [`FloatGraph::values`].
    Value(usize),
    /// A constant, which nodes share.
    Constant(Arc<Tensor>),
}

impl TensorType {
    /// Number of elements.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Operand {
    /// The constant, `None` for an activation.
    #[must_use]
    pub fn constant(&self) -> Option<&Arc<Tensor>> {
        match self {
            Self::Constant(tensor) => Some(tensor),
            Self::Value(_) => None,
        }
    }

    /// The activation's index, `None` for a constant.
    #[must_use]
    pub fn value(&self) -> Option<usize> {
        match self {
            Self::Constant(_) => None,
            Self::Value(index) => Some(*index),
        }
    }
}

impl FloatGraph {
    /// The shape of an operand of this graph.
    ///
    /// # Panics
    ///
    /// When the graph has no such value.
    #[must_use]
    pub fn shape<'a>(&'a self, operand: &'a Operand) -> &'a [usize] {
        match operand {
            Operand::Value(index) => &self.values[*index].shape,
            Operand::Constant(tensor) => tensor.shape(),
        }
    }

    /// Name, shape and type of input number `index`.
    ///
    /// # Panics
    ///
    /// When the graph has fewer inputs.
    #[must_use]
    pub fn input(&self, index: usize) -> &TensorType {
        &self.values[self.inputs[index]]
    }

    /// Name, shape and type of output number `index`, under its name in the file.
    ///
    /// # Panics
    ///
    /// When the graph has fewer outputs.
    #[must_use]
    pub fn output(&self, index: usize) -> TensorType {
        let output = &self.outputs[index];
        TensorType {
            name: output.name.clone(),
            ..self.values[output.value].clone()
        }
    }
}
