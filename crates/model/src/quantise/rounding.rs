//! How often onnxruntime's two roundings and the exact product's one end at different integers.

use super::fixed::{parts, ranges, requantisation, sums};
use crate::layered::{FloatLayer, FloatTerm, LayeredGraph, Requantisation, Weights};

/// The number of sums that onnxruntime, which rounds a product to `f32` first, rounds to another integer than this crate does, and of all sums
/// that inputs can make and that do not saturate; in all channels together.
#[must_use]
pub fn rounding_differences(graph: &LayeredGraph) -> (u64, u64) {
    let ranges = ranges(graph);
    let (mut differing, mut all) = (0u64, 0u64);
    for layer in &graph.layers {
        let Some(own) = requantisation(layer) else {
            continue;
        };
        if let Some((own_differing, own_all)) = of_pairs(layer, own, &ranges) {
            differing += own_differing;
            all += own_all;
            continue;
        }
        for (channel, reach) in sums(layer, own, &ranges).into_iter().enumerate() {
            let multiplier = own.multipliers[channel];
            let ends = [own.low, own.high].map(|code| threshold(multiplier, code));
            let [Some(first), Some(last)] = ends else {
                continue;
            };
            // The casts are exact: sums of products of bytes.
            let (low, high) = (reach.0 as i64, reach.1 as i64);
            let (low, high) = (low.max(first - 1), high.min(last));
            all += u64::try_from(high - low + 1).unwrap_or(0);
            differing += (own.low..own.high)
                .map(|code| disputed(own, (channel, code), (low, high)))
                .sum::<u64>();
        }
    }
    (differing, all)
}

/// The same of a layer that adds two integers at each place, whose sums are few and far between; `None` for any other layer.
fn of_pairs(layer: &FloatLayer, own: &Requantisation, ranges: &[(i64, i64)]) -> Option<(u64, u64)> {
    let summand = |term: &FloatTerm| match &term.weights {
        Weights::Structural {
            channels,
            coefficient,
        } if term.taps() == 1 && channels.taps == 1 => Some((ranges[term.source], *coefficient)),
        _ => None,
    };
    let [a, b] = layer.terms.as_slice() else {
        return None;
    };
    let (a, b) = (summand(a)?, summand(b)?);
    let multiplier = own.multipliers.first()?;
    if own.multipliers.iter().any(|other| other != multiplier) || own.bias.iter().any(|b| *b != 0) {
        return None;
    }
    let (mut differing, mut all) = (0, 0);
    for left in a.0.0..=a.0.1 {
        for right in b.0.0..=b.0.1 {
            // Integers of at most 41 bits, and a power of two, or nearly that small: exact in `f64`.
            let sum = left as f64 * f64::from(a.1) + right as f64 * f64::from(b.1);
            let exact = libm::floor(sum * f64::from(*multiplier) + 0.5);
            if (f64::from(own.low)..=f64::from(own.high)).contains(&exact) {
                all += 1;
                differing += u64::from(f64::from(own.rounded(sum as i64, 0)) != exact);
            }
        }
    }
    let channels = layer.extent.channels as u64;
    Some((differing * channels, all * channels))
}

/// The least sum whose exact product is rounded to more than `code`: `2 * m * 2^-e * sum >= 2 * code + 1`.
fn threshold(multiplier: f32, code: i32) -> Option<i64> {
    const MAX_BITS: u32 = 90;
    let (mantissa, exponent) = parts(multiplier)?;
    let bits = exponent.unsigned_abs();
    if bits > MAX_BITS {
        return None;
    }
    let (half, unit) = (2 * i128::from(code) + 1, 2 * i128::from(mantissa));
    let (half, unit) = if exponent >= 0 {
        (half << bits, unit)
    } else {
        (half, unit << bits)
    };
    i64::try_from(-(-half).div_euclid(unit)).ok()
}

/// The sums between bounds, both included, on which both roundings disagree whether they are more than `code`.
fn disputed(own: &Requantisation, (channel, code): (usize, i32), (low, high): (i64, i64)) -> u64 {
    let Some(threshold) = threshold(own.multipliers[channel], code) else {
        return 0;
    };
    let more = |sum: &i64| own.rounded(*sum, channel) as i64 > i64::from(code);
    let above = (threshold.max(low)..=high).take_while(|sum| !more(sum));
    let below = (low..=high.min(threshold - 1)).rev().take_while(more);
    (above.count() + below.count()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integer::rounding::requantise;
    use alloc::vec;

    #[test]
    fn counts_are_those_of_trying_every_sum() {
        for multiplier in [0.5f32, 0.001_234_567_8, 0.007_812_5, 0.3, 1.0, 3.0] {
            let own = Requantisation {
                bias: vec![0],
                multipliers: vec![multiplier],
                low: -128,
                high: 127,
                function: None,
            };
            let (mantissa, exponent) = parts(multiplier).unwrap();
            let exponent = exponent.unsigned_abs();
            let exact = |sum: i64| match exponent {
                0 => sum * mantissa,
                _ => requantise(sum * mantissa, exponent).unwrap().pre,
            };
            let saturated = |integer: i64| integer.clamp(-128, 127);
            let differs =
                |sum: &i64| saturated(exact(*sum)) != saturated(own.rounded(*sum, 0) as i64);
            let expected = (-200_000..=200_000).filter(differs).count() as u64;
            let found: u64 = (own.low..own.high)
                .map(|code| disputed(&own, (0, code), (-200_000, 200_000)))
                .sum();
            assert_eq!(found, expected, "{multiplier}");
            // Every second half goes to the even integer below.
            if multiplier == 0.5 {
                assert_eq!(found, 128);
            }
        }
    }
}
