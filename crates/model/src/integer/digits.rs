//! Integers of more than 32 bits as sums of smaller ones.

use alloc::vec::Vec;

use super::{AxisMap, IntegerTerm, Weights};

/// Each digit counts `2^DIGIT_BITS` times the one before.
pub const DIGIT_BITS: u32 = 24;

/// An integer as digits in base `2^DIGIT_BITS`, the lowest first: none for zero, one where it fits 32 bits.
pub(crate) fn digits(integer: i64) -> Vec<i32> {
    let half = 1i64 << (DIGIT_BITS - 1);
    let mut digits = Vec::new();
    let mut rest = integer;
    while rest != 0 {
        if let Ok(last) = i32::try_from(rest) {
            digits.push(last);
            break;
        }
        // A digit in [-half, half), whose sum with `half` cannot overflow.
        let low = rest & (2 * half - 1);
        let digit = if low < half { low } else { low - 2 * half };
        digits.push(digit as i32);
        rest = (rest >> DIGIT_BITS) + i64::from(low >= half);
    }
    digits
}

impl IntegerTerm {
    /// The terms that together have these weights, of any size: one where all fit 32 bits.
    #[must_use]
    pub fn wide(source: usize, maps: &[AxisMap], weights: &Weights<i64>) -> Vec<Self> {
        let digit = |integer: &i64, place: usize| digits(*integer).get(place).copied().unwrap_or(0);
        let largest = match weights {
            Weights::Dense(weights) | Weights::Diagonal(weights) => weights.as_slice(),
            Weights::Structural { coefficient, .. } => core::slice::from_ref(coefficient),
        };
        let places = largest.iter().map(|integer| digits(*integer).len()).max();
        let list = |weights: &[i64], place| weights.iter().map(|w| digit(w, place)).collect();
        (0..places.unwrap_or(0).max(1))
            .map(|place| Self {
                source,
                maps: maps.to_vec(),
                weights: match weights {
                    Weights::Dense(weights) => Weights::Dense(list(weights, place)),
                    Weights::Diagonal(weights) => Weights::Diagonal(list(weights, place)),
                    Weights::Structural {
                        channels,
                        coefficient,
                    } => Weights::Structural {
                        channels: *channels,
                        coefficient: digit(coefficient, place),
                    },
                },
                exponent: DIGIT_BITS * place as u32,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(digits: &[i32]) -> i128 {
        let digits = digits.iter().zip(0u32..);
        digits
            .map(|(digit, place)| i128::from(*digit) << (DIGIT_BITS * place))
            .sum()
    }

    proptest! {
        #[test]
        fn digits_add_up(integer in any::<i64>(), bits in 0..64u32) {
            let integer = integer >> bits;
            prop_assert_eq!(sum(&digits(integer)), i128::from(integer));
            if integer.unsigned_abs() < 1 << 54 {
                prop_assert!(digits(integer).len() <= 2);
            }
        }

        #[test]
        fn wide_terms_add_up(weights in prop::collection::vec(-(1i64 << 40)..1 << 40, 1..5), narrow in 0..40u32) {
            let weights: Vec<i64> = weights.iter().map(|w| w >> narrow).collect();
            for wide in [Weights::Dense(weights.clone()), Weights::Diagonal(weights.clone())] {
                let terms = IntegerTerm::wide(3, &[AxisMap::IDENTITY], &wide);
                let fits = weights.iter().all(|w| i32::try_from(*w).is_ok());
                prop_assert_eq!(terms.len() == 1, fits);
                for (index, weight) in weights.iter().enumerate() {
                    let found: i64 = terms
                        .iter()
                        .map(|term| i64::from(term.parameters()[index]) << term.exponent)
                        .sum();
                    prop_assert_eq!(found, *weight);
                }
            }
        }
    }

    #[test]
    fn the_ends_of_the_integers_have_digits() {
        for integer in [i64::MIN, i64::MAX, i64::MIN + 1, 1 << 31, -(1 << 31)] {
            assert_eq!(sum(&digits(integer)), i128::from(integer));
        }
        assert_eq!(digits(0), Vec::<i32>::new());
        let structural = Weights::Structural {
            channels: AxisMap::IDENTITY,
            coefficient: 5 << 40,
        };
        let terms = IntegerTerm::wide(0, &[], &structural);
        assert_eq!(terms.len(), 2);
        assert_eq!(terms[1].exponent, 24);
        let zero = Weights::Dense(alloc::vec![0]);
        assert_eq!(IntegerTerm::wide(0, &[], &zero).len(), 1);
    }
}
