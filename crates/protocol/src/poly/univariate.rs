//! Polynomials as coefficients, lowest first.

use alloc::vec;
use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use crate::curve::Fr;

/// f(x).
pub fn evaluate(coefficients: &[Fr], x: Fr) -> Fr {
    coefficients
        .iter()
        .rev()
        .fold(Fr::ZERO, |value, coefficient| value * x + coefficient)
}

/// a += scale·b, growing a when b is longer.
pub fn add_scaled(a: &mut Vec<Fr>, b: &[Fr], scale: Fr) {
    if a.len() < b.len() {
        a.resize(b.len(), Fr::ZERO);
    }
    for (a, b) in a.iter_mut().zip(b) {
        *a += scale * b;
    }
}

/// (f − f(x)) / (X − x).
pub fn divide_by_linear(coefficients: &[Fr], x: Fr) -> Vec<Fr> {
    let mut quotient = vec![Fr::ZERO; coefficients.len().saturating_sub(1)];
    let mut carry = Fr::ZERO;
    for (to, from) in quotient.iter_mut().zip(coefficients.iter().skip(1)).rev() {
        carry = carry * x + from;
        *to = carry;
    }
    quotient
}

/// Quotient and remainder of f by X^width − a, for `width` a power of two; the remainder has `width` coefficients.
#[allow(
    clippy::indexing_slicing,
    reason = "only a prover divides; k runs from width to the length"
)]
pub fn divide_by_binomial(coefficients: &[Fr], width: usize, a: Fr) -> (Vec<Fr>, Vec<Fr>) {
    let mut rest = coefficients.to_vec();
    rest.resize(rest.len().max(width), Fr::ZERO);
    for k in (width..rest.len()).rev() {
        let carry = a * rest[k];
        rest[k - width] += carry;
    }
    let quotient = rest.split_off(width);
    (quotient, rest)
}

/// x to the power of an index.
pub fn power(x: Fr, exponent: usize) -> Fr {
    // No platform has indices over 64 bits.
    x.pow([u64::try_from(exponent).unwrap_or(u64::MAX)])
}

/// x⁰, x¹, … of the given length.
pub fn powers(x: Fr, count: usize) -> Vec<Fr> {
    let mut power = Fr::ONE;
    (0..count)
        .map(|_| {
            let this = power;
            power *= x;
            this
        })
        .collect()
}

/// Σ_{i < 2^log} xⁱ.
pub fn geometric_sum(x: Fr, log: usize) -> Fr {
    let mut power = x;
    let mut sum = Fr::ONE;
    for _ in 0..log {
        sum *= Fr::ONE + power;
        power.square_in_place();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::scalars;

    #[test]
    fn quotients_multiply_back() {
        let f = scalars(37, 1);
        let x = scalars(2, 2);
        let q = divide_by_linear(&f, x[0]);
        assert_eq!(
            evaluate(&f, x[1]),
            evaluate(&q, x[1]) * (x[1] - x[0]) + evaluate(&f, x[0])
        );
        let (q, g) = divide_by_binomial(&f, 8, x[0]);
        assert_eq!((q.len(), g.len()), (29, 8));
        assert_eq!(
            evaluate(&f, x[1]),
            evaluate(&q, x[1]) * (x[1].pow([8]) - x[0]) + evaluate(&g, x[1])
        );
    }

    #[test]
    fn a_short_polynomial_is_its_own_remainder() {
        let f = scalars(3, 1);
        let (q, g) = divide_by_binomial(&f, 8, f[0]);
        assert!(q.is_empty());
        assert_eq!(&g[..3], &f[..]);
        assert_eq!(g.len(), 8);
    }

    #[test]
    fn a_geometric_sum_is_the_sum_of_powers() {
        let x = scalars(1, 3)[0];
        assert_eq!(geometric_sum(x, 5), powers(x, 32).iter().sum());
    }
}
