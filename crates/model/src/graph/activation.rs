//! Functions of a single value.

use libm::{exp, expm1, fabs, floor, log1p, rint, sqrt, tanh};

/// A function of each element.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x` where it is positive, `alpha * x` elsewhere.
    LeakyRelu {
        /// Slope of the negative side.
        alpha: f32,
    },
    /// `min(max(x, min), max)`; an absent bound is infinite.
    Clip {
        /// Smallest result.
        min: f32,
        /// Largest result.
        max: f32,
    },
    /// `x` where it is larger than `alpha`, 0 elsewhere.
    ThresholdedRelu {
        /// The threshold.
        alpha: f32,
    },
    /// `x` where it is positive, `alpha * (exp(x) - 1)` elsewhere.
    Elu {
        /// Factor of the negative side.
        alpha: f32,
    },
    /// `gamma` times `x` where it is positive, times `alpha * (exp(x) - 1)` elsewhere.
    Selu {
        /// Factor of the negative side.
        alpha: f32,
        /// Factor of both sides.
        gamma: f32,
    },
    /// `max(0, x) + min(0, alpha * (exp(x / alpha) - 1))`.
    Celu {
        /// Scale of the negative side.
        alpha: f32,
    },
    /// `min(max(alpha * x + beta, 0), 1)`.
    HardSigmoid {
        /// The slope.
        alpha: f32,
        /// The value at 0.
        beta: f32,
    },
    /// `x * min(max(x / 6 + 1 / 2, 0), 1)`.
    HardSwish,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `ln(1 + exp(x))`.
    Softplus,
    /// `x / (1 + |x|)`.
    Softsign,
    /// The error function.
    Erf,
    /// `x / 2 * (1 + erf(x / sqrt(2)))`.
    Gelu,
    /// `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`.
    GeluTanh,
    /// `x / (1 + exp(-x))`, also called swish.
    Silu,
    /// `x * tanh(ln(1 + exp(x)))`.
    Mish,
    /// The exponential function.
    Exp,
    /// `x` multiplied with itself so many times.
    Power {
        /// How often `x` is a factor, at least twice.
        exponent: u32,
    },
    /// `|x|`.
    Abs,
    /// -1, 0 or 1.
    Sign,
    /// The largest integer that is not larger.
    Floor,
    /// The smallest integer that is not smaller.
    Ceil,
    /// The nearest integer, the even one of two.
    Round,
}

impl Activation {
    /// The function's value, the same on every platform.
    #[must_use]
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Self::Relu => x.max(0.0),
            Self::LeakyRelu { alpha } => below_zero(x, |x| f64::from(alpha) * x),
            Self::Clip { min, max } => x.max(f64::from(min)).min(f64::from(max)),
            Self::ThresholdedRelu { alpha } => {
                if x > f64::from(alpha) {
                    x
                } else {
                    0.0
                }
            }
            Self::Elu { alpha } => below_zero(x, |x| f64::from(alpha) * expm1(x)),
            Self::Selu { alpha, gamma } => {
                f64::from(gamma) * below_zero(x, |x| f64::from(alpha) * expm1(x))
            }
            Self::Celu { alpha } => {
                below_zero(x, |x| f64::from(alpha) * expm1(x / f64::from(alpha)))
            }
            Self::HardSigmoid { alpha, beta } => hard_sigmoid(x, f64::from(alpha), f64::from(beta)),
            Self::HardSwish => x * hard_sigmoid(x, 1.0 / 6.0, 0.5),
            Self::Sigmoid => sigmoid(x),
            Self::Tanh => tanh(x),
            Self::Softplus => softplus(x),
            Self::Softsign => x / (1.0 + fabs(x)),
            Self::Erf => libm::erf(x),
            Self::Gelu => 0.5 * x * (1.0 + libm::erf(x * core::f64::consts::FRAC_1_SQRT_2)),
            Self::GeluTanh => {
                let inner = sqrt(2.0 * core::f64::consts::FRAC_1_PI) * (x + 0.044_715 * x * x * x);
                0.5 * x * (1.0 + tanh(inner))
            }
            Self::Silu => x * sigmoid(x),
            Self::Mish => x * tanh(softplus(x)),
            Self::Exp => exp(x),
            Self::Power { exponent } => (0..exponent).fold(1.0, |power, _| power * x),
            Self::Abs => fabs(x),
            Self::Sign => f64::from(i8::from(x > 0.0) - i8::from(x < 0.0)),
            Self::Floor => floor(x),
            Self::Ceil => libm::ceil(x),
            Self::Round => rint(x),
        }
    }
}

fn below_zero(x: f64, negative: impl Fn(f64) -> f64) -> f64 {
    if x < 0.0 { negative(x) } else { x }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

fn hard_sigmoid(x: f64, alpha: f64, beta: f64) -> f64 {
    (alpha * x + beta).clamp(0.0, 1.0)
}

/// The larger of 0 and x is split off, so that the exponential cannot overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + log1p(exp(-fabs(x)))
}

#[cfg(test)]
mod tests {
    use super::Activation::*;

    fn close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-6, "{actual} {expected}");
    }

    #[test]
    fn piecewise_functions_by_hand() {
        assert_eq!(LeakyRelu { alpha: 0.25 }.apply(-2.0), -0.5);
        assert_eq!(LeakyRelu { alpha: 0.25 }.apply(2.0), 2.0);
        let clip = |min, max| Clip { min, max };
        assert_eq!(clip(-1.0, 6.0).apply(7.0), 6.0);
        assert_eq!(clip(f32::NEG_INFINITY, 6.0).apply(-7.0), -7.0);
        assert_eq!(ThresholdedRelu { alpha: 1.0 }.apply(1.0), 0.0);
        assert_eq!(ThresholdedRelu { alpha: 1.0 }.apply(1.5), 1.5);
        let hard = HardSigmoid {
            alpha: 0.25,
            beta: 0.5,
        };
        assert_eq!([-3.0, 1.0, 3.0].map(|x| hard.apply(x)), [0.0, 0.75, 1.0]);
        assert_eq!(
            [-3.0, 0.0, 3.0].map(|x| HardSwish.apply(x)),
            [0.0, 0.0, 3.0]
        );
        assert_eq!([-0.5, 0.0, 2.0].map(|x| Sign.apply(x)), [-1.0, 0.0, 1.0]);
        assert_eq!(
            [-0.5, 0.5, 1.5, 2.5].map(|x| Round.apply(x)),
            [0.0, 0.0, 2.0, 2.0]
        );
        assert_eq!(
            (Floor.apply(-0.5), Ceil.apply(-0.5), Abs.apply(-0.5)),
            (-1.0, 0.0, 0.5)
        );
        assert_eq!(
            [2, 3].map(|exponent| Power { exponent }.apply(-3.0)),
            [9.0, -27.0]
        );
        assert_eq!(Softsign.apply(-3.0), -0.75);
    }

    #[test]
    fn smooth_functions_against_their_textbook_values() {
        assert_eq!(Sigmoid.apply(0.0), 0.5);
        close(Tanh.apply(1.0), 0.761_594_155_955_764_9);
        close(Softplus.apply(0.0), core::f64::consts::LN_2);
        close(Softplus.apply(1000.0), 1000.0);
        close(Erf.apply(1.0), 0.842_700_792_949_715);
        close(Gelu.apply(1.0), 0.841_344_746_068_543);
        close(GeluTanh.apply(1.0), 0.841_191_990_608_35);
        close(Silu.apply(1.0), 0.731_058_578_630_005);
        close(Mish.apply(1.0), 0.865_098_388_265_953);
        close(Exp.apply(1.0), core::f64::consts::E);
        close(Elu { alpha: 2.0 }.apply(-1.0), -1.264_241_117_657_115);
        let selu = Selu {
            alpha: 2.0,
            gamma: 3.0,
        };
        close(selu.apply(-1.0), -3.792_723_352_971_346);
        assert_eq!(selu.apply(2.0), 6.0);
        close(Celu { alpha: 2.0 }.apply(-1.0), -0.786_938_680_574_733);
    }
}
