//! Lookups by logarithmic derivatives (logUp, ePrint 2022/1530; PROTOCOL §5).
//!
//! Each row of a lane makes two lookups, compressed by θ and shifted by λ:
//!
//! ```text
//! f₁ = λ + rem + θ²·RANGE        f₂ = λ + pre + θ·out + θ²·tag(row)
//! ```
//!
//! With a helper h = 1/f₁ + 1/f₂ for each lane and A = m/(λ + t) on the table's rows, every lookup is a row of the table exactly
//! if Σ h = Σ A as rational functions of λ; large tables add theirs to the right side ([`cq`](crate::cq)). The rows' constraints are
//!
//! ```text
//! h·f₁·f₂ − f₁ − f₂ = 0        A·(λ + t) − m = 0
//! ```

mod prover;
mod verifier;

pub(crate) use prover::{helpers, multiplicities, table_side};
pub(crate) use verifier::constraints;

use alloc::vec::Vec;

use ark_ff::Field;

use crate::curve::Fr;
use crate::program::Program;
use crate::table::{TAG_RANGE, TAG_ZERO};
use crate::transcript::{Lambda, Theta};

/// λ and θ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LookupChallenges {
    pub(crate) lambda: Lambda,
    pub(crate) theta: Theta,
}

impl LookupChallenges {
    /// f₁ for a remainder.
    pub(crate) fn remainder(&self, rem: Fr) -> Fr {
        self.lambda.0 + rem + self.theta.square() * Fr::from(TAG_RANGE)
    }

    /// f₂ for a value, its output and their tag.
    pub(crate) fn function(&self, pre: Fr, out: Fr, tag: Fr) -> Fr {
        self.lambda.0 + pre + self.theta.0 * (out + self.theta.0 * tag)
    }
}

/// The tag of every row of a lane.
#[expect(
    clippy::indexing_slicing,
    reason = "blocks lie inside a column; only a prover writes columns out"
)]
pub(crate) fn tag_column(program: &Program, lane: usize) -> Vec<u32> {
    let mut tags = alloc::vec![TAG_ZERO; program.rows()];
    for tensor in program.tensors() {
        let size = 1 << tensor.block_bits();
        for block in &tensor.blocks {
            if crate::encoding::widen(block.lane) == lane {
                tags[crate::encoding::widen(block.base)..][..size].fill(tensor.tag());
            }
        }
    }
    tags
}
