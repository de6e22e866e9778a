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
    /// What the import refuses, empty where that is nothing.
    pub(super) limits: &'static str,
}

impl Operator {
    const fn limited(self, limits: &'static str) -> Self {
        Self { limits, ..self }
    }
}

const fn standard(name: &'static str, since: i64, handler: Handler) -> Operator {
    Operator {
        domain: "",
        name,
        since,
        handler,
        limits: "",
    }
}

/// An operator of onnxruntime's quantiser.
const fn microsoft(name: &'static str, handler: Handler) -> Operator {
    Operator {
        domain: "com.microsoft",
        name,
        since: 1,
        handler,
        limits: EIGHT_BITS,
    }
}

const INFERENCE: &str = "inference";
const EIGHT_BITS: &str = "8-bit integers";
const CONSTANT: &str = "operands must be constants";
const SHAPES: &str = "sizes and axes must be constants";

/// Longer names are no misspelling.
const LONGEST_NAME: usize = 64;

/// The operator of a domain whose name is most similar to a name: a third of it may differ.
pub(super) fn nearest(domain: &str, name: &str) -> Option<&'static str> {
    if name.len() > LONGEST_NAME {
        return None;
    }
    let own = OPERATORS
        .iter()
        .filter(|operator| operator.domain == domain);
    let candidates = own.map(|operator| (distance(operator.name, name), operator.name));
    let (distance, nearest) = candidates.min()?;
    (3 * distance <= name.len()).then_some(nearest)
}

/// Letters to insert, delete or replace, whatever their case (Levenshtein's distance).
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, left) in left.bytes().enumerate() {
        let mut corner = index;
        let mut last = index + 1;
        for (right, above) in right.bytes().zip(row.iter_mut().skip(1)) {
            let replaced = corner + usize::from(!left.eq_ignore_ascii_case(&right));
            corner = *above;
            last = replaced.min(last + 1).min(*above + 1);
            *above = last;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Every supported operator, in alphabetic order within its domain.
pub(super) const OPERATORS: &[Operator] = &[
    standard("Abs", 1, activation::plain),
    standard("Add", 7, elementwise::binary),
    standard("And", 7, elementwise::binary),
    standard("ArgMax", 1, normalisation::arg_max),
    standard("AveragePool", 1, pool::average_pool),
    standard("BatchNormalization", 7, normalisation::batch_normalization).limited(INFERENCE),
    standard("Cast", 6, identity::cast).limited(
        "not to 16- and 8-bit floats, strings or 4-bit integers; float64 is computed as float32",
    ),
    standard("Ceil", 1, activation::plain),
    standard("Celu", 12, activation::with_alpha),
    standard("Clip", 6, activation::clip).limited("bounds must be constants"),
    standard("Concat", 4, moves::concat),
    standard("Constant", 1, constant::constant),
    standard("ConstantOfShape", 9, constant::constant_of_shape).limited(CONSTANT),
    standard("Conv", 1, linear::conv),
    standard("ConvInteger", 10, quantised::on_integers).limited(EIGHT_BITS),
    standard("ConvTranspose", 1, linear::conv_transpose),
    standard("DequantizeLinear", 10, quantised::quantize)
        .limited("per tensor or per axis, of 8- and 16-bit integers and int32"),
    standard("Div", 7, elementwise::binary),
    standard("Dropout", 1, identity::dropout).limited(INFERENCE),
    standard("Elu", 6, activation::with_alpha),
    standard("Equal", 7, elementwise::binary),
    standard("Erf", 9, activation::plain),
    standard("Exp", 1, activation::plain),
    standard("Expand", 8, moves::expand).limited(SHAPES),
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
    standard("MatMulInteger", 10, quantised::on_integers).limited(EIGHT_BITS),
    standard("Max", 8, elementwise::variadic),
    standard("MaxPool", 1, pool::max_pool).limited("no indices as a second output"),
    standard("Mean", 8, elementwise::variadic),
    standard("Min", 8, elementwise::variadic),
    standard("Mish", 18, activation::plain),
    standard("Mod", 10, elementwise::modulo),
    standard("Mul", 7, elementwise::binary),
    standard("Neg", 1, activation::unary),
    standard("Not", 1, activation::unary),
    standard("Or", 7, elementwise::binary),
    standard("PRelu", 7, elementwise::prelu),
    standard("Pad", 1, moves::pad).limited("constant mode"),
    standard("Pow", 7, elementwise::binary),
    standard("QLinearConv", 10, quantised::conv).limited(EIGHT_BITS),
    standard("QLinearMatMul", 10, quantised::matmul).limited(EIGHT_BITS),
    standard("QuantizeLinear", 10, quantised::quantize)
        .limited("per tensor or per axis, to 8- and 16-bit integers"),
    standard("Range", 11, constant::range).limited(CONSTANT),
    standard("Reciprocal", 1, activation::unary),
    standard("ReduceMax", 1, pool::reduce).limited(SHAPES),
    standard("ReduceMean", 1, pool::reduce).limited(SHAPES),
    standard("ReduceMin", 1, pool::reduce).limited(SHAPES),
    standard("ReduceSum", 1, pool::reduce).limited(SHAPES),
    standard("Relu", 1, activation::plain),
    standard("Reshape", 1, reshape::reshape).limited(SHAPES),
    standard("Round", 11, activation::plain),
    standard("Selu", 6, activation::selu),
    standard("Shape", 1, constant::shape),
    standard("Sigmoid", 1, activation::plain),
    standard("Sign", 9, activation::plain),
    standard("Size", 1, constant::size),
    standard("Slice", 1, moves::slice).limited(SHAPES),
    standard("Softmax", 1, normalisation::softmax),
    standard("Softplus", 1, activation::plain),
    standard("Softsign", 1, activation::plain),
    standard("Split", 2, moves::split).limited(SHAPES),
    standard("Sqrt", 1, activation::unary),
    standard("Squeeze", 1, reshape::squeeze).limited(SHAPES),
    standard("Sub", 7, elementwise::binary),
    standard("Sum", 8, elementwise::variadic),
    standard("Tanh", 1, activation::plain),
    standard("ThresholdedRelu", 10, activation::with_alpha),
    standard("Tile", 6, moves::tile).limited(SHAPES),
    standard("Transpose", 1, moves::transpose),
    standard("Unsqueeze", 1, reshape::unsqueeze).limited(SHAPES),
    standard("Where", 9, elementwise::select),
    standard("Xor", 7, elementwise::binary),
    microsoft("QGemm", quantised::gemm),
    microsoft("QLinearAdd", quantised::add),
    microsoft("QLinearConcat", quantised::concat),
    microsoft("QLinearGlobalAveragePool", quantised::global_average_pool),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_names_have_a_nearest_operator() {
        for (name, expected) in [
            ("Convv", Some("Conv")),
            ("conv", Some("Conv")),
            ("BatchNormalisation", Some("BatchNormalization")),
            ("MaxPol", Some("MaxPool")),
            ("Foo", None),
            ("", None),
        ] {
            assert_eq!(nearest("", name), expected, "{name}");
        }
        assert_eq!(nearest("com.example", "Relu"), None);
        assert_eq!(nearest("", &"Conv".repeat(100)), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
