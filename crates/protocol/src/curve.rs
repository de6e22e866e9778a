//! The group and field names used everywhere, and their canonical bytes.
//!
//! BN254: `Fr` is the scalar field in which every column lives, G1 carries the commitments, G2 only the handful of fixed
//! points of the setup. The cofactor of G1 is one, so a point on the curve is in the group; G2 needs a subgroup check,
//! which [`decode_g2`] makes.

use ark_bn254::Bn254;
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize, Compress, Validate};

pub use ark_bn254::{Fq, Fr, G1Affine, G1Projective, G2Affine, G2Projective};

/// Bytes of a scalar, little endian.
pub const SCALAR_BYTES: usize = 32;
/// Bytes of a compressed point of G1.
pub const G1_BYTES: usize = 32;
/// Bytes of a point of G1 as its two coordinates.
pub const G1_UNCOMPRESSED_BYTES: usize = 64;
/// Bytes of a compressed point of G2.
pub const G2_BYTES: usize = 64;

/// The value of a product of pairings.
pub type PairingOutput = ark_ec::pairing::PairingOutput<Bn254>;
/// A point of G1 prepared for a Miller loop.
pub type G1Prepared = <Bn254 as Pairing>::G1Prepared;
/// A point of G2 prepared for a Miller loop.
pub type G2Prepared = <Bn254 as Pairing>::G2Prepared;

/// The compressed bytes of a point of G1.
pub fn encode_g1(point: &G1Affine) -> [u8; G1_BYTES] {
    let mut bytes = [0; G1_BYTES];
    write(point, Compress::Yes, &mut bytes);
    bytes
}

/// The compressed bytes of a point of G2.
pub fn encode_g2(point: &G2Affine) -> [u8; G2_BYTES] {
    let mut bytes = [0; G2_BYTES];
    write(point, Compress::Yes, &mut bytes);
    bytes
}

/// Both coordinates of a point of G1, for files in which speed matters more than size.
pub fn encode_g1_uncompressed(point: &G1Affine) -> [u8; G1_UNCOMPRESSED_BYTES] {
    let mut bytes = [0; G1_UNCOMPRESSED_BYTES];
    write(point, Compress::No, &mut bytes);
    bytes
}

/// The bytes of a scalar.
pub fn encode_scalar(scalar: &Fr) -> [u8; SCALAR_BYTES] {
    let mut bytes = [0; SCALAR_BYTES];
    write(scalar, Compress::Yes, &mut bytes);
    bytes
}

/// A point of G1 from its compressed bytes; `None` unless the bytes are the one encoding of a point on the curve.
pub fn decode_g1(bytes: &[u8]) -> Option<G1Affine> {
    let point = read::<G1Affine>(bytes, Compress::Yes)?;
    (encode_g1(&point) == bytes).then_some(point)
}

/// A point of G1 from its coordinates; `None` unless the bytes are the one encoding of a point on the curve.
pub fn decode_g1_uncompressed(bytes: &[u8]) -> Option<G1Affine> {
    let point = read::<G1Affine>(bytes, Compress::No)?;
    (encode_g1_uncompressed(&point) == bytes).then_some(point)
}

/// A point of G2 from its compressed bytes; `None` unless the bytes are the one encoding of a point in the subgroup of
/// order r.
pub fn decode_g2(bytes: &[u8]) -> Option<G2Affine> {
    let point = read::<G2Affine>(bytes, Compress::Yes)?;
    (encode_g2(&point) == bytes).then_some(point)
}

/// A scalar from its bytes; `None` when it is not reduced.
pub fn decode_scalar(bytes: &[u8]) -> Option<Fr> {
    read(bytes, Compress::Yes)
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

fn read<T: CanonicalDeserialize>(bytes: &[u8], compress: Compress) -> Option<T> {
    let mut rest = bytes;
    let value = T::deserialize_with_mode(&mut rest, compress, Validate::Yes).ok()?;
    rest.is_empty().then_some(value)
}

#[expect(
    clippy::expect_used,
    reason = "the callers' buffers have the size of the encoding"
)]
fn write<T: CanonicalSerialize>(value: &T, compress: Compress, bytes: &mut [u8]) {
    value
        .serialize_with_mode(bytes, compress)
        .expect("the buffer has the fixed size of the encoding");
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};

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
}
