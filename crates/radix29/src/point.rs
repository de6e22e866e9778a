//! Points in memory.

use ark_ec::AffineRepr;
use tensorseal_protocol::curve::G1Affine;

use crate::element::Element;

/// An affine point: the least representatives of its coordinates. The point at infinity has y = 0, which no other point of an odd order
/// has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    pub(crate) x: Element,
    pub(crate) y: Element,
}

impl Point {
    pub(crate) const IDENTITY: Self = Self {
        x: Element::ZERO,
        y: Element::ZERO,
    };

    pub(crate) fn new(point: &G1Affine) -> Self {
        if point.is_zero() {
            return Self::IDENTITY;
        }
        Self {
            x: Element::new(point.x),
            y: Element::new(point.y),
        }
    }

    pub(crate) fn unpack(&self) -> G1Affine {
        if self.is_identity() {
            return G1Affine::identity();
        }
        G1Affine::new_unchecked(self.x.value(), self.y.value())
    }

    pub(crate) fn is_identity(&self) -> bool {
        self.y.is_zero()
    }

    pub(crate) fn negated(&self) -> Self {
        if self.is_identity() {
            return *self;
        }
        Self {
            x: self.x,
            y: self.y.negated(),
        }
    }
}
