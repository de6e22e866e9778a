//! What a round's kernel computes with: one scalar at a time, or as many as a processor has lanes.

#![allow(
    clippy::indexing_slicing,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use ark_ff::AdditiveGroup;

use crate::curve::Fr;

/// Scalars side by side, on which the same is done.
///
/// An implementation need not reduce its values. So that it never has to ask, whoever computes counts for each value how many times the
/// modulus it may be:
///
/// | value | count |
/// |---|---|
/// | [`splat`](Self::splat), [`entries`](Self::entries), [`pairs`](Self::pairs) | 1 |
/// | [`plus`](Self::plus) | the sum of both |
/// | [`minus`](Self::minus) | 8 more than that of `self`; that of `other` is at most 8 |
/// | [`less`](Self::less) | 1 more than that of `self`; that of `other` is at most 1 |
/// | [`times`](Self::times) | 1 + ab/5, where a, that of `self`, is at most 64, and b, that of `other`, at most 5 |
pub trait FieldLanes: Copy {
    /// How many scalars.
    const WIDTH: usize;
    /// A sum of many values.
    type Sum;

    /// The same scalar in every lane.
    fn splat(scalar: &Fr) -> Self;

    /// The entries `index`, `index` + 1, … of a table.
    fn entries(table: &[Fr], index: usize) -> Self;

    /// The entries 2i, and the entries 2i + 1, for i = `pair`, `pair` + 1, ….
    fn pairs(table: &[Fr], pair: usize) -> (Self, Self);

    /// self + other.
    fn plus(self, other: Self) -> Self;

    /// self − other.
    fn minus(self, other: Self) -> Self;

    /// self − other, for values as they come from a table.
    fn less(self, other: Self) -> Self;

    /// self · other.
    fn times(self, other: Self) -> Self;

    /// A sum of nothing.
    fn nothing() -> Self::Sum;

    /// Adds a value, whose count is at most 64; at most [`ADDITIONS`] times.
    fn add_to(self, sum: &mut Self::Sum);

    /// The sum over all lanes.
    fn total(sum: Self::Sum) -> Fr;
}

/// How many values a sum takes.
pub const ADDITIONS: usize = 1024;

impl FieldLanes for Fr {
    const WIDTH: usize = 1;
    type Sum = Self;

    #[inline(always)]
    fn splat(scalar: &Fr) -> Self {
        *scalar
    }

    #[inline(always)]
    fn entries(table: &[Fr], index: usize) -> Self {
        table[index]
    }

    #[inline(always)]
    fn pairs(table: &[Fr], pair: usize) -> (Self, Self) {
        (table[2 * pair], table[2 * pair + 1])
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self - other
    }

    #[inline(always)]
    fn less(self, other: Self) -> Self {
        self - other
    }

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        self * other
    }

    #[inline(always)]
    fn nothing() -> Self {
        Self::ZERO
    }

    #[inline(always)]
    fn add_to(self, sum: &mut Self) {
        *sum += self;
    }

    #[inline(always)]
    fn total(sum: Self) -> Fr {
        sum
    }
}
