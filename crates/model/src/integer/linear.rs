//! Sums of terms: the linear part of a layer, on integers and on floats alike.
//!
//! For each output position the taps in range are listed once; inside, everything runs along contiguous channels.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::{AddAssign, Mul};

use super::{AxisMap, Extent, Weights};

/// Fewer output positions than this are not worth a transposed copy of the weights.
const WORTH_TRANSPOSING: usize = 4;

/// A term: what is read, where and with which weights.
pub(crate) struct Reading<'a, W> {
    /// One map per position axis.
    pub(crate) maps: &'a [AxisMap],
    /// The coefficients, of the length that the extents ask for.
    pub(crate) weights: &'a Weights<W>,
    /// The extent of what is read.
    pub(crate) source: &'a Extent,
}

impl<W: Copy> Reading<'_, W> {
    /// Adds the term to the accumulators of every output, row-major over (positions, channels). `A` must not overflow: see
    /// [`super::ValidGraph`].
    pub(crate) fn add_to<A, S>(&self, accumulators: &mut [A], output: &Extent, values: &[S])
    where
        A: Copy + From<W> + From<S> + AddAssign + Mul<Output = A> + PartialEq + Default,
        S: Copy,
    {
        let taps = self.taps();
        match self.weights {
            Weights::Dense(weights) if output.position_count() < WORTH_TRANSPOSING => {
                self.dot_products(accumulators, output, (values, weights));
            }
            Weights::Dense(weights) => {
                let transposed =
                    transpose::<A, W>(weights, output.channels, taps * self.source.channels);
                self.each_position(output, accumulators, |row, tap, source| {
                    let weights = &transposed[tap * self.source.channels * output.channels..];
                    let values = &values[source * self.source.channels..][..self.source.channels];
                    for (value, weights) in values.iter().zip(weights.chunks(output.channels)) {
                        let value = A::from(*value);
                        if value != A::default() {
                            row.iter_mut()
                                .zip(weights)
                                .for_each(|(sum, weight)| *sum += *weight * value);
                        }
                    }
                });
            }
            Weights::Diagonal(weights) => {
                let transposed = transpose::<A, W>(weights, output.channels, taps);
                self.each_position(output, accumulators, |row, tap, source| {
                    let weights = &transposed[tap * output.channels..];
                    let values = &values[source * self.source.channels..];
                    for (sum, (weight, value)) in row.iter_mut().zip(weights.iter().zip(values)) {
                        *sum += *weight * A::from(*value);
                    }
                });
            }
            Weights::Structural {
                channels,
                coefficient,
            } => {
                let reads: Vec<(usize, usize)> =
                    axis_reads(channels, output.channels, self.source.channels)
                        .into_iter()
                        .enumerate()
                        .flat_map(|(channel, reads)| {
                            reads.into_iter().map(move |(_, source)| (channel, source))
                        })
                        .collect();
                let coefficient = A::from(*coefficient);
                self.each_position(output, accumulators, |row, _, source| {
                    let values = &values[source * self.source.channels..];
                    for (channel, source) in &reads {
                        row[*channel] += coefficient * A::from(values[*source]);
                    }
                });
            }
        }
    }

    fn taps(&self) -> usize {
        self.maps.iter().map(|map| map.taps).product()
    }

    /// For few positions: one dot product for each tap and channel.
    fn dot_products<A, S>(
        &self,
        accumulators: &mut [A],
        output: &Extent,
        (values, weights): (&[S], &[W]),
    ) where
        A: Copy + From<W> + From<S> + AddAssign + Mul<Output = A>,
        S: Copy,
    {
        let (taps, width) = (self.taps(), self.source.channels);
        self.each_position(output, accumulators, |row, tap, source| {
            let values = &values[source * width..][..width];
            for (channel, sum) in row.iter_mut().enumerate() {
                let weights = &weights[(channel * taps + tap) * width..][..width];
                for (weight, value) in weights.iter().zip(values) {
                    *sum += A::from(*weight) * A::from(*value);
                }
            }
        });
    }

    /// Calls `add` with the accumulators of each position and every tap there that is in range, with the position that it reads.
    fn each_position<A>(
        &self,
        output: &Extent,
        accumulators: &mut [A],
        mut add: impl FnMut(&mut [A], usize, usize),
    ) {
        let axes: Vec<Vec<Vec<(usize, usize)>>> = self
            .maps
            .iter()
            .zip(output.positions.iter().zip(&self.source.positions))
            .map(|(map, (length, source))| axis_reads(map, *length, *source))
            .collect();
        let (mut reads, mut next) = (Vec::new(), Vec::new());
        for (position, row) in accumulators.chunks_mut(output.channels.max(1)).enumerate() {
            reads.clear();
            reads.push((0, 0));
            let mut step = output.position_count();
            for (axis, map) in self.maps.iter().enumerate() {
                step /= output.positions[axis];
                let own = &axes[axis][position / step % output.positions[axis]];
                next.clear();
                for (tap, source) in &reads {
                    next.extend(own.iter().map(|(own_tap, own_source)| {
                        (
                            tap * map.taps + own_tap,
                            source * self.source.positions[axis] + own_source,
                        )
                    }));
                }
                core::mem::swap(&mut reads, &mut next);
            }
            for (tap, source) in &reads {
                add(row, *tap, *source);
            }
        }
    }
}

/// For each output position along an axis, the taps in range and what they read.
pub(crate) fn axis_reads(map: &AxisMap, length: usize, source: usize) -> Vec<Vec<(usize, usize)>> {
    let at = |p: usize| {
        (0..map.taps)
            .filter_map(|t| Some((t, map.source(p, t, source)?)))
            .collect()
    };
    (0..length).map(at).collect()
}

/// `[rows][columns]` as `[columns][rows]`.
fn transpose<A: From<W> + Default + Copy, W: Copy>(
    weights: &[W],
    rows: usize,
    columns: usize,
) -> Vec<A> {
    let mut transposed = vec![A::default(); weights.len()];
    for (row, weights) in weights.chunks(columns.max(1)).enumerate() {
        for (column, weight) in weights.iter().enumerate() {
            transposed[column * rows + row] = A::from(*weight);
        }
    }
    transposed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map() -> impl Strategy<Value = AxisMap> {
        (1..4usize, 0..3usize, 0..3usize, -2..3i64, 1..3usize).prop_map(
            |(taps, stride, dilation, pad, divisor)| AxisMap {
                taps,
                stride,
                dilation,
                pad,
                divisor,
            },
        )
    }

    #[derive(Clone, Debug)]
    struct Case {
        maps: Vec<AxisMap>,
        channels: AxisMap,
        source: Extent,
        output: Extent,
        kind: usize,
    }

    fn case() -> impl Strategy<Value = Case> {
        let axes = (1..6usize, 1..6usize, map());
        let channels = (1..5usize, 1..5usize, map(), 0..3usize);
        (prop::collection::vec(axes, 0..3), channels).prop_map(
            |(axes, (channels, out, map, kind))| Case {
                maps: axes.iter().map(|axis| axis.2).collect(),
                channels: map,
                source: Extent {
                    positions: axes.iter().map(|axis| axis.0).collect(),
                    channels,
                },
                output: Extent {
                    positions: axes.iter().map(|axis| axis.1).collect(),
                    channels: if kind == 1 { channels } else { out },
                },
                kind,
            },
        )
    }

    fn numbers(count: usize, seed: i64) -> Vec<i32> {
        (0..count as i64)
            .map(|i| ((i * 7919 + seed * 104_729) % 23 - 11) as i32)
            .collect()
    }

    /// Every index of an array of these lengths, slowest first.
    fn indices(lengths: &[usize]) -> Vec<Vec<usize>> {
        lengths.iter().fold(vec![vec![]], |all, &length| {
            all.iter()
                .flat_map(|index| (0..length).map(move |i| [index.as_slice(), &[i]].concat()))
                .collect()
        })
    }

    fn flat(index: &[usize], lengths: &[usize]) -> usize {
        index
            .iter()
            .zip(lengths)
            .fold(0, |sum, (i, length)| sum * length + i)
    }

    /// The definition, word for word.
    fn naive(case: &Case, weights: &Weights<i32>, values: &[i64]) -> Vec<i64> {
        let taps: Vec<usize> = case.maps.iter().map(|map| map.taps).collect();
        let count: usize = taps.iter().product();
        let mut sums = Vec::new();
        for p in indices(&case.output.positions) {
            for o in 0..case.output.channels {
                let mut sum = 0;
                for t in indices(&taps) {
                    let q: Option<Vec<usize>> = (0..p.len())
                        .map(|a| case.maps[a].source(p[a], t[a], case.source.positions[a]))
                        .collect();
                    let Some(q) = q else { continue };
                    let row = flat(&q, &case.source.positions) * case.source.channels;
                    let tap = flat(&t, &taps);
                    sum += match weights {
                        Weights::Dense(w) => (0..case.source.channels)
                            .map(|c| {
                                let weight = w[(o * count + tap) * case.source.channels + c];
                                i64::from(weight) * values[row + c]
                            })
                            .sum::<i64>(),
                        Weights::Diagonal(w) => i64::from(w[o * count + tap]) * values[row + o],
                        Weights::Structural {
                            channels,
                            coefficient,
                        } => (0..channels.taps)
                            .filter_map(|t| channels.source(o, t, case.source.channels))
                            .map(|c| i64::from(*coefficient) * values[row + c])
                            .sum(),
                    };
                }
                sums.push(sum);
            }
        }
        sums
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_definition(case in case(), seed in 0..100i64) {
            let taps: usize = case.maps.iter().map(|map| map.taps).product();
            let weights = match case.kind {
                0 => Weights::Dense(numbers(case.output.channels * taps * case.source.channels, seed)),
                1 => Weights::Diagonal(numbers(case.output.channels * taps, seed)),
                _ => Weights::Structural { channels: case.channels, coefficient: -3 },
            };
            let values: Vec<i64> = numbers(case.source.cells(), seed + 1).into_iter().map(i64::from).collect();
            let mut sums = vec![0i64; case.output.cells()];
            let reading = Reading { maps: &case.maps, weights: &weights, source: &case.source };
            reading.add_to(&mut sums, &case.output, &values);
            prop_assert_eq!(sums, naive(&case, &weights, &values));
        }
    }
}
