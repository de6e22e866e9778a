//! `tensorseal setup`.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use tensorseal_protocol::random::PlatformRandom;
use tensorseal_protocol::srs::Srs;
use tensorseal_prover::Threads;

use crate::Outcome;
use crate::args::SetupArguments;
use crate::files::{self, Audience};
use crate::measure::timed;
use crate::terminal::{Progress, bytes, print_json, say, seconds};

#[derive(Serialize)]
struct Report {
    setup: &'static str,
    digest: String,
    /// The published file that was recognised, byte for byte.
    ceremony_file: Option<String>,
    powers: usize,
    powers_g2: usize,
    bytes: Option<usize>,
    seconds: f64,
}

pub(crate) fn run(arguments: &SetupArguments) -> Result<Outcome> {
    let (made, time) = timed(|| make(arguments));
    let (srs, recognised) = made?;
    let mut written = None;
    if let Some(path) = &arguments.output {
        let encoded = srs.to_bytes(None);
        files::write(path, &encoded, Audience::Everybody)?;
        written = Some(encoded.len());
    }
    let report = Report {
        setup: srs.setup().origin().name(),
        digest: srs.setup().digest().to_string(),
        ceremony_file: recognised,
        powers: srs.powers().len(),
        powers_g2: srs.powers_g2().len(),
        bytes: written,
        seconds: time.as_secs_f64(),
    };
    if arguments.json {
        print_json(&report)?;
        return Ok(Outcome::Good);
    }
    match (&report.ceremony_file, report.setup) {
        (Some(name), _) => {
            say!("recognised: this is {name} of the Hermez ceremony, byte for byte");
        }
        (None, "hermez") => {
            say!("this is data of the Hermez ceremony, though no published file byte for byte");
        }
        (None, "development") => {
            say!("a development setup: whoever made it can forge proofs, never publish with it");
        }
        (None, _) => say!(
            "an unknown ceremony: its powers are consistent, but verifiers refuse it unless they are told to trust {}",
            report.digest
        ),
    }
    say!(
        "{} powers of tau checked in {}",
        report.powers,
        seconds(time)
    );
    say!("setup digest {}", report.digest);
    if let (Some(path), Some(count)) = (&arguments.output, written) {
        say!("wrote {} ({})", path.display(), bytes(count));
    }
    Ok(Outcome::Good)
}

fn make(arguments: &SetupArguments) -> Result<(Srs, Option<String>)> {
    if let Some(path) = &arguments.ptau {
        let _progress = Progress::spinner("checking the powers of tau");
        return from_ptau(path, arguments.powers_g2);
    }
    let power = arguments
        .power
        .context("a development setup needs --power P")?;
    let _progress = Progress::spinner("making a development setup");
    let tools = (&Threads, &mut PlatformRandom as _);
    let srs = Srs::development_with_g2(power, arguments.powers_g2, tools)?;
    Ok((srs, None))
}

fn from_ptau(path: &Path, powers_g2: usize) -> Result<(Srs, Option<String>)> {
    let bytes = files::read(path)?;
    let within = || format!("in {}", path.display());
    let (srs, file) = Srs::from_ptau(&bytes, None).with_context(within)?;
    let srs = srs.with_powers_g2(&bytes, powers_g2).with_context(within)?;
    Ok((srs, file.map(|file| file.name.to_string())))
}
