//! What can be wrong with the bytes of an ONNX file.

use alloc::string::String;

/// The bytes are no ONNX file, or one with constructs that this reader does not support. Messages and fields have their names from
/// the ONNX schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtoError {
    /// The bytes end inside a message.
    #[error(
        "the ONNX file ends inside {message}; it is truncated or not an ONNX file, export it again"
    )]
    Truncated {
        /// The message.
        message: &'static str,
    },
    /// A variable-length integer is longer than 64 bits, or a field number is out of range.
    #[error(
        "{message} holds a malformed integer; this is not an ONNX file, or a damaged one, export it again"
    )]
    Varint {
        /// The message.
        message: &'static str,
    },
    /// A field has another wire type than the schema says.
    #[error(
        "field {field} of {message} has wire type {wire_type}, which the ONNX schema does not allow; export the file again"
    )]
    WireType {
        /// The message.
        message: &'static str,
        /// The field's number.
        field: u32,
        /// The wire type found.
        wire_type: u8,
    },
    /// A field that this reader does not know, so cannot say whether it may be ignored.
    #[error(
        "{message} has field {field}, unknown to this reader; export with an older exporter or ONNX IR version (up to 10)"
    )]
    UnknownField {
        /// The message.
        message: &'static str,
        /// The field's number.
        field: u32,
    },
    /// A field that this reader knows and does not support.
    #[error(
        "{message} {name:?} uses {field}, which is not supported; export a plain graph without it (weights inside the file)"
    )]
    Unsupported {
        /// The message.
        message: &'static str,
        /// Name of the node, tensor or graph.
        name: String,
        /// The field's name.
        field: &'static str,
    },
    /// Text that is not UTF-8.
    #[error("field {field} of {message} is not UTF-8; export the file again")]
    Utf8 {
        /// The message.
        message: &'static str,
        /// The field's number.
        field: u32,
    },
    /// A field that must be there is missing.
    #[error(
        "{message} {name:?} has no {field}; this is not an ONNX file, or a damaged one, export it again"
    )]
    Missing {
        /// The message.
        message: &'static str,
        /// Name of the node, tensor or graph.
        name: String,
        /// The field's name.
        field: &'static str,
    },
    /// A field that may occur once occurs twice.
    #[error("{message} has more than one {field}; export the file again")]
    Repeated {
        /// The message.
        message: &'static str,
        /// The field's name.
        field: &'static str,
    },
    /// A tensor has a dimension that is negative or too large, or more than eight dimensions.
    #[error(
        "the dimensions of tensor {tensor:?} are negative, too large or more than eight; export the file again"
    )]
    Dimensions {
        /// The tensor.
        tensor: String,
    },
    /// A tensor's element type is not supported.
    #[error(
        "tensor {tensor:?} has element type {code} of the ONNX schema; supported are float32, float64, float16, bool and integers of 8 to 64 bits"
    )]
    ElementType {
        /// The tensor.
        tensor: String,
        /// `TensorProto.DataType`.
        code: i64,
    },
    /// A tensor's data do not have the length that its shape and type say.
    #[error(
        "tensor {tensor:?} holds {actual} bytes or elements of data where its shape says {expected}; export the file again"
    )]
    TensorLength {
        /// The tensor.
        tensor: String,
        /// Length expected.
        expected: usize,
        /// Length found.
        actual: usize,
    },
    /// A tensor holds an integer that its element type does not have, or an unsigned one from `2^63` on.
    #[error(
        "tensor {tensor:?} holds an integer out of its element type's range or from 2^63 on; export the file again"
    )]
    TensorRange {
        /// The tensor.
        tensor: String,
    },
    /// An attribute has no value, several values, or one of another type than it declares.
    #[error(
        "attribute {attribute:?} has not exactly one value of its declared type; export the file again"
    )]
    AttributeValue {
        /// The attribute.
        attribute: String,
    },
}
