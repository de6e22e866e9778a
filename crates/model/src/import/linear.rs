//! `Conv`, `ConvTranspose`, `Gemm`, `MatMul`.

use alloc::vec::Vec;

use super::ImportError;
use super::importer::Importer;
use super::node_view::NodeView;
use super::window::WindowAttributes;
use crate::graph::{Convolution, Gemm, Operand, Operation};

type Imported = Result<Vec<Operand>, ImportError>;

/// The attributes of every convolution.
pub(super) const CONVOLUTION: &[&str] = &[
    "auto_pad",
    "dilations",
    "group",
    "kernel_shape",
    "pads",
    "strides",
];

pub(super) fn conv(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(2..=3, CONVOLUTION)?;
    let operands = importer.operands_with_optional(node, 2)?;
    let convolution = convolution(importer, node, &operands[0], &operands[1])?;
    importer.single(node, Operation::Convolution(convolution), operands)
}

pub(super) fn conv_transpose(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(
        2..=3,
        &[
            "auto_pad",
            "dilations",
            "group",
            "kernel_shape",
            "output_padding",
            "output_shape",
            "pads",
            "strides",
        ],
    )?;
    let operands = importer.operands_with_optional(node, 2)?;
    let (spatial, kernel) = spatial(importer, node, &operands[0], &operands[1])?;
    let attributes = WindowAttributes::read(node, spatial.len(), Some(&kernel))?;
    let convolution = Convolution {
        axes: attributes.transposed_axes(node, &spatial)?,
        groups: groups(node)?,
    };
    importer.single(node, Operation::ConvolutionTranspose(convolution), operands)
}

/// The convolution of `x` by `weights` that the node's attributes say.
pub(super) fn convolution(
    importer: &Importer<'_>,
    node: &NodeView<'_, '_>,
    x: &Operand,
    weights: &Operand,
) -> Result<Convolution, ImportError> {
    let (spatial, kernel) = spatial(importer, node, x, weights)?;
    let attributes = WindowAttributes::read(node, spatial.len(), Some(&kernel))?;
    Ok(Convolution {
        axes: attributes.axes(node, &spatial, false)?,
        groups: groups(node)?,
    })
}

/// The spatial lengths of `x` and of the kernel, of which there are equally many, at least one.
fn spatial(
    importer: &Importer<'_>,
    node: &NodeView<'_, '_>,
    x: &Operand,
    weights: &Operand,
) -> Result<(Vec<usize>, Vec<usize>), ImportError> {
    let (x, weights) = (importer.shape(x), importer.shape(weights));
    match (x, weights) {
        ([_, _, spatial @ ..], [_, _, kernel @ ..])
            if spatial.len() == kernel.len() && !spatial.is_empty() =>
        {
            Ok((spatial.to_vec(), kernel.to_vec()))
        }
        _ => Err(node.shape_error(0, x, weights)),
    }
}

fn groups(node: &NodeView<'_, '_>) -> Result<usize, ImportError> {
    let groups = node.int("group", 1)?;
    let positive = usize::try_from(groups).ok().filter(|&groups| groups > 0);
    positive.ok_or_else(|| node.attribute_type("group", "a positive integer"))
}

pub(super) fn gemm(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(2..=3, &["alpha", "beta", "transA", "transB"])?;
    let gemm = Gemm {
        alpha: node.float("alpha", 1.0)?,
        beta: node.float("beta", 1.0)?,
        transpose_a: node.flag("transA", false)?,
        transpose_b: node.flag("transB", false)?,
    };
    let operands = importer.operands_with_optional(node, 2)?;
    importer.single(node, Operation::Gemm(gemm), operands)
}

pub(super) fn matmul(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(2..=2, &[])?;
    let operands = importer.operands(node)?;
    importer.single(node, Operation::MatMul, operands)
}
