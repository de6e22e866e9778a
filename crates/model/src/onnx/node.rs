//! `NodeProto`: one application of an operator.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::wire::Fields;
use super::{Attribute, ProtoError};

const NODE: &str = "NodeProto";

/// One application of an operator.
#[derive(Clone, Debug, Default)]
pub struct Node<'a> {
    /// The node's own name, often empty.
    pub own_name: &'a str,
    /// The operator.
    pub operator: &'a str,
    /// The operator's domain, empty for the standard operators.
    pub domain: &'a str,
    /// Names of the tensors it reads; an empty name is an optional input left out.
    pub inputs: Vec<&'a str>,
    /// Names of the tensors it makes; an empty name is an output nobody wants.
    pub outputs: Vec<&'a str>,
    /// Its attributes.
    pub attributes: Vec<Attribute<'a>>,
}

impl<'a> Node<'a> {
    /// The node's name, or its first output's when it has none.
    #[must_use]
    pub fn name(&self) -> &'a str {
        if self.own_name.is_empty() {
            self.outputs.first().copied().unwrap_or("")
        } else {
            self.own_name
        }
    }

    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ProtoError> {
        let mut node = Self::default();
        let mut overload = "";
        for field in Fields::new(NODE, bytes) {
            let field = field?;
            match field.number {
                1 => node.inputs.push(field.text()?),
                2 => node.outputs.push(field.text()?),
                3 => node.own_name = field.text()?,
                4 => node.operator = field.text()?,
                5 => node.attributes.push(Attribute::parse(field.bytes()?)?),
                // Documentation and metadata.
                6 | 9 => {}
                7 => node.domain = field.text()?,
                8 => overload = field.text()?,
                _ => return field.unknown(),
            }
        }
        if node.operator.is_empty() {
            return Err(ProtoError::Missing {
                message: NODE,
                name: node.name().to_string(),
                field: "op_type",
            });
        }
        if !overload.is_empty() {
            return Err(ProtoError::Unsupported {
                message: NODE,
                name: String::from(node.name()),
                field: "overload",
            });
        }
        Ok(node)
    }
}
