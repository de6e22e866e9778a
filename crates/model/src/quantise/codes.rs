//! The integers an activation may take, and the table functions.

use crate::graph::Activation;
use crate::integer::Function;
use crate::integer::rounding::round_half_up;

/// The ranges of integers for some number of activation bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Codes {
    bits: u32,
}

impl Codes {
    /// `bits` is at most 12, so every code is small.
    pub(super) fn new(bits: u32) -> Self {
        Self { bits }
    }

    pub(super) fn bits(self) -> u32 {
        self.bits
    }

    /// Number of codes, `2^bits`.
    pub(super) fn count(self) -> i32 {
        1 << self.bits
    }

    pub(super) fn signed(self) -> (i32, i32) {
        (-self.count() / 2, self.count() / 2 - 1)
    }

    pub(super) fn unsigned(self) -> (i32, i32) {
        (0, self.count() - 1)
    }
}

/// What a segment computes. Layers whose functions are equal share a segment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TableFunction {
    /// `out = pre` over the whole segment: nothing is ever cut off.
    Identity,
    /// Relu and Clip: `pre` and `out` have one scale.
    Clamp {
        lo: i32,
        hi: i32,
    },
    /// Positively homogeneous, so `pre` and `out` have one scale here too.
    LeakyRelu {
        alpha: f32,
    },
    Sigmoid,
    Tanh,
}

impl TableFunction {
    /// Scale of `out` where it is fixed; elsewhere it is that of `pre`.
    pub(super) fn output_scale(self, codes: Codes) -> Option<f64> {
        match self {
            Self::Identity | Self::Clamp { .. } | Self::LeakyRelu { .. } => None,
            Self::Sigmoid => Some(1.0 / f64::from(codes.unsigned().1)),
            Self::Tanh => Some(1.0 / f64::from(codes.signed().1)),
        }
    }

    /// The function over `[lo, lo + width)`, where `pre` has scale `pre_scale`.
    pub(super) fn table(self, codes: Codes, (lo, width): (i64, u64), pre_scale: f64) -> Function {
        let (activation, (least, most), unit) = match self {
            Self::Clamp { lo, hi } => return Function::Clamp { lo, hi },
            Self::Identity => {
                let end = lo.saturating_add_unsigned(width) - 1;
                // A segment has at most 2^28 rows around zero.
                return Function::Clamp {
                    lo: lo as i32,
                    hi: end as i32,
                };
            }
            // With one scale on both sides, the scale cancels.
            Self::LeakyRelu { alpha } => (Activation::LeakyRelu { alpha }, codes.signed(), 1.0),
            Self::Sigmoid => (Activation::Sigmoid, codes.unsigned(), pre_scale),
            Self::Tanh => (Activation::Tanh, codes.signed(), pre_scale),
        };
        let scale = self.output_scale(codes).unwrap_or(1.0);
        let value = |pre: i64| {
            let rounded = round_half_up(activation.apply(pre as f64 * unit) / scale).unwrap_or(0);
            rounded.clamp(i64::from(least), i64::from(most)) as i32
        };
        Function::Values((lo..lo.saturating_add_unsigned(width)).map(value).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_eight_bits() {
        let codes = Codes::new(8);
        assert_eq!(codes.signed(), (-128, 127));
        assert_eq!(codes.unsigned(), (0, 255));
    }

    #[test]
    fn tables_by_hand() {
        let codes = Codes::new(8);
        let leaky = TableFunction::LeakyRelu { alpha: 0.25 }.table(codes, (-6, 9), 123.0);
        assert_eq!(
            leaky,
            Function::Values([-1, -1, -1, -1, 0, 0, 0, 1, 2].to_vec())
        );
        let tanh = TableFunction::Tanh.table(codes, (-1, 3), 1.0);
        assert_eq!(tanh, Function::Values([-97, 0, 97].to_vec()));
        let sigmoid = TableFunction::Sigmoid.table(codes, (-100, 3), 1.0);
        assert_eq!(sigmoid, Function::Values([0, 0, 0].to_vec()));
        assert_eq!(
            TableFunction::Sigmoid.table(codes, (0, 1), 1.0),
            Function::Values([128].to_vec())
        );
        assert_eq!(TableFunction::Tanh.output_scale(codes), Some(1.0 / 127.0));
    }
}
