//! Normalisations, and the index of the largest.

use alloc::vec;
use alloc::vec::Vec;

use crate::graph::{ArgMax, LocalResponse, Softmax};

/// `BatchNormalization` of `x [n, c, ..]` with parameters scale, bias, mean and variance.
pub(super) fn batch_normalization(
    epsilon: f32,
    (x, shape): (&[f32], &[usize]),
    [scale, bias, mean, variance]: [&[f32]; 4],
) -> Vec<f32> {
    let size: usize = shape[2..].iter().product();
    let mut out = Vec::with_capacity(x.len());
    for (plane, channel) in x.chunks(size.max(1)).zip((0..shape[1]).cycle()) {
        let spread = libm::sqrt(f64::from(variance[channel]) + f64::from(epsilon));
        let factor = f64::from(scale[channel]) / spread;
        let term = f64::from(bias[channel]) - f64::from(mean[channel]) * factor;
        out.extend(plane.iter().map(|&x| (f64::from(x) * factor + term) as f32));
    }
    out
}

/// `LRN` of `x [n, c, ..]`.
pub(super) fn local_response(lrn: &LocalResponse, (x, shape): (&[f32], &[usize])) -> Vec<f32> {
    let channels = shape[1];
    let size: usize = shape[2..].iter().product();
    let before = (lrn.size - 1) / 2;
    let after = lrn.size / 2;
    let factor = f64::from(lrn.alpha) / lrn.size as f64;
    let mut out = Vec::with_capacity(x.len());
    for sample in x.chunks((channels * size).max(1)) {
        for channel in 0..channels {
            let around = channel.saturating_sub(before)..(channel + after + 1).min(channels);
            for position in 0..size {
                let squares = around
                    .clone()
                    .map(|c| f64::from(sample[c * size + position]).powi(2));
                let base = f64::from(lrn.bias) + factor * squares.sum::<f64>();
                let value = f64::from(sample[channel * size + position]);
                out.push((value / libm::pow(base, f64::from(lrn.beta))) as f32);
            }
        }
    }
    out
}

/// `Softmax` or `LogSoftmax`.
pub(super) fn softmax(softmax: &Softmax, (x, shape): (&[f32], &[usize])) -> Vec<f32> {
    let length: usize = shape[softmax.first..softmax.end].iter().product();
    let inner: usize = shape[softmax.end..].iter().product();
    let mut out = vec![0.0; x.len()];
    for start in starts(x.len(), length, inner) {
        let at = |i: usize| start + i * inner;
        let most = (0..length)
            .map(|i| x[at(i)])
            .fold(f32::NEG_INFINITY, f32::max);
        let shifted = |i: usize| f64::from(x[at(i)]) - f64::from(most);
        let sum: f64 = (0..length).map(|i| libm::exp(shifted(i))).sum();
        for i in 0..length {
            out[at(i)] = if softmax.logarithm {
                shifted(i) - libm::log(sum)
            } else {
                libm::exp(shifted(i)) / sum
            } as f32;
        }
    }
    out
}

/// `ArgMax`.
pub(super) fn arg_max<T: Copy + PartialOrd>(
    arg_max: &ArgMax,
    (x, shape): (&[T], &[usize]),
) -> Vec<i64> {
    let length = shape[arg_max.axis];
    let inner: usize = shape[arg_max.axis + 1..].iter().product();
    let largest = |start: usize| {
        let mut best = 0;
        for i in 1..length {
            let (x, most) = (x[start + i * inner], x[start + best * inner]);
            if x > most || (arg_max.last && x == most) {
                best = i;
            }
        }
        best as i64
    };
    starts(x.len(), length, inner).map(largest).collect()
}

/// Where each run of `length` elements at distance `inner` begins.
fn starts(total: usize, length: usize, inner: usize) -> impl Iterator<Item = usize> {
    let runs = total.checked_div(length).unwrap_or(0);
    (0..runs).map(move |run| run / inner * inner * length + run % inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_along_a_middle_axis() {
        assert_eq!(starts(12, 3, 2).collect::<Vec<_>>(), [0, 1, 6, 7]);
        assert_eq!(starts(0, 0, 2).count(), 0);
    }

    #[test]
    fn the_largest_and_the_last_of_several() {
        let mut attributes = ArgMax {
            axis: 1,
            keep_dims: true,
            last: false,
        };
        let x = ([1, 3, 3, 5, 4, 5].as_slice(), [2, 3].as_slice());
        assert_eq!(arg_max(&attributes, x), [1, 0]);
        attributes.last = true;
        assert_eq!(arg_max(&attributes, x), [2, 2]);
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let attributes = Softmax {
            first: 0,
            end: 1,
            logarithm: false,
        };
        assert_eq!(softmax(&attributes, (&[1e4, 1e4], &[2])), [0.5, 0.5]);
        let logarithm = Softmax {
            logarithm: true,
            ..attributes
        };
        assert_eq!(softmax(&logarithm, (&[0.0, 1e4], &[2])), [-1e4, 0.0]);
    }

    #[test]
    fn batch_normalization_by_hand() {
        let parameters: [&[f32]; 4] = [&[2.0], &[1.0], &[3.0], &[3.0]];
        assert_eq!(
            batch_normalization(1.0, (&[5.0], &[1, 1]), parameters),
            [3.0]
        );
    }

    #[test]
    fn local_response_by_hand() {
        let lrn = LocalResponse {
            alpha: 2.0,
            beta: 1.0,
            bias: 1.0,
            size: 2,
        };
        // One channel after, none before.
        assert_eq!(
            local_response(&lrn, (&[1.0, 2.0], &[1, 2])),
            [1.0 / 6.0, 0.4]
        );
    }
}
