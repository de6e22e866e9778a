//! Batches that become several proofs, bundles, committed tensors and their openings.

use std::fs;

use serde_json::Value;

use super::{at, code, inputs, json, model, proved, refused, stderr, tensorseal, verified};

/// Proves `count` inferences with further arguments; returns the path and the summary.
fn batch(name: &str, count: usize, more: &[&str]) -> (String, Value) {
    let (folder, srs, path) = (at("sealed"), at("dev.srs"), at(name));
    let data = inputs(&format!("{name}.json"), count);
    let prove = [
        "prove", &folder, "--batch", &data, "--srs", &srs, "-o", &path, "--json",
    ];
    let output = tensorseal(&[&prove[..], more].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    (path, json(&output))
}

fn verify(arguments: &[&str]) -> (i32, Value) {
    let output = tensorseal(&[&["verify", "--dev", "--json"], arguments].concat());
    (code(&output), json(&output))
}

#[test]
fn a_batch_larger_than_memory_becomes_a_bundle_of_proofs() {
    let (one, summary) = batch("fits.proof", 5, &[]);
    assert_eq!(summary["proofs"], 1);
    assert_eq!(verified(&one, &["--dev"]).0, 0);

    let (path, summary) = batch("split.bundle", 40, &["--memory", "17M"]);
    assert_eq!(summary["inferences"], 40);
    let proofs = summary["proofs"].as_u64().unwrap();
    assert!(proofs > 1, "{summary}");
    assert_eq!(summary["outputs"].as_array().unwrap().len(), 40);
    let (exit, verdict) = verify(&[&path]);
    assert_eq!(exit, 0);
    for (key, value) in [("proofs", proofs), ("inferences", 40), ("miller_loops", 4)] {
        assert_eq!(verdict[key], value, "{key}");
    }
    assert_eq!(verdict["models"][0]["model"], super::digest().as_str());
    assert_eq!(verdict["bundles"].as_array().unwrap().len(), 1);
    let key = at("sealed/model.vk");
    assert_eq!(verify(&["--key", &key, &path]).0, 0);
    assert_eq!(verify(&["--model", &super::digest(), &path]).0, 0);
    assert_eq!(verify(&["--model", &"0".repeat(64), &path]).0, 1);
}

#[test]
fn a_bundle_is_published_and_names_what_is_damaged_or_false() {
    let key = at("sealed/model.vk");
    let (one, _) = proved("published1.proof", &[]);
    let (two, _) = proved("published2.proof", &["--hide-input"]);
    let (three, _) = batch("published3.proof", 3, &[]);
    let path = at("published.bundle");
    let publish = ["publish", &key, &one, &two, &three, "-o", &path, "--json"];
    let output = tensorseal(&publish);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let summary = json(&output);
    assert_eq!(
        (&summary["proofs"], &summary["inferences"]),
        (&3.into(), &5.into())
    );
    let (exit, verdict) = verify(&[&path]);
    assert_eq!((exit, &verdict["proofs"]), (0, &3.into()));
    assert_eq!(
        code(&tensorseal(&["verify", &path])),
        1,
        "a development setup needs leave"
    );
    let output = tensorseal(&["inspect", &path, "--json"]);
    assert_eq!(json(&output)["digest"], verdict["bundles"][0]);

    // Damage in the second proof; the others hold.
    let good = fs::read(&path).unwrap();
    let three_bytes = fs::read(&three).unwrap().len();
    let mut bytes = good.clone();
    let place = good.len() - three_bytes - 40;
    bytes[place] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let (exit, verdict) = verify(&[&path]);
    assert_eq!(
        (exit, &verdict["proofs"], &verdict["inferences"]),
        (1, &3.into(), &4.into())
    );
    let rejected = verdict["rejected"].as_array().unwrap();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0]["code"], "damaged-bundle");
    assert!(rejected[0]["proof"].as_str().unwrap().ends_with("#1"));
    assert!(
        rejected[0]["reason"]
            .as_str()
            .unwrap()
            .contains("proof 1, at byte")
    );
    for (bytes, cause) in [
        (&good[..good.len() - 1], "damaged in proof 2"),
        (&good[..100], "damaged in the key"),
        (&[&good[..], b"more"].concat(), "4 bytes follow"),
    ] {
        fs::write(&path, bytes).unwrap();
        let output = tensorseal(&["verify", "--dev", &path]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(cause), "{}", stderr(&output));
    }

    // A false proof is not published.
    let mut bytes = fs::read(&two).unwrap();
    let last = bytes.len() - 4 * 32;
    bytes[last] ^= 1;
    fs::write(&two, bytes).unwrap();
    let path = at("false.bundle");
    let output = tensorseal(&["publish", &key, &one, &two, "-o", &path]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("published2.proof"));
    assert!(!fs::exists(&path).unwrap());
}

#[test]
fn single_inferences_of_a_committed_output_are_opened() {
    let (secret, srs, key) = (at("many.secret"), at("dev.srs"), at("sealed/model.vk"));
    let commit = ["--hide-input", "--commit-output", "--secret", &secret];
    let (proof, summary) = batch("committed.proof", 3, &commit);
    assert_eq!(summary["committed"], serde_json::json!(["output"]));
    let (exit, verdict) = verified(&proof, &["--dev"]);
    assert_eq!(exit, 0);
    assert_eq!(verdict["committed"], serde_json::json!(["output"]));
    assert!(verdict["public"].as_array().unwrap().is_empty());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&secret).unwrap().permissions().mode() & 0o077,
            0
        );
    }

    let opening = at("second.opening");
    let open = [
        "open", &secret, "--srs", &srs, "-o", &opening, "--json", "--index",
    ];
    let under_the_ceremony = tensorseal(&["open", &secret, "-o", &opening, "--index", "1"]);
    refused(&under_the_ceremony, &["than the bundled one", "--srs"]);
    let output = tensorseal(&[&open[..], &["1"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(json(&output)["integers"], summary["outputs"][1]["integers"]);
    let (exit, verdict) = verify(&["--key", &key, &proof, "--opening", &opening]);
    assert_eq!((exit, &verdict["miller_loops"]), (0, &4.into()));
    let opened = &verdict["opened"][0];
    assert_eq!(
        (&opened["role"], &opened["inference"]),
        (&"output".into(), &1.into())
    );
    assert_eq!(opened["integers"], summary["outputs"][1]["integers"]);

    // A padded inference; another proof of the same inputs; an altered opening.
    let output = tensorseal(&[&open[..], &["3"]].concat());
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("no secret opens inference 3"));
    let other_secret = at("other.secret");
    let commit = ["--hide-input", "--commit-output", "--secret", &other_secret];
    let (other, _) = batch("committed2.proof", 3, &commit);
    let (exit, verdict) = verify(&["--key", &key, &other, "--opening", &opening]);
    assert_eq!((exit, &verdict["code"]), (1, &"wrong-proof".into()));
    let mut bytes = fs::read(&opening).unwrap();
    // A value, behind mark, version, two digests, tensor, inference, width and count.
    bytes[4 + 2 + 64 + 8 + 5] ^= 1;
    fs::write(&opening, bytes).unwrap();
    let (exit, verdict) = verify(&["--key", &key, &proof, "--opening", &opening]);
    assert_eq!((exit, &verdict["code"]), (1, &"invalid-proof".into()));
}

#[test]
fn a_split_batch_has_one_secret_and_a_bundle_gives_the_proof_of_an_opening() {
    let (secret, srs) = (at("split.secret"), at("dev.srs"));
    let more = [
        "--commit-input",
        "--commit-output",
        "--secret",
        &secret,
        "--memory",
        "21M",
    ];
    let (path, summary) = batch("committed.bundle", 40, &more);
    assert!(summary["proofs"].as_u64().unwrap() > 1);
    let opening = at("last.opening");
    let open = [
        "open", &secret, "--srs", &srs, "-o", &opening, "--index", "39",
    ];
    let output = tensorseal(&open);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--tensor"), "{}", stderr(&output));
    let output = tensorseal(&[&open[..], &["--tensor", "output", "--json"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(
        json(&output)["integers"],
        summary["outputs"][39]["integers"]
    );
    let (exit, verdict) = verify(&[&path, "--opening", &opening]);
    assert_eq!(exit, 0, "{verdict}");
    assert_eq!(
        verdict["opened"][0]["integers"],
        summary["outputs"][39]["integers"]
    );
}

#[test]
fn what_is_committed_alone_opens_too() {
    let (secret, srs, key) = (at("alone.secret"), at("dev.srs"), at("sealed/model.vk"));
    let (proof, _) = proved("alone.proof", &["--commit-input", "--secret", &secret]);
    let opening = at("alone.opening");
    let open = [
        "open", &secret, "--srs", &srs, "-o", &opening, "--index", "0",
    ];
    assert_eq!(code(&tensorseal(&open)), 0);
    let (exit, verdict) = verify(&["--key", &key, &proof, "--opening", &opening]);
    assert_eq!((exit, &verdict["opened"][0]["role"]), (0, &"input".into()));
    for (file, kind) in [(&secret, "opening secret"), (&opening, "opening")] {
        let output = tensorseal(&["inspect", file, "--json"]);
        assert!(json(&output)["kind"].as_str().unwrap().starts_with(kind));
    }
    // Without --secret there is nothing to open it with.
    let (input, folder) = (model("digits_demo_input.json"), at("sealed"));
    let prove = [
        "prove",
        &folder,
        "--input",
        &input,
        "-o",
        &proof,
        "--commit-output",
    ];
    assert_eq!(code(&tensorseal(&prove)), 2);
}
