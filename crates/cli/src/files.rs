//! Reading and writing, what must not be replaced, and what an interruption leaves.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use tensorseal_model::data::DataFile;
use tensorseal_protocol::srs::{Setup, Srs};
use tensorseal_prover::files;

pub(crate) use tensorseal_prover::files::Audience;

/// What an interruption leaves, for the person who interrupts.
static LEFT: Mutex<Option<String>> = Mutex::new(None);

/// What a process ends with when it is interrupted.
const INTERRUPTED: i32 = 130;

/// Removes temporary files before an interruption ends the program.
pub(crate) fn remove_temporaries_on_interrupt() {
    let installed = ctrlc::set_handler(|| {
        files::abandon();
        eprintln!("\ninterrupted; no file was left half-written");
        let left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = &*left {
            eprintln!("{left}");
        }
        std::process::exit(INTERRUPTED);
    });
    if let Err(error) = installed {
        eprintln!("warning: an interruption may leave a temporary file behind: {error}");
    }
}

/// What an interruption says from now on about what it leaves.
pub(crate) fn say_if_interrupted(left: Option<String>) {
    *LEFT.lock().unwrap_or_else(PoisonError::into_inner) = left;
}

/// Refuses, before any work, to replace a file that cannot be made again.
///
/// # Errors
///
/// When the file is there: why its loss would hurt, and what to do.
pub(crate) fn spare(path: &Path, loss: &str, cure: &str) -> Result<()> {
    ensure!(
        !path.exists(),
        "{} is there already, and {loss}; {cure}",
        path.display()
    );
    Ok(())
}

/// Whether two paths name one file, be it there or not.
pub(crate) fn same(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| {
        let folder = path.parent().filter(|parent| *parent != Path::new(""));
        let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
        Some((folder, path.file_name()?.to_owned()))
    };
    a == b || place(a).is_some_and(|a| Some(a) == place(b))
}

/// Why a proving key must not be replaced.
pub(crate) const ONLY_KEY: &str = "no other key can prove for the model that it belongs to";

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a file at once, or leaves it as it was.
pub(crate) fn write(path: &Path, bytes: &[u8], audience: Audience) -> Result<()> {
    files::write(path, bytes, audience).with_context(|| format!("cannot write {}", path.display()))
}

/// A data file, `.npz` or JSON.
pub(crate) fn read_data(path: &Path) -> Result<DataFile> {
    DataFile::parse(&read(path)?).with_context(|| format!("in {}", path.display()))
}

/// The first 4,095 powers of the Hermez ceremony, as `setup` wrote them from its published file of power 11.
pub(crate) fn bundled_setup() -> Result<Srs> {
    Srs::from_bytes(include_bytes!("../assets/hermez_11.srs"))
        .context("the bundled setup is damaged")
}

/// A setup: a file that this program wrote, or a `.ptau` file, which is checked in full.
pub(crate) fn read_setup(path: &Path) -> Result<Srs> {
    let bytes = read(path)?;
    let setup = if bytes.starts_with(b"ptau") {
        Srs::from_ptau(&bytes, None)
            .map(|(srs, _)| srs)
            .map_err(anyhow::Error::new)
    } else {
        Srs::from_bytes(&bytes).map_err(anyhow::Error::new)
    };
    setup.with_context(|| format!("in {}", path.display()))
}

/// A setup, if it is the one that keys were made with.
pub(crate) fn read_setup_of(path: &Path, keys: &Setup) -> Result<Srs> {
    let srs = read_setup(path)?;
    ensure!(
        srs.setup() == keys,
        "{} is another setup than the keys were made with, whose digest is {}: give theirs with --srs",
        path.display(),
        keys.digest()
    );
    Ok(srs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named() {
        let error = read(Path::new("no/such/file")).unwrap_err();
        assert!(format!("{error:#}").contains("no/such/file"));
    }
}
