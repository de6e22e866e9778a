//! Maxima and means of sliding windows.

use alloc::vec::Vec;

use super::index::combine;
use crate::graph::{Elements, Tensor, WindowAxis};

/// For each output position, the input positions its window hits.
fn windows(axes: &[WindowAxis]) -> impl Iterator<Item = Vec<usize>> + '_ {
    let positions: usize = axes.iter().map(|axis| axis.output).product();
    let coordinates = move |mut position: usize| {
        let mut coordinates: Vec<usize> = axes
            .iter()
            .rev()
            .map(|axis| {
                let coordinate = position % axis.output;
                position /= axis.output;
                coordinate
            })
            .collect();
        coordinates.reverse();
        coordinates
    };
    (0..positions).map(move |position| {
        let mut stride: usize = axes.iter().map(|axis| axis.input).product();
        let offsets = axes.iter().zip(coordinates(position)).map(|(axis, at)| {
            stride /= axis.input;
            let step = stride;
            let hits = (0..axis.kernel).filter_map(move |tap| axis.reach(at, tap, axis.input));
            hits.map(|hit| hit * step).collect()
        });
        combine(offsets)
    })
}

/// The largest element of each window of `x [n, c, ..]`.
pub(super) fn max_pool(axes: &[WindowAxis], x: &Tensor) -> Elements {
    match x.elements() {
        Elements::Floats(values) => Elements::Floats(largest(axes, values)),
        Elements::Ints(values) => Elements::Ints(largest(axes, values)),
    }
}

fn largest<T: Copy + PartialOrd>(axes: &[WindowAxis], values: &[T]) -> Vec<T> {
    let size: usize = axes.iter().map(|axis| axis.input).product();
    let windows: Vec<Vec<usize>> = windows(axes).collect();
    let planes = values.chunks(size.max(1));
    planes
        .flat_map(|plane| {
            windows.iter().filter_map(move |window| {
                let mut hits = window.iter().map(|&at| plane[at]);
                let first = hits.next()?;
                // A NaN wins, so that it is not lost.
                Some(hits.fold(first, |most, x| if x <= most { most } else { x }))
            })
        })
        .collect()
}

/// The mean of each window of `x [n, c, ..]`.
pub(super) fn average_pool(
    axes: &[WindowAxis],
    count_include_pad: bool,
    values: &[f32],
) -> Vec<f32> {
    let size: usize = axes.iter().map(|axis| axis.input).product();
    let windows: Vec<Vec<usize>> = windows(axes).collect();
    let counts: Vec<usize> = if count_include_pad {
        counts(axes)
    } else {
        windows.iter().map(Vec::len).collect()
    };
    let planes = values.chunks(size.max(1));
    planes
        .flat_map(|plane| {
            windows.iter().zip(&counts).map(move |(window, &count)| {
                let sum: f64 = window.iter().map(|&at| f64::from(plane[at])).sum();
                (sum / count as f64) as f32
            })
        })
        .collect()
}

/// For each output position, how many taps are on the input or its padding.
fn counts(axes: &[WindowAxis]) -> Vec<usize> {
    let along = |axis: &WindowAxis| -> Vec<usize> {
        let padded = axis.pad_begin + axis.input + axis.pad_end;
        let inside = |position: usize| {
            (0..axis.kernel)
                .filter(|tap| axis.stride * position + axis.dilation * tap < padded)
                .count()
        };
        (0..axis.output).map(inside).collect()
    };
    axes.iter().fold(alloc::vec![1], |counts, axis| {
        let next = along(axis);
        let products = counts.iter();
        products
            .flat_map(|count| next.iter().map(move |n| count * n))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// Windows of three with padding on both sides, the last one reaching beyond it.
    const AXIS: WindowAxis = WindowAxis {
        input: 4,
        kernel: 3,
        stride: 2,
        dilation: 1,
        pad_begin: 1,
        pad_end: 1,
        output: 3,
    };

    #[test]
    fn windows_stop_at_the_border() {
        let all: Vec<Vec<usize>> = windows(&[AXIS]).collect();
        assert_eq!(all, [vec![0, 1], vec![1, 2, 3], vec![3]]);
        assert_eq!(counts(&[AXIS]), [3, 3, 2]);
    }

    #[test]
    fn maxima_and_means() {
        assert_eq!(
            largest(&[AXIS], &[-4.0, -3.0, -2.0, -1.0]),
            [-3.0, -1.0, -1.0]
        );
        let x = [1.0, 2.0, 3.0, 6.0];
        assert_eq!(average_pool(&[AXIS], false, &x), [1.5, 11.0 / 3.0, 6.0]);
        assert_eq!(average_pool(&[AXIS], true, &x), [1.0, 11.0 / 3.0, 3.0]);
    }

    #[test]
    fn two_axes_and_two_planes() {
        let axis = WindowAxis {
            input: 2,
            kernel: 2,
            stride: 1,
            dilation: 1,
            pad_begin: 0,
            pad_end: 0,
            output: 1,
        };
        let x = [1, 2, 3, 4, 8, 7, 6, 5];
        assert_eq!(largest(&[axis, axis], &x), [4, 8]);
    }
}
