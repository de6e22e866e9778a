//! `AttributeProto`: a named constant of a node.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::wire::Fields;
use super::{ProtoError, TensorProto};

const ATTRIBUTE: &str = "AttributeProto";

/// A named constant of a node.
#[derive(Clone, Debug)]
pub struct Attribute<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value.
    pub value: AttributeValue<'a>,
}

/// The value of an attribute.
#[derive(Clone, Debug)]
pub enum AttributeValue<'a> {
    /// A number.
    Float(f32),
    /// An integer or a flag.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// A tensor.
    Tensor(TensorProto<'a>),
    /// A list of numbers.
    Floats(Vec<f32>),
    /// A list of integers.
    Ints(Vec<i64>),
}

/// The fields as they come, before the declared type picks one.
#[derive(Default)]
struct Fieldset<'a> {
    name: &'a str,
    kind: i64,
    float: Option<f32>,
    int: Option<i64>,
    text: Option<&'a [u8]>,
    tensor: Option<TensorProto<'a>>,
    floats: Vec<f32>,
    ints: Vec<i64>,
    refused: Option<&'static str>,
}

impl<'a> Attribute<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ProtoError> {
        let mut set = Fieldset::default();
        for field in Fields::new(ATTRIBUTE, bytes) {
            let field = field?;
            match field.number {
                1 => set.name = field.text()?,
                2 => set.float = Some(field.float()?),
                3 => set.int = Some(field.integer()?),
                4 => set.text = Some(field.bytes()?),
                5 => set.tensor = Some(TensorProto::parse(field.bytes()?)?),
                6 => set.refused = Some("a subgraph"),
                7 => field.floats(&mut set.floats)?,
                8 => field.integers(&mut set.ints)?,
                9 => set.refused = Some("strings"),
                10 => set.refused = Some("tensors"),
                11 => set.refused = Some("subgraphs"),
                // Documentation.
                13 => {}
                14 | 15 => set.refused = Some("a type"),
                20 => set.kind = field.integer()?,
                21 => set.refused = Some("ref_attr_name"),
                22 | 23 => set.refused = Some("a sparse tensor"),
                _ => return field.unknown(),
            }
        }
        let name = set.name;
        if let Some(field) = set.refused {
            return Err(ProtoError::Unsupported {
                message: ATTRIBUTE,
                name: name.to_string(),
                field,
            });
        }
        if name.is_empty() {
            return Err(ProtoError::Missing {
                message: ATTRIBUTE,
                name: name.to_string(),
                field: "name",
            });
        }
        let value = set.value().ok_or_else(|| ProtoError::AttributeValue {
            attribute: name.to_string(),
        })?;
        Ok(Self { name, value })
    }
}

impl<'a> Fieldset<'a> {
    /// The one value of the declared type, when there is no other.
    fn value(self) -> Option<AttributeValue<'a>> {
        let present = [
            self.float.is_some(),
            self.int.is_some(),
            self.text.is_some(),
            self.tensor.is_some(),
            !self.floats.is_empty(),
            !self.ints.is_empty(),
        ];
        let count = present.iter().filter(|present| **present).count();
        let list = matches!(self.kind, 6 | 7);
        // An empty list writes no field at all, and a scalar that is 0 is still written, because these are proto2 messages.
        if count > 1 || (count == 0 && !list) {
            return None;
        }
        match self.kind {
            1 => self.float.map(AttributeValue::Float),
            2 => self.int.map(AttributeValue::Int),
            3 => Some(AttributeValue::Text(core::str::from_utf8(self.text?).ok()?)),
            4 => self.tensor.map(AttributeValue::Tensor),
            6 if count == 0 || present[4] => Some(AttributeValue::Floats(self.floats)),
            7 if count == 0 || present[5] => Some(AttributeValue::Ints(self.ints)),
            _ => None,
        }
    }
}
