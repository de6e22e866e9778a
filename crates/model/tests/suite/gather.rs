//! Embeddings: integer inputs through the import, the float interpreter and the layers.

use crate::common::{Dim, ModelBuilder, attribute_int, attribute_ints, floats, node, value_info};
use crate::networks::Numbers;
use tensorseal_model::data::DataFile;
use tensorseal_model::float::{ApplyError, FloatError};
use tensorseal_model::generate::Shape;
use tensorseal_model::graph::{ElementType, FloatGraph};
use tensorseal_model::layered::{LayeredError, LayeredGraph};

const TABLES: usize = 3;
const ROWS: usize = 11;
const WIDTH: usize = 4;

/// A small recommender as PyTorch exports one: dense features, an embedding for each id, the dot products of all pairs.
pub(crate) fn recommender() -> ModelBuilder {
    let mut numbers = Numbers::new(3);
    let mut model = ModelBuilder::with_input(17, &[Dim::Fixed(1), Dim::Fixed(5)])
        .floats("w0", &[4, 5], &numbers.take(20, 0.8))
        .floats("b0", &[4], &numbers.take(4, 0.2))
        .floats("w1", &[1, 10], &numbers.take(10, 1.0))
        .floats("b1", &[1], &numbers.take(1, 0.2))
        .ints("one", &[1], &[1])
        .ints("flat", &[2], &[1, 16])
        .ints("pairs", &[6], &[4, 8, 9, 12, 13, 14]);
    model.inputs.push(value_info(
        "ids",
        7,
        &[Dim::Fixed(1), Dim::Fixed(TABLES as i64)],
    ));
    let dense = [attribute_int("transB", 1)];
    model = model
        .with("Gemm", &["x", "w0", "b0"], "h", &dense)
        .node("Relu", &["h"], "bottom")
        .node("Unsqueeze", &["bottom", "one"], "v");
    let mut rows = vec![String::from("v")];
    for index in 0..TABLES {
        let [table, at, id, vector, row] =
            ["t", "at", "id", "e", "v"].map(|name| format!("{name}{index}"));
        model = model
            .initializer(floats(
                &table,
                &[ROWS as i64, WIDTH as i64],
                &numbers.take(ROWS * WIDTH, 1.0),
            ))
            .ints(&at, &[], &[index as i64])
            .with("Gather", &["ids", &at], &id, &[attribute_int("axis", 1)])
            .node("Gather", &[&table, &id], &vector)
            .node("Unsqueeze", &[&vector, "one"], &row);
        rows.push(row);
    }
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    model
        .raw_node(node("Concat", &rows, &["z"], &[attribute_int("axis", 1)]))
        .with(
            "Transpose",
            &["z"],
            "zt",
            &[attribute_ints("perm", &[0, 2, 1])],
        )
        .node("MatMul", &["z", "zt"], "dots")
        .node("Reshape", &["dots", "flat"], "f")
        .with("Gather", &["f", "pairs"], "p", &[attribute_int("axis", 1)])
        .with(
            "Concat",
            &["bottom", "p"],
            "all",
            &[attribute_int("axis", 1)],
        )
        .with("Gemm", &["all", "w1", "b1"], "logit", &dense)
        .node("Sigmoid", &["logit"], "y")
}

/// Inputs of the recommender.
pub(crate) fn inputs(count: usize) -> Vec<Vec<Vec<f32>>> {
    let mut numbers = Numbers::new(8);
    let mut sample = || {
        let ids = (0..TABLES).map(|_| ((numbers.next() + 1.0) / 2.0 * ROWS as f32).floor());
        let ids: Vec<f32> = ids.collect();
        vec![numbers.take(5, 1.0), ids]
    };
    (0..count).map(|_| sample()).collect()
}

#[test]
fn a_recommender_computes_the_same_in_layers() {
    let graph = FloatGraph::from_onnx(&recommender().build()).unwrap();
    assert_eq!(graph.input(1).element_type, ElementType::Int64);
    let layered = LayeredGraph::lower(&graph).unwrap();
    assert_eq!(layered.inputs[0].rows, None);
    assert_eq!(layered.inputs[1].rows, Some(ROWS));
    for sample in inputs(20) {
        let expected = graph.run(&[&sample[0], &sample[1]]).unwrap();
        let made = layered.outputs(&layered.evaluate(&sample).unwrap());
        let expected = expected[0].as_floats().unwrap();
        assert!(
            (made[0][0] - expected[0]).abs() < 1e-6,
            "{made:?} {expected:?}"
        );
    }
}

#[test]
fn an_embedding_by_hand_from_integers_of_a_file() {
    let mut model = ModelBuilder::new(17, 1)
        .floats("table", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        .node("Gather", &["table", "x"], "y");
    for code in [6, 7] {
        model.inputs = vec![value_info("x", code, &[Dim::Open, Dim::Fixed(2)])];
        let graph = FloatGraph::from_onnx(&model.build()).unwrap();
        let layered = LayeredGraph::lower(&graph).unwrap();
        let file = DataFile::parse(br#"{"x": [[2, 0]]}"#).unwrap();
        let ids = file.single("x", &graph.input(0).shape).unwrap();
        let made = graph.run(&[&ids]).unwrap();
        assert_eq!(made[0].shape(), [1, 2, 2]);
        assert_eq!(made[0].as_floats(), Some([5.0, 6.0, 1.0, 2.0].as_slice()));
        let rows = layered.outputs(&layered.evaluate(&[ids]).unwrap());
        assert_eq!(rows, [[5.0, 6.0, 1.0, 2.0]]);
    }
}

#[test]
fn a_generated_embedding_is_a_row_and_a_matrix() {
    let shape = Shape::parse("embedding-50x6").unwrap();
    let graph = FloatGraph::from_onnx(&shape.onnx(1)).unwrap();
    let layered = LayeredGraph::lower(&graph).unwrap();
    assert_eq!(
        (layered.layers.len(), layered.inputs[0].rows),
        (2, Some(50))
    );
    for sample in shape.samples(10, 2) {
        let expected = graph.run(&[&sample[0]]).unwrap();
        let made = layered.outputs(&layered.evaluate(&sample).unwrap());
        let expected = expected[0].as_floats().unwrap();
        assert!(
            made[0]
                .iter()
                .zip(expected)
                .all(|(a, b)| (a - b).abs() < 1e-6)
        );
    }
}

#[test]
fn indices_are_integers_in_range() {
    let mut model = ModelBuilder::new(17, 1)
        .floats("table", &[3, 1], &[1.0, 3.0, 5.0])
        .node("Gather", &["table", "x"], "y");
    model.inputs = vec![value_info("x", 7, &[Dim::Fixed(2)])];
    let graph = FloatGraph::from_onnx(&model.build()).unwrap();
    let layered = LayeredGraph::lower(&graph).unwrap();
    // The interpreter counts negative ones from the end, as ONNX does; a proof has no such indices.
    assert_eq!(
        graph.run(&[&[-1.0, -3.0]]).unwrap()[0].as_floats(),
        Some([5.0, 1.0].as_slice())
    );
    let negative = layered.evaluate(&[vec![0.0, -1.0]]).unwrap_err();
    assert!(matches!(
        negative,
        LayeredError::Index {
            element: 1,
            rows: 3,
            ..
        }
    ));
    assert!(negative.to_string().contains("from 0 to 2"), "{negative}");
    for outside in [3.0, -4.0] {
        assert!(matches!(
            graph.run(&[&[0.0, outside]]),
            Err(FloatError::Node {
                source: ApplyError::Index,
                ..
            })
        ));
        assert!(layered.evaluate(&[vec![0.0, outside]]).is_err());
    }
    let broken = graph.run(&[&[0.0, 0.5]]);
    assert!(matches!(
        broken,
        Err(FloatError::InputNotInteger { element: 1, .. })
    ));
    assert!(matches!(
        layered.evaluate(&[vec![0.5, 0.0]]),
        Err(LayeredError::Index { element: 0, .. })
    ));
    model.inputs = vec![value_info("x", 6, &[Dim::Fixed(2)])];
    let narrow = FloatGraph::from_onnx(&model.build()).unwrap();
    let large = narrow.run(&[&[0.0, 3e9]]);
    assert!(matches!(
        large,
        Err(FloatError::InputNotInteger { element: 1, .. })
    ));
}
