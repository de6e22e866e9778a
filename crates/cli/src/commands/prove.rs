//! `tensorseal prove`.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tensorseal_model::integer::IntegerGraph;
use tensorseal_model::program::{Description, lift, witness};
use tensorseal_model::quantise::Sample;
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

    /// Runs the network on its inputs.
    pub(crate) fn run(&self, inputs: &[Vec<f32>]) -> Result<(Witness, Vec<Output>)> {
        let integers = self.graph.quantise_inputs(inputs)?;
        let trace = self.graph.infer(&integers)?;
        let outputs = self.graph.outputs(&trace)?;
        let witness = witness(self.key.verifying().program(), &trace)?;
        let ports = self.graph.outputs.iter().zip(outputs);
        let outputs = ports.map(|(port, integers)| Output {
            inference: 0,
            name: port.name.clone(),
            shape: port.shape.clone(),
            values: port.dequantise(&integers),
            argmax: argmax(&integers),
            integers,
        });
        Ok((witness, outputs.collect()))
    }

    /// Proves a run.
    pub(crate) fn prove(&self, witness: &Witness, options: &ProveOptions<'_>) -> Result<Proof> {
        let proof = prove(&self.key, witness, options, (&Threads, &mut PlatformRandom));
        proof.context("no proof was made; if this persists, compile the model again")
    }

    /// Runs the network on all inputs and proves the runs: in one proof of a batch where there is a setup for it.
    fn answer(
        &self,
        inputs: &[Sample],
        setup: Option<&Srs>,
        options: &ProveOptions<'_>,
    ) -> Result<(Proof, Vec<Output>)> {
        let runs = inputs.iter().enumerate().map(|(index, input)| {
            let run = self.run(input);
            run.with_context(|| format!("running the network on input {index}"))
        });
        let (witnesses, outputs): (Vec<Witness>, Vec<Vec<Output>>) =
            runs.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let numbered = outputs.into_iter().enumerate();
        let outputs = numbered.flat_map(|(inference, outputs)| {
            outputs.into_iter().map(move |output| Output {
                inference,
                ..output
            })
        });
        let proof = match (setup, &witnesses[..]) {
            (None, [witness]) => self.prove(witness, options)?,
            (None, _) => bail!("a batch needs a setup: give it with --srs"),
            (Some(srs), witnesses) => {
                let tools = (&Threads, &mut PlatformRandom as &mut _);
                prove_batch(&self.key, srs, witnesses, options, tools)
                    .context("no proof was made")?
            }
        };
        Ok((proof, outputs.collect()))
    }

    /// Names and shapes of the inputs.
    pub(crate) fn inputs(&self) -> Vec<(&str, &[usize])> {
        let ports = self.graph.inputs.iter();
        ports
            .map(|port| (port.name.as_str(), port.shape.as_slice()))
            .collect()
    }
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
    let public = revealed(&model, arguments);
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
        public: roles(arguments),
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
) -> Result<(Vec<Sample>, Option<Srs>)> {
    if let Some(path) = &arguments.input {
        let file = files::read_data(path)?;
        let ports = model.inputs().into_iter();
        let inputs: Result<Sample, _> = ports
            .map(|(name, shape)| file.single(name, shape))
            .collect();
        let inputs = inputs.with_context(|| format!("in {}", path.display()))?;
        return Ok((vec![inputs], None));
    }
    let (path, srs) = arguments
        .batch
        .as_ref()
        .zip(arguments.srs.as_ref())
        .context("give --input, or --batch with --srs")?;
    let inputs = files::read_data(path)?.samples_of(&model.inputs());
    let inputs = inputs.with_context(|| format!("in {}", path.display()))?;
    progress.message("reading the setup");
    Ok((inputs, Some(files::read_setup(srs)?)))
}

/// The tensors that are not hidden.
fn revealed(model: &Model, arguments: &ProveArguments) -> Vec<u32> {
    let program = model.key.verifying().program();
    let inputs = program.inputs().iter().filter(|_| !arguments.hide_input);
    let outputs = program.outputs().iter().filter(|_| !arguments.hide_output);
    inputs.chain(outputs).copied().collect()
}

/// What the tensors are that are not hidden.
fn roles(arguments: &ProveArguments) -> Vec<&'static str> {
    let input = (!arguments.hide_input).then_some("input");
    let output = (!arguments.hide_output).then_some("output");
    input.into_iter().chain(output).collect()
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
