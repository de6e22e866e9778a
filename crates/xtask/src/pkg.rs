//! The npm package: the module, its glue, the TypeScript around them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::ScopedJoinHandle;

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, command, output, root, run, target};

/// What the optimiser across crates does for size beyond `opt-level = "z"`: functions of a few instructions are inlined, which is shorter
/// than calling them, those with many locals are not, and field elements are copied by one instruction instead of four loads and stores.
const COMPACT: &str = "-Cllvm-args=-inline-threshold=20 -inline-max-stacksize=1000 \
    -max-store-memcpy=1 -max-store-memmove=1 -max-store-memset=1";

/// What wasm-opt does to a module that shall be as small as can be. It inlines nothing: that saves bytes before compression and costs some
/// after it.
const SMALLEST: &[&str] = &[
    "-Oz",
    "--converge",
    "--flexible-inline-max-function-size=0",
    "--one-caller-inline-max-function-size=0",
    "--always-inline-max-function-size=0",
];

/// What the module may use, which is what rustc gives `wasm32-unknown-unknown`: wasm-opt invents nothing beyond it.
const WASM_FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Prints the sizes of a file: as it is, with gzip, with Brotli.
const SIZES: &str = "
const { readFileSync } = require('node:fs');
const { gzipSync, brotliCompressSync, constants } = require('node:zlib');
const bytes = readFileSync(process.argv[1]);
const brotli = brotliCompressSync(bytes, { params: {
  [constants.BROTLI_PARAM_QUALITY]: 11,
  [constants.BROTLI_PARAM_LGWIN]: 24,
  [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
} });
console.log(bytes.length, gzipSync(bytes, { level: 9 }).length, brotli.length);
";

/// A module of the package.
struct Module {
    /// What its files are called.
    name: &'static str,
    package: &'static str,
    /// Arguments that choose the features of the package.
    features: &'static [&'static str],
    profile: &'static str,
    flags: &'static [&'static str],
    optimiser: &'static [&'static str],
    /// Most bytes that it may have after compression with Brotli.
    budget: usize,
}

/// The verifier that every page downloads.
const VERIFIER: Module = Module {
    name: "verifier",
    package: "tensorseal-wasm",
    features: &["--no-default-features"],
    profile: "wasm",
    flags: &[COMPACT],
    optimiser: SMALLEST,
    budget: 60_000,
};

/// What a page downloads besides once it has openings to verify, or keys with large tables to read.
const FULL_VERIFIER: Module = Module {
    name: "verifier_full",
    features: &["--no-default-features", "--features=large-tables,openings"],
    budget: 69_000,
    ..VERIFIER
};

/// The prover, where size is second to speed.
const PROVER: Module = Module {
    name: "prover",
    package: "tensorseal-wasm-prover",
    features: &[],
    profile: "wasm-prover",
    flags: &[],
    optimiser: &["-Os"],
    budget: 240_000,
};

/// Builds the package and holds it to its budgets.
pub(crate) fn build() -> Result<()> {
    let package = root().join("pkg");
    let glue = package.join("wasm");
    empty(&glue)?;
    build_modules(&glue)?;
    empty(&package.join("dist"))?;
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(root().join(license), package.join(license))?;
    }
    let compiler = package.join("node_modules/typescript/bin/tsc");
    run(command("node", &[]).arg(compiler).current_dir(package))
}

/// Builds the modules, as far as they can side by side: compiling one and optimising another each keep one core busy.
fn build_modules(glue: &Path) -> Result<()> {
    std::thread::scope(|scope| {
        // Modules of one profile one after the other, for the second is written where the first was.
        let profiles = [&[VERIFIER, FULL_VERIFIER][..], &[PROVER]].map(|modules| {
            scope.spawn(move || -> Result<()> {
                let finish = |module: &Module| {
                    let file = glue.join(format!("{}_bg.wasm", module.name));
                    optimise(module, &file)?;
                    check_size(module, &file)
                };
                let mut finished = Vec::new();
                for module in modules {
                    let built = build_module(module)?;
                    make_glue(module, &built, glue)?;
                    finished.push(scope.spawn(move || finish(module)));
                }
                finished.into_iter().try_for_each(joined)
            })
        });
        profiles.into_iter().try_for_each(joined)
    })
}

fn joined(thread: ScopedJoinHandle<'_, Result<()>>) -> Result<()> {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Compiles a package as a module alone: with a Rust library beside it, Cargo would have nothing optimised across crates.
fn build_module(module: &Module) -> Result<PathBuf> {
    let mut build = cargo(&[
        "rustc",
        "--target=wasm32-unknown-unknown",
        "--lib",
        "--crate-type=cdylib",
    ]);
    build.arg(format!("--profile={}", module.profile));
    build.arg(format!("--package={}", module.package));
    build.args(module.features).arg("--").args(module.flags);
    let flags = without_machine_paths()?;
    run(build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")))?;
    let file = format!("{}.wasm", module.package.replace('-', "_"));
    Ok(target()
        .join("wasm32-unknown-unknown")
        .join(module.profile)
        .join(file))
}

/// Compiler flags that keep the folders of this machine out of the module, so that every machine makes the same one.
fn without_machine_paths() -> Result<Vec<String>> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))
        .context("there is no home folder")?;
    let sysroot = output(&mut command("rustc", &["--print", "sysroot"]))
        .context("there is no rustc in PATH")?;
    let folders = [
        home.join("registry/src"),
        Path::new(&sysroot).join("lib/rustlib/src/rust"),
        root(),
    ];
    let flag = |folder: PathBuf| format!("--remap-path-prefix={}=", folder.display());
    Ok(folders.into_iter().map(flag).collect())
}

/// Removes a folder that is made anew, with what an earlier build has left there.
fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    Ok(())
}

fn make_glue(module: &Module, built: &Path, folder: &Path) -> Result<()> {
    let mut bindgen = command(
        "wasm-bindgen",
        &[
            "--target=web",
            "--omit-default-module-path",
            "--remove-name-section",
            "--remove-producers-section",
        ],
    );
    bindgen.arg(format!("--out-name={}", module.name));
    run(bindgen.arg("--out-dir").arg(folder).arg(built))
}

fn optimise(module: &Module, file: &Path) -> Result<()> {
    let tool = root().join("pkg/node_modules/binaryen/bin/wasm-opt");
    let mut optimiser = command("node", &[]);
    optimiser
        .arg(tool)
        .args(WASM_FEATURES)
        .args(module.optimiser)
        .arg("--strip-target-features")
        .arg("-o")
        .arg(file)
        .arg(file);
    run(&mut optimiser)
}

fn check_size(module: &Module, file: &Path) -> Result<()> {
    let sizes =
        output(command("node", &["-e", SIZES]).arg(file)).context("cannot measure the module")?;
    let sizes: Vec<usize> = sizes
        .split(' ')
        .map_while(|size| size.parse().ok())
        .collect();
    let [raw, gzip, brotli] = sizes[..] else {
        bail!("cannot read the module's sizes");
    };
    let Module { name, budget, .. } = module;
    eprintln!("{name}.wasm: {raw} bytes, gzip {gzip}, brotli {brotli} of {budget}");
    if brotli > *budget {
        bail!("the module `{name}` is over its size budget");
    }
    Ok(())
}
