//! Scales from calibrated values: the largest absolute value, or a smaller one where clipping outliers measures better.

use super::calibrate::Statistics;
use super::function::{Codes, Kind, TableFunction};
use crate::graph::Activation;
use crate::integer::rounding::round_half_up;

/// Fractions of the largest value that are tried, in twentieths.
const TWENTIETHS: core::ops::RangeInclusive<i32> = 10..=20;
/// A layer's calibrated values before its activation span at most this many times the number of codes. Where they reach much
/// further below zero than above, as before a Relu that is mostly off, a finer scale would need a far larger table.
const MAX_SPAN: f64 = 2.5;

/// What calibration decides about a layer whose scale is free.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FreePlan {
    pub(super) function: TableFunction,
    /// Scale of `pre`; `None` for functions whose scale follows from the size of their segment.
    pub(super) pre_scale: Option<f64>,
    /// Smallest and largest calibrated real value before the activation, 0 included.
    pub(super) range: (f64, f64),
}

/// An input's scale: the one with the least error of those that use at least three quarters of the codes, so that inputs on a grid
/// (pixels in sixteenths, say) are exact where possible.
pub(super) fn input_scale(values: &Statistics, codes: Codes) -> f64 {
    let largest = values.largest();
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
            .kept
            .iter()
            .map(|&value| square(rounding_error(f64::from(value), scale)))
            .sum()
    })
}

/// The table function and the scale of a layer. An output of the network is not clipped: its largest values are what matters.
pub(super) fn plan(
    activation: Option<Activation>,
    values: &Statistics,
    codes: Codes,
    is_output: bool,
) -> FreePlan {
    let range = (values.low, values.high);
    let coarse = (range.1 - range.0) / (MAX_SPAN * f64::from(codes.count()));
    let Some(activation) = activation else {
        // Nothing is cut off, so the finest scale that its segment has room for is the best.
        return FreePlan {
            function: TableFunction::Identity,
            pre_scale: Some(if coarse > 0.0 { coarse } else { 1.0 }),
            range,
        };
    };
    if !one_scale(activation) {
        return FreePlan {
            function: TableFunction::Curve {
                activation,
                pre_scale: None,
            },
            pre_scale: None,
            range,
        };
    }
    let fractions = if is_output { 20..=20 } else { TWENTIETHS };
    let base = base_scale(activation, codes, values);
    let scales = fractions
        .rev()
        .map(|twentieths| (base * f64::from(twentieths) / 20.0).max(coarse));
    let scale = least_error(scales, |scale| {
        function_error(activation, codes, values, scale)
    });
    FreePlan {
        function: table_function(activation, codes, scale),
        pre_scale: Some(scale),
        range,
    }
}

/// Whether `pre` and `out` have one scale.
pub(super) fn one_scale(activation: Activation) -> bool {
    matches!(activation, Activation::Clip { .. }) || Kind::of(activation) == Kind::Homogeneous
}

/// The scale at which the largest output has the largest code.
fn base_scale(activation: Activation, codes: Codes, values: &Statistics) -> f64 {
    let (_, most) = code_range(activation, codes);
    let outputs = values
        .kept
        .iter()
        .map(|&value| f64::from(value))
        .chain([values.low, values.high])
        .map(|value| activation.apply(value).abs())
        .fold(0.0, f64::max);
    // A layer that is always off, or always zero, has no scale of its own.
    [outputs, values.largest()]
        .into_iter()
        .map(|largest| largest / f64::from(most))
        .find(|&scale| scale > 0.0)
        .unwrap_or(1.0)
}

/// Sum of the squared errors that quantising an activation makes.
fn function_error(activation: Activation, codes: Codes, values: &Statistics, scale: f64) -> f64 {
    let function = table_function(activation, codes, scale);
    let error = |value: f64| function.output(codes, value, scale) - activation.apply(value);
    values
        .kept
        .iter()
        .map(|&value| square(error(f64::from(value))))
        .sum()
}

/// The table function of an activation whose input and output have this scale.
pub(super) fn table_function(activation: Activation, codes: Codes, scale: f64) -> TableFunction {
    let (least, most) = code_range(activation, codes);
    match activation {
        Activation::Relu => TableFunction::Clamp {
            lo: least,
            hi: most,
        },
        Activation::Clip { min, max } => {
            let bound = |bound: f32| {
                let infinite = if bound < 0.0 { least } else { most };
                let rounded =
                    round_half_up(f64::from(bound) / scale).unwrap_or(i64::from(infinite));
                rounded.clamp(i64::from(least), i64::from(most)) as i32
            };
            TableFunction::Clamp {
                lo: bound(min),
                hi: bound(max),
            }
        }
        _ => TableFunction::Homogeneous { activation },
    }
}

/// The codes of the output of a function with one scale: unsigned where it is never negative.
fn code_range(activation: Activation, codes: Codes) -> (i32, i32) {
    codes.of(activation.apply(-1e30))
}

/// The scale at which the codes of a curve reach its largest value: over the calibrated range, or everywhere where that is not much more,
/// as for a sigmoid. Integers keep a whole number as their scale.
pub(super) fn curve_scale(activation: Activation, codes: Codes, (low, high): (f64, f64)) -> f64 {
    const STEPS: i32 = 256;
    /// A function whose values stay below this many times the calibrated ones is tabulated to its bounds.
    const BOUNDED: f64 = 2.0;
    const FAR: f64 = 1e6;
    let at = |x: f64| activation.apply(x).abs();
    let step = (high - low) / f64::from(STEPS);
    let seen = (0..=STEPS)
        .map(|i| at(low + step * f64::from(i)))
        .fold(0.0, f64::max);
    let bound = at(FAR).max(at(-FAR));
    let largest = if bound <= BOUNDED * seen {
        bound.max(seen)
    } else {
        seen
    };
    let function = TableFunction::Curve {
        activation,
        pre_scale: None,
    };
    let (_, most) = function.codes(codes).unwrap_or(codes.signed());
    let scale = largest / f64::from(most);
    if scale <= 0.0 || !scale.is_finite() {
        1.0
    } else if Kind::of(activation) == Kind::Integers {
        libm::ceil(scale)
    } else {
        scale
    }
}

/// The scale of `pre` next to `scale`, for functions of integers one at which all integers are on the grid.
pub(super) fn curve_grid(activation: Activation, scale: f64) -> f64 {
    if Kind::of(activation) != Kind::Integers {
        scale
    } else if scale <= 1.0 {
        1.0 / libm::floor(1.0 / scale)
    } else {
        libm::ceil(scale)
    }
}

fn rounding_error(value: f64, scale: f64) -> f64 {
    value - scale * libm::floor(value / scale + 0.5)
}

fn square(x: f64) -> f64 {
    x * x
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

    use alloc::vec::Vec;

    const CODES: fn() -> Codes = || Codes::new(8);

    fn planned(activation: Option<Activation>, values: &[f32], is_output: bool) -> FreePlan {
        plan(
            activation,
            &Statistics::from_values(values),
            CODES(),
            is_output,
        )
    }

    #[test]
    fn inputs_on_a_grid_are_exact() {
        let pixels: Vec<f32> = (0..=16u8).map(|pixel| f32::from(pixel) / 16.0).collect();
        let scale = |values: &[f32]| input_scale(&Statistics::from_values(values), CODES());
        assert_eq!(scale(&pixels), 1.0 / 112.0);
        assert_eq!(scale(&[0.0, 0.0]), 1.0);
    }

    #[test]
    fn relu_uses_unsigned_codes_and_ignores_the_negative_side() {
        let plan = planned(Some(Activation::Relu), &[-1.0, 0.5, 2.55], true);
        assert_eq!(plan.function, TableFunction::Clamp { lo: 0, hi: 255 });
        assert!((plan.pre_scale.unwrap() - 0.01).abs() < 1e-9);
        assert_eq!(plan.range.0, -1.0);
    }

    #[test]
    fn a_scale_is_coarsened_before_its_table_explodes() {
        let plan = planned(Some(Activation::Relu), &[-100.0, 0.001], false);
        let span = 100.001 / plan.pre_scale.unwrap();
        assert!((span - 640.0).abs() < 1e-3, "{span}");
    }

    #[test]
    fn outliers_are_clipped_where_that_measures_better() {
        let mut values: Vec<f32> = (0..10_000u16).map(|i| f32::from(i) / 1e4).collect();
        values.push(1.5);
        let scale = |is_output| {
            let statistics = Statistics::from_values(&values);
            plan(
                Some(Activation::Relu),
                &statistics,
                Codes::new(4),
                is_output,
            )
            .pre_scale
            .unwrap()
        };
        assert!((scale(true) - 1.5 / 15.0).abs() < 1e-9);
        assert!(scale(false) < scale(true));
    }

    #[test]
    fn clip_becomes_a_clamp() {
        let clip = |min, max, values: &[f32]| {
            planned(Some(Activation::Clip { min, max }), values, true).function
        };
        let infinite = f32::INFINITY;
        for ((min, max), values, (lo, hi)) in [
            ((0.0, 6.0), [-1.0, 9.0], (0, 255)),
            ((0.0, 6.0), [-1.0, 3.0], (0, 255)),
            ((-1.0, 1.0), [-2.0, 2.0], (-127, 127)),
            ((-infinite, 1.0), [-2.0, 4.0], (-128, 64)),
            ((3.0, 6.0), [-4.0, 9.0], (128, 255)),
            ((-6.0, 0.0), [-9.0, 4.0], (-127, 0)),
            ((-3.4e38, infinite), [-1.0, 1.0], (-128, 127)),
        ] {
            assert_eq!(clip(min, max, &values), TableFunction::Clamp { lo, hi });
        }
    }

    #[test]
    fn a_layer_that_is_always_off_still_has_a_scale() {
        let off = planned(Some(Activation::Relu), &[-2.55, -1.0], true);
        assert!((off.pre_scale.unwrap() - 0.01).abs() < 1e-9);
        assert_eq!(planned(None, &[0.0], true).pre_scale, Some(1.0));
    }

    #[test]
    fn curves_reach_their_bounds_where_those_are_near() {
        let scale = |activation, range| curve_scale(activation, CODES(), range);
        assert_eq!(scale(Activation::Sigmoid, (-1.0, 1.0)), 1.0 / 255.0);
        assert_eq!(scale(Activation::Tanh, (-1.0, 1.0)), 1.0 / 127.0);
        let small = scale(Activation::Tanh, (-0.1, 0.1));
        assert!((small - libm::tanh(0.1) / 127.0).abs() < 1e-9);
    }
}
