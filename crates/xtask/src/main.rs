//! The project's own tasks, run as `cargo xtask <task>`.
//!
//! | file | task |
//! |---|---|
//! | `setup` | installs the tools that are missing |
//! | `pkg` | builds the npm package, within its size budget |
//! | `web` | builds the page, with a sealed network and proofs for it |
//! | `test` | everything that must pass |
//! | `browser` | finds a browser and measures the verifier in it |
//! | `edge` | runs the example of a small device |
//! | `engine` | the other engines that the package is tested in |
//! | `shell` | runs commands, and says which |
#![forbid(unsafe_code)]

mod browser;
mod edge;
mod engine;
mod pkg;
mod setup;
mod shell;
mod test;
mod web;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own tasks")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs the tools that the other tasks need and that are missing
    Setup,
    /// Builds the npm package, and fails when the verifier is over its size budget
    Pkg,
    /// Builds the page into `web/dist`, static files for any host
    Web,
    /// Runs everything that must pass, the setup first
    Test {
        /// Only formatting, lints and the tests of the workspace
        #[arg(long)]
        quick: bool,
    },
    /// Measures the verifier in headless Chromium, or in the engines that ENGINES names
    BenchBrowser {
        /// A verifying key
        key: PathBuf,
        /// A proof that is accepted under it
        proof: PathBuf,
        /// The context for which the proof was made
        #[arg(long, default_value = "")]
        context: String,
    },
    /// Measures the prover in headless Chromium
    BenchProver {
        /// A proving key
        key: PathBuf,
        /// A JSON file with an input
        input: PathBuf,
    },
    /// Checks a proof in the example of a small device, under wasmtime, and says what memory that takes
    Edge {
        /// A verifying key
        key: PathBuf,
        /// A proof
        proof: PathBuf,
        /// Accept a key made with a development setup
        #[arg(long)]
        dev: bool,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Setup => setup::run(),
        Task::Pkg => setup::for_pkg().and_then(|()| pkg::build()),
        Task::Web => setup::for_web()
            .and_then(|()| pkg::build())
            .and_then(|()| web::program())
            .and_then(|program| web::build(&program)),
        Task::Test { quick: true } => test::quick(),
        Task::Test { quick: false } => test::everything(),
        Task::BenchBrowser {
            key,
            proof,
            context,
        } => browser::bench_verifier(&key, &proof, &context),
        Task::BenchProver { key, input } => browser::bench_prover(&key, &input),
        Task::Edge { key, proof, dev } => {
            setup::for_edge().and_then(|()| edge::run_example(&key, &proof, dev))
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
