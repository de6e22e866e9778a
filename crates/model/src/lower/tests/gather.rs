//! Rows of constant tables.

use alloc::vec;
use alloc::vec::Vec;

use super::net::{Net, size};
use crate::graph::{Activation, Binary, ElementType, Operand, Operation, SliceAxis};
use crate::layered::{LayeredError, LayeredGraph, Weights};
use crate::lower::{LowerError, Problem};

fn gather(net: &mut Net, table: Operand, indices: usize, axis: usize) -> usize {
    net.node(
        Operation::Gather { axis },
        vec![table, Operand::Value(indices)],
    )
}

/// A network whose input of this shape holds row numbers.
fn indexed(shape: &[usize]) -> Net {
    let mut net = Net::new(&[shape]);
    net.integers(0);
    net
}

fn refused(net: &mut Net, output: usize) -> Problem {
    match net.lower(&[output]) {
        Err(LowerError::Node { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

/// Asserts that all layers which gather read inputs and nothing else reads those.
fn assert_rows_are_inputs(graph: &LayeredGraph) {
    for layer in &graph.layers {
        for term in &layer.terms {
            let rows = graph.inputs.get(term.source).and_then(|port| port.rows);
            assert_eq!(rows.is_some(), layer.gathered.is_some(), "{}", layer.name);
        }
        if layer.gathered.is_some() {
            let each = |term: &crate::layered::FloatTerm| match &term.weights {
                Weights::Structural {
                    channels,
                    coefficient,
                } => channels.stride == 0 && *coefficient == 1.0,
                Weights::Dense(_) | Weights::Diagonal(_) => false,
            };
            assert!(layer.terms.iter().all(each));
        }
    }
    for port in graph.inputs.iter().filter(|port| port.rows.is_some()) {
        assert_eq!(port.extent().channels, 1);
    }
}

#[test]
fn an_embedding_is_one_layer() {
    for (shape, table, axis) in [
        (&[1, 3][..], &[7, 4][..], 0),
        (&[1], &[7, 4], 0),
        (&[2, 3], &[7, 2, 3], 0),
        (&[2], &[3, 7], 1),
        (&[2, 2], &[3, 7, 2], 1),
        (&[], &[7, 4], 0),
        (&[5], &[7], 0),
    ] {
        let mut net = indexed(shape);
        let table = net.constant(table);
        let rows = gather(&mut net, table, 0, axis);
        let graph = net.check(&[rows]);
        let elements: usize = net.shape(rows).iter().product();
        assert_eq!(size(&graph), (elements, 1), "{shape:?}");
        assert_eq!(graph.inputs[0].rows, Some(7));
        assert_rows_are_inputs(&graph);
    }
}

#[test]
fn indices_are_moved_before_they_choose() {
    let mut net = indexed(&[1, 6]);
    let slice = Operation::Slice {
        axes: vec![
            SliceAxis {
                start: 0,
                step: 1,
                length: 1,
            },
            SliceAxis {
                start: 1,
                step: 2,
                length: 3,
            },
        ],
    };
    let odd = net.unary(slice, 0);
    let sizes = vec![2, 4];
    let parts = net.nodes(Operation::Split { axis: 1, sizes }, vec![Operand::Value(0)]);
    let last = net.node(
        Operation::Gather { axis: 1 },
        vec![Operand::Value(0), Net::ints(&[], vec![-1])],
    );
    let grid = net.reshape(parts[1], &[2, 2]);
    let turned = net.unary(
        Operation::Transpose {
            permutation: vec![1, 0],
        },
        grid,
    );
    let narrow = net.unary(
        Operation::Cast {
            to: ElementType::Int32,
        },
        parts[0],
    );
    let columns = [last, last].map(|x| net.reshape(x, &[1, 1]));
    let joined = net.node(
        Operation::Concat { axis: 1 },
        columns.map(Operand::Value).to_vec(),
    );
    let mut outputs = vec![];
    for (indices, rows) in [(odd, 5), (last, 9), (turned, 3), (narrow, 4), (joined, 2)] {
        let table = net.constant(&[rows, 3]);
        outputs.push(gather(&mut net, table, indices, 0));
    }
    let graph = net.lower(&outputs).unwrap();
    let gathered = graph.layers.iter().filter(|layer| layer.gathered.is_some());
    assert_eq!(gathered.count(), 5);
    assert_eq!(graph.inputs[0].rows, Some(9));
    assert_rows_are_inputs(&graph);
    // Every index fits its own table here.
    let input: Vec<f32> = [0, 3, 1, 4, 2, 1].map(|x| x as f32).to_vec();
    let run = |input: &[f32]| graph.evaluate(&[input.to_vec()]);
    let made = graph.outputs(&run(&[0.0, 1.0, 1.0, 2.0, 2.0, 1.0]).unwrap());
    assert_eq!(made.len(), 5);
    assert!(matches!(
        run(&input),
        Err(LayeredError::Row { rows: 3, value, .. }) if value == 4.0
    ));
    for wrong in [-1.0, 9.0, 0.5] {
        let mut input = input.clone();
        input[2] = wrong;
        let error = run(&input).unwrap_err();
        let index = LayeredError::Index {
            input: "x0".into(),
            element: 2,
            value: f64::from(wrong),
            rows: 9,
        };
        assert_eq!(error, index);
    }
}

#[test]
fn a_recommender_is_layers() {
    let (tables, rows, width) = (3, 11, 4);
    let mut net = Net::new(&[&[1, 5], &[1, tables]]);
    net.integers(1);
    let bottom = net.gemm(0, width);
    let bottom = net.relu(bottom);
    let mut vectors = vec![net.reshape(bottom, &[1, 1, width])];
    for table in 0..tables {
        let index = Net::ints(&[], vec![table as i64]);
        let ids = net.node(
            Operation::Gather { axis: 1 },
            vec![Operand::Value(1), index],
        );
        let table = net.constant(&[rows, width]);
        let vector = gather(&mut net, table, ids, 0);
        vectors.push(net.reshape(vector, &[1, 1, width]));
    }
    let vectors = vectors.into_iter().map(Operand::Value).collect();
    let joined = net.node(Operation::Concat { axis: 1 }, vectors);
    let turned = net.unary(
        Operation::Transpose {
            permutation: vec![0, 2, 1],
        },
        joined,
    );
    let dots = net.node(
        Operation::MatMul,
        vec![Operand::Value(joined), Operand::Value(turned)],
    );
    let flat = net.reshape(dots, &[1, 16]);
    let pairs = Net::ints(&[6], vec![4, 8, 9, 12, 13, 14]);
    let pairs = net.node(
        Operation::Gather { axis: 1 },
        vec![Operand::Value(flat), pairs],
    );
    let all = net.node(
        Operation::Concat { axis: 1 },
        vec![Operand::Value(bottom), Operand::Value(pairs)],
    );
    let top = net.gemm(all, 3);
    let top = net.unary(Operation::Activation(Activation::Sigmoid), top);
    let graph = net.check(&[top]);
    assert_rows_are_inputs(&graph);
    let gathered = graph.layers.iter().filter(|layer| layer.gathered.is_some());
    assert_eq!(gathered.count(), tables);
}

#[test]
fn integers_of_an_input_choose_rows_and_nothing_else() {
    // Uneven distances, arithmetic, functions.
    let mut net = indexed(&[1, 4]);
    let table = net.constant(&[7, 2]);
    let uneven = Net::ints(&[3], vec![0, 1, 3]);
    let uneven = net.node(
        Operation::Gather { axis: 1 },
        vec![Operand::Value(0), uneven],
    );
    let rows = gather(&mut net, table.clone(), uneven, 0);
    assert_eq!(refused(&mut net, rows), Problem::Indices);
    let sum = net.binary(Binary::Add, 0, 0);
    let rows = gather(&mut net, table.clone(), sum, 0);
    assert_eq!(refused(&mut net, rows), Problem::Indices);
    let real = Operation::Cast {
        to: ElementType::Float32,
    };
    let real = net.unary(real, 0);
    assert_eq!(refused(&mut net, real), Problem::Indices);

    // As an output, and without a table.
    let mut net = indexed(&[1, 4]);
    let rows = gather(&mut net, table, 0, 0);
    let moved = net.reshape(0, &[4]);
    let named = |tensor: &str| LowerError::Indices {
        tensor: tensor.into(),
    };
    assert_eq!(net.lower(&[rows, moved]), Err(named("y1")));
    let mut net = Net::new(&[&[1, 4], &[1, 2]]);
    net.integers(1);
    let other = net.relu(0);
    assert_eq!(net.lower(&[other]), Err(named("x1")));

    // Real numbers and made integers are no row numbers, and activations no table.
    let mut net = Net::new(&[&[1, 4]]);
    let integers = net.unary(
        Operation::Cast {
            to: ElementType::Int64,
        },
        0,
    );
    let table = net.constant(&[7, 2]);
    let rows = gather(&mut net, table, integers, 0);
    assert_eq!(refused(&mut net, rows), Problem::Operator);
    let mut net = Net::new(&[&[3, 4], &[2]]);
    net.integers(1);
    let rows = gather(&mut net, Operand::Value(0), 1, 0);
    assert_eq!(refused(&mut net, rows), Problem::ConstantOperand);
}
