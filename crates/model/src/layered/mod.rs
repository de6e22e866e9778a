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

mod evaluate;
mod gathered;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::graph::{Activation, TensorType};
pub use crate::integer::{AxisMap, Conversion, Extent, PortLayout, Weights};

pub use evaluate::{LayeredError, Values};
pub use gathered::{Gathered, MAX_GATHERED_ROWS};

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
    /// The integers of a network that is quantised already: then tensors hold integers, their zero points taken off.
    pub codes: Option<PortCodes>,
    /// Set where an input holds row numbers of constant tables, the largest of which has as many rows: exact integers from 0, which only
    /// [`Gathered`] layers read.
    pub rows: Option<usize>,
}

/// The integers of a tensor at the edge of a network that is quantised already.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PortCodes {
    /// Real value of the integer 1, positive and finite.
    pub scale: f32,
    /// Smallest integer, less the zero point.
    pub low: i32,
    /// Largest integer, less the zero point.
    pub high: i32,
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
    /// The table whose rows the sum chooses; a layer that has one has no activation.
    pub gathered: Option<Gathered>,
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

/// How the scale of a layer's output is found.
#[derive(Clone, Debug, PartialEq)]
pub enum ScaleRule {
    /// From the calibrated range.
    Free,
    /// All terms are structural and their sources have the scale of this tensor. The output's scale is this one times a number that
    /// follows from the architecture alone and makes all coefficients exact integers, the same scale where they are 1 or -1: the
    /// differences and sums that make a maximum, averages, copies. Without an activation every value lies between the least and the
    /// greatest, 0 included, of what is copied, averaged or compared: never a sum that can leave its sources' range. With `Relu` it is the
    /// difference of two such values.
    Follows(usize),
    /// One of the two layers that make products of two operands, `a b = floor((a + b)^2 / 4) - floor((a - b)^2 / 4)`, which is exact on
    /// integers. The terms copy: the first `first` of them operand `a`, from tensors of one scale, with coefficient 1; the others `b`,
    /// likewise, with coefficient 1 or, in the layer that is subtracted, -1. On integers the layer adds *codes*, whatever the two scales,
    /// and its function is `floor(x^2 / 4)`; its scale is the product of both.
    ///
    /// On real numbers the layer is half the product of its two sums: the rest of the squares is the same in both layers and cancels.
    QuarterSquare {
        /// Number of terms that copy `a`.
        first: usize,
    },
    /// From the calibrated range, and such that a product of two codes counts a whole number of times. All terms read layers with
    /// `QuarterSquare`, all pairs with one scale, and together they make each output a sum of at most `count` products.
    Products {
        /// The most products in a sum.
        count: usize,
    },
    /// The network is quantised already: the sources hold integers, all weights are integers, and the layer's `bias` and `activation` are
    /// not used.
    Fixed(Box<Requantisation>),
}

/// How the sums of a layer that is quantised already become integers: `out = function(clamp(round(multiplier * (sum + bias))))`.
#[derive(Clone, Debug, PartialEq)]
pub struct Requantisation {
    /// Per channel, in units of the sum.
    pub bias: Vec<i64>,
    /// Per channel, what the sum is multiplied with, positive and finite.
    pub multipliers: Vec<f32>,
    /// Smallest integer, less the zero point.
    pub low: i32,
    /// Largest integer, less the zero point.
    pub high: i32,
    /// What each integer from `low` to `high` becomes; itself where it is `None`.
    pub function: Option<Vec<i32>>,
}

impl Requantisation {
    /// The integer that a sum with its bias is rounded to, as onnxruntime does: the product in `f32`, the even one of two.
    #[must_use]
    pub fn rounded(&self, sum: i64, channel: usize) -> f32 {
        libm::rintf(sum as f32 * self.multipliers[channel])
    }

    /// What a rounded integer becomes.
    #[must_use]
    pub fn output(&self, rounded: i64) -> i32 {
        let code = rounded.max(self.low.into()).min(self.high.into());
        match &self.function {
            None => code as i32,
            Some(values) => values[(code - i64::from(self.low)) as usize],
        }
    }

    /// The smallest and the largest integer that the layer makes.
    #[must_use]
    pub fn range(&self) -> (i32, i32) {
        match &self.function {
            None => (self.low, self.high),
            Some(values) => values
                .iter()
                .fold((i32::MAX, i32::MIN), |(low, high), &value| {
                    (low.min(value), high.max(value))
                }),
        }
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

impl PortCodes {
    /// How real values become these integers.
    #[must_use]
    pub fn conversion(&self) -> Conversion {
        Conversion::QuantizeLinear {
            low: self.low,
            high: self.high,
        }
    }
}

impl FloatTerm {
    /// Number of taps of all axes together.
    #[must_use]
    pub fn taps(&self) -> usize {
        self.maps.iter().map(|map| map.taps).product()
    }
}
