//! The mask that hides the round polynomials (Libra, ePrint 2019/317, in a basis of zero sum; PROTOCOL §5).
//!
//! mask(x) = Σ_k Σ_d c_{k,d}(x_k^d − ½), d = 1 … 5, coefficient c_{k,d} at index 5k + d − 1. Each term sums to zero over the
//! hypercube, so the mask's sum is zero identically: there is no sum to send, and none to send too late.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{DEGREE, EVALUATIONS, NODES};
use crate::curve::{Fr, HALF};
use crate::random::{RandomSource, RandomnessUnavailable};

/// How many coefficients the mask of μ variables has.
pub(crate) const fn mask_length(log_rows: usize) -> usize {
    DEGREE * log_rows
}

/// The mask's coefficients.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Mask {
    coefficients: Vec<Fr>,
}

impl Mask {
    pub(crate) fn draw(
        log_rows: usize,
        random: &mut dyn RandomSource,
    ) -> Result<Self, RandomnessUnavailable> {
        let coefficients: Result<_, _> = (0..mask_length(log_rows))
            .map(|_| random.scalar())
            .collect();
        Ok(Self {
            coefficients: coefficients?,
        })
    }

    pub(crate) fn coefficients(&self) -> &[Fr] {
        &self.coefficients
    }

    /// What the mask adds to the round polynomial of variable `bound.len()`, at 0, 1, …, 5.
    pub(crate) fn round(&self, bound: &[Fr]) -> [Fr; EVALUATIONS] {
        let variables = self.coefficients.chunks(DEGREE);
        let left = variables.len() - bound.len() - 1;
        let past: Fr = variables
            .clone()
            .zip(bound)
            .map(|(coefficients, r)| term(coefficients, *r))
            .sum();
        let current = self
            .coefficients
            .chunks(DEGREE)
            .nth(bound.len())
            .unwrap_or(&[]);
        // The variables after this one sum to zero in their own terms and count the others twice each.
        let weight = Fr::from(1u64 << left);
        NODES.map(|x| weight * (past + term(current, Fr::from(x))))
    }
}

fn term(coefficients: &[Fr], x: Fr) -> Fr {
    let mut power = x;
    let mut sum = Fr::ZERO;
    for coefficient in coefficients {
        sum += *coefficient * (power - HALF);
        power *= x;
    }
    sum
}

/// k_L: the factor that each coefficient has in mask(r).
pub(crate) fn functional(r: &[Fr]) -> Vec<Fr> {
    r.iter()
        .flat_map(|r| {
            let mut power = Fr::ONE;
            (0..DEGREE).map(move |_| {
                power *= r;
                power - HALF
            })
        })
        .collect()
}
