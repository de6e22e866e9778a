//! The tensorseal proof system.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod curve;
pub mod digest;
pub mod encoding;
pub mod poly;
pub mod random;
pub mod transcript;

#[cfg(test)]
mod testing;
