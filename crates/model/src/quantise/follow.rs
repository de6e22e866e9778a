//! Layers whose scale follows from the architecture: sums, differences, averages and copies with exact integer coefficients.

use alloc::vec::Vec;

use super::QuantiseError;
use crate::integer::Weights;
use crate::integer::linear::axis_reads;
use crate::layered::{AxisMap, Extent, FloatLayer, FloatTerm, LayeredGraph};

/// The largest number of steps between two coefficients whose ratio is taken to be rational.
const MAX_DENOMINATOR: u32 = 4096;
/// How near a multiple of a coefficient must be to an integer, relative to it: `f32` has about seven digits.
const TOLERANCE: f64 = 1e-5;

/// Integer coefficients for the terms of a layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exact {
    /// One per term.
    pub(super) coefficients: Vec<i32>,
    /// Scale of `pre` over the sources' scale.
    pub(super) gain: f64,
    /// The most values that each term adds up in one sum.
    pub(super) reads: Vec<usize>,
}

impl Exact {
    /// For coefficients of 1 and -1 the scale is the sources', and they become `2^shift` and `-2^shift`. Otherwise the coefficients are
    /// integers in the same ratio, with which the scale stays as near to the sources' as integers allow.
    pub(super) fn new(
        graph: &LayeredGraph,
        layer: &FloatLayer,
        shift: u32,
    ) -> Result<Self, QuantiseError> {
        let malformed = || QuantiseError::Follows {
            layer: layer.name.clone(),
        };
        let mut real = Vec::with_capacity(layer.terms.len());
        let mut reads = Vec::with_capacity(layer.terms.len());
        for term in &layer.terms {
            let Weights::Structural {
                channels,
                coefficient,
            } = &term.weights
            else {
                return Err(malformed());
            };
            real.push(f64::from(*coefficient));
            reads.push(most_reads(
                term,
                channels,
                (&graph.extent(term.source), &layer.extent),
            ));
        }
        let one = i32::try_from(1u64 << shift).map_err(|_| malformed())?;
        if real.iter().all(|coefficient| coefficient.abs() == 1.0) {
            let coefficients = real
                .iter()
                .map(|&coefficient| if coefficient < 0.0 { -one } else { one });
            return Ok(Self {
                coefficients: coefficients.collect(),
                gain: 1.0,
                reads,
            });
        }
        let (steps, unit) = integers(&real).ok_or_else(malformed)?;
        let multiple = libm::floor(f64::from(one) * unit + 0.5).max(1.0);
        let coefficients: Option<Vec<i32>> = steps
            .iter()
            .map(|step| step.checked_mul(multiple as i32))
            .collect();
        Ok(Self {
            coefficients: coefficients.ok_or_else(malformed)?,
            gain: unit * f64::from(one) / multiple,
            reads,
        })
    }

    /// The range of `pre` for sources in these ranges and a bias between these bounds, in units of the accumulator.
    pub(super) fn range(&self, sources: &[(i64, i64)], bias: (i64, i64), shift: u32) -> (i64, i64) {
        let (mut low, mut high) = (i128::from(bias.0), i128::from(bias.1));
        for ((coefficient, reads), (lo, hi)) in
            self.coefficients.iter().zip(&self.reads).zip(sources)
        {
            let gain = i128::from(*coefficient) * *reads as i128;
            let ends = [gain * i128::from(*lo), gain * i128::from(*hi)];
            // Fewer values than the most may be in range, at the borders.
            low += ends[0].min(ends[1]).min(0);
            high += ends[0].max(ends[1]).max(0);
        }
        let divide = |sum: i128| {
            let rounded = (sum + (1i128 << (shift - 1))) >> shift;
            i64::try_from(rounded).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
        };
        (divide(low), divide(high))
    }
}

/// The most values that a term adds up in one sum.
fn most_reads(term: &FloatTerm, channels: &AxisMap, (source, output): (&Extent, &Extent)) -> usize {
    let along = |map: &AxisMap, length: usize, source: usize| {
        let reads = axis_reads(map, length, source);
        reads.iter().map(Vec::len).max().unwrap_or(0)
    };
    term.maps
        .iter()
        .zip(output.positions.iter().zip(&source.positions))
        .map(|(map, (length, source))| along(map, *length, *source))
        .fold(
            along(channels, output.channels, source.channels),
            usize::saturating_mul,
        )
}

/// Integers in the ratio of the coefficients, and the coefficient of one; `None` when there are no small ones.
fn integers(real: &[f64]) -> Option<(Vec<i32>, f64)> {
    let least = real
        .iter()
        .map(|x| x.abs())
        .filter(|x| *x > 0.0)
        .fold(f64::INFINITY, f64::min);
    if !least.is_finite() {
        return None;
    }
    let near = |multiple: f64| {
        let whole = libm::floor(multiple + 0.5);
        let fits = (multiple - whole).abs() <= TOLERANCE * multiple.abs().max(1.0);
        // The limit keeps the cast exact.
        (fits && whole.abs() < 1e6).then_some(whole as i32)
    };
    (1..=MAX_DENOMINATOR).find_map(|denominator| {
        let unit = least / f64::from(denominator);
        let steps: Option<Vec<i32>> = real.iter().map(|x| near(x / unit)).collect();
        Some((steps?, unit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layered::{Port, PortLayout, ScaleRule};
    use alloc::vec;

    const KERNEL: AxisMap = AxisMap {
        taps: 7,
        stride: 7,
        dilation: 1,
        pad: 0,
        divisor: 1,
    };

    fn sum(
        coefficients: &[f32],
        map: AxisMap,
        (source, length): (usize, usize),
    ) -> (LayeredGraph, FloatLayer) {
        let layout = PortLayout {
            positions: vec![Some(0)],
            channels: vec![1],
            split: vec![],
        };
        let onnx = crate::graph::TensorType {
            name: "x".into(),
            shape: vec![source, 2],
            element_type: crate::graph::ElementType::Float32,
        };
        let terms = coefficients.iter().map(|&coefficient| FloatTerm {
            source: 0,
            maps: vec![map],
            weights: Weights::Structural {
                channels: AxisMap::IDENTITY,
                coefficient,
            },
        });
        let layer = FloatLayer {
            name: "l".into(),
            operators: vec![],
            extent: Extent {
                positions: vec![length],
                channels: 2,
            },
            terms: terms.collect(),
            bias: vec![0.0; 2],
            activation: None,
            gathered: None,
            scale: ScaleRule::Follows(0),
        };
        let graph = LayeredGraph {
            inputs: vec![Port {
                tensor: 0,
                onnx,
                layout,
                codes: None,
                rows: None,
            }],
            layers: vec![],
            outputs: vec![],
        };
        (graph, layer)
    }

    fn exact(coefficients: &[f32], map: AxisMap, lengths: (usize, usize)) -> Exact {
        let (graph, layer) = sum(coefficients, map, lengths);
        Exact::new(&graph, &layer, 11).unwrap()
    }

    #[test]
    fn differences_keep_the_scale() {
        let exact = exact(&[1.0, -1.0], AxisMap::IDENTITY, (4, 4));
        assert_eq!(exact.coefficients, [2048, -2048]);
        assert_eq!((exact.gain, exact.reads.as_slice()), (1.0, &[1, 1][..]));
        assert_eq!(exact.range(&[(0, 255), (-3, 9)], (0, 0), 11), (-9, 258));
    }

    #[test]
    fn averages_fold_the_rounding_into_the_scale() {
        let average = exact(&[1.0 / 7.0], KERNEL, (14, 2));
        let w = 293;
        assert_eq!(average.coefficients, [w]);
        assert!((average.gain - 2048.0 / (7.0 * 293.0)).abs() < 1e-7);
        assert_eq!(
            average.range(&[(0, 255)], (0, 0), 11),
            (0, (255 * 7 * 293 + 1024) >> 11)
        );
    }

    #[test]
    fn several_coefficients_keep_their_ratio() {
        let exact = exact(&[1.0 / 9.0, 1.0 / 6.0, 0.25], AxisMap::IDENTITY, (4, 4));
        let unit = exact.coefficients[0] / 4;
        assert_eq!(exact.coefficients, [4 * unit, 6 * unit, 9 * unit]);
        let real = f64::from(exact.coefficients[1]) / 2048.0 * exact.gain;
        assert!((real - 1.0 / 6.0).abs() < 1e-6);
    }

    #[test]
    fn what_has_no_exact_coefficients_is_refused() {
        let (graph, layer) = sum(&[1.0, 1e-7], AxisMap::IDENTITY, (4, 4));
        assert!(Exact::new(&graph, &layer, 11).is_err());
        let (graph, mut layer) = sum(&[1.0], AxisMap::IDENTITY, (4, 4));
        layer.terms[0].weights = Weights::Diagonal(vec![1.0, 1.0]);
        assert_eq!(
            Exact::new(&graph, &layer, 11),
            Err(QuantiseError::Follows { layer: "l".into() })
        );
    }
}
