//! Each operator with many shapes and attributes equals the float interpreter.

use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::net::{Net, window};
use crate::graph::{
    Activation, Binary, Convolution, Gemm, Operand, Operation, Reduction, SliceAxis, Unary,
    WindowAxis,
};

/// Kernel, stride, dilation, padding before and after.
type Window = ((usize, usize, usize), (usize, usize));

fn a_window() -> impl Strategy<Value = Window> {
    ((1..4usize, 1..4usize, 1..3usize), (0..3usize, 0..3usize))
}

fn fitted(length: usize, (shape, pads): Window) -> Option<WindowAxis> {
    let reach = (shape.0 - 1) * shape.2 + 1;
    (length + pads.0 + pads.1 >= reach).then(|| window(length, shape, pads))
}

/// Windows of a pool, each of which holds an element.
fn pooled(length: usize, window: Window) -> Option<WindowAxis> {
    let axis = fitted(length, window)?;
    let filled = |position| (0..axis.kernel).any(|tap| axis.reach(position, tap, length).is_some());
    (0..axis.output).all(filled).then_some(axis)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn convolutions(
        spatial in prop::collection::vec((1..7usize, a_window()), 1..3),
        (batch, groups, inputs, outputs) in (1..3usize, 1..4usize, 1..3usize, 1..3usize),
        (transposed, before, after) in (any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let mut shape = vec![batch, groups * inputs];
        shape.extend(spatial.iter().map(|axis| axis.0));
        let mut axes = vec![];
        for (length, ((kernel, stride, dilation), pads)) in &spatial {
            if transposed {
                let full = (length - 1) * stride + (kernel - 1) * dilation + 1;
                prop_assume!(full > pads.0 + pads.1);
                axes.push(WindowAxis {
                    output: full - pads.0 - pads.1,
                    ..WindowAxis { input: *length, kernel: *kernel, stride: *stride, dilation: *dilation, pad_begin: pads.0, pad_end: pads.1, output: 0 }
                });
            } else {
                let Some(axis) = fitted(*length, ((*kernel, *stride, *dilation), *pads)) else { return Ok(()); };
                axes.push(axis);
            }
        }
        let mut net = Net::new(&[&shape]);
        let x = if before { net.batch_norm(0) } else { 0 };
        let mut weights = if transposed { vec![groups * inputs, outputs] } else { vec![groups * outputs, inputs] };
        weights.extend(axes.iter().map(|axis| axis.kernel));
        let operands = vec![Operand::Value(x), net.constant(&weights), net.constant(&[groups * outputs])];
        let convolution = Convolution { axes, groups };
        let operation = if transposed { Operation::ConvolutionTranspose(convolution) } else { Operation::Convolution(convolution) };
        let mut y = net.node(operation, operands);
        if after {
            y = net.batch_norm(y);
            y = net.relu(y);
        }
        net.check(&[y]);
    }

    #[test]
    fn max_pools(
        spatial in prop::collection::vec((1..9usize, (1..6usize, 1..4usize, 1..3usize), (0..3usize, 0..3usize)), 1..3),
        (batch, channels, positive, after) in (1..3usize, 1..4usize, any::<bool>(), any::<bool>()),
    ) {
        let mut shape = vec![batch, channels];
        shape.extend(spatial.iter().map(|axis| axis.0));
        let axes: Option<Vec<WindowAxis>> = spatial.iter().map(|axis| pooled(axis.0, (axis.1, axis.2))).collect();
        prop_assume!(axes.is_some());
        let mut net = Net::new(&[&shape]);
        let x = if positive { net.relu(0) } else { 0 };
        let y = net.unary(Operation::MaxPool { axes: axes.unwrap() }, x);
        let y = if after { net.conv(y, 2, (1, 1, 1), 1) } else { y };
        net.check(&[y]);
    }

    #[test]
    fn average_pools(
        spatial in prop::collection::vec((1..9usize, a_window()), 1..3),
        (batch, channels) in (1..3usize, 1..4usize),
        (count_include_pad, ceil, before) in (any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let mut shape = vec![batch, channels];
        shape.extend(spatial.iter().map(|axis| axis.0));
        let axis = |&(length, window): &(usize, Window)| {
            let mut axis = pooled(length, window)?;
            // Rounded up, where the last window still starts inside.
            let start = axis.output * axis.stride;
            let reached = axis.reach(axis.output, 0, length).is_some();
            if ceil && reached && start < length + axis.pad_begin && start + axis.extent()? > length + axis.pad_begin + axis.pad_end {
                axis.output += 1;
            }
            Some(axis)
        };
        let axes: Option<Vec<WindowAxis>> = spatial.iter().map(axis).collect();
        prop_assume!(axes.is_some());
        let mut net = Net::new(&[&shape]);
        let x = if before { net.conv(0, 3, (1, 1, 0), 1) } else { 0 };
        let y = net.unary(Operation::AveragePool { axes: axes.unwrap(), count_include_pad }, x);
        net.check(&[y]);
    }

    #[test]
    fn slices_pads_and_joins(
        shape in prop::collection::vec(1..6usize, 1..5),
        cuts in prop::collection::vec((0..5usize, 1..3i64, any::<bool>()), 4),
        pads in prop::collection::vec((-1..3i64, -1..3i64), 4),
        (axis, conv, value) in (0..4usize, any::<bool>(), prop_oneof![Just(0.0f32), Just(0.5)]),
    ) {
        let mut net = Net::new(&[&shape]);
        let axes: Vec<SliceAxis> = shape.iter().zip(&cuts).map(|(&length, &(start, step, reversed))| {
            let start = start % length;
            let room = if reversed { start } else { length - 1 - start };
            SliceAxis { start, step: if reversed { -step } else { step }, length: room / step as usize + 1 }
        }).collect();
        let sliced = net.unary(Operation::Slice { axes: axes.clone() }, 0);
        let pads: Vec<(i64, i64)> = shape.iter().zip(&pads).map(|(&length, &(before, after))| {
            if length as i64 + before + after > 0 { (before, after) } else { (0, 0) }
        }).collect();
        let padded = net.unary(Operation::Pad { pads, value }, 0);
        let axis = axis % shape.len();
        let joined = net.node(Operation::Concat { axis }, vec![Operand::Value(0), net_constant(&shape), Operand::Value(0)]);
        let again = net.unary(Operation::Slice { axes: net.shape(joined).iter().map(|&length| SliceAxis { start: length / 3, step: 1, length: length - length / 3 }).collect() }, joined);
        let mut outputs = vec![sliced, padded, joined, again];
        if conv && shape.len() > 2 {
            outputs.push(net.conv(again, 2, (1, 1, 1), 1));
            outputs.push(net.conv(padded, 2, (1, 2, 0), 1));
        }
        net.check(&outputs);
    }

    #[test]
    fn reductions(
        shape in prop::collection::vec(1..5usize, 1..5),
        chosen in prop::collection::vec(any::<bool>(), 4),
        (keep_dims, kind, conv) in (any::<bool>(), 0..4usize, any::<bool>()),
    ) {
        let mut net = Net::new(&[&shape]);
        let axes: Vec<usize> = (0..shape.len()).filter(|&axis| chosen[axis]).collect();
        prop_assume!(!axes.is_empty());
        let x = if conv && shape.len() > 2 { net.conv(0, 2, (1, 1, 0), 1) } else { net.relu(0) };
        let reduction = [Reduction::Sum, Reduction::Mean, Reduction::Max, Reduction::Min][kind];
        let y = net.unary(Operation::Reduce { reduction, axes, keep_dims }, x);
        net.check(&[y]);
    }

    #[test]
    fn arithmetic_with_broadcasting(
        shape in prop::collection::vec(1..5usize, 1..5),
        (left, right) in (prop::collection::vec(any::<bool>(), 4), prop::collection::vec(any::<bool>(), 4)),
        (skip, kind, moved) in (0..3usize, 0..4usize, any::<bool>()),
    ) {
        let side = |kept: &[bool]| shape.iter().zip(kept).map(|(&length, &kept)| if kept { length } else { 1 }).collect::<Vec<usize>>();
        let (a, b) = (side(&left), side(&right)[skip.min(shape.len() - 1)..].to_vec());
        let mut net = Net::new(&[&a, &b]);
        let binary = [Binary::Add, Binary::Sub, Binary::Max, Binary::Min][kind];
        let x = if moved && a.len() > 2 { net.conv(0, a[1], (1, 1, 0), 1) } else { 0 };
        let sum = net.binary(binary, x, 1);
        let with_constant = net.with_constant(binary, x, &b);
        let constant = net.constant(&b);
        let reversed = net.node(Operation::Binary(binary), vec![constant, Operand::Value(x)]);
        net.check(&[sum, with_constant, reversed]);
    }

    #[test]
    fn products(
        (rows, inner, columns) in (1..4usize, 1..5usize, 1..5usize),
        (transpose_a, transpose_b, left, biased) in (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let gemm = Gemm { alpha: 0.5, beta: 2.0, transpose_a, transpose_b };
        let side = |transposed: bool, a: usize, b: usize| if transposed { [b, a] } else { [a, b] };
        let (a, b) = (side(transpose_a, rows, inner), side(transpose_b, inner, columns));
        let mut net = Net::new(&[if left { &a } else { &b }]);
        let mut operands = if left { vec![Operand::Value(0), net.constant(&b)] } else { vec![net.constant(&a), Operand::Value(0)] };
        if biased {
            operands.push(net.constant(&[rows, columns]));
        }
        let y = net.node(Operation::Gemm(gemm), operands);
        net.check(&[y]);
    }

    #[test]
    fn matrix_products_of_any_rank(
        leading in prop::collection::vec(1..4usize, 0..3),
        (rows, inner, columns) in (1..4usize, 1..5usize, 1..5usize),
        (batched, left, vector) in (any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let matrix = |a: usize, b: usize, batched: bool| {
            let mut shape = if batched { leading.clone() } else { vec![] };
            shape.extend([a, b]);
            shape
        };
        let mut net;
        let y = if left {
            net = Net::new(&[&matrix(inner, columns, true)]);
            let constant = if vector { net.constant(&[inner]) } else { net.constant(&matrix(rows, inner, batched)) };
            net.node(Operation::MatMul, vec![constant, Operand::Value(0)])
        } else {
            net = Net::new(&[&matrix(rows, inner, true)]);
            let shape = if vector { vec![inner] } else { matrix(inner, columns, batched) };
            net.matmul(0, &shape)
        };
        net.check(&[y]);
    }

    #[test]
    fn reshapes_and_transposes_between_layers(
        (channels, height, width) in (1..4usize, 1..5usize, 1..5usize),
        (kind, flat) in (0..4usize, any::<bool>()),
    ) {
        let image = [1, channels, height, width];
        let count = channels * height * width;
        let mut net = if flat { Net::new(&[&[1, count]]) } else { Net::new(&[&image]) };
        let x = if flat { net.reshape(0, &image) } else { 0 };
        let x = net.conv(x, channels, (1, 1, 0), 1);
        let x = net.relu(x);
        let y = match kind {
            0 => {
                let x = net.reshape(x, &[1, count]);
                let x = net.gemm(x, count);
                let x = net.reshape(x, &[1, height, width, channels]);
                let x = net.unary(Operation::Transpose { permutation: vec![0, 3, 1, 2] }, x);
                net.conv(x, 2, (1, 1, 0), 1)
            }
            1 => {
                let x = net.unary(Operation::Transpose { permutation: vec![0, 2, 1, 3] }, x);
                let x = net.conv(x, 2, (1, 1, 0), 1);
                net.reshape(x, &[2 * channels * width, 1])
            }
            2 => {
                let x = net.reshape(x, &[1, channels, height * width]);
                let x = net.unary(Operation::Transpose { permutation: vec![0, 2, 1] }, x);
                let x = net.matmul(x, &[channels, 3]);
                net.reshape(x, &[3, height * width])
            }
            _ => {
                let x = net.reshape(x, &[channels, height * width]);
                net.matmul(x, &[height * width, 2])
            }
        };
        net.check(&[y]);
    }
}

fn net_constant(shape: &[usize]) -> Operand {
    let count = shape.iter().product::<usize>();
    Net::given(shape, (0..count).map(|i| i as f32 / 4.0 - 1.0).collect())
}

#[test]
fn functions_factors_and_normalisation() {
    let mut net = Net::new(&[&[1, 3, 2, 2]]);
    let mut outputs = vec![];
    for activation in [
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::HardSwish,
        Activation::Abs,
        Activation::Exp,
    ] {
        outputs.push(net.unary(Operation::Activation(activation), 0));
    }
    let slopes = net.constant(&[3, 1, 1]);
    outputs.push(net.node(Operation::PRelu, vec![Operand::Value(0), slopes]));
    let slope = net.constant(&[1]);
    outputs.push(net.node(Operation::PRelu, vec![Operand::Value(0), slope]));
    outputs.push(net.unary(Operation::Unary(Unary::Neg), 0));
    outputs.push(net.with_constant(Binary::Mul, 0, &[3, 1, 1]));
    outputs.push(net.with_constant(Binary::Div, 0, &[1, 3, 1, 1]));
    outputs.push(net.with_constant(Binary::Add, 0, &[1, 3, 2, 2]));
    outputs.push(net.batch_norm(0));
    net.check(&outputs);
}

#[test]
fn gathers_tiles_and_expansions() {
    let mut net = Net::new(&[&[1, 4, 1, 3]]);
    let gather = |net: &mut Net, axis, shape: &[usize], indices: &[i64]| {
        let operands = vec![Operand::Value(0), Net::ints(shape, indices.to_vec())];
        net.node(Operation::Gather { axis }, operands)
    };
    let mut outputs = vec![
        gather(&mut net, 1, &[2], &[3, -4]),
        gather(&mut net, 3, &[], &[1]),
        gather(&mut net, 1, &[2, 2], &[0, 0, 2, 1]),
        gather(&mut net, 1, &[2], &[1, 3]),
    ];
    outputs.push(net.unary(
        Operation::Expand {
            shape: vec![2, 4, 5, 3],
        },
        0,
    ));
    outputs.push(net.unary(
        Operation::Tile {
            repeats: vec![1, 2, 3, 2],
        },
        0,
    ));
    outputs.extend(net.nodes(
        Operation::Split {
            axis: 1,
            sizes: vec![1, 3],
        },
        vec![Operand::Value(0)],
    ));
    net.check(&outputs);
}

#[test]
fn inputs_and_duplicates_as_outputs() {
    let mut net = Net::new(&[&[1, 2, 3]]);
    let y = net.relu(0);
    let flat = net.reshape(y, &[6]);
    let graph = net.check(&[0, y, flat, y]);
    assert_eq!(graph.layers.len(), 4);
}
