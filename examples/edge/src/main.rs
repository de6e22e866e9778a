//! A small device checks a proof: it loads a key, verifies a proof, and says how much of the heap each took.
//!
//! ```sh
//! cargo xtask edge model.vk answer.proof --dev     # compiled for WASI, run by wasmtime, with the stack measured too
//! ```
//!
//! Nothing but reading the two files needs an operating system: `tensorseal-protocol` itself is `no_std`, and asks for an allocator
//! alone.

#![forbid(unsafe_code)]

use std::error::Error;
use std::process::ExitCode;
use std::{env, fs};

use peak_alloc::PeakAlloc;
use tensorseal_protocol::{VerifyOptions, VerifyingKey, verify};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether the proof is accepted.
fn run() -> Result<bool, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (files, flags): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|word| !word.starts_with("--"));
    let [key, proof] = files[..] else {
        return Err("usage: edge KEY PROOF [--dev]".into());
    };
    if let Some(unknown) = flags.iter().find(|flag| flag.as_str() != "--dev") {
        return Err(format!("there is no option {unknown}").into());
    }
    let (key, proof) = (fs::read(key)?, fs::read(proof)?);

    let (key, heap) = measured(|| VerifyingKey::from_bytes(&key));
    let key = key?;
    println!("key of model {}", key.digest());
    println!(
        "loading the key: {} bytes of heap kept, {} at most",
        heap.kept, heap.most
    );

    let options = VerifyOptions {
        allow_development_setup: !flags.is_empty(),
        ..VerifyOptions::default()
    };
    let (verdict, heap) = measured(|| verify(&key, &proof, &options));
    println!("verifying: {} bytes of heap at most", heap.most);
    match verdict {
        Ok(verdict) => {
            let values = verdict.public.iter().map(|tensor| tensor.values().len());
            println!("accepted: {} public values", values.sum::<usize>());
            Ok(true)
        }
        Err(error) => {
            println!("rejected ({}): {error}", error.code());
            Ok(false)
        }
    }
}

/// What some work took of the heap, in bytes, beyond what was there before.
struct Heap {
    /// What is left of it.
    kept: usize,
    /// The most that there was at once.
    most: usize,
}

fn measured<T>(work: impl FnOnce() -> T) -> (T, Heap) {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let done = work();
    let heap = Heap {
        kept: HEAP.current_usage().saturating_sub(before),
        most: HEAP.peak_usage().saturating_sub(before),
    };
    (done, heap)
}
