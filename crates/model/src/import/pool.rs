//! Pools and reductions.

use alloc::vec;
use alloc::vec::Vec;

use super::ImportError;
use super::importer::Importer;
use super::node_view::NodeView;
use super::window::WindowAttributes;
use crate::graph::{Operand, Operation, Reduction, WindowAxis};

type Imported = Result<Vec<Operand>, ImportError>;

/// `MaxPool`. Its second output, the indices, is not imported.
pub(super) fn max_pool(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let attributes: &[&str] = if node.since(10) {
        &[
            "auto_pad",
            "ceil_mode",
            "dilations",
            "kernel_shape",
            "pads",
            "storage_order",
            "strides",
        ]
    } else {
        &[
            "auto_pad",
            "kernel_shape",
            "pads",
            "storage_order",
            "strides",
        ]
    };
    node.check(1..=1, attributes)?;
    // The order concerns the indices alone.
    node.flag("storage_order", false)?;
    let (x, axes) = pooled(importer, node)?;
    importer.single(node, Operation::MaxPool { axes }, vec![x])
}

pub(super) fn average_pool(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let attributes: &[&str] = match () {
        () if node.since(19) => &[
            "auto_pad",
            "ceil_mode",
            "count_include_pad",
            "dilations",
            "kernel_shape",
            "pads",
            "strides",
        ],
        () if node.since(10) => &[
            "auto_pad",
            "ceil_mode",
            "count_include_pad",
            "kernel_shape",
            "pads",
            "strides",
        ],
        () if node.since(7) => &[
            "auto_pad",
            "count_include_pad",
            "kernel_shape",
            "pads",
            "strides",
        ],
        () => &["auto_pad", "kernel_shape", "pads", "strides"],
    };
    node.check(1..=1, attributes)?;
    let (x, axes) = pooled(importer, node)?;
    let operation = Operation::AveragePool {
        axes,
        count_include_pad: node.flag("count_include_pad", false)?,
    };
    importer.single(node, operation, vec![x])
}

fn pooled(
    importer: &Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<(Operand, Vec<WindowAxis>), ImportError> {
    let x = importer.operand(node, 0)?;
    let spatial = spatial(importer, node, &x)?;
    let attributes = WindowAttributes::read(node, spatial.len(), None)?;
    let axes = attributes.axes(node, &spatial, node.flag("ceil_mode", false)?)?;
    // A window that lies in the padding alone has no largest element and no mean.
    let covered = |axis: &WindowAxis| (0..axis.output).all(|position| axis.hits(position));
    if axes.iter().all(covered) {
        return Ok((x, axes));
    }
    Err(node.attribute_value(
        "pads",
        alloc::format!("{:?}", attributes.pads),
        "less than the window is long",
    ))
}

fn spatial(
    importer: &Importer<'_>,
    node: &NodeView<'_, '_>,
    x: &Operand,
) -> Result<Vec<usize>, ImportError> {
    match importer.shape(x) {
        [_, _, spatial @ ..] if !spatial.is_empty() && !spatial.contains(&0) => {
            Ok(spatial.to_vec())
        }
        shape => Err(node.shape_error(0, shape, &[1, 1, 1])),
    }
}

/// A mean over all spatial axes.
pub(super) fn global_average_pool(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Imported {
    node.check(1..=1, &[])?;
    let x = importer.operand(node, 0)?;
    let spatial = spatial(importer, node, &x)?;
    let operation = Operation::Reduce {
        reduction: Reduction::Mean,
        axes: (2..2 + spatial.len()).collect(),
        keep_dims: true,
    };
    importer.single(node, operation, vec![x])
}

/// A pool with one window.
pub(super) fn global_max_pool(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=1, &[])?;
    let x = importer.operand(node, 0)?;
    let whole = |length| WindowAxis {
        input: length,
        kernel: length,
        stride: 1,
        dilation: 1,
        pad_begin: 0,
        pad_end: 0,
        output: 1,
    };
    let axes = spatial(importer, node, &x)?
        .into_iter()
        .map(whole)
        .collect();
    importer.single(node, Operation::MaxPool { axes }, vec![x])
}

/// `ReduceSum`, `ReduceMean`, `ReduceMax`, `ReduceMin`: the axes are an attribute, and later an optional input.
pub(super) fn reduce(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let (reduction, inputs_since) = match node.operator() {
        "ReduceSum" => (Reduction::Sum, 13),
        "ReduceMean" => (Reduction::Mean, 18),
        "ReduceMax" => (Reduction::Max, 18),
        _ => (Reduction::Min, 18),
    };
    let axes = if node.since(inputs_since) {
        node.check(1..=2, &["keepdims", "noop_with_empty_axes"])?;
        importer.ints_if_any(node, 1)?
    } else {
        node.check(1..=1, &["axes", "keepdims"])?;
        node.ints("axes")?.map(<[i64]>::to_vec)
    };
    let x = importer.operand(node, 0)?;
    let shape = importer.shape(&x);
    let axes = axes.unwrap_or_default();
    if axes.is_empty() && node.flag("noop_with_empty_axes", false)? {
        return Ok(vec![x]);
    }
    let mut resolved = axes
        .iter()
        .map(|&axis| node.axis(axis, shape, false))
        .collect::<Result<Vec<usize>, _>>()?;
    if resolved.is_empty() {
        resolved = (0..shape.len()).collect();
    }
    resolved.sort_unstable();
    resolved.dedup();
    let operation = Operation::Reduce {
        reduction,
        axes: resolved,
        keep_dims: node.flag("keepdims", true)?,
    };
    importer.single(node, operation, vec![x])
}
