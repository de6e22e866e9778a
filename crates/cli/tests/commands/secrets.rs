//! Files that cannot be made again are not replaced.

use std::fs;
use std::path::Path;

use super::{at, model, refused, tensorseal, within};

/// A file that was there before, and what says that it still is.
fn kept(path: &str) -> impl Fn() {
    fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
    fs::write(path, b"before").unwrap();
    move || assert_eq!(fs::read(path).unwrap(), b"before")
}

#[test]
fn what_opens_earlier_commitments_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, proof) = (
        within(folder.path(), "answers.secret"),
        within(folder.path(), "answer.proof"),
    );
    let still_there = kept(&secret);
    let (sealed, input) = (at("sealed"), model("digits_demo_input.json"));
    let prove = |secret: &str, more: &[&str]| {
        let arguments = [
            "prove", &sealed, "--input", &input, "-o", &proof, "--secret", secret,
        ];
        tensorseal(&[&arguments[..], more].concat())
    };
    let output = prove(&secret, &["--commit-output"]);
    refused(
        &output,
        &[&secret, "committed to", "another name to --secret"],
    );
    still_there();
    // A secret of nothing, and one that the proof would replace.
    refused(&prove(&within(folder.path(), "new"), &[]), &["--commit-"]);
    let detour = within(&folder.path().join("."), "answer.proof");
    let around = folder
        .path()
        .join("..")
        .join(folder.path().file_name().unwrap());
    for same in [&proof, &detour, &within(&around, "answer.proof")] {
        refused(&prove(same, &["--commit-output"]), &["the same file"]);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_proving_key_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| within(folder.path(), name);
    let (demo, sealed) = (path("demo"), path("sealed"));
    let (network, data) = (
        model("digits_demo.onnx"),
        model("digits_demo_calibration.npz"),
    );
    let setup = at("dev.srs");
    for (file, arguments) in [
        ("demo/model.pk", vec!["demo", "-o", &demo]),
        (
            "sealed/model.pk",
            vec![
                "compile",
                &network,
                "--calibration",
                &data,
                "--srs",
                &setup,
                "-o",
                &sealed,
            ],
        ),
        (
            "digits_demo/model.pk",
            vec!["bench", &network, "--keep", folder.path().to_str().unwrap()],
        ),
    ] {
        let file = path(file);
        let still_there = kept(&file);
        let output = tensorseal(&arguments);
        refused(
            &output,
            &[&file, "no other key can prove", "choose another folder"],
        );
        still_there();
        let beside = Path::new(&file).parent().unwrap();
        assert_eq!(fs::read_dir(beside).unwrap().count(), 1);
    }
}
