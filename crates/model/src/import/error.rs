//! What can be wrong with a network that somebody wants to import.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::graph::ElementType;
use crate::onnx::ProtoError;

/// The node an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The node's name, or its first output's when it has none.
    pub node: String,
    /// The operator.
    pub operator: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {:?} ({})", self.node, self.operator)
    }
}

/// The ONNX file is malformed, or uses something that is not supported.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The bytes are no ONNX file that the reader supports.
    #[error(transparent)]
    Proto(#[from] ProtoError),
    /// The file does not say which version of the standard operators it uses, or says it twice differently.
    #[error(
        "the model imports {found} different versions of the standard operators; it must import exactly one, export it again"
    )]
    OperatorSetCount {
        /// Different versions found.
        found: usize,
    },
    /// The version of the standard operators is not supported.
    #[error(
        "the model uses opset {found}, supported are opsets {oldest} to {newest}; export it with opset_version={newest} or lower"
    )]
    OperatorSet {
        /// Version of the file.
        found: i64,
        /// Oldest version supported.
        oldest: i64,
        /// Newest version supported.
        newest: i64,
    },
    /// The operator's form in this version of the standard operators is not supported.
    #[error("{place} is supported since opset {oldest}; export it with a newer opset_version")]
    OperatorVersion {
        /// The node.
        place: Place,
        /// Oldest version in which the operator is supported.
        oldest: i64,
    },
    /// The graph has no data input.
    #[error("the graph has no input that is not an initializer; export the network with its input")]
    InputCount,
    /// The graph has no output.
    #[error("the graph has no output; export the network again")]
    OutputCount,
    /// A constant was given for an input that the graph does not have.
    #[error(
        "a constant was given for input {tensor:?}, which the graph does not have; give one of its inputs"
    )]
    UnknownInput {
        /// The name.
        tensor: String,
    },
    /// A constant given for an input has another element type than the input.
    #[error(
        "input {tensor:?} has ONNX element type {code}, but a constant of {found:?} was given for it; convert the constant"
    )]
    ConstantInput {
        /// The name.
        tensor: String,
        /// `TensorProto.DataType` of the input.
        code: i64,
        /// The constant's type.
        found: ElementType,
    },
    /// The input's elements are no 32-bit floats.
    #[error(
        "input tensor {tensor:?} has ONNX element type {code}; export the network with an input of float32 (1), or of int32 (6) or int64 (7) where it chooses rows of a constant"
    )]
    InputType {
        /// The tensor.
        tensor: String,
        /// `TensorProto.DataType`.
        code: i64,
    },
    /// The input has no shape.
    #[error("input tensor {tensor:?} has no shape; export the network with fixed input dimensions")]
    InputShape {
        /// The tensor.
        tensor: String,
    },
    /// A dimension other than the batch is not fixed.
    #[error(
        "dimension {axis} of input tensor {tensor:?} is not fixed ({dimension}); only the batch axis 0 may be dynamic, export it with a fixed size or give the dimension a value"
    )]
    DynamicDimension {
        /// The tensor.
        tensor: String,
        /// The axis.
        axis: usize,
        /// What the file says.
        dimension: String,
    },
    /// A tensor has no element or more than can be proved.
    #[error(
        "tensor {tensor:?} has shape {shape:?}; a tensor must have 1 to {limit} elements, use a smaller network"
    )]
    TensorSize {
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The most elements.
        limit: usize,
    },
    /// The operator is not supported.
    #[error(
        "{place} of domain {domain:?} is not supported; {}supported operators are {}",
        nearest.map(|name| format!("did you mean {name}? ")).unwrap_or_default(),
        supported.join(", ")
    )]
    Operator {
        /// The node.
        place: Place,
        /// The operator's domain.
        domain: String,
        /// The supported operator of the domain with the most similar name, if one is similar.
        nearest: Option<&'static str>,
        /// Every operator that is supported.
        supported: Vec<&'static str>,
    },
    /// The operator has an attribute that is not supported.
    #[error(
        "{place} has attribute {attribute:?}, which is not supported; supported are {supported:?}"
    )]
    UnknownAttribute {
        /// The node.
        place: Place,
        /// The attribute.
        attribute: String,
        /// The attributes this operator may have.
        supported: &'static [&'static str],
    },
    /// An attribute occurs twice, is missing or has another type.
    #[error(
        "{place} needs attribute {attribute:?} exactly once, as {expected}; export the file again"
    )]
    AttributeType {
        /// The node.
        place: Place,
        /// The attribute.
        attribute: &'static str,
        /// The type expected.
        expected: &'static str,
    },
    /// An attribute has a value that is not supported.
    #[error("{place} has {attribute} = {value}; supported is {supported}")]
    AttributeValue {
        /// The node.
        place: Place,
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        value: String,
        /// The values supported.
        supported: &'static str,
    },
    /// The node has another number of inputs or outputs than its operator.
    #[error(
        "{place} has {inputs} inputs and {outputs} outputs in use; the operator takes {least} to {most} inputs and has one output here, export the file again"
    )]
    Arity {
        /// The node.
        place: Place,
        /// Inputs found.
        inputs: usize,
        /// Outputs found that something may read.
        outputs: usize,
        /// Fewest inputs.
        least: usize,
        /// Most inputs.
        most: usize,
    },
    /// A node reads a tensor that nothing before it makes.
    #[error(
        "{place} reads tensor {tensor:?}, which no input, initializer or earlier node makes; export the file again"
    )]
    UnknownTensor {
        /// The node.
        place: Place,
        /// The tensor.
        tensor: String,
    },
    /// An output is a tensor that nothing makes, or one that does not depend on an input.
    #[error(
        "output tensor {tensor:?} does not depend on an input of the graph; export the network again"
    )]
    OutputSource {
        /// The tensor.
        tensor: String,
    },
    /// Two inputs, initializers or nodes make the same tensor.
    #[error("tensor {tensor:?} is made more than once; export the file again")]
    DuplicateTensor {
        /// The tensor.
        tensor: String,
    },
    /// An operand must be a constant.
    #[error(
        "{place} reads tensor {tensor:?}, which must be a constant here and depends on an input; fix it before exporting"
    )]
    NotConstant {
        /// The node.
        place: Place,
        /// The tensor.
        tensor: String,
    },
    /// An operand has a shape that the operator's attributes do not fit.
    #[error(
        "{place} reads tensor {tensor:?} of shape {actual:?}, which does not fit {expected:?}; export the file again"
    )]
    Shape {
        /// The node.
        place: Place,
        /// The tensor.
        tensor: String,
        /// Its shape.
        actual: Vec<usize>,
        /// The other operand's shape, or the shape expected.
        expected: Vec<usize>,
    },
    /// The operands do not fit the operator or each other.
    #[error(
        "{place} does not take operands of element types and shapes {operands:?}; export the file again, or cast before it"
    )]
    Operands {
        /// The node.
        place: Place,
        /// Element type and shape of each operand that is no attribute.
        operands: Vec<(ElementType, Vec<usize>)>,
    },
    /// A reshape to sizes with another number of elements.
    #[error(
        "{place} cannot make sizes {sizes:?} of a tensor of shape {shape:?}; export the file again"
    )]
    ReshapeSizes {
        /// The node.
        place: Place,
        /// The tensor's shape.
        shape: Vec<usize>,
        /// The sizes, with -1 for whatever is left.
        sizes: Vec<i64>,
    },
    /// An axis is not one of the tensor's, or cannot be used here.
    #[error(
        "{place} uses axis {axis}, which does not work on a tensor of shape {shape:?}; use an axis of that shape that holds all channels"
    )]
    Axis {
        /// The node.
        place: Place,
        /// The axis.
        axis: i64,
        /// The tensor's shape.
        shape: Vec<usize>,
    },
    /// A constant has the wrong element type or too many elements for its role.
    #[error("{place} reads constant {tensor:?}, which must be {expected}; export the file again")]
    ConstantType {
        /// The node.
        place: Place,
        /// The tensor.
        tensor: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A constant holds NaN or infinity.
    #[error(
        "initializer {tensor:?} holds a value that is not finite; train or export the network again"
    )]
    NotFinite {
        /// The tensor.
        tensor: String,
    },
    /// A node's constants give NaN, infinity or an integer overflow.
    #[error(
        "{place} computes constants that are not finite or overflow; check its constants, for instance a division by zero"
    )]
    Arithmetic {
        /// The node.
        place: Place,
    },
    /// Expanded constants would take far more memory than the file.
    #[error(
        "{place} would expand the model's constants beyond {limit} elements; share fewer weights between nodes or use a smaller network"
    )]
    TooLarge {
        /// The node.
        place: Place,
        /// The most elements for a file of this size.
        limit: usize,
    },
}
