//! The tables of the sumcheck.

#![allow(
    clippy::indexing_slicing,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};
use zeroize::Zeroize;

use crate::curve::Fr;
use crate::poly::multilinear::eq_table;

/// The tables of the sumcheck, folded round by round.
///
/// Of a lane's lookups f₁ = remainder + a constant is not held, as its column is; f₂ is multilinear as the columns are. eq of the
/// zerocheck's point is held for the variables that are left after the round's own: those before it are a factor of the whole, and its own a
/// factor of the round polynomial (Gruen, ePrint 2024/108). act is one but for the last rows, and is held in closed form.
///
/// The tables are the witness: they are wiped when dropped and never printed.
#[derive(Clone)]
pub struct Instance {
    pub(super) parts: InstanceParts,
    /// eq(point[k + 1..], ·) in round k.
    pub(super) later: Vec<Fr>,
    /// Π_{i < k} eq(point[i], rᵢ).
    pub(super) earlier: Fr,
    /// k, how many variables are bound.
    pub(super) round: usize,
    /// Π rᵢ for 2 ≤ i < k: act of the last row that is left is one minus that, from the third round on.
    pub(super) inactive: Fr,
}

/// What an [`Instance`] is made of. All tables have n = 2^μ entries; indices are those of `columns`.
#[derive(Clone, Default)]
pub struct InstanceParts {
    /// The zerocheck's point, μ scalars.
    pub point: Vec<Fr>,
    /// η, which separates the lookups' constraints.
    pub eta: Fr,
    /// What is added to the summand at every row: minus the biases' constant.
    pub constant: Fr,
    /// All columns.
    pub columns: Vec<Vec<Fr>>,
    /// For each lane, its column of remainders.
    pub remainders: Vec<usize>,
    /// f₁ less the remainder: λ + θ²·RANGE.
    pub remainder_shift: Fr,
    /// For each lane f₂.
    pub functions: Vec<Vec<Fr>>,
    /// For each lane, its helper's column.
    pub helpers: Vec<usize>,
    /// λ + t.
    pub table: Vec<Fr>,
    /// The column A.
    pub table_side: usize,
    /// The column m.
    pub multiplicities: usize,
    /// (column, u) for every column with linear claims.
    pub linear: Vec<(usize, Vec<Fr>)>,
}

impl core::fmt::Debug for InstanceParts {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} columns of {}", self.columns.len(), self.table.len())
    }
}

impl InstanceParts {
    /// Every table of as many entries as there are rows left.
    fn tables_mut(&mut self) -> impl Iterator<Item = &mut Vec<Fr>> {
        [&mut self.table]
            .into_iter()
            .chain(self.functions.iter_mut())
            .chain(self.columns.iter_mut())
            .chain(self.linear.iter_mut().map(|(_, u)| u))
    }
}

impl core::fmt::Debug for Instance {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Instance of {} pairs", self.pairs())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        for table in self.parts.tables_mut() {
            table.zeroize();
        }
    }
}

impl Instance {
    /// The sumcheck's first state.
    pub fn new(parts: InstanceParts) -> Self {
        let later = eq_table(parts.point.get(1..).unwrap_or_default());
        Self {
            parts,
            later,
            earlier: Fr::ONE,
            round: 0,
            inactive: Fr::ONE,
        }
    }

    /// Half of the rows that are left: what a round sums over.
    pub fn pairs(&self) -> usize {
        self.parts.table.len() / 2
    }

    /// The columns; when all variables are bound, of one entry each.
    pub fn columns(&self) -> &[Vec<Fr>] {
        &self.parts.columns
    }

    /// As [`Self::columns`].
    pub fn columns_mut(&mut self) -> &mut [Vec<Fr>] {
        &mut self.parts.columns
    }

    /// λ + t.
    pub fn table(&self) -> &[Fr] {
        &self.parts.table
    }

    /// Every table that a backend binds.
    pub fn tables_mut(&mut self) -> impl Iterator<Item = &mut Vec<Fr>> {
        self.parts.tables_mut()
    }

    /// Binds the round's variable in everything that is no table for a backend to bind.
    pub(super) fn advance(&mut self, r: Fr) {
        let own = self.parts.point[self.round];
        self.earlier *= Fr::ONE - own - r + (own * r).double();
        // Σ over a variable of eq is one: the entries for the variables that are left are sums of two.
        let half = self.later.len() / 2;
        for i in 0..half {
            self.later[i] = self.later[2 * i] + self.later[2 * i + 1];
        }
        self.later.truncate(half);
        if self.round >= 2 {
            self.inactive *= r;
        }
        self.round += 1;
    }
}
