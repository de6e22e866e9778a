//! Forms that operators had in older versions, which differ from those that ONNX's node tests have.

use crate::common::{
    Dim, Infer, ModelBuilder, attribute, attribute_float, attribute_int, attribute_ints, node, text,
};
use tensorseal_model::graph::{FloatGraph, Operation};
use tensorseal_model::import::ImportError;

const ONE_TO_SIX: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

/// Runs one node of an old opset on the numbers 1 to 6 in shape `[1, 2, 3]`.
fn run(opset: i64, operator: &str, attributes: &[Vec<u8>]) -> (Vec<usize>, Vec<f32>) {
    let shape = [Dim::Fixed(1), Dim::Fixed(2), Dim::Fixed(3)];
    let model = ModelBuilder::with_input(opset, &shape).with(operator, &["x"], "y", attributes);
    let graph = FloatGraph::from_onnx(&model.build()).unwrap_or_else(|error| panic!("{error}"));
    (graph.output(0).shape, graph.infer(&ONE_TO_SIX).unwrap())
}

#[test]
fn what_became_inputs_was_attributes() {
    let bounds = [attribute_float("min", 2.0), attribute_float("max", 4.5)];
    assert_eq!(run(6, "Clip", &bounds).1, [2.0, 2.0, 3.0, 4.0, 4.5, 4.5]);
    let slice = [
        attribute_ints("axes", &[2, 1]),
        attribute_ints("starts", &[-2, 0]),
        attribute_ints("ends", &[9, 1]),
    ];
    assert_eq!(run(9, "Slice", &slice), (vec![1, 1, 2], vec![2.0, 3.0]));
    let pads = [
        attribute_ints("pads", &[0, 0, 1, 0, 0, -1]),
        attribute_float("value", 9.0),
    ];
    assert_eq!(run(2, "Pad", &pads).1, [9.0, 1.0, 2.0, 9.0, 4.0, 5.0]);
    let shape = [attribute_ints("shape", &[0, -1])];
    assert_eq!(run(1, "Reshape", &shape), (vec![1, 6], ONE_TO_SIX.to_vec()));
    let axes = [attribute_ints("axes", &[-1]), attribute_int("keepdims", 0)];
    assert_eq!(run(11, "ReduceSum", &axes), (vec![1, 2], vec![6.0, 15.0]));
    assert_eq!(run(17, "ReduceMean", &axes).1, [2.0, 5.0]);
    assert_eq!(run(1, "ReduceMax", &[]), (vec![1, 1, 1], vec![6.0]));
    assert_eq!(
        run(6, "Dropout", &[attribute_int("is_test", 1)]).1,
        ONE_TO_SIX
    );
}

#[test]
fn a_split_by_an_attribute() {
    let shape = [Dim::Fixed(1), Dim::Fixed(3)];
    let attributes = [attribute_int("axis", 1), attribute_ints("split", &[1, 2])];
    let model = ModelBuilder::with_input(11, &shape)
        .raw_node(node("Split", &["x"], &["a", "b"], &attributes))
        .node("Mul", &["b", "a"], "y");
    let graph = FloatGraph::from_onnx(&model.build()).unwrap();
    assert_eq!(graph.infer(&[2.0, 3.0, 4.0]).unwrap(), [6.0, 8.0]);
}

#[test]
fn old_flags_that_would_change_the_meaning_are_refused() {
    let model = || ModelBuilder::new(6, 3);
    refused!(
        model().with("Dropout", &["x"], "y", &[]),
        ImportError::AttributeValue {
            attribute: "is_test",
            ..
        }
    );
    let normalised = ModelBuilder::new(7, 3).floats("v", &[3], &[1.0; 3]);
    let inputs = ["x", "v", "v", "v", "v"];
    refused!(
        normalised.with(
            "BatchNormalization",
            &inputs,
            "y",
            &[attribute_int("spatial", 0)]
        ),
        ImportError::AttributeValue {
            attribute: "spatial",
            ..
        }
    );
    // Before opset 10 a pool could not round up.
    let pool = ModelBuilder::with_input(9, &[Dim::Fixed(1), Dim::Fixed(1), Dim::Fixed(4)]);
    let attributes = [
        attribute_ints("kernel_shape", &[3]),
        attribute_int("ceil_mode", 1),
    ];
    refused!(
        pool.with("MaxPool", &["x"], "y", &attributes),
        ImportError::UnknownAttribute { attribute, .. } if attribute == "ceil_mode"
    );
}

fn image() -> ModelBuilder {
    let shape = [Dim::Fixed(1), Dim::Fixed(2), Dim::Fixed(4), Dim::Fixed(4)];
    ModelBuilder::with_input(17, &shape).floats("w", &[2, 2, 3, 3], &[0.5; 36])
}

#[test]
fn windows_that_do_not_fit_are_refused() {
    let conv = |attributes: &[Vec<u8>]| image().with("Conv", &["x", "w"], "y", attributes);
    refused!(
        conv(&[attribute_int("group", 0)]),
        ImportError::AttributeType {
            attribute: "group",
            ..
        }
    );
    refused!(
        conv(&[attribute_int("group", 2)]),
        ImportError::Operands { .. }
    );
    for (name, values) in [
        ("strides", [0, 1].as_slice()),
        ("dilations", &[1]),
        ("pads", &[-1, 0, 0, 0]),
        ("pads", &[1, 1]),
    ] {
        refused!(
            conv(&[attribute_ints(name, values)]),
            ImportError::AttributeValue { attribute, .. } if attribute == name
        );
    }
    refused!(
        conv(&[attribute_ints("kernel_shape", &[3, 2])]),
        ImportError::AttributeType {
            attribute: "kernel_shape",
            ..
        }
    );
    refused!(
        conv(&[attribute_ints("dilations", &[2, 2])]),
        ImportError::Shape { .. }
    );
    let same = attribute("auto_pad", 3, &text(4, "SAME_UPPER"));
    refused!(
        conv(&[same, attribute_ints("pads", &[1, 1, 1, 1])]),
        ImportError::AttributeValue {
            attribute: "pads",
            ..
        }
    );
    let wrong = attribute("auto_pad", 3, &text(4, "SAME"));
    refused!(
        conv(&[wrong]),
        ImportError::AttributeValue {
            attribute: "auto_pad",
            ..
        }
    );
    // The first window of this pool would lie in the padding alone.
    let pool = [
        attribute_ints("kernel_shape", &[2, 2]),
        attribute_ints("pads", &[2, 0, 0, 0]),
    ];
    refused!(
        image().with("MaxPool", &["x"], "y", &pool),
        ImportError::AttributeValue {
            attribute: "pads",
            ..
        }
    );
    refused!(
        image().with("MaxPool", &["x"], "y", &[]),
        ImportError::AttributeType {
            attribute: "kernel_shape",
            ..
        }
    );
}

#[test]
fn absent_attributes_have_their_defaults() {
    let graph = FloatGraph::from_onnx(&image().node("Conv", &["x", "w"], "y").build()).unwrap();
    let Operation::Convolution(convolution) = &graph.nodes[0].operation else {
        panic!("{:?}", graph.nodes[0].operation);
    };
    assert_eq!(convolution.groups, 1);
    for axis in &convolution.axes {
        assert_eq!((axis.kernel, axis.stride, axis.dilation), (3, 1, 1));
        assert_eq!((axis.pad_begin, axis.pad_end, axis.output), (0, 0, 2));
    }
    assert_eq!(graph.infer(&[1.0; 32]).unwrap(), [9.0; 8]);
}
