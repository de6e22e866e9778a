//! Elements that move from one layered axis to another, each by a term of its own: nothing but copies, where a matrix would take weights.

use alloc::vec;
use alloc::vec::Vec;

use super::Lowering;
use super::error::LowerError;
use super::expression::{Expression, at};
use super::layout::{Atom, Layout};
use super::maximum::single;
use super::value::Value;
use crate::graph::Node;
use crate::integer::AxisMap;

/// The longest axis that is moved by terms.
const MAX_TERMS: usize = 32;

/// An ONNX axis that moves.
#[derive(Clone, Copy)]
struct Turn {
    axis: usize,
    length: usize,
    from: usize,
    to: usize,
}

impl Lowering<'_> {
    /// The same elements in another layout, if axes that are whole and short move one after the other to where nothing is; the last one stays
    /// without cells of its own.
    pub(super) fn turned(
        &mut self,
        node: &Node,
        x: &Value,
        layout: &Layout,
    ) -> Result<Option<Value>, LowerError> {
        let Some(turns) = turns(&x.layout, layout) else {
            return Ok(None);
        };
        let mut x = x.clone();
        for turn in turns {
            if !x.expression.is_view() {
                self.settle(node, &mut x)?;
            }
            match turn.of(&x) {
                Some(turned) => x = turned,
                None => return Ok(None),
            }
        }
        Ok(Some(x))
    }
}

impl Turn {
    fn of(self, x: &Value) -> Option<Value> {
        let lengths = &x.expression.lengths;
        let axes = lengths.len().max(self.to + 1);
        let mut output: Vec<usize> = (0..axes).map(|axis| at(lengths, axis)).collect();
        output[self.from] = 1;
        output[self.to] = self.length;
        let mut all = None;
        for index in 0..self.length {
            let mut maps = vec![AxisMap::IDENTITY; axes];
            maps[self.from].pad = -(index as i64);
            maps[self.to] = single(index, 0, self.length);
            let read = x.expression.view(&maps, &output, 1.0)?;
            all = Some(match all {
                None => read,
                Some(all) => Expression::plus(all, read),
            });
        }
        let mut expression = all?;
        expression.origin = x.expression.origin.clone();
        expression.within_sources = x.expression.within_sources;
        let atom = Atom {
            length: self.length,
            axis: self.to,
            stride: 1,
        };
        Some(Value {
            layout: x.layout.with_axis(self.axis, vec![atom]),
            expression,
        })
    }
}

/// The moves that make one layout the other, `None` where it takes more than moves of whole axes.
fn turns(from: &Layout, to: &Layout) -> Option<Vec<Turn>> {
    let shape = from.shape();
    let mut layout = from.clone();
    let mut left: Vec<Turn> = Vec::new();
    for axis in (0..shape.len()).filter(|&axis| from.atoms(axis) != to.atoms(axis)) {
        left.push(Turn {
            axis,
            length: shape[axis],
            from: from.whole(axis)?,
            to: to.whole(axis)?,
        });
    }
    let mut made = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let free = |turn: &Turn| {
            let taken = |axis: usize| layout.atoms(axis).iter().any(|atom| atom.axis == turn.to);
            turn.length <= MAX_TERMS && !(0..shape.len()).any(taken)
        };
        let next = left.iter().position(free)?;
        let turn = left.remove(next);
        let atom = Atom {
            length: turn.length,
            axis: turn.to,
            stride: 1,
        };
        layout = layout.with_axis(turn.axis, vec![atom]);
        made.push(turn);
    }
    Some(made)
}
