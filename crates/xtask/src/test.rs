//! Everything that must pass.

use std::path::Path;

use anyhow::Result;

use crate::browser::Browser;
use crate::shell::{cargo, command, find, print_times, root, run};
use crate::{edge, engine, pkg, setup, web};

/// The crate that must do without an operating system, and targets that have none.
const NO_STD: &str = "--package=tensorseal-protocol";
const NO_STD_TARGETS: [&str; 2] = ["wasm32v1-none", "thumbv7em-none-eabihf"];

/// Formatting, lints and the tests of the workspace.
pub(crate) fn quick() -> Result<()> {
    setup::components()?;
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    run(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-Dwarnings",
    ]))?;
    run(&mut cargo(&["test", "--workspace", "--locked"]))
}

/// The setup, and every test there is; then how long each part took.
pub(crate) fn everything() -> Result<()> {
    let result = all();
    print_times();
    if result.is_ok() {
        eprintln!("\nall tests pass");
    }
    result
}

fn all() -> Result<()> {
    setup::run()?;
    quick()?;
    deny()?;
    fuzz_targets()?;
    for target in NO_STD_TARGETS {
        let build = ["build", NO_STD, "--profile=bare", "--locked", "--target"];
        run(cargo(&build).arg(target))?;
    }
    edge::test()?;
    pkg::build()?;
    // The tests of the workspace have built the command, with the features that they ask for: building it alone would compile everything
    // below it again.
    let program = web::built_program()?;
    web::build(&program)?;
    let browser = Browser::expected()?;
    wasm(&browser)?;
    npm(&browser, &program)
}

/// The package, with keys and proofs of the native command, in all engines; its consumers and its documentation; the page.
fn npm(browser: &Browser, program: &Path) -> Result<()> {
    for (folder, script) in [
        ("pkg", "test"),
        ("pkg", "consumers"),
        ("pkg", "docs"),
        ("web", "test"),
    ] {
        let mut npm = command("npm", &["run", script]);
        npm.current_dir(root().join(folder))
            .env("TENSORSEAL", program)
            .env("ENGINES", engine::asked_for());
        run(browser.tell(&mut npm))?;
    }
    Ok(())
}

/// Licences, sources and banned crates, where cargo-deny is installed.
fn deny() -> Result<()> {
    if find(&["cargo-deny"]).is_none() {
        eprintln!("\ncargo-deny is not installed: licences and sources are not checked");
        return Ok(());
    }
    run(&mut cargo(&[
        "deny", "check", "bans", "licenses", "sources",
    ]))
}

/// The fuzz targets compile: they are a workspace of their own, so nothing else would notice that they do not.
fn fuzz_targets() -> Result<()> {
    if find(&["c++"]).is_none() {
        eprintln!(
            "\nthere is no C++ compiler, which libFuzzer takes: the fuzz targets are not compiled"
        );
        return Ok(());
    }
    run(&mut cargo(&[
        "check",
        "--manifest-path=fuzz/Cargo.toml",
        "--all-targets",
        "--locked",
    ]))
}

/// The crate `tensorseal-wasm` in Node and in Chromium.
fn wasm(browser: &Browser) -> Result<()> {
    for features in [&[][..], &["--features=browser"]] {
        let mut test = cargo(&[
            "test",
            "--package=tensorseal-wasm",
            "--target=wasm32-unknown-unknown",
            "--test=verify",
            "--locked",
        ]);
        test.args(features).env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
            "wasm-bindgen-test-runner",
        );
        run(browser.tell(&mut test))?;
    }
    Ok(())
}
