//! Everything that must pass.

use anyhow::Result;

use crate::browser::Browser;
use crate::shell::{cargo, command, find, root, run, target};
use crate::{edge, engine, pkg, setup};

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

/// The setup, and every test there is.
pub(crate) fn everything() -> Result<()> {
    setup::run()?;
    quick()?;
    deny()?;
    for target in NO_STD_TARGETS {
        run(cargo(&["build", NO_STD, "--locked", "--target"]).arg(target))?;
    }
    edge::test()?;
    pkg::build()?;
    let browser = Browser::expected()?;
    wasm(&browser)?;
    npm(&browser)?;
    eprintln!("\nall tests pass");
    Ok(())
}

/// The package, with keys and proofs of the native command, in all engines.
fn npm(browser: &Browser) -> Result<()> {
    run(&mut cargo(&[
        "build",
        "--package=tensorseal-cli",
        "--locked",
    ]))?;
    let mut npm = command("npm", &["test"]);
    npm.current_dir(root().join("pkg"))
        .env("TENSORSEAL", target().join("debug/tensorseal"))
        .env("ENGINES", engine::asked_for());
    run(browser.tell(&mut npm))
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
