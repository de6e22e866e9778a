//! The command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use tensorseal_model::quantise::TableChoice;

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
    Preprocess(PreprocessArguments),
    Prove(ProveArguments),
    Open(OpenArguments),
    Publish(PublishArguments),
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
    /// The power of the development setup, 1 to 25.
    #[arg(long, value_name = "P", conflicts_with = "ptau")]
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
Writes model.vk (publish it), model.pk (keep it: it holds the weights) and report.json.
Wide functions (16-bit activations, say) and embeddings stand in large tables, of which a proof pays for the rows
that it uses. They are preprocessed once, which takes minutes, and kept in a cache; see `preprocess`.")]
pub(crate) struct CompileArguments {
    /// The network.
    #[arg(value_name = "MODEL.onnx")]
    pub(crate) model: PathBuf,
    /// Typical inputs, from which the ranges of all activations are taken; a network that is quantised already needs none.
    #[arg(long, value_name = "DATA")]
    pub(crate) calibration: Option<PathBuf>,
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
    /// Bits of an activation, 4 to 16; 8 when left out.
    #[arg(long, value_name = "BITS")]
    pub(crate) activation_bits: Option<u32>,
    /// Where the tables of functions stand: in the columns, or the widest of them in a large table beside the columns.
    #[arg(long, value_name = "WHERE", default_value = "auto")]
    pub(crate) tables: Tables,
    #[command(flatten)]
    pub(crate) cache: CacheArguments,
    /// Leave large tables unpreprocessed: a proof then computes the points that it needs, with --srs.
    #[arg(long)]
    pub(crate) no_preprocess: bool,
    /// Neither read nor write the cache: the quotients of the weights, which most of the time goes into, are computed anew, and large
    /// tables are left unpreprocessed.
    #[arg(long, conflicts_with = "folder")]
    pub(crate) no_cache: bool,
    /// Logarithm of the rows of a column; chosen by need when left out.
    #[arg(long, value_name = "LOG")]
    pub(crate) log_rows: Option<u32>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the tables of functions stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tables {
    /// Where proving is estimated to be cheaper.
    Auto,
    /// In the columns, which become as long as the table.
    Columns,
    /// The widest in a large table, of which a proof pays for the rows that it uses.
    Large,
}

impl From<Tables> for TableChoice {
    fn from(tables: Tables) -> Self {
        match tables {
            Tables::Auto => Self::Auto,
            Tables::Columns => Self::Columns,
            Tables::Large => Self::Large,
        }
    }
}

/// Where the cached points of large tables, and the quotients of weights, are kept.
#[derive(Debug, Args)]
pub(crate) struct CacheArguments {
    /// The folder for what is computed once: the cached points of large tables, the quotients of weights; that of TENSORSEAL_CACHE, or of
    /// the user's caches, when left out. Its files are as secret as the proving key.
    #[arg(long = "cache", value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

/// Preprocess the large tables of a model, for provers on this machine.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  tensorseal preprocess sealed --srs dev.srs

`compile` does it already, on its own machine. It takes time as the rows of the tables, twice as long for twice the
rows, and goes on where it was interrupted. Without it a proof computes the points that it needs, with --srs.")]
pub(crate) struct PreprocessArguments {
    /// The folder that `compile` wrote.
    #[arg(value_name = "DIR")]
    pub(crate) model: PathBuf,
    /// The setup that the keys were made with.
    #[arg(long, value_name = "FILE")]
    pub(crate) srs: PathBuf,
    #[command(flatten)]
    pub(crate) cache: CacheArguments,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Run the network on an input and prove the answer.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("commitments").args(["commit_input", "commit_output"]).multiple(true))]
#[command(after_help = "\
Examples:
  tensorseal prove sealed --input input.json -o answer.proof
  tensorseal prove sealed --input input.npz -o answer.proof --hide-input
  tensorseal prove sealed --batch inputs.npz --srs hermez.srs -o answers.proof
  tensorseal prove sealed --batch inputs.npz --srs hermez.srs --memory 4G -o answers.bundle
  tensorseal prove sealed --batch inputs.npz --srs hermez.srs --hide-input --commit-output --secret answers.secret -o answers.proof

A batch is one proof of many inferences, with a leading sample axis in the data; the weights are paid for
once. Its longer columns need more powers of tau than the proving key holds: with the setup a proof takes as
many inferences as memory allows. What one proof cannot take becomes several, in one bundle.
The weights are always hidden. An input or output is part of the proof and bound by it, or hidden, or
committed: then the proof holds a commitment to it, and `open` shows single inferences later.")]
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
    /// Many inputs: the array has a leading sample axis.
    #[arg(long, value_name = "INPUTS")]
    pub(crate) batch: Option<PathBuf>,
    /// The setup that the keys were made with: for columns longer than those of one inference, and for rows of large tables that have not
    /// been preprocessed.
    #[arg(long, value_name = "FILE")]
    pub(crate) srs: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) cache: CacheArguments,
    /// Memory that proving may take besides the keys and the setup, in bytes or with K, M, G behind; three quarters of what is free
    /// when left out.
    #[arg(long, value_name = "BYTES", requires = "batch", value_parser = parse_bytes)]
    pub(crate) memory: Option<u64>,
    /// Where to write the proof, or the bundle of proofs that a batch has become.
    #[arg(short, long, value_name = "PROOF")]
    pub(crate) output: PathBuf,
    /// Keep the input secret.
    #[arg(long)]
    pub(crate) hide_input: bool,
    /// Keep the output secret.
    #[arg(long)]
    pub(crate) hide_output: bool,
    /// Commit to the input: it stays secret until `open` shows it, inference by inference.
    #[arg(long, conflicts_with = "hide_input", requires = "secret")]
    pub(crate) commit_input: bool,
    /// Commit to the output.
    #[arg(long, conflicts_with = "hide_output", requires = "secret")]
    pub(crate) commit_output: bool,
    /// Where to write what opens committed tensors; keep it. A file that is there is not replaced.
    #[arg(long, value_name = "FILE", requires = "commitments")]
    pub(crate) secret: Option<PathBuf>,
    /// Bind the proof to a text, for instance a challenge of the verifier's; it verifies with the same text only.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) context: String,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Open one inference of a committed input or output.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tensorseal open answers.secret --index 17 --srs hermez.srs -o answer17.opening
  tensorseal open answers.secret --index 17 --tensor input --srs hermez.srs -o input17.opening

Inferences are counted from zero, through all proofs where a batch has become several. Whoever has the
key, the proof and the opening checks the values with `verify`, and learns nothing about other inferences.")]
pub(crate) struct OpenArguments {
    /// The file that `prove` wrote to --secret.
    #[arg(value_name = "SECRET")]
    pub(crate) secret: PathBuf,
    /// The inference, from zero.
    #[arg(long, value_name = "I")]
    pub(crate) index: u32,
    /// Which tensor, where both are committed.
    #[arg(long, value_name = "TENSOR")]
    pub(crate) tensor: Option<Port>,
    /// The setup that the keys were made with; the bundled piece of the Hermez ceremony when left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) srs: Option<PathBuf>,
    /// Where to write the opening.
    #[arg(short, long, value_name = "OPENING")]
    pub(crate) output: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The input or the output of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Port {
    Input,
    Output,
}

/// Put a key and proofs of its model into one file for a static web server.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tensorseal publish sealed/model.vk answers/ -o answers.bundle
  tensorseal verify answers.bundle --model DIGEST

Every proof is verified first. A page reads a bundle by ranges, as much of it as it needs.")]
pub(crate) struct PublishArguments {
    /// The verifying key.
    #[arg(value_name = "KEY")]
    pub(crate) key: PathBuf,
    /// The proofs in their order; a folder counts as its files that end in .proof, a bundle as its proofs.
    #[arg(value_name = "PROOF", required = true)]
    pub(crate) proof: Vec<PathBuf>,
    /// Where to write the bundle.
    #[arg(short, long, value_name = "BUNDLE")]
    pub(crate) output: PathBuf,
    /// The text to which the proofs are bound.
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
  tensorseal verify answers.bundle --model 3f1c…
  tensorseal verify --key sealed/model.vk answers.bundle --opening answer17.opening

Several proofs, a folder of files that end in .proof, or a bundle are decided by the pairings of one; each
is checked under the key of the model that it names, and every bad one is listed with its reason. With
openings, only their proof is read out of a bundle and checked.
Exit codes: 0 every proof holds, 1 one is rejected, 2 the files cannot be read.
A key is only as good as where it comes from: pin the model with --model.")]
pub(crate) struct VerifyArguments {
    /// The verifying key; one for each model. A bundle brings its own where none is given.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Vec<PathBuf>,
    /// The proofs; a folder counts as its files that end in .proof, a bundle as its proofs.
    #[arg(value_name = "PROOF", required = true)]
    pub(crate) proof: Vec<PathBuf>,
    /// An opening of one inference of a committed input or output of the proof.
    #[arg(long, value_name = "OPENING")]
    pub(crate) opening: Vec<PathBuf>,
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
    /// Also prove so many of the bundled pictures, each on its own and hidden, and write a bundle of the proofs to that folder.
    #[arg(long, value_name = "N", requires = "output")]
    pub(crate) answers: Option<usize>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Measure compiling, proving and verifying.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  tensorseal bench models/mlp_784_128_10.onnx cnn-264k resnet18-32 --json

Beside MODEL.onnx there must be MODEL_calibration.npz. Names stand for networks with weights from a seed: `mlp-2m`,
`dense-4m`, `cnn-264k`, `masknet-48m`, `matmul-1024`, `resnet18-SIDE`, `mobilenetv2-SIDE`, `embedding-ROWSxWIDTH`,
`dlrm-TABLESxROWSxWIDTH`; equal layers are `dense-INPUTxWIDTHxDEPTH`, as in `dense-784x256x4`, and `conv-SIDExCHANNELSxDEPTH`.
A development setup is made in memory, and of large tables only the rows that the sample uses are preprocessed.
Times are medians; proofs hide nothing but the weights, as `prove` does.")]
pub(crate) struct BenchArguments {
    /// The networks: files, or names of shapes.
    #[arg(value_name = "MODEL", required = true)]
    pub(crate) models: Vec<PathBuf>,
    /// How many proofs to make of each.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) repeat: usize,
    /// Prove so many inferences in one proof.
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<u32>,
    /// Bits of activations, as for `compile`; 8 when left out.
    #[arg(long, value_name = "BITS")]
    pub(crate) activation_bits: Option<u32>,
    /// Where the tables of functions stand, as for `compile`.
    #[arg(long, value_name = "WHERE", default_value = "auto")]
    pub(crate) tables: Tables,
    /// Keep the proving key, an input and a proof of each in DIR/MODEL, so that `prove DIR/MODEL --input DIR/MODEL/input.json
    /// --cache DIR/MODEL/tables` repeats a proof.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Print a JSON array.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A number of bytes, with K, M or G for powers of 1,024.
fn parse_bytes(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.as_bytes().last().map(u8::to_ascii_uppercase) {
        Some(b'K') => (&text[..text.len() - 1], 10),
        Some(b'M') => (&text[..text.len() - 1], 20),
        Some(b'G') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: Option<u64> = digits.parse().ok();
    number
        .and_then(|number| number.checked_mul(1 << shift))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "give a number of bytes such as 500M or 4G".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        assert_eq!(parse_bytes("17"), Ok(17));
        assert_eq!(parse_bytes("4G"), Ok(4 << 30));
        assert_eq!(parse_bytes("500m"), Ok(500 << 20));
        for wrong in ["", "G", "0", "-1", "4T", "99999999999G", "é"] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
