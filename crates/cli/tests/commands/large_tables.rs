//! A model whose functions stand in a large table, from compiling to verifying.

use std::fs;
use std::path::Path;

use super::{code, json, model, stderr, tensorseal};

const KNOWN: &str = "values and tags proved by the key, outputs committed";
/// Of the widest function of eight bits; the other one finds room in the columns.
const ROWS: &str = "1024";

/// Compiles `digits_mlp` into `folder`, its table not preprocessed.
fn compile(path: &dyn Fn(&str) -> String) {
    let setup = tensorseal(&[
        "setup",
        "--dev",
        "--power",
        "13",
        "--powers-g2",
        ROWS,
        "-o",
        &path("dev.srs"),
    ]);
    assert_eq!(code(&setup), 0, "{}", stderr(&setup));
    let compiled = tensorseal(&[
        "compile",
        &model("digits_mlp.onnx"),
        "--calibration",
        &model("digits_mlp_calibration.npz"),
        "--srs",
        &path("dev.srs"),
        "--tables",
        "large",
        "--no-preprocess",
        "-o",
        &path("sealed"),
        "--json",
    ]);
    assert_eq!(code(&compiled), 0, "{}", stderr(&compiled));
    let report = &json(&compiled)["report"];
    let table = &report["large_tables"][0];
    assert_eq!(
        (&table["log_rows"], &table["hidden"]),
        (&10.into(), &false.into())
    );
    assert_eq!(report["segments"][1]["large_table"], 0);
    assert!(report["other_table_cost"].as_u64() > Some(0));
}

/// Proves an answer to the network's example input.
fn prove(path: &dyn Fn(&str) -> String, more: &[&str]) -> std::process::Output {
    let (sealed, proof, cache) = (path("sealed"), path("one.proof"), path("cache"));
    let input = model("digits_mlp_input.json");
    let arguments = [
        "prove", &sealed, "--input", &input, "-o", &proof, "--cache", &cache,
    ];
    tensorseal(&[&arguments[..], more].concat())
}

fn in_folder(folder: &Path) -> impl Fn(&str) -> String {
    move |name| folder.join(name).display().to_string()
}

#[test]
fn a_large_table_is_preprocessed_once_or_its_rows_are_computed() {
    let folder = tempfile::tempdir().unwrap();
    let path = in_folder(folder.path());
    compile(&path);
    let unprepared = prove(&path, &[]);
    assert_eq!(code(&unprepared), 2);
    assert!(stderr(&unprepared).contains("preprocess the table, or give the setup"));
    assert!(!folder.path().join("one.proof").exists());
    // With the setup the rows are computed, and kept for the next proof that uses them.
    for more in [&["--srs", &path("dev.srs")][..], &[]] {
        let proved = prove(&path, more);
        assert_eq!(code(&proved), 0, "{}", stderr(&proved));
    }
    let (key, proof) = (path("sealed/model.vk"), path("one.proof"));
    let verified = tensorseal(&["verify", "--dev", "--json", "--key", &key, &proof]);
    assert_eq!(code(&verified), 0, "{}", stderr(&verified));

    let (sealed, srs, cache) = (path("sealed"), path("dev.srs"), path("other"));
    let arguments = [
        "preprocess",
        &sealed,
        "--srs",
        &srs,
        "--cache",
        &cache,
        "--json",
    ];
    let preprocessed = tensorseal(&arguments);
    assert_eq!(code(&preprocessed), 0, "{}", stderr(&preprocessed));
    let table = json(&preprocessed)["tables"][0].clone();
    assert_eq!(table["rows"].to_string(), ROWS);
    let points = tensorseal(&["inspect", "--json", table["file"].as_str().unwrap()]);
    assert_eq!(json(&points)["table rows"].to_string(), ROWS);
    assert_eq!(json(&points)["rows here"].to_string(), ROWS);
    let proved = prove(&path, &["--cache", &cache]);
    assert_eq!(code(&proved), 2, "a folder twice: {}", stderr(&proved));
    fs::remove_dir_all(path("cache")).unwrap();
    fs::rename(&cache, path("cache")).unwrap();
    let proved = prove(&path, &[]);
    assert_eq!(code(&proved), 0, "{}", stderr(&proved));
}

#[test]
fn a_setup_without_powers_in_g2_is_refused_with_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    let path = in_folder(folder.path());
    let setup = tensorseal(&["setup", "--dev", "--power", "13", "-o", &path("dev.srs")]);
    assert_eq!(code(&setup), 0, "{}", stderr(&setup));
    let (srs, sealed) = (path("dev.srs"), path("sealed"));
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
        &srs,
        "--tables",
        "large",
        "-o",
        &sealed,
    ];
    let refused = tensorseal(&arguments);
    assert_eq!(code(&refused), 2);
    let words = stderr(&refused);
    assert!(
        words.contains(&format!("--powers-g2 {ROWS}")) && words.contains("--tables columns"),
        "{words}"
    );
}

#[test]
fn verify_says_what_is_known_of_large_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = in_folder(folder.path());
    compile(&path);
    let proved = prove(&path, &["--srs", &path("dev.srs")]);
    assert_eq!(code(&proved), 0, "{}", stderr(&proved));
    let (key, proof) = (path("sealed/model.vk"), path("one.proof"));
    let verify = ["verify", "--dev", "--json", "--key", &key, &proof];
    let one = tensorseal(&verify);
    assert_eq!(code(&one), 0, "{}", stderr(&one));
    assert_eq!(json(&one)["large_tables"], KNOWN);
    let many = tensorseal(&[&verify[..], &[&proof]].concat());
    assert_eq!(json(&many)["models"][0]["large_tables"], KNOWN);
    let words = tensorseal(&["verify", "--dev", "--key", &key, &proof]);
    assert!(String::from_utf8_lossy(&words.stdout).contains(KNOWN));
    let facts = json(&tensorseal(&["inspect", "--json", &key]));
    assert_eq!(facts["large tables"][0]["segments"], 1);

    // F(z), in front of the three quotients and the powers up to τ^1024 in both groups, and of the annotation with its length.
    let mut bytes = fs::read(&key).unwrap();
    let annotation = bytes.windows(2).position(|two| two == b"{\"").unwrap();
    let place = annotation - 4 - 10 * (32 + 64) - 4 * 32;
    bytes[place] ^= 1;
    fs::write(&key, bytes).unwrap();
    let refused = tensorseal(&verify);
    assert_ne!(code(&refused), 0);
    assert!(
        stderr(&refused).contains("large tables"),
        "{}",
        stderr(&refused)
    );
}
