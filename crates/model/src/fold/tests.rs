//! Folding keeps the function and refuses what it must.

use super::*;

fn node(name: &str, channels: usize, step: Step) -> Link {
    Link {
        name: name.into(),
        operator: name.into(),
        channels,
        step,
    }
}

fn fold(channels: usize, links: &[Link]) -> Result<LayeredGraph, FoldError> {
    let input = TensorType {
        name: "x".into(),
        shape: vec![1, channels],
    };
    LayeredGraph::fold_chain(input, links)
}

fn chained(links: &[Link], x: &[f32]) -> Vec<f32> {
    links
        .iter()
        .fold(x.to_vec(), |values, link| match &link.step {
            Step::Linear(linear) => linear.apply(&values),
            Step::Affine(affine) => {
                let pairs = affine.scale.iter().zip(&affine.shift);
                pairs.zip(&values).map(|((a, b), x)| a * x + b).collect()
            }
            Step::Activation(activation) => values
                .iter()
                .map(|&x| activation.apply(f64::from(x)) as f32)
                .collect(),
        })
}

fn affine(scale: &[f32], shift: &[f32]) -> Step {
    Step::Affine(Affine {
        scale: scale.to_vec(),
        shift: shift.to_vec(),
    })
}

fn linear() -> Step {
    Step::Linear(Linear {
        in_channels: 2,
        out_channels: 2,
        weights: vec![1.0, 2.0, -3.0, 4.0],
        bias: vec![0.5, 0.0],
    })
}

fn layered(graph: &LayeredGraph, x: &[f32]) -> Vec<f32> {
    graph.layers.iter().fold(x.to_vec(), |values, layer| {
        layer.activate(&layer.pre_activation(&values))
    })
}

#[test]
fn scales_on_both_sides_fold_into_the_matrix() {
    let nodes = vec![
        node("Mul", 2, affine(&[2.0, 0.5], &[0.0, 0.0])),
        node("Add", 2, affine(&[1.0, 1.0], &[1.0, -1.0])),
        node("MatMul", 2, linear()),
        node("BatchNormalization", 2, affine(&[3.0, -1.0], &[0.25, 4.0])),
        node("Relu", 2, Step::Activation(Activation::Relu)),
    ];
    let folded = fold(2, &nodes).unwrap();
    assert_eq!(folded.layers.len(), 1);
    assert_eq!(folded.layers[0].name, "Mul");
    assert_eq!(
        folded.layers[0].operators,
        ["Mul", "Add", "MatMul", "BatchNormalization", "Relu"]
    );
    for x in [[0.0, 0.0], [1.0, -2.0], [-3.5, 0.25]] {
        assert_eq!(layered(&folded, &x), chained(&nodes, &x));
    }
}

#[test]
fn what_has_no_matrix_gets_a_diagonal_one() {
    let nodes = vec![
        node("Relu", 2, Step::Activation(Activation::Relu)),
        node("Sigmoid", 2, Step::Activation(Activation::Sigmoid)),
        node("Mul", 2, affine(&[2.0, -2.0], &[0.0, 1.0])),
    ];
    let folded = fold(2, &nodes).unwrap();
    assert_eq!(folded.layers.len(), 3);
    assert_eq!(folded.layers[2].linear.weights, [2.0, 0.0, 0.0, -2.0]);
    assert_eq!(
        layered(&folded, &[-1.0, 0.5]),
        chained(&nodes, &[-1.0, 0.5])
    );
}

#[test]
fn two_matrices_stay_two_layers() {
    let folded = fold(2, &[node("A", 2, linear()), node("B", 2, linear())]).unwrap();
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
    assert_eq!(fold(2, &[]), Err(FoldError::Empty { input: "x".into() }));
    let wide = node("Relu", 3000, Step::Activation(Activation::Relu));
    assert!(matches!(
        fold(3000, &[wide]),
        Err(FoldError::DiagonalTooLarge { channels: 3000, .. })
    ));
    let huge = affine(&[3.0e38, 1.0], &[0.0, 0.0]);
    let overflow = fold(2, &[node("Mul", 2, huge.clone()), node("Mul2", 2, huge)]);
    assert_eq!(
        overflow,
        Err(FoldError::NotFinite {
            node: "Mul2".into(),
            operator: "Mul2".into()
        })
    );
}
