//! The symmetric quotient with which an inner product becomes an identity of Laurent polynomials (Mercury, ePrint 2025/385,
//! §4; PROTOCOL §6).
//!
//! f(X)k(1/X) + f(1/X)k(X) = 2⟨f, k⟩ + X·S(X) + S(1/X)/X for exactly one polynomial S.

#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec;
use alloc::vec::Vec;

use ark_ff::AdditiveGroup;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use zeroize::Zeroizing;

use crate::backend::Backend;
use crate::curve::Fr;

/// S for the sum of several pairs (f, k): two transforms for each pair, and one back for all of them, each as long as twice the longest
/// operand.
///
/// # Panics
///
/// When the longest operand has 2²⁷ coefficients or more, more than the field has roots of unity for.
pub fn symmetric_quotient(pairs: &[(&[Fr], &[Fr])], backend: &impl Backend) -> Vec<Fr> {
    let longest = pairs
        .iter()
        .map(|(f, k)| f.len().max(k.len()))
        .max()
        .unwrap_or(0);
    if longest < 2 {
        return vec![];
    }
    let domain = Radix2EvaluationDomain::<Fr>::new(2 * longest)
        .expect("the field has enough roots of unity");
    let size = domain.size();
    let mut products = Zeroizing::new(vec![Fr::ZERO; size]);
    for (f, k) in pairs {
        let transform = |operand: &[Fr]| Zeroizing::new(domain.fft(operand));
        let transforms = backend.map(Vec::from([*f, *k]), transform);
        let (f, k) = (&transforms[0], &transforms[1]);
        // On the domain k(1/x) is the evaluation of k at the mirrored index.
        for (i, product) in products.iter_mut().enumerate() {
            *product += f[i] * k[(size - i) % size];
        }
    }
    // The coefficient of X^{i−j} of f(X)k(1/X) stands at index i − j modulo the size.
    domain.ifft_in_place(&mut *products);
    (1..longest)
        .map(|i| products[i] + products[size - i])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Reference;
    use crate::poly::multilinear::inner_product;
    use crate::poly::univariate::evaluate;
    use crate::testing::scalars;
    use ark_ff::Field;

    #[test]
    fn the_identity_holds_at_a_random_point() {
        for (m, n) in [(1, 1), (5, 9), (16, 16), (33, 2)] {
            let (f, k, x) = (scalars(m, 1), scalars(n, 2), scalars(1, 3)[0]);
            let (f2, k2) = (scalars(n, 4), scalars(m, 5));
            let s = symmetric_quotient(&[(&f, &k), (&f2, &k2)], &Reference);
            let y = x.inverse().unwrap();
            let side = |f: &[Fr], k: &[Fr]| {
                evaluate(f, x) * evaluate(k, y) + evaluate(f, y) * evaluate(k, x)
            };
            let inner = inner_product(&f, &k) + inner_product(&f2, &k2);
            assert_eq!(
                side(&f, &k) + side(&f2, &k2),
                inner.double() + x * evaluate(&s, x) + y * evaluate(&s, y)
            );
        }
    }
}
