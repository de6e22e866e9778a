//! The prover's kernels in eight lanes, for x86-64 processors with AVX-512 IFMA: sums of points of BN254's G1, rounds of the sumcheck, the
//! pass over the weights.
//!
//! [`IfmaAdder`] is the protocol's [`PointAdder`](tensorseal_protocol::msm::PointAdder), with the same results bit for bit. One
//! addition is six multiplications in the base field; here eight additions run side by side, with 52-bit limbs, for which the
//! processor has a fused multiply and add ("Faster modular exponentiation using double precision floating point arithmetic on the
//! GPU", Emmart, Zheng, Weems 2018, and Gueron, Krasnov 2016 for IFMA).
//!
//! This is the only crate with `unsafe` code: loads and stores of vectors, and the step from a run-time check of the processor to
//! functions that are compiled for it. It holds kernels and nothing else.

#![cfg_attr(not(target_arch = "x86_64"), forbid(unsafe_code))]

#[cfg(target_arch = "x86_64")]
mod adder;
#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(target_arch = "x86_64")]
mod packed;
#[cfg(target_arch = "x86_64")]
mod scalars;
#[cfg(target_arch = "x86_64")]
mod weights;

use core::ops::Range;

use tensorseal_protocol::backend;
use tensorseal_protocol::curve::Fr;
use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::{EVALUATIONS, Instance};

#[cfg(target_arch = "x86_64")]
pub use adder::IfmaAdder;
#[cfg(target_arch = "x86_64")]
pub use packed::Packed;
#[cfg(not(target_arch = "x86_64"))]
pub use tensorseal_protocol::msm::SerialAdder as IfmaAdder;

/// Whether the processor has what [`IfmaAdder`] needs.
#[must_use]
pub fn is_available() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        IfmaAdder::is_available()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// [`Instance::round`], in eight lanes where the processor has them.
#[must_use]
pub fn sumcheck_round(instance: &Instance, pairs: Range<usize>) -> [Fr; EVALUATIONS] {
    #[cfg(target_arch = "x86_64")]
    if is_available() {
        // SAFETY: the processor has the features.
        return unsafe { scalars::sumcheck_round(instance, pairs) };
    }
    instance.round(pairs)
}

/// [`backend::bind_table`], in eight lanes where the processor has them.
pub fn bind_table(table: &mut Vec<Fr>, r: Fr) {
    #[cfg(target_arch = "x86_64")]
    if is_available() {
        // SAFETY: the processor has the features.
        unsafe { scalars::bind_table(table, r) };
        return;
    }
    backend::bind_table(table, r);
}

/// [`backend::fold_weight_columns`], in eight lanes where the processor has them.
#[must_use]
pub fn fold_weight_columns(weights: &WeightMatrix, powers: &[Fr], range: Range<usize>) -> Vec<Fr> {
    #[cfg(target_arch = "x86_64")]
    if is_available() {
        let wide = range.end - range.len() % 8;
        // SAFETY: the processor has the features.
        let mut folded = unsafe { weights::fold_columns(weights, powers, range.start..wide) };
        folded.extend(backend::fold_weight_columns(
            weights,
            powers,
            wide..range.end,
        ));
        return folded;
    }
    backend::fold_weight_columns(weights, powers, range)
}
