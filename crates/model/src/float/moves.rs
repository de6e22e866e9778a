//! Operations that move elements.

use alloc::vec;
use alloc::vec::Vec;

use super::ApplyError;
use super::index::{broadcast_indices, combine, strided_indices, strides};
use crate::graph::{Elements, SliceAxis, Tensor};

/// The operands one after the other along an axis.
pub(super) fn concat(
    axis: usize,
    operands: &[&Tensor],
    shape: &[usize],
) -> Result<Tensor, ApplyError> {
    let element_type = operands.first().ok_or(ApplyError::Operands)?.element_type();
    let outer: usize = shape[..axis].iter().product();
    let mut floats = Vec::new();
    let mut ints = Vec::new();
    for run in 0..outer {
        for operand in operands {
            let length: usize = operand.shape()[axis..].iter().product();
            let range = run * length..(run + 1) * length;
            match operand.elements() {
                Elements::Floats(values) => floats.extend_from_slice(&values[range]),
                Elements::Ints(values) => ints.extend_from_slice(&values[range]),
            }
        }
    }
    let elements = if element_type.is_float() {
        Elements::Floats(floats)
    } else {
        Elements::Ints(ints)
    };
    Tensor::new(element_type, shape.to_vec(), elements).ok_or(ApplyError::Operands)
}

/// The parts of a tensor along an axis.
pub(super) fn split(axis: usize, sizes: &[usize], x: &Tensor) -> Result<Vec<Tensor>, ApplyError> {
    let mut start = 0;
    let parts = sizes.iter().map(|&length| {
        let mut axes: Vec<SliceAxis> = x.shape().iter().map(|&size| whole(size)).collect();
        axes[axis] = SliceAxis {
            start,
            step: 1,
            length,
        };
        start += length;
        slice(&axes, x)
    });
    parts.collect()
}

fn whole(length: usize) -> SliceAxis {
    SliceAxis {
        start: 0,
        step: 1,
        length,
    }
}

/// Every `step`th element along each axis.
pub(super) fn slice(axes: &[SliceAxis], x: &Tensor) -> Result<Tensor, ApplyError> {
    let strides = strides(x.shape());
    let along = |axis: &SliceAxis| -> Option<Vec<usize>> {
        let at = |i: usize| {
            let offset = i64::try_from(i).ok()?.checked_mul(axis.step)?;
            axis.start.checked_add_signed(isize::try_from(offset).ok()?)
        };
        (0..axis.length).map(at).collect()
    };
    let mut offsets = Vec::with_capacity(axes.len());
    for ((axis, &size), stride) in axes.iter().zip(x.shape()).zip(strides) {
        let positions = along(axis).ok_or(ApplyError::Operands)?;
        if positions.iter().any(|&position| position >= size) {
            return Err(ApplyError::Operands);
        }
        offsets.push(
            positions
                .into_iter()
                .map(|position| position * stride)
                .collect(),
        );
    }
    let shape = axes.iter().map(|axis| axis.length).collect();
    x.gather(shape, &combine(offsets.into_iter()))
        .ok_or(ApplyError::Operands)
}

/// A border of a constant value, or a smaller tensor.
pub(super) fn pad(
    pads: &[(i64, i64)],
    value: f32,
    x: &Tensor,
    shape: &[usize],
) -> Result<Elements, ApplyError> {
    /// No element of the operand.
    const OUTSIDE: usize = usize::MAX;
    let mut sources = vec![0];
    for ((&(before, _), &size), &length) in pads.iter().zip(x.shape()).zip(shape) {
        let along: Vec<usize> = (0..length)
            .map(|i| {
                let position = i64::try_from(i).unwrap_or(i64::MAX) - before;
                usize::try_from(position)
                    .ok()
                    .filter(|&position| position < size)
                    .unwrap_or(OUTSIDE)
            })
            .collect();
        let both = |&base: &usize| {
            along.iter().map(move |&position| {
                if base == OUTSIDE || position == OUTSIDE {
                    OUTSIDE
                } else {
                    base * size + position
                }
            })
        };
        sources = sources.iter().flat_map(both).collect();
    }
    match x.elements() {
        Elements::Floats(values) => {
            let moved = sources
                .iter()
                .map(|&i| values.get(i).copied().unwrap_or(value));
            Ok(Elements::Floats(moved.collect()))
        }
        Elements::Ints(values) => {
            let moved = sources
                .iter()
                .map(|&i| values.get(i).copied().unwrap_or(value as i64));
            Ok(Elements::Ints(moved.collect()))
        }
    }
}

/// Axis `i` of the result is axis `permutation[i]` of the operand.
pub(super) fn transpose(permutation: &[usize], x: &Tensor, shape: &[usize]) -> Option<Tensor> {
    let strides = strides(x.shape());
    let steps: Vec<usize> = permutation.iter().map(|&axis| strides[axis]).collect();
    x.gather(shape.to_vec(), &strided_indices(shape, &steps))
}

/// The operand broadcast to a shape.
pub(super) fn expand(x: &Tensor, shape: &[usize]) -> Option<Tensor> {
    x.gather(shape.to_vec(), &broadcast_indices(shape, x.shape()))
}

/// The operand repeated along each axis.
pub(super) fn tile(x: &Tensor, shape: &[usize]) -> Option<Tensor> {
    let strides = strides(x.shape());
    let axes = x.shape().iter().zip(shape).zip(strides);
    let offsets = axes
        .map(|((&size, &length), stride)| (0..length).map(|i| i % size.max(1) * stride).collect());
    x.gather(shape.to_vec(), &combine(offsets))
}

/// Elements along an axis by index, negative ones from the end.
pub(super) fn gather(
    axis: usize,
    (data, indices): (&Tensor, &Tensor),
    shape: &[usize],
) -> Result<Tensor, ApplyError> {
    let size = data.shape()[axis];
    let signed = i64::try_from(size).map_err(|_| ApplyError::Operands)?;
    let position = |&index: &i64| {
        let index = if index < 0 { index + signed } else { index };
        usize::try_from(index).ok().filter(|&index| index < size)
    };
    let positions: Option<Vec<usize>> = indices
        .as_ints()
        .ok_or(ApplyError::Operands)?
        .iter()
        .map(position)
        .collect();
    let positions = positions.ok_or(ApplyError::Index)?;
    let inner: usize = data.shape()[axis + 1..].iter().product();
    let outer: usize = data.shape()[..axis].iter().product();
    let offsets = [
        (0..outer).map(|i| i * size * inner).collect(),
        positions.into_iter().map(|i| i * inner).collect(),
        (0..inner).collect::<Vec<_>>(),
    ];
    data.gather(shape.to_vec(), &combine(offsets.into_iter()))
        .ok_or(ApplyError::Operands)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(values: &[i64]) -> Tensor {
        Tensor::list(values.to_vec())
    }

    #[test]
    fn parts_come_together_again() {
        let x = Tensor::floats(vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let parts = split(1, &[1, 0, 2], &x).unwrap();
        assert_eq!(parts[2].as_floats(), Some([2.0, 3.0, 5.0, 6.0].as_slice()));
        let whole: Vec<&Tensor> = parts.iter().collect();
        assert_eq!(concat(1, &whole, &[2, 3]), Ok(x));
    }

    #[test]
    fn slices_go_backwards_and_stay_inside() {
        let axis = |start, step, length| SliceAxis {
            start,
            step,
            length,
        };
        let x = list(&[1, 2, 3, 4]);
        assert_eq!(slice(&[axis(3, -2, 2)], &x), Ok(list(&[4, 2])));
        assert_eq!(slice(&[axis(1, 2, 2)], &x), Ok(list(&[2, 4])));
        assert_eq!(slice(&[axis(1, 2, 3)], &x), Err(ApplyError::Operands));
        assert_eq!(slice(&[axis(1, -2, 2)], &x), Err(ApplyError::Operands));
    }

    #[test]
    fn pads_add_and_remove() {
        let x = Tensor::floats(vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        let out = pad(&[(1, -1), (0, 1)], 9.0, &x, &[2, 3]);
        assert_eq!(
            out,
            Ok(Elements::Floats(vec![9.0, 9.0, 9.0, 1.0, 2.0, 9.0]))
        );
    }

    #[test]
    fn indices_count_from_both_ends() {
        let x = list(&[5, 6, 7]);
        assert_eq!(gather(0, (&x, &list(&[-1, 0])), &[2]), Ok(list(&[7, 5])));
        assert_eq!(gather(0, (&x, &list(&[3])), &[1]), Err(ApplyError::Index));
        assert_eq!(gather(0, (&x, &list(&[-4])), &[1]), Err(ApplyError::Index));
    }
}
