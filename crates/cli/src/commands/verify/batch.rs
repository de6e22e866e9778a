//! Many proofs.

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use tensorseal_protocol::random::{PlatformRandom, RandomSource};
use tensorseal_protocol::{VerifyOptions, VerifyingKey};
use tensorseal_prover::{BatchReport, verify_batch};

use super::sources::Sources;
use super::{RANDOM_BYTES, large_tables};
use crate::Outcome;
use crate::args::VerifyArguments;
use crate::measure::timed;
use crate::terminal::{Progress, print_json, say, seconds};

#[derive(Serialize)]
struct Summary {
    proofs: usize,
    ok: bool,
    rejected: Vec<Rejected>,
    /// Of the proofs that are accepted.
    inferences: u64,
    /// What stands for each bundle: its count, its order, every byte.
    bundles: Vec<String>,
    models: Vec<Model>,
    miller_loops: usize,
    seconds: f64,
}

#[derive(Serialize)]
struct Rejected {
    proof: String,
    code: &'static str,
    reason: String,
}

/// A key and where it stands.
#[derive(Serialize)]
struct Model {
    model: String,
    setup: &'static str,
    table: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    large_tables: Option<&'static str>,
}

pub(super) fn run(
    (keys, tables): (&[VerifyingKey], &[&'static str]),
    sources: &Sources,
    options: &VerifyOptions<'_>,
    arguments: &VerifyArguments,
) -> Result<Outcome> {
    let mut randomness = [0; RANDOM_BYTES];
    PlatformRandom.fill(&mut randomness)?;
    let (report, time) = timed(|| {
        let progress = Progress::spinner("checking proofs");
        let bytes = (0..sources.len()).map(|index| sources.read(index));
        verify_batch(keys, bytes, options, &randomness, |done| {
            progress.set(done, sources.len());
        })
    });
    let summary = summary((keys, tables), sources, &report?, time);
    if arguments.json {
        print_json(&summary)?;
    } else {
        print(&summary, time)?;
    }
    Ok(if summary.ok {
        Outcome::Good
    } else {
        Outcome::Rejected
    })
}

fn summary(
    (keys, tables): (&[VerifyingKey], &[&'static str]),
    sources: &Sources,
    report: &BatchReport,
    time: Duration,
) -> Summary {
    let rejected = report.rejected.iter().map(|(place, error)| Rejected {
        proof: sources.name(*place),
        code: error.code(),
        reason: error.to_string(),
    });
    let models = keys.iter().zip(tables).map(|(key, table)| Model {
        model: key.digest().to_string(),
        setup: key.setup().origin().name(),
        table,
        large_tables: large_tables(key),
    });
    Summary {
        proofs: report.proofs,
        ok: report.rejected.is_empty(),
        rejected: rejected.collect(),
        inferences: report.inferences,
        bundles: sources.bundles(),
        models: models.collect(),
        miller_loops: report.miller_loops,
        seconds: time.as_secs_f64(),
    }
}

fn print(summary: &Summary, time: Duration) -> Result<()> {
    let accepted = summary.proofs - summary.rejected.len();
    say!(
        "accepted {accepted} of {} proofs in {}, {} for each",
        summary.proofs,
        seconds(time),
        seconds(time / u32::try_from(summary.proofs.max(1)).unwrap_or(u32::MAX))
    );
    if summary.inferences > accepted as u64 {
        say!("  {} inferences", summary.inferences);
    }
    for proof in &summary.rejected {
        say!(
            "REJECTED {} ({}): {}",
            proof.proof,
            proof.code,
            proof.reason
        );
    }
    for bundle in &summary.bundles {
        say!("  bundle {bundle}");
    }
    for model in &summary.models {
        say!("  model  {}", model.model);
        say!("  setup  {}", model.setup);
        say!("  table  {}", model.table);
        if let Some(tables) = model.large_tables {
            say!("  large tables  {tables}");
        }
    }
    if summary
        .models
        .iter()
        .any(|model| model.setup == "development")
    {
        say!("  WARNING: whoever made a development setup can forge proofs under it");
    }
    Ok(())
}
