//! A linear layer with the table function that follows it.

use alloc::string::String;
use alloc::vec::Vec;

/// `out = f(floor((weights * in + bias + 2^(shift-1)) / 2^shift))`, with `f` the function of the layer's segment.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearLayer {
    /// Name of the ONNX node the layer comes from (the first one when several were folded into it).
    pub name: String,
    /// The ONNX operators folded into the layer, in order, for instance `["Gemm", "Relu"]`.
    pub operators: Vec<String>,
    /// Index of the tensor the layer reads: 0 for the network's input, `i + 1` for the output of layer `i`.
    pub input: usize,
    /// Channels of the tensor it reads.
    pub in_channels: usize,
    /// Channels of the tensor it makes.
    pub out_channels: usize,
    /// `out_channels` rows of `in_channels` weights.
    pub weights: Vec<i32>,
    /// One bias per output channel, in units of the accumulator.
    pub bias: Vec<i32>,
    /// Index of the segment whose function is applied.
    pub segment: usize,
    /// Real value of 1 in `pre`.
    pub pre_scale: f64,
    /// Real value of 1 in `out`.
    pub scale: f64,
}

impl LinearLayer {
    /// The largest `|acc| + 2^shift` over all inputs in `[lo, hi]`, or `None` beyond `i128`.
    #[must_use]
    pub fn accumulator_bound(&self, range: (i64, i64), shift: u32) -> Option<i128> {
        let largest = i128::from(range.0.unsigned_abs().max(range.1.unsigned_abs()));
        let offset = 1i128.checked_shl(shift)?;
        let width = self.in_channels.max(1);
        let mut bound = offset;
        for (row, bias) in self.weights.chunks(width).zip(&self.bias) {
            let absolute: i128 = row.iter().map(|w| i128::from(w.unsigned_abs())).sum();
            let channel = absolute
                .checked_mul(largest)?
                .checked_add(i128::from(bias.unsigned_abs()))?
                .checked_add(offset)?;
            bound = bound.max(channel);
        }
        Some(bound)
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
        self.weights.iter().map(|&w| bits(w)).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn layer(weights: Vec<i32>, bias: Vec<i32>) -> LinearLayer {
        LinearLayer {
            name: "l".into(),
            operators: vec!["Gemm".into()],
            input: 0,
            in_channels: 2,
            out_channels: bias.len(),
            weights,
            bias,
            segment: 0,
            pre_scale: 1.0,
            scale: 1.0,
        }
    }

    #[test]
    fn the_bound_is_the_worst_channel() {
        let layer = layer(vec![1, -2, 3, 4], vec![5, -6]);
        assert_eq!(layer.accumulator_bound((-10, 9), 3), Some(7 * 10 + 6 + 8));
        assert_eq!(layer.accumulator_bound((0, 1), 200), None);
    }

    #[test]
    fn weight_bits_count_the_sign() {
        assert_eq!(layer(vec![0, 0], vec![0]).weight_bits(), 1);
        assert_eq!(layer(vec![127, -128], vec![0]).weight_bits(), 8);
        assert_eq!(layer(vec![128, 0], vec![0]).weight_bits(), 9);
        assert_eq!(layer(vec![i32::MIN, i32::MAX], vec![0]).weight_bits(), 32);
    }
}
