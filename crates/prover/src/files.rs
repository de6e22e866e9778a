//! Files that are complete or not there.
//!
//! The bytes go to a temporary file beside the place, which then takes its name, so nobody ever reads half of a file, and several processes
//! may fill one folder. A program that is interrupted calls [`abandon`], which removes what it has been writing.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Whoever the user's settings allow.
    Everybody,
    /// The user alone: the file holds secrets, or follows from them.
    Owner,
}

/// The temporary files that are there.
static TEMPORARIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn temporaries() -> MutexGuard<'static, Vec<PathBuf>> {
    TEMPORARIES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a folder of caches, if it is not there, that its owner alone can list: names of files tell what somebody proves.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Writes a file at once, and makes its folder if that is not there.
///
/// # Errors
///
/// What the system says; the file is then as it was before.
pub fn write(path: &Path, bytes: &[u8], audience: Audience) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tensorseal-").suffix(".tmp");
    #[cfg(unix)]
    if audience == Audience::Everybody {
        use std::os::unix::fs::PermissionsExt;
        // The process's mask applies; without this only the owner could read.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = {
        // Under the lock, so that no interruption falls between making the file and knowing its name.
        let mut names = temporaries();
        let file = builder.tempfile_in(folder)?;
        names.push(file.path().to_owned());
        file
    };
    let temporary = file.path().to_owned();
    let written = file
        .write_all(bytes)
        .and_then(|()| file.as_file().sync_all());
    let moved = written.and_then(|()| file.persist(path).map(drop).map_err(|error| error.error));
    temporaries().retain(|name| *name != temporary);
    moved
}

/// Whether files can be written to a folder, before work whose outcome goes there.
///
/// # Errors
///
/// What the system says.
pub(crate) fn check_writable(folder: &Path) -> io::Result<()> {
    tempfile::tempfile_in(folder).map(drop)
}

/// Removes the temporary files, for a program that is about to end. Whoever is writing a file, or would begin to, waits for that end.
pub fn abandon() {
    let names = temporaries();
    for name in names.iter() {
        // The program ends whether or not the file can be removed.
        let _ = fs::remove_file(name);
    }
    // The lock is held for good.
    std::mem::forget(names);
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
        assert_eq!(fs::read(&path).unwrap(), b"two");
        // A folder cannot be replaced by a file.
        assert!(write(path.parent().unwrap(), b"three", Audience::Owner).is_err());
        for folder in [
            folder.path(),
            &folder.path().join("new"),
            path.parent().unwrap(),
        ] {
            assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
        }
        assert!(
            temporaries()
                .iter()
                .all(|name| !name.starts_with(folder.path()))
        );
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
}
