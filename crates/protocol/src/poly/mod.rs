//! Polynomials, as vectors of coefficients and as multilinear tables.
//!
//! A vector v of length 2^μ is read in two ways: v(X) = Σ vᵢ Xⁱ, and ṽ(r) = Σ vᵢ eq(r, i), little endian: r₀ binds bit 0.

pub mod axis;
pub mod laurent;
pub mod multilinear;
pub mod univariate;
