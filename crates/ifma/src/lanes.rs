//! Eight elements of a prime field, one in each 64-bit lane of five vectors.
//!
//! An element stands in five limbs of 52 bits, not necessarily the least: each function says below which multiple
//! of p its result is. A product needs no subtraction at the end, because 2^260 is more than 2^6 times p: for factors below 4p it is
//! below 2p. It is Montgomery's, so it divides by 2^260; points stand as x·2^260, scalars as x·2^256 as they do in memory.

use core::arch::x86_64::{
    __m512i, __mmask8, _mm512_add_epi64, _mm512_and_si512, _mm512_cmplt_epi64_mask,
    _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_blend_epi64, _mm512_or_si512,
    _mm512_set1_epi64, _mm512_setzero_si512, _mm512_slli_epi64, _mm512_srai_epi64,
    _mm512_srli_epi64, _mm512_sub_epi64,
};
use core::marker::PhantomData;

use ark_ff::{BigInt, PrimeField};
use tensorseal_protocol::curve::{Fq, Fr};

pub(crate) const LIMB_BITS: u32 = 52;
const LIMB: u64 = (1 << LIMB_BITS) - 1;

/// A prime between 2^253 and 2^254.
pub(crate) trait Prime: Copy {
    /// p.
    const MODULUS: [u64; 5];
    /// −1/p mod 2^52.
    const NEGATIVE_INVERSE: u64 = negative_inverse(Self::MODULUS[0]);
}

/// The field of coordinates.
#[derive(Clone, Copy)]
pub(crate) struct Base;

impl Prime for Base {
    const MODULUS: [u64; 5] = split(Fq::MODULUS);
}

/// The field of scalars.
#[derive(Clone, Copy)]
pub(crate) struct Scalar;

impl Prime for Scalar {
    const MODULUS: [u64; 5] = split(Fr::MODULUS);
}

/// Eight field elements.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<P: Prime>(pub(crate) [__m512i; 5], PhantomData<P>);

/// The limbs of 52 bits.
pub(crate) const fn split(number: BigInt<4>) -> [u64; 5] {
    let [a, b, c, d] = number.0;
    [
        a & LIMB,
        (a >> 52 | b << 12) & LIMB,
        (b >> 40 | c << 24) & LIMB,
        (c >> 28 | d << 36) & LIMB,
        d >> 16,
    ]
}

/// −1/x mod 2^52 for odd x, by Newton's iteration.
const fn negative_inverse(x: u64) -> u64 {
    let mut inverse = 1u64;
    let mut round = 0;
    while round < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(x.wrapping_mul(inverse)));
        round += 1;
    }
    inverse.wrapping_neg() & LIMB
}

#[inline]
#[target_feature(enable = "avx512f")]
fn broadcast(limb: u64) -> __m512i {
    _mm512_set1_epi64(limb.cast_signed())
}

impl<P: Prime> Lanes<P> {
    pub(crate) fn new(limbs: [__m512i; 5]) -> Self {
        Self(limbs, PhantomData)
    }

    /// The same element in every lane.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn splat(limbs: [u64; 5]) -> Self {
        Self::new([
            broadcast(limbs[0]),
            broadcast(limbs[1]),
            broadcast(limbs[2]),
            broadcast(limbs[3]),
            broadcast(limbs[4]),
        ])
    }

    /// a·b/2^260: below 2p for a and b below 4p (Montgomery's product, operand scanning).
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn mul(&self, other: &Self) -> Self {
        let zero = _mm512_setzero_si512();
        let inverse = broadcast(P::NEGATIVE_INVERSE);
        let p = Self::splat(P::MODULUS).0;
        let a = &self.0;
        let mut t = [zero; 6];
        for b in other.0 {
            t[0] = _mm512_madd52lo_epu64(t[0], a[0], b);
            let m = _mm512_madd52lo_epu64(zero, t[0], inverse);
            t[1] = _mm512_madd52lo_epu64(t[1], a[1], b);
            t[2] = _mm512_madd52lo_epu64(t[2], a[2], b);
            t[3] = _mm512_madd52lo_epu64(t[3], a[3], b);
            t[4] = _mm512_madd52lo_epu64(t[4], a[4], b);
            t[1] = _mm512_madd52hi_epu64(t[1], a[0], b);
            t[2] = _mm512_madd52hi_epu64(t[2], a[1], b);
            t[3] = _mm512_madd52hi_epu64(t[3], a[2], b);
            t[4] = _mm512_madd52hi_epu64(t[4], a[3], b);
            t[5] = _mm512_madd52hi_epu64(t[5], a[4], b);
            t[0] = _mm512_madd52lo_epu64(t[0], m, p[0]);
            t[1] = _mm512_madd52lo_epu64(t[1], m, p[1]);
            t[2] = _mm512_madd52lo_epu64(t[2], m, p[2]);
            t[3] = _mm512_madd52lo_epu64(t[3], m, p[3]);
            t[4] = _mm512_madd52lo_epu64(t[4], m, p[4]);
            t[1] = _mm512_madd52hi_epu64(t[1], m, p[0]);
            t[2] = _mm512_madd52hi_epu64(t[2], m, p[1]);
            t[3] = _mm512_madd52hi_epu64(t[3], m, p[2]);
            t[4] = _mm512_madd52hi_epu64(t[4], m, p[3]);
            t[5] = _mm512_madd52hi_epu64(t[5], m, p[4]);
            // The lowest limb is a multiple of 2^52 now.
            let carry = _mm512_srli_epi64::<LIMB_BITS>(t[0]);
            t = [_mm512_add_epi64(t[1], carry), t[2], t[3], t[4], t[5], zero];
        }
        Self::new([t[0], t[1], t[2], t[3], t[4]]).carried()
    }

    /// 16·a, for a below 5p: a limb of 52 bits still holds what comes into the highest.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn times_16(&self) -> Self {
        let mask = broadcast(LIMB);
        let mut limbs = self.0;
        let mut below = _mm512_setzero_si512();
        for limb in &mut limbs {
            let above = _mm512_srli_epi64::<48>(*limb);
            let shifted = _mm512_and_si512(_mm512_slli_epi64::<4>(*limb), mask);
            *limb = _mm512_or_si512(shifted, below);
            below = above;
        }
        Self::new(limbs)
    }

    /// a + b.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn add(&self, other: &Self) -> Self {
        let mut limbs = self.0;
        for (limb, other) in limbs.iter_mut().zip(other.0) {
            *limb = _mm512_add_epi64(*limb, other);
        }
        Self::new(limbs).carried()
    }

    /// a − b + k·p, for b below k·p.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn sub<const K: u64>(&self, other: &Self) -> Self {
        let p = P::MODULUS;
        let mut limbs = self.0;
        for (i, limb) in limbs.iter_mut().enumerate() {
            let difference = _mm512_sub_epi64(*limb, other.0[i]);
            *limb = _mm512_add_epi64(difference, broadcast(K * p[i]));
        }
        Self::new(limbs).carried()
    }

    /// The least representative of an element below 4p.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn reduced(&self) -> Self {
        self.less_multiple::<2>().less_multiple::<1>()
    }

    /// Subtracts k·p where that leaves something not negative.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn less_multiple<const K: u64>(&self) -> Self {
        let mut limbs = self.0;
        for (limb, p) in limbs.iter_mut().zip(P::MODULUS) {
            *limb = _mm512_sub_epi64(*limb, broadcast(K * p));
        }
        let less = Self::new(limbs).carried();
        let negative = _mm512_cmplt_epi64_mask(less.0[4], _mm512_setzero_si512());
        less.blended(negative, self)
    }

    /// The other's elements in the lanes of the mask.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn blended(&self, mask: __mmask8, other: &Self) -> Self {
        let mut limbs = self.0;
        for (limb, other) in limbs.iter_mut().zip(other.0) {
            *limb = _mm512_mask_blend_epi64(mask, *limb, other);
        }
        Self::new(limbs)
    }

    /// With every limb but the highest in [0, 2^52); the highest has the sign.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn carried(self) -> Self {
        let mask = broadcast(LIMB);
        let [a, b, c, d, e] = self.0;
        let b = _mm512_add_epi64(b, _mm512_srai_epi64::<LIMB_BITS>(a));
        let c = _mm512_add_epi64(c, _mm512_srai_epi64::<LIMB_BITS>(b));
        let d = _mm512_add_epi64(d, _mm512_srai_epi64::<LIMB_BITS>(c));
        let e = _mm512_add_epi64(e, _mm512_srai_epi64::<LIMB_BITS>(d));
        Self::new([
            _mm512_and_si512(a, mask),
            _mm512_and_si512(b, mask),
            _mm512_and_si512(c, mask),
            _mm512_and_si512(d, mask),
            e,
        ])
    }
}
