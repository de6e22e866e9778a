//! `tensorseal demo`: the whole path on a bundled digit classifier, under the real ceremony.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tensorseal_model::data::DataFile;
use tensorseal_model::quantise::QuantiseOptions;
use tensorseal_protocol::bundle::BundleWriter;
use tensorseal_protocol::{ProveOptions, VerifyError, VerifyOptions, VerifyingKey, verify};
use tensorseal_sealed::Sealed;

use super::compile::{Compilation, PROVING_KEY, VERIFYING_KEY, seal};
use super::prove::{argmax, prove_run};
use crate::Outcome;
use crate::args::DemoArguments;
use crate::files::{self, Audience};
use crate::measure::timed;
use crate::terminal::{Progress, bytes, line, print_json, seconds};

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

/// The publisher's side: what is made once.
struct Publisher {
    model: Sealed,
    verifying: Vec<u8>,
    parameters: usize,
    accuracy: Option<f64>,
    time: Duration,
}

/// An answer with its proof.
struct Answer {
    digit: usize,
    label: usize,
    proof: Vec<u8>,
    time: Duration,
}

/// What a verifier with the key alone finds.
struct Check {
    setup: &'static str,
    time: Duration,
    refused: usize,
}

pub(crate) fn run(arguments: &DemoArguments) -> Result<Outcome> {
    let say = |text: String| {
        if arguments.json {
            return Ok(());
        }
        line(format_args!("{text}"))
    };
    if let Some(folder) = &arguments.output {
        let cure = "choose another folder, or move the file away";
        files::spare(&folder.join(PROVING_KEY), files::ONLY_KEY, cure)?;
    }
    let held_out = DataFile::parse(HELD_OUT)?;
    let publisher = publish(&held_out)?;
    let pictures = pictures(&publisher.model, &held_out)?;
    let count = pictures.len();
    let (picture, label) = pictures.get(arguments.digit).with_context(|| {
        format!(
            "there are {count} pictures: --digit takes 0 to {}",
            count - 1
        )
    })?;
    let answers = arguments.answers.map(|answers| {
        let several = pictures
            .get(..answers)
            .filter(|several| !several.is_empty());
        several.with_context(|| format!("there are {count} pictures: --answers takes 1 to {count}"))
    });
    let answers = answers.transpose()?;
    say(publisher.story())?;
    say(format!(
        "\nSomebody asks about this picture:\n{}",
        draw(picture)
    ))?;
    let answer = answer(&publisher.model, picture, *label)?;
    say(format!(
        "The network reads a {}, and proves it in {} with {}.",
        answer.digit,
        seconds(answer.time),
        bytes(answer.proof.len())
    ))?;
    let check = check(&publisher.verifying, &answer.proof)?;
    say(check.story())?;
    say(answer.moral())?;
    if let Some(folder) = &arguments.output {
        let secret = publisher.model.key().to_bytes();
        files::write(&folder.join(PROVING_KEY), &secret, Audience::Owner)?;
        let public =
            |name, bytes: &[u8]| files::write(&folder.join(name), bytes, Audience::Everybody);
        public("digit.proof", &answer.proof)?;
        public(VERIFYING_KEY, &publisher.verifying)?;
        if let Some(pictures) = answers {
            public("answers.bundle", &bundle(&publisher.model, pictures)?)?;
        }
    }
    if arguments.json {
        print_json(&Summary {
            digit: answer.digit,
            label: *label,
            model: publisher.model.key().verifying().digest().to_string(),
            setup: check.setup,
            parameters: publisher.parameters,
            accuracy_integer: publisher.accuracy,
            compile_seconds: publisher.time.as_secs_f64(),
            prove_seconds: answer.time.as_secs_f64(),
            verify_seconds: check.time.as_secs_f64(),
            proof_bytes: answer.proof.len(),
            verifying_key_bytes: publisher.verifying.len(),
            altered_proofs_refused: check.refused,
        })?;
    }
    Ok(Outcome::Good)
}

impl Publisher {
    fn story(&self) -> String {
        let accuracy = self.accuracy.map_or_else(String::new, |accuracy| {
            format!(", {:.1} % right on held-out digits", 100.0 * accuracy)
        });
        format!(
            "A publisher seals a trained digit classifier ({} weights{accuracy}) in {}.\n  What the public gets is a key of {}: model {}",
            self.parameters,
            seconds(self.time),
            bytes(self.verifying.len()),
            self.model.key().verifying().digest()
        )
    }
}

impl Answer {
    fn moral(&self) -> String {
        let mistaken = if self.digit == self.label {
            ""
        } else {
            " (this once it is mistaken; the proof says what it said, not that it is right)"
        };
        format!(
            "\nIn plain words: the sealed network said \"{}\", and anybody can check that it did, without seeing the picture\n\
             or the network{mistaken}.",
            self.digit
        )
    }
}

impl Check {
    fn story(&self) -> String {
        format!(
            "A verifier with nothing but the key accepts it in {}, under the {} ceremony.\n\
             {} altered copies of the proof, each with one other byte, are all refused.",
            seconds(self.time),
            self.setup,
            self.refused
        )
    }
}

fn publish(held_out: &DataFile) -> Result<Publisher> {
    let (sealed, time) = timed(|| compile(held_out));
    let sealed = sealed?;
    let accuracy = sealed
        .report
        .held_out
        .as_ref()
        .and_then(|held_out| held_out.integer_accuracy);
    let model = Sealed::new(sealed.key)?;
    Ok(Publisher {
        verifying: model.key().verifying().to_bytes(),
        model,
        parameters: sealed.parameters,
        accuracy,
        time,
    })
}

fn answer(model: &Sealed, picture: &[f32], label: usize) -> Result<Answer> {
    let (proved, time) = timed(|| {
        let (witness, outputs) = model.run(&[picture.to_vec()])?;
        let options = ProveOptions {
            public: model.key().verifying().program().outputs(),
            context: &[],
        };
        let digit = outputs.first().map_or(0, |output| argmax(&output.integers));
        anyhow::Ok((prove_run(model, &witness, &options)?.to_bytes(), digit))
    });
    let (proof, digit) = proved?;
    Ok(Answer {
        digit,
        label,
        proof,
        time,
    })
}

/// A bundle of proofs for pictures: the pictures hidden, the outputs public.
fn bundle(model: &Sealed, pictures: &[Picture]) -> Result<Vec<u8>> {
    let progress = Progress::spinner("proving the bundled pictures");
    let mut proofs = Vec::new();
    for (picture, label) in pictures {
        proofs.push(answer(model, picture, *label)?.proof);
        progress.set(proofs.len(), pictures.len());
    }
    let mut writer = BundleWriter::new(model.key().verifying());
    for proof in &proofs {
        writer.push(proof)?;
    }
    Ok(writer.finish()?)
}

fn check(verifying: &[u8], proof: &[u8]) -> Result<Check> {
    let key = VerifyingKey::from_bytes(verifying)?;
    let (verdict, time) = timed(|| verify(&key, proof, &VerifyOptions::default()));
    let verdict = verdict.context("the demonstration's own proof was refused")?;
    Ok(Check {
        setup: verdict.setup.name(),
        time,
        refused: refuse_altered(&key, proof)?,
    })
}

fn compile(held_out: &DataFile) -> Result<Compilation> {
    let progress = Progress::spinner("sealing the bundled classifier");
    let srs = files::bundled_setup()?;
    let calibration = DataFile::parse(CALIBRATION)?;
    let mut options = QuantiseOptions::default();
    // Columns of 2^11 rows, for the bundled piece of the ceremony has no more powers; seven bits make the table fit them.
    options.log_rows = Some(11);
    options.activation_bits = Some(7);
    seal(
        (NETWORK, (Some(&calibration), Some(held_out))),
        &options,
        (&srs, None),
        &progress,
    )
}

/// A picture with what it shows.
type Picture = (Vec<f32>, usize);

fn pictures(model: &Sealed, held_out: &DataFile) -> Result<Vec<Picture>> {
    let (input, output) = (&model.inputs()[0], &model.outputs()[0]);
    let samples = held_out.samples(&input.name, &input.shape)?;
    let labels = held_out.labels(samples.len(), output.elements())?;
    let labels = labels.context("the bundled pictures have no labels")?;
    Ok(samples.into_iter().zip(labels).collect())
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
