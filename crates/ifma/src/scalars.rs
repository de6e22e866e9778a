//! Passes over tables of scalars, eight at a time.

use core::arch::x86_64::{
    __m512i, __mmask8, _mm512_add_epi64, _mm512_loadu_si512, _mm512_maskz_loadu_epi64,
    _mm512_setzero_si512, _mm512_storeu_si512,
};
use core::ops::Range;

use ark_ff::{AdditiveGroup, BigInt};
use tensorseal_protocol::curve::Fr;
use tensorseal_protocol::{EVALUATIONS, FieldLanes, Instance};

use crate::lanes::{self, LIMB_BITS, Scalar, split};
use crate::packed::{self, Words, transposed};

type Lanes = lanes::Lanes<Scalar>;

const LANES: usize = 8;
/// The first four words of a vector.
const HALF: __mmask8 = 0b1111;

// A scalar in memory is its four words and nothing else, so two neighbours are a vector.
const _: () = assert!(size_of::<Fr>() == 32 && align_of::<Fr>() == 8);

/// A round of the sumcheck over a range of pairs.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn sumcheck_round(instance: &Instance, pairs: Range<usize>) -> [Fr; EVALUATIONS] {
    instance.round_in::<Eight>(pairs)
}

/// Binds the lowest variable of one table to `r`.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn bind_table(table: &mut Vec<Fr>, r: Fr) {
    let half = table.len() / 2;
    // Memory holds r·2^256, so the shift makes products of what divides by 2^260.
    let factor = Lanes::splat(split(r.0)).times_16();
    let wide = half - half % (2 * LANES);
    for start in (0..wide).step_by(2 * LANES) {
        let inputs = &table[2 * start..][..4 * LANES];
        // Lane i takes pairs 2i and 2i + 1, whose results are neighbours.
        let even = core::array::from_fn(|lane| row(&inputs[4 * lane..][..2]));
        let odd = core::array::from_fn(|lane| row(&inputs[4 * lane + 2..][..2]));
        let [a, b, c, d] = bound(transposed(even), &factor);
        let [e, f, g, h] = bound(transposed(odd), &factor);
        let rows = transposed([a, b, c, d, e, f, g, h]);
        for (row, out) in rows.into_iter().zip(table[start..].chunks_exact_mut(2)) {
            // SAFETY: two neighbouring scalars are 64 bytes that any bits may fill, and the words are reduced.
            unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), row) };
        }
    }
    for i in wide..half {
        let (low, high) = (table[2 * i], table[2 * i + 1]);
        table[i] = low + r * (high - low);
    }
    table.truncate(half);
}

/// low + r·(high − low) of eight pairs, reduced.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn bound(pairs: Words, factor: &Lanes) -> [__m512i; 4] {
    let low: Lanes = packed::limbs(&pairs[..4]);
    let slope = packed::limbs::<Scalar>(&pairs[4..]).sub::<1>(&low);
    // Below 2·1/5 + 1 + 1 times the modulus.
    packed::words(&slope.mul(factor).add(&low).reduced())
}

/// Two neighbouring scalars.
#[inline]
#[target_feature(enable = "avx512f")]
fn row(scalars: &[Fr]) -> __m512i {
    assert!(scalars.len() == 2);
    // SAFETY: the slice is of two scalars, which are 64 initialised bytes.
    unsafe { _mm512_loadu_si512(scalars.as_ptr().cast()) }
}

/// A scalar in the lower half of a vector.
#[inline]
#[target_feature(enable = "avx512f")]
fn half_row(scalar: &Fr) -> __m512i {
    // SAFETY: the mask leaves 32 bytes to be read, which the scalar is.
    unsafe { _mm512_maskz_loadu_epi64(HALF, core::ptr::from_ref(scalar).cast()) }
}

/// Eight scalars, for kernels that are written for any number of lanes.
///
/// Whoever names this type has asked whether the processor has the features: it stays inside this crate, whose functions do.
#[derive(Clone, Copy)]
struct Eight(Lanes);

/// A sum of values whose limbs have not been carried.
struct Sum([__m512i; 5]);

// Each method is compiled into a kernel that has the features, which it therefore may use.
#[allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the comment above holds for all"
)]
impl FieldLanes for Eight {
    const WIDTH: usize = LANES;
    type Sum = Sum;

    #[inline(always)]
    fn splat(scalar: &Fr) -> Self {
        Self(unsafe { Lanes::splat(split(scalar.0)) })
    }

    #[inline(always)]
    fn entries(table: &[Fr], index: usize) -> Self {
        let entries = &table[index..][..LANES];
        unsafe {
            let words = transposed(core::array::from_fn(|lane| half_row(&entries[lane])));
            Self(packed::limbs(&words[..4]))
        }
    }

    #[inline(always)]
    fn pairs(table: &[Fr], pair: usize) -> (Self, Self) {
        let entries = &table[2 * pair..][..2 * LANES];
        unsafe {
            let words = transposed(core::array::from_fn(|lane| row(&entries[2 * lane..][..2])));
            (
                Self(packed::limbs(&words[..4])),
                Self(packed::limbs(&words[4..])),
            )
        }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self(unsafe { self.0.add(&other.0) })
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        Self(unsafe { self.0.sub::<8>(&other.0) })
    }

    #[inline(always)]
    fn less(self, other: Self) -> Self {
        Self(unsafe { self.0.sub::<1>(&other.0) })
    }

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        Self(unsafe { self.0.mul(&other.0.times_16()) })
    }

    #[inline(always)]
    fn nothing() -> Sum {
        Sum([unsafe { _mm512_setzero_si512() }; 5])
    }

    #[inline(always)]
    fn add_to(self, sum: &mut Sum) {
        for (sum, limb) in sum.0.iter_mut().zip(self.0.0) {
            *sum = unsafe { _mm512_add_epi64(*sum, limb) };
        }
    }

    #[inline(always)]
    fn total(sum: Sum) -> Fr {
        let limbs = sum.0.map(|limb| {
            let mut lanes = [0u64; LANES];
            unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), limb) };
            lanes.into_iter().map(u128::from).sum()
        });
        reduced(&limbs)
    }
}

/// The scalar that stands in memory as Σ limbᵢ·2^{52i}.
fn reduced(limbs: &[u128]) -> Fr {
    let weighted = limbs.iter().enumerate().map(|(i, limb)| {
        let bit = i * LIMB_BITS as usize;
        let mut weight = [0u64; 4];
        weight[bit / 64] = 1 << (bit % 64);
        // A product with what stands in memory as 2^{52i}.
        Fr::from(*limb) * Fr::new_unchecked(BigInt(weight))
    });
    weighted.fold(Fr::ZERO, |total, limb| total + limb)
}
