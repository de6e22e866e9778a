//! The weights with which claims are added up.

use alloc::vec::Vec;

use crate::curve::Fr;
use crate::digest::{Digest32, Hasher};
use crate::transcript::reduce;

/// Bytes of a weight.
const BYTES: usize = 16;

/// A weight for each claim, from a hash of everything that they must not be known before: all claims in their order, and what
/// the verifier adds.
pub(crate) fn weights(claims: &[Digest32], randomness: &[u8]) -> Vec<Fr> {
    let start = Hasher::new("tensorseal batch").part(randomness);
    let seed = claims
        .iter()
        .fold(start, |hasher, claim| hasher.part(&claim.0))
        .finish();
    let indices = (0u64..).zip(claims);
    indices.map(|(index, _)| weight(seed, index)).collect()
}

fn weight(seed: Digest32, index: u64) -> Fr {
    let block = Hasher::new("tensorseal batch weight")
        .part(&seed.0)
        .part(&index.to_le_bytes())
        .finish();
    let (weight, _) = block.0.split_at(BYTES);
    reduce(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_depend_on_every_claim_their_order_and_the_randomness() {
        let [a, b, c] = [1, 2, 3].map(|byte| Digest32([byte; 32]));
        let base = weights(&[a, b], b"random");
        assert_ne!(base[0], base[1]);
        for other in [
            weights(&[b, a], b"random"),
            weights(&[a, c], b"random"),
            weights(&[a, b], b"other"),
            weights(&[a, b, c], b"random"),
        ] {
            assert!(base.iter().all(|weight| !other.contains(weight)));
        }
    }

    #[test]
    fn weights_have_their_full_width() {
        let many = weights(&[Digest32([0; 32]); 64], &[]);
        let widest = many.iter().max().unwrap();
        assert!(*widest > Fr::from(1u128 << 120) && *widest <= Fr::from(u128::MAX));
    }
}
