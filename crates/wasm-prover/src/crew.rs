//! Sums shared with other threads.
//!
//! A browser has no shared memory for modules that were built for one thread, so the threads share no memory but a buffer: whoever
//! proves puts the terms of a sum into it, every helper computes some of the sum's windows in a module of its own, and the parts are added
//! here. JavaScript makes the helpers wait and wakes them (`pkg/src/prover/crew.ts`).

use js_sys::Uint8Array;
use tensorseal_protocol::curve::{Fq, Fr, G1Affine, G1Projective};
use tensorseal_protocol::msm::Sum;
use tensorseal_radix29::Radix29Adder;
use wasm_bindgen::prelude::*;

use self::bytes::{POINT_BYTES, SCALAR_BYTES};

/// Sums with fewer terms are not worth waking anybody.
const LEAST: usize = 256;

#[wasm_bindgen]
extern "C" {
    /// The helpers.
    pub type Crew;

    /// How many threads share a sum, this one included.
    #[wasm_bindgen(method, getter)]
    fn threads(this: &Crew) -> usize;

    /// The most bytes of terms that the buffer takes.
    #[wasm_bindgen(method, getter)]
    fn capacity(this: &Crew) -> usize;

    /// Wakes the helpers: number i computes the windows `bounds[i]..bounds[i + 1]`.
    #[wasm_bindgen(method)]
    fn start(this: &Crew, points: &[u8], scalars: &[u8], bounds: &[u32]);

    /// Waits for the helpers' parts: a point each, or nothing when one has broken down.
    #[wasm_bindgen(method)]
    fn collect(this: &Crew) -> Option<Uint8Array>;
}

/// A part of Σ scalarᵢ·pointᵢ, as a helper computes it: that of some windows.
#[wasm_bindgen(js_name = sumWindows)]
#[must_use]
pub fn sum_windows(points: &[u8], scalars: &[u8], first: u32, end: u32) -> Vec<u8> {
    let points = bytes::points(points);
    let sum = Sum::<Radix29Adder>::of_field(&points, &bytes::scalars(scalars));
    let part = sum.windows(first as usize..end as usize);
    bytes::of_points(&[part.into()])
}

/// The bytes of a sum's terms.
pub(crate) fn term_bytes(count: usize) -> usize {
    count * (POINT_BYTES + SCALAR_BYTES)
}

/// Σ scalarᵢ·pointᵢ, shared with the crew where that is worth it.
pub(crate) fn shared_sum(crew: Option<&Crew>, points: &[G1Affine], scalars: &[Fr]) -> G1Projective {
    let sum = Sum::<Radix29Adder>::of_field(points, scalars);
    let count = points.len().min(scalars.len());
    let crew = crew.filter(|crew| {
        let fits = term_bytes(count) <= crew.capacity();
        fits && count >= LEAST && crew.threads() > 1
    });
    let Some(crew) = crew else {
        return sum.whole();
    };
    let (windows, threads) = (sum.count(), crew.threads());
    // This thread takes the last share, which may be a window short.
    let bounds: Vec<u32> = (0..threads)
        .map(|helper| (helper * windows.div_ceil(threads)).min(windows) as u32)
        .collect();
    crew.start(
        &bytes::of_points(&points[..count]),
        &bytes::of_scalars(&scalars[..count]),
        &bounds,
    );
    let helped = bounds.last().map_or(0, |bound| *bound as usize);
    let own = sum.windows(helped..windows);
    match crew.collect() {
        Some(parts) => bytes::points(&parts.to_vec())
            .iter()
            .fold(own, |total, part| total + part),
        None => own + sum.windows(0..helped),
    }
}

mod bytes {
    //! Points and scalars as they stand in this process's memory, for another of the same build.

    use super::{Fq, Fr, G1Affine};
    use ark_ec::AffineRepr;
    use ark_ff::BigInt;

    pub(super) const SCALAR_BYTES: usize = 32;
    pub(super) const POINT_BYTES: usize = 2 * SCALAR_BYTES;

    /// The point at infinity has y = 0, which no other point has.
    pub(super) fn of_points(points: &[G1Affine]) -> Vec<u8> {
        let words = points.iter().map(|point| match point.xy() {
            Some((x, y)) => [x.0.0, y.0.0],
            None => [[0; 4]; 2],
        });
        let words = words.flatten();
        words.flatten().flat_map(u64::to_le_bytes).collect()
    }

    pub(super) fn of_scalars(scalars: &[Fr]) -> Vec<u8> {
        let words = scalars.iter().flat_map(|scalar| scalar.0.0);
        words.flat_map(u64::to_le_bytes).collect()
    }

    pub(super) fn points(bytes: &[u8]) -> Vec<G1Affine> {
        let (pairs, _) = bytes.as_chunks::<POINT_BYTES>();
        pairs
            .iter()
            .map(|pair| {
                let (x, y) = pair.split_at(SCALAR_BYTES);
                let [x, y] = [x, y].map(|bytes| Fq::new_unchecked(words(bytes)));
                if y == Fq::from(0u64) {
                    G1Affine::identity()
                } else {
                    G1Affine::new_unchecked(x, y)
                }
            })
            .collect()
    }

    pub(super) fn scalars(bytes: &[u8]) -> Vec<Fr> {
        let (scalars, _) = bytes.as_chunks::<SCALAR_BYTES>();
        scalars
            .iter()
            .map(|scalar| Fr::new_unchecked(words(scalar)))
            .collect()
    }

    fn words(bytes: &[u8]) -> BigInt<4> {
        let (words, _) = bytes.as_chunks::<8>();
        BigInt(core::array::from_fn(|word| {
            words.get(word).map_or(0, |word| u64::from_le_bytes(*word))
        }))
    }
}
