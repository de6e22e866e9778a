//! Sums of curve points where the widest product has 64 bits, which is so in WebAssembly.
//!
//! A field element has nine limbs of 29 bits, so that a column of a product, with all that Montgomery's reduction adds to it, fits 64 bits
//! without a carry. Points stay in this form through a whole multi-scalar multiplication: [`Radix29Adder`] is a [`PointAdder`] for
//! `tensorseal_protocol::msm`, which gives the same sums as any other.
//!
//! [`PointAdder`]: tensorseal_protocol::msm::PointAdder

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod adder;
mod element;
mod point;

pub use adder::Radix29Adder;
pub use point::Point;
