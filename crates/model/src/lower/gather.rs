//! Rows of constant tables, chosen by the integers of an input: embeddings.
//!
//! Row numbers stay the input's until a table is read: what lies between only moves them, and nothing else may compute with them.

use alloc::vec;
use alloc::vec::Vec;

use super::error::{LowerError, Problem};
use super::layout::{Atom, Layout};
use super::value::Value;
use super::{Lowering, problem};
use crate::graph::{ElementType, Node, Operand, Operation};
use crate::integer::AxisMap;
use crate::layered::{Gathered, MAX_GATHERED_ROWS};

/// Every axis longer than one on a position axis of its own.
pub(super) fn index_layout(shape: &[usize]) -> Layout {
    Layout::standard(shape, shape.len(), 0)
}

/// Whether an operation may have row numbers as an operand.
pub(super) fn moves(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Reshape { .. }
            | Operation::Transpose { .. }
            | Operation::Slice { .. }
            | Operation::Split { .. }
            | Operation::Concat { .. }
            | Operation::Expand { .. }
            | Operation::Gather { .. }
            | Operation::Cast {
                to: ElementType::Int32 | ElementType::Int64
            }
    )
}

impl<'a> Lowering<'a> {
    /// Whether an operand holds row numbers.
    pub(super) fn reads_rows(&self, node: &Node) -> bool {
        let values = node.inputs.iter().filter_map(Operand::value);
        values
            .filter_map(|value| self.values[value].as_ref())
            .any(|value| self.builder.reads_rows(&value.expression))
    }

    /// `Gather` along an axis of a constant by row numbers.
    pub(super) fn gathered(&mut self, node: &'a Node, axis: usize) -> Result<Value, LowerError> {
        let table = self.floats(node, 0)?;
        let shape = self.graph.shape(&node.inputs[0]);
        let indices = self.operand(node, 1)?;
        if !self.builder.copies_rows(&indices.expression) {
            return Err(problem(node, Problem::Indices));
        }
        let (rows, limit) = (shape[axis], MAX_GATHERED_ROWS);
        if table.is_empty() {
            return Err(problem(node, Problem::Empty));
        }
        if rows > limit {
            return Err(problem(node, Problem::Rows { rows, limit }));
        }
        let indices = self.on_positions(node, indices)?;
        let (before, after) = (&shape[..axis], &shape[axis + 1..]);
        let (outer, inner): (usize, usize) = (before.iter().product(), after.iter().product());
        let gathered = Gathered {
            rows,
            table: by_rows(table, (outer, rows, inner)),
        };
        // Every channel reads the one index of its position.
        let mut lengths = indices.expression.lengths.clone();
        lengths[0] = outer * inner;
        let mut maps = vec![AxisMap::IDENTITY; lengths.len()];
        maps[0].stride = 0;
        let read = indices.expression.view(&maps, &lengths, 1.0);
        let mut read = read.ok_or_else(|| problem(node, Problem::Axes))?;
        read.origin.add(&node.name, &node.operator);
        read.within_sources = false;
        Ok(Value {
            expression: self.builder.commit_gathered(read, gathered),
            layout: around(&indices.layout, before, after),
        })
    }

    /// Row numbers none of which lie along the channel axis.
    fn on_positions(&mut self, node: &Node, indices: Value) -> Result<Value, LowerError> {
        let axes = 0..indices.shape().len();
        let on_channels = |axis: &usize| {
            let atoms = indices.layout.atoms(*axis);
            atoms.iter().any(|atom| atom.axis == 0)
        };
        let mut layout = indices.layout.clone();
        for axis in axes.filter(on_channels) {
            let atom = Atom {
                length: indices.shape()[axis],
                axis: layout.free_axis(1),
                stride: 1,
            };
            layout = layout.with_axis(axis, vec![atom]);
        }
        if layout == indices.layout {
            return Ok(indices);
        }
        let turned = self.turned(node, &indices, &layout)?;
        turned
            .filter(|turned| self.builder.copies_rows(&turned.expression))
            .ok_or_else(|| problem(node, Problem::Indices))
    }
}

/// A table `[outer, rows, inner]` as `[rows, outer, inner]`.
fn by_rows(table: &[f32], (outer, rows, inner): (usize, usize, usize)) -> Vec<f32> {
    let row = |row: usize| {
        (0..outer).flat_map(move |block| &table[(block * rows + row) * inner..][..inner])
    };
    (0..rows).flat_map(row).copied().collect()
}

/// The layout of what is gathered: axes of the table before and after the one that the indices' axes take the place of, on the channels.
fn around(indices: &Layout, before: &[usize], after: &[usize]) -> Layout {
    let own = [before, after].concat();
    let channels = Layout::placed(&own, &vec![0; own.len()]);
    let (outer, inner) = (0..before.len(), before.len()..own.len());
    let atoms = |axis: usize| channels.atoms(axis).to_vec();
    let chosen = (0..indices.shape().len()).map(|axis| indices.atoms(axis).to_vec());
    let axes = outer.map(atoms).chain(chosen).chain(inner.map(atoms));
    Layout::new(axes.collect())
}
