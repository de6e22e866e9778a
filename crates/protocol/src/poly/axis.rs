//! Vectors along one axis of a tensor.
//!
//! Every linear functional of the protocol is a Kronecker product of such vectors over the axes of a block (PROTOCOL §3, "its
//! cells are a subcube and every functional on it factors over the axes"). The prover writes them out; the verifier needs only
//! ⟨vector, eq(r, ·)⟩. Entries from `length` on are zero: padded cells are free advice and no functional may read them.

use alloc::vec;
use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::multilinear::extension_at;
use crate::curve::Fr;

/// A vector along an axis of a power of two of cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AxisVector {
    /// v_i = Π_k pairs[k][bit k of i] for i < length, 0 beyond: a product over the bits, truncated.
    Product {
        /// For each bit its factor when it is 0 and when it is 1.
        pairs: Vec<[Fr; 2]>,
        /// Valid entries.
        length: u64,
    },
    /// Entries written out; those past the end are zero.
    Dense(Vec<Fr>),
}

impl AxisVector {
    /// ratioⁱ for i < length, on an axis of `bits` bits.
    pub fn geometric(ratio: Fr, bits: usize, length: u64) -> Self {
        let mut power = ratio;
        let pairs = (0..bits)
            .map(|_| {
                let pair = [Fr::ONE, power];
                power.square_in_place();
                pair
            })
            .collect();
        Self::Product { pairs, length }
    }

    /// One for i < length.
    pub fn ones(bits: usize, length: u64) -> Self {
        let pairs = vec![[Fr::ONE; 2]; bits];
        Self::Product { pairs, length }
    }

    /// eq(point, i) for i < length.
    pub fn eq(point: &[Fr], length: u64) -> Self {
        let pairs = point.iter().map(|r| [Fr::ONE - r, *r]).collect();
        Self::Product { pairs, length }
    }

    /// How many entries are valid.
    pub fn length(&self) -> u64 {
        match self {
            Self::Product { length, .. } => *length,
            Self::Dense(entries) => u64::try_from(entries.len()).unwrap_or(u64::MAX),
        }
    }

    /// The entries, written out to the last valid one.
    pub fn entries(&self) -> Vec<Fr> {
        match self {
            Self::Dense(entries) => entries.clone(),
            Self::Product { pairs, length } => {
                let mut entries = vec![Fr::ONE];
                for [zero, one] in pairs {
                    let high: Vec<Fr> = entries.iter().map(|entry| *entry * one).collect();
                    for entry in &mut entries {
                        *entry *= zero;
                    }
                    entries.extend(high);
                }
                entries.truncate(usize::try_from(*length).unwrap_or(usize::MAX));
                entries
            }
        }
    }

    /// Σ_i v_i: the sum of all entries.
    pub fn sum(&self) -> Fr {
        match self {
            Self::Dense(entries) => entries.iter().sum(),
            Self::Product { pairs, length } => truncated_product(pairs, *length),
        }
    }

    /// Σ_i v_i eq(point, i). The point has one coordinate for each bit of the axis.
    pub fn evaluate(&self, point: &[Fr]) -> Fr {
        match self {
            Self::Dense(entries) => extension_at(entries, point),
            Self::Product { pairs, length } => {
                let pairs: Vec<[Fr; 2]> = pairs
                    .iter()
                    .zip(point)
                    .map(|([zero, one], r)| [*zero * (Fr::ONE - r), *one * r])
                    .collect();
                truncated_product(&pairs, *length)
            }
        }
    }
}

/// Σ_{i < length} Π_k pairs[k][bit k of i], in one pass over the bits.
///
/// Bit by bit from the lowest: `full` is the sum over all values of the bits so far, `partial` the sum over those below the
/// same bits of `length`.
fn truncated_product(pairs: &[[Fr; 2]], length: u64) -> Fr {
    let (mut full, mut partial) = (Fr::ONE, Fr::ZERO);
    let mut rest = length;
    for [zero, one] in pairs {
        partial = if rest & 1 == 1 {
            *zero * full + *one * partial
        } else {
            *zero * partial
        };
        full *= *zero + one;
        rest >>= 1;
    }
    if rest > 0 { full } else { partial }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::scalars;

    #[test]
    fn closed_forms_agree_with_the_entries() {
        let (point, other) = (scalars(4, 1), scalars(4, 2));
        for length in 0..=16 {
            for vector in [
                AxisVector::geometric(point[0], 4, length),
                AxisVector::eq(&other, length),
                AxisVector::ones(4, length),
            ] {
                let entries = vector.entries();
                assert_eq!(entries.len() as u64, length);
                assert_eq!(vector.sum(), entries.iter().sum());
                assert_eq!(
                    vector.evaluate(&point),
                    AxisVector::Dense(entries).evaluate(&point)
                );
            }
        }
    }

    #[test]
    fn an_axis_of_one_cell_has_one_entry() {
        let vector = AxisVector::geometric(scalars(1, 1)[0], 0, 1);
        assert_eq!(vector.entries(), [Fr::ONE]);
        assert_eq!(vector.evaluate(&[]), Fr::ONE);
    }
}
