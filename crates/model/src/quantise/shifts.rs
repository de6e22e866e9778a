//! What each layer's accumulator is divided by, and the limbs of remainders that are larger than the table's range.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::function::Codes;
use super::{QuantiseError, fixed, products};
use crate::integer::{Extent, limb_widths};
use crate::layered::{FloatLayer, LayeredGraph, ScaleRule};

/// The shift of a layer in a graph with this shift: larger where the file gives the integers, and for sums of many products.
pub(super) fn of_layer(layer: &FloatLayer, codes: Codes, shift: u32) -> Result<u32, QuantiseError> {
    match &layer.scale {
        ScaleRule::Fixed(own) => fixed::layer_shift(layer, own, shift),
        ScaleRule::Products { count } => Ok(products::shift(shift, codes.bits(), *count)),
        ScaleRule::Free | ScaleRule::Follows(_) | ScaleRule::QuarterSquare { .. } => Ok(shift),
    }
}

/// Rows of the table that the limbs of the layers take.
pub(super) fn limb_rows(
    graph: &LayeredGraph,
    codes: Codes,
    shift: u32,
) -> Result<u64, QuantiseError> {
    let shifts = graph
        .layers
        .iter()
        .map(|layer| of_layer(layer, codes, shift));
    Ok(rows(&shifts.collect::<Result<Vec<u32>, _>>()?, shift))
}

/// Rows that the limbs of layers with these shifts take.
fn rows(shifts: &[u32], shift: u32) -> u64 {
    let widths = shifts.iter().flat_map(|own| limb_widths(shift, *own));
    let widths: BTreeSet<u32> = widths.collect();
    widths.into_iter().map(|width| 1u64 << width).sum()
}

/// The extent of every tensor, and of every limb.
pub(super) fn extents(
    graph: &LayeredGraph,
    codes: Codes,
    shift: u32,
) -> Result<Vec<Extent>, QuantiseError> {
    let tensors = graph.inputs.len() + graph.layers.len();
    let mut extents: Vec<Extent> = (0..tensors).map(|tensor| graph.extent(tensor)).collect();
    for layer in &graph.layers {
        let limbs = limb_widths(shift, of_layer(layer, codes, shift)?).len();
        extents.extend((0..limbs).map(|_| layer.extent.clone()));
    }
    Ok(extents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_width_of_limbs_has_rows_once() {
        // 10 + 10 + 10 + 5, 10 + 10 + 10 + 3 and none.
        assert_eq!(rows(&[35, 33, 35, 10], 10), 1024 + 32 + 8);
        assert_eq!(rows(&[10, 10], 10), 0);
    }
}
