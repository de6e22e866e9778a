//! A model with a large table, made by hand: `compile` makes none yet.

use std::fs;
use std::path::Path;

use tensorseal_protocol::cq::{
    CachedTable, NoCheckpoints, Preprocessor, TableContents, Visibility,
};
use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::program::{Program, ProgramParts, Tensor, place};
use tensorseal_protocol::random::PlatformRandom;
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::table::{Outputs, Segment, Table};
use tensorseal_protocol::{Cell, Model, ProveOptions, Witness, generate_with_tables, prove};
use tensorseal_prover::Threads;

use super::{code, json, stderr, tensorseal};

const LOG_ROWS: u32 = 5;
const KNOWN: &str = "values and tags proved by the key, outputs committed";

/// Three cells that are squared by a table of 32 rows.
fn program(contents: &TableContents) -> Program {
    let tensor = Tensor {
        positions: Vec::new(),
        channels: 3,
        segment: 0,
        blocks: Vec::new(),
    };
    let (tensors, lanes) = place(vec![tensor], 6, &|_| 1);
    let parts = ProgramParts {
        log_rows: 6,
        lanes,
        log_weight_rows: 1,
        log_weight_columns: 1,
        table: Table {
            shift: 1,
            segments: Vec::new(),
        },
        large_tables: vec![contents.describe().unwrap()],
        tensors,
        layers: Vec::new(),
        inputs: vec![0],
        outputs: Vec::new(),
    };
    Program::new(parts).unwrap()
}

/// Writes a key, a proof and the table's cached points.
fn write(folder: &Path) {
    let segment = Segment {
        start: -8,
        length: 20,
        outputs: Outputs::Values((-8..12).map(|value| value * value).collect()),
    };
    let contents = TableContents {
        log_rows: LOG_ROWS,
        visibility: Visibility::Public,
        segments: vec![segment],
    };
    let program = program(&contents);
    let random = &mut PlatformRandom;
    let srs = Srs::development_with_g2(8, 1 << LOG_ROWS, (&Threads, random)).unwrap();
    let mut preprocessor = Preprocessor {
        backend: &Threads,
        checkpoints: &mut NoCheckpoints,
        progress: &mut |_, _| (),
    };
    let points = CachedTable::compute(&contents, (&program, 0), &srs, &mut preprocessor).unwrap();
    fs::write(folder.join("table.tscq"), points.to_bytes()).unwrap();
    let cells = [3, -2, 0].map(|pre| Cell {
        rem: 0,
        pre,
        out: pre * pre,
    });
    let witness = Witness::new(&program, vec![cells.into()]).unwrap();
    let mut weights = WeightMatrix::zero(2, 2);
    weights.set(0, 0, 1);
    let model = Model {
        program,
        tables: &[contents],
        weights,
        annotation: Vec::new(),
    };
    let mut key = generate_with_tables(model, &srs, (&Threads, random), &mut |_, _| ()).unwrap();
    key.attach_table(0, points.into()).unwrap();
    fs::write(folder.join("model.vk"), key.verifying().to_bytes()).unwrap();
    let options = ProveOptions {
        public: &[0],
        context: &[],
    };
    let proof = prove(&key, &witness, &options, (&Threads, random)).unwrap();
    fs::write(folder.join("one.proof"), proof.to_bytes()).unwrap();
}

#[test]
fn verify_says_what_is_known_of_large_tables_and_inspect_knows_their_points() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (key, proof) = (path("model.vk"), path("one.proof"));
    let verify = ["verify", "--dev", "--json", "--key", &key, &proof];
    let one = tensorseal(&verify);
    assert_eq!(code(&one), 0, "{}", stderr(&one));
    assert_eq!(json(&one)["large_tables"], KNOWN);
    assert_eq!(
        json(&one)["public"][0]["integers"],
        serde_json::json!([9, 4, 0])
    );
    let many = tensorseal(&[&verify[..], &[&proof]].concat());
    assert_eq!(json(&many)["models"][0]["large_tables"], KNOWN);
    let words = tensorseal(&["verify", "--dev", "--key", &key, &proof]);
    assert!(String::from_utf8_lossy(&words.stdout).contains(KNOWN));

    let points = tensorseal(&["inspect", "--json", &path("table.tscq")]);
    assert_eq!(code(&points), 0, "{}", stderr(&points));
    assert_eq!(json(&points)["table rows"], 1 << LOG_ROWS);
    assert_eq!(json(&points)["rows here"], 1 << LOG_ROWS);
    let facts = json(&tensorseal(&["inspect", "--json", &key]));
    assert_eq!(facts["large tables"][0]["segments"], 1);

    // F(z), in front of the three quotients, the powers up to τ^32 in both groups and the length of no annotation.
    let mut bytes = fs::read(&key).unwrap();
    let place = bytes.len() - 4 - 5 * (32 + 64) - 4 * 32;
    bytes[place] ^= 1;
    fs::write(&key, bytes).unwrap();
    let refused = tensorseal(&verify);
    assert_ne!(code(&refused), 0);
    assert!(
        stderr(&refused).contains("large tables"),
        "{}",
        stderr(&refused)
    );
}
