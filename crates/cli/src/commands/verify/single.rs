//! One proof.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use serde::Serialize;
use tensorseal_model::program::{Description, PortDescription};
use tensorseal_protocol::{Verdict, VerifyOptions, VerifyingKey, verify};

use super::expected::{Expected, Mismatch};
use crate::args::VerifyArguments;
use crate::measure::timed;
use crate::terminal::{print_json, say, seconds, short_list};
use crate::{Outcome, files};

/// A tensor that a proof reveals.
#[derive(Serialize)]
pub(super) struct Public {
    pub(super) role: &'static str,
    pub(super) name: Option<String>,
    pub(super) shape: Vec<usize>,
    pub(super) integers: Vec<i64>,
}

#[derive(Serialize)]
struct Summary {
    ok: bool,
    code: &'static str,
    reason: Option<String>,
    setup: &'static str,
    /// `recomputed`, or `from the key`: its commitments are taken at the key's word.
    table: &'static str,
    model: String,
    inferences: u32,
    public: Vec<Public>,
    seconds: f64,
    miller_loops: usize,
}

pub(super) fn run(
    (key, table): (&VerifyingKey, &'static str),
    proof: &Path,
    options: &VerifyOptions<'_>,
    arguments: &VerifyArguments,
) -> Result<Outcome> {
    let expected = arguments
        .expect_output
        .as_deref()
        .map(Expected::parse)
        .transpose()?;
    let proof = files::read(proof)?;
    let (result, time) = timed(|| verify(key, &proof, options));
    let many = result.as_ref().is_ok_and(|verdict| verdict.inferences > 1);
    if many && matches!(expected, Some(Expected::Class(_))) {
        bail!(
            "--expect-output class=N is about one inference, the proof is about many: give the integers of all"
        );
    }
    let summary = match result {
        Ok(verdict) => accepted((key, table), &verdict, expected.as_ref(), time),
        Err(error) => Summary {
            ok: false,
            code: error.code(),
            reason: Some(error.to_string()),
            setup: key.setup().origin().name(),
            table,
            model: key.digest().to_string(),
            inferences: 0,
            public: Vec::new(),
            seconds: time.as_secs_f64(),
            miller_loops: 0,
        },
    };
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

fn accepted(
    (key, table): (&VerifyingKey, &'static str),
    verdict: &Verdict,
    expected: Option<&Expected>,
    time: Duration,
) -> Summary {
    let public = public(key, verdict);
    let (code, reason) = match expected.map(|expected| expected.check(&public)) {
        None | Some(Ok(())) => ("ok", None),
        Some(Err(Mismatch::Hidden)) => (
            "hidden-output",
            Some("the proof holds, but it hides the output that was to be compared".into()),
        ),
        Some(Err(Mismatch::Ambiguous)) => (
            "ambiguous-output",
            Some(
                "the proof holds and reveals several outputs: say which is to be compared, as an object of its name and integers"
                    .into(),
            ),
        ),
        Some(Err(Mismatch::Unexpected)) => (
            "unexpected-output",
            Some("the proof holds, but for another output than the expected one".into()),
        ),
    };
    Summary {
        ok: reason.is_none(),
        code,
        reason,
        setup: verdict.setup.name(),
        table,
        model: verdict.model.to_string(),
        inferences: verdict.inferences,
        public,
        seconds: time.as_secs_f64(),
        miller_loops: verdict.miller_loops,
    }
}

/// The public tensors with what the key says about them.
fn public(key: &VerifyingKey, verdict: &Verdict) -> Vec<Public> {
    let description = Description::from_bytes(key.annotation());
    let program = key.program();
    verdict
        .public
        .iter()
        .map(|entry| {
            let words = description.as_ref().and_then(|description| {
                let mut ports = description.inputs.iter().chain(&description.outputs);
                ports.find(|port| port.tensor as usize == entry.tensor())
            });
            let input = program
                .inputs()
                .iter()
                .any(|input| *input as usize == entry.tensor());
            // A description that does not fit is as good as none: the values are then shown as the proof has them.
            let described = words.and_then(|port| Some((port, port.to_onnx(entry.values())?)));
            let integers = described
                .as_ref()
                .map_or(entry.values(), |(_, integers)| integers);
            Public {
                role: if input { "input" } else { "output" },
                name: words.map(|port| port.name.clone()),
                shape: shape(
                    integers.len(),
                    described.as_ref().map(|(port, _)| *port),
                    verdict.inferences,
                ),
                integers: integers.to_vec(),
            }
        })
        .collect()
}

/// The shape of values as the model's description has it, for a batch behind an axis of its inferences.
fn shape(values: usize, words: Option<&PortDescription>, inferences: u32) -> Vec<usize> {
    let Some(port) = words else {
        return vec![values];
    };
    let batch = (inferences > 1).then_some(inferences as usize);
    batch
        .into_iter()
        .chain(port.shape.iter().copied())
        .collect()
}

fn print(summary: &Summary, time: Duration) -> Result<()> {
    if summary.ok {
        say!("accepted in {}", seconds(time));
    } else {
        say!("REJECTED ({})", summary.code);
    }
    if let Some(reason) = &summary.reason {
        say!("  {reason}");
    }
    if summary.inferences > 1 {
        say!("  {} inferences", summary.inferences);
    }
    say!("  model  {}", summary.model);
    say!("  setup  {}", summary.setup);
    say!("  table  {}", summary.table);
    if summary.ok && summary.setup == "development" {
        say!("  WARNING: whoever made a development setup can forge proofs under it");
    }
    for tensor in &summary.public {
        let name = tensor.name.as_deref().unwrap_or("?");
        say!(
            "  {} {name:?} = {}",
            tensor.role,
            short_list(&tensor.integers)
        );
    }
    if summary.ok && !summary.public.iter().any(|tensor| tensor.role == "output") {
        say!("  the output is hidden");
    }
    if summary.ok && !summary.public.iter().any(|tensor| tensor.role == "input") {
        say!("  the input is hidden");
    }
    Ok(())
}
