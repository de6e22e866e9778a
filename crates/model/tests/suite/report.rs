//! Compiling, evaluation and the report on a small network.

use crate::common::{Dim, ModelBuilder, attribute_int, layered, samples, small, small_integer};
use tensorseal_model::data::{DataError, DataFile};
use tensorseal_model::quantise::{QuantiseError, QuantiseOptions};
use tensorseal_model::report::{EvaluateError, Note, evaluate};
use tensorseal_model::{CompileError, Compiled, compile};

#[test]
fn compile_errors_say_which_file() {
    let onnx = small().build();
    let good = DataFile::parse(br#"{"x": [[1, -1], [0.5, 1]]}"#).unwrap();
    let bad = DataFile::parse(br#"{"z": [[1, -1]]}"#).unwrap();
    let unlabelled = DataFile::parse(br#"{"x": [[1, -1]], "labels": [7]}"#).unwrap();
    let options = QuantiseOptions::default();
    let missing = |error| matches!(error, DataError::MissingArray { .. });
    assert!(matches!(
        compile(b"", Some(&good), None, &options),
        Err(CompileError::Import(_))
    ));
    assert!(
        matches!(compile(&onnx, Some(&bad), None, &options), Err(CompileError::Calibration(error)) if missing(error.clone()))
    );
    assert!(
        matches!(compile(&onnx, Some(&good), Some(&bad), &options), Err(CompileError::HeldOut(error)) if missing(error.clone()))
    );
    assert!(matches!(
        compile(&onnx, Some(&unlabelled), None, &options),
        Err(CompileError::Calibration(DataError::Label { .. }))
    ));
    assert!(matches!(
        compile(&onnx, Some(&good), None, &options.with_activation_bits(1)),
        Err(CompileError::Quantise(_))
    ));
    // Held-out data do not calibrate.
    assert_eq!(
        compile(&onnx, None, Some(&good), &options).map(|_| ()),
        Err(CompileError::Quantise(QuantiseError::NoSamples))
    );
    let huge = DataFile::parse(br#"{"x": [[3e38, 3e38]]}"#).unwrap();
    assert!(matches!(
        compile(&onnx, Some(&good), Some(&huge), &options),
        Err(CompileError::Evaluate(EvaluateError::Float(_)))
    ));
}

#[test]
fn evaluation_checks_its_arguments() {
    let (float, integer) = (layered(&small()), small_integer());
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
    let other = layered(&ModelBuilder::new(17, 2).node("Relu", &["x"], "y"));
    assert_eq!(
        evaluate(&other, &integer, &samples(), None),
        Err(EvaluateError::Layers {
            float: 1,
            integer: 2
        })
    );
    assert!(matches!(
        evaluate(&float, &integer, &[vec![vec![f32::NAN; 2]]], None),
        Err(EvaluateError::Float(_))
    ));
}

/// A compiled network with an open batch axis, a diagonal layer, a matrix, and a final operator.
fn compiled() -> Compiled {
    let model = ModelBuilder::with_input(17, &[Dim::Named("N"), Dim::Fixed(2)])
        .floats("w", &[2, 2], &[1.0, 0.0, 0.0, 2.0])
        .node("Relu", &["x"], "h")
        .with("Gemm", &["h", "w"], "logits", &[attribute_int("transB", 1)])
        .node("Softmax", &["logits"], "y");
    let calibration = DataFile::parse(
        br#"{"x": [[1, -1], [-1, 1], [0.5, 0.25], [0.25, 1]], "labels": [0, 1, 1, 1]}"#,
    )
    .unwrap();
    let held_out = DataFile::parse(br#"{"x": [[1, 0], [100, 0]]}"#).unwrap();
    let options = QuantiseOptions::default();
    compile(
        &model.build(),
        Some(&calibration),
        Some(&held_out),
        &options,
    )
    .unwrap()
}

#[test]
fn the_report_on_the_table() {
    let report = compiled().report;
    assert_eq!(
        (report.inputs.as_slice(), report.outputs.as_slice()),
        (
            ["x".to_string()].as_slice(),
            ["logits".to_string()].as_slice()
        )
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
}

#[test]
fn the_report_on_the_layers() {
    let Compiled {
        report, integer, ..
    } = compiled();
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
        ("n_h", 2, 4, 2, 1)
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
    let measured = relu.measured.as_ref().unwrap();
    assert_eq!(measured.pre_seen, (-255, 255));
    assert_eq!(
        (
            measured.saturated_share,
            measured.snr_db.is_some_and(|snr| snr > 40.0)
        ),
        (0.0, true)
    );
}

#[test]
fn the_report_on_the_accuracy() {
    let report = compiled().report;
    let measured = report.calibration.as_ref().unwrap();
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
                operators: vec!["Softmax".into()],
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
