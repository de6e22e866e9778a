//! The cached points of large tables on disk, under a name that follows from the setup and the table's content.
//!
//! A file is complete or not there: it is written beside its place and moved into it, so two processes may fill one folder. While a table
//! is preprocessed its finished parts lie in the folder too, and one that was interrupted goes on with them.

mod error;
mod parts;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use tensorseal_protocol::cq::{CachedTable, CachedTableError, PlacedTable, Preprocessor};
use tensorseal_protocol::digest::Digest32;
use tensorseal_protocol::random::{PlatformRandom, RandomSource};
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{KeyError, ProvingKey};

use crate::Threads;
use crate::files::{self, Audience};

pub use error::TableCacheError;
use error::{at, cut_short};
use parts::Parts;

/// A folder of cached points.
#[derive(Clone, Debug)]
pub struct TableCache {
    folder: PathBuf,
}

impl TableCache {
    /// The cache in a folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`TableCacheError::Io`].
    pub fn new(folder: impl Into<PathBuf>) -> Result<Self, TableCacheError> {
        let folder = folder.into();
        files::make_private(&folder).map_err(at(&folder))?;
        Ok(Self { folder })
    }

    /// The file of a table, by [`PlacedTable::name`].
    pub fn path(&self, name: Digest32) -> PathBuf {
        self.folder.join(format!("{name}.tscq"))
    }

    /// The points of all rows of a key's large table: read if they are there, otherwise computed on all cores, checked against the key on
    /// some random rows by pairings, and kept.
    ///
    /// # Errors
    ///
    /// [`TableCacheError`].
    pub fn table(
        &self,
        (key, table): (&ProvingKey, usize),
        srs: &Srs,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<CachedTable, TableCacheError> {
        let place = placed(key, table)?;
        let name = place.name();
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => return named(name, path, CachedTable::from_bytes(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(&path)(error)),
        }
        files::check_writable(&self.folder).map_err(at(&self.folder))?;
        let mut parts = Parts::new(&self.folder, &place);
        let mut preprocessor = Preprocessor {
            backend: &Threads,
            checkpoints: &mut parts,
            progress,
        };
        let points = CachedTable::compute(&place, srs, &mut preprocessor)?;
        if let Err(error) = check_random_rows(&points, (key, table)) {
            if matches!(error, KeyError::CachedPoints { .. }) {
                // A part is false, and nobody knows which, or the key is: the next run makes all parts again.
                parts.forget_all();
            }
            return Err(error.into());
        }
        files::write(&path, &points.to_bytes(), Audience::Owner).map_err(at(&path))?;
        parts.forget();
        Ok(points)
    }

    /// The points of some rows of a key's large table and of the blind ones: out of the file of all rows if it is there, otherwise out of the file of
    /// the rows that were ever asked for, in which those that it lacks are computed and kept if the setup is at hand.
    ///
    /// # Errors
    ///
    /// [`TableCacheError`].
    pub fn some_rows(
        &self,
        (key, table): (&ProvingKey, usize),
        srs: Option<&Srs>,
        rows: &BTreeSet<u32>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<CachedTable, TableCacheError> {
        let place = placed(key, table)?;
        let name = place.name();
        if let Some(rows) = self.rows(name, rows)? {
            return Ok(rows);
        }
        let path = self.slice_path(name);
        let kept = match fs::read(&path) {
            Ok(bytes) => {
                let kept = CachedTable::from_bytes(&bytes);
                Some(named(name, path.clone(), kept)?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(at(&path)(error)),
        };
        let missing: Vec<u32> = match &kept {
            Some(kept) => kept.missing(rows),
            None => rows.iter().copied().collect(),
        };
        if let Some(kept) = kept.as_ref().filter(|_| missing.is_empty()) {
            return Ok(kept.slice(|row| rows.contains(&row)));
        }
        let srs = srs.ok_or_else(|| TableCacheError::NotPreprocessed {
            table,
            rows: missing.len(),
            folder: self.folder.clone(),
        })?;
        let made = CachedTable::of_rows(&place, srs, &missing, (&Threads, progress))?;
        let all = match kept {
            Some(kept) => named(name, path.clone(), kept.merge(&made))?,
            None => made,
        };
        files::write(&path, &all.to_bytes(), Audience::Owner).map_err(at(&path))?;
        Ok(all.slice(|row| rows.contains(&row)))
    }

    /// The file of some rows of a table.
    fn slice_path(&self, name: Digest32) -> PathBuf {
        self.folder.join(format!("{name}.rows.tscq"))
    }

    /// The points of some rows of a table that is in the cache, and of the blind ones, without reading the others: as many reads as rows.
    /// `None` if the table is not there.
    ///
    /// # Errors
    ///
    /// [`TableCacheError`].
    pub fn rows(
        &self,
        name: Digest32,
        rows: &BTreeSet<u32>,
    ) -> Result<Option<CachedTable>, TableCacheError> {
        let path = self.path(name);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path)(error)),
        };
        let mut header = vec![0; CachedTable::HEADER_BYTES];
        file.read_exact(&mut header).map_err(cut_short(&path))?;
        // The number of rows ends the header, and a file in the cache has all.
        let count = header
            .last_chunk()
            .map_or(0, |count| u32::from_le_bytes(*count));
        let mut rows: Vec<u32> = rows.iter().copied().filter(|row| *row < count).collect();
        rows.extend([count.saturating_sub(2), count.saturating_sub(1)]);
        rows.sort_unstable();
        rows.dedup();
        let mut bytes = vec![0; rows.len() * CachedTable::ROW_BYTES];
        for (row, bytes) in rows
            .iter()
            .zip(bytes.chunks_exact_mut(CachedTable::ROW_BYTES))
        {
            let start =
                CachedTable::HEADER_BYTES as u64 + u64::from(*row) * CachedTable::ROW_BYTES as u64;
            file.seek(SeekFrom::Start(start)).map_err(at(&path))?;
            file.read_exact(bytes).map_err(cut_short(&path))?;
        }
        named(name, path, CachedTable::from_rows(&header, &rows, &bytes)).map(Some)
    }
}

fn placed(key: &ProvingKey, table: usize) -> Result<PlacedTable<'_>, KeyError> {
    key.placed_table(table).ok_or(KeyError::Mismatch {
        what: "the program has no large table of that number",
    })
}

/// How many random rows of a table that was preprocessed are checked.
const CHECKED_ROWS: usize = 8;

/// [`CachedTable::check_row`] on some random rows: what is wrong in a part that was kept, in the setup or in most stages of a transform is
/// wrong in nearly all rows.
fn check_random_rows(
    points: &CachedTable,
    (key, table): (&ProvingKey, usize),
) -> Result<(), KeyError> {
    for _ in 0..CHECKED_ROWS {
        let mut row = [0; 4];
        PlatformRandom.fill(&mut row)?;
        let row = u32::from_le_bytes(row) % (1 << points.log_rows());
        points.check_row(row, key, table)?;
    }
    Ok(())
}

/// What was read from a file, if it is the table that the file's name says.
fn named(
    name: Digest32,
    path: PathBuf,
    table: Result<CachedTable, CachedTableError>,
) -> Result<CachedTable, TableCacheError> {
    match table {
        Ok(table) if table.name() == name => Ok(table),
        Ok(_) => Err(TableCacheError::OtherTable { path }),
        Err(error) => Err(TableCacheError::File { path, error }),
    }
}
