//! Shapes of results, from those of operands.

use alloc::vec;
use alloc::vec::Vec;

use super::{Convolution, Gemm, Operation, Reduction, WindowAxis};

/// The shape that two shapes broadcast to by the rules of NumPy, `None` when they do not.
#[must_use]
pub fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let length = |shape: &[usize], axis: usize| match (axis + shape.len()).checked_sub(rank) {
        Some(index) => shape[index],
        None => 1,
    };
    let axes = (0..rank).map(|axis| match (length(a, axis), length(b, axis)) {
        (x, y) if x == y => Some(x),
        (1, y) => Some(y),
        (x, 1) => Some(x),
        _ => None,
    });
    axes.collect()
}

/// Number of elements of a shape, `None` when it overflows.
#[must_use]
pub fn elements(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1usize, |product, &size| product.checked_mul(size))
}

/// Number of elements of a shape if its empty axes had one, `None` when it overflows: what walking along the axes may cost.
#[must_use]
pub fn extent(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1usize, |product, &size| product.checked_mul(size.max(1)))
}

impl Operation {
    /// The shapes of the results for operands of these shapes, `None` when the operation does not take such operands.
    #[must_use]
    pub fn output_shapes(&self, inputs: &[&[usize]]) -> Option<Vec<Vec<usize>>> {
        if let (Self::Split { axis, sizes }, [x]) = (self, inputs) {
            return split(x, *axis, sizes);
        }
        self.output_shape(inputs).map(|shape| vec![shape])
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        match (self, inputs) {
            (Self::Activation(_) | Self::Unary(_) | Self::Cast { .. }, [x]) => Some(x.to_vec()),
            (Self::Binary(_) | Self::Compare(_) | Self::Logic(_), [a, b]) => broadcast(a, b),
            (Self::PRelu, [x, slope]) => broadcast(x, slope).filter(|shape| shape == x),
            (Self::Where, [condition, a, b]) => broadcast(&broadcast(condition, a)?, b),
            (Self::Convolution(convolution), [x, w]) => convolution.output_shape(x, w, None),
            (Self::Convolution(convolution), [x, w, b]) => convolution.output_shape(x, w, Some(b)),
            (Self::ConvolutionTranspose(convolution), [x, w]) => {
                convolution.transpose_shape(x, w, None)
            }
            (Self::ConvolutionTranspose(convolution), [x, w, b]) => {
                convolution.transpose_shape(x, w, Some(b))
            }
            (Self::Gemm(gemm), [a, b]) => gemm.output_shape(a, b),
            (Self::Gemm(gemm), [a, b, c]) => gemm
                .output_shape(a, b)
                .filter(|shape| broadcast(shape, c).as_ref() == Some(shape)),
            (Self::MatMul, [a, b]) => matmul(a, b),
            (Self::BatchNormalization { .. }, [x, rest @ ..]) if rest.len() == 4 => {
                let channels = *x.get(1)?;
                rest.iter()
                    .all(|shape| **shape == [channels])
                    .then(|| x.to_vec())
            }
            (Self::LocalResponse(_), [x]) => (x.len() >= 2).then(|| x.to_vec()),
            (Self::MaxPool { axes } | Self::AveragePool { axes, .. }, [x]) => pooled(x, axes),
            (
                Self::Reduce {
                    reduction,
                    axes,
                    keep_dims,
                },
                [x],
            ) => reduced(x, *reduction, axes, *keep_dims),
            (Self::Softmax(softmax), [x]) => {
                (softmax.first <= softmax.end && softmax.end <= x.len()).then(|| x.to_vec())
            }
            (Self::ArgMax(arg_max), [x]) => {
                let length = *x.get(arg_max.axis)?;
                (length > 0).then_some(())?;
                Some(without(x, &[arg_max.axis], arg_max.keep_dims))
            }
            _ => self.moved_shape(inputs),
        }
    }

    /// Shapes of the operations that move data, and of those on integers.
    fn moved_shape(&self, inputs: &[&[usize]]) -> Option<Vec<usize>> {
        match (self, inputs) {
            (Self::Concat { axis }, [first, rest @ ..]) => concatenated(first, rest, *axis),
            (Self::Slice { axes }, [x]) => {
                let shape = axes.iter().map(|axis| axis.length).collect();
                (axes.len() == x.len()).then_some(shape)
            }
            (Self::Pad { pads, .. }, [x]) if pads.len() == x.len() => {
                let padded = x.iter().zip(pads).map(|(&length, &(before, after))| {
                    let total = i64::try_from(length).ok()?;
                    usize::try_from(total.checked_add(before)?.checked_add(after)?).ok()
                });
                padded.collect()
            }
            (Self::Transpose { permutation }, [x]) if permutation.len() == x.len() => permutation
                .iter()
                .map(|&axis| x.get(axis).copied())
                .collect(),
            (Self::Reshape { shape }, [x]) => {
                (elements(shape)? == elements(x)?).then(|| shape.clone())
            }
            (Self::Expand { shape }, [x]) => {
                (broadcast(shape, x).as_ref() == Some(shape)).then(|| shape.clone())
            }
            (Self::Tile { repeats }, [x]) if repeats.len() == x.len() => {
                let lengths = x.iter().zip(repeats);
                lengths.map(|(&length, &n)| length.checked_mul(n)).collect()
            }
            (Self::Gather { axis }, [data, indices]) if *axis < data.len() => {
                Some([&data[..*axis], indices, &data[axis + 1..]].concat())
            }
            (Self::QuantizeLinear(quantized) | Self::DequantizeLinear(quantized), [x, s, z]) => {
                let fits = match quantized.axis {
                    None => elements(s)? == 1 && elements(z)? == 1,
                    Some(axis) => **s == [*x.get(axis)?] && s == z,
                };
                fits.then(|| x.to_vec())
            }
            (Self::QLinearConv(convolution), [x, _, _, w, ..]) => {
                convolution.output_shape(x, w, inputs.get(8).copied())
            }
            (Self::QLinearMatMul, [a, _, _, b, ..]) if inputs.len() == 8 => matmul(a, b),
            (Self::QGemm(gemm), [a, _, _, b, _, _, bias, ..]) => gemm
                .output_shape(a, b)
                .filter(|shape| broadcast(shape, bias).as_ref() == Some(shape)),
            (Self::QLinearAdd, [a, _, _, b, ..]) if inputs.len() == 8 => broadcast(a, b),
            (Self::QLinearConcat { axis }, [_, _, parts @ ..]) if parts.len().is_multiple_of(3) => {
                let parts: Vec<&[usize]> = parts.chunks(3).map(|part| part[0]).collect();
                let (first, rest) = parts.split_first()?;
                concatenated(first, rest, *axis)
            }
            (Self::QLinearGlobalAveragePool, [[n, c, spatial @ ..], _, _, _, _]) => {
                let mut shape = vec![1; 2 + spatial.len()];
                (shape[0], shape[1]) = (*n, *c);
                (!spatial.is_empty()).then_some(shape)
            }
            (Self::ConvInteger(convolution), [x, w, ..]) => convolution.output_shape(x, w, None),
            (Self::MatMulInteger, [a, b, ..]) => matmul(a, b),
            _ => None,
        }
    }
}

impl Convolution {
    fn output_shape(&self, x: &[usize], w: &[usize], bias: Option<&[usize]>) -> Option<Vec<usize>> {
        let (&[batch, in_channels, ..], &[out_channels, per_group, ..]) = (x, w) else {
            return None;
        };
        let fits = per_group.checked_mul(self.groups) == Some(in_channels)
            && out_channels.checked_rem(self.groups) == Some(0)
            && bias.is_none_or(|bias| bias == [out_channels])
            && lengths(&self.axes, |axis| axis.input) == x[2..]
            && lengths(&self.axes, |axis| axis.kernel) == w[2..];
        let spatial = lengths(&self.axes, |axis| axis.output);
        fits.then(|| [vec![batch, out_channels], spatial].concat())
    }

    fn transpose_shape(
        &self,
        x: &[usize],
        w: &[usize],
        bias: Option<&[usize]>,
    ) -> Option<Vec<usize>> {
        let (&[batch, in_channels, ..], &[rows, per_group, ..]) = (x, w) else {
            return None;
        };
        let out_channels = per_group.checked_mul(self.groups)?;
        let fits = rows == in_channels
            && in_channels.checked_rem(self.groups) == Some(0)
            && bias.is_none_or(|bias| bias == [out_channels])
            && lengths(&self.axes, |axis| axis.input) == x[2..]
            && lengths(&self.axes, |axis| axis.kernel) == w[2..];
        let spatial = lengths(&self.axes, |axis| axis.output);
        fits.then(|| [vec![batch, out_channels], spatial].concat())
    }
}

impl Gemm {
    fn output_shape(&self, a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
        let (&[a0, a1], &[b0, b1]) = (a, b) else {
            return None;
        };
        let (m, k) = if self.transpose_a { (a1, a0) } else { (a0, a1) };
        let (rows, n) = if self.transpose_b { (b1, b0) } else { (b0, b1) };
        (k == rows).then(|| vec![m, n])
    }
}

fn lengths(axes: &[WindowAxis], length: impl Fn(&WindowAxis) -> usize) -> Vec<usize> {
    axes.iter().map(length).collect()
}

fn pooled(x: &[usize], axes: &[WindowAxis]) -> Option<Vec<usize>> {
    let (outer, spatial) = x.split_at_checked(2)?;
    let outputs = lengths(axes, |axis| axis.output);
    (lengths(axes, |axis| axis.input) == spatial).then(|| [outer, &outputs].concat())
}

/// The shape of a matrix product: a vector on the left is a row, on the right a column, and its axis goes.
fn matmul(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let (&k, rows) = a.split_last()?;
    let (batch_b, inner, columns) = match b {
        [] => return None,
        &[inner] => (&[][..], inner, None),
        [batch @ .., inner, n] => (batch, *inner, Some(*n)),
    };
    let (batch_a, row) = match rows.split_last() {
        None => (&[][..], None),
        Some((&m, batch)) => (batch, Some(m)),
    };
    let mut shape = broadcast(batch_a, batch_b)?;
    shape.extend(row);
    shape.extend(columns);
    (k == inner).then_some(shape)
}

fn split(x: &[usize], axis: usize, sizes: &[usize]) -> Option<Vec<Vec<usize>>> {
    let total = sizes
        .iter()
        .try_fold(0usize, |sum, &size| sum.checked_add(size))?;
    let part = |&size: &usize| {
        let mut shape = x.to_vec();
        shape[axis] = size;
        shape
    };
    (*x.get(axis)? == total).then(|| sizes.iter().map(part).collect())
}

fn concatenated(first: &[usize], rest: &[&[usize]], axis: usize) -> Option<Vec<usize>> {
    let mut shape = first.to_vec();
    for other in rest {
        let fits = other.len() == shape.len()
            && (0..shape.len()).all(|i| i == axis || other[i] == shape[i]);
        let length = fits.then(|| other.get(axis)).flatten()?;
        shape[axis] = shape[axis].checked_add(*length)?;
    }
    (axis < shape.len()).then_some(shape)
}

/// An empty maximum has no value that a finite number could stand for.
fn reduced(
    x: &[usize],
    reduction: Reduction,
    axes: &[usize],
    keep_dims: bool,
) -> Option<Vec<usize>> {
    let valid = axes.is_sorted_by(|a, b| a < b) && axes.last().is_none_or(|&axis| axis < x.len());
    let empty = axes.iter().any(|&axis| x.get(axis) == Some(&0));
    (valid && !(empty && reduction != Reduction::Sum)).then(|| without(x, axes, keep_dims))
}

fn without(x: &[usize], axes: &[usize], keep_dims: bool) -> Vec<usize> {
    let length = |(axis, &size): (usize, &usize)| match (axes.contains(&axis), keep_dims) {
        (false, _) => Some(size),
        (true, true) => Some(1),
        (true, false) => None,
    };
    x.iter().enumerate().filter_map(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Binary;

    #[test]
    fn broadcasting_is_numpys() {
        assert_eq!(broadcast(&[1, 3], &[3]), Some(vec![1, 3]));
        assert_eq!(broadcast(&[2, 1], &[3]), Some(vec![2, 3]));
        assert_eq!(broadcast(&[], &[4]), Some(vec![4]));
        assert_eq!(broadcast(&[2], &[3]), None);
        let add = Operation::Binary(Binary::Add);
        assert_eq!(add.output_shapes(&[&[2], &[2]]), Some(vec![vec![2]]));
        assert_eq!(add.output_shapes(&[&[2]]), None);
    }

    #[test]
    fn products_of_matrices_and_vectors() {
        assert_eq!(matmul(&[2, 3], &[3, 4]), Some(vec![2, 4]));
        assert_eq!(matmul(&[3], &[3, 4]), Some(vec![4]));
        assert_eq!(matmul(&[2, 3], &[3]), Some(vec![2]));
        assert_eq!(matmul(&[3], &[3]), Some(vec![]));
        assert_eq!(matmul(&[5, 1, 2, 3], &[7, 3, 4]), Some(vec![5, 7, 2, 4]));
        assert_eq!(matmul(&[2, 3], &[4, 3]), None);
        assert_eq!(matmul(&[], &[3]), None);
    }

    #[test]
    fn parts_and_wholes() {
        assert_eq!(
            split(&[2, 5], 1, &[2, 3]),
            Some(vec![vec![2, 2], vec![2, 3]])
        );
        assert_eq!(split(&[2, 5], 1, &[2, 2]), None);
        assert_eq!(split(&[2, 5], 2, &[2, 3]), None);
        assert_eq!(concatenated(&[2, 2], &[&[2, 3]], 1), Some(vec![2, 5]));
        assert_eq!(concatenated(&[2, 2], &[&[3, 3]], 1), None);
        assert_eq!(without(&[2, 3, 4], &[0, 2], false), [3]);
        assert_eq!(without(&[2, 3, 4], &[0, 2], true), [1, 3, 1]);
        assert_eq!(reduced(&[0], Reduction::Max, &[0], false), None);
        assert_eq!(reduced(&[0], Reduction::Sum, &[0], false), Some(vec![]));
    }
}
