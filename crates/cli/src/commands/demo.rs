//! `tensorseal demo`: the whole path on a bundled digit classifier, under the real ceremony.

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tensorseal_model::data::DataFile;
use tensorseal_model::quantise::QuantiseOptions;
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{ProveOptions, VerifyError, VerifyOptions, VerifyingKey, verify};

use super::compile::{PROVING_KEY, Sealed, VERIFYING_KEY, seal};
use super::prove::Model;
use crate::Outcome;
use crate::args::DemoArguments;
use crate::files::{self, Audience};
use crate::measure::timed;
use crate::terminal::{Progress, bytes, print_json, seconds};

/// The first 4,095 powers of the Hermez ceremony, as `setup` wrote them from its published file of power 11.
const SETUP: &[u8] = include_bytes!("../../assets/hermez_11.srs");
const NETWORK: &[u8] = include_bytes!("../../../../models/digits_demo.onnx");
const CALIBRATION: &[u8] = include_bytes!("../../../../models/digits_demo_calibration.npz");
const HELD_OUT: &[u8] = include_bytes!("../../../../models/digits_demo_heldout.npz");
/// Pictures are 8 by 8.
const SIDE: usize = 8;

#[derive(Serialize)]
struct Summary {
    digit: usize,
    label: usize,
    model: String,
    setup: &'static str,
    parameters: usize,
    accuracy_integer: Option<f64>,
    compile_seconds: f64,
    prove_seconds: f64,
    verify_seconds: f64,
    proof_bytes: usize,
    verifying_key_bytes: usize,
    altered_proofs_refused: usize,
}

pub(crate) fn run(arguments: &DemoArguments) -> Result<Outcome> {
    let say = |line: String| {
        if !arguments.json {
            println!("{line}");
        }
    };
    let held_out = DataFile::parse(HELD_OUT)?;
    let (sealed, compiling) = timed(|| compile(&held_out));
    let sealed = sealed?;
    let parameters = sealed.parameters;
    let accuracy = sealed
        .report
        .held_out
        .as_ref()
        .and_then(|e| e.integer_accuracy);
    let model = Model::new(sealed.key)?;
    let verifying = model.key.verifying().to_bytes();
    say(format!(
        "A publisher seals a trained digit classifier ({parameters} weights{}) in {}.",
        accuracy.map_or_else(String::new, |a| format!(
            ", {:.1} % right on held-out digits",
            100.0 * a
        )),
        seconds(compiling)
    ));
    say(format!(
        "  What the public gets is a key of {}: model {}",
        bytes(verifying.len()),
        model.key.verifying().digest()
    ));

    let (picture, label) = sample(&model, &held_out, arguments.digit)?;
    say(format!(
        "\nSomebody asks about this picture:\n{}",
        draw(&picture)
    ));
    let (proved, proving) = timed(|| {
        let (witness, output) = model.run(&picture)?;
        let (_, output_tensor) = model.ports();
        let options = ProveOptions {
            public: &[output_tensor],
            context: &[],
        };
        anyhow::Ok((model.prove(&witness, &options)?.to_bytes(), output.argmax))
    });
    let (proof, digit) = proved?;
    say(format!(
        "The network reads a {digit}, and proves it in {} with {}.",
        seconds(proving),
        bytes(proof.len())
    ));

    let key = VerifyingKey::from_bytes(&verifying)?;
    let (verdict, verifying_time) = timed(|| verify(&key, &proof, &VerifyOptions::default()));
    let verdict = verdict.context("the demonstration's own proof was refused")?;
    say(format!(
        "A verifier with nothing but the key accepts it in {}, under the {} ceremony.",
        seconds(verifying_time),
        verdict.setup.name()
    ));
    let refused = refuse_altered(&key, &proof)?;
    say(format!(
        "{refused} altered copies of the proof, each with one other byte, are all refused."
    ));
    say(format!(
        "\nIn plain words: the sealed network said \"{digit}\", and anybody can check that it did, without seeing the picture\nor the network{}.",
        if digit == label {
            ""
        } else {
            " (this once it is mistaken; the proof says what it said, not that it is right)"
        }
    ));
    if let Some(folder) = &arguments.output {
        files::write(
            &folder.join(PROVING_KEY),
            &model.key.to_bytes(),
            Audience::Owner,
        )?;
        files::write(&folder.join("digit.proof"), &proof, Audience::Everybody)?;
        files::write(&folder.join(VERIFYING_KEY), &verifying, Audience::Everybody)?;
    }
    if arguments.json {
        print_json(&Summary {
            digit,
            label,
            model: key.digest().to_string(),
            setup: verdict.setup.name(),
            parameters,
            accuracy_integer: accuracy,
            compile_seconds: compiling.as_secs_f64(),
            prove_seconds: proving.as_secs_f64(),
            verify_seconds: verifying_time.as_secs_f64(),
            proof_bytes: proof.len(),
            verifying_key_bytes: verifying.len(),
            altered_proofs_refused: refused,
        })?;
    }
    Ok(Outcome::Good)
}

fn compile(held_out: &DataFile) -> Result<Sealed> {
    let progress = Progress::spinner("sealing the bundled classifier");
    let srs = Srs::from_bytes(SETUP)?;
    let calibration = DataFile::parse(CALIBRATION)?;
    let mut options = QuantiseOptions::default();
    // Columns of 2^11 rows, for the bundled piece of the ceremony has no more powers; seven bits make the table fit them.
    options.log_rows = Some(11);
    options.activation_bits = Some(7);
    seal(
        (NETWORK, (&calibration, Some(held_out))),
        &options,
        &srs,
        &progress,
    )
}

fn sample(model: &Model, held_out: &DataFile, index: usize) -> Result<(Vec<f32>, usize)> {
    let input = &model.graph.input;
    let samples = held_out.samples(&input.name, &input.shape)?;
    let labels = held_out.labels(samples.len(), model.graph.output.channels)?;
    let labels = labels.context("the bundled pictures have no labels")?;
    let count = samples.len();
    let picture = samples.into_iter().nth(index);
    let picture = picture.with_context(|| {
        format!(
            "there are {count} pictures: --digit takes 0 to {}",
            count - 1
        )
    })?;
    Ok((picture, labels[index]))
}

/// The picture in shades of characters.
fn draw(picture: &[f32]) -> String {
    const SHADES: [&str; 5] = ["  ", "░░", "▒▒", "▓▓", "██"];
    let largest = picture.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let shade = |pixel: &f32| {
        let level = (pixel / largest * (SHADES.len() - 1) as f32).round();
        SHADES[(level.max(0.0) as usize).min(SHADES.len() - 1)]
    };
    let rows = picture
        .chunks(SIDE)
        .map(|row| row.iter().map(shade).collect::<String>());
    rows.map(|row| format!("    {row}\n")).collect()
}

/// Alters one byte in every part of the proof; all copies must be refused.
fn refuse_altered(key: &VerifyingKey, proof: &[u8]) -> Result<usize> {
    let step = (proof.len() / 40).max(1);
    let mut refused = 0;
    for position in (0..proof.len()).step_by(step) {
        let mut altered = proof.to_vec();
        altered[position] ^= 1;
        let result: Result<_, VerifyError> = verify(key, &altered, &VerifyOptions::default());
        ensure!(
            result.is_err(),
            "an altered proof was accepted: this is a bug, please report it"
        );
        refused += 1;
    }
    Ok(refused)
}
