//! The integers an activation may take, and the table functions.

use super::fixed::GivenTable;
use crate::graph::Activation;
use crate::integer::Function;
use crate::integer::rounding::round_half_up;

/// The ranges of integers for some number of activation bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Codes {
    bits: u32,
}

impl Codes {
    /// `bits` is at most 16, so every code is small.
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

    /// The codes of values of which `low` is the least: unsigned where none is negative.
    pub(super) fn of(self, low: f64) -> (i32, i32) {
        if low < 0.0 {
            self.signed()
        } else {
            self.unsigned()
        }
    }
}

/// What is known of a function from its values alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `f(k x) = k f(x)` for `k > 0`: the scale of `out` is that of `pre`, whatever it is.
    Homogeneous,
    /// All values are integers: their scale is a whole number, and so is the number of steps from one integer of `pre` to the next.
    Integers,
    /// Anything else.
    Curve,
}

/// Powers of two between the points at which functions are told apart: no function with a scale of its own, be it a corner or a
/// threshold, is without one anywhere between 2^-12 and 2^12.
const OCTAVES: i32 = 12;
const PROBES_PER_OCTAVE: i32 = 4;

/// Points of both signs.
fn probes() -> impl Iterator<Item = f64> {
    let steps = -OCTAVES * PROBES_PER_OCTAVE..=OCTAVES * PROBES_PER_OCTAVE;
    steps.flat_map(|step| {
        let x = libm::exp2(f64::from(step) / f64::from(PROBES_PER_OCTAVE));
        // No corner lies at a round number's multiple of this.
        [1.0037 * x, -1.0037 * x]
    })
}

impl Kind {
    pub(super) fn of(activation: Activation) -> Self {
        let f = |x: f64| activation.apply(x);
        let doubles = |x: f64| (f(2.0 * x) - 2.0 * f(x)).abs() <= 1e-9 * f(x).abs();
        let whole = |x: f64| f(x) == libm::floor(f(x));
        if probes().all(doubles) && f(0.0) == 0.0 {
            Self::Homogeneous
        } else if probes().all(whole) {
            Self::Integers
        } else {
            Self::Curve
        }
    }
}

/// What a segment computes. Layers whose functions are equal share a segment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TableFunction {
    /// `out = pre` over the whole segment: nothing is ever cut off.
    Identity,
    /// `out = max(pre, 0)` over the whole segment: differences of codes, of which nothing may be cut off.
    Rectify,
    /// `out = floor(pre^2 / 4)` over the whole segment: exact, so nothing may be cut off.
    QuarterSquare,
    /// Relu and Clip: `pre` and `out` have one scale.
    Clamp { lo: i32, hi: i32 },
    /// Positively homogeneous, so `pre` and `out` have one scale here too.
    Homogeneous { activation: Activation },
    /// A function that ties the scale of `pre` to that of `out`. The scale of `pre` follows from the size of the segment where it is
    /// `None`; else the segment serves one layer.
    Curve {
        activation: Activation,
        pre_scale: Option<f64>,
    },
    /// A table that a quantised network gives.
    Given {
        /// Index of the table.
        table: usize,
        /// Smallest and largest value.
        lo: i32,
        hi: i32,
    },
}

/// `floor(x^2 / 4)`; what is too large is the largest integer.
pub(super) fn quarter_square(x: i64) -> i64 {
    x.saturating_mul(x) / 4
}

/// Where a function is tabulated, and in which units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Domain {
    /// Smallest `pre`.
    pub(super) lo: i64,
    /// One more than the largest.
    pub(super) hi: i64,
    /// Real value of 1 in `pre`, where it matters.
    pub(super) pre_scale: f64,
    /// Real value of 1 in `out`, where it matters.
    pub(super) scale: f64,
}

impl TableFunction {
    /// The codes that it gives, where its segment does not decide.
    pub(super) fn codes(self, codes: Codes) -> Option<(i32, i32)> {
        match self {
            Self::Identity | Self::Rectify | Self::QuarterSquare => None,
            Self::Clamp { lo, hi } | Self::Given { lo, hi, .. } => Some((lo, hi)),
            Self::Homogeneous { activation } => Some(codes.of(activation.apply(-1.0))),
            // Values below zero are cut off where the function has none of any size.
            Self::Curve { activation, .. } => {
                let negative = probes().any(|x| activation.apply(x) < 0.0);
                Some(codes.of(if negative { -1.0 } else { 0.0 }))
            }
        }
    }

    /// The table over a domain around zero, of at most 2^28 rows; `given` are those that a quantised network gives.
    pub(super) fn table(self, codes: Codes, domain: Domain, given: &[GivenTable]) -> Function {
        let end = (domain.hi - 1) as i32;
        let (activation, unit, scale) = match self {
            Self::Identity => {
                return Function::Clamp {
                    lo: domain.lo as i32,
                    hi: end,
                };
            }
            Self::Rectify => return Function::Clamp { lo: 0, hi: end },
            Self::QuarterSquare => {
                return Function::Values((domain.lo..domain.hi).map(quarter_square).collect());
            }
            Self::Clamp { lo, hi } => return Function::Clamp { lo, hi },
            Self::Given { table, .. } => {
                let values = (domain.lo..domain.hi).map(|pre| given[table].value(pre));
                return Function::Values(values.collect());
            }
            // With one scale on both sides, the scale cancels.
            Self::Homogeneous { activation } => (activation, 1.0, 1.0),
            Self::Curve { activation, .. } => (activation, domain.pre_scale, domain.scale),
        };
        let (least, most) = self.codes(codes).unwrap_or((0, 0));
        let value = |pre: i64| {
            let value = activation.apply(pre as f64 * unit) / scale;
            // Beyond `i64` is beyond the codes on the same side.
            let rounded =
                round_half_up(value).unwrap_or(if value < 0.0 { i64::MIN } else { i64::MAX });
            rounded.clamp(i64::from(least), i64::from(most))
        };
        Function::Values((domain.lo..domain.hi).map(value).collect())
    }

    /// The real output for a real input, where the scales of `pre` and `out` are one.
    pub(super) fn output(self, codes: Codes, value: f64, scale: f64) -> f64 {
        let pre = libm::floor(value / scale + 0.5);
        let code = match self {
            Self::Homogeneous { activation } => libm::floor(activation.apply(pre) + 0.5),
            _ => pre,
        };
        let (least, most) = self.codes(codes).unwrap_or((i32::MIN, i32::MAX));
        code.min(f64::from(most)).max(f64::from(least)) * scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(lo: i64, rows: i64, pre_scale: f64, scale: f64) -> Domain {
        Domain {
            lo,
            hi: lo + rows,
            pre_scale,
            scale,
        }
    }

    #[test]
    fn ranges_of_eight_bits() {
        let codes = Codes::new(8);
        assert_eq!(codes.signed(), (-128, 127));
        assert_eq!(codes.unsigned(), (0, 255));
    }

    #[test]
    fn kinds_of_functions() {
        assert_eq!(Kind::of(Activation::Relu), Kind::Homogeneous);
        assert_eq!(
            Kind::of(Activation::LeakyRelu { alpha: 0.01 }),
            Kind::Homogeneous
        );
        assert_eq!(Kind::of(Activation::Sigmoid), Kind::Curve);
        assert_eq!(Kind::of(Activation::Tanh), Kind::Curve);
    }

    #[test]
    fn tables_by_hand() {
        let codes = Codes::new(8);
        let curve = |activation| TableFunction::Curve {
            activation,
            pre_scale: None,
        };
        let leaky = TableFunction::Homogeneous {
            activation: Activation::LeakyRelu { alpha: 0.25 },
        };
        assert_eq!(
            leaky.table(codes, domain(-6, 9, 123.0, 4.0), &[]),
            Function::Values([-1, -1, -1, -1, 0, 0, 0, 1, 2].to_vec())
        );
        let tanh = curve(Activation::Tanh);
        assert_eq!(
            tanh.table(codes, domain(-1, 3, 1.0, 1.0 / 127.0), &[]),
            Function::Values([-97, 0, 97].to_vec())
        );
        let sigmoid = curve(Activation::Sigmoid);
        assert_eq!(
            sigmoid.table(codes, domain(-100, 3, 1.0, 1.0 / 255.0), &[]),
            Function::Values([0, 0, 0].to_vec())
        );
        assert_eq!(
            sigmoid.table(codes, domain(0, 1, 1.0, 1.0 / 255.0), &[]),
            Function::Values([128].to_vec())
        );
        assert_eq!(
            TableFunction::Rectify.table(codes, domain(-5, 11, 1.0, 1.0), &[]),
            Function::Clamp { lo: 0, hi: 5 }
        );
    }
}
