//! Models whose functions stand in a large table, from compiling to verifying.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use super::{code, inputs_of, json, model, names, refused, stderr, tensorseal, within};

const KNOWN: &str = "values and tags proved by the key, outputs committed";
/// Of the widest function of four bits; the other one finds room in the columns.
const ROWS: &str = "64";

/// The network `digits_mlp` with activations of so many bits, its widest function in a large table.
pub(super) struct Large {
    bits: &'static str,
    output: PathBuf,
}

/// A folder with a setup that has the powers for tables of 1,024 rows.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let srs = within(folder.path(), "dev.srs");
        let powers = ["--power", "13", "--powers-g2", "1024"];
        let setup = tensorseal(&[&["setup", "--dev", "-o", &srs], &powers[..]].concat());
        assert_eq!(code(&setup), 0, "{}", stderr(&setup));
        folder
    });
    folder.path()
}

impl Large {
    pub(super) fn of_1024_rows(output: &Path) -> Self {
        Self {
            bits: "8",
            output: output.to_owned(),
        }
    }

    pub(super) fn of_64_rows(output: &Path) -> Self {
        Self {
            bits: "4",
            output: output.to_owned(),
        }
    }

    /// A compiled network with a table of 64 rows that is not preprocessed, made once.
    pub(super) fn shared() -> &'static Self {
        static SHARED: OnceLock<Large> = OnceLock::new();
        SHARED.get_or_init(|| {
            let large = Self::of_64_rows(&folder().join("sealed"));
            let compiled = large.compile(&["--no-preprocess", "--json"]);
            assert_eq!(code(&compiled), 0, "{}", stderr(&compiled));
            let report = &json(&compiled)["report"];
            let table = &report["large_tables"][0];
            assert_eq!(
                (&table["log_rows"], &table["hidden"]),
                (&6.into(), &false.into())
            );
            assert_eq!(report["segments"][1]["large_table"], 0);
            assert!(report["other_table_cost"].as_u64() > Some(0));
            large
        })
    }

    /// A cache in which the table of [`Self::shared`] is, made once.
    pub(super) fn preprocessed() -> &'static Path {
        static CACHE: OnceLock<PathBuf> = OnceLock::new();
        CACHE.get_or_init(|| {
            let cache = folder().join("cache");
            let done = Self::shared().preprocess(&Self::srs(), &cache, &[]);
            assert_eq!(code(&done), 0, "{}", stderr(&done));
            cache
        })
    }

    pub(super) fn srs() -> String {
        within(folder(), "dev.srs")
    }

    /// The folder of the keys.
    pub(super) fn sealed(&self) -> String {
        self.output.display().to_string()
    }

    pub(super) fn compile_arguments(&self) -> Vec<String> {
        let (network, data) = (
            model("digits_mlp.onnx"),
            model("digits_mlp_calibration.npz"),
        );
        let arguments = [
            "compile",
            &network,
            "--calibration",
            &data,
            "--srs",
            &Self::srs(),
            "--tables",
            "large",
            "--activation-bits",
            self.bits,
            "-o",
            &self.sealed(),
        ];
        arguments.map(str::to_owned).to_vec()
    }

    pub(super) fn compile(&self, more: &[&str]) -> Output {
        let arguments = self.compile_arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        tensorseal(&[&arguments[..], more].concat())
    }

    pub(super) fn preprocess(&self, srs: &str, cache: &Path, more: &[&str]) -> Output {
        let (sealed, cache) = (self.sealed(), cache.display().to_string());
        let arguments = ["preprocess", &sealed, "--srs", srs, "--cache", &cache];
        tensorseal(&[&arguments[..], more].concat())
    }

    /// Proves an answer to the network's example input in a folder, with the points in `cache`.
    pub(super) fn prove(&self, folder: &Path, cache: &Path, more: &[&str]) -> Output {
        let (sealed, cache) = (self.sealed(), cache.display().to_string());
        let (input, proof) = (
            model("digits_mlp_input.json"),
            within(folder, "answer.proof"),
        );
        let arguments = [
            "prove", &sealed, "--input", &input, "-o", &proof, "--cache", &cache,
        ];
        tensorseal(&[&arguments[..], more].concat())
    }

    /// Verifies what [`Self::prove`] has made.
    pub(super) fn verify(&self, folder: &Path) -> Output {
        let (key, proof) = (
            within(&self.output, "model.vk"),
            within(folder, "answer.proof"),
        );
        tensorseal(&["verify", "--dev", "--json", "--key", &key, &proof])
    }
}

#[test]
fn a_large_table_is_preprocessed_once_or_its_rows_are_computed() {
    let large = Large::shared();
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let prove = |more: &[&str]| large.prove(folder.path(), &cache, more);
    refused(&prove(&[]), &["preprocess the table, or give the setup"]);
    assert!(!folder.path().join("answer.proof").exists());
    // With the setup the rows are computed, and kept for the next proof that uses them.
    for more in [&["--srs", &Large::srs()][..], &[]] {
        let proved = prove(more);
        assert_eq!(code(&proved), 0, "{}", stderr(&proved));
    }
    let verified = large.verify(folder.path());
    assert_eq!(code(&verified), 0, "{}", stderr(&verified));
    fs::remove_dir_all(&cache).unwrap();

    let preprocess = || large.preprocess(&Large::srs(), &cache, &["--json"]);
    let first = preprocess();
    assert_eq!(code(&first), 0, "{}", stderr(&first));
    let table = json(&first)["tables"][0].clone();
    assert_eq!(table["rows"].to_string(), ROWS);
    let file = table["file"].as_str().unwrap();
    let points = json(&tensorseal(&["inspect", "--json", file]));
    assert_eq!(points["table rows"].to_string(), ROWS);
    assert_eq!(points["rows here"].to_string(), ROWS);
    // A second time there is nothing to compute and nothing to write.
    let written = || fs::metadata(file).unwrap().modified().unwrap();
    let (before, files) = (written(), names(&cache));
    let second = preprocess();
    assert_eq!(code(&second), 0, "{}", stderr(&second));
    assert_eq!(json(&second)["tables"], json(&first)["tables"]);
    assert_eq!((written(), names(&cache)), (before, files));
    let proved = prove(&[]);
    assert_eq!(code(&proved), 0, "{}", stderr(&proved));
}

#[test]
fn compiling_preprocesses_and_writes_the_keys_first() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let tables = || {
        let names = names(&cache).into_iter();
        names.filter(|name| name.ends_with(".tscq")).count()
    };
    let large = |name: &str| Large::of_64_rows(&folder.path().join(name));
    let without = large("without").compile(&["--no-cache"]);
    assert_eq!(code(&without), 0, "{}", stderr(&without));
    let with = large("with");
    let compiled = with.compile(&["--cache", cache.to_str().unwrap()]);
    assert_eq!(code(&compiled), 0, "{}", stderr(&compiled));
    assert_eq!(tables(), 1);
    let proved = with.prove(folder.path(), &cache, &[]);
    assert_eq!(code(&proved), 0, "{}", stderr(&proved));

    // Where there can be no cache the keys are there, and how to go on is said. The folder comes from the environment.
    let (unusable, blocked) = (folder.path().join("file"), large("blocked"));
    fs::write(&unusable, "").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_tensorseal"))
        .args(blocked.compile_arguments())
        .env("TENSORSEAL_CACHE", &unusable)
        .output()
        .unwrap();
    let go_on = format!("tensorseal preprocess {}", blocked.sealed());
    refused(&output, &["the keys are in", &go_on]);
    assert_eq!(
        names(blocked.sealed()),
        ["model.pk", "model.vk", "report.json"]
    );
    let proved = blocked.prove(folder.path(), &cache, &["--srs", &Large::srs()]);
    assert_eq!(code(&proved), 0, "{}", stderr(&proved));
}

#[test]
fn many_inferences_look_up_one_large_table() {
    let large = Large::shared();
    let folder = tempfile::tempdir().unwrap();
    let data = inputs_of(
        &model("digits_mlp_input.json"),
        &folder.path().join("three.json"),
        3,
    );
    let proof = within(folder.path(), "answer.proof");
    let cache = Large::preprocessed().display().to_string();
    let arguments = [
        "prove",
        &large.sealed(),
        "--batch",
        &data,
        "--srs",
        &Large::srs(),
        "--cache",
        &cache,
        "-o",
        &proof,
        "--json",
    ];
    let proved = tensorseal(&arguments);
    assert_eq!(code(&proved), 0, "{}", stderr(&proved));
    assert_eq!(
        (&json(&proved)["inferences"], &json(&proved)["proofs"]),
        (&3.into(), &1.into())
    );
    let verified = large.verify(folder.path());
    assert_eq!(code(&verified), 0, "{}", stderr(&verified));
    assert_eq!(json(&verified)["inferences"], 3);
}

#[test]
fn a_setup_that_ends_too_early_in_g2_is_refused_with_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    let wide = Large {
        bits: "12",
        output: folder.path().join("wide"),
    };
    refused(
        &wide.compile(&[]),
        &["[τ^(2^15)] in G2", "of power 16 or more"],
    );
    let srs = within(folder.path(), "dev.srs");
    let setup = tensorseal(&["setup", "--dev", "--power", "13", "-o", &srs]);
    assert_eq!(code(&setup), 0, "{}", stderr(&setup));
    let large = Large::of_64_rows(&folder.path().join("sealed"));
    let mut arguments = large.compile_arguments();
    let place = arguments.iter().position(|word| word == "--srs").unwrap();
    arguments[place + 1] = srs;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let cure = format!("--powers-g2 {ROWS}");
    refused(&tensorseal(&arguments), &[&cure, "--tables columns"]);
    assert!(!Path::new(&large.sealed()).exists());
}

#[test]
fn verify_says_what_is_known_of_large_tables() {
    let large = Large::shared();
    let folder = tempfile::tempdir().unwrap();
    let proved = large.prove(folder.path(), Large::preprocessed(), &[]);
    assert_eq!(code(&proved), 0, "{}", stderr(&proved));
    let one = large.verify(folder.path());
    assert_eq!(code(&one), 0, "{}", stderr(&one));
    assert_eq!(json(&one)["large_tables"], KNOWN);
    let proof = within(folder.path(), "answer.proof");
    let key = within(folder.path(), "model.vk");
    fs::copy(within(Path::new(&large.sealed()), "model.vk"), &key).unwrap();
    let verify = ["verify", "--dev", "--key", &key, &proof];
    let many = tensorseal(&[&verify[..], &["--json", &proof]].concat());
    assert_eq!(json(&many)["models"][0]["large_tables"], KNOWN);
    let words = tensorseal(&verify);
    assert!(String::from_utf8_lossy(&words.stdout).contains(KNOWN));
    let facts = json(&tensorseal(&["inspect", "--json", &key]));
    assert_eq!(facts["large tables"][0]["segments"], 1);

    // F(z), in front of the three quotients and the powers up to τ^(2^K) in both groups, and of the annotation with its length. K is the
    // log of the weight matrix's columns, which are more than the table's rows.
    let columns = facts["weight matrix"][1].as_u64().unwrap();
    let squares = columns.max(ROWS.parse().unwrap()).ilog2() as usize;
    let mut bytes = fs::read(&key).unwrap();
    let annotation = bytes.windows(2).position(|two| two == b"{\"").unwrap();
    let place = annotation - 4 - squares * (32 + 64) - 4 * 32;
    bytes[place] ^= 1;
    fs::write(&key, bytes).unwrap();
    let output = tensorseal(&verify);
    assert_ne!(code(&output), 0);
    assert!(
        stderr(&output).contains("large tables"),
        "{}",
        stderr(&output)
    );
}
