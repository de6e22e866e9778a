//! `MatMul` with a constant matrix on either side of a single vector.

use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;

use super::ImportError;
use super::constant::Constant;
use super::gemm::transpose;
use super::importer::{Activation, Importer, Value};
use super::node_view::NodeView;
use crate::graph::{Linear, Operation};

pub(super) fn matmul(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(2..=2, &[])?;
    match (importer.operand(node, 0)?, importer.operand(node, 1)?) {
        (Value::Activation(input), Value::Constant(matrix)) => {
            right(importer, node, &input, &matrix)
        }
        (Value::Constant(matrix), Value::Activation(input)) => {
            left(importer, node, &matrix, &input)
        }
        (Value::Constant(_), _) => Err(ImportError::Constant {
            place: node.place(),
            tensor: node.input(0).into(),
        }),
        _ => Err(node.not_constant(1)),
    }
}

/// `x * W` with `x` of shape `[.., k]` where every axis before the last is 1, and `W` of shape `[k, n]`.
fn right(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    input: &Activation,
    matrix: &Rc<Constant>,
) -> Result<Value, ImportError> {
    let misfit = || node.shape_error(0, &input.shape, &matrix.shape);
    let (&in_channels, rows) = input.shape.split_last().ok_or_else(misfit)?;
    let (columns, vector) = match *strip_ones(&matrix.shape) {
        [k] if k == in_channels => (1, true),
        [k, n] if k == in_channels => (n, false),
        _ => return Err(misfit()),
    };
    if rows.iter().any(|&size| size != 1) {
        return Err(misfit());
    }
    // Each operand of rank 1 loses its axis in the result.
    let batch = input.shape.len().max(matrix.shape.len()).saturating_sub(2);
    let mut shape = vec![1; batch];
    shape.extend((!rows.is_empty()).then_some(1));
    shape.extend((!vector).then_some(columns));
    let values = matrix
        .as_floats()
        .ok_or_else(|| node.constant_type(1, "a float32 matrix"))?;
    importer.charge(node, values.len() + columns)?;
    push(importer, node, input, shape, transpose(values, columns))
}

/// `W * x` with `W` of shape `[m, k]` and `x` of shape `[k]` or `[.., k, 1]`.
fn left(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    matrix: &Rc<Constant>,
    input: &Activation,
) -> Result<Value, ImportError> {
    let misfit = || node.shape_error(1, &input.shape, &matrix.shape);
    let (in_channels, batch, vector) = match input.shape.as_slice() {
        &[k] => (k, 0, true),
        [batch @ .., k, 1] if batch.iter().all(|&size| size == 1) => (*k, batch.len(), false),
        _ => return Err(misfit()),
    };
    let rows = match *strip_ones(&matrix.shape) {
        [m, k] if k == in_channels => Some(m),
        [k] if k == in_channels => None,
        _ => return Err(misfit()),
    };
    let mut shape = vec![1; batch.max(matrix.shape.len().saturating_sub(2))];
    shape.extend(rows);
    shape.extend((!vector).then_some(1));
    let values = matrix
        .as_floats()
        .ok_or_else(|| node.constant_type(0, "a float32 matrix"))?;
    importer.charge(node, values.len() + rows.unwrap_or(1))?;
    push(importer, node, input, shape, values.to_vec())
}

/// The matrix's own axes: leading axes of 1 beyond the last two do nothing.
fn strip_ones(shape: &[usize]) -> &[usize] {
    let mut rest = shape;
    while let [1, tail @ ..] = rest
        && tail.len() >= 2
    {
        rest = tail;
    }
    rest
}

fn push(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    input: &Activation,
    shape: Vec<usize>,
    weights: Vec<f32>,
) -> Result<Value, ImportError> {
    let out_channels = shape.iter().product();
    let linear = Linear {
        in_channels: input.channels(),
        out_channels,
        weights,
        bias: vec![0.0; out_channels],
    };
    importer.push(node, input, shape, Operation::Linear(linear))
}
