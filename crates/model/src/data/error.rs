//! What can be wrong with a data file.

use alloc::string::String;
use alloc::vec::Vec;

/// A data file is malformed, or does not fit the network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The bytes begin like a zip file and are none.
    #[error(
        "the .npz file is no readable zip archive (damaged near byte {offset}); save it again with numpy.savez"
    )]
    Archive {
        /// Where it stops making sense.
        offset: usize,
    },
    /// A member of the archive uses encryption or a compression other than deflate.
    #[error(
        "member {member:?} of the .npz file is encrypted or uses compression method {method}; save it again with numpy.savez"
    )]
    Method {
        /// The member's file name.
        member: String,
        /// The zip compression method.
        method: u16,
    },
    /// A compressed member would expand beyond the limit.
    #[error(
        "member {member:?} of the .npz file expands to {expanded} bytes, more than {limit}; save it uncompressed with numpy.savez"
    )]
    Expansion {
        /// The member's file name.
        member: String,
        /// Its declared size.
        expanded: u64,
        /// The limit.
        limit: u64,
    },
    /// A member does not expand to the size and checksum that the archive says.
    #[error("member {member:?} of the .npz file is damaged; save it again")]
    Damaged {
        /// The member's file name.
        member: String,
    },
    /// A member is no `.npy` file.
    #[error("member {member:?} of the .npz file is no .npy array; save the file with numpy.savez")]
    NotAnArray {
        /// The member's file name.
        member: String,
    },
    /// An array's header cannot be read.
    #[error(
        "array {array:?} has no readable .npy header (versions 1 to 3); save it again with numpy.savez"
    )]
    Header {
        /// The array.
        array: String,
    },
    /// An array's elements are of a type that is not supported.
    #[error(
        "array {array:?} has dtype {dtype:?}; convert it with astype(\"float32\") (little-endian floats, integers and booleans work)"
    )]
    ElementType {
        /// The array.
        array: String,
        /// NumPy's name of the type.
        dtype: String,
    },
    /// An array is stored column by column.
    #[error("array {array:?} is in Fortran order; save numpy.ascontiguousarray of it")]
    FortranOrder {
        /// The array.
        array: String,
    },
    /// An array's data have another length than its shape says.
    #[error(
        "array {array:?} holds {actual} bytes where its shape {shape:?} takes {expected:?}; save it again"
    )]
    Length {
        /// The array.
        array: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Bytes that the shape takes, `None` when too large to count.
        expected: Option<usize>,
        /// Bytes present.
        actual: usize,
    },
    /// The JSON text is malformed, or is no object.
    #[error(
        "the data file is neither .npz nor a JSON object of arrays (line {line}, column {column}); write {{\"name\": [numbers]}}"
    )]
    Json {
        /// Line of the first mistake.
        line: usize,
        /// Column of the first mistake.
        column: usize,
    },
    /// Something in a JSON array is no number.
    #[error("array {array:?} holds something other than numbers; write nested arrays of numbers")]
    NotANumber {
        /// The array.
        array: String,
    },
    /// The nested JSON arrays have different lengths or depths.
    #[error(
        "array {array:?} is ragged: its nested arrays differ in length or depth; write a rectangular array"
    )]
    Ragged {
        /// The array.
        array: String,
    },
    /// A name occurs twice.
    #[error("array {array:?} occurs more than once; keep one of them")]
    Duplicate {
        /// The array.
        array: String,
    },
    /// An array holds NaN, infinity, or a number too large for `f32`.
    #[error(
        "array {array:?} holds a value that is not a finite float32 at flat index {index}; replace it by a finite number"
    )]
    NotFinite {
        /// The array.
        array: String,
        /// Index of the value in row-major order.
        index: usize,
    },
    /// There is no array for an input.
    #[error(
        "there is no array {array:?} in the data file, which has {found:?}; name the array like the graph's input"
    )]
    MissingArray {
        /// The array wanted.
        array: String,
        /// The arrays there are.
        found: Vec<String>,
    },
    /// An array of samples has the wrong shape.
    #[error(
        "array {array:?} has shape {actual:?}; samples need a leading sample axis and then {expected:?}, reshape it"
    )]
    SampleShape {
        /// The array.
        array: String,
        /// Shape of one sample.
        expected: Vec<usize>,
        /// Shape of the array.
        actual: Vec<usize>,
    },
    /// Two arrays hold different numbers of samples.
    #[error(
        "array {array:?} holds {actual} samples where the first input has {expected}; pass equally many of each"
    )]
    SampleCount {
        /// The array.
        array: String,
        /// Samples of the first input.
        expected: usize,
        /// Samples of the array.
        actual: usize,
    },
    /// An input has the wrong shape.
    #[error(
        "array {array:?} has shape {actual:?} where the network takes one input of shape {expected:?}; pass one sample, reshaped"
    )]
    InputShape {
        /// The array.
        array: String,
        /// Shape of the input.
        expected: Vec<usize>,
        /// Shape of the array.
        actual: Vec<usize>,
    },
    /// An array of samples is empty.
    #[error(
        "array {array:?} holds no samples; pass at least one, better a hundred or more typical inputs"
    )]
    NoSamples {
        /// The array.
        array: String,
    },
    /// There is not one label per sample.
    #[error(
        "array \"labels\" has shape {actual:?} for {expected} samples; pass one class index per sample or leave it out"
    )]
    LabelShape {
        /// Number of samples.
        expected: usize,
        /// Shape of the labels.
        actual: Vec<usize>,
    },
    /// A label is no class index.
    #[error(
        "label {index} is {value}, not a class index below {classes}; pass whole numbers from 0"
    )]
    Label {
        /// Index of the label.
        index: usize,
        /// Its value.
        value: f32,
        /// Number of classes.
        classes: usize,
    },
}
