//! The cached points of a model's large tables: where they are kept, and how a proof gets those that it needs.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tensorseal_protocol::digest::Digest32;
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{KeyError, ProvingKey, Witness};
use tensorseal_prover::TableCache;
use tensorseal_sealed::Sealed;

use crate::args::CacheArguments;
use crate::terminal::Progress;

/// The folder that holds the cache where no other is given.
const VARIABLE: &str = "TENSORSEAL_CACHE";

/// The cache of large tables.
pub(crate) fn cache(arguments: &CacheArguments) -> Result<TableCache> {
    Ok(TableCache::new(folder(arguments)?)?)
}

/// The folder of caches, by default the one that the environment names, or that of the user's system.
pub(crate) fn folder(arguments: &CacheArguments) -> Result<PathBuf> {
    let of_user = || Some(dirs::cache_dir()?.join("tensorseal"));
    arguments
        .folder
        .clone()
        .or_else(|| std::env::var_os(VARIABLE).map(PathBuf::from))
        .or_else(of_user)
        .with_context(|| {
            format!("there is no folder for caches: give one with --cache or {VARIABLE}")
        })
}

/// Preprocesses all rows of all large tables of a key that was made with this setup, unless the cache has them; the names of their
/// contents in the cache.
pub(crate) fn preprocess(
    cache: &TableCache,
    key: &ProvingKey,
    srs: &Srs,
    progress: &Progress,
) -> Result<Vec<Digest32>> {
    let program = key.verifying().program();
    let (needed, found) = (program.largest_table(), srs.powers().len());
    // Before the first table is computed, which the largest need not be.
    if needed > found {
        bail!(KeyError::SetupTooSmall { needed, found });
    }
    let mut names = Vec::new();
    for table in 0..key.table_contents().len() {
        progress.message("preprocessing a large table, once");
        let points = cache.table((key, table), srs, &mut |done, total| {
            progress.set(done, total);
        })?;
        names.push(points.name());
    }
    Ok(names)
}

/// Gives a model the cached points of the rows that proofs of these runs look up.
pub(crate) fn attach(
    model: &mut Sealed,
    witnesses: &[Witness],
    (cache, srs): (&TableCache, Option<&Srs>),
    progress: &Progress,
) -> Result<()> {
    let key = model.key();
    let rows = key.verifying().program().large_rows(witnesses);
    let mut computing = false;
    let points = rows.iter().enumerate().map(|(table, rows)| {
        cache.some_rows((key, table), srs, rows, &mut |done, total| {
            if !computing {
                progress.message("computing the points of rows of large tables");
                computing = true;
            }
            progress.set(done, total);
        })
    });
    for (table, points) in points
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .enumerate()
    {
        model.attach_table(table, Arc::new(points))?;
    }
    Ok(())
}
