//! Tensors and where their cells lie.
//!
//! Every axis is padded to a power of two; channels run fastest, then the position axes from the last to the first. The cells
//! are cut into equal aligned blocks of lanes, one block unless the tensor is larger than half a column. So a tensor's cells
//! are a subcube of the rows of each of its blocks, and a functional on it is a product over its axes.

use alloc::vec::Vec;

use crate::curve::Fr;
use crate::encoding::widen;

/// An aligned range of rows of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The lane.
    pub lane: u32,
    /// The first row, a multiple of the block's size.
    pub base: u32,
}

/// A tensor of cells (rem, pre, out) with one table segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Lengths of the position axes, slowest first; may be empty.
    pub positions: Vec<u32>,
    /// Length of the channel axis.
    pub channels: u32,
    /// The table segment whose function gives `out`.
    pub segment: u32,
    /// Where the cells lie: a power of two of blocks of equal size, in the order of the slowest bits.
    pub blocks: Vec<Block>,
}

/// Bits that number `length` padded cells.
pub(crate) fn axis_bits(length: u32) -> usize {
    widen(length.max(1).next_power_of_two().trailing_zeros())
}

impl Tensor {
    /// Bits of the channel axis.
    pub fn channel_bits(&self) -> usize {
        axis_bits(self.channels)
    }

    /// Bits of all position axes.
    pub fn position_bits(&self) -> usize {
        self.positions.iter().map(|length| axis_bits(*length)).sum()
    }

    /// Bits that number the padded cells.
    pub fn bits(&self) -> usize {
        self.channel_bits() + self.position_bits()
    }

    /// Bits that number the cells of one block.
    pub fn block_bits(&self) -> usize {
        let blocks = widen(self.blocks.len().max(1).trailing_zeros());
        self.bits().saturating_sub(blocks)
    }

    /// Valid cells.
    pub fn cells(&self) -> usize {
        let positions: usize = self.positions.iter().map(|length| widen(*length)).product();
        positions * widen(self.channels)
    }

    /// Lengths and bits of the axes in the order of the row bits: channels first, then positions from the last.
    pub(crate) fn axes(&self) -> impl Iterator<Item = (u32, usize)> + '_ {
        core::iter::once(&self.channels)
            .chain(self.positions.iter().rev())
            .map(|length| (*length, axis_bits(*length)))
    }

    /// The valid cells, in the order of a row-major array of shape (positions…, channels), in pieces that lie in consecutive rows of one
    /// lane: the channels of a position, unless blocks cut them.
    #[expect(
        clippy::indexing_slicing,
        reason = "only a prover asks, for blocks of the tensor"
    )]
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        let channels = widen(self.channels);
        let size = 1usize << self.block_bits();
        let positions: usize = self.positions.iter().map(|length| widen(*length)).product();
        // Blocks are as long as a power of two, and so is the room for the channels.
        let step = size.min(1 << self.channel_bits());
        (0..positions).flat_map(move |position| {
            let base = self.padded_position(position) << self.channel_bits();
            (0..channels).step_by(step).map(move |channel| {
                let index = base + channel;
                let block = self.blocks[index / size];
                Piece {
                    position,
                    channel,
                    length: step.min(channels - channel),
                    lane: widen(block.lane),
                    row: widen(block.base) + index % size,
                }
            })
        })
    }

    /// The padded number of a valid position, from its row-major number.
    pub(crate) fn padded_position(&self, mut position: usize) -> usize {
        let (mut padded, mut shift) = (0, 0);
        for length in self.positions.iter().rev() {
            padded |= (position % widen(*length)) << shift;
            position /= widen(*length);
            shift += axis_bits(*length);
        }
        padded
    }

    /// For each block: its lane, eq of the row point's high bits with its base, and the tensor's own point, whose high bits
    /// are the block's number.
    ///
    /// With the number of the block as 0 and 1 among the coordinates, every functional evaluates block by block as if the
    /// tensor lay in one piece.
    pub(crate) fn block_points(&self, r: &[Fr]) -> Vec<BlockPoint> {
        use crate::poly::multilinear::eq_index;
        let (low, high) = r.split_at(self.block_bits().min(r.len()));
        self.blocks
            .iter()
            .enumerate()
            .map(|(number, block)| {
                let mut point = low.to_vec();
                let number_bits = self.bits() - low.len();
                point.extend((0..number_bits).map(|bit| Fr::from((number >> bit) & 1 == 1)));
                BlockPoint {
                    lane: widen(block.lane),
                    prefix: eq_index(high, u64::from(block.base) >> low.len()),
                    point,
                }
            })
            .collect()
    }
}

/// Neighbouring channels of one valid position, in consecutive rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The row-major number of the position.
    pub(crate) position: usize,
    /// The first channel.
    pub(crate) channel: usize,
    /// How many channels.
    pub(crate) length: usize,
    /// The lane.
    pub(crate) lane: usize,
    /// The row of the first channel.
    pub(crate) row: usize,
}

/// A block seen from a point of the row space.
#[derive(Clone, Debug)]
pub(crate) struct BlockPoint {
    /// The block's lane.
    pub(crate) lane: usize,
    /// The weight of the block among the rows.
    pub(crate) prefix: Fr,
    /// The point in the tensor's own coordinates.
    pub(crate) point: Vec<Fr>,
}
