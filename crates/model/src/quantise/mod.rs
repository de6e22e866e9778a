//! The quantiser: calibration samples choose real scales, scales choose integer weights and tables.
//!
//! Quantisation is symmetric with zero point 0: a tensor's real values are its scale times its integers. For a layer with input scale
//! `s_in` and calibrated pre-activation scale `s_pre`, the weight scale is *defined* as `s_pre / (s_in * 2^shift)`, so that the division
//! of the accumulator by `2^shift` loses nothing to a power of two. All rounding is `floor(x + 1/2)`.
//!
//! Which codes a tensor uses, with `A` activation bits:
//!
//! | function | codes | scale of `pre` and `out` |
//! |---|---|---|
//! | identity (the input, and layers without activation) | its whole segment; the input aims at `2^A` codes, a layer at `2.5 * 2^A` | chosen per tensor, the same for both |
//! | LeakyRelu, Clip below 0 | `-2^(A-1) ..= 2^(A-1) - 1` | chosen per layer, the same for both |
//! | Relu, Clip from 0 | `0 ..= 2^A - 1` | chosen per layer, the same for both |
//! | Sigmoid | `0 ..= 2^A - 1` | `pre` from the calibrated range of all such layers, `out` is `1 / (2^A - 1)` |
//! | Tanh | `-2^(A-1) ..= 2^(A-1) - 1` | `pre` as for Sigmoid, `out` is `1 / (2^(A-1) - 1)` |
//!
//! So layers with the same function share one segment of the table whatever their scales.

mod calibrate;
mod codes;
mod error;
mod layout;
mod scale;
mod weights;

use alloc::vec::Vec;

pub use error::QuantiseError;
pub use layout::TableLayout;

use crate::fold::{FloatLayer, LayeredGraph};
use crate::graph::FloatGraph;
use crate::integer::{IntegerGraph, LinearLayer, MAX_LOG_ROWS, TensorInfo};
use calibrate::Calibration;
use codes::{Codes, TableFunction};
use layout::Demand;

pub use calibrate::{MAX_CALIBRATION_SAMPLES, samples_used};

/// Activation bits when the options do not say.
pub const DEFAULT_ACTIVATION_BITS: u32 = 8;
/// Fewest activation bits.
pub const MIN_ACTIVATION_BITS: u32 = 4;
/// Most activation bits.
pub const MAX_ACTIVATION_BITS: u32 = 12;
/// Smallest base-2 logarithm of the number of rows.
pub const MIN_LOG_ROWS: u32 = 11;

/// What may be chosen about a quantisation. The default is the smallest table for 8-bit activations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuantiseOptions {
    /// Bits of every activation, 4 to 12; 8 when `None`.
    pub activation_bits: Option<u32>,
    /// Base-2 logarithm of the number of rows of the proof's table and columns, from 11; the smallest that fits when `None`.
    pub log_rows: Option<u32>,
}

impl QuantiseOptions {
    /// These options with other activation bits.
    #[must_use]
    pub fn with_activation_bits(self, bits: u32) -> Self {
        Self {
            activation_bits: Some(bits),
            ..self
        }
    }

    /// These options with another number of rows, `2^log_rows`.
    #[must_use]
    pub fn with_log_rows(self, log_rows: u32) -> Self {
        Self {
            log_rows: Some(log_rows),
            ..self
        }
    }

    fn checked(self) -> Result<(Codes, Option<u32>), QuantiseError> {
        let bits = self.activation_bits.unwrap_or(DEFAULT_ACTIVATION_BITS);
        let (least, most) = (MIN_ACTIVATION_BITS, MAX_ACTIVATION_BITS);
        if !(least..=most).contains(&bits) {
            return Err(QuantiseError::ActivationBits { bits, least, most });
        }
        let (least, most) = (MIN_LOG_ROWS, MAX_LOG_ROWS);
        match self.log_rows {
            Some(log_rows) if !(least..=most).contains(&log_rows) => Err(QuantiseError::LogRows {
                log_rows,
                least,
                most,
            }),
            log_rows => Ok((Codes::new(bits), log_rows)),
        }
    }
}

/// What calibration decides about one layer.
struct LayerPlan {
    function: TableFunction,
    /// Scale of `pre`; `None` for functions whose scale follows from the size of their segment.
    pre_scale: Option<f64>,
    /// Smallest and largest calibrated real value before the activation, 0 included.
    range: (f64, f64),
}

/// Quantises a float graph. `samples` are typical inputs, each flat with one value per input channel; at most
/// [`MAX_CALIBRATION_SAMPLES`] of them are used (see [`samples_used`]), the first ones.
///
/// # Errors
/// A [`QuantiseError`] when an option is out of range, there is no sample, or the network does not fit.
pub fn quantise(
    graph: &FloatGraph,
    samples: &[Vec<f32>],
    options: &QuantiseOptions,
) -> Result<IntegerGraph, QuantiseError> {
    let (codes, log_rows) = options.checked()?;
    let layered = LayeredGraph::fold(graph)?;
    let calibration = Calibration::run(&layered, samples)?;
    let input_scale = scale::input_scale(&calibration.input, codes);
    let last = layered.layers.len().saturating_sub(1);
    let plans: Vec<LayerPlan> = (layered.layers.iter().zip(&calibration.pre).enumerate())
        .map(|(index, (layer, values))| scale::plan(layer, values, codes, index == last))
        .collect();
    let demand = Demand::new(&plans, &tensor_channels(&layered), codes);
    let layout = TableLayout::choose(&demand, log_rows)?;
    let mut layers = Vec::with_capacity(plans.len());
    let mut scale_in = input_scale;
    for (index, (layer, plan)) in layered.layers.iter().zip(&plans).enumerate() {
        let made = linear_layer(index, layer, plan, (&layout, codes, scale_in))?;
        scale_in = made.scale;
        layers.push(made);
    }
    let tensor = |tensor: &crate::graph::TensorType, scale| TensorInfo {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        channels: tensor.elements(),
        scale,
    };
    let integer = IntegerGraph {
        input: tensor(graph.input(0), input_scale),
        output: tensor(&graph.output(0), scale_in),
        shift: layout.shift,
        log_rows: layout.log_rows,
        segments: layout.segments,
        layers,
        post_processing: graph.post_processing.clone(),
    };
    integer.validate()?;
    Ok(integer)
}

/// Channels of every tensor: the input's, then each layer's output's.
fn tensor_channels(layered: &LayeredGraph) -> Vec<usize> {
    let outputs = layered.layers.iter().map(|layer| layer.linear.out_channels);
    core::iter::once(layered.input.elements())
        .chain(outputs)
        .collect()
}

fn linear_layer(
    index: usize,
    layer: &FloatLayer,
    plan: &LayerPlan,
    (layout, codes, scale_in): (&TableLayout, Codes, f64),
) -> Result<LinearLayer, QuantiseError> {
    let segment = layout.segment_of_layer(index);
    let pre_scale = plan.pre_scale.unwrap_or_else(|| layout.pre_scale(segment));
    // Accumulators are in units of the pre-activation scale over 2^shift.
    let accumulator_scale = pre_scale / libm::exp2(f64::from(layout.shift));
    let weights = weights::integers(layer, &layer.linear.weights, accumulator_scale / scale_in)?;
    let bias = weights::integers(layer, &layer.linear.bias, accumulator_scale)?;
    Ok(LinearLayer {
        name: layer.name.clone(),
        operators: layer.operators.clone(),
        input: index,
        in_channels: layer.linear.in_channels,
        out_channels: layer.linear.out_channels,
        weights,
        bias,
        segment,
        pre_scale,
        scale: plan.function.output_scale(codes).unwrap_or(pre_scale),
    })
}
