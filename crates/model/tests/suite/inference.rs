//! Integer inference on a small network, and every way it refuses.

use crate::common::small_integer;
use tensorseal_model::{Function, GraphError, InferenceError, IntegerGraph};

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

/// What is wrong with the small network after a change.
fn broken(change: fn(&mut IntegerGraph)) -> GraphError {
    let mut graph = small_integer();
    change(&mut graph);
    let error = graph.validate().unwrap_err();
    // Whatever is wrong, inference says so or gives a result, and does not panic.
    let _ = graph.infer(&[1, 2]);
    let _ = graph.infer_saturating(&[0.5, 0.5]);
    error
}

#[test]
fn tables_that_do_not_hold_together() {
    assert_eq!(broken(|graph| graph.layers.clear()), GraphError::NoLayers);
    assert_eq!(
        broken(|graph| graph.shift = 0),
        GraphError::Shift {
            shift: 0,
            limit: 24
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
}

#[test]
fn layers_that_do_not_hold_together() {
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
