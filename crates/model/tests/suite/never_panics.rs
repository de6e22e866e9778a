//! Whatever the bytes, reading them ends in a value or in an error.

use crate::common::{ModelBuilder, attribute_int, attribute_tensor, ints, read};
use crate::conformance::cases;
use proptest::prelude::*;
use tensorseal_model::compile;
use tensorseal_model::data::DataFile;
use tensorseal_model::graph::FloatGraph;
use tensorseal_model::quantise::QuantiseOptions;

/// A small model with many kinds of nodes.
fn model() -> Vec<u8> {
    ModelBuilder::new(13, 4)
        .floats("w", &[4, 2], &[1.0, -2.0, 0.5, 0.25, 1.0, 1.0, -1.0, 2.0])
        .floats("b", &[2], &[0.5, -0.5])
        .floats("v", &[2], &[1.0, 2.0])
        .node("Shape", &["x"], "s")
        .with(
            "Constant",
            &[],
            "i",
            &[attribute_tensor("value", &ints("", &[1], &[0]))],
        )
        .with("Gather", &["s", "i"], "n", &[attribute_int("axis", 0)])
        .ints("rest", &[1], &[-1])
        .with("Concat", &["n", "rest"], "t", &[attribute_int("axis", 0)])
        .node("Reshape", &["x", "t"], "flat")
        .node("Gemm", &["flat", "w", "b"], "h")
        .node("BatchNormalization", &["h", "v", "b", "b", "v"], "n2")
        .node("Tanh", &["n2"], "a")
        .node("Mul", &["a", "v"], "m")
        .with("Transpose", &["w"], "wt", &[])
        .node("MatMul", &["m", "wt"], "o")
        .node("Relu", &["o"], "r")
        .node("Softmax", &["r"], "y")
        .build()
}

fn calibration() -> DataFile {
    DataFile::parse(
        br#"{"x": [[1, -2, 3, 0.5], [0, 1, -1, 2], [4, 0, 0, -3]], "labels": [0, 1, 3]}"#,
    )
    .unwrap()
}

/// Damage to a file: a cut, then bytes overwritten.
fn damage() -> impl Strategy<Value = (prop::sample::Index, bool, Vec<(prop::sample::Index, u8)>)> {
    (
        any::<prop::sample::Index>(),
        any::<bool>(),
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    )
}

fn damaged(
    mut bytes: Vec<u8>,
    (cut, cuts, writes): (prop::sample::Index, bool, Vec<(prop::sample::Index, u8)>),
) -> Vec<u8> {
    if cuts {
        bytes.truncate(cut.index(bytes.len()));
    }
    for (index, value) in writes {
        if !bytes.is_empty() {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
    }
    bytes
}

#[test]
fn the_undamaged_model_compiles() {
    let compiled = compile(
        &model(),
        Some(&calibration()),
        None,
        &QuantiseOptions::default(),
    )
    .unwrap();
    assert_eq!(compiled.integer.layers.len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = FloatGraph::from_onnx(&bytes);
        let _ = DataFile::parse(&bytes);
        let _ = DataFile::parse(&[b"PK\x05\x06", bytes.as_slice()].concat());
    }

    #[test]
    fn damaged_models(damage in damage()) {
        if let Ok(graph) = FloatGraph::from_onnx(&damaged(model(), damage)) {
            let inputs: Vec<Vec<f32>> = (0..graph.inputs.len()).map(|i| vec![0.5; graph.input(i).elements()]).collect();
            let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
            let _ = graph.run(&inputs);
        }
    }

    /// Every operator on its own test's inputs, with attributes, shapes and types that the damage makes of them.
    #[test]
    fn damaged_operators(index in any::<prop::sample::Index>(), damage in damage()) {
        let case = index.get(cases());
        let _ = case.run(&damaged(case.model.clone(), damage), false);
    }

    #[test]
    fn damaged_archives(damage in damage()) {
        let _ = DataFile::parse(&damaged(read("digits_demo_calibration.npz"), damage));
    }

    #[test]
    fn damaged_json(damage in damage()) {
        let _ = DataFile::parse(&damaged(read("digits_demo_input.json"), damage));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn damaged_models_compile_or_say_why(damage in damage()) {
        let _ = compile(&damaged(model(), damage), Some(&calibration()), None, &QuantiseOptions::default());
    }
}
