//! The engines of browsers that the package is tested in, beside Chromium, which other tests need too.

use std::env;

use anyhow::{Result, bail};

use crate::shell::{file_from_env, find};

/// All of them, as `ENGINES` names them.
const ALL: &str = "chromium,firefox,webkit";

/// A program that an engine needs: the variable that may name it, its names in `PATH`, the package of Debian that has it.
pub(crate) struct Program {
    variable: &'static str,
    names: &'static [&'static str],
    pub(crate) package: &'static str,
}

const FIREFOX: [Program; 1] = [Program {
    variable: "FIREFOX",
    names: &["firefox-esr", "firefox"],
    package: "firefox-esr",
}];

/// The driver, which starts WebKitGTK's own small browser, and what a browser needs that has no screen.
const WEBKIT: [Program; 4] = [
    Program {
        variable: "WEBKITDRIVER",
        names: &["WebKitWebDriver"],
        package: "webkit2gtk-driver",
    },
    Program {
        variable: "XVFB_RUN",
        names: &["xvfb-run"],
        package: "xvfb",
    },
    Program {
        variable: "XAUTH",
        names: &["xauth"],
        package: "xauth",
    },
    Program {
        variable: "DBUS_RUN_SESSION",
        names: &["dbus-run-session"],
        package: "dbus",
    },
];

/// The engines that the variable `ENGINES` asks for, by default all.
pub(crate) fn asked_for() -> String {
    env::var("ENGINES")
        .ok()
        .filter(|names| !names.is_empty())
        .unwrap_or_else(|| ALL.to_owned())
}

/// The programs that the engines asked for need and that are not there.
///
/// # Errors
///
/// When an engine is asked for that is none of these, or a variable names a file that is not there.
pub(crate) fn missing() -> Result<Vec<&'static Program>> {
    let mut missing = Vec::new();
    for name in asked_for().split(',') {
        let programs: &'static [Program] = match name {
            "chromium" => &[],
            "firefox" => &FIREFOX,
            "webkit" => &WEBKIT,
            _ => bail!("there is no engine `{name}`: ENGINES names some of {ALL}"),
        };
        for program in programs {
            if file_from_env(program.variable)?
                .or_else(|| find(program.names))
                .is_none()
            {
                missing.push(program);
            }
        }
    }
    Ok(missing)
}
