//! Where the tensors lie in the lanes.

use alloc::vec::Vec;

use super::{Block, RANDOM_ROWS, Tensor};
use crate::encoding::widen;

/// Places every tensor in as many equal blocks as `blocks_of` says, a power of two. Returns the tensors with their blocks, and how
/// many lanes they take.
///
/// The largest blocks come first, each into the first lane with room: sizes are powers of two and descend, so blocks are aligned
/// without gaps.
pub fn place(
    mut tensors: Vec<Tensor>,
    log_rows: u32,
    blocks_of: &dyn Fn(&Tensor) -> usize,
) -> (Vec<Tensor>, u32) {
    let end = (1u64 << log_rows) - RANDOM_ROWS;
    // The first free row of each lane.
    let mut free: Vec<u64> = alloc::vec![0];
    for log_size in (0..=log_rows).rev() {
        let rows = 1u64 << log_size;
        for tensor in &mut tensors {
            let blocks = blocks_of(tensor);
            if tensor.bits() != widen(log_size + blocks.trailing_zeros()) {
                continue;
            }
            let mut lane = 0;
            for _ in 0..blocks {
                while free.get(lane).is_some_and(|base| base + rows > end) {
                    lane += 1;
                }
                if lane == free.len() {
                    free.push(0);
                }
                if let Some(base) = free.get_mut(lane) {
                    tensor.blocks.push(Block {
                        lane: narrow(u64::try_from(lane).unwrap_or(u64::MAX)),
                        base: narrow(*base),
                    });
                    *base += rows;
                }
            }
        }
    }
    let lanes = narrow(u64::try_from(free.len()).unwrap_or(u64::MAX));
    (tensors, lanes)
}

/// Rows and lanes, which validation bounds far below this.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
