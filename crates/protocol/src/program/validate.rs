//! What makes a description a program.

use alloc::collections::BinaryHeap;
use alloc::vec;

use super::tensor::axis_bits;
use super::validate_layer::{MAX_MAP_WORK, map_work, validate_layer};
use super::{
    BLIND_ROWS, LARGE_TABLES, LargeTable, MAX_LOG_LARGE_ROWS, Program, ProgramError, ProgramParts,
    RANDOM_ROWS, Tensor,
};
use crate::encoding::widen;

/// Rows, R·C and every other size stay below two to this power.
pub(super) const MAX_LOG: u32 = 28;
const MIN_LOG_ROWS: u32 = 6;
pub(super) const MAX_LANES: u32 = 256;
const MAX_AXES: usize = 8;
/// Remainders below 2^24 keep every accumulator of an honest model far below the field's half.
pub(super) const MAX_SHIFT: u32 = 24;
const MAX_PORTS: usize = 256;
/// Each costs a verifier four Miller loops.
const MAX_LARGE_TABLES: u64 = 16;
const MAX_LARGE_SEGMENTS: u64 = 256;
/// Outputs of large tables are smaller in magnitude: differences of two fit 64 bits, and a term's sums, with 2^28 cells, weights of 32
/// bits and an exponent of 64, stay far below the field's half.
const LARGE_OUTPUT: i64 = 1 << 62;
/// The blind rows of a table have two random cells of a column to themselves, of a lane's rem or pre column.
pub(super) const TABLES_OF_A_LANE: u32 = 2;

impl Program {
    /// Validates the parts.
    ///
    /// # Errors
    ///
    /// [`ProgramError`] names the first thing that is wrong.
    ///
    /// # Soundness
    ///
    /// After this, every tensor is an input, or the output or a limb of exactly one earlier-sourced layer; only later layers read a limb; blocks do not overlap and lie
    /// below the random rows, no pair of a value and a tag stands in two rows of all tables (those that a key commits to are for
    /// the key to prove), and all sizes are bounded, so no later computation overflows.
    pub fn new(parts: ProgramParts) -> Result<Self, ProgramError> {
        sizes(&parts)?;
        table(&parts)?;
        large_tables(&parts)?;
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

pub(super) fn within(
    what: &'static str,
    found: u64,
    least: u64,
    greatest: u64,
) -> Result<(), ProgramError> {
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
        let (low, high) = segment.output_range();
        let narrow = i32::try_from(low).is_ok() && i32::try_from(high).is_ok();
        if !segment.is_well_formed() || !narrow {
            return Err(ProgramError::Segment { index });
        }
    }
    Ok(())
}

fn large_tables(parts: &ProgramParts) -> Result<(), ProgramError> {
    let tables = count(parts.large_tables.len());
    let limit = if LARGE_TABLES {
        MAX_LARGE_TABLES.min(u64::from(TABLES_OF_A_LANE) * u64::from(parts.lanes))
    } else {
        0
    };
    within("number of large tables", tables, 0, limit)?;
    let mut index = parts.table.segments.len();
    for table in parts.large_tables() {
        within(
            "log of a large table",
            table.log_rows.into(),
            2,
            MAX_LOG_LARGE_ROWS.into(),
        )?;
        let segments = count(table.segments.len());
        within("segments of a large table", segments, 1, MAX_LARGE_SEGMENTS)?;
        for segment in &table.segments {
            let end = i64::from(segment.start) + i64::from(segment.length);
            let outputs = segment.low <= segment.at_zero && segment.at_zero <= segment.high;
            let bounded = -LARGE_OUTPUT < segment.low && segment.high < LARGE_OUTPUT;
            let told = table.hidden && segment.at_zero != 0;
            if segment.start > 0
                || end <= 0
                || end > i32::MAX.into()
                || !outputs
                || !bounded
                || told
            {
                return Err(ProgramError::Segment { index });
            }
            index += 1;
        }
        let available = (1u64 << table.log_rows) - BLIND_ROWS;
        let rows = LargeTable::used_rows(table);
        if rows > available {
            return Err(ProgramError::TableTooLong { rows, available });
        }
    }
    Ok(())
}

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
    let large = parts
        .large_tables()
        .iter()
        .map(|table| table.segments.len());
    let segments = count(parts.table.segments.len() + large.sum::<usize>());
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

/// What the layers so far have said about a tensor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Unknown,
    /// An input or a layer's output.
    Readable,
    /// A part of a layer's remainders, which later layers may read: `out` is `pre` in the segment of a limb.
    Limb,
}

/// Every tensor is an input, the output of one layer whose sources come before it, or a limb of one layer.
fn origins(parts: &ProgramParts) -> Result<(), ProgramError> {
    for ports in [&parts.inputs, &parts.outputs] {
        within(
            "number of inputs or outputs",
            count(ports.len()),
            0,
            count(MAX_PORTS),
        )?;
    }
    let mut origins = vec![Origin::Unknown; parts.tensors.len()];
    for input in &parts.inputs {
        match origins.get_mut(widen(*input)) {
            Some(origin) if *origin == Origin::Unknown => *origin = Origin::Readable,
            _ => return Err(ProgramError::Port { tensor: *input }),
        }
    }
    for (index, layer) in parts.layers.iter().enumerate() {
        for term in &layer.terms {
            let source = origins.get(widen(term.source));
            if source.is_none_or(|origin| *origin == Origin::Unknown) {
                return Err(ProgramError::Layer {
                    index,
                    what: "a source is not computed before it is read",
                });
            }
        }
        let made = core::iter::once((layer.output, Origin::Readable));
        let limbs = layer.limbs.iter().map(|limb| (*limb, Origin::Limb));
        for (tensor, made) in made.chain(limbs) {
            let tensor = widen(tensor);
            match origins.get_mut(tensor) {
                Some(origin) if *origin == Origin::Unknown => *origin = made,
                _ => return Err(ProgramError::Origin { tensor }),
            }
        }
    }
    if let Some(tensor) = origins.iter().position(|origin| *origin == Origin::Unknown) {
        return Err(ProgramError::Origin { tensor });
    }
    for (index, output) in parts.outputs.iter().enumerate() {
        let repeated = parts
            .outputs
            .iter()
            .take(index)
            .any(|other| other == output);
        let readable = origins.get(widen(*output)) == Some(&Origin::Readable);
        if !readable || repeated || parts.inputs.contains(output) {
            return Err(ProgramError::Port { tensor: *output });
        }
    }
    Ok(())
}

pub(super) fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
