//! Points in memory: one cache line each, and how eight of them become lanes.

use core::arch::x86_64::{
    __m512i, _MM_HINT_T0, _mm_prefetch, _mm512_and_si512, _mm512_load_si512, _mm512_or_si512,
    _mm512_set1_epi64, _mm512_shuffle_i64x2, _mm512_slli_epi64, _mm512_srli_epi64,
    _mm512_store_si512, _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
};

use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BigInt, BigInteger, PrimeField};
use tensorseal_protocol::curve::{Fq, G1Affine};

use crate::lanes::{Lanes, Prime};

/// A point: its coordinates times 2^260 modulo p, the least representatives, x before y. The point at infinity has y = 0, which no
/// other point of an odd order has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Packed([u64; 8]);

/// The coordinates of eight points in lanes: x, then y, four words of 64 bits each.
pub(crate) type Words = [__m512i; 8];

impl Packed {
    /// The point at infinity.
    pub(crate) const IDENTITY: Self = Self([0; 8]);

    pub(crate) fn is_identity(&self) -> bool {
        self.0[4..] == [0; 4]
    }

    /// The words of x.
    pub(crate) fn x(&self) -> [u64; 4] {
        let [a, b, c, d, ..] = self.0;
        [a, b, c, d]
    }

    /// Any x, with y = 0.
    pub(crate) fn from_x([a, b, c, d]: [u64; 4]) -> Self {
        Self([a, b, c, d, 0, 0, 0, 0])
    }

    /// Packs a point. Coordinates in memory are x·2^256 mod p, so what is packed is that of 16·x.
    pub(crate) fn new(point: &G1Affine) -> Self {
        if point.is_zero() {
            return Self::IDENTITY;
        }
        let times_16 = |x: Fq| x.double().double().double().double().0.0;
        let ([a, b, c, d], [e, f, g, h]) = (times_16(point.x), times_16(point.y));
        Self([a, b, c, d, e, f, g, h])
    }

    pub(crate) fn unpack(&self) -> G1Affine {
        if self.is_identity() {
            return G1Affine::identity();
        }
        let [a, b, c, d, e, f, g, h] = self.0;
        G1Affine::new_unchecked(element([a, b, c, d]), element([e, f, g, h]))
    }

    pub(crate) fn negated(&self) -> Self {
        if self.is_identity() {
            return *self;
        }
        let [a, b, c, d, e, f, g, h] = self.0;
        let mut y = Fq::MODULUS;
        y.sub_with_borrow(&BigInt([e, f, g, h]));
        let [e, f, g, h] = y.0;
        Self([a, b, c, d, e, f, g, h])
    }
}

/// The element that stands in memory as x·2^260.
pub(crate) fn element(words: [u64; 4]) -> Fq {
    Fq::new_unchecked(BigInt(words)) * INVERSE_OF_16
}

/// x·2^260 of an element.
pub(crate) fn words_of(element: Fq) -> [u64; 4] {
    element.double().double().double().double().0.0
}

/// 1/16.
const INVERSE_OF_16: Fq = ark_ff::MontFp!(
    "12312136615409592312513603231707217237391675025980025810262583815737939742328"
);

/// Asks for a point that will be loaded soon.
#[inline]
pub(crate) fn prefetch(point: &Packed) {
    // SAFETY: a hint, which reads nothing; the address is that of a reference.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(point.0.as_ptr().cast()) };
}

/// Loads eight points.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn load(points: [&Packed; 8]) -> Words {
    // SAFETY: a `Packed` is 64 bytes that any bits may fill, aligned to 64.
    transposed(points.map(|point| unsafe { _mm512_load_si512(point.0.as_ptr().cast()) }))
}

/// Stores eight points.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn store(words: Words, out: &mut [Packed; 8]) {
    for (row, out) in transposed(words).into_iter().zip(out) {
        // SAFETY: as for loading; `out` is borrowed mutably.
        unsafe { _mm512_store_si512(out.0.as_mut_ptr().cast(), row) };
    }
}

/// Rows become columns.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn transposed(rows: Words) -> Words {
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;
    let [a, b, c, d, e, f, g, h] = rows;
    let low = [
        _mm512_unpacklo_epi64(a, b),
        _mm512_unpacklo_epi64(c, d),
        _mm512_unpacklo_epi64(e, f),
        _mm512_unpacklo_epi64(g, h),
    ];
    let high = [
        _mm512_unpackhi_epi64(a, b),
        _mm512_unpackhi_epi64(c, d),
        _mm512_unpackhi_epi64(e, f),
        _mm512_unpackhi_epi64(g, h),
    ];
    let mut columns = rows;
    for (offset, [a, b, c, d]) in [low, high].into_iter().enumerate() {
        let (first, second) = (
            _mm512_shuffle_i64x2::<EVEN>(a, b),
            _mm512_shuffle_i64x2::<EVEN>(c, d),
        );
        columns[offset] = _mm512_shuffle_i64x2::<EVEN>(first, second);
        columns[offset + 4] = _mm512_shuffle_i64x2::<ODD>(first, second);
        let (first, second) = (
            _mm512_shuffle_i64x2::<ODD>(a, b),
            _mm512_shuffle_i64x2::<ODD>(c, d),
        );
        columns[offset + 2] = _mm512_shuffle_i64x2::<EVEN>(first, second);
        columns[offset + 6] = _mm512_shuffle_i64x2::<ODD>(first, second);
    }
    columns
}

/// Four words of 64 bits as five limbs of 52.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn limbs<P: Prime>(words: &[__m512i]) -> Lanes<P> {
    let mask = _mm512_set1_epi64((1 << 52) - 1);
    let (a, b, c, d) = (words[0], words[1], words[2], words[3]);
    Lanes::new([
        _mm512_and_si512(a, mask),
        _mm512_and_si512(
            _mm512_or_si512(_mm512_srli_epi64::<52>(a), _mm512_slli_epi64::<12>(b)),
            mask,
        ),
        _mm512_and_si512(
            _mm512_or_si512(_mm512_srli_epi64::<40>(b), _mm512_slli_epi64::<24>(c)),
            mask,
        ),
        _mm512_and_si512(
            _mm512_or_si512(_mm512_srli_epi64::<28>(c), _mm512_slli_epi64::<36>(d)),
            mask,
        ),
        _mm512_srli_epi64::<16>(d),
    ])
}

/// Five limbs of 52 bits as four words of 64.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn words<P: Prime>(lanes: &Lanes<P>) -> [__m512i; 4] {
    let [a, b, c, d, e] = lanes.0;
    [
        _mm512_or_si512(a, _mm512_slli_epi64::<52>(b)),
        _mm512_or_si512(_mm512_srli_epi64::<12>(b), _mm512_slli_epi64::<40>(c)),
        _mm512_or_si512(_mm512_srli_epi64::<24>(c), _mm512_slli_epi64::<28>(d)),
        _mm512_or_si512(_mm512_srli_epi64::<36>(d), _mm512_slli_epi64::<16>(e)),
    ]
}
