//! Products of matrices.

use alloc::vec;
use alloc::vec::Vec;

use super::convolution::Element;
use super::index::broadcast_indices;
use crate::graph::{Gemm, broadcast};

/// A matrix: its elements, rows and columns.
#[derive(Clone, Copy)]
struct Matrix<'a, T> {
    elements: &'a [T],
    rows: usize,
    columns: usize,
}

impl<T: Element> Matrix<'_, T> {
    /// The sums of products with `other`, in order of the inner index. A row of `other` is used at a time, so that its elements are
    /// read in order.
    fn times(self, other: Matrix<'_, T>) -> Vec<T::Sum> {
        let mut out = vec![T::Sum::default(); self.rows * other.columns];
        if self.columns == 0 || other.columns == 0 {
            return out;
        }
        let rows = self.elements.chunks(self.columns);
        for (sums, row) in out.chunks_mut(other.columns).zip(rows) {
            for (&a, column) in row.iter().zip(other.elements.chunks(other.columns)) {
                let a = a.widen();
                for (sum, b) in sums.iter_mut().zip(column) {
                    *sum = *sum + a * b.widen();
                }
            }
        }
        out
    }
}

fn transposed<T: Copy>(values: &[T], columns: usize) -> Vec<T> {
    let columns_of =
        (0..columns).map(|column| values.iter().skip(column).step_by(columns.max(1)).copied());
    columns_of.flatten().collect()
}

/// `a * b` of a `Gemm`, without factors. Shapes were checked before.
pub(super) fn gemm<T: Element>(
    gemm: &Gemm,
    (a, a_shape): (&[T], &[usize]),
    (b, b_shape): (&[T], &[usize]),
) -> Vec<T::Sum> {
    let a_turned = gemm.transpose_a.then(|| transposed(a, a_shape[1]));
    let b_turned = gemm.transpose_b.then(|| transposed(b, b_shape[1]));
    let matrix = |elements, shape: &[usize], turned| {
        let (rows, columns) = if turned {
            (shape[1], shape[0])
        } else {
            (shape[0], shape[1])
        };
        Matrix {
            elements,
            rows,
            columns,
        }
    };
    let left = matrix(a_turned.as_deref().unwrap_or(a), a_shape, gemm.transpose_a);
    let right = matrix(b_turned.as_deref().unwrap_or(b), b_shape, gemm.transpose_b);
    left.times(right)
}

/// The matrix product of NumPy. Shapes were checked before.
pub(super) fn matmul<T: Element>(
    (a, a_shape): (&[T], &[usize]),
    (b, b_shape): (&[T], &[usize]),
) -> Vec<T::Sum> {
    let (batch_a, m, k) = match a_shape {
        [batch @ .., m, k] => (batch, *m, *k),
        _ => (&[][..], 1, a.len()),
    };
    let (batch_b, n) = match b_shape {
        [batch @ .., _, n] => (batch, *n),
        _ => (&[][..], 1),
    };
    let Some(batch) = broadcast(batch_a, batch_b) else {
        return Vec::new();
    };
    let pairs = broadcast_indices(&batch, batch_a)
        .into_iter()
        .zip(broadcast_indices(&batch, batch_b));
    let product = |(i, j): (usize, usize)| {
        let left = Matrix {
            elements: &a[i * m * k..(i + 1) * m * k],
            rows: m,
            columns: k,
        };
        left.times(Matrix {
            elements: &b[j * k * n..(j + 1) * k * n],
            rows: k,
            columns: n,
        })
    };
    pairs.flat_map(product).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Gemm = Gemm {
        alpha: 1.0,
        beta: 1.0,
        transpose_a: false,
        transpose_b: false,
    };

    #[test]
    fn every_transposition() {
        let a = [1i64, 2, 3, 4, 5, 6];
        let b = [1i64, 0, 2, 1, 0, 1];
        let expected = [5, 5, 14, 11];
        assert_eq!(gemm(&PLAIN, (&a, &[2, 3]), (&b, &[3, 2])), expected);
        let left = Gemm {
            transpose_a: true,
            ..PLAIN
        };
        assert_eq!(
            gemm(&left, (&[1, 4, 2, 5, 3, 6], &[3, 2]), (&b, &[3, 2])),
            expected
        );
        let right = Gemm {
            transpose_b: true,
            ..PLAIN
        };
        assert_eq!(
            gemm(&right, (&a, &[2, 3]), (&[1, 2, 0, 0, 1, 1], &[2, 3])),
            expected
        );
    }

    #[test]
    fn vectors_and_batches() {
        let matrix = [1i64, 2, 3, 4];
        assert_eq!(matmul((&matrix, &[2, 2]), (&[1, 10], &[2])), [21, 43]);
        assert_eq!(matmul((&[1, 10], &[2]), (&matrix, &[2, 2])), [31, 42]);
        assert_eq!(matmul((&[1, 10], &[2]), (&[2i64, 3], &[2])), [32]);
        let batch = [1i64, 0, 0, 1, 2, 0, 0, 2];
        assert_eq!(
            matmul((&batch, &[2, 2, 2]), (&matrix, &[2, 2])),
            [1, 2, 3, 4, 2, 4, 6, 8]
        );
    }
}
