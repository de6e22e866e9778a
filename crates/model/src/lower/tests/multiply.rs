//! Products of two activations.

use alloc::vec;
use alloc::vec::Vec;

use super::net::{Net, size};
use crate::graph::{Binary, Gemm, Operand, Operation};
use crate::layered::{LayeredGraph, ScaleRule, Weights};

fn matmul(net: &mut Net, a: usize, b: usize) -> usize {
    let operands = vec![Operand::Value(a), Operand::Value(b)];
    net.node(Operation::MatMul, operands)
}

fn transposed(net: &mut Net, x: usize, permutation: &[usize]) -> usize {
    let permutation = permutation.to_vec();
    net.unary(Operation::Transpose { permutation }, x)
}

/// Cells of quarter squares.
fn squares(graph: &LayeredGraph) -> usize {
    let layers = graph.layers.iter();
    let squares = layers.filter(|layer| matches!(layer.scale, ScaleRule::QuarterSquare { .. }));
    squares.map(|layer| layer.extent.cells()).sum()
}

#[test]
fn elements_are_multiplied_with_broadcasting() {
    for (left, right, moves) in [
        (&[1, 6][..], &[1, 6][..], 0),
        (&[1, 3, 4, 5], &[1, 3, 4, 5], 0),
        (&[1, 3, 4, 5], &[1, 3, 1, 1], 0),
        (&[1, 3, 1, 1], &[1, 3, 4, 5], 0),
        // The vector lay on the channels.
        (&[1, 3, 4, 5], &[5], 1),
        (&[4, 1], &[1, 3], 0),
        (&[2, 3], &[], 0),
    ] {
        let mut net = Net::new(&[left, right]);
        let product = net.binary(Binary::Mul, 0, 1);
        let graph = net.check(&[product]);
        let elements: usize = net.shape(product).iter().product();
        assert_eq!(squares(&graph), 2 * elements, "{left:?} {right:?}");
        assert_eq!(graph.layers.len(), 3 + moves, "{left:?} {right:?}");
    }
}

#[test]
fn operands_become_codes_once() {
    // A gate: what both factors read is cells already, so that only what follows from a weight is new.
    let mut net = Net::new(&[&[1, 5]]);
    let hidden = net.gemm(0, 4);
    let hidden = net.relu(hidden);
    let gate = net.gemm(0, 4);
    let product = net.binary(Binary::Mul, hidden, gate);
    let made = net.gemm(product, 2);
    let graph = net.check(&[made]);
    let layers: Vec<(usize, usize)> = (graph.layers.iter())
        .map(|layer| (layer.extent.channels, layer.terms.len()))
        .collect();
    // The hidden layer, the gate, sum, difference, their product, the last matrix.
    assert_eq!(layers, [(4, 1), (4, 1), (4, 2), (4, 2), (4, 2), (2, 1)]);
    assert_eq!(graph.layers[4].scale, ScaleRule::Products { count: 1 });
    let factors = &graph.layers[2].terms;
    assert!(factors.iter().all(|term| matches!(
        term.weights,
        Weights::Structural {
            coefficient: 1.0,
            ..
        }
    )));
}

#[test]
fn squares_and_powers_are_tables() {
    let mut net = Net::new(&[&[1, 5]]);
    let square = net.binary(Binary::Mul, 0, 0);
    let exponent = Net::given(&[1], vec![3.0]);
    let operands = vec![Operand::Value(square), exponent];
    let power = net.node(Operation::Binary(Binary::Pow), operands);
    assert_eq!(size(&net.check(&[power])), (10, 2));
    let one = vec![Operand::Value(0), Net::given(&[], vec![1.0])];
    let one = net.node(Operation::Binary(Binary::Pow), one);
    let one = net.relu(one);
    assert_eq!(size(&net.check(&[one])), (5, 1));
}

#[test]
fn matrices_are_multiplied() {
    for (left, right) in [
        (&[2, 3][..], &[3, 4][..]),
        (&[3], &[3, 4]),
        (&[2, 3], &[3]),
        (&[3], &[3]),
        (&[1, 2, 3], &[1, 3, 4]),
        (&[1, 2, 3, 4], &[1, 2, 4, 3]),
        (&[2, 1, 3, 4], &[3, 4, 2]),
        (&[40, 3], &[3, 2]),
    ] {
        let mut net = Net::new(&[left, right]);
        let product = matmul(&mut net, 0, 1);
        let graph = net.check(&[product]);
        let elements: usize = net.shape(product).iter().product();
        let length = left.last().unwrap();
        assert_eq!(squares(&graph), 2 * elements * length, "{left:?} {right:?}");
    }
}

#[test]
fn gemm_takes_two_activations() {
    for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true), (true, true)] {
        let shape = |transposed: bool, shape: [usize; 2]| {
            if transposed {
                [shape[1], shape[0]]
            } else {
                shape
            }
        };
        let (left, right) = (shape(transpose_a, [2, 3]), shape(transpose_b, [3, 4]));
        let mut net = Net::new(&[&left, &right]);
        let gemm = Gemm {
            alpha: 0.5,
            beta: 2.0,
            transpose_a,
            transpose_b,
        };
        let operands = vec![Operand::Value(0), Operand::Value(1), net.constant(&[4])];
        let made = net.node(Operation::Gemm(gemm), operands);
        net.check(&[made]);
    }
}

#[test]
fn pairwise_dots_turn_by_copies() {
    // The interaction of a recommender: rows, each times each.
    let mut net = Net::new(&[&[1, 3, 8]]);
    let rows = net.relu(0);
    let columns = transposed(&mut net, rows, &[0, 2, 1]);
    let dots = matmul(&mut net, rows, columns);
    let flat = net.reshape(dots, &[1, 9]);
    let made = net.gemm(flat, 2);
    let graph = net.check(&[made]);
    // The rows, their turned copy, the squares, their sums, the last matrix.
    assert_eq!(size(&graph), (24 + 24 + 2 * 72 + 9 + 2, 6));
    let dense = |layer: &crate::layered::FloatLayer| {
        let is_dense = |term: &crate::layered::FloatTerm| matches!(term.weights, Weights::Dense(_));
        layer.terms.iter().any(is_dense)
    };
    assert_eq!(graph.layers.iter().filter(|layer| dense(layer)).count(), 1);
}

#[test]
fn attention_without_its_softmax() {
    // Two heads of four channels over three positions.
    let mut net = Net::new(&[&[1, 3, 8]]);
    let heads = |net: &mut Net| {
        let x = net.matmul(0, &[8, 8]);
        let x = net.reshape(x, &[1, 3, 2, 4]);
        transposed(net, x, &[0, 2, 1, 3])
    };
    let [queries, keys, values] = [heads(&mut net), heads(&mut net), heads(&mut net)];
    let keys = transposed(&mut net, keys, &[0, 1, 3, 2]);
    let scores = matmul(&mut net, queries, keys);
    let scores = net.relu(scores);
    let mixed = matmul(&mut net, scores, values);
    let mixed = transposed(&mut net, mixed, &[0, 2, 1, 3]);
    let mixed = net.reshape(mixed, &[1, 3, 8]);
    let made = net.matmul(mixed, &[8, 8]);
    let graph = net.check(&[made]);
    assert_eq!(squares(&graph), 2 * (2 * 3 * 3 * 4 + 2 * 3 * 4 * 3));
}
