//! Ranges of integers, both ends included.

/// From the lesser least to the greater greatest.
pub(super) fn union(a: (i64, i64), b: (i64, i64)) -> (i64, i64) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// The least range that has zero and all of these.
pub(super) fn hull(ranges: impl Iterator<Item = (i64, i64)>) -> (i64, i64) {
    ranges.fold((0, 0), union)
}
