//! Sums, means, maxima and minima over axes.

use alloc::vec;
use alloc::vec::Vec;

use super::ApplyError;
use super::index::{strided_indices, strides};
use crate::graph::{Elements, Reduction, Tensor};

pub(super) fn reduce(
    reduction: Reduction,
    axes: &[usize],
    x: &Tensor,
) -> Result<Elements, ApplyError> {
    let (kept, runs) = runs(axes, x.shape());
    match x.elements() {
        Elements::Floats(values) => {
            let over = |&start: &usize| {
                let run = runs.iter().map(|&offset| values[start + offset]);
                of_floats(reduction, run)
            };
            Ok(Elements::Floats(kept.iter().map(over).collect()))
        }
        Elements::Ints(values) => {
            let over = |&start: &usize| {
                let run = runs.iter().map(|&offset| values[start + offset]);
                of_ints(reduction, run)
            };
            let each: Option<Vec<i64>> = kept.iter().map(over).collect();
            each.map(Elements::Ints).ok_or(ApplyError::Arithmetic)
        }
    }
}

fn of_floats(reduction: Reduction, run: impl ExactSizeIterator<Item = f32>) -> f32 {
    let count = run.len() as f64;
    match reduction {
        Reduction::Sum => run.map(f64::from).sum::<f64>() as f32,
        Reduction::Mean => (run.map(f64::from).sum::<f64>() / count) as f32,
        Reduction::Max => run.fold(f32::NEG_INFINITY, f32::max),
        Reduction::Min => run.fold(f32::INFINITY, f32::min),
    }
}

fn of_ints(reduction: Reduction, mut run: impl ExactSizeIterator<Item = i64>) -> Option<i64> {
    let count = i64::try_from(run.len()).ok()?;
    match reduction {
        Reduction::Sum => run.try_fold(0i64, i64::checked_add),
        Reduction::Mean => run.try_fold(0i64, i64::checked_add)?.checked_div(count),
        Reduction::Max => run.max(),
        Reduction::Min => run.min(),
    }
}

/// Where the elements of each result begin, and their offsets from there.
fn runs(axes: &[usize], shape: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let strides = strides(shape);
    let part = |reduced: bool| {
        let (mut lengths, mut steps) = (vec![], vec![]);
        for (axis, (&length, &stride)) in shape.iter().zip(&strides).enumerate() {
            if axes.contains(&axis) == reduced {
                lengths.push(length);
                steps.push(stride);
            }
        }
        strided_indices(&lengths, &steps)
    };
    (part(false), part(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(reduction: Reduction, axes: &[usize]) -> Elements {
        let x = Tensor::floats(vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 9.0]).unwrap();
        reduce(reduction, axes, &x).unwrap()
    }

    #[test]
    fn every_reduction() {
        assert_eq!(
            of(Reduction::Sum, &[0]),
            Elements::Floats(vec![5.0, 7.0, 12.0])
        );
        assert_eq!(of(Reduction::Mean, &[1]), Elements::Floats(vec![2.0, 6.0]));
        assert_eq!(of(Reduction::Max, &[0, 1]), Elements::Floats(vec![9.0]));
        assert_eq!(of(Reduction::Min, &[]).clone(), of(Reduction::Sum, &[]));
        let list = Tensor::list(vec![i64::MAX, 1]);
        assert_eq!(
            reduce(Reduction::Sum, &[0], &list),
            Err(ApplyError::Arithmetic)
        );
        assert_eq!(
            reduce(Reduction::Min, &[0], &list),
            Ok(Elements::Ints(vec![1]))
        );
    }
}
