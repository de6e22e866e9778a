//! Elements of the curve's base field in nine limbs of 29 bits.
//!
//! An element x stands as x·2^261 mod p, not necessarily the least representative: each function says what it takes and what it gives, in
//! multiples of p and in bits of a limb. A product needs no subtraction at the end, because 2^261 is more than 2^7 times p.

use ark_ff::{AdditiveGroup, BigInt, PrimeField};
use tensorseal_protocol::curve::Fq;

const LIMBS: usize = 9;
const LIMB_BITS: u32 = 29;
const LIMB: u32 = (1 << LIMB_BITS) - 1;
const TOP: usize = LIMBS - 1;

/// p.
const MODULUS: [u32; LIMBS] = split(Fq::MODULUS);
/// −1/p mod 2^29.
const NEGATIVE_INVERSE: u32 = negative_inverse(MODULUS[0]);
/// 2p with every limb but the highest at least 2^29 − 1, so that no limb of a least representative is greater.
const TWICE_MODULUS: [u32; LIMBS] = lifted_twice(MODULUS);
/// 1/32.
const INVERSE_OF_32: Fq =
    ark_ff::MontFp!("6156068307704796156256801615853608618695837512990012905131291907868969871164");

/// A field element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element([u32; LIMBS]);

/// The limbs of a number below 2^261.
const fn split(number: BigInt<4>) -> [u32; LIMBS] {
    let mut limbs = [0; LIMBS];
    let mut limb = 0;
    while limb < LIMBS {
        let bit = limb * LIMB_BITS as usize;
        let (word, shift) = (bit / 64, bit % 64);
        let low = number.0[word] >> shift;
        let high = if shift > 0 && word < 3 {
            number.0[word + 1] << (64 - shift)
        } else {
            0
        };
        limbs[limb] = ((low | high) & LIMB as u64) as u32;
        limb += 1;
    }
    limbs
}

/// −1/x mod 2^29 for odd x, by Newton's iteration.
const fn negative_inverse(x: u32) -> u32 {
    let mut inverse = 1u32;
    let mut round = 0;
    while round < 5 {
        inverse = inverse.wrapping_mul(2u32.wrapping_sub(x.wrapping_mul(inverse)));
        round += 1;
    }
    inverse.wrapping_neg() & LIMB
}

/// Twice the number, with 2^29 lent from each limb to the one below.
const fn lifted_twice(number: [u32; LIMBS]) -> [u32; LIMBS] {
    let mut limbs = [0; LIMBS];
    let (mut carry, mut limb) = (0, 0);
    while limb < LIMBS {
        let sum = 2 * number[limb] + carry;
        let keep = limb == TOP;
        limbs[limb] = if keep { sum } else { sum & LIMB };
        carry = if keep { 0 } else { sum >> LIMB_BITS };
        limb += 1;
    }
    limb = 0;
    while limb < TOP {
        limbs[limb] += 1 << LIMB_BITS;
        limbs[limb + 1] -= 1;
        limb += 1;
    }
    limbs
}

impl Element {
    pub(crate) const ZERO: Self = Self([0; LIMBS]);

    /// The least representative of an element, which is in memory as x·2^256.
    pub(crate) fn new(x: Fq) -> Self {
        Self(split(x.double().double().double().double().double().0))
    }

    /// The element, of a least representative.
    pub(crate) fn value(&self) -> Fq {
        let mut words = [0u64; 4];
        for (limb, value) in self.0.iter().enumerate() {
            let bit = limb * LIMB_BITS as usize;
            let (word, shift) = (bit / 64, bit % 64);
            words[word] |= u64::from(*value) << shift;
            if shift + LIMB_BITS as usize > 64 && word < 3 {
                words[word + 1] |= u64::from(*value) >> (64 - shift);
            }
        }
        Fq::new_unchecked(BigInt(words)) * INVERSE_OF_32
    }

    /// a·b, below 1.04p with limbs of 29 bits, of factors whose product is below 6p², one with limbs below 3·2^29 and the other with limbs of 29 bits.
    #[inline]
    pub(crate) fn times(&self, other: &Self) -> Self {
        let mut column = [0u64; LIMBS];
        for a in self.0 {
            for (column, b) in column.iter_mut().zip(other.0) {
                *column += u64::from(a) * u64::from(b);
            }
            let m = (column[0] as u32).wrapping_mul(NEGATIVE_INVERSE) & LIMB;
            for (column, p) in column.iter_mut().zip(MODULUS) {
                *column += u64::from(m) * u64::from(p);
            }
            let carry = column[0] >> LIMB_BITS;
            for limb in 0..TOP {
                column[limb] = column[limb + 1];
            }
            column[TOP] = 0;
            column[0] += carry;
        }
        let mut limbs = [0; LIMBS];
        let mut carry = 0;
        for (limb, column) in limbs.iter_mut().zip(column) {
            let sum = column + carry;
            *limb = sum as u32 & LIMB;
            carry = sum >> LIMB_BITS;
        }
        Self(limbs)
    }

    /// a − b + 2p, with limbs less than 2^30 greater than those of a, where b is a least representative or p.
    #[inline]
    pub(crate) fn minus(&self, other: &Self) -> Self {
        Self(core::array::from_fn(|limb| {
            self.0[limb] + (TWICE_MODULUS[limb] - other.0[limb])
        }))
    }

    /// p − a, at most p with limbs of 29 bits, of a least representative.
    #[inline]
    pub(crate) fn negated(&self) -> Self {
        let mut borrow = 0i32;
        Self(core::array::from_fn(|limb| {
            let difference = MODULUS[limb].cast_signed() - self.0[limb].cast_signed() + borrow;
            borrow = difference >> LIMB_BITS;
            difference.cast_unsigned() & LIMB
        }))
    }

    /// The least representative of a number below 8p with limbs below 2^32 − 2^3.
    #[inline]
    pub(crate) fn reduced(&self) -> Self {
        let mut limbs = self.0;
        let mut carry = 0;
        for limb in &mut limbs[..TOP] {
            let sum = *limb + carry;
            *limb = sum & LIMB;
            carry = sum >> LIMB_BITS;
        }
        limbs[TOP] += carry;
        // At most one too small, and that seldom.
        let quotient = limbs[TOP] / (MODULUS[TOP] + 1);
        let mut reduced = subtracted(&limbs, quotient);
        while !is_least(&reduced) {
            reduced = subtracted(&reduced, 1);
        }
        Self(reduced)
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.0 == [0; LIMBS]
    }
}

/// a − quotient·p, where that is not negative.
#[inline]
fn subtracted(a: &[u32; LIMBS], quotient: u32) -> [u32; LIMBS] {
    let mut carry = 0i64;
    core::array::from_fn(|limb| {
        let difference =
            i64::from(a[limb]) - i64::from(quotient) * i64::from(MODULUS[limb]) + carry;
        carry = difference >> LIMB_BITS;
        difference as u32 & LIMB
    })
}

/// Whether the number, whose limbs have 29 bits, is below p.
#[inline]
fn is_least(a: &[u32; LIMBS]) -> bool {
    for limb in (0..LIMBS).rev() {
        if a[limb] != MODULUS[limb] {
            return a[limb] < MODULUS[limb];
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::Field;
    use proptest::prelude::*;

    fn element() -> impl Strategy<Value = Fq> {
        prop_oneof![
            any::<[u8; 64]>().prop_map(|bytes| Fq::from_le_bytes_mod_order(&bytes)),
            any::<u64>().prop_map(Fq::from),
            any::<u64>().prop_map(|x| -Fq::from(x)),
            (0u32..260).prop_map(|bit| Fq::from(2u64).pow([bit.into()])),
        ]
    }

    proptest! {
        #[test]
        fn arithmetic_is_that_of_the_field(a in element(), b in element(), c in element()) {
            let [x, y, z] = [a, b, c].map(Element::new);
            prop_assert_eq!(x.value(), a);
            prop_assert_eq!(x.times(&y).reduced().value(), a * b);
            prop_assert_eq!(x.minus(&y).reduced().value(), a - b);
            prop_assert_eq!(x.minus(&y).times(&z).reduced().value(), (a - b) * c);
            prop_assert_eq!(x.times(&y).minus(&z).reduced().value(), a * b - c);
            prop_assert_eq!(x.negated().reduced().value(), -a);
            prop_assert_eq!(x.minus(&y.negated()).reduced().value(), a + b);
            prop_assert_eq!(x == y, a == b);
        }
    }

    #[test]
    fn least_representatives_at_the_edges() {
        let mut largest = Element(MODULUS);
        largest.0[0] -= 1;
        assert_eq!(Element::new(largest.value()), largest);
        for times in 0..7 {
            let multiple = MODULUS.map(|limb| times * limb);
            assert!(Element(multiple).reduced().is_zero());
            let below: [u32; LIMBS] = core::array::from_fn(|i| multiple[i] + largest.0[i]);
            assert_eq!(Element(below).reduced(), largest);
        }
    }
}
