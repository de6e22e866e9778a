//! What has no form as layers is refused by name.

use alloc::string::ToString;
use alloc::vec;

use super::net::{Net, window};
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
fn divisors_exponents_and_too_many_products() {
    let mut net = Net::new(&[&[1, 3]]);
    let one = net.constant(&[1]);
    let ratio = net.node(Operation::Binary(Binary::Div), vec![one, Operand::Value(0)]);
    assert_eq!(refused(&mut net, ratio), Problem::Divisor);
    for exponent in [0.5, -1.0, 9.0, 0.0] {
        let exponent = Net::given(&[], vec![exponent]);
        let power = vec![Operand::Value(0), exponent];
        let power = net.node(Operation::Binary(Binary::Pow), power);
        assert_eq!(refused(&mut net, power), Problem::Exponent);
    }
    let unlike = vec![Operand::Value(0), Net::given(&[3], vec![2.0, 2.0, 3.0])];
    let unlike = net.node(Operation::Binary(Binary::Pow), unlike);
    assert_eq!(refused(&mut net, unlike), Problem::Exponent);
    let both = net.binary(Binary::Pow, 0, 0);
    assert_eq!(refused(&mut net, both), Problem::ConstantOperand);

    let mut net = Net::new(&[&[300, 300], &[300, 300]]);
    let operands = vec![Operand::Value(0), Operand::Value(1)];
    let product = net.node(Operation::MatMul, operands);
    let (products, limit) = (27_000_000, 1 << 22);
    assert_eq!(
        refused(&mut net, product),
        Problem::Products { products, limit }
    );
    let error = net.lower(&[product]).unwrap_err().to_string();
    assert!(
        error.contains("\"n0\" (MatMul)") && error.contains("27000000 products"),
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
fn wide_borders_of_values_that_may_be_negative() {
    let axes = vec![window(40, (41, 1, 1), (40, 40))];
    let mut net = Net::new(&[&[1, 1, 40]]);
    let y = net.unary(Operation::MaxPool { axes: axes.clone() }, 0);
    assert!(matches!(
        refused(&mut net, y),
        Problem::Border { positions: 80, .. }
    ));
    let x = net.relu(0);
    let y = net.unary(Operation::MaxPool { axes: axes.clone() }, x);
    net.check(&[y]);
    let y = net.unary(
        Operation::AveragePool {
            axes,
            count_include_pad: false,
        },
        0,
    );
    assert!(matches!(refused(&mut net, y), Problem::Border { .. }));
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
