//! Where the tensors lie in the lanes.

use alloc::vec::Vec;

use tensorseal_protocol::program::{Block, RANDOM_ROWS, Tensor};

/// Tensors with their blocks, and how many lanes they take.
pub(super) struct Placement {
    pub(super) tensors: Vec<Tensor>,
    pub(super) lanes: u32,
}

/// Places the largest tensors first, each block into the first lane with room: sizes are powers of two and descend, so blocks are
/// aligned without gaps. A tensor of more than half a column takes several blocks.
pub(super) fn place(mut tensors: Vec<Tensor>, log_rows: u32) -> Placement {
    let half = 1usize << log_rows.saturating_sub(1);
    let end = (1u64 << log_rows) - RANDOM_ROWS;
    let size = |tensor: &Tensor| 1usize << tensor.bits();
    let mut order: Vec<usize> = (0..tensors.len()).collect();
    order.sort_by_key(|index| core::cmp::Reverse(size(&tensors[*index])));
    // The first free row of each lane.
    let mut free: Vec<u32> = alloc::vec![0];
    for index in order {
        let blocks = size(&tensors[index]).div_ceil(half);
        let rows = size(&tensors[index]) / blocks;
        for _ in 0..blocks {
            let fits = |base: &u32| u64::from(*base) + rows as u64 <= end;
            let lane = free.iter().position(fits).unwrap_or_else(|| {
                free.push(0);
                free.len() - 1
            });
            tensors[index].blocks.push(Block {
                lane: super::index(lane),
                base: free[lane],
            });
            free[lane] += super::index(rows);
        }
    }
    Placement {
        tensors,
        lanes: super::index(free.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(channels: u32) -> Tensor {
        Tensor {
            positions: Vec::new(),
            channels,
            segment: 0,
            blocks: Vec::new(),
        }
    }

    #[test]
    fn a_small_network_takes_one_lane() {
        let placed = place([784, 128, 10].map(tensor).to_vec(), 12);
        assert_eq!(placed.lanes, 1);
        let bases: Vec<u32> = placed.tensors.iter().map(|t| t.blocks[0].base).collect();
        assert_eq!(bases, [0, 1024, 1152]);
    }

    #[test]
    fn a_tensor_of_more_than_half_a_column_is_split() {
        let placed = place([200, 60].map(tensor).to_vec(), 7);
        assert_eq!(placed.tensors[0].blocks.len(), 4);
        // A second block of 64 rows would reach the random rows.
        assert_eq!(placed.lanes, 5);
        assert_eq!(placed.tensors[1].blocks[0].lane, 4);
    }
}
