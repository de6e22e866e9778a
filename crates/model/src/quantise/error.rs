//! Why a network cannot be quantised.

use alloc::string::String;

use crate::integer::GraphError;
use crate::layered::LayeredError;

/// The network cannot be quantised with these samples and options.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantiseError {
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
    /// Activation bits were asked for where the network has its own.
    #[error(
        "{bits} activation bits were asked for, but the network is quantised already; leave them out, or compile the float network"
    )]
    Quantised {
        /// Bits asked for.
        bits: u32,
    },
    /// A large table was asked for where the network's functions have few bits of its own.
    #[error(
        "large tables were asked for, but the network is quantised already, and its functions of a few bits stand in the columns; leave the \
         choice out, or compile the float network"
    )]
    QuantisedTables,
    /// Embeddings have too many rows.
    #[error(
        "the embeddings take {rows} rows of a large table, more than the {limit} that the largest has; leave out rows that no input names, or \
         use fewer columns or activation bits, so that more entries share a row"
    )]
    TooManyRows {
        /// Rows of all embeddings, each as often as its entries take.
        rows: u64,
        /// Rows that there are.
        limit: u64,
    },
    /// A layer is real in a network that is quantised.
    #[error(
        "layer {layer:?} is not quantised but other layers are; quantise the whole network, or none of it"
    )]
    Mixed {
        /// The layer.
        layer: String,
    },
    /// A multiplier of a quantised network is too small, too large, or too far from that of another channel.
    #[error(
        "channel {channel} of layer {layer:?} is scaled by {multiplier:e}, too little, too much or too differently from the other channels; \
         quantise the network again with one scale for all weights of the layer, or compile the float network"
    )]
    Multiplier {
        /// The layer.
        layer: String,
        /// The output channel.
        channel: usize,
        /// The multiplier.
        multiplier: f32,
    },
    /// There is nothing to calibrate with.
    #[error(
        "there are no calibration samples, from which a network that is not quantised already takes its ranges; pass a hundred or more typical \
         inputs with a leading sample axis"
    )]
    NoSamples,
    /// A sample does not fit the network, or makes a layer overflow.
    #[error("calibration sample {sample}: {error}")]
    Sample {
        /// Index of the sample.
        sample: usize,
        /// What is wrong with it.
        error: LayeredError,
    },
    /// The table needs more rows than there are.
    #[error(
        "the network needs {rows} rows for its table, more than 2^{log_rows} rows hold; \
         leave log_rows out or raise it, or use fewer activation bits or fewer different activations"
    )]
    Rows {
        /// Rows the table needs at the least.
        rows: u64,
        /// The largest logarithm tried.
        log_rows: u32,
    },
    /// A layer whose scale should follow has terms that are not structural, or whose coefficients have no simple ratio.
    #[error(
        "layer {layer:?} has no exact integer coefficients; this is a fault of the lowering, please report it"
    )]
    Follows {
        /// The layer.
        layer: String,
    },
    /// A layer whose scale should follow reads tensors of different scales.
    #[error(
        "layer {layer:?} adds tensors of different scales as if they had one; this is a fault of the lowering, please report it"
    )]
    Scales {
        /// The layer.
        layer: String,
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
