//! Batch verification: any number of proofs for the pairings of one.
//!
//! A proof that has been received is a [`Claim`]: sums of known multiples of points that must vanish in a pairing. With independent
//! random weights the claims add up to one (Bellare, Garay and Rabin, "Fast batch verification for modular exponentiation and
//! digital signatures", EUROCRYPT 1998, the small-exponents test), which takes the four Miller loops of a single proof, one more for
//! each further width of the weight matrix, up to four for each further large table and up to three for each further setup. A single proof is a batch of one.

mod search;
pub(crate) mod weights;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use ark_ff::{AdditiveGroup, Field};

use crate::backend::Backend;
use crate::curve::{Fr, G1Affine, G1Projective, G2Prepared};
use crate::digest::Digest32;
use crate::keys::VerifyingKey;
use crate::pairing::{Accumulator, PairingKey, Side, SideName, product_is_one};
use search::Search;

/// A proof or an opening of which everything has been checked but its pairing equations.
#[derive(Clone, Debug)]
pub struct Claim {
    key: Arc<PairingKey>,
    /// A hash of the key's digest, the context and every byte of the proof or opening.
    digest: Digest32,
    equations: Accumulator,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchVerdict {
    /// Indices of the claims whose equations do not hold, in ascending order. The others are proved.
    pub rejected: Vec<usize>,
    /// Miller loops that deciding the whole batch takes.
    pub miller_loops: usize,
    /// How often a product of pairings was decided: once where everything holds.
    pub decisions: usize,
}

/// Claims to be decided together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    claims: Vec<Claim>,
    /// For each claim, its key's index in `keys`.
    key_of: Vec<usize>,
    keys: Vec<Key>,
    slots: Vec<Slot>,
}

/// A key of the batch and the slot of each of its sides, by the side's index.
#[derive(Clone, Debug)]
struct Key {
    pairing: Arc<PairingKey>,
    slots: Vec<usize>,
}

/// A point of G2 with which something is paired.
#[derive(Clone, Debug)]
struct Slot {
    name: SideName,
    point: G2Prepared,
}

/// Multiples of points, to be added up.
#[derive(Clone, Debug, Default)]
struct Terms {
    points: Vec<G1Affine>,
    scalars: Vec<Fr>,
}

impl Terms {
    fn add(&mut self, point: G1Affine, scalar: Fr) {
        self.points.push(point);
        self.scalars.push(scalar);
    }
}

impl Claim {
    pub(crate) fn new(key: &VerifyingKey, digest: Digest32, equations: Accumulator) -> Self {
        Self {
            key: Arc::clone(key.pairing()),
            digest,
            equations,
        }
    }
}

impl Batch {
    /// An empty batch, which holds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a claim; its index is the number of claims before it.
    pub fn push(&mut self, claim: Claim) {
        let known = |key: &Key| key.pairing.model == claim.key.model;
        let index = self.keys.iter().position(known).unwrap_or_else(|| {
            let pairing = Arc::clone(&claim.key);
            let sides = pairing.sides.iter();
            let slots = sides
                .map(|side| self.slot(side.name, &side.point))
                .collect();
            self.keys.push(Key { pairing, slots });
            self.keys.len() - 1
        });
        self.key_of.push(index);
        self.claims.push(claim);
    }

    /// The slot of a point of G2: two keys of one setup share the powers that both have, and all keys share [1]₂ and the columns of
    /// the same table.
    fn slot(&mut self, name: SideName, point: &G2Prepared) -> usize {
        let known = self.slots.iter().position(|slot| slot.name == name);
        known.unwrap_or_else(|| {
            let point = point.clone();
            self.slots.push(Slot { name, point });
            self.slots.len() - 1
        })
    }

    /// How many claims there are.
    pub fn len(&self) -> usize {
        self.claims.len()
    }

    /// Whether there is no claim.
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    /// Decides every claim. `randomness` is the verifier's own, as much as it has; the weights are sound without any.
    ///
    /// # Soundness
    ///
    /// The weights have 128 bits each, from a hash of every byte of every proof, key and context in their order and of
    /// `randomness`: a false claim is missed with a probability of 2⁻¹²⁸ for each attempt at choosing the batch, or in all where
    /// `randomness` is 16 bytes that no prover knows.
    pub fn decide(&self, randomness: &[u8], backend: &impl Backend) -> BatchVerdict {
        let digests: Vec<Digest32> = self.claims.iter().map(|claim| claim.digest).collect();
        Search::new(self, &weights::weights(&digests, randomness), backend).run()
    }

    /// Decides a batch that is known to have one claim: that needs no weight.
    pub(crate) fn decide_one(claim: Claim, backend: &impl Backend) -> BatchVerdict {
        let mut batch = Self::new();
        batch.push(claim);
        Search::new(&batch, &[Fr::ONE], backend).run()
    }

    /// What is paired with each slot, for the claims in `range` with their weights. `None` if one of them has a term for which its key has
    /// no place: such a claim does not hold.
    fn sums(
        &self,
        range: Range<usize>,
        weights: &[Fr],
        backend: &impl Backend,
    ) -> Option<Vec<G1Projective>> {
        let mut slots: Vec<Terms> = self.slots.iter().map(|_| Terms::default()).collect();
        let zeros = |key: &Key| alloc::vec![Fr::ZERO; key.pairing.shared.len()];
        let mut shared: Vec<Vec<Fr>> = self.keys.iter().map(zeros).collect();
        for index in range {
            let (claim, weight) = self.claims.get(index).zip(weights.get(index))?;
            let key = *self.key_of.get(index)?;
            let (key, shared) = self.keys.get(key).zip(shared.get_mut(key))?;
            for (place, scalar) in claim.equations.shared.iter().enumerate() {
                *shared.get_mut(place)? += *weight * scalar;
            }
            for (side, point, scalar) in &claim.equations.own {
                slots
                    .get_mut(key.slot(*side)?)?
                    .add(*point, *weight * scalar);
            }
        }
        for (key, shared) in self.keys.iter().zip(&shared) {
            let terms = slots.get_mut(key.slot(Side::One)?)?;
            for (point, scalar) in key.pairing.shared.iter().zip(shared) {
                terms.add(*point, *scalar);
            }
        }
        let sums = slots.iter();
        Some(
            sums.map(|terms| backend.msm(&terms.points, &terms.scalars))
                .collect(),
        )
    }

    #[cfg(test)]
    pub(crate) fn digests(&self) -> Vec<Digest32> {
        self.claims.iter().map(|claim| claim.digest).collect()
    }

    fn holds(&self, sums: &[G1Projective]) -> bool {
        let points = self.slots.iter().map(|slot| slot.point.clone());
        product_is_one(sums, points.collect())
    }
}

impl Key {
    /// The slot of a side.
    fn slot(&self, side: Side) -> Option<usize> {
        self.slots.get(side.index()).copied()
    }
}
