//! Eight additions at a time, with one inversion for all.

use core::arch::x86_64::{
    __mmask8, _mm512_cmpeq_epi64_mask, _mm512_cmpneq_epi64_mask, _mm512_or_si512,
    _mm512_setzero_si512, _mm512_xor_si512,
};

use ark_ec::CurveGroup;
use ark_ff::batch_inversion;
use tensorseal_protocol::curve::{Fq, G1Affine};
use tensorseal_protocol::msm::{PointAdder, Signed};

use crate::lanes::{self, Base, split};
use crate::packed::{self, Packed, Words, element, words_of};

type Lanes = lanes::Lanes<Base>;

const LANES: usize = 8;
/// Pairs that share an inversion: with their points and what the way back needs they stay in a core's second cache.
const PAIRS_AT_ONCE: usize = 1 << 12;
/// Groups of eight pairs whose points are asked for ahead of their use.
const AHEAD: usize = 4;

/// Adds points with the processor's 52-bit multiplications.
///
/// Whoever uses it has asked [`IfmaAdder::is_available`] before.
#[derive(Default)]
pub struct IfmaAdder {
    steps: Vec<Step>,
}

/// What the way forward leaves for the way back.
struct Step {
    /// Differences of the x coordinates, one where there is none to divide by.
    denominators: Lanes,
    /// Product of all denominators before.
    product: Lanes,
    /// Lanes that are no plain addition: equal x coordinates, or a point at infinity.
    exceptions: __mmask8,
}

impl IfmaAdder {
    /// Whether the processor can.
    #[must_use]
    pub fn is_available() -> bool {
        std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512ifma")
    }
}

impl PointAdder for IfmaAdder {
    type Point = Packed;

    fn pack(&self, point: &G1Affine) -> Packed {
        Packed::new(point)
    }

    fn unpack(&self, point: &Packed) -> G1Affine {
        point.unpack()
    }

    fn negated(&self, point: &Packed) -> Packed {
        point.negated()
    }

    fn add_pairs(&mut self, points: &[Packed], pairs: &[[Signed; 2]], sums: &mut Vec<Packed>) {
        assert!(
            Self::is_available(),
            "a processor without AVX-512 IFMA was asked to use it"
        );
        for pairs in pairs.chunks(PAIRS_AT_ONCE) {
            // SAFETY: the processor has the features, as just asserted.
            unsafe { self.add(points, pairs, sums) }
        }
    }

    fn double_all(&mut self, points: &mut [Packed]) {
        assert!(
            Self::is_available(),
            "a processor without AVX-512 IFMA was asked to use it"
        );
        for points in points.chunks_mut(PAIRS_AT_ONCE) {
            // SAFETY: the processor has the features, as just asserted.
            unsafe { self.double(points) }
        }
    }
}

impl IfmaAdder {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add(&mut self, points: &[Packed], pairs: &[[Signed; 2]], sums: &mut Vec<Packed>) {
        let mut inverse = inverted(self.forward(points, pairs));
        let start = sums.len();
        // The last group may be short: its lanes repeat a pair, and what they give is cut off.
        sums.resize(
            start + pairs.len().next_multiple_of(LANES),
            Packed::IDENTITY,
        );
        let (groups, _) = sums[start..].as_chunks_mut::<LANES>();
        let steps = self.steps.iter().zip(pairs.chunks(LANES)).zip(groups);
        for ((step, pairs), out) in steps.rev() {
            let (a, b) = operands(points, pairs);
            let own = inverse.mul(&step.product);
            inverse = inverse.mul(&step.denominators);
            packed::store(sum(&a, &b, &own), out);
            if step.exceptions != 0 {
                add_exceptions(points, pairs, step.exceptions, out);
            }
        }
        sums.truncate(start + pairs.len());
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn double(&mut self, points: &mut [Packed]) {
        self.steps.clear();
        let one = Lanes::splat(split(Fq::from(16u64).0));
        let mut product = one;
        for points in points.chunks(LANES) {
            let point = lanes_of(points);
            let exceptions = at_infinity(&point);
            let y = point.y();
            let denominators = y.add(&y).blended(exceptions, &one);
            self.steps.push(Step {
                denominators,
                product,
                exceptions,
            });
            product = product.mul(&denominators);
        }
        let mut inverse = inverted(product);
        for (step, points) in self.steps.iter().zip(points.chunks_mut(LANES)).rev() {
            let point = lanes_of(points);
            let own = inverse.mul(&step.product);
            inverse = inverse.mul(&step.denominators);
            let square = point.x().mul(&point.x()).reduced();
            let slope = square.add(&square).add(&square).mul(&own);
            let mut doubled = [Packed::IDENTITY; LANES];
            packed::store(with_slope(&point, &point, &slope), &mut doubled);
            for (lane, (point, doubled)) in points.iter_mut().zip(doubled).enumerate() {
                if step.exceptions >> lane & 1 == 0 {
                    *point = doubled;
                }
            }
        }
    }

    /// Fills the steps; returns the product of all denominators.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn forward(&mut self, points: &[Packed], pairs: &[[Signed; 2]]) -> Lanes {
        self.steps.clear();
        let one = Lanes::splat(split(Fq::from(16u64).0));
        let mut product = one;
        let mut ahead = pairs.chunks(LANES).skip(AHEAD);
        for pairs in pairs.chunks(LANES) {
            for signed in ahead.next().unwrap_or_default().as_flattened() {
                packed::prefetch(&points[signed.index()]);
            }
            let (a, b) = operands(points, pairs);
            let exceptions = !different(&a, &b) | at_infinity(&a) | at_infinity(&b);
            let denominators = b.x().sub::<1>(&a.x()).blended(exceptions, &one);
            self.steps.push(Step {
                denominators,
                product,
                exceptions,
            });
            product = product.mul(&denominators);
        }
        product
    }
}

/// One of the two points of each of eight pairs.
struct Operand {
    words: Words,
    /// Lanes whose point is to be negated.
    negative: __mmask8,
}

/// The two points of each of eight pairs; the first pair stands in for pairs that are missing.
#[inline]
#[target_feature(enable = "avx512f")]
fn operands(points: &[Packed], pairs: &[[Signed; 2]]) -> (Operand, Operand) {
    (operand::<0>(points, pairs), operand::<1>(points, pairs))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn operand<const SIDE: usize>(points: &[Packed], pairs: &[[Signed; 2]]) -> Operand {
    let mut negative = 0;
    let mut rows = [&points[0]; LANES];
    for (lane, row) in rows.iter_mut().enumerate() {
        let signed = pairs.get(lane).unwrap_or(&pairs[0])[SIDE];
        *row = &points[signed.index()];
        negative |= u8::from(signed.is_negative()) << lane;
    }
    Operand {
        words: packed::load(rows),
        negative,
    }
}

/// Eight points; the first stands in for those that are missing.
#[inline]
#[target_feature(enable = "avx512f")]
fn lanes_of(points: &[Packed]) -> Operand {
    let mut rows = [&points[0]; LANES];
    for (row, point) in rows.iter_mut().zip(points) {
        *row = point;
    }
    Operand {
        words: packed::load(rows),
        negative: 0,
    }
}

impl Operand {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn x(&self) -> Lanes {
        packed::limbs(&self.words[..4])
    }

    /// The y coordinate: at most p.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn y(&self) -> Lanes {
        let y = packed::limbs(&self.words[4..]);
        y.blended(self.negative, &Lanes::splat([0; 5]).sub::<1>(&y))
    }
}

/// Lanes whose x coordinates differ.
#[inline]
#[target_feature(enable = "avx512f")]
fn different(a: &Operand, b: &Operand) -> __mmask8 {
    let (a, b) = (&a.words, &b.words);
    let low = _mm512_or_si512(_mm512_xor_si512(a[0], b[0]), _mm512_xor_si512(a[1], b[1]));
    let high = _mm512_or_si512(_mm512_xor_si512(a[2], b[2]), _mm512_xor_si512(a[3], b[3]));
    _mm512_cmpneq_epi64_mask(_mm512_or_si512(low, high), _mm512_setzero_si512())
}

/// Lanes whose y coordinate is zero.
#[inline]
#[target_feature(enable = "avx512f")]
fn at_infinity(point: &Operand) -> __mmask8 {
    let [.., a, b, c, d] = point.words;
    let any = _mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(c, d));
    _mm512_cmpeq_epi64_mask(any, _mm512_setzero_si512())
}

/// a + b, given the inverse of the difference of their x coordinates.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sum(a: &Operand, b: &Operand, inverse: &Lanes) -> Words {
    let slope = b.y().sub::<1>(&a.y()).mul(inverse);
    with_slope(a, b, &slope)
}

/// The third point of the line through a and b with this slope, mirrored.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn with_slope(a: &Operand, b: &Operand, slope: &Lanes) -> Words {
    let (a_x, a_y) = (a.x(), a.y());
    // λ² is below 2p, so x and y are below 4p before they are reduced.
    let x = slope.mul(slope).sub::<1>(&a_x).sub::<1>(&b.x()).reduced();
    let y = slope.mul(&a_x.sub::<1>(&x)).sub::<1>(&a_y).reduced();
    let ([a, b, c, d], [e, f, g, h]) = (packed::words(&x), packed::words(&y));
    [a, b, c, d, e, f, g, h]
}

/// Doublings, opposite points and points at infinity, one by one.
#[cold]
fn add_exceptions(
    points: &[Packed],
    pairs: &[[Signed; 2]],
    exceptions: __mmask8,
    out: &mut [Packed; LANES],
) {
    for (lane, pair) in pairs.iter().enumerate() {
        if exceptions >> lane & 1 == 0 {
            continue;
        }
        let [a, b] = pair.map(|signed| {
            let point = points[signed.index()];
            if signed.is_negative() {
                point.negated()
            } else {
                point
            }
        });
        out[lane] = if a.is_identity() {
            b
        } else if b.is_identity() {
            a
        } else {
            Packed::new(&(a.unpack() + b.unpack()).into_affine())
        };
    }
}

/// The inverse of each lane.
#[target_feature(enable = "avx512f")]
fn inverted(lanes: Lanes) -> Lanes {
    let [a, b, c, d] = packed::words(&lanes.reduced());
    let mut rows = [Packed::IDENTITY; LANES];
    let zero = _mm512_setzero_si512();
    packed::store([a, b, c, d, zero, zero, zero, zero], &mut rows);
    let mut elements = rows.map(|row| element(row.x()));
    batch_inversion(&mut elements);
    let rows = elements.map(|element| Packed::from_x(words_of(element)));
    let words = packed::load(rows.each_ref());
    packed::limbs(&words[..4])
}
