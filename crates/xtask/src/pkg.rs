//! The npm package: the module, its glue, the TypeScript around them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, command, output, root, run, target};

/// What the linker's optimiser does for size beyond `opt-level = "z"`: functions of a few instructions are inlined, which is shorter than
/// calling them, those with many locals are not, and field elements are copied by one instruction instead of four loads and stores.
const COMPACT: &str = "-Cllvm-args=-inline-threshold=20 -inline-max-stacksize=1000 -max-store-memcpy=1 -max-store-memmove=1 -max-store-memset=1";

/// wasm-opt for size. Inlining is left out: it saves bytes before compression and costs some after it.
const SMALLEST: &[&str] = &[
    "-Oz",
    "--converge",
    "--strip-target-features",
    "--flexible-inline-max-function-size=0",
    "--one-caller-inline-max-function-size=0",
    "--always-inline-max-function-size=0",
];

/// A module of the package.
struct Module {
    /// The name of its glue, and before `_bg.wasm` its own.
    name: &'static str,
    /// The crate.
    package: &'static str,
    /// Features of the crate.
    features: &'static str,
    profile: &'static str,
    /// Options of the compiler.
    flags: &'static [&'static str],
    /// Options of wasm-opt.
    optimiser: &'static [&'static str],
    /// Most bytes that it may have after compression with Brotli.
    brotli_budget: usize,
}

/// What every page downloads; what it downloads once it has openings or keys with large tables to check; what it proves with.
const MODULES: [Module; 3] = [
    Module {
        name: "verifier",
        package: "tensorseal-wasm",
        features: "",
        profile: "wasm",
        flags: &[COMPACT],
        optimiser: SMALLEST,
        brotli_budget: 60_000,
    },
    Module {
        name: "verifier_full",
        package: "tensorseal-wasm",
        features: "large-tables,openings",
        profile: "wasm",
        flags: &[COMPACT],
        optimiser: SMALLEST,
        brotli_budget: 69_000,
    },
    Module {
        name: "prover",
        package: "tensorseal-wasm-prover",
        features: "",
        profile: "wasm-prover",
        flags: &[],
        optimiser: &["-Os"],
        brotli_budget: 240_000,
    },
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

/// Builds the package and holds it to its budget.
pub(crate) fn build() -> Result<()> {
    let package = root().join("pkg");
    let glue = package.join("wasm");
    empty(&glue)?;
    for module in &MODULES {
        make_glue(&module.compile()?, module.name, &glue)?;
        module.optimise(&glue)?;
    }
    empty(&package.join("dist"))?;
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(root().join(license), package.join(license))?;
    }
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
        let mut build = cargo(&["rustc", "--target=wasm32-unknown-unknown"]);
        build
            .args(["--profile", self.profile, "--package", self.package])
            .args(["--lib", "--crate-type=cdylib", "--no-default-features"])
            .args(["--features", self.features, "--"])
            .args(self.flags);
        let flags = without_machine_paths()?;
        run(build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")))?;
        let file = format!("{}.wasm", self.package.replace('-', "_"));
        let folder = target().join("wasm32-unknown-unknown");
        Ok(folder.join(self.profile).join(file))
    }

    fn optimise(&self, glue: &Path) -> Result<()> {
        let file = self.file(glue);
        let tool = root().join("pkg/node_modules/binaryen/bin/wasm-opt");
        let mut optimiser = command("node", &[]);
        optimiser.arg(tool).args(WASM_FEATURES).args(self.optimiser);
        run(optimiser.arg("-o").args([&file, &file]))
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
