//! What integers mean: scales and zero points.

use alloc::vec::Vec;

use crate::graph::Activation;
use crate::layered::PortCodes;

/// What the integers of a value mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Codes {
    pub(super) zero: i64,
    /// Smallest and largest integer of the type.
    pub(super) range: (i64, i64),
    /// Set where the ONNX tensor holds real numbers.
    pub(super) real: Option<Real>,
}

/// Real numbers made of integers: `activations(scale * (code - zero))`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Real {
    pub(super) scale: f32,
    pub(super) activations: Vec<Activation>,
}

/// Scale and zero point of a whole tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Parameters {
    pub(super) scale: f32,
    pub(super) zero: i64,
    /// Smallest and largest integer of the type.
    pub(super) range: (i64, i64),
}

impl Parameters {
    pub(super) fn codes(self) -> Codes {
        Codes {
            zero: self.zero,
            range: self.range,
            real: None,
        }
    }

    /// The bounds less the zero point; both have at most nine bits.
    pub(super) fn centred(self) -> (i32, i32) {
        let low = self.range.0 - self.zero;
        let high = self.range.1 - self.zero;
        (low as i32, high as i32)
    }

    /// `QuantizeLinear`, less the zero point.
    fn integer(self, x: f32) -> i32 {
        let (low, high) = self.centred();
        (libm::rintf(x / self.scale) as i32).clamp(low, high)
    }
}

impl Codes {
    /// What the integers become that are quantised with other parameters: itself where nothing changes.
    pub(super) fn requantised(&self, real: &Real, to: Parameters) -> Option<Vec<i32>> {
        let (low, high) = (self.range.0 - self.zero, self.range.1 - self.zero);
        let integer = |code: i64| {
            let x = code as f32 * real.scale;
            let x = real
                .activations
                .iter()
                .fold(x, |x, activation| match activation {
                    Activation::Relu => x.max(0.0),
                    Activation::Clip { min, max } => x.max(*min).min(*max),
                    _ => activation.apply(x.into()) as f32,
                });
            to.integer(x)
        };
        let values: Vec<i32> = (low..=high).map(integer).collect();
        let same = (low..=high)
            .zip(&values)
            .all(|(code, value)| code == i64::from(*value));
        (!same).then_some(values)
    }

    /// The port of an output that holds these.
    pub(super) fn port(&self) -> Option<PortCodes> {
        let scale = match &self.real {
            Some(real) if real.activations.is_empty() => real.scale,
            None if self.zero == 0 => 1.0,
            _ => return None,
        };
        Some(PortCodes {
            scale,
            low: (self.range.0 - self.zero) as i32,
            high: (self.range.1 - self.zero) as i32,
        })
    }
}
