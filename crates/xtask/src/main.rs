//! The project's own tasks, run as `cargo xtask <task>`.
//!
//! | file | task |
//! |---|---|
//! | `setup` | installs the tools that are missing |
//! | `pkg` | builds the npm package, within its size budget |
//! | `web` | builds the page, with a sealed network and proofs for it |
//! | `test` | everything that must pass |
//! | `browser` | finds a browser and measures the verifier in it |
//! | `shell` | runs commands, and says which |
#![forbid(unsafe_code)]

mod browser;
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
    /// Measures the verifier in headless Chromium
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
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Setup => setup::run(),
        Task::Pkg => setup::for_pkg().and_then(|()| pkg::build()),
        Task::Web => setup::for_web()
            .and_then(|()| pkg::build())
            .and_then(|()| web::build()),
        Task::Test { quick: true } => test::quick(),
        Task::Test { quick: false } => test::everything(),
        Task::BenchBrowser {
            key,
            proof,
            context,
        } => browser::bench_verifier(&key, &proof, &context),
        Task::BenchProver { key, input } => browser::bench_prover(&key, &input),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
