//! Reading, and writing that leaves no half-written file.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use tensorseal_model::data::DataFile;
use tensorseal_protocol::srs::Srs;

/// Temporary files that an interruption must remove.
static TEMPORARIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// What a process ends with when it is interrupted.
const INTERRUPTED: i32 = 130;

/// Removes temporary files before an interruption ends the program.
pub(crate) fn remove_temporaries_on_interrupt() {
    let installed = ctrlc::set_handler(|| {
        let files = TEMPORARIES.lock().unwrap_or_else(PoisonError::into_inner);
        for file in files.iter() {
            // The program ends whether or not the file can be removed.
            let _ = fs::remove_file(file);
        }
        eprintln!("\ninterrupted; no file was left half-written");
        std::process::exit(INTERRUPTED);
    });
    if let Err(error) = installed {
        eprintln!("warning: an interruption may leave a temporary file behind: {error}");
    }
}

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Whoever the user's settings allow.
    Everybody,
    /// The user alone: the file holds secrets.
    Owner,
}

/// Writes a file at once: the bytes go to a temporary file beside it, which then takes its name.
pub(crate) fn write(path: &Path, bytes: &[u8], audience: Audience) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).with_context(failed)?;
    let mut file = {
        // Under the lock, so that no interruption falls between making the file and knowing its name.
        let mut names = TEMPORARIES.lock().unwrap_or_else(PoisonError::into_inner);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".tensorseal-").suffix(".tmp");
        #[cfg(unix)]
        if audience == Audience::Everybody {
            use std::os::unix::fs::PermissionsExt;
            // The process's mask applies; without this only the owner could read.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).with_context(failed)?;
        names.push(file.path().to_owned());
        file
    };
    let temporary = file.path().to_owned();
    let written = file
        .write_all(bytes)
        .and_then(|()| file.as_file().sync_all());
    let result = match written {
        Ok(()) => file.persist(path).map(drop).map_err(|error| error.error),
        Err(error) => Err(error),
    };
    TEMPORARIES
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .retain(|name| *name != temporary);
    result.with_context(failed)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/deep/file");
        write(&path, b"one", Audience::Everybody).unwrap();
        write(&path, b"two", Audience::Everybody).unwrap();
        assert_eq!(read(&path).unwrap(), b"two");
        let names = fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(names.count(), 1);
        let names = TEMPORARIES.lock().unwrap();
        assert!(names.iter().all(|name| !name.starts_with(folder.path())));
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_for_their_owner() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write(&path, b"one", Audience::Owner).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read(Path::new("no/such/file")).unwrap_err();
        assert!(format!("{error:#}").contains("no/such/file"));
    }
}
