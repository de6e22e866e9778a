//! `tensorseal verify`: one proof, or any number of them as one batch.

mod batch;
mod expected;
mod single;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use tensorseal_protocol::digest::Digest32;
use tensorseal_protocol::srs::SetupOrigin;
use tensorseal_protocol::{KeyError, VerifyOptions, VerifyingKey};
use tensorseal_prover::Threads;

use crate::args::VerifyArguments;
use crate::terminal::Progress;
use crate::{Outcome, files};

use single::Public;

/// What the files in a folder end in that are proofs.
const PROOF_EXTENSION: &str = "proof";

pub(crate) fn run(arguments: &VerifyArguments) -> Result<Outcome> {
    let keys = arguments.key.iter().map(|path| load_key(path, arguments));
    let (keys, tables): (Vec<VerifyingKey>, Vec<&'static str>) =
        keys.collect::<Result<Vec<_>>>()?.into_iter().unzip();
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
    if let ([key], [table], [proof]) = (&keys[..], &tables[..], &arguments.proof[..])
        && !proof.is_dir()
    {
        return single::run((key, table), proof, &options, arguments);
    }
    if arguments.expect_output.is_some() {
        bail!("--expect-output compares the output of one proof: give one key and one proof");
    }
    let proofs = proof_files(&arguments.proof)?;
    batch::run((&keys, &tables), &proofs, &options, arguments)
}

fn load_key(path: &Path, arguments: &VerifyArguments) -> Result<(VerifyingKey, &'static str)> {
    let key = VerifyingKey::from_bytes(&files::read(path)?)
        .with_context(|| format!("in {}", path.display()))?;
    let table = check_table(&key, path, arguments)?;
    Ok((key, table))
}

/// The files that are named, a folder standing for those in it that end in `.proof`, by name.
fn proof_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed = || format!("cannot read {}", path.display());
        let mut found = Vec::new();
        for entry in path.read_dir().with_context(failed)? {
            let file = entry.with_context(failed)?.path();
            if file.is_file() && file.extension().is_some_and(|end| end == PROOF_EXTENSION) {
                found.push(file);
            }
        }
        if found.is_empty() {
            bail!("{} holds no file that ends in .proof", path.display());
        }
        found.sort_unstable();
        files.append(&mut found);
    }
    Ok(files)
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

fn digest(text: &str) -> Result<Digest32> {
    Digest32::from_hex(text)
        .ok_or_else(|| anyhow!("{text:?} is not a digest: give 64 hexadecimal digits"))
}
