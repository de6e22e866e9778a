//! What a node computes, with every attribute resolved.

use alloc::vec::Vec;

use super::{Activation, Convolution, ElementType, WindowAxis};

/// What a node computes. Its operands are in the order of the ONNX operator, without those that became attributes here.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// A function of each element.
    Activation(Activation),
    /// A function of each element that has no place in a proof.
    Unary(Unary),
    /// A function of two tensors, element by element, with broadcasting. Sums, maxima and minima of more than two tensors are
    /// several nodes.
    Binary(Binary),
    /// `x` where it is positive, `slope * x` elsewhere: operands `x` and `slope`, which broadcasts to the shape of `x`.
    PRelu,
    /// A convolution: `x [n, c, ..]`, `weights [m, c / groups, ..]` and perhaps `bias [m]`.
    Convolution(Convolution),
    /// A transposed convolution: `x [n, c, ..]`, `weights [c, m / groups, ..]` and perhaps `bias [m]`.
    ConvolutionTranspose(Convolution),
    /// `alpha * a * b + beta * c`: operands `a`, `b` and perhaps `c`, which broadcasts to the result.
    Gemm(Gemm),
    /// The matrix product of NumPy, with broadcasting of the leading axes.
    MatMul,
    /// `(x - mean) / sqrt(variance + epsilon) * scale + bias` along axis 1: operands `x`, `scale`, `bias`, `mean`, `variance`.
    BatchNormalization {
        /// Added to the variance.
        epsilon: f32,
    },
    /// Local response normalisation across channels.
    LocalResponse(LocalResponse),
    /// The largest element of each window of `x [n, c, ..]`; padding never counts.
    MaxPool {
        /// One window per spatial axis.
        axes: Vec<WindowAxis>,
    },
    /// The mean of each window of `x [n, c, ..]`.
    AveragePool {
        /// One window per spatial axis.
        axes: Vec<WindowAxis>,
        /// Whether the padding counts as zeros, instead of not at all. What a window reaches beyond the padding never counts.
        count_include_pad: bool,
    },
    /// Sums, means, maxima or minima over axes.
    Reduce {
        /// What is made of the elements.
        reduction: Reduction,
        /// The axes, in rising order.
        axes: Vec<usize>,
        /// Whether the axes stay, with length 1.
        keep_dims: bool,
    },
    /// `exp(x) / sum exp(x)`, or its logarithm.
    Softmax(Softmax),
    /// Index of the largest element along an axis.
    ArgMax(ArgMax),
    /// The operands one after the other along an axis.
    Concat {
        /// The axis.
        axis: usize,
    },
    /// Parts of a tensor along an axis, one per output.
    Split {
        /// The axis.
        axis: usize,
        /// Lengths of the parts.
        sizes: Vec<usize>,
    },
    /// Every `step`th element along each axis.
    Slice {
        /// One entry per axis.
        axes: Vec<SliceAxis>,
    },
    /// A border of constant value, or less than the tensor where a count is negative.
    Pad {
        /// Elements before and after, per axis.
        pads: Vec<(i64, i64)>,
        /// The value of the border.
        value: f32,
    },
    /// Axis `i` of the result is axis `permutation[i]` of the operand.
    Transpose {
        /// The permutation.
        permutation: Vec<usize>,
    },
    /// The same elements in row-major order with another shape: `Reshape`, `Flatten`, `Squeeze`, `Unsqueeze`.
    Reshape {
        /// The new shape.
        shape: Vec<usize>,
    },
    /// The operand broadcast to a shape that its own broadcasts to.
    Expand {
        /// The new shape.
        shape: Vec<usize>,
    },
    /// The operand repeated along each axis.
    Tile {
        /// One count per axis.
        repeats: Vec<usize>,
    },
    /// Elements along an axis by index: operands `data` and `indices`, whose shape takes the place of the axis.
    Gather {
        /// The axis.
        axis: usize,
    },
    /// `a` where the condition holds, `b` elsewhere: operands `condition`, `a`, `b`.
    Where,
    /// A comparison of two tensors, with booleans as result.
    Compare(Comparison),
    /// A function of two boolean tensors.
    Logic(Logic),
    /// Conversion to another element type.
    Cast {
        /// The type.
        to: ElementType,
    },
    /// `clamp(round_half_even(x / scale) + zero_point)`: operands `x`, `scale` and `zero_point`.
    QuantizeLinear(QuantizedAxis),
    /// `(x - zero_point) * scale`: operands `x`, `scale` and `zero_point`. It is not executed on constants, so that the integers of
    /// quantised weights stay in the graph.
    DequantizeLinear(QuantizedAxis),
    /// A convolution of quantised tensors: operands `x`, `x_scale`, `x_zero_point`, `w`, `w_scale`, `w_zero_point`, `y_scale`,
    /// `y_zero_point`, and perhaps an `int32` bias.
    QLinearConv(Convolution),
    /// A matrix product of quantised tensors: operands `a`, `a_scale`, `a_zero_point`, `b`, `b_scale`, `b_zero_point`, `y_scale`,
    /// `y_zero_point`.
    QLinearMatMul,
    /// `Gemm` of quantised tensors (com.microsoft): operands as of [`Operation::QLinearMatMul`] with the `int32` bias (or a zero)
    /// after `b_zero_point`; without `y_scale` and `y_zero_point` the result is real.
    QGemm(Gemm),
    /// The sum of two quantised tensors (com.microsoft), with broadcasting: operands `a`, `a_scale`, `a_zero_point`, `b`, `b_scale`,
    /// `b_zero_point`, `y_scale`, `y_zero_point`.
    QLinearAdd,
    /// Quantised tensors one after the other along an axis (com.microsoft): operands `y_scale` and `y_zero_point`, then of each part `x`,
    /// `x_scale` and `x_zero_point`.
    QLinearConcat {
        /// The axis.
        axis: usize,
    },
    /// The mean over all spatial axes of a quantised tensor (com.microsoft): operands `x [n, c, ..]`, `x_scale`, `x_zero_point`, `y_scale`,
    /// `y_zero_point`.
    QLinearGlobalAveragePool,
    /// A convolution of integers: operands `x`, `w`, `x_zero_point`, `w_zero_point`.
    ConvInteger(Convolution),
    /// A matrix product of integers: operands `a`, `b`, `a_zero_point`, `b_zero_point`.
    MatMulInteger,
}

/// A function of each element of constants and of intermediate results that a proof has no table for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unary {
    /// `-x`.
    Neg,
    /// The square root.
    Sqrt,
    /// `1 / x`.
    Reciprocal,
    /// The natural logarithm.
    Log,
    /// The logical complement.
    Not,
}

/// A function of two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Binary {
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a * b`.
    Mul,
    /// `a / b`, truncated for integers.
    Div,
    /// The larger.
    Max,
    /// The smaller.
    Min,
    /// `a` to the power `b`.
    Pow,
    /// The remainder of `a / b` with the sign of `b`.
    Mod,
    /// The remainder of `a / b` with the sign of `a`.
    Remainder,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `a == b`.
    Equal,
    /// `a < b`.
    Less,
    /// `a <= b`.
    LessOrEqual,
    /// `a > b`.
    Greater,
    /// `a >= b`.
    GreaterOrEqual,
}

/// A function of two booleans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logic {
    /// Both.
    And,
    /// At least one.
    Or,
    /// Exactly one.
    Xor,
}

/// What a reduction makes of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

/// Attributes of `Gemm`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gemm {
    /// Factor of the product.
    pub alpha: f32,
    /// Factor of the third operand.
    pub beta: f32,
    /// Whether `a` is transposed first.
    pub transpose_a: bool,
    /// Whether `b` is transposed first.
    pub transpose_b: bool,
}

/// `x / (bias + alpha / size * sum of squares over size channels around)^beta`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalResponse {
    /// Factor of the sum of squares.
    pub alpha: f32,
    /// The exponent.
    pub beta: f32,
    /// The constant term.
    pub bias: f32,
    /// Number of channels summed.
    pub size: usize,
}

/// Attributes of `Softmax` and `LogSoftmax`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax {
    /// First axis over which it is normalised.
    pub first: usize,
    /// Axis after the last over which it is normalised: `first + 1` since opset 13, the rank before.
    pub end: usize,
    /// Whether the result is the logarithm.
    pub logarithm: bool,
}

/// Attributes of `ArgMax`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgMax {
    /// The axis.
    pub axis: usize,
    /// Whether the axis stays, with length 1.
    pub keep_dims: bool,
    /// Whether the last of several largest counts, instead of the first.
    pub last: bool,
}

/// What a slice takes along one axis: elements `start`, `start + step`, .., `length` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceAxis {
    /// The first element.
    pub start: usize,
    /// The distance, negative when the order is reversed, never 0.
    pub step: i64,
    /// How many.
    pub length: usize,
}

/// How a quantised tensor's scales and zero points are dealt out, and its element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuantizedAxis {
    /// The axis that has a scale per index, `None` for one scale for all.
    pub axis: Option<usize>,
    /// The integers' type.
    pub element_type: ElementType,
}
