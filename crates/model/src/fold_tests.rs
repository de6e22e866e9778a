//! Folding keeps the function and refuses what it must.

use super::*;

fn node(name: &str, channels: usize, operation: Operation) -> Node {
    Node {
        name: name.into(),
        operator: name.into(),
        channels,
        operation,
    }
}

fn graph(channels: usize, nodes: Vec<Node>) -> FloatGraph {
    let out = nodes.last().map_or(channels, |node| node.channels);
    FloatGraph {
        input: TensorType {
            name: "x".into(),
            shape: vec![1, channels],
            channels,
        },
        output: TensorType {
            name: "y".into(),
            shape: vec![1, out],
            channels: out,
        },
        dynamic_batch: false,
        nodes,
        post_processing: vec![],
    }
}

fn affine(scale: &[f32], shift: &[f32]) -> Operation {
    Operation::Affine(Affine {
        scale: scale.to_vec(),
        shift: shift.to_vec(),
    })
}

fn linear() -> Operation {
    Operation::Linear(Linear {
        in_channels: 2,
        out_channels: 2,
        weights: vec![1.0, 2.0, -3.0, 4.0],
        bias: vec![0.5, 0.0],
    })
}

fn layered(graph: &LayeredGraph, x: &[f32]) -> Vec<f32> {
    let values = graph.evaluate(&[x.to_vec()]).unwrap();
    graph.outputs(&values).swap_remove(0)
}

#[test]
fn scales_on_both_sides_fold_into_the_matrix() {
    let nodes = vec![
        node("Mul", 2, affine(&[2.0, 0.5], &[0.0, 0.0])),
        node("Add", 2, affine(&[1.0, 1.0], &[1.0, -1.0])),
        node("MatMul", 2, linear()),
        node("BatchNormalization", 2, affine(&[3.0, -1.0], &[0.25, 4.0])),
        node("Relu", 2, Operation::Activation(Activation::Relu)),
    ];
    let graph = graph(2, nodes);
    let folded = fold(&graph).unwrap();
    assert_eq!(folded.layers.len(), 1);
    assert_eq!(folded.layers[0].name, "Mul");
    assert_eq!(
        folded.layers[0].operators,
        ["Mul", "Add", "MatMul", "BatchNormalization", "Relu"]
    );
    for x in [[0.0, 0.0], [1.0, -2.0], [-3.5, 0.25]] {
        assert_eq!(layered(&folded, &x), graph.infer(&x).unwrap());
    }
}

#[test]
fn what_has_no_matrix_gets_a_diagonal_one() {
    let nodes = vec![
        node("Relu", 2, Operation::Activation(Activation::Relu)),
        node("Sigmoid", 2, Operation::Activation(Activation::Sigmoid)),
        node("Mul", 2, affine(&[2.0, -2.0], &[0.0, 1.0])),
    ];
    let graph = graph(2, nodes);
    let folded = fold(&graph).unwrap();
    assert_eq!(folded.layers.len(), 3);
    assert_eq!(
        folded.layers[2].terms[0].weights,
        Weights::Dense(vec![2.0, 0.0, 0.0, -2.0])
    );
    assert_eq!(
        layered(&folded, &[-1.0, 0.5]),
        graph.infer(&[-1.0, 0.5]).unwrap()
    );
}

#[test]
fn two_matrices_stay_two_layers() {
    let folded = fold(&graph(
        2,
        vec![node("A", 2, linear()), node("B", 2, linear())],
    ))
    .unwrap();
    assert_eq!(
        folded
            .layers
            .iter()
            .map(|layer| layer.name.as_str())
            .collect::<Vec<_>>(),
        ["A", "B"]
    );
    assert!(folded.layers.iter().all(|layer| layer.activation.is_none()));
}

#[test]
fn refusals_name_the_node() {
    assert_eq!(
        fold(&graph(2, vec![])),
        Err(FoldError::Empty { input: "x".into() })
    );
    let wide = node("Relu", 3000, Operation::Activation(Activation::Relu));
    assert!(matches!(
        fold(&graph(3000, vec![wide])),
        Err(FoldError::DiagonalTooLarge { channels: 3000, .. })
    ));
    let huge = affine(&[3.0e38, 1.0], &[0.0, 0.0]);
    let overflow = fold(&graph(
        2,
        vec![node("Mul", 2, huge.clone()), node("Mul2", 2, huge)],
    ));
    assert_eq!(
        overflow,
        Err(FoldError::NotFinite {
            node: "Mul2".into(),
            operator: "Mul2".into()
        })
    );
}
