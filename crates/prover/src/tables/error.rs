//! Why cached points were not had.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use tensorseal_protocol::KeyError;
use tensorseal_protocol::cq::CachedTableError;

/// Why cached points were not had.
#[derive(Debug)]
#[non_exhaustive]
pub enum TableCacheError {
    /// The folder or a file in it cannot be read or written.
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file in the folder is none of cached points; delete it to have it made again.
    File {
        /// The path.
        path: PathBuf,
        /// What is wrong.
        error: CachedTableError,
    },
    /// A file in the folder has the cached points of another table than its name says; delete it to have it made again.
    OtherTable {
        /// The path.
        path: PathBuf,
    },
    /// Rows that are needed are not in the folder, and there is no setup to compute them from.
    NotPreprocessed {
        /// The table.
        table: usize,
        /// How many rows.
        rows: usize,
        /// The folder.
        folder: PathBuf,
    },
    /// The table cannot be preprocessed.
    Key(KeyError),
}

impl fmt::Display for TableCacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::File { path, error } => {
                write!(f, "{}: {error}; delete the file first", path.display())
            }
            Self::OtherTable { path } => write!(
                f,
                "{}: the file is of another table than its name says; delete it",
                path.display()
            ),
            Self::NotPreprocessed {
                table,
                rows,
                folder,
            } => write!(
                f,
                "the cached points of {rows} rows of large table {table} are not in {}; preprocess the table, or give the setup to compute them",
                folder.display()
            ),
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TableCacheError {}

impl From<KeyError> for TableCacheError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> TableCacheError {
    move |error| TableCacheError::Io {
        path: path.to_path_buf(),
        error,
    }
}

/// As [`at`], but for a file that ends too early.
pub(super) fn cut_short(path: &Path) -> impl Fn(io::Error) -> TableCacheError {
    move |error| match error.kind() {
        io::ErrorKind::UnexpectedEof => TableCacheError::File {
            path: path.to_path_buf(),
            error: CachedTableError::Damaged,
        },
        _ => at(path)(error),
    }
}
