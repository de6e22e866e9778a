//! Tables that are larger than the columns: which functions stand in them.
//!
//! A proof pays for the rows of a large table that it uses, not for the table (PROTOCOL §11), so wide functions of networks with few cells
//! are cheaper there than in the table that lies in the columns.

pub use tensorseal_protocol::program::{BLIND_ROWS, MAX_LOG_LARGE_ROWS};

use super::IntegerGraph;

/// A large table: the segments that stand in it are consecutive ones of the graph's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LargeTable {
    /// Base-2 logarithm of its rows.
    pub log_rows: u32,
    /// How many segments stand in it.
    pub segments: usize,
    /// Bounds of the outputs where these are secret, as weights are; `None` where a key may be compared with them.
    pub hidden: Option<(i64, i64)>,
}

impl IntegerGraph {
    /// How many segments stand in the table in the columns: the first ones, before those of the large tables.
    #[must_use]
    pub fn column_segments(&self) -> usize {
        let large = self.large_tables.iter().map(|table| table.segments);
        self.segments.len().saturating_sub(large.sum())
    }

    /// The large table in which a segment stands; `None` for one that stands in the columns.
    #[must_use]
    pub fn large_table_of(&self, segment: usize) -> Option<usize> {
        let mut end = self.column_segments();
        if segment < end {
            return None;
        }
        self.large_tables.iter().position(|table| {
            end = end.saturating_add(table.segments);
            segment < end
        })
    }
}
