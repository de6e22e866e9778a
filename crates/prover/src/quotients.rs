//! The cached quotients of weight matrices on disk, under a name that follows from the setup and the weights.
//!
//! They are most of the work of making keys, and a few hundred kilobytes. Without their blinding they are commitments to the weights by
//! which a guess of those could be checked, so only the owner may read the files.

use std::fs;
use std::io;
use std::path::PathBuf;

use tensorseal_protocol::KeyError;
use tensorseal_protocol::backend::Backend;
use tensorseal_protocol::curve::{G1Projective, to_affine};
use tensorseal_protocol::digest::{Digest32, Hasher};
use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::srs::Srs;

use crate::Threads;
use crate::files::{self, Audience};
use crate::points;

/// A folder of cached quotients.
#[derive(Clone, Debug)]
pub struct QuotientCache {
    folder: PathBuf,
}

/// Why cached quotients were not had.
#[derive(Debug)]
#[non_exhaustive]
pub enum QuotientCacheError {
    /// The folder or a file in it cannot be read or written.
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file in the folder does not hold what its name says; delete it to have it made again.
    File {
        /// The path.
        path: PathBuf,
    },
    /// The setup has too few powers for the weights.
    Key(KeyError),
}

impl std::fmt::Display for QuotientCacheError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::File { path } => write!(
                f,
                "{}: the file is damaged, or of other weights than its name says; delete it",
                path.display()
            ),
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for QuotientCacheError {}

impl QuotientCache {
    /// The cache in a folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`QuotientCacheError::Io`].
    pub fn new(folder: impl Into<PathBuf>) -> Result<Self, QuotientCacheError> {
        let path = folder.into();
        match files::make_private(&path) {
            Ok(()) => Ok(Self { folder: path }),
            Err(error) => Err(QuotientCacheError::Io { path, error }),
        }
    }

    /// The sums of [`Backend::cached_quotients`] for these weights under this setup: read if they are there, otherwise computed on all cores
    /// and kept.
    ///
    /// # Errors
    ///
    /// [`QuotientCacheError`].
    pub fn quotients(
        &self,
        weights: &WeightMatrix,
        srs: &Srs,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<G1Projective>, QuotientCacheError> {
        let (needed, found) = (weights.degree_bound(), srs.powers().len());
        if found < needed {
            return Err(QuotientCacheError::Key(KeyError::SetupTooSmall {
                needed,
                found,
            }));
        }
        let name = name(weights, srs.setup().digest());
        let path = self.path(name);
        let io = |error| QuotientCacheError::Io {
            path: path.clone(),
            error,
        };
        match fs::read(&path) {
            Ok(bytes) => {
                let sums = points::decode(&bytes, hasher(name));
                let sums = sums.filter(|sums| sums.len() == weights.rows());
                let sums = sums.map(|sums| sums.into_iter().map(Into::into).collect());
                return sums.ok_or(QuotientCacheError::File { path });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
        }
        let sums = Threads.cached_quotients(weights, srs.powers(), progress);
        let bytes = points::encode(&to_affine(&sums), hasher(name));
        files::write(&path, &bytes, Audience::Owner).map_err(io)?;
        Ok(sums)
    }

    fn path(&self, name: Digest32) -> PathBuf {
        self.folder.join(format!("{name}.tsq"))
    }
}

/// What the quotients follow from.
fn name(weights: &WeightMatrix, setup: Digest32) -> Digest32 {
    let mut hasher = Hasher::new("tensorseal cached quotients of weights")
        .part(&setup.0)
        .part(&(weights.columns() as u64).to_le_bytes());
    for row in 0..weights.rows() {
        let row = weights.row(row).iter();
        hasher = hasher.part(
            &row.flat_map(|weight| weight.to_le_bytes())
                .collect::<Vec<u8>>(),
        );
    }
    hasher.finish()
}

/// What the file's digest binds besides the points.
fn hasher(name: Digest32) -> Hasher {
    Hasher::new("tensorseal file of cached quotients").part(&name.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Counter, folder};

    fn weights(seed: i32) -> WeightMatrix {
        let entries = (0..8 * 16).map(|i| (i * i + seed) % 31 - 15);
        WeightMatrix::from_entries(16, entries.collect()).unwrap()
    }

    /// The quotients, and whether they were computed.
    fn had(cache: &QuotientCache, weights: &WeightMatrix, srs: &Srs) -> (Vec<G1Projective>, bool) {
        let mut computed = false;
        let sums = cache.quotients(weights, srs, &mut |_, _| computed = true);
        (sums.unwrap(), computed)
    }

    #[test]
    fn quotients_are_computed_once_for_each_setup_and_weights() {
        let folder = folder("quotients");
        let cache = QuotientCache::new(&folder).unwrap();
        let srs = Srs::development(7, &mut Counter(1)).unwrap();
        let (first, computed) = had(&cache, &weights(1), &srs);
        assert!(computed);
        let expected = Threads.cached_quotients(&weights(1), srs.powers(), &mut |_, _| ());
        assert_eq!(first, expected);
        assert_eq!(had(&cache, &weights(1), &srs), (first.clone(), false));
        let other = Srs::development(7, &mut Counter(9)).unwrap();
        for (sums, computed) in [
            had(&cache, &weights(2), &srs),
            had(&cache, &weights(1), &other),
        ] {
            assert!(computed);
            assert_ne!(sums, first);
        }
        // The same entries in another shape.
        let flat = WeightMatrix::from_entries(32, weights(1).entries().to_vec()).unwrap();
        assert!(had(&cache, &flat, &srs).1);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn damaged_and_exchanged_files_are_told_of() {
        let folder = folder("damage");
        let cache = QuotientCache::new(&folder).unwrap();
        let srs = Srs::development(7, &mut Counter(1)).unwrap();
        had(&cache, &weights(1), &srs);
        had(&cache, &weights(2), &srs);
        let path = |seed| cache.path(name(&weights(seed), srs.setup().digest()));
        let (good, others) = (fs::read(path(1)).unwrap(), fs::read(path(2)).unwrap());
        let mut altered = good.clone();
        altered[70] ^= 1;
        for bytes in [&altered[..], &others, &good[..good.len() - 1], b""] {
            fs::write(path(1), bytes).unwrap();
            let error = cache.quotients(&weights(1), &srs, &mut |_, _| ());
            assert!(
                matches!(error, Err(QuotientCacheError::File { path: found }) if found == path(1))
            );
        }
        fs::remove_file(path(1)).unwrap();
        assert!(had(&cache, &weights(1), &srs).1);
        assert_eq!(fs::read(path(1)).unwrap(), good);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_and_a_setup_that_is_too_small_are_told_of() {
        let folder = folder("nowhere");
        fs::write(&folder, b"").unwrap();
        let error = QuotientCache::new(folder.join("cache"));
        assert!(matches!(error, Err(QuotientCacheError::Io { .. })));
        fs::remove_file(&folder).unwrap();
        let cache = QuotientCache::new(&folder).unwrap();
        let small = Srs::development(3, &mut Counter(1)).unwrap();
        let error = cache.quotients(&weights(1), &small, &mut |_, _| ());
        assert!(matches!(
            error,
            Err(QuotientCacheError::Key(KeyError::SetupTooSmall {
                found: 15,
                ..
            }))
        ));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn processes_that_fill_one_folder_at_once_read_whole_files() {
        let folder = folder("quotient-race");
        let cache = QuotientCache::new(&folder).unwrap();
        let srs = Srs::development(7, &mut Counter(1)).unwrap();
        let had: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| had(&cache, &weights(1), &srs).0))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(had.iter().all(|sums| *sums == had[0]));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
