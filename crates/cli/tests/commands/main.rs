//! The command as a user runs it.

mod caches;
#[cfg(unix)]
mod interruptions;
mod large_tables;
mod published;
mod quantised;
mod secrets;
mod setups;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn model(name: &str) -> String {
    repository().join("models").join(name).display().to_string()
}

fn tensorseal(arguments: &[&str]) -> Output {
    static CACHE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let cache = CACHE.get_or_init(|| tempfile::tempdir().unwrap());
    Command::new(env!("CARGO_BIN_EXE_tensorseal"))
        .args(arguments)
        // Tests leave the user's caches alone.
        .env("TENSORSEAL_CACHE", cache.path())
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let errors = String::from_utf8_lossy(&output.stderr);
        panic!(
            "{error}: {:?}: {errors}",
            String::from_utf8_lossy(&output.stdout)
        )
    })
}

/// A file in a folder.
fn within(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

/// Checks that a command was refused, in words that have these in them.
fn refused(output: &Output, words: &[&str]) {
    assert_eq!(code(output), 2, "{}", stderr(output));
    let found = stderr(output);
    for word in words {
        assert!(found.contains(word), "{word:?} is not in {found}");
    }
}

/// The names of the files in a folder, if it is there.
fn names(folder: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with a development setup and a compiled model, made once.
fn sealed() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let setup = tensorseal(&[
            "setup",
            "--dev",
            "--power",
            "12",
            "-o",
            &path("dev.srs"),
            "--json",
        ]);
        assert_eq!(code(&setup), 0, "{}", stderr(&setup));
        assert_eq!(json(&setup)["setup"], "development");
        let compiled = tensorseal(&[
            "compile",
            &model("digits_demo.onnx"),
            "--calibration",
            &model("digits_demo_calibration.npz"),
            "--evaluate",
            &model("digits_demo_heldout.npz"),
            "--srs",
            &path("dev.srs"),
            "-o",
            &path("sealed"),
            "--json",
        ]);
        assert_eq!(code(&compiled), 0, "{}", stderr(&compiled));
        let summary = json(&compiled);
        for key in [
            "model",
            "parameters",
            "layers",
            "rows",
            "columns",
            "accuracy_float",
            "accuracy_integer",
            "verifying_key_bytes",
            "proving_key_bytes",
            "estimated_peak_bytes",
            "seconds",
        ] {
            assert!(!summary[key].is_null(), "{key} is missing");
        }
        let lost = summary["accuracy_float"].as_f64().unwrap()
            - summary["accuracy_integer"].as_f64().unwrap();
        assert!(lost <= 0.005, "quantising lost {lost}");
        fs::write(folder.path().join("summary.json"), &compiled.stdout).unwrap();
        folder
    });
    folder.path()
}

fn at(name: &str) -> String {
    sealed().join(name).display().to_string()
}

fn digest() -> String {
    let summary: Value =
        serde_json::from_slice(&fs::read(sealed().join("summary.json")).unwrap()).unwrap();
    summary["model"].as_str().unwrap().to_owned()
}

/// Proves the bundled input and returns the proof's path and the summary.
fn proved(name: &str, more: &[&str]) -> (String, Value) {
    let path = at(name);
    let input = model("digits_demo_input.json");
    let folder = at("sealed");
    let mut arguments = vec!["prove", &folder, "--input", &input, "-o", &path, "--json"];
    arguments.extend(more);
    let output = tensorseal(&arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    (path, json(&output))
}

fn verified(proof: &str, more: &[&str]) -> (i32, Value) {
    let key = at("sealed/model.vk");
    let mut arguments = vec!["verify", "--key", &key, proof, "--json"];
    arguments.extend(more);
    let output = tensorseal(&arguments);
    let summary = json(&output);
    for key in [
        "ok",
        "code",
        "setup",
        "model",
        "public",
        "seconds",
        "miller_loops",
    ] {
        assert!(summary.get(key).is_some(), "{key} is missing");
    }
    (code(&output), summary)
}

#[test]
fn a_proof_is_accepted_with_what_it_says() {
    let (proof, summary) = proved("accepted.proof", &[]);
    for key in ["seconds", "peak_bytes", "proof_bytes", "outputs"] {
        assert!(!summary[key].is_null(), "{key} is missing");
    }
    let (code, verdict) = verified(&proof, &["--dev", "--model", &digest()]);
    assert_eq!((code, verdict["ok"].as_bool()), (0, Some(true)));
    assert_eq!(verdict["setup"], "development");
    assert_eq!(verdict["miller_loops"], 4);
    let integers = &summary["outputs"][0]["integers"];
    assert_eq!(&verdict["public"][1]["integers"], integers);
    assert_eq!(verdict["public"][0]["role"], "input");

    let class = format!("class={}", summary["outputs"][0]["argmax"]);
    assert_eq!(
        verified(&proof, &["--dev", "--expect-output", &integers.to_string()]).0,
        0
    );
    assert_eq!(verified(&proof, &["--dev", "--expect-output", &class]).0, 0);
    let (code, verdict) = verified(&proof, &["--dev", "--expect-output", "[1,2,3]"]);
    assert_eq!(
        (code, verdict["code"].as_str()),
        (1, Some("unexpected-output"))
    );
}

#[test]
fn a_development_setup_needs_leave() {
    let (proof, _) = proved("development.proof", &[]);
    let (code, verdict) = verified(&proof, &[]);
    assert_eq!(
        (code, verdict["code"].as_str()),
        (1, Some("development-setup"))
    );
}

#[test]
fn hidden_tensors_are_not_in_the_file_and_not_in_the_verdict() {
    let (proof, summary) = proved("hidden.proof", &["--hide-input", "--hide-output"]);
    let (code, verdict) = verified(&proof, &["--dev"]);
    assert_eq!(code, 0);
    assert_eq!(verdict["public"], serde_json::json!([]));
    let (code, verdict) = verified(&proof, &["--dev", "--expect-output", "class=1"]);
    assert_eq!((code, verdict["code"].as_str()), (1, Some("hidden-output")));
    let header = summary["file_bytes"].as_u64().unwrap() - summary["proof_bytes"].as_u64().unwrap();
    assert_eq!(header, 42, "mark, version, model and a count of zero");
}

#[test]
fn altered_proofs_other_models_and_other_contexts_are_rejected() {
    let (proof, _) = proved("altered.proof", &["--context", "challenge 1"]);
    assert_eq!(
        verified(&proof, &["--dev", "--context", "challenge 1"]).0,
        0
    );
    let (code, verdict) = verified(&proof, &["--dev", "--context", "challenge 2"]);
    assert_eq!((code, verdict["code"].as_str()), (1, Some("invalid-proof")));
    let (code, verdict) = verified(
        &proof,
        &[
            "--dev",
            "--context",
            "challenge 1",
            "--model",
            &"0".repeat(64),
        ],
    );
    assert_eq!((code, verdict["code"].as_str()), (1, Some("wrong-model")));
    let mut bytes = fs::read(&proof).unwrap();
    let last = bytes.len() - 40;
    bytes[last] ^= 1;
    fs::write(&proof, bytes).unwrap();
    assert_eq!(
        verified(&proof, &["--dev", "--context", "challenge 1"]).0,
        1
    );
}

/// A data file with an input `count` times.
fn inputs_of(input: &str, to: &Path, count: usize) -> String {
    let mut input: Value = serde_json::from_slice(&fs::read(input).unwrap()).unwrap();
    for array in input.as_object_mut().unwrap().values_mut() {
        *array = Value::Array(vec![array.clone(); count]);
    }
    fs::write(to, input.to_string()).unwrap();
    to.display().to_string()
}

/// A data file with the bundled input `count` times.
fn inputs(name: &str, count: usize) -> String {
    let input = model("digits_demo_input.json");
    inputs_of(&input, Path::new(&at(name)), count)
}

#[test]
fn many_inferences_are_one_proof() {
    let (_, single) = proved("one.proof", &[]);
    let (folder, srs, path) = (at("sealed"), at("dev.srs"), at("many.proof"));
    let batch = inputs("four.json", 4);
    let prove = ["prove", &folder, "--batch", &batch, "-o", &path, "--json"];
    let output = tensorseal(&[&prove[..], &["--srs", &srs, "--hide-input"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let summary = json(&output);
    assert_eq!(summary["inferences"], 4);
    let one = &single["outputs"][0]["integers"];
    for output in summary["outputs"].as_array().unwrap() {
        assert_eq!(&output["integers"], one);
    }

    let (exit, verdict) = verified(&path, &["--dev"]);
    assert_eq!((exit, &verdict["inferences"]), (0, &Value::from(4)));
    assert_eq!(verdict["miller_loops"], 4);
    let public = &verdict["public"][0];
    assert_eq!(public["shape"][0], 4);
    let all: Vec<&Value> = vec![one; 4];
    let expected = serde_json::to_string(&all).unwrap();
    assert_eq!(
        verified(&path, &["--dev", "--expect-output", &expected]).0,
        0
    );
    let wrong = expected.replacen("]]", ",7]]", 1);
    assert_eq!(verified(&path, &["--dev", "--expect-output", &wrong]).0, 1);

    // The number of inferences, which stands behind mark, version and digest.
    let mut bytes = fs::read(&path).unwrap();
    bytes[38] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(verified(&path, &["--dev"]).0, 1);
}

#[test]
fn a_batch_that_cannot_be_proved_is_an_error_with_its_cure() {
    let (folder, path) = (at("sealed"), at("unproved.proof"));
    let batch = inputs("many.json", 40);
    let prove = ["prove", &folder, "--batch", &batch, "-o", &path];
    let output = tensorseal(&[&prove[..], &["--memory", "1K"]].concat());
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--memory"), "{}", stderr(&output));
    let wrong = tensorseal(&[&prove[..], &["--memory", "much"]].concat());
    assert_eq!(code(&wrong), 2);
    // A setup that is not the keys'.
    let other = at("other.srs");
    let made = tensorseal(&["setup", "--dev", "--power", "12", "-o", &other]);
    assert_eq!(code(&made), 0);
    let output = tensorseal(&[&prove[..], &["--srs", &other]].concat());
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("another setup than the keys"),
        "{}",
        stderr(&output)
    );
    assert!(!Path::new(&path).exists());
}

/// Verifies proofs as a batch.
fn batch(proofs: &[&str], more: &[&str]) -> (i32, Value) {
    let key = at("sealed/model.vk");
    let mut arguments = vec!["verify", "--key", &key, "--dev", "--json"];
    arguments.extend(proofs);
    arguments.extend(more);
    let output = tensorseal(&arguments);
    (code(&output), json(&output))
}

#[test]
fn a_batch_takes_the_pairings_of_one_proof_and_names_every_bad_one() {
    let folder = sealed().join("batch");
    fs::create_dir(&folder).unwrap();
    let (proof, _) = proved("batch/a.proof", &[]);
    let good = fs::read(&proof).unwrap();
    for name in ["b.proof", "c.proof", "d.proof"] {
        fs::write(folder.join(name), &good).unwrap();
    }
    fs::write(folder.join("notes.txt"), "no proof").unwrap();
    let folder = folder.display().to_string();
    let (code, verdict) = batch(&[&folder, &proof], &[]);
    assert_eq!(code, 0);
    assert_eq!(verdict["ok"], true);
    assert_eq!(verdict["proofs"], 5);
    assert_eq!(verdict["rejected"], serde_json::json!([]));
    assert_eq!(verdict["miller_loops"], 4);
    assert!(verdict["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(verdict["models"][0]["setup"], "development");

    // Two that hold but for their equations, one that cannot be read.
    let mut altered = good.clone();
    let header = altered.len() - 40;
    altered[header] ^= 1;
    fs::write(at("batch/b.proof"), &altered).unwrap();
    fs::write(at("batch/c.proof"), &good[..good.len() - 1]).unwrap();
    let (code, verdict) = batch(&[&folder], &[]);
    assert_eq!((code, verdict["ok"].as_bool()), (1, Some(false)));
    let rejected = verdict["rejected"].as_array().unwrap();
    let names: Vec<&str> = rejected
        .iter()
        .map(|entry| entry["proof"].as_str().unwrap())
        .collect();
    assert!(names[0].ends_with("b.proof") && names[1].ends_with("c.proof"));
    assert_eq!(names.len(), 2);
    assert_eq!(rejected[1]["code"], "malformed-proof");
    assert!(!rejected[0]["reason"].as_str().unwrap().is_empty());
}

#[test]
fn a_batch_may_hold_proofs_of_several_models_and_setups() {
    let (proof, _) = proved("several.proof", &[]);
    let vector = |name: &str| repository().join("tests/vectors/demo").join(name);
    let other = vector("proof.bin").display().to_string();
    let (code, verdict) = batch(&[&proof, &other], &[]);
    assert_eq!(code, 1);
    assert_eq!(verdict["rejected"][0]["proof"], other.as_str());
    assert_eq!(verdict["rejected"][0]["code"], "wrong-model");
    let key = vector("model.vk").display().to_string();
    let (code, verdict) = batch(&[&proof, &other], &["--key", &key]);
    assert_eq!(code, 0, "{verdict}");
    // [1]₂ is shared, [τ]₂, [τ^C]₂ and [β]₂ belong to a setup.
    assert_eq!(verdict["miller_loops"], 1 + 2 * 3);
    let (code, verdict) = batch(&[&proof, &other], &["--key", &key, "--model", &digest()]);
    assert_eq!(code, 1);
    assert_eq!(verdict["rejected"][0]["code"], "wrong-model");
}

#[test]
fn a_batch_that_makes_no_sense_is_an_error() {
    let (proof, _) = proved("sense.proof", &[]);
    let key = at("sealed/model.vk");
    let empty = sealed().join("empty");
    fs::create_dir(&empty).unwrap();
    let empty = empty.display().to_string();
    for (arguments, cause) in [
        (
            vec![&proof[..], &proof, "--expect-output", "class=1"],
            "one proof",
        ),
        (vec![&empty], "no file that ends in .proof"),
        (vec![&proof, "missing.proof"], "missing.proof"),
    ] {
        let output = tensorseal(&[&["verify", "--dev", "--key", &key], &arguments[..]].concat());
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(cause), "{}", stderr(&output));
    }
}

#[test]
fn a_folder_shows_its_report_as_a_table_and_as_a_page() {
    let (folder, page) = (at("sealed"), at("report.html"));
    let output = tensorseal(&["inspect", &folder, "--html", &page]);
    assert_eq!(code(&output), 0);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("SNR dB") && text.contains("Gemm"), "{text}");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("<svg"));
    assert!(!page.contains("<script"));
    let key = format!("{folder}/model.vk");
    let refused = tensorseal(&["inspect", &key, "--html", "never.html"]);
    assert_eq!(code(&refused), 2);
}

#[test]
fn every_file_can_be_inspected() {
    let (proof, _) = proved("inspected.proof", &["--hide-input"]);
    for (file, kind) in [
        (at("dev.srs"), "setup"),
        (at("sealed"), "verifying key"),
        (at("sealed/model.pk"), "proving key"),
        (proof, "proof"),
    ] {
        let output = tensorseal(&["inspect", &file, "--json"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let found = json(&output)["kind"].as_str().unwrap().to_owned();
        assert!(found.starts_with(kind), "{found}");
        assert_eq!(code(&tensorseal(&["inspect", &file])), 0);
    }
    let output = tensorseal(&["inspect", &model("digits_demo.onnx")]);
    assert_eq!(code(&output), 2);
}

#[test]
fn bad_input_is_an_error_that_names_the_cause() {
    let folder = at("sealed");
    let output = at("never.proof");
    let prove = |text: &str| {
        let input = at("bad.json");
        fs::write(&input, text).unwrap();
        let result = tensorseal(&["prove", &folder, "--input", &input, "-o", &output]);
        assert_eq!(code(&result), 2);
        assert!(!Path::new(&output).exists());
        stderr(&result)
    };
    assert!(prove("{\"image\": [[1, 2]]}").contains("image"));
    assert!(prove("{\"picture\": [1]}").contains("image"));
    let far = vec!["1000.0"; 64].join(",");
    let message = prove(&format!("{{\"image\": [[{far}]]}}"));
    assert!(
        message.contains("calibrated range") && message.contains("image"),
        "{message}"
    );

    let missing = tensorseal(&["verify", "--key", "no-such.vk", "x"]);
    assert_eq!(code(&missing), 2);
    assert!(stderr(&missing).contains("no-such.vk"));
    let (proof, _) = proved("as-key.proof", &[]);
    let wrong = tensorseal(&["verify", "--key", &proof, &proof]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains("VerifyingKey"));
    assert_eq!(code(&tensorseal(&["prove"])), 2);
    assert_eq!(code(&tensorseal(&["--help"])), 0);
}

#[test]
fn the_demonstration_runs_under_the_ceremony() {
    let output = tensorseal(&["demo", "--json"]);
    let summary = json(&output);
    assert_eq!(code(&output), 0);
    assert_eq!(summary["setup"], "hermez");
    assert_eq!(summary["digit"], summary["label"]);
    assert!(summary["altered_proofs_refused"].as_u64().unwrap() >= 40);
    for option in ["--digit", "--answers"] {
        let folder = at("no-demonstration");
        let refused = tensorseal(&["demo", option, "100000", "-o", &folder]);
        assert_eq!(code(&refused), 2);
        let words = stderr(&refused);
        assert!(words.contains(&format!("{option} takes")), "{words}");
        // Before any answer was proved.
        assert!(refused.stdout.is_empty() && !Path::new(&folder).exists());
    }
}

#[test]
fn the_demonstration_writes_a_bundle_of_many_answers() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let folder = path("");
    let output = tensorseal(&["demo", "-o", &folder, "--answers", "3"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let (key, bundle) = (path("model.vk"), path("answers.bundle"));
    let output = tensorseal(&["verify", "--key", &key, &bundle, "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(json(&output)["proofs"], 3);
    let alone = tensorseal(&["demo", "--answers", "3"]);
    assert_eq!(code(&alone), 2);
}
