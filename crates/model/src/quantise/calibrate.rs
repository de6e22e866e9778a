//! Calibration: the values before every activation, over the samples.

use alloc::vec::Vec;

use super::QuantiseError;
use crate::fold::LayeredGraph;

/// The most samples that calibration looks at; more would cost memory and change little.
pub const MAX_CALIBRATION_SAMPLES: usize = 1024;
/// The most values kept in all: large networks are calibrated on fewer samples, but at least one.
const MAX_VALUES: usize = 1 << 24;

/// How many of `given` samples calibration uses for a network whose tensors have `channels` channels in all.
#[must_use]
pub fn samples_used(channels: usize, given: usize) -> usize {
    let affordable = (MAX_VALUES / channels.max(1)).max(1);
    given.min(MAX_CALIBRATION_SAMPLES).min(affordable)
}

/// What the samples made of every tensor, all channels of all samples together.
pub(super) struct Calibration {
    /// Values of the input.
    pub(super) input: Vec<f32>,
    /// Per layer, the values before its activation.
    pub(super) pre: Vec<Vec<f32>>,
}

impl Calibration {
    pub(super) fn run(graph: &LayeredGraph, samples: &[Vec<f32>]) -> Result<Self, QuantiseError> {
        let input = || graph.input.name.clone();
        let expected = graph.input.elements();
        if samples.is_empty() {
            return Err(QuantiseError::NoSamples { input: input() });
        }
        let outputs = graph.layers.iter().map(|layer| layer.linear.out_channels);
        let used = samples_used(outputs.sum::<usize>() + expected, samples.len());
        let mut calibration = Self {
            input: Vec::new(),
            pre: alloc::vec![Vec::new(); graph.layers.len()],
        };
        for (sample, values) in samples.iter().take(used).enumerate() {
            if values.len() != expected {
                return Err(QuantiseError::SampleLength {
                    input: input(),
                    sample,
                    expected,
                    actual: values.len(),
                });
            }
            if !values.iter().all(|value| value.is_finite()) {
                return Err(QuantiseError::NotFinite {
                    layer: input(),
                    sample,
                });
            }
            calibration.input.extend_from_slice(values);
            let mut current = values.clone();
            for (layer, kept) in graph.layers.iter().zip(&mut calibration.pre) {
                let pre = layer.pre_activation(&current);
                if !pre.iter().all(|value| value.is_finite()) {
                    return Err(QuantiseError::NotFinite {
                        layer: layer.name.clone(),
                        sample,
                    });
                }
                kept.extend_from_slice(&pre);
                current = layer.activate(&pre);
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
        assert_eq!(samples_used(1 << 20, 5000), 16);
        assert_eq!(samples_used(1 << 25, 5000), 1);
    }
}
