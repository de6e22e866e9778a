//! Lookups in tables larger than the columns, at a cost that does not depend on their size: cq (Eagen, Fiore and Gabizon, ePrint
//! 2022/1763; PROTOCOL §11).
//!
//! A table T of N̂ rows has columns T̂_j(X) = Σᵢ t_{j,i} Lᵢ(X) over V = ⟨ω⟩ of order N̂, compressed as t = Σ_j θ^j t_j. On its side stand,
//! on the few rows that are used,
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
//!
//! # One claim for all tables
//!
//! §11 gives each large table helpers and a sum claim of its own. Here the lookups of all tables are one multiset, in the lanes' helpers,
//! and one claim balances it (see [`lookup`](crate::lookup)):
//!
//! ```text
//! Σ 1/f + Σ m*/(λ + t*)  =  Σ m/(λ + t) + Σ_k σ_k
//! ```
//!
//! over all lookups f = λ + value + θ·out + θ²·tag, the blind rows, the small table's rows and those of each large table k. Everything in it
//! is committed to before λ and θ, so if it holds at them it holds, but for a negligible probability, as an identity of rational functions
//! of λ in which poles are triples (value, out, tag): at each, the number of lookups, with m* if it is a blind row, is the sum of the
//! multiplicities of the rows that have it. A triple in no row of any table therefore has a number of lookups that is 0 modulo r, and as they
//! are fewer than r, none. A lookup's tag is the verifier's own, so what it reaches is a row of that tag. This is as good as separate
//! claims on one condition: that a tag stands in the rows of one table only, and that blind rows have tags of their own. The program
//! numbers the tags so, the key proves of the large tables that they have them ([`RowsClaim`]), and of the small table
//! [`check_table`](crate::VerifyingKey::check_table) or a pinned digest says it. Whoever lifts the condition must separate the claims.

//!
//! # Outputs that stay private
//!
//! The outputs of a hidden table ([`Visibility::Hidden`]) are private, as weights are. Its key commits to them by [T̂]₁ + ρ[β]₁ and
//! [T̂]₂ + ρ[β]₂, with one uniform ρ that stays in the proving key. The table's equation then has a factor e(Â, θρ[β]₂) too much, which E
//! takes: E gains θρ·[Â]₁, times the equation's weight. A verifier does nothing else than before.
//!
//! What does whoever has the key, its points of G2 included, and any number of proofs learn of the outputs? Nothing, and it does not
//! depend on what can be computed:
//!
//! - With x = T̂(τ) + ρβ both commitments are x times a generator, and x is uniform whatever T̂ is. That the two are to the same column is
//!   checked as ever (one ρ serves both), and the proof about values and tags does not concern the outputs.
//! - In a proof, [m̂]₁, [Â]₁, [Q̂]₁ and the openings have blindings of their own, so each is uniform. Without its own, [Q̂]₁ would be a
//!   function of Â and the table. σ and y_s are uniform by the blind rows, the other scalars by PROTOCOL §8.
//! - E is the one point that makes the sum of all equations true: a function of the key, the setup and the rest of the proof.
//!
//! So keys and proofs have one distribution for all tables with one description, and no guess can be told from the truth; nor can two
//! keys be told to hold the same table. What the description tells is public: the number of rows, the values, the bounds of the outputs
//! (which whoever makes the key chooses and which need not be reached), and that the output for zero is 0, as padded cells hold it.
//!
//! Not covered: outputs that a proof reveals because they are the network's; the number of distinct rows that a proof uses, which its
//! time shows; and files of cached points, parts of a preprocessing and proving keys, which hold the outputs or points that follow from
//! them without blinding. A file's name is a digest of the columns, against which a guess can be tested.
//!
//! In the algebraic group model nothing is lost: what of [T̂]₂ is a multiple of [β]₂ meets terms in β and β² alone, and the part without β
//! of the sum of all equations is the identity that is wanted, for a T̂ that the key has fixed.

mod cached;
mod contents;
mod direct;
mod quotients;
mod rows;
mod sparse;
mod verifier;

pub use cached::{CachedRow, CachedTable, CachedTableError};
#[cfg(test)]
pub(crate) use contents::interpolate;
pub(crate) use contents::{LargeCommitments, name as table_name};
pub use contents::{PlacedTable, TableContents, Visibility};
pub use quotients::{Checkpoints, NoCheckpoints, Part, Preprocessor};
pub(crate) use rows::RowsClaim;
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
