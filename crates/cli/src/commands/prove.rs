//! `tensorseal prove`.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tensorseal_model::integer::{IntegerGraph, TensorInfo};
use tensorseal_model::program::{Description, lift, witness};
use tensorseal_protocol::random::PlatformRandom;
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{Proof, ProveOptions, ProvingKey, Witness, prove, prove_batch};
use tensorseal_prover::Threads;

use super::compile::PROVING_KEY;
use crate::Outcome;
use crate::args::ProveArguments;
use crate::files::{self, Audience};
use crate::measure::{peak_bytes, timed};
use crate::terminal::{Progress, bytes, print_json, say, seconds, short_list};

/// An output tensor: its integers, and the real values that they stand for.
#[derive(Serialize)]
pub(crate) struct Output {
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
    seconds: f64,
    peak_bytes: Option<u64>,
    /// The argument alone; the file also holds the public values.
    proof_bytes: usize,
    file_bytes: usize,
    public: Vec<&'static str>,
    outputs: Vec<Output>,
}

/// A key with the network that it holds.
pub(crate) struct Model {
    pub(crate) key: ProvingKey,
    pub(crate) graph: IntegerGraph,
}

impl Model {
    /// Reads the network out of a proving key.
    pub(crate) fn new(key: ProvingKey) -> Result<Self> {
        let description = Description::from_bytes(key.verifying().annotation())
            .context("the key's annotation does not describe its model; compile the model again")?;
        let graph = lift(key.verifying().program(), key.weights(), &description)?;
        Ok(Self { key, graph })
    }

    /// Runs the network on an input.
    pub(crate) fn run(&self, input: &[f32]) -> Result<(Witness, Output)> {
        let integers = self.graph.quantise_input(input)?;
        let trace = self.graph.infer(&integers)?;
        let output = output(&self.graph, trace.output())?;
        let witness = witness(self.key.verifying().program(), &trace)?;
        Ok((witness, output))
    }

    /// Proves a run.
    pub(crate) fn prove(&self, witness: &Witness, options: &ProveOptions<'_>) -> Result<Proof> {
        let proof = prove(&self.key, witness, options, (&Threads, &mut PlatformRandom));
        proof.context("no proof was made; if this persists, compile the model again")
    }

    /// Runs the network on all inputs and proves the runs: in one proof of a batch where there is a setup for it.
    fn answer(
        &self,
        inputs: &[Vec<f32>],
        setup: Option<&Srs>,
        options: &ProveOptions<'_>,
    ) -> Result<(Proof, Vec<Output>)> {
        let runs = inputs.iter().enumerate().map(|(index, input)| {
            let run = self.run(input);
            run.with_context(|| format!("running the network on input {index}"))
        });
        let (witnesses, outputs): (Vec<Witness>, Vec<Output>) =
            runs.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let proof = match (setup, &witnesses[..]) {
            (None, [witness]) => self.prove(witness, options)?,
            (None, _) => bail!("a batch needs a setup: give it with --srs"),
            (Some(srs), witnesses) => {
                let tools = (&Threads, &mut PlatformRandom as &mut _);
                prove_batch(&self.key, srs, witnesses, options, tools)
                    .context("no proof was made")?
            }
        };
        Ok((proof, outputs))
    }

    /// The input's tensor and the output's.
    pub(crate) fn ports(&self) -> (u32, u32) {
        let program = self.key.verifying().program();
        (program.inputs()[0], program.outputs()[0])
    }
}

fn output(graph: &IntegerGraph, integers: Vec<i64>) -> Result<Output> {
    let TensorInfo { name, shape, .. } = &graph.output;
    Ok(Output {
        name: name.clone(),
        shape: shape.clone(),
        values: graph.dequantise_output(&integers)?,
        argmax: argmax(&integers),
        integers,
    })
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
    let path = arguments.model.join(PROVING_KEY);
    let progress = Progress::spinner("reading the proving key");
    let key = ProvingKey::from_bytes(&files::read(&path)?)
        .with_context(|| format!("in {}", path.display()))?;
    let model = Model::new(key).with_context(|| format!("in {}", path.display()))?;
    let (public, names) = revealed(&model, arguments);
    let options = ProveOptions {
        public: &public,
        context: arguments.context.as_bytes(),
    };
    let (inputs, setup) = inputs(&model, arguments, &progress)?;
    progress.message("proving");
    let (made, time) = timed(|| model.answer(&inputs, setup.as_ref(), &options));
    let (proof, outputs) = made?;
    let encoded = proof.to_bytes();
    files::write(&arguments.output, &encoded, Audience::Everybody)?;
    drop(progress);

    let summary = Summary {
        model: proof.model().to_string(),
        setup: model.key.verifying().setup().origin().name(),
        inferences: inputs.len(),
        seconds: time.as_secs_f64(),
        peak_bytes: peak_bytes(),
        proof_bytes: proof.argument().len(),
        file_bytes: encoded.len(),
        public: names,
        outputs,
    };
    if arguments.json {
        print_json(&summary)?;
    } else {
        print(&summary, arguments, time)?;
    }
    Ok(Outcome::Good)
}

/// The inputs, and for a batch the setup.
fn inputs(
    model: &Model,
    arguments: &ProveArguments,
    progress: &Progress,
) -> Result<(Vec<Vec<f32>>, Option<Srs>)> {
    let TensorInfo { name, shape, .. } = &model.graph.input;
    if let Some(path) = &arguments.input {
        let input = files::read_data(path)?.single(name, shape);
        let input = input.with_context(|| format!("in {}", path.display()))?;
        return Ok((vec![input], None));
    }
    let (path, srs) = arguments
        .batch
        .as_ref()
        .zip(arguments.srs.as_ref())
        .context("give --input, or --batch with --srs")?;
    let inputs = files::read_data(path)?.samples(name, shape);
    let inputs = inputs.with_context(|| format!("in {}", path.display()))?;
    progress.message("reading the setup");
    Ok((inputs, Some(files::read_setup(srs)?)))
}

/// The tensors that are not hidden, and what they are called.
fn revealed(model: &Model, arguments: &ProveArguments) -> (Vec<u32>, Vec<&'static str>) {
    let (input, output) = model.ports();
    [
        (arguments.hide_input, input, "input"),
        (arguments.hide_output, output, "output"),
    ]
    .into_iter()
    .filter(|(hidden, _, _)| !hidden)
    .map(|(_, tensor, name)| (tensor, name))
    .unzip()
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
    say!(
        "wrote {}: a proof of {}, with its public values {}",
        arguments.output.display(),
        bytes(summary.proof_bytes),
        bytes(summary.file_bytes)
    );
    Ok(())
}
