//! Layers and cells of known networks, so that no saving is lost unnoticed.

use alloc::vec;
use alloc::vec::Vec;

use super::net::{Net, size};
use crate::graph::{Activation, Binary, Operand, Operation, Reduction};
use crate::layered::{LayeredGraph, ScaleRule, Weights};

fn operators(graph: &LayeredGraph) -> Vec<Vec<&str>> {
    (graph.layers.iter())
        .map(|layer| {
            layer
                .operators
                .iter()
                .map(alloc::string::String::as_str)
                .collect()
        })
        .collect()
}

#[test]
fn a_perceptron_is_a_layer_for_each_matrix() {
    let mut net = Net::new(&[&[1, 12]]);
    let x = net.with_constant(Binary::Mul, 0, &[12]);
    let x = net.gemm(x, 7);
    let x = net.batch_norm(x);
    let x = net.relu(x);
    let x = net.matmul(x, &[7, 3]);
    let x = net.with_constant(Binary::Add, x, &[3]);
    let graph = net.check(&[x]);
    assert_eq!(size(&graph), (10, 2));
    assert!(
        graph
            .layers
            .iter()
            .all(|layer| layer.extent.positions.is_empty())
    );
    assert_eq!(
        operators(&graph),
        [
            vec!["Binary", "Gemm", "BatchNormalization", "Activation"],
            vec!["MatMul", "Binary"]
        ]
    );
}

#[test]
fn lenet_moves_no_data() {
    let mut net = Net::new(&[&[1, 784]]);
    let mut x = net.reshape(0, &[1, 1, 28, 28]);
    for (channels, pad) in [(6, 2), (16, 0)] {
        x = net.conv(x, channels, (5, 1, pad), 1);
        x = net.relu(x);
        x = net.max_pool(x, (2, 2, 0));
    }
    x = net.reshape(x, &[1, 400]);
    for outputs in [120, 84, 10] {
        x = net.gemm(x, outputs);
        if outputs > 10 {
            x = net.relu(x);
        }
    }
    let graph = net.check(&[x]);
    // A pool of n results: differences of rows (2 n), of columns (n), and the sum as cells (n).
    let pooled = |n: usize| 4 * n;
    let cells = 6 * 784 + pooled(6 * 196) + 16 * 100 + pooled(16 * 25) + 120 + 84 + 10;
    assert_eq!(size(&graph), (cells, 2 * 4 + 3));
    let follows =
        |layer: &&crate::layered::FloatLayer| matches!(layer.scale, ScaleRule::Follows(_));
    assert_eq!(graph.layers.iter().filter(follows).count(), 2 * 3);
    assert_eq!(graph.inputs[0].layout.split, [28, 28]);
}

#[test]
fn a_residual_block_is_two_layers() {
    let mut net = Net::new(&[&[1, 4, 6, 6]]);
    let x = net.conv(0, 4, (3, 1, 1), 1);
    let x = net.relu(x);
    let y = net.conv(x, 4, (3, 1, 1), 1);
    let y = net.batch_norm(y);
    let y = net.relu(y);
    let y = net.conv(y, 4, (3, 1, 1), 1);
    let y = net.batch_norm(y);
    let y = net.binary(Binary::Add, y, x);
    let y = net.relu(y);
    let graph = net.check(&[y]);
    assert_eq!(size(&graph), (3 * 144, 3));
    let terms: Vec<usize> = graph.layers.iter().map(|layer| layer.terms.len()).collect();
    assert_eq!(terms, [1, 1, 2]);
}

#[test]
fn an_inverted_residual_is_three_layers() {
    let mut net = Net::new(&[&[1, 4, 6, 6]]);
    let six = Operation::Activation(Activation::Clip { min: 0.0, max: 6.0 });
    let x = net.conv(0, 4, (1, 1, 0), 1);
    let y = net.conv(x, 8, (1, 1, 0), 1);
    let y = net.unary(six.clone(), y);
    let y = net.conv(y, 8, (3, 1, 1), 8);
    let y = net.unary(six, y);
    let y = net.conv(y, 4, (1, 1, 0), 1);
    let y = net.binary(Binary::Add, y, x);
    let y = net.conv(y, 8, (1, 2, 0), 1);
    let graph = net.check(&[y]);
    assert_eq!(size(&graph), (36 * (4 + 8 + 8 + 4) + 9 * 8, 5));
    assert!(matches!(
        graph.layers[2].terms[0].weights,
        Weights::Diagonal(_)
    ));
}

#[test]
fn the_pool_of_a_resnet_shares_nothing_it_need_not() {
    // Window 3, stride 2, padding 1 along 8 positions: 4 results of 2 differences each.
    let mut net = Net::new(&[&[1, 2, 8, 8]]);
    let x = net.relu(0);
    let x = net.max_pool(x, (3, 2, 1));
    let x = net.conv(x, 3, (3, 1, 1), 1);
    let graph = net.check(&[x]);
    let differences = 2 * (2 * 8 * 4) + 2 * (2 * 4 * 4);
    assert_eq!(
        size(&graph),
        (128 + differences + 2 * 16 + 3 * 16, 1 + 4 + 1 + 1)
    );
}

#[test]
fn wide_windows_double() {
    // Window 8, stride 1: 3 rounds of differences along the axis, not 7.
    let mut net = Net::new(&[&[1, 1, 64]]);
    let x = net.relu(0);
    let x = net.max_pool(x, (8, 1, 0));
    let graph = net.check(&[x]);
    assert_eq!(graph.layers.len(), 1 + 3 + 1);
    // A global maximum halves: one difference fewer than there are elements, or a few more, in few layers.
    let mut net = Net::new(&[&[1, 1, 64]]);
    let axes = vec![2];
    let x = net.unary(
        Operation::Reduce {
            reduction: Reduction::Max,
            axes,
            keep_dims: true,
        },
        0,
    );
    let graph = net.check(&[x]);
    assert_eq!(size(&graph), (63 + 1, 6 + 1));
}

#[test]
fn averages_are_one_structural_layer() {
    let mut net = Net::new(&[&[1, 4, 7, 7]]);
    let x = net.relu(0);
    let axes = vec![2, 3];
    let x = net.unary(
        Operation::Reduce {
            reduction: Reduction::Mean,
            axes,
            keep_dims: true,
        },
        x,
    );
    let x = net.reshape(x, &[1, 4]);
    let x = net.gemm(x, 3);
    let graph = net.check(&[x]);
    assert_eq!(size(&graph), (4 * 49 + 4 + 3, 3));
    assert_eq!(graph.layers[1].scale, ScaleRule::Follows(1));
}

#[test]
fn concatenations_are_read_where_they_are() {
    let mut net = Net::new(&[&[1, 2, 5, 5]]);
    let a = net.conv(0, 3, (1, 1, 0), 1);
    let a = net.relu(a);
    let b = net.conv(0, 5, (3, 1, 1), 1);
    let b = net.relu(b);
    let joined = net.node(
        Operation::Concat { axis: 1 },
        vec![Operand::Value(a), Operand::Value(b)],
    );
    let y = net.conv(joined, 4, (3, 1, 1), 1);
    let graph = net.check(&[y]);
    assert_eq!(size(&graph), (25 * (3 + 5 + 4), 3));
    assert_eq!(graph.layers[2].terms.len(), 2);
}

#[test]
fn a_decoder_makes_its_image_at_once() {
    let mut net = Net::new(&[&[1, 6]]);
    let x = net.gemm(0, 32);
    let x = net.relu(x);
    let x = net.reshape(x, &[1, 2, 4, 4]);
    let x = net.conv(x, 3, (3, 1, 1), 1);
    let graph = net.check(&[x]);
    // One cell more: the number one, which carries the bias that differs between positions.
    assert_eq!(size(&graph), (1 + 32 + 3 * 16, 3));
}

#[test]
fn dead_nodes_are_dropped() {
    let mut net = Net::new(&[&[1, 3]]);
    let x = net.gemm(0, 2);
    let unused = net.gemm(0, 4);
    let _ = net.relu(unused);
    assert_eq!(size(&net.check(&[x])), (2, 1));
}
