//! The lookup table: three public columns (value, out, tag) (PROTOCOL §2).
//!
//! Row 0 is the zero row; then come the remainders 0 … 2^s − 1, then the segments, each a function on an interval with a tag
//! of its own, whichever table it stands in. The tag is a column: value and out are free field elements of the witness, so a tag folded into either of them
//! would let one tag's row serve another. No row repeats, because tags differ between the parts and values within them.

use alloc::vec::Vec;

use ark_ec::CurveGroup;

use crate::backend::Backend;
use crate::curve::{Fr, G1Affine};
use crate::encoding::{DecodeError, Reader, Writer, widen};

/// The tag of rows that belong to no block.
pub const TAG_ZERO: u32 = 0;
/// The tag of the remainders.
pub const TAG_RANGE: u32 = 1;
/// The tag of the first segment; the others follow.
pub const TAG_FIRST_SEGMENT: u32 = 2;

/// What a segment of the table gives for each value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outputs {
    /// The value, brought into [low, high].
    Clamp {
        /// The least output.
        low: i32,
        /// The greatest output.
        high: i32,
    },
    /// The outputs, one by one; in the small table of 32 bits.
    Values(Vec<i64>),
}

/// A function on the integers from `start` up to, but not including, `start + length`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The least value.
    pub start: i32,
    /// How many values.
    pub length: u32,
    /// What they are mapped to.
    pub outputs: Outputs,
}

impl Segment {
    /// The output for `value`; `None` outside the interval.
    pub fn apply(&self, value: i64) -> Option<i64> {
        let offset = usize::try_from(value.checked_sub(self.start.into())?).ok()?;
        if offset >= widen(self.length) {
            return None;
        }
        match &self.outputs {
            Outputs::Clamp { low, high } => Some(value.max((*low).into()).min((*high).into())),
            Outputs::Values(values) => values.get(offset).copied(),
        }
    }

    /// Whether there is an output for each value and zero, which padded cells hold, is among the values.
    pub(crate) fn is_well_formed(&self) -> bool {
        let end = i64::from(self.start) + i64::from(self.length);
        let outputs = match &self.outputs {
            Outputs::Clamp { low, high } => low <= high,
            Outputs::Values(values) => values.len() == widen(self.length),
        };
        self.start <= 0 && end > 0 && end <= i32::MAX.into() && outputs
    }

    /// w where the segment is the identity on [0, 2^w), which a limb's is; `None` for any other.
    pub fn range_bits(&self) -> Option<u32> {
        let identity = match &self.outputs {
            Outputs::Clamp { low, high } => {
                *low <= 0 && i64::from(*high) >= i64::from(self.length) - 1
            }
            Outputs::Values(values) => (0u32..)
                .zip(values)
                .all(|(i, value)| *value == i64::from(i)),
        };
        let range = self.start == 0 && self.length.is_power_of_two() && identity;
        range.then(|| self.length.trailing_zeros())
    }

    /// The least and the greatest output.
    pub fn output_range(&self) -> (i64, i64) {
        match &self.outputs {
            Outputs::Clamp { low, high } => ((*low).into(), (*high).into()),
            Outputs::Values(values) => (
                values.iter().copied().min().unwrap_or(0),
                values.iter().copied().max().unwrap_or(0),
            ),
        }
    }
}

/// The description of a table, from which its rows follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// s: remainders lie in [0, 2^s).
    pub shift: u32,
    /// The functions; segment k has tag `TAG_FIRST_SEGMENT + k`.
    pub segments: Vec<Segment>,
}

impl Table {
    /// How many rows the table has.
    pub fn len(&self) -> u64 {
        let functions: u64 = self.segments.iter().map(|s| u64::from(s.length)).sum();
        1 + (1u64 << self.shift) + functions
    }

    /// Never: there is always the zero row.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The three columns, value, out and tag, row by row.
    pub fn columns(&self) -> [Vec<i64>; 3] {
        let mut columns = [Vec::new(), Vec::new(), Vec::new()];
        let mut push = |value: i64, out: i64, tag: u32| {
            for (column, cell) in columns.iter_mut().zip([value, out, tag.into()]) {
                column.push(cell);
            }
        };
        push(0, 0, TAG_ZERO);
        for value in 0..1i64 << self.shift {
            push(value, 0, TAG_RANGE);
        }
        for (segment, tag) in self.segments.iter().zip(TAG_FIRST_SEGMENT..) {
            let start = i64::from(segment.start);
            for value in start..start + i64::from(segment.length) {
                push(value, segment.apply(value).unwrap_or(0), tag);
            }
        }
        columns
    }

    /// The row that holds a remainder; `None` when it is out of range.
    pub fn remainder_row(&self, remainder: i64) -> Option<usize> {
        let offset = usize::try_from(remainder).ok()?;
        (offset < 1 << self.shift).then_some(1 + offset)
    }

    /// The row that holds a value under a tag; `None` when there is none.
    pub fn function_row(&self, tag: u32, value: i64) -> Option<usize> {
        if tag == TAG_ZERO {
            return (value == 0).then_some(0);
        }
        let index = widen(tag.checked_sub(TAG_FIRST_SEGMENT)?);
        let segment = self.segments.get(index)?;
        segment.apply(value)?;
        let before: usize = self
            .segments
            .iter()
            .take(index)
            .map(|s| widen(s.length))
            .sum();
        let offset = usize::try_from(value - i64::from(segment.start)).ok()?;
        Some(1 + (1 << self.shift) + before + offset)
    }

    /// The commitments to the three columns, unblinded: whoever has the setup can make them again.
    ///
    /// # Panics
    ///
    /// When `powers` are fewer than the rows.
    #[expect(
        clippy::indexing_slicing,
        reason = "the callers have compared the lengths"
    )]
    pub fn commit(&self, powers: &[G1Affine], backend: &impl Backend) -> [G1Affine; 3] {
        self.columns().map(|column| {
            backend
                .msm_small(&powers[..column.len()], &column)
                .into_affine()
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.u32(self.shift);
        writer.count(self.segments.len());
        for segment in &self.segments {
            writer.signed(segment.start.into(), 4);
            writer.u32(segment.length);
            match &segment.outputs {
                Outputs::Clamp { low, high } => {
                    writer.u8(0);
                    writer.signed((*low).into(), 4);
                    writer.signed((*high).into(), 4);
                }
                Outputs::Values(values) => {
                    writer.u8(1);
                    for value in values {
                        writer.signed(*value, 4);
                    }
                }
            }
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            shift: reader.u32()?,
            segments: reader.counted(read_segment)?,
        })
    }
}

fn read_segment(reader: &mut Reader<'_>) -> Result<Segment, DecodeError> {
    let start = reader.i32()?;
    let length = reader.u32()?;
    let outputs = match reader.u8()? {
        0 => Outputs::Clamp {
            low: reader.i32()?,
            high: reader.i32()?,
        },
        1 => Outputs::Values(reader.list(widen(length), |reader| reader.signed(4))?),
        found => {
            return Err(DecodeError::InvalidNumber {
                what: "kind of table segment",
                found: found.into(),
            });
        }
    };
    Ok(Segment {
        start,
        length,
        outputs,
    })
}

/// A signed integer as a scalar.
pub fn scalar(value: i64) -> Fr {
    Fr::from(value)
}
