//! The page: a sealed network to prove with, proofs to check, and the page around them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::shell::{cargo, command, root, run, target};

/// How many of the demonstration's pictures have a proof in the page's bundle.
const ANSWERS: &str = "300";

/// Files of the demonstration that the page brings along. The proving key is a secret of a real publisher; here everybody may prove.
const SEALED: [&str; 4] = ["model.vk", "model.pk", "digit.proof", "answers.bundle"];

/// Keys and proofs of the tests that the page brings along, and under which names.
const DEVELOPMENT: [(&str, &str); 2] = [
    ("toy/model.vk", "development.vk"),
    ("toy/proof.bin", "development.proof"),
];

/// Builds the page, under a package that is built, with what the native command makes.
pub(crate) fn build(program: &Path) -> Result<()> {
    let sealed = seal(program)?;
    let public = root().join("web/public/sealed");
    fs::create_dir_all(&public)?;
    // Not `fs::copy`, which would keep the proving key from being read by whoever serves the page.
    let bring = |from: &Path, name: &str| -> Result<()> {
        let bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
        fs::write(public.join(name), bytes)
            .with_context(|| format!("cannot write {name} to {}", public.display()))
    };
    for name in SEALED {
        bring(&sealed.join(name), name)?;
    }
    for (from, name) in DEVELOPMENT {
        bring(&root().join("tests/vectors").join(from), name)?;
    }
    run(command("npm", &["run", "build"]).current_dir(root().join("web")))
}

/// The native command, built.
pub(crate) fn program() -> Result<PathBuf> {
    run(&mut cargo(&[
        "build",
        "--package=tensorseal-cli",
        "--locked",
    ]))?;
    built_program()
}

/// The native command as it was built last.
pub(crate) fn built_program() -> Result<PathBuf> {
    let program = target().join(format!("debug/tensorseal{}", env::consts::EXE_SUFFIX));
    ensure!(program.is_file(), "{} is not built", program.display());
    Ok(program)
}

/// The folder with the demonstration's keys and proofs, made anew when the command that makes them is newer.
fn seal(program: &Path) -> Result<PathBuf> {
    let sealed = target().join("web-sealed");
    let modified = |file: &Path| file.metadata().and_then(|data| data.modified()).ok();
    let made = modified(&sealed.join("answers.bundle"));
    if made.is_none() || made < modified(program) {
        // The command replaces no proving key.
        if sealed.exists() {
            fs::remove_dir_all(&sealed)?;
        }
        run(command(program, &["demo", "--answers", ANSWERS, "--output"]).arg(&sealed))?;
    }
    Ok(sealed)
}
