//! The npm package: the module, its glue, the TypeScript around them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, command, output, root, run};

/// A module made from the crate `tensorseal-wasm`.
struct Module {
    /// The name of its glue, and before `_bg.wasm` its own.
    name: &'static str,
    /// Features of the crate.
    features: &'static str,
    /// Most bytes that it may have after compression with Brotli.
    brotli_budget: usize,
}

/// What every page downloads, and what it downloads once it has openings or keys with large tables to check.
const MODULES: [Module; 2] = [
    Module {
        name: "verifier",
        features: "",
        brotli_budget: 60_000,
    },
    Module {
        name: "verifier_full",
        features: "large-tables,openings",
        brotli_budget: 69_000,
    },
];

/// What the linker's optimiser does for size beyond `opt-level = "z"`: functions of a few instructions are inlined, which is shorter than
/// calling them, those with many locals are not, and field elements are copied by one instruction instead of four loads and stores.
const COMPACT: &str = "-Cllvm-args=-inline-threshold=20 -inline-max-stacksize=1000 -max-store-memcpy=1 -max-store-memmove=1 -max-store-memset=1";

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

/// Builds the package and holds it to its budget.
pub(crate) fn build() -> Result<()> {
    let package = root().join("pkg");
    let glue = package.join("wasm");
    empty(&glue)?;
    for module in &MODULES {
        make_glue(&module.compile()?, module.name, &glue)?;
        optimise(&module.file(&glue))?;
    }
    empty(&package.join("dist"))?;
    let compiler = package.join("node_modules/typescript/bin/tsc");
    run(command("node", &[]).arg(compiler).current_dir(package))?;
    MODULES
        .iter()
        .try_for_each(|module| module.check_size(&glue))
}

impl Module {
    /// Where the module lies beside its glue.
    fn file(&self, glue: &Path) -> PathBuf {
        glue.join(format!("{}_bg.wasm", self.name))
    }

    /// Compiles the crate as a module alone: with a Rust library beside it, nothing would be optimised across crates.
    fn compile(&self) -> Result<PathBuf> {
        let mut build = cargo(&[
            "rustc",
            "--profile=wasm",
            "--target=wasm32-unknown-unknown",
            "--package=tensorseal-wasm",
            "--lib",
            "--crate-type=cdylib",
            "--no-default-features",
            "--features",
            self.features,
            "--",
            COMPACT,
        ]);
        let flags = without_machine_paths()?;
        run(build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")))?;
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        Ok(root()
            .join(target)
            .join("wasm32-unknown-unknown/wasm/tensorseal_wasm.wasm"))
    }

    fn check_size(&self, glue: &Path) -> Result<()> {
        let sizes = output(command("node", &["-e", SIZES]).arg(self.file(glue)))
            .context("cannot measure the module")?;
        let sizes: Vec<usize> = sizes
            .split(' ')
            .map_while(|size| size.parse().ok())
            .collect();
        let [raw, gzip, brotli] = sizes[..] else {
            bail!("cannot read the module's sizes");
        };
        let (name, budget) = (self.name, self.brotli_budget);
        eprintln!("{name}.wasm: {raw} bytes, gzip {gzip}, brotli {brotli} of {budget}");
        if brotli > budget {
            bail!("{name}.wasm is over its size budget");
        }
        Ok(())
    }
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

fn make_glue(module: &Path, name: &str, folder: &Path) -> Result<()> {
    let mut bindgen = command(
        "wasm-bindgen",
        &[
            "--target=web",
            "--omit-default-module-path",
            "--remove-name-section",
            "--remove-producers-section",
            "--out-name",
            name,
        ],
    );
    run(bindgen.arg("--out-dir").arg(folder).arg(module))
}

/// Makes the module smaller. Inlining is left out: it saves bytes before compression and costs some after it.
fn optimise(module: &Path) -> Result<()> {
    let tool = root().join("pkg/node_modules/binaryen/bin/wasm-opt");
    let mut optimiser = command("node", &[]);
    optimiser
        .arg(tool)
        .args(WASM_FEATURES)
        .args([
            "-Oz",
            "--converge",
            "--strip-target-features",
            "--flexible-inline-max-function-size=0",
            "--one-caller-inline-max-function-size=0",
            "--always-inline-max-function-size=0",
            "-o",
        ])
        .arg(module)
        .arg(module);
    run(&mut optimiser)
}
