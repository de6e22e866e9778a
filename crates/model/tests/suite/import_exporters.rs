//! Both exporters' styles, constants, element types and final operators.

use crate::common::{
    Dim, Infer, ModelBuilder, attribute, attribute_float, attribute_int, attribute_ints,
    attribute_tensor, bytes, float, floats, int, ints, node, tensor, text,
};
use tensorseal_model::PostProcessing;
use tensorseal_model::graph::FloatGraph;

const OPSETS: [i64; 4] = [11, 13, 17, 21];

fn import(model: &ModelBuilder) -> FloatGraph {
    FloatGraph::from_onnx(&model.build()).unwrap_or_else(|error| panic!("{error}"))
}

fn run(model: &ModelBuilder, x: &[f32]) -> Vec<f32> {
    import(model).infer(x).unwrap()
}

/// x.view(x.size(0), -1) as shape arithmetic, constants as nodes.
fn flattened_by_shape_arithmetic() -> ModelBuilder {
    ModelBuilder::with_input(13, &[Dim::Named("N"), Dim::Fixed(2), Dim::Fixed(1)])
        .floats("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0])
        .node("Shape", &["x"], "shape")
        .with(
            "Constant",
            &[],
            "zero",
            &[attribute_tensor("value", &ints("", &[], &[0]))],
        )
        .with(
            "Gather",
            &["shape", "zero"],
            "n",
            &[attribute_int("axis", 0)],
        )
        .with(
            "Constant",
            &[],
            "axes",
            &[attribute_ints("value_ints", &[0])],
        )
        .node("Unsqueeze", &["n", "axes"], "n1")
        .with(
            "Constant",
            &[],
            "rest",
            &[attribute_tensor("value", &ints("", &[1], &[-1]))],
        )
        .with(
            "Concat",
            &["n1", "rest"],
            "target",
            &[attribute_int("axis", 0)],
        )
        .node("Reshape", &["x", "target"], "flat")
}

#[test]
fn the_legacy_exporters_style() {
    // A shared initializer through Identity, and initializers as inputs.
    let mut model = flattened_by_shape_arithmetic()
        .node("Identity", &["w"], "w2")
        .with(
            "Transpose",
            &["w2"],
            "wt",
            &[attribute_ints("perm", &[1, 0])],
        )
        .node("MatMul", &["flat", "wt"], "h")
        .with(
            "Constant",
            &[],
            "half",
            &[attribute_float("value_float", 0.5)],
        )
        .node("Add", &["h", "half"], "h2")
        .raw_node(node("Dropout", &["h2"], &["d", "mask"], &[]))
        .node("Gemm", &["d", "w"], "y");
    model.inputs.push(crate::common::value_info(
        "w",
        1,
        &[Dim::Fixed(2), Dim::Fixed(2)],
    ));
    let graph = import(&model);
    assert!(graph.dynamic_batch);
    assert_eq!(graph.input(0).shape, [1, 2, 1]);
    // h = [1 + 2 * 10, 3 + 4 * 10] + 0.5
    assert_eq!(
        graph.infer(&[1.0, 10.0]).unwrap(),
        [21.5 + 3.0 * 43.5, 2.0 * 21.5 + 4.0 * 43.5]
    );
}

#[test]
fn the_dynamo_exporters_style() {
    let mut model = ModelBuilder::with_input(20, &[Dim::Open, Dim::Fixed(2)])
        .floats("w", &[2, 2], &[1.0, 0.0, 0.0, 1.0])
        .floats("lo", &[], &[0.0])
        .floats("hi", &[], &[6.0])
        .floats("ratio", &[], &[0.5])
        .initializer(tensor("training", 9, &[], &bytes(9, &[0])))
        .with("Gemm", &["x", "w"], "linear", &[attribute_int("transB", 1)])
        .node("Clip", &["linear", "lo", "hi"], "clip")
        .node("Dropout", &["clip", "ratio", "training"], "drop")
        .with("Softmax", &["drop"], "y", &[attribute_int("axis", 1)]);
    // Intermediate shapes, metadata of the graph and of nodes, documentation.
    model.graph_extra = [
        bytes(
            13,
            &crate::common::value_info("linear", 1, &[Dim::Fixed(1), Dim::Fixed(2)]),
        ),
        bytes(16, &text(1, "key")),
        text(10, "doc"),
    ]
    .concat();
    model.model_extra = [bytes(14, &text(1, "key")), text(6, "doc"), int(5, 1)].concat();
    model.nodes[0].extend(bytes(9, &text(1, "pkg.torch.onnx.name_scopes")));
    let graph = import(&model);
    assert_eq!(graph.infer(&[-3.0, 9.0]).unwrap(), [0.0, 6.0]);
    assert_eq!(graph.post_processing, [PostProcessing::Softmax]);
    assert_eq!(
        (graph.output(0).name, graph.dynamic_batch),
        ("clip".into(), true)
    );
}

#[test]
fn constants_are_executed() {
    let model = ModelBuilder::new(17, 2)
        .floats("a", &[2], &[6.0, 8.0])
        .floats("b", &[1], &[2.0])
        .node("Add", &["a", "b"], "sum")
        .node("Sub", &["sum", "b"], "difference")
        .node("Mul", &["difference", "b"], "product")
        .node("Div", &["product", "b"], "quotient")
        .with(
            "Constant",
            &[],
            "list",
            &[attribute(
                "value_floats",
                6,
                &[float(7, 1.0), float(7, 3.0)].concat(),
            )],
        )
        .node("Div", &["quotient", "list"], "last")
        .with("Constant", &[], "seven", &[attribute_int("value_int", 7)])
        .with("Constant", &[], "two", &[attribute_int("value_int", 2)])
        .node("Div", &["seven", "two"], "three")
        .with("Cast", &["three"], "float", &[attribute_int("to", 1)])
        .node("Mul", &["x", "last"], "h")
        .with("Cast", &["h"], "same", &[attribute_int("to", 1)])
        .node("Add", &["same", "float"], "y");
    assert_eq!(run(&model, &[1.0, 3.0]), [9.0, 11.0]);
    let truncated = ModelBuilder::new(17, 2).floats("a", &[1], &[-1.5]).with(
        "Cast",
        &["a"],
        "i",
        &[attribute_int("to", 7)],
    );
    let truncated = truncated
        .with("Cast", &["i"], "f", &[attribute_int("to", 1)])
        .node("Add", &["x", "f"], "y");
    assert_eq!(run(&truncated, &[0.0, 1.0]), [-1.0, 0.0]);
}

#[test]
fn element_types_of_initializers() {
    let packed = |values: &[f32]| {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let forms = [
        floats("c", &[2], &[1.5, -2.0]),
        tensor("c", 1, &[2], &bytes(4, &packed(&[1.5, -2.0]))),
        tensor("c", 1, &[2], &[float(4, 1.5), float(4, -2.0)].concat()),
        tensor(
            "c",
            11,
            &[2],
            &bytes(9, &[1.5f64.to_le_bytes(), (-2.0f64).to_le_bytes()].concat()),
        ),
        tensor(
            "c",
            11,
            &[2],
            &bytes(
                10,
                &[1.5f64.to_le_bytes(), (-2.0f64).to_le_bytes()].concat(),
            ),
        ),
        tensor("c", 10, &[2], &bytes(9, &[0x00, 0x3e, 0x00, 0xc0])),
        tensor("c", 10, &[2], &[int(5, 0x3e00), int(5, 0xc000)].concat()),
    ];
    for form in forms {
        let model = ModelBuilder::new(17, 2)
            .initializer(form)
            .node("Add", &["x", "c"], "y");
        assert_eq!(run(&model, &[0.0, 0.0]), [1.5, -2.0]);
    }
    for form in [
        tensor("s", 7, &[1], &int(7, -1)),
        tensor("s", 6, &[1], &int(5, -1)),
        tensor("s", 6, &[1], &bytes(9, &[255; 4])),
    ] {
        let model = ModelBuilder::new(17, 2)
            .initializer(form)
            .node("Reshape", &["x", "s"], "h")
            .node("Relu", &["h"], "y");
        assert_eq!(import(&model).output(0).shape, [2]);
    }
}

#[test]
fn final_operators_are_split_off() {
    let steps = |opset: i64, model: fn(ModelBuilder) -> ModelBuilder| {
        let graph = import(&model(ModelBuilder::new(opset, 3).node(
            "Relu",
            &["x"],
            "logits",
        )));
        assert_eq!(graph.output(0).name, "logits");
        graph.post_processing
    };
    for opset in OPSETS {
        assert_eq!(
            steps(opset, |m| m.node("Softmax", &["logits"], "y")),
            [PostProcessing::Softmax]
        );
        assert_eq!(
            steps(opset, |m| m.with(
                "LogSoftmax",
                &["logits"],
                "y",
                &[attribute_int("axis", 1)]
            )),
            [PostProcessing::LogSoftmax]
        );
        let keep =
            |m: ModelBuilder| m.with("ArgMax", &["logits"], "y", &[attribute_int("axis", 1)]);
        assert_eq!(steps(opset, keep), [PostProcessing::ArgMax]);
        let both = |m: ModelBuilder| {
            let last = [attribute_int("axis", -1), attribute_int("keepdims", 0)];
            m.node("Softmax", &["logits"], "p")
                .with("ArgMax", &["p"], "q", &last)
                .node("Identity", &["q"], "y")
        };
        assert_eq!(
            steps(opset, both),
            [PostProcessing::Softmax, PostProcessing::ArgMax]
        );
    }
    // Before opset 13 an axis stands for itself and all behind it.
    assert_eq!(
        steps(11, |m| m.with(
            "Softmax",
            &["logits"],
            "y",
            &[attribute_int("axis", 0)]
        )),
        [PostProcessing::Softmax]
    );
}
