//! Scalars cut into signed digits.
//!
//! In windows of c bits a scalar's magnitude k is Σ dᵢ·2^{ci} with −2^{c−1} ≤ dᵢ < 2^{c−1}: the windows of k + Σ 2^{ci+c−1}, each less
//! 2^{c−1}. An integer that has its sign is cut in the same way, sign and all. So a digit depends on its own window alone, and windows can be summed in any order and on any thread.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use ark_ff::{BigInteger, PrimeField};

use super::{BitLengths, Window};
use crate::curve::Fr;

/// Limbs of a magnitude, with room for the offsets.
const LIMBS: usize = 5;

/// A list of scalars.
pub(super) enum Scalars<'a> {
    Field(FieldScalars),
    Integers(Integers<'a>),
}

/// The magnitudes and signs of field elements.
pub(super) struct FieldScalars {
    /// The magnitude, and once the windows are known that with 2^{c−1} added to each.
    limbs: Vec<[u64; LIMBS]>,
    negative: Vec<bool>,
}

/// Small integers, to which the offset of all windows is added when a digit is read.
pub(super) struct Integers<'a> {
    values: Cow<'a, [i64]>,
    offset: i128,
}

impl<'a> Scalars<'a> {
    /// Field elements, by the representative nearest to zero: half of those in a witness are small negative numbers.
    pub(super) fn of_field(scalars: &[Fr]) -> Self {
        let mut limbs = Vec::with_capacity(scalars.len());
        let mut signs = Vec::with_capacity(scalars.len());
        for scalar in scalars {
            let mut plain = scalar.into_bigint();
            let negative = plain > Fr::MODULUS_MINUS_ONE_DIV_TWO;
            if negative {
                plain = Fr::MODULUS;
                plain.sub_with_borrow(&scalar.into_bigint());
            }
            let [a, b, c, d] = plain.0;
            limbs.push([a, b, c, d, 0]);
            signs.push(negative);
        }
        Self::Field(FieldScalars {
            limbs,
            negative: signs,
        })
    }

    /// Small integers.
    pub(super) fn of_integers(values: Cow<'a, [i64]>) -> Self {
        Self::Integers(Integers { values, offset: 0 })
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Field(list) => list.limbs.len(),
            Self::Integers(list) => list.values.len(),
        }
    }

    /// Keeps the scalars at these ascending indices.
    pub(super) fn keep(&mut self, used: &[usize]) {
        match self {
            Self::Field(list) => {
                list.limbs = used.iter().map(|index| list.limbs[*index]).collect();
                list.negative = used.iter().map(|index| list.negative[*index]).collect();
            }
            Self::Integers(list) => {
                list.values = used.iter().map(|index| list.values[*index]).collect();
            }
        }
    }

    /// Counts the bits of each magnitude.
    pub(super) fn count_bit_lengths(&self, lengths: &mut BitLengths) {
        match self {
            Self::Field(list) => list
                .limbs
                .iter()
                .for_each(|limbs| lengths.add(bit_length(limbs), 1)),
            Self::Integers(list) => list
                .values
                .iter()
                .for_each(|value| lengths.add_integer(*value, 1)),
        }
    }

    pub(super) fn is_zero(&self, index: usize) -> bool {
        match self {
            Self::Field(list) => list.limbs[index] == [0; LIMBS],
            Self::Integers(list) => list.values[index] == 0,
        }
    }

    /// Adds 2^{c−1} in each of the windows to every magnitude; from then on [`Self::digits`] gives digits.
    pub(super) fn offset(&mut self, window: Window) {
        let bits = (0..window.count).map(|number| number * window.bits + window.bits - 1);
        match self {
            Self::Field(list) => {
                let mut offsets = [0u64; LIMBS];
                bits.for_each(|bit| offsets[bit / 64] |= 1 << (bit % 64));
                list.offset(&offsets);
            }
            Self::Integers(list) => list.offset = bits.map(|bit| 1 << bit).sum(),
        }
    }

    /// The digits of all scalars in window `number`, their signs included.
    pub(super) fn digits(&self, number: usize, window: Window) -> Vec<i32> {
        match self {
            Self::Field(list) => (0..list.limbs.len())
                .map(|index| list.digit(index, number, window))
                .collect(),
            Self::Integers(list) => {
                let digit = |value: &i64| {
                    let shifted = (i128::from(*value) + list.offset) >> (number * window.bits);
                    (shifted & ((1 << window.bits) - 1)) as i32 - (1 << (window.bits - 1))
                };
                list.values.iter().map(digit).collect()
            }
        }
    }
}

impl FieldScalars {
    fn offset(&mut self, offsets: &[u64; LIMBS]) {
        for limbs in &mut self.limbs {
            let mut carry = false;
            for (limb, offset) in limbs.iter_mut().zip(offsets) {
                let (sum, first) = limb.overflowing_add(*offset);
                let (sum, second) = sum.overflowing_add(u64::from(carry));
                *limb = sum;
                carry = first || second;
            }
        }
    }

    fn digit(&self, index: usize, number: usize, window: Window) -> i32 {
        let limbs = &self.limbs[index];
        let offset = number * window.bits;
        let (limb, shift) = (offset / 64, offset % 64);
        let low = limbs[limb] >> shift;
        let high = match limbs.get(limb + 1) {
            Some(high) if shift + window.bits > 64 => high << (64 - shift),
            _ => 0,
        };
        let digit = ((low | high) & ((1 << window.bits) - 1)) as i32 - (1 << (window.bits - 1));
        if self.negative[index] { -digit } else { digit }
    }
}

fn bit_length(limbs: &[u64]) -> usize {
    let zeros = limbs.iter().rev().take_while(|limb| **limb == 0).count();
    match limbs.len().checked_sub(zeros + 1) {
        Some(top) => top * 64 + (64 - limbs[top].leading_zeros() as usize),
        None => 0,
    }
}
