//! The float interpreter: the reference that quantisation is measured against, and what executes constants at import.
//!
//! Tensors are `f32` as in ONNX; sums of products run in `f64`, so results do not depend on the order of summation to any digit that
//! matters, and that order is fixed anyway. Operators on quantised tensors use exact integers and onnxruntime's one multiplication in
//! `f32`.

mod apply;
mod convolution;
mod elementwise;
mod index;
mod moves;
mod normalise;
mod pool;
mod product;
mod quantised;
mod reduce;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::graph::{Elements, FloatGraph, Node, Operand, Tensor};

/// Why an operation has no result for its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The operands' number, shapes or element types are not the operation's.
    #[error("the operands' number, shapes or element types are not the operation's")]
    Operands,
    /// An integer overflowed or was divided by zero.
    #[error("an integer overflows or is divided by zero")]
    Arithmetic,
    /// An index is out of range.
    #[error("an index is out of range")]
    Index,
}

/// An input that the float graph cannot evaluate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FloatError {
    /// Another number of tensors was given than the network has inputs.
    #[error(
        "the network has {expected} inputs but {actual} tensors were given; pass one per input"
    )]
    InputCount {
        /// Inputs of the network.
        expected: usize,
        /// Tensors given.
        actual: usize,
    },
    /// The input has another number of values than the tensor has elements.
    #[error(
        "input tensor {tensor:?} has {expected} values but {actual} were given; pass one value per element"
    )]
    InputLength {
        /// Name of the tensor.
        tensor: String,
        /// Elements of the tensor.
        expected: usize,
        /// Values given.
        actual: usize,
    },
    /// An input value is NaN or infinite.
    #[error("input tensor {tensor:?} is not finite at element {element}; pass finite numbers")]
    InputNotFinite {
        /// Name of the tensor.
        tensor: String,
        /// The element.
        element: usize,
    },
    /// An input of integers has a value that is none.
    #[error(
        "input tensor {tensor:?} is no integer of its type at element {element}; pass whole numbers"
    )]
    InputNotInteger {
        /// Name of the tensor.
        tensor: String,
        /// The element.
        element: usize,
    },
    /// A value overflowed to infinity or became NaN.
    #[error(
        "node {node:?} ({operator}) gives a value that is not finite; check the weights and the input"
    )]
    NotFinite {
        /// The node.
        node: String,
        /// Its operator.
        operator: String,
    },
    /// A node cannot be computed on what it reads.
    #[error("node {node:?} ({operator}) cannot be computed: {source}; check the input")]
    Node {
        /// The node.
        node: String,
        /// Its operator.
        operator: String,
        /// Why.
        source: ApplyError,
    },
}

impl FloatGraph {
    /// The output tensors for input tensors in row-major order, before post-processing.
    ///
    /// # Errors
    /// When a length is wrong or a value is not finite.
    pub fn run(&self, inputs: &[&[f32]]) -> Result<Vec<Tensor>, FloatError> {
        let mut values = self.evaluate(inputs, &self.last_uses())?;
        let outputs = self.outputs.iter().enumerate();
        let taken = outputs.map(|(index, output)| {
            let again = self.outputs[index + 1..]
                .iter()
                .any(|other| other.value == output.value);
            let slot = values.get_mut(output.value)?;
            if again { slot.clone() } else { slot.take() }
        });
        // An output that nothing makes is not a graph that the importer builds.
        Ok(taken.flatten().collect())
    }

    /// Every value of the graph, in the order of [`FloatGraph::values`], for input tensors in row-major order.
    ///
    /// # Errors
    /// When a length is wrong or a value is not finite.
    pub fn run_all(&self, inputs: &[&[f32]]) -> Result<Vec<Tensor>, FloatError> {
        let keep = vec![usize::MAX; self.values.len()];
        let values = self.evaluate(inputs, &keep)?;
        Ok(values.into_iter().flatten().collect())
    }

    /// Evaluates the graph and drops each value after the node `last_uses` says.
    fn evaluate(
        &self,
        inputs: &[&[f32]],
        last_uses: &[usize],
    ) -> Result<Vec<Option<Tensor>>, FloatError> {
        let mut values: Vec<Option<Tensor>> = vec![None; self.values.len()];
        if inputs.len() != self.inputs.len() {
            return Err(FloatError::InputCount {
                expected: self.inputs.len(),
                actual: inputs.len(),
            });
        }
        for (&index, input) in self.inputs.iter().zip(inputs) {
            values[index] = Some(self.bind(index, input)?);
        }
        for (position, node) in self.nodes.iter().enumerate() {
            let results = self.execute(node, &values)?;
            for (&index, result) in node.outputs.iter().zip(results) {
                values[index] = Some(result);
            }
            for index in node.inputs.iter().filter_map(Operand::value) {
                if last_uses[index] == position {
                    values[index] = None;
                }
            }
        }
        Ok(values)
    }

    fn bind(&self, index: usize, values: &[f32]) -> Result<Tensor, FloatError> {
        let info = &self.values[index];
        let tensor = || info.name.clone();
        // Some functions swallow NaN, so it is caught before them.
        if let Some(element) = values.iter().position(|value| !value.is_finite()) {
            return Err(FloatError::InputNotFinite {
                tensor: tensor(),
                element,
            });
        }
        let bound = match info.element_type.range() {
            None => Tensor::floats(info.shape.clone(), values.to_vec()),
            Some((low, high)) => {
                // Casts saturate, so what changes is no integer of the type.
                let exact = |value: &f32| *value as i64 as f32 == *value;
                let within = |value: &f32| (low..=high).contains(&(*value as i64));
                if let Some(element) = values.iter().position(|x| !exact(x) || !within(x)) {
                    return Err(FloatError::InputNotInteger {
                        tensor: tensor(),
                        element,
                    });
                }
                let integers = values.iter().map(|value| *value as i64).collect();
                let shape = info.shape.clone();
                Tensor::new(info.element_type, shape, Elements::Ints(integers))
            }
        };
        bound.ok_or_else(|| FloatError::InputLength {
            tensor: tensor(),
            expected: info.elements(),
            actual: values.len(),
        })
    }

    fn execute(&self, node: &Node, values: &[Option<Tensor>]) -> Result<Vec<Tensor>, FloatError> {
        let failed = |source| FloatError::Node {
            node: node.name.clone(),
            operator: node.operator.clone(),
            source,
        };
        let operands: Option<Vec<&Tensor>> = node
            .inputs
            .iter()
            .map(|operand| match operand {
                Operand::Value(index) => values[*index].as_ref(),
                Operand::Constant(tensor) => Some(&**tensor),
            })
            .collect();
        let operands = operands.ok_or_else(|| failed(ApplyError::Operands))?;
        let results = node.operation.apply(&operands).map_err(failed)?;
        if results.iter().all(Tensor::is_finite) {
            return Ok(results);
        }
        Err(FloatError::NotFinite {
            node: node.name.clone(),
            operator: node.operator.clone(),
        })
    }

    /// For each value, the position of the last node that reads it; outputs are never dropped.
    fn last_uses(&self) -> Vec<usize> {
        let mut last = vec![usize::MAX; self.values.len()];
        for (position, node) in self.nodes.iter().enumerate() {
            for index in node.inputs.iter().filter_map(Operand::value) {
                last[index] = position;
            }
        }
        for output in &self.outputs {
            last[output.value] = usize::MAX;
        }
        last
    }
}
