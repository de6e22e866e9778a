//! Sums of products of an integer and a scalar, reduced once.

use ark_ff::{AdditiveGroup, BigInt};

use super::Fr;

/// Σ integerᵢ·scalarᵢ as four limbs that carry nothing to each other.
///
/// A product of a limb and an integer below [`IntegerSum::BOUND`] leaves room for 2^28 of them. Scalars are taken in Montgomery form as they
/// are, since the sum is linear in it: an addition costs four products of words, and no reduction.
#[derive(Clone, Copy, Default)]
pub(crate) struct IntegerSum([i128; 4]);

impl IntegerSum {
    /// Integers must be less than this in absolute value.
    pub(crate) const BOUND: u64 = 1 << 33;

    /// Adds a product.
    pub(crate) fn add(&mut self, integer: i64, scalar: &Fr) {
        for (sum, limb) in self.0.iter_mut().zip(scalar.0.0) {
            *sum = sum.wrapping_add(i128::from(limb).wrapping_mul(i128::from(integer)));
        }
    }

    /// The sum.
    pub(crate) fn value(&self) -> Fr {
        // The integers 2^{64k} as Montgomery forms: what remains of a limb's weight after the reduction.
        let weights = [
            BigInt::new([1, 0, 0, 0]),
            BigInt::new([0, 1, 0, 0]),
            BigInt::new([0, 0, 1, 0]),
            BigInt::new([0, 0, 0, 1]),
        ];
        let limbs = self.0.iter().zip(weights);
        limbs
            .map(|(sum, weight)| Fr::from(*sum) * Fr::new_unchecked(weight))
            .fold(Fr::ZERO, |total, limb| total + limb)
    }
}

/// Σ integerᵢ·scalarᵢ over the shorter of the two lists.
pub(crate) fn integer_product(integers: &[i64], scalars: &[Fr]) -> Fr {
    let pairs = integers.iter().zip(scalars);
    if integers
        .iter()
        .any(|integer| integer.unsigned_abs() >= IntegerSum::BOUND)
    {
        return pairs
            .map(|(integer, scalar)| Fr::from(*integer) * scalar)
            .sum();
    }
    let mut sum = IntegerSum::default();
    for (integer, scalar) in pairs {
        sum.add(*integer, scalar);
    }
    sum.value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::scalars;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn products_are_those_of_the_definition(integers in prop::collection::vec(any::<i64>(), 0..20), shift in 0u32..64, seed in any::<u8>()) {
            let integers: Vec<i64> = integers.iter().map(|integer| integer >> shift).collect();
            let scalars = scalars(20, seed.into());
            let expected: Fr = integers.iter().zip(&scalars).map(|(i, s)| Fr::from(*i) * s).sum();
            prop_assert_eq!(integer_product(&integers, &scalars), expected);
        }
    }

    #[test]
    fn the_largest_integers_and_scalars_fit() {
        let most = i64::try_from(IntegerSum::BOUND - 1).unwrap();
        let scalar = -Fr::from(1u64);
        for integer in [most, -most] {
            let (integers, scalars) = ([integer; 100], [scalar; 100]);
            let expected = Fr::from(integer) * scalar * Fr::from(100u64);
            assert_eq!(integer_product(&integers, &scalars), expected);
        }
    }
}
