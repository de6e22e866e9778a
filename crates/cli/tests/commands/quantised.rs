//! Networks that are quantised already, which need no calibration data.

use crate::{at, code, json, model, stderr, tensorseal};

#[test]
fn a_quantised_network_is_compiled_without_samples_and_a_float_network_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let compile = |network: &str, setup: &str| {
        let network = model(network);
        let output = path("sealed");
        tensorseal(&["compile", &network, "--srs", setup, "-o", &output, "--json"])
    };
    let float = compile("digits_demo.onnx", &at("dev.srs"));
    assert_eq!(code(&float), 2);
    let error = stderr(&float);
    assert!(error.contains("no calibration samples"), "{error}");
    assert!(!folder.path().join("sealed").exists());

    let setup = path("large.srs");
    let made = tensorseal(&["setup", "--dev", "--power", "14", "-o", &setup]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    let quantised = compile("quantised/digits_mlp_qop_s8s8.onnx", &setup);
    assert_eq!(code(&quantised), 0, "{}", stderr(&quantised));
    let summary = json(&quantised);
    assert!(summary["accuracy_integer"].is_null());
    assert!(summary["report"]["calibration"].is_null());
    // The report says so, on a terminal and on a page.
    let page = path("report.html");
    let shown = tensorseal(&["inspect", &path("sealed"), "--html", &page]);
    assert_eq!(code(&shown), 0, "{}", stderr(&shown));
    let table = String::from_utf8(shown.stdout).unwrap();
    let page = std::fs::read_to_string(page).unwrap();
    for report in [&table, &page] {
        assert!(report.contains("accuracy was not measured"), "{report}");
    }
    assert!(!page.contains("decibels"));
}
