//! The integer graph: the network as a proof sees it, and its inference in `i64`.
//!
//! Every tensor is a flat vector of channels. Every layer computes, for each output channel,
//!
//! ```text
//! acc = sum_i weight[i] * in[i] + bias
//! pre = floor((acc + 2^(shift-1)) / 2^shift)          (see `rounding`)
//! rem = acc + 2^(shift-1) - 2^shift * pre             in [0, 2^shift)
//! out = f(pre)                                        f a table over [lo, hi), the layer's segment
//! ```
//!
//! Nothing here depends on floats but the two conversions at the ends ([`IntegerGraph::quantise_input`] and
//! [`IntegerGraph::dequantise_output`]), so inference is the same on every platform.

mod axis;
mod error;
mod extent;
mod infer;
mod layer;
pub(crate) mod linear;
pub mod rounding;
mod segment;
mod validate;

use alloc::string::String;
use alloc::vec::Vec;

pub use axis::AxisMap;
pub use error::{GraphError, InferenceError};
pub use extent::{Extent, PortLayout, Weights};
pub use infer::{Cell, SaturatedTrace, Trace};
pub use layer::LinearLayer;
pub use segment::{Function, Segment};
pub use validate::{MAX_ACCUMULATOR, MAX_LOG_ROWS, MAX_SHIFT, RESERVED_ROWS};

/// A tensor at the edge of the network: `real value = scale * integer`, zero point 0.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorInfo {
    /// The ONNX tensor name.
    pub name: String,
    /// The ONNX shape, a dynamic batch axis taken as 1.
    pub shape: Vec<usize>,
    /// Number of channels, the product of `shape`.
    pub channels: usize,
    /// Real value of the integer 1.
    pub scale: f64,
}

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

/// A quantised network. Tensor 0 is the input, tensor `i + 1` the output of layer `i`; the last layer gives the output.
///
/// The fields are public because a graph may be read back from a file; [`IntegerGraph::validate`] says whether they fit together, and
/// inference never panics on a graph that does not.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerGraph {
    /// The network's input. Its integers lie in the output range of segment 0.
    pub input: TensorInfo,
    /// The network's output, before any post-processing.
    pub output: TensorInfo,
    /// `shift`: every layer divides its accumulator by `2^shift`.
    pub shift: u32,
    /// Base-2 logarithm of the number of rows of the proof's columns and table that this graph was laid out for.
    pub log_rows: u32,
    /// The activation tables. Segment 0 is the input's identity, a [`Function::Clamp`].
    pub segments: Vec<Segment>,
    /// The layers in order of execution.
    pub layers: Vec<LinearLayer>,
    /// The operators after the output, in order, outside a proof.
    pub post_processing: Vec<PostProcessing>,
}

impl IntegerGraph {
    /// Rows of the lookup table in use: the zero row, the `2^shift` rows of the remainder's range, and every segment.
    #[must_use]
    pub fn table_rows(&self) -> u64 {
        let range = 1u64.checked_shl(self.shift).unwrap_or(u64::MAX);
        self.segments
            .iter()
            .map(Segment::rows)
            .fold(range.saturating_add(1), u64::saturating_add)
    }

    /// Channels of tensor `index` (0 is the input, `i + 1` the output of layer `i`), `None` when there is no such tensor.
    #[must_use]
    pub fn channels(&self, index: usize) -> Option<usize> {
        match index.checked_sub(1) {
            None => Some(self.input.channels),
            Some(layer) => Some(self.layers.get(layer)?.out_channels),
        }
    }

    /// The segment whose function made tensor `index`: segment 0 for the input.
    #[must_use]
    pub fn segment_of(&self, index: usize) -> Option<&Segment> {
        match index.checked_sub(1) {
            None => self.segments.first(),
            Some(layer) => self.segments.get(self.layers.get(layer)?.segment),
        }
    }
}
