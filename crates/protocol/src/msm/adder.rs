//! Many additions of points at once.

use alloc::vec::Vec;

use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, Field, batch_inversion};

use crate::curve::{Fq, G1Affine};

/// A point of a list, or its negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed(u32);

impl Signed {
    const SIGN: u32 = 1 << 31;

    /// The point at an index below 2^31.
    pub fn new(index: usize, negative: bool) -> Self {
        let sign = if negative { Self::SIGN } else { 0 };
        Self(index as u32 | sign)
    }

    /// Where the point is.
    pub fn index(self) -> usize {
        (self.0 & !Self::SIGN) as usize
    }

    /// Whether the negative is meant.
    pub fn is_negative(self) -> bool {
        self.0 & Self::SIGN != 0
    }
}

/// Adds pairs of points, many at a time, in the representation that suits it.
///
/// An affine addition costs one inversion and three multiplications. Over many additions that do not depend on each other the
/// inversions become one, and three multiplications each: six in all, where mixed addition takes ten.
pub trait PointAdder: Default {
    /// A point, the one at infinity included.
    type Point: Copy + Send + Sync;

    /// The point in this representation.
    fn pack(&self, point: &G1Affine) -> Self::Point;

    /// The point in the usual one.
    fn unpack(&self, point: &Self::Point) -> G1Affine;

    /// The negative.
    fn negated(&self, point: &Self::Point) -> Self::Point;

    /// Appends the sum of each pair to `sums`.
    ///
    /// # Panics
    ///
    /// May panic when an index is not below the number of points.
    fn add_pairs(
        &mut self,
        points: &[Self::Point],
        pairs: &[[Signed; 2]],
        sums: &mut Vec<Self::Point>,
    );

    /// Doubles every point.
    fn double_all(&mut self, points: &mut [Self::Point]) {
        let pairs = (0..points.len()).map(|index| [Signed::new(index, false); 2]);
        let pairs: Vec<[Signed; 2]> = pairs.collect();
        let mut doubled = Vec::with_capacity(points.len());
        self.add_pairs(points, &pairs, &mut doubled);
        points.copy_from_slice(&doubled);
    }
}

/// Additions one after the other, anywhere.
#[derive(Clone, Debug, Default)]
pub struct SerialAdder {
    inverses: Vec<Fq>,
}

impl PointAdder for SerialAdder {
    type Point = G1Affine;

    fn pack(&self, point: &G1Affine) -> G1Affine {
        *point
    }

    fn unpack(&self, point: &G1Affine) -> G1Affine {
        *point
    }

    fn negated(&self, point: &G1Affine) -> G1Affine {
        -*point
    }

    fn add_pairs(&mut self, points: &[G1Affine], pairs: &[[Signed; 2]], sums: &mut Vec<G1Affine>) {
        let read = |signed: Signed| {
            let point = points[signed.index()];
            if signed.is_negative() { -point } else { point }
        };
        self.inverses.clear();
        let denominators = pairs.iter().map(|[a, b]| denominator(&read(*a), &read(*b)));
        self.inverses.extend(denominators);
        batch_inversion(&mut self.inverses);
        let pairs = pairs.iter().zip(&self.inverses);
        sums.extend(pairs.map(|([a, b], inverse)| add(&read(*a), &read(*b), inverse)));
    }
}

/// What the addition of two points divides by; one where it divides by nothing.
fn denominator(a: &G1Affine, b: &G1Affine) -> Fq {
    if a.is_zero() || b.is_zero() {
        return Fq::ONE;
    }
    if a.x != b.x {
        return b.x - a.x;
    }
    // No point of a group of odd order has y = 0.
    if a.y == b.y { a.y.double() } else { Fq::ONE }
}

/// a + b, given the inverse of their denominator.
fn add(a: &G1Affine, b: &G1Affine, inverse: &Fq) -> G1Affine {
    if a.is_zero() {
        return *b;
    }
    if b.is_zero() {
        return *a;
    }
    let numerator = if a.x != b.x {
        b.y - a.y
    } else if a.y == b.y {
        let square = a.x.square();
        square.double() + square
    } else {
        return G1Affine::identity();
    };
    let slope = numerator * inverse;
    let x = slope.square() - a.x - b.x;
    let y = slope * (a.x - x) - a.y;
    G1Affine::new_unchecked(x, y)
}
