//! The layered graph: the network as linear maps over shifted positions, each followed by one function of a single value.
//!
//! It stands between the two halves of the compiler. Everything ONNX ends here: what the import understands it lowers to these layers,
//! and the quantiser needs to know of nothing else. The inputs are tensors 0 to k - 1 and layer `i` makes tensor `k + i`, from any
//! earlier tensors:
//!
//! ```text
//! pre[p, o] = sum over terms, taps t and channels c of weights[o, t, c] * source[q(p, t), c] + bias[o]
//! out[p, o] = activation(pre[p, o])
//! ```
//!
//! with `q` an [`AxisMap`] along each position axis. All tensors of a graph have the same number of position axes, none if every
//! tensor is a flat vector; a tensor that lacks one has length one there. Cells are row-major over (positions, channels), channels
//! fastest.

use alloc::string::String;
use alloc::vec::Vec;

use crate::graph::{Activation, TensorType};
use crate::integer::AxisMap;

/// A network of layers.
#[derive(Clone, Debug, PartialEq)]
pub struct LayeredGraph {
    /// The inputs, tensors 0 to k - 1, in the order of the ONNX file.
    pub inputs: Vec<Port>,
    /// The layers in order of execution.
    pub layers: Vec<FloatLayer>,
    /// The outputs in the order of the ONNX file, before post-processing; each is made by a layer, and no two are the same tensor.
    pub outputs: Vec<Port>,
}

/// A tensor at the edge of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Index of the tensor.
    pub tensor: usize,
    /// Name and shape in the ONNX file.
    pub onnx: TensorType,
    /// How its axes become positions and channels.
    pub layout: PortLayout,
}

/// How the axes of an ONNX tensor are dealt out. Every axis is in one of the lists; axes of length one (the batch) may be in either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortLayout {
    /// The ONNX axis of each position axis, slowest first; `None` for a position axis of length one that the ONNX tensor lacks.
    pub positions: Vec<Option<usize>>,
    /// The ONNX axes that make up the channel axis, slowest first.
    pub channels: Vec<usize>,
}

/// A tensor's extent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Lengths of the position axes, slowest first.
    pub positions: Vec<usize>,
    /// Number of channels.
    pub channels: usize,
}

/// One layer.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatLayer {
    /// Name of the first ONNX node in the layer.
    pub name: String,
    /// The ONNX operators in the layer, in order.
    pub operators: Vec<String>,
    /// The tensor it makes.
    pub extent: Extent,
    /// What it reads; the terms' results are added.
    pub terms: Vec<FloatTerm>,
    /// One term per channel.
    pub bias: Vec<f32>,
    /// The function after the sum, `None` for the identity.
    pub activation: Option<Activation>,
    /// How the quantiser may scale the layer's output.
    pub scale: ScaleRule,
}

/// What one source contributes to a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatTerm {
    /// The tensor that is read.
    pub source: usize,
    /// One map per position axis, slowest first.
    pub maps: Vec<AxisMap>,
    /// The coefficients.
    pub weights: Weights<f32>,
}

/// The coefficients of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights<T> {
    /// Each output channel reads each source channel: `[out channel][tap][source channel]`.
    Dense(Vec<T>),
    /// Each output channel reads the source channel of its own number: `[channel][tap]`. Source and output have as many channels.
    Diagonal(Vec<T>),
    /// One coefficient for everything that the maps reach, the channels by a map of their own: sums, averages, moves of data. It is
    /// part of the architecture, not a secret.
    Structural {
        /// The map from output channels to source channels.
        channels: AxisMap,
        /// The coefficient of every tap.
        coefficient: T,
    },
}

/// How the scale of a layer's output is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleRule {
    /// From the calibrated range.
    Free,
    /// All terms are structural and their sources have the scale of this tensor. The output's scale is this one times a number that
    /// follows from the architecture alone and makes all coefficients exact integers, the same scale where they are 1 or -1: the
    /// differences and sums that make a maximum, averages, copies.
    Follows(usize),
}

impl Extent {
    /// Number of values.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.positions.iter().product::<usize>() * self.channels
    }
}

impl PortLayout {
    /// The extent of an ONNX tensor of this shape.
    #[must_use]
    pub fn extent(&self, shape: &[usize]) -> Extent {
        let length = |axis: &usize| shape.get(*axis).copied().unwrap_or(1);
        Extent {
            positions: self
                .positions
                .iter()
                .map(|axis| axis.as_ref().map_or(1, length))
                .collect(),
            channels: self.channels.iter().map(length).product(),
        }
    }

    /// For each cell in (positions, channels) order, its index in the row-major ONNX tensor of this shape.
    #[must_use]
    pub fn cells(&self, shape: &[usize]) -> Vec<usize> {
        let strides: Vec<usize> = (0..shape.len())
            .map(|axis| shape[axis + 1..].iter().product())
            .collect();
        let axes = self.positions.iter().flatten().chain(&self.channels);
        axes.fold(alloc::vec![0], |cells, &axis| {
            let (length, stride) = (shape[axis], strides[axis]);
            cells
                .iter()
                .flat_map(|cell| (0..length).map(move |i| cell + i * stride))
                .collect()
        })
    }
}

impl LayeredGraph {
    /// Extent of tensor `index`.
    ///
    /// # Panics
    ///
    /// When there is no such tensor.
    #[must_use]
    pub fn extent(&self, index: usize) -> Extent {
        match index.checked_sub(self.inputs.len()) {
            None => self.inputs[index].extent(),
            Some(layer) => self.layers[layer].extent.clone(),
        }
    }
}

impl Port {
    /// The tensor's extent.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.layout.extent(&self.onnx.shape)
    }
}

impl FloatTerm {
    /// Number of taps of all axes together.
    #[must_use]
    pub fn taps(&self) -> usize {
        self.maps.iter().map(|map| map.taps).product()
    }
}
