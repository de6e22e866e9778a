//! Inputs and outputs: ONNX tensors of real numbers outside, cells of integers inside.

use alloc::string::String;
use alloc::vec::Vec;

use super::rounding::round_half_up;
use super::{Extent, GraphError, InferenceError, PortLayout};

/// How real values become integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// `floor(x / scale + 1/2)` in `f64`. Values out of range are refused.
    HalfUp,
    /// ONNX's `QuantizeLinear`: `x / scale` in `f32`, rounded to the nearest integer, the even one of two, and saturated. The zero point is
    /// taken off.
    QuantizeLinear {
        /// Smallest integer, less the zero point.
        low: i32,
        /// Largest integer, less the zero point.
        high: i32,
    },
    /// Numbers of rows of a constant table: integers below `rows`, exactly. Anything else is refused, never brought into range.
    Rows {
        /// How many rows there are.
        rows: usize,
    },
}

/// A tensor at the edge of the network: `real value = scale * integer`, zero point 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Index of the tensor.
    pub tensor: usize,
    /// The ONNX tensor name.
    pub name: String,
    /// The ONNX shape, a dynamic batch axis taken as 1.
    pub shape: Vec<usize>,
    /// How its axes become positions and channels.
    pub layout: PortLayout,
    /// Real value of the integer 1.
    pub scale: f64,
    /// How real values become integers; of no meaning for an output.
    pub conversion: Conversion,
}

impl Conversion {
    /// The integer of a finite real value, perhaps outside of its range.
    #[must_use]
    pub fn integer(self, x: f32, scale: f64) -> i64 {
        match self {
            Self::HalfUp => {
                let x = f64::from(x);
                // Beyond `i64` is beyond the range on the same side.
                round_half_up(x / scale).unwrap_or(if x < 0.0 { i64::MIN } else { i64::MAX })
            }
            Self::Rows { .. } => x as i64,
            // The scale is a single-precision number, and the cast saturates.
            Self::QuantizeLinear { low, high } => (libm::rintf(x / scale as f32) as i64)
                .max(low.into())
                .min(high.into()),
        }
    }
}

/// What to do with a value outside its range.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OutOfRange {
    Refuse,
    Saturate,
}

impl Port {
    /// The tensor's extent.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.layout.extent(&self.shape)
    }

    /// Number of elements.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.shape
            .iter()
            .fold(1, |product, length| product.saturating_mul(*length))
    }

    /// The integers, in the order of the cells, for real values in the order of the ONNX tensor's elements, where integers in `range`
    /// are allowed.
    ///
    /// # Errors
    /// When the length is wrong, a value is not finite or outside the range.
    pub fn quantise(&self, x: &[f32], range: (i64, i64)) -> Result<Vec<i64>, InferenceError> {
        self.codes(x, range, OutOfRange::Refuse)
            .map(|(codes, _)| codes)
    }

    /// The real values of integers in any order.
    #[must_use]
    pub fn dequantise(&self, integers: &[i64]) -> Vec<f32> {
        integers
            .iter()
            .map(|&code| (code as f64 * self.scale) as f32)
            .collect()
    }

    pub(super) fn malformed(&self) -> GraphError {
        GraphError::Port {
            tensor: self.name.clone(),
            index: self.tensor,
            shape: self.shape.clone(),
            scale: self.scale,
        }
    }

    /// The codes in the order of the cells, and how many were forced into the range.
    pub(super) fn codes(
        &self,
        x: &[f32],
        (lo, hi): (i64, i64),
        policy: OutOfRange,
    ) -> Result<(Vec<i64>, u64), InferenceError> {
        if x.len() != self.elements() {
            return Err(InferenceError::InputLength {
                tensor: self.name.clone(),
                expected: self.elements(),
                actual: x.len(),
            });
        }
        if !self.layout.covers(&self.shape) {
            return Err(self.malformed().into());
        }
        let mut forced = 0;
        let mut codes = Vec::with_capacity(x.len());
        for (element, &value) in x.iter().enumerate() {
            let tensor = || self.name.clone();
            if !value.is_finite() {
                return Err(InferenceError::InputNotFinite {
                    tensor: tensor(),
                    element,
                });
            }
            let code = self.conversion.integer(value, self.scale);
            if let Conversion::Rows { rows } = self.conversion
                && (code as f32 != value || !(lo..=hi).contains(&code))
            {
                return Err(InferenceError::NoRow {
                    tensor: tensor(),
                    element,
                    value: f64::from(value),
                    rows,
                });
            }
            if (lo..=hi).contains(&code) {
                codes.push(code);
            } else if policy == OutOfRange::Saturate {
                forced += 1;
                codes.push(code.clamp(lo, hi));
            } else {
                return Err(InferenceError::OutsideCalibratedRange {
                    tensor: tensor(),
                    element,
                    value: f64::from(value),
                    lowest: lo as f64 * self.scale,
                    highest: hi as f64 * self.scale,
                });
            }
        }
        Ok((self.layout.to_cells(&self.shape, &codes), forced))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantize_linear_rounds_to_even_and_saturates() {
        let own = Conversion::QuantizeLinear { low: -3, high: 250 };
        let integers = [-9.0f32, -1.25, 0.25, 0.75, 1.25, 1e30].map(|x| own.integer(x, 0.5));
        assert_eq!(integers, [-3, -2, 0, 2, 2, 250]);
        let half_up = [-1.25f32, 0.25, 1.25].map(|x| Conversion::HalfUp.integer(x, 0.5));
        assert_eq!(half_up, [-2, 1, 3]);
        // Bounds and a scale as no compiler would write them.
        let wrong = Conversion::QuantizeLinear { low: 5, high: -5 };
        assert_eq!(wrong.integer(0.0, 1e-300), -5);
    }
}
