//! `Gemm`: `alpha * A * B + beta * C`, with `A` the activation.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use super::ImportError;
use super::constant::{broadcast_indices, broadcast_shape};
use super::importer::{Importer, Value};
use super::node_view::NodeView;
use crate::graph::{Linear, Operation};

pub(super) fn gemm(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(2..=3, &["alpha", "beta", "transA", "transB"])?;
    node.require(
        "transA",
        0,
        0,
        "transA = 0 for the operand that depends on the input",
    )?;
    let (alpha, beta) = (node.float("alpha", 1.0)?, node.float("beta", 1.0)?);
    let transposed = transposed(node)?;
    let input = importer.activation(node, 0)?;
    let matrix = importer.known(node, 1)?;
    let &[1, in_channels] = input.shape.as_slice() else {
        return Err(node.shape_error(0, &input.shape, &matrix.shape));
    };
    let out_channels = match (transposed, matrix.shape.as_slice()) {
        (false, &[k, n]) | (true, &[n, k]) if k == in_channels => n,
        _ => return Err(node.shape_error(1, &matrix.shape, &input.shape)),
    };
    let values = matrix
        .as_floats()
        .ok_or_else(|| node.constant_type(1, "a float32 matrix"))?;
    importer.charge(node, values.len())?;
    let weights = if transposed {
        values.to_vec()
    } else {
        transpose(values, out_channels)
    };
    let weights = weights.into_iter().map(|weight| alpha * weight).collect();
    let bias = bias(importer, node, out_channels, beta)?;
    let linear = Linear {
        in_channels,
        out_channels,
        weights,
        bias,
    };
    if !linear.is_finite() {
        return Err(ImportError::Arithmetic {
            place: node.place(),
        });
    }
    importer.push(
        node,
        &input,
        vec![1, out_channels],
        Operation::Linear(linear),
    )
}

fn transposed(node: &NodeView<'_, '_>) -> Result<bool, ImportError> {
    match node.int("transB", 0)? {
        0 => Ok(false),
        1 => Ok(true),
        value => Err(ImportError::AttributeValue {
            place: node.place(),
            attribute: "transB",
            value: value.to_string(),
            supported: "0 or 1",
        }),
    }
}

fn bias(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    out_channels: usize,
    beta: f32,
) -> Result<Vec<f32>, ImportError> {
    importer.charge(node, out_channels)?;
    let Some(constant) = importer.known_if_any(node, 2)? else {
        return Ok(vec![0.0; out_channels]);
    };
    let shape = [1, out_channels];
    if broadcast_shape(&constant.shape, &shape).as_deref() != Some(&shape) {
        return Err(node.shape_error(2, &constant.shape, &shape));
    }
    let values = constant
        .as_floats()
        .ok_or_else(|| node.constant_type(2, "a float32 vector"))?;
    let indices = broadcast_indices(&shape, &constant.shape);
    Ok(indices
        .into_iter()
        .filter_map(|index| values.get(index))
        .map(|&value| beta * value)
        .collect())
}

/// The rows of the transpose of a matrix with `columns` columns.
pub(super) fn transpose(values: &[f32], columns: usize) -> Vec<f32> {
    let columns_of =
        (0..columns).map(|column| values.iter().skip(column).step_by(columns.max(1)).copied());
    columns_of.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transpose_by_hand() {
        assert_eq!(
            transpose(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3),
            [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
        );
    }
}
