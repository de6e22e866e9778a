//! `ModelProto`: the whole file.

use alloc::string::String;
use alloc::vec::Vec;

use super::wire::Fields;
use super::{Graph, ProtoError};

const MODEL: &str = "ModelProto";

/// An ONNX file.
#[derive(Clone, Debug)]
pub struct Model<'a> {
    /// The operator sets the file declares.
    pub operator_sets: Vec<OperatorSet<'a>>,
    /// The network.
    pub graph: Graph<'a>,
}

/// A version of a set of operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorSet<'a> {
    /// The set's domain, empty for the standard operators.
    pub domain: &'a str,
    /// Its version, the *opset*.
    pub version: i64,
}

impl<'a> Model<'a> {
    /// Reads an ONNX file.
    ///
    /// # Errors
    /// A [`ProtoError`] for malformed bytes and for constructs that are not supported.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ProtoError> {
        let mut graph = None;
        let mut operator_sets = Vec::new();
        for field in Fields::new(MODEL, bytes) {
            let field = field?;
            match field.number {
                // IR version, producer, producer version, domain, model version, documentation, metadata.
                1..=6 | 14 => {}
                7 if graph.is_some() => {
                    return Err(ProtoError::Repeated {
                        message: MODEL,
                        field: "graph",
                    });
                }
                7 => graph = Some(Graph::parse(field.bytes()?)?),
                8 => operator_sets.push(OperatorSet::parse(field.bytes()?)?),
                20 => return unsupported("training_info"),
                25 => return unsupported("functions"),
                _ => return field.unknown(),
            }
        }
        let graph = graph.ok_or(ProtoError::Missing {
            message: MODEL,
            name: String::new(),
            field: "graph",
        })?;
        Ok(Self {
            operator_sets,
            graph,
        })
    }
}

fn unsupported<T>(field: &'static str) -> Result<T, ProtoError> {
    Err(ProtoError::Unsupported {
        message: MODEL,
        name: String::new(),
        field,
    })
}

impl<'a> OperatorSet<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, ProtoError> {
        let mut set = Self {
            domain: "",
            version: 0,
        };
        for field in Fields::new("OperatorSetIdProto", bytes) {
            let field = field?;
            match field.number {
                1 => set.domain = field.text()?,
                2 => set.version = field.integer()?,
                _ => return field.unknown(),
            }
        }
        Ok(set)
    }
}
