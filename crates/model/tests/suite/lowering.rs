//! Lowering, on ONNX's node tests: wherever a graph has a form as layers, those compute what the float interpreter does. What has none
//! is counted by operator, so that nothing is lost unnoticed.

use crate::archive::archive;
use crate::conformance::{ATTRIBUTES, Case, cases};
use std::collections::BTreeMap;
use tensorseal_model::generate::Shape;
use tensorseal_model::graph::{FloatGraph, Tensor};
use tensorseal_model::import::ImportOptions;
use tensorseal_model::layered::{LayeredGraph, Weights};
use tensorseal_model::lower::LowerError;
use tensorseal_model::onnx::Model;

/// Tests that become layers.
pub(crate) const LOWERED: usize = 269;

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
    ("Pow", 9),
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
pub(crate) fn graph(
    case: &Case,
    is_input: impl Fn(usize) -> bool,
) -> Option<(FloatGraph, Vec<Vec<f32>>)> {
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
        let graphs = [graph(case, |_| true), graph(case, |index| index == 0)];
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

/// Layers and cells of a network, and what its layers are made of: dense, diagonal and structural terms.
fn size(graph: &LayeredGraph) -> (usize, usize, [usize; 3]) {
    let mut terms = [0; 3];
    for term in graph.layers.iter().flat_map(|layer| &layer.terms) {
        terms[match &term.weights {
            Weights::Dense(_) => 0,
            Weights::Diagonal(_) => 1,
            Weights::Structural { .. } => 2,
        }] += 1;
    }
    let cells = graph.layers.iter().map(|layer| layer.extent.cells());
    (graph.layers.len(), cells.sum(), terms)
}

#[test]
fn well_known_networks_take_no_more_than_they_need() {
    let size = |shape: Shape| {
        let graph = FloatGraph::from_onnx(&shape.onnx(1)).unwrap();
        size(&LayeredGraph::lower(&graph).unwrap())
    };
    let shapes = [
        Shape::Cnn264K,
        Shape::ResNet18 { side: 32 },
        Shape::MobileNetV2 { side: 32 },
    ];
    let expected = [
        // Six matrices and three pools of two rounds of differences and their sum.
        (15, 213_066, [6, 0, 27]),
        // A residual is a term of the layer that its sum ends in, and the mean of one position is that position.
        (23, 76_776, [21, 0, 22]),
        // As many layers as convolutions and dense layers: ten residuals and all normalisation take none.
        (53, 137_288, [36, 17, 10]),
    ];
    assert_eq!(shapes.map(size), expected);
}

#[test]
fn a_generated_network_computes_the_same_in_layers() {
    for name in ["cnn-264k", "dlrm-3x20x6"] {
        let shape = Shape::parse(name).unwrap();
        let graph = FloatGraph::from_onnx(&shape.onnx(1)).unwrap();
        for sample in shape.samples(2, 2) {
            assert_eq!(lowers(name, &graph, &sample), Ok(()));
        }
    }
}

#[test]
fn light_networks_become_layers_but_for_their_response_normalisation() {
    let files = archive("light.bin");
    let mut lowered = vec![];
    for name in [
        "bvlc_alexnet",
        "densenet121",
        "inception_v1",
        "inception_v2",
        "resnet50",
        "shufflenet",
        "squeezenet",
        "zfnet512",
    ] {
        let graph =
            FloatGraph::from_onnx_with(&files[&format!("{name}.onnx")], &crate::light::roomy())
                .unwrap();
        match LayeredGraph::lower(&graph) {
            Ok(layered) => lowered.push((name, size(&layered))),
            Err(LowerError::Node { operator, .. }) => assert_eq!(operator, "LRN", "{name}"),
            Err(error) => panic!("{name}: {error}"),
        }
    }
    let expected = [
        ("densenet121", (192, 28_125_672, [121, 62, 79])),
        ("inception_v2", (106, 8_335_944, [134, 0, 245])),
        ("resnet50", (56, 11_016_680, [54, 0, 30])),
        ("shufflenet", (59, 4_101_864, [34, 16, 46])),
        ("squeezenet", (39, 4_592_016, [40, 0, 59])),
    ];
    assert_eq!(lowered, expected);
}
