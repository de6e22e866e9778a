//! Setups: made, checked, too small, or of a ceremony.

use std::path::Path;

use super::{at, code, json, model, refused, repository, stderr, tensorseal, within};

#[test]
fn a_setup_that_is_too_small_says_how_large_it_must_be() {
    let small = at("small.srs");
    assert_eq!(
        code(&tensorseal(&[
            "setup", "--dev", "--power", "8", "-o", &small
        ])),
        0
    );
    let output = tensorseal(&[
        "compile",
        &model("digits_demo.onnx"),
        "--calibration",
        &model("digits_demo_calibration.npz"),
        "--srs",
        &small,
        "-o",
        &at("too-small"),
    ]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("needs a setup of"),
        "{}",
        stderr(&output)
    );
    assert!(!Path::new(&at("too-small")).exists());
}

#[test]
fn the_real_ceremony_is_recognised() {
    let file = repository().join("tests/fixtures/powersOfTau28_hez_final_11.ptau");
    let output = tensorseal(&["setup", "--ptau", &file.display().to_string(), "--json"]);
    let summary = json(&output);
    assert_eq!(code(&output), 0);
    assert_eq!(summary["setup"], "hermez");
    assert_eq!(summary["ceremony_file"], "powersOfTau28_hez_final_11.ptau");
    assert_eq!(summary["powers"], 4095);
}

#[test]
fn powers_in_g2_are_kept_where_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = repository().join("tests/fixtures/powersOfTau28_hez_final_11.ptau");
    let (ptau, srs) = (
        file.display().to_string(),
        within(folder.path(), "hermez.srs"),
    );
    let setup = [
        "setup",
        "--ptau",
        &ptau,
        "-o",
        &srs,
        "--json",
        "--powers-g2",
    ];
    // The ceremony's file has 2^11.
    let too_many = tensorseal(&[&setup[..], &["2049"]].concat());
    refused(&too_many, &["powersOfTau28_hez_final_11.ptau"]);
    assert!(!Path::new(&srs).exists());
    let made = tensorseal(&[&setup[..], &["64"]].concat());
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    let made = json(&made);
    assert_eq!(
        (&made["setup"], &made["powers_g2"]),
        (&"hermez".into(), &64.into())
    );
    let inspected = json(&tensorseal(&["inspect", &srs, "--json"]));
    assert_eq!(
        (&inspected["powers"], &inspected["powers in G2"]),
        (&4095.into(), &64.into())
    );
}

#[test]
fn a_power_belongs_to_a_development_setup() {
    let file = repository().join("tests/fixtures/powersOfTau28_hez_final_11.ptau");
    let ptau = file.display().to_string();
    let both = tensorseal(&["setup", "--ptau", &ptau, "--power", "8"]);
    refused(&both, &["--power", "--ptau"]);
}
