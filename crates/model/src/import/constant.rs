//! Constants known at import time.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use super::ImportError;
pub(super) use crate::onnx::Elements;
use crate::onnx::TensorProto;

/// A constant tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Constant {
    pub(super) shape: Vec<usize>,
    pub(super) elements: Elements,
}

impl Constant {
    /// Reads a tensor of the file; `name` is how errors call it.
    pub(super) fn read(tensor: &TensorProto<'_>, name: &str) -> Result<Self, ImportError> {
        let elements = tensor.elements()?;
        if let Elements::Floats(values) = &elements
            && !values.iter().all(|value| value.is_finite())
        {
            return Err(ImportError::NotFinite {
                tensor: name.to_string(),
            });
        }
        Ok(Self {
            shape: tensor.shape.clone(),
            elements,
        })
    }

    /// A list of integers.
    pub(super) fn ints(values: Vec<i64>) -> Self {
        Self {
            shape: vec![values.len()],
            elements: Elements::Ints(values),
        }
    }

    pub(super) fn len(&self) -> usize {
        match &self.elements {
            Elements::Floats(values) => values.len(),
            Elements::Ints(values) => values.len(),
        }
    }

    pub(super) fn as_floats(&self) -> Option<&[f32]> {
        match &self.elements {
            Elements::Floats(values) => Some(values),
            Elements::Ints(_) => None,
        }
    }

    pub(super) fn as_ints(&self) -> Option<&[i64]> {
        match &self.elements {
            Elements::Floats(_) => None,
            Elements::Ints(values) => Some(values),
        }
    }

    /// The elements at these flat indices, with another shape.
    pub(super) fn gather(&self, shape: Vec<usize>, indices: &[usize]) -> Option<Self> {
        let elements = match &self.elements {
            Elements::Floats(v) => Elements::Floats(
                indices
                    .iter()
                    .map(|&i| v.get(i).copied())
                    .collect::<Option<_>>()?,
            ),
            Elements::Ints(v) => Elements::Ints(
                indices
                    .iter()
                    .map(|&i| v.get(i).copied())
                    .collect::<Option<_>>()?,
            ),
        };
        Some(Self { shape, elements })
    }
}

/// The shape that two shapes broadcast to, by the rules of ONNX (those of NumPy).
pub(super) fn broadcast_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let dim = |shape: &[usize], axis: usize| match (axis + shape.len()).checked_sub(rank) {
        Some(index) => shape[index],
        None => 1,
    };
    let axes = (0..rank).map(|axis| match (dim(a, axis), dim(b, axis)) {
        (x, y) if x == y => Some(x),
        (1, y) => Some(y),
        (x, 1) => Some(x),
        _ => None,
    });
    axes.collect()
}

/// For each element of `shape`, the flat index of the element of a tensor of shape `operand` that broadcasts to it.
pub(super) fn broadcast_indices(shape: &[usize], operand: &[usize]) -> Vec<usize> {
    let offset = shape.len() - operand.len();
    let mut strides = vec![0; shape.len()];
    let mut stride = 1;
    for (axis, &size) in operand.iter().enumerate().rev() {
        strides[offset + axis] = if size == 1 { 0 } else { stride };
        stride *= size;
    }
    strided_indices(shape, &strides)
}

/// For each element of `shape`, in order, the sum of its coordinates times `strides`.
pub(super) fn strided_indices(shape: &[usize], strides: &[usize]) -> Vec<usize> {
    if shape.contains(&0) {
        return Vec::new();
    }
    let mut indices = vec![0];
    for (&size, &stride) in shape.iter().zip(strides) {
        indices = indices
            .iter()
            .flat_map(|&base| (0..size).map(move |i| base + i * stride))
            .collect();
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_is_numpys() {
        assert_eq!(broadcast_shape(&[1, 3], &[3]), Some(vec![1, 3]));
        assert_eq!(broadcast_shape(&[2, 1], &[3]), Some(vec![2, 3]));
        assert_eq!(broadcast_shape(&[], &[4]), Some(vec![4]));
        assert_eq!(broadcast_shape(&[2], &[3]), None);
        assert_eq!(broadcast_indices(&[2, 3], &[3]), [0, 1, 2, 0, 1, 2]);
        assert_eq!(broadcast_indices(&[2, 3], &[2, 1]), [0, 0, 0, 1, 1, 1]);
        assert_eq!(broadcast_indices(&[2, 2], &[]), [0, 0, 0, 0]);
    }

    #[test]
    fn strides_permute() {
        assert_eq!(strided_indices(&[3, 2], &[1, 3]), [0, 3, 1, 4, 2, 5]);
        assert_eq!(strided_indices(&[], &[]), [0]);
    }
}
