//! Integer inference on a small network, and every way it refuses.

use crate::common::small_integer;
use tensorseal_model::integer::{AxisMap, MAX_LAYER_SHIFT, Weights};
use tensorseal_model::{Function, GraphError, InferenceError, IntegerGraph, Trace, ValidGraph};

#[test]
fn inputs_that_cannot_be_inferred() {
    let integer = small_integer();
    let length = InferenceError::InputLength {
        tensor: "x".into(),
        expected: 2,
        actual: 1,
    };
    let quantise = |x: &[f32]| integer.quantise_inputs(&[x.to_vec()]);
    assert_eq!(quantise(&[0.0]), Err(length.clone()));
    assert_eq!(integer.infer(&[vec![0]]), Err(length));
    let count = InferenceError::InputCount {
        expected: 1,
        actual: 0,
    };
    assert_eq!(integer.quantise_inputs(&[]), Err(count.clone()));
    assert_eq!(integer.infer(&[]), Err(count));
    let infinite = InferenceError::InputNotFinite {
        tensor: "x".into(),
        element: 1,
    };
    assert_eq!(quantise(&[0.0, f32::INFINITY]), Err(infinite));
    for value in [100.0, -100.0, f32::MAX] {
        let refused = quantise(&[0.0, value]);
        assert!(
            matches!(refused, Err(InferenceError::OutsideCalibratedRange { element: 1, value: v, .. }) if v == f64::from(value))
        );
    }
    assert!(matches!(
        integer.infer(&[vec![0, 1000]]),
        Err(InferenceError::InputCode {
            cell: 1,
            value: 1000,
            ..
        })
    ));
    let refused = integer.infer(&quantise(&[0.0, 3.9]).unwrap());
    assert!(
        matches!(refused, Err(InferenceError::OutsideTable { layer, cell: 1, .. }) if layer == "n_h")
    );
    let foreign = Trace {
        tensors: vec![vec![]; 3],
    };
    assert!(matches!(
        integer.outputs(&foreign),
        Err(InferenceError::OutputLength {
            expected: 2,
            actual: 0,
            ..
        })
    ));
    let saturated = integer.infer_saturating(&[vec![0.0, 100.0]]).unwrap();
    assert_eq!(saturated.saturated, [1, 1, 0]);
}

/// What is wrong with the small network after a change.
fn broken(change: fn(&mut IntegerGraph)) -> GraphError {
    let mut graph = small_integer().into_inner();
    change(&mut graph);
    // Whatever is wrong, real inputs are refused or get integers, and nothing panics.
    let _ = graph.quantise_inputs(&[vec![0.5, 0.5]]);
    ValidGraph::new(graph).unwrap_err()
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
        GraphError::InputSegment { input: 0 }
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
        broken(|graph| graph.layers[0].terms[0].source = 1),
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
    let of_shift = |shift| GraphError::LayerShift {
        layer: "n_y".into(),
        shift,
        least: 11,
        greatest: MAX_LAYER_SHIFT,
    };
    assert_eq!(broken(|graph| graph.layers[1].shift = 10), of_shift(10));
    assert_eq!(
        broken(|graph| graph.layers[1].shift = MAX_LAYER_SHIFT + 1),
        of_shift(MAX_LAYER_SHIFT + 1)
    );
    assert_eq!(
        broken(|graph| graph.layers[1].shift = u32::MAX),
        of_shift(u32::MAX)
    );
    assert!(matches!(
        broken(|graph| graph.layers[1].extent.channels = 3),
        GraphError::Extent {
            channels: 3,
            biases: 2,
            ..
        }
    ));
    assert!(matches!(
        broken(|graph| graph.layers[1].extent.positions.push(2)),
        GraphError::Extent { .. }
    ));
    assert!(matches!(
        broken(|graph| graph.layers[1].terms[0].maps.push(AxisMap::IDENTITY)),
        GraphError::Maps { term: 0, .. }
    ));
    assert!(matches!(
        broken(|graph| match &mut graph.layers[0].terms[0].weights {
            Weights::Diagonal(weights) => drop(weights.pop()),
            _ => unreachable!(),
        }),
        GraphError::Parameters { weights: 1, .. }
    ));
    assert!(matches!(
        broken(|graph| {
            let channels = AxisMap {
                taps: usize::MAX,
                ..AxisMap::IDENTITY
            };
            graph.layers[0].terms[0].weights = Weights::Structural {
                channels,
                coefficient: 1,
            };
        }),
        GraphError::Maps { .. }
    ));
    let wide = |graph: &mut IntegerGraph| {
        let rows = usize::try_from(graph.segments[1].rows()).unwrap();
        graph.segments[1].function = Function::Values(vec![i32::MIN.into(); rows]);
        graph.layers[1].terms[0].weights = Weights::Dense(vec![i32::MIN; 4]);
    };
    assert_eq!(
        broken(wide),
        GraphError::Accumulator {
            layer: "n_y".into()
        }
    );
}

#[test]
fn ports_that_do_not_hold_together() {
    assert_eq!(broken(|graph| graph.inputs.clear()), GraphError::NoInputs);
    assert_eq!(broken(|graph| graph.outputs.clear()), GraphError::NoLayers);
    let port = |change| assert!(matches!(broken(change), GraphError::Port { .. }));
    port(|graph| graph.outputs[0].shape = vec![1, 1]);
    port(|graph| graph.outputs[0].tensor = 0);
    port(|graph| graph.outputs[0].tensor = 7);
    port(|graph| graph.outputs.push(graph.outputs[0].clone()));
    port(|graph| graph.inputs[0].scale = 0.0);
    port(|graph| graph.inputs[0].tensor = 1);
    port(|graph| graph.inputs[0].shape = vec![usize::MAX, 2]);
    port(|graph| graph.inputs[0].layout.channels = vec![0, 5]);
    port(|graph| graph.inputs[0].layout.channels = vec![0, 0, 1]);
}

#[test]
fn a_small_network_by_hand() {
    let integer = small_integer();
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
        (relu.name.as_str(), relu.terms[0].source, relu.segment),
        ("n_h", 0, 1)
    );
    assert_eq!(
        (gemm.name.as_str(), gemm.terms[0].source, gemm.segment),
        ("n_y", 1, 0)
    );
    assert_eq!(relu.operators, ["Relu"]);
    // A diagonal matrix, in units of output scale over input scale and 2^shift.
    let unit = (integer.inputs[0].scale * 2048.0 / relu.pre_scale).round() as i32;
    assert_eq!(relu.terms[0].weights, Weights::Diagonal(vec![unit, unit]));
    let codes = integer.quantise_inputs(&[vec![0.5, -0.25]]).unwrap();
    let trace = integer.infer(&codes).unwrap();
    assert_eq!(trace.tensors.len(), 3);
    let cell = trace.tensors[1][0];
    let sum = i64::from(unit) * codes[0][0] + 1024;
    assert_eq!(
        (cell.pre, cell.rem, cell.out),
        (sum >> 11, sum & 2047, sum >> 11)
    );
    assert_eq!(trace.tensors[1][1].out, 0);
    let y = integer.outputs[0].dequantise(&integer.outputs(&trace).unwrap()[0]);
    assert!(
        (y[0] - 0.5).abs() < 0.01 && (y[1] + 1.0).abs() < 0.01,
        "{y:?}"
    );
}
