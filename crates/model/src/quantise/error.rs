//! Why a network cannot be quantised.

use alloc::string::String;

use crate::fold::FoldError;
use crate::integer::GraphError;

/// The network cannot be quantised with these samples and options.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantiseError {
    /// The network is no chain of layers.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The activation bits are out of range.
    #[error("{bits} activation bits are not supported; choose {least} to {most}")]
    ActivationBits {
        /// Bits asked for.
        bits: u32,
        /// Fewest bits.
        least: u32,
        /// Most bits.
        most: u32,
    },
    /// The number of rows is out of range.
    #[error("2^{log_rows} rows are not supported; choose log_rows from {least} to {most}")]
    LogRows {
        /// Logarithm asked for.
        log_rows: u32,
        /// Smallest one.
        least: u32,
        /// Largest one.
        most: u32,
    },
    /// There is nothing to calibrate with.
    #[error(
        "there are no calibration samples for input {input:?}; pass a hundred or more typical inputs with a leading sample axis"
    )]
    NoSamples {
        /// The input tensor.
        input: String,
    },
    /// A sample has the wrong length.
    #[error(
        "calibration sample {sample} has {actual} values where input {input:?} takes {expected}; pass one value per channel"
    )]
    SampleLength {
        /// The input tensor.
        input: String,
        /// Index of the sample.
        sample: usize,
        /// Channels of the input.
        expected: usize,
        /// Values of the sample.
        actual: usize,
    },
    /// A calibration sample makes a layer overflow.
    #[error(
        "layer {layer:?} is not finite on calibration sample {sample}; check the sample's values and the network's weights"
    )]
    NotFinite {
        /// The layer.
        layer: String,
        /// Index of the sample.
        sample: usize,
    },
    /// The tables or the tensors need more rows than there are.
    #[error(
        "the network needs {rows} rows for its table and {cells} for its tensors, more than 2^{log_rows} rows hold; \
         leave log_rows out or raise it, or use fewer activation bits or a smaller network"
    )]
    Rows {
        /// Rows the table needs at the least.
        rows: u64,
        /// Rows the tensors need, each padded to a power of two.
        cells: u64,
        /// The largest logarithm tried.
        log_rows: u32,
    },
    /// A weight or a bias is too large an integer.
    #[error(
        "layer {layer:?} has a parameter {value} that does not fit 32 bits at its scale; use fewer activation bits or rescale the network's weights"
    )]
    Parameter {
        /// The layer.
        layer: String,
        /// The real weight or bias.
        value: f32,
    },
    /// The integer graph does not hold together.
    #[error(transparent)]
    Graph(#[from] GraphError),
}
