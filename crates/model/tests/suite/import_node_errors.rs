//! Every way a node can be refused.

use crate::common::{
    Dim, ModelBuilder, attribute_float, attribute_int, attribute_ints, bytes, node, relu, tensor,
    text,
};
use tensorseal_model::graph::ElementType;
use tensorseal_model::import::ImportError;

#[test]
fn nodes_that_are_not_supported() {
    refused!(relu().node("Foo", &["x"], "z"), ImportError::Operator { place, supported, .. }
        if place.node == "n_z" && place.operator == "Foo" && supported.contains(&"Gemm"));
    refused!(
        relu().node("Convv", &["x"], "z"),
        ImportError::Operator {
            nearest: Some("Conv"),
            ..
        }
    );
    let old = ModelBuilder::new(6, 3).floats("c", &[3], &[1.0; 3]);
    refused!(
        old.node("Add", &["x", "c"], "y"),
        ImportError::OperatorVersion { oldest: 7, .. }
    );
    let foreign = [node("Relu", &["x"], &["z"], &[]), text(7, "com.example")].concat();
    refused!(relu().raw_node(foreign), ImportError::Operator { domain, .. } if domain == "com.example");
}

#[test]
fn attributes_that_are_not_supported() {
    let with = |operator: &str, attributes: &[Vec<u8>]| {
        relu()
            .floats("w", &[3, 3], &[0.0; 9])
            .with(operator, &["x", "w"], "z", attributes)
    };
    refused!(with("Gemm", &[attribute_int("gamma", 1)]), ImportError::UnknownAttribute { attribute, .. } if attribute == "gamma");
    refused!(
        with("Gemm", &[attribute_int("alpha", 1)]),
        ImportError::AttributeType {
            attribute: "alpha",
            ..
        }
    );
    refused!(
        with(
            "Gemm",
            &[attribute_int("transA", 0), attribute_int("transA", 0)]
        ),
        ImportError::AttributeType { .. }
    );
    refused!(
        with("Gemm", &[attribute_int("transA", 1)]),
        ImportError::Operands { .. }
    );
    refused!(
        with("Gemm", &[attribute_int("transB", 2)]),
        ImportError::AttributeValue {
            attribute: "transB",
            ..
        }
    );
    refused!(
        with("Gemm", &[attribute_float("alpha", f32::INFINITY)]),
        ImportError::AttributeType { .. }
    );
    refused!(
        relu().node("Gemm", &["x"], "z"),
        ImportError::Arity {
            inputs: 1,
            least: 2,
            most: 3,
            ..
        }
    );
    refused!(
        relu().raw_node(node("Relu", &["x"], &["z", "z2"], &[])),
        ImportError::Arity { outputs: 2, .. }
    );
}

#[test]
fn tensors_and_modes_that_do_not_fit() {
    refused!(relu().node("Relu", &["q"], "z"), ImportError::UnknownTensor { tensor, .. } if tensor == "q");
    refused!(relu().node("Relu", &["x"], "y"), ImportError::DuplicateTensor { tensor } if tensor == "y");
    let dropout = relu()
        .floats("r", &[], &[0.5])
        .initializer(tensor("t", 9, &[], &bytes(9, &[1])));
    refused!(
        dropout.node("Dropout", &["x", "r", "t"], "z"),
        ImportError::AttributeValue {
            attribute: "training_mode",
            ..
        }
    );
    refused!(
        relu().with("Cast", &["x"], "z", &[attribute_int("to", 8)]),
        ImportError::AttributeValue {
            attribute: "to",
            ..
        }
    );
    refused!(
        relu().node("Constant", &[], "z"),
        ImportError::AttributeType {
            attribute: "value",
            ..
        }
    );
}

#[test]
fn operands_of_the_wrong_kind() {
    let model = || {
        relu()
            .floats("c", &[3], &[1.0; 3])
            .ints("i", &[3], &[1; 3])
            .floats("zero", &[], &[0.0])
    };
    refused!(model().node("Clip", &["x", "y"], "z"), ImportError::NotConstant { tensor, .. } if tensor == "y");
    refused!(
        model().node("Reshape", &["x", "y"], "z"),
        ImportError::NotConstant { .. }
    );
    refused!(
        model().node("Add", &["x", "i"], "z"),
        ImportError::Operands { operands, .. }
            if operands == [(ElementType::Float32, vec![1, 3]), (ElementType::Int64, vec![3])]
    );
    refused!(
        model().node("Add", &["c", "i"], "z"),
        ImportError::Operands { .. }
    );
    refused!(
        model().node("Tanh", &["i"], "z"),
        ImportError::Operands { .. }
    );
    refused!(
        model().node("Clip", &["x", "c"], "z"),
        ImportError::ConstantType { .. }
    );
    refused!(
        model().node("Reshape", &["x", "c"], "z"),
        ImportError::ConstantType { .. }
    );
    refused!(
        model().node("Div", &["c", "zero"], "z"),
        ImportError::Arithmetic { .. }
    );
}

#[test]
fn shapes_that_do_not_fit() {
    let model = || {
        relu()
            .floats("w", &[2, 2], &[0.0; 4])
            .floats("c", &[2], &[1.0; 2])
    };
    refused!(model().node("Gemm", &["x", "w"], "z"), ImportError::Operands { operands, .. } if operands[1].1 == [2, 2]);
    refused!(
        model().node("MatMul", &["x", "w"], "z"),
        ImportError::Operands { .. }
    );
    refused!(
        model().node("Mul", &["x", "c"], "z"),
        ImportError::Operands { .. }
    );
    refused!(
        model()
            .ints("s", &[1], &[4])
            .node("Reshape", &["x", "s"], "z"),
        ImportError::ReshapeSizes { .. }
    );
    let rows = ModelBuilder::with_input(17, &[Dim::Fixed(1), Dim::Fixed(4), Dim::Fixed(2)]).floats(
        "w",
        &[2, 2],
        &[0.0; 4],
    );
    refused!(
        rows.clone()
            .with("Squeeze", &["x"], "y", &[])
            .node("Squeeze", &["y", "w"], "z"),
        ImportError::ConstantType { .. }
    );
    refused!(
        rows.ints("a", &[1], &[1]).node("Squeeze", &["x", "a"], "y"),
        ImportError::Axis { axis: 1, .. }
    );
    refused!(
        relu().with("Flatten", &["x"], "z", &[attribute_int("axis", 3)]),
        ImportError::Axis { axis: 3, .. }
    );
    refused!(
        relu().with("Transpose", &["x"], "z", &[attribute_ints("perm", &[0, 0])]),
        ImportError::AttributeType { .. }
    );
}

#[test]
fn constants_do_not_explode() {
    // A column plus a row is a square: 32 KiB of file would become 64 MiB.
    let side = 4096;
    let column = ModelBuilder::new(17, 3)
        .floats("r", &[side], &vec![0.0; 4096])
        .floats("c", &[side, 1], &vec![0.0; 4096]);
    refused!(
        column.node("Add", &["r", "c"], "s"),
        ImportError::TooLarge { .. }
    );
    let filled = ModelBuilder::new(17, 3).ints("n", &[2], &[1 << 20, 1 << 20]);
    refused!(
        filled.node("ConstantOfShape", &["n"], "s"),
        ImportError::TooLarge { .. }
    );
    let counted = ModelBuilder::new(17, 3)
        .ints("zero", &[], &[0])
        .ints("n", &[], &[i64::MAX])
        .ints("one", &[], &[1]);
    refused!(
        counted.node("Range", &["zero", "n", "one"], "s"),
        ImportError::TooLarge { .. }
    );
    let tiled = ModelBuilder::new(17, 3)
        .floats("c", &[1], &[0.0])
        .ints("n", &[1], &[1 << 23])
        .node("Tile", &["c", "n"], "s");
    refused!(tiled, ImportError::TooLarge { .. });
    // Empty, but long to walk along.
    let empty = ModelBuilder::new(17, 3).floats("e", &[0, 1 << 40], &[]);
    refused!(
        empty.node("Neg", &["e"], "s"),
        ImportError::TensorSize { tensor, .. } if tensor == "e"
    );
    let filled = ModelBuilder::new(17, 3).ints("n", &[2], &[0, 1 << 40]);
    refused!(
        filled.node("ConstantOfShape", &["n"], "s"),
        ImportError::TooLarge { .. }
    );
    let still = ModelBuilder::new(17, 3)
        .ints("n", &[], &[4])
        .ints("zero", &[], &[0]);
    refused!(
        still.node("Range", &["zero", "n", "zero"], "s"),
        ImportError::Arithmetic { .. }
    );
}
