//! The cached points of large tables on disk, under a name that follows from the setup and the table's content.
//!
//! A file is complete or not there: it is written beside its place and moved into it, so two processes may fill one folder. While a table
//! is preprocessed its finished parts lie in the folder too, and one that was interrupted goes on with them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tensorseal_protocol::cq::{
    CachedTable, CachedTableError, Checkpoints, Part, PlacedTable, Preprocessor,
};
use tensorseal_protocol::curve::G1Affine;
use tensorseal_protocol::digest::{Digest32, Hasher};
use tensorseal_protocol::random::{PlatformRandom, RandomSource};
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{KeyError, ProvingKey};

use crate::Threads;
use crate::files::{self, Audience};
use crate::points;

/// A folder of cached points.
#[derive(Clone, Debug)]
pub struct TableCache {
    folder: PathBuf,
}

/// Why cached points were not had.
#[derive(Debug)]
#[non_exhaustive]
pub enum TableCacheError {
    /// The folder or a file in it cannot be read or written.
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file in the folder is none of cached points; delete it to have it made again.
    File {
        /// The path.
        path: PathBuf,
        /// What is wrong.
        error: CachedTableError,
    },
    /// A file in the folder has the cached points of another table than its name says; delete it to have it made again.
    OtherTable {
        /// The path.
        path: PathBuf,
    },
    /// Rows that are needed are not in the folder, and there is no setup to compute them from.
    NotPreprocessed {
        /// The table.
        table: usize,
        /// How many rows.
        rows: usize,
        /// The folder.
        folder: PathBuf,
    },
    /// The table cannot be preprocessed.
    Key(KeyError),
}

impl std::fmt::Display for TableCacheError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::File { path, error } => {
                write!(f, "{}: {error}; delete the file first", path.display())
            }
            Self::OtherTable { path } => write!(
                f,
                "{}: the file is of another table than its name says; delete it",
                path.display()
            ),
            Self::NotPreprocessed {
                table,
                rows,
                folder,
            } => write!(
                f,
                "the cached points of {rows} rows of large table {table} are not in {}; preprocess the table, or give the setup to compute them",
                folder.display()
            ),
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TableCacheError {}

impl From<KeyError> for TableCacheError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> TableCacheError {
    move |error| TableCacheError::Io {
        path: path.to_path_buf(),
        error,
    }
}

/// As [`at`], but for a file that ends too early.
fn cut_short(path: &Path) -> impl Fn(io::Error) -> TableCacheError {
    move |error| match error.kind() {
        io::ErrorKind::UnexpectedEof => TableCacheError::File {
            path: path.to_path_buf(),
            error: CachedTableError::Damaged,
        },
        _ => at(path)(error),
    }
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
        let mut parts = Parts {
            folder: &self.folder,
            name,
            size: Hasher::new("tensorseal parts of all tables")
                .part(&place.setup().0)
                .part(&place.contents().log_rows.to_le_bytes())
                .finish(),
        };
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
        let kept = match kept {
            Some(kept) if missing.is_empty() => return Ok(kept.slice(|row| rows.contains(&row))),
            kept => kept,
        };
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

/// [`CachedTable::check_row`] on some random rows: what is wrong in a part that was kept, in the setup or in most
/// stages of a transform is wrong in nearly all rows.
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

/// The finished parts of a preprocessing as files.
struct Parts<'a> {
    folder: &'a Path,
    name: Digest32,
    /// Names what all tables of one size under one setup share.
    size: Digest32,
}

impl Parts<'_> {
    fn path(&self, part: Part) -> PathBuf {
        self.folder.join(match part {
            Part::Lagrange => format!("{}.lagrange", self.size),
            Part::Shared => format!("{}.shared", self.size),
            Part::Counting => format!("{}.counting", self.size),
            Part::Column(column) => format!("{}.column{column}", self.name),
        })
    }

    /// Deletes the parts of this table; those of its size stay for others. What cannot be deleted is in nobody's way.
    fn forget(&self) {
        for column in 0..3 {
            let _ = fs::remove_file(self.path(Part::Column(column)));
        }
    }

    /// Deletes all parts that this table was made of.
    fn forget_all(&self) {
        self.forget();
        for part in [Part::Lagrange, Part::Shared, Part::Counting] {
            let _ = fs::remove_file(self.path(part));
        }
    }
}

impl Checkpoints for Parts<'_> {
    fn load(&mut self, part: Part) -> Option<Vec<G1Affine>> {
        let bytes = fs::read(self.path(part)).ok()?;
        points::decode(&bytes, Hasher::new(PART))
    }

    fn store(&mut self, part: Part, points: &[G1Affine]) {
        // A part that cannot be kept is computed again, should it come to that; the table itself is told of.
        let bytes = points::encode(points, Hasher::new(PART));
        let _ = files::write(&self.path(part), &bytes, Audience::Owner);
    }
}

/// What the digest of a part binds besides its points.
const PART: &str = "tensorseal part of a table";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Counter, folder};
    use tensorseal_protocol::cq::{TableContents, Visibility};
    use tensorseal_protocol::linear::weights::WeightMatrix;
    use tensorseal_protocol::program::{Program, ProgramParts, Tensor, place};
    use tensorseal_protocol::table::{Outputs, Segment, Table};
    use tensorseal_protocol::{Model, generate_with_tables};

    fn setting() -> (ProvingKey, Srs) {
        setting_of(|value| value * value)
    }

    fn setting_of(function: fn(i64) -> i64) -> (ProvingKey, Srs) {
        let segment = Segment {
            start: -8,
            length: 20,
            outputs: Outputs::Values((-8..12).map(function).collect()),
        };
        let contents = TableContents {
            log_rows: 5,
            visibility: Visibility::Public,
            segments: vec![segment],
        };
        let tensor = Tensor {
            positions: Vec::new(),
            channels: 3,
            segment: 0,
            blocks: Vec::new(),
        };
        let (tensors, lanes) = place(vec![tensor], 6, &|_| 1);
        let program = Program::new(ProgramParts {
            log_rows: 6,
            lanes,
            log_weight_rows: 1,
            log_weight_columns: 1,
            table: Table {
                shift: 1,
                segments: Vec::new(),
            },
            large_tables: vec![contents.describe().unwrap()],
            tensors,
            layers: Vec::new(),
            inputs: vec![0],
            outputs: Vec::new(),
        });
        let random = &mut Counter(1);
        let srs = Srs::development_with_g2(8, 1 << 5, (&Threads, random)).unwrap();
        let model = Model {
            program: program.unwrap(),
            tables: &[contents],
            weights: WeightMatrix::zero(2, 2),
            annotation: Vec::new(),
        };
        let key = generate_with_tables(model, &srs, (&Threads, random), &mut |_, _| ());
        (key.unwrap(), srs)
    }

    fn rows(rows: &[u32]) -> BTreeSet<u32> {
        rows.iter().copied().collect()
    }

    #[test]
    fn a_table_is_computed_once_read_again_and_sliced() {
        let (key, srs) = setting();
        let folder = folder("tables");
        let cache = TableCache::new(&folder).unwrap();
        let mut stages = 0;
        let mut table = || {
            let mut progress = |_, _| stages += 1;
            cache.table((&key, 0), &srs, &mut progress).unwrap()
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&folder).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "others can list the cache");
        }
        let first = table();
        let second = table();
        assert_eq!(first, second);
        // One transform for the basis, one for what is shared, two for each of three columns: tags differ from one on many rows.
        assert_eq!(stages, 8 * 5);
        let content = first.name();
        let slice = cache.rows(content, &rows(&[4, 9, 77])).unwrap().unwrap();
        assert_eq!(slice, first.slice(|row| [4, 9].contains(&row)));
        assert_eq!(cache.rows(Digest32([1; 32]), &rows(&[4])).unwrap(), None);
        let left: Vec<String> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert!(
            !left
                .iter()
                .any(|name| name.contains("column") || name.ends_with(".tmp")),
            "{left:?}"
        );

        let path = cache.path(content);
        let whole = fs::read(&path).unwrap();
        // Row 4 altered, or in the place of row 9: found out whether the whole is read or a slice, which reads no other rows.
        let start = |row: usize| CachedTable::HEADER_BYTES + row * CachedTable::ROW_BYTES;
        let mut altered = whole.clone();
        altered[start(4) + 100] ^= 1;
        let mut moved = whole.clone();
        moved.copy_within(start(4)..start(5), start(9));
        for bytes in [altered, moved] {
            fs::write(&path, bytes).unwrap();
            let error = cache.rows(content, &rows(&[4, 9]));
            assert!(matches!(error, Err(TableCacheError::File { .. })));
            let error = cache.table((&key, 0), &srs, &mut |_, _| ());
            assert!(matches!(error, Err(TableCacheError::File { .. })));
            assert!(cache.rows(content, &rows(&[3, 10])).is_ok());
        }
        // Cut short: within the rows, which a slice reads one by one, and within the header.
        for length in [start(9) + 100, 20] {
            fs::write(&path, &whole[..length]).unwrap();
            let error = cache.rows(content, &rows(&[4, 9]));
            assert!(matches!(error, Err(TableCacheError::File { .. })));
            let error = cache.table((&key, 0), &srs, &mut |_, _| ());
            assert!(matches!(error, Err(TableCacheError::File { .. })));
        }
        // Another table's file under this name.
        let other = Digest32([1; 32]);
        fs::write(cache.path(other), &whole).unwrap();
        let error = cache.rows(other, &rows(&[4]));
        assert!(matches!(error, Err(TableCacheError::OtherTable { .. })));
        let (others, _) = setting_of(|value| value + 9);
        let theirs = others.placed_table(0).unwrap().name();
        fs::write(cache.path(theirs), &whole).unwrap();
        let error = cache.table((&others, 0), &srs, &mut |_, _| ());
        assert!(matches!(error, Err(TableCacheError::OtherTable { .. })));
        let mut names_another = whole;
        names_another[7] ^= 1;
        fs::write(&path, names_another).unwrap();
        let error = cache.table((&key, 0), &srs, &mut |_, _| ());
        assert!(matches!(error, Err(TableCacheError::File { .. })));
        fs::write(&path, b"damage").unwrap();
        let error = cache.table((&key, 0), &srs, &mut |_, _| ());
        assert!(matches!(error, Err(TableCacheError::File { .. })));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn rows_are_computed_once_and_taken_from_the_whole_table_where_it_is() {
        let (key, srs) = setting();
        let folder = folder("rows");
        let cache = TableCache::new(&folder).unwrap();
        let mut sums = 0;
        let mut made = |wanted: &[u32]| {
            let mut progress = |_, _| sums += 1;
            let found = cache.some_rows((&key, 0), Some(&srs), &rows(wanted), &mut progress);
            (found.unwrap(), core::mem::take(&mut sums))
        };
        let known =
            |wanted: &[u32]| cache.some_rows((&key, 0), None, &rows(wanted), &mut |_, _| ());
        let error = known(&[4, 9]).unwrap_err();
        assert!(
            matches!(
                error,
                TableCacheError::NotPreprocessed {
                    table: 0,
                    rows: 2,
                    ..
                }
            ),
            "{error}"
        );
        let (first, computed) = made(&[4, 9]);
        assert_eq!(known(&[9]).unwrap(), first.slice(|row| row == 9));
        assert!(computed > 0);
        let (more, computed) = made(&[9, 5]);
        assert!(computed > 0);
        let (again, computed) = made(&[5, 4]);
        assert_eq!(computed, 0);
        let path = cache.slice_path(first.name());
        let kept = CachedTable::from_bytes(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(kept.len(), 5);

        let whole = cache.table((&key, 0), &srs, &mut |_, _| ()).unwrap();
        assert_eq!(first, whole.slice(|row| [4, 9].contains(&row)));
        assert_eq!(more, whole.slice(|row| [5, 9].contains(&row)));
        assert_eq!(again, whole.slice(|row| [4, 5].contains(&row)));
        // From now on the whole file serves, whatever became of the other.
        fs::write(&path, b"damage").unwrap();
        let (from_whole, computed) = made(&[7]);
        assert_eq!((from_whole, computed), (whole.slice(|row| row == 7), 0));
        fs::remove_file(cache.path(whole.name())).unwrap();
        let error = known(&[7]);
        assert!(matches!(error, Err(TableCacheError::File { .. })));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn an_interrupted_preprocessing_goes_on_and_damaged_parts_are_made_again() {
        let (key, srs) = setting();
        let folder = folder("parts");
        let cache = TableCache::new(&folder).unwrap();
        let whole = cache.table((&key, 0), &srs, &mut |_, _| ()).unwrap();
        fs::remove_file(cache.path(whole.name())).unwrap();
        let mut told = Vec::new();
        let again = cache
            .table((&key, 0), &srs, &mut |done, total| {
                told.push((done, total));
            })
            .unwrap();
        assert_eq!(whole, again);
        // The basis and what is shared were there, and count as done.
        let expected = [5, 10].into_iter().chain(11..=8 * 5);
        assert!(told.into_iter().eq(expected.map(|done| (done, 8 * 5))));
        fs::remove_file(cache.path(whole.name())).unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let mut bytes = fs::read(&path).unwrap();
            bytes[70] ^= 1;
            fs::write(&path, bytes).unwrap();
        }
        assert_eq!(cache.table((&key, 0), &srs, &mut |_, _| ()).unwrap(), whole);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_false_part_that_looks_whole_is_found_by_pairings_and_made_again() {
        let (key, srs) = setting();
        let folder = folder("false-part");
        let cache = TableCache::new(&folder).unwrap();
        let whole = cache.table((&key, 0), &srs, &mut |_, _| ()).unwrap();
        fs::remove_file(cache.path(whole.name())).unwrap();
        let basis = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let basis = basis
            .into_iter()
            .find(|path| path.extension().is_some_and(|end| end == "lagrange"));
        let basis = basis.unwrap();
        let mut points = points::decode(&fs::read(&basis).unwrap(), Hasher::new(PART)).unwrap();
        points.rotate_left(1);
        fs::write(&basis, points::encode(&points, Hasher::new(PART))).unwrap();
        let error = cache.table((&key, 0), &srs, &mut |_, _| ()).unwrap_err();
        assert!(
            matches!(
                error,
                TableCacheError::Key(KeyError::CachedPoints { table: 0, .. })
            ),
            "{error}"
        );
        assert!(!cache.path(whole.name()).exists());
        let again = cache.table((&key, 0), &srs, &mut |_, _| ()).unwrap();
        assert_eq!(again, whole);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn points_are_not_made_from_another_setup() {
        let (key, _) = setting();
        let other = Srs::development_with_g2(8, 1 << 5, (&Threads, &mut Counter(9))).unwrap();
        let folder = folder("other-setup");
        let cache = TableCache::new(&folder).unwrap();
        for made in [
            cache.table((&key, 0), &other, &mut |_, _| ()),
            cache.some_rows((&key, 0), Some(&other), &rows(&[4]), &mut |_, _| ()),
        ] {
            let error = made.unwrap_err();
            assert!(
                matches!(error, TableCacheError::Key(KeyError::Mismatch { .. })),
                "{error}"
            );
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn processes_that_fill_one_folder_at_once_read_whole_files() {
        let (key, srs) = setting();
        let folder = folder("race");
        let cache = TableCache::new(&folder).unwrap();
        let tables: Vec<CachedTable> = std::thread::scope(|scope| {
            let table = || cache.table((&key, 0), &srs, &mut |_, _| ()).unwrap();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(table)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(tables.iter().all(|table| *table == tables[0]));
        fs::remove_dir_all(&folder).unwrap();
    }
}
