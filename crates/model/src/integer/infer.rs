//! Inference in `i64`: the meaning of the model.

use alloc::vec::Vec;

use super::linear::Reading;
use super::port::OutOfRange;
use super::rounding::{Requantised, requantise};
use super::{
    Extent, GraphError, InferenceError, IntegerGraph, IntegerLayer, LimbList, Port, Segment,
    ValidGraph,
};

/// One element of a tensor, with what a proof needs to know of how it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Remainder of the requantisation, in `[0, 2^shift)` with the layer's shift; 0 in an input tensor.
    pub rem: i64,
    /// Requantised accumulator; equal to `out` in an input tensor.
    pub pre: i64,
    /// The element: the segment's function of `pre`.
    pub out: i64,
}

/// Every tensor of one inference, the inputs first, then the output of every layer; cells row-major over (positions, channels).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// One vector of cells per tensor.
    pub tensors: Vec<Vec<Cell>>,
}

/// An inference that forced what was out of range back into it. It measures accuracy; it cannot be proved if anything was forced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaturatedTrace {
    /// The tensors.
    pub trace: Trace,
    /// Per tensor, how many cells were forced into range.
    pub saturated: Vec<u64>,
}

impl IntegerGraph {
    /// The integers of the inputs, each in the order of its cells, for real values in the order of the ONNX tensors' elements.
    ///
    /// # Errors
    /// When an input is missing, has the wrong length, or a value is not finite or outside the calibrated range.
    pub fn quantise_inputs(&self, inputs: &[Vec<f32>]) -> Result<Vec<Vec<i64>>, InferenceError> {
        self.check_count(inputs.len())?;
        let ports = self.inputs.iter().zip(inputs);
        ports
            .map(|(port, x)| port.quantise(x, self.input_range(port.tensor)?))
            .collect()
    }

    /// The integers of the outputs, each in the order of its ONNX tensor's elements.
    ///
    /// # Errors
    /// When the trace is not one of this graph.
    pub fn outputs(&self, trace: &Trace) -> Result<Vec<Vec<i64>>, InferenceError> {
        let output = |port: &Port| {
            let cells = trace
                .tensors
                .get(port.tensor)
                .map_or(&[][..], Vec::as_slice);
            if cells.len() != port.elements() || !port.layout.covers(&port.shape) {
                return Err(InferenceError::OutputLength {
                    tensor: port.name.clone(),
                    expected: port.elements(),
                    actual: cells.len(),
                });
            }
            let integers: Vec<i64> = cells.iter().map(|cell| cell.out).collect();
            Ok(port.layout.to_onnx(&port.shape, &integers))
        };
        self.outputs.iter().map(output).collect()
    }

    /// The integers that input `input` may take.
    ///
    /// # Errors
    /// When the input has no segment.
    pub fn input_range(&self, input: usize) -> Result<(i64, i64), GraphError> {
        self.segment_of(input)
            .and_then(Segment::output_range)
            .ok_or(GraphError::InputSegment { input })
    }

    fn check_count(&self, actual: usize) -> Result<(), InferenceError> {
        let expected = self.inputs.len();
        if actual == expected {
            return Ok(());
        }
        Err(InferenceError::InputCount { expected, actual })
    }
}

impl ValidGraph {
    /// Evaluates the network on the integers of its inputs, each in the order of its cells.
    ///
    /// # Errors
    /// When an input is missing or has the wrong length, or a value leaves the range of its table.
    pub fn infer(&self, inputs: &[Vec<i64>]) -> Result<Trace, InferenceError> {
        self.run(inputs, OutOfRange::Refuse).map(|run| run.trace)
    }

    /// Quantises and evaluates real inputs, forcing what is out of range back into it and counting it: for measuring accuracy only.
    ///
    /// # Errors
    /// When an input is missing or has the wrong length, or a value is not finite.
    pub fn infer_saturating(&self, inputs: &[Vec<f32>]) -> Result<SaturatedTrace, InferenceError> {
        self.check_count(inputs.len())?;
        let mut forced = Vec::with_capacity(inputs.len());
        let mut codes = Vec::with_capacity(inputs.len());
        for (port, x) in self.inputs.iter().zip(inputs) {
            let (own, count) =
                port.codes(x, self.input_range(port.tensor)?, OutOfRange::Saturate)?;
            codes.push(own);
            forced.push(count);
        }
        let mut run = self.run(&codes, OutOfRange::Saturate)?;
        for (total, forced) in run.saturated.iter_mut().zip(forced) {
            *total += forced;
        }
        Ok(run)
    }

    fn run(
        &self,
        inputs: &[Vec<i64>],
        policy: OutOfRange,
    ) -> Result<SaturatedTrace, InferenceError> {
        self.check_count(inputs.len())?;
        let mut tensors: Vec<Vec<Cell>> = Vec::with_capacity(self.tensor_count());
        for (port, codes) in self.inputs.iter().zip(inputs) {
            tensors.push(self.input_cells(port, codes)?);
        }
        let mut saturated = alloc::vec![0; inputs.len()];
        let limbs = self.limb_list();
        for layer in &self.layers {
            let sums = self.accumulators(layer, (&tensors, &limbs));
            let (cells, forced) = self.requantised(layer, &sums, policy)?;
            tensors.push(cells);
            saturated.push(forced);
        }
        Ok(SaturatedTrace {
            trace: Trace { tensors },
            saturated,
        })
    }

    fn input_cells(&self, port: &Port, codes: &[i64]) -> Result<Vec<Cell>, InferenceError> {
        if codes.len() != port.elements() {
            return Err(InferenceError::InputLength {
                tensor: port.name.clone(),
                expected: port.elements(),
                actual: codes.len(),
            });
        }
        let (lowest, highest) = self.input_range(port.tensor)?;
        let range = lowest..=highest;
        if let Some(cell) = codes.iter().position(|code| !range.contains(code)) {
            return Err(InferenceError::InputCode {
                tensor: port.name.clone(),
                cell,
                value: codes[cell],
                lowest,
                highest,
            });
        }
        let cell = |&code| Cell {
            rem: 0,
            pre: code,
            out: code,
        };
        Ok(codes.iter().map(cell).collect())
    }

    /// The accumulators of a layer whose sources are among `tensors`. They add without checks: validation bounds them.
    fn accumulators(
        &self,
        layer: &IntegerLayer,
        (tensors, limbs): (&[Vec<Cell>], &LimbList),
    ) -> Vec<i64> {
        let positions = layer.extent.position_count();
        let mut sums = layer.bias.repeat(positions);
        for term in &layer.terms {
            let source = limbs.extent(self, term.source);
            let source = source.unwrap_or(Extent::flat(0));
            let limb = limbs.limb(term.source);
            let tensor = limb.map_or(term.source, |limb| self.inputs.len() + limb.layer);
            // Validation bounds the sums, so no bit that counts is shifted out.
            let value = |cell: &Cell| {
                let value = limb.map_or(cell.out, |limb| limb.of(cell.rem));
                value.checked_shl(term.exponent).unwrap_or(0)
            };
            let values: Vec<i64> = tensors[tensor].iter().map(value).collect();
            let reading = Reading {
                maps: &term.maps,
                weights: &term.weights,
                source: &source,
            };
            reading.add_to(&mut sums, &layer.extent, &values);
        }
        sums
    }

    fn requantised(
        &self,
        layer: &IntegerLayer,
        sums: &[i64],
        policy: OutOfRange,
    ) -> Result<(Vec<Cell>, u64), InferenceError> {
        let name = || layer.name.clone();
        let segment = &self.segments[layer.segment];
        let mut forced = 0;
        let mut cells = Vec::with_capacity(sums.len());
        for (cell, &sum) in sums.iter().enumerate() {
            let divided = requantise(sum, layer.shift);
            let Requantised { mut pre, rem } =
                divided.ok_or_else(|| InferenceError::Accumulator {
                    layer: name(),
                    cell,
                })?;
            if policy == OutOfRange::Saturate && !(segment.lo..segment.hi).contains(&pre) {
                forced += 1;
                pre = pre.clamp(segment.lo, segment.hi - 1);
            }
            let outside = || InferenceError::OutsideTable {
                layer: name(),
                cell,
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
