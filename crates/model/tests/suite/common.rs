//! A small writer of ONNX files, so that the tests need no Python.
use tensorseal_model::ValidGraph;
use tensorseal_model::float::FloatError;
use tensorseal_model::graph::FloatGraph;
use tensorseal_model::import::ImportError;
use tensorseal_model::layered::LayeredGraph;
use tensorseal_model::onnx::ProtoError;
use tensorseal_model::quantise::{QuantiseOptions, Sample, quantise};

/// Asserts that a model is refused with an error of this form.
macro_rules! refused {
    ($model:expr, $pattern:pat $(if $guard:expr)?) => {{
        let error = crate::common::import_error(&$model);
        let shown = format!("{error:?}");
        assert!(matches!(error, $pattern $(if $guard)?), "{shown}");
    }};
}

/// Asserts that a model's bytes are refused with an error of this form.
macro_rules! refused_bytes {
    ($model:expr, $pattern:pat $(if $guard:expr)?) => {{
        let error = crate::common::proto_error(&$model);
        let shown = format!("{error:?}");
        assert!(matches!(error, $pattern $(if $guard)?), "{shown}");
    }};
}

/// Why a model cannot be imported.
pub(crate) fn import_error(model: &ModelBuilder) -> ImportError {
    let error = FloatGraph::from_onnx(&model.build()).unwrap_err();
    assert!(error.to_string().len() > 20, "{error}");
    error
}

/// Why a model's bytes cannot be read.
pub(crate) fn proto_error(model: &ModelBuilder) -> ProtoError {
    match import_error(model) {
        ImportError::Proto(error) => error,
        other => panic!("{other}"),
    }
}

/// `y = Relu(x)` with three channels.
pub(crate) fn relu() -> ModelBuilder {
    ModelBuilder::new(17, 3).node("Relu", &["x"], "y")
}

/// One protobuf field with a length, and its content.
pub(crate) fn bytes(field: u32, content: &[u8]) -> Vec<u8> {
    let mut out = varint(u64::from(field) << 3 | 2);
    out.extend(varint(content.len() as u64));
    out.extend(content);
    out
}

/// One protobuf integer field.
pub(crate) fn int(field: u32, value: i64) -> Vec<u8> {
    let mut out = varint(u64::from(field) << 3);
    out.extend(varint(value.cast_unsigned()));
    out
}

/// One protobuf float field.
pub(crate) fn float(field: u32, value: f32) -> Vec<u8> {
    let mut out = varint(u64::from(field) << 3 | 5);
    out.extend(value.to_le_bytes());
    out
}

pub(crate) fn text(field: u32, value: &str) -> Vec<u8> {
    bytes(field, value.as_bytes())
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// A tensor of 32-bit floats in raw data.
pub(crate) fn floats(name: &str, shape: &[i64], values: &[f32]) -> Vec<u8> {
    let raw: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    tensor(name, 1, shape, &bytes(9, &raw))
}

/// A tensor of 64-bit integers in raw data.
pub(crate) fn ints(name: &str, shape: &[i64], values: &[i64]) -> Vec<u8> {
    let raw: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    tensor(name, 7, shape, &bytes(9, &raw))
}

/// A tensor with its data fields as they are.
pub(crate) fn tensor(name: &str, data_type: i64, shape: &[i64], data: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = shape.iter().flat_map(|&size| int(1, size)).collect();
    out.extend(int(2, data_type));
    out.extend(text(8, name));
    out.extend(data);
    out
}

/// An attribute: its name, its declared type and its value field.
pub(crate) fn attribute(name: &str, kind: i64, value: &[u8]) -> Vec<u8> {
    [text(1, name), value.to_vec(), int(20, kind)].concat()
}

pub(crate) fn attribute_float(name: &str, value: f32) -> Vec<u8> {
    attribute(name, 1, &float(2, value))
}

pub(crate) fn attribute_int(name: &str, value: i64) -> Vec<u8> {
    attribute(name, 2, &int(3, value))
}

pub(crate) fn attribute_ints(name: &str, values: &[i64]) -> Vec<u8> {
    let fields: Vec<u8> = values.iter().flat_map(|&value| int(8, value)).collect();
    attribute(name, 7, &fields)
}

pub(crate) fn attribute_tensor(name: &str, tensor: &[u8]) -> Vec<u8> {
    attribute(name, 4, &bytes(5, tensor))
}

/// A node of the standard domain, named `n_` and its first output.
pub(crate) fn node(
    operator: &str,
    inputs: &[&str],
    outputs: &[&str],
    attributes: &[Vec<u8>],
) -> Vec<u8> {
    let mut out: Vec<u8> = inputs.iter().flat_map(|name| text(1, name)).collect();
    out.extend(outputs.iter().flat_map(|name| text(2, name)));
    out.extend(text(3, &format!("n_{}", outputs.first().unwrap_or(&""))));
    out.extend(text(4, operator));
    out.extend(attributes.iter().flat_map(|attribute| bytes(5, attribute)));
    out
}

/// A dimension of an input's shape.
#[derive(Clone, Copy)]
pub(crate) enum Dim {
    Fixed(i64),
    Named(&'static str),
    Open,
}

pub(crate) fn value_info(name: &str, element_type: i64, shape: &[Dim]) -> Vec<u8> {
    let dims: Vec<u8> = shape
        .iter()
        .flat_map(|dim| match dim {
            Dim::Fixed(size) => bytes(1, &int(1, *size)),
            Dim::Named(name) => bytes(1, &text(2, name)),
            Dim::Open => bytes(1, &[]),
        })
        .collect();
    let tensor_type = [int(1, element_type), bytes(2, &dims)].concat();
    [text(1, name), bytes(2, &bytes(1, &tensor_type))].concat()
}

/// An ONNX file under construction: input `x` of shape `[1, channels]`, output `y`.
#[derive(Clone)]
pub(crate) struct ModelBuilder {
    pub(crate) opset: i64,
    pub(crate) nodes: Vec<Vec<u8>>,
    pub(crate) initializers: Vec<Vec<u8>>,
    pub(crate) inputs: Vec<Vec<u8>>,
    pub(crate) outputs: Vec<Vec<u8>>,
    /// Further fields of the graph and of the model, as they are.
    pub(crate) graph_extra: Vec<u8>,
    pub(crate) model_extra: Vec<u8>,
}

impl ModelBuilder {
    pub(crate) fn new(opset: i64, channels: i64) -> Self {
        Self::with_input(opset, &[Dim::Fixed(1), Dim::Fixed(channels)])
    }

    pub(crate) fn with_input(opset: i64, shape: &[Dim]) -> Self {
        Self {
            opset,
            nodes: vec![],
            initializers: vec![],
            inputs: vec![value_info("x", 1, shape)],
            outputs: vec![value_info("y", 1, &[])],
            graph_extra: vec![],
            model_extra: vec![],
        }
    }

    pub(crate) fn node(self, operator: &str, inputs: &[&str], output: &str) -> Self {
        self.raw_node(node(operator, inputs, &[output], &[]))
    }

    pub(crate) fn with(
        self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[Vec<u8>],
    ) -> Self {
        self.raw_node(node(operator, inputs, &[output], attributes))
    }

    pub(crate) fn raw_node(mut self, node: Vec<u8>) -> Self {
        self.nodes.push(node);
        self
    }

    pub(crate) fn floats(mut self, name: &str, shape: &[i64], values: &[f32]) -> Self {
        self.initializers.push(floats(name, shape, values));
        self
    }

    pub(crate) fn ints(mut self, name: &str, shape: &[i64], values: &[i64]) -> Self {
        self.initializers.push(ints(name, shape, values));
        self
    }

    pub(crate) fn initializer(mut self, tensor: Vec<u8>) -> Self {
        self.initializers.push(tensor);
        self
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut graph: Vec<u8> = self.nodes.iter().flat_map(|node| bytes(1, node)).collect();
        graph.extend(text(2, "g"));
        graph.extend(self.initializers.iter().flat_map(|tensor| bytes(5, tensor)));
        graph.extend(self.inputs.iter().flat_map(|info| bytes(11, info)));
        graph.extend(self.outputs.iter().flat_map(|info| bytes(12, info)));
        graph.extend(&self.graph_extra);
        let set = [text(1, ""), int(2, self.opset)].concat();
        [
            int(1, 8),
            text(2, "test"),
            bytes(7, &graph),
            bytes(8, &set),
            self.model_extra.clone(),
        ]
        .concat()
    }
}

/// A file of the repository's `models` folder.
pub(crate) fn read(file: &str) -> Vec<u8> {
    let path: std::path::PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "models", file]
        .iter()
        .collect();
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `y = W Relu(x) + b` with `W = [[1, 0], [0, 2]]`, and samples on a grid that the scales hit exactly.
pub(crate) fn small() -> ModelBuilder {
    ModelBuilder::new(17, 2)
        .floats("w", &[2, 2], &[1.0, 0.0, 0.0, 2.0])
        .floats("b", &[2], &[0.0, -1.0])
        .node("Relu", &["x"], "h")
        .node("Gemm", &["h", "w", "b"], "y")
}

pub(crate) fn samples() -> Vec<Sample> {
    [[1.0, -1.0], [-1.0, 1.0], [0.5, 0.25]]
        .map(|x| vec![x.to_vec()])
        .to_vec()
}

pub(crate) fn graph(model: &ModelBuilder) -> FloatGraph {
    FloatGraph::from_onnx(&model.build()).unwrap()
}

pub(crate) fn layered(model: &ModelBuilder) -> LayeredGraph {
    LayeredGraph::lower(&graph(model)).unwrap()
}

pub(crate) fn small_integer() -> ValidGraph {
    quantise(&layered(&small()), &samples(), &QuantiseOptions::default()).unwrap()
}

/// The single output of a network with a single input.
pub(crate) trait Infer {
    fn infer(&self, x: &[f32]) -> Result<Vec<f32>, FloatError>;
}

impl Infer for FloatGraph {
    fn infer(&self, x: &[f32]) -> Result<Vec<f32>, FloatError> {
        let mut outputs = self.run(&[x])?;
        assert_eq!(outputs.len(), 1);
        Ok(outputs.remove(0).into_floats().unwrap())
    }
}
