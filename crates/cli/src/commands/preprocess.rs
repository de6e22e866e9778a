//! `tensorseal preprocess`.

use anyhow::{Context, Result};
use serde::Serialize;
use tensorseal_sealed::Sealed;

use super::compile::PROVING_KEY;
use crate::Outcome;
use crate::args::PreprocessArguments;
use crate::files;
use crate::measure::timed;
use crate::tables;
use crate::terminal::{Progress, print_json, say, seconds};

#[derive(Serialize)]
struct Summary {
    tables: Vec<Table>,
    seconds: f64,
}

#[derive(Serialize)]
struct Table {
    rows: usize,
    file: String,
}

pub(crate) fn run(arguments: &PreprocessArguments) -> Result<Outcome> {
    let path = arguments.model.join(PROVING_KEY);
    let progress = Progress::spinner("reading the proving key");
    let model = Sealed::from_bytes(&files::read(&path)?);
    let model = model.with_context(|| format!("in {}", path.display()))?;
    let key = model.key();
    let cache = tables::cache(&arguments.cache)?;
    progress.message("reading the setup");
    let srs = files::read_setup_of(&arguments.srs, key.verifying().setup())?;
    files::say_if_interrupted(Some(
        "the parts that were finished stay in the cache, and the same command goes on with them"
            .into(),
    ));
    let (result, time) = timed(|| tables::preprocess(&cache, key, &srs, &progress));
    let contents = result?;
    files::say_if_interrupted(None);
    drop(progress);
    let described = key.verifying().program().large_tables().iter();
    let summary = Summary {
        tables: described
            .zip(contents)
            .map(|(table, content)| Table {
                rows: table.rows(),
                file: cache.path(content).display().to_string(),
            })
            .collect(),
        seconds: time.as_secs_f64(),
    };
    if arguments.json {
        print_json(&summary)?;
        return Ok(Outcome::Good);
    }
    for table in &summary.tables {
        say!("{} rows in {}", table.rows, table.file);
    }
    match summary.tables.len() {
        0 => say!("the model has no large tables: there is nothing to preprocess"),
        count => say!("{count} large tables, in {}", seconds(time)),
    }
    Ok(Outcome::Good)
}
