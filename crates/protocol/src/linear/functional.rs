//! Linear functionals on the cells of one tensor.

use alloc::vec::Vec;

use ark_ff::AdditiveGroup;

use crate::curve::{Fr, integer_product};
use crate::poly::axis::AxisVector;
use crate::program::{Columns, Tensor};

/// Which of the three values of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The remainder.
    Rem,
    /// The shifted accumulator.
    Pre,
    /// The output.
    Out,
}

impl Part {
    pub(crate) fn column(self, columns: Columns, lane: usize) -> usize {
        match self {
            Self::Rem => columns.rem(lane),
            Self::Pre => columns.pre(lane),
            Self::Out => columns.out(lane),
        }
    }
}

/// coefficient · ⊗ axes, applied to one part of a tensor's cells. The axes come in the order of the row bits.
#[derive(Clone, Debug)]
pub(crate) struct Functional<'a> {
    pub(crate) tensor: &'a Tensor,
    pub(crate) part: Part,
    pub(crate) coefficient: Fr,
    pub(crate) axes: Vec<AxisVector>,
}

impl Functional<'_> {
    /// Σ_blocks (the functional's vector at r) · z, with `z` the evaluation of each column at r.
    pub(crate) fn evaluate(&self, columns: Columns, r: &[Fr], z: &[Fr]) -> Fr {
        let blocks = self.tensor.block_points(r);
        let sum: Fr = blocks
            .iter()
            .map(|block| {
                let mut rest = block.point.as_slice();
                let mut value = block.prefix * columns.at(z, self.part.column(columns, block.lane));
                for (axis, (_, bits)) in self.axes.iter().zip(self.tensor.axes()) {
                    let (point, tail) = rest.split_at(bits);
                    value *= axis.evaluate(point);
                    rest = tail;
                }
                value
            })
            .sum();
        sum * self.coefficient
    }

    /// ⟨functional, values⟩ over the valid cells, row-major.
    pub(crate) fn apply(&self, values: &[i64]) -> Fr {
        // The channels come first and are most of the work, on integers.
        let Some((channels, positions)) = self.axes.split_first() else {
            return Fr::ZERO;
        };
        let vector = channels.entries();
        let mut values: Vec<Fr> = values
            .chunks(vector.len().max(1))
            .map(|chunk| integer_product(chunk, &vector))
            .collect();
        for axis in positions {
            let vector = axis.entries();
            values = values
                .chunks(vector.len().max(1))
                .map(|chunk| chunk.iter().zip(&vector).map(|(v, a)| *v * a).sum())
                .collect();
        }
        values.first().copied().unwrap_or(Fr::ZERO) * self.coefficient
    }
}
