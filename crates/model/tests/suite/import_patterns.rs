//! Activations that exporters take apart, in their usual forms and in forms that only look like them.

use crate::common::{Dim, Infer, ModelBuilder, attribute_float};
use tensorseal_model::graph::{Activation, FloatGraph, Operation};

/// A model with input `x` of four channels and the constants that the forms need.
fn model() -> ModelBuilder {
    let constant =
        |model: ModelBuilder, (name, value): (&str, f32)| model.floats(name, &[], &[value]);
    [
        ("half", 0.5),
        ("one", 1.0),
        ("two", 2.0),
        ("three", 3.0),
        ("six", 6.0),
        ("zero", 0.0),
        ("sixth", 1.0 / 6.0),
        ("root2", std::f32::consts::SQRT_2),
        ("inverse_root2", std::f32::consts::FRAC_1_SQRT_2),
        ("cubic", 0.044_715),
        ("root", 0.797_884_6),
        ("wrong", 1.702),
    ]
    .into_iter()
    .fold(
        ModelBuilder::with_input(17, &[Dim::Fixed(1), Dim::Fixed(4)]),
        constant,
    )
}

/// A chain of `(operator, inputs, output)`.
fn chain(nodes: &[(&str, &[&str], &str)]) -> FloatGraph {
    let add = |model: ModelBuilder, (operator, inputs, output): &(&str, &[&str], &str)| {
        model.node(operator, inputs, output)
    };
    FloatGraph::from_onnx(&nodes.iter().fold(model(), add).build()).unwrap()
}

const X: [f32; 4] = [-2.5, -0.5, 0.25, 3.0];

#[track_caller]
fn recognised(nodes: &[(&str, &[&str], &str)], activation: Activation) {
    let graph = chain(nodes);
    assert_eq!(graph.nodes.len(), 1, "{:?}", graph.nodes);
    assert_eq!(graph.nodes[0].operation, Operation::Activation(activation));
    let expected: Vec<f32> = X
        .iter()
        .map(|&x| activation.apply(f64::from(x)) as f32)
        .collect();
    assert_eq!(graph.infer(&X).unwrap(), expected);
}

#[test]
fn gelu_by_the_error_function() {
    let gate = |scaled: &'static [&'static str], by: &'static str| {
        [
            (by, scaled, "s"),
            ("Erf", &["s"] as &[&str], "e"),
            ("Add", &["e", "one"], "g"),
        ]
    };
    let divided = gate(&["x", "root2"], "Div");
    let multiplied = gate(&["inverse_root2", "x"], "Mul");
    for gate in [divided, multiplied] {
        let ends: [&[(&str, &[&str], &str)]; 4] = [
            &[("Mul", &["x", "g"], "m"), ("Mul", &["m", "half"], "y")],
            &[("Mul", &["x", "half"], "m"), ("Mul", &["m", "g"], "y")],
            &[("Mul", &["half", "g"], "m"), ("Mul", &["x", "m"], "y")],
            &[("Mul", &["g", "x"], "m"), ("Div", &["m", "two"], "y")],
        ];
        for end in ends {
            recognised(&[&gate, end].concat(), Activation::Gelu);
        }
    }
}

#[test]
fn gelu_by_the_hyperbolic_tangent() {
    let cubes: [&[(&str, &[&str], &str)]; 3] = [
        &[("Pow", &["x", "three"], "p"), ("Mul", &["p", "cubic"], "q")],
        &[
            ("Mul", &["x", "x"], "p2"),
            ("Mul", &["x", "p2"], "p"),
            ("Mul", &["cubic", "p"], "q"),
        ],
        &[
            ("Mul", &["cubic", "x"], "p"),
            ("Mul", &["p", "x"], "p2"),
            ("Mul", &["p2", "x"], "q"),
        ],
    ];
    let end: &[(&str, &[&str], &str)] = &[
        ("Add", &["x", "q"], "sum"),
        ("Mul", &["root", "sum"], "scaled"),
        ("Tanh", &["scaled"], "t"),
        ("Add", &["one", "t"], "g"),
        ("Mul", &["x", "half"], "m"),
        ("Mul", &["m", "g"], "y"),
    ];
    for cube in cubes {
        recognised(&[cube, end].concat(), Activation::GeluTanh);
    }
    recognised(
        &[
            ("Mul", &["x", "x"], "p"),
            ("Mul", &["p", "cubic"], "q"),
            ("Add", &["q", "one"], "sum"),
            ("Mul", &["x", "root"], "r"),
            ("Mul", &["r", "sum"], "scaled"),
            ("Tanh", &["scaled"], "t"),
            ("Add", &["t", "one"], "g"),
            ("Mul", &["x", "g"], "m"),
            ("Mul", &["half", "m"], "y"),
        ],
        Activation::GeluTanh,
    );
}

#[test]
fn gates_of_other_kinds() {
    let silu: &[(&str, &[&str], &str)] = &[("Sigmoid", &["x"], "g"), ("Mul", &["g", "x"], "y")];
    recognised(silu, Activation::Silu);
    recognised(
        &[
            ("Add", &["x", "three"], "a"),
            ("Clip", &["a", "zero", "six"], "c"),
            ("Mul", &["x", "c"], "m"),
            ("Div", &["m", "six"], "y"),
        ],
        Activation::HardSwish,
    );
    recognised(
        &[
            ("Softplus", &["x"], "s"),
            ("Tanh", &["s"], "t"),
            ("Mul", &["x", "t"], "y"),
        ],
        Activation::Mish,
    );
    let hard = model()
        .with(
            "HardSigmoid",
            &["x"],
            "g",
            &[attribute_float("alpha", 1.0 / 6.0)],
        )
        .node("Mul", &["x", "g"], "y");
    let graph = FloatGraph::from_onnx(&hard.build()).unwrap();
    assert_eq!(graph.nodes.len(), 1);
    assert_eq!(
        graph.nodes[0].operation,
        Operation::Activation(Activation::HardSwish)
    );
}

#[test]
fn what_only_looks_like_one_stays() {
    let others: [&[(&str, &[&str], &str)]; 5] = [
        // The gate is of another value.
        &[
            ("Mul", &["x", "wrong"], "s"),
            ("Sigmoid", &["s"], "g"),
            ("Mul", &["x", "g"], "y"),
        ],
        // Another factor.
        &[
            ("Sigmoid", &["x"], "g"),
            ("Mul", &["x", "g"], "m"),
            ("Mul", &["m", "two"], "y"),
        ],
        // Another argument.
        &[
            ("Mul", &["x", "half"], "s"),
            ("Erf", &["s"], "e"),
            ("Add", &["e", "one"], "g"),
            ("Mul", &["x", "g"], "m"),
            ("Mul", &["m", "half"], "y"),
        ],
        // Another summand.
        &[
            ("Div", &["x", "root2"], "s"),
            ("Erf", &["s"], "e"),
            ("Add", &["e", "two"], "g"),
            ("Mul", &["x", "g"], "m"),
            ("Mul", &["m", "half"], "y"),
        ],
        // A square.
        &[("Mul", &["x", "x"], "y")],
    ];
    for nodes in others {
        let graph = chain(nodes);
        // The second one holds a SiLU and a factor.
        let last = &graph.nodes.last().unwrap().operation;
        assert!(matches!(last, Operation::Binary(_)), "{last:?}");
        assert!(graph.infer(&X).is_ok());
    }
}

#[test]
fn products_of_products_end() {
    // Sixty-four doublings: as a tree, more factors than atoms.
    let mut model = model();
    let mut last = String::from("x");
    for index in 0..64 {
        let next = format!("p{index}");
        model = model.node("Mul", &[&last, &last], &next);
        last = next;
    }
    let graph = FloatGraph::from_onnx(&model.node("Relu", &[&last], "y").build()).unwrap();
    assert_eq!(graph.nodes.len(), 65);
}

#[test]
fn what_no_output_needs_is_dropped() {
    let graph = chain(&[
        ("Tanh", &["x"], "unused"),
        ("Mul", &["unused", "two"], "unused2"),
        ("Relu", &["x"], "y"),
    ]);
    assert_eq!(graph.nodes.len(), 1);
    let names: Vec<&str> = graph
        .values
        .iter()
        .map(|value| value.name.as_str())
        .collect();
    assert_eq!(names, ["x", "y"]);
}
