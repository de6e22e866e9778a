//! Lowering, on ONNX's node tests: wherever a graph has a form as layers, those compute what the float interpreter does. What has none
//! is counted by operator, so that nothing is lost unnoticed.

use crate::conformance::{ATTRIBUTES, Case, cases};
use std::collections::BTreeMap;
use tensorseal_model::graph::{FloatGraph, Tensor};
use tensorseal_model::import::ImportOptions;
use tensorseal_model::layered::LayeredGraph;
use tensorseal_model::lower::LowerError;
use tensorseal_model::onnx::Model;

/// Tests that become layers.
const LOWERED: usize = 268;

/// Tests refused by the lowering, by operator.
const REFUSED: &[(&str, usize)] = &[
    ("ArgMax", 16),
    ("DequantizeLinear", 4),
    ("Greater", 2),
    ("GreaterOrEqual", 2),
    ("LRN", 2),
    ("Less", 2),
    ("LessOrEqual", 2),
    ("Log", 2),
    ("LogSoftmax", 6),
    ("Mod", 1),
    ("Pow", 10),
    ("QLinearConv", 1),
    ("QLinearMatMul", 4),
    ("QuantizeLinear", 4),
    ("Reciprocal", 2),
    ("Slice", 1),
    ("Softmax", 6),
    ("Sqrt", 2),
    ("Where", 1),
];

/// The test's graph with these floats as inputs and everything else as constants; `None` where the import has no such graph.
fn graph(case: &Case, is_input: impl Fn(usize) -> bool) -> Option<(FloatGraph, Vec<Vec<f32>>)> {
    let model = Model::parse(&case.model).ok()?;
    let mut options = ImportOptions::default();
    let mut inputs = Vec::new();
    for (index, info) in model.graph.inputs.iter().enumerate() {
        let given = case.inputs.get(index).cloned().flatten()?;
        let attribute = ATTRIBUTES.contains(&(case.operator.as_str(), index));
        match given.as_floats() {
            Some(values) if !attribute && !values.is_empty() && is_input(index) => {
                inputs.push(values.to_vec());
            }
            _ => drop(options.constants.insert(info.name.to_string(), given)),
        }
    }
    let graph = FloatGraph::from_onnx_with(&case.model, &options).ok()?;
    Some((graph, inputs))
}

/// Whether the graph becomes layers. Panics when those do not compute the same.
fn lowers(name: &str, graph: &FloatGraph, inputs: &[Vec<f32>]) -> Result<(), LowerError> {
    let layered = LayeredGraph::lower(graph)?;
    let slices: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let expected = graph.run(&slices).unwrap();
    let tensors = layered
        .evaluate(inputs)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    for (actual, expected) in layered.outputs(&tensors).iter().zip(&expected) {
        let expected = Tensor::as_floats(expected).unwrap();
        let size = expected.iter().fold(1.0f32, |size, x| size.max(x.abs()));
        for (a, b) in actual.iter().zip(expected) {
            assert!((a - b).abs() <= 2e-5 * size, "{name}: {a} for {b}");
        }
    }
    Ok(())
}

#[test]
fn node_tests_as_layers_compute_the_same() {
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let mut lowered = 0;
    for case in cases() {
        // With all floats as inputs, or the first one alone, the others being its parameters.
        let graphs = [graph(&case, |_| true), graph(&case, |index| index == 0)];
        let results: Vec<_> = graphs
            .iter()
            .flatten()
            .map(|(graph, inputs)| lowers(&case.name, graph, inputs))
            .collect();
        if results.iter().any(Result::is_ok) {
            lowered += 1;
        } else if let Some(Err(error)) = results.last() {
            println!("{}: {error}", case.name);
            *refused.entry(case.operator.clone()).or_default() += 1;
        }
    }
    let refused: Vec<(&str, usize)> = refused
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    assert_eq!(refused, REFUSED);
    assert_eq!(lowered, LOWERED);
}
