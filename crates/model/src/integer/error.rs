//! What is wrong with an integer graph, or with an input to it.

use alloc::string::String;
use alloc::vec::Vec;

/// The fields of an [`IntegerGraph`](super::IntegerGraph) do not fit together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// There is no layer.
    #[error(
        "the integer graph has no layer; compile a network with at least one linear layer or activation"
    )]
    NoLayers,
    /// An input has no segment, or one that is no clamp whose whole output range lies inside the segment.
    #[error(
        "input {input} needs a segment that is an identity: a clamp to a range that lies inside the segment; compile the network again"
    )]
    InputSegment {
        /// Index of the input.
        input: usize,
    },
    /// A large table has no segment, or more rows than fit.
    #[error(
        "large table {table} takes {rows} rows of 2^{log_rows}, or lacks segments; compile the network again"
    )]
    LargeTable {
        /// Index of the table.
        table: usize,
        /// Rows needed.
        rows: u64,
        /// Base-2 logarithm of the rows available.
        log_rows: u32,
    },
    /// A segment is empty, or its value list has another length than its range.
    #[error(
        "segment {segment} covers [{lo}, {hi}), which does not fit its function; compile the network again"
    )]
    SegmentRange {
        /// Index of the segment.
        segment: usize,
        /// Smallest `pre`.
        lo: i64,
        /// One more than the largest `pre`.
        hi: i64,
    },
    /// The shift is not in `1..=MAX_SHIFT`.
    #[error("the shift {shift} is not in 1..={limit}; compile the network again")]
    Shift {
        /// The shift.
        shift: u32,
        /// The largest shift.
        limit: u32,
    },
    /// `log_rows` is too large.
    #[error("log_rows {log_rows} is larger than {limit}; compile the network again")]
    LogRows {
        /// The logarithm of the number of rows.
        log_rows: u32,
        /// The largest one.
        limit: u32,
    },
    /// The table does not fit into the rows.
    #[error(
        "the table takes {rows} rows of {limit}; use fewer activation bits or a larger log_rows"
    )]
    TableRows {
        /// Rows needed.
        rows: u64,
        /// Rows available.
        limit: u64,
    },
    /// A layer reads a tensor that no earlier layer makes.
    #[error(
        "layer {layer:?} reads tensor {tensor}, which no earlier layer makes; compile the network again"
    )]
    Tensor {
        /// Name of the layer.
        layer: String,
        /// The tensor's index.
        tensor: usize,
    },
    /// A layer uses a segment that does not exist.
    #[error("layer {layer:?} uses segment {segment} of {segments}; compile the network again")]
    Segment {
        /// Name of the layer.
        layer: String,
        /// The segment's index.
        segment: usize,
        /// Number of segments.
        segments: usize,
    },
    /// A layer has a smaller shift than the graph, or one that is too large.
    #[error(
        "layer {layer:?} divides by 2^{shift}, not between 2^{least} and 2^{greatest}; compile the network again"
    )]
    LayerShift {
        /// Name of the layer.
        layer: String,
        /// Its shift.
        shift: u32,
        /// The graph's shift.
        least: u32,
        /// The largest shift of a layer.
        greatest: u32,
    },
    /// The limbs of a layer are not as many bits as its shift is larger than the graph's.
    #[error(
        "layer {layer:?} has limbs of {bits} bits that do not make up its shift; compile the network again"
    )]
    Limbs {
        /// Name of the layer.
        layer: String,
        /// Bits of each limb.
        bits: u32,
    },
    /// A layer's extent is empty, too large or has another number of axes than the graph, or it has not one bias per channel.
    #[error(
        "layer {layer:?} has positions {positions:?}, {channels} channels and {biases} biases, which do not fit together; \
         compile the network again"
    )]
    Extent {
        /// Name of the layer.
        layer: String,
        /// Lengths of its position axes.
        positions: Vec<usize>,
        /// Its channels.
        channels: usize,
        /// Its biases.
        biases: usize,
    },
    /// A term has not one map per position axis, or a map has no taps, no divisor or too many taps.
    #[error("the maps of term {term} of layer {layer:?} are malformed; compile the network again")]
    Maps {
        /// Name of the layer.
        layer: String,
        /// The term's index.
        term: usize,
    },
    /// The number of weights is not what the channels and taps say.
    #[error(
        "term {term} of layer {layer:?} has {weights} weights for {out_channels} x {in_channels} channels; compile the network again"
    )]
    Parameters {
        /// Name of the layer.
        layer: String,
        /// The term's index.
        term: usize,
        /// Number of weights.
        weights: usize,
        /// Output channels.
        out_channels: usize,
        /// Input channels.
        in_channels: usize,
    },
    /// There is no input.
    #[error("the integer graph has no input; compile a network with at least one")]
    NoInputs,
    /// An input or output names the wrong tensor, or its shape, layout or scale is inconsistent.
    #[error(
        "input or output {tensor:?} of shape {shape:?} and scale {scale} does not fit tensor {index}; compile the network again"
    )]
    Port {
        /// Name of the port.
        tensor: String,
        /// The tensor's index.
        index: usize,
        /// The port's shape.
        shape: Vec<usize>,
        /// Its scale.
        scale: f64,
    },
    /// An accumulator could leave the range in which inference is exact.
    #[error(
        "layer {layer:?} could accumulate beyond 2^62; use fewer activation bits or scale its weights down"
    )]
    Accumulator {
        /// Name of the layer.
        layer: String,
    },
}

/// An input that the integer graph cannot evaluate.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InferenceError {
    /// There are not as many inputs as the network has.
    #[error("{actual} inputs were given where the network has {expected}; pass each of them")]
    InputCount {
        /// Inputs of the network.
        expected: usize,
        /// Inputs given.
        actual: usize,
    },
    /// The input has another number of values than the tensor has elements.
    #[error(
        "input tensor {tensor:?} has {expected} values but {actual} were given; pass one value per element"
    )]
    InputLength {
        /// Name of the tensor.
        tensor: String,
        /// Elements of the tensor.
        expected: usize,
        /// Values given.
        actual: usize,
    },
    /// An input value is NaN or infinite.
    #[error("input tensor {tensor:?} is not finite at element {element}; pass finite numbers")]
    InputNotFinite {
        /// Name of the tensor.
        tensor: String,
        /// The element, in the order of the ONNX tensor.
        element: usize,
    },
    /// An input value is no row number of the tables that the network looks up.
    #[error(
        "input tensor {tensor:?} is {value} at element {element}, which is no row of a table of {rows}; pass integers from 0 to {}",
        rows.saturating_sub(1)
    )]
    NoRow {
        /// Name of the tensor.
        tensor: String,
        /// The element, in the order of the ONNX tensor.
        element: usize,
        /// The value.
        value: f64,
        /// How many rows there are.
        rows: usize,
    },
    /// An input value is outside the range the network was calibrated for.
    #[error(
        "input tensor {tensor:?} is {value} at element {element}, outside the calibrated range [{lowest}, {highest}]; \
         scale the input as the calibration data was, or recalibrate with data that covers it"
    )]
    OutsideCalibratedRange {
        /// Name of the tensor.
        tensor: String,
        /// The element, in the order of the ONNX tensor.
        element: usize,
        /// The real value.
        value: f64,
        /// Smallest real value that can be represented.
        lowest: f64,
        /// Largest real value that can be represented.
        highest: f64,
    },
    /// An integer input is outside the input segment's output range.
    #[error(
        "input tensor {tensor:?} is the integer {value} at cell {cell}, outside [{lowest}, {highest}]; quantise the input with this graph"
    )]
    InputCode {
        /// Name of the tensor.
        tensor: String,
        /// The cell, row-major over (positions, channels).
        cell: usize,
        /// The integer.
        value: i64,
        /// Smallest integer allowed.
        lowest: i64,
        /// Largest integer allowed.
        highest: i64,
    },
    /// A layer's requantised accumulator is outside its table.
    #[error(
        "layer {layer:?} reaches {value} at cell {cell}, outside its table [{lo}, {hi}); \
         recalibrate with data like this input, or compile with a larger log_rows"
    )]
    OutsideTable {
        /// Name of the layer.
        layer: String,
        /// The cell, row-major over (positions, channels).
        cell: usize,
        /// The value of `pre`.
        value: i64,
        /// Smallest `pre` of the segment.
        lo: i64,
        /// One more than the largest `pre` of the segment.
        hi: i64,
    },
    /// An accumulator left `i64`; [`ValidGraph`](super::ValidGraph) leaves out graphs in which one can.
    #[error(
        "layer {layer:?} overflows its accumulator at cell {cell}; this is a fault of the validation, please report it"
    )]
    Accumulator {
        /// Name of the layer.
        layer: String,
        /// The cell, row-major over (positions, channels).
        cell: usize,
    },
    /// A trace is not one of this graph.
    #[error(
        "output tensor {tensor:?} has {expected} values but the trace has {actual}; use a trace of this graph"
    )]
    OutputLength {
        /// Name of the tensor.
        tensor: String,
        /// Elements of the tensor.
        expected: usize,
        /// Values of the trace.
        actual: usize,
    },
    /// The graph itself does not fit together.
    #[error(transparent)]
    Graph(#[from] GraphError),
}
