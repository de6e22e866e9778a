//! Many inferences as one program: a batch axis in front of every tensor, the weights as they are.
//!
//! The batched program follows from the program and the number of inferences alone, so a verifier lays it out for itself and the key
//! of a model serves batches of every size.

use alloc::vec::Vec;

use super::place::place;
use super::validate::{MAX_LANES, MAX_LOG};
use super::{AxisMap, Layer, Program, ProgramError, ProgramParts, RANDOM_ROWS, Tensor, Term};
use crate::encoding::widen;

/// The most inferences of one proof.
pub const MAX_INFERENCES: u32 = 1 << 16;

/// What is cut off the height of a column for a block, so that many blocks fill a lane although its last rows are random.
const LOG_BLOCKS_OF_A_LANE: u32 = 4;
/// Bytes of a proof for each bit of the row index: five scalars.
const BYTES_OF_A_ROUND: u64 = 5 * 32;
/// Bytes of a proof for each lane: four commitments and four evaluations.
const BYTES_OF_A_LANE: u64 = 8 * 32;
/// Columns of full height that a proof has besides the lanes: the table's side and the quotients.
const FURTHER_COLUMNS: u64 = 4;

/// A height of the columns, what it costs.
struct Layout {
    log_rows: u32,
    /// Lanes, if blocks filled them without a gap.
    lanes: u64,
}

impl Layout {
    fn new(log_rows: u32, tensors: &[Tensor]) -> Self {
        let block = block_bits(log_rows);
        let blocks = tensors.iter().map(|tensor| {
            let bits = u32::try_from(tensor.bits()).unwrap_or(u32::MAX);
            1u64 << bits.saturating_sub(block)
        });
        let in_a_lane = ((1u64 << log_rows) - RANDOM_ROWS) >> block;
        Self {
            log_rows,
            lanes: blocks.sum::<u64>().div_ceil(in_a_lane),
        }
    }

    fn bytes(&self) -> u64 {
        BYTES_OF_A_ROUND * u64::from(self.log_rows) + BYTES_OF_A_LANE * self.lanes
    }

    /// Cells to be committed to.
    fn work(&self) -> u64 {
        (self.lanes + FURTHER_COLUMNS) << self.log_rows
    }
}

fn block_bits(log_rows: u32) -> u32 {
    log_rows.saturating_sub(LOG_BLOCKS_OF_A_LANE)
}

impl Program {
    /// This program on `inferences` inputs at once, each tensor with a batch axis in front.
    ///
    /// Of all heights of the columns it takes the one with the least work among those whose proof is at most twice as long as the
    /// proof of one inference, or that with the shortest proof if there is none.
    ///
    /// # Errors
    ///
    /// [`ProgramError`] when the batch is empty or exceeds a limit of the protocol.
    pub fn batched(&self, inferences: u32) -> Result<Self, ProgramError> {
        if !(1..=MAX_INFERENCES).contains(&inferences) {
            return Err(ProgramError::OutOfRange {
                what: "number of inferences",
                found: inferences.into(),
                least: 1,
                greatest: MAX_INFERENCES.into(),
            });
        }
        let tensors: Vec<Tensor> = self
            .tensors()
            .iter()
            .map(|tensor| with_batch_axis(tensor, inferences))
            .collect();
        let log_rows = self.choose_log_rows(&tensors)?;
        let block = widen(block_bits(log_rows));
        let blocks = |tensor: &Tensor| {
            1usize
                << tensor
                    .bits()
                    .saturating_sub(block)
                    .min(widen(u32::BITS - 1))
        };
        let (tensors, lanes) = place(tensors, log_rows, blocks);
        Self::new(ProgramParts {
            log_rows,
            lanes,
            tensors,
            layers: self.layers().iter().map(batched_layer).collect(),
            ..self.parts().clone()
        })
    }

    fn choose_log_rows(&self, tensors: &[Tensor]) -> Result<u32, ProgramError> {
        let parts = self.parts();
        let alone = Layout {
            log_rows: parts.log_rows,
            lanes: parts.lanes.into(),
        };
        let limit = 2 * alone.bytes();
        let candidates = || {
            (parts.log_rows..=MAX_LOG)
                .map(|log_rows| Layout::new(log_rows, tensors))
                .filter(|layout| layout.lanes <= MAX_LANES.into())
        };
        let short = candidates().filter(|layout| layout.bytes() <= limit);
        let best = short
            .min_by_key(Layout::work)
            .or_else(|| candidates().min_by_key(Layout::bytes));
        let Some(best) = best else {
            return Err(ProgramError::OutOfRange {
                what: "number of lanes",
                found: u64::from(MAX_LANES) + 1,
                least: 1,
                greatest: MAX_LANES.into(),
            });
        };
        Ok(best.log_rows)
    }
}

fn with_batch_axis(tensor: &Tensor, inferences: u32) -> Tensor {
    let mut positions = Vec::with_capacity(tensor.positions.len() + 1);
    positions.push(inferences);
    positions.extend_from_slice(&tensor.positions);
    Tensor {
        positions,
        channels: tensor.channels,
        segment: tensor.segment,
        blocks: Vec::new(),
    }
}

fn batched_layer(layer: &Layer) -> Layer {
    let term = |term: &Term| {
        let mut maps = Vec::with_capacity(term.maps.len() + 1);
        // Every inference reads its own.
        maps.push(AxisMap::IDENTITY);
        maps.extend_from_slice(&term.maps);
        Term {
            maps,
            ..term.clone()
        }
    };
    Layer {
        terms: layer.terms.iter().map(term).collect(),
        ..layer.clone()
    }
}
