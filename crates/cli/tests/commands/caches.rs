//! Caches that are damaged, exchanged or cannot be written, setups that do not belong to the keys, and keys that cannot be read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tensorseal_protocol::ProvingKey;
use tensorseal_protocol::cq::{CachedTable, NoCheckpoints, PlacedTable, Preprocessor};
use tensorseal_protocol::random::PlatformRandom;
use tensorseal_protocol::srs::Srs;
use tensorseal_prover::Threads;

use super::large_tables::Large;
use super::{at, code, json, model, names, refused, sealed, stderr, tensorseal, within};

#[test]
fn quotients_of_unchanged_weights_come_from_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let compile = |output: &str, more: &[&str]| {
        let network = model("digits_demo.onnx");
        let calibration = model("digits_demo_calibration.npz");
        let setup = sealed().join("dev.srs").display().to_string();
        let arguments = [
            "compile",
            &network,
            "--calibration",
            &calibration,
            "--srs",
            &setup,
            "--json",
            "-o",
            &path(output),
        ];
        tensorseal(&[&arguments[..], more].concat())
    };
    let files = || -> Vec<PathBuf> {
        let entries = fs::read_dir(folder.path().join("cache"))
            .into_iter()
            .flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let cache = path("cache");
    let cache = ["--cache", &cache];
    for output in ["first", "second"] {
        let made = compile(output, &cache);
        assert_eq!(code(&made), 0, "{}", stderr(&made));
        assert_eq!(files().len(), 1);
    }
    // A file of zeros would make keys that prove nothing, so it is no silent miss.
    let [file] = &files()[..] else {
        unreachable!("one file")
    };
    let length = fs::read(file).unwrap().len();
    fs::write(file, vec![0; length]).unwrap();
    let damaged = compile("third", &cache);
    assert_eq!(code(&damaged), 2);
    assert!(
        stderr(&damaged).contains(&*file.to_string_lossy()),
        "{}",
        stderr(&damaged)
    );
    assert!(!folder.path().join("third").exists());
    // Nor is it read where there shall be no cache.
    let none = compile("none", &["--no-cache"]);
    assert_eq!(code(&none), 0, "{}", stderr(&none));
    let both = compile("both", &[&cache[..], &["--no-cache"]].concat());
    refused(&both, &["--no-cache", "--cache"]);
}

/// The file in a folder whose name ends so.
fn file(folder: &Path, end: &str) -> PathBuf {
    let mut names = names(folder).into_iter();
    folder.join(names.find(|name| name.ends_with(end)).unwrap())
}

/// A folder with a copy of the file of all rows of the shared table.
fn with_all_rows() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let from = file(Large::preprocessed(), ".tscq");
    let to = folder.path().join(from.file_name().unwrap());
    fs::copy(from, &to).unwrap();
    (folder, to)
}

/// Setups that are not those of the keys: another one, and the first few powers of theirs.
fn other_setups() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let setups = [
            (
                "other.srs",
                Srs::development(13, &mut PlatformRandom).unwrap(),
                None,
            ),
            (
                "few.srs",
                Srs::from_bytes(&fs::read(Large::srs()).unwrap()).unwrap(),
                Some(40),
            ),
        ];
        for (name, srs, powers) in setups {
            fs::write(folder.path().join(name), srs.to_bytes(powers)).unwrap();
        }
        folder
    });
    folder.path()
}

/// A setup, and what the refusal of it says.
fn unfit_setups() -> [(String, [&'static str; 2]); 2] {
    [
        ("other.srs", ["another setup than the keys", "--srs"]),
        ("few.srs", ["needs a setup of 64 powers", "has 40"]),
    ]
    .map(|(name, words)| (within(other_setups(), name), words))
}

#[test]
fn a_setup_that_does_not_serve_is_refused_before_anything_is_computed() {
    let (large, folder) = (Large::shared(), tempfile::tempdir().unwrap());
    let cache = folder.path().join("cache");
    for (srs, words) in unfit_setups() {
        refused(&large.preprocess(&srs, &cache, &[]), &words);
        refused(
            &large.prove(folder.path(), &cache, &["--srs", &srs]),
            &words,
        );
        assert!(names(&cache).is_empty(), "{srs}");
    }
    // Nor does it cast suspicion on rows that are there.
    let proved = large.prove(folder.path(), &cache, &["--srs", &Large::srs()]);
    assert_eq!(code(&proved), 0, "{}", stderr(&proved));
    let rows = file(&cache, ".rows.tscq");
    let before = fs::read(&rows).unwrap();
    let (other, words) = &unfit_setups()[0];
    refused(
        &large.prove(folder.path(), &cache, &["--srs", other]),
        words,
    );
    assert_eq!(fs::read(&rows).unwrap(), before);
}

#[test]
fn a_proving_key_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (sealed, key) = (
        folder.path().join("sealed"),
        folder.path().join("sealed/model.pk"),
    );
    let preprocess = |words: &[&str]| {
        let large = Large::of_64_rows(&sealed);
        let output = large.preprocess(&Large::srs(), &folder.path().join("cache"), &[]);
        refused(&output, words);
    };
    let name = key.display().to_string();
    preprocess(&[&name, "cannot read"]);
    let good = fs::read(Path::new(&Large::shared().sealed()).join("model.pk")).unwrap();
    fs::create_dir(&sealed).unwrap();
    let mut altered = good.clone();
    altered[good.len() / 2] ^= 1;
    for bytes in [&good[..good.len() - 7], &altered, b""] {
        fs::write(&key, bytes).unwrap();
        preprocess(&[&name]);
    }
}

#[test]
fn a_model_without_large_tables_has_nothing_to_preprocess() {
    let (folder, srs) = (at("sealed"), at("dev.srs"));
    let preprocess = ["preprocess", &folder, "--srs", &srs];
    let output = tensorseal(&preprocess);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("nothing to preprocess"));
    let output = tensorseal(&[&preprocess[..], &["--json"]].concat());
    assert_eq!(json(&output)["tables"], serde_json::json!([]));
}

/// What may become of a file: cut short in its rows and in its header, altered in every row, and another table's.
fn spoiled(good: &[u8], others: &[u8]) -> [Vec<u8>; 4] {
    let mut altered = good.to_vec();
    for row in altered[CachedTable::HEADER_BYTES..].chunks_mut(CachedTable::ROW_BYTES) {
        row[200] ^= 1;
    }
    [
        good[..CachedTable::HEADER_BYTES + 3].to_vec(),
        good[..20].to_vec(),
        altered,
        others.to_vec(),
    ]
}

/// A cache with the same table under another setup: all its rows, or those that the example's proof looks up.
fn of_another_setup(cache: &Path, all: bool) {
    let large = Large::shared();
    let key = fs::read(Path::new(&large.sealed()).join("model.pk")).unwrap();
    let key = ProvingKey::from_bytes(&key).unwrap();
    let srs = Srs::from_bytes(&fs::read(within(other_setups(), "other.srs")).unwrap()).unwrap();
    let place = (key.verifying().program(), 0);
    let place = PlacedTable::new(&key.table_contents()[0], place, srs.setup().digest()).unwrap();
    let mut preprocessor = Preprocessor {
        backend: &Threads,
        checkpoints: &mut NoCheckpoints,
        progress: &mut |_, _| (),
    };
    let points = CachedTable::compute(&place, &srs, &mut preprocessor).unwrap();
    let (points, end) = if all {
        (points, "tscq")
    } else {
        (points.slice(|row| [1, 2].contains(&row)), "rows.tscq")
    };
    let path = cache.join(format!("{}.{end}", place.name()));
    fs::write(path, points.to_bytes()).unwrap();
}

#[test]
fn spoiled_points_are_told_of_by_the_name_of_their_file() {
    let large = Large::shared();
    let others = tempfile::tempdir().unwrap();
    of_another_setup(others.path(), true);
    let (folder, path) = with_all_rows();
    let name = path.display().to_string();
    let good = fs::read(&path).unwrap();
    let theirs = fs::read(file(others.path(), ".tscq")).unwrap();
    for (case, bytes) in spoiled(&good, &theirs).iter().enumerate() {
        fs::write(&path, bytes).unwrap();
        let words = [&name[..], "delete"];
        refused(&large.prove(folder.path(), folder.path(), &[]), &words);
        refused(&large.preprocess(&Large::srs(), folder.path(), &[]), &words);
        let inspected = tensorseal(&["inspect", &name]);
        match case {
            3 => assert_eq!(code(&inspected), 0, "as good as any, by itself"),
            _ => refused(&inspected, &[&name]),
        }
    }
    // The cure that is named.
    fs::remove_file(&path).unwrap();
    let proved = large.prove(folder.path(), folder.path(), &["--srs", &Large::srs()]);
    assert_eq!(code(&proved), 0, "{}", stderr(&proved));

    let others = tempfile::tempdir().unwrap();
    of_another_setup(others.path(), false);
    let path = file(folder.path(), ".rows.tscq");
    let name = path.display().to_string();
    let good = fs::read(&path).unwrap();
    let theirs = fs::read(file(others.path(), ".rows.tscq")).unwrap();
    for bytes in spoiled(&good, &theirs) {
        fs::write(&path, bytes).unwrap();
        for more in [&["--srs", &Large::srs()][..], &[]] {
            let output = large.prove(folder.path(), folder.path(), more);
            refused(&output, &[&name, "delete"]);
        }
    }
}

#[test]
fn a_cache_that_cannot_be_is_told_of_before_anything_is_computed() {
    let (large, folder) = (Large::shared(), tempfile::tempdir().unwrap());
    let no_folder = folder.path().join("file");
    fs::write(&no_folder, "").unwrap();
    let name = no_folder.display().to_string();
    refused(&large.preprocess(&Large::srs(), &no_folder, &[]), &[&name]);
    refused(&large.prove(folder.path(), &no_folder, &[]), &[&name]);
    let compiled = Large::of_64_rows(&folder.path().join("sealed")).compile(&["--cache", &name]);
    refused(&compiled, &[&name]);
    assert_eq!(names(folder.path()), ["file"]);
    // Nobody, not even the system's administrator, writes there.
    #[cfg(target_os = "linux")]
    refused(
        &large.preprocess(&Large::srs(), Path::new("/proc"), &[]),
        &["/proc"],
    );
}
