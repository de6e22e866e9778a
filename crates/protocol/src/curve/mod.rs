//! The group and field names used everywhere, and their canonical bytes.
//!
//! BN254: `Fr` is the scalar field in which every column lives, G1 carries the commitments, G2 only the handful of fixed
//! points of the setup. The cofactor of G1 is one, so a point on the curve is in the group; G2 needs a subgroup check,
//! which [`decode_g2`] makes.
//!
//! Numbers are little endian; an element c₀ + c₁u of Fq2 is c₀, then c₁. A compressed point is its x, an uncompressed one x and
//! y; of the two bits that are free in the last byte the higher one says that y is the larger of the two roots, the lower one
//! that the point is infinity, and then all else is zero. arkworks writes the same bytes, which the tests hold it to.

mod coordinate;
mod integer_sum;

use ark_bn254::Bn254;
use ark_ec::pairing::Pairing;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInt, Field, MontFp, PrimeField, Zero};

use coordinate::Coordinate;
pub(crate) use integer_sum::{IntegerSum, integer_product};

pub use ark_bn254::{Fq, Fr, G1Affine, G1Projective, G2Affine, G2Projective};

/// ½.
pub(crate) const HALF: Fr =
    MontFp!("10944121435919637611123202872628637544274182200208017171849102093287904247809");

/// Bytes of a scalar, little endian.
pub const SCALAR_BYTES: usize = 32;
/// Bytes of a compressed point of G1.
pub const G1_BYTES: usize = 32;
/// Bytes of a point of G1 as its two coordinates.
pub const G1_UNCOMPRESSED_BYTES: usize = 64;
/// Bytes of a compressed point of G2.
pub const G2_BYTES: usize = 64;

/// In the last byte: y is larger than −y.
const LARGER_ROOT: u8 = 0x80;
/// In the last byte: the point at infinity.
const INFINITY: u8 = 0x40;

/// The value of a product of pairings.
pub type PairingOutput = ark_ec::pairing::PairingOutput<Bn254>;
/// A point of G1 prepared for a Miller loop.
pub type G1Prepared = <Bn254 as Pairing>::G1Prepared;
/// A point of G2 prepared for a Miller loop.
pub type G2Prepared = <Bn254 as Pairing>::G2Prepared;

/// The compressed bytes of a point of G1.
pub fn encode_g1(point: &G1Affine) -> [u8; G1_BYTES] {
    let mut bytes = [0; G1_BYTES];
    encode_compressed(point, &mut bytes);
    bytes
}

/// The compressed bytes of a point of G2.
pub fn encode_g2(point: &G2Affine) -> [u8; G2_BYTES] {
    let mut bytes = [0; G2_BYTES];
    encode_compressed(point, &mut bytes);
    bytes
}

/// Both coordinates of a point of G1, for files in which speed matters more than size.
pub fn encode_g1_uncompressed(point: &G1Affine) -> [u8; G1_UNCOMPRESSED_BYTES] {
    let mut bytes = [0; G1_UNCOMPRESSED_BYTES];
    let (x, y) = bytes.split_at_mut(G1_BYTES);
    if let Some(point) = point.xy() {
        point.0.write(x);
        point.1.write(y);
    }
    mark(y, flags(point));
    bytes
}

/// The bytes of a scalar.
pub fn encode_scalar(scalar: &Fr) -> [u8; SCALAR_BYTES] {
    let mut bytes = [0; SCALAR_BYTES];
    write_number(scalar, &mut bytes);
    bytes
}

/// A point of G1 from its compressed bytes; `None` unless the bytes are the one encoding of a point on the curve.
pub fn decode_g1(bytes: &[u8]) -> Option<G1Affine> {
    decode_compressed::<_, G1_BYTES>(bytes.try_into().ok()?)
}

/// A point of G1 from its coordinates; `None` unless the bytes are the one encoding of a point on the curve.
pub fn decode_g1_uncompressed(bytes: &[u8]) -> Option<G1Affine> {
    let (x, y) = bytes.split_at_checked(G1_BYTES)?;
    let (y, found) = unmark::<G1_BYTES>(y.try_into().ok()?);
    let (x, y) = (Fq::read(x)?, Fq::read(&y)?);
    let point = if found == INFINITY && x.is_zero() && y.is_zero() {
        G1Affine::identity()
    } else {
        G1Affine::new_unchecked(x, y)
    };
    (found == flags(&point) && point.is_on_curve()).then_some(point)
}

/// A point of G2 from its compressed bytes; `None` unless the bytes are the one encoding of a point in the subgroup of
/// order r.
pub fn decode_g2(bytes: &[u8]) -> Option<G2Affine> {
    decode_compressed::<_, G2_BYTES>(bytes.try_into().ok()?)
        .filter(G2Affine::is_in_correct_subgroup_assuming_on_curve)
}

/// A scalar from its bytes; `None` when it is not reduced.
pub fn decode_scalar(bytes: &[u8]) -> Option<Fr> {
    read_number(bytes)
}

/// Normalises many points at the cost of one inversion.
pub fn to_affine(points: &[G1Projective]) -> alloc::vec::Vec<G1Affine> {
    G1Projective::normalize_batch(points)
}

/// The generator of G1.
pub fn g1_generator() -> G1Affine {
    G1Affine::generator()
}

/// The generator of G2.
pub fn g2_generator() -> G2Affine {
    G2Affine::generator()
}

/// The bits that go into the last byte of a point.
fn flags<C: SWCurveConfig<BaseField: Coordinate>>(point: &Affine<C>) -> u8 {
    match point.xy() {
        None => INFINITY,
        Some((_, y)) if y.is_larger() => LARGER_ROOT,
        Some(_) => 0,
    }
}

fn mark(bytes: &mut [u8], flags: u8) {
    if let Some(last) = bytes.last_mut() {
        *last |= flags;
    }
}

/// The bytes without the two bits, and these.
fn unmark<const N: usize>(mut bytes: [u8; N]) -> ([u8; N], u8) {
    let mut found = 0;
    if let Some(last) = bytes.last_mut() {
        found = *last & (LARGER_ROOT | INFINITY);
        *last ^= found;
    }
    (bytes, found)
}

fn encode_compressed<C: SWCurveConfig<BaseField: Coordinate>>(point: &Affine<C>, bytes: &mut [u8]) {
    if let Some(x) = point.x() {
        x.write(bytes);
    }
    mark(bytes, flags(point));
}

fn decode_compressed<C: SWCurveConfig<BaseField: Coordinate>, const N: usize>(
    bytes: [u8; N],
) -> Option<Affine<C>> {
    let (bytes, found) = unmark(bytes);
    let x = C::BaseField::read(&bytes)?;
    match found {
        INFINITY => x.is_zero().then(Affine::identity),
        0 | LARGER_ROOT => {
            let y = (x.square() * x + C::COEFF_B).root()?;
            let larger = found == LARGER_ROOT;
            let y = if y.is_larger() == larger { y } else { -y };
            // Zero has no larger root.
            (y.is_larger() == larger).then(|| Affine::new_unchecked(x, y))
        }
        _ => None,
    }
}

/// A number below the modulus, little endian.
fn read_number<F: PrimeField<BigInt = BigInt<4>>>(bytes: &[u8]) -> Option<F> {
    let bytes: &[u8; SCALAR_BYTES] = bytes.try_into().ok()?;
    let mut limbs = [0; 4];
    let (words, _) = bytes.as_chunks();
    for (limb, word) in limbs.iter_mut().zip(words) {
        *limb = u64::from_le_bytes(*word);
    }
    F::from_bigint(BigInt(limbs))
}

fn write_number<F: PrimeField<BigInt = BigInt<4>>>(number: &F, bytes: &mut [u8]) {
    let (words, _) = bytes.as_chunks_mut();
    for (word, limb) in words.iter_mut().zip(number.into_bigint().0) {
        *word = limb.to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use ark_ff::{AdditiveGroup, BigInteger};
    use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
    use proptest::prelude::*;

    #[test]
    fn half_is_half() {
        assert_eq!(HALF.double(), Fr::from(1u64));
    }

    #[test]
    fn points_round_trip() {
        let point = (g1_generator() * Fr::from(77u64)).into_affine();
        assert_eq!(decode_g1(&encode_g1(&point)), Some(point));
        assert_eq!(
            decode_g1_uncompressed(&encode_g1_uncompressed(&point)),
            Some(point)
        );
        let point = (g2_generator() * Fr::from(77u64)).into_affine();
        assert_eq!(decode_g2(&encode_g2(&point)), Some(point));
    }

    #[test]
    fn an_unreduced_scalar_is_refused() {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&Fr::MODULUS.to_bytes_le());
        assert_eq!(decode_scalar(&bytes), None);
        bytes[0] -= 1;
        assert_eq!(decode_scalar(&bytes), Some(-Fr::ONE));
    }

    #[test]
    fn a_second_encoding_of_infinity_is_refused() {
        let mut bytes = encode_g1(&G1Affine::identity());
        assert_eq!(decode_g1(&bytes), Some(G1Affine::identity()));
        bytes[0] = 1;
        assert_eq!(decode_g1(&bytes), None);
    }

    #[test]
    fn a_point_off_the_curve_is_refused() {
        // x with x^3 + 3 not a square, and a pair of coordinates that satisfies no equation.
        let x = (1u64..)
            .map(Fq::from)
            .find(|x| (x.square() * x + Fq::from(3u64)).sqrt().is_none());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&x.unwrap().into_bigint().to_bytes_le());
        assert_eq!(decode_g1(&bytes), None);
        let mut wrong = encode_g1_uncompressed(&g1_generator());
        wrong[0] ^= 4;
        assert_eq!(decode_g1_uncompressed(&wrong), None);
    }

    #[test]
    fn a_point_of_the_twist_outside_the_subgroup_is_refused() {
        use ark_bn254::{Fq2, g2};
        use ark_ec::short_weierstrass::SWCurveConfig;
        let outside = (1u64..)
            .filter_map(|i| {
                let x = Fq2::new(Fq::from(i), Fq::ZERO);
                let y = (x.square() * x + g2::Config::COEFF_B).sqrt()?;
                Some(G2Affine::new_unchecked(x, y))
            })
            .find(|p| !p.is_in_correct_subgroup_assuming_on_curve())
            .unwrap();
        assert!(outside.is_on_curve());
        assert_eq!(decode_g2(&encode_g2(&outside)), None);
    }

    fn compressed<T: CanonicalSerialize>(point: &T) -> Vec<u8> {
        let mut bytes = Vec::new();
        point.serialize_compressed(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn arkworks_writes_the_same_bytes() {
        for i in 0..40u64 {
            let (g1, g2) = (g1_generator() * Fr::from(i), g2_generator() * Fr::from(i));
            let (g1, g2) = (g1.into_affine(), g2.into_affine());
            assert_eq!(encode_g1(&g1).to_vec(), compressed(&g1));
            assert_eq!(encode_g2(&g2).to_vec(), compressed(&g2));
            assert_eq!(decode_g2(&encode_g2(&g2)), Some(g2));
            assert_eq!(decode_g1(&encode_g1(&g1)), Some(g1));
            let mut bytes = Vec::new();
            g1.serialize_uncompressed(&mut bytes).unwrap();
            assert_eq!(encode_g1_uncompressed(&g1).to_vec(), bytes);
            assert_eq!(decode_g1_uncompressed(&bytes), Some(g1));
            assert_eq!(
                encode_scalar(&-Fr::from(i)).to_vec(),
                compressed(&-Fr::from(i))
            );
        }
    }

    #[test]
    fn flags_of_another_point_are_refused() {
        let point = g1_generator();
        for flags in [LARGER_ROOT, INFINITY, LARGER_ROOT | INFINITY] {
            let mut bytes = encode_g1_uncompressed(&point);
            bytes[G1_UNCOMPRESSED_BYTES - 1] ^= flags;
            assert_eq!(decode_g1_uncompressed(&bytes), None);
            let mut bytes = encode_g1(&point);
            bytes[G1_BYTES - 1] ^= flags;
            let expected = (flags == LARGER_ROOT).then_some(-point);
            assert_eq!(decode_g1(&bytes), expected);
        }
    }

    #[test]
    fn wrong_lengths_are_refused() {
        let point = encode_g1_uncompressed(&g1_generator());
        for length in [0, 31, 33, 63] {
            assert_eq!(decode_g1(&point[..length]), None);
            assert_eq!(decode_g1_uncompressed(&point[..length]), None);
            assert_eq!(decode_g2(&point[..length]), None);
            assert_eq!(decode_scalar(&point[..length]), None);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_decode_as_in_arkworks(bytes: [u8; 32], small: bool, flags: u8) {
            let mut bytes = bytes;
            if small {
                bytes[1..].fill(0);
            }
            bytes[31] = (bytes[31] & 0x3f) | (flags & 0xc0);
            let expected = G1Affine::deserialize_compressed(&bytes[..])
                .ok()
                .filter(|point| compressed(point) == bytes);
            prop_assert_eq!(decode_g1(&bytes), expected);
            let wide = [bytes, bytes].concat();
            let expected = G2Affine::deserialize_compressed(&wide[..])
                .ok()
                .filter(|point| compressed(point) == wide);
            prop_assert_eq!(decode_g2(&wide), expected);
            let expected = G1Affine::deserialize_uncompressed(&wide[..])
                .ok()
                .filter(|point| encode_g1_uncompressed(point).to_vec() == wide);
            prop_assert_eq!(decode_g1_uncompressed(&wide), expected);
            prop_assert_eq!(decode_scalar(&bytes), Fr::deserialize_compressed(&bytes[..]).ok());
        }
    }
}
