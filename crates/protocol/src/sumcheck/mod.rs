//! The one sumcheck over the rows, for lookups and all linear claims (PROTOCOL §5).
//!
//! ```text
//! Σ_x [ eq(x)·act(x)·Σ_k η^k constraint_k(x) + Σ_c u_c(x)·column_c(x) − K + mask(x) ] = v
//! ```
//!
//! act is 0 on the four random rows and 1 elsewhere. Each round sends s(0), s(2), …, s(5); s(1) follows from the claim, so a
//! round cannot contradict it. The sumcheck turns the claim v into one about each column at one point r.

mod instance;
mod lanes;
mod mask;
mod prover;
mod round;
mod verifier;

pub use instance::{Instance, InstanceParts};
pub use lanes::{ADDITIONS, FieldLanes};
pub(crate) use mask::{Mask, functional as mask_functional, mask_length};
pub(crate) use prover::prove;
pub(crate) use verifier::verify;

use ark_ff::{AdditiveGroup, Field, MontFp};

use crate::curve::Fr;

/// Degree of a round polynomial: eq · act · helper · lookup · lookup.
pub(crate) const DEGREE: usize = 5;
/// Values that determine a round polynomial.
pub const EVALUATIONS: usize = DEGREE + 1;
const INVERSE_OF_120: Fr =
    MontFp!("8572895124803716128713175583559099409681442723496280117948463306408858327450");

/// Where a round polynomial is evaluated.
const NODES: [u64; EVALUATIONS] = [0, 1, 2, 3, 4, 5];

/// act(r) = 1 − Π_{k ≥ 2} r_k.
pub(crate) fn active_at(r: &[Fr]) -> Fr {
    let random: Fr = r.iter().skip(2).product();
    Fr::ONE - random
}

/// The polynomial with the given values at 0, 1, …, 5, at x (Lagrange).
pub(crate) fn interpolate(values: &[Fr; EVALUATIONS], x: Fr) -> Fr {
    // Π_{j ≠ i} (i − j) = (−1)^{5−i} i! (5−i)!
    const DENOMINATORS: [i64; EVALUATIONS] = [-120, 24, -12, 12, -24, 120];
    let nodes = NODES.map(|node| x - Fr::from(node));
    let mut sum = Fr::ZERO;
    for (i, (value, denominator)) in values.iter().zip(DENOMINATORS).enumerate() {
        let others: Fr = nodes
            .iter()
            .enumerate()
            .filter(|(j, _)| *j != i)
            .map(|(_, node)| *node)
            .product();
        // 120 is a multiple of every denominator: its inverse serves all.
        sum += *value * others * Fr::from(120 / denominator);
    }
    sum * INVERSE_OF_120
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poly::univariate::evaluate;
    use crate::testing::scalars;

    #[test]
    fn interpolation_gives_the_polynomial_back() {
        let f = scalars(EVALUATIONS, 1);
        let values = core::array::from_fn(|i| evaluate(&f, Fr::from(i as u64)));
        let x = scalars(1, 2)[0];
        assert_eq!(interpolate(&values, x), evaluate(&f, x));
        assert_eq!(interpolate(&values, Fr::from(3u64)), values[3]);
    }

    #[test]
    fn only_the_last_four_rows_are_inactive() {
        for row in 0..64u64 {
            let bits: alloc::vec::Vec<Fr> = (0..6).map(|k| Fr::from(row >> k & 1)).collect();
            assert_eq!(active_at(&bits) == Fr::ZERO, row >= 60, "row {row}");
        }
    }
}
