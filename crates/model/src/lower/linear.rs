//! Matrix products along one axis, and moves of data between positions and channels, which are such products too.

use alloc::vec;
use alloc::vec::Vec;

use super::error::{LowerError, Problem};
use super::expression::{Coefficients, Kernel, at};
use super::hint::wish;
use super::layout::{Atom, Layout, length, offsets};
use super::value::Value;
use super::{Lowering, problem};
use crate::graph::{Gemm, Node, Operand};
use crate::integer::AxisMap;

/// The most weights of a layer that come from no constant of the file: data moves and groups.
pub(super) const MAX_EXPANDED_WEIGHTS: usize = 1 << 22;

/// A matrix along one axis: `out[.., o, ..] = sum over k of weight(k, o) * in[.., k, ..]`.
pub(super) struct Product<'a> {
    /// The axis.
    pub(super) axis: usize,
    /// Number of outputs.
    pub(super) outputs: usize,
    /// Where they should lie; on the channel axis where this is no possible place.
    pub(super) placed: Option<Vec<Atom>>,
    /// Number of weights that the file holds for this; 0 for a move of data.
    pub(super) given: usize,
    /// The weight of input `k` for output `o`.
    pub(super) weight: &'a dyn Fn(usize, usize) -> f32,
}

/// How the layered axes take part in a product.
struct Plan {
    axes: usize,
    kernel: Vec<AxisMap>,
    output: Vec<usize>,
    /// Offsets of kept channels in the source and in the result.
    kept: Vec<(usize, usize)>,
    layout: Layout,
    diagonal: bool,
}

impl<'a> Lowering<'a> {
    /// `Gemm`.
    pub(super) fn gemm(&mut self, node: &'a Node, gemm: Gemm) -> Result<Value, LowerError> {
        let made = match (&node.inputs[0], &node.inputs[1]) {
            (Operand::Value(_), Operand::Constant(_)) => self.gemm_by_constant(node, gemm, 0)?,
            (Operand::Constant(_), Operand::Value(_)) => self.gemm_by_constant(node, gemm, 1)?,
            _ => self.gemm_of_activations(node, gemm)?,
        };
        match node.inputs.get(2) {
            None => Ok(made),
            Some(Operand::Constant(_)) => {
                let bias = self.floats(node, 2)?;
                let scaled: Vec<f32> = bias.iter().map(|b| b * gemm.beta).collect();
                let shape = self.graph.shape(&node.inputs[2]).to_vec();
                self.add_constant(node, made, &shape, &scaled)
            }
            Some(Operand::Value(_)) => {
                let bias = self.operand(node, 2)?;
                let bias = self.times(node, bias, gemm.beta)?;
                self.add(node, made, bias)
            }
        }
    }

    /// A value times a number.
    pub(super) fn times(
        &mut self,
        node: &Node,
        x: Value,
        factor: f32,
    ) -> Result<Value, LowerError> {
        if factor == 1.0 {
            return Ok(x);
        }
        let factors = vec![factor; x.expression.lengths[0]];
        self.scale(node, x, &factors)
    }

    /// `alpha * a * b` of a `Gemm` whose operand `number` is not constant.
    fn gemm_by_constant(
        &mut self,
        node: &'a Node,
        gemm: Gemm,
        number: usize,
    ) -> Result<Value, LowerError> {
        let transposed = [gemm.transpose_a, gemm.transpose_b][number];
        let matrix = self.floats(node, 1 - number)?;
        let columns = self.graph.shape(&node.inputs[1 - number])[1];
        let mut x = self.operand(node, number)?;
        if transposed {
            x.layout = x.layout.transpose(&[1, 0]);
        }
        // Rows of the constant are summed over where it stands on the right, columns where it stands on the left.
        let flipped = if number == 0 {
            gemm.transpose_b
        } else {
            !gemm.transpose_a
        };
        let axis = 1 - number;
        let inputs = x.shape()[axis];
        let outputs = matrix.len() / inputs.max(1);
        let at = |k: usize, o: usize| {
            if flipped {
                o * columns + k
            } else {
                k * columns + o
            }
        };
        let product = Product {
            axis,
            outputs,
            placed: self.wished(node, axis),
            given: matrix.len(),
            weight: &|k, o| gemm.alpha * matrix[at(k, o)],
        };
        self.product(node, x, &product)
    }

    /// `MatMul`.
    pub(super) fn matmul(&mut self, node: &'a Node) -> Result<Value, LowerError> {
        let number = match (&node.inputs[0], &node.inputs[1]) {
            (Operand::Value(_), Operand::Constant(_)) => 0,
            (Operand::Constant(_), Operand::Value(_)) => 1,
            _ => return self.matmul_of_activations(node),
        };
        let matrix = self.floats(node, 1 - number)?;
        let shape = self.graph.shape(&node.inputs[1 - number]).to_vec();
        let x = self.operand(node, number)?;
        let wanted = self.graph.values[node.outputs[0]].shape.clone();
        let made = if number == 0 {
            let placed = self.wished(node, x.shape().len() - 1);
            self.product_right(node, x, (matrix, &shape), placed)?
        } else {
            // a b is the transpose of b^T a^T.
            let x = swapped(x);
            let (matrix, shape) = swapped_constant(matrix, &shape);
            swapped(self.product_right(node, x, (&matrix, &shape), None)?)
        };
        let layout = made.layout.reshape(&wanted);
        let layout = layout.ok_or_else(|| problem(node, Problem::Axes))?;
        Ok(made.with_layout(layout))
    }

    /// `x [.., k]` times a constant `[batch.., k, o]`.
    fn product_right(
        &mut self,
        node: &Node,
        x: Value,
        (matrix, shape): (&[f32], &[usize]),
        placed: Option<Vec<Atom>>,
    ) -> Result<Value, LowerError> {
        let rank = shape.len();
        let outputs = if rank < 2 { 1 } else { shape[rank - 1] };
        let batch: usize = shape[..rank.saturating_sub(2)].iter().product();
        let axis = x.shape().len() - 1;
        if batch == 1 {
            let product = Product {
                axis,
                outputs,
                placed: placed.filter(|atoms| length(atoms) == outputs),
                given: matrix.len(),
                weight: &|k, o| matrix[k * outputs + o],
            };
            return self.product(node, x, &product);
        }
        self.batched_product(node, x, (matrix, shape))
    }

    /// A matrix for each index of leading axes: one block-diagonal matrix over these axes and the summed one.
    fn batched_product(
        &mut self,
        node: &Node,
        x: Value,
        (matrix, shape): (&[f32], &[usize]),
    ) -> Result<Value, LowerError> {
        let axes = || problem(node, Problem::Axes);
        let leading = shape.len() - 2;
        let (inner, outputs) = (shape[leading], shape[leading + 1]);
        let mut wide = x.shape();
        // The leading axes that both have; a vector or a batch that the constant alone has would need a broadcast.
        if wide.len() != shape.len() || wide[..leading] != shape[..leading] {
            return Err(axes());
        }
        let rows = wide[leading];
        let batch: usize = shape[..leading].iter().product();
        let mut order: Vec<usize> = vec![leading];
        order.extend(0..leading);
        order.push(leading + 1);
        let layout = x.layout.transpose(&order);
        let layout = layout.reshape(&[rows, batch * inner]).ok_or_else(axes)?;
        let product = Product {
            axis: 1,
            outputs: batch * outputs,
            placed: None,
            given: matrix.len(),
            weight: &|k, o| {
                if k / inner == o / outputs {
                    matrix[k * outputs + o % outputs]
                } else {
                    0.0
                }
            },
        };
        let made = self.product(node, x.with_layout(layout), &product)?;
        wide[leading] = rows;
        let mut turned = vec![rows];
        turned.extend(&wide[..leading]);
        turned.push(outputs);
        let layout = made.layout.reshape(&turned).ok_or_else(axes)?;
        let mut back: Vec<usize> = (1..=leading).collect();
        back.extend([0, leading + 1]);
        let layout = layout.transpose(&back);
        Ok(made.with_layout(layout))
    }

    /// The place that the first consumer of a node's result wishes for an axis of it.
    fn wished(&self, node: &Node, axis: usize) -> Option<Vec<Atom>> {
        let wish = wish(self.graph, node.outputs[0])?;
        (axis < wish.shape().len()).then(|| wish.atoms(axis).to_vec())
    }

    /// A matrix along one axis.
    pub(super) fn product(
        &mut self,
        node: &Node,
        x: Value,
        product: &Product<'_>,
    ) -> Result<Value, LowerError> {
        let plan = plan(&x, product).ok_or_else(|| problem(node, Problem::Axes))?;
        let taps: usize = plan.kernel[1..].iter().map(|map| map.taps).product();
        let columns = if plan.diagonal {
            1
        } else {
            x.expression.lengths[0]
        };
        let weights = [taps, columns, plan.output[0]]
            .into_iter()
            .fold(1, usize::saturating_mul);
        let limit = MAX_EXPANDED_WEIGHTS.max(product.given);
        if weights > limit {
            return Err(problem(node, Problem::TooLarge { weights, limit }));
        }
        let coefficients = plan.coefficients(&x, product, weights);
        let kernel = Kernel {
            maps: plan.kernel,
            output: plan.output,
            coefficients,
        };
        let made = self.convolved(node, x, &kernel)?;
        Ok(made.with_layout(plan.layout))
    }

    /// A value with every axis on a layered axis of its own.
    pub(super) fn apart(&mut self, node: &Node, x: Value) -> Result<Value, LowerError> {
        let shape = x.shape();
        let layout = Layout::standard(&shape, 1.min(shape.len().saturating_sub(1)), 0);
        self.moved(node, x, &layout)
    }

    /// The same elements in another layout.
    pub(super) fn moved(
        &mut self,
        node: &Node,
        x: Value,
        layout: &Layout,
    ) -> Result<Value, LowerError> {
        if x.layout == *layout {
            return Ok(x);
        }
        let axes = || problem(node, Problem::Axes);
        let count: usize = x.shape().iter().product();
        let step = |this: &mut Self, x: Value, target: &Layout| {
            let flat = x.layout.reshape(&[count]).ok_or_else(axes)?;
            let placed = target.reshape(&[count]).ok_or_else(axes)?;
            let product = Product {
                axis: 0,
                outputs: count,
                placed: Some(placed.atoms(0).to_vec()),
                given: 0,
                weight: &|k, o| if k == o { 1.0 } else { 0.0 },
            };
            this.product(node, x.with_layout(flat), &product)
        };
        if let Some(turned) = self.turned(node, &x, layout)? {
            return Ok(turned);
        }
        let shape = x.shape();
        let positions = |layout: &Layout| layout.lengths().len() > 1;
        let x = if positions(&x.layout) && positions(layout) {
            let channels = Layout::placed(&shape, &vec![0; shape.len()]);
            step(self, x, &channels)?
        } else {
            x
        };
        let made = step(self, x, layout)?;
        let reached = made.layout.reshape(&shape).ok_or_else(axes)?;
        if reached == *layout {
            Ok(made.with_layout(reached))
        } else {
            Err(axes())
        }
    }
}

/// How the axes take part, `None` where a position axis holds both summed and kept factors.
fn plan(x: &Value, product: &Product<'_>) -> Option<Plan> {
    let summed = x.layout.atoms(product.axis);
    let lengths = &x.expression.lengths;
    let kept: Vec<Atom> = (0..x.shape().len())
        .filter(|&axis| axis != product.axis)
        .flat_map(|axis| x.layout.atoms(axis).to_vec())
        .collect();
    let on = |atoms: &[Atom], axis: usize| atoms.iter().any(|atom| atom.axis == axis);
    if (1..lengths.len()).any(|axis| on(summed, axis) && on(&kept, axis)) {
        return None;
    }
    let placed = places(x, product, &kept);
    let axes = placed
        .iter()
        .map(|atom| atom.axis + 1)
        .fold(lengths.len(), usize::max);
    let mut kernel = vec![AxisMap::IDENTITY; axes];
    let mut output: Vec<usize> = (0..axes).map(|axis| at(lengths, axis)).collect();
    for axis in 1..axes {
        if on(summed, axis) {
            kernel[axis] = whole(lengths[axis]);
            output[axis] = 1;
        }
        if on(&placed, axis) {
            output[axis] = placed
                .iter()
                .filter(|atom| atom.axis == axis)
                .map(|atom| atom.length)
                .product();
            kernel[axis] = selection(output[axis]);
        }
    }
    let made: usize = placed
        .iter()
        .filter(|atom| atom.axis == 0)
        .map(|atom| atom.length)
        .product();
    let (layout, pairs) = kept_channels(x, product.axis, &placed, made);
    output[0] = made * pairs.len();
    Some(Plan {
        axes,
        kernel,
        output,
        diagonal: made == 1 && !on(summed, 0) && lengths[0] > 1,
        kept: pairs,
        layout,
    })
}

/// Where the outputs lie: as wished where the axes are free, else on the channel axis if nothing else is on it, else on a new axis.
fn places(x: &Value, product: &Product<'_>, kept: &[Atom]) -> Vec<Atom> {
    let taken = |axis: usize| {
        let summed = x.layout.atoms(product.axis);
        axis > 0 && kept.iter().chain(summed).any(|atom| atom.axis == axis)
    };
    let mut free = (1..).filter(|&axis| !taken(axis));
    let channels_kept = kept.iter().any(|atom| atom.axis == 0);
    match &product.placed {
        Some(wished) if !channels_kept || wished.iter().any(|atom| atom.axis > 0) => {
            // A position axis that is taken is replaced by a free one.
            let mut moved: Vec<(usize, usize)> = vec![];
            let used: Vec<usize> = wished.iter().map(|atom| atom.axis).collect();
            let mut replace = |axis: usize| {
                if !taken(axis) {
                    return axis;
                }
                if let Some((_, to)) = moved.iter().find(|(from, _)| *from == axis) {
                    return *to;
                }
                let to = free.find(|axis| !used.contains(axis)).unwrap_or(axis);
                moved.push((axis, to));
                to
            };
            wished
                .iter()
                .map(|atom| Atom {
                    axis: replace(atom.axis),
                    ..*atom
                })
                .collect()
        }
        _ => vec![Atom {
            length: product.outputs,
            axis: if channels_kept {
                free.next().unwrap_or(1)
            } else {
                0
            },
            stride: 1,
        }],
    }
}

/// The layout of the result, with kept channels slower than made ones, and the offsets of the kept ones before and after.
fn kept_channels(
    x: &Value,
    axis: usize,
    placed: &[Atom],
    made: usize,
) -> (Layout, Vec<(usize, usize)>) {
    let rank = x.shape().len();
    let mut on_channels: Vec<Atom> = (0..rank)
        .filter(|&other| other != axis)
        .flat_map(|other| x.layout.atoms(other).to_vec())
        .filter(|atom| atom.axis == 0)
        .collect();
    on_channels.sort_unstable_by_key(|atom| atom.stride);
    let mut next = made;
    let renewed: Vec<(Atom, Atom)> = on_channels
        .into_iter()
        .map(|atom| {
            let stride = next;
            next *= atom.length;
            (atom, Atom { stride, ..atom })
        })
        .collect();
    let replace = |atom: &Atom| {
        let same = renewed.iter().find(|(old, _)| old == atom);
        same.map_or(*atom, |(_, new)| *new)
    };
    let axes = (0..rank).map(|other| {
        if other == axis {
            placed.to_vec()
        } else {
            x.layout.atoms(other).iter().map(replace).collect()
        }
    });
    let (old, new): (Vec<Atom>, Vec<Atom>) = renewed.iter().copied().unzip();
    let channel = |atoms: &[Atom]| offsets(atoms, 1).into_iter().map(|offset| offset[0]);
    let pairs = channel(&old).zip(channel(&new)).collect();
    (Layout::new(axes.collect()), pairs)
}

impl Plan {
    fn coefficients(&self, x: &Value, product: &Product<'_>, count: usize) -> Coefficients {
        let taps: Vec<usize> = self.kernel.iter().map(|map| map.taps).collect();
        let all: usize = taps[1..].iter().product();
        let inputs = offsets(x.layout.atoms(product.axis), self.axes);
        let outputs = offsets(self.layout.atoms(product.axis), self.axes);
        debug_assert_eq!(length(self.layout.atoms(product.axis)), product.outputs);
        let tap = |input: &[usize], output: &[usize]| {
            (1..self.axes).rev().fold(0, |tap, axis| {
                let own = match self.kernel[axis] {
                    map if map.taps == 1 => 0,
                    map if map.stride == 0 => input[axis],
                    map => map.taps - 1 - output[axis],
                };
                tap * taps[axis] + own
            })
        };
        let mut weights = vec![0.0; count];
        let width = x.expression.lengths[0];
        for (o, output) in outputs.iter().enumerate() {
            for (k, input) in inputs.iter().enumerate() {
                let weight = (product.weight)(k, o);
                if weight == 0.0 {
                    continue;
                }
                let tap = tap(input, output);
                for (from, to) in &self.kept {
                    let index = if self.diagonal {
                        from * all + tap
                    } else {
                        ((to + output[0]) * all + tap) * width + from + input[0]
                    };
                    weights[index] = weight;
                }
            }
        }
        if self.diagonal {
            Coefficients::Diagonal(weights)
        } else {
            Coefficients::Dense(weights)
        }
    }
}

/// Every position of an axis, for one output position.
pub(super) fn whole(length: usize) -> AxisMap {
    AxisMap {
        taps: length,
        stride: 0,
        dilation: 1,
        pad: 0,
        divisor: 1,
    }
}

/// A tap of its own for each of `length` output positions, all of which read position 0: tap `length - 1 - p` for position `p`.
pub(super) fn selection(length: usize) -> AxisMap {
    AxisMap {
        taps: length,
        pad: length as i64 - 1,
        ..AxisMap::IDENTITY
    }
}

/// With the last two axes exchanged; a vector stays.
fn swapped(x: Value) -> Value {
    let rank = x.shape().len();
    let mut order: Vec<usize> = (0..rank).collect();
    if rank > 1 {
        order.swap(rank - 2, rank - 1);
    }
    let layout = x.layout.transpose(&order);
    x.with_layout(layout)
}

fn swapped_constant(matrix: &[f32], shape: &[usize]) -> (Vec<f32>, Vec<usize>) {
    let rank = shape.len();
    let mut turned = shape.to_vec();
    if rank < 2 {
        return (matrix.to_vec(), turned);
    }
    turned.swap(rank - 2, rank - 1);
    let (rows, columns) = (shape[rank - 2], shape[rank - 1]);
    let block = |block: &[f32]| {
        (0..columns)
            .flat_map(|c| (0..rows).map(move |r| (r, c)))
            .map(|(r, c)| block[r * columns + c])
            .collect::<Vec<f32>>()
    };
    let made = matrix
        .chunks((rows * columns).max(1))
        .flat_map(block)
        .collect();
    (made, turned)
}
