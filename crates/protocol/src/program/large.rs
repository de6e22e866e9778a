//! Tables that are larger than the columns (PROTOCOL §11): what a program says of them.
//!
//! Row by row such a table holds its segments (value, out, tag), then rows (value, 0, b) with a tag b that no tensor has, whose values
//! grow by one and end in 0 and 1 on the last two rows, the blind ones. No pair of a value and a tag stands in two rows of all tables.
//! The outputs themselves are in no key: the key commits to them, and [`TableContents`](crate::cq::TableContents) has them.

use alloc::vec::Vec;

use super::{Program, ProgramParts};
use crate::encoding::widen;
use crate::table::TAG_FIRST_SEGMENT;

/// Rows of a large table that no lookup reaches; their multiplicities hide what the table's side of a proof reveals.
pub const BLIND_ROWS: u64 = 2;

/// log₂ of the rows of the largest large table: the field has roots of unity of order 2^28, and a setup of power p serves 2^(p − 1) rows.
pub const MAX_LOG_LARGE_ROWS: u32 = 27;

/// Whether this build has large tables: where it has none, no program has them, and what only they need is not compiled.
pub(crate) const LARGE_TABLES: bool = cfg!(feature = "large-tables");

/// A table of its own subgroup of 2^log rows, committed in both groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LargeTable {
    /// log₂ N̂.
    pub log_rows: u32,
    /// The functions in it, in the order of its rows. They are numbered behind the segments of the small table and of earlier
    /// large ones, and have tags as those have.
    pub segments: Vec<LargeSegment>,
    /// Whether the outputs are private: the key then commits to them blinded, says bounds that need not be reached, and every
    /// function is 0 at zero.
    pub hidden: bool,
}

/// What a program knows of a function on the integers from `start` up to, but not including, `start + length`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LargeSegment {
    /// The least value.
    pub start: i32,
    /// How many values.
    pub length: u32,
    /// The least output.
    pub low: i64,
    /// The greatest output.
    pub high: i64,
    /// The output for zero, which padded cells hold.
    pub at_zero: i64,
}

/// Rows that follow each other, in each of which the value is one more than in the row before and the tag is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) first_row: u64,
    /// How many rows, at least one.
    pub(crate) length: u64,
    /// The value in the first row.
    pub(crate) value: i64,
    pub(crate) tag: u32,
}

impl LargeTable {
    /// N̂.
    pub fn rows(&self) -> usize {
        1 << self.log_rows
    }

    /// Rows that the segments take.
    pub fn used_rows(&self) -> u64 {
        self.segments.iter().map(|s| u64::from(s.length)).sum()
    }
}

/// Where in which table a tensor's lookups go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LargePlace {
    /// The table.
    pub(crate) table: usize,
    /// The first row of the segment.
    pub(crate) first_row: u32,
    pub(crate) segment: LargeSegment,
}

impl LargePlace {
    /// The row that holds a value; `None` outside the segment.
    pub(crate) fn row(&self, value: i64) -> Option<u32> {
        let offset = u32::try_from(value.checked_sub(self.segment.start.into())?).ok()?;
        let inside = offset < self.segment.length;
        inside.then(|| self.first_row.saturating_add(offset))
    }
}

impl ProgramParts {
    /// The large tables, which validation refuses where this build has none.
    pub(super) fn large_tables(&self) -> &[LargeTable] {
        if LARGE_TABLES {
            &self.large_tables
        } else {
            &[]
        }
    }
}

impl Program {
    /// The large tables.
    pub fn large_tables(&self) -> &[LargeTable] {
        self.parts.large_tables()
    }

    /// Rows of the largest large table; 0 where there is none.
    pub fn largest_table(&self) -> usize {
        let rows = self.large_tables().iter().map(LargeTable::rows);
        rows.max().unwrap_or(0)
    }

    /// The place of a segment in the large tables; `None` if it is one of the small table.
    pub(crate) fn large_place(&self, segment: u32) -> Option<LargePlace> {
        let mut left = widen(segment).checked_sub(self.parts.table.segments.len())?;
        for (table, large) in self.large_tables().iter().enumerate() {
            let mut first_row = 0u32;
            for segment in &large.segments {
                if left == 0 {
                    return Some(LargePlace {
                        table,
                        first_row,
                        segment: *segment,
                    });
                }
                left -= 1;
                first_row = first_row.saturating_add(segment.length);
            }
        }
        None
    }

    /// The tag of a large table's first segment.
    pub(crate) fn first_tag(&self, table: usize) -> u32 {
        let before = self.large_tables().iter().take(table);
        let before: usize = before.map(|table| table.segments.len()).sum();
        first_segment(self.parts.table.segments.len() + before)
    }

    /// The tag of a large table's blind rows, which no segment has.
    pub(crate) fn blind_tag(&self, table: usize) -> u32 {
        self.first_tag(self.large_tables().len())
            .saturating_add(u32::try_from(table).unwrap_or(u32::MAX))
    }

    /// The runs into which the rows of a large table fall: one for each segment, and one of the rows behind them, the blind ones last.
    /// None for a table that is not there.
    pub(crate) fn runs(&self, table: usize) -> Vec<Run> {
        let Some(large) = self.large_tables().get(table) else {
            return Vec::new();
        };
        let mut runs = Vec::with_capacity(large.segments.len() + 1);
        let mut first_row = 0;
        for (segment, tag) in large.segments.iter().zip(self.first_tag(table)..) {
            let length = u64::from(segment.length);
            runs.push(Run {
                first_row,
                length,
                value: segment.start.into(),
                tag,
            });
            first_row += length;
        }
        // Validation leaves room for the blind rows.
        let length = (1u64 << large.log_rows).saturating_sub(first_row);
        let value = i64::try_from(BLIND_ROWS).unwrap_or(0) - i64::try_from(length).unwrap_or(0);
        runs.push(Run {
            first_row,
            length,
            value,
            tag: self.blind_tag(table),
        });
        runs
    }

    /// The column whose random cells in rows n − 1 and n − 2 are the multiplicities of a table's blind rows. It is never one that holds
    /// outputs.
    pub(crate) fn blind_column(&self, table: usize) -> usize {
        let columns = self.columns();
        match table.checked_sub(self.lanes()) {
            None => columns.rem(table),
            Some(lane) => columns.pre(lane),
        }
    }
}

fn first_segment(segments: usize) -> u32 {
    TAG_FIRST_SEGMENT.saturating_add(u32::try_from(segments).unwrap_or(u32::MAX))
}
