//! Quantised networks that are refused, each with its reason.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::graph::{
    Activation, Binary, ElementType, Elements, FloatGraph, Gemm, Node, Operand, Operation, Output,
    QuantizedAxis, Tensor, TensorType,
};
use crate::layered::{LayeredGraph, ScaleRule};
use crate::lower::{LowerError, Problem};

fn ints(element_type: ElementType, shape: &[usize], values: &[i64]) -> Operand {
    let elements = Elements::Ints(values.to_vec());
    Operand::Constant(Arc::new(
        Tensor::new(element_type, shape.to_vec(), elements).unwrap(),
    ))
}

fn byte(value: i64) -> Operand {
    ints(ElementType::Uint8, &[], &[value])
}

fn floats(values: &[f32]) -> Operand {
    Operand::Constant(Arc::new(
        Tensor::floats(vec![values.len()], values.to_vec()).unwrap(),
    ))
}

fn float(value: f32) -> Operand {
    Operand::Constant(Arc::new(Tensor::float(value)))
}

const WHOLE: QuantizedAxis = QuantizedAxis {
    axis: None,
    element_type: ElementType::Uint8,
};

/// x [1, 3] → QuantizeLinear → QGemm [1, 2] → DequantizeLinear.
fn network() -> FloatGraph {
    let value = |name: &str, channels| TensorType {
        name: name.to_string(),
        shape: vec![1, channels],
        element_type: ElementType::Float32,
    };
    let node = |operator: &str, inputs: Vec<Operand>, output, operation| Node {
        name: operator.to_string(),
        operator: operator.to_string(),
        inputs,
        outputs: vec![output],
        operation,
    };
    let gemm = Gemm {
        alpha: 1.0,
        beta: 1.0,
        transpose_a: false,
        transpose_b: true,
    };
    let weights = ints(ElementType::Int8, &[2, 3], &[1, -2, 3, 127, -128, 7]);
    let operands = vec![
        Operand::Value(1),
        float(0.5),
        byte(3),
        weights,
        floats(&[0.25, 0.125]),
        ints(ElementType::Int8, &[2], &[0, 1]),
        ints(ElementType::Int32, &[2], &[100, -7]),
        float(0.75),
        byte(10),
    ];
    FloatGraph {
        inputs: vec![0],
        outputs: vec![Output {
            value: 3,
            name: "y".into(),
        }],
        values: vec![value("x", 3), value("q", 3), value("z", 2), value("y", 2)],
        nodes: vec![
            node(
                "QuantizeLinear",
                vec![Operand::Value(0), float(0.5), byte(3)],
                1,
                Operation::QuantizeLinear(WHOLE),
            ),
            node("QGemm", operands, 2, Operation::QGemm(gemm)),
            node(
                "DequantizeLinear",
                vec![Operand::Value(2), float(0.75), byte(10)],
                3,
                Operation::DequantizeLinear(WHOLE),
            ),
        ],
        dynamic_batch: false,
        post_processing: vec![],
    }
}

#[test]
fn a_network_of_bytes_is_one_layer() {
    let graph = network();
    let layered = LayeredGraph::lower(&graph).unwrap();
    let [layer] = layered.layers.as_slice() else {
        panic!("{:?}", layered.layers);
    };
    let ScaleRule::Fixed(own) = &layer.scale else {
        panic!("{:?}", layer.scale);
    };
    assert_eq!((own.low, own.high), (-10, 245));
    assert_eq!(own.bias, [100, -7]);
    assert_eq!(own.multipliers, [0.5 * 0.25 / 0.75, 0.5 * 0.125 / 0.75]);
    let x = [-9.0f32, 0.8, 40.25];
    let tensors = layered.evaluate(&[x.to_vec()]).unwrap();
    let expected = graph.run(&[&x]).unwrap();
    assert_eq!(
        layered.outputs(&tensors)[0],
        expected[0].as_floats().unwrap()
    );
    // -9 saturates at the zero point below, 40.25 / 0.5 = 80.5 goes to the even 80.
    assert_eq!(tensors[0].out, [-3.0, 2.0, 80.0]);
}

fn refused(change: impl Fn(&mut FloatGraph)) -> Problem {
    let mut graph = network();
    change(&mut graph);
    match LayeredGraph::lower(&graph) {
        Err(LowerError::Node { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn scales_are_positive_and_finite() {
    for scale in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        for (node, operand) in [(0, 1), (1, 1), (1, 7), (2, 1)] {
            let found = refused(|graph| graph.nodes[node].inputs[operand] = float(scale));
            assert_eq!(found, Problem::Scale, "{scale} at {node}, {operand}");
        }
        let channel = refused(|graph| graph.nodes[1].inputs[4] = floats(&[1.0, scale]));
        assert_eq!(channel, Problem::Scale);
    }
    // Each is a number, but their quotient is not.
    let multiplier = refused(|graph| {
        graph.nodes[1].inputs[4] = floats(&[1e30, 1e30]);
        graph.nodes[1].inputs[7] = float(1e-30);
    });
    assert_eq!(multiplier, Problem::Scale);
    let vanishing = refused(|graph| {
        graph.nodes[1].inputs[4] = floats(&[1e-30, 1e-30]);
        graph.nodes[1].inputs[7] = float(1e30);
    });
    assert_eq!(vanishing, Problem::Scale);
}

#[test]
fn integers_are_bytes_and_parameters_as_many_as_channels() {
    let wide = |shape: &[usize], values: &[i64]| ints(ElementType::Int16, shape, values);
    for (node, operand) in [(0, 2), (1, 2), (1, 8), (2, 2)] {
        let found = refused(|graph| graph.nodes[node].inputs[operand] = wide(&[], &[0]));
        assert_eq!(found, Problem::ZeroPoint, "{node}, {operand}");
    }
    let weights = refused(|graph| graph.nodes[1].inputs[3] = wide(&[2, 3], &[0; 6]));
    assert_eq!(weights, Problem::ZeroPoint);
    let three = Problem::PerChannel {
        expected: 2,
        actual: 3,
    };
    let bias = ints(ElementType::Int32, &[3], &[0; 3]);
    let zeros = ints(ElementType::Int8, &[3], &[0; 3]);
    for (operand, value) in [(4, floats(&[1.0; 3])), (5, zeros), (6, bias)] {
        let found = refused(|graph| graph.nodes[1].inputs[operand] = value.clone());
        assert_eq!(found, three);
    }
    let none = refused(|graph| graph.nodes[1].inputs[4] = floats(&[]));
    assert!(matches!(none, Problem::PerChannel { actual: 0, .. }));
}

#[test]
fn what_is_read_was_quantised_so() {
    // Another zero point than the integers were made with.
    let other = refused(|graph| graph.nodes[1].inputs[2] = byte(4));
    assert_eq!(other, Problem::NotQuantised);
    let back = refused(|graph| graph.nodes[2].inputs[2] = byte(9));
    assert_eq!(back, Problem::NotQuantised);
    // Real numbers.
    let real = refused(|graph| graph.nodes[1].inputs[0] = Operand::Value(0));
    assert_eq!(real, Problem::NotQuantised);
}

#[test]
fn other_operators_on_integers_are_refused() {
    for operation in [
        Operation::Binary(Binary::Add),
        Operation::Activation(Activation::Sigmoid),
    ] {
        let found = refused(|graph| {
            graph.nodes[2].operation = operation.clone();
            graph.nodes[2].inputs.truncate(1);
        });
        assert_eq!(found, Problem::Quantised);
    }
    // A Relu that is not quantised again, and integers as an output.
    for last in [false, true] {
        let mut graph = network();
        if last {
            graph.nodes.pop();
            graph.outputs[0].value = 2;
        } else {
            graph.nodes.push(Node {
                name: "r".into(),
                operator: "Relu".into(),
                inputs: vec![Operand::Value(3)],
                outputs: vec![4],
                operation: Operation::Activation(Activation::Relu),
            });
            graph.values.push(graph.values[3].clone());
            graph.outputs[0].value = 4;
        }
        let found = LayeredGraph::lower(&graph);
        assert!(matches!(found, Err(LowerError::Mixed { .. })), "{found:?}");
    }
}
