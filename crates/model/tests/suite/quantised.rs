//! Models quantised by onnxruntime: every integer tensor that it stored equals ours, on all sixteen fixtures.

use crate::common::read;
use crate::limbs::verifies;
use tensorseal_model::data::DataFile;
use tensorseal_model::graph::{FloatGraph, Operation, Tensor};
use tensorseal_model::integer::{Cell, Semantics, Trace, ValidGraph};
use tensorseal_model::layered::{LayeredGraph, ScaleRule};
use tensorseal_model::program::{Description, lift, lower, witness};
use tensorseal_model::quantise::{
    QuantiseError, QuantiseOptions, TableChoice, quantise, rounding_differences,
};
use tensorseal_model::report::{CompileReport, Note};
use tensorseal_model::{CompileError, compile};

const MODELS: [&str; 4] = ["digits_mlp", "digits_cnn", "lenet5", "residual"];
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
                Operation::Gemm(_)
                    | Operation::Convolution(_)
                    | Operation::Binary(_)
                    | Operation::Reduce { .. }
                    | Operation::Concat { .. }
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
    assert_eq!(compared, 952_192);
}

/// The zero point of every quantised value.
fn zero_points(graph: &FloatGraph) -> Vec<Option<i64>> {
    let mut zeros = vec![None; graph.values.len()];
    for node in &graph.nodes {
        let number = match &node.operation {
            Operation::QuantizeLinear(_) => Some(2),
            Operation::QLinearConv(_) | Operation::QLinearMatMul | Operation::QLinearAdd => Some(7),
            Operation::QLinearGlobalAveragePool => Some(4),
            Operation::QLinearConcat { .. } => Some(1),
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
fn integers(graph: &ValidGraph, own: &LayeredGraph, trace: &Trace) -> Vec<Vec<i64>> {
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
            println!("{name}: {:?} sums differ", rounding_differences(&layered));
            assert_eq!(graph.semantics(), Semantics::OnnxRuntime);
            let zeros = zero_points(&float);
            let samples = data.samples("in_x", &float.input(0).shape).unwrap();
            for (image, sample) in samples.iter().enumerate() {
                let inputs = graph.quantise_inputs(std::slice::from_ref(sample)).unwrap();
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
    // Everything that the fixtures store.
    assert_eq!((compared, logits), (950_016, 2176));
}

/// A fixture as an integer graph, with the inference of its first image.
fn inferred(name: &str) -> (ValidGraph, Trace) {
    let float = FloatGraph::from_onnx(&read(&format!("quantised/{name}.onnx"))).unwrap();
    let layered = LayeredGraph::lower(&float).unwrap();
    let data = DataFile::parse(&read(&format!("quantised/{name}.npz"))).unwrap();
    let samples = data.samples("in_x", &float.input(0).shape).unwrap();
    let graph = quantise(&layered, &[], &QuantiseOptions::default()).unwrap();
    let inputs = graph.quantise_inputs(&samples[..1]).unwrap();
    let trace = graph.infer(&inputs).unwrap();
    (graph, trace)
}

#[test]
fn quantised_networks_are_proved() {
    for name in [
        "digits_mlp_qdq_u8s8",
        "digits_cnn_qop_s8s8",
        "residual_qdq_u8s8",
    ] {
        let (graph, trace) = inferred(name);
        let lowered = lower(&graph).unwrap();
        let found = witness(&lowered.program, &trace).unwrap();
        assert!(verifies(15, &lowered, &found), "{name}");
        // The key holds the whole graph, the conversion of the inputs included.
        let description = Description::from_bytes(&Description::of(&graph).to_bytes()).unwrap();
        assert_eq!(description.semantics(), Semantics::OnnxRuntime);
        let lifted = lift(
            &lowered.program,
            (&lowered.weights, &lowered.tables),
            &description,
        )
        .unwrap();
        assert_eq!(lifted, graph);
        // Another logit than onnxruntime's is not.
        let mut other = trace;
        let cell = &mut other.tensors.last_mut().unwrap()[0];
        (cell.pre, cell.out) = (cell.pre + 1, cell.out + 1);
        let found = witness(&lowered.program, &other).unwrap();
        assert!(!verifies(15, &lowered, &found), "{name}");
    }
}

/// A quantised network with its samples, also as calibration data.
fn digits() -> (Vec<u8>, Vec<Vec<f32>>, DataFile) {
    let onnx = read("quantised/digits_mlp_qop_s8s8.onnx");
    let stored = DataFile::parse(&read("quantised/digits_mlp_qop_s8s8.npz")).unwrap();
    let samples = stored.samples("in_x", &[1, 64]).unwrap();
    let json = serde_json::json!({ "x": samples });
    let data = DataFile::parse(json.to_string().as_bytes()).unwrap();
    (onnx, samples, data)
}

#[test]
fn the_report_says_whose_integers_they_are() {
    let (onnx, _, data) = digits();
    let options = QuantiseOptions::default();
    let compiled = compile(&onnx, Some(&data), None, &options).unwrap();
    let report = &compiled.report;
    // No sum of the fixture's images is among them.
    assert_eq!(
        report.semantics,
        "onnxruntime, exact but for 89 of 37061070 possible sums"
    );
    let measured = report.calibration.as_ref().unwrap();
    assert_eq!(measured.argmax_agreement, 1.0);
    assert_eq!(measured.snr_db, None);
    assert_eq!(measured.provable, IMAGES);
    let bits = compile(&onnx, Some(&data), None, &options.with_activation_bits(8));
    assert!(matches!(
        bits,
        Err(CompileError::Quantise(QuantiseError::Quantised { bits: 8 }))
    ));
    let large = compile(
        &onnx,
        Some(&data),
        None,
        &options.with_tables(TableChoice::Large),
    );
    let refused = Err(CompileError::Quantise(QuantiseError::QuantisedTables));
    assert_eq!(large.map(|_| ()), refused);
    // They stand in the columns, so that choice is no other than none.
    let columns = options.with_tables(TableChoice::Columns);
    assert_eq!(
        compile(&onnx, Some(&data), None, &columns).unwrap(),
        compiled
    );
}

#[test]
fn a_quantised_network_needs_no_calibration() {
    let (onnx, samples, data) = digits();
    let compiled = |calibration, held_out| {
        compile(&onnx, calibration, held_out, &QuantiseOptions::default()).unwrap()
    };
    let (with, without) = (compiled(Some(&data), None), compiled(None, None));
    for sample in &samples {
        let outputs = [&with, &without].map(|compiled| {
            let graph = &compiled.integer;
            let inputs = graph.quantise_inputs(std::slice::from_ref(sample)).unwrap();
            graph.outputs(&graph.infer(&inputs).unwrap()).unwrap()
        });
        assert_eq!(outputs[0], outputs[1]);
    }
    // What was not measured is not told.
    let report = &without.report;
    assert_eq!(report.semantics, with.report.semantics);
    assert_eq!((&report.calibration, &report.held_out), (&None, &None));
    assert!(matches!(report.notes[..], [Note::DynamicBatch { .. }]));
    assert_eq!(report.layers.len(), with.report.layers.len());
    assert!(report.layers.iter().all(|layer| layer.measured.is_none()));
    let written = serde_json::to_value(report).unwrap();
    assert_eq!(written["layers"][0].get("pre_seen"), None);
    assert_eq!(
        &serde_json::from_value::<CompileReport>(written).unwrap(),
        report
    );
    // Held-out samples alone tell what they can.
    let held_out = compiled(None, Some(&data)).report;
    assert_eq!(held_out.held_out.unwrap().provable, IMAGES);
    assert!(held_out.layers[0].measured.is_some());
    let written = serde_json::to_value(&with.report).unwrap();
    assert!(written["layers"][0]["pre_seen"].is_array());
    assert_eq!(
        serde_json::from_value::<CompileReport>(written).unwrap(),
        with.report
    );
}

#[test]
fn half_a_quantised_network_is_refused() {
    let float = FloatGraph::from_onnx(&read("quantised/digits_mlp_qop_s8s8.onnx")).unwrap();
    let layered = LayeredGraph::lower(&float).unwrap();
    let options = QuantiseOptions::default();
    let mut mixed = layered.clone();
    mixed.layers[1].scale = ScaleRule::Free;
    let found = quantise(&mixed, &[], &options);
    assert!(matches!(found, Err(QuantiseError::Mixed { .. })));
    for multiplier in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e-30, 1e30] {
        let mut wrong = layered.clone();
        if let ScaleRule::Fixed(own) = &mut wrong.layers[1].scale {
            own.multipliers[3] = multiplier;
        }
        let found = quantise(&wrong, &[], &options);
        assert!(
            matches!(
                found,
                Err(QuantiseError::Multiplier { channel: 3, .. } | QuantiseError::Graph(_))
            ),
            "{multiplier}: {found:?}"
        );
    }
}
