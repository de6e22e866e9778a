//! `tensorseal open`.

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tensorseal_model::program::Description;
use tensorseal_protocol::OpeningSecret;
use tensorseal_protocol::random::PlatformRandom;
use tensorseal_prover::Threads;
use zeroize::Zeroizing;

use crate::Outcome;
use crate::args::{OpenArguments, Port};
use crate::files::{self, Audience};
use crate::measure::timed;
use crate::terminal::{Progress, bytes, print_json, say, seconds, short_list};

#[derive(Serialize)]
struct Summary {
    model: String,
    /// The digest of the proof's file.
    proof: String,
    role: &'static str,
    /// The inference through all proofs of the secret.
    index: u32,
    /// The inference in its proof.
    inference: u32,
    integers: Vec<i64>,
    opening_bytes: usize,
    seconds: f64,
}

pub(crate) fn run(arguments: &OpenArguments) -> Result<Outcome> {
    let place = || format!("in {}", arguments.secret.display());
    let file = Zeroizing::new(files::read(&arguments.secret)?);
    let secret = OpeningSecret::from_bytes(&file).with_context(place)?;
    let (tensor, role) = tensor(&secret, arguments.tensor).with_context(place)?;
    let progress = Progress::spinner("reading the setup");
    let keys = secret.key().setup();
    let srs = match &arguments.srs {
        Some(path) => files::read_setup_of(path, keys)?,
        None => files::bundled_setup()?,
    };
    if srs.setup() != keys {
        bail!(
            "the keys were made with another setup than the bundled one, with digest {}: give theirs with --srs",
            keys.digest()
        );
    }
    progress.message("opening");
    let (opening, time) = timed(|| {
        let tools = (&Threads, &mut PlatformRandom as &mut _);
        secret.open(tensor, arguments.index, srs.powers(), tools)
    });
    let opening = opening.with_context(place)?;
    let encoded = opening.to_bytes();
    files::write(&arguments.output, &encoded, Audience::Everybody)?;
    drop(progress);

    let summary = Summary {
        model: opening.model().to_string(),
        proof: opening.proof().to_string(),
        role,
        index: arguments.index,
        inference: opening.inference(),
        integers: in_order(&secret, tensor, opening.values()),
        opening_bytes: encoded.len(),
        seconds: time.as_secs_f64(),
    };
    if arguments.json {
        print_json(&summary)?;
        return Ok(Outcome::Good);
    }
    say!(
        "{role} {}: {}",
        summary.index,
        short_list(&summary.integers)
    );
    say!("opened in {}", seconds(time));
    say!(
        "wrote {}: an opening of {}, of inference {} in proof {}",
        arguments.output.display(),
        bytes(encoded.len()),
        summary.inference,
        summary.proof
    );
    Ok(Outcome::Good)
}

/// The values in the order of the model's file, where the key says what that is.
fn in_order(secret: &OpeningSecret, tensor: u32, values: &[i64]) -> Vec<i64> {
    let description = Description::from_bytes(secret.key().annotation());
    let ordered = description.and_then(|description| description.port(tensor)?.to_onnx(values));
    ordered.unwrap_or_else(|| values.to_vec())
}

/// The committed tensor that is meant, and what it is called.
fn tensor(secret: &OpeningSecret, port: Option<Port>) -> Result<(u32, &'static str)> {
    let program = secret.key().program();
    let mut wanted = secret.committed().iter().filter(|tensor| match port {
        None => true,
        Some(Port::Input) => program.inputs().contains(tensor),
        Some(Port::Output) => program.outputs().contains(tensor),
    });
    match (wanted.next(), wanted.next()) {
        (Some(tensor), None) => Ok((*tensor, program.role(*tensor))),
        (None, _) => bail!("that tensor is not committed"),
        (Some(_), Some(_)) => bail!("several tensors are committed: choose one with --tensor"),
    }
}
