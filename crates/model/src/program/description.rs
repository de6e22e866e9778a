//! What a key says about its model in words: names, shapes, scales. The key's digest binds it; the proof system does not read it.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::integer::{Conversion, IntegerGraph, Port, PortLayout, PostProcessing, Semantics};

/// The annotation of a verifying key, as JSON.
///
/// Scales of hidden layers are left out: exact statistics of secret weights would let anybody confirm a guess of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The tensors that a caller gives.
    pub inputs: Vec<PortDescription>,
    /// The tensors that a caller gets.
    pub outputs: Vec<PortDescription>,
    /// Operators after the output, left to whoever reads it.
    pub post_processing: Vec<String>,
    /// The layers in order.
    pub layers: Vec<LayerDescription>,
}

/// An input or output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortDescription {
    /// Index of the tensor in the program.
    pub tensor: u32,
    /// Its ONNX name.
    pub name: String,
    /// Its ONNX shape.
    pub shape: Vec<usize>,
    /// Real value of the integer 1.
    pub scale: f64,
    /// How the axes of the shape become those of the program's tensor; left out where all are channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<PortLayout>,
    /// Smallest and largest integer of an input that is quantised as ONNX's `QuantizeLinear` has it, less the zero point; left out for
    /// this crate's own conversion. A model with such an input computes in onnxruntime's arithmetic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantize_linear: Option<(i32, i32)>,
    /// How many rows the tables have of which the input holds row numbers; left out for an input of real numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
}

/// A layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerDescription {
    /// Name of the ONNX node.
    pub name: String,
    /// The ONNX operators in it.
    pub operators: Vec<String>,
    /// Whether it is a step on the way to a later layer's tensor; left out where it is not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub inner: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Description {
    /// The description of a graph.
    #[must_use]
    pub fn of(graph: &IntegerGraph) -> Self {
        let layers = graph.layers.iter().map(|layer| LayerDescription {
            name: layer.name.clone(),
            operators: layer.operators.clone(),
            inner: layer.inner,
        });
        let steps = graph.post_processing.iter();
        let ports = |ports: &[Port]| ports.iter().map(PortDescription::new).collect();
        Self {
            inputs: ports(&graph.inputs),
            outputs: ports(&graph.outputs),
            post_processing: steps.map(|step| step.operator().into()).collect(),
            layers: layers.collect(),
        }
    }

    /// Whose arithmetic the model computes in.
    #[must_use]
    pub fn semantics(&self) -> Semantics {
        Semantics::of(self.inputs.iter().map(PortDescription::conversion))
    }

    /// The input or output that is this tensor of the program.
    #[must_use]
    pub fn port(&self, tensor: u32) -> Option<&PortDescription> {
        let mut ports = self.inputs.iter().chain(&self.outputs);
        ports.find(|port| port.tensor == tensor)
    }

    /// The bytes for a key's annotation.
    ///
    /// # Panics
    ///
    /// Never: every field has a JSON form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a description has a JSON form")
    }

    /// Reads an annotation; `None` when it is no description.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl PortDescription {
    fn new(port: &Port) -> Self {
        let flat = port.layout == PortLayout::flat(port.shape.len());
        Self {
            tensor: super::index(port.tensor),
            name: port.name.clone(),
            shape: port.shape.clone(),
            scale: port.scale,
            layout: (!flat).then(|| port.layout.clone()),
            quantize_linear: match port.conversion {
                Conversion::QuantizeLinear { low, high } => Some((low, high)),
                Conversion::HalfUp | Conversion::Rows { .. } => None,
            },
            rows: match port.conversion {
                Conversion::Rows { rows } => Some(rows),
                Conversion::HalfUp | Conversion::QuantizeLinear { .. } => None,
            },
        }
    }

    /// The port of a graph.
    pub(super) fn port(&self) -> Port {
        Port {
            tensor: usize::try_from(self.tensor).unwrap_or(usize::MAX),
            name: self.name.clone(),
            shape: self.shape.clone(),
            layout: self.layout(),
            scale: self.scale,
            conversion: self.conversion(),
        }
    }

    fn conversion(&self) -> Conversion {
        match (self.quantize_linear, self.rows) {
            (Some((low, high)), _) => Conversion::QuantizeLinear { low, high },
            (None, Some(rows)) => Conversion::Rows { rows },
            (None, None) => Conversion::HalfUp,
        }
    }

    fn layout(&self) -> PortLayout {
        let flat = || PortLayout::flat(self.shape.len());
        self.layout.clone().unwrap_or_else(flat)
    }

    /// The values of a proof's public tensor, of one inference or of several, in the order of the ONNX tensor's elements; `None` when the
    /// description does not fit them.
    #[must_use]
    pub fn to_onnx(&self, values: &[i64]) -> Option<Vec<i64>> {
        let layout = self.layout();
        let elements = self
            .shape
            .iter()
            .try_fold(1usize, |product, length| product.checked_mul(*length))?;
        let whole = elements > 0 && values.len().is_multiple_of(elements) && !values.is_empty();
        if !whole || !layout.covers(&self.shape) {
            return None;
        }
        let inferences = values.chunks(elements);
        Some(
            inferences
                .flat_map(|values| layout.to_onnx(&self.shape, values))
                .collect(),
        )
    }
}

pub(super) fn post_processing(name: &str) -> Option<PostProcessing> {
    [
        PostProcessing::Softmax,
        PostProcessing::LogSoftmax,
        PostProcessing::ArgMax,
    ]
    .into_iter()
    .find(|step| step.operator() == name)
}
