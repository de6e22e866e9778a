//! What makes a layer fit its tensors and the weight matrix, and what it costs a verifier.

use super::validate::{MAX_SHIFT, count, within};
use super::{AxisMap, Layer, ProgramError, ProgramParts, Tensor, Term, Weights};
use crate::encoding::widen;

/// Field operations, and scalars of memory, that a verifier may be asked to spend on the layers' maps and runs.
pub(super) const MAX_MAP_WORK: u64 = 1 << 20;
/// What folding a run costs, counted in taps: a few logarithms of its columns and channels.
const WORK_OF_A_RUN: u64 = 16;
/// What a product over the bits of an axis costs for each.
const WORK_OF_A_BIT: u64 = 4;
/// A layer's whole shift: with shifted accumulators of 32 bits, far below the field's half.
const MAX_LAYER_SHIFT: u64 = 64;
/// With weights of 32 bits, a term's sums stay far below the field's half.
const MAX_EXPONENT: u64 = 64;
/// Biases of more than 64 bits serve no model.
const MAX_BIAS_COLUMNS: u64 = 3;

type Fits = Result<(), &'static str>;

fn require(holds: bool, otherwise: &'static str) -> Fits {
    if holds { Ok(()) } else { Err(otherwise) }
}

pub(super) fn validate_layer(
    parts: &ProgramParts,
    index: usize,
    layer: &Layer,
) -> Result<(), ProgramError> {
    let shift = fits(parts, layer).map_err(|what| ProgramError::Layer { index, what })?;
    within("shift of a layer", shift, 1, MAX_LAYER_SHIFT)?;
    let mut exponents = layer.terms.iter().map(|term| u64::from(term.exponent));
    exponents.try_for_each(|exponent| within("exponent of a term", exponent, 0, MAX_EXPONENT))
}

/// Checks everything that the layer names; returns its shift.
fn fits(parts: &ProgramParts, layer: &Layer) -> Result<u64, &'static str> {
    let Some(output) = parts.tensors.get(widen(layer.output)) else {
        return Err("the output does not exist");
    };
    let mut shift = u64::from(parts.table.shift);
    for limb in &layer.limbs {
        shift = shift.saturating_add(limb_bits(parts, output, *limb)?);
    }
    let columns = 1u64 << parts.log_weight_columns;
    let blocks = u64::from(output.channels).div_ceil(1 << parts.log_weight_rows);
    let biases = count(layer.bias.len());
    require(
        biases.is_multiple_of(blocks) && biases / blocks <= MAX_BIAS_COLUMNS,
        "there are not equally many bias columns, at most three, for each block of outputs",
    )?;
    require(
        layer.bias.iter().all(|column| u64::from(*column) < columns),
        "a bias column is outside the weight matrix",
    )?;
    for term in &layer.terms {
        let Some(source) = parts.tensors.get(widen(term.source)) else {
            return Err("a source does not exist");
        };
        term_fits(parts, term, (source, output))?;
    }
    Ok(shift)
}

/// The bits of a limb, by its segment: the identity on [0, 2^w).
fn limb_bits(parts: &ProgramParts, output: &Tensor, limb: u32) -> Result<u64, &'static str> {
    let Some(limb) = parts.tensors.get(widen(limb)) else {
        return Err("a limb does not exist");
    };
    require(
        limb.positions == output.positions && limb.channels == output.channels,
        "a limb does not have the extent of the output",
    )?;
    let segment = parts.table.segments.get(widen(limb.segment));
    let bits = segment.and_then(crate::table::Segment::range_bits);
    match bits {
        Some(bits) if (1..=MAX_SHIFT).contains(&bits) => Ok(bits.into()),
        _ => Err("the segment of a limb is not the identity on a power of two of values from zero"),
    }
}

fn term_fits(parts: &ProgramParts, term: &Term, (source, output): (&Tensor, &Tensor)) -> Fits {
    let axes = term.maps.len();
    require(
        axes == output.positions.len() && axes == source.positions.len(),
        "a source does not have the axes of the output",
    )?;
    term.maps.iter().try_for_each(map_fits)?;
    let height = 1u64 << parts.log_weight_rows;
    // How many columns a run has at most, and how many channels lie before those of the next block.
    let (width, step) = match &term.weights {
        Weights::Structural { channels, .. } => return map_fits(channels),
        Weights::Dense { .. } => (u64::from(source.channels), 0),
        Weights::BlockDiagonal { .. } => {
            require(
                source.channels == output.channels,
                "a block-diagonal term does not have as many channels as the output",
            )?;
            (height, height)
        }
    };
    let blocks = u64::from(output.channels).div_ceil(height);
    let taps = (term.maps.iter()).try_fold(1u64, |taps, map| taps.checked_mul(map.taps.into()));
    require(
        taps.and_then(|taps| taps.checked_mul(blocks)) == Some(count(term.runs().len())),
        "there is not one run for each block of outputs and tap",
    )?;
    let columns = 1u64 << parts.log_weight_columns;
    let taps = taps.unwrap_or(1).max(1);
    let channels = |run: u64| width.min(u64::from(source.channels) - step * (run / taps));
    require(
        (0u64..)
            .zip(term.runs())
            .all(|(index, run)| u64::from(*run) + channels(index) <= columns),
        "a run is outside the weight matrix",
    )
}

fn map_fits(map: &AxisMap) -> Fits {
    require(map.taps > 0, "an axis has no taps")?;
    require(map.divisor > 0, "an axis has the divisor zero")
}

/// Taps times cells of output and padded source along each axis, in each block: what evaluating the maps' sums costs.
pub(super) fn map_work(parts: &ProgramParts, layer: &Layer) -> u64 {
    let tensor = |index: u32| parts.tensors.get(widen(index));
    let Some(output) = tensor(layer.output) else {
        return 0;
    };
    let mut work = 0u64;
    for term in &layer.terms {
        let Some(source) = tensor(term.source) else {
            continue;
        };
        let mut axes = 0u64;
        let lengths = output.positions.iter().zip(&source.positions);
        for (map, (length, source_length)) in term.maps.iter().zip(lengths) {
            axes = axes.saturating_add(axis_work(map, *length, *source_length));
        }
        if let Weights::Structural { channels, .. } = &term.weights {
            axes = axes.saturating_add(axis_work(channels, output.channels, source.channels));
        }
        // Each run is folded once for each block of its source.
        let runs = count(term.runs().len()).saturating_mul(WORK_OF_A_RUN);
        let blocks = count(source.blocks.len());
        work = work.saturating_add(axes.saturating_add(runs).saturating_mul(blocks));
    }
    work
}

fn axis_work(map: &AxisMap, length: u32, source_length: u32) -> u64 {
    let padded = u64::from(source_length.next_power_of_two());
    if map.is_identity() && length == source_length {
        return WORK_OF_A_BIT * u64::from(padded.trailing_zeros() + 1);
    }
    let cells = padded.saturating_add(length.into());
    cells.saturating_mul(u64::from(map.taps).saturating_add(1))
}
