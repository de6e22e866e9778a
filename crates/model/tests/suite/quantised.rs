//! Models quantised by onnxruntime: every integer tensor that it stored equals ours, on all twelve fixtures.

use crate::common::read;
use tensorseal_model::data::DataFile;
use tensorseal_model::graph::{FloatGraph, Operation, Tensor};

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
