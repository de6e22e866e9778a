//! Flat indices into row-major tensors.

use alloc::vec;
use alloc::vec::Vec;

/// Distance in the flat tensor of neighbours along each axis.
pub(super) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// For each element of `shape`, the flat index of the element of a tensor of shape `operand` that broadcasts to it.
pub(super) fn broadcast_indices(shape: &[usize], operand: &[usize]) -> Vec<usize> {
    let mut aligned = vec![0; shape.len() - operand.len()];
    let steps = operand.iter().zip(strides(operand));
    aligned.extend(steps.map(|(&size, stride)| if size == 1 { 0 } else { stride }));
    strided_indices(shape, &aligned)
}

/// For each element of `shape`, in order, the sum of its coordinates times `strides`.
pub(super) fn strided_indices(shape: &[usize], strides: &[usize]) -> Vec<usize> {
    let axes = shape.iter().zip(strides);
    combine(axes.map(|(&size, &stride)| (0..size).map(|i| i * stride).collect()))
}

/// Every sum of one offset per axis, the last axis fastest.
pub(super) fn combine(axes: impl Iterator<Item = Vec<usize>>) -> Vec<usize> {
    axes.fold(vec![0], |indices, offsets| {
        let sums = |base: &usize| {
            let base = *base;
            offsets.iter().map(move |offset| base + offset)
        };
        indices.iter().flat_map(sums).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_repeat_along_axes_of_one() {
        assert_eq!(broadcast_indices(&[2, 3], &[3]), [0, 1, 2, 0, 1, 2]);
        assert_eq!(broadcast_indices(&[2, 3], &[2, 1]), [0, 0, 0, 1, 1, 1]);
        assert_eq!(broadcast_indices(&[2, 2], &[]), [0, 0, 0, 0]);
    }

    #[test]
    fn strides_permute() {
        assert_eq!(strided_indices(&[3, 2], &[1, 3]), [0, 3, 1, 4, 2, 5]);
        assert_eq!(strided_indices(&[], &[]), [0]);
        assert!(strided_indices(&[2, 0], &[1, 1]).is_empty());
        assert_eq!(strides(&[2, 3, 4]), [12, 4, 1]);
    }
}
