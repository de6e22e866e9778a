//! What a key says about its model in words: names, shapes, scales. The key's digest binds it; the proof system does not read it.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::integer::{IntegerGraph, PostProcessing, TensorInfo};

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
}

/// A layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerDescription {
    /// Name of the ONNX node.
    pub name: String,
    /// The ONNX operators in it.
    pub operators: Vec<String>,
}

impl Description {
    /// The description of a graph.
    #[must_use]
    pub fn of(graph: &IntegerGraph) -> Self {
        let layers = graph.layers.iter().map(|layer| LayerDescription {
            name: layer.name.clone(),
            operators: layer.operators.clone(),
        });
        let steps = graph.post_processing.iter();
        Self {
            inputs: alloc::vec![PortDescription::new(0, &graph.input)],
            outputs: alloc::vec![PortDescription::new(
                super::index(graph.layers.len()),
                &graph.output
            )],
            post_processing: steps.map(|step| step.operator().into()).collect(),
            layers: layers.collect(),
        }
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
    fn new(tensor: u32, info: &TensorInfo) -> Self {
        Self {
            tensor,
            name: info.name.clone(),
            shape: info.shape.clone(),
            scale: info.scale,
        }
    }

    pub(super) fn info(&self) -> Option<TensorInfo> {
        Some(TensorInfo {
            name: self.name.clone(),
            shape: self.shape.clone(),
            channels: self
                .shape
                .iter()
                .try_fold(1usize, |n, axis| n.checked_mul(*axis))?,
            scale: self.scale,
        })
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
