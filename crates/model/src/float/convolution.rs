//! Convolutions, plain and transposed, in any number of spatial dimensions.
//!
//! The plain one walks rows of the last axis for four output channels at a time, so that each element read is used four times and
//! the inner loop is one that compilers vectorise. The order of the additions is fixed: channels, then taps in row-major order.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::{Add, Mul};

use super::index::strides;
use crate::graph::{Convolution, WindowAxis};

/// Output channels computed together.
const BLOCK: usize = 4;

/// What can be multiplied and added up: floats in `f64`, integers exactly.
pub(super) trait Element: Copy {
    /// The type of sums.
    type Sum: Copy + Add<Output = Self::Sum> + Mul<Output = Self::Sum> + Default;
    /// The element as a summand.
    fn widen(self) -> Self::Sum;
}

impl Element for f32 {
    type Sum = f64;
    fn widen(self) -> f64 {
        f64::from(self)
    }
}

impl Element for i64 {
    type Sum = Self;
    fn widen(self) -> Self {
        self
    }
}

/// The operands of a convolution.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a, T> {
    pub(super) x: &'a [T],
    pub(super) x_shape: &'a [usize],
    pub(super) weights: &'a [T],
    pub(super) weights_shape: &'a [usize],
}

/// Sums of products, in the shape of the result and without a bias. Shapes were checked before.
pub(super) fn convolve<T: Element>(
    convolution: &Convolution,
    operands: Operands<'_, T>,
) -> Vec<T::Sum> {
    let Operands {
        x,
        x_shape,
        weights,
        weights_shape,
    } = operands;
    let Some((&row, outer)) = convolution.axes.split_last() else {
        return Vec::new();
    };
    let (batch, in_channels) = (x_shape[0], x_shape[1]);
    let (out_channels, per_group) = (weights_shape[0], weights_shape[1]);
    let in_size: usize = x_shape[2..].iter().product();
    let taps: usize = weights_shape[2..].iter().product();
    let reaches = reaches(outer, row);
    let out_size = reaches.len() * row.output;
    let group_rows = out_channels / convolution.groups.max(1);
    let mut out = vec![T::Sum::default(); batch * out_channels * out_size];
    if out_size == 0 {
        return out;
    }
    for block in blocks(out_channels, group_rows) {
        let group = block.0 / group_rows;
        for n in 0..batch {
            let base = (n * in_channels + group * per_group) * in_size;
            let source = &x[base..base + per_group * in_size];
            let kernels = &weights[block.0 * per_group * taps..block.1 * per_group * taps];
            let first = (n * out_channels + block.0) * out_size;
            let target = &mut out[first..first + (block.1 - block.0) * out_size];
            let plane = Plane {
                source,
                in_size,
                kernels,
                taps,
                per_group,
                row,
            };
            for (position, reach) in reaches.iter().enumerate() {
                plane.row(target, (position, out_size), reach);
            }
        }
    }
    out
}

/// Ranges of at most [`BLOCK`] output channels, none across two groups.
fn blocks(out_channels: usize, group_rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let groups = out_channels.checked_div(group_rows).unwrap_or(0);
    (0..groups).flat_map(move |group| {
        (0..group_rows).step_by(BLOCK).map(move |start| {
            let end = (start + BLOCK).min(group_rows);
            (group * group_rows + start, group * group_rows + end)
        })
    })
}

/// For each output position of the outer axes, the taps that hit the input: offset of the input row, offset of the kernel row.
fn reaches(outer: &[WindowAxis], row: WindowAxis) -> Vec<Vec<(usize, usize)>> {
    let mut in_lengths: Vec<usize> = outer.iter().map(|axis| axis.input).collect();
    in_lengths.push(row.input);
    let mut kernel: Vec<usize> = outer.iter().map(|axis| axis.kernel).collect();
    kernel.push(row.kernel);
    let (in_strides, kernel_strides) = (strides(&in_lengths), strides(&kernel));
    let mut reaches = vec![vec![(0, 0)]];
    for (index, axis) in outer.iter().enumerate() {
        let steps = (in_strides[index], kernel_strides[index]);
        let extend = |so_far: &Vec<(usize, usize)>, position: usize| {
            let hits = (0..axis.kernel)
                .filter_map(|tap| Some((axis.reach(position, tap, axis.input)?, tap)));
            let hits: Vec<(usize, usize)> = hits
                .map(|(at, tap)| (at * steps.0, tap * steps.1))
                .collect();
            let pairs = so_far.iter();
            pairs
                .flat_map(|base| hits.iter().map(move |hit| (base.0 + hit.0, base.1 + hit.1)))
                .collect::<Vec<_>>()
        };
        reaches = reaches
            .iter()
            .flat_map(|so_far| (0..axis.output).map(move |position| (so_far, position)))
            .map(|(so_far, position)| extend(so_far, position))
            .collect();
    }
    reaches
}

/// One group of one sample, and a block of its kernels.
struct Plane<'a, T> {
    source: &'a [T],
    in_size: usize,
    kernels: &'a [T],
    taps: usize,
    per_group: usize,
    row: WindowAxis,
}

impl<T: Element> Plane<'_, T> {
    /// Adds everything to one row of the block's channels.
    fn row(
        &self,
        target: &mut [T::Sum],
        (position, out_size): (usize, usize),
        reach: &[(usize, usize)],
    ) {
        let width = self.row.output;
        let mut rows: Vec<&mut [T::Sum]> = target
            .chunks_mut(out_size)
            .map(|channel| &mut channel[position * width..(position + 1) * width])
            .collect();
        for channel in 0..self.per_group {
            for &(in_offset, tap_offset) in reach {
                let start = channel * self.in_size + in_offset;
                let source = &self.source[start..start + self.row.input];
                for tap in 0..self.row.kernel {
                    let kernel = channel * self.taps + tap_offset + tap;
                    self.tap(&mut rows, source, kernel, tap);
                }
            }
        }
    }

    fn tap(&self, rows: &mut [&mut [T::Sum]], source: &[T], kernel: usize, tap: usize) {
        let Some((positions, first)) = span(&self.row, tap) else {
            return;
        };
        let weight =
            |index: usize| self.kernels[index * self.per_group * self.taps + kernel].widen();
        let hit = &source[first..];
        if let [a, b, c, d] = rows {
            let weights = [weight(0), weight(1), weight(2), weight(3)];
            let sums = a[positions.clone()]
                .iter_mut()
                .zip(&mut b[positions.clone()])
                .zip(&mut c[positions.clone()])
                .zip(&mut d[positions]);
            if self.row.stride == 1 {
                for ((((a, b), c), d), x) in sums.zip(hit) {
                    add([a, b, c, d], weights, x.widen());
                }
            } else {
                for ((((a, b), c), d), x) in sums.zip(hit.iter().step_by(self.row.stride)) {
                    add([a, b, c, d], weights, x.widen());
                }
            }
            return;
        }
        for (index, row) in rows.iter_mut().enumerate() {
            let weight = weight(index);
            let sums = row[positions.clone()].iter_mut();
            for (sum, x) in sums.zip(hit.iter().step_by(self.row.stride)) {
                *sum = *sum + weight * x.widen();
            }
        }
    }
}

fn add<S: Copy + Add<Output = S> + Mul<Output = S>>(
    sums: [&mut S; BLOCK],
    weights: [S; BLOCK],
    x: S,
) {
    for (sum, weight) in sums.into_iter().zip(weights) {
        *sum = *sum + weight * x;
    }
}

/// The output positions at which a tap hits the input, and the input position of the first.
fn span(axis: &WindowAxis, tap: usize) -> Option<(core::ops::Range<usize>, usize)> {
    let offset = axis.dilation * tap;
    let start = axis.pad_begin.saturating_sub(offset).div_ceil(axis.stride);
    // One past the last position whose hit is before `pad_begin + input`.
    let end = (axis.pad_begin + axis.input)
        .saturating_sub(offset)
        .div_ceil(axis.stride)
        .min(axis.output);
    (start < end).then(|| (start..end, start * axis.stride + offset - axis.pad_begin))
}

/// The transposed convolution's sums of products, without a bias. Weights are `[in channels, out channels / groups, ..]`.
pub(super) fn convolve_transposed<T: Element>(
    convolution: &Convolution,
    operands: Operands<'_, T>,
) -> Vec<T::Sum> {
    let Operands {
        x,
        x_shape,
        weights,
        weights_shape,
    } = operands;
    let (batch, in_channels, per_group) = (x_shape[0], x_shape[1], weights_shape[1]);
    let out_channels = per_group * convolution.groups;
    let group_rows = (in_channels / convolution.groups.max(1)).max(1);
    let taps: usize = weights_shape[2..].iter().product();
    let in_size: usize = x_shape[2..].iter().product();
    let out_size: usize = convolution.axes.iter().map(|axis| axis.output).product();
    let hits = scatter(&convolution.axes);
    let mut out = vec![T::Sum::default(); batch * out_channels * out_size];
    for n in 0..batch {
        for channel in 0..in_channels {
            let source = &x[(n * in_channels + channel) * in_size..][..in_size];
            let group = channel / group_rows;
            for o in 0..per_group {
                let kernel = &weights[(channel * per_group + o) * taps..][..taps];
                let target = (n * out_channels + group * per_group + o) * out_size;
                let target = &mut out[target..target + out_size];
                for (x, hits) in source.iter().zip(&hits) {
                    for &(at, tap) in hits {
                        target[at] = target[at] + kernel[tap].widen() * x.widen();
                    }
                }
            }
        }
    }
    out
}

/// For each input position, the output position and the flat tap of every hit.
fn scatter(axes: &[WindowAxis]) -> Vec<Vec<(usize, usize)>> {
    let mut hits = vec![vec![(0, 0)]];
    for axis in axes {
        let extend = |so_far: &Vec<(usize, usize)>, position: usize| {
            let ends = (0..axis.kernel)
                .filter_map(|tap| Some((axis.reach(position, tap, axis.output)?, tap)));
            let ends: Vec<(usize, usize)> = ends.collect();
            let pairs = so_far.iter();
            pairs
                .flat_map(|base| {
                    let (at, tap) = (base.0 * axis.output, base.1 * axis.kernel);
                    ends.iter().map(move |end| (at + end.0, tap + end.1))
                })
                .collect::<Vec<_>>()
        };
        hits = hits
            .iter()
            .flat_map(|so_far| (0..axis.input).map(move |position| (so_far, position)))
            .map(|(so_far, position)| extend(so_far, position))
            .collect();
    }
    hits
}

/// Adds `bias[m]` to every position of channel `m` of sums in the shape `[n, m, ..]`.
pub(super) fn add_bias<T: Element>(sums: &mut [T::Sum], bias: &[T], shape: &[usize]) {
    let size: usize = shape[2..].iter().product();
    let channels = bias.iter().cycle();
    for (channel, bias) in sums.chunks_mut(size.max(1)).zip(channels) {
        for sum in channel {
            *sum = *sum + bias.widen();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(input: usize, kernel: usize, output: usize) -> WindowAxis {
        WindowAxis {
            input,
            kernel,
            stride: 1,
            dilation: 1,
            pad_begin: 0,
            pad_end: 0,
            output,
        }
    }

    /// The definition, position by position, for one sample and one group.
    fn naive(axes: &[WindowAxis], x: &[i64], w: &[i64], channels: (usize, usize)) -> Vec<i64> {
        let [rows, columns] = axes else { panic!() };
        let mut out = Vec::new();
        for o in 0..channels.1 {
            for (r, c) in (0..rows.output).flat_map(|r| (0..columns.output).map(move |c| (r, c))) {
                let mut sum = 0;
                for i in 0..channels.0 {
                    for (s, t) in
                        (0..rows.kernel).flat_map(|s| (0..columns.kernel).map(move |t| (s, t)))
                    {
                        let at =
                            rows.reach(r, s, rows.input)
                                .zip(columns.reach(c, t, columns.input));
                        if let Some((y, z)) = at {
                            let x = x[(i * rows.input + y) * columns.input + z];
                            sum += x * w
                                [((o * channels.0 + i) * rows.kernel + s) * columns.kernel + t];
                        }
                    }
                }
                out.push(sum);
            }
        }
        out
    }

    #[test]
    fn every_window_is_the_definition() {
        let mut cases = 0;
        for (stride, dilation, pad) in [(1, 1, 0), (1, 1, 2), (2, 1, 1), (3, 2, 2), (1, 3, 0)] {
            for (kernel, channels) in [(1, (1, 1)), (2, (2, 5)), (3, (3, 4))] {
                let reach = (kernel - 1) * dilation + 1;
                let axes = [7, 9].map(|input| WindowAxis {
                    stride,
                    dilation,
                    pad_begin: pad,
                    pad_end: pad,
                    output: (input + 2 * pad - reach) / stride + 1,
                    ..axis(input, kernel, 0)
                });
                let values = |count: usize| {
                    (0..count as i64)
                        .map(|i| i * i % 23 - 11)
                        .collect::<Vec<_>>()
                };
                let (x, w) = (
                    values(channels.0 * 63),
                    values(channels.0 * channels.1 * kernel * kernel),
                );
                let convolution = Convolution {
                    axes: axes.to_vec(),
                    groups: 1,
                };
                let operands = Operands {
                    x: &x,
                    x_shape: &[1, channels.0, 7, 9],
                    weights: &w,
                    weights_shape: &[channels.1, channels.0, kernel, kernel],
                };
                assert_eq!(
                    convolve(&convolution, operands),
                    naive(&axes, &x, &w, channels)
                );
                cases += 1;
            }
        }
        assert_eq!(cases, 15);
    }

    #[test]
    fn groups_read_their_own_channels() {
        let convolution = Convolution {
            axes: vec![axis(2, 1, 2)],
            groups: 2,
        };
        let operands = Operands {
            x: &[1i64, 2, 3, 4],
            x_shape: &[1, 2, 2],
            weights: &[10, 20, 30, 40],
            weights_shape: &[4, 1, 1],
        };
        let out = convolve(&convolution, operands);
        assert_eq!(out, [10, 20, 20, 40, 90, 120, 120, 160]);
    }

    #[test]
    fn a_transposed_convolution_spreads() {
        let convolution = Convolution {
            axes: vec![WindowAxis {
                stride: 2,
                ..axis(2, 3, 5)
            }],
            groups: 1,
        };
        let operands = Operands {
            x: &[1i64, 10],
            x_shape: &[1, 1, 2],
            weights: &[1, 2, 3],
            weights_shape: &[1, 1, 3],
        };
        assert_eq!(
            convolve_transposed(&convolution, operands),
            [1, 2, 13, 20, 30]
        );
    }

    #[test]
    fn a_bias_is_per_channel() {
        let mut sums = vec![0i64; 8];
        add_bias(&mut sums, &[1, 2], &[2, 2, 2]);
        assert_eq!(sums, [1, 1, 2, 2, 1, 1, 2, 2]);
    }
}
