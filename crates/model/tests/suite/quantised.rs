//! Models quantised by onnxruntime: every integer tensor that it stored equals ours, on all twelve fixtures.

use crate::common::read;
use tensorseal_model::data::DataFile;
use tensorseal_model::graph::{FloatGraph, Operation, Tensor};
use tensorseal_model::integer::{Cell, IntegerGraph, Semantics, Trace};
use tensorseal_model::layered::{LayeredGraph, ScaleRule};
use tensorseal_model::quantise::{QuantiseOptions, quantise};

const MODELS: [&str; 3] = ["digits_mlp", "digits_cnn", "lenet5"];
const FORMS: [&str; 4] = ["qdq_s8s8", "qdq_u8s8", "qop_s8s8", "qop_u8s8"];
/// Test images in each fixture.
const IMAGES: usize = 16;

fn numbers(tensor: &Tensor) -> Vec<f64> {
    match (tensor.as_floats(), tensor.as_ints()) {
        (Some(values), _) => values.iter().map(|&x| f64::from(x)).collect(),
        (_, Some(values)) => values.iter().map(|&x| x as f64).collect(),
        _ => unreachable!(),
    }
}

#[test]
fn every_intermediate_is_onnxruntimes() {
    let mut compared = 0;
    for model in MODELS {
        for form in FORMS {
            let name = format!("quantised/{model}_{form}");
            let graph = FloatGraph::from_onnx(&read(&format!("{name}.onnx"))).unwrap();
            // Each group of operators is one on integers.
            assert!(!graph.nodes.iter().any(|node| matches!(
                node.operation,
                Operation::Gemm(_) | Operation::Convolution(_)
            )));
            let data = DataFile::parse(&read(&format!("{name}.npz"))).unwrap();
            let input = graph.input(0);
            let samples = data.samples("in_x", &input.shape).unwrap();
            assert_eq!(samples.len(), IMAGES);
            for (image, sample) in samples.iter().enumerate() {
                let values = graph.run_all(&[sample]).unwrap();
                for (info, value) in graph.values.iter().zip(&values) {
                    let stored = format!("t_{}", info.name);
                    let Ok(expected) = data.samples(&stored, &info.shape) else {
                        continue;
                    };
                    let expected: Vec<f64> =
                        expected[image].iter().map(|&x| f64::from(x)).collect();
                    assert_eq!(numbers(value), expected, "{name}: {stored}, image {image}");
                    compared += expected.len();
                }
            }
        }
    }
    println!("{compared} values");
    // Everything that the fixtures store, so that no name can be missed.
    assert_eq!(compared, 835_328);
}

/// The zero point of every quantised value.
fn zero_points(graph: &FloatGraph) -> Vec<Option<i64>> {
    let mut zeros = vec![None; graph.values.len()];
    for node in &graph.nodes {
        let number = match &node.operation {
            Operation::QuantizeLinear(_) => Some(2),
            Operation::QLinearConv(_) | Operation::QLinearMatMul => Some(7),
            Operation::QGemm(_) => Some(8),
            _ => None,
        };
        zeros[node.outputs[0]] = match (&node.operation, number) {
            (_, Some(number)) => {
                Some(node.inputs[number].constant().unwrap().as_ints().unwrap()[0])
            }
            (Operation::DequantizeLinear(_), _) => None,
            _ => node.inputs[0].value().and_then(|value| zeros[value]),
        };
    }
    zeros
}

/// The integers of every tensor, and those of layers before their function, in the order of ONNX: channels first.
fn integers(graph: &IntegerGraph, own: &LayeredGraph, trace: &Trace) -> Vec<Vec<i64>> {
    let mut all = Vec::new();
    for (tensor, cells) in trace.tensors.iter().enumerate() {
        let extent = graph.extent(tensor).unwrap();
        let positions = extent.position_count();
        let mut onnx = |value: &dyn Fn(&Cell) -> i64| {
            let mut values = vec![0; cells.len()];
            for (index, cell) in cells.iter().enumerate() {
                let (position, channel) = (index / extent.channels, index % extent.channels);
                values[channel * positions + position] = value(cell);
            }
            all.push(values);
        };
        onnx(&|cell| cell.out);
        let layer = tensor.checked_sub(graph.inputs.len());
        if let Some(ScaleRule::Fixed(fixed)) = layer.map(|layer| &own.layers[layer].scale) {
            onnx(&|cell| cell.pre.max(fixed.low.into()).min(fixed.high.into()));
        }
    }
    all
}

#[test]
fn every_integer_of_the_proved_network_is_onnxruntimes() {
    let (mut compared, mut logits) = (0, 0);
    for model in MODELS {
        for form in FORMS {
            let name = format!("quantised/{model}_{form}");
            let float = FloatGraph::from_onnx(&read(&format!("{name}.onnx"))).unwrap();
            let layered = LayeredGraph::lower(&float).unwrap();
            let data = DataFile::parse(&read(&format!("{name}.npz"))).unwrap();
            let graph = quantise(&layered, &[], &QuantiseOptions::default()).unwrap();
            let shifts: Vec<(u32, usize)> = graph
                .layers
                .iter()
                .map(|layer| (layer.shift, layer.terms.len()))
                .collect();
            println!(
                "{name}: {} {} {} rows, {:?} {:?}",
                graph.log_rows,
                graph.shift,
                graph.table_rows(),
                shifts,
                graph
                    .segments
                    .iter()
                    .map(|s| (s.lo, s.hi))
                    .collect::<Vec<_>>()
            );
            assert_eq!(graph.semantics(), Semantics::OnnxRuntime);
            let zeros = zero_points(&float);
            let samples = data.samples("in_x", &float.input(0).shape).unwrap();
            for (image, sample) in samples.iter().enumerate() {
                let inputs = graph.quantise_inputs(&[sample.clone()]).unwrap();
                let trace = graph.infer(&inputs).unwrap();
                let own = integers(&graph, &layered, &trace);
                for (info, zero) in float.values.iter().zip(&zeros) {
                    let stored = format!("t_{}", info.name);
                    let (Some(zero), Ok(expected)) = (zero, data.samples(&stored, &info.shape))
                    else {
                        continue;
                    };
                    let expected: Vec<i64> =
                        expected[image].iter().map(|x| *x as i64 - zero).collect();
                    assert!(own.contains(&expected), "{name}: {stored}, image {image}");
                    compared += expected.len();
                }
                let outputs = graph.outputs(&trace).unwrap();
                let real = graph.outputs[0].dequantise(&outputs[0]);
                let expected = data.samples("t_logits", &float.output(0).shape).unwrap();
                assert_eq!(real, expected[image], "{name}: logits of image {image}");
                logits += real.len();
            }
        }
    }
    println!("{compared} integers, {logits} logits");
}
