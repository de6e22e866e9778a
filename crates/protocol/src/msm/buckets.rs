//! Buckets of points: their sums, and the sum of those by weight.

use alloc::vec;
use alloc::vec::Vec;

use super::Window;
use super::adder::{PointAdder, Signed};
use crate::curve::G1Affine;

/// References to points, sorted by bucket. Window w has the buckets from w·2^{c−1} on, one for each magnitude of a digit.
pub(crate) struct Buckets {
    references: Vec<Signed>,
    /// How many of them are in each bucket.
    counts: Vec<usize>,
}

impl Buckets {
    /// `counts` references for each bucket, one after the other.
    pub(crate) fn of_references(references: Vec<Signed>, counts: Vec<usize>) -> Self {
        Self { references, counts }
    }

    /// `digits` gives for each window each point's digit: the bucket is |digit| − 1, and the point is negated for a negative digit;
    /// zeros are left out.
    pub(super) fn new(digits: &[Vec<i32>], window: Window) -> Self {
        let per_window = window.buckets();
        let mut counts = vec![0usize; digits.len() * per_window];
        for (digits, counts) in digits.iter().zip(counts.chunks_mut(per_window)) {
            for digit in digits.iter().filter(|digit| **digit != 0) {
                counts[digit.unsigned_abs() as usize - 1] += 1;
            }
        }
        let mut total = 0;
        let mut next = Vec::with_capacity(counts.len());
        for count in &counts {
            next.push(total);
            total += count;
        }
        let mut references = vec![Signed::new(0, false); total];
        for (digits, next) in digits.iter().zip(next.chunks_mut(per_window)) {
            for (index, digit) in digits.iter().enumerate().filter(|(_, digit)| **digit != 0) {
                let place = &mut next[digit.unsigned_abs() as usize - 1];
                references[*place] = Signed::new(index, *digit < 0);
                *place += 1;
            }
        }
        Self { references, counts }
    }

    /// The sum of each bucket, by rounds that add neighbours in every bucket.
    pub(crate) fn sums<A: PointAdder>(
        mut self,
        bases: &[A::Point],
        adder: &mut A,
    ) -> Vec<A::Point> {
        let mut sums: Option<Vec<A::Point>> = None;
        while self.counts.iter().any(|count| *count > 1) {
            let points = sums.as_deref().unwrap_or(bases);
            sums = Some(self.halve(points, adder));
        }
        let points = sums.as_deref().unwrap_or(bases);
        let mut references = self.references.iter();
        let identity = adder.pack(&G1Affine::identity());
        let sum = |count: &usize| match count {
            0 => identity,
            _ => references
                .next()
                .map_or(identity, |reference| read(points, *reference, adder)),
        };
        self.counts.iter().map(sum).collect()
    }

    /// Adds neighbours; what is odd is copied behind the sums.
    fn halve<A: PointAdder>(&mut self, points: &[A::Point], adder: &mut A) -> Vec<A::Point> {
        let mut pairs = Vec::with_capacity(self.references.len() / 2);
        let mut odd = Vec::new();
        let mut rest = self.references.as_slice();
        for count in &self.counts {
            let (bucket, after) = rest.split_at(*count);
            rest = after;
            let chunks = bucket.chunks_exact(2);
            odd.extend(chunks.remainder());
            pairs.extend(chunks.map(|pair| [pair[0], pair[1]]));
        }
        let mut sums = Vec::with_capacity(pairs.len() + odd.len());
        adder.add_pairs(points, &pairs, &mut sums);
        sums.extend(odd.iter().map(|odd| read(points, *odd, adder)));
        self.references.clear();
        let (mut next_sum, mut next_odd) = (0, pairs.len());
        for count in &mut self.counts {
            for _ in 0..*count / 2 {
                self.references.push(Signed::new(next_sum, false));
                next_sum += 1;
            }
            if !count.is_multiple_of(2) {
                self.references.push(Signed::new(next_odd, false));
                next_odd += 1;
            }
            *count = count.div_ceil(2);
        }
        sums
    }
}

fn read<A: PointAdder>(points: &[A::Point], reference: Signed, adder: &A) -> A::Point {
    let point = &points[reference.index()];
    if reference.is_negative() {
        adder.negated(point)
    } else {
        *point
    }
}

/// A point of the result: it counts 2^bit times in one of several sums.
pub(super) struct Weighted {
    pub(super) sum: usize,
    pub(super) bit: usize,
    pub(super) point: G1Affine,
}

/// Points that are being added up to one.
struct Row {
    sum: usize,
    bit: usize,
    /// Whether these are the buckets, of which every round takes off the odd ones.
    splits: bool,
    points: Vec<Signed>,
}

/// Σ_k (k + 1)·bucket_k for each window, as points that count powers of two. `places` says to which sum each window belongs, and
/// what its first bit is.
///
/// With T′_j = T_{2j} + T_{2j+1}, Σ_k k·T_k = Σ_j T_{2j+1} + 2·Σ_j j·T′_j: two additions a bucket in all, and in each round as many
/// as can be made at once.
pub(super) fn weighted_sums<A: PointAdder>(
    buckets: Vec<A::Point>,
    places: impl Iterator<Item = (usize, usize)>,
    per_window: usize,
    adder: &mut A,
) -> Vec<Weighted> {
    let mut rows: Vec<Row> = places
        .enumerate()
        .map(|(number, (sum, bit))| Row {
            sum,
            bit,
            splits: true,
            points: (number * per_window..(number + 1) * per_window)
                .map(|index| Signed::new(index, false))
                .collect(),
        })
        .collect();
    let mut points = buckets;
    let mut results = Vec::new();
    for round in 0.. {
        rows.retain(|row| {
            if let [point] = row.points[..] {
                results.push(Weighted {
                    sum: row.sum,
                    bit: row.bit,
                    point: adder.unpack(&points[point.index()]),
                });
            }
            row.points.len() > 1
        });
        if rows.is_empty() {
            break;
        }
        for index in 0..rows.len() {
            if rows[index].splits {
                let odd = rows[index].points.iter().skip(1).step_by(2);
                let row = Row {
                    sum: rows[index].sum,
                    bit: rows[index].bit + round,
                    splits: false,
                    points: odd.copied().collect(),
                };
                rows.push(row);
            }
        }
        points = halve_rows(&mut rows, &points, adder);
    }
    results
}

/// Adds neighbours in every row of more than one point, all of them a power of two long.
fn halve_rows<A: PointAdder>(
    rows: &mut [Row],
    points: &[A::Point],
    adder: &mut A,
) -> Vec<A::Point> {
    let mut pairs = Vec::new();
    let mut single = Vec::new();
    for row in &*rows {
        match row.points[..] {
            [point] => single.push(points[point.index()]),
            _ => pairs.extend(row.points.chunks_exact(2).map(|pair| [pair[0], pair[1]])),
        }
    }
    let mut sums = Vec::with_capacity(pairs.len() + single.len());
    adder.add_pairs(points, &pairs, &mut sums);
    sums.extend(single);
    let (mut next_sum, mut next_single) = (0, pairs.len());
    for row in rows {
        let next = match row.points.len() {
            1 => &mut next_single,
            _ => &mut next_sum,
        };
        let length = (row.points.len() / 2).max(1);
        row.points.clear();
        row.points
            .extend((*next..*next + length).map(|index| Signed::new(index, false)));
        *next += length;
    }
    sums
}
