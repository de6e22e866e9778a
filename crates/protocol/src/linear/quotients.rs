//! The cached quotients of a weight matrix, all of them at once.
//!
//! Sₖ = Σ_d Σ_j W[k + d][j]·P[d][j] with P[d][j] = [τ^{dC + j}]₁ is, column by column, the product of a Hankel matrix of weights
//! with a vector of points. With the matrix cut in four, and the vectors in two,
//!
//! ```text
//! S_low  = H₀·P_low + H₁·P_high = (H₀ − H₁)·P_low  + H₁·(P_low + P_high)
//! S_high = H₁·P_low + H₂·P_high = (H₂ − H₁)·P_high + H₁·(P_low + P_high)
//! ```
//!
//! has three products of half the size in place of four, for one addition of each pair of points (Karatsuba's method for Hankel
//! matrices; Fan and Hasan, "A new approach to subquadratic space complexity parallel multipliers for extended binary fields", 2007).
//! W ends with the matrix: where H₂ is zero the plain form takes no more products, since a zero costs nothing. Products of
//! all columns are added up, so what is left in the end are sums of many points with small integers, cut no further than pays.
//! Columns with few weights are not cut at all.

#![allow(
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a compiler runs this on its own data, whose lengths the same function has made"
)]

use alloc::vec;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ops::Range;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::weights::WeightMatrix;
use crate::backend::Backend;
use crate::curve::{G1Affine, G1Projective};
use crate::msm::{BitLengths, PointAdder, Signed, Sum, sums_of_packed};

/// Points that are held of the columns taken at once: with their sums some 400 MB.
const POINTS_AT_ONCE: usize = 1 << 21;
/// A column is worth cutting if it has a weight in every so many rows.
const ROWS_PER_WEIGHT: usize = 4;
/// Points that are made by one thread at once.
const POINTS_PER_TASK: usize = 1 << 16;
/// Sums that are made by one thread at once.
const SUMS_PER_TASK: usize = 4;
/// Moving so many points and their weights into a part takes as long as an addition.
const POINTS_MOVED_PER_ADDITION: usize = 3;
/// How often a product is cut before its parts are left to other threads: so often progress can be told.
const STEPS: usize = 2;

/// S₀ … S_{R−1}, of which the first is the commitment without its blinding.
///
/// `progress` is told how much of the work is done.
pub fn cached_quotients<A: PointAdder>(
    weights: &WeightMatrix,
    powers: &[G1Affine],
    backend: &impl Backend,
    progress: &mut dyn FnMut(usize, usize),
) -> Vec<G1Projective> {
    let setup = Setup {
        powers,
        columns: weights.columns(),
    };
    let (mut dense, sparse) = columns(weights);
    dense.sort_by_key(|column| column.height);
    let mut groups: Vec<(usize, Vec<usize>)> = Vec::new();
    while let Some(tallest) = dense.last() {
        let size = tallest.height.next_power_of_two();
        let count = (POINTS_AT_ONCE / size).clamp(1, dense.len());
        let group = dense.split_off(dense.len() - count);
        let group = group.iter().map(|column| column.index).collect();
        groups.push((size, group));
    }
    let mut sums = vec![G1Projective::default(); weights.rows()];
    let total: usize = groups.iter().map(|(size, group)| work(*size, group)).sum();
    let mut done = 0;
    for (size, group) in groups {
        let share = work(size, &group);
        let hankel = Hankel::of_columns(weights, size, &group);
        let points = setup.points::<A>(size, &group, backend);
        let product = Product::<A> { hankel, points };
        let task = Multiplier::<A, _>(backend, PhantomData);
        let mut step = |part: f64| progress(done + (part * share as f64) as usize, total);
        add(
            &mut sums,
            &task.in_steps(&product, (0.0, 1.0), STEPS, &mut step),
        );
        done += share;
    }
    add(
        &mut sums,
        &sparse_sums::<A>(weights, &sparse, &setup, backend),
    );
    progress(total, total);
    sums
}

/// An estimate of the work for a group of columns.
fn work(size: usize, group: &[usize]) -> usize {
    size * size * group.len()
}

fn add(sums: &mut [G1Projective], more: &[G1Projective]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}

/// A column of the matrix, and how many rows it reaches down.
struct Column {
    index: usize,
    height: usize,
}

/// The columns with many weights, and those with few; those without are in neither list.
fn columns(weights: &WeightMatrix) -> (Vec<Column>, Vec<usize>) {
    let mut heights = vec![0; weights.columns()];
    let mut counts = vec![0usize; weights.columns()];
    for row in 0..weights.rows() {
        for (index, _) in used(weights.row(row)) {
            heights[index] = row + 1;
            counts[index] += 1;
        }
    }
    let (mut dense, mut sparse) = (Vec::new(), Vec::new());
    for (index, height) in heights.into_iter().enumerate() {
        if counts[index] * ROWS_PER_WEIGHT >= height.max(1) {
            dense.push(Column { index, height });
        } else if height > 0 {
            sparse.push(index);
        }
    }
    (dense, sparse)
}

/// The weights that are not zero, and where they are.
fn used(row: &[i32]) -> impl Iterator<Item = (usize, &i32)> {
    row.iter().enumerate().filter(|(_, weight)| **weight != 0)
}

/// The powers of tau as rows of C points.
struct Setup<'a> {
    powers: &'a [G1Affine],
    columns: usize,
}

impl Setup<'_> {
    /// P[d][j]; infinity behind the last weight, where nothing reads it.
    fn point(&self, row: usize, column: usize) -> G1Affine {
        let index = row * self.columns + column;
        self.powers.get(index).copied().unwrap_or_default()
    }

    fn points<A: PointAdder>(
        &self,
        rows: usize,
        columns: &[usize],
        backend: &impl Backend,
    ) -> Vec<A::Point> {
        let parts = backend.map(tasks(rows, columns.len()), |rows| {
            let adder = A::default();
            let row = |row| columns.iter().map(move |column| self.point(row, *column));
            let points = rows.flat_map(row).map(|point| adder.pack(&point));
            points.collect::<Vec<_>>()
        });
        joined(parts)
    }
}

/// What threads have made, in one list.
fn joined<T: Copy>(mut parts: Vec<Vec<T>>) -> Vec<T> {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => parts.concat(),
    }
}

/// Rows for one thread each.
fn tasks(rows: usize, columns: usize) -> Vec<Range<usize>> {
    let share = POINTS_PER_TASK.div_ceil(columns.max(1));
    let start = (0..rows).step_by(share);
    start.map(|start| start..rows.min(start + share)).collect()
}

/// The Hankel matrices H[k][d] = w[k + d] of some columns, k and d below `size`.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Hankel {
    size: usize,
    columns: usize,
    /// w of all columns, row by row: 2·size − 1 rows.
    weights: Vec<i64>,
    /// Per column, behind which row of w all is zero.
    heights: Vec<usize>,
    /// Additions that take the product without cutting it.
    additions: usize,
}

impl Hankel {
    /// Columns of the weight matrix, as high as `size` at the most.
    fn of_columns(matrix: &WeightMatrix, size: usize, columns: &[usize]) -> Self {
        let row = |row: usize| {
            let row = (row < matrix.rows()).then(|| matrix.row(row));
            columns
                .iter()
                .map(move |column| row.map_or(0, |row| row[*column].into()))
        };
        Self::new(size, columns.len(), row)
    }

    fn new<I: Iterator<Item = i64>>(size: usize, columns: usize, row: impl Fn(usize) -> I) -> Self {
        let rows = 2 * size - 1;
        let mut weights = Vec::with_capacity(rows * columns);
        let mut heights = vec![0; columns];
        let mut lengths = BitLengths::default();
        for index in 0..rows {
            // How often the row stands in the matrix.
            let count = (index + 1).min(rows - index);
            for (weight, height) in row(index).zip(&mut heights) {
                weights.push(weight);
                lengths.add_integer(weight, count);
                if weight != 0 {
                    *height = index + 1;
                }
            }
        }
        Self {
            size,
            columns,
            weights,
            heights,
            additions: lengths.additions(size),
        }
    }

    /// The columns that reach behind row `least` and not behind row `most`.
    fn reaching(&self, least: usize, most: usize) -> Vec<usize> {
        let columns = self.heights.iter().enumerate();
        let reaching = columns.filter(|(_, height)| (least + 1..=most).contains(height));
        reaching.map(|(column, _)| column).collect()
    }

    /// The three products of half the size.
    fn parts(&self) -> [Part; 3] {
        let half = self.size / 2;
        let full = self.reaching(self.size, usize::MAX);
        let tall = self.reaching(half, self.size);
        let low = self.reaching(0, self.size);
        let group = |columns: &[usize], points, weights, less| Group {
            columns: columns.to_vec(),
            points,
            weights,
            less,
        };
        [
            vec![
                group(&full, Half::Low, 0, Some(half)),
                group(&low, Half::Low, 0, None),
                group(&tall, Half::High, half, None),
            ],
            vec![
                group(&full, Half::High, self.size, Some(half)),
                group(&tall, Half::Low, half, None),
            ],
            vec![group(&full, Half::Both, half, None)],
        ]
        .map(|groups| self.part(groups))
    }

    fn part(&self, groups: Vec<Group>) -> Part {
        let row = |row: usize| {
            groups.iter().flat_map(move |group| {
                let weights = self.row(group.weights + row);
                let less = group.less.map(|less| self.row(less + row));
                group
                    .columns
                    .iter()
                    .map(move |column| weights[*column] - less.map_or(0, |less| less[*column]))
            })
        };
        let columns = groups.iter().map(|group| group.columns.len()).sum();
        let hankel = Self::new(self.size / 2, columns, row);
        Part { hankel, groups }
    }

    fn row(&self, row: usize) -> &[i64] {
        &self.weights[row * self.columns..][..self.columns]
    }
}

/// Which half of a column's points.
#[derive(Clone, Copy)]
enum Half {
    Low,
    High,
    /// The sum of the halves.
    Both,
}

/// Columns that a part takes in the same way.
struct Group {
    columns: Vec<usize>,
    points: Half,
    /// Row at which the weights begin.
    weights: usize,
    /// Row at which weights begin that are subtracted.
    less: Option<usize>,
}

/// A product of half the size, the points of which are not made yet.
struct Part {
    hankel: Hankel,
    groups: Vec<Group>,
}

/// Hankel matrices and the points that they are multiplied with, `size` rows of them.
struct Product<A: PointAdder> {
    hankel: Hankel,
    points: Vec<A::Point>,
}

impl<A: PointAdder> Product<A> {
    /// Rows of the points of a part.
    fn points_of(&self, groups: &[Group], rows: Range<usize>) -> Vec<A::Point> {
        let (columns, half) = (self.hankel.columns, self.hankel.size / 2);
        let mut points = Vec::new();
        let mut pairs = Vec::new();
        for row in rows {
            let (low, high) = (row * columns, (row + half) * columns);
            for group in groups {
                let columns = group.columns.iter();
                match group.points {
                    Half::Low => points.extend(columns.map(|column| self.points[low + column])),
                    Half::High => points.extend(columns.map(|column| self.points[high + column])),
                    Half::Both => pairs.extend(columns.map(|column| {
                        [low + column, high + column].map(|index| Signed::new(index, false))
                    })),
                }
            }
        }
        // Sums are in no part with others.
        A::default().add_pairs(&self.points, &pairs, &mut points);
        points
    }
}

/// Multiplies with the kernels of a backend.
struct Multiplier<'a, A, B>(&'a B, PhantomData<fn() -> A>);

impl<A: PointAdder, B: Backend> Multiplier<'_, A, B> {
    /// The product; after each part of it `step` is told how far the share from `share.0` on of length `share.1` is done.
    fn in_steps(
        &self,
        product: &Product<A>,
        share: (f64, f64),
        steps: usize,
        step: &mut impl FnMut(f64),
    ) -> Vec<G1Projective> {
        step(share.0);
        let parts = match steps {
            0 => None,
            _ => self.cut(&product.hankel),
        };
        let Some(parts) = parts else {
            return self.sums(product);
        };
        let additions: usize = parts.iter().map(|part| part.hankel.additions).sum();
        let mut start = share.0;
        let made = parts.map(|part| {
            let length = share.1 * part.hankel.additions as f64 / additions.max(1) as f64;
            let part = self.part(product, part);
            let sums = self.in_steps(&part, (start, length), steps - 1, step);
            start += length;
            sums
        });
        together(made)
    }

    /// The product.
    fn sums(&self, product: &Product<A>) -> Vec<G1Projective> {
        let Some(parts) = self.cut(&product.hankel) else {
            return self.plain(product);
        };
        let made = self
            .0
            .map(parts.into(), |part| self.sums(&self.part(product, part)));
        match made.try_into() {
            Ok(made) => together(made),
            Err(_) => Vec::new(),
        }
    }

    /// The parts, where they take fewer additions than the whole.
    fn cut(&self, hankel: &Hankel) -> Option<[Part; 3]> {
        if hankel.size == 1 {
            return None;
        }
        let parts = hankel.parts();
        let [low, high, both] = parts.each_ref().map(|part| &part.hankel);
        let pays = if both.columns > 0 {
            let parts = [low, high, both];
            let moved: usize = parts.map(|part| part.size * part.columns).iter().sum();
            let additions: usize = parts.map(|part| part.additions).iter().sum();
            let pairs = both.size * both.columns;
            additions + pairs + moved / POINTS_MOVED_PER_ADDITION < hankel.additions
        } else {
            // This cut saves nothing, but makes whole squares of which the next may save.
            high.columns == 0 || self.cut(low).is_some()
        };
        pays.then_some(parts)
    }

    fn part(&self, product: &Product<A>, part: Part) -> Product<A> {
        let Part { hankel, groups } = part;
        let rows = tasks(hankel.size, hankel.columns);
        let points = self.0.map(rows, |rows| product.points_of(&groups, rows));
        Product {
            hankel,
            points: joined(points),
        }
    }

    /// The product as it is written.
    fn plain(&self, product: &Product<A>) -> Vec<G1Projective> {
        let hankel = &product.hankel;
        let starts = (0..hankel.size).step_by(SUMS_PER_TASK).collect();
        let sums = self.0.map(starts, |start| {
            let rows = start..hankel.size.min(start + SUMS_PER_TASK);
            let list = |row| &hankel.weights[row * hankel.columns..][..product.points.len()];
            let lists: Vec<&[i64]> = rows.map(list).collect();
            sums_of_packed::<A>(&product.points, &lists)
        });
        sums.concat()
    }
}

/// The sums of a product from those of its parts.
fn together([mut low, mut high, both]: [Vec<G1Projective>; 3]) -> Vec<G1Projective> {
    add(&mut low, &both);
    add(&mut high, &both);
    low.append(&mut high);
    low
}

/// What the columns with few weights add to every sum.
fn sparse_sums<A: PointAdder>(
    weights: &WeightMatrix,
    columns: &[usize],
    setup: &Setup<'_>,
    backend: &impl Backend,
) -> Vec<G1Projective> {
    let entries = (0..weights.rows()).flat_map(|row| {
        let row_weights = weights.row(row);
        let entries = columns
            .iter()
            .map(move |column| (row, *column, row_weights[*column]));
        entries.filter(|(_, _, weight)| *weight != 0)
    });
    let entries: Vec<(usize, usize, i32)> = entries.collect();
    backend.map((0..weights.rows()).collect(), |first| {
        let start = entries.partition_point(|(row, _, _)| *row < first);
        let points = entries[start..].iter();
        let points = points.map(|(row, column, _)| setup.point(row - first, *column));
        let points: Vec<G1Affine> = points.collect();
        let weights: Vec<i64> = entries[start..]
            .iter()
            .map(|entry| entry.2.into())
            .collect();
        Sum::<A>::of_integers(&points, &weights).whole()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Reference;
    use crate::msm::{SerialAdder, msm_small};
    use crate::random::DeterministicRandom;
    use crate::srs::Srs;
    use proptest::prelude::*;

    /// The quotients by their definition.
    fn definition(weights: &WeightMatrix, powers: &[G1Affine]) -> Vec<G1Projective> {
        let entries: Vec<i64> = weights.entries().iter().copied().map(i64::from).collect();
        let tail = |row| &entries[row * weights.columns()..];
        (0..weights.rows())
            .map(|row| msm_small(powers, tail(row)))
            .collect()
    }

    fn made(weights: &WeightMatrix, powers: &[G1Affine]) -> Vec<G1Projective> {
        cached_quotients::<SerialAdder>(weights, powers, &Reference, &mut |_, _| ())
    }

    fn powers(count: usize) -> Vec<G1Affine> {
        let power = count.next_power_of_two().trailing_zeros().max(1);
        let mut random = DeterministicRandom::new([7; 32]);
        Srs::development(power, &mut random).unwrap().powers()[..count].to_vec()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// Columns of every height, dense, sparse and empty, with weights of every width, and no more powers than are needed.
        #[test]
        fn all_quotients_are_those_of_the_definition(
            log_rows in 0u32..5,
            columns in prop::collection::vec((0usize..=16, 0usize..4, 0u32..32), 1..12),
            seed in any::<u64>(),
        ) {
            let rows = 1usize << log_rows;
            let mut weights = WeightMatrix::zero(rows, columns.len());
            let mut number = seed;
            for (column, (height, gap, bits)) in columns.iter().enumerate() {
                for row in (0..rows.min(*height)).step_by(1 + gap * gap) {
                    number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    weights.set(row, column, (number as i64 >> (63 - bits)) as i32);
                }
            }
            let powers = powers(weights.degree_bound());
            prop_assert_eq!(made(&weights, &powers), definition(&weights, &powers));
        }
    }

    /// Enough points that cutting pays, several times over.
    #[test]
    fn products_are_cut() {
        let (rows, columns) = (32usize, 96usize);
        let entries = (0..rows * columns).map(|i| 1 + ((i * 2_654_435) >> 9) as i32 % 8);
        let mut entries: Vec<i32> = entries.collect();
        // A third of the columns ends half way, a third a row before.
        for (index, entry) in entries.iter_mut().enumerate() {
            let (row, column) = (index / columns, index % columns);
            if [rows / 2, rows - 1, rows][column % 3] <= row {
                *entry = 0;
            }
        }
        let weights = WeightMatrix::from_entries(columns, entries).unwrap();
        let powers = powers(weights.degree_bound());
        let all: Vec<usize> = (0..columns).collect();
        let hankel = Hankel::of_columns(&weights, rows, &all);
        let multiplier = Multiplier::<SerialAdder, _>(&Reference, PhantomData);
        let [low, high, both] = multiplier.cut(&hankel).unwrap();
        assert_eq!(
            (both.hankel.columns, high.hankel.columns),
            (0, 2 * columns / 3)
        );
        assert!(multiplier.cut(&low.hankel).unwrap()[2].hankel.columns > 0);
        let mut told = Vec::new();
        let mut progress = |done, total| told.push((done, total));
        let made = cached_quotients::<SerialAdder>(&weights, &powers, &Reference, &mut progress);
        assert_eq!(made, definition(&weights, &powers));
        assert!(told.is_sorted() && told.len() > 4);
        assert_eq!(told.last().map(|(done, total)| done == total), Some(true));
    }

    #[test]
    fn the_widest_weights_do_not_overflow() {
        let entries = (0..64 * 8).map(|i| if i % 3 == 0 { i32::MIN } else { i32::MAX });
        let weights = WeightMatrix::from_entries(8, entries.collect()).unwrap();
        let powers = powers(64 * 8);
        assert_eq!(made(&weights, &powers), definition(&weights, &powers));
    }
}
