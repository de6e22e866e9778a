//! Import: ONNX nodes become the float graph.
//!
//! Nodes are visited once, in the file's order. Each tensor name stands for a constant or for an activation. Operators on constants
//! are executed on the spot by the float interpreter; shapes are static, so `Shape` of an activation is a constant too, and shape
//! arithmetic vanishes. Afterwards activations that exporters take apart are put together again, groups of
//! quantised operators become operators on integers, final operators are split off, and
//! what no output depends on is dropped.
//!
//! One file per family of operators reads their attributes; `operators` is the table.

mod activation;
mod constant;
mod elementwise;
mod error;
mod identity;
mod importer;
mod input;
mod linear;
mod moves;
mod node_view;
mod normalisation;
mod operators;
mod output;
mod pattern;
mod pool;
mod qdq;
mod quantised;
mod reshape;
mod window;

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub use error::{ImportError, Place};

use crate::float::FloatError;
use crate::graph::{FloatGraph, Operand, Output, Tensor};
use crate::onnx::{DataType, Graph, Model};
use importer::Importer;
use input::{data_inputs, input, input_type};
use node_view::NodeView;
use operators::{OPERATORS, nearest};

/// Oldest version of the standard operators that is supported. Operators whose oldest form is not supported have a later one of
/// their own.
pub const OLDEST_OPERATOR_SET: i64 = 1;
/// Newest version of the standard operators that is supported.
pub const NEWEST_OPERATOR_SET: i64 = 21;
/// The most elements of one tensor.
pub const MAX_ELEMENTS: usize = 1 << 24;
/// The most axes of one tensor.
const MAX_RANK: usize = 8;

/// What a file leaves open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportOptions {
    /// Inputs that are constants of this network, by name.
    pub constants: BTreeMap<String, Tensor>,
    /// Values of named dimensions.
    pub dimensions: BTreeMap<String, usize>,
    /// The most elements that constants may have beyond those in the file; by default about as many as the file has bytes.
    pub expanded_elements: Option<usize>,
}

/// A supported operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SupportedOperator {
    /// Its domain, empty for the standard operators.
    pub domain: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The oldest version of its domain's operators that is supported.
    pub since: i64,
    /// What the import refuses, empty where that is nothing.
    pub limits: &'static str,
}

/// Every supported operator, in alphabetic order, the standard ones first.
#[must_use]
pub fn supported_operators() -> Vec<SupportedOperator> {
    OPERATORS
        .iter()
        .map(|operator| SupportedOperator {
            domain: operator.domain,
            name: operator.name,
            since: operator.since,
            limits: operator.limits,
        })
        .collect()
}

impl FloatGraph {
    /// Imports an ONNX file.
    ///
    /// # Errors
    /// An [`ImportError`] that names the tensor or the node and its operator.
    pub fn from_onnx(bytes: &[u8]) -> Result<Self, ImportError> {
        Self::from_onnx_with(bytes, &ImportOptions::default())
    }

    /// Imports an ONNX file, with values for what it leaves open.
    ///
    /// # Errors
    /// An [`ImportError`] that names the tensor or the node and its operator.
    pub fn from_onnx_with(bytes: &[u8], options: &ImportOptions) -> Result<Self, ImportError> {
        let imported = Imported::new(bytes, options)?;
        if imported.outputs.is_empty() {
            return Err(ImportError::OutputCount);
        }
        if imported.graph.inputs.is_empty() {
            return Err(ImportError::InputCount);
        }
        let constant = imported
            .outputs
            .iter()
            .find_map(|(name, operand)| operand.constant().is_some().then(|| name.clone()));
        if let Some(tensor) = constant {
            return Err(ImportError::OutputSource { tensor });
        }
        let mut graph = imported.graph;
        pattern::recognise(&mut graph);
        qdq::fuse(&mut graph);
        output::split_off_final(&mut graph);
        output::prune(&mut graph);
        Ok(graph)
    }
}

/// Why a file cannot be executed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// It cannot be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// It cannot be evaluated on these inputs.
    #[error(transparent)]
    Float(#[from] FloatError),
}

/// Executes an ONNX file to the very end, final operators included, on inputs in its order. Outputs may be of any type, and may be
/// constants.
///
/// # Errors
/// When the file cannot be imported, or evaluated on these inputs.
pub fn execute(
    bytes: &[u8],
    options: &ImportOptions,
    inputs: &[&[f32]],
) -> Result<Vec<Tensor>, ExecuteError> {
    let imported = Imported::new(bytes, options)?;
    let mut graph = imported.graph;
    pattern::recognise(&mut graph);
    qdq::fuse(&mut graph);
    output::prune(&mut graph);
    let mut computed = graph.run(inputs)?.into_iter();
    let outputs = imported
        .outputs
        .iter()
        .map(|(name, operand)| match operand {
            Operand::Constant(tensor) => Ok(Tensor::clone(tensor)),
            Operand::Value(_) => computed.next().ok_or_else(|| {
                let tensor = name.clone();
                ExecuteError::Import(ImportError::OutputSource { tensor })
            }),
        });
    outputs.collect()
}

/// A file's graph as it stands, with every output, and those that are no constants as the graph's.
struct Imported {
    graph: FloatGraph,
    outputs: Vec<(String, Operand)>,
}

impl Imported {
    fn new(bytes: &[u8], options: &ImportOptions) -> Result<Self, ImportError> {
        let model = Model::parse(bytes)?;
        let operator_set = operator_set(&model)?;
        let graph = &model.graph;
        // With room for what small files expand.
        let limit = options
            .expanded_elements
            .unwrap_or(bytes.len().saturating_add(1 << 20));
        let mut importer = Importer::new(limit);
        for tensor in &graph.initializers {
            importer.initializer(tensor)?;
        }
        let dynamic_batch = add_inputs(&mut importer, graph, options)?;
        for node in &graph.nodes {
            import_node(&mut importer, &NodeView::new(node, operator_set))?;
        }
        let outputs = graph.outputs.iter().map(|output| {
            let name = output.name.to_string();
            match importer.named(output.name) {
                Some(operand) => Ok((name, operand.clone())),
                None => Err(ImportError::OutputSource { tensor: name }),
            }
        });
        let outputs = outputs.collect::<Result<Vec<_>, _>>()?;
        let computed = outputs.iter().filter_map(|(name, operand)| {
            Some(Output {
                value: operand.value()?,
                name: name.clone(),
            })
        });
        Ok(Self {
            graph: FloatGraph {
                outputs: computed.collect(),
                values: importer.values,
                inputs: importer.inputs,
                nodes: importer.nodes,
                dynamic_batch,
                post_processing: Vec::new(),
            },
            outputs,
        })
    }
}

/// Binds the inputs, and says whether a batch axis was open.
fn add_inputs<'a>(
    importer: &mut Importer<'a>,
    graph: &Graph<'a>,
    options: &ImportOptions,
) -> Result<bool, ImportError> {
    let inputs = data_inputs(graph);
    let named = |name: &String| inputs.iter().any(|info| info.name == name);
    if let Some(tensor) = options.constants.keys().find(|name| !named(name)) {
        return Err(ImportError::UnknownInput {
            tensor: tensor.clone(),
        });
    }
    let mut dynamic_batch = false;
    for info in inputs {
        if let Some(constant) = options.constants.get(info.name) {
            let declared = DataType::from_code(info.element_type).map(DataType::element_type);
            if declared != Some(constant.element_type()) {
                return Err(ImportError::ConstantInput {
                    tensor: info.name.to_string(),
                    code: info.element_type,
                    found: constant.element_type(),
                });
            }
            importer.constant(info.name, constant.clone())?;
            continue;
        }
        let element_type = input_type(info)?;
        let (shape, open) = input(info, options)?;
        dynamic_batch |= open;
        importer.input(info.name, shape, element_type)?;
    }
    Ok(dynamic_batch)
}

fn import_node<'a>(
    importer: &mut Importer<'a>,
    node: &NodeView<'_, 'a>,
) -> Result<(), ImportError> {
    let operator = OPERATORS
        .iter()
        .find(|operator| operator.name == node.operator() && operator.domain == node.domain());
    let operator = operator.ok_or_else(|| ImportError::Operator {
        place: node.place(),
        domain: match node.domain() {
            "" => String::from("ai.onnx"),
            domain => domain.to_string(),
        },
        nearest: nearest(node.domain(), node.operator()),
        supported: OPERATORS.iter().map(|operator| operator.name).collect(),
    })?;
    if node.domain().is_empty() && !node.since(operator.since) {
        return Err(ImportError::OperatorVersion {
            place: node.place(),
            oldest: operator.since,
        });
    }
    let results = (operator.handler)(importer, node)?;
    importer.bind(node, results)
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
