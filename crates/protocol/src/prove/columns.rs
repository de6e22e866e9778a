//! The columns with their random rows and blindings.

#![allow(
    clippy::indexing_slicing,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec::Vec;

use ark_ec::CurveGroup;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::backend::Backend;
use crate::curve::{Fr, G1Affine};
use crate::opening::CommitKey;
use crate::program::Program;
use crate::random::{RandomSource, RandomnessUnavailable};

/// The four random rows of a column and the blinding of its commitment.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Hiding {
    pub(crate) rows: [Fr; 4],
    pub(crate) blinding: Fr,
}

impl Hiding {
    pub(crate) fn draw(random: &mut dyn RandomSource) -> Result<Self, RandomnessUnavailable> {
        let mut scalar = || random.scalar();
        Ok(Self {
            rows: [scalar()?, scalar()?, scalar()?, scalar()?],
            blinding: scalar()?,
        })
    }

    /// The part of a commitment that hides: the random rows and the blinding.
    fn commit(
        &self,
        key: &CommitKey<'_>,
        rows: usize,
        backend: &impl Backend,
    ) -> crate::curve::G1Projective {
        let [a, b, c, d] = self.rows;
        let mut bases = key.powers[rows - 4..rows].to_vec();
        bases.push(key.beta);
        backend.msm(&bases, &[a, b, c, d, self.blinding])
    }

    /// Commits to a column of small integers whose last four rows are these.
    pub(crate) fn commit_cells(
        &self,
        cells: &[i64],
        key: &CommitKey<'_>,
        backend: &impl Backend,
    ) -> G1Affine {
        let active = cells.len() - 4;
        let sum = backend.msm_small(&key.powers[..active], &cells[..active]);
        (sum + self.commit(key, cells.len(), backend)).into_affine()
    }

    /// Commits to a column of scalars whose last four rows are these.
    ///
    /// Most active rows of some columns hold one value, `common`: those cost one multiplication together.
    pub(crate) fn commit_column(
        &self,
        column: &[Fr],
        common: Fr,
        key: &CommitKey<'_>,
        backend: &impl Backend,
    ) -> G1Affine {
        let rest = column.iter().map(|cell| *cell - common);
        let mut rest = Zeroizing::new(rest.collect::<Vec<Fr>>());
        self.place(&mut rest);
        let sum = backend.msm(&key.powers[..rest.len()], &rest);
        (sum + key.ones * common + key.beta * self.blinding).into_affine()
    }

    /// A column of small integers as scalars, with the random rows.
    pub(crate) fn column_of(&self, cells: &[i64]) -> Vec<Fr> {
        let mut column: Vec<Fr> = cells.iter().copied().map(Fr::from).collect();
        self.place(&mut column);
        column
    }

    /// Writes the random rows into a column.
    fn place(&self, column: &mut [Fr]) {
        let start = column.len() - 4;
        column[start..].copy_from_slice(&self.rows);
    }
}

/// The columns of a proof, all as scalars. Wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct SecretColumns {
    pub(crate) columns: Vec<Vec<Fr>>,
}

impl SecretColumns {
    /// Empty columns for a program.
    pub(crate) fn new(program: &Program) -> Self {
        Self {
            columns: Vec::with_capacity(program.columns().count()),
        }
    }

    /// Adds a column of scalars with its random rows.
    pub(crate) fn push(&mut self, mut column: Vec<Fr>, hiding: &Hiding) {
        hiding.place(&mut column);
        self.columns.push(column);
    }
}
