//! The integer graph: the network as a proof sees it, and its inference in `i64`.
//!
//! The inputs are tensors 0 to k - 1 and layer `i` makes tensor `k + i`. A tensor has positions and channels; its cells are row-major
//! over both, channels fastest. Every layer computes, for each position and channel of its output,
//!
//! ```text
//! acc = sum over terms, taps and source channels of 2^exponent * weight * in + bias      (positions by an `AxisMap` along each axis)
//! pre = floor((acc + 2^(shift-1)) / 2^shift)          (see `rounding`; shift is the layer's)
//! rem = acc + 2^(shift-1) - 2^shift * pre             in [0, 2^shift)
//! out = f(pre)                                        f a table over [lo, hi), the layer's segment
//! ```
//!
//! Nothing here depends on floats but the two conversions at the ends ([`Port::quantise`] and [`Port::dequantise`]), so inference is the same on every platform.

mod axis;
mod digits;
mod error;
mod extent;
mod infer;
mod large;
mod layer;
mod limb;
pub(crate) mod linear;
mod port;
pub mod rounding;
mod segment;
mod validate;

use alloc::vec::Vec;

pub use axis::AxisMap;
pub use digits::DIGIT_BITS;
pub(crate) use digits::digits;
pub use error::{GraphError, InferenceError};
pub use extent::{Extent, PortLayout, Weights};
pub use infer::{Cell, SaturatedTrace, Trace};
pub use large::{BLIND_ROWS, LargeTable, MAX_LOG_LARGE_ROWS};
pub use layer::{IntegerLayer, IntegerTerm};
pub use limb::{Limb, LimbList, MAX_LAYER_SHIFT, cut, limb_widths};
pub use port::{Conversion, Port};
pub use segment::{Function, Segment};
pub use validate::{
    MAX_ACCUMULATOR, MAX_CELLS, MAX_LOG_ROWS, MAX_SHIFT, MAX_TAPS, RESERVED_ROWS, ValidGraph,
};

/// A final operator that is left outside the integer graph and so outside a proof: whoever reads the output applies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PostProcessing {
    /// Softmax over all channels.
    Softmax,
    /// Logarithm of the softmax over all channels.
    LogSoftmax,
    /// Index of the largest channel.
    ArgMax,
}

impl PostProcessing {
    /// The ONNX operator's name.
    #[must_use]
    pub fn operator(self) -> &'static str {
        match self {
            Self::Softmax => "Softmax",
            Self::LogSoftmax => "LogSoftmax",
            Self::ArgMax => "ArgMax",
        }
    }
}

/// A quantised network.
///
/// The fields are public because a graph may be read back from a file or made by hand; [`ValidGraph`] is one whose fields fit together.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerGraph {
    /// The network's inputs, tensors 0 to k - 1.
    pub inputs: Vec<Port>,
    /// The segment of each input, a [`Function::Clamp`] in whose output range the input's integers lie.
    pub input_segments: Vec<usize>,
    /// The network's outputs, before any post-processing; each is made by a layer, and no two are the same tensor.
    pub outputs: Vec<Port>,
    /// The least shift of a layer: what the table's range of remainders holds. Larger shifts take limbs: those of networks that were quantised
    /// already, of layers beside a large table, of sums of products, and of packed rows of embeddings.
    pub shift: u32,
    /// Base-2 logarithm of the number of rows of the proof's columns and table that this graph was laid out for.
    pub log_rows: u32,
    /// The functions: first those in the table in the columns, then those of each large table.
    pub segments: Vec<Segment>,
    /// The tables that are larger than the columns.
    pub large_tables: Vec<LargeTable>,
    /// The layers in order of execution.
    pub layers: Vec<IntegerLayer>,
    /// The operators after the output, in order, outside a proof.
    pub post_processing: Vec<PostProcessing>,
}

/// Whose arithmetic a network computes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Semantics {
    /// This crate's quantiser chose the integers.
    Tensorseal,
    /// The integers are those that onnxruntime computes for the quantised ONNX file.
    OnnxRuntime,
}

impl Semantics {
    /// The name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tensorseal => "tensorseal",
            Self::OnnxRuntime => "onnxruntime",
        }
    }

    /// Whose arithmetic a network with such inputs computes in: the file's where the inputs are quantised as the file says.
    pub(crate) fn of(mut conversions: impl Iterator<Item = Conversion>) -> Self {
        if conversions.any(|conversion| matches!(conversion, Conversion::QuantizeLinear { .. })) {
            Self::OnnxRuntime
        } else {
            Self::Tensorseal
        }
    }
}

impl IntegerGraph {
    /// Whose arithmetic this is.
    #[must_use]
    pub fn semantics(&self) -> Semantics {
        Semantics::of(self.inputs.iter().map(|port| port.conversion))
    }

    /// Rows in use of the table in the columns: the zero row, the `2^shift` rows of the remainder's range, its segments, and the range of
    /// each width of limbs.
    #[must_use]
    pub fn table_rows(&self) -> u64 {
        let range = 1u64.checked_shl(self.shift).unwrap_or(u64::MAX);
        let limbs = self.limb_ranges().into_iter().map(|width| 1u64 << width);
        self.segments
            .iter()
            .take(self.column_segments())
            .map(Segment::rows)
            .chain(limbs)
            .fold(range.saturating_add(1), u64::saturating_add)
    }

    /// The extent of tensor `index`, no limb; `None` when there is no such tensor.
    #[must_use]
    pub fn extent(&self, index: usize) -> Option<Extent> {
        match index.checked_sub(self.inputs.len()) {
            None => Some(self.inputs.get(index)?.extent()),
            Some(layer) => Some(self.layers.get(layer)?.extent.clone()),
        }
    }

    /// The segment whose function made tensor `index`.
    #[must_use]
    pub fn segment_of(&self, index: usize) -> Option<&Segment> {
        let segment = match index.checked_sub(self.inputs.len()) {
            None => *self.input_segments.get(index)?,
            Some(layer) => self.layers.get(layer)?.segment,
        };
        self.segments.get(segment)
    }

    /// Number of tensors, without limbs.
    #[must_use]
    pub fn tensor_count(&self) -> usize {
        self.inputs.len() + self.layers.len()
    }
}
