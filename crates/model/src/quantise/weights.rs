//! Integer weights and biases.

use alloc::vec::Vec;

use super::QuantiseError;
use crate::fold::FloatLayer;
use crate::integer::rounding::round_half_up;

/// `floor(value / scale + 1/2)` of every parameter.
pub(super) fn integers(
    layer: &FloatLayer,
    values: &[f32],
    scale: f64,
) -> Result<Vec<i32>, QuantiseError> {
    let integer = |&value: &f32| {
        let rounded =
            round_half_up(f64::from(value) / scale).and_then(|integer| i32::try_from(integer).ok());
        rounded.ok_or_else(|| QuantiseError::Parameter {
            layer: layer.name.clone(),
            value,
        })
    };
    values.iter().map(integer).collect()
}
