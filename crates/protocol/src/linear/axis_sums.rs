//! What an axis map makes of a vector along an axis of the output: a vector along the axis of the source.
//!
//! Where every cell reads its own, as in the batch axis of many inferences, the vector stays the product that it is, and evaluating it costs
//! the logarithm of the axis.

use alloc::vec::Vec;

use ark_ff::AdditiveGroup;

use crate::curve::Fr;
use crate::encoding::widen;
use crate::poly::axis::AxisVector;
use crate::program::AxisMap;

/// K_t(q) = Σ_p e(p) over the p that tap t sends to q, for each tap and each of `length` source cells.
pub(super) fn by_tap(map: &AxisMap, length: u32, e: &AxisVector) -> Vec<AxisVector> {
    if map.is_identity() && e.length() == u64::from(length) {
        return alloc::vec![e.clone()];
    }
    let entries = e.entries();
    let tap = |tap| {
        let mut sums = alloc::vec![Fr::ZERO; widen(length)];
        add_tap(map, tap, length, (&entries, &mut sums));
        AxisVector::Dense(sums)
    };
    (0..map.taps).map(tap).collect()
}

/// Σ_t K_t(q): all taps together.
pub(super) fn gathered(map: &AxisMap, length: u32, e: &AxisVector) -> AxisVector {
    if map.is_identity() && e.length() == u64::from(length) {
        return e.clone();
    }
    let entries = e.entries();
    let mut sums = alloc::vec![Fr::ZERO; widen(length)];
    for tap in 0..map.taps {
        add_tap(map, tap, length, (&entries, &mut sums));
    }
    AxisVector::Dense(sums)
}

fn add_tap(map: &AxisMap, tap: u32, length: u32, (e, sums): (&[Fr], &mut [Fr])) {
    for (e, p) in e.iter().zip(0u32..) {
        let q = map.source(p, tap, length);
        if let Some(sum) = q.and_then(|q| sums.get_mut(widen(q))) {
            *sum += e;
        }
    }
}

/// scale · v₀ ⊗ v₁ ⊗ …, the last index running fastest.
pub(super) fn kronecker<'a>(scale: Fr, vectors: impl Iterator<Item = &'a [Fr]>) -> Vec<Fr> {
    vectors.fold(alloc::vec![scale], |product, vector| {
        product
            .iter()
            .flat_map(|entry| vector.iter().map(move |factor| *entry * factor))
            .collect()
    })
}
