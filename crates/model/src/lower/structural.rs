//! Operators that move data: reshapes, slices, concatenations, padding, gathering.

use alloc::vec;
use alloc::vec::Vec;

use super::error::{LowerError, Problem};
use super::expression::at;
use super::layout::{Atom, Layout};
use super::linear::Product;
use super::value::Value;
use super::{Lowering, problem};
use crate::graph::{ElementType, Node, Operand, Operation, SliceAxis};
use crate::integer::AxisMap;

/// Elements of an axis in a new order: element `first + step * (i - offset)` at index `i`, none where that is outside.
#[derive(Clone, Copy, Debug)]
struct Picking {
    first: i64,
    step: i64,
    offset: i64,
    length: usize,
}

impl<'a> Lowering<'a> {
    pub(super) fn structural(&mut self, node: &'a Node) -> Result<Value, LowerError> {
        match &node.operation {
            Operation::Reshape { shape } => self.reshape(node, shape),
            Operation::Transpose { permutation } => {
                let x = self.operand(node, 0)?.noted(node);
                let layout = x.layout.transpose(permutation);
                Ok(x.with_layout(layout))
            }
            Operation::Concat { axis } => self.concat(node, *axis),
            Operation::Slice { axes } => self.slice(node, axes),
            Operation::Pad { pads, value } => self.pad(node, pads, *value),
            Operation::Expand { shape } => {
                let x = self.operand(node, 0)?;
                Ok(self.broadcast(node, x, shape)?.noted(node))
            }
            Operation::Tile { repeats } => self.tile(node, repeats),
            Operation::Gather { axis } => self.gather(node, *axis),
            Operation::Cast {
                to: ElementType::Float32,
            } => self.operand(node, 0),
            // Integers of the two types hold the same row numbers.
            Operation::Cast { .. } if self.reads_rows(node) => self.operand(node, 0),
            _ => Err(problem(node, Problem::Operator)),
        }
    }

    fn reshape(&mut self, node: &Node, shape: &[usize]) -> Result<Value, LowerError> {
        let x = self.operand(node, 0)?;
        if let Some(layout) = x.layout.reshape(shape) {
            return Ok(x.noted(node).with_layout(layout));
        }
        let own = x.shape();
        let channels = Layout::placed(&own, &vec![0; own.len()]);
        let x = self.moved(node, x, &channels)?;
        let layout = x.layout.reshape(shape);
        let layout = layout.ok_or_else(|| problem(node, Problem::Axes))?;
        Ok(x.with_layout(layout))
    }

    /// Elements of one axis in a new order.
    fn picked(
        &mut self,
        node: &Node,
        mut x: Value,
        axis: usize,
        picking: Picking,
    ) -> Result<Value, LowerError> {
        let length = x.shape()[axis];
        let place = match x.layout.whole(axis) {
            Some(place) => Some(place),
            None if length == 1 && axis == 1 && at(&x.expression.lengths, 0) == 1 => Some(0),
            None if length == 1 => Some(x.layout.free_axis(1)),
            None => None,
        };
        let stride = usize::try_from(picking.step).ok();
        if let (Some(place), Some(stride)) = (place, stride) {
            let map = AxisMap {
                stride,
                pad: picking.step * picking.offset - picking.first,
                ..AxisMap::IDENTITY
            };
            let expression = self.read(node, &mut x, |x| {
                x.expression.along(place, map, picking.length)
            })?;
            let atom = Atom {
                length: picking.length,
                axis: place,
                stride: 1,
            };
            return Ok(Value {
                layout: x.layout.with_axis(axis, vec![atom]),
                expression,
            });
        }
        let source = |o: usize| picking.first + picking.step * (o as i64 - picking.offset);
        let product = Product {
            axis,
            outputs: picking.length,
            placed: None,
            given: 0,
            weight: &|k, o| if source(o) == k as i64 { 1.0 } else { 0.0 },
        };
        self.product(node, x, &product)
    }

    fn slice(&mut self, node: &Node, axes: &[SliceAxis]) -> Result<Value, LowerError> {
        let mut x = self.operand(node, 0)?;
        let shape = x.shape();
        for (axis, slice) in axes.iter().enumerate() {
            if slice.length == shape[axis] && slice.step > 0 {
                continue;
            }
            let picking = Picking {
                first: slice.start as i64,
                step: slice.step,
                offset: 0,
                length: slice.length,
            };
            x = self.picked(node, x, axis, picking)?;
        }
        Ok(x.noted(node))
    }

    pub(super) fn split(
        &mut self,
        node: &Node,
        axis: usize,
        sizes: &[usize],
    ) -> Result<Vec<Value>, LowerError> {
        let mut x = self.operand(node, 0)?;
        if !x.expression.is_view() {
            self.settle(node, &mut x)?;
        }
        let mut first = 0;
        let mut parts = Vec::with_capacity(sizes.len());
        for &length in sizes {
            let picking = Picking {
                first,
                step: 1,
                offset: 0,
                length,
            };
            parts.push(self.picked(node, x.clone(), axis, picking)?.noted(node));
            first += length as i64;
        }
        Ok(parts)
    }

    fn pad(&mut self, node: &Node, pads: &[(i64, i64)], value: f32) -> Result<Value, LowerError> {
        let mut x = self.operand(node, 0)?;
        let inner = x.shape();
        for (axis, &(before, after)) in pads.iter().enumerate() {
            if (before, after) == (0, 0) {
                continue;
            }
            let length = usize::try_from(x.shape()[axis] as i64 + before + after);
            let picking = Picking {
                first: 0,
                step: 1,
                offset: before,
                length: length.map_err(|_| problem(node, Problem::Axes))?,
            };
            x = self.picked(node, x, axis, picking)?;
        }
        if value != 0.0 {
            let border = border(&inner, pads, value);
            let shape = x.shape();
            x = self.add_constant(node, x, &shape, &border)?;
        }
        Ok(x.noted(node))
    }

    fn concat(&mut self, node: &'a Node, axis: usize) -> Result<Value, LowerError> {
        let mut parts: Vec<Option<Value>> = Vec::with_capacity(node.inputs.len());
        for number in 0..node.inputs.len() {
            parts.push(match node.inputs[number] {
                Operand::Value(_) => Some(self.operand(node, number)?),
                Operand::Constant(_) => None,
            });
        }
        self.concatenated(node, axis, parts)
    }

    /// Values one after the other; where there is none, the operand of that number is a constant.
    pub(super) fn concatenated(
        &mut self,
        node: &'a Node,
        axis: usize,
        parts: Vec<Option<Value>>,
    ) -> Result<Value, LowerError> {
        let numbered = parts.iter().enumerate();
        let length = |(number, part): (usize, &Option<Value>)| match part {
            Some(part) => part.shape()[axis],
            None => self.graph.shape(&node.inputs[number])[axis],
        };
        let lengths: Vec<usize> = numbered.map(length).collect();
        let total: usize = lengths.iter().sum();
        let mut offset = 0;
        let mut all: Option<Value> = None;
        // Constants last: they take the layout of the others.
        let mut constants = vec![];
        let mut within = true;
        for (number, part) in parts.into_iter().enumerate() {
            let picking = Picking {
                first: 0,
                step: 1,
                offset,
                length: total,
            };
            offset += lengths[number] as i64;
            let Some(part) = part else {
                constants.push((number, picking.offset));
                continue;
            };
            within &= part.expression.within_sources;
            let part = self.picked(node, part, axis, picking)?;
            all = Some(match all {
                None => part,
                Some(all) => {
                    let (all, part) = self.aligned(node, all, part)?;
                    Value {
                        expression: all.expression.plus(part.expression),
                        ..all
                    }
                }
            });
        }
        let mut all = all.ok_or_else(|| problem(node, Problem::Operator))?;
        for (number, offset) in &constants {
            let (shape, values) =
                self.padded_constant(node, *number, axis, (*offset as usize, total))?;
            all = self.add_constant(node, all, &shape, &values)?;
        }
        all.expression.within_sources = within && constants.is_empty();
        Ok(all.noted(node))
    }

    /// A constant operand with zeros around it along an axis.
    fn padded_constant(
        &self,
        node: &'a Node,
        number: usize,
        axis: usize,
        (offset, total): (usize, usize),
    ) -> Result<(Vec<usize>, Vec<f32>), LowerError> {
        let values = self.floats(node, number)?;
        let mut shape = self.graph.shape(&node.inputs[number]).to_vec();
        let inner: usize = shape[axis + 1..].iter().product();
        let own = shape[axis] * inner;
        shape[axis] = total;
        let mut padded = vec![0.0; shape.iter().product()];
        for (padded, values) in padded
            .chunks_mut(total * inner)
            .zip(values.chunks(own.max(1)))
        {
            padded[offset * inner..][..own].copy_from_slice(values);
        }
        Ok((shape, padded))
    }

    fn tile(&mut self, node: &Node, repeats: &[usize]) -> Result<Value, LowerError> {
        let mut x = self.operand(node, 0)?;
        for (axis, &count) in repeats.iter().enumerate().filter(|(_, count)| **count != 1) {
            let length = x.shape()[axis];
            if length == 1 {
                let mut shape = x.shape();
                shape[axis] = count;
                x = self.broadcast(node, x, &shape)?;
                continue;
            }
            let product = Product {
                axis,
                outputs: length * count,
                placed: None,
                given: 0,
                weight: &|k, o| if o % length == k { 1.0 } else { 0.0 },
            };
            x = self.product(node, x, &product)?;
        }
        Ok(x.noted(node))
    }

    fn gather(&mut self, node: &'a Node, axis: usize) -> Result<Value, LowerError> {
        let Operand::Constant(indices) = &node.inputs[1] else {
            return self.gathered(node, axis);
        };
        let x = self.operand(node, 0)?;
        let length = x.shape()[axis] as i64;
        let wrapped = |index: &i64| if *index < 0 { index + length } else { *index };
        let indices: Vec<i64> = indices
            .as_ints()
            .unwrap_or_default()
            .iter()
            .map(wrapped)
            .collect();
        let step = match indices.as_slice() {
            [first, second, ..] => second - first,
            _ => 1,
        };
        let even = indices.windows(2).all(|pair| pair[1] - pair[0] == step);
        let x = match indices.first() {
            Some(&first) if even && step > 0 => {
                let picking = Picking {
                    first,
                    step,
                    offset: 0,
                    length: indices.len(),
                };
                self.picked(node, x, axis, picking)?.noted(node)
            }
            _ => {
                let product = Product {
                    axis,
                    outputs: indices.len(),
                    placed: None,
                    given: 0,
                    weight: &|k, o| if indices[o] == k as i64 { 1.0 } else { 0.0 },
                };
                self.product(node, x, &product)?
            }
        };
        self.shaped(node, x)
    }
}

/// The value around a tensor of this shape that is padded, and zeros where the tensor goes.
fn border(inner: &[usize], pads: &[(i64, i64)], value: f32) -> Vec<f32> {
    let axes = inner.iter().zip(pads);
    let is_inside = axes.fold(vec![true], |all, (&length, &(before, after))| {
        let length = length as i64;
        let inside = |i: i64| (before..before + length).contains(&i);
        all.iter()
            .flat_map(|all| (0..length + before + after).map(move |i| *all && inside(i)))
            .collect()
    });
    is_inside
        .into_iter()
        .map(|inside| if inside { 0.0 } else { value })
        .collect()
}
