//! ONNX's nine light graphs: classic networks whose weights are made by `ConstantOfShape`.

use crate::archive::{archive, distance, tensor};
use tensorseal_model::PostProcessing;
use tensorseal_model::graph::FloatGraph;
use tensorseal_model::import::{ImportError, ImportOptions, execute};

const NETWORKS: [&str; 9] = [
    "bvlc_alexnet",
    "densenet121",
    "inception_v1",
    "inception_v2",
    "resnet50",
    "shufflenet",
    "squeezenet",
    "vgg19",
    "zfnet512",
];

/// Room for the constants that a few kilobytes of file make: 144 million weights of VGG19.
fn roomy() -> ImportOptions {
    ImportOptions {
        expanded_elements: Some(1 << 28),
        ..ImportOptions::default()
    }
}

#[test]
fn every_network_imports() {
    let files = archive("light.bin");
    assert_eq!(files.len(), 2 * NETWORKS.len());
    for name in NETWORKS {
        let graph = FloatGraph::from_onnx_with(&files[&format!("{name}.onnx")], &roomy())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(graph.input(0).shape, [1, 3, 224, 224], "{name}");
        let ends_in_softmax = !matches!(name, "densenet121");
        let softmax = graph.post_processing == [PostProcessing::Softmax];
        assert_eq!(softmax, ends_in_softmax, "{name}");
        assert_eq!(graph.output(0).elements(), 1000, "{name}");
    }
    let tight = FloatGraph::from_onnx(&files["vgg19.onnx"]);
    assert!(matches!(tight, Err(ImportError::TooLarge { .. })));
}

/// Takes about a minute: `cargo test --release -p tensorseal-model light -- --ignored`.
#[test]
#[ignore = "slow"]
fn every_network_gives_its_expected_output() {
    let files = archive("light.bin");
    // ONNX's own runner feeds the numbers 0 to 1 in equal steps.
    let count = 3 * 224 * 224;
    let ramp: Vec<f32> = (0..count)
        .map(|i| (f64::from(i) / f64::from(count)) as f32)
        .collect();
    for name in NETWORKS {
        let started = std::time::Instant::now();
        let outputs = execute(&files[&format!("{name}.onnx")], &roomy(), &[&ramp]).unwrap();
        let expected = tensor(&files[&format!("{name}_output_0.pb")]).unwrap();
        let distance = distance(&outputs[0], &expected);
        println!("{name}: {distance:?} tolerances, {:?}", started.elapsed());
        assert!(
            distance.is_some_and(|distance| distance <= 1.0),
            "{name}: {distance:?}"
        );
    }
}
