//! A node as the operators' importers see it: its operands by position, its attributes by name, its place for errors.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::{ImportError, Place};
use crate::onnx::{AttributeValue, Node, TensorProto};

pub(super) struct NodeView<'n, 'a> {
    node: &'n Node<'a>,
    operator_set: i64,
}

impl<'n, 'a> NodeView<'n, 'a> {
    pub(super) fn new(node: &'n Node<'a>, operator_set: i64) -> Self {
        Self { node, operator_set }
    }

    pub(super) fn place(&self) -> Place {
        Place {
            node: self.node.name().to_string(),
            operator: self.node.operator.to_string(),
        }
    }

    pub(super) fn operator(&self) -> &'a str {
        self.node.operator
    }

    /// The operator's domain, with one name for the standard operators.
    pub(super) fn domain(&self) -> &'a str {
        match self.node.domain {
            "ai.onnx" => "",
            domain => domain,
        }
    }

    /// Whether the model uses at least this version of the standard operators.
    pub(super) fn since(&self, operator_set: i64) -> bool {
        self.operator_set >= operator_set
    }

    /// Name of input number `index`, empty when it is left out.
    pub(super) fn input(&self, index: usize) -> &'a str {
        self.node.inputs.get(index).copied().unwrap_or("")
    }

    pub(super) fn inputs(&self) -> usize {
        self.node.inputs.len()
    }

    /// Name of output number `index`, empty when nobody wants it.
    pub(super) fn output(&self, index: usize) -> &'a str {
        self.node.outputs.get(index).copied().unwrap_or("")
    }

    pub(super) fn outputs(&self) -> usize {
        self.node.outputs.len()
    }

    /// Checks the number of inputs, that only the first output is in use, and that every attribute is known.
    pub(super) fn check(
        &self,
        inputs: RangeInclusive<usize>,
        attributes: &'static [&'static str],
    ) -> Result<(), ImportError> {
        let unused = self.node.outputs.iter().skip(1).all(|name| name.is_empty());
        if !unused {
            return Err(self.arity(&inputs));
        }
        self.check_inputs(inputs, attributes)
    }

    /// As [`NodeView::check`], for operators with several outputs, or whose further outputs are not imported and so cannot be read by
    /// anything.
    pub(super) fn check_inputs(
        &self,
        inputs: RangeInclusive<usize>,
        attributes: &'static [&'static str],
    ) -> Result<(), ImportError> {
        if !inputs.contains(&self.node.inputs.len()) || self.node.outputs.is_empty() {
            return Err(self.arity(&inputs));
        }
        for attribute in &self.node.attributes {
            if !attributes.contains(&attribute.name) {
                let attribute = attribute.name.to_string();
                return Err(ImportError::UnknownAttribute {
                    place: self.place(),
                    attribute,
                    supported: attributes,
                });
            }
        }
        Ok(())
    }

    pub(super) fn arity(&self, inputs: &RangeInclusive<usize>) -> ImportError {
        ImportError::Arity {
            place: self.place(),
            inputs: self.node.inputs.len(),
            outputs: self
                .node
                .outputs
                .iter()
                .filter(|name| !name.is_empty())
                .count(),
            least: *inputs.start(),
            most: *inputs.end(),
        }
    }

    fn attribute(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<&'n AttributeValue<'a>>, ImportError> {
        let mut found = self
            .node
            .attributes
            .iter()
            .filter(|attribute| attribute.name == name);
        let first = found.next();
        match found.next() {
            None => Ok(first.map(|attribute| &attribute.value)),
            Some(_) => Err(self.attribute_type(name, expected)),
        }
    }

    pub(super) fn attribute_type(
        &self,
        attribute: &'static str,
        expected: &'static str,
    ) -> ImportError {
        ImportError::AttributeType {
            place: self.place(),
            attribute,
            expected,
        }
    }

    pub(super) fn int(&self, name: &'static str, default: i64) -> Result<i64, ImportError> {
        match self.attribute(name, "an integer")? {
            None => Ok(default),
            Some(AttributeValue::Int(value)) => Ok(*value),
            Some(_) => Err(self.attribute_type(name, "an integer")),
        }
    }

    /// An integer that is 0 or 1.
    pub(super) fn flag(&self, name: &'static str, default: bool) -> Result<bool, ImportError> {
        match self.int(name, i64::from(default))? {
            0 => Ok(false),
            1 => Ok(true),
            value => Err(self.attribute_value(name, value.to_string(), "0 or 1")),
        }
    }

    pub(super) fn text(
        &self,
        name: &'static str,
        default: &'static str,
    ) -> Result<&'a str, ImportError> {
        match self.attribute(name, "text")? {
            None => Ok(default),
            Some(AttributeValue::Text(text)) => Ok(text),
            Some(_) => Err(self.attribute_type(name, "text")),
        }
    }

    /// A list of `count` sizes, each at least `least`.
    pub(super) fn sizes(
        &self,
        name: &'static str,
        least: usize,
        count: usize,
    ) -> Result<Option<Vec<usize>>, ImportError> {
        let Some(values) = self.ints(name)? else {
            return Ok(None);
        };
        let size = |&value: &i64| usize::try_from(value).ok().filter(|&size| size >= least);
        let sizes: Option<Vec<usize>> = values.iter().map(size).collect();
        let sizes = sizes.filter(|sizes| sizes.len() == count);
        sizes.map(Some).ok_or_else(|| {
            let supported = "one value per spatial axis (two for pads), none negative or 0 where nothing would be left";
            self.attribute_value(name, alloc::format!("{values:?}"), supported)
        })
    }

    pub(super) fn float(&self, name: &'static str, default: f32) -> Result<f32, ImportError> {
        match self.attribute(name, "a finite number")? {
            None => Ok(default),
            Some(AttributeValue::Float(value)) if value.is_finite() => Ok(*value),
            Some(_) => Err(self.attribute_type(name, "a finite number")),
        }
    }

    pub(super) fn ints(&self, name: &'static str) -> Result<Option<&'n [i64]>, ImportError> {
        match self.attribute(name, "a list of integers")? {
            None => Ok(None),
            Some(AttributeValue::Ints(values)) => Ok(Some(values)),
            Some(_) => Err(self.attribute_type(name, "a list of integers")),
        }
    }

    pub(super) fn floats(&self, name: &'static str) -> Result<Option<&'n [f32]>, ImportError> {
        match self.attribute(name, "a list of numbers")? {
            None => Ok(None),
            Some(AttributeValue::Floats(values)) => Ok(Some(values)),
            Some(_) => Err(self.attribute_type(name, "a list of numbers")),
        }
    }

    pub(super) fn tensor(
        &self,
        name: &'static str,
    ) -> Result<Option<&'n TensorProto<'a>>, ImportError> {
        match self.attribute(name, "a tensor")? {
            None => Ok(None),
            Some(AttributeValue::Tensor(tensor)) => Ok(Some(tensor)),
            Some(_) => Err(self.attribute_type(name, "a tensor")),
        }
    }

    /// Whether the attribute is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.node
            .attributes
            .iter()
            .any(|attribute| attribute.name == name)
    }

    /// Refuses any value of an integer attribute but `only`.
    pub(super) fn require(
        &self,
        name: &'static str,
        default: i64,
        only: i64,
        supported: &'static str,
    ) -> Result<(), ImportError> {
        let value = self.int(name, default)?;
        if value == only {
            return Ok(());
        }
        Err(self.attribute_value(name, value.to_string(), supported))
    }

    pub(super) fn attribute_value(
        &self,
        attribute: &'static str,
        value: String,
        supported: &'static str,
    ) -> ImportError {
        ImportError::AttributeValue {
            place: self.place(),
            attribute,
            value,
            supported,
        }
    }

    pub(super) fn not_constant(&self, index: usize) -> ImportError {
        ImportError::NotConstant {
            place: self.place(),
            tensor: self.input(index).to_string(),
        }
    }

    pub(super) fn constant_type(&self, index: usize, expected: &'static str) -> ImportError {
        ImportError::ConstantType {
            place: self.place(),
            tensor: self.input(index).to_string(),
            expected,
        }
    }

    pub(super) fn shape_error(
        &self,
        index: usize,
        actual: &[usize],
        expected: &[usize],
    ) -> ImportError {
        let (actual, expected) = (actual.to_vec(), expected.to_vec());
        ImportError::Shape {
            place: self.place(),
            tensor: self.input(index).to_string(),
            actual,
            expected,
        }
    }

    /// The index of an axis that may be negative, `end` standing for one past the last where `inclusive`.
    pub(super) fn axis(
        &self,
        axis: i64,
        shape: &[usize],
        inclusive: bool,
    ) -> Result<usize, ImportError> {
        let rank = i64::try_from(shape.len()).unwrap_or(i64::MAX);
        let index = if axis < 0 {
            axis.saturating_add(rank)
        } else {
            axis
        };
        let last = if inclusive { rank } else { rank - 1 };
        let index = usize::try_from(index).ok().filter(|_| index <= last);
        index.ok_or_else(|| ImportError::Axis {
            place: self.place(),
            axis,
            shape: shape.to_vec(),
        })
    }
}
