//! `tensorseal compile`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;
use tensorseal_model::Compiled;
use tensorseal_model::data::DataFile;
use tensorseal_model::program::{Description, Lowered};
use tensorseal_model::quantise::QuantiseOptions;
use tensorseal_model::report::CompileReport;
use tensorseal_protocol::random::PlatformRandom;
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{
    KeyError, Model, ProvingKey, generate_with_quotients, generate_with_tables,
};
use tensorseal_prover::{QuotientCache, Threads};

use crate::Outcome;
use crate::args::CompileArguments;
use crate::files::{self, Audience};
use crate::measure::timed;
use crate::report;
use crate::tables;
use crate::terminal::{Progress, bytes, print_json, say, seconds};

/// The proving key's name in a model's folder.
pub(crate) const PROVING_KEY: &str = "model.pk";
/// The verifying key's name in a model's folder.
pub(crate) const VERIFYING_KEY: &str = "model.vk";
/// The report's name in a model's folder.
pub(crate) const REPORT: &str = "report.json";

/// A compiled model with its keys.
pub(crate) struct Compilation {
    pub(crate) key: ProvingKey,
    pub(crate) report: CompileReport,
    pub(crate) parameters: usize,
}

#[derive(Serialize)]
struct Summary<'a> {
    model: String,
    setup: &'static str,
    parameters: usize,
    layers: usize,
    rows: usize,
    columns: usize,
    accuracy_float: Option<f64>,
    accuracy_integer: Option<f64>,
    verifying_key_bytes: usize,
    proving_key_bytes: usize,
    estimated_peak_bytes: u64,
    seconds: f64,
    report: &'a CompileReport,
}

pub(crate) fn run(arguments: &CompileArguments) -> Result<Outcome> {
    let (result, time) = timed(|| compile(arguments));
    let (sealed, sizes) = result?;
    let (verifying_key_bytes, proving_key_bytes) = sizes;
    let program = sealed.key.verifying().program();
    let measured = report::measured(&sealed.report).map(|(measured, _)| measured);
    let summary = Summary {
        model: sealed.key.verifying().digest().to_string(),
        setup: sealed.key.verifying().setup().origin().name(),
        parameters: sealed.parameters,
        layers: program.layers().len(),
        rows: program.rows(),
        columns: program.columns().count(),
        accuracy_float: measured.and_then(|on| on.float_accuracy),
        accuracy_integer: measured.and_then(|on| on.integer_accuracy),
        verifying_key_bytes,
        proving_key_bytes,
        estimated_peak_bytes: sealed.report.estimated_peak_bytes,
        seconds: time.as_secs_f64(),
        report: &sealed.report,
    };
    if arguments.json {
        print_json(&summary)?;
    } else {
        print(&summary, &arguments.output, time)?;
    }
    Ok(Outcome::Good)
}

fn compile(arguments: &CompileArguments) -> Result<(Compilation, (usize, usize))> {
    let secret = arguments.output.join(PROVING_KEY);
    if !arguments.force {
        let cure = "choose another folder, or overwrite it with --force";
        files::spare(&secret, files::ONLY_KEY, cure)?;
    }
    let onnx = files::read(&arguments.model)?;
    let read =
        |path: &Option<PathBuf>| path.as_ref().map(|path| files::read_data(path)).transpose();
    let (calibration, held_out) = (read(&arguments.calibration)?, read(&arguments.evaluate)?);
    let progress = Progress::spinner("reading the setup");
    let srs = files::read_setup(&arguments.srs)?;
    let mut options = QuantiseOptions::default();
    options.activation_bits = arguments.activation_bits;
    options.log_rows = arguments.log_rows;
    options.tables = arguments.tables.into();
    let data = (calibration.as_ref(), held_out.as_ref());
    let cache = quotient_cache(arguments)?;
    let sealed = seal((&onnx, data), &options, (&srs, cache.as_ref()), &progress)
        .with_context(|| format!("cannot compile {}", arguments.model.display()))?;
    progress.message("writing");
    let proving = sealed.key.to_bytes();
    let verifying = sealed.key.verifying().to_bytes();
    let folder = &arguments.output;
    let report = serde_json::to_vec_pretty(&sealed.report)?;
    files::write(&secret, &proving, Audience::Owner)?;
    files::write(&folder.join(REPORT), &report, Audience::Owner)?;
    files::write(&folder.join(VERIFYING_KEY), &verifying, Audience::Everybody)?;
    if !arguments.no_preprocess && !arguments.no_cache {
        preprocess(&sealed.key, &srs, (arguments, &progress))?;
    }
    Ok((sealed, (verifying.len(), proving.len())))
}

/// Preprocesses the large tables, which may take long, of keys that are written. Whatever ends it early says so, and how to go on.
fn preprocess(
    key: &ProvingKey,
    srs: &Srs,
    (arguments, progress): (&CompileArguments, &Progress),
) -> Result<()> {
    if key.table_contents().is_empty() {
        return Ok(());
    }
    let left = format!(
        "the keys are in {folder}, but not all large tables are preprocessed; go on with `tensorseal preprocess {folder} --srs {setup}{cache}`",
        folder = arguments.output.display(),
        setup = arguments.srs.display(),
        cache = match &arguments.cache.folder {
            Some(cache) => format!(" --cache {}", cache.display()),
            None => String::new(),
        }
    );
    files::say_if_interrupted(Some(left.clone()));
    let cache = tables::cache(&arguments.cache);
    cache
        .and_then(|cache| tables::preprocess(&cache, key, srs, progress))
        .context(left)?;
    files::say_if_interrupted(None);
    Ok(())
}

/// Where the quotients of the weights are kept, unless they shall not be. What goes wrong with a folder that nobody has named is only told.
fn quotient_cache(arguments: &CompileArguments) -> Result<Option<QuotientCache>> {
    if arguments.no_cache {
        return Ok(None);
    }
    let cache = tables::folder(&arguments.cache).and_then(|folder| Ok(QuotientCache::new(folder)?));
    match cache {
        Ok(cache) => Ok(Some(cache)),
        Err(error) if arguments.cache.folder.is_some() => Err(error),
        Err(error) => {
            eprintln!("warning: {error}; the quotients of the weights are not kept");
            Ok(None)
        }
    }
}

/// Quantises a network and makes its keys.
pub(crate) fn seal(
    (onnx, (calibration, held_out)): (&[u8], (Option<&DataFile>, Option<&DataFile>)),
    options: &QuantiseOptions,
    setup: (&Srs, Option<&QuotientCache>),
    progress: &Progress,
) -> Result<Compilation> {
    progress.message("quantising");
    let compiled = tensorseal_model::compile(onnx, calibration, held_out, options)?;
    make_keys(compiled, setup, progress)
}

/// Makes the keys of a quantised network, out of cached quotients where there is a cache.
pub(crate) fn make_keys(
    compiled: Compiled,
    (srs, cache): (&Srs, Option<&QuotientCache>),
    progress: &Progress,
) -> Result<Compilation> {
    let Lowered {
        program,
        weights,
        tables,
    } = compiled.lowered;
    progress.message("computing the cached quotients of the weights");
    let model = Model {
        program,
        tables: &tables,
        weights,
        annotation: Description::of(&compiled.integer).to_bytes(),
    };
    let tools = (&Threads, &mut PlatformRandom as &mut _);
    let show = &mut |done, total| progress.set(done, total);
    model.check(srs).map_err(with_cure)?;
    let key = match cache {
        None => generate_with_tables(model, srs, tools, show)?,
        Some(cache) => {
            let quotients = cache.quotients(&model.weights, srs, show)?;
            generate_with_quotients(model, &quotients, srs, tools)?
        }
    };
    let layers = compiled.integer.layers.iter().filter(|layer| !layer.inner);
    let biases: usize = layers.map(|layer| layer.bias.len()).sum();
    let weights = compiled.report.layers.iter().map(|layer| layer.weights);
    Ok(Compilation {
        key,
        parameters: weights.sum::<u64>() as usize + biases,
        report: compiled.report,
    })
}

/// What a user of this command can do about a setup that does not serve.
fn with_cure(error: KeyError) -> anyhow::Error {
    let cure = match &error {
        KeyError::NoPowersInG2 { needed, .. } => format!(
            "make the setup again with `--powers-g2 {needed}`, or keep functions in the columns with `--tables columns`"
        ),
        // A ceremony's file of power P ends before 2^P in G2.
        KeyError::SetupTooNarrow { needed, .. } => {
            format!("use a ceremony's file of power {} or more", needed + 1)
        }
        _ => return error.into(),
    };
    anyhow::Error::new(error).context(cure)
}

fn print(summary: &Summary<'_>, folder: &Path, time: Duration) -> Result<()> {
    say!(
        "{} parameters in {} layers",
        summary.parameters,
        summary.layers
    );
    report::print(summary.report)?;
    if summary.setup == "development" {
        say!("note: made with a development setup; proofs verify only where that is allowed");
    }
    say!(
        "wrote {}: {VERIFYING_KEY} ({}, publish it), {PROVING_KEY} ({}, secret: it holds the weights), {REPORT}, in {}",
        folder.display(),
        bytes(summary.verifying_key_bytes),
        bytes(summary.proving_key_bytes),
        seconds(time)
    );
    say!("model {}", summary.model);
    Ok(())
}
