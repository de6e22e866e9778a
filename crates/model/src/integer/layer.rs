//! A layer: a sum of terms with the table function that follows it.

use alloc::string::String;
use alloc::vec::Vec;

use super::{AxisMap, Extent, Weights};

/// `out = f(floor((terms + bias + 2^(shift-1)) / 2^shift))`, with `f` the function of the layer's segment.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerLayer {
    /// Name of the ONNX node the layer comes from (the first one when several were folded into it).
    pub name: String,
    /// The ONNX operators folded into the layer, in order, for instance `["Gemm", "Relu"]`.
    pub operators: Vec<String>,
    /// The tensor it makes.
    pub extent: Extent,
    /// What it reads; the terms' sums are added.
    pub terms: Vec<IntegerTerm>,
    /// One bias per output channel, in units of the accumulator.
    pub bias: Vec<i64>,
    /// The accumulator is divided by `2^shift`, at least the graph's shift.
    pub shift: u32,
    /// The bits of every limb; `None` where they are as wide as the table's range of remainders.
    pub limb_bits: Option<u32>,
    /// Index of the segment whose function is applied.
    pub segment: usize,
    /// Real value of 1 in `pre`.
    pub pre_scale: f64,
    /// Real value of 1 in `out`.
    pub scale: f64,
    /// A step on the way to a later layer's tensor: it has no real values.
    pub inner: bool,
}

/// What one source contributes to a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegerTerm {
    /// Index of the tensor that is read: the inputs come first, then the layers' outputs, then the limbs of all layers.
    pub source: usize,
    /// One map per position axis, slowest first.
    pub maps: Vec<AxisMap>,
    /// The coefficients.
    pub weights: Weights<i32>,
    /// The term counts `2^exponent`: the part of wider weights above 32 bits is a second term.
    pub exponent: u32,
}

impl IntegerTerm {
    /// Number of taps of all axes together, `None` when that overflows.
    #[must_use]
    pub fn taps(&self) -> Option<usize> {
        self.maps
            .iter()
            .try_fold(1usize, |taps, map| taps.checked_mul(map.taps))
    }

    /// The secret coefficients: none where they are structural.
    #[must_use]
    pub fn parameters(&self) -> &[i32] {
        match &self.weights {
            Weights::Dense(weights) | Weights::Diagonal(weights) => weights,
            Weights::Structural { .. } => &[],
        }
    }

    /// The largest sum of the absolute values of what an output channel multiplies with, for each output channel, with a source of so many
    /// channels.
    fn gains(&self, channels: usize, source: usize) -> Vec<u128> {
        let sum = |weights: &[i32]| weights.iter().map(|w| u128::from(w.unsigned_abs())).sum();
        match &self.weights {
            Weights::Dense(weights) | Weights::Diagonal(weights) => {
                let each = (weights.len() / channels.max(1)).max(1);
                weights.chunks(each).map(sum).collect()
            }
            Weights::Structural {
                channels: map,
                coefficient,
            } => {
                let taps = self.taps().unwrap_or(usize::MAX) as u128;
                let gain = taps.saturating_mul(coefficient.unsigned_abs().into());
                let reads = |output: usize| {
                    let taps =
                        (0..map.taps).filter(|tap| map.source(output, *tap, source).is_some());
                    gain.saturating_mul(taps.count() as u128)
                };
                (0..channels).map(reads).collect()
            }
        }
    }
}

impl IntegerLayer {
    /// The largest `|acc| + 2^shift` when the source of each term has so many channels and values of at most such a magnitude.
    #[must_use]
    pub fn accumulator_bound(&self, sources: &[(usize, u64)]) -> u128 {
        let mut sums: Vec<u128> = self
            .bias
            .iter()
            .map(|bias| bias.unsigned_abs().into())
            .collect();
        for (term, (channels, largest)) in self.terms.iter().zip(sources) {
            let power = 1u128.checked_shl(term.exponent).unwrap_or(u128::MAX);
            let gains = term.gains(self.extent.channels, *channels);
            for (sum, gain) in sums.iter_mut().zip(gains) {
                let gain = gain.saturating_mul(power);
                *sum = sum.saturating_add(gain.saturating_mul((*largest).into()));
            }
        }
        let largest = sums.into_iter().max().unwrap_or(0);
        largest.saturating_add(1u128.checked_shl(self.shift).unwrap_or(u128::MAX))
    }

    /// Number of secret weights, without biases.
    #[must_use]
    pub fn weight_count(&self) -> usize {
        self.terms.iter().map(|term| term.parameters().len()).sum()
    }

    /// Bits of the widest weight, sign included.
    #[must_use]
    pub fn weight_bits(&self) -> u32 {
        let bits = |w: i32| {
            33 - if w < 0 {
                (!w).leading_zeros()
            } else {
                w.leading_zeros()
            }
        };
        let weights = self.terms.iter().flat_map(IntegerTerm::parameters);
        weights.map(|&w| bits(w)).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn layer(weights: Weights<i32>, bias: Vec<i64>) -> IntegerLayer {
        IntegerLayer {
            name: "l".into(),
            operators: vec!["Gemm".into()],
            extent: Extent::flat(bias.len()),
            terms: vec![IntegerTerm {
                source: 0,
                maps: vec![],
                weights,
                exponent: 0,
            }],
            bias,
            shift: 3,
            limb_bits: None,
            segment: 0,
            pre_scale: 1.0,
            scale: 1.0,
            inner: false,
        }
    }

    #[test]
    fn the_bound_is_the_worst_channel() {
        let dense = layer(Weights::Dense(vec![1, -2, 3, 4]), vec![5, -6]);
        assert_eq!(dense.accumulator_bound(&[(5, 10)]), 7 * 10 + 6 + 8);
        let structural = Weights::Structural {
            channels: AxisMap {
                taps: 5,
                ..AxisMap::IDENTITY
            },
            coefficient: -3,
        };
        let mut structural = layer(structural, vec![1]);
        assert_eq!(structural.accumulator_bound(&[(5, 10)]), 5 * 3 * 10 + 1 + 8);
        structural.terms[0].exponent = 7;
        assert_eq!(
            structural.accumulator_bound(&[(5, 10)]),
            5 * 3 * 1280 + 1 + 8
        );
        structural.terms[0].exponent = u32::MAX;
        assert_eq!(structural.accumulator_bound(&[(5, 10)]), u128::MAX);
        assert_eq!(
            (structural.weight_count(), structural.weight_bits()),
            (0, 0)
        );
    }

    #[test]
    fn weight_bits_count_the_sign() {
        let bits = |weights: Vec<i32>| layer(Weights::Dense(weights), vec![0]).weight_bits();
        assert_eq!(bits(vec![0, 0]), 1);
        assert_eq!(bits(vec![127, -128]), 8);
        assert_eq!(bits(vec![128, 0]), 9);
        assert_eq!(bits(vec![i32::MIN, i32::MAX]), 32);
    }
}
