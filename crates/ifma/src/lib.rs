//! Sums of points of BN254's G1 in eight lanes, for x86-64 processors with AVX-512 IFMA.
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
