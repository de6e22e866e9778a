//! Scales from calibrated values: the largest absolute value, or a smaller one where clipping outliers measures better.

use super::LayerPlan;
use super::codes::{Codes, TableFunction};
use crate::fold::FloatLayer;
use crate::graph::Activation;
use crate::integer::rounding::round_half_up;

/// Fractions of the largest value that are tried, in twentieths.
const TWENTIETHS: core::ops::RangeInclusive<i32> = 10..=20;
/// A layer's calibrated values before its activation span at most this many times the number of codes. Where they reach much
/// further below zero than above, as before a Relu that is mostly off, a finer scale would need a far larger table.
const MAX_SPAN: f64 = 2.5;

/// The input's scale: the one with the least error of those that use at least three quarters of the codes, so that inputs on a grid
/// (pixels in sixteenths, say) are exact where possible.
pub(super) fn input_scale(values: &[f32], codes: Codes) -> f64 {
    let largest = largest(values.iter().map(|&value| f64::from(value)));
    if largest == 0.0 {
        return 1.0;
    }
    let (_, finest) = codes.signed();
    let coarsest = (finest * 3 / 4).max(1);
    let scales = (coarsest..=finest)
        .rev()
        .map(|code| largest / f64::from(code));
    least_error(scales, |scale| {
        values
            .iter()
            .map(|&value| square(rounding_error(f64::from(value), scale)))
            .sum()
    })
}

/// The table function and the scale of a layer.
pub(super) fn plan(layer: &FloatLayer, values: &[f32], codes: Codes, is_last: bool) -> LayerPlan {
    let low = values
        .iter()
        .fold(0.0, |low: f64, &value| low.min(f64::from(value)));
    let high = values
        .iter()
        .fold(0.0, |high: f64, &value| high.max(f64::from(value)));
    let range = (low, high);
    let coarse = (high - low) / (MAX_SPAN * f64::from(codes.count()));
    let (function, pre_scale) = match layer.activation {
        // Nothing is cut off, so the finest scale that its segment has room for is the best.
        None => (
            TableFunction::Identity,
            Some(if coarse > 0.0 { coarse } else { 1.0 }),
        ),
        Some(Activation::Sigmoid) => (TableFunction::Sigmoid, None),
        Some(Activation::Tanh) => (TableFunction::Tanh, None),
        Some(activation) => {
            // The network's own output is not clipped: its largest values are what matters.
            let fractions = if is_last { 20..=20 } else { TWENTIETHS };
            let base = base_scale(activation, codes, values, range);
            let scales = fractions
                .rev()
                .map(|twentieths| (base * f64::from(twentieths) / 20.0).max(coarse));
            let scale = least_error(scales, |scale| {
                function_error(activation, codes, values, scale)
            });
            (table_function(activation, codes, scale), Some(scale))
        }
    };
    LayerPlan {
        function,
        pre_scale,
        range,
    }
}

/// The scale at which the largest output has the largest code.
fn base_scale(
    activation: Activation,
    codes: Codes,
    values: &[f32],
    (low, high): (f64, f64),
) -> f64 {
    let (_, most) = code_range(activation, codes);
    let outputs = values
        .iter()
        .map(|&value| activation.apply(f64::from(value)));
    let of_outputs = largest(outputs) / f64::from(most);
    let of_inputs = low.abs().max(high) / f64::from(most);
    // A layer that is always off, or always zero, has no scale of its own.
    [of_outputs, of_inputs]
        .into_iter()
        .find(|&scale| scale > 0.0)
        .unwrap_or(1.0)
}

/// Sum of the squared errors that quantising an activation makes.
fn function_error(activation: Activation, codes: Codes, values: &[f32], scale: f64) -> f64 {
    let function = table_function(activation, codes, scale);
    let error = |value: f64| output(function, codes, value, scale) - activation.apply(value);
    values
        .iter()
        .map(|&value| square(error(f64::from(value))))
        .sum()
}

/// The table function of an activation whose input and output have this scale.
fn table_function(activation: Activation, codes: Codes, scale: f64) -> TableFunction {
    let (least, most) = code_range(activation, codes);
    match activation {
        Activation::Relu => TableFunction::Clamp {
            lo: least,
            hi: most,
        },
        Activation::LeakyRelu { alpha } => TableFunction::LeakyRelu { alpha },
        Activation::Clip { min, max } => {
            let code = |bound: f32, infinite: i32| {
                let rounded =
                    round_half_up(f64::from(bound) / scale).unwrap_or(i64::from(infinite));
                rounded.clamp(i64::from(least), i64::from(most)) as i32
            };
            let bound = |bound: f32| code(bound, if bound < 0.0 { least } else { most });
            TableFunction::Clamp {
                lo: bound(min),
                hi: bound(max),
            }
        }
        Activation::Sigmoid => TableFunction::Sigmoid,
        Activation::Tanh => TableFunction::Tanh,
        // Folding refuses the others.
        _ => TableFunction::Identity,
    }
}

/// The codes of an activation's output: unsigned where it is never negative.
fn code_range(activation: Activation, codes: Codes) -> (i32, i32) {
    match activation {
        Activation::Relu | Activation::Sigmoid => codes.unsigned(),
        Activation::Clip { min, .. } if min >= 0.0 => codes.unsigned(),
        _ => codes.signed(),
    }
}

/// The real output of the quantised function.
fn output(function: TableFunction, codes: Codes, value: f64, scale: f64) -> f64 {
    let pre = libm::floor(value / scale + 0.5);
    let code = match function {
        TableFunction::Clamp { lo, hi } => pre.min(f64::from(hi)).max(f64::from(lo)),
        TableFunction::LeakyRelu { alpha } => {
            let (least, most) = codes.signed();
            let slope = libm::floor(Activation::LeakyRelu { alpha }.apply(pre) + 0.5);
            slope.min(f64::from(most)).max(f64::from(least))
        }
        TableFunction::Identity | TableFunction::Sigmoid | TableFunction::Tanh => pre,
    };
    code * scale
}

fn rounding_error(value: f64, scale: f64) -> f64 {
    value - scale * libm::floor(value / scale + 0.5)
}

fn square(x: f64) -> f64 {
    x * x
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |largest: f64, value| largest.max(value.abs()))
}

/// The first of the scales with the least error.
fn least_error(scales: impl Iterator<Item = f64>, error: impl Fn(f64) -> f64) -> f64 {
    let mut best = (f64::INFINITY, 1.0);
    for scale in scales {
        let measured = error(scale);
        if measured < best.0 {
            best = (measured, scale);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::Linear;
    use alloc::vec;
    use alloc::vec::Vec;

    const CODES: fn() -> Codes = || Codes::new(8);

    fn layer(activation: Option<Activation>) -> FloatLayer {
        let linear = Linear {
            in_channels: 1,
            out_channels: 1,
            weights: vec![1.0],
            bias: vec![0.0],
        };
        FloatLayer {
            name: "l".into(),
            operators: vec![],
            linear,
            activation,
        }
    }

    #[test]
    fn inputs_on_a_grid_are_exact() {
        let pixels: Vec<f32> = (0..=16u8).map(|pixel| f32::from(pixel) / 16.0).collect();
        let scale = input_scale(&pixels, CODES());
        assert_eq!(scale, 1.0 / 112.0);
        assert_eq!(input_scale(&[0.0, 0.0], CODES()), 1.0);
    }

    #[test]
    fn relu_uses_unsigned_codes_and_ignores_the_negative_side() {
        let plan = plan(
            &layer(Some(Activation::Relu)),
            &[-1.0, 0.5, 2.55],
            CODES(),
            true,
        );
        assert_eq!(plan.function, TableFunction::Clamp { lo: 0, hi: 255 });
        assert!((plan.pre_scale.unwrap() - 0.01).abs() < 1e-9);
        assert_eq!(plan.range.0, -1.0);
    }

    #[test]
    fn a_scale_is_coarsened_before_its_table_explodes() {
        let plan = plan(
            &layer(Some(Activation::Relu)),
            &[-100.0, 0.001],
            CODES(),
            false,
        );
        let span = 100.001 / plan.pre_scale.unwrap();
        assert!((span - 640.0).abs() < 1e-3, "{span}");
    }

    #[test]
    fn outliers_are_clipped_where_that_measures_better() {
        let mut values = vec![1.0f32; 10_000];
        (0..10_000u16).for_each(|i| values[usize::from(i)] = f32::from(i) / 1e4);
        values.push(1.5);
        let relu = layer(Some(Activation::Relu));
        let clipped = plan(&relu, &values, Codes::new(4), false)
            .pre_scale
            .unwrap();
        let whole = plan(&relu, &values, Codes::new(4), true).pre_scale.unwrap();
        assert!((whole - 1.5 / 15.0).abs() < 1e-9);
        assert!(clipped < whole);
    }

    #[test]
    fn clip_becomes_a_clamp() {
        let clip = |min, max, values: &[f32]| {
            plan(
                &layer(Some(Activation::Clip { min, max })),
                values,
                CODES(),
                true,
            )
            .function
        };
        assert_eq!(
            clip(0.0, 6.0, &[-1.0, 9.0]),
            TableFunction::Clamp { lo: 0, hi: 255 }
        );
        assert_eq!(
            clip(0.0, 6.0, &[-1.0, 3.0]),
            TableFunction::Clamp { lo: 0, hi: 255 }
        );
        assert_eq!(
            clip(-1.0, 1.0, &[-2.0, 2.0]),
            TableFunction::Clamp { lo: -127, hi: 127 }
        );
        assert_eq!(
            clip(f32::NEG_INFINITY, 1.0, &[-2.0, 4.0]),
            TableFunction::Clamp { lo: -128, hi: 64 }
        );
        assert_eq!(
            clip(3.0, 6.0, &[-4.0, 9.0]),
            TableFunction::Clamp { lo: 128, hi: 255 }
        );
        assert_eq!(
            clip(-6.0, 0.0, &[-9.0, 4.0]),
            TableFunction::Clamp { lo: -127, hi: 0 }
        );
        assert_eq!(
            clip(-3.4e38, f32::INFINITY, &[-1.0, 1.0]),
            TableFunction::Clamp { lo: -128, hi: 127 }
        );
    }

    #[test]
    fn a_layer_that_is_always_off_still_has_a_scale() {
        let off = plan(
            &layer(Some(Activation::Relu)),
            &[-2.55, -1.0],
            CODES(),
            true,
        );
        assert!((off.pre_scale.unwrap() - 0.01).abs() < 1e-9);
        assert_eq!(
            plan(&layer(None), &[0.0], CODES(), true).pre_scale,
            Some(1.0)
        );
    }
}
