//! One proof.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tensorseal_model::program::{Description, PortDescription};
use tensorseal_protocol::random::{PlatformRandom, RandomSource};
use tensorseal_protocol::{
    OpenedTensor, Opening, Verdict, VerifyError, VerifyOptions, VerifyingKey, verify,
    verify_opening,
};

use super::expected::{Expected, Mismatch};
use super::sources::Sources;
use super::{RANDOM_BYTES, large_tables};
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

/// One inference of a committed tensor.
#[derive(Serialize)]
struct Opened {
    inference: u32,
    #[serde(flatten)]
    tensor: Public,
}

#[derive(Serialize)]
struct Summary {
    ok: bool,
    code: &'static str,
    reason: Option<String>,
    setup: &'static str,
    /// `recomputed`, or `from the key`: its commitments are taken at the key's word.
    table: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    large_tables: Option<&'static str>,
    model: String,
    inferences: u32,
    public: Vec<Public>,
    /// The tensors to which the proof commits.
    committed: Vec<&'static str>,
    /// What the openings show.
    opened: Vec<Opened>,
    seconds: f64,
    miller_loops: usize,
}

/// Verifies one proof, with the openings that are given. Of several proofs it takes the one that the first opening names.
pub(super) fn run(
    (key, table): (&VerifyingKey, &'static str),
    sources: &Sources,
    options: &VerifyOptions<'_>,
    arguments: &VerifyArguments,
) -> Result<Outcome> {
    let expected = arguments
        .expect_output
        .as_deref()
        .map(Expected::parse)
        .transpose()?;
    let openings = arguments.opening.iter().map(|path| files::read(path));
    let openings: Vec<Vec<u8>> = openings.collect::<Result<_>>()?;
    let proof = proof(sources, &openings)?;
    let (result, time) = timed(|| check(key, &proof?, &openings, options));
    let many = matches!(&result, Ok((verdict, _)) if verdict.inferences > 1);
    if many && matches!(expected, Some(Expected::Class(_))) {
        bail!(
            "--expect-output class=N is about one inference, the proof is about many: give the integers of all"
        );
    }
    let summary = match result {
        Ok((verdict, opened)) => {
            accepted((key, table), (&verdict, &opened), expected.as_ref(), time)
        }
        Err(rejection) => Summary {
            ok: false,
            code: rejection.code,
            reason: Some(rejection.reason),
            setup: key.setup().origin().name(),
            table,
            large_tables: large_tables(key),
            model: key.digest().to_string(),
            inferences: 0,
            public: Vec::new(),
            committed: Vec::new(),
            opened: Vec::new(),
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

/// Why a proof or an opening is not accepted.
struct Rejection {
    code: &'static str,
    reason: String,
}

impl From<VerifyError> for Rejection {
    fn from(error: VerifyError) -> Self {
        Self {
            code: error.code(),
            reason: error.to_string(),
        }
    }
}

/// The proof, or the damage in its place.
fn proof(sources: &Sources, openings: &[Vec<u8>]) -> Result<Result<Vec<u8>, Rejection>> {
    let mut index = 0;
    if sources.len() > 1
        && let Some(opening) = openings.first()
    {
        let opening = Opening::from_bytes(opening).context("in the first opening")?;
        let found = sources.find(opening.proof())?;
        index = found.context("none of the proofs is the one that the opening is of")?;
    }
    Ok(sources.read(index)?.map_err(|damage| Rejection {
        code: damage.code(),
        reason: damage.to_string(),
    }))
}

type Checked = (Verdict, Vec<OpenedTensor>);

fn check(
    key: &VerifyingKey,
    proof: &[u8],
    openings: &[Vec<u8>],
    options: &VerifyOptions<'_>,
) -> Result<Checked, Rejection> {
    if openings.is_empty() {
        return Ok((verify(key, proof, options)?, Vec::new()));
    }
    let mut randomness = [0; RANDOM_BYTES];
    PlatformRandom
        .fill(&mut randomness)
        .map_err(|error| Rejection {
            code: "no-randomness",
            reason: error.to_string(),
        })?;
    let openings: Vec<&[u8]> = openings.iter().map(Vec::as_slice).collect();
    Ok(verify_opening(key, proof, &openings, options, &randomness)?)
}

fn accepted(
    (key, table): (&VerifyingKey, &'static str),
    (verdict, opened): (&Verdict, &[OpenedTensor]),
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
        large_tables: large_tables(key),
        model: verdict.model.to_string(),
        inferences: verdict.inferences,
        public,
        committed: verdict
            .committed
            .iter()
            .map(|tensor| key.program().role(*tensor))
            .collect(),
        opened: opened.iter().map(|opened| open(key, opened)).collect(),
        seconds: time.as_secs_f64(),
        miller_loops: verdict.miller_loops,
    }
}

/// The public tensors with what the key says about them.
fn public(key: &VerifyingKey, verdict: &Verdict) -> Vec<Public> {
    let entries = verdict.public.iter();
    entries
        .filter_map(|entry| Some((u32::try_from(entry.tensor()).ok()?, entry.values())))
        .map(|(tensor, values)| described(key, tensor, values, verdict.inferences))
        .collect()
}

fn open(key: &VerifyingKey, opened: &OpenedTensor) -> Opened {
    Opened {
        inference: opened.inference,
        tensor: described(key, opened.tensor, &opened.values, 1),
    }
}

/// Values of a tensor with what the key says about it.
fn described(key: &VerifyingKey, tensor: u32, values: &[i64], inferences: u32) -> Public {
    let description = Description::from_bytes(key.annotation());
    let words = description
        .as_ref()
        .and_then(|description| description.port(tensor));
    // A description that does not fit is as good as none: the values are then shown as the proof has them.
    let fitting = words.and_then(|port| Some((port, port.to_onnx(values)?)));
    Public {
        role: key.program().role(tensor),
        name: words.map(|port| port.name.clone()),
        shape: shape(
            values.len(),
            fitting.as_ref().map(|(port, _)| *port),
            inferences,
        ),
        integers: fitting.map_or_else(|| values.to_vec(), |(_, integers)| integers),
    }
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
    if let Some(tables) = summary.large_tables {
        say!("  large tables  {tables}");
    }
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
    for Opened { inference, tensor } in &summary.opened {
        let name = tensor.name.as_deref().unwrap_or("?");
        say!(
            "  {} {name:?} of inference {inference} = {}",
            tensor.role,
            short_list(&tensor.integers)
        );
    }
    for role in ["output", "input"] {
        if summary.committed.contains(&role) {
            say!("  the {role} is committed");
        } else if summary.ok && !summary.public.iter().any(|tensor| tensor.role == role) {
            say!("  the {role} is hidden");
        }
    }
    Ok(())
}
