//! `tensorseal bench`.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tensorseal_model::data::{Array, DataFile};
use tensorseal_model::generate::Shape;
use tensorseal_model::quantise::{QuantiseOptions, Sample};
use tensorseal_protocol::random::{PlatformRandom, RandomSource};
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{
    Proof, ProveOptions, VerifyOptions, VerifyingKey, Witness, powers_for, powers_for_keys,
    prove_batch, verify,
};
use tensorseal_prover::{TableCache, Threads, verify_batch};
use tensorseal_sealed::{Sealed, SealedError};

use super::compile::{Compilation, PROVING_KEY, make_keys};
use super::prove::input_ports;
use crate::Outcome;
use crate::args::BenchArguments;
use crate::files::{self, Audience};
use crate::measure::{cpu_seconds, median, timed};
use crate::tables;
use crate::terminal::{Progress, bytes, print_json, say, seconds};

#[derive(Serialize)]
struct Row {
    name: String,
    parameters: usize,
    /// Cells of the proof: elements of all tensors, of all its inferences.
    cells: u64,
    table_rows: u64,
    /// How many a proof is of.
    inferences: u32,
    compile_seconds: f64,
    prove_seconds: f64,
    prove_cpu_seconds: Option<f64>,
    /// The most memory of a fresh process that reads the key and makes one proof.
    peak_bytes: Option<u64>,
    /// What the compile report says that it should be.
    #[serde(skip)]
    estimated_peak_bytes: u64,
    proof_bytes: usize,
    #[serde(skip)]
    verifying_key_bytes: usize,
    proving_key_bytes: usize,
    verify_seconds: f64,
    /// For each proof of a batch of [`BATCH`].
    #[serde(skip)]
    batch_verify_seconds: f64,
    miller_loops: usize,
}

/// Proofs in the batch that is measured.
const BATCH: usize = 1000;

pub(crate) fn run(arguments: &BenchArguments) -> Result<Outcome> {
    let mut rows = Vec::new();
    for model in &arguments.models {
        rows.push(
            measure(model, arguments).with_context(|| format!("measuring {}", model.display()))?,
        );
    }
    if arguments.json {
        print_json(&rows)?;
        return Ok(Outcome::Good);
    }
    say!(
        "{:<20} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>11} {:>9} {:>9} {:>9} {:>9} {:>6}",
        "model",
        "parameters",
        "compile",
        "prove",
        "CPU",
        "memory",
        "estimate",
        "proof",
        "vk",
        "pk",
        "verify",
        "in batch",
        "loops"
    );
    for row in rows {
        let time = |time: f64| seconds(Duration::from_secs_f64(time));
        say!(
            "{:<20} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>11} {:>9} {:>9} {:>9} {:>9} {:>6}",
            row.name,
            row.parameters,
            time(row.compile_seconds),
            time(row.prove_seconds),
            row.prove_cpu_seconds.map_or_else(|| "?".into(), time),
            row.peak_bytes
                .map_or_else(|| "?".into(), |peak| bytes(peak as usize)),
            bytes(row.estimated_peak_bytes as usize),
            bytes(row.proof_bytes),
            bytes(row.verifying_key_bytes),
            bytes(row.proving_key_bytes),
            time(row.verify_seconds),
            time(row.batch_verify_seconds),
            row.miller_loops
        );
    }
    Ok(Outcome::Good)
}

fn measure(path: &Path, arguments: &BenchArguments) -> Result<Row> {
    let repeat = arguments.repeat.max(1);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let kept = arguments.keep.as_ref().map(|folder| folder.join(&*name));
    if let Some(folder) = &kept {
        let cure = "choose another folder for --keep, or move the file away";
        files::spare(&folder.join(PROVING_KEY), files::ONLY_KEY, cure)?;
    }
    let progress = Progress::spinner("compiling");
    let (onnx, calibration) = network(path)?;
    let mut options = QuantiseOptions::default();
    options.activation_bits = arguments.activation_bits;
    options.tables = arguments.tables.into();
    let batch = arguments.batch;
    let (sealed, srs, compiling) = compile((&onnx, &calibration), &options, batch, &progress)?;
    let key_bytes = sealed.key.to_bytes();
    let (cells, table_rows) = (sealed.report.cells(), sealed.report.table_rows);
    let parameters = sealed.parameters;
    let estimated_peak_bytes = sealed.report.estimated_peak_bytes;
    let mut model = Sealed::new(sealed.key)?;
    let samples = calibration.samples_of(&input_ports(&model))?;
    ensure!(!samples.is_empty(), "there is no calibration sample");
    let count = batch.unwrap_or(1);
    let inputs: Vec<&Sample> = samples.iter().cycle().take(count as usize).collect();
    let temporary = tempfile::tempdir()?;
    let folder = kept.as_deref().unwrap_or(temporary.path());
    let cache = TableCache::new(folder.join(TABLES))?;
    // The points of the rows that these inputs use, as if the tables had been preprocessed.
    let witnesses = witnesses(&model, &inputs)?;
    tables::attach(&mut model, &witnesses, (&cache, Some(&srs)), &progress)?;
    drop(witnesses);
    progress.message("proving");
    let job = Job {
        model: &model,
        inputs: &inputs,
        srs: batch.map(|_| srs),
    };
    let (proofs, prove_seconds, prove_cpu_seconds) = job.prove_repeatedly(repeat)?;
    let proof_bytes = proofs.first().map_or(0, |proof| proof.argument().len());
    let proofs: Vec<Vec<u8>> = proofs.iter().map(Proof::to_bytes).collect();
    progress.message("verifying");
    let verifying = model.key().verifying().to_bytes();
    let key = VerifyingKey::from_bytes(&verifying)?;
    let (verify_seconds, miller_loops) = verify_repeatedly(&key, &proofs, 20 * repeat)?;
    let batch_verify_seconds = verify_as_batch(key, &proofs)?;
    progress.message("measuring memory");
    Ok(Row {
        name: name.to_string(),
        parameters,
        cells: cells * u64::from(count),
        table_rows,
        inferences: count,
        compile_seconds: compiling.as_secs_f64(),
        prove_seconds,
        prove_cpu_seconds,
        peak_bytes: job.fresh_peak(&key_bytes, folder)?,
        estimated_peak_bytes,
        proof_bytes,
        verifying_key_bytes: verifying.len(),
        proving_key_bytes: key_bytes.len(),
        verify_seconds,
        batch_verify_seconds,
        miller_loops,
    })
}

/// Where the cached points of large tables are, in a network's folder.
const TABLES: &str = "tables";
/// Seeds of a generated network's weights and samples.
const SEED: u64 = 1;
/// Calibration samples of a generated network.
const SAMPLES: usize = 8;

/// A network with its calibration data: a file and the one beside it, or a generated one.
fn network(path: &Path) -> Result<(Vec<u8>, DataFile)> {
    if path.exists() {
        return Ok((
            files::read(path)?,
            files::read_data(&calibration_path(path))?,
        ));
    }
    let name = path.to_str().unwrap_or_default();
    let shape = Shape::parse(name).context("there is no such file, and it names no shape")?;
    let samples = shape.samples(SAMPLES, SEED);
    let inputs = shape.inputs().into_iter().enumerate();
    let arrays = inputs.map(|(port, input)| {
        let array = Array {
            shape: [&[SAMPLES], &*input.shape].concat(),
            values: samples
                .iter()
                .flat_map(|sample| &sample[port])
                .copied()
                .collect(),
        };
        (input.name.to_owned(), array)
    });
    let arrays = arrays.collect();
    Ok((shape.onnx(SEED), DataFile { arrays }))
}

/// Compiles under a development setup that is large enough, for a batch too; the time is that of compiling, without the setup and
/// without preprocessing large tables.
fn compile(
    (onnx, calibration): (&[u8], &DataFile),
    options: &QuantiseOptions,
    batch: Option<u32>,
    progress: &Progress,
) -> Result<(Compilation, Srs, Duration)> {
    let (compiled, quantising) =
        timed(|| tensorseal_model::compile(onnx, Some(calibration), None, options));
    let compiled = compiled?;
    let program = &compiled.lowered.program;
    let large = program.largest_table();
    let for_keys = powers_for_keys(program, &compiled.lowered.weights).max(large);
    let needed = powers_for(program, &batch.into())?.max(for_keys);
    // A setup of power p has 2^(p + 1) − 1 powers.
    let power = needed.ilog2().max(1);
    progress.message("making a development setup");
    let srs = Srs::development_with_g2(power, large, (&Threads, &mut PlatformRandom))?;
    let (sealed, sealing) = timed(|| make_keys(compiled, (&srs, None), progress));
    Ok((sealed?, srs, quantising + sealing))
}

/// What the network makes of each input.
fn witnesses(model: &Sealed, inputs: &[&Sample]) -> Result<Vec<Witness>, SealedError> {
    let runs = inputs.iter().map(|input| model.run(input));
    runs.map(|run| Ok(run?.0)).collect()
}

/// What is proved: one inference, or as many as there are inputs, under a setup that has the powers for them.
struct Job<'a> {
    model: &'a Sealed,
    inputs: &'a [&'a Sample],
    srs: Option<Srs>,
}

impl Job<'_> {
    fn prove(&self, options: &ProveOptions<'_>) -> Result<Proof> {
        let witnesses = witnesses(self.model, self.inputs)?;
        let tools = (&Threads, &mut PlatformRandom as &mut dyn RandomSource);
        let key = self.model.key();
        Ok(match (self.srs.as_ref(), &witnesses[..]) {
            (None, [witness]) => self.model.prove(witness, options, tools)?,
            (srs, _) => prove_batch((key, srs), &witnesses, options, tools)?,
        })
    }

    /// The proofs, the median of the times, and processor seconds for each proof.
    fn prove_repeatedly(&self, repeat: usize) -> Result<(Vec<Proof>, f64, Option<f64>)> {
        let program = self.model.key().verifying().program();
        let public = [program.inputs(), program.outputs()].concat();
        let options = ProveOptions {
            public: &public,
            context: &[],
        };
        let mut times = Vec::new();
        let mut proofs = Vec::new();
        let before = cpu_seconds();
        for _ in 0..repeat {
            let (made, time) = timed(|| self.prove(&options));
            proofs.push(made?);
            times.push(time);
        }
        let used = before
            .zip(cpu_seconds())
            .map(|(before, after)| (after - before) / repeat as f64);
        Ok((proofs, median(times).as_secs_f64(), used))
    }

    /// Peak memory of `prove` in a process of its own: this one has held the setup and more. Its files stay in the folder.
    fn fresh_peak(&self, key: &[u8], folder: &Path) -> Result<Option<u64>> {
        files::write(&folder.join(PROVING_KEY), key, Audience::Owner)?;
        let input = folder.join("input.json");
        files::write(&input, self.input().to_string().as_bytes(), Audience::Owner)?;
        let mut prove = std::process::Command::new(std::env::current_exe()?);
        prove.arg("prove").arg(folder);
        match &self.srs {
            None => prove.arg("--input").arg(&input),
            Some(srs) => {
                let setup = folder.join("setup.srs");
                files::write(&setup, &srs.to_bytes(None), Audience::Everybody)?;
                prove.arg("--batch").arg(&input).arg("--srs").arg(&setup)
            }
        };
        let output = prove
            .arg("-o")
            .arg(folder.join("answer.proof"))
            .arg("--cache")
            .arg(folder.join(TABLES))
            .arg("--json")
            .output()?;
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        Ok(summary["peak_bytes"].as_u64())
    }

    /// The inputs as a data file, with a sample axis in front where there is a batch.
    fn input(&self) -> serde_json::Value {
        let ports = input_ports(self.model).into_iter().enumerate();
        let arrays = ports.map(|(port, (name, shape))| {
            let mut samples = self.inputs.iter().map(|input| nested(&input[port], shape));
            let value = match self.srs {
                None => samples.next().unwrap_or_default(),
                Some(_) => samples.collect(),
            };
            (name.to_owned(), value)
        });
        serde_json::Value::Object(arrays.collect())
    }
}

const ACCEPT: VerifyOptions<'_> = VerifyOptions {
    allow_development_setup: true,
    trusted_setups: &[],
    model: None,
    context: &[],
};

fn verify_repeatedly(
    key: &VerifyingKey,
    proofs: &[Vec<u8>],
    repeat: usize,
) -> Result<(f64, usize)> {
    let mut times = Vec::new();
    let mut miller_loops = 0;
    for proof in proofs.iter().cycle().take(repeat) {
        let (verdict, time) = timed(|| verify(key, proof, &ACCEPT));
        miller_loops = verdict?.miller_loops;
        times.push(time);
    }
    Ok((median(times).as_secs_f64(), miller_loops))
}

fn verify_as_batch(key: VerifyingKey, proofs: &[Vec<u8>]) -> Result<f64> {
    let batch = proofs
        .iter()
        .cycle()
        .take(BATCH)
        .map(|proof| Ok::<_, Infallible>(Ok(proof)));
    let (report, time) = timed(|| verify_batch(&[key], batch, &ACCEPT, &[], |_| ()));
    let report = report?;
    ensure!(
        report.rejected.is_empty(),
        "a proof of the batch is rejected"
    );
    Ok(time.as_secs_f64() / report.proofs as f64)
}

fn calibration_path(model: &Path) -> PathBuf {
    let stem = model.file_stem().unwrap_or_default().to_string_lossy();
    model.with_file_name(format!("{stem}_calibration.npz"))
}

/// Values as nested arrays of a shape.
fn nested(values: &[f32], shape: &[usize]) -> serde_json::Value {
    match shape.split_first() {
        None => values.first().copied().into(),
        Some((length, rest)) => {
            let size = (values.len() / (*length).max(1)).max(1);
            values
                .chunks(size)
                .map(|chunk| nested(chunk, rest))
                .collect()
        }
    }
}
