//! The browser of the tests and measurements.

use std::path::{self, Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::shell::{command, file_from_env, find, root, run};
use crate::{pkg, setup};

/// Names under which Chromium is installed.
const CHROMIUM: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Chromium and the program that drives it.
pub(crate) struct Browser {
    chromium: PathBuf,
    driver: PathBuf,
}

impl Browser {
    /// The programs that `CHROME` and `CHROMEDRIVER` name, or those in `PATH`; `None` when one is missing.
    ///
    /// # Errors
    ///
    /// When a variable names a file that is not there.
    pub(crate) fn find() -> Result<Option<Self>> {
        let chromium = file_from_env("CHROME")?.or_else(|| find(&CHROMIUM));
        let driver = file_from_env("CHROMEDRIVER")?.or_else(|| find(&["chromedriver"]));
        Ok(chromium
            .zip(driver)
            .map(|(chromium, driver)| Self { chromium, driver }))
    }

    /// Both, for a task whose setup has made sure of them.
    pub(crate) fn expected() -> Result<Self> {
        Self::find()?.context("there is no Chromium with a driver: run `cargo xtask setup`")
    }

    /// Tells a command where both are.
    pub(crate) fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("CHROME", &self.chromium)
            .env("CHROMEDRIVER", &self.driver)
    }
}

/// Measures the verifier.
pub(crate) fn bench_verifier(key: &Path, proof: &Path, context: &str) -> Result<()> {
    let files = [path::absolute(key)?, path::absolute(proof)?];
    bench("test/bench.js", |node| node.args(files).arg(context))
}

/// Measures the prover.
pub(crate) fn bench_prover(key: &Path, input: &Path) -> Result<()> {
    let files = [path::absolute(key)?, path::absolute(input)?];
    bench("test/bench-prover.js", |node| node.args(files))
}

fn bench(script: &str, tell: impl FnOnce(&mut Command) -> &mut Command) -> Result<()> {
    setup::run()?;
    pkg::build()?;
    let mut node = command("node", &[script]);
    tell(node.current_dir(root().join("pkg")));
    run(Browser::expected()?.tell(&mut node))
}
