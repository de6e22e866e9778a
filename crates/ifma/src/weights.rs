//! The pass over the weights: integers times scalars, summed up and reduced once.

use core::arch::x86_64::{
    __m512i, _mm256_loadu_si256, _mm256_set1_epi32, _mm256_xor_si256, _mm512_add_epi64,
    _mm512_and_si512, _mm512_cvtepu32_epi64, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_set1_epi64, _mm512_setzero_si512, _mm512_srli_epi64, _mm512_storeu_si512,
};
use core::ops::Range;

use ark_ff::{AdditiveGroup, BigInt, Field};
use tensorseal_protocol::curve::Fr;
use tensorseal_protocol::linear::weights::WeightMatrix;

use crate::lanes::{self, LIMB_BITS, Scalar, split};
use crate::packed;

type Lanes = lanes::Lanes<Scalar>;

const LANES: usize = 8;
/// Columns whose sums stay in a core's nearest cache: 640 bytes for each eight.
const COLUMNS_AT_ONCE: usize = 256;
/// Rows whose products of 52 bits fit a lane.
const ROWS_AT_ONCE: usize = 1 << 12;
/// What makes a weight of 32 bits unsigned.
const OFFSET: u64 = 1 << 31;

/// For eight columns the sums of the lower and of the upper 52 bits of weight·limb, for each limb of the powers.
type Sums = [[__m512i; 2]; 5];

/// The columns `range` of g_j = Σᵢ powersᵢ·W[i][j]; their number is a multiple of eight.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn fold_columns(weights: &WeightMatrix, powers: &[Fr], range: Range<usize>) -> Vec<Fr> {
    let mut folded = vec![Fr::ZERO; range.len()];
    let constants = constants();
    let rows = weights.rows().min(powers.len());
    for start in (0..rows).step_by(ROWS_AT_ONCE) {
        let rows = start..rows.min(start + ROWS_AT_ONCE);
        let offset = Fr::from(OFFSET) * powers[rows.clone()].iter().sum::<Fr>();
        for (block, folded) in folded.chunks_mut(COLUMNS_AT_ONCE).enumerate() {
            let first = range.start + block * COLUMNS_AT_ONCE;
            let columns = first..first + folded.len();
            let sums = fold_block(weights, powers, (rows.clone(), columns));
            for (folded, sums) in folded.chunks_mut(LANES).zip(sums) {
                for (folded, sum) in folded.iter_mut().zip(scalars_of(&sums, &constants)) {
                    *folded += sum - offset;
                }
            }
        }
    }
    folded
}

/// The sums of a block of columns over some rows, two rows at a time.
#[target_feature(enable = "avx512f,avx512ifma")]
fn fold_block(
    weights: &WeightMatrix,
    powers: &[Fr],
    (rows, columns): (Range<usize>, Range<usize>),
) -> Vec<Sums> {
    let zero = _mm512_setzero_si512();
    let mut sums: Vec<Sums> = vec![[[zero; 2]; 5]; columns.len() / LANES];
    let (mut row, end) = (rows.start, rows.end);
    while row + 1 < end {
        let [a, b] = [row, row + 1].map(|row| weights.row(row)[columns.clone()].as_chunks().0);
        let limbs = [row, row + 1].map(|row| limbs_of(&powers[row]));
        for (sums, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            let (a, b) = (unsigned(a), unsigned(b));
            for (i, sums) in sums.iter_mut().enumerate() {
                add(sums, a, limbs[0][i]);
                add(sums, b, limbs[1][i]);
            }
        }
        row += 2;
    }
    if row < end {
        let limbs = limbs_of(&powers[row]);
        let (chunks, _) = weights.row(row)[columns].as_chunks();
        for (sums, weights) in sums.iter_mut().zip(chunks) {
            let weights = unsigned(weights);
            for (sums, limb) in sums.iter_mut().zip(limbs) {
                add(sums, weights, limb);
            }
        }
    }
    sums
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add(sums: &mut [__m512i; 2], weights: __m512i, limb: __m512i) {
    sums[0] = _mm512_madd52lo_epu64(sums[0], weights, limb);
    sums[1] = _mm512_madd52hi_epu64(sums[1], weights, limb);
}

/// The limbs of a scalar as it stands in memory, each in all lanes: the sums are linear in it.
#[inline]
#[target_feature(enable = "avx512f")]
fn limbs_of(power: &Fr) -> [__m512i; 5] {
    let mut limbs = [_mm512_setzero_si512(); 5];
    for (lanes, limb) in limbs.iter_mut().zip(split(power.0)) {
        *lanes = _mm512_set1_epi64(limb.cast_signed());
    }
    limbs
}

/// Eight weights, 2^31 more than they are.
#[inline]
#[target_feature(enable = "avx512f")]
fn unsigned(weights: &[i32; LANES]) -> __m512i {
    // SAFETY: 32 initialised bytes.
    let weights = unsafe { _mm256_loadu_si256(weights.as_ptr().cast()) };
    _mm512_cvtepu32_epi64(_mm256_xor_si256(weights, _mm256_set1_epi32(i32::MIN)))
}

/// The sums of eight columns, reduced.
///
/// A sum is less than 2^12·2^32·2^254: five limbs, and what is above them times 2^260, each a factor of a product that takes the
/// division by 2^260 back.
#[target_feature(enable = "avx512f,avx512ifma")]
fn scalars_of(sums: &Sums, constants: &[Lanes; 2]) -> [Fr; LANES] {
    let zero = _mm512_setzero_si512();
    let mask = _mm512_set1_epi64((1 << LIMB_BITS) - 1);
    let mut limbs = [zero; 5];
    let mut carry = zero;
    for (limb, [low, high]) in limbs.iter_mut().zip(sums) {
        // Carries are below 2^13 and 2^45; the lower halves leave no room for them, so they are split first.
        let sum = _mm512_add_epi64(_mm512_and_si512(*low, mask), carry);
        *limb = _mm512_and_si512(sum, mask);
        let above = _mm512_add_epi64(
            _mm512_srli_epi64::<LIMB_BITS>(*low),
            _mm512_srli_epi64::<LIMB_BITS>(sum),
        );
        carry = _mm512_add_epi64(above, *high);
    }
    let low = Lanes::new(limbs).mul(&constants[0]);
    let high = Lanes::new([carry, zero, zero, zero, zero]).mul(&constants[1]);
    let words = packed::words(&low.add(&high).reduced());
    let mut rows = [[0u64; LANES]; 4];
    for (row, word) in rows.iter_mut().zip(words) {
        // SAFETY: 64 bytes that any bits may fill.
        unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), word) };
    }
    core::array::from_fn(|lane| Fr::new_unchecked(BigInt(rows.map(|row| row[lane]))))
}

/// 2^260 and 2^520, which undo a product's division for what stands below and above the fifth limb.
#[target_feature(enable = "avx512f")]
fn constants() -> [Lanes; 2] {
    // In memory x stands as x·2^256.
    [
        Lanes::splat(split(Fr::from(1u64 << 4).0)),
        Lanes::splat(split(Fr::from(2u64).pow([264]).0)),
    ]
}
