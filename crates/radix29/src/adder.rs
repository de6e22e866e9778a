//! Additions of points that share one inversion.

use alloc::vec::Vec;

use ark_ec::CurveGroup;
use ark_ff::Field;
use tensorseal_protocol::curve::{Fq, G1Affine};
use tensorseal_protocol::msm::{PointAdder, Signed};

use crate::element::Element;
use crate::point::Point;

/// Adds points in nine limbs of 29 bits.
#[derive(Clone, Debug, Default)]
pub struct Radix29Adder {
    steps: Vec<Step>,
}

/// What the way forward leaves for the way back.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// An addition with different x coordinates.
    Plain {
        /// Their difference.
        denominator: Element,
        /// Product of all denominators before.
        product: Element,
    },
    /// A doubling, opposite points, or a point at infinity.
    Exception,
}

impl PointAdder for Radix29Adder {
    type Point = Point;

    fn pack(&self, point: &G1Affine) -> Point {
        Point::new(point)
    }

    fn unpack(&self, point: &Point) -> G1Affine {
        point.unpack()
    }

    fn negated(&self, point: &Point) -> Point {
        point.negated()
    }

    fn add_pairs(&mut self, points: &[Point], pairs: &[[Signed; 2]], sums: &mut Vec<Point>) {
        if pairs.is_empty() {
            return;
        }
        let product = self.forward(points, pairs).reduced().value();
        // A product of differences that are not zero.
        let mut inverse = Element::new(product.inverse().unwrap_or(Fq::ONE));
        let start = sums.len();
        sums.resize(start + pairs.len(), Point::IDENTITY);
        let steps = self.steps.iter().zip(pairs).zip(&mut sums[start..]);
        for ((step, pair), out) in steps.rev() {
            *out = match step {
                Step::Plain {
                    denominator,
                    product,
                } => {
                    let own = inverse.times(product);
                    inverse = denominator.times(&inverse);
                    sum(points, pair, &own)
                }
                Step::Exception => exception(pair.map(|signed| read(points, signed))),
            };
        }
    }
}

impl Radix29Adder {
    /// Fills the steps; returns the product of all denominators.
    fn forward(&mut self, points: &[Point], pairs: &[[Signed; 2]]) -> Element {
        self.steps.clear();
        let mut product = Element::new(Fq::ONE);
        for [a, b] in pairs {
            let (a, b) = (&points[a.index()], &points[b.index()]);
            let step = if a.x == b.x || a.is_identity() || b.is_identity() {
                Step::Exception
            } else {
                let denominator = b.x.minus(&a.x);
                let before = product;
                product = denominator.times(&before);
                Step::Plain {
                    denominator,
                    product: before,
                }
            };
            self.steps.push(step);
        }
        product
    }
}

fn read(points: &[Point], signed: Signed) -> Point {
    let point = points[signed.index()];
    if signed.is_negative() {
        point.negated()
    } else {
        point
    }
}

/// The sum of two points, given the inverse of the difference of their x coordinates.
#[inline]
fn sum(points: &[Point], pair: &[Signed; 2], inverse: &Element) -> Point {
    let [a, b] = pair.map(|signed| read(points, signed));
    let slope = b.y.minus(&a.y).times(inverse);
    // λ² is below 2p, so x and y are below 6p before they are reduced.
    let x = slope.times(&slope).minus(&a.x).minus(&b.x).reduced();
    let y = a.x.minus(&x).times(&slope).minus(&a.y).reduced();
    Point { x, y }
}

#[cold]
fn exception([a, b]: [Point; 2]) -> Point {
    if a.is_identity() {
        b
    } else if b.is_identity() {
        a
    } else {
        Point::new(&(a.unpack() + b.unpack()).into_affine())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tensorseal_protocol::curve::{Fr, g1_generator};
    use tensorseal_protocol::msm::{SerialAdder, Sum};

    /// Points of which some are equal, some opposite, some at infinity.
    fn points() -> impl Strategy<Value = Vec<G1Affine>> {
        let point = (-6i64..7).prop_map(|k| (g1_generator() * Fr::from(k)).into_affine());
        let far = any::<u64>().prop_map(|k| (g1_generator() * Fr::from(k)).into_affine());
        prop::collection::vec(prop_oneof![point, far], 1..24)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn sums_are_those_of_the_serial_adder(points in points(), signs in any::<u64>()) {
            let pairs: Vec<[Signed; 2]> = (0..3 * points.len())
                .map(|i| [(i * 7) % points.len(), (i * i + 3) % points.len()])
                .zip(0..)
                .map(|([a, b], i)| [Signed::new(a, signs >> (i % 64) & 1 == 1), Signed::new(b, signs >> (i * 5 % 64) & 1 == 1)])
                .collect();
            let (mut serial, mut own) = (SerialAdder::default(), Radix29Adder::default());
            let packed: Vec<Point> = points.iter().map(|point| own.pack(point)).collect();
            let (mut expected, mut sums) = (Vec::new(), Vec::new());
            serial.add_pairs(&points, &pairs, &mut expected);
            own.add_pairs(&packed, &pairs, &mut sums);
            let sums: Vec<G1Affine> = sums.iter().map(|point| own.unpack(point)).collect();
            prop_assert_eq!(sums, expected);
        }

        #[test]
        fn multi_scalar_sums_are_equal(seeds in prop::collection::vec(any::<[u8; 32]>(), 1..40)) {
            use ark_ff::PrimeField as _;
            let scalars: Vec<Fr> = seeds.iter().map(|seed| Fr::from_le_bytes_mod_order(seed)).collect();
            let bases: Vec<G1Affine> = scalars.iter().map(|s| (g1_generator() * (*s + Fr::ONE)).into_affine()).collect();
            let expected = Sum::<SerialAdder>::of_field(&bases, &scalars).whole();
            prop_assert_eq!(Sum::<Radix29Adder>::of_field(&bases, &scalars).whole(), expected);
        }
    }
}
