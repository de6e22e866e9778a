//! What each layer's accumulator is divided by, and the limbs of remainders that are larger than the table's range.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::function::Codes;
use super::{QuantiseError, fixed, products};
use crate::integer::{Extent, limb_widths};
use crate::layered::{FloatLayer, LayeredGraph, ScaleRule};

/// What accumulators are divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shifts {
    /// Base-2 logarithm of the number of remainders in the table, the least shift of a layer.
    pub(super) columns: u32,
    /// The shift of layers whose scale is free.
    pub(super) free: u32,
}

impl Shifts {
    /// One shift for all layers.
    pub(super) fn same(shift: u32) -> Self {
        Self {
            columns: shift,
            free: shift,
        }
    }

    /// The shift of a layer: larger than the table's where the file gives the integers, for sums of many products, and for fine weights.
    /// What follows is exact whatever the shift, so it does without limbs.
    pub(super) fn of_layer(self, layer: &FloatLayer, codes: Codes) -> Result<u32, QuantiseError> {
        match &layer.scale {
            ScaleRule::Fixed(own) => fixed::layer_shift(layer, own, self.columns),
            ScaleRule::Products { count } => {
                Ok(products::shift(self.columns, codes.bits(), *count))
            }
            ScaleRule::Free if layer.gathered.is_none() => Ok(self.free),
            ScaleRule::Free | ScaleRule::Follows(_) | ScaleRule::QuarterSquare { .. } => {
                Ok(self.columns)
            }
        }
    }

    /// The widths of all limbs of the layers' remainders.
    fn limbs(self, graph: &LayeredGraph, codes: Codes) -> Result<Vec<Vec<u32>>, QuantiseError> {
        let layers = graph.layers.iter();
        layers
            .map(|layer| Ok(limb_widths(self.columns, self.of_layer(layer, codes)?)))
            .collect()
    }

    /// Rows of the table that the limbs of the layers take, together with those of these widths.
    pub(super) fn limb_rows(
        self,
        graph: &LayeredGraph,
        codes: Codes,
        others: impl Iterator<Item = u32>,
    ) -> Result<u64, QuantiseError> {
        let own = self.limbs(graph, codes)?;
        Ok(rows(own.into_iter().flatten().chain(others)))
    }

    /// The extent of every tensor, and of every limb.
    pub(super) fn extents(
        self,
        graph: &LayeredGraph,
        codes: Codes,
    ) -> Result<Vec<Extent>, QuantiseError> {
        let tensors = graph.inputs.len() + graph.layers.len();
        let mut extents: Vec<Extent> = (0..tensors).map(|tensor| graph.extent(tensor)).collect();
        for (layer, limbs) in graph.layers.iter().zip(self.limbs(graph, codes)?) {
            extents.extend(limbs.iter().map(|_| layer.extent.clone()));
        }
        Ok(extents)
    }
}

/// Rows of limbs of such widths: each width has its rows once.
fn rows(widths: impl Iterator<Item = u32>) -> u64 {
    let widths: BTreeSet<u32> = widths.collect();
    widths.into_iter().map(|width| 1u64 << width).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_width_of_limbs_has_rows_once() {
        // 10 + 10 + 10 + 5, 10 + 10 + 10 + 3 and none.
        let widths = [35, 33, 35, 10].map(|shift| limb_widths(10, shift));
        assert_eq!(rows(widths.into_iter().flatten()), 1024 + 32 + 8);
        assert_eq!(rows(core::iter::empty()), 0);
    }
}
