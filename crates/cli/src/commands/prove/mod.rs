//! `tensorseal prove`.

mod plan;

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use tensorseal_model::quantise::Sample;
use tensorseal_protocol::bundle::BundleWriter;
use tensorseal_protocol::random::PlatformRandom;
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{
    OpeningSecret, Proof, ProveOptions, Runs, Witness, prove_batch, prove_committed,
};
use tensorseal_prover::{TableCache, Threads};
use tensorseal_sealed::{Hidden, Sealed};

use super::compile::PROVING_KEY;
use crate::Outcome;
use crate::args::ProveArguments;
use crate::files::{self, Audience};
use crate::measure::{available_bytes, peak_bytes, timed};
use crate::tables;
use crate::terminal::{Progress, bytes, print_json, say, seconds, short_list};
use plan::Limits;
use zeroize::Zeroizing;

/// Memory for proving where the system does not say what is free.
const MEMORY_IF_UNKNOWN: u64 = 2 << 30;

/// An output tensor in the order of its ONNX elements: its integers, and the real values that they stand for.
#[derive(Serialize)]
pub(crate) struct Output {
    /// Which inference of a batch it is of.
    pub(crate) inference: usize,
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) integers: Vec<i64>,
    pub(crate) values: Vec<f32>,
    /// Index of the largest value.
    pub(crate) argmax: usize,
}

#[derive(Serialize)]
struct Summary {
    model: String,
    setup: &'static str,
    inferences: usize,
    /// How many proofs they have become; several stand in a bundle.
    proofs: usize,
    seconds: f64,
    peak_bytes: Option<u64>,
    /// What a batch was planned to take, besides the keys and the setup.
    estimated_bytes: Option<u64>,
    /// The arguments alone; the file also holds the public values.
    proof_bytes: usize,
    file_bytes: usize,
    public: Vec<&'static str>,
    committed: Vec<&'static str>,
    outputs: Vec<Output>,
}

/// What is shown of the tensors, and what is needed to prove them.
struct Job<'a> {
    options: ProveOptions<'a>,
    committed: &'a [u32],
    srs: Option<&'a Srs>,
    /// Where the points of large tables are; `None` for a model without them.
    cache: Option<&'a TableCache>,
    /// Whether the tensors have a batch axis.
    batch: bool,
}

/// What has been made.
#[derive(Default)]
struct Made {
    proofs: Vec<Proof>,
    secret: Option<OpeningSecret>,
    outputs: Vec<Output>,
}

impl Output {
    fn new(inference: usize, output: tensorseal_sealed::Output) -> Self {
        Self {
            inference,
            name: output.name,
            shape: output.shape,
            values: output.values,
            argmax: argmax(&output.integers),
            integers: output.integers,
        }
    }
}

/// Proves a run on all cores.
pub(crate) fn prove_run(
    model: &Sealed,
    witness: &Witness,
    options: &ProveOptions<'_>,
) -> Result<Proof> {
    Ok(model.prove(witness, options, (&Threads, &mut PlatformRandom))?)
}

/// Runs the network on some inputs, numbered from `first`.
fn answer(
    model: &Sealed,
    (inputs, first): (&[Sample], usize),
    made: &mut Made,
) -> Result<Vec<Witness>> {
    let mut witnesses = Vec::with_capacity(inputs.len());
    for (input, index) in inputs.iter().zip(first..) {
        let run = model.run(input);
        let (witness, outputs) =
            run.with_context(|| format!("running the network on input {index}"))?;
        witnesses.push(witness);
        let outputs = outputs.into_iter();
        made.outputs
            .extend(outputs.map(|output| Output::new(index, output)));
    }
    Ok(witnesses)
}

/// Proves runs in one proof.
fn prove_together(
    model: &Sealed,
    witnesses: &[Witness],
    job: &Job<'_>,
    made: &mut Made,
) -> Result<()> {
    let runs = match witnesses {
        [witness] if !job.batch => Runs::One(witness),
        witnesses => Runs::Batch(witnesses),
    };
    let tools = (&Threads, &mut PlatformRandom as &mut _);
    let key = (model.key(), job.srs);
    let proof = match (job.committed, runs) {
        ([], Runs::One(witness)) => prove_run(model, witness, &job.options)?,
        ([], Runs::Batch(witnesses)) => {
            prove_batch(key, witnesses, &job.options, tools).context("no proof was made")?
        }
        (committed, runs) => {
            let (proof, secret) = prove_committed(key, runs, committed, &job.options, tools)
                .context("no proof was made")?;
            match &mut made.secret {
                None => made.secret = Some(secret),
                Some(all) => all.append(secret)?,
            }
            proof
        }
    };
    made.proofs.push(proof);
    Ok(())
}

/// Names and shapes of a network's inputs.
pub(crate) fn input_ports(model: &Sealed) -> Vec<(&str, &[usize])> {
    let ports = model.inputs().iter();
    ports
        .map(|port| (port.name.as_str(), port.shape.as_slice()))
        .collect()
}

/// Index of the first of the largest values.
pub(crate) fn argmax(values: &[i64]) -> usize {
    let largest = values.iter().max();
    values
        .iter()
        .position(|value| Some(value) == largest)
        .unwrap_or(0)
}

pub(crate) fn run(arguments: &ProveArguments) -> Result<Outcome> {
    if let Some(secret) = &arguments.secret {
        let loss = "without it nobody can open what proofs have committed to";
        let cure = "give another name to --secret, or move the file away";
        files::spare(secret, loss, cure)?;
        ensure!(
            !files::same(secret, &arguments.output),
            "--secret and -o name the same file; give the proof another name"
        );
    }
    let path = arguments.model.join(PROVING_KEY);
    let progress = Progress::spinner("reading the proving key");
    let model = Sealed::from_bytes(&files::read(&path)?);
    let mut model = model.with_context(|| format!("in {}", path.display()))?;
    let shown = Shown::new(&model, arguments);
    let inputs = inputs(&model, arguments)?;
    let srs = match &arguments.srs {
        None => None,
        Some(path) => {
            progress.message("reading the setup");
            let keys = model.key().verifying().setup();
            Some(files::read_setup_of(path, keys)?)
        }
    };
    let cache = match model.key().table_contents() {
        [] => None,
        _ => Some(tables::cache(&arguments.cache)?),
    };
    let job = Job {
        options: ProveOptions {
            public: &shown.public.tensors,
            context: arguments.context.as_bytes(),
        },
        committed: &shown.committed.tensors,
        srs: srs.as_ref(),
        cache: cache.as_ref(),
        batch: arguments.batch.is_some(),
    };
    let (sizes, estimated) = sizes(&model, inputs.len(), &job, arguments)?;
    let mut made = Made::default();
    let (result, time) = timed(|| {
        let mut first = 0;
        for size in &sizes {
            let part = (&inputs[first..first + size], first);
            let witnesses = answer(&model, part, &mut made)?;
            if let Some(cache) = job.cache {
                tables::attach(&mut model, &witnesses, (cache, job.srs), &progress)?;
            }
            progress.message("proving");
            if sizes.len() > 1 {
                progress.set(first, inputs.len());
            }
            prove_together(&model, &witnesses, &job, &mut made)?;
            first += size;
        }
        anyhow::Ok(())
    });
    result?;
    let file_bytes = write(&model, &made, arguments)?;
    drop(progress);

    let summary = Summary {
        model: model.key().verifying().digest().to_string(),
        setup: model.key().verifying().setup().origin().name(),
        inferences: inputs.len(),
        proofs: made.proofs.len(),
        seconds: time.as_secs_f64(),
        peak_bytes: peak_bytes(),
        estimated_bytes: estimated,
        proof_bytes: made.proofs.iter().map(|proof| proof.argument().len()).sum(),
        file_bytes,
        public: shown.public.roles,
        committed: shown.committed.roles,
        outputs: made.outputs,
    };
    if arguments.json {
        print_json(&summary)?;
    } else {
        print(&summary, arguments, time)?;
    }
    Ok(Outcome::Good)
}

/// How many inferences each proof takes, and of a batch the bytes that proving is estimated to take.
fn sizes(
    model: &Sealed,
    inferences: usize,
    job: &Job<'_>,
    arguments: &ProveArguments,
) -> Result<(Vec<usize>, Option<u64>)> {
    if !job.batch {
        return Ok((vec![1], None));
    }
    if inferences == 0 {
        bail!("the batch is empty");
    }
    let own = model.key().powers();
    let memory = arguments
        .memory
        .or_else(|| available_bytes().map(|bytes| bytes / 4 * 3))
        .unwrap_or(MEMORY_IF_UNKNOWN);
    let limits = Limits {
        program: model.key().verifying().program(),
        tables: model.key().table_contents(),
        committed: job.committed,
        powers: job.srs.map_or(own, |srs| srs.powers().len().max(own)),
        memory,
    };
    let sizes = limits.sizes(inferences)?;
    if sizes.len() > 1 && job.srs.is_none() {
        eprintln!(
            "the proving key's powers of tau are enough for {} inferences in a proof; with --srs a proof takes more and each costs less",
            sizes[0]
        );
    }
    let estimated = limits.peak(&sizes);
    Ok((sizes, Some(estimated)))
}

/// Writes the secret, then one proof as itself and several as a bundle; returns the bytes of that file.
fn write(model: &Sealed, made: &Made, arguments: &ProveArguments) -> Result<usize> {
    if let Some((secret, path)) = made.secret.as_ref().zip(arguments.secret.as_ref()) {
        let bytes = Zeroizing::new(secret.to_bytes());
        files::write(path, &bytes, Audience::Owner)?;
    }
    let encoded = match &made.proofs[..] {
        [proof] => proof.to_bytes(),
        proofs => {
            let mut writer = BundleWriter::new(model.key().verifying());
            let proofs: Vec<Vec<u8>> = proofs.iter().map(Proof::to_bytes).collect();
            for proof in &proofs {
                writer.push(proof)?;
            }
            writer.finish()?
        }
    };
    files::write(&arguments.output, &encoded, Audience::Everybody)?;
    Ok(encoded.len())
}

/// The samples to be proved: one, or those of a batch.
fn inputs(model: &Sealed, arguments: &ProveArguments) -> Result<Vec<Sample>> {
    let ports = input_ports(model);
    let (path, samples) = match (&arguments.input, &arguments.batch) {
        (Some(path), _) => {
            let file = files::read_data(path)?;
            let ports = ports.iter().map(|(name, shape)| file.single(name, shape));
            let sample: Result<Sample, _> = ports.collect();
            (path, sample.map(|sample| vec![sample]))
        }
        (None, Some(path)) => (path, files::read_data(path)?.samples_of(&ports)),
        (None, None) => bail!("give --input or --batch"),
    };
    samples.with_context(|| format!("in {}", path.display()))
}

/// What becomes of the inputs and of the outputs.
struct Shown {
    public: Ports,
    committed: Ports,
}

/// Tensors, and what they are called.
struct Ports {
    tensors: Vec<u32>,
    roles: Vec<&'static str>,
}

impl Ports {
    /// The inputs, the outputs, both or neither.
    fn of(model: &Sealed, input: bool, output: bool) -> Self {
        let roles = [("input", input), ("output", output)].into_iter();
        let others = Hidden {
            input: !input,
            output: !output,
        };
        Self {
            tensors: model.public(others),
            roles: roles.filter(|role| role.1).map(|role| role.0).collect(),
        }
    }
}

impl Shown {
    fn new(model: &Sealed, arguments: &ProveArguments) -> Self {
        let (input, output) = (arguments.commit_input, arguments.commit_output);
        Self {
            public: Ports::of(
                model,
                !(input || arguments.hide_input),
                !(output || arguments.hide_output),
            ),
            committed: Ports::of(model, input, output),
        }
    }
}

fn print(summary: &Summary, arguments: &ProveArguments, time: Duration) -> Result<()> {
    const SHOWN: usize = 10;
    for output in summary.outputs.iter().take(SHOWN) {
        say!(
            "{}: {} (largest: {})",
            output.name,
            short_list(&output.integers),
            output.argmax
        );
    }
    let public = match summary.public.as_slice() {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    };
    if let Some(more @ 1..) = summary.outputs.len().checked_sub(SHOWN) {
        say!("and {more} more");
    }
    if summary.inferences > 1 {
        let each = time / u32::try_from(summary.inferences).unwrap_or(u32::MAX);
        say!(
            "{} inferences, {} for each",
            summary.inferences,
            seconds(each)
        );
    }
    say!("proved in {}; public: {public}", seconds(time));
    if !summary.committed.is_empty() {
        say!("committed: {}", summary.committed.join(", "));
    }
    if let Some(path) = &arguments.secret
        && !summary.committed.is_empty()
    {
        say!(
            "wrote {}: it opens what is committed, keep it",
            path.display()
        );
    }
    say!(
        "wrote {}: {} of {}, with public values {}",
        arguments.output.display(),
        match summary.proofs {
            1 => "a proof".to_owned(),
            proofs => format!("a bundle of {proofs} proofs"),
        },
        bytes(summary.proof_bytes),
        bytes(summary.file_bytes)
    );
    Ok(())
}
