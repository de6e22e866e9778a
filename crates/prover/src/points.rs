//! Points in a file: both coordinates of each, then a digest of all of them.

use tensorseal_protocol::curve::{
    G1_UNCOMPRESSED_BYTES, G1Affine, decode_g1_uncompressed, encode_g1_uncompressed,
};
use tensorseal_protocol::digest::Hasher;

const DIGEST_BYTES: usize = 32;

/// The bytes of a file; `hasher` has taken in whatever else the digest is to bind.
pub(crate) fn encode(points: &[G1Affine], hasher: Hasher) -> Vec<u8> {
    let mut bytes: Vec<u8> = points.iter().flat_map(encode_g1_uncompressed).collect();
    let digest = hasher.part(&bytes).finish();
    bytes.extend_from_slice(&digest.0);
    bytes
}

/// The points, `None` when the bytes are not those that [`encode`] made with such a hasher.
pub(crate) fn decode(bytes: &[u8], hasher: Hasher) -> Option<Vec<G1Affine>> {
    let length = bytes.len().checked_sub(DIGEST_BYTES)?;
    let (points, digest) = bytes.split_at_checked(length)?;
    if digest != hasher.part(points).finish().0
        || !points.len().is_multiple_of(G1_UNCOMPRESSED_BYTES)
    {
        return None;
    }
    let points = points.chunks_exact(G1_UNCOMPRESSED_BYTES);
    points.map(decode_g1_uncompressed).collect()
}
