//! Coordinates of points as bytes, and their square roots.

use ark_bn254::{Fq, Fq2};
use ark_ff::{AdditiveGroup, Field, PrimeField};

use super::{SCALAR_BYTES, read_number, write_number};

/// (p + 1)/4: since p ≡ 3 mod 4, a square to this power is a root of it.
const ROOT_EXPONENT: [u64; 4] = {
    let [a, b, c, d] = Fq::MODULUS.0;
    // p + 1 carries nowhere: p does not end in ones.
    let a = a + 1;
    [a >> 2 | b << 62, b >> 2 | c << 62, c >> 2 | d << 62, d >> 2]
};

/// An element of the field over which a group is defined.
pub(super) trait Coordinate: Field {
    /// The canonical bytes, the two top bits of the last one free.
    fn write(&self, bytes: &mut [u8]);
    /// An element from its canonical bytes.
    fn read(bytes: &[u8]) -> Option<Self>;
    /// A root, if there is one.
    fn root(&self) -> Option<Self>;
    /// Whether the element is larger than its negative.
    fn is_larger(&self) -> bool;
}

impl Coordinate for Fq {
    fn write(&self, bytes: &mut [u8]) {
        write_number(self, bytes);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        read_number(bytes)
    }

    fn root(&self) -> Option<Self> {
        let root = self.pow(ROOT_EXPONENT);
        (root.square() == *self).then_some(root)
    }

    fn is_larger(&self) -> bool {
        self.into_bigint() > Self::MODULUS_MINUS_ONE_DIV_TWO
    }
}

impl Coordinate for Fq2 {
    fn write(&self, bytes: &mut [u8]) {
        let (low, high) = bytes.split_at_mut(SCALAR_BYTES);
        write_number(&self.c0, low);
        write_number(&self.c1, high);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (low, high) = bytes.split_at_checked(SCALAR_BYTES)?;
        Some(Self::new(read_number(low)?, read_number(high)?))
    }

    /// The complex method (Adj and Rodríguez-Henríquez, ePrint 2012/685, section 4): a root x + yu of a + bu has
    /// (2x)² = 2(a ± √(a² + b²)) for one of the signs, and 2xy = b.
    fn root(&self) -> Option<Self> {
        let (a, b) = (self.c0, self.c1);
        if b == Fq::ZERO {
            let real = a.root().map(|x| Self::new(x, Fq::ZERO));
            return real.or_else(|| Some(Self::new(Fq::ZERO, (-a).root()?)));
        }
        let norm = (a.square() + b.square()).root()?;
        let (square, double_x) = [norm, -norm].into_iter().find_map(|norm| {
            let square = (a + norm).double();
            Some((square, square.root()?))
        })?;
        let inverse = double_x.double().inverse()?;
        let root = Self::new(square * inverse, b.double() * inverse);
        (root.square() == *self).then_some(root)
    }

    fn is_larger(&self) -> bool {
        if self.c1 == Fq::ZERO {
            self.c0.is_larger()
        } else {
            self.c1.is_larger()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A field element from few bits, so that zeros and small numbers occur.
    fn element() -> impl Strategy<Value = Fq> {
        prop_oneof![
            Just(Fq::ZERO),
            any::<u8>().prop_map(Fq::from),
            any::<[u64; 3]>().prop_map(|[a, b, c]| Fq::from(a) * Fq::from(b) * Fq::from(c)),
            any::<u8>().prop_map(|a| -Fq::from(a)),
        ]
    }

    fn is_root<F: Coordinate>(square: F) {
        let root = square.root();
        assert_eq!(root.is_some(), !square.legendre().is_qnr());
        assert!(root.is_none_or(|root| root.square() == square));
    }

    proptest! {
        #[test]
        fn roots_of_squares_and_of_nothing_else(a in element(), b in element()) {
            let element = Fq2::new(a, b);
            is_root(a);
            is_root(element);
            is_root(a.square());
            is_root(element.square());
            is_root(Fq2::new(a, Fq::ZERO));
            is_root(Fq2::new(a.square(), Fq::ZERO));
            is_root(-Fq2::new(a.square(), Fq::ZERO));
        }

        #[test]
        fn the_larger_of_two_roots(a in element(), b in element()) {
            let element = Fq2::new(a, b);
            prop_assert_eq!(a.is_larger(), a > -a);
            prop_assert_eq!(element.is_larger(), element > -element);
        }
    }
}
