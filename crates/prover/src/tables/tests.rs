//! The cache on a table of 2^5 rows.

use super::parts::PART;
use super::*;
use crate::points;
use crate::testing::{Counter, folder};
use tensorseal_protocol::cq::{TableContents, Visibility};
use tensorseal_protocol::digest::Hasher;
use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::program::{Program, ProgramParts, Tensor, place};
use tensorseal_protocol::table::{Outputs, Segment, Table};
use tensorseal_protocol::{Model, generate_with_tables};

/// A key with a large table, its setup, and a cache in a folder that goes with it.
struct Setting {
    key: ProvingKey,
    srs: Srs,
    folder: PathBuf,
    cache: TableCache,
}

impl Setting {
    fn new(name: &str) -> Self {
        let (key, srs) = keys(|value| value * value);
        let folder = folder(name);
        let cache = TableCache::new(&folder).unwrap();
        Self {
            key,
            srs,
            folder,
            cache,
        }
    }

    fn table(&self) -> Result<CachedTable, TableCacheError> {
        self.told(&mut |_, _| ())
    }

    fn told(&self, progress: &mut dyn FnMut(usize, usize)) -> Result<CachedTable, TableCacheError> {
        self.cache.table((&self.key, 0), &self.srs, progress)
    }

    /// The files in the folder.
    fn paths(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn keys(function: fn(i64) -> i64) -> (ProvingKey, Srs) {
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
    let setting = Setting::new("tables");
    let cache = &setting.cache;
    let mut stages = 0;
    let mut table = || {
        let mut progress = |_, _| stages += 1;
        setting.told(&mut progress).unwrap()
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&setting.folder).unwrap().permissions().mode();
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
    let left: Vec<String> = setting
        .paths()
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
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
        let error = setting.table();
        assert!(matches!(error, Err(TableCacheError::File { .. })));
        assert!(cache.rows(content, &rows(&[3, 10])).is_ok());
    }
    // Cut short: within the rows, which a slice reads one by one, and within the header.
    for length in [start(9) + 100, 20] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = cache.rows(content, &rows(&[4, 9]));
        assert!(matches!(error, Err(TableCacheError::File { .. })));
        let error = setting.table();
        assert!(matches!(error, Err(TableCacheError::File { .. })));
    }
    // Another table's file under this name.
    let other = Digest32([1; 32]);
    fs::write(cache.path(other), &whole).unwrap();
    let error = cache.rows(other, &rows(&[4]));
    assert!(matches!(error, Err(TableCacheError::OtherTable { .. })));
    let (others, _) = keys(|value| value + 9);
    let theirs = others.placed_table(0).unwrap().name();
    fs::write(cache.path(theirs), &whole).unwrap();
    let error = cache.table((&others, 0), &setting.srs, &mut |_, _| ());
    assert!(matches!(error, Err(TableCacheError::OtherTable { .. })));
    let mut names_another = whole;
    names_another[7] ^= 1;
    fs::write(&path, names_another).unwrap();
    let error = setting.table();
    assert!(matches!(error, Err(TableCacheError::File { .. })));
    fs::write(&path, b"damage").unwrap();
    let error = setting.table();
    assert!(matches!(error, Err(TableCacheError::File { .. })));
}

#[test]
fn rows_are_computed_once_and_taken_from_the_whole_table_where_it_is() {
    let setting = Setting::new("rows");
    let cache = &setting.cache;
    let mut sums = 0;
    let mut made = |wanted: &[u32]| {
        let mut progress = |_, _| sums += 1;
        let found = cache.some_rows(
            (&setting.key, 0),
            Some(&setting.srs),
            &rows(wanted),
            &mut progress,
        );
        (found.unwrap(), core::mem::take(&mut sums))
    };
    let known =
        |wanted: &[u32]| cache.some_rows((&setting.key, 0), None, &rows(wanted), &mut |_, _| ());
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

    let whole = setting.table().unwrap();
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
}

#[test]
fn an_interrupted_preprocessing_goes_on_and_damaged_parts_are_made_again() {
    let setting = Setting::new("parts");
    let cache = &setting.cache;
    let whole = setting.table().unwrap();
    fs::remove_file(cache.path(whole.name())).unwrap();
    let mut told = Vec::new();
    let again = setting
        .told(&mut |done, total| told.push((done, total)))
        .unwrap();
    assert_eq!(whole, again);
    // The basis and what is shared were there, and count as done.
    let expected = [5, 10].into_iter().chain(11..=8 * 5);
    assert!(told.into_iter().eq(expected.map(|done| (done, 8 * 5))));
    fs::remove_file(cache.path(whole.name())).unwrap();
    for path in setting.paths() {
        let mut bytes = fs::read(&path).unwrap();
        bytes[70] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    assert_eq!(setting.table().unwrap(), whole);
}

#[test]
fn a_false_part_that_looks_whole_is_found_by_pairings_and_made_again() {
    let setting = Setting::new("false-part");
    let cache = &setting.cache;
    let whole = setting.table().unwrap();
    fs::remove_file(cache.path(whole.name())).unwrap();
    let mut paths = setting.paths().into_iter();
    let basis = paths.find(|path| path.extension().is_some_and(|end| end == "lagrange"));
    let basis = basis.unwrap();
    let mut points = points::decode(&fs::read(&basis).unwrap(), Hasher::new(PART)).unwrap();
    points.rotate_left(1);
    fs::write(&basis, points::encode(&points, Hasher::new(PART))).unwrap();
    let error = setting.table().unwrap_err();
    assert!(
        matches!(
            error,
            TableCacheError::Key(KeyError::CachedPoints { table: 0, .. })
        ),
        "{error}"
    );
    assert!(!cache.path(whole.name()).exists());
    let again = setting.table().unwrap();
    assert_eq!(again, whole);
}

#[test]
fn points_are_not_made_from_another_setup() {
    let setting = Setting::new("other-setup");
    let (cache, key) = (&setting.cache, &setting.key);
    let other = Srs::development_with_g2(8, 1 << 5, (&Threads, &mut Counter(9))).unwrap();
    for made in [
        cache.table((key, 0), &other, &mut |_, _| ()),
        cache.some_rows((key, 0), Some(&other), &rows(&[4]), &mut |_, _| ()),
    ] {
        let error = made.unwrap_err();
        assert!(
            matches!(error, TableCacheError::Key(KeyError::Mismatch { .. })),
            "{error}"
        );
    }
    assert_eq!(setting.paths().len(), 0);
}

#[test]
fn processes_that_fill_one_folder_at_once_read_whole_files() {
    let setting = Setting::new("race");
    let tables: Vec<CachedTable> = std::thread::scope(|scope| {
        let table = || setting.table().unwrap();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(table)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(tables.iter().all(|table| *table == tables[0]));
}
