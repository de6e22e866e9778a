//! Why a network cannot be lowered to layers.

use alloc::string::String;
use alloc::vec::Vec;

/// The smallest exponent of a power.
pub(super) const MIN_EXPONENT: u32 = 1;
/// The largest exponent of a power.
pub(super) const MAX_EXPONENT: u32 = 8;

/// The network cannot be made layers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LowerError {
    /// There is nothing to prove.
    #[error(
        "the network computes nothing between its inputs and its outputs; give it at least one linear operator or activation"
    )]
    Empty,
    /// An output does not depend on any input.
    #[error("output {output:?} is a constant; remove it from the graph's outputs")]
    ConstantOutput {
        /// The output.
        output: String,
    },
    /// A node multiplies, compares or normalises activations.
    #[error("node {node:?} ({operator}) {problem}; {}", .problem.cure())]
    Node {
        /// The node.
        node: String,
        /// Its operator.
        operator: String,
        /// What is wrong.
        problem: Problem,
    },
    /// An input or output is real in a network that is quantised.
    #[error(
        "tensor {tensor:?} is not quantised but other parts of the network are; quantise the whole network or none of it, and end it \
         with DequantizeLinear"
    )]
    Mixed {
        /// The input or output.
        tensor: String,
    },
    /// An input of integers chooses no rows, or an output holds such an input's integers.
    #[error(
        "tensor {tensor:?} holds integers of an input, which can only choose rows of a constant with Gather; remove it from the graph's inputs \
         or outputs, or make it float32"
    )]
    Indices {
        /// The input or output.
        tensor: String,
    },
    /// An input or output has more axes of its own than a proof's tensors can be given.
    #[error("tensor {tensor:?} of shape {shape:?} cannot be laid out; reshape it to fewer axes")]
    PortLayout {
        /// The input or output.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
    },
}

/// What keeps a node from being lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The operator has no lowering.
    #[error("has no form as a layer in the middle of a network")]
    Operator,
    /// The divisor depends on the input.
    #[error("divides by a value that depends on the input")]
    Divisor,
    /// There are too many products of two activations.
    #[error(
        "multiplies two values that depend on the input, {products} products with two lookups each, more than {limit}"
    )]
    Products {
        /// Products.
        products: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The integers of an input are not just moved and used as indices.
    #[error("computes with the integers of an input")]
    Indices,
    /// A table has too many rows.
    #[error("chooses from {rows} rows, more than {limit}")]
    Rows {
        /// Rows.
        rows: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The exponent is no small whole number.
    #[error("has an exponent that is no whole number from {least} to {most}", least = MIN_EXPONENT, most = MAX_EXPONENT)]
    Exponent,
    /// A constant operand was needed.
    #[error("needs a constant operand that depends on the input here")]
    ConstantOperand,
    /// A factor differs between the positions of an image.
    #[error("has factors that differ between positions")]
    PositionFactor,
    /// Moving the data would take too many weights.
    #[error(
        "needs {weights} weights to move data between positions and channels or between groups, more than {limit}"
    )]
    TooLarge {
        /// Weights needed.
        weights: usize,
        /// The most there may be.
        limit: usize,
    },
    /// A border needs a term for each of its positions.
    #[error(
        "pools over {positions} positions of a border that each take a term, more than {limit}"
    )]
    Border {
        /// Positions.
        positions: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The axes of an operand lie such that no map along each axis expresses the operator.
    #[error("mixes axes in a way that no map along each axis expresses")]
    Axes,
    /// Numbers that are quantised meet an operator that has no form on integers.
    #[error("is applied to the integers of a quantised network")]
    Quantised,
    /// An operator on integers meets real numbers, or integers that some other operator made.
    #[error("needs an operand that the network has quantised, with the same zero point")]
    NotQuantised,
    /// A scale is none.
    #[error("has a scale that is not a positive finite number")]
    Scale,
    /// The scales of two summands have no common unit.
    #[error("adds integers whose scales differ too much")]
    Ratio,
    /// A zero point lies outside its type, or the type is not 8 bits wide.
    #[error("has integers or a zero point that are not 8 bits wide")]
    ZeroPoint,
    /// There are not as many scales or zero points as channels.
    #[error("has {actual} scales, zero points or biases for {expected} channels")]
    PerChannel {
        /// Channels.
        expected: usize,
        /// Parameters.
        actual: usize,
    },
    /// A result has an axis of length zero.
    #[error("makes a tensor without elements")]
    Empty,
    /// A folded weight overflowed.
    #[error("makes a weight that is not finite")]
    NotFinite,
}

impl Problem {
    /// What to do.
    #[must_use]
    pub fn cure(self) -> &'static str {
        match self {
            Self::Operator => {
                "end the network before it (a final Softmax, LogSoftmax or ArgMax stays outside the proof), or use a supported operator"
            }
            Self::Divisor => "multiply by a value instead, or make the divisor a constant",
            Self::Products { .. } => {
                "use fewer rows or heads; products of whole rows, which such sizes need, are not there yet"
            }
            Self::Indices => {
                "choose rows of a constant with them as they are, or at even distances; compute them before they are the network's input, or make the input float32"
            }
            Self::Rows { .. } => "split the table",
            Self::Exponent => "use a supported exponent, or products",
            Self::ConstantOperand => "make the operand an initializer or a constant",
            Self::PositionFactor => "use one factor per channel",
            Self::TooLarge { .. } => {
                "move the Reshape, Transpose or concatenation next to the input or the output, or use fewer groups"
            }
            Self::Border { .. } => {
                "use less padding, or a Relu before a maximum and count_include_pad for a mean"
            }
            Self::Axes => "reshape its operands so that each axis is a dimension of its own",
            Self::Quantised => {
                "quantise it too: Conv, Gemm and MatMul with constant weights, sums of two activations, Concat, MaxPool, GlobalAveragePool, Reshape, Transpose, Relu and Clip are supported, or start from the float network"
            }
            Self::NotQuantised => {
                "quantise the whole network with onnxruntime's quantize_static, or start from the float network"
            }
            Self::Ratio => "quantise the network again, or start from the float network",
            Self::Scale | Self::ZeroPoint | Self::PerChannel { .. } => {
                "quantise the network again, to int8 or uint8"
            }
            Self::Empty => "remove it, or give its axes a length",
            Self::NotFinite => "check its constants",
        }
    }
}
