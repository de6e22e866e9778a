//! Every operator form, at every opset that changes it, against values worked out by hand.

use crate::common::{Dim, Infer, ModelBuilder, attribute_float, attribute_int, attribute_ints};
use tensorseal_model::graph::FloatGraph;

const OPSETS: [i64; 4] = [11, 13, 17, 21];

fn import(model: &ModelBuilder) -> FloatGraph {
    FloatGraph::from_onnx(&model.build()).unwrap_or_else(|error| panic!("{error}"))
}

fn run(model: &ModelBuilder, x: &[f32]) -> Vec<f32> {
    import(model).infer(x).unwrap()
}

#[test]
fn gemm_in_every_form() {
    for opset in OPSETS {
        let model = ModelBuilder::new(opset, 2)
            .floats("w", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
            .floats("b", &[3], &[0.5, 0.0, -0.5]);
        let attributes = [
            attribute_float("alpha", 2.0),
            attribute_float("beta", -2.0),
            attribute_int("transA", 0),
            attribute_int("transB", 1),
        ];
        let full = model
            .clone()
            .with("Gemm", &["x", "w", "b"], "y", &attributes);
        assert_eq!(run(&full, &[1.0, -1.0]), [-3.0, -2.0, -1.0]);
        let plain = model.with("Gemm", &["x", "w"], "y", &[attribute_int("transB", 1)]);
        assert_eq!(run(&plain, &[1.0, 1.0]), [3.0, 7.0, 11.0]);
        let straight = ModelBuilder::new(opset, 2)
            .floats("w", &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
            .floats("c", &[1, 1], &[10.0]);
        assert_eq!(
            run(&straight.node("Gemm", &["x", "w", "c"], "y"), &[1.0, 1.0]),
            [15.0, 17.0, 19.0]
        );
    }
}

#[test]
fn matmul_on_both_sides() {
    let right = ModelBuilder::new(17, 2)
        .floats("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0])
        .node("MatMul", &["x", "w"], "y");
    assert_eq!(run(&right, &[1.0, 10.0]), [31.0, 42.0]);
    let left = ModelBuilder::with_input(17, &[Dim::Fixed(2)])
        .floats("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0])
        .node("MatMul", &["w", "x"], "y");
    assert_eq!(run(&left, &[1.0, 10.0]), [21.0, 43.0]);
    let column = ModelBuilder::with_input(17, &[Dim::Fixed(1), Dim::Fixed(2), Dim::Fixed(1)])
        .floats("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let column = import(&column.node("MatMul", &["w", "x"], "y"));
    assert_eq!(
        (column.infer(&[1.0, 10.0]).unwrap(), column.output(0).shape),
        (vec![21.0, 43.0], vec![1, 2, 1])
    );
    let vector = import(
        &ModelBuilder::new(17, 2)
            .floats("w", &[2], &[1.0, 2.0])
            .node("MatMul", &["x", "w"], "y"),
    );
    assert_eq!(
        (vector.infer(&[1.0, 10.0]).unwrap(), vector.output(0).shape),
        (vec![21.0], vec![1])
    );
    let batched = import(
        &ModelBuilder::new(17, 2)
            .floats("w", &[1, 2, 2], &[1.0, 2.0, 3.0, 4.0])
            .node("MatMul", &["x", "w"], "y"),
    );
    assert_eq!(
        (
            batched.infer(&[1.0, 10.0]).unwrap(),
            batched.output(0).shape
        ),
        (vec![31.0, 42.0], vec![1, 1, 2])
    );
}

#[test]
fn elementwise_with_constants() {
    let cases: [(&str, &[&str], [f32; 2]); 7] = [
        ("Add", &["x", "c"], [5.0, 2.0]),
        ("Add", &["c", "x"], [5.0, 2.0]),
        ("Sub", &["x", "c"], [1.0, -10.0]),
        ("Sub", &["c", "x"], [-1.0, 10.0]),
        ("Mul", &["x", "c"], [6.0, -24.0]),
        ("Mul", &["c", "x"], [6.0, -24.0]),
        ("Div", &["x", "d"], [1.5, -1.0]),
    ];
    for (operator, inputs, expected) in cases {
        let model = ModelBuilder::new(17, 2)
            .floats("c", &[2], &[2.0, 6.0])
            .floats("d", &[1, 2], &[2.0, 4.0])
            .node(operator, inputs, "y");
        assert_eq!(run(&model, &[3.0, -4.0]), expected, "{operator} {inputs:?}");
    }
    let scalar = ModelBuilder::new(17, 2)
        .floats("c", &[], &[2.0])
        .node("Mul", &["x", "c"], "y");
    assert_eq!(run(&scalar, &[3.0, -4.0]), [6.0, -8.0]);
    let raised = import(
        &ModelBuilder::new(17, 2)
            .floats("c", &[1, 1, 2], &[2.0, 3.0])
            .node("Add", &["x", "c"], "y"),
    );
    assert_eq!(
        (raised.infer(&[1.0, 1.0]).unwrap(), raised.output(0).shape),
        (vec![3.0, 4.0], vec![1, 1, 2])
    );
}

#[test]
fn activations() {
    for opset in OPSETS {
        let run_one = |operator: &str, attributes: &[Vec<u8>]| {
            run(
                &ModelBuilder::new(opset, 3).with(operator, &["x"], "y", attributes),
                &[-2.0, 0.0, 2.0],
            )
        };
        assert_eq!(run_one("Relu", &[]), [0.0, 0.0, 2.0]);
        assert_eq!(
            run_one("LeakyRelu", &[attribute_float("alpha", 0.5)]),
            [-1.0, 0.0, 2.0]
        );
        assert_eq!(run_one("LeakyRelu", &[]), [-0.02, 0.0, 2.0]);
        assert_eq!(run_one("Sigmoid", &[])[1], 0.5);
        assert!((run_one("Sigmoid", &[])[2] - 0.880_797).abs() < 1e-6);
        assert!((run_one("Tanh", &[])[0] + 0.964_027_6).abs() < 1e-6);
        let clip = |inputs: &[&str]| {
            let model = ModelBuilder::new(opset, 3)
                .floats("lo", &[], &[-1.0])
                .floats("hi", &[1], &[1.5])
                .floats("zero", &[], &[0.0]);
            run(
                &model
                    .node("Clip", inputs, "y")
                    .node("Relu", &["x"], "unused"),
                &[-2.0, 0.0, 2.0],
            )
        };
        assert_eq!(clip(&["x", "lo", "hi"]), [-1.0, 0.0, 1.5]);
        assert_eq!(clip(&["x", "lo"]), [-1.0, 0.0, 2.0]);
        assert_eq!(clip(&["x", "", "hi"]), [-2.0, 0.0, 1.5]);
        assert_eq!(clip(&["x", "zero"]), [0.0, 0.0, 2.0]);
        assert_eq!(clip(&["x"]), [-2.0, 0.0, 2.0]);
    }
}

#[test]
fn batch_normalization_by_hand() {
    for opset in OPSETS {
        let model = ModelBuilder::new(opset, 2)
            .floats("g", &[2], &[2.0, 1.0])
            .floats("b", &[2], &[1.0, 0.0])
            .floats("m", &[2], &[3.0, -1.0])
            .floats("v", &[2], &[3.0, 0.0])
            .with(
                "BatchNormalization",
                &["x", "g", "b", "m", "v"],
                "y",
                &[
                    attribute_float("epsilon", 1.0),
                    attribute_float("momentum", 0.9),
                ],
            );
        assert_eq!(run(&model, &[5.0, 1.0]), [3.0, 2.0]);
    }
    let deep = ModelBuilder::with_input(17, &[Dim::Fixed(1), Dim::Fixed(2), Dim::Fixed(2)])
        .floats("g", &[2], &[1.0, 2.0])
        .floats("z", &[2], &[0.0, 0.0])
        .floats("v", &[2], &[0.0, 0.0])
        .with(
            "BatchNormalization",
            &["x", "g", "z", "z", "v"],
            "y",
            &[
                attribute_float("epsilon", 1.0),
                attribute_int("training_mode", 0),
            ],
        );
    assert_eq!(run(&deep, &[1.0, 2.0, 3.0, 4.0]), [1.0, 2.0, 6.0, 8.0]);
}

/// The shape that a node on an input of shape [1, 2, 1, 3] makes, after a check that the data stay.
fn shape(opset: i64, model: fn(ModelBuilder) -> ModelBuilder) -> Vec<usize> {
    let input = [Dim::Fixed(1), Dim::Fixed(2), Dim::Fixed(1), Dim::Fixed(3)];
    let graph = import(&model(ModelBuilder::with_input(opset, &input)).node("Relu", &["z"], "y"));
    assert_eq!(
        graph.infer(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap(),
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    );
    graph.output(0).shape
}

#[test]
fn shapes_change_and_data_stay() {
    for opset in OPSETS {
        assert_eq!(shape(opset, |m| m.node("Flatten", &["x"], "z")), [1, 6]);
        assert_eq!(
            shape(opset, |m| m.with(
                "Flatten",
                &["x"],
                "z",
                &[attribute_int("axis", -1)]
            )),
            [2, 3]
        );
        assert_eq!(
            shape(opset, |m| m.with(
                "Flatten",
                &["x"],
                "z",
                &[attribute_int("axis", 4)]
            )),
            [6, 1]
        );
        assert_eq!(
            shape(opset, |m| m.ints("s", &[3], &[0, -1, 2]).node(
                "Reshape",
                &["x", "s"],
                "z"
            )),
            [1, 3, 2]
        );
        assert_eq!(shape(opset, |m| m.node("Squeeze", &["x"], "z")), [2, 3]);
        assert_eq!(
            shape(opset, |m| m.with(
                "Transpose",
                &["x"],
                "z",
                &[attribute_ints("perm", &[1, 0, 3, 2])]
            )),
            [2, 1, 3, 1]
        );
    }
}

#[test]
fn axes_are_an_attribute_and_later_an_input() {
    assert_eq!(
        shape(11, |m| m.with(
            "Squeeze",
            &["x"],
            "z",
            &[attribute_ints("axes", &[-2])]
        )),
        [1, 2, 3]
    );
    assert_eq!(
        shape(13, |m| m.ints("a", &[1], &[-2]).node(
            "Squeeze",
            &["x", "a"],
            "z"
        )),
        [1, 2, 3]
    );
    assert_eq!(
        shape(11, |m| m.with(
            "Unsqueeze",
            &["x"],
            "z",
            &[attribute_ints("axes", &[0, -1])]
        )),
        [1, 1, 2, 1, 3, 1]
    );
    assert_eq!(
        shape(21, |m| m.ints("a", &[2], &[0, -1]).node(
            "Unsqueeze",
            &["x", "a"],
            "z"
        )),
        [1, 1, 2, 1, 3, 1]
    );
}

#[test]
fn zero_sizes_may_be_meant() {
    let allow = |m: ModelBuilder| {
        m.ints("s", &[2], &[1, 6]).with(
            "Reshape",
            &["x", "s"],
            "z",
            &[attribute_int("allowzero", 1)],
        )
    };
    assert_eq!(shape(17, allow), [1, 6]);
}
