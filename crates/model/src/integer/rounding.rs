//! The one rounding rule: `floor(x + 1/2)`, halves upwards.

/// The quotient and the remainder of a rounded division by a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requantised {
    /// `floor((acc + 2^(shift-1)) / 2^shift)`.
    pub pre: i64,
    /// `acc + 2^(shift-1) - 2^shift * pre`, in `[0, 2^shift)`.
    pub rem: i64,
}

/// Divides `acc` by `2^shift`, rounding halves upwards. `None` when `shift` is not in `1..=62` or the sum leaves `i64`.
#[must_use]
pub fn requantise(acc: i64, shift: u32) -> Option<Requantised> {
    if shift == 0 || shift > 62 {
        return None;
    }
    let sum = acc.checked_add(1i64 << (shift - 1))?;
    // An arithmetic shift is the floor, and the low bits are the remainder, for negative sums too.
    Some(Requantised {
        pre: sum >> shift,
        rem: sum & ((1i64 << shift) - 1),
    })
}

/// `floor(x + 1/2)` as an integer, `None` for what is not finite or leaves `i64`.
#[must_use]
pub fn round_half_up(x: f64) -> Option<i64> {
    const LIMIT: f64 = 9.0e18;
    let rounded = libm::floor(x + 0.5);
    // The cast is exact: the value is an integer well inside `i64`.
    (rounded.abs() < LIMIT).then_some(rounded as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_up() {
        assert_eq!(requantise(4, 3), Some(Requantised { pre: 1, rem: 0 }));
        assert_eq!(requantise(3, 3), Some(Requantised { pre: 0, rem: 7 }));
        assert_eq!(requantise(-4, 3), Some(Requantised { pre: 0, rem: 0 }));
        assert_eq!(requantise(-5, 3), Some(Requantised { pre: -1, rem: 7 }));
        assert_eq!(round_half_up(2.5), Some(3));
        assert_eq!(round_half_up(-2.5), Some(-2));
        assert_eq!(round_half_up(-2.6), Some(-3));
    }

    #[test]
    fn the_edges_are_refused() {
        assert_eq!(requantise(1, 0), None);
        assert_eq!(requantise(1, 63), None);
        assert_eq!(requantise(i64::MAX, 3), None);
        assert_eq!(round_half_up(f64::NAN), None);
        assert_eq!(round_half_up(f64::INFINITY), None);
        assert_eq!(round_half_up(1.0e19), None);
    }

    #[test]
    fn quotient_and_remainder_give_the_sum_back() {
        for acc in -5000..5000 {
            let Requantised { pre, rem } = requantise(acc, 5).unwrap();
            assert_eq!(pre * 32 + rem, acc + 16);
            assert!((0..32).contains(&rem));
        }
    }
}
