//! Whether the fields of an integer graph fit together.

use alloc::vec::Vec;
use core::ops::Deref;

use super::{
    BLIND_ROWS, Extent, Function, GraphError, IntegerGraph, IntegerLayer, IntegerTerm, LimbList,
    MAX_LAYER_SHIFT, MAX_LOG_LARGE_ROWS, Port, PostProcessing, Segment, Weights,
};

/// Every accumulator, with its rounding offset, stays below this in absolute value.
pub const MAX_ACCUMULATOR: u128 = 1 << 62;
/// The largest shift.
pub const MAX_SHIFT: u32 = 24;
/// The largest base-2 logarithm of the number of rows.
pub const MAX_LOG_ROWS: u32 = 28;
/// Rows at the end of every column and of the table that stay free for the proof system's blinding.
pub const RESERVED_ROWS: u64 = 4;
/// The most cells of a tensor.
pub const MAX_CELLS: usize = 1 << 28;
/// The most taps along one axis.
pub const MAX_TAPS: usize = 1 << 16;
/// The most pairs of an output position and a tap of all axes, of a term that has no weights to bound them.
const MAX_STRUCTURAL_WORK: usize = 1 << 26;
/// The most pairs of an output position and a tap along one axis.
const MAX_AXIS_WORK: usize = 1 << 26;

/// An integer graph whose fields fit together, which is what inference and proofs are made of.
///
/// It is checked once, when it is made, and is not changed afterwards but for what nothing is computed from.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidGraph(IntegerGraph);

impl ValidGraph {
    /// Checks that shapes, indices and tables fit together and that no input in range can overflow an accumulator.
    ///
    /// # Errors
    /// The first [`GraphError`] found, in the order of the fields.
    pub fn new(graph: IntegerGraph) -> Result<Self, GraphError> {
        graph.validate()?;
        Ok(Self(graph))
    }

    /// The graph with these operators after its outputs, outside a proof.
    #[must_use]
    pub fn with_post_processing(self, post_processing: Vec<PostProcessing>) -> Self {
        Self(IntegerGraph {
            post_processing,
            ..self.0
        })
    }

    /// The graph, free to be changed.
    #[must_use]
    pub fn into_inner(self) -> IntegerGraph {
        self.0
    }
}

impl Deref for ValidGraph {
    type Target = IntegerGraph;

    fn deref(&self) -> &IntegerGraph {
        &self.0
    }
}

impl IntegerGraph {
    fn validate(&self) -> Result<(), GraphError> {
        self.check_table()?;
        self.check_inputs()?;
        let limbs = self.limb_list();
        for (index, layer) in self.layers.iter().enumerate() {
            self.check_layer((index, layer), &limbs)?;
        }
        self.check_outputs()?;
        for layer in &self.layers {
            let sources: Option<Vec<(usize, u64)>> = layer
                .terms
                .iter()
                .map(|term| {
                    let channels = limbs.extent(self, term.source)?.channels;
                    Some((channels, self.largest(term.source, &limbs)?))
                })
                .collect();
            let bound = sources.map(|sources| layer.accumulator_bound(&sources));
            if bound.is_none_or(|bound| bound >= MAX_ACCUMULATOR) {
                return Err(GraphError::Accumulator {
                    layer: layer.name.clone(),
                });
            }
        }
        Ok(())
    }

    /// The largest absolute value of a tensor's cells.
    fn largest(&self, tensor: usize, limbs: &LimbList) -> Option<u64> {
        if let Some(limb) = limbs.limb(tensor) {
            return Some((1 << limb.bits) - 1);
        }
        let (lo, hi) = self.segment_of(tensor)?.output_range()?;
        Some(lo.unsigned_abs().max(hi.unsigned_abs()))
    }

    fn check_table(&self) -> Result<(), GraphError> {
        if self.shift == 0 || self.shift > MAX_SHIFT {
            return Err(GraphError::Shift {
                shift: self.shift,
                limit: MAX_SHIFT,
            });
        }
        if self.log_rows > MAX_LOG_ROWS {
            return Err(GraphError::LogRows {
                log_rows: self.log_rows,
                limit: MAX_LOG_ROWS,
            });
        }
        let limit = (1u64 << self.log_rows).saturating_sub(RESERVED_ROWS);
        if self.table_rows() > limit {
            return Err(GraphError::TableRows {
                rows: self.table_rows(),
                limit,
            });
        }
        for (index, segment) in self.segments.iter().enumerate() {
            check_segment(index, segment)?;
        }
        self.check_large_tables()
    }

    /// Each large table has the number of its segments, and room for their rows and the blind ones.
    fn check_large_tables(&self) -> Result<(), GraphError> {
        let mut segments = self.segments.iter().skip(self.column_segments());
        for (table, large) in self.large_tables.iter().enumerate() {
            let own = segments.by_ref().take(large.segments);
            let (count, rows) = own.fold((0, BLIND_ROWS), |(count, rows), segment| {
                (count + 1, segment.rows().saturating_add(rows))
            });
            let fits = large.log_rows <= MAX_LOG_LARGE_ROWS && rows <= 1 << large.log_rows;
            if !fits || count != large.segments || count == 0 {
                return Err(GraphError::LargeTable {
                    table,
                    rows,
                    log_rows: large.log_rows,
                });
            }
        }
        Ok(())
    }

    fn check_inputs(&self) -> Result<(), GraphError> {
        let first = self.inputs.first().ok_or(GraphError::NoInputs)?;
        for (index, port) in self.inputs.iter().enumerate() {
            check_port(port, first.layout.positions.len())?;
            if port.tensor != index {
                return Err(port.malformed());
            }
            if !self.segment_of(index).is_some_and(is_identity) {
                return Err(GraphError::InputSegment { input: index });
            }
        }
        if self.input_segments.len() == self.inputs.len() {
            Ok(())
        } else {
            Err(GraphError::InputSegment {
                input: self.inputs.len(),
            })
        }
    }

    fn check_outputs(&self) -> Result<(), GraphError> {
        if self.layers.is_empty() || self.outputs.is_empty() {
            return Err(GraphError::NoLayers);
        }
        for (index, port) in self.outputs.iter().enumerate() {
            check_port(port, self.axes())?;
            let repeated = self.outputs[..index]
                .iter()
                .any(|other| other.tensor == port.tensor);
            let made = port.tensor >= self.inputs.len() && !repeated;
            if !made || self.extent(port.tensor) != Some(port.extent()) {
                return Err(port.malformed());
            }
        }
        Ok(())
    }

    /// Number of position axes.
    fn axes(&self) -> usize {
        self.inputs
            .first()
            .map_or(0, |port| port.layout.positions.len())
    }

    fn check_layer(
        &self,
        (index, layer): (usize, &IntegerLayer),
        all_limbs: &LimbList,
    ) -> Result<(), GraphError> {
        let name = || layer.name.clone();
        if !(self.shift..=MAX_LAYER_SHIFT).contains(&layer.shift) {
            return Err(GraphError::LayerShift {
                layer: name(),
                shift: layer.shift,
                least: self.shift,
                greatest: MAX_LAYER_SHIFT,
            });
        }
        let limbs = self.limbs(layer).iter().sum::<u32>();
        if self.shift + limbs != layer.shift {
            return Err(GraphError::Limbs {
                layer: name(),
                bits: layer.limb_bits.unwrap_or(0),
            });
        }
        if layer.segment >= self.segments.len() {
            return Err(GraphError::Segment {
                layer: name(),
                segment: layer.segment,
                segments: self.segments.len(),
            });
        }
        let axes = layer.extent.positions.len() == self.axes();
        if !axes || !cells_fit(&layer.extent) || layer.bias.len() != layer.extent.channels {
            return Err(GraphError::Extent {
                layer: name(),
                positions: layer.extent.positions.clone(),
                channels: layer.extent.channels,
                biases: layer.bias.len(),
            });
        }
        for (number, term) in layer.terms.iter().enumerate() {
            let made = match all_limbs.limb(term.source) {
                Some(limb) => limb.layer < index,
                None => term.source < self.inputs.len() + index,
            };
            let source = made.then(|| all_limbs.extent(self, term.source)).flatten();
            let source = source.ok_or_else(|| GraphError::Tensor {
                layer: name(),
                tensor: term.source,
            })?;
            if !maps_fit(term, &source, &layer.extent) {
                return Err(GraphError::Maps {
                    layer: name(),
                    term: number,
                });
            }
            check_weights(layer, (number, term), &source)?;
        }
        Ok(())
    }
}

fn cells_fit(extent: &Extent) -> bool {
    extent
        .checked_cells()
        .is_some_and(|cells| cells <= MAX_CELLS)
}

/// One map per axis, each with taps and not too many of them.
fn maps_fit(term: &IntegerTerm, source: &Extent, output: &Extent) -> bool {
    let axes = output.positions.len();
    let fits = |(map, length): (&super::AxisMap, &usize)| {
        (1..=MAX_TAPS).contains(&map.taps)
            && map.divisor > 0
            && length.saturating_mul(map.taps) <= MAX_AXIS_WORK
    };
    let channels = match &term.weights {
        Weights::Structural { channels, .. } => fits((channels, &output.channels)),
        Weights::Dense(_) | Weights::Diagonal(_) => true,
    };
    term.maps.len() == axes
        && source.positions.len() == axes
        && term.maps.iter().zip(&output.positions).all(fits)
        && channels
}

fn check_weights(
    layer: &IntegerLayer,
    (number, term): (usize, &IntegerTerm),
    source: &Extent,
) -> Result<(), GraphError> {
    let (outputs, inputs) = (layer.extent.channels, source.channels);
    let taps = term.taps();
    let expected = match &term.weights {
        Weights::Structural { .. } => {
            let positions = layer.extent.position_count();
            let work = taps.and_then(|taps| taps.checked_mul(positions));
            return match work {
                Some(0..=MAX_STRUCTURAL_WORK) => Ok(()),
                _ => Err(GraphError::Maps {
                    layer: layer.name.clone(),
                    term: number,
                }),
            };
        }
        Weights::Dense(_) => taps
            .and_then(|taps| taps.checked_mul(inputs))
            .and_then(|each| each.checked_mul(outputs)),
        Weights::Diagonal(_) => taps
            .and_then(|taps| taps.checked_mul(outputs))
            .filter(|_| inputs == outputs),
    };
    let weights = term.parameters().len();
    if expected == Some(weights) {
        return Ok(());
    }
    Err(GraphError::Parameters {
        layer: layer.name.clone(),
        term: number,
        weights,
        out_channels: outputs,
        in_channels: inputs,
    })
}

fn check_segment(index: usize, segment: &Segment) -> Result<(), GraphError> {
    let fits = match &segment.function {
        Function::Clamp { lo, hi } => lo <= hi,
        Function::Values(values) => u64::try_from(values.len()) == Ok(segment.rows()),
    };
    if segment.rows() > 0 && fits {
        Ok(())
    } else {
        Err(GraphError::SegmentRange {
            segment: index,
            lo: segment.lo,
            hi: segment.hi,
        })
    }
}

fn is_identity(segment: &Segment) -> bool {
    match segment.function {
        Function::Clamp { lo, hi } => segment.lo <= i64::from(lo) && i64::from(hi) < segment.hi,
        Function::Values(_) => false,
    }
}

fn check_port(port: &Port, axes: usize) -> Result<(), GraphError> {
    let elements = port
        .shape
        .iter()
        .try_fold(1usize, |product, &dim| product.checked_mul(dim));
    let sized = elements.is_some_and(|elements| (1..=MAX_CELLS).contains(&elements));
    let scaled = port.scale.is_finite() && port.scale > 0.0;
    let laid_out = port.layout.positions.len() == axes && port.layout.covers(&port.shape);
    if sized && scaled && laid_out {
        Ok(())
    } else {
        Err(port.malformed())
    }
}
