//! The cached points of a large table, all of them or a slice, and their file.
//!
//! ```text
//! "TScq", u16 version
//! name       32 bytes: the digest of the setup and of the table
//! counts     u32 log of the table's rows, u32 rows that follow
//! a row      u32 index, i64 value, i64 out, i64 tag; [Lᵢ]₁, [L_{−i}]₁, [Q_{value,i}]₁, [Q_{out,i}]₁, [Q_{tag,i}]₁, both coordinates each;
//!            32 bytes: the digest of the name, the log of the table's rows and the row
//! ```
//!
//! Rows ascend by their index, and the last two, the blind ones, are always there.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::AdditiveGroup;

use super::contents::PlacedTable;
use super::direct::{Direct, mirrored};
use super::quotients::{Preprocessor, Quotients, quotients};
use super::{COLUMNS, root_of_unity};
use crate::backend::Backend;
use crate::curve::{
    Fr, G1_UNCOMPRESSED_BYTES, G1Affine, G2Affine, G2Prepared, encode_g1_uncompressed,
    g1_generator, g2_generator,
};
use crate::digest::{Digest32, Hasher};
use crate::encoding::{DecodeError, FileKind, Reader, Writer, widen};
use crate::error::KeyError;
use crate::keys::ProvingKey;
use crate::pairing::product_is_one;
use crate::program::MAX_LOG_LARGE_ROWS;
use crate::srs::Srs;

const DIGEST_BYTES: usize = 32;
/// Bytes of a row before its digest.
const ROW_BODY_BYTES: usize = 4 + 8 * COLUMNS + G1_UNCOMPRESSED_BYTES * (2 + COLUMNS);

/// A row of a large table with the points that a lookup of it costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedRow {
    /// i.
    pub(crate) index: u32,
    /// value, out, tag.
    pub(crate) cells: [i64; COLUMNS],
    /// [Lᵢ]₁.
    pub(crate) lagrange: G1Affine,
    /// [L_{−i}]₁.
    pub(crate) mirrored: G1Affine,
    /// [Q_{j,i}]₁.
    pub(crate) quotients: [G1Affine; COLUMNS],
}

impl CachedRow {
    /// The bytes of the row in a file, before their digest.
    fn body(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u32(self.index);
        for cell in self.cells {
            writer.i64(cell);
        }
        let points = [&self.lagrange, &self.mirrored].into_iter();
        for point in points.chain(&self.quotients) {
            writer.bytes(&encode_g1_uncompressed(point));
        }
        writer.finish()
    }
}

/// The cached points of a large table for the rows that a prover may use.
///
/// False points spoil proofs, and a prover verifies its proofs; they do not let anyone prove what is false.
#[derive(Clone, PartialEq, Eq)]
pub struct CachedTable {
    name: Digest32,
    log_rows: u32,
    rows: Vec<CachedRow>,
}

impl fmt::Debug for CachedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "CachedTable({} of 2^{} rows)",
            self.rows.len(),
            self.log_rows
        )
    }
}

/// Why a file of cached points was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CachedTableError {
    /// The bytes are not such a file.
    Decode(DecodeError),
    /// The bytes are not those that were written.
    Damaged,
    /// The number of rows is out of range, rows do not ascend, or the blind ones are missing.
    Rows,
    /// The rows are of another table.
    OtherTable,
}

impl fmt::Display for CachedTableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => write!(f, "{error}; preprocess the table again"),
            Self::Damaged => {
                f.write_str("the file of cached points is damaged; preprocess the table again")
            }
            Self::Rows => f.write_str(
                "the rows of the cached points are not those of a table; preprocess it again",
            ),
            Self::OtherTable => {
                f.write_str("the cached points are of another table; take those of the model's")
            }
        }
    }
}

impl core::error::Error for CachedTableError {}

impl From<DecodeError> for CachedTableError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl CachedTable {
    /// Bytes of a file before its rows.
    pub const HEADER_BYTES: usize = 4 + 2 + DIGEST_BYTES + 4 + 4;
    /// Bytes of a row.
    pub const ROW_BYTES: usize = ROW_BODY_BYTES + DIGEST_BYTES;

    /// Computes the points of all rows of a table.
    ///
    /// # Errors
    ///
    /// When the setup is not that of the table, or has fewer powers than the table has rows.
    pub fn compute(
        place: &PlacedTable<'_>,
        srs: &Srs,
        preprocessor: &mut Preprocessor<'_, impl Backend>,
    ) -> Result<Self, KeyError> {
        check_setup(place, srs)?;
        Self::of_columns((place.name(), &place.columns()?), srs, preprocessor)
    }

    /// Computes the points of all rows, as many as a power of two.
    #[expect(
        clippy::indexing_slicing,
        reason = "every list has an entry for each row"
    )]
    pub(crate) fn of_columns(
        (name, columns): (Digest32, &[Vec<i64>; COLUMNS]),
        srs: &Srs,
        preprocessor: &mut Preprocessor<'_, impl Backend>,
    ) -> Result<Self, KeyError> {
        let powers = powers(columns[0].len(), srs)?;
        let Quotients {
            lagrange,
            quotients,
        } = quotients(columns, powers, preprocessor);
        // Both are lists of N̂ entries.
        let size = lagrange.len();
        let row = |(index, i): (u32, usize)| CachedRow {
            index,
            cells: columns.each_ref().map(|column| column[i]),
            lagrange: lagrange[i],
            mirrored: lagrange[(size - i) % size],
            quotients: quotients.each_ref().map(|column| column[i]),
        };
        Ok(Self {
            name,
            log_rows: size.trailing_zeros(),
            rows: (0u32..).zip(0..size).map(row).collect(),
        })
    }

    /// Computes the points of some rows of a table and of the blind ones, without those of all others: about two and a half
    /// sums of N̂ terms each. `progress` is told how much of the work is done, and how much there is.
    ///
    /// # Errors
    ///
    /// As [`Self::compute`], and [`KeyError::Mismatch`] when the table has no such row.
    pub fn of_rows(
        place: &PlacedTable<'_>,
        srs: &Srs,
        rows: &[u32],
        tools: (&impl Backend, &mut dyn FnMut(usize, usize)),
    ) -> Result<Self, KeyError> {
        check_setup(place, srs)?;
        Self::of_rows_of_columns((place.name(), &place.columns()?), srs, rows, tools)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the points are there for every row that was asked for"
    )]
    pub(crate) fn of_rows_of_columns(
        (name, columns): (Digest32, &[Vec<i64>; COLUMNS]),
        srs: &Srs,
        rows: &[u32],
        (backend, progress): (&impl Backend, &mut dyn FnMut(usize, usize)),
    ) -> Result<Self, KeyError> {
        let needed = columns[0].len();
        let powers = powers(needed, srs)?;
        if rows.iter().any(|row| widen(*row) >= needed) {
            return Err(KeyError::Mismatch {
                what: "the large table has fewer rows than were asked for",
            });
        }
        let log_rows = needed.trailing_zeros();
        let blind = (1u32 << log_rows).saturating_sub(2);
        let rows: BTreeSet<u32> = rows.iter().copied().chain([blind, blind + 1]).collect();
        let points = Direct::new(powers, (backend, &mut *progress)).points(columns, &rows);
        let row = |index: u32| CachedRow {
            index,
            cells: columns.each_ref().map(|column| column[widen(index)]),
            lagrange: points.lagrange[&index],
            mirrored: points.lagrange[&mirrored(index, needed)],
            quotients: points.quotients.each_ref().map(|column| column[&index]),
        };
        Ok(Self {
            name,
            log_rows,
            rows: rows.into_iter().map(row).collect(),
        })
    }

    /// The rows of both, of one table.
    ///
    /// # Errors
    ///
    /// [`CachedTableError::OtherTable`] when they are of two.
    pub fn merge(&self, other: &Self) -> Result<Self, CachedTableError> {
        if (self.name, self.log_rows) != (other.name, other.log_rows) {
            return Err(CachedTableError::OtherTable);
        }
        let rows = self.rows.iter().chain(&other.rows);
        let rows: BTreeMap<u32, &CachedRow> = rows.map(|row| (row.index, row)).collect();
        Ok(Self {
            rows: rows.into_values().cloned().collect(),
            ..*self
        })
    }

    /// Those of these rows that are not here.
    pub fn missing(&self, rows: &BTreeSet<u32>) -> Vec<u32> {
        let missing = rows.iter().copied().filter(|row| self.row(*row).is_none());
        missing.collect()
    }

    /// The table with these rows and the blind ones alone: what a prover needs that uses no others. Rows that are not there are left out.
    #[must_use]
    pub fn slice(&self, mut wanted: impl FnMut(u32) -> bool) -> Self {
        let blind = self.blind_from();
        let rows = self.rows.iter();
        let rows = rows.filter(|row| row.index >= blind || wanted(row.index));
        Self {
            rows: rows.cloned().collect(),
            ..*self
        }
    }

    /// The name of the table under its setup, [`PlacedTable::name`].
    pub fn name(&self) -> Digest32 {
        self.name
    }

    /// log₂ N̂.
    pub fn log_rows(&self) -> u32 {
        self.log_rows
    }

    /// How many rows there are here.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Never: the blind rows are always there.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A row by its index in the whole table; `None` if it is not here.
    pub(crate) fn row(&self, index: u32) -> Option<&CachedRow> {
        let place = self
            .rows
            .binary_search_by_key(&index, |row| row.index)
            .ok()?;
        self.rows.get(place)
    }

    /// The two blind rows.
    pub(crate) fn blind(&self) -> [Option<&CachedRow>; 2] {
        let first = self.blind_from();
        [self.row(first), self.row(first.saturating_add(1))]
    }

    fn blind_from(&self) -> u32 {
        (1u32 << self.log_rows).saturating_sub(2)
    }

    /// Checks the points of one row against the setup and commitments of a key, less their blindings, whoever computed them:
    ///
    /// ```text
    /// e(Q_{j,i}, [τ^N̂ − 1]₂) = e(Lᵢ, [T̂_j]₂ − t_{j,i}[1]₂)        e(Lᵢ, [τ]₂ − ωⁱ[1]₂) = e(ωⁱ/N̂·[τ^N̂ − 1]₁, [1]₂)
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyError::CachedPoints`] when the row is not here or an equation fails.
    pub fn check_row(&self, index: u32, key: &ProvingKey, table: usize) -> Result<(), KeyError> {
        let false_points = KeyError::CachedPoints { table, row: index };
        let blinding = key.table_blinding(table);
        let key = key.verifying();
        let known = self.row(index).zip(key.large_commitments(table));
        let (row, commitments) = known.ok_or(false_points.clone())?;
        let (tau_g1, tau_g2) = key.tau_power(widen(self.log_rows));
        let (one, two) = (g1_generator(), g2_generator());
        let vanishing_g2 = (tau_g2.into_group() - two).into_affine();
        let holds = |left: [G1Affine; 2], right: [G2Affine; 2]| {
            let [a, b] = left;
            product_is_one(
                &[a.into_group(), -b.into_group()],
                right.map(G2Prepared::from).to_vec(),
            )
        };
        let point = root_of_unity(self.log_rows);
        let omega = ark_ff::Field::pow(&point, [u64::from(index)]);
        let blindings = [Fr::ZERO, blinding, Fr::ZERO];
        for ((j, cell), blinding) in row.cells.iter().enumerate().zip(blindings) {
            let quotient = row.quotients.get(j).ok_or(false_points.clone())?;
            let column = commitments.g2.get(j).ok_or(false_points.clone())?;
            let blinding = key.setup().beta_g2 * blinding;
            let rest = (column.into_group() - two * Fr::from(*cell) - blinding).into_affine();
            if !holds([*quotient, row.lagrange], [vanishing_g2, rest]) {
                return Err(false_points);
            }
        }
        let size = Fr::from(1u64 << self.log_rows);
        for (lagrange, omega) in [(row.lagrange, omega), (row.mirrored, inverse(omega))] {
            let shifted = (key.setup().tau_g2.into_group() - two * omega).into_affine();
            let vanishing = ((tau_g1.into_group() - one) * (omega * inverse(size))).into_affine();
            if !holds([lagrange, vanishing], [shifted, two]) {
                return Err(false_points);
            }
        }
        Ok(())
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::file(FileKind::CachedTable);
        writer.bytes(&self.name.0);
        writer.u32(self.log_rows);
        writer.count(self.rows.len());
        for row in &self.rows {
            let body = row.body();
            writer.bytes(&body);
            writer.bytes(&row_digest(self.name, self.log_rows, &body).0);
        }
        writer.finish()
    }

    /// A slice from the rows with these indices, in ascending order, that were taken out of a file, [`Self::ROW_BYTES`] each, behind its
    /// first [`Self::HEADER_BYTES`]. A file of the whole table has row i at place i.
    ///
    /// # Errors
    ///
    /// [`CachedTableError`], if they are not these rows as they were written.
    pub fn from_rows(
        header: &[u8],
        indices: &[u32],
        rows: &[u8],
    ) -> Result<Self, CachedTableError> {
        let mut header = Reader::new(header);
        let (name, log_rows, _) = read_header(&mut header)?;
        header.finish()?;
        let table = Self::read_rows((name, log_rows, indices.len()), rows)?;
        if !table.rows.iter().map(|row| &row.index).eq(indices) {
            return Err(CachedTableError::Rows);
        }
        Ok(table)
    }

    /// Reads a file that [`Self::to_bytes`] has written.
    ///
    /// # Errors
    ///
    /// [`CachedTableError`]: the first thing that is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CachedTableError> {
        let mut reader = Reader::new(bytes);
        let header = read_header(&mut reader)?;
        Self::read_rows(header, reader.take(reader.left())?)
    }

    fn read_rows(
        (name, log_rows, count): (Digest32, u32, usize),
        bytes: &[u8],
    ) -> Result<Self, CachedTableError> {
        let mut reader = Reader::new(bytes);
        let row = |reader: &mut Reader<'_>| {
            let body = reader.take(ROW_BODY_BYTES)?;
            let whole = Digest32(reader.array()?) == row_digest(name, log_rows, body);
            Ok((read_row(&mut Reader::new(body))?, whole))
        };
        let rows = reader.list(count, row)?;
        reader.finish()?;
        if !rows.iter().all(|(_, whole)| *whole) {
            return Err(CachedTableError::Damaged);
        }
        let rows = rows.into_iter().map(|(row, _)| row);
        Self::checked(name, log_rows, rows.collect())
    }

    fn checked(
        name: Digest32,
        log_rows: u32,
        rows: Vec<CachedRow>,
    ) -> Result<Self, CachedTableError> {
        if !(2..=MAX_LOG_LARGE_ROWS).contains(&log_rows) {
            return Err(CachedTableError::Rows);
        }
        let table = Self {
            name,
            log_rows,
            rows,
        };
        let ascending = table.rows.iter().zip(table.rows.iter().skip(1));
        let inside = table
            .rows
            .last()
            .is_some_and(|row| row.index >> log_rows == 0);
        if !inside
            || !ascending.into_iter().all(|(a, b)| a.index < b.index)
            || table.blind().iter().any(Option::is_none)
        {
            return Err(CachedTableError::Rows);
        }
        Ok(table)
    }
}

/// Whether the setup is that of the keys, and large enough: asked before the table's columns take memory.
fn check_setup(place: &PlacedTable<'_>, srs: &Srs) -> Result<(), KeyError> {
    if place.setup() != srs.setup().digest() {
        return Err(KeyError::Mismatch {
            what: "the setup is not the one under which the keys were made",
        });
    }
    powers(1 << place.contents().log_rows, srs).map(|_| ())
}

/// As many powers of τ as a table has rows.
fn powers(rows: usize, srs: &Srs) -> Result<&[G1Affine], KeyError> {
    let too_small = KeyError::SetupTooSmall {
        needed: rows,
        found: srs.powers().len(),
    };
    srs.powers().get(..rows).ok_or(too_small)
}

fn read_row(reader: &mut Reader<'_>) -> Result<CachedRow, DecodeError> {
    Ok(CachedRow {
        index: reader.u32()?,
        cells: [reader.i64()?, reader.i64()?, reader.i64()?],
        lagrange: reader.g1_uncompressed()?,
        mirrored: reader.g1_uncompressed()?,
        quotients: [
            reader.g1_uncompressed()?,
            reader.g1_uncompressed()?,
            reader.g1_uncompressed()?,
        ],
    })
}

fn read_header(reader: &mut Reader<'_>) -> Result<(Digest32, u32, usize), DecodeError> {
    reader.header(FileKind::CachedTable)?;
    let name = Digest32(reader.array()?);
    Ok((name, reader.u32()?, widen(reader.u32()?)))
}

fn row_digest(name: Digest32, log_rows: u32, body: &[u8]) -> Digest32 {
    Hasher::new("tensorseal cached row")
        .part(&name.0)
        .part(&log_rows.to_le_bytes())
        .part(body)
        .finish()
}

/// The inverse of what is never zero.
fn inverse(x: Fr) -> Fr {
    ark_ff::Field::inverse(&x).unwrap_or(Fr::ZERO)
}
