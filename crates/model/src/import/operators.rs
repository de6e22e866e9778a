//! The table of supported operators.

use alloc::vec::Vec;

use super::importer::Importer;
use super::node_view::NodeView;
use super::{
    ImportError, activation, constant, elementwise, identity, linear, moves, normalisation, pool,
    quantised, reshape,
};
use crate::graph::Operand;

/// Imports a node: the results, in the order of its outputs.
type Handler = fn(&mut Importer<'_>, &NodeView<'_, '_>) -> Result<Vec<Operand>, ImportError>;

/// A supported operator.
pub(super) struct Operator {
    pub(super) domain: &'static str,
    pub(super) name: &'static str,
    /// The oldest version of its domain's operators from which on the import knows every form of it.
    pub(super) since: i64,
    pub(super) handler: Handler,
}

const fn standard(name: &'static str, since: i64, handler: Handler) -> Operator {
    Operator {
        domain: "",
        name,
        since,
        handler,
    }
}

/// Every supported operator, in alphabetic order within its domain.
pub(super) const OPERATORS: &[Operator] = &[
    standard("Abs", 1, activation::plain),
    standard("Add", 7, elementwise::binary),
    standard("And", 7, elementwise::binary),
    standard("ArgMax", 1, normalisation::arg_max),
    standard("AveragePool", 1, pool::average_pool),
    standard("BatchNormalization", 7, normalisation::batch_normalization),
    standard("Cast", 6, identity::cast),
    standard("Ceil", 1, activation::plain),
    standard("Celu", 12, activation::with_alpha),
    standard("Clip", 6, activation::clip),
    standard("Concat", 4, moves::concat),
    standard("Constant", 1, constant::constant),
    standard("ConstantOfShape", 9, constant::constant_of_shape),
    standard("Conv", 1, linear::conv),
    standard("ConvInteger", 10, quantised::on_integers),
    standard("ConvTranspose", 1, linear::conv_transpose),
    standard("DequantizeLinear", 10, quantised::quantize),
    standard("Div", 7, elementwise::binary),
    standard("Dropout", 1, identity::dropout),
    standard("Elu", 6, activation::with_alpha),
    standard("Equal", 7, elementwise::binary),
    standard("Erf", 9, activation::plain),
    standard("Exp", 1, activation::plain),
    standard("Expand", 8, moves::expand),
    standard("Flatten", 1, reshape::flatten),
    standard("Floor", 1, activation::plain),
    standard("Gather", 1, moves::gather),
    standard("Gelu", 20, activation::gelu),
    standard("Gemm", 7, linear::gemm),
    standard("GlobalAveragePool", 1, pool::global_average_pool),
    standard("GlobalMaxPool", 1, pool::global_max_pool),
    standard("Greater", 7, elementwise::binary),
    standard("GreaterOrEqual", 12, elementwise::binary),
    standard("HardSigmoid", 6, activation::hard_sigmoid),
    standard("HardSwish", 14, activation::plain),
    standard("Identity", 1, identity::identity),
    standard("LRN", 1, normalisation::lrn),
    standard("LeakyRelu", 6, activation::with_alpha),
    standard("Less", 7, elementwise::binary),
    standard("LessOrEqual", 12, elementwise::binary),
    standard("Log", 1, activation::unary),
    standard("LogSoftmax", 1, normalisation::softmax),
    standard("MatMul", 1, linear::matmul),
    standard("MatMulInteger", 10, quantised::on_integers),
    standard("Max", 8, elementwise::variadic),
    standard("MaxPool", 1, pool::max_pool),
    standard("Mean", 8, elementwise::variadic),
    standard("Min", 8, elementwise::variadic),
    standard("Mish", 18, activation::plain),
    standard("Mod", 10, elementwise::modulo),
    standard("Mul", 7, elementwise::binary),
    standard("Neg", 1, activation::unary),
    standard("Not", 1, activation::unary),
    standard("Or", 7, elementwise::binary),
    standard("PRelu", 7, elementwise::prelu),
    standard("Pad", 1, moves::pad),
    standard("Pow", 7, elementwise::binary),
    standard("QLinearConv", 10, quantised::conv),
    standard("QLinearMatMul", 10, quantised::matmul),
    standard("QuantizeLinear", 10, quantised::quantize),
    standard("Range", 11, constant::range),
    standard("Reciprocal", 1, activation::unary),
    standard("ReduceMax", 1, pool::reduce),
    standard("ReduceMean", 1, pool::reduce),
    standard("ReduceMin", 1, pool::reduce),
    standard("ReduceSum", 1, pool::reduce),
    standard("Relu", 1, activation::plain),
    standard("Reshape", 1, reshape::reshape),
    standard("Round", 11, activation::plain),
    standard("Selu", 6, activation::selu),
    standard("Shape", 1, constant::shape),
    standard("Sigmoid", 1, activation::plain),
    standard("Sign", 9, activation::plain),
    standard("Size", 1, constant::size),
    standard("Slice", 1, moves::slice),
    standard("Softmax", 1, normalisation::softmax),
    standard("Softplus", 1, activation::plain),
    standard("Softsign", 1, activation::plain),
    standard("Split", 2, moves::split),
    standard("Sqrt", 1, activation::unary),
    standard("Squeeze", 1, reshape::squeeze),
    standard("Sub", 7, elementwise::binary),
    standard("Sum", 8, elementwise::variadic),
    standard("Tanh", 1, activation::plain),
    standard("ThresholdedRelu", 10, activation::with_alpha),
    standard("Tile", 6, moves::tile),
    standard("Transpose", 1, moves::transpose),
    standard("Unsqueeze", 1, reshape::unsqueeze),
    standard("Where", 9, elementwise::select),
    standard("Xor", 7, elementwise::binary),
    Operator {
        domain: "com.microsoft",
        name: "QGemm",
        since: 1,
        handler: quantised::gemm,
    },
];
