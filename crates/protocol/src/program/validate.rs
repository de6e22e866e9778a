//! What makes a description a program.

use alloc::collections::BinaryHeap;
use alloc::vec;
use core::fmt;

use super::tensor::axis_bits;
use super::{Layer, Program, ProgramParts, RANDOM_ROWS, Tensor, Term};
use crate::encoding::widen;
use crate::table::{Outputs, Segment};

/// Rows, R·C and every other size stay below two to this power.
pub(super) const MAX_LOG: u32 = 28;
const MIN_LOG_ROWS: u32 = 6;
pub(super) const MAX_LANES: u32 = 256;
const MAX_AXES: usize = 8;
/// Remainders below 2^24 keep every accumulator of an honest model far below the field's half.
const MAX_SHIFT: u32 = 24;
const MAX_PORTS: usize = 256;
/// Field operations, and scalars of memory, that a verifier may be asked to spend on the layers' maps and runs.
const MAX_MAP_WORK: u64 = 1 << 20;

/// Why a description is not a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgramError {
    /// A number is outside the range that the protocol allows.
    OutOfRange {
        /// What the number is.
        what: &'static str,
        /// Its value.
        found: u64,
        /// The least allowed.
        least: u64,
        /// The greatest allowed.
        greatest: u64,
    },
    /// The table has more rows than fit below the random rows.
    TableTooLong {
        /// Rows of the table.
        rows: u64,
        /// Rows that there are.
        available: u64,
    },
    /// A table segment is empty, inverted, of the wrong length, or does not contain zero.
    Segment {
        /// Its index.
        index: usize,
    },
    /// A block is not aligned, not of the tensor's size, or reaches the random rows.
    Block {
        /// The tensor.
        tensor: usize,
    },
    /// Two blocks of one lane overlap.
    Overlap {
        /// The lane.
        lane: u32,
        /// The first row that both claim.
        row: u32,
    },
    /// A layer's source, axes, runs or biases do not fit its output or the weight matrix.
    Layer {
        /// Its index.
        index: usize,
        /// What does not fit.
        what: &'static str,
    },
    /// A tensor is computed by no layer and is no input, or is computed twice, or an input is computed.
    Origin {
        /// The tensor.
        tensor: usize,
    },
    /// An input or output names a tensor that does not exist, or one is named twice.
    Port {
        /// The tensor.
        tensor: u32,
    },
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange {
                what,
                found,
                least,
                greatest,
            } => write!(f, "{what} is {found}, not between {least} and {greatest}"),
            Self::TableTooLong { rows, available } => {
                write!(f, "the table has {rows} rows where {available} are free")
            }
            Self::Segment { index } => write!(f, "table segment {index} is malformed"),
            Self::Block { tensor } => write!(f, "the blocks of tensor {tensor} are misplaced"),
            Self::Overlap { lane, row } => {
                write!(f, "two blocks of lane {lane} overlap at row {row}")
            }
            Self::Layer { index, what } => write!(f, "layer {index}: {what}"),
            Self::Origin { tensor } => write!(
                f,
                "tensor {tensor} is not either an input or the output of one layer"
            ),
            Self::Port { tensor } => write!(f, "tensor {tensor} cannot be an input or output"),
        }
    }
}

impl core::error::Error for ProgramError {}

impl Program {
    /// Validates the parts.
    ///
    /// # Errors
    ///
    /// [`ProgramError`] names the first thing that is wrong.
    ///
    /// # Soundness
    ///
    /// After this, every tensor is an input or the output of exactly one earlier-sourced layer, blocks do not overlap and lie
    /// below the random rows, table rows are distinct, and all sizes are bounded, so no later computation overflows.
    pub fn new(parts: ProgramParts) -> Result<Self, ProgramError> {
        sizes(&parts)?;
        table(&parts)?;
        for (index, tensor) in parts.tensors.iter().enumerate() {
            validate_tensor(&parts, index, tensor)?;
        }
        overlaps(&parts)?;
        origins(&parts)?;
        let mut work = 0u64;
        for (index, layer) in parts.layers.iter().enumerate() {
            validate_layer(&parts, index, layer)?;
            work = map_work(&parts, layer).saturating_add(work);
            within("work for maps and runs", work, 0, MAX_MAP_WORK)?;
        }
        Ok(Self { parts })
    }
}

fn within(what: &'static str, found: u64, least: u64, greatest: u64) -> Result<(), ProgramError> {
    if (least..=greatest).contains(&found) {
        return Ok(());
    }
    Err(ProgramError::OutOfRange {
        what,
        found,
        least,
        greatest,
    })
}

fn sizes(parts: &ProgramParts) -> Result<(), ProgramError> {
    let limits = [
        ("log of the rows", parts.log_rows, MIN_LOG_ROWS, MAX_LOG),
        ("number of lanes", parts.lanes, 1, MAX_LANES),
        ("log of the weight rows", parts.log_weight_rows, 0, MAX_LOG),
        (
            "log of the weight columns",
            parts.log_weight_columns,
            1,
            MAX_LOG,
        ),
        ("shift", parts.table.shift, 1, MAX_SHIFT),
    ];
    for (what, found, least, greatest) in limits {
        within(what, found.into(), least.into(), greatest.into())?;
    }
    within(
        "log of the weight matrix",
        (parts.log_weight_rows + parts.log_weight_columns).into(),
        1,
        MAX_LOG.into(),
    )
}

fn table(parts: &ProgramParts) -> Result<(), ProgramError> {
    let available = (1u64 << parts.log_rows) - RANDOM_ROWS;
    let rows = parts.table.len();
    if rows > available {
        return Err(ProgramError::TableTooLong { rows, available });
    }
    for (index, segment) in parts.table.segments.iter().enumerate() {
        if !well_formed(segment) {
            return Err(ProgramError::Segment { index });
        }
    }
    Ok(())
}

/// Zero must have a row: padded cells hold it.
fn well_formed(segment: &Segment) -> bool {
    let end = i64::from(segment.start) + i64::from(segment.length);
    let outputs = match &segment.outputs {
        Outputs::Clamp { low, high } => low <= high,
        Outputs::Values(values) => values.len() == widen(segment.length),
    };
    segment.start <= 0 && end > 0 && end <= i32::MAX.into() && outputs
}

/// What folding a run costs, counted in taps: a few logarithms of its columns and channels.
const WORK_OF_A_RUN: u64 = 16;

fn validate_tensor(
    parts: &ProgramParts,
    index: usize,
    tensor: &Tensor,
) -> Result<(), ProgramError> {
    let misplaced = ProgramError::Block { tensor: index };
    within(
        "number of axes",
        count(tensor.positions.len()),
        0,
        count(MAX_AXES),
    )?;
    let mut bits = 0;
    for length in tensor.positions.iter().chain([&tensor.channels]) {
        within("length of an axis", (*length).into(), 1, 1 << MAX_LOG)?;
        bits += axis_bits(*length);
    }
    within(
        "log of a tensor's padded cells",
        count(bits),
        0,
        MAX_LOG.into(),
    )?;
    let segments = count(parts.table.segments.len());
    if u64::from(tensor.segment) >= segments {
        return Err(ProgramError::Segment {
            index: widen(tensor.segment),
        });
    }
    let blocks = tensor.blocks.len();
    if !blocks.is_power_of_two() || bits < widen(blocks.trailing_zeros()) {
        return Err(misplaced);
    }
    let block_bits = tensor.block_bits();
    if block_bits >= widen(parts.log_rows) {
        return Err(misplaced);
    }
    let size = 1u64 << block_bits;
    let end = (1u64 << parts.log_rows) - RANDOM_ROWS;
    for block in &tensor.blocks {
        let base = u64::from(block.base);
        if block.lane >= parts.lanes || base % size != 0 || base + size > end {
            return Err(misplaced);
        }
    }
    Ok(())
}

fn overlaps(parts: &ProgramParts) -> Result<(), ProgramError> {
    // A heap sorts with the least code, which browsers download.
    let mut ranges: BinaryHeap<(u32, u32, u64)> = BinaryHeap::new();
    for tensor in &parts.tensors {
        let size = 1u64 << tensor.block_bits();
        for block in &tensor.blocks {
            ranges.push((block.lane, block.base, u64::from(block.base) + size));
        }
    }
    let mut after: Option<(u32, u32)> = None;
    while let Some((lane, base, end)) = ranges.pop() {
        if let Some((next_lane, row)) = after
            && lane == next_lane
            && end > u64::from(row)
        {
            return Err(ProgramError::Overlap { lane, row });
        }
        after = Some((lane, base));
    }
    Ok(())
}

/// Every tensor is an input, or the output of one layer whose sources come before it.
fn origins(parts: &ProgramParts) -> Result<(), ProgramError> {
    for ports in [&parts.inputs, &parts.outputs] {
        within(
            "number of inputs or outputs",
            count(ports.len()),
            0,
            count(MAX_PORTS),
        )?;
    }
    let mut known = vec![false; parts.tensors.len()];
    for input in &parts.inputs {
        match known.get_mut(widen(*input)) {
            Some(known) if !*known => *known = true,
            _ => return Err(ProgramError::Port { tensor: *input }),
        }
    }
    for (index, layer) in parts.layers.iter().enumerate() {
        for term in &layer.terms {
            if !known.get(widen(term.source)).copied().unwrap_or(false) {
                return Err(ProgramError::Layer {
                    index,
                    what: "a source is not computed before it is read",
                });
            }
        }
        let output = widen(layer.output);
        match known.get_mut(output) {
            Some(known) if !*known => *known = true,
            _ => return Err(ProgramError::Origin { tensor: output }),
        }
    }
    if let Some(tensor) = known.iter().position(|known| !known) {
        return Err(ProgramError::Origin { tensor });
    }
    for (index, output) in parts.outputs.iter().enumerate() {
        let repeated = parts
            .outputs
            .iter()
            .take(index)
            .any(|other| other == output);
        if widen(*output) >= parts.tensors.len() || repeated || parts.inputs.contains(output) {
            return Err(ProgramError::Port { tensor: *output });
        }
    }
    Ok(())
}

fn validate_layer(parts: &ProgramParts, index: usize, layer: &Layer) -> Result<(), ProgramError> {
    let fault = |what| Err(ProgramError::Layer { index, what });
    let Some(output) = parts.tensors.get(widen(layer.output)) else {
        return fault("the output does not exist");
    };
    let columns = 1u64 << parts.log_weight_columns;
    let blocks = u64::from(output.channels).div_ceil(1 << parts.log_weight_rows);
    if count(layer.bias.len()) != blocks {
        return fault("there is not one bias column for each block of outputs");
    }
    if layer
        .bias
        .iter()
        .any(|column| u64::from(*column) >= columns)
    {
        return fault("a bias column is outside the weight matrix");
    }
    for term in &layer.terms {
        let Some(source) = parts.tensors.get(widen(term.source)) else {
            return fault("a source does not exist");
        };
        let axes = term.maps.len();
        if axes != output.positions.len() || axes != source.positions.len() {
            return fault("a source does not have the axes of the output");
        }
        if term.maps.iter().any(|map| map.taps == 0) {
            return fault("an axis has no taps");
        }
        if Some(count(term.runs.len())) != runs(term, blocks) {
            return fault("there is not one run for each block of outputs and tap");
        }
        let width = u64::from(source.channels);
        if term
            .runs
            .iter()
            .any(|run| u64::from(*run) + width > columns)
        {
            return fault("a run is outside the weight matrix");
        }
    }
    Ok(())
}

/// Blocks times taps, unless that overflows.
fn runs(term: &Term, blocks: u64) -> Option<u64> {
    term.maps
        .iter()
        .try_fold(blocks, |runs, map| runs.checked_mul(map.taps.into()))
}

/// Taps times positions of output and padded source along each axis, in each block: what evaluating the maps' sums costs.
fn map_work(parts: &ProgramParts, layer: &Layer) -> u64 {
    let tensor = |index: u32| parts.tensors.get(widen(index));
    let Some(output) = tensor(layer.output) else {
        return 0;
    };
    let mut work = 0u64;
    for term in &layer.terms {
        let Some(source) = tensor(term.source) else {
            continue;
        };
        let axes = output.positions.iter().zip(&source.positions);
        for (map, (length, source_length)) in term.maps.iter().zip(axes) {
            let padded = u64::from(source_length.next_power_of_two());
            let positions = padded.saturating_add((*length).into());
            let axis = positions.saturating_mul(u64::from(map.taps).saturating_add(1));
            work = work.saturating_add(axis.saturating_mul(count(source.blocks.len())));
        }
        // Each run is folded once for each block of its source.
        let runs = count(term.runs.len()).saturating_mul(count(source.blocks.len()));
        work = work.saturating_add(runs.saturating_mul(WORK_OF_A_RUN));
    }
    work
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
