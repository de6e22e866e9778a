//! Running commands, and saying which.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// A command that runs in the root of the workspace.
pub(crate) fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Cargo, the one that runs this.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = command(cargo, arguments);
    // Cargo sets these for this program; inherited, they would make the inner Cargo build things again.
    for (name, _) in env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR")
        {
            command.env_remove(name);
        }
    }
    command
}

/// Commands that have run, and how long they took.
static TIMES: Mutex<Vec<(String, Duration)>> = Mutex::new(Vec::new());

/// Prints a command, runs it, and says how long it took.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    eprintln!("\n\x1b[1m> {shown}\x1b[0m");
    let start = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("cannot start `{shown}`"))?;
    let time = start.elapsed();
    eprintln!("  ({:.1} s: {shown})", time.as_secs_f64());
    let mut times = TIMES.lock().unwrap_or_else(PoisonError::into_inner);
    times.push((shown.clone(), time));
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    Ok(())
}

/// Prints how long each command took that took a second or more, in the order in which they ended.
pub(crate) fn print_times() {
    eprintln!("\nseconds");
    let times = TIMES.lock().unwrap_or_else(PoisonError::into_inner);
    for (shown, time) in times.iter().filter(|(_, time)| time.as_secs() >= 1) {
        eprintln!("{:7.1}  {shown}", time.as_secs_f64());
    }
}

/// What a command prints; `None` when it cannot be started or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The first of `names` that is an executable in `PATH`.
pub(crate) fn find(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| {
        env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    })
}

/// The file that an environment variable names; the variable must not name a file that is not there.
pub(crate) fn file_from_env(variable: &str) -> Result<Option<PathBuf>> {
    let Some(value) = env::var_os(variable).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let file = PathBuf::from(value);
    if !file.is_file() {
        bail!("{variable} is set to {}, which is no file", file.display());
    }
    Ok(Some(file))
}

/// Whether this runs as root.
pub(crate) fn is_root() -> bool {
    output(&mut command("id", &["-u"])).as_deref() == Some("0")
}

fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(name)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Where Cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    let named = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    root().join(named.unwrap_or_else(|| "target".into()))
}
