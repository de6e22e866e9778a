//! `tensorseal verify`: one proof, or any number of them as one batch.

mod batch;
mod expected;
mod single;
pub(crate) mod sources;

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use tensorseal_protocol::digest::Digest32;
use tensorseal_protocol::srs::SetupOrigin;
use tensorseal_protocol::{KeyError, VerifyOptions, VerifyingKey};
use tensorseal_prover::Threads;

use crate::args::VerifyArguments;
use crate::terminal::Progress;
use crate::{Outcome, files};

use single::Public;
use sources::Sources;

/// Bytes of randomness that no prover knows.
const RANDOM_BYTES: usize = 32;

pub(crate) fn run(arguments: &VerifyArguments) -> Result<Outcome> {
    let given = arguments.key.iter().map(|path| load_key(path, arguments));
    let given = given.collect::<Result<Vec<_>>>()?;
    let sources = Sources::new(&arguments.proof)?;
    let keys = if given.is_empty() {
        bundled_keys(&sources, arguments)?
    } else {
        given
    };
    let (keys, tables): (Vec<VerifyingKey>, Vec<&'static str>) = keys.into_iter().unzip();
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
    let one = arguments.proof.len() == 1 && !arguments.proof[0].is_dir() && !sources.has_bundle();
    let openings = !arguments.opening.is_empty();
    if let ([key], [table]) = (&keys[..], &tables[..])
        && (one || openings)
    {
        return single::run((key, table), &sources, &options, arguments);
    }
    if arguments.expect_output.is_some() {
        bail!("--expect-output compares the output of one proof: give one key and one proof");
    }
    if openings {
        bail!("openings are of one proof: give its key alone");
    }
    batch::run((&keys, &tables), &sources, &options, arguments)
}

/// The keys of the bundles, each with where its table's commitments come from.
fn bundled_keys(
    sources: &Sources,
    arguments: &VerifyArguments,
) -> Result<Vec<(VerifyingKey, &'static str)>> {
    let mut keys: Vec<(VerifyingKey, &'static str)> = Vec::new();
    for (key, path) in sources.keys()? {
        if keys.iter().all(|(known, _)| known.digest() != key.digest()) {
            let table = check_table(&key, &path, arguments)?;
            keys.push((key, table));
        }
    }
    if keys.is_empty() {
        bail!("give the verifying key with --key: only a bundle brings its own");
    }
    Ok(keys)
}

fn load_key(path: &Path, arguments: &VerifyArguments) -> Result<(VerifyingKey, &'static str)> {
    let key = VerifyingKey::from_bytes(&files::read(path)?)
        .with_context(|| format!("in {}", path.display()))?;
    let table = check_table(&key, path, arguments)?;
    Ok((key, table))
}

/// Recomputes the table's commitments: from the setup that the user names, or from the bundled piece of the ceremony where that
/// reaches.
fn check_table(
    key: &VerifyingKey,
    file: &Path,
    arguments: &VerifyArguments,
) -> Result<&'static str> {
    const RECOMPUTED: &str = "recomputed";
    if let Some(path) = &arguments.srs {
        let _progress = Progress::spinner("checking the setup and the table");
        key.check_table(&files::read_setup(path)?, &Threads)
            .with_context(|| format!("checking {} against {}", file.display(), path.display()))?;
        return Ok(RECOMPUTED);
    }
    if key.setup().origin() == SetupOrigin::Hermez {
        match key.check_table(&files::bundled_setup()?, &Threads) {
            Err(KeyError::SetupTooSmall { .. }) => {}
            result => {
                result.with_context(|| format!("in {}", file.display()))?;
                return Ok(RECOMPUTED);
            }
        }
    }
    Ok("from the key")
}

/// What is known of the large tables of a key that has been read, whatever the setup at hand; `None` if it has none.
fn large_tables(key: &VerifyingKey) -> Option<&'static str> {
    let some = !key.program().large_tables().is_empty();
    some.then_some("values and tags proved by the key, outputs committed")
}

fn digest(text: &str) -> Result<Digest32> {
    Digest32::from_hex(text)
        .ok_or_else(|| anyhow!("{text:?} is not a digest: give 64 hexadecimal digits"))
}
