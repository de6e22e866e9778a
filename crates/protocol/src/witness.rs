//! The witness: a cell (rem, pre, out) for every valid position of every tensor.

#![allow(
    clippy::indexing_slicing,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::encoding::widen;
use crate::program::Program;

/// A cell: acc + 2^{s−1} = 2^s·pre + rem, out = f(pre).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The remainder, in [0, 2^s).
    pub rem: i64,
    /// The shifted accumulator.
    pub pre: i64,
    /// The output of the tensor's table segment.
    pub out: i64,
}

impl Zeroize for Cell {
    fn zeroize(&mut self) {
        self.rem.zeroize();
        self.pre.zeroize();
        self.out.zeroize();
    }
}

/// The cells of every tensor of a program, each row-major over (positions…, channels). Wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Witness {
    tensors: Vec<Vec<Cell>>,
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Witness({} tensors)", self.tensors.len())
    }
}

/// Why cells are not a witness of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WitnessError {
    /// There are not as many tensors as in the program.
    TensorCount {
        /// In the program.
        expected: usize,
        /// Given.
        found: usize,
    },
    /// A tensor does not have as many cells as in the program.
    CellCount {
        /// The tensor.
        tensor: usize,
        /// In the program.
        expected: usize,
        /// Given.
        found: usize,
    },
    /// A cell is in no row of the table.
    NotInTable {
        /// The tensor.
        tensor: usize,
        /// The cell, row-major.
        cell: usize,
    },
}

impl fmt::Display for WitnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TensorCount { expected, found } => {
                write!(f, "{found} tensors given where the program has {expected}")
            }
            Self::CellCount {
                tensor,
                expected,
                found,
            } => write!(f, "tensor {tensor} has {found} cells, not {expected}"),
            Self::NotInTable { tensor, cell } => {
                write!(
                    f,
                    "cell {cell} of tensor {tensor} is in no row of the table"
                )
            }
        }
    }
}

impl core::error::Error for WitnessError {}

impl Witness {
    /// A witness for `program`.
    ///
    /// # Errors
    ///
    /// [`WitnessError`] when counts differ from the program's or a cell is in no row of the table. Whether the layers' claims
    /// hold is not checked here: a proof of false ones does not verify.
    pub fn new(program: &Program, tensors: Vec<Vec<Cell>>) -> Result<Self, WitnessError> {
        let witness = Self { tensors };
        witness.check_counts(program)?;
        for (index, (tensor, cells)) in program.tensors().iter().zip(&witness.tensors).enumerate() {
            let place = program.large_place(tensor.segment);
            let fits = |cell: &Cell| match &place {
                // What the outputs of a large table are, only its commitments say.
                Some(place) => {
                    let (low, high) = program.output_range(tensor);
                    place.row(cell.pre).is_some() && (low..=high).contains(&cell.out)
                }
                None => {
                    let segment = &program.table().segments[widen(tensor.segment)];
                    segment.apply(cell.pre) == Some(cell.out)
                }
            };
            let bad = cells
                .iter()
                .position(|cell| program.table().remainder_row(cell.rem).is_none() || !fits(cell));
            if let Some(cell) = bad {
                return Err(WitnessError::NotInTable {
                    tensor: index,
                    cell,
                });
            }
        }
        Ok(witness)
    }

    /// The witness of a batch: the cells of every tensor of one inference after the other.
    pub(crate) fn batch(witnesses: &[Self]) -> Self {
        let tensors = witnesses.first().map_or(0, |first| first.tensors.len());
        let tensor = |index: usize| {
            let cells = witnesses.iter().flat_map(|witness| witness.tensor(index));
            cells.copied().collect()
        };
        Self {
            tensors: (0..tensors).map(tensor).collect(),
        }
    }

    /// Checks that there are as many tensors and cells as in the program.
    ///
    /// # Errors
    ///
    /// [`WitnessError::TensorCount`] or [`WitnessError::CellCount`].
    pub(crate) fn check_counts(&self, program: &Program) -> Result<(), WitnessError> {
        let (expected, found) = (program.tensors().len(), self.tensors.len());
        if expected != found {
            return Err(WitnessError::TensorCount { expected, found });
        }
        for (index, (tensor, cells)) in program.tensors().iter().zip(&self.tensors).enumerate() {
            let (expected, found) = (tensor.cells(), cells.len());
            if expected != found {
                return Err(WitnessError::CellCount {
                    tensor: index,
                    expected,
                    found,
                });
            }
        }
        Ok(())
    }

    /// The cells of a tensor, row-major.
    pub fn tensor(&self, index: usize) -> &[Cell] {
        &self.tensors[index]
    }
}

/// The cells of all lanes as columns of small integers, padded cells and unused rows filled in. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct CellColumns {
    columns: Vec<Vec<i64>>,
}

impl CellColumns {
    /// Lays the witness out in the program's lanes.
    pub(crate) fn new(program: &Program, witness: &Witness) -> Self {
        let mut columns = alloc::vec![alloc::vec![0; program.rows()]; 3 * program.lanes()];
        for (tensor, cells) in program.tensors().iter().zip(&witness.tensors) {
            let padding = program.padding(tensor);
            let size = 1 << tensor.block_bits();
            for block in &tensor.blocks {
                columns[3 * widen(block.lane) + 2][widen(block.base)..][..size].fill(padding);
            }
            let channels = widen(tensor.channels);
            for piece in tensor.pieces() {
                let cells = &cells[piece.position * channels + piece.channel..][..piece.length];
                for (cell, row) in cells.iter().zip(piece.row..) {
                    for (part, value) in [cell.rem, cell.pre, cell.out].into_iter().enumerate() {
                        columns[3 * piece.lane + part][row] = value;
                    }
                }
            }
        }
        Self { columns }
    }

    /// rem, pre and out of a lane.
    pub(crate) fn lane(&self, lane: usize) -> [&[i64]; 3] {
        [0, 1, 2].map(|part| self.columns[3 * lane + part].as_slice())
    }

    /// All columns, for the tests that play a cheating prover.
    #[cfg(test)]
    pub(crate) fn columns_mut(&mut self) -> &mut [Vec<i64>] {
        &mut self.columns
    }
}
