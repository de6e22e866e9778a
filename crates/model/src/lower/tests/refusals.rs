//! What has no form as layers is refused by name.

use alloc::string::ToString;
use alloc::vec;

use super::net::Net;
use crate::graph::{Activation, Binary, LocalResponse, Operand, Operation, SliceAxis, Softmax};
use crate::lower::{LowerError, Problem};

fn refused(net: &mut Net, output: usize) -> Problem {
    match net.lower(&[output]) {
        Err(LowerError::Node { node, problem, .. }) => {
            assert!(node.starts_with('n'));
            problem
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn products_of_activations() {
    let mut net = Net::new(&[&[1, 3]]);
    let square = net.binary(Binary::Mul, 0, 0);
    assert_eq!(refused(&mut net, square), Problem::Product);
    let one = net.constant(&[1]);
    let ratio = net.node(Operation::Binary(Binary::Div), vec![one, Operand::Value(0)]);
    assert_eq!(refused(&mut net, ratio), Problem::Product);
    let mut net = Net::new(&[&[3, 3]]);
    let square = net.node(
        Operation::MatMul,
        vec![Operand::Value(0), Operand::Value(0)],
    );
    assert_eq!(refused(&mut net, square), Problem::Product);
    let error = net.lower(&[square]).unwrap_err().to_string();
    assert!(
        error.contains("\"n0\" (MatMul)") && error.contains("constant"),
        "{error}"
    );
}

#[test]
fn normalisation_in_the_middle() {
    let mut net = Net::new(&[&[1, 3, 2, 2]]);
    let softmax = Softmax {
        first: 1,
        end: 2,
        logarithm: false,
    };
    let y = net.unary(Operation::Softmax(softmax), 0);
    assert_eq!(refused(&mut net, y), Problem::Operator);
    let response = LocalResponse {
        alpha: 1.0,
        beta: 0.5,
        bias: 1.0,
        size: 3,
    };
    let y = net.unary(Operation::LocalResponse(response), 0);
    assert_eq!(refused(&mut net, y), Problem::Operator);
}

#[test]
fn factors_that_differ_between_positions() {
    let mut net = Net::new(&[&[1, 3, 4, 4]]);
    let x = net.conv(0, 3, (1, 1, 0), 1);
    let y = net.with_constant(Binary::Mul, x, &[1, 1, 4, 4]);
    assert_eq!(refused(&mut net, y), Problem::PositionFactor);
}

#[test]
fn moves_of_much_data() {
    // Rows become channels and channels rows, between two convolutions: no map along each axis does that.
    let mut net = Net::new(&[&[1, 16, 24, 24]]);
    let x = net.conv(0, 16, (1, 1, 0), 1);
    let x = net.relu(x);
    let x = net.unary(
        Operation::Transpose {
            permutation: vec![0, 2, 1, 3],
        },
        x,
    );
    let y = net.conv(x, 2, (1, 1, 0), 1);
    assert!(matches!(refused(&mut net, y), Problem::TooLarge { .. }));
}

#[test]
fn weights_that_overflow() {
    let mut net = Net::new(&[&[1, 1]]);
    let huge = Net::given(&[1], vec![3e38]);
    let x = net.node(
        Operation::Binary(Binary::Mul),
        vec![Operand::Value(0), huge.clone()],
    );
    let x = net.node(
        Operation::Binary(Binary::Mul),
        vec![Operand::Value(x), huge],
    );
    let y = net.unary(Operation::Activation(Activation::Relu), x);
    assert_eq!(refused(&mut net, y), Problem::NotFinite);
}

#[test]
fn tensors_without_elements() {
    let mut net = Net::new(&[&[1, 3]]);
    let axes = vec![
        SliceAxis {
            start: 0,
            step: 1,
            length: 1,
        },
        SliceAxis {
            start: 0,
            step: 1,
            length: 0,
        },
    ];
    let y = net.unary(Operation::Slice { axes }, 0);
    assert_eq!(refused(&mut net, y), Problem::Empty);
}

#[test]
fn networks_that_compute_nothing() {
    let mut net = Net::new(&[&[1, 3]]);
    // A copy of the input is a layer, but nothing at all is no network.
    assert!(net.lower(&[0]).is_ok());
    assert_eq!(net.lower(&[]), Err(LowerError::Empty));
}
