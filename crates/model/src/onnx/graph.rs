//! `GraphProto`: nodes, initializers, inputs and outputs.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::wire::Fields;
use super::{Node, ProtoError, TensorProto, ValueInfo};

const GRAPH: &str = "GraphProto";

/// The network.
#[derive(Clone, Debug, Default)]
pub struct Graph<'a> {
    /// Its name.
    pub name: &'a str,
    /// The nodes, in an order of execution.
    pub nodes: Vec<Node<'a>>,
    /// The constants, each with a name.
    pub initializers: Vec<TensorProto<'a>>,
    /// The inputs; some exporters list the initializers too.
    pub inputs: Vec<ValueInfo<'a>>,
    /// The outputs.
    pub outputs: Vec<ValueInfo<'a>>,
}

impl<'a> Graph<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ProtoError> {
        let mut graph = Self::default();
        let mut refused = None;
        for field in Fields::new(GRAPH, bytes) {
            let field = field?;
            match field.number {
                1 => graph.nodes.push(Node::parse(field.bytes()?)?),
                2 => graph.name = field.text()?,
                5 => graph.initializers.push(TensorProto::parse(field.bytes()?)?),
                // Documentation, metadata, and the shapes of intermediate tensors: the importer works those out itself.
                10 | 13 | 16 => {}
                11 => graph.inputs.push(ValueInfo::parse(field.bytes()?)?),
                12 => graph.outputs.push(ValueInfo::parse(field.bytes()?)?),
                14 => refused = Some("quantization_annotation"),
                15 => refused = Some("sparse_initializer"),
                _ => return field.unknown(),
            }
        }
        match refused {
            Some(field) => Err(ProtoError::Unsupported {
                message: GRAPH,
                name: graph.name.to_string(),
                field,
            }),
            None => Ok(graph),
        }
    }
}
