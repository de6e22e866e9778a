//! Segments of the lookup table: an integer function over a range of `pre`.

use alloc::vec::Vec;

/// An integer function of one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Function {
    /// `min(max(pre, lo), hi)`: the identity, ReLU and Clip.
    Clamp {
        /// Smallest output.
        lo: i32,
        /// Largest output.
        hi: i32,
    },
    /// `values[pre - lo]` with the segment's `lo`: everything else.
    Values(Vec<i64>),
}

/// The rows `(pre, f(pre))` for `pre` in `[lo, hi)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The function `f`.
    pub function: Function,
    /// Smallest `pre`.
    pub lo: i64,
    /// One more than the largest `pre`.
    pub hi: i64,
}

impl Segment {
    /// `f(pre)`, or `None` when `pre` is outside `[lo, hi)`.
    #[must_use]
    pub fn output(&self, pre: i64) -> Option<i64> {
        if !(self.lo..self.hi).contains(&pre) {
            return None;
        }
        match &self.function {
            Function::Clamp { lo, hi } => Some(pre.min(i64::from(*hi)).max(i64::from(*lo))),
            Function::Values(values) => {
                let index = usize::try_from(pre.checked_sub(self.lo)?).ok()?;
                values.get(index).copied()
            }
        }
    }

    /// Number of rows, `hi - lo`.
    #[must_use]
    pub fn rows(&self) -> u64 {
        if self.hi > self.lo {
            self.hi.abs_diff(self.lo)
        } else {
            0
        }
    }

    /// Every row `(pre, f(pre))`, in ascending order of `pre`.
    pub fn iter(&self) -> impl Iterator<Item = (i64, i64)> {
        (self.lo..self.hi).filter_map(|pre| Some((pre, self.output(pre)?)))
    }

    /// The smallest and the largest output, `None` for an empty segment.
    #[must_use]
    pub fn output_range(&self) -> Option<(i64, i64)> {
        match &self.function {
            // A clamp is monotone, so its ends are the ends of the segment.
            Function::Clamp { .. } => {
                Some((self.output(self.lo)?, self.output(self.hi.checked_sub(1)?)?))
            }
            Function::Values(values) => Some((*values.iter().min()?, *values.iter().max()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn a_clamp_is_defined_on_its_segment_only() {
        let relu = Segment {
            function: Function::Clamp { lo: 0, hi: 255 },
            lo: -300,
            hi: 400,
        };
        assert_eq!(relu.output(-300), Some(0));
        assert_eq!(relu.output(399), Some(255));
        assert_eq!(relu.output(17), Some(17));
        assert_eq!(relu.output(400), None);
        assert_eq!(relu.output(-301), None);
        assert_eq!(relu.rows(), 700);
        assert_eq!(relu.output_range(), Some((0, 255)));
    }

    #[test]
    fn values_start_at_lo() {
        let square = Segment {
            function: Function::Values(vec![4, 1, 0, 1]),
            lo: -2,
            hi: 2,
        };
        assert_eq!(
            square.iter().collect::<Vec<_>>(),
            [(-2, 4), (-1, 1), (0, 0), (1, 1)]
        );
        assert_eq!(square.output_range(), Some((0, 4)));
        let short = Segment {
            function: Function::Values(vec![4]),
            lo: -2,
            hi: 2,
        };
        assert_eq!(short.output(1), None);
        assert_eq!(
            Segment {
                lo: 3,
                hi: 3,
                ..short
            }
            .rows(),
            0
        );
    }
}
