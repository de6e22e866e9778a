//! `tensorseal`: from a trained network to a proof that anybody can check.
//!
//! Exit codes: 0 good, 1 a proof was rejected, 2 usage, input or output error, 130 interrupted.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod files;
mod measure;
mod report;
mod tables;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};

/// How a command that ran to its end has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Good,
    Rejected,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    files::remove_temporaries_on_interrupt();
    let result = match &arguments.command {
        Command::Setup(arguments) => commands::setup::run(arguments),
        Command::Compile(arguments) => commands::compile::run(arguments),
        Command::Preprocess(arguments) => commands::preprocess::run(arguments),
        Command::Prove(arguments) => commands::prove::run(arguments),
        Command::Open(arguments) => commands::open::run(arguments),
        Command::Publish(arguments) => commands::publish::run(arguments),
        Command::Verify(arguments) => commands::verify::run(arguments),
        Command::Inspect(arguments) => commands::inspect::run(arguments),
        Command::Demo(arguments) => commands::demo::run(arguments),
        Command::Bench(arguments) => commands::bench::run(arguments),
    };
    match result {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Rejected) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
