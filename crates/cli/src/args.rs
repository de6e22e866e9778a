//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Prove that a published answer came from a committed neural network, and check such proofs.
#[derive(Debug, Parser)]
#[command(
    name = "tensorseal",
    version,
    about,
    after_help = "\
Examples:
  tensorseal demo
  tensorseal setup --dev --power 16 -o dev.srs
  tensorseal compile model.onnx --calibration samples.npz --srs dev.srs -o sealed
  tensorseal prove sealed --input input.json -o answer.proof
  tensorseal verify --key sealed/model.vk answer.proof --dev

Exit codes: 0 good, 1 proof rejected, 2 usage or input or output error."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Setup(SetupArguments),
    Compile(CompileArguments),
    Prove(ProveArguments),
    Verify(VerifyArguments),
    Inspect(InspectArguments),
    Demo(DemoArguments),
    Bench(BenchArguments),
}

/// Make a setup: check a ceremony's powers of tau, or make an insecure one for development.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tensorseal setup --ptau powersOfTau28_hez_final_17.ptau -o hermez.srs
  tensorseal setup --dev --power 16 -o dev.srs

A setup of power P has 2^(P+1) - 1 powers. A model needs as many as its weight matrix has entries
and its columns have rows; `compile` says how many when a setup is too small.
Whoever makes a development setup can forge proofs under it, so `verify` refuses them without --dev.")]
pub(crate) struct SetupArguments {
    /// Make a development setup, insecure by nature.
    #[arg(
        long,
        requires = "power",
        conflicts_with = "ptau",
        required_unless_present = "ptau"
    )]
    pub(crate) dev: bool,
    /// The power of the development setup, 1 to 24.
    #[arg(long, value_name = "P")]
    pub(crate) power: Option<u32>,
    /// A snarkjs `.ptau` file to check.
    #[arg(long, value_name = "FILE")]
    pub(crate) ptau: Option<PathBuf>,
    /// Keep so many powers in G2, which large lookup tables of as many rows need.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) powers_g2: usize,
    /// Where to write the setup. With --ptau it may be left out, to check only.
    #[arg(short, long, value_name = "FILE", required_unless_present = "ptau")]
    pub(crate) output: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Quantise a trained ONNX network, measure it, and make its keys.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tensorseal compile model.onnx --calibration samples.npz --srs dev.srs -o sealed
  tensorseal compile model.onnx --calibration samples.npz --evaluate heldout.npz --srs hermez.srs -o sealed --json

Data files are .npz as NumPy writes it, or JSON {\"name\": nested arrays}: one array under the input's
name with a leading sample axis, and `labels` if accuracy is to be reported.
Writes model.vk (publish it), model.pk (keep it: it holds the weights) and report.json.")]
pub(crate) struct CompileArguments {
    /// The network.
    #[arg(value_name = "MODEL.onnx")]
    pub(crate) model: PathBuf,
    /// Typical inputs, from which the ranges of all activations are taken.
    #[arg(long, value_name = "DATA")]
    pub(crate) calibration: PathBuf,
    /// Held-out inputs with labels, on which accuracy is measured.
    #[arg(long, value_name = "DATA")]
    pub(crate) evaluate: Option<PathBuf>,
    /// The setup: a file that `setup` wrote, or a `.ptau` file.
    #[arg(long, value_name = "FILE")]
    pub(crate) srs: PathBuf,
    /// The folder for the keys; made if it is not there.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Overwrite keys that are there already.
    #[arg(long)]
    pub(crate) force: bool,
    /// Bits of an activation, 4 to 12.
    #[arg(long, value_name = "BITS")]
    pub(crate) activation_bits: Option<u32>,
    /// Logarithm of the rows of a column; chosen by need when left out.
    #[arg(long, value_name = "LOG")]
    pub(crate) log_rows: Option<u32>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Run the network on an input and prove the answer.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tensorseal prove sealed --input input.json -o answer.proof
  tensorseal prove sealed --input input.npz -o answer.proof --hide-input
  tensorseal prove sealed --batch inputs.npz --srs hermez.srs -o answers.proof

A batch is one proof of many inferences, with a leading sample axis in the data. The weights are paid for
once; its longer columns need more powers of tau than the proving key holds, so it asks for the setup.
The weights are always hidden. What is not hidden is part of the proof and bound by it.")]
pub(crate) struct ProveArguments {
    /// The folder that `compile` wrote.
    #[arg(value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// The input, .npz or JSON, one array under the input's name.
    #[arg(
        long,
        value_name = "INPUT",
        required_unless_present = "batch",
        conflicts_with = "batch"
    )]
    pub(crate) input: Option<PathBuf>,
    /// Many inputs for one proof: the array has a leading sample axis.
    #[arg(long, value_name = "INPUTS", requires = "srs")]
    pub(crate) batch: Option<PathBuf>,
    /// The setup that the keys were made with, for a batch.
    #[arg(long, value_name = "FILE", requires = "batch")]
    pub(crate) srs: Option<PathBuf>,
    /// Where to write the proof.
    #[arg(short, long, value_name = "PROOF")]
    pub(crate) output: PathBuf,
    /// Keep the input secret.
    #[arg(long)]
    pub(crate) hide_input: bool,
    /// Keep the output secret.
    #[arg(long)]
    pub(crate) hide_output: bool,
    /// Bind the proof to a text, for instance a challenge of the verifier's; it verifies with the same text only.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) context: String,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Check a proof, or any number of proofs at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tensorseal verify --key sealed/model.vk answer.proof
  tensorseal verify --key sealed/model.vk answer.proof --model 3f1c… --expect-output class=7
  tensorseal verify --key sealed/model.vk answer.proof --dev --json
  tensorseal verify --key sealed/model.vk --key other/model.vk answers/ more.proof

Several proofs, or a folder of files that end in .proof, are decided by the pairings of one; each is
checked under the key of the model that it names, and every bad one is listed with its reason.
Exit codes: 0 every proof holds, 1 one is rejected, 2 the files cannot be read.
A key is only as good as where it comes from: pin the model with --model.")]
pub(crate) struct VerifyArguments {
    /// The verifying key; one for each model.
    #[arg(long, value_name = "KEY", required = true)]
    pub(crate) key: Vec<PathBuf>,
    /// The proofs; a folder counts as its files that end in .proof.
    #[arg(value_name = "PROOF", required = true)]
    pub(crate) proof: Vec<PathBuf>,
    /// The model's digest, as `compile` prints it: any other key is refused.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) model: Option<String>,
    /// The output that the proof must have: a JSON array of its integers, a file that holds one, or `class=N` for the index of
    /// the largest.
    #[arg(long, value_name = "OUTPUT")]
    pub(crate) expect_output: Option<String>,
    /// Accept a key made with a development setup, whose maker can forge proofs.
    #[arg(long)]
    pub(crate) dev: bool,
    /// Digest of a further setup that you trust.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) trust_setup: Vec<String>,
    /// Recompute the key's table commitments from this setup instead of trusting the key for them.
    #[arg(long, value_name = "FILE")]
    pub(crate) srs: Option<PathBuf>,
    /// The text to which the proof was bound.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) context: String,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Say what a file is: a setup, a key, a proof.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tensorseal inspect sealed --html report.html
  tensorseal inspect sealed/model.vk
  tensorseal inspect answer.proof --json

Of a folder that `compile` wrote it prints the key and the report, which the publisher keeps.")]
pub(crate) struct InspectArguments {
    /// The file, or a folder that `compile` wrote.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Write the compile report of a folder as a page with plots.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Seal a bundled digit classifier, prove one answer, check it, and try to cheat.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  tensorseal demo --digit 3

Everything happens in memory, under the real Hermez ceremony.")]
pub(crate) struct DemoArguments {
    /// Which of the bundled pictures to read, from 0.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) digit: usize,
    /// Also write the keys and the proof to this folder.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Measure compiling, proving and verifying.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  tensorseal bench models/mlp_784_128_10.onnx cnn resnet18_32 --json

Beside MODEL.onnx there must be MODEL_calibration.npz. `cnn`, `resnet18_SIDE` and `mobilenetv2_SIDE` are networks
of well-known shapes with weights from a seed. A development setup is made in memory.
Times are medians; proofs hide nothing but the weights, as `prove` does.")]
pub(crate) struct BenchArguments {
    /// The networks: files, or names of shapes.
    #[arg(value_name = "MODEL", required = true)]
    pub(crate) models: Vec<PathBuf>,
    /// How many proofs to make of each.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) repeat: usize,
    /// Print a JSON array.
    #[arg(long)]
    pub(crate) json: bool,
}
