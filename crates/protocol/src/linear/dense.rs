//! The prover's side: the functionals of the linear claims written out, one vector for each column.

#![allow(
    clippy::indexing_slicing,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::axis_sums::kronecker;
use super::claims::LinearClaims;
use super::functional::{Functional, Part};
use super::kappa::{FoldedTerm, Kappa};
use crate::curve::Fr;
use crate::encoding::widen;
use crate::poly::axis::AxisVector;
use crate::program::{Columns, Program};

impl LinearClaims<'_> {
    /// The known part u; of the last rows, which are random, only the large tables' blind cells have a part in any claim.
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
        for cell in &self.blind {
            u[cell.column][cell.row] += self.balance * cell.inverse;
        }
        u
    }
}

impl Functional<'_> {
    fn add_to(&self, columns: Columns, u: &mut [Vec<Fr>]) {
        let Some((channels, positions)) = self.axes.split_first() else {
            return;
        };
        let channels = channels.entries();
        // The slowest axis first: row-major, as the pieces come.
        let positions: Vec<Vec<Fr>> = positions.iter().rev().map(AxisVector::entries).collect();
        let positions = kronecker(self.coefficient, positions.iter().map(Vec::as_slice));
        for piece in self.tensor.pieces() {
            let factor = positions[piece.position];
            if factor == Fr::ZERO {
                continue;
            }
            let rows = &mut u[self.part.column(columns, piece.lane)][piece.row..][..piece.length];
            for (u, channel) in rows.iter_mut().zip(&channels[piece.channel..]) {
                *u += factor * channel;
            }
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
    /// The functional Σ_t Π_axes K_t(q)·w[t, c] is contracted axis by axis, the fastest first: only the slowest axis costs
    /// a multiplication for each cell and tap.
    fn subtract_from(&self, columns: Columns, g: &[Fr], u: &mut [Vec<Fr>]) {
        let mut sums: Vec<Vec<Vec<Fr>>> = (self.axis_sums().iter())
            .map(|taps| taps.iter().map(AxisVector::entries).collect())
            .collect();
        let slowest = match sums.is_empty() {
            true => alloc::vec![alloc::vec![Fr::ONE]],
            false => sums.remove(0),
        };
        let channels = widen(self.source.channels);
        let mut plane = channels;
        let mut product = self.weights(g);
        for sums in sums.iter().rev() {
            product = contract(&product, sums, plane);
            plane *= sums[0].len();
        }
        for piece in self.source.pieces() {
            let cell = piece.position * channels + piece.channel;
            let (q, offset) = (cell / plane, cell % plane);
            let rows = &mut u[Part::Out.column(columns, piece.lane)][piece.row..][..piece.length];
            for (sums, values) in slowest.iter().zip(product.chunks(plane)) {
                add_multiple(rows, &values[offset..], -sums[q]);
            }
        }
    }

    /// w[t, c] = 2^e·γ·α^{Rb}·g[b, t, c] summed over the blocks b whose runs cover channel c, for each tap of all axes together.
    fn weights(&self, g: &[Fr]) -> Vec<Fr> {
        let (channels, taps) = (widen(self.source.channels), self.term.taps());
        let height = self.diagonal.unwrap_or(channels);
        let mut weights = alloc::vec![Fr::ZERO; taps * channels];
        let blocks = self.term.runs().chunks(taps);
        for (block, (runs, coefficient)) in blocks.zip(&self.coefficients).enumerate() {
            let first = self.first_channel(block);
            let length = height.min(channels - first);
            for (run, weights) in runs.iter().zip(weights.chunks_mut(channels)) {
                let run = &g[widen(*run)..][..length];
                add_multiple(&mut weights[first..][..length], run, *coefficient);
            }
        }
        weights
    }
}

/// Σ_t sums[t][q]·product[…, t, i]: replaces the taps of the axis behind `plane` faster entries by its cells.
fn contract(product: &[Fr], sums: &[Vec<Fr>], plane: usize) -> Vec<Fr> {
    let length = sums[0].len();
    let outer = product.len() / (sums.len() * plane);
    let mut contracted = alloc::vec![Fr::ZERO; outer * length * plane];
    let outputs = contracted.chunks_mut(length * plane);
    for (taps, cells) in product.chunks(sums.len() * plane).zip(outputs) {
        for (sums, values) in sums.iter().zip(taps.chunks(plane)) {
            for (factor, cells) in sums.iter().zip(cells.chunks_mut(plane)) {
                add_multiple(cells, values, *factor);
            }
        }
    }
    contracted
}

/// a += scale·b over the shorter of the two.
fn add_multiple(a: &mut [Fr], b: &[Fr], scale: Fr) {
    if scale == Fr::ZERO {
        return;
    }
    for (a, b) in a.iter_mut().zip(b) {
        *a += scale * b;
    }
}
