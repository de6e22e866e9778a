//! Broadcasting: a value spread along axes of length one, and two values brought into one layout.

use alloc::vec;
use alloc::vec::Vec;

use super::error::{LowerError, Problem};
use super::expression::at;
use super::layout::{Atom, Layout};
use super::value::Value;
use super::{Lowering, problem};
use crate::graph::Node;
use crate::integer::AxisMap;

impl Lowering<'_> {
    /// Operand `x` of a node, broadcast to the node's result.
    pub(super) fn broadcast_for(&mut self, node: &Node, x: Value) -> Result<Value, LowerError> {
        let shape = self.graph.values[node.outputs[0]].shape.clone();
        self.broadcast(node, x, &shape)
    }

    /// A value broadcast to a shape; new axes get layered axes that are free.
    pub(super) fn broadcast(
        &mut self,
        node: &Node,
        x: Value,
        shape: &[usize],
    ) -> Result<Value, LowerError> {
        if x.shape() == shape {
            return Ok(x);
        }
        let x = self.with_rank(node, x, shape.len())?;
        let own = x.shape();
        let mut layout = x.layout.clone();
        for axis in (0..shape.len())
            .rev()
            .filter(|&axis| own[axis] != shape[axis])
        {
            let lengths = layout.lengths();
            let place = if axis == 1 && lengths[0] == 1 {
                0
            } else {
                layout.free_axis(1)
            };
            let atom = Atom {
                length: shape[axis],
                axis: place,
                stride: 1,
            };
            layout = layout.with_axis(axis, vec![atom]);
        }
        self.spread(node, x, &layout)
    }

    /// With axes of length one in front.
    fn with_rank(&self, node: &Node, x: Value, rank: usize) -> Result<Value, LowerError> {
        let own = x.shape();
        let missing = rank.saturating_sub(own.len());
        let mut shape = vec![1; missing];
        shape.extend(own);
        let layout = x.layout.reshape(&shape);
        let layout = layout.ok_or_else(|| problem(node, Problem::Axes))?;
        Ok(x.with_layout(layout))
    }

    /// A value broadcast to a layout whose other axes are its own.
    fn spread(&mut self, node: &Node, mut x: Value, layout: &Layout) -> Result<Value, LowerError> {
        let lengths = layout.lengths();
        let axes = lengths.len().max(x.expression.lengths.len());
        let output: Vec<usize> = (0..axes).map(|axis| at(&lengths, axis)).collect();
        let own = &x.expression.lengths;
        let maps: Option<Vec<AxisMap>> = (0..axes)
            .map(|axis| match (at(own, axis), output[axis]) {
                (own, wanted) if own == wanted => Some(AxisMap::IDENTITY),
                (1, _) => Some(AxisMap {
                    stride: 0,
                    ..AxisMap::IDENTITY
                }),
                _ => None,
            })
            .collect();
        let maps = maps.ok_or_else(|| problem(node, Problem::Axes))?;
        let expression = self.read(node, &mut x, |x| x.expression.view(&maps, &output, 1.0))?;
        Ok(Value {
            layout: layout.clone(),
            expression,
        })
    }

    /// Both values broadcast to each other, in one layout.
    pub(super) fn aligned(
        &mut self,
        node: &Node,
        a: Value,
        b: Value,
    ) -> Result<(Value, Value), LowerError> {
        let (a, b) = self.together(node, a, b)?;
        self.joined(node, a, b)
    }

    /// Two values with as many axes, in layouts that agree.
    pub(super) fn together(
        &mut self,
        node: &Node,
        a: Value,
        b: Value,
    ) -> Result<(Value, Value), LowerError> {
        let rank = a.shape().len().max(b.shape().len());
        let (a, b) = (
            self.with_rank(node, a, rank)?,
            self.with_rank(node, b, rank)?,
        );
        match joint(&a.layout, &b.layout) {
            Some(_) => Ok((a, b)),
            None => self.brought_together(node, a, b),
        }
    }

    /// Two values of one rank whose layouts agree, broadcast to each other.
    pub(super) fn joined(
        &mut self,
        node: &Node,
        a: Value,
        b: Value,
    ) -> Result<(Value, Value), LowerError> {
        let both = joint(&a.layout, &b.layout).ok_or_else(|| problem(node, Problem::Axes))?;
        Ok((self.spread(node, a, &both)?, self.spread(node, b, &both)?))
    }

    /// Two values of one rank moved such that their layouts agree: the second to where the first is, where that is possible.
    fn brought_together(
        &mut self,
        node: &Node,
        a: Value,
        b: Value,
    ) -> Result<(Value, Value), LowerError> {
        let (left, right) = (a.shape(), b.shape());
        let rank = left.len();
        let mut layout = a.layout.clone();
        for axis in (0..rank).filter(|&axis| left[axis] == 1 && right[axis] > 1) {
            let atom = Atom {
                length: right[axis],
                axis: layout.free_axis(1),
                stride: 1,
            };
            layout = layout.with_axis(axis, vec![atom]);
        }
        let only = |layout: &Layout, shape: &[usize]| {
            let absent = (0..rank).filter(|&axis| shape[axis] == 1);
            absent.fold(layout.clone(), |layout, axis| {
                layout.with_axis(axis, vec![])
            })
        };
        let target = only(&layout, &right);
        if is_sound(&target) {
            return Ok((a, self.moved(node, b, &target)?));
        }
        let full = layout.shape();
        let apart = Layout::standard(&full, 1.min(rank - 1), 0);
        let (to_left, to_right) = (only(&apart, &left), only(&apart, &right));
        Ok((
            self.moved(node, a, &to_left)?,
            self.moved(node, b, &to_right)?,
        ))
    }
}

/// The layout of two values broadcast to each other, `None` where theirs do not agree.
fn joint(a: &Layout, b: &Layout) -> Option<Layout> {
    let (left, right) = (a.shape(), b.shape());
    let mut both = a.clone();
    for axis in 0..left.len() {
        match (left[axis], right[axis]) {
            (1, _) => both = both.with_axis(axis, b.atoms(axis).to_vec()),
            (_, 1) => {}
            _ if a.atoms(axis) == b.atoms(axis) => {}
            _ => return None,
        }
    }
    let whole = |own: &Layout| {
        let (own, both) = (own.lengths(), both.lengths());
        (0..both.len()).all(|axis| [1, both[axis]].contains(&at(&own, axis)))
    };
    (is_sound(&both) && whole(a) && whole(b)).then_some(both)
}

/// Whether the atoms of each layered axis fill it, each with the stride that the faster ones leave.
fn is_sound(layout: &Layout) -> bool {
    let axes = layout.lengths().len();
    let atoms: Vec<Atom> = (0..layout.shape().len())
        .flat_map(|axis| layout.atoms(axis).to_vec())
        .collect();
    (0..axes).all(|axis| {
        let mut own: Vec<&Atom> = atoms.iter().filter(|atom| atom.axis == axis).collect();
        own.sort_unstable_by_key(|atom| atom.stride);
        let mut next = 1;
        own.iter().all(|atom| {
            let fits = atom.stride == next;
            next *= atom.length;
            fits
        })
    })
}
