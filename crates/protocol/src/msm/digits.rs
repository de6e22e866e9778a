//! Scalars cut into signed digits.
//!
//! In windows of c bits a scalar's magnitude k is Σ dᵢ·2^{ci} with −2^{c−1} ≤ dᵢ < 2^{c−1}: the windows of k + Σ 2^{ci+c−1}, each less
//! 2^{c−1}. So a digit depends on its own window alone, and windows can be summed in any order and on any thread.

use alloc::vec::Vec;

use ark_ff::{BigInteger, PrimeField};

use super::Window;
use crate::curve::Fr;

/// Limbs of a magnitude, with room for the offsets.
const LIMBS: usize = 5;

/// The magnitudes and signs of a list of scalars, and how many bits they need.
pub(super) struct Scalars {
    /// The magnitude, and once the windows are known that with 2^{c−1} added to each.
    limbs: Vec<[u64; LIMBS]>,
    negative: Vec<bool>,
    bits: usize,
}

impl Scalars {
    /// Field elements, by the representative nearest to zero: half of those in a witness are small negative numbers.
    pub(super) fn of_field(scalars: &[Fr]) -> Self {
        let mut list = Self::with_capacity(scalars.len());
        for scalar in scalars {
            let mut plain = scalar.into_bigint();
            let negative = plain > Fr::MODULUS_MINUS_ONE_DIV_TWO;
            if negative {
                plain = Fr::MODULUS;
                plain.sub_with_borrow(&scalar.into_bigint());
            }
            list.push(plain.0, negative);
        }
        list
    }

    /// Small integers.
    pub(super) fn of_integers<T: Copy + Into<i64>>(scalars: &[T]) -> Self {
        let mut list = Self::with_capacity(scalars.len());
        for scalar in scalars {
            let scalar: i64 = (*scalar).into();
            list.push([scalar.unsigned_abs(), 0, 0, 0], scalar < 0);
        }
        list
    }

    fn with_capacity(count: usize) -> Self {
        Self {
            limbs: Vec::with_capacity(count),
            negative: Vec::with_capacity(count),
            bits: 0,
        }
    }

    fn push(&mut self, [a, b, c, d]: [u64; 4], negative: bool) {
        let limbs = [a, b, c, d, 0];
        self.bits = self.bits.max(bit_length(&limbs));
        self.limbs.push(limbs);
        self.negative.push(negative);
    }

    pub(super) fn len(&self) -> usize {
        self.limbs.len()
    }

    /// Keeps the scalars at these ascending indices.
    pub(super) fn keep(&mut self, used: &[usize]) {
        self.limbs = used.iter().map(|index| self.limbs[*index]).collect();
        self.negative = used.iter().map(|index| self.negative[*index]).collect();
    }

    /// Bits of the largest magnitude.
    pub(super) fn bits(&self) -> usize {
        self.bits
    }

    pub(super) fn is_zero(&self, index: usize) -> bool {
        self.limbs[index] == [0; LIMBS]
    }

    /// Adds 2^{c−1} in each of the windows to every magnitude; from then on [`Self::digit`] gives digits.
    pub(super) fn offset(&mut self, window: Window) {
        let mut offsets = [0u64; LIMBS];
        for number in 0..window.count {
            let bit = number * window.bits + window.bits - 1;
            offsets[bit / 64] |= 1 << (bit % 64);
        }
        for limbs in &mut self.limbs {
            let mut carry = false;
            for (limb, offset) in limbs.iter_mut().zip(&offsets) {
                let (sum, first) = limb.overflowing_add(*offset);
                let (sum, second) = sum.overflowing_add(u64::from(carry));
                *limb = sum;
                carry = first || second;
            }
        }
    }

    /// The digit of a scalar in window `number`, its sign included.
    pub(super) fn digit(&self, index: usize, number: usize, window: Window) -> i32 {
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
