//! The prover's side: the functionals of the linear claims written out, one vector for each column.

#![allow(
    clippy::indexing_slicing,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::claims::LinearClaims;
use super::functional::{Functional, Part};
use super::kappa::{FoldedTerm, Kappa};
use crate::curve::Fr;
use crate::encoding::widen;
use crate::poly::axis::AxisVector;
use crate::program::{Columns, Program};

impl LinearClaims<'_> {
    /// The known part u; the last rows, random, are left out of every claim.
    pub(crate) fn dense(&self, program: &Program) -> Vec<Vec<Fr>> {
        let columns = program.columns();
        let mut u = alloc::vec![alloc::vec![Fr::ZERO; program.rows()]; columns.count()];
        for functional in &self.functionals {
            functional.add_to(columns, &mut u);
        }
        for lane in 0..program.lanes() {
            u[columns.helper(lane)][..program.active_rows()].fill(self.balance);
        }
        u[columns.table_side()][..program.active_rows()].fill(-self.balance);
        u
    }
}

impl Functional<'_> {
    fn add_to(&self, columns: Columns, u: &mut [Vec<Fr>]) {
        // The slowest axis first: entries are formed row-major over the valid cells, in the order of `cell_indices`.
        let vectors: Vec<Vec<Fr>> = self.axes.iter().rev().map(AxisVector::entries).collect();
        let entries = kronecker(self.coefficient, vectors.iter().map(Vec::as_slice));
        for (entry, index) in entries.iter().zip(self.tensor.cell_indices()) {
            let (lane, row) = self.tensor.place(index);
            u[self.part.column(columns, lane)][row] += entry;
        }
    }
}

impl Kappa<'_> {
    /// Σ_j K_j g_j / n: what the biases add to the summand at each row.
    pub(crate) fn constant(&self, g: &[Fr]) -> Fr {
        self.constants.iter().map(|(j, k)| *k * g[*j]).sum()
    }

    /// Subtracts Σ_j g_j·G_j from the dense vectors u.
    pub(crate) fn subtract_from(&self, g: &[Fr], u: &mut [Vec<Fr>]) {
        for term in &self.terms {
            term.subtract_from(self.columns, g, u);
        }
    }
}

impl FoldedTerm<'_> {
    fn subtract_from(&self, columns: Columns, g: &[Fr], u: &mut [Vec<Fr>]) {
        let channels = widen(self.source.channels);
        let sums = self.axis_sums();
        let cells = self.source.cell_indices();
        for tap in 0..self.term.taps() {
            let weights = self.weights(g, tap);
            let split = self.term.split_tap(tap);
            let sums = sums
                .iter()
                .zip(split)
                .map(|(sums, tap)| sums[widen(tap)].as_slice());
            let positions = kronecker(Fr::ONE, sums);
            for (factor, cells) in positions.iter().zip(cells.chunks(channels)) {
                if *factor == Fr::ZERO {
                    continue;
                }
                for (weight, index) in weights.iter().zip(cells) {
                    let (lane, row) = self.source.place(*index);
                    u[Part::Out.column(columns, lane)][row] -= *factor * weight;
                }
            }
        }
    }

    /// Σ_b γ·α^{Rb}·g[b, tap, c] for each channel c.
    fn weights(&self, g: &[Fr], tap: usize) -> Vec<Fr> {
        let mut weights = alloc::vec![Fr::ZERO; widen(self.source.channels)];
        for (runs, coefficient) in self
            .term
            .runs
            .chunks(self.term.taps())
            .zip(&self.coefficients)
        {
            for (weight, g) in weights.iter_mut().zip(&g[widen(runs[tap])..]) {
                *weight += *coefficient * g;
            }
        }
        weights
    }
}

/// scale · v₀ ⊗ v₁ ⊗ …, the last index running fastest.
fn kronecker<'a>(scale: Fr, vectors: impl Iterator<Item = &'a [Fr]>) -> Vec<Fr> {
    vectors.fold(alloc::vec![scale], |product, vector| {
        product
            .iter()
            .flat_map(|entry| vector.iter().map(move |factor| *entry * factor))
            .collect()
    })
}
