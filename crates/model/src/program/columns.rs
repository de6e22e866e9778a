//! How long the columns are, and where the tensors lie in them.
//!
//! Long columns waste rows on few cells, short ones need many lanes. Proving costs about as many full-width group operations as a lane
//! has rows, for its lookup helper, a third of that for its cells, and four more columns of full height; a proof grows by eight
//! elements with each lane.

use alloc::vec::Vec;

use tensorseal_protocol::program::{Block, Tensor, place};

use crate::integer::{Extent, MAX_LOG_ROWS, RESERVED_ROWS};

/// Least logarithm of the rows that the proof system takes.
const MIN_LOG_ROWS: u32 = 6;
/// Most lanes that the proof system takes.
const MAX_LANES: u32 = 256;
/// Bytes of a proof that are worth half as much work again to stay within.
const SMALL_PROOF: u64 = 4032;
/// Bytes of a proof that are worth any work to stay within.
const LARGE_PROOF: u64 = 6144;
/// What a row of a large table costs that a proof uses, in thirds of a group operation with a full-width scalar: the table's side of
/// PROTOCOL §11 is about ten sums of as many points as there are such rows.
pub(crate) const COST_OF_A_LARGE_ROW: u64 = 30;
/// Least logarithm of the rows that the quantiser takes.
pub(crate) const LEAST_LOG_ROWS: u32 = 11;
/// Halves, quarters, eighths, sixteenths of a column are tried for tensors larger than that.
const MAX_CUTS: u32 = 4;

/// Tensors in columns of some length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Base-2 logarithm of the rows of a column.
    pub log_rows: u32,
    /// Lanes, each of three columns.
    pub lanes: u32,
    /// Per tensor, where its cells lie.
    pub(super) blocks: Vec<Vec<Block>>,
}

impl Columns {
    /// The tensors in columns of `2^log_rows` rows, in as few lanes as can be; `None` when they need too many.
    #[must_use]
    pub fn new(extents: &[Extent], log_rows: u32) -> Option<Self> {
        let least = Self::least_lanes(extents, log_rows);
        if least > u64::from(MAX_LANES) {
            return None;
        }
        let cut = |cut: u32| Self::cut(extents, log_rows, log_rows.checked_sub(cut)?);
        let all = (1..=MAX_CUTS).filter_map(cut);
        all.min_by_key(|columns| columns.lanes)
            .filter(|columns| columns.lanes <= MAX_LANES)
    }

    /// Every length of columns that holds the tensors, the best first: by what proving costs, and by the size of proofs.
    #[must_use]
    pub fn candidates(extents: &[Extent]) -> Vec<Self> {
        let mut all: Vec<Self> = (MIN_LOG_ROWS..=MAX_LOG_ROWS)
            .filter_map(|log_rows| Self::new(extents, log_rows))
            .collect();
        all.sort_by_key(|columns| columns.preference(0));
        all
    }

    /// The less, the better: what proving costs, the columns and what comes on top, and the size of proofs.
    #[must_use]
    pub fn preference(&self, on_top: u64) -> (bool, u64) {
        let bytes = self.proof_bytes();
        let weight = if bytes > SMALL_PROOF { 3 } else { 2 };
        let cost = self.cost().saturating_add(on_top);
        (bytes > LARGE_PROOF, cost.saturating_mul(weight))
    }

    /// Bytes of a proof's argument.
    #[must_use]
    pub fn proof_bytes(&self) -> u64 {
        Self::proof_bytes_of(self.lanes, self.log_rows, 0)
    }

    /// What proving costs, in thirds of a group operation with a full-width scalar.
    #[must_use]
    pub fn cost(&self) -> u64 {
        Self::cost_of(self.lanes, self.log_rows)
    }

    pub(super) fn cost_of(lanes: u32, log_rows: u32) -> u64 {
        (4 * u64::from(lanes) + 12) << log_rows
    }

    pub(crate) fn proof_bytes_of(lanes: u32, log_rows: u32, large_tables: usize) -> u64 {
        let columns = 8 * u64::from(lanes) + 16 + 5 * u64::from(log_rows);
        let large = match large_tables {
            0 => 0,
            tables => 5 * tables as u64 + 1,
        };
        32 * (columns + large)
    }

    fn least_lanes(extents: &[Extent], log_rows: u32) -> u64 {
        let cells = extents
            .iter()
            .map(|extent| padded(extent).map_or(u64::MAX, |bits| 1 << bits))
            .fold(0u64, u64::saturating_add);
        cells.div_ceil((1u64 << log_rows) - RESERVED_ROWS)
    }

    /// Tensors larger than `2^log_block` cells in several blocks.
    fn cut(extents: &[Extent], log_rows: u32, log_block: u32) -> Option<Self> {
        let tensors: Option<Vec<Tensor>> = extents.iter().map(|extent| tensor(extent, 0)).collect();
        let (placed, lanes) = place(tensors?, log_rows, &|tensor: &Tensor| {
            1 << tensor.bits().saturating_sub(log_block as usize)
        });
        Some(Self {
            log_rows,
            lanes,
            blocks: placed.into_iter().map(|tensor| tensor.blocks).collect(),
        })
    }
}

/// A tensor without a place; `None` when it is too large for the proof system.
pub(super) fn tensor(extent: &Extent, segment: usize) -> Option<Tensor> {
    padded(extent)?;
    let length = |length: &usize| u32::try_from(*length).ok();
    Some(Tensor {
        positions: extent
            .positions
            .iter()
            .map(length)
            .collect::<Option<Vec<u32>>>()?,
        channels: length(&extent.channels)?,
        segment: u32::try_from(segment).ok()?,
        blocks: Vec::new(),
    })
}

/// Logarithm of a tensor's cells with every axis padded to a power of two, `None` beyond the proof system's limit.
pub(super) fn padded(extent: &Extent) -> Option<u32> {
    let axes = extent.positions.iter().chain([&extent.channels]);
    let bits = axes.map(|length| {
        length
            .checked_next_power_of_two()
            .map(usize::trailing_zeros)
    });
    bits.sum::<Option<u32>>()
        .filter(|bits| *bits <= MAX_LOG_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(channels: &[usize]) -> Vec<Extent> {
        channels
            .iter()
            .map(|&channels| Extent::flat(channels))
            .collect()
    }

    #[test]
    fn a_small_network_takes_one_lane() {
        let columns = Columns::new(&flat(&[784, 128, 10]), 12).unwrap();
        assert_eq!(columns.lanes, 1);
        let bases: Vec<u32> = columns.blocks.iter().map(|blocks| blocks[0].base).collect();
        assert_eq!(bases, [0, 1024, 1152]);
        // The longest columns are never the best.
        let best = Columns::candidates(&flat(&[784, 128, 10])).swap_remove(0);
        assert_eq!((best.log_rows, best.lanes), (8, 5));
    }

    #[test]
    fn a_tensor_of_more_than_half_a_column_is_cut() {
        let image = Extent {
            positions: alloc::vec![28, 28],
            channels: 6,
        };
        // 8192 padded cells: three quarters of each column are usable at least.
        let columns = Columns::new(&[image], 12).unwrap();
        assert_eq!(columns.lanes, 3);
        assert!(columns.blocks[0].len() >= 4);
    }

    #[test]
    fn smaller_proofs_are_worth_some_work() {
        let images = |count: usize, side: usize, channels: usize| -> Vec<Extent> {
            let positions = alloc::vec![side, side];
            let image = Extent {
                positions,
                channels,
            };
            (0..count).map(|_| image.clone()).collect()
        };
        let best = |extents: &[Extent]| Columns::candidates(extents).swap_remove(0);
        let small = best(&images(4, 28, 6));
        assert!(small.proof_bytes() <= SMALL_PROOF);
        // Here it would cost much more.
        let large = best(&images(8, 32, 32));
        assert!((SMALL_PROOF + 1..=LARGE_PROOF).contains(&large.proof_bytes()));
        assert!(Columns::new(&[Extent::flat(1 << 28)], 12).is_none());
        assert!(Columns::candidates(&[Extent::flat((1 << 28) + 1)]).is_empty());
    }
}
