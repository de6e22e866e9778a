//! Files of cached points by a stranger who renews every digest: what reading them and checking a row find out.

use alloc::vec::Vec;
use core::ops::Range;

use ark_ec::CurveGroup;

use super::large_tables::dense;
use crate::cq::{CachedTable, CachedTableError};
use crate::curve::{Fr, G1Affine, encode_g1_uncompressed, g1_generator};
use crate::digest::Hasher;
use crate::error::KeyError;
use crate::keys::ProvingKey;
use crate::testing::keys;

const DIGEST: usize = 32;
const BODY: usize = CachedTable::ROW_BYTES - DIGEST;
const LOG_ROWS: Range<usize> = 38..42;
/// Where the cells and the points of a row are: index, three cells, then [Lᵢ]₁, [L_{−i}]₁ and the quotients.
const CELLS: usize = 4;
const POINTS: usize = CELLS + 3 * 8;

/// A file in parts: rows without their digests.
#[derive(Clone)]
struct File {
    header: Vec<u8>,
    rows: Vec<Vec<u8>>,
}

impl File {
    fn of(table: &CachedTable) -> Self {
        let bytes = table.to_bytes();
        let (header, rows) = bytes.split_at(CachedTable::HEADER_BYTES);
        let rows = rows.chunks(CachedTable::ROW_BYTES);
        Self {
            header: header.to_vec(),
            rows: rows.map(|row| row[..BODY].to_vec()).collect(),
        }
    }

    /// The file with these rows under these indices.
    fn with_rows(&self, log_rows: u32, rows: &[(u32, usize)]) -> Self {
        let mut header = self.header.clone();
        header[LOG_ROWS].copy_from_slice(&log_rows.to_le_bytes());
        let row = |(index, place): &(u32, usize)| {
            let mut row = self.rows[*place].clone();
            row[..4].copy_from_slice(&index.to_le_bytes());
            row
        };
        Self {
            header,
            rows: rows.iter().map(row).collect(),
        }
    }

    fn read(&self) -> Result<CachedTable, CachedTableError> {
        let mut bytes = self.header.clone();
        let count = u32::try_from(self.rows.len()).unwrap();
        bytes[LOG_ROWS.end..].copy_from_slice(&count.to_le_bytes());
        let start = Hasher::new("tensorseal cached row").part(&self.header[6..LOG_ROWS.start]);
        for row in &self.rows {
            bytes.extend(row);
            let digest = start.clone().part(&self.header[LOG_ROWS]).part(row);
            bytes.extend(digest.finish().0);
        }
        CachedTable::from_bytes(&bytes)
    }
}

/// The key of a table of 2⁶ rows, with its points.
fn case() -> (ProvingKey, File) {
    let (_, key) = keys(&dense());
    let file = File::of(&key.cached().unwrap()[0]);
    (key, file)
}

fn point(row: &mut [u8], index: usize, point: G1Affine) {
    row[POINTS + 64 * index..][..64].copy_from_slice(&encode_g1_uncompressed(&point));
}

#[test]
fn every_equation_of_a_row_finds_its_false_points() {
    let (key, file) = case();
    let honest = key.cached().unwrap().remove(0);
    const ROW: u32 = 17;
    let check = |what: &str, alter: &dyn Fn(&mut Vec<u8>)| {
        let mut file = file.clone();
        alter(&mut file.rows[ROW as usize]);
        let table = file.read().unwrap();
        let (table_index, row) = (0, ROW);
        let expected = KeyError::CachedPoints {
            table: table_index,
            row,
        };
        let found = table.check_row(ROW, &key, table_index);
        assert_eq!(found, Err(expected), "{what}");
        assert_eq!(table.check_row(ROW + 1, &key, 0), Ok(()), "{what}");
    };
    let row = honest.row(ROW).unwrap().clone();
    let points = [row.lagrange, row.mirrored]
        .into_iter()
        .chain(row.quotients);
    let points: Vec<G1Affine> = points.collect();
    let names = ["lagrange", "mirrored", "value", "out", "tag"];
    for (index, name) in names.into_iter().enumerate() {
        let false_point = (points[index] + g1_generator()).into_affine();
        check(name, &|row| point(row, index, false_point));
    }
    for column in 0..3 {
        check("a cell", &|row| row[CELLS + 8 * column] ^= 1);
    }
    // Multiples of [Lᵢ]₁ and of all quotients: only the equation of Lᵢ itself is false.
    let twice = |index: usize| (points[index] * Fr::from(2u64)).into_affine();
    check("multiples", &|row| {
        for index in [0, 2, 3, 4] {
            point(row, index, twice(index));
        }
    });
    // Another row's points are true there alone.
    check("another row", &|row| {
        row[CELLS..].copy_from_slice(&file.rows[5][CELLS..]);
    });
    // The mirror image of another row's.
    check("another mirror image", &|row| {
        let other = honest.row(5).unwrap().mirrored;
        point(row, 1, other);
    });
}

#[test]
fn rows_ascend_within_the_table_and_the_blind_ones_are_there() {
    let (_, file) = case();
    let read = |log_rows, indices: &[u32]| {
        let rows: Vec<(u32, usize)> = indices.iter().copied().zip(0..).collect();
        file.with_rows(log_rows, &rows).read().map(|_| ())
    };
    let refused = Err(CachedTableError::Rows);
    assert_eq!(read(6, &[0, 7, 62, 63]), Ok(()));
    let wrong: [(&str, &[u32]); 9] = [
        ("no rows", &[]),
        ("neither blind row", &[0, 7]),
        ("the last blind row alone", &[0, 63]),
        ("the first blind row alone", &[0, 62]),
        ("a row behind the last", &[0, 62, 63, 64]),
        ("a row far behind the last", &[0, 62, 63, u32::MAX]),
        ("a row twice", &[7, 7, 62, 63]),
        ("a blind row twice", &[62, 62, 63]),
        ("rows that descend", &[7, 0, 62, 63]),
    ];
    for (what, indices) in wrong {
        assert_eq!(read(6, indices), refused, "{what}");
    }
    // Tables of sizes that no program has, complete but for that.
    assert_eq!(read(1, &[0, 1]), refused);
    assert_eq!(read(2, &[2, 3]), Ok(()));
    assert_eq!(read(27, &[(1 << 27) - 2, (1 << 27) - 1]), Ok(()));
    assert_eq!(read(28, &[(1 << 28) - 2, (1 << 28) - 1]), refused);
    for log_rows in [0, 31, 32, 64, u32::MAX] {
        assert_eq!(read(log_rows, &[u32::MAX - 1, u32::MAX]), refused);
        assert_eq!(read(log_rows, &[0, 1]), refused);
    }
}

#[test]
fn rows_out_of_a_file_are_those_that_were_asked_for() {
    let (_, file) = case();
    let table = file.read().unwrap().slice(|row| row == 7);
    let bytes = table.to_bytes();
    let (header, rows) = bytes.split_at(CachedTable::HEADER_BYTES);
    let from = |indices: &[u32]| CachedTable::from_rows(header, indices, rows);
    assert_eq!(from(&[7, 62, 63]).as_ref(), Ok(&table));
    assert_eq!(from(&[8, 62, 63]), Err(CachedTableError::Rows));
    assert!(from(&[62, 63]).is_err());
    assert!(from(&[7, 61, 62, 63]).is_err());
}

#[test]
fn points_under_another_content_or_size_are_damaged() {
    let (_, file) = case();
    let bytes = file.read().unwrap().to_bytes();
    for position in [6, 37, LOG_ROWS.start] {
        let mut altered = bytes.clone();
        altered[position] ^= 1;
        let found = CachedTable::from_bytes(&altered);
        assert_eq!(found, Err(CachedTableError::Damaged), "byte {position}");
    }
}
