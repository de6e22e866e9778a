//! The program of a proof that is not of one inference with nothing committed: a batch axis in front of every tensor, columns of
//! their own for committed tensors, the weights as they are.
//!
//! It follows from the key's program, the number of inferences and the set of committed tensors alone, so a verifier lays it out for
//! itself and the key of a model serves proofs of every arrangement.

use alloc::vec::Vec;

use super::place::place;
use super::validate::{MAX_LANES, MAX_LOG, TABLES_OF_A_LANE};
use super::{AxisMap, Layer, Program, ProgramError, ProgramParts, RANDOM_ROWS, Tensor, Term};

/// The most inferences of one proof.
pub const MAX_INFERENCES: u32 = 1 << 16;

/// How a proof arranges its program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// How many inferences a batch has; `None` for a proof of one, whose tensors have no batch axis.
    pub inferences: Option<u32>,
    /// Inputs and outputs that have their columns to themselves, in ascending order: the commitments to those columns are
    /// commitments to the tensors, of which single inferences can be opened later.
    pub committed: Vec<u32>,
}

impl From<Option<u32>> for Arrangement {
    /// Nothing is committed.
    fn from(inferences: Option<u32>) -> Self {
        Self {
            inferences,
            committed: Vec::new(),
        }
    }
}

impl Arrangement {
    /// Whether the program is the key's own.
    pub fn is_plain(&self) -> bool {
        self.inferences.is_none() && self.committed.is_empty()
    }

    /// How many inferences there are.
    pub fn count(&self) -> u32 {
        self.inferences.unwrap_or(1)
    }
}

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
    lanes: u64,
}

impl Layout {
    fn bytes(&self) -> u64 {
        BYTES_OF_A_ROUND * u64::from(self.log_rows) + BYTES_OF_A_LANE * self.lanes
    }

    /// Cells to be committed to.
    fn work(&self) -> u64 {
        (self.lanes + FURTHER_COLUMNS) << self.log_rows
    }
}

/// A tensor that has no place yet.
struct Unplaced {
    tensor: Tensor,
    /// Of a committed tensor, the bits of one inference: they stay in one block, so that one column holds it.
    inference_bits: Option<u32>,
}

impl Unplaced {
    fn bits(&self) -> u32 {
        u32::try_from(self.tensor.bits()).unwrap_or(u32::MAX)
    }

    /// log₂ of the blocks into which the tensor is cut.
    fn log_blocks(&self, log_rows: u32) -> u32 {
        let usual = log_rows.saturating_sub(LOG_BLOCKS_OF_A_LANE);
        let block = usual.max(self.inference_bits.unwrap_or(0));
        self.bits().saturating_sub(block)
    }

    /// Whether a block fits below the random rows.
    fn fits(&self, log_rows: u32) -> bool {
        self.inference_bits.is_none_or(|bits| bits < log_rows)
    }
}

/// The height of the columns, and the lanes if blocks filled them without a gap: `least` of them in any case.
fn layout(log_rows: u32, tensors: &[Unplaced], least: u64) -> Layout {
    let usual = log_rows.saturating_sub(LOG_BLOCKS_OF_A_LANE);
    let rows = (1u64 << log_rows) - RANDOM_ROWS;
    let mut shared = 0u64;
    let mut own = 0u64;
    for tensor in tensors {
        let log_blocks = tensor.log_blocks(log_rows);
        let blocks = 1u64 << log_blocks;
        if tensor.inference_bits.is_some() {
            let in_a_lane = rows >> (tensor.bits() - log_blocks);
            own += blocks.div_ceil(in_a_lane.max(1));
        } else {
            shared += blocks;
        }
    }
    Layout {
        log_rows,
        lanes: least.max(shared.div_ceil(rows >> usual) + own),
    }
}

impl Program {
    /// This program as a proof arranges it: each tensor with a batch axis in front where the proof is of many inferences, and each
    /// committed tensor in lanes of its own behind the others.
    ///
    /// Of all heights of the columns it takes the one with the least work among those whose proof is at most twice as long as the
    /// proof of one inference, or that with the shortest proof if there is none.
    ///
    /// # Errors
    ///
    /// [`ProgramError`] when a batch is empty, exceeds a limit of the protocol, or what is to be committed is not a list of inputs and
    /// outputs in ascending order.
    pub fn arranged(&self, arrangement: &Arrangement) -> Result<Self, ProgramError> {
        if arrangement.is_plain() {
            return Ok(self.clone());
        }
        self.check(arrangement)?;
        let unplaced: Vec<Unplaced> = (0u32..)
            .zip(self.tensors())
            .map(|(index, tensor)| Unplaced {
                tensor: with_batch_axis(tensor, arrangement.inferences),
                inference_bits: arrangement
                    .committed
                    .contains(&index)
                    .then(|| u32::try_from(tensor.bits()).unwrap_or(u32::MAX)),
            })
            .collect();
        let log_rows = self.choose_log_rows(&unplaced)?;
        let (tensors, lanes) = place_all(unplaced, log_rows);
        let lanes = lanes.max(self.least_lanes());
        let batched = arrangement.inferences.is_some();
        let layers = self.layers().iter();
        let parts = self.parts();
        Self::new(ProgramParts {
            log_rows,
            lanes,
            log_weight_rows: parts.log_weight_rows,
            log_weight_columns: parts.log_weight_columns,
            table: parts.table.clone(),
            large_tables: self.large_tables().to_vec(),
            tensors,
            layers: layers.map(|layer| batched_layer(layer, batched)).collect(),
            inputs: parts.inputs.clone(),
            outputs: parts.outputs.clone(),
        })
    }

    /// Lanes that the blind rows of the large tables need, of which one lane has room for two.
    fn least_lanes(&self) -> u32 {
        let tables = u32::try_from(self.large_tables().len()).unwrap_or(u32::MAX);
        tables.div_ceil(TABLES_OF_A_LANE)
    }

    fn check(&self, arrangement: &Arrangement) -> Result<(), ProgramError> {
        let inferences = arrangement.count();
        if !(1..=MAX_INFERENCES).contains(&inferences) {
            return Err(ProgramError::OutOfRange {
                what: "number of inferences",
                found: inferences.into(),
                least: 1,
                greatest: MAX_INFERENCES.into(),
            });
        }
        let mut least = 0;
        for tensor in arrangement.committed.iter().copied() {
            if tensor < least || !self.is_port(tensor) {
                return Err(ProgramError::Port { tensor });
            }
            least = tensor.saturating_add(1);
        }
        Ok(())
    }

    fn choose_log_rows(&self, tensors: &[Unplaced]) -> Result<u32, ProgramError> {
        let parts = self.parts();
        let alone = Layout {
            log_rows: parts.log_rows,
            lanes: parts.lanes.into(),
        };
        let limit = 2 * alone.bytes();
        let candidates = || {
            (parts.log_rows..=MAX_LOG)
                .filter(|log_rows| tensors.iter().all(|tensor| tensor.fits(*log_rows)))
                .map(|log_rows| layout(log_rows, tensors, self.least_lanes().into()))
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

/// Places the tensors: those that share lanes first, then every committed one in further lanes. Returns them in their order, and how
/// many lanes they take.
fn place_all(unplaced: Vec<Unplaced>, log_rows: u32) -> (Vec<Tensor>, u32) {
    let usual = log_rows.saturating_sub(LOG_BLOCKS_OF_A_LANE);
    let blocks = |tensor: &Tensor| {
        let bits = u32::try_from(tensor.bits()).unwrap_or(u32::MAX);
        1usize << bits.saturating_sub(usual).min(u32::BITS - 1)
    };
    let shared = unplaced.iter().filter(|t| t.inference_bits.is_none());
    let shared: Vec<Tensor> = shared.map(|unplaced| unplaced.tensor.clone()).collect();
    let (shared, mut lanes) = if shared.is_empty() {
        (shared, 0)
    } else {
        place(shared, log_rows, &blocks)
    };
    let mut shared = shared.into_iter();
    let mut tensors = Vec::with_capacity(unplaced.len());
    for unplaced in unplaced {
        if unplaced.inference_bits.is_none() {
            tensors.extend(shared.next());
            continue;
        }
        let blocks = 1usize << unplaced.log_blocks(log_rows).min(u32::BITS - 1);
        let (own, more) = place(alloc::vec![unplaced.tensor], log_rows, &|_| blocks);
        for mut tensor in own {
            for block in &mut tensor.blocks {
                block.lane = block.lane.saturating_add(lanes);
            }
            tensors.push(tensor);
        }
        lanes = lanes.saturating_add(more);
    }
    (tensors, lanes)
}

fn with_batch_axis(tensor: &Tensor, inferences: Option<u32>) -> Tensor {
    let axes = inferences.iter().chain(&tensor.positions);
    Tensor {
        positions: axes.copied().collect(),
        channels: tensor.channels,
        segment: tensor.segment,
        blocks: Vec::new(),
    }
}

fn batched_layer(layer: &Layer, batched: bool) -> Layer {
    // Every inference reads its own.
    let own = batched.then_some(AxisMap::IDENTITY);
    let term = |term: &Term| Term {
        source: term.source,
        maps: own.iter().chain(&term.maps).copied().collect(),
        exponent: term.exponent,
        weights: term.weights.clone(),
    };
    Layer {
        output: layer.output,
        limbs: layer.limbs.clone(),
        terms: layer.terms.iter().map(term).collect(),
        bias: layer.bias.clone(),
    }
}
