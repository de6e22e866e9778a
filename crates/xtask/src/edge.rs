//! The example of a small device, compiled for WASI and run by wasmtime.

use std::path::{self, Path, PathBuf};

use anyhow::{Result, bail};

use crate::shell::{cargo, command, find, output, root, run, target};

/// The version of wasmtime, which Python's registry has ready-made for most machines.
const WASMTIME: &str = "wasmtime==50.0.1";

/// Installs what is missing.
pub(crate) fn setup() -> Result<()> {
    let python = || output(&mut command("python3", &["-m", "pip", "--version"]));
    if python().is_none() {
        if find(&["apt-get"]).is_none() {
            bail!("there is no Python with pip: install both");
        }
        crate::setup::install(&["python3-pip"])?;
    }
    if installed() {
        return Ok(());
    }
    let mut pip = command(
        "python3",
        &["-m", "pip", "install", "--upgrade", "--target"],
    );
    run(pip.arg(packages()).arg(WASMTIME))
}

/// Checks a proof in the example, and prints what memory that takes.
pub(crate) fn run_example(key: &Path, proof: &Path, development: bool) -> Result<()> {
    let (key, proof) = (path::absolute(key)?, path::absolute(proof)?);
    run(&mut cargo(&[
        "rustc",
        "--package=tensorseal-edge",
        "--profile=wasm",
        "--target=wasm32-wasip1",
        "--locked",
        "--",
        "-Clink-arg=--export=__stack_pointer",
    ]))?;
    let module = target().join("wasm32-wasip1/wasm/tensorseal-edge.wasm");
    let mut python = command("python3", &["examples/edge/run.py"]);
    python.arg(module).args([key, proof]);
    python.args(development.then_some("--dev"));
    run(python.env("PYTHONPATH", packages()))
}

/// The example with the stored proof, which it must accept.
pub(crate) fn test() -> Result<()> {
    let vectors = root().join("tests/vectors/demo");
    run_example(&vectors.join("model.vk"), &vectors.join("proof.bin"), false)
}

fn packages() -> PathBuf {
    target().join("python")
}

fn installed() -> bool {
    let (_, version) = WASMTIME.split_once("==").unwrap_or_default();
    let ask = "import importlib.metadata as m; print(m.version('wasmtime'))";
    let mut python = command("python3", &["-c", ask]);
    output(python.env("PYTHONPATH", packages())).as_deref() == Some(version)
}
