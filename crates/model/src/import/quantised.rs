//! Operators on quantised tensors, as onnxruntime's quantiser writes them.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::ImportError;
use super::importer::Importer;
use super::linear::{CONVOLUTION, convolution};
use super::node_view::NodeView;
use crate::graph::{ElementType, Elements, Gemm, Operand, Operation, QuantizedAxis, Tensor};

type Imported = Result<Vec<Operand>, ImportError>;

/// `QuantizeLinear` and `DequantizeLinear`, per tensor and per axis.
pub(super) fn quantize(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let quantizing = node.operator() == "QuantizeLinear";
    let attributes: &[&str] = match (node.since(21), node.since(19), node.since(13)) {
        (true, ..) if quantizing => &["axis", "block_size", "output_dtype", "saturate"],
        (true, ..) => &["axis", "block_size"],
        (false, true, _) if quantizing => &["axis", "saturate"],
        (false, _, true) => &["axis"],
        _ => &[],
    };
    node.check(2..=3, attributes)?;
    node.require("block_size", 0, 0, "0, no blocks")?;
    let (x, scale) = (importer.operand(node, 0)?, importer.operand(node, 1)?);
    let count: usize = importer.shape(&scale).iter().product();
    let zero = match importer.optional(node, 2)? {
        Some(zero) => zero,
        None => {
            let element_type = if quantizing {
                output_type(node)?
            } else {
                importer.element_type(&x)
            };
            zeros(element_type, importer.shape(&scale).to_vec(), count)
                .ok_or_else(|| node.constant_type(1, "the scale of an integer tensor"))?
        }
    };
    let x_shape = importer.shape(&x);
    let axis = match importer.shape(&scale) {
        [] | [1] => None,
        _ => Some(node.axis(node.int("axis", 1)?, x_shape, false)?),
    };
    let quantized = QuantizedAxis {
        axis,
        element_type: importer.element_type(&zero),
    };
    let operation = if quantizing {
        Operation::QuantizeLinear(quantized)
    } else {
        Operation::DequantizeLinear(quantized)
    };
    importer.single(node, operation, vec![x, scale, zero])
}

/// The type of a quantised result without a zero point.
fn output_type(node: &NodeView<'_, '_>) -> Result<ElementType, ImportError> {
    match node.int("output_dtype", 0)? {
        0 | 2 => Ok(ElementType::Uint8),
        3 => Ok(ElementType::Int8),
        4 => Ok(ElementType::Uint16),
        5 => Ok(ElementType::Int16),
        code => Err(node.attribute_value(
            "output_dtype",
            code.to_string(),
            "uint8 (2), int8 (3), uint16 (4) or int16 (5)",
        )),
    }
}

fn zeros(element_type: ElementType, shape: Vec<usize>, count: usize) -> Option<Operand> {
    let tensor = Tensor::new(element_type, shape, Elements::Ints(vec![0; count]))?;
    Some(Operand::Constant(Arc::new(tensor)))
}

pub(super) fn conv(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(8..=9, CONVOLUTION)?;
    let operands = importer.operands_with_optional(node, 8)?;
    let convolution = convolution(importer, node, &operands[0], &operands[3])?;
    importer.single(node, Operation::QLinearConv(convolution), operands)
}

pub(super) fn matmul(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(8..=8, &[])?;
    let operands = importer.operands(node)?;
    importer.single(node, Operation::QLinearMatMul, operands)
}

/// `QGemm` of com.microsoft: `alpha * (a - a_zero) * (b - b_zero)` and a bias at scale `alpha * a_scale * b_scale`.
pub(super) fn gemm(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(6..=9, &["alpha", "transA", "transB"])?;
    let gemm = Gemm {
        alpha: node.float("alpha", 1.0)?,
        beta: 1.0,
        transpose_a: node.flag("transA", false)?,
        transpose_b: node.flag("transB", false)?,
    };
    let mut operands = Vec::new();
    for index in 0..6 {
        operands.push(importer.operand(node, index)?);
    }
    let bias = match importer.optional(node, 6)? {
        Some(bias) => Some(bias),
        None => zeros(ElementType::Int32, vec![], 1),
    };
    operands.extend(bias);
    for index in 7..9 {
        operands.extend(importer.optional(node, index)?);
    }
    importer.single(node, Operation::QGemm(gemm), operands)
}

/// `QLinearAdd` of com.microsoft.
pub(super) fn add(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(7..=8, &[])?;
    let mut operands = Vec::new();
    for index in 0..8 {
        operands.push(importer.operand(node, index)?);
    }
    importer.single(node, Operation::QLinearAdd, operands)
}

/// `QLinearConcat` of com.microsoft.
pub(super) fn concat(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(5..=usize::MAX, &["axis"])?;
    if !node.has("axis") {
        return Err(node.attribute_type("axis", "an integer"));
    }
    let operands = importer.operands(node)?;
    let axis = node.axis(node.int("axis", 0)?, importer.shape(&operands[2]), false)?;
    importer.single(node, Operation::QLinearConcat { axis }, operands)
}

/// `QLinearGlobalAveragePool` of com.microsoft.
pub(super) fn global_average_pool(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Imported {
    node.check(5..=5, &["channels_last"])?;
    node.require("channels_last", 0, 0, "0, channels before the spatial axes")?;
    let operands = importer.operands(node)?;
    importer.single(node, Operation::QLinearGlobalAveragePool, operands)
}

/// `ConvInteger` and `MatMulInteger`: zero points may be left out.
pub(super) fn on_integers(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let convolves = node.operator() == "ConvInteger";
    let attributes: &[&str] = if convolves {
        &[
            "auto_pad",
            "dilations",
            "group",
            "kernel_shape",
            "pads",
            "strides",
        ]
    } else {
        &[]
    };
    node.check(2..=4, attributes)?;
    let mut operands = vec![importer.operand(node, 0)?, importer.operand(node, 1)?];
    for index in 2..4 {
        let zero = match importer.optional(node, index)? {
            Some(zero) => Some(zero),
            None => zeros(importer.element_type(&operands[index - 2]), vec![], 1),
        };
        let zero = zero.ok_or_else(|| node.constant_type(index, "the zero point of integers"));
        operands.push(zero?);
    }
    let operation = if convolves {
        Operation::ConvInteger(convolution(importer, node, &operands[0], &operands[1])?)
    } else {
        Operation::MatMulInteger
    };
    importer.single(node, operation, operands)
}
