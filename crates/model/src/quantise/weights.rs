//! Integer weights and biases.

use alloc::vec;
use alloc::vec::Vec;

use super::QuantiseError;
use crate::integer::linear::axis_reads;
use crate::integer::rounding::round_half_up;
use crate::layered::{AxisMap, Extent, FloatLayer, FloatTerm, Weights};

/// The largest bias: with it, accumulators stay far below their bound.
const MAX_BIAS: i64 = 1 << 45;

/// `floor(bias / unit + 1/2)` of every bias.
pub(super) fn biases(layer: &FloatLayer, unit: f64) -> Result<Vec<i64>, QuantiseError> {
    let integer = |&value: &f32| {
        let rounded = round_half_up(f64::from(value) / unit);
        rounded
            .filter(|bias| bias.abs() <= MAX_BIAS)
            .ok_or_else(|| parameter(layer, value))
    };
    layer.bias.iter().map(integer).collect()
}

/// The weights of a term in units of `unit`. What is structural becomes a matrix like any other: a public coefficient would tell
/// the ratio of two hidden scales.
pub(super) fn hidden(
    layer: &FloatLayer,
    term: &FloatTerm,
    (source, unit): (&Extent, f64),
) -> Result<Weights<i32>, QuantiseError> {
    let integer = |&value: &f32| {
        let rounded =
            round_half_up(f64::from(value) / unit).and_then(|integer| i32::try_from(integer).ok());
        rounded.ok_or_else(|| parameter(layer, value))
    };
    let all = |values: &[f32]| values.iter().map(integer).collect::<Result<Vec<i32>, _>>();
    Ok(match &term.weights {
        Weights::Dense(weights) => Weights::Dense(all(weights)?),
        Weights::Diagonal(weights) => Weights::Diagonal(all(weights)?),
        Weights::Structural {
            channels,
            coefficient,
        } => spread(
            (channels, integer(coefficient)?),
            term.taps(),
            (source.channels, layer.extent.channels),
        ),
    })
}

/// A structural term as a matrix: diagonal where every channel reads itself.
fn spread(
    (map, coefficient): (&AxisMap, i32),
    taps: usize,
    (inputs, outputs): (usize, usize),
) -> Weights<i32> {
    let reads = axis_reads(map, outputs, inputs);
    let own = |(channel, reads): (usize, &Vec<(usize, usize)>)| *reads == [(0, channel)];
    if inputs == outputs && reads.iter().enumerate().all(own) {
        return Weights::Diagonal(vec![coefficient; taps * outputs]);
    }
    let mut weights = vec![0; outputs * taps * inputs];
    for (channel, reads) in reads.iter().enumerate() {
        for tap in 0..taps {
            for (_, source) in reads {
                weights[(channel * taps + tap) * inputs + source] += coefficient;
            }
        }
    }
    Weights::Dense(weights)
}

/// A coefficient that must be an integer.
pub(super) fn integer(layer: &FloatLayer, value: f32) -> Result<i32, QuantiseError> {
    let whole = value as i32;
    if whole as f32 == value && whole != i32::MAX {
        Ok(whole)
    } else {
        Err(parameter(layer, value))
    }
}

fn parameter(layer: &FloatLayer, value: f32) -> QuantiseError {
    QuantiseError::Parameter {
        layer: layer.name.clone(),
        value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structural_terms_become_matrices() {
        let same = spread((&AxisMap::IDENTITY, 7), 2, (3, 3));
        assert_eq!(same, Weights::Diagonal(vec![7; 6]));
        let second = AxisMap {
            pad: -1,
            ..AxisMap::IDENTITY
        };
        let moved = spread((&second, 7), 1, (3, 2));
        assert_eq!(moved, Weights::Dense(vec![0, 7, 0, 0, 0, 7]));
        let sum = AxisMap {
            taps: 3,
            ..AxisMap::IDENTITY
        };
        assert_eq!(spread((&sum, 5), 1, (3, 1)), Weights::Dense(vec![5, 5, 5]));
    }
}
