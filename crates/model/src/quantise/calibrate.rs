//! Calibration: the values before every activation, over the samples.

use alloc::vec::Vec;

use super::{QuantiseError, Sample};
use crate::integer::Weights;
use crate::layered::{FloatTerm, LayeredGraph};

/// The most samples that calibration looks at; more would cost time and change little.
pub const MAX_CALIBRATION_SAMPLES: usize = 1024;
/// The most multiplications in all: large networks are calibrated on fewer samples, but at least one.
const MAX_PRODUCTS: u64 = 1 << 35;
/// The most values kept of each tensor.
const MAX_KEPT: usize = 1 << 16;

/// How many of `given` samples calibration uses for a network that takes `products` multiplications.
#[must_use]
pub fn samples_used(products: usize, given: usize) -> usize {
    let affordable = (MAX_PRODUCTS / (products as u64).max(1)).max(1);
    let affordable = usize::try_from(affordable).unwrap_or(usize::MAX);
    given.min(MAX_CALIBRATION_SAMPLES).min(affordable)
}

/// How many multiplications one evaluation takes.
#[must_use]
pub fn products(graph: &LayeredGraph) -> usize {
    let term = |layer: &crate::layered::FloatLayer, term: &FloatTerm| {
        let each = match &term.weights {
            Weights::Dense(_) => graph.extent(term.source).channels,
            Weights::Diagonal(_) => 1,
            Weights::Structural { channels, .. } => channels.taps,
        };
        layer
            .extent
            .cells()
            .saturating_mul(term.taps())
            .saturating_mul(each)
    };
    let layers = graph.layers.iter();
    layers
        .flat_map(|layer| layer.terms.iter().map(move |own| term(layer, own)))
        .fold(0, usize::saturating_add)
}

/// The values of one tensor over all samples.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    /// The least value, at most 0.
    pub(super) low: f64,
    /// The greatest value, at least 0.
    pub(super) high: f64,
    /// Every `step`-th value.
    pub(super) kept: Vec<f32>,
    step: usize,
    seen: usize,
}

impl Statistics {
    /// Of a tensor with this many values in all. An odd step visits all channels, whose number is mostly even.
    fn of(values: usize) -> Self {
        Self {
            low: 0.0,
            high: 0.0,
            kept: Vec::new(),
            step: values.div_ceil(MAX_KEPT).max(1) | 1,
            seen: 0,
        }
    }

    fn add(&mut self, values: &[f32]) {
        for &value in values {
            self.low = self.low.min(f64::from(value));
            self.high = self.high.max(f64::from(value));
            if self.seen.is_multiple_of(self.step) {
                self.kept.push(value);
            }
            self.seen += 1;
        }
    }

    /// The greatest absolute value.
    pub(super) fn largest(&self) -> f64 {
        self.high.max(-self.low)
    }

    #[cfg(test)]
    pub(super) fn from_values(values: &[f32]) -> Self {
        let mut statistics = Self::of(values.len());
        statistics.add(values);
        statistics
    }
}

/// What the samples made of every tensor.
pub(super) struct Calibration {
    /// Values of the inputs.
    pub(super) inputs: Vec<Statistics>,
    /// Per layer, the values before its activation.
    pub(super) pre: Vec<Statistics>,
}

impl Calibration {
    pub(super) fn run(graph: &LayeredGraph, samples: &[Sample]) -> Result<Self, QuantiseError> {
        if samples.is_empty() {
            return Err(QuantiseError::NoSamples);
        }
        let used = samples_used(products(graph), samples.len());
        let statistics = |cells: usize| Statistics::of(cells.saturating_mul(used));
        let mut calibration = Self {
            inputs: graph
                .inputs
                .iter()
                .map(|port| statistics(port.extent().cells()))
                .collect(),
            pre: graph
                .layers
                .iter()
                .map(|layer| statistics(layer.extent.cells()))
                .collect(),
        };
        for (sample, inputs) in samples.iter().take(used).enumerate() {
            let tensors = graph
                .evaluate(inputs)
                .map_err(|error| QuantiseError::Sample { sample, error })?;
            let all = calibration.inputs.iter_mut().chain(&mut calibration.pre);
            for (statistics, values) in all.zip(&tensors) {
                statistics.add(&values.pre);
            }
        }
        Ok(calibration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_networks_use_fewer_samples() {
        assert_eq!(samples_used(1000, 200), 200);
        assert_eq!(samples_used(1000, 5000), 1024);
        assert_eq!(samples_used(1 << 31, 5000), 16);
        assert_eq!(samples_used(1 << 40, 5000), 1);
    }

    #[test]
    fn few_values_are_kept_and_the_range_is_exact() {
        let values: Vec<f32> = (0..1_000_000).map(|i| i as f32 - 10.0).collect();
        let statistics = Statistics::from_values(&values);
        assert_eq!((statistics.low, statistics.high), (-10.0, 999_989.0));
        assert!(statistics.kept.len() <= MAX_KEPT && statistics.kept.len() > MAX_KEPT / 2);
        assert_eq!(Statistics::from_values(&[1.0, 2.0]).kept, [1.0, 2.0]);
        assert_eq!(Statistics::from_values(&[1.0, 2.0]).low, 0.0);
    }
}
