//! `tensorseal prove`.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;
use tensorseal_model::integer::{IntegerGraph, TensorInfo};
use tensorseal_model::program::{Description, lift, witness};
use tensorseal_protocol::random::PlatformRandom;
use tensorseal_protocol::{Proof, ProveOptions, ProvingKey, Witness, prove};
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
    let input = files::read_data(&arguments.input)?
        .single(&model.graph.input.name, &model.graph.input.shape)
        .with_context(|| format!("in {}", arguments.input.display()))?;

    progress.message("proving");
    let (public, names) = revealed(&model, arguments);
    let options = ProveOptions {
        public: &public,
        context: arguments.context.as_bytes(),
    };
    let (made, time) = timed(|| -> Result<(Proof, Output)> {
        let (witness, output) = model.run(&input)?;
        Ok((model.prove(&witness, &options)?, output))
    });
    let (proof, output) = made?;
    let encoded = proof.to_bytes();
    files::write(&arguments.output, &encoded, Audience::Everybody)?;
    drop(progress);

    let summary = Summary {
        model: proof.model().to_string(),
        setup: model.key.verifying().setup().origin().name(),
        seconds: time.as_secs_f64(),
        peak_bytes: peak_bytes(),
        proof_bytes: proof.argument().len(),
        file_bytes: encoded.len(),
        public: names,
        outputs: vec![output],
    };
    if arguments.json {
        print_json(&summary)?;
    } else {
        print(&summary, arguments, time)?;
    }
    Ok(Outcome::Good)
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
    for output in &summary.outputs {
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
    say!("proved in {}; public: {public}", seconds(time));
    say!(
        "wrote {}: a proof of {}, with its public values {}",
        arguments.output.display(),
        bytes(summary.proof_bytes),
        bytes(summary.file_bytes)
    );
    Ok(())
}
