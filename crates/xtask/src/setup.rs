//! Installs what is missing. A second time there is nothing left to do.

use anyhow::{Context as _, Result, bail};

use crate::browser::Browser;
use crate::shell::{self, cargo, command, find, is_root, output, root};
use crate::{edge, engine};

/// The version of the `wasm-bindgen` dependency: the command that makes the glue must have the same.
const WASM_BINDGEN: &str = "0.2.130";

/// The oldest Node whose `process.getBuiltinModule` the package can use.
const NODE: (u32, u32) = (20, 16);

/// Targets that the tests build for.
const TARGETS: [&str; 4] = [
    "wasm32-unknown-unknown",
    "wasm32-wasip1",
    "wasm32v1-none",
    "thumbv7em-none-eabihf",
];

/// What the tests need.
pub(crate) fn run() -> Result<()> {
    components()?;
    for_web()?;
    npm_packages("pkg/test/consumers")?;
    chromium()?;
    engines()?;
    edge::setup()?;
    eprintln!("setup: everything is there");
    Ok(())
}

/// What building the npm package needs.
pub(crate) fn for_pkg() -> Result<()> {
    node()?;
    targets()?;
    wasm_bindgen()?;
    npm_packages("pkg")
}

/// What building the page needs.
pub(crate) fn for_web() -> Result<()> {
    for_pkg()?;
    npm_packages("web")
}

/// What the example of a small device needs.
pub(crate) fn for_edge() -> Result<()> {
    targets()?;
    edge::setup()
}

/// The formatter and the linter, which a minimal toolchain lacks.
pub(crate) fn components() -> Result<()> {
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if output(&mut cargo(&[command, "--version"])).is_none() {
            shell::run(&mut self::command(
                "rustup",
                &["component", "add", component],
            ))?;
        }
    }
    Ok(())
}

fn node() -> Result<()> {
    let (major, minor) = NODE;
    let version = output(&mut command("node", &["--version"])).with_context(|| {
        format!("there is no Node in PATH: install Node {major}.{minor} or later, with npm")
    })?;
    let mut numbers = version.trim_start_matches('v').split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(a)), Some(Ok(b))) if (a, b) >= (major, minor) => Ok(()),
        _ => bail!("Node {version} is too old: install Node {major}.{minor} or later"),
    }
}

fn targets() -> Result<()> {
    let installed = output(&mut command("rustup", &["target", "list", "--installed"])).context(
        "there is no rustup in PATH: it is needed for the targets without an operating system",
    )?;
    let missing: Vec<&str> = TARGETS
        .into_iter()
        .filter(|target| !installed.lines().any(|line| line.trim() == *target))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    shell::run(command("rustup", &["target", "add"]).args(missing))
}

fn wasm_bindgen() -> Result<()> {
    let found = output(&mut command("wasm-bindgen", &["--version"])).unwrap_or_default();
    // `wasm-bindgen 0.2.130`, perhaps with a commit behind it.
    if found.split_whitespace().nth(1) == Some(WASM_BINDGEN) {
        return Ok(());
    }
    shell::run(&mut cargo(&[
        "install",
        "wasm-bindgen-cli",
        "--version",
        WASM_BINDGEN,
    ]))?;
    let found = output(&mut command("wasm-bindgen", &["--version"])).unwrap_or_default();
    if found.split_whitespace().nth(1) != Some(WASM_BINDGEN) {
        bail!(
            "wasm-bindgen {WASM_BINDGEN} is installed, but `wasm-bindgen --version` says `{found}`: \
             put Cargo's bin folder in front of PATH"
        );
    }
    Ok(())
}

fn npm_packages(folder: &str) -> Result<()> {
    let package = root().join(folder);
    // npm writes this copy of the lock file last, so it is newer than the lock file when all is installed.
    let modified = |file: &str| {
        package
            .join(file)
            .metadata()
            .and_then(|data| data.modified())
            .ok()
    };
    let installed = modified("node_modules/.package-lock.json");
    if installed.is_some() && installed >= modified("package-lock.json") {
        return Ok(());
    }
    if find(&["npm"]).is_none() {
        bail!("there is no npm in PATH: install it with Node");
    }
    shell::run(command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(package))
}

fn chromium() -> Result<()> {
    if Browser::find()?.is_some() {
        return Ok(());
    }
    if find(&["apt-get"]).is_none() {
        bail!(
            "the browser tests need Chromium and its driver: install both, or set CHROME and CHROMEDRIVER to the two programs"
        );
    }
    install(&["chromium", "chromium-driver"])?;
    if Browser::find()?.is_none() {
        bail!(
            "chromium and chromium-driver are installed, but not found in PATH: set CHROME and CHROMEDRIVER"
        );
    }
    Ok(())
}

/// The other engines that the package is tested in.
fn engines() -> Result<()> {
    let packages = || -> Result<Vec<&str>> {
        let missing = engine::missing()?;
        Ok(missing.iter().map(|program| program.package).collect())
    };
    let wanted = packages()?;
    if wanted.is_empty() {
        return Ok(());
    }
    if find(&["apt-get"]).is_none() {
        bail!(
            "the tests in other engines need {}: install them, or name the engines that are there in ENGINES",
            wanted.join(", ")
        );
    }
    install(&wanted)?;
    let missing = packages()?;
    if !missing.is_empty() {
        bail!("installed, but not found in PATH: {}", missing.join(", "));
    }
    Ok(())
}

/// Installs packages of Debian, as root or by `sudo`.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let apt = |arguments: &[&str]| {
        let mut apt = if is_root() {
            command("apt-get", arguments)
        } else {
            let mut sudo = command("sudo", &["apt-get"]);
            sudo.args(arguments);
            sudo
        };
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        shell::run(&mut apt)
    };
    apt(&["update"])?;
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(packages);
    apt(&arguments)
}
