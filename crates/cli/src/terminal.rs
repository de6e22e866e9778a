//! What a person sees while waiting, on standard error; standard output is for results.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write, stdout};
use std::time::Duration;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// A line that shows that something is going on, and how far it is. Shows nothing unless standard error is a terminal.
pub(crate) struct Progress(ProgressBar);

/// How work of unknown length looks, and work of known length.
const SPINNER: &str = "{spinner} {msg}";
const BAR: &str = "{spinner} {msg} {bar:30} {pos}/{len} {eta}";

impl Progress {
    /// Work of unknown length.
    pub(crate) fn spinner(message: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(message);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// From now on `done` of `total` steps are done.
    pub(crate) fn set(&self, done: usize, total: usize) {
        let total = total as u64;
        if self.0.length() != Some(total) {
            self.style(BAR);
            self.0.reset();
            self.0.set_length(total);
        }
        self.0.set_position(done as u64);
    }

    /// What is being done now, for a time that is not known until [`Self::set`] tells.
    pub(crate) fn message(&self, message: &'static str) {
        self.style(SPINNER);
        self.0.reset();
        self.0.unset_length();
        self.0.set_message(message);
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Prints a line of a result; see [`line`].
macro_rules! say {
    ($($argument:tt)*) => {
        $crate::terminal::line(format_args!($($argument)*))?
    };
}
pub(crate) use say;

/// Prints one line on standard output. That nobody reads on is no error: the exit code still tells the outcome.
pub(crate) fn line(text: Arguments<'_>) -> Result<()> {
    match writeln!(stdout().lock(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// Prints a JSON value on one line.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    line(format_args!("{}", serde_json::to_string(value)?))
}

/// A number of bytes for people.
pub(crate) fn bytes(count: usize) -> String {
    let count = count as f64;
    if count < 10_000.0 {
        format!("{count} bytes")
    } else if count < 1e6 {
        format!("{:.1} kB", count / 1e3)
    } else {
        format!("{:.2} MB", count / 1e6)
    }
}

/// Seconds for people.
pub(crate) fn seconds(time: Duration) -> String {
    if time < Duration::from_millis(100) {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}

/// Values as a short list.
pub(crate) fn short_list(values: &[i64]) -> String {
    const SHOWN: usize = 16;
    let shown: Vec<String> = values.iter().take(SHOWN).map(ToString::to_string).collect();
    let rest = values.len().saturating_sub(SHOWN);
    match rest {
        0 => format!("[{}]", shown.join(", ")),
        rest => format!("[{}, … {rest} more]", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_of_progress_has_its_own_length() {
        let progress = Progress::spinner("first");
        assert_eq!(progress.0.length(), None);
        progress.set(3, 10);
        assert_eq!((progress.0.length(), progress.0.position()), (Some(10), 3));
        progress.set(2, 5);
        assert_eq!((progress.0.length(), progress.0.position()), (Some(5), 2));
        progress.message("second");
        assert_eq!((progress.0.length(), progress.0.position()), (None, 0));
        assert_eq!(progress.0.message(), "second");
        progress.set(1, 5);
        assert_eq!((progress.0.length(), progress.0.position()), (Some(5), 1));
    }
}
