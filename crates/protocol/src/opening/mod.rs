//! Openings: Mercury for all columns at the sumcheck's point, the weights' inner product and the degree checks, in one Laurent
//! identity (Mercury, ePrint 2025/385; PROTOCOL §6).
//!
//! p(X) = Σ ξ^c column_c(X) + ξ^last t(X) and p̃(r) = b. Split at C: h(X) = Σᵢ hᵢXⁱ with hᵢ = Σ_j p_{iC+j} eq(r_low, j), and
//! p = (X^C − α′)·q_p + g_p. Three inner products
//!
//! ```text
//! ⟨g_p, eq(r_low)⟩ − ⟨h, (α′ⁱ)⟩ = 0        ⟨h, eq(r_high)⟩ = b  (weight g_a)        ⟨G, k′⟩ = s  (weight g_b)
//! ```
//!
//! become U(z) + V(1/z) = 2(g_a b + g_b s), where U and V are linear combinations of committed polynomials. The same identity,
//! with weight c₁, carries D(X) = X^{C−1}g_p(1/X) + ψ·X^{C+5μ−1}G(1/X), which bounds the degrees of g_p and G by reversal
//! whatever the length of the setup.

mod prover;
mod verifier;

pub(crate) use prover::{CommitKey, Committed, MercuryInput, MercuryState};
#[cfg(test)]
pub(crate) use verifier::inverse_of_regular;
pub(crate) use verifier::{OpeningClaim, Openings, receive};

use ark_ff::AdditiveGroup;

use crate::curve::Fr;
use crate::poly::multilinear::eq_at_powers;
use crate::poly::univariate::{geometric_sum, power};

/// Coefficients of g_p, h, G, S and D.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coefficients {
    pub(crate) g_p: Fr,
    pub(crate) h: Fr,
    pub(crate) g: Fr,
    pub(crate) s: Fr,
    pub(crate) d: Fr,
}

/// What the coefficients of U and V are made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaurentPoint<'a> {
    /// log₂ C.
    pub(crate) log_columns: usize,
    /// The sumcheck's point.
    pub(crate) r: &'a [Fr],
    pub(crate) alpha_prime: Fr,
    pub(crate) psi: Fr,
    pub(crate) ga: Fr,
    pub(crate) gb: Fr,
    pub(crate) c1: Fr,
    pub(crate) z: Fr,
    /// 1/z.
    pub(crate) z_inverse: Fr,
    /// k′(z) and k′(1/z).
    pub(crate) weight_functional: [Fr; 2],
    /// C + 5μ: coefficients that G may have.
    pub(crate) g_length: usize,
}

/// The coefficients of U, to be opened at z, and of V, to be opened at 1/z.
///
/// Every identity is Σ weight·[f(X)k(1/X) + f(1/X)k(X)] = 2Σ weight·⟨f, k⟩ + X·S(X) + S(1/X)/X at X = z: the factors k are
/// known, so what multiplies f(z) goes to U and what multiplies f(1/z) to V.
pub(crate) fn laurent(point: &LaurentPoint<'_>) -> [Coefficients; 2] {
    let (low, high) = point.r.split_at(point.log_columns.min(point.r.len()));
    let (z, z_inverse) = (point.z, point.z_inverse);
    let h =
        |x: Fr| point.ga * eq_at_powers(high, x) - geometric_sum(point.alpha_prime * x, high.len());
    let [k_at_z, k_at_inverse] = point.weight_functional;
    let columns = 1usize << point.log_columns;
    let u = Coefficients {
        g_p: eq_at_powers(low, z_inverse),
        h: h(z_inverse),
        g: point.gb * k_at_inverse,
        s: -z,
        d: point.c1,
    };
    let v = Coefficients {
        g_p: eq_at_powers(low, z) - point.c1 * power(z, columns - 1),
        h: h(z),
        g: point.gb * k_at_z - point.c1 * point.psi * power(z, point.g_length - 1),
        s: -z_inverse,
        d: Fr::ZERO,
    };
    [u, v]
}

/// k′: κ followed by the 5μ entries k′_{C+j} = α·k′_j − k_{L,j}, so that ⟨g + (X^C − α)L, k′⟩ = ⟨g, κ⟩ − ⟨L, k_L⟩.
///
/// `kappa` holds κ_j for j below min(C, 5μ) at least; the entries are computed from the first ones on, since a mask longer than
/// C reaches back to entries of this very tail.
pub(crate) fn masked_tail(
    kappa: &[Fr],
    columns: usize,
    alpha: Fr,
    mask: &[Fr],
) -> alloc::vec::Vec<Fr> {
    let mut tail: alloc::vec::Vec<Fr> = alloc::vec::Vec::with_capacity(mask.len());
    for (j, mask) in mask.iter().enumerate() {
        let before = match j.checked_sub(columns) {
            None => kappa.get(j),
            Some(earlier) => tail.get(earlier),
        };
        tail.push(alpha * before.copied().unwrap_or(Fr::ZERO) - mask);
    }
    tail
}
