//! Multi-scalar multiplication, Σ scalarᵢ·baseᵢ, on one thread.
//!
//! Pippenger's bucket method with signed digits: in each window of c bits a base goes into one of 2^{c−1} buckets. Scalars that
//! are small cost only the windows that they reach.

#![allow(
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "digits and indices are below the sizes that the same function has made"
)]

use alloc::vec;
use alloc::vec::Vec;

use ark_ec::{AdditiveGroup as _, AffineRepr, VariableBaseMSM};
use ark_ff::PrimeField;

use crate::curve::{Fr, G1Affine, G1Projective};

type Bucket = <G1Projective as VariableBaseMSM>::Bucket;

/// Σ scalarᵢ·baseᵢ over the shorter of the two lists.
pub fn msm(bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
    // Half of the scalars that occur in a witness are small negative numbers: fold the sign into the digits.
    let scalars: Vec<(bool, [u64; 4])> = scalars.iter().map(magnitude).collect();
    let bits = scalars.iter().map(|(_, limbs)| bit_length(limbs)).max();
    pippenger(bases, &scalars, bits.unwrap_or(0))
}

/// Σ scalarᵢ·baseᵢ for small signed integers.
pub fn msm_small<T: Copy + Into<i64>>(bases: &[G1Affine], scalars: &[T]) -> G1Projective {
    let scalars: Vec<(bool, [u64; 1])> = scalars
        .iter()
        .map(|scalar| {
            let scalar: i64 = (*scalar).into();
            (scalar < 0, [scalar.unsigned_abs()])
        })
        .collect();
    let bits = scalars.iter().map(|(_, limbs)| bit_length(limbs)).max();
    pippenger(bases, &scalars, bits.unwrap_or(0))
}

/// The sign and the absolute value of the representative nearest to zero.
fn magnitude(scalar: &Fr) -> (bool, [u64; 4]) {
    let plain = scalar.into_bigint();
    if plain > Fr::MODULUS_MINUS_ONE_DIV_TWO {
        (true, (-*scalar).into_bigint().0)
    } else {
        (false, plain.0)
    }
}

fn bit_length(limbs: &[u64]) -> usize {
    let zeros = limbs.iter().rev().take_while(|limb| **limb == 0).count();
    match limbs.len().checked_sub(zeros + 1) {
        Some(top) => top * 64 + (64 - limbs[top].leading_zeros() as usize),
        None => 0,
    }
}

/// The window that costs least for `count` bases of `bits` bits: additions into buckets and out of them.
fn window_bits(count: usize, bits: usize) -> usize {
    let cost = |window: usize| (bits / window + 1) * (count + (2 << (window - 1)));
    (1..=15).min_by_key(|window| cost(*window)).unwrap_or(1)
}

fn pippenger<const N: usize>(
    bases: &[G1Affine],
    scalars: &[(bool, [u64; N])],
    bits: usize,
) -> G1Projective {
    let used: Vec<usize> = (0..bases.len().min(scalars.len()))
        .filter(|i| scalars[*i].1 != [0; N] && !bases[*i].is_zero())
        .collect();
    let window = window_bits(used.len(), bits);
    // The last window is never full, so its digit carries nothing on.
    let windows = bits / window + 1;
    let mut carries = vec![0u64; used.len()];
    let mut sums = Vec::with_capacity(windows);
    for number in 0..windows {
        let mut buckets = vec![<G1Projective as VariableBaseMSM>::ZERO_BUCKET; 1 << (window - 1)];
        for (i, carry) in used.iter().zip(&mut carries) {
            let (negative, limbs) = &scalars[*i];
            let digit = signed_digit(limbs, number * window, window, carry);
            add_to_bucket(&mut buckets, &bases[*i], digit, *negative);
        }
        sums.push(sum_of_buckets(&buckets));
    }
    sums.iter()
        .rev()
        .fold(G1Projective::ZERO, |mut total, sum| {
            for _ in 0..window {
                total.double_in_place();
            }
            total + sum
        })
}

/// The digit in (−2^{c−1}, 2^{c−1}] at `offset`, with its carry into the next.
fn signed_digit<const N: usize>(
    limbs: &[u64; N],
    offset: usize,
    window: usize,
    carry: &mut u64,
) -> i64 {
    let (limb, shift) = (offset / 64, offset % 64);
    let low = limbs.get(limb).map_or(0, |limb| limb >> shift);
    let high = if shift + window > 64 {
        limbs.get(limb + 1).map_or(0, |limb| limb << (64 - shift))
    } else {
        0
    };
    let digit = ((low | high) & ((1 << window) - 1)) + *carry;
    *carry = u64::from(digit > 1 << (window - 1));
    digit as i64 - ((*carry as i64) << window)
}

fn add_to_bucket(buckets: &mut [Bucket], base: &G1Affine, digit: i64, negative: bool) {
    let Some(index) = (digit.unsigned_abs() as usize).checked_sub(1) else {
        return;
    };
    if (digit < 0) == negative {
        buckets[index] += base;
    } else {
        buckets[index] -= base;
    }
}

/// Σ (k + 1)·bucket_k by running sums.
fn sum_of_buckets(buckets: &[Bucket]) -> G1Projective {
    let mut running = <G1Projective as VariableBaseMSM>::ZERO_BUCKET;
    let mut total = running;
    for bucket in buckets.iter().rev() {
        running += bucket;
        total += &running;
    }
    total.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::{g1_generator, to_affine};
    use crate::testing::scalars;
    use ark_ff::Field;
    use proptest::prelude::*;

    fn bases(count: usize) -> Vec<G1Affine> {
        let generator = g1_generator();
        to_affine(
            &scalars(count, 9)
                .iter()
                .map(|s| generator * s)
                .collect::<Vec<_>>(),
        )
    }

    fn naive(bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
        bases.iter().zip(scalars).map(|(b, s)| *b * s).sum()
    }

    #[test]
    fn full_scalars() {
        for count in [0, 1, 2, 3, 17, 60] {
            let bases = bases(count);
            let scalars = scalars(count, 3);
            assert_eq!(msm(&bases, &scalars), naive(&bases, &scalars));
        }
    }

    #[test]
    fn scalars_at_the_edges() {
        let edges = [
            Fr::ZERO,
            Fr::ONE,
            -Fr::ONE,
            Fr::from(Fr::MODULUS_MINUS_ONE_DIV_TWO),
            -Fr::from(Fr::MODULUS_MINUS_ONE_DIV_TWO),
            Fr::from(u64::MAX),
            Fr::from(2u64).pow([127]),
        ];
        let mut bases = bases(edges.len());
        assert_eq!(msm(&bases, &edges), naive(&bases, &edges));
        bases[1] = G1Affine::identity();
        assert_eq!(msm(&bases, &edges), naive(&bases, &edges));
    }

    #[test]
    fn equal_and_opposite_bases_meet_in_a_bucket() {
        let base = bases(1)[0];
        let bases = [base, base, -base, base];
        let scalars = [5u64, 5, 5, 7].map(Fr::from);
        assert_eq!(msm(&bases, &scalars), naive(&bases, &scalars));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn small_scalars(values in prop::collection::vec(any::<i64>(), 0..20), shift in 0u32..63) {
            let values: Vec<i64> = values.iter().map(|v| v >> shift).collect();
            let bases = bases(values.len());
            let scalars: Vec<Fr> = values.iter().copied().map(Fr::from).collect();
            prop_assert_eq!(msm_small(&bases, &values), naive(&bases, &scalars));
        }
    }
}
