//! Every way an ONNX file can be refused before its nodes are looked at.

use crate::common::{
    Dim, ModelBuilder, attribute, bytes, float, floats, int, node, relu, tensor, text, value_info,
};
use tensorseal_model::float::FloatError;
use tensorseal_model::graph::FloatGraph;
use tensorseal_model::graph::Tensor;
use tensorseal_model::import::{ImportError, ImportOptions};
use tensorseal_model::onnx::ProtoError;

#[test]
fn bytes_that_are_no_model() {
    let parse = |bytes: &[u8]| match FloatGraph::from_onnx(bytes).unwrap_err() {
        ImportError::Proto(error) => error,
        other => panic!("{other}"),
    };
    assert!(matches!(
        parse(b""),
        ProtoError::Missing { field: "graph", .. }
    ));
    assert!(matches!(parse(b"\x3a\x05"), ProtoError::Truncated { .. }));
    assert!(matches!(parse(&[0xff; 12]), ProtoError::Varint { .. }));
    assert!(matches!(
        parse(&int(7, 1)),
        ProtoError::WireType { field: 7, .. }
    ));
    let good = relu().build();
    assert!(matches!(
        parse(&[good.clone(), good].concat()),
        ProtoError::Repeated { field: "graph", .. }
    ));
}

#[test]
fn constructs_that_are_not_supported() {
    let model = |extra: Vec<u8>| ModelBuilder {
        model_extra: extra,
        ..relu()
    };
    refused_bytes!(
        model(bytes(25, &[])),
        ProtoError::Unsupported {
            field: "functions",
            ..
        }
    );
    refused_bytes!(
        model(bytes(20, &[])),
        ProtoError::Unsupported {
            field: "training_info",
            ..
        }
    );
    refused_bytes!(
        model(bytes(99, &[])),
        ProtoError::UnknownField { field: 99, .. }
    );
    let graph = |extra: Vec<u8>| ModelBuilder {
        graph_extra: extra,
        ..relu()
    };
    refused_bytes!(
        graph(bytes(15, &[])),
        ProtoError::Unsupported {
            field: "sparse_initializer",
            ..
        }
    );
    refused_bytes!(
        graph(bytes(14, &[])),
        ProtoError::Unsupported {
            field: "quantization_annotation",
            ..
        }
    );
    refused_bytes!(
        graph(bytes(77, &[])),
        ProtoError::UnknownField { field: 77, .. }
    );
    refused_bytes!(graph(bytes(2, &[0xff])), ProtoError::Utf8 { field: 2, .. });
}

#[test]
fn nodes_and_attributes_that_cannot_be_read() {
    let with_attribute = |content: Vec<u8>| {
        relu().raw_node([node("Relu", &["x"], &["z"], &[]), bytes(5, &content)].concat())
    };
    refused_bytes!(
        with_attribute([text(1, "body"), bytes(6, &[]), int(20, 5)].concat()),
        ProtoError::Unsupported {
            field: "a subgraph",
            ..
        }
    );
    refused_bytes!(
        with_attribute([text(1, "r"), text(21, "outer")].concat()),
        ProtoError::Unsupported {
            field: "ref_attr_name",
            ..
        }
    );
    refused_bytes!(
        with_attribute(float(2, 1.0)),
        ProtoError::Missing { field: "name", .. }
    );
    refused_bytes!(
        with_attribute(attribute("a", 1, &int(3, 1))),
        ProtoError::AttributeValue { .. }
    );
    refused_bytes!(
        with_attribute(attribute("a", 2, &[int(3, 1), float(2, 1.0)].concat())),
        ProtoError::AttributeValue { .. }
    );
    refused_bytes!(
        relu().raw_node(text(1, "x")),
        ProtoError::Missing {
            field: "op_type",
            ..
        }
    );
    refused_bytes!(
        relu().raw_node([text(4, "Relu"), text(8, "o")].concat()),
        ProtoError::Unsupported {
            field: "overload",
            ..
        }
    );
}

#[test]
fn initializers_that_do_not_hold_together() {
    let with = |tensor: Vec<u8>| relu().initializer(tensor);
    refused_bytes!(
        with(tensor("w", 1, &[2], &bytes(9, &[0; 4]))),
        ProtoError::TensorLength {
            expected: 8,
            actual: 4,
            ..
        }
    );
    refused_bytes!(
        with(tensor(
            "w",
            1,
            &[1],
            &[bytes(9, &[0; 4]), float(4, 1.0)].concat()
        )),
        ProtoError::TensorLength { .. }
    );
    refused_bytes!(
        with(tensor("w", 1, &[1], &[float(4, 1.0), int(7, 1)].concat())),
        ProtoError::TensorLength { .. }
    );
    refused_bytes!(
        with(tensor("w", 1, &[i64::MAX, 8], &[])),
        ProtoError::Dimensions { .. }
    );
    refused_bytes!(
        with(tensor("w", 1, &[-1], &[])),
        ProtoError::Dimensions { .. }
    );
    refused_bytes!(
        with(tensor("w", 8, &[1], &bytes(9, &[0]))),
        ProtoError::ElementType { code: 8, .. }
    );
    refused_bytes!(
        with(tensor("w", 3, &[1], &int(5, 128))),
        ProtoError::TensorRange { .. }
    );
    refused_bytes!(
        with(tensor("w", 13, &[1], &bytes(9, &[255; 8]))),
        ProtoError::TensorRange { .. }
    );
    refused_bytes!(
        with(tensor("w", 1, &[1], &bytes(13, &[]))),
        ProtoError::Unsupported {
            field: "external_data",
            ..
        }
    );
    refused_bytes!(
        with(tensor("w", 1, &[1], &int(14, 1))),
        ProtoError::Unsupported {
            field: "an external data_location",
            ..
        }
    );
    refused_bytes!(
        with(tensor(
            "w",
            1,
            &[1],
            &[bytes(9, &[0; 4]), bytes(9, &[0; 4])].concat()
        )),
        ProtoError::Repeated { .. }
    );
    refused!(with(floats("w", &[1], &[f32::NAN])), ImportError::NotFinite { tensor } if tensor == "w");
}

#[test]
fn operator_sets() {
    refused!(
        ModelBuilder { opset: 0, ..relu() },
        ImportError::OperatorSet {
            found: 0,
            oldest: 1,
            newest: 21
        }
    );
    refused!(
        ModelBuilder {
            opset: 22,
            ..relu()
        },
        ImportError::OperatorSet { found: 22, .. }
    );
    let twice = |version: i64| ModelBuilder {
        model_extra: bytes(8, &int(2, version)),
        ..relu()
    };
    assert!(FloatGraph::from_onnx(&twice(17).build()).is_ok());
    refused!(twice(18), ImportError::OperatorSetCount { found: 2 });
}

#[test]
fn inputs_and_outputs() {
    refused!(
        ModelBuilder {
            inputs: vec![],
            ..relu()
        },
        ImportError::UnknownTensor { .. }
    );
    let constant = ModelBuilder {
        inputs: vec![],
        ..ModelBuilder::new(17, 3).floats("y", &[1], &[1.0])
    };
    refused!(constant, ImportError::InputCount);
    refused!(
        ModelBuilder {
            outputs: vec![],
            ..relu()
        },
        ImportError::OutputCount
    );
    let mut model = relu();
    model.outputs.push(value_info("z", 1, &[]));
    refused!(model, ImportError::OutputSource { tensor } if tensor == "z");
    let input = |info: Vec<u8>| ModelBuilder {
        inputs: vec![info],
        ..relu()
    };
    refused!(
        input(value_info("x", 11, &[Dim::Fixed(1), Dim::Fixed(3)])),
        ImportError::InputType { code: 11, .. }
    );
    refused!(
        input([text(1, "x"), bytes(2, &bytes(1, &int(1, 1)))].concat()),
        ImportError::InputShape { .. }
    );
    refused_bytes!(
        input([text(1, "x"), bytes(2, &bytes(4, &[]))].concat()),
        ProtoError::Unsupported {
            field: "a sequence type",
            ..
        }
    );
    let shaped = |dims: &[Dim]| input(value_info("x", 1, dims));
    refused!(shaped(&[Dim::Fixed(1), Dim::Named("T")]), ImportError::DynamicDimension { axis: 1, dimension, .. } if dimension == "T");
    refused!(
        shaped(&[Dim::Fixed(1), Dim::Fixed(-1)]),
        ImportError::DynamicDimension { axis: 1, .. }
    );
    refused!(
        shaped(&[Dim::Open]),
        ImportError::DynamicDimension { axis: 0, .. }
    );
    refused!(
        shaped(&[Dim::Fixed(1), Dim::Fixed(1 << 40)]),
        ImportError::TensorSize { .. }
    );
    refused!(ModelBuilder::new(17, 3), ImportError::OutputSource { tensor } if tensor == "y");
    refused!(
        ModelBuilder::new(17, 3).floats("y", &[1], &[1.0]),
        ImportError::OutputSource { .. }
    );
}

#[test]
fn several_inputs_and_outputs() {
    let mut model = ModelBuilder::new(17, 3)
        .node("Add", &["x", "x2"], "y")
        .node("Relu", &["y"], "z");
    model.inputs.push(value_info("x2", 1, &[Dim::Fixed(3)]));
    model.outputs.push(value_info("z", 1, &[]));
    let graph = FloatGraph::from_onnx(&model.build()).unwrap();
    let names = |values: &[usize]| -> Vec<String> {
        values
            .iter()
            .map(|&value| graph.values[value].name.clone())
            .collect()
    };
    assert_eq!(names(&graph.inputs), ["x", "x2"]);
    let outputs = graph.run(&[&[1.0, 2.0, 3.0], &[-2.0, 0.0, 2.0]]).unwrap();
    assert_eq!(outputs[0].as_floats(), Some([-1.0, 2.0, 5.0].as_slice()));
    assert_eq!(outputs[1].as_floats(), Some([0.0, 2.0, 5.0].as_slice()));
    assert_eq!(
        graph.run(&[&[0.0; 3]]),
        Err(FloatError::InputCount {
            expected: 2,
            actual: 1
        })
    );
}

#[test]
fn what_a_file_leaves_open_is_given() {
    let model = ModelBuilder::with_input(17, &[Dim::Fixed(1), Dim::Named("T")])
        .node("Relu", &["x"], "y")
        .build();
    let mut options = ImportOptions::default();
    options.dimensions.insert("T".into(), 5);
    let graph = FloatGraph::from_onnx_with(&model, &options).unwrap();
    assert_eq!(
        (graph.output(0).shape, graph.dynamic_batch),
        (vec![1, 5], false)
    );
    options.constants.insert("q".into(), Tensor::float(1.0));
    assert_eq!(
        FloatGraph::from_onnx_with(&model, &options),
        Err(ImportError::UnknownInput { tensor: "q".into() })
    );
    let mut two = ModelBuilder::new(17, 3).node("Add", &["x", "mask"], "y");
    two.inputs.push(value_info("mask", 7, &[Dim::Open]));
    let mut options = ImportOptions::default();
    options.constants.insert("mask".into(), Tensor::float(1.0));
    assert!(matches!(
        FloatGraph::from_onnx_with(&two.build(), &options),
        Err(ImportError::ConstantInput { code: 7, .. })
    ));
    two.inputs[1] = value_info("mask", 1, &[Dim::Open]);
    let graph = FloatGraph::from_onnx_with(&two.build(), &options).unwrap();
    assert_eq!(graph.inputs.len(), 1);
    let outputs = graph.run(&[&[1.0, 2.0, 3.0]]).unwrap();
    assert_eq!(outputs[0].as_floats(), Some([2.0, 3.0, 4.0].as_slice()));
}
