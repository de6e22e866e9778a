//! Limbs: the remainder of a layer whose shift is larger than the graph's, cut into parts that the table can hold.
//!
//! A remainder in `[0, 2^S)` is `rem + 2^s * limb1 + 2^(2s) * limb2 + ...` with `rem` and all limbs but the last in `[0, 2^s)`, where `s` is
//! the graph's shift. Each limb is a tensor of the proof as large as the layer's output. Limbs are also how packed numbers are taken apart:
//! a layer may have limbs of a width of its own, and later layers may read them.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::{IntegerGraph, IntegerLayer};

/// The largest shift of a layer.
pub const MAX_LAYER_SHIFT: u32 = 60;

/// The bits of each limb of a layer that divides by `2^layer_shift` in a graph that divides by `2^shift`, the lowest limb first: none where
/// both are the same, or where a graph with such shifts is refused.
#[must_use]
pub fn limb_widths(shift: u32, layer_shift: u32) -> Vec<u32> {
    let mut widths = Vec::new();
    if shift == 0 || layer_shift > MAX_LAYER_SHIFT {
        return widths;
    }
    let mut rest = layer_shift.saturating_sub(shift);
    while rest > 0 {
        let width = rest.min(shift);
        widths.push(width);
        rest -= width;
    }
    widths
}

/// Cuts a remainder into its lowest `shift` bits and its limbs.
#[must_use]
pub fn cut(remainder: i64, shift: u32, widths: &[u32]) -> (i64, Vec<i64>) {
    let mut rest = remainder;
    let mut low = |bits: u32| {
        let part = rest & ((1 << bits) - 1);
        rest >>= bits;
        part
    };
    let first = low(shift);
    (first, widths.iter().map(|width| low(*width)).collect())
}

impl IntegerGraph {
    /// The bits of each limb of a layer, the lowest first.
    #[must_use]
    pub fn limbs(&self, layer: &IntegerLayer) -> Vec<u32> {
        let Some(bits) = layer.limb_bits else {
            return limb_widths(self.shift, layer.shift);
        };
        let rest = layer.shift.saturating_sub(self.shift);
        let count = rest.checked_div(bits).unwrap_or(0);
        alloc::vec![bits; count as usize]
    }

    /// The widths of all limbs, each once, in ascending order: for each of them the table has a segment of its own behind the graph's.
    #[must_use]
    pub fn limb_ranges(&self) -> Vec<u32> {
        let widths = self.layers.iter().flat_map(|layer| self.limbs(layer));
        widths.collect::<BTreeSet<u32>>().into_iter().collect()
    }

    /// The layer and the number of the limb that is tensor `index`; `None` when the tensor is none.
    #[must_use]
    pub fn limb(&self, index: usize) -> Option<Limb> {
        let mut number = index.checked_sub(self.tensor_count())?;
        for (layer, own) in self.layers.iter().enumerate() {
            let widths = self.limbs(own);
            if let Some(bits) = widths.get(number) {
                let below: u32 = widths.iter().take(number).sum();
                return Some(Limb {
                    layer,
                    bits: *bits,
                    below: self.shift + below,
                });
            }
            number -= widths.len();
        }
        None
    }
}

/// A limb of a layer's remainders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limb {
    /// Index of the layer.
    pub layer: usize,
    /// How many bits it has.
    pub bits: u32,
    /// How many bits of the remainder are below it.
    pub below: u32,
}

impl Limb {
    /// The limb of a remainder.
    #[must_use]
    pub fn of(self, remainder: i64) -> i64 {
        (remainder >> self.below) & ((1 << self.bits) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_add_up_and_none_is_wider_than_the_shift() {
        for shift in 1..24 {
            for layer in shift..=MAX_LAYER_SHIFT {
                let widths = limb_widths(shift, layer);
                assert_eq!(shift + widths.iter().sum::<u32>(), layer);
                assert!(widths.iter().all(|width| (1..=shift).contains(width)));
                let (_, full) = widths.split_last().unwrap_or((&0, &[]));
                assert!(full.iter().all(|width| *width == shift));
            }
        }
        for (shift, layer) in [(0, 5), (0, 0), (7, 3), (7, 61), (1, u32::MAX)] {
            assert!(limb_widths(shift, layer).is_empty());
        }
    }

    #[test]
    fn the_parts_of_a_remainder_make_it_up() {
        let widths = limb_widths(12, 33);
        assert_eq!(widths, [12, 9]);
        for remainder in [0, 1, 4095, 4096, (1 << 33) - 1, 0x1_2345_6789] {
            let (low, limbs) = cut(remainder, 12, &widths);
            assert_eq!(low + (limbs[0] << 12) + (limbs[1] << 24), remainder);
            assert!(low < 1 << 12 && limbs[0] < 1 << 12 && limbs[1] < 1 << 9);
        }
    }
}
