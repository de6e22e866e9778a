//! Lookups in tables larger than the columns, at a cost that does not depend on their size: cq (Eagen, Fiore and Gabizon, ePrint
//! 2022/1763; PROTOCOL §11).
//!
//! A table T of N̂ rows has columns T̂_j(X) = Σᵢ t_{j,i} Lᵢ(X) over V = ⟨ω⟩ of order N̂, compressed as t = Σ_j θ^j t_j. Its rows' tags
//! are those of no other table, so the lookups of all tables are one multiset, and one claim balances them (see
//! [`lookup`](crate::lookup)). On this table's side stand, on the few rows that are used,
//!
//! ```text
//! m̂ (round 1)        Âᵢ = m̂ᵢ/(λ + tᵢ)        σ = Σ Âᵢ = N̂·Â(0)
//! e(Â, Σ_j θ^j [T̂_j]₂ + λ[1]₂) = e(m̂, [1]₂)·e(Q̂, [τ^N̂]₂ − [1]₂)
//! ```
//!
//! and deg Â < N̂ by reversal, as D carries ψ^{2+k}·X^{N̂−1}Â(1/X) for table k. All of these are combinations of a few cached points:
//! [Lᵢ]₁, and [Q_{j,i}]₁ with Q_{j,i} = (T̂_j(X) − t_{j,i})·Lᵢ(X)/Z_V(X).
//!
//! The multiplicities of the two blind rows, which no lookup reaches, are random cells of a column, so they are fixed before λ is
//! drawn, and the sumcheck's claim takes them from there. They make σ and the openings' value y_s uniform.

mod cached;
mod contents;
mod quotients;
mod sparse;
mod verifier;

pub use cached::{CachedRow, CachedTable, CachedTableError};
pub(crate) use contents::LargeCommitments;
pub use contents::TableContents;
pub use quotients::{Checkpoints, NoCheckpoints, Part, Preprocessor};
pub(crate) use sparse::{SparseSide, count};
pub(crate) use verifier::{TableMessages, TableOpeningClaim, TableOpenings};

use ark_ff::{AdditiveGroup, Field};

use crate::curve::Fr;
use crate::lookup::LookupChallenges;
use crate::program::Program;

/// How many columns a large table has: value, out, tag.
pub(crate) const COLUMNS: usize = 3;

/// The least root of unity of the field whose order is 2^log: ω of V.
pub(crate) fn root_of_unity(log: u32) -> Fr {
    use ark_ff::FftField;
    Fr::get_root_of_unity(1u64.checked_shl(log).unwrap_or(0)).unwrap_or(Fr::ZERO)
}

/// Z_V(x) = x^N̂ − 1.
pub(crate) fn vanishing(log: u32, x: Fr) -> Fr {
    (0..log).fold(x, |power, _| power.square()) - Fr::ONE
}

/// A cell whose random value is the multiplicity of a blind row, with 1/(λ + t) of that row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlindCell {
    pub(crate) column: usize,
    pub(crate) row: usize,
    pub(crate) inverse: Fr,
}

/// The blind cells of all large tables, two for each: blind row k stands at row n − 1 − k.
pub(crate) fn blind_cells(
    program: &Program,
    challenges: &LookupChallenges,
) -> alloc::vec::Vec<BlindCell> {
    let tables = 0..program.large_tables().len();
    tables
        .flat_map(|table| {
            let tag = Fr::from(program.blind_tag(table));
            [0u64, 1].map(|value| BlindCell {
                column: program.blind_column(table),
                row: program.rows() - if value == 0 { 1 } else { 2 },
                // λ + t is zero with probability 2⁻²⁵⁴, and then nothing is proved: the claim lacks what Â has there.
                inverse: challenges
                    .function(Fr::from(value), Fr::ZERO, tag)
                    .inverse()
                    .unwrap_or(Fr::ZERO),
            })
        })
        .collect()
}
