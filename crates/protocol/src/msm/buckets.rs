//! Buckets of points, added up in affine coordinates.
//!
//! An affine addition costs one inversion and three multiplications. Over many additions that do not depend on each other the
//! inversions become one, and three multiplications each: six in all, where mixed addition takes ten. So the points of all buckets
//! are added in rounds, each point with its neighbour in the same bucket, until every bucket holds at most one.

use alloc::vec;
use alloc::vec::Vec;

use ark_ec::{AffineRepr, VariableBaseMSM};
use ark_ff::{AdditiveGroup, Field, batch_inversion};

use crate::curve::{Fq, G1Affine, G1Projective};

/// Points by bucket, one bucket after the other.
pub(super) struct Buckets {
    points: Vec<G1Affine>,
    /// How many of them are in each bucket.
    counts: Vec<usize>,
}

impl Buckets {
    /// `digits` gives each point's bucket: |digit| − 1, with the point negated for a negative digit; zeros are left out. Buckets of
    /// window w follow those of window w − 1, `per_window` each.
    pub(super) fn new(bases: &[G1Affine], digits: &[Vec<i32>], per_window: usize) -> Self {
        let bucket = |window: usize, digit: i32| {
            let number = digit.unsigned_abs().checked_sub(1)?;
            Some(window * per_window + number as usize)
        };
        let mut counts = vec![0; digits.len() * per_window];
        for (window, digits) in digits.iter().enumerate() {
            for digit in digits {
                if let Some(bucket) = bucket(window, *digit) {
                    counts[bucket] += 1;
                }
            }
        }
        let mut total = 0;
        let mut next = Vec::with_capacity(counts.len());
        for count in &counts {
            next.push(total);
            total += count;
        }
        let mut points = vec![G1Affine::identity(); total];
        for (window, digits) in digits.iter().enumerate() {
            for (base, digit) in bases.iter().zip(digits) {
                if let Some(bucket) = bucket(window, *digit) {
                    points[next[bucket]] = if *digit < 0 { -*base } else { *base };
                    next[bucket] += 1;
                }
            }
        }
        Self { points, counts }
    }

    /// The sum of each bucket.
    pub(super) fn sums(mut self) -> Vec<G1Affine> {
        let mut inverses = Vec::with_capacity(self.points.len() / 2);
        while self.counts.iter().any(|count| *count > 1) {
            self.halve(&mut inverses);
        }
        let mut points = self.points.into_iter();
        let sum = |count: &usize| {
            (0..*count)
                .filter_map(|_| points.next())
                .last()
                .unwrap_or(G1Affine::identity())
        };
        self.counts.iter().map(sum).collect()
    }

    /// Adds neighbours.
    fn halve(&mut self, inverses: &mut Vec<Fq>) {
        inverses.clear();
        let mut start = 0;
        for count in &self.counts {
            for pair in self.points[start..start + count].chunks_exact(2) {
                inverses.push(denominator(&pair[0], &pair[1]));
            }
            start += count;
        }
        batch_inversion(inverses);
        let mut inverses = inverses.iter();
        let (mut read, mut write) = (0, 0);
        for count in &mut self.counts {
            let end = read + *count;
            while read < end {
                self.points[write] = match inverses.as_slice() {
                    [inverse, ..] if read + 1 < end => {
                        inverses.next();
                        add(&self.points[read], &self.points[read + 1], inverse)
                    }
                    _ => self.points[read],
                };
                read += 2;
                write += 1;
            }
            read = end;
            *count = count.div_ceil(2);
        }
        self.points.truncate(write);
    }
}

/// What the addition of two points divides by; one where it divides by nothing.
fn denominator(a: &G1Affine, b: &G1Affine) -> Fq {
    if a.is_zero() || b.is_zero() {
        return Fq::ONE;
    }
    if a.x != b.x {
        return b.x - a.x;
    }
    // No point of a group of odd order has y = 0.
    if a.y == b.y { a.y.double() } else { Fq::ONE }
}

/// a + b, given the inverse of their denominator.
fn add(a: &G1Affine, b: &G1Affine, inverse: &Fq) -> G1Affine {
    if a.is_zero() {
        return *b;
    }
    if b.is_zero() {
        return *a;
    }
    let numerator = if a.x != b.x {
        b.y - a.y
    } else if a.y == b.y {
        let square = a.x.square();
        square.double() + square
    } else {
        return G1Affine::identity();
    };
    let slope = numerator * inverse;
    let x = slope.square() - a.x - b.x;
    let y = slope * (a.x - x) - a.y;
    G1Affine::new_unchecked(x, y)
}

/// Σ (k + 1)·bucket_k by running sums.
pub(super) fn weighted_sum(buckets: &[G1Affine]) -> G1Projective {
    let mut running = <G1Projective as VariableBaseMSM>::ZERO_BUCKET;
    let mut total = running;
    for bucket in buckets.iter().rev() {
        running += bucket;
        total += &running;
    }
    total.into()
}
