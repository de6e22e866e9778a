//! `tensorseal verify`.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde::Serialize;
use tensorseal_model::program::Description;
use tensorseal_protocol::digest::Digest32;
use tensorseal_protocol::srs::SetupOrigin;
use tensorseal_protocol::{KeyError, Verdict, VerifyOptions, VerifyingKey, verify};
use tensorseal_prover::Threads;

use super::prove::argmax;
use crate::args::VerifyArguments;
use crate::measure::timed;
use crate::terminal::{Progress, print_json, say, seconds, short_list};
use crate::{Outcome, files};

/// A tensor that a proof reveals.
#[derive(Serialize)]
pub(crate) struct Public {
    pub(crate) role: &'static str,
    pub(crate) name: Option<String>,
    pub(crate) shape: Vec<usize>,
    pub(crate) integers: Vec<i64>,
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
    public: Vec<Public>,
    seconds: f64,
    miller_loops: usize,
}

/// Why a proof that holds is still not what was asked for.
enum Mismatch {
    Hidden,
    Unexpected,
}

pub(crate) fn run(arguments: &VerifyArguments) -> Result<Outcome> {
    let key = VerifyingKey::from_bytes(&files::read(&arguments.key)?)
        .with_context(|| format!("in {}", arguments.key.display()))?;
    let table = check_table(&key, arguments)?;
    let expected = arguments
        .expect_output
        .as_deref()
        .map(Expected::parse)
        .transpose()?;
    let proof = files::read(&arguments.proof)?;
    let trusted: Result<Vec<Digest32>> = arguments
        .trust_setup
        .iter()
        .map(|text| digest(text))
        .collect();
    let options = VerifyOptions {
        allow_development_setup: arguments.dev,
        trusted_setups: &trusted?,
        model: arguments.model.as_deref().map(digest).transpose()?,
        context: arguments.context.as_bytes(),
    };
    let (result, time) = timed(|| verify(&key, &proof, &options));
    let summary = match result {
        Ok(verdict) => accepted((&key, table), &verdict, expected.as_ref(), time),
        Err(error) => Summary {
            ok: false,
            code: error.code(),
            reason: Some(error.to_string()),
            setup: key.setup().origin().name(),
            table,
            model: key.digest().to_string(),
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

/// Recomputes the table's commitments: from the setup that the user names, or from the bundled piece of the ceremony where that
/// reaches.
fn check_table(key: &VerifyingKey, arguments: &VerifyArguments) -> Result<&'static str> {
    const RECOMPUTED: &str = "recomputed";
    if let Some(path) = &arguments.srs {
        let _progress = Progress::spinner("checking the setup and the table");
        key.check_table(&files::read_setup(path)?, &Threads)
            .with_context(|| {
                format!(
                    "checking {} against {}",
                    arguments.key.display(),
                    path.display()
                )
            })?;
        return Ok(RECOMPUTED);
    }
    if key.setup().origin() == SetupOrigin::Hermez {
        match key.check_table(&files::bundled_setup()?, &Threads) {
            Err(KeyError::SetupTooSmall { .. }) => {}
            result => {
                result.with_context(|| format!("in {}", arguments.key.display()))?;
                return Ok(RECOMPUTED);
            }
        }
    }
    Ok("from the key")
}

fn digest(text: &str) -> Result<Digest32> {
    Digest32::from_hex(text)
        .ok_or_else(|| anyhow!("{text:?} is not a digest: give 64 hexadecimal digits"))
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
        public,
        seconds: time.as_secs_f64(),
        miller_loops: verdict.miller_loops,
    }
}

/// The public tensors with what the key says about them.
pub(crate) fn public(key: &VerifyingKey, verdict: &Verdict) -> Vec<Public> {
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
            Public {
                role: if input { "input" } else { "output" },
                name: words.map(|port| port.name.clone()),
                shape: words.map_or_else(|| vec![entry.values().len()], |port| port.shape.clone()),
                integers: entry.values().to_vec(),
            }
        })
        .collect()
}

/// The output that a caller expects.
enum Expected {
    Integers {
        /// The output that is meant; the only one where this is left out.
        name: Option<String>,
        integers: Vec<i64>,
    },
    Class(usize),
}

impl Expected {
    fn parse(text: &str) -> Result<Self> {
        if let Some(class) = text.strip_prefix("class=") {
            let class = class
                .parse()
                .with_context(|| format!("{class:?} is not the index of a class"))?;
            return Ok(Self::Class(class));
        }
        let json = if text.trim_start().starts_with(['[', '{']) {
            text.as_bytes().to_vec()
        } else {
            files::read(Path::new(text))?
        };
        let value: serde_json::Value =
            serde_json::from_slice(&json).context("--expect-output is neither class=N nor JSON")?;
        let (name, value) = match value {
            serde_json::Value::Object(map) if map.len() == 1 => {
                let (name, value) = map.into_iter().next().context("an object of one array")?;
                (Some(name), value)
            }
            value => (None, value),
        };
        let mut integers = Vec::new();
        flatten(&value, &mut integers)?;
        Ok(Self::Integers { name, integers })
    }

    fn check(&self, public: &[Public]) -> Result<(), Mismatch> {
        let mut outputs = public.iter().filter(|tensor| tensor.role == "output");
        let output = outputs.next().ok_or(Mismatch::Hidden)?;
        // With several outputs a comparison would have to say which; this version makes no such models.
        let only = outputs.next().is_none();
        let equal = only
            && match self {
                Self::Integers { name, integers } => {
                    let named = name.is_none() || *name == output.name;
                    named && *integers == output.integers
                }
                Self::Class(class) => *class == argmax(&output.integers),
            };
        if equal {
            Ok(())
        } else {
            Err(Mismatch::Unexpected)
        }
    }
}

/// The integers of nested arrays.
fn flatten(value: &serde_json::Value, integers: &mut Vec<i64>) -> Result<()> {
    match value {
        serde_json::Value::Array(items) => {
            items.iter().try_for_each(|item| flatten(item, integers))
        }
        serde_json::Value::Number(number) => {
            integers.push(number.as_i64().with_context(|| {
                format!("{number} is not an integer; --expect-output takes the integers that `prove --json` prints")
            })?);
            Ok(())
        }
        _ => {
            bail!("--expect-output must be an array of integers, or an object with one such array")
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn integers(text: &str) -> Option<Vec<i64>> {
        match Expected::parse(text).ok()? {
            Expected::Integers { integers, .. } => Some(integers),
            Expected::Class(_) => None,
        }
    }

    #[test]
    fn expected_outputs_have_three_forms() {
        assert_eq!(integers("[[1, -2, 3]]"), Some(vec![1, -2, 3]));
        assert_eq!(integers("{\"logits\": [4]}"), Some(vec![4]));
        assert!(matches!(Expected::parse("class=7"), Ok(Expected::Class(7))));
        for wrong in ["[1.5]", "{\"a\": [1], \"b\": [2]}", "class=x", "[\"1\"]"] {
            assert!(Expected::parse(wrong).is_err(), "{wrong}");
        }
    }
}
