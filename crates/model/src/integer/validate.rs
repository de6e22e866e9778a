//! Whether the fields of an integer graph fit together.

use super::{Function, GraphError, IntegerGraph, LinearLayer, Segment, TensorInfo};

/// Every accumulator, with its rounding offset, stays below this in absolute value.
pub const MAX_ACCUMULATOR: i128 = 1 << 62;
/// The largest shift.
pub const MAX_SHIFT: u32 = 24;
/// The largest base-2 logarithm of the number of rows.
pub const MAX_LOG_ROWS: u32 = 28;
/// Rows at the end of every column and of the table that stay free for the proof system's blinding.
pub const RESERVED_ROWS: u64 = 4;

impl IntegerGraph {
    /// Checks that shapes, indices and tables fit together and that no input in range can overflow an accumulator.
    ///
    /// # Errors
    /// The first [`GraphError`] found, in the order of the fields.
    pub fn validate(&self) -> Result<(), GraphError> {
        self.check_structure()?;
        for layer in &self.layers {
            let range = self.segment_of(layer.input).and_then(Segment::output_range);
            let bound = range.and_then(|range| layer.accumulator_bound(range, self.shift));
            if bound.is_none_or(|bound| bound >= MAX_ACCUMULATOR) {
                return Err(GraphError::Accumulator {
                    layer: layer.name.clone(),
                });
            }
        }
        Ok(())
    }

    /// Everything but the accumulator bounds: cheap, its cost does not depend on the number of weights.
    pub(super) fn check_structure(&self) -> Result<(), GraphError> {
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
        if !self.segments.first().is_some_and(is_identity) {
            return Err(GraphError::InputSegment);
        }
        check_tensor(&self.input)?;
        check_tensor(&self.output)?;
        for (index, layer) in self.layers.iter().enumerate() {
            self.check_layer(index, layer)?;
        }
        let last = self.layers.last().ok_or(GraphError::NoLayers)?;
        if last.out_channels == self.output.channels {
            Ok(())
        } else {
            Err(GraphError::Channels {
                layer: last.name.clone(),
                expected: self.output.channels,
                actual: last.out_channels,
            })
        }
    }

    fn check_layer(&self, index: usize, layer: &LinearLayer) -> Result<(), GraphError> {
        let name = || layer.name.clone();
        let made = if layer.input <= index {
            self.channels(layer.input)
        } else {
            None
        };
        let actual = made.ok_or_else(|| GraphError::Tensor {
            layer: name(),
            tensor: layer.input,
        })?;
        if actual != layer.in_channels {
            return Err(GraphError::Channels {
                layer: name(),
                expected: layer.in_channels,
                actual,
            });
        }
        if layer.segment >= self.segments.len() {
            return Err(GraphError::Segment {
                layer: name(),
                segment: layer.segment,
                segments: self.segments.len(),
            });
        }
        let weights = layer.in_channels.checked_mul(layer.out_channels);
        let empty = layer.out_channels == 0 || layer.in_channels == 0;
        if empty || weights != Some(layer.weights.len()) || layer.bias.len() != layer.out_channels {
            return Err(GraphError::Parameters {
                layer: name(),
                weights: layer.weights.len(),
                biases: layer.bias.len(),
                out_channels: layer.out_channels,
                in_channels: layer.in_channels,
            });
        }
        Ok(())
    }
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

fn check_tensor(tensor: &TensorInfo) -> Result<(), GraphError> {
    let channels = tensor
        .shape
        .iter()
        .try_fold(1usize, |product, &dim| product.checked_mul(dim));
    if channels == Some(tensor.channels)
        && tensor.channels > 0
        && tensor.scale.is_finite()
        && tensor.scale > 0.0
    {
        Ok(())
    } else {
        Err(GraphError::TensorInfo {
            tensor: tensor.name.clone(),
            channels: tensor.channels,
            scale: tensor.scale,
        })
    }
}
