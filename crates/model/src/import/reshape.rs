//! `Flatten`, `Reshape`, `Squeeze`, `Unsqueeze`: the data stay, the shape changes.

use alloc::vec;
use alloc::vec::Vec;

use super::ImportError;
use super::importer::Importer;
use super::node_view::NodeView;
use crate::graph::{Operand, Operation, elements};

type Imported = Result<Vec<Operand>, ImportError>;

pub(super) fn flatten(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=1, &["axis"])?;
    let x = importer.operand(node, 0)?;
    let shape = importer.shape(&x);
    let (rows, columns) = shape.split_at(node.axis(node.int("axis", 1)?, shape, true)?);
    let flat = vec![rows.iter().product(), columns.iter().product()];
    reshaped(importer, node, x, flat)
}

/// `Reshape`: the shape is an attribute before opset 5, an input since.
pub(super) fn reshape(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let sizes = if node.since(5) {
        let attributes: &[&str] = if node.since(14) { &["allowzero"] } else { &[] };
        node.check(2..=2, attributes)?;
        importer.ints(node, 1)?
    } else {
        node.check(1..=1, &["consumed_inputs", "shape"])?;
        let shape = node.ints("shape")?;
        shape
            .ok_or_else(|| node.attribute_type("shape", "a list of integers"))?
            .to_vec()
    };
    let allow_zero = node.flag("allowzero", false)?;
    let x = importer.operand(node, 0)?;
    let shape = importer.shape(&x);
    let resolved = resolve(&sizes, shape, allow_zero).ok_or_else(|| ImportError::ReshapeSizes {
        place: node.place(),
        shape: shape.to_vec(),
        sizes: sizes.clone(),
    })?;
    reshaped(importer, node, x, resolved)
}

/// The sizes with 0 (copied from the input unless `allow_zero`) and one -1 (whatever is left) replaced.
fn resolve(sizes: &[i64], shape: &[usize], allow_zero: bool) -> Option<Vec<usize>> {
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
    let total = elements(shape)?;
    if let Some(axis) = open {
        let known = elements(&resolved)?;
        *resolved.get_mut(axis)? = total
            .checked_div(known)
            .filter(|quotient| quotient * known == total)?;
    }
    (elements(&resolved)? == total).then_some(resolved)
}

pub(super) fn squeeze(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let axes = axes(importer, node)?;
    let x = importer.operand(node, 0)?;
    let shape = importer.shape(&x);
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
    reshaped(importer, node, x, kept)
}

pub(super) fn unsqueeze(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let axes =
        axes(importer, node)?.ok_or_else(|| node.attribute_type("axes", "a list of integers"))?;
    let x = importer.operand(node, 0)?;
    let shape = importer.shape(&x);
    let misfit = |axis| ImportError::Axis {
        place: node.place(),
        axis,
        shape: shape.to_vec(),
    };
    // Axes count in the result.
    let mut inserted = vec![0; shape.len() + axes.len()];
    for &axis in &axes {
        let index = node
            .axis(axis, &inserted, false)
            .map_err(|_| misfit(axis))?;
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
    reshaped(importer, node, x, expanded)
}

/// The axes: an attribute before opset 13, an input since.
fn axes(importer: &Importer<'_>, node: &NodeView<'_, '_>) -> Result<Option<Vec<i64>>, ImportError> {
    if node.since(13) {
        node.check(1..=2, &[])?;
        return importer.ints_if_any(node, 1);
    }
    node.check(1..=1, &["axes"])?;
    Ok(node.ints("axes")?.map(<[i64]>::to_vec))
}

/// The same data with another shape; nothing at all where the shape is the same.
fn reshaped(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    x: Operand,
    shape: Vec<usize>,
) -> Imported {
    if importer.shape(&x) == shape {
        return Ok(vec![x]);
    }
    importer.single(node, Operation::Reshape { shape }, vec![x])
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
        assert_eq!(resolve(&[5], &[1, 4], false), None);
        assert_eq!(resolve(&[0, -1], &[1, 4], true), None);
        assert_eq!(resolve(&[0, 0, 0], &[1, 4], false), None);
        assert_eq!(resolve(&[-2], &[1, 4], false), None);
        assert_eq!(resolve(&[i64::MAX, i64::MAX, -1], &[1, 4], false), None);
    }
}
