//! The quantiser, inference and the report on small networks, and every way they refuse.

use crate::common::{ModelBuilder, attribute_float, attribute_int};
use tensorseal_model::data::{DataError, DataFile};
use tensorseal_model::fold::FoldError;
use tensorseal_model::graph::FloatGraph;
use tensorseal_model::quantise::{QuantiseError, QuantiseOptions, quantise};
use tensorseal_model::report::{EvaluateError, Note, evaluate};
use tensorseal_model::{CompileError, Function, GraphError, InferenceError, IntegerGraph, compile};

/// `y = W Relu(x) + b` with `W = [[1, 0], [0, 2]]`, and samples on a grid that the scales hit exactly.
fn small() -> ModelBuilder {
    ModelBuilder::new(17, 2)
        .floats("w", &[2, 2], &[1.0, 0.0, 0.0, 2.0])
        .floats("b", &[2], &[0.0, -1.0])
        .node("Relu", &["x"], "h")
        .node("Gemm", &["h", "w", "b"], "y")
}

fn samples() -> Vec<Vec<f32>> {
    vec![vec![1.0, -1.0], vec![-1.0, 1.0], vec![0.5, 0.25]]
}

fn graph(model: &ModelBuilder) -> FloatGraph {
    FloatGraph::from_onnx(&model.build()).unwrap()
}

fn small_integer() -> IntegerGraph {
    quantise(&graph(&small()), &samples(), &QuantiseOptions::default()).unwrap()
}

/// Largest error of the integer network, relative to the largest output, over a grid of inputs in `[-1, 1]`.
fn relative_error(model: &ModelBuilder) -> f32 {
    let float = graph(model);
    let points: Vec<f32> = (-8..=8i16).map(|i| f32::from(i) / 8.0).collect();
    let grid: Vec<Vec<f32>> = points
        .iter()
        .flat_map(|&a| points.iter().map(move |&b| vec![a, b]))
        .collect();
    let integer = quantise(&float, &grid, &QuantiseOptions::default()).unwrap();
    let (mut error, mut largest) = (0.0f32, 0.0f32);
    for x in &grid {
        let exact = float.infer(x).unwrap();
        let trace = integer.infer(&integer.quantise_input(x).unwrap()).unwrap();
        let approximate = integer.dequantise_output(&trace.output()).unwrap();
        for (a, b) in approximate.iter().zip(&exact) {
            error = error.max((a - b).abs());
            largest = largest.max(b.abs());
        }
    }
    error / largest
}

#[test]
fn a_small_network_by_hand() {
    let integer = small_integer();
    assert_eq!(integer.validate(), Ok(()));
    assert_eq!(
        (integer.log_rows, integer.shift, integer.segments.len()),
        (12, 11, 2)
    );
    assert!(
        matches!(integer.segments[0].function, Function::Clamp { lo, hi } if lo < -300 && hi > 300)
    );
    assert_eq!(
        integer.segments[1].function,
        Function::Clamp { lo: 0, hi: 255 }
    );
    let [relu, gemm] = integer.layers.as_slice() else {
        panic!()
    };
    assert_eq!(
        (relu.name.as_str(), relu.input, relu.segment),
        ("n_h", 0, 1)
    );
    assert_eq!(
        (gemm.name.as_str(), gemm.input, gemm.segment),
        ("n_y", 1, 0)
    );
    assert_eq!(relu.operators, ["Relu"]);
    // A diagonal matrix, in units of output scale over input scale and 2^shift.
    let unit = (integer.input.scale * 2048.0 / relu.pre_scale).round() as i32;
    assert_eq!(relu.weights, [unit, 0, 0, unit]);
    let codes = integer.quantise_input(&[0.5, -0.25]).unwrap();
    let trace = integer.infer(&codes).unwrap();
    assert_eq!(trace.tensors.len(), 3);
    let cell = trace.tensors[1][0];
    let sum = i64::from(unit) * codes[0] + 1024;
    assert_eq!(
        (cell.pre, cell.rem, cell.out),
        (sum >> 11, sum & 2047, sum >> 11)
    );
    assert_eq!(trace.tensors[1][1].out, 0);
    let y = integer.dequantise_output(&trace.output()).unwrap();
    assert!(
        (y[0] - 0.5).abs() < 0.01 && (y[1] + 1.0).abs() < 0.01,
        "{y:?}"
    );
}

#[test]
fn every_activation_is_close_to_its_float() {
    let linear = |model: ModelBuilder| {
        model
            .floats("w", &[2, 2], &[1.5, -0.5, 0.25, 2.0])
            .node("MatMul", &["x", "w"], "h")
    };
    let forms: [(&str, &[&str], &[Vec<u8>]); 7] = [
        ("Relu", &["h"], &[]),
        ("LeakyRelu", &["h"], &[attribute_float("alpha", 0.2)]),
        ("Clip", &["h", "zero", "six"], &[]),
        ("Clip", &["h", "minus", "one"], &[]),
        ("Clip", &["h", "one", "six"], &[]),
        ("Sigmoid", &["h"], &[]),
        ("Tanh", &["h"], &[]),
    ];
    for (operator, inputs, attributes) in forms {
        let model = linear(ModelBuilder::new(17, 2))
            .floats("zero", &[], &[0.0])
            .floats("one", &[], &[1.0])
            .floats("minus", &[], &[-0.5])
            .floats("six", &[], &[6.0])
            .with(operator, inputs, "y", attributes);
        let error = relative_error(&model);
        assert!(error < 0.02, "{operator} {inputs:?}: {error}");
    }
}

#[test]
fn layers_of_one_function_share_a_segment() {
    let mut model = ModelBuilder::new(17, 2).floats("w", &[2, 2], &[1.5, -0.5, 0.25, 2.0]);
    let mut last = "x".to_string();
    for (index, operator) in [
        "Tanh",
        "Sigmoid",
        "Tanh",
        "LeakyRelu",
        "Relu",
        "LeakyRelu",
        "Sigmoid",
    ]
    .into_iter()
    .enumerate()
    {
        let (h, a) = (format!("h{index}"), format!("a{index}"));
        model = model
            .node("MatMul", &[&last, "w"], &h)
            .node(operator, &[&h], &a);
        last = a;
    }
    let model = model.node("Identity", &[&last], "y");
    let integer = quantise(&graph(&model), &samples(), &QuantiseOptions::default()).unwrap();
    let used: Vec<usize> = integer.layers.iter().map(|layer| layer.segment).collect();
    assert_eq!(used, [1, 2, 1, 3, 4, 3, 2]);
    assert_eq!(integer.layers[0].pre_scale, integer.layers[2].pre_scale);
    assert_eq!(integer.layers[1].scale, 1.0 / 255.0);
    assert!(integer.table_rows() <= (1 << integer.log_rows) - 4);
}

#[test]
fn options_out_of_range() {
    let with = |options: QuantiseOptions| quantise(&graph(&small()), &samples(), &options);
    let options = QuantiseOptions::default();
    for bits in [3, 13] {
        let refused = with(options.with_activation_bits(bits));
        assert_eq!(
            refused,
            Err(QuantiseError::ActivationBits {
                bits,
                least: 4,
                most: 12
            })
        );
    }
    assert!(matches!(
        with(options.with_log_rows(10)),
        Err(QuantiseError::LogRows {
            log_rows: 10,
            least: 11,
            ..
        })
    ));
    assert!(matches!(
        with(options.with_activation_bits(12).with_log_rows(11)),
        Err(QuantiseError::Rows { log_rows: 11, .. })
    ));
    assert_eq!(with(options.with_log_rows(14)).unwrap().shift, 13);
}

#[test]
fn samples_that_do_not_fit() {
    let with = |model: &ModelBuilder, samples: &[Vec<f32>]| {
        quantise(&graph(model), samples, &QuantiseOptions::default())
    };
    assert_eq!(
        with(&small(), &[]),
        Err(QuantiseError::NoSamples { input: "x".into() })
    );
    let short = QuantiseError::SampleLength {
        input: "x".into(),
        sample: 1,
        expected: 2,
        actual: 1,
    };
    assert_eq!(with(&small(), &[vec![0.0; 2], vec![0.0]]), Err(short));
    assert!(matches!(
        with(&small(), &[vec![f32::NAN, 0.0]]),
        Err(QuantiseError::NotFinite { sample: 0, .. })
    ));
    let overflow = with(&small(), &[vec![0.0, 3.0e38]]);
    assert_eq!(
        overflow,
        Err(QuantiseError::NotFinite {
            layer: "n_y".into(),
            sample: 0
        })
    );
    let nothing = ModelBuilder::new(17, 2).node("Identity", &["x"], "y");
    assert!(matches!(
        with(&nothing, &samples()),
        Err(QuantiseError::Fold(FoldError::Empty { .. }))
    ));
}

#[test]
fn a_weight_that_calibration_never_sees_can_be_too_large() {
    let model = ModelBuilder::new(17, 2)
        .floats("w", &[2, 1], &[1.0, 1e12])
        .node("MatMul", &["x", "w"], "y");
    let refused = quantise(
        &graph(&model),
        &[vec![1.0, 0.0]],
        &QuantiseOptions::default(),
    );
    assert_eq!(
        refused,
        Err(QuantiseError::Parameter {
            layer: "n_y".into(),
            value: 1e12
        })
    );
}

#[test]
fn inputs_that_cannot_be_inferred() {
    let integer = small_integer();
    let length = InferenceError::InputLength {
        tensor: "x".into(),
        expected: 2,
        actual: 1,
    };
    assert_eq!(integer.quantise_input(&[0.0]), Err(length.clone()));
    assert_eq!(integer.infer(&[0]), Err(length));
    let infinite = InferenceError::InputNotFinite {
        tensor: "x".into(),
        channel: 1,
    };
    assert_eq!(integer.quantise_input(&[0.0, f32::INFINITY]), Err(infinite));
    for value in [100.0, -100.0, f32::MAX] {
        let refused = integer.quantise_input(&[0.0, value]);
        assert!(
            matches!(refused, Err(InferenceError::OutsideCalibratedRange { channel: 1, value: v, .. }) if v == f64::from(value))
        );
    }
    assert!(matches!(
        integer.infer(&[0, 1000]),
        Err(InferenceError::InputCode {
            channel: 1,
            value: 1000,
            ..
        })
    ));
    let refused = integer.infer(&integer.quantise_input(&[0.0, 3.9]).unwrap());
    assert!(
        matches!(refused, Err(InferenceError::OutsideTable { layer, channel: 1, .. }) if layer == "n_h")
    );
    assert!(matches!(
        integer.dequantise_output(&[1]),
        Err(InferenceError::OutputLength {
            expected: 2,
            actual: 1,
            ..
        })
    ));
    let saturated = integer.infer_saturating(&[0.0, 100.0]).unwrap();
    assert_eq!(saturated.saturated, [1, 1, 0]);
}

#[test]
fn graphs_that_do_not_hold_together() {
    let broken = |change: fn(&mut IntegerGraph)| {
        let mut graph = small_integer();
        change(&mut graph);
        let error = graph.validate().unwrap_err();
        // Whatever is wrong, inference says so or gives a result, and does not panic.
        let _ = graph.infer(&[1, 2]);
        let _ = graph.infer_saturating(&[0.5, 0.5]);
        error
    };
    assert_eq!(broken(|graph| graph.layers.clear()), GraphError::NoLayers);
    assert_eq!(
        broken(|graph| graph.shift = 0),
        GraphError::Shift {
            shift: 0,
            limit: 30
        }
    );
    assert!(matches!(
        broken(|graph| graph.log_rows = 60),
        GraphError::LogRows { log_rows: 60, .. }
    ));
    assert!(matches!(
        broken(|graph| graph.log_rows = 11),
        GraphError::TableRows { limit: 2044, .. }
    ));
    assert_eq!(
        broken(|graph| graph.segments[0].function = Function::Clamp { lo: 0, hi: 9999 }),
        GraphError::InputSegment
    );
    assert!(matches!(
        broken(|graph| graph.segments[1].hi = i64::MIN),
        GraphError::SegmentRange { segment: 1, .. }
    ));
    assert!(matches!(
        broken(|graph| graph.segments[1].function = Function::Values(vec![])),
        GraphError::SegmentRange { .. }
    ));
    assert!(matches!(
        broken(|graph| graph.layers[0].input = 1),
        GraphError::Tensor { tensor: 1, .. }
    ));
    assert!(matches!(
        broken(|graph| graph.layers[0].segment = 2),
        GraphError::Segment {
            segment: 2,
            segments: 2,
            ..
        }
    ));
    assert!(matches!(
        broken(|graph| graph.layers[1].in_channels = 3),
        GraphError::Channels {
            expected: 3,
            actual: 2,
            ..
        }
    ));
    assert!(matches!(
        broken(|graph| graph.output.channels = 1),
        GraphError::TensorInfo { channels: 1, .. }
    ));
    assert!(matches!(
        broken(|graph| graph.input.scale = 0.0),
        GraphError::TensorInfo { .. }
    ));
    assert!(matches!(
        broken(|graph| {
            graph.layers[0].weights.pop();
        }),
        GraphError::Parameters { weights: 3, .. }
    ));
    let wide = |graph: &mut IntegerGraph| {
        let rows = usize::try_from(graph.segments[1].rows()).unwrap();
        graph.segments[1].function = Function::Values(vec![i32::MIN; rows]);
        graph.layers[1].weights = vec![i32::MIN; 4];
    };
    assert_eq!(
        broken(wide),
        GraphError::Accumulator {
            layer: "n_y".into()
        }
    );
}

#[test]
fn compile_errors_say_which_file() {
    let onnx = small().build();
    let good = DataFile::parse(br#"{"x": [[1, -1], [0.5, 1]]}"#).unwrap();
    let bad = DataFile::parse(br#"{"z": [[1, -1]]}"#).unwrap();
    let unlabelled = DataFile::parse(br#"{"x": [[1, -1]], "labels": [7]}"#).unwrap();
    let options = QuantiseOptions::default();
    let missing = |error| matches!(error, DataError::MissingArray { .. });
    assert!(matches!(
        compile(b"", &good, None, &options),
        Err(CompileError::Import(_))
    ));
    assert!(
        matches!(compile(&onnx, &bad, None, &options), Err(CompileError::Calibration(error)) if missing(error.clone()))
    );
    assert!(
        matches!(compile(&onnx, &good, Some(&bad), &options), Err(CompileError::HeldOut(error)) if missing(error.clone()))
    );
    assert!(matches!(
        compile(&onnx, &unlabelled, None, &options),
        Err(CompileError::Calibration(DataError::Label { .. }))
    ));
    assert!(matches!(
        compile(&onnx, &good, None, &options.with_activation_bits(1)),
        Err(CompileError::Quantise(_))
    ));
    let huge = DataFile::parse(br#"{"x": [[3e38, 3e38]]}"#).unwrap();
    assert!(matches!(
        compile(&onnx, &good, Some(&huge), &options),
        Err(CompileError::Evaluate(EvaluateError::Float(_)))
    ));
}

#[test]
fn evaluation_checks_its_arguments() {
    let (float, integer) = (graph(&small()), small_integer());
    assert_eq!(
        evaluate(&float, &integer, &[], None),
        Err(EvaluateError::NoSamples)
    );
    let labels = evaluate(&float, &integer, &samples(), Some(&[0]));
    assert_eq!(
        labels,
        Err(EvaluateError::Labels {
            labels: 1,
            samples: 3
        })
    );
    let other = graph(&ModelBuilder::new(17, 2).node("Relu", &["x"], "y"));
    assert_eq!(
        evaluate(&other, &integer, &samples(), None),
        Err(EvaluateError::Layers {
            float: 1,
            integer: 2
        })
    );
    assert!(matches!(
        evaluate(&float, &integer, &[vec![f32::NAN; 2]], None),
        Err(EvaluateError::Float(_))
    ));
    let nothing = graph(&ModelBuilder::new(17, 2).node("Identity", &["x"], "y"));
    assert!(matches!(
        evaluate(&nothing, &integer, &samples(), None),
        Err(EvaluateError::Fold(_))
    ));
}

#[test]
fn every_field_of_the_report() {
    let model = ModelBuilder::with_input(
        17,
        &[crate::common::Dim::Named("N"), crate::common::Dim::Fixed(2)],
    )
    .floats("w", &[2, 2], &[1.0, 0.0, 0.0, 2.0])
    .node("Relu", &["x"], "h")
    .with("Gemm", &["h", "w"], "logits", &[attribute_int("transB", 1)])
    .node("Softmax", &["logits"], "y");
    let calibration = DataFile::parse(
        br#"{"x": [[1, -1], [-1, 1], [0.5, 0.25], [0.25, 1]], "labels": [0, 1, 1, 1]}"#,
    )
    .unwrap();
    let held_out = DataFile::parse(br#"{"x": [[1, 0], [100, 0]]}"#).unwrap();
    let compiled = compile(
        &model.build(),
        &calibration,
        Some(&held_out),
        &QuantiseOptions::default(),
    )
    .unwrap();
    let (report, integer) = (compiled.report, compiled.integer);
    assert_eq!(
        (report.input.as_str(), report.output.as_str()),
        ("x", "logits")
    );
    assert_eq!(
        (report.log_rows, report.shift, report.table_limit),
        (12, 11, 4092)
    );
    assert_eq!(
        report.table_rows,
        1 + 2048
            + report
                .segments
                .iter()
                .map(|segment| segment.rows)
                .sum::<u64>()
    );
    assert_eq!(report.segments[1].function, "clamp 0..=255");
    assert_eq!(
        report.segments[1].rows,
        report.segments[1].hi.abs_diff(report.segments[1].lo)
    );
    let [relu, gemm] = report.layers.as_slice() else {
        panic!()
    };
    assert_eq!(
        (
            relu.name.as_str(),
            relu.cells,
            relu.lookups,
            relu.weights,
            relu.segment
        ),
        ("n_h", 2, 4, 4, 1)
    );
    assert_eq!(
        (gemm.operators.as_slice(), gemm.weight_bits),
        (
            ["Gemm".to_string()].as_slice(),
            integer.layers[1].weight_bits()
        )
    );
    assert_eq!(
        relu.pre_range,
        (report.segments[1].lo, report.segments[1].hi - 1)
    );
    assert_eq!(relu.pre_seen, (-255, 255));
    assert_eq!(
        (
            relu.saturated_share,
            relu.snr_db.is_some_and(|snr| snr > 40.0)
        ),
        (0.0, true)
    );
    let measured = &report.calibration;
    // The third sample has equal logits, of which the first counts.
    assert_eq!(
        (measured.samples, measured.float_accuracy, measured.provable),
        (4, Some(0.75), 4)
    );
    assert!(measured.argmax_agreement >= 0.75);
    let held_out = report.held_out.unwrap();
    assert_eq!(
        (held_out.samples, held_out.provable, held_out.float_accuracy),
        (2, 1, None)
    );
    assert_eq!(held_out.layers[0].saturated_share, 0.25);
    assert_eq!(
        report.notes,
        [
            Note::DynamicBatch { tensor: "x".into() },
            Note::OutsideProof {
                operators: vec!["Softmax"],
                output: "logits".into()
            },
            Note::FewSamples {
                samples: 4,
                advised: 32
            },
            Note::Unprovable { samples: 1, of: 2 },
        ]
    );
    assert!(report.notes.iter().all(|note| note.to_string().len() > 20));
}
