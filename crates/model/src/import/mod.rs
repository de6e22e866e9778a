//! Import: ONNX nodes become the float graph.
//!
//! Nodes are visited once, in the file's order. Each tensor name stands for a constant, for an activation (with its ONNX shape, though
//! its data are a flat vector of channels), or for what a final Softmax, LogSoftmax or ArgMax makes of one. Operators on constants are
//! executed on the spot; shapes are static, so `Shape` of an activation is a constant too.

mod activation;
mod arithmetic;
mod constant;
mod elementwise;
mod error;
mod gemm;
mod identity;
mod importer;
mod input;
mod matmul;
mod node_view;
mod normalisation;
mod output;
mod reshape;
mod shape;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub use error::{ImportError, Place};

use crate::graph::{FloatGraph, Node, TensorType};
use crate::onnx::{Graph, Model};
use importer::{Importer, Value};
use input::{data_inputs, input};
use node_view::NodeView;

/// Oldest version of the standard operators that is supported.
pub const OLDEST_OPERATOR_SET: i64 = 11;
/// Newest version of the standard operators that is supported.
pub const NEWEST_OPERATOR_SET: i64 = 21;
/// The most channels of one tensor.
pub const MAX_CHANNELS: usize = 1 << 20;

/// Imports the node: binds its output tensor to a value.
type Handler = fn(&mut Importer<'_>, &NodeView<'_, '_>) -> Result<Value, ImportError>;

/// Every supported operator, in alphabetic order.
const OPERATORS: &[(&str, Handler)] = &[
    ("Add", elementwise::add),
    ("ArgMax", output::arg_max),
    ("BatchNormalization", normalisation::batch_normalization),
    ("Cast", identity::cast),
    ("Clip", activation::clip),
    ("Concat", shape::concat),
    ("Constant", identity::constant),
    ("Div", elementwise::div),
    ("Dropout", identity::dropout),
    ("Flatten", reshape::flatten),
    ("Gather", shape::gather),
    ("Gemm", gemm::gemm),
    ("Identity", identity::identity),
    ("LeakyRelu", activation::leaky_relu),
    ("LogSoftmax", output::log_softmax),
    ("MatMul", matmul::matmul),
    ("Mul", elementwise::mul),
    ("Relu", activation::relu),
    ("Reshape", reshape::reshape),
    ("Shape", shape::shape),
    ("Sigmoid", activation::sigmoid),
    ("Softmax", output::softmax),
    ("Squeeze", reshape::squeeze),
    ("Sub", elementwise::sub),
    ("Tanh", activation::tanh),
    ("Transpose", reshape::transpose),
    ("Unsqueeze", reshape::unsqueeze),
];

/// The names of every supported operator, in alphabetic order.
#[must_use]
pub fn supported_operators() -> Vec<&'static str> {
    OPERATORS.iter().map(|(name, _)| *name).collect()
}

impl FloatGraph {
    /// Imports an ONNX file.
    ///
    /// # Errors
    /// An [`ImportError`] that names the tensor or the node and its operator.
    pub fn from_onnx(bytes: &[u8]) -> Result<Self, ImportError> {
        let model = Model::parse(bytes)?;
        let operator_set = operator_set(&model)?;
        let graph = &model.graph;
        let mut importer = Importer::new(operator_set, bytes.len());
        for tensor in &graph.initializers {
            importer.initializer(tensor)?;
        }
        let (input, dynamic_batch) = input(graph)?;
        let name = if let [output] = graph.outputs.as_slice() {
            output.name
        } else {
            return output_count(graph);
        };
        importer.input(data_inputs(graph), &input)?;
        for node in &graph.nodes {
            import_node(&mut importer, &NodeView::new(node, operator_set))?;
        }
        let value = importer
            .value(name)
            .ok_or_else(|| ImportError::OutputSource {
                tensor: name.to_string(),
            })?;
        let (activation, output_name, post_processing) = match value {
            Value::Constant(_) => {
                return Err(ImportError::OutputSource {
                    tensor: name.to_string(),
                });
            }
            Value::Activation(activation) => (activation, name.to_string(), Vec::new()),
            Value::Final(last) => (last.logits, last.logits_name, last.steps),
        };
        let channels = activation.shape.iter().product();
        let output = TensorType {
            name: output_name,
            shape: activation.shape,
            channels,
        };
        let nodes = importer.chain_to(activation.tensor);
        Ok(Self {
            input,
            output,
            dynamic_batch,
            nodes,
            post_processing,
        })
    }
}

fn output_count<T>(graph: &Graph<'_>) -> Result<T, ImportError> {
    Err(ImportError::OutputCount {
        names: graph
            .outputs
            .iter()
            .map(|output| output.name.to_string())
            .collect(),
    })
}

fn import_node<'a>(
    importer: &mut Importer<'a>,
    node: &NodeView<'_, 'a>,
) -> Result<(), ImportError> {
    let handler = OPERATORS
        .iter()
        .find(|(name, _)| *name == node.operator() && node.is_standard());
    let (_, handler) = handler.ok_or_else(|| ImportError::Operator {
        place: node.place(),
        domain: if node.is_standard() {
            String::from("ai.onnx")
        } else {
            node.domain().to_string()
        },
        supported: supported_operators(),
    })?;
    let value = handler(importer, node)?;
    importer.bind(node, value)
}

/// The version of the standard operators.
fn operator_set(model: &Model<'_>) -> Result<i64, ImportError> {
    let standard = model
        .operator_sets
        .iter()
        .filter(|set| matches!(set.domain, "" | "ai.onnx"));
    let mut versions: Vec<i64> = standard.map(|set| set.version).collect();
    versions.sort_unstable();
    versions.dedup();
    let (oldest, newest) = (OLDEST_OPERATOR_SET, NEWEST_OPERATOR_SET);
    match versions.as_slice() {
        [version] if (oldest..=newest).contains(version) => Ok(*version),
        [found] => Err(ImportError::OperatorSet {
            found: *found,
            oldest,
            newest,
        }),
        _ => Err(ImportError::OperatorSetCount {
            found: versions.len(),
        }),
    }
}

/// The number of channels of a shape, when it is in `1..=MAX_CHANNELS` and the rank is at most 8.
fn channels(shape: &[usize]) -> Option<usize> {
    let product = shape
        .iter()
        .try_fold(1usize, |product, &size| product.checked_mul(size))?;
    (shape.len() <= 8 && (1..=MAX_CHANNELS).contains(&product)).then_some(product)
}

/// A graph node waiting for its place in the chain.
struct Draft {
    input: usize,
    node: Node,
}
