//! The public description of a network for the proof system (PROTOCOL §3).
//!
//! Lanes of three columns hold the cells (rem, pre, out) of every tensor; layers are linear maps between tensors; the table
//! says what a cell may hold. A [`Program`] is validated once, on construction, whoever wrote it: the prover and the verifier
//! rely on what validation promises and check nothing of it again.

mod arrangement;
mod encode;
mod error;
mod large;
mod layer;
mod map;
mod place;
mod tensor;
mod validate;
mod validate_layer;

pub use arrangement::{Arrangement, MAX_INFERENCES};
pub(crate) use encode::VERSION_WITH_LARGE_TABLES;
pub use error::ProgramError;
pub use large::{BLIND_ROWS, LargeSegment, LargeTable, MAX_LOG_LARGE_ROWS};
pub(crate) use large::{LARGE_TABLES, Run};
pub use layer::{BIAS_COLUMN_BITS, Layer, Term, Weights};
pub use map::AxisMap;
pub use place::place;
#[cfg(test)]
pub(crate) use tensor::Piece;
pub use tensor::{Block, Tensor};

use alloc::vec::Vec;

use crate::table::{TAG_FIRST_SEGMENT, Table};

/// Random rows at the end of every column, which carry no constraint.
pub const RANDOM_ROWS: u64 = 4;

/// The parts of a program, before validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramParts {
    /// μ: columns have 2^μ rows.
    pub log_rows: u32,
    /// Lanes, each a triple of columns (rem, pre, out) with one allocation of rows.
    pub lanes: u32,
    /// log₂ R: the weight matrix has R rows.
    pub log_weight_rows: u32,
    /// log₂ C: the weight matrix has C columns, and columns are opened split at C.
    pub log_weight_columns: u32,
    /// The lookup table.
    pub table: Table,
    /// Tables that are larger than the columns.
    pub large_tables: Vec<LargeTable>,
    /// The tensors, each with its place in the lanes.
    pub tensors: Vec<Tensor>,
    /// The layers: every tensor that is not an input is the output of exactly one.
    pub layers: Vec<Layer>,
    /// Tensors that no layer computes, in the order in which a caller gives them.
    pub inputs: Vec<u32>,
    /// Tensors that a caller asks for. Only inputs and outputs can be made public.
    pub outputs: Vec<u32>,
}

/// A validated program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    parts: ProgramParts,
}

/// The indices of the columns of a program with a given number of lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    lanes: usize,
}

impl Columns {
    /// Remainders of a lane.
    pub const fn rem(self, lane: usize) -> usize {
        3 * lane
    }

    /// Shifted accumulators of a lane.
    pub const fn pre(self, lane: usize) -> usize {
        3 * lane + 1
    }

    /// Outputs of a lane.
    pub const fn out(self, lane: usize) -> usize {
        3 * lane + 2
    }

    /// How often each table row is used.
    pub const fn multiplicities(self) -> usize {
        3 * self.lanes
    }

    /// The lookup helper of a lane.
    pub const fn helper(self, lane: usize) -> usize {
        3 * self.lanes + 1 + lane
    }

    /// The table's side of the lookups, A = m/(λ + t).
    pub const fn table_side(self) -> usize {
        4 * self.lanes + 1
    }

    /// Columns committed in round 1: the witness and the multiplicities.
    pub const fn first_round(self) -> usize {
        3 * self.lanes + 1
    }

    /// All columns.
    pub const fn count(self) -> usize {
        4 * self.lanes + 2
    }

    /// The entry of one column in a list with one entry for each.
    ///
    /// # Panics
    ///
    /// When the list is shorter than [`Self::count`]: whoever makes one makes it whole.
    #[expect(
        clippy::indexing_slicing,
        reason = "every index above is below `count`, the length of the list"
    )]
    pub(crate) fn at<T: Copy>(self, list: &[T], column: usize) -> T {
        list[column]
    }
}

impl Program {
    /// μ: columns have 2^μ rows.
    pub fn log_rows(&self) -> usize {
        crate::encoding::widen(self.parts.log_rows)
    }

    /// n: the rows of a column.
    pub fn rows(&self) -> usize {
        1 << self.parts.log_rows
    }

    /// Rows that carry constraints: all but the random ones.
    pub fn active_rows(&self) -> usize {
        self.rows() - 4
    }

    /// How many lanes there are.
    pub fn lanes(&self) -> usize {
        crate::encoding::widen(self.parts.lanes)
    }

    /// The indices of the columns.
    pub fn columns(&self) -> Columns {
        Columns {
            lanes: self.lanes(),
        }
    }

    /// R: the rows of the weight matrix.
    pub fn weight_rows(&self) -> usize {
        1 << self.parts.log_weight_rows
    }

    /// log₂ C.
    pub fn log_weight_columns(&self) -> usize {
        crate::encoding::widen(self.parts.log_weight_columns)
    }

    /// C: the columns of the weight matrix.
    pub fn weight_columns(&self) -> usize {
        1 << self.parts.log_weight_columns
    }

    /// s: the shift of every requantisation.
    pub fn shift(&self) -> u32 {
        self.parts.table.shift
    }

    /// The lookup table.
    pub fn table(&self) -> &Table {
        &self.parts.table
    }

    /// The tensors.
    pub fn tensors(&self) -> &[Tensor] {
        &self.parts.tensors
    }

    /// The layers.
    pub fn layers(&self) -> &[Layer] {
        &self.parts.layers
    }

    /// The tensors that no layer computes.
    pub fn inputs(&self) -> &[u32] {
        &self.parts.inputs
    }

    /// What a tensor that a proof may show is called: `input`, or `output`.
    pub fn role(&self, tensor: u32) -> &'static str {
        if self.inputs().contains(&tensor) {
            "input"
        } else {
            "output"
        }
    }

    /// The tensors that a caller asks for.
    pub fn outputs(&self) -> &[u32] {
        &self.parts.outputs
    }

    /// w: the bits of a limb's cells.
    pub(crate) fn limb_bits(&self, limb: &Tensor) -> u32 {
        let segment = crate::encoding::widen(limb.segment);
        let segment = self.parts.table.segments.get(segment);
        segment
            .and_then(crate::table::Segment::range_bits)
            .unwrap_or(0)
    }

    /// Whether a tensor is an input or an output.
    pub fn is_port(&self, tensor: u32) -> bool {
        self.inputs().contains(&tensor) || self.outputs().contains(&tensor)
    }

    /// The least and greatest value that a cell of the tensor can have.
    pub fn output_range(&self, tensor: &Tensor) -> (i64, i64) {
        if let Some(place) = self.large_place(tensor.segment) {
            return (place.segment.low, place.segment.high);
        }
        self.parts
            .table
            .segments
            .get(crate::encoding::widen(tensor.segment))
            .map_or((0, 0), crate::table::Segment::output_range)
    }

    /// What the tensor's padded cells hold: the output for zero.
    pub(crate) fn padding(&self, tensor: &Tensor) -> i64 {
        if let Some(place) = self.large_place(tensor.segment) {
            return place.segment.at_zero;
        }
        let segment = crate::encoding::widen(tensor.segment);
        let segment = self.parts.table.segments.get(segment);
        segment.and_then(|segment| segment.apply(0)).unwrap_or(0)
    }

    /// The most position bits of any tensor: as many challenges fold the positions.
    pub fn position_bits(&self) -> usize {
        let bits = self.tensors().iter().map(Tensor::position_bits);
        bits.max().unwrap_or(0)
    }

    /// The most bits of any tensor: as many challenges compare public tensors.
    pub fn tensor_bits(&self) -> usize {
        self.tensors().iter().map(Tensor::bits).max().unwrap_or(0)
    }

    /// The parts.
    pub fn parts(&self) -> &ProgramParts {
        &self.parts
    }
}

impl Tensor {
    /// The tag of the tensor's cells.
    pub fn tag(&self) -> u32 {
        TAG_FIRST_SEGMENT + self.segment
    }
}
