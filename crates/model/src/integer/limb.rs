//! Limbs: the remainder of a layer whose shift is larger than the graph's, cut into parts that the table can hold.
//!
//! A remainder in `[0, 2^S)` is `rem + 2^s * limb1 + 2^(2s) * limb2 + ...` with `rem` and all limbs but the last in `[0, 2^s)`, where `s` is
//! the graph's shift. Each limb is a tensor of the proof as large as the layer's output. Limbs are also how packed numbers are taken apart:
//! a layer may have limbs of a width of its own, and later layers may read them.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::{Extent, IntegerGraph, IntegerLayer, MAX_SHIFT};

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
    /// The bits of each limb of a layer, the lowest first: none where a graph with such a layer is refused.
    #[must_use]
    pub fn limbs(&self, layer: &IntegerLayer) -> Vec<u32> {
        let Some(bits) = layer.limb_bits else {
            return limb_widths(self.shift, layer.shift);
        };
        if layer.shift > MAX_LAYER_SHIFT || !(1..=MAX_SHIFT).contains(&bits) {
            return Vec::new();
        }
        let rest = layer.shift.saturating_sub(self.shift);
        alloc::vec![bits; (rest / bits) as usize]
    }

    /// The widths of all limbs, each once, in ascending order: for each of them the table has a segment of its own behind the graph's.
    #[must_use]
    pub fn limb_ranges(&self) -> Vec<u32> {
        let widths = self.layers.iter().flat_map(|layer| self.limbs(layer));
        widths.collect::<BTreeSet<u32>>().into_iter().collect()
    }

    /// Where the limbs of all layers stand among the tensors.
    #[must_use]
    pub fn limb_list(&self) -> LimbList {
        let layers = self.layers.iter().enumerate();
        let limbs = layers.flat_map(|(layer, own)| {
            let mut below = self.shift;
            self.limbs(own).into_iter().map(move |bits| {
                below += bits;
                Limb {
                    layer,
                    bits,
                    below: below - bits,
                }
            })
        });
        LimbList {
            first: self.tensor_count(),
            limbs: limbs.collect(),
        }
    }
}

/// The limbs of all layers, which are tensors behind those of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimbList {
    /// The tensor that is the first limb.
    first: usize,
    limbs: Vec<Limb>,
}

impl LimbList {
    /// The limb that is tensor `index`; `None` when the tensor is none.
    #[must_use]
    pub fn limb(&self, index: usize) -> Option<Limb> {
        self.limbs.get(index.checked_sub(self.first)?).copied()
    }

    /// The extent of tensor `index` of the graph, which may be a limb; `None` when there is no such tensor.
    #[must_use]
    pub fn extent(&self, graph: &IntegerGraph, index: usize) -> Option<Extent> {
        match self.limb(index) {
            Some(limb) => Some(graph.layers.get(limb.layer)?.extent.clone()),
            None => graph.extent(index),
        }
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
