//! What an interruption leaves: whole files, and none that nobody needs.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::large_tables::Large;
use super::{code, names, stderr, within};

/// A shell that waits for a line to interrupt a process, for starting one takes longer than many a write.
struct Interrupter(Child);

impl Interrupter {
    fn of(child: &Child) -> Self {
        let script = format!("read line && kill -INT {}", child.id());
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &script]).stdin(Stdio::piped()).spawn();
        Self(shell.unwrap())
    }

    /// Interrupts the process if it still runs.
    fn end(mut self, runs: bool) {
        let mut line = self.0.stdin.take().unwrap();
        if runs {
            line.write_all(b"\n").unwrap();
        }
        drop(line);
        self.0.wait().unwrap();
    }
}

/// Starts the command and interrupts it as soon as there is such a file in the folder; the exit code and what it said on standard error.
fn interrupted_at(
    (folder, is_there): (&Path, &dyn Fn(&str) -> bool),
    arguments: &[&str],
) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tensorseal"))
        .args(arguments)
        .env("TENSORSEAL_CACHE", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let interrupter = Interrupter::of(&child);
    let start = Instant::now();
    let mut runs = true;
    while runs && !names(folder).iter().any(|name| is_there(name)) {
        std::thread::sleep(Duration::from_micros(100));
        assert!(start.elapsed() < Duration::from_secs(60), "{arguments:?}");
        runs = child.try_wait().unwrap().is_none();
    }
    interrupter.end(runs);
    let output = child.wait_with_output().unwrap();
    (output.status.code(), stderr(&output))
}

fn is_temporary(name: &str) -> bool {
    name.ends_with(".tmp")
}

#[test]
fn an_interrupted_write_leaves_no_file() {
    // Should the file have been written before the interruption came, another try is due.
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let file = within(folder.path(), "large.srs");
        let setup = ["setup", "--dev", "--power", "16", "-o", &file];
        let (code, words) = interrupted_at((folder.path(), &is_temporary), &setup);
        let left = names(folder.path());
        assert!(!left.iter().any(|name| is_temporary(name)), "{left:?}");
        if left.is_empty() {
            assert_eq!(code, Some(130), "{words}");
            assert!(words.contains("no file was left half-written"), "{words}");
            return;
        }
    }
    panic!("no interruption came while the file was written");
}

#[test]
fn an_interrupted_preprocessing_keeps_whole_parts_and_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let large = Large::of_1024_rows(&folder.path().join("sealed"));
    let (sealed, srs) = (large.sealed(), Large::srs());
    let is_part = |name: &str| name.ends_with(".lagrange");
    let compile = large.compile_arguments();
    let compile: Vec<&str> = compile.iter().map(String::as_str).collect();
    let (exit, words) = interrupted_at((&cache, &is_part), &compile);
    assert_eq!(exit, Some(130), "{words}");
    let go_on = format!("tensorseal preprocess {sealed} --srs {srs}");
    assert!(
        words.contains("the keys are in") && words.contains(&go_on),
        "{words}"
    );
    assert_eq!(names(&sealed), ["model.pk", "model.vk", "report.json"]);
    let left = names(&cache);
    assert!(left.iter().any(|name| is_part(name)), "{left:?}");
    let whole = |left: &[String]| {
        !left
            .iter()
            .any(|name| name.ends_with(".tscq") || is_temporary(name))
    };
    assert!(whole(&left), "{left:?}");

    // What the message says, interrupted at the next part and then left alone.
    let preprocess = ["preprocess", &sealed, "--srs", &srs];
    let is_next = |name: &str| name.ends_with(".shared");
    let (exit, words) = interrupted_at((&cache, &is_next), &preprocess);
    assert_eq!(exit, Some(130), "{words}");
    assert!(words.contains("the same command goes on"), "{words}");
    let left = names(&cache);
    assert!(whole(&left), "{left:?}");
    let done = large.preprocess(&srs, &cache, &[]);
    assert_eq!(code(&done), 0, "{}", stderr(&done));
    let left = names(&cache);
    let tables = left.iter().filter(|name| name.ends_with(".tscq"));
    assert_eq!(tables.count(), 1, "{left:?}");
}
