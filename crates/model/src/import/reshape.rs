//! `Flatten`, `Reshape`, `Squeeze`, `Unsqueeze`, `Transpose`: on a single row they change the shape and leave the data in place.

use alloc::vec;
use alloc::vec::Vec;

use super::ImportError;
use super::constant::{Constant, strided_indices};
use super::importer::{Activation, Importer, Value};
use super::node_view::NodeView;

pub(super) fn flatten(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(1..=1, &["axis"])?;
    let value = importer.operand(node, 0)?;
    let shape = shape_of(&value);
    let (rows, columns) = shape.split_at(node.axis(node.int("axis", 1)?, shape, true)?);
    let flat = vec![rows.iter().product(), columns.iter().product()];
    reshaped(importer, node, &value, flat)
}

pub(super) fn reshape(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(2..=2, &["allowzero"])?;
    let allow_zero = node.int("allowzero", 0)? != 0;
    let value = importer.operand(node, 0)?;
    let target = importer.known(node, 1)?;
    let sizes = target
        .as_ints()
        .ok_or_else(|| node.constant_type(1, "a list of int64"))?;
    let shape = shape_of(&value);
    let resolved = resolve(sizes, shape, allow_zero)
        .ok_or_else(|| node.shape_error(0, shape, &target.shape))?;
    reshaped(importer, node, &value, resolved)
}

/// The sizes with 0 (copied from the input unless `allow_zero`) and one -1 (whatever is left) replaced.
fn resolve(sizes: &[i64], shape: &[usize], allow_zero: bool) -> Option<Vec<usize>> {
    if sizes.len() > 8 {
        return None;
    }
    let mut resolved = Vec::with_capacity(sizes.len());
    let mut open = None;
    for (axis, &size) in sizes.iter().enumerate() {
        let size = match size {
            -1 if open.is_none() => {
                open = Some(axis);
                1
            }
            0 if !allow_zero => *shape.get(axis)?,
            _ => usize::try_from(size).ok()?,
        };
        resolved.push(size);
    }
    if let Some(axis) = open {
        let known = product(&resolved)?;
        let total = product(shape)?;
        *resolved.get_mut(axis)? = total
            .checked_div(known)
            .filter(|quotient| quotient * known == total)?;
    }
    Some(resolved)
}

fn product(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1usize, |product, &size| product.checked_mul(size))
}

pub(super) fn squeeze(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    let value = importer.operand(node, 0)?;
    let shape = shape_of(&value);
    let axes = axes(importer, node)?;
    let mut remove: Vec<bool> = match &axes {
        None => shape.iter().map(|&size| size == 1).collect(),
        Some(_) => vec![false; shape.len()],
    };
    for &axis in axes.iter().flatten() {
        let index = node.axis(axis, shape, false)?;
        if shape[index] != 1 {
            return Err(ImportError::Axis {
                place: node.place(),
                axis,
                shape: shape.to_vec(),
            });
        }
        remove[index] = true;
    }
    let kept = shape
        .iter()
        .zip(remove)
        .filter(|(_, remove)| !remove)
        .map(|(&size, _)| size)
        .collect();
    reshaped(importer, node, &value, kept)
}

pub(super) fn unsqueeze(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    let value = importer.operand(node, 0)?;
    let shape = shape_of(&value);
    let axes =
        axes(importer, node)?.ok_or_else(|| node.attribute_type("axes", "a list of integers"))?;
    let rank = shape.len() + axes.len();
    let misfit = |axis| ImportError::Axis {
        place: node.place(),
        axis,
        shape: shape.to_vec(),
    };
    if rank > 8 {
        return Err(misfit(axes.last().copied().unwrap_or(0)));
    }
    // Axes count in the result.
    let mut inserted = vec![0; rank];
    for &axis in &axes {
        let index = node.axis(axis, &inserted, false)?;
        if core::mem::replace(&mut inserted[index], 1) == 1 {
            return Err(misfit(axis));
        }
    }
    let mut old = shape.iter();
    let expanded = inserted
        .iter()
        .map(|&size| {
            if size == 1 {
                1
            } else {
                old.next().copied().unwrap_or(1)
            }
        })
        .collect();
    reshaped(importer, node, &value, expanded)
}

/// The axes: an attribute before opset 13, an input since.
fn axes(importer: &Importer<'_>, node: &NodeView<'_, '_>) -> Result<Option<Vec<i64>>, ImportError> {
    if importer.operator_set() < 13 {
        node.check(1..=1, &["axes"])?;
        return Ok(node.ints("axes")?.map(<[i64]>::to_vec));
    }
    node.check(1..=2, &[])?;
    let Some(constant) = importer.known_if_any(node, 1)? else {
        return Ok(None);
    };
    let axes = constant
        .as_ints()
        .ok_or_else(|| node.constant_type(1, "a list of int64"))?;
    if axes.len() > 8 {
        return Err(node.constant_type(1, "a list of at most eight axes"));
    }
    Ok(Some(axes.to_vec()))
}

pub(super) fn transpose(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(1..=1, &["perm"])?;
    let value = importer.operand(node, 0)?;
    let shape = shape_of(&value);
    let order = permutation(node, shape)?;
    let permuted: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    match &value {
        Value::Constant(constant) => {
            importer.charge(node, constant.len().saturating_mul(2))?;
            let mut strides = vec![1usize; shape.len()];
            for axis in (1..shape.len()).rev() {
                strides[axis - 1] = strides[axis].saturating_mul(shape[axis]);
            }
            let strides: Vec<usize> = order.iter().map(|&axis| strides[axis]).collect();
            let indices = strided_indices(&permuted, &strides);
            let misfit = || node.shape_error(0, shape, &permuted);
            let moved = constant
                .gather(permuted.clone(), &indices)
                .ok_or_else(misfit)?;
            importer.constant(node, moved)
        }
        _ => {
            // Axes of size 1 may go anywhere; the others must keep their order, or the data would have to move.
            let moving: Vec<usize> = order
                .iter()
                .copied()
                .filter(|&axis| shape[axis] != 1)
                .collect();
            if !moving.is_sorted() {
                return Err(node.not_constant(0));
            }
            reshaped(importer, node, &value, permuted)
        }
    }
}

fn permutation(node: &NodeView<'_, '_>, shape: &[usize]) -> Result<Vec<usize>, ImportError> {
    let Some(axes) = node.ints("perm")? else {
        return Ok((0..shape.len()).rev().collect());
    };
    let order = axes
        .iter()
        .map(|&axis| node.axis(axis, shape, false))
        .collect::<Result<Vec<_>, _>>()?;
    let complete = (0..shape.len()).all(|axis| order.contains(&axis));
    if order.len() != shape.len() || !complete {
        return Err(node.attribute_type("perm", "a permutation of the axes"));
    }
    Ok(order)
}

fn shape_of(value: &Value) -> &[usize] {
    match value {
        Value::Constant(constant) => &constant.shape,
        Value::Activation(activation) => &activation.shape,
        Value::Final(last) => &last.shape,
    }
}

/// The same data with another shape.
fn reshaped(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    value: &Value,
    shape: Vec<usize>,
) -> Result<Value, ImportError> {
    if product(&shape) != product(shape_of(value)) {
        return Err(node.shape_error(0, shape_of(value), &shape));
    }
    match value {
        Value::Constant(constant) => importer.constant(
            node,
            Constant {
                shape,
                elements: constant.elements.clone(),
            },
        ),
        Value::Activation(activation) => Ok(Value::Activation(Activation {
            tensor: activation.tensor,
            shape,
        })),
        // `operand` never gives a final value; keeping it as it is would be right too.
        Value::Final(_) => Ok(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reshape_sizes() {
        assert_eq!(resolve(&[0, -1], &[1, 4, 2], false), Some(vec![1, 8]));
        assert_eq!(resolve(&[-1], &[1, 4], false), Some(vec![4]));
        assert_eq!(resolve(&[-1, -1], &[1, 4], false), None);
        assert_eq!(resolve(&[3, -1], &[1, 4], false), None);
        assert_eq!(resolve(&[0, -1], &[1, 4], true), None);
        assert_eq!(resolve(&[0, 0, 0], &[1, 4], false), None);
        assert_eq!(resolve(&[-2], &[1, 4], false), None);
        assert_eq!(resolve(&[i64::MAX, i64::MAX, -1], &[1, 4], false), None);
    }
}
