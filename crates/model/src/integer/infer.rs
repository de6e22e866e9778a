//! Inference in `i64`: the meaning of the model.

use alloc::vec::Vec;

use super::rounding::{Requantised, requantise, round_half_up};
use super::{GraphError, InferenceError, IntegerGraph, LinearLayer, Segment};

/// One element of a tensor, with what a proof needs to know of how it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Remainder of the requantisation, in `[0, 2^shift)`; 0 in the input tensor.
    pub rem: i64,
    /// Requantised accumulator; equal to `out` in the input tensor.
    pub pre: i64,
    /// The element: the segment's function of `pre`.
    pub out: i64,
}

/// Every tensor of one inference: tensor 0 is the input, tensor `i + 1` the output of layer `i`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// One vector of cells per tensor.
    pub tensors: Vec<Vec<Cell>>,
}

impl Trace {
    /// The integers of the output tensor.
    #[must_use]
    pub fn output(&self) -> Vec<i64> {
        self.tensors
            .last()
            .map(|cells| cells.iter().map(|cell| cell.out).collect())
            .unwrap_or_default()
    }
}

/// An inference that forced what was out of range back into it. It measures accuracy; it cannot be proved if anything was forced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaturatedTrace {
    /// The tensors.
    pub trace: Trace,
    /// Per tensor, how many cells were forced into range.
    pub saturated: Vec<u64>,
}

/// What to do with a value outside its range.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OutOfRange {
    Refuse,
    Saturate,
}

impl IntegerGraph {
    /// The integers of the input tensor for real values `x`, one per channel in row-major order.
    ///
    /// # Errors
    /// When the length is wrong, a value is not finite, or a value is outside the calibrated range.
    pub fn quantise_input(&self, x: &[f32]) -> Result<Vec<i64>, InferenceError> {
        self.codes(x, OutOfRange::Refuse).map(|(codes, _)| codes)
    }

    /// Evaluates the network on the integers of its input tensor.
    ///
    /// # Errors
    /// When the graph is malformed, the length is wrong, or a value leaves the range of its table.
    pub fn infer(&self, input: &[i64]) -> Result<Trace, InferenceError> {
        self.run(input, OutOfRange::Refuse).map(|run| run.trace)
    }

    /// Quantises and evaluates `x`, forcing what is out of range back into it and counting it: for measuring accuracy only.
    ///
    /// # Errors
    /// When the graph is malformed, the length is wrong, or a value is not finite.
    pub fn infer_saturating(&self, x: &[f32]) -> Result<SaturatedTrace, InferenceError> {
        let (codes, forced) = self.codes(x, OutOfRange::Saturate)?;
        let mut run = self.run(&codes, OutOfRange::Saturate)?;
        if let Some(first) = run.saturated.first_mut() {
            *first += forced;
        }
        Ok(run)
    }

    /// The real values of the output tensor, before post-processing.
    ///
    /// # Errors
    /// When the length is wrong.
    pub fn dequantise_output(&self, output: &[i64]) -> Result<Vec<f32>, InferenceError> {
        if output.len() != self.output.channels {
            let tensor = self.output.name.clone();
            return Err(InferenceError::OutputLength {
                tensor,
                expected: self.output.channels,
                actual: output.len(),
            });
        }
        Ok(output
            .iter()
            .map(|&code| (code as f64 * self.output.scale) as f32)
            .collect())
    }

    fn input_range(&self) -> Result<(i64, i64), GraphError> {
        self.segments
            .first()
            .and_then(Segment::output_range)
            .ok_or(GraphError::InputSegment)
    }

    fn check_input_length(&self, actual: usize) -> Result<(), InferenceError> {
        if actual == self.input.channels {
            return Ok(());
        }
        Err(InferenceError::InputLength {
            tensor: self.input.name.clone(),
            expected: self.input.channels,
            actual,
        })
    }

    fn codes(&self, x: &[f32], policy: OutOfRange) -> Result<(Vec<i64>, u64), InferenceError> {
        self.check_input_length(x.len())?;
        let (lo, hi) = self.input_range()?;
        let mut forced = 0;
        let mut codes = Vec::with_capacity(x.len());
        for (channel, &value) in x.iter().enumerate() {
            let tensor = || self.input.name.clone();
            if !value.is_finite() {
                return Err(InferenceError::InputNotFinite {
                    tensor: tensor(),
                    channel,
                });
            }
            let value = f64::from(value);
            // Beyond `i64` is beyond the range on the same side.
            let code = round_half_up(value / self.input.scale).unwrap_or(if value < 0.0 {
                i64::MIN
            } else {
                i64::MAX
            });
            if (lo..=hi).contains(&code) {
                codes.push(code);
            } else if policy == OutOfRange::Saturate {
                forced += 1;
                codes.push(code.clamp(lo, hi));
            } else {
                let (lowest, highest) =
                    (lo as f64 * self.input.scale, hi as f64 * self.input.scale);
                return Err(InferenceError::OutsideCalibratedRange {
                    tensor: tensor(),
                    channel,
                    value,
                    lowest,
                    highest,
                });
            }
        }
        Ok((codes, forced))
    }

    fn run(&self, input: &[i64], policy: OutOfRange) -> Result<SaturatedTrace, InferenceError> {
        self.check_structure()?;
        self.check_input_length(input.len())?;
        let (lowest, highest) = self.input_range()?;
        if let Some((channel, &value)) = input
            .iter()
            .enumerate()
            .find(|(_, code)| !(lowest..=highest).contains(*code))
        {
            return Err(InferenceError::InputCode {
                tensor: self.input.name.clone(),
                channel,
                value,
                lowest,
                highest,
            });
        }
        let mut tensors: Vec<Vec<Cell>> = Vec::with_capacity(self.layers.len() + 1);
        let mut saturated = Vec::with_capacity(self.layers.len() + 1);
        tensors.push(
            input
                .iter()
                .map(|&code| Cell {
                    rem: 0,
                    pre: code,
                    out: code,
                })
                .collect(),
        );
        saturated.push(0);
        for layer in &self.layers {
            let missing = || GraphError::Tensor {
                layer: layer.name.clone(),
                tensor: layer.input,
            };
            let source: Vec<i64> = tensors
                .get(layer.input)
                .ok_or_else(missing)?
                .iter()
                .map(|cell| cell.out)
                .collect();
            let (cells, forced) = self.run_layer(layer, &source, policy)?;
            tensors.push(cells);
            saturated.push(forced);
        }
        Ok(SaturatedTrace {
            trace: Trace { tensors },
            saturated,
        })
    }

    fn run_layer(
        &self,
        layer: &LinearLayer,
        source: &[i64],
        policy: OutOfRange,
    ) -> Result<(Vec<Cell>, u64), InferenceError> {
        let name = || layer.name.clone();
        let unknown = || GraphError::Segment {
            layer: name(),
            segment: layer.segment,
            segments: self.segments.len(),
        };
        let segment = self.segments.get(layer.segment).ok_or_else(unknown)?;
        let mut forced = 0;
        let mut cells = Vec::with_capacity(layer.out_channels);
        for (channel, (row, &bias)) in layer
            .weights
            .chunks(layer.in_channels)
            .zip(&layer.bias)
            .enumerate()
        {
            let divided = accumulate(row, source, bias).and_then(|acc| requantise(acc, self.shift));
            let Requantised { mut pre, rem } =
                divided.ok_or_else(|| InferenceError::Accumulator {
                    layer: name(),
                    channel,
                })?;
            if policy == OutOfRange::Saturate && !(segment.lo..segment.hi).contains(&pre) {
                forced += 1;
                pre = pre.clamp(segment.lo, segment.hi - 1);
            }
            let outside = || InferenceError::OutsideTable {
                layer: name(),
                channel,
                value: pre,
                lo: segment.lo,
                hi: segment.hi,
            };
            let out = segment.output(pre).ok_or_else(outside)?;
            cells.push(Cell { rem, pre, out });
        }
        Ok((cells, forced))
    }
}

/// `bias + sum row[i] * source[i]`, `None` when it leaves `i64`.
fn accumulate(row: &[i32], source: &[i64], bias: i32) -> Option<i64> {
    row.iter()
        .zip(source)
        .try_fold(i64::from(bias), |acc, (&weight, &value)| {
            acc.checked_add(i64::from(weight).checked_mul(value)?)
        })
}
