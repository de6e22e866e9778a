//! `tensorseal publish`.

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tensorseal_protocol::bundle::BundleWriter;
use tensorseal_protocol::{VerifyOptions, VerifyingKey};
use tensorseal_prover::verify_batch;

use super::verify::sources::Sources;
use crate::Outcome;
use crate::args::PublishArguments;
use crate::files::{self, Audience};
use crate::measure::timed;
use crate::terminal::{Progress, bytes, print_json, say, seconds};

#[derive(Serialize)]
struct Summary {
    model: String,
    proofs: usize,
    inferences: u64,
    bundle_bytes: usize,
    seconds: f64,
}

pub(crate) fn run(arguments: &PublishArguments) -> Result<Outcome> {
    let key = VerifyingKey::from_bytes(&files::read(&arguments.key)?)
        .with_context(|| format!("in {}", arguments.key.display()))?;
    let (made, time) = timed(|| make(&key, arguments));
    let Some((encoded, proofs, inferences)) = made? else {
        return Ok(Outcome::Rejected);
    };
    files::write(&arguments.output, &encoded, Audience::Everybody)?;
    let summary = Summary {
        model: key.digest().to_string(),
        proofs,
        inferences,
        bundle_bytes: encoded.len(),
        seconds: time.as_secs_f64(),
    };
    if arguments.json {
        print_json(&summary)?;
        return Ok(Outcome::Good);
    }
    say!(
        "{proofs} proofs of {inferences} inferences hold, in {}",
        seconds(time)
    );
    say!(
        "wrote {}: {}; `tensorseal verify` reads it, and so does a page from any web server",
        arguments.output.display(),
        bytes(encoded.len())
    );
    say!("  model  {}", summary.model);
    Ok(Outcome::Good)
}

/// The bundle, its proofs and inferences; `None` when a proof does not hold, which has been said then.
fn make(key: &VerifyingKey, arguments: &PublishArguments) -> Result<Option<(Vec<u8>, usize, u64)>> {
    let sources = Sources::new(&arguments.proof)?;
    let proofs = (0..sources.len()).map(|index| {
        let proof = sources.read(index)?;
        proof.with_context(|| sources.name(index))
    });
    let proofs: Vec<Vec<u8>> = proofs.collect::<Result<_>>()?;
    let mut writer = BundleWriter::new(key);
    for (index, proof) in proofs.iter().enumerate() {
        writer.push(proof).with_context(|| sources.name(index))?;
    }
    if proofs.is_empty() {
        bail!("there is no proof to publish");
    }
    // Whoever publishes need not trust the setup; whoever reads decides that.
    let setup = [key.setup_digest()];
    let options = VerifyOptions {
        allow_development_setup: true,
        trusted_setups: &setup,
        model: None,
        context: arguments.context.as_bytes(),
    };
    let progress = Progress::spinner("checking proofs");
    let items = proofs.iter().map(|proof| anyhow::Ok(Ok(proof)));
    let report = verify_batch(std::slice::from_ref(key), items, &options, &[], |done| {
        progress.set(done, proofs.len());
    })?;
    drop(progress);
    for (place, refusal) in &report.rejected {
        eprintln!("error: {}: {refusal}", sources.name(*place));
    }
    if !report.rejected.is_empty() {
        eprintln!("nothing was published");
        return Ok(None);
    }
    Ok(Some((writer.finish()?, report.proofs, report.inferences)))
}
