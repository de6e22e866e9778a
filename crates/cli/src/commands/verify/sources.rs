//! Where proofs come from: files, folders, bundles.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tensorseal_protocol::VerifyingKey;
use tensorseal_protocol::bundle::{
    BUNDLE_HEADER_BYTES, BundleEntry, BundleError, BundleFront, BundleHeader,
};
use tensorseal_protocol::digest::Digest32;
use tensorseal_protocol::encoding::FileKind;

use crate::files;

/// What the files in a folder end in that are proofs.
const PROOF_EXTENSION: &str = "proof";

/// A bundle of which the front has been read.
struct Bundle {
    path: PathBuf,
    front: BundleFront,
}

enum Source {
    File(PathBuf),
    /// A proof of a bundle.
    Entry {
        bundle: usize,
        entry: BundleEntry,
    },
}

/// Proofs in their order; they are read one at a time.
pub(crate) struct Sources {
    sources: Vec<Source>,
    bundles: Vec<Bundle>,
}

impl Sources {
    /// The proofs that the paths name: a folder stands for the files in it that end in `.proof`, by name, a bundle for its proofs.
    pub(crate) fn new(paths: &[PathBuf]) -> Result<Self> {
        let mut all = Self {
            sources: Vec::new(),
            bundles: Vec::new(),
        };
        for path in paths {
            if path.is_dir() {
                let files = folder(path)?.into_iter();
                all.sources.extend(files.map(Source::File));
            } else if let Some(front) = front(path)? {
                let bundle = all.bundles.len();
                let entries = front.entries().iter().copied();
                let entries = entries.map(|entry| Source::Entry { bundle, entry });
                all.sources.extend(entries);
                all.bundles.push(Bundle {
                    path: path.clone(),
                    front,
                });
            } else {
                all.sources.push(Source::File(path.clone()));
            }
        }
        Ok(all)
    }

    /// How many proofs there are.
    pub(crate) fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether a proof comes out of a bundle.
    pub(crate) fn has_bundle(&self) -> bool {
        !self.bundles.is_empty()
    }

    /// What to call a proof.
    pub(crate) fn name(&self, index: usize) -> String {
        match &self.sources[index] {
            Source::File(path) => path.display().to_string(),
            Source::Entry { bundle, entry } => {
                format!("{}#{}", self.bundles[*bundle].path.display(), entry.place)
            }
        }
    }

    /// A proof's bytes, or the damage in its place.
    pub(crate) fn read(&self, index: usize) -> Result<Result<Vec<u8>, BundleError>> {
        match &self.sources[index] {
            Source::File(path) => files::read(path).map(Ok),
            Source::Entry { bundle, entry } => {
                let path = &self.bundles[*bundle].path;
                let bytes = range(path, entry)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                Ok(entry.check(&bytes).map(|()| bytes))
            }
        }
    }

    /// The place of the proof whose file has this digest. Of a bundle only the index is read.
    pub(crate) fn find(&self, digest: Digest32) -> Result<Option<usize>> {
        for (index, source) in self.sources.iter().enumerate() {
            let found = match source {
                Source::File(path) => tensorseal_protocol::Proof::digest_of(&files::read(path)?),
                Source::Entry { entry, .. } => entry.digest,
            };
            if found == digest {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// The keys that bundles bring, each with the file in which it stands.
    pub(crate) fn keys(&self) -> Result<Vec<(VerifyingKey, PathBuf)>> {
        let keys = self.bundles.iter().map(|bundle| {
            let key = VerifyingKey::from_bytes(bundle.front.key())
                .with_context(|| format!("in {}", bundle.path.display()))?;
            Ok((key, bundle.path.clone()))
        });
        keys.collect()
    }

    /// The digests of the bundles.
    pub(crate) fn bundles(&self) -> Vec<String> {
        let bundles = self.bundles.iter();
        bundles
            .map(|bundle| bundle.front.digest().to_string())
            .collect()
    }
}

fn folder(path: &Path) -> Result<Vec<PathBuf>> {
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
    Ok(found)
}

/// The front of a bundle; `None` when the file is none. Damage is an error that names it.
fn front(path: &Path) -> Result<Option<BundleFront>> {
    let failed = || format!("cannot read {}", path.display());
    let damaged = || format!("in {}", path.display());
    let mut file = File::open(path).with_context(failed)?;
    let length = file.metadata().with_context(failed)?.len();
    let mut bytes = Vec::new();
    let mut more = |bytes: &mut Vec<u8>, count: usize| {
        let limit = count.saturating_sub(bytes.len()) as u64;
        (&mut file)
            .take(limit)
            .read_to_end(bytes)
            .with_context(failed)
    };
    more(&mut bytes, BUNDLE_HEADER_BYTES)?;
    if FileKind::of(&bytes) != Some(FileKind::Bundle) {
        return Ok(None);
    }
    let header = BundleHeader::from_bytes(&bytes).with_context(damaged)?;
    more(&mut bytes, header.front_bytes())?;
    let front = BundleFront::from_bytes(&bytes).with_context(damaged)?;
    front.check_length(length).with_context(damaged)?;
    Ok(Some(front))
}

fn range(path: &Path, entry: &BundleEntry) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(entry.offset))?;
    let mut bytes = Vec::new();
    file.take(entry.length.into()).read_to_end(&mut bytes)?;
    Ok(bytes)
}
