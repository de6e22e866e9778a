//! The weight matrix of a whole network, its commitment and cached quotients (cqlin, ePrint 2023/393; PROTOCOL §3, §5).
//!
//! W(X) = Σᵢ Wᵢ(X)·X^{iC}. For a challenge α, g(X) = W(X) mod (X^C − α) has coefficients g_j = Σᵢ αⁱ W[i][j], and
//! W − g = q·(X^C − α) with [q]₁ = Σ_{k ≥ 1} α^{k−1} Sₖ, Sₖ = [⌊W(X)/X^{Ck}⌋]₁. The Sₖ depend on the weights alone, so the
//! group work of a proof is one multi-scalar multiplication of R points.

#![allow(
    clippy::indexing_slicing,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec::Vec;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::encoding::signed_width;

/// R rows of C integers, row by row. Weights are secret: they are wiped when dropped and never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct WeightMatrix {
    columns: usize,
    entries: Vec<i32>,
}

impl core::fmt::Debug for WeightMatrix {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "WeightMatrix({} × {})", self.rows(), self.columns)
    }
}

impl WeightMatrix {
    /// A matrix of zeros.
    pub fn zero(rows: usize, columns: usize) -> Self {
        Self {
            columns,
            entries: alloc::vec![0; rows * columns],
        }
    }

    /// A matrix from its entries, row by row; `None` unless they fill whole rows.
    pub fn from_entries(columns: usize, entries: Vec<i32>) -> Option<Self> {
        (columns > 0 && entries.len().is_multiple_of(columns)).then_some(Self { columns, entries })
    }

    /// R.
    pub fn rows(&self) -> usize {
        self.entries.len() / self.columns
    }

    /// C.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The entries, row by row.
    pub fn entries(&self) -> &[i32] {
        &self.entries
    }

    /// The fewest bytes that hold every entry.
    pub fn width(&self) -> usize {
        let low = self.entries.iter().copied().min().unwrap_or(0);
        let high = self.entries.iter().copied().max().unwrap_or(0);
        signed_width(low.into(), high.into())
    }

    /// Row i.
    pub fn row(&self, row: usize) -> &[i32] {
        &self.entries[row * self.columns..][..self.columns]
    }

    /// The entry in a row and column.
    ///
    /// # Panics
    ///
    /// When there is no such entry.
    pub fn set(&mut self, row: usize, column: usize, weight: i32) {
        assert!(column < self.columns, "column outside the weight matrix");
        self.entries[row * self.columns + column] = weight;
    }

    /// How many coefficients W(X) has, without zeros at the end.
    pub fn degree_bound(&self) -> usize {
        let zeros = self.entries.iter().rev().take_while(|w| **w == 0).count();
        self.entries.len() - zeros
    }
}
