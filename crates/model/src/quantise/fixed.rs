//! Layers of networks that are quantised already: onnxruntime's multipliers as integers.
//!
//! An `f32` multiplier is `m * 2^-e` with an odd `m` of at most 24 bits, exactly. So `m`, times a power of two where the layer's shift `S`
//! is larger than the channel's `e`, goes into the weights and the bias of the channel, and one rounded division by `2^S` gives the integer:
//!
//! ```text
//! pre = floor(multiplier * (sum + bias) + 1/2) = floor((m * 2^(S-e) * (sum + bias) + 2^(S-1)) / 2^S)
//! ```
//!
//! onnxruntime rounds the product to `f32` first, and halves to the even integer; no value of the fixtures shows a difference.
//!
//! Eight bits of a weight and 24 of a multiplier fill the 32 bits of an entry. Where a channel needs more, because another one asks for
//! a larger shift, the layer's weights stand in several terms (see [`IntegerTerm::wide`]).

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::function::{Codes, TableFunction};
use super::group::Group;
use super::range::hull;
use super::shifts::Shifts;
use super::tables::Candidate;
use super::{MIN_LOG_ROWS, Plan, QuantiseError, weights};
use crate::graph::Activation;
use crate::integer::{IntegerTerm, MAX_LAYER_SHIFT, MAX_LOG_ROWS, MAX_SHIFT};
use crate::layered::{FloatLayer, FloatTerm, LayeredGraph, Requantisation, ScaleRule, Weights};
use crate::program::Columns;

/// Smallest shift of the columns that is tried. Those of the layers are what the multipliers ask for: with a smaller range of remainders they
/// would only take more limbs.
const MIN_COLUMN_SHIFT: u32 = 8;
/// Without calibration, a segment aims at so many times the width of the integers on each side.
const UNCALIBRATED: f64 = 2.0;

/// What a fixed layer's function is, if it is not just a saturation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct GivenTable {
    /// The smallest integer.
    pub(super) low: i64,
    /// What each integer from there on becomes.
    pub(super) values: Vec<i64>,
}

impl GivenTable {
    /// What an integer becomes, saturated first.
    pub(super) fn value(&self, pre: i64) -> i64 {
        let last = self.values.len().saturating_sub(1);
        let index = usize::try_from(pre - self.low).unwrap_or(0);
        self.values[index.min(last)]
    }
}

/// The requantisation of a layer, if its integers are given.
pub(super) fn requantisation(layer: &FloatLayer) -> Option<&Requantisation> {
    match &layer.scale {
        ScaleRule::Fixed(own) => Some(own),
        _ => None,
    }
}

/// Whether the network is quantised already.
pub(super) fn is_quantised(graph: &LayeredGraph) -> bool {
    let inputs = graph.inputs.iter().any(|port| port.codes.is_some());
    inputs
        || graph
            .layers
            .iter()
            .any(|layer| requantisation(layer).is_some())
}

/// Refuses a layer whose scale would have to be found, and an input that has none.
pub(super) fn check(graph: &LayeredGraph) -> Result<(), QuantiseError> {
    let free = graph
        .layers
        .iter()
        .find(|layer| !matches!(layer.scale, ScaleRule::Fixed(_) | ScaleRule::Follows(_)));
    let real = graph
        .inputs
        .iter()
        .chain(&graph.outputs)
        .find(|port| port.codes.is_none());
    let name = free
        .map(|layer| &layer.name)
        .or(real.map(|port| &port.onnx.name));
    match name {
        Some(layer) => Err(QuantiseError::Mixed {
            layer: layer.clone(),
        }),
        None => Ok(()),
    }
}

/// A multiplier as `(m, e)`: it is `m * 2^-e`, with `m` odd.
pub(super) fn parts(multiplier: f32) -> Option<(i64, i32)> {
    const FRACTION: u32 = 23;
    if !multiplier.is_finite() || multiplier <= 0.0 {
        return None;
    }
    let bits = multiplier.to_bits();
    let exponent = (bits >> FRACTION) as i32;
    let fraction = bits & ((1 << FRACTION) - 1);
    // Below the least exponent there is no leading one.
    let (mantissa, exponent) = if exponent == 0 {
        (fraction, 1)
    } else {
        (fraction | 1 << FRACTION, exponent)
    };
    let zeros = mantissa.trailing_zeros();
    Some((i64::from(mantissa >> zeros), 150 - exponent - zeros as i32))
}

fn out_of_range(layer: &FloatLayer, own: &Requantisation, channel: usize) -> QuantiseError {
    QuantiseError::Multiplier {
        layer: layer.name.clone(),
        channel,
        multiplier: own.multipliers[channel],
    }
}

/// The shift of a layer in a graph with this shift: the least with which the multiplier of every channel is an integer.
pub(super) fn layer_shift(
    layer: &FloatLayer,
    own: &Requantisation,
    shift: u32,
) -> Result<u32, QuantiseError> {
    let mut largest = shift;
    for (channel, &multiplier) in own.multipliers.iter().enumerate() {
        let refused = || out_of_range(layer, own, channel);
        let (_, exponent) = parts(multiplier).ok_or_else(refused)?;
        largest = largest.max(exponent.max(0).unsigned_abs());
        if largest > MAX_LAYER_SHIFT {
            return Err(refused());
        }
    }
    Ok(largest)
}

/// The layouts with which the tensors and their limbs fit, the best first: larger shifts take fewer limbs and a longer table.
pub(super) fn candidates(
    graph: &LayeredGraph,
    codes: Codes,
    log_rows: Option<u32>,
) -> Result<Vec<Candidate>, QuantiseError> {
    let mut all = Vec::new();
    for shift in MIN_COLUMN_SHIFT..=MAX_SHIFT {
        let shifts = Shifts::same(shift);
        let extents = shifts.extents(graph, codes)?;
        let least = MIN_LOG_ROWS.max(shift + 1);
        for rows in least..=MAX_LOG_ROWS {
            if log_rows.is_some_and(|given| given != rows) {
                continue;
            }
            if let Some(columns) = Columns::new(&extents, rows) {
                let candidate = Candidate {
                    log_rows: rows,
                    shifts,
                    large: false,
                };
                all.push((columns.preference(0), candidate));
            }
        }
    }
    all.sort_by_key(|(preference, candidate)| (*preference, Reverse(candidate.shifts.columns)));
    Ok(all.into_iter().map(|(_, candidate)| candidate).collect())
}

/// The smallest and the largest integer of every tensor. A difference that is part of a maximum counts for its sources in `hulls`.
pub(super) fn ranges(graph: &LayeredGraph) -> Vec<(i64, i64)> {
    let inputs = graph.inputs.iter().map(|port| {
        let codes = port.codes.map_or((0, 0), |codes| (codes.low, codes.high));
        (i64::from(codes.0), i64::from(codes.1))
    });
    let mut ranges: Vec<(i64, i64)> = inputs.collect();
    let mut hulls = ranges.clone();
    for layer in &graph.layers {
        let hull = hull(layer.terms.iter().map(|term| hulls[term.source]));
        let (range, hull) = match requantisation(layer) {
            Some(own) => {
                let (low, high) = own.range();
                let range = (i64::from(low), i64::from(high));
                (range, range)
            }
            None if layer.activation == Some(Activation::Relu) => ((0, hull.1 - hull.0), hull),
            None => (hull, hull),
        };
        ranges.push(range);
        hulls.push(hull);
    }
    ranges
}

/// The smallest and the largest rounded integer that any inputs can make of a layer.
fn reach((layer, own): (&FloatLayer, &Requantisation), ranges: &[(i64, i64)]) -> (i64, i64) {
    let (mut least, mut most) = (0.0f64, 0.0f64);
    for ((low, high), multiplier) in sums(layer, own, ranges).iter().zip(&own.multipliers) {
        least = least.min(low * f64::from(*multiplier));
        most = most.max(high * f64::from(*multiplier));
    }
    // The casts saturate.
    (
        libm::floor(least - 0.5) as i64,
        libm::ceil(most + 0.5) as i64,
    )
}

/// Per channel, the least and the greatest sum, bias included, that any inputs can make.
pub(super) fn sums(
    layer: &FloatLayer,
    own: &Requantisation,
    ranges: &[(i64, i64)],
) -> Vec<(f64, f64)> {
    let bias = own.bias.iter().map(|bias| (*bias as f64, *bias as f64));
    let mut sums: Vec<(f64, f64)> = bias.collect();
    for term in &layer.terms {
        let (least, most) = ranges[term.source];
        let (least, most) = (least.min(0) as f64, most.max(0) as f64);
        let signed = signed_sums(term, layer.extent.channels);
        for ((low, high), (negative, positive)) in sums.iter_mut().zip(signed) {
            *low += negative * most + positive * least;
            *high += negative * least + positive * most;
        }
    }
    sums
}

/// Per channel, the sums of the negative and of the positive weights of a term.
fn signed_sums(term: &FloatTerm, channels: usize) -> Vec<(f64, f64)> {
    let add = |(negative, positive): (f64, f64), weight: &f32| {
        let weight = f64::from(*weight);
        (negative + weight.min(0.0), positive + weight.max(0.0))
    };
    match &term.weights {
        Weights::Dense(weights) | Weights::Diagonal(weights) => {
            let each = (weights.len() / channels.max(1)).max(1);
            let rows = weights.chunks(each);
            rows.map(|row| row.iter().fold((0.0, 0.0), add)).collect()
        }
        Weights::Structural {
            channels: map,
            coefficient,
        } => {
            let (negative, positive) = add((0.0, 0.0), coefficient);
            let reads = (term.taps() * map.taps) as f64;
            vec![(negative * reads, positive * reads); channels]
        }
    }
}

/// The segments that a quantised network needs: the inputs', and one for each saturation or function. They aim at the calibrated range with
/// a margin; what no input can reach they need not hold.
pub(super) fn groups(plan: &Plan<'_>, tables: &mut Vec<GivenTable>) -> Vec<Group> {
    let graph = plan.graph;
    let ranges = ranges(graph);
    let input = hull(ranges.iter().take(graph.inputs.len()).copied());
    let mut groups = vec![Group {
        function: TableFunction::Identity,
        range: (input.0 as f64, input.1 as f64),
        limit: Some(input),
        layers: Vec::new(),
    }];
    for (index, layer) in graph.layers.iter().enumerate() {
        let Some(own) = requantisation(layer) else {
            continue;
        };
        let (low, high) = (f64::from(own.low), f64::from(own.high));
        let aim = match plan.pre.get(index) {
            Some(seen) => (low.min(seen.low), high.max(seen.high)),
            None => (-UNCALIBRATED * (high - low), UNCALIBRATED * (high - low)),
        };
        let limit = reach((layer, own), &ranges);
        let function = function(own, tables);
        let group = Group {
            function,
            range: aim,
            limit: Some(limit),
            layers: vec![index],
        };
        Group::add(&mut groups, group);
    }
    groups
}

fn function(own: &Requantisation, tables: &mut Vec<GivenTable>) -> TableFunction {
    let (low, high) = own.range();
    let clamp = |code: i32| code.max(low).min(high);
    let values = match &own.function {
        Some(values)
            if !(own.low..)
                .zip(values)
                .all(|(code, value)| clamp(code) == *value) =>
        {
            values
        }
        _ => return TableFunction::Clamp { lo: low, hi: high },
    };
    let table = GivenTable {
        low: own.low.into(),
        values: values.iter().map(|value| (*value).into()).collect(),
    };
    let known = tables.iter().position(|known| *known == table);
    let index = known.unwrap_or_else(|| {
        tables.push(table);
        tables.len() - 1
    });
    TableFunction::Given {
        table: index,
        lo: low,
        hi: high,
    }
}

/// Terms and biases of a layer in units of `2^-shift`.
pub(super) fn integers(
    graph: &LayeredGraph,
    (layer, own): (&FloatLayer, &Requantisation),
    shift: u32,
) -> Result<(Vec<IntegerTerm>, Vec<i64>), QuantiseError> {
    let refused = |channel| out_of_range(layer, own, channel);
    let mut factors = Vec::with_capacity(own.multipliers.len());
    let mut bias = Vec::with_capacity(own.bias.len());
    for (channel, (&multiplier, &own_bias)) in own.multipliers.iter().zip(&own.bias).enumerate() {
        let factor = factor(multiplier, shift).ok_or_else(|| refused(channel))?;
        let scaled = own_bias.checked_mul(factor);
        bias.push(scaled.ok_or_else(|| refused(channel))?);
        factors.push(factor);
    }
    let unit = own.multipliers.iter().all(|multiplier| *multiplier == 1.0);
    let mut terms = Vec::new();
    for term in &layer.terms {
        let weights = match &term.weights {
            // A coefficient of the architecture stays public where it does not tell a ratio of scales.
            Weights::Structural {
                channels,
                coefficient,
            } if unit => {
                let coefficient = i64::from(weights::integer(layer, *coefficient)?);
                Weights::Structural {
                    channels: *channels,
                    coefficient: coefficient << shift,
                }
            }
            _ => {
                let source = graph.extent(term.source);
                let whole = weights::hidden(layer, term, (&source, 1.0))?;
                scaled(&whole, &factors).ok_or_else(|| refused(0))?
            }
        };
        terms.extend(IntegerTerm::wide(term.source, &term.maps, &weights));
    }
    Ok((terms, bias))
}

/// A multiplier in units of `2^-shift`, `None` where that is no integer or too large a one.
fn factor(multiplier: f32, shift: u32) -> Option<i64> {
    let (mantissa, exponent) = parts(multiplier)?;
    let left = u32::try_from(i64::from(shift) - i64::from(exponent)).ok()?;
    (left <= MAX_LAYER_SHIFT).then(|| mantissa.checked_mul(1 << left))?
}

/// Weights times the factor of their channel.
fn scaled(weights: &Weights<i32>, factors: &[i64]) -> Option<Weights<i64>> {
    let all = |values: &[i32]| -> Option<Vec<i64>> {
        let each = (values.len() / factors.len().max(1)).max(1);
        let rows = values.chunks(each).zip(factors);
        rows.flat_map(|(row, factor)| row.iter().map(|w| i64::from(*w).checked_mul(*factor)))
            .collect()
    };
    Some(match weights {
        Weights::Dense(values) => Weights::Dense(all(values)?),
        Weights::Diagonal(values) => Weights::Diagonal(all(values)?),
        Weights::Structural { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multipliers_are_exact() {
        for multiplier in [
            1.0f32,
            0.5,
            3.0,
            1e-3,
            0.003_456_789,
            1e-38,
            1e-45,
            f32::MAX,
        ] {
            let (mantissa, exponent) = parts(multiplier).unwrap();
            assert!(mantissa % 2 == 1 && mantissa < 1 << 24);
            let exact = mantissa as f64 * libm::exp2(-f64::from(exponent));
            assert_eq!(exact, f64::from(multiplier));
        }
        for none in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert_eq!(parts(none), None);
        }
    }

    #[test]
    fn factors_are_integers_or_nothing() {
        assert_eq!(factor(0.75, 2), Some(3));
        assert_eq!(factor(0.75, 12), Some(3 << 10));
        assert_eq!(factor(0.75, 1), None);
        assert_eq!(factor(f32::MAX, 30), None);
        let rows = Weights::Dense(vec![1, -2, 3, 4]);
        assert_eq!(
            scaled(&rows, &[1 << 40, 5]),
            Some(Weights::Dense(vec![1 << 40, -2 << 40, 15, 20]))
        );
        assert_eq!(scaled(&rows, &[1, 1 << 62]), None);
    }
}
