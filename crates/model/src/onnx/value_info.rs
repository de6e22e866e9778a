//! `ValueInfoProto`: name, element type and shape of a graph's input or output.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::ProtoError;
use super::wire::Fields;

/// Name, element type and shape of a graph's input or output.
#[derive(Clone, Debug, Default)]
pub struct ValueInfo<'a> {
    /// The tensor's name.
    pub name: &'a str,
    /// `TensorProto.DataType` of its elements, 0 when the file does not say.
    pub element_type: i64,
    /// Its dimensions, `None` when the file does not say.
    pub shape: Option<Vec<Dimension<'a>>>,
}

/// One dimension of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension<'a> {
    /// A fixed size; exporters also write 0 and -1 for "not known".
    Value(i64),
    /// A named size, not known before the network runs.
    Parameter(&'a str),
    /// Nothing is known.
    Unknown,
}

impl<'a> ValueInfo<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ProtoError> {
        let mut info = Self::default();
        let mut value_type = None;
        for field in Fields::new("ValueInfoProto", bytes) {
            let field = field?;
            match field.number {
                1 => info.name = field.text()?,
                2 => value_type = Some(field.bytes()?),
                // Documentation and metadata.
                3 | 4 => {}
                _ => return field.unknown(),
            }
        }
        if let Some(bytes) = value_type {
            info.parse_type(bytes)?;
        }
        Ok(info)
    }

    fn parse_type(&mut self, bytes: &'a [u8]) -> Result<(), ProtoError> {
        for field in Fields::new("TypeProto", bytes) {
            let field = field?;
            let refused = match field.number {
                1 => {
                    self.parse_tensor_type(field.bytes()?)?;
                    continue;
                }
                // Denotation.
                6 => continue,
                4 => "a sequence type",
                5 => "a map type",
                8 => "a sparse tensor type",
                9 => "an optional type",
                _ => return field.unknown(),
            };
            return Err(ProtoError::Unsupported {
                message: "ValueInfoProto",
                name: self.name.to_string(),
                field: refused,
            });
        }
        Ok(())
    }

    fn parse_tensor_type(&mut self, bytes: &'a [u8]) -> Result<(), ProtoError> {
        for field in Fields::new("TypeProto.Tensor", bytes) {
            let field = field?;
            match field.number {
                1 => self.element_type = field.integer()?,
                2 => self.shape = Some(parse_shape(field.bytes()?)?),
                _ => return field.unknown(),
            }
        }
        Ok(())
    }
}

fn parse_shape(bytes: &[u8]) -> Result<Vec<Dimension<'_>>, ProtoError> {
    let mut dimensions = Vec::new();
    for field in Fields::new("TensorShapeProto", bytes) {
        let field = field?;
        match field.number {
            1 => dimensions.push(parse_dimension(field.bytes()?)?),
            _ => return field.unknown(),
        }
    }
    Ok(dimensions)
}

fn parse_dimension(bytes: &[u8]) -> Result<Dimension<'_>, ProtoError> {
    let mut dimension = Dimension::Unknown;
    for field in Fields::new("TensorShapeProto.Dimension", bytes) {
        let field = field?;
        match field.number {
            1 => dimension = Dimension::Value(field.integer()?),
            2 => dimension = Dimension::Parameter(field.text()?),
            // Denotation.
            3 => {}
            _ => return field.unknown(),
        }
    }
    Ok(dimension)
}
