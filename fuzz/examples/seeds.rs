//! Writes the seeds that are no copies of files in this repository: tiny setups, keys and cached points in the form that their targets
//! take apart, and ONNX networks with every supported operator. `seed.sh` runs it.

use std::fs;
use std::path::{Path, PathBuf};

use common::{
    Dim, ModelBuilder, attribute_float, attribute_int, attribute_ints, attribute_tensor, ints,
};
use tensorseal_model::graph::FloatGraph;
use tensorseal_protocol::backend::Reference;
use tensorseal_protocol::cq::{CachedTable, NoCheckpoints, PlacedTable, Preprocessor};
use tensorseal_protocol::srs::{Setup, Srs};
use tensorseal_protocol::{ProvingKey, VerifyingKey};

#[path = "../../crates/model/tests/suite/common.rs"]
#[allow(dead_code, unused_macros)]
mod common;

/// Mark, version and setup of a verifying key.
const START: usize = 4 + 2 + Setup::BYTES;
const DIGEST: usize = 32;

fn main() {
    let ptau = vector("fixtures/powersOfTau28_hez_final_11.ptau");
    for power in [1, 2] {
        let ptau = shortened(&ptau, power);
        let (srs, _) = Srs::from_ptau(&ptau, None).expect("a shorter file of the same ceremony");
        write("ptau", &format!("power_{power}"), &ptau);
        let setup = srs.to_bytes(None);
        write("setup_file", &format!("power_{power}"), &setup);
        let without_digest = &setup[..setup.len() - DIGEST];
        write("setup_file", &format!("power_{power}_body"), without_digest);
    }
    for name in ["demo", "toy", "convolutional", "large", "hidden"] {
        let key = vector(&format!("vectors/{name}/model.vk"));
        write("verifying_key", &format!("{name}_tail"), &key[START..]);
        let key = VerifyingKey::from_bytes(&key).expect("a key of this repository");
        write("annotation", name, key.annotation());
    }
    write(
        "verifying_key",
        "first_version_tail",
        &vector("vectors/v1/toy/model.vk")[START..],
    );
    write("proving_key", "toy_pieces", &pieces("toy"));
    let hidden = pieces("hidden");
    write("proving_key", "hidden_pieces", &hidden);
    write(
        "proving_key",
        "hidden_pieces_of_values",
        &with_values(&hidden),
    );
    let points = cached_points(&ptau);
    write("cached_table", "all_rows", &points.to_bytes());
    let few = points.slice(|row| row % 16 == 3);
    write("cached_table", "few_rows", &few.to_bytes());
    write(
        "cached_table",
        "few_rows_without_digests",
        &without_digests(&few),
    );
    write("bundle", "demo_pieces", &bundle_pieces());
    let secret = vector("vectors/demo/committed.secret");
    let key = vector("vectors/demo/model.vk");
    // Mark, version, length of the key.
    let behind_key = &secret[4 + 2 + 4 + key.len()..];
    write("opening_secret", "demo_tail", behind_key);
    for (name, model) in networks() {
        let model = model.build();
        if let Err(error) = FloatGraph::from_onnx(&model) {
            panic!("{name}: {error}");
        }
        write("onnx", name, &model);
    }
    for (name, array) in arrays() {
        write("data", name, &array);
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn vector(name: &str) -> Vec<u8> {
    let path = root().join("../tests").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write(target: &str, name: &str, bytes: &[u8]) {
    let folder = root().join("corpus").join(target);
    fs::create_dir_all(&folder).expect("a folder for the corpus");
    fs::write(folder.join(name), bytes).expect("a seed");
}

/// A `.ptau` file with the first points of each section that is read.
fn shortened(file: &[u8], power: u32) -> Vec<u8> {
    let number = |at: usize| u32::from_le_bytes(file[at..][..4].try_into().expect("four bytes"));
    let powers = 1 << power;
    let mut sections = Vec::new();
    let mut at = 12;
    for _ in 0..number(8) {
        // No section of the fixture has 2^32 bytes.
        let (id, size) = (number(at), number(at + 4) as usize);
        let payload = &file[at + 12..][..size];
        at += 12 + size;
        let mut payload = match id {
            1 | 6 => payload,
            2 => &payload[..(2 * powers - 1) * 64],
            3 => &payload[..powers * 128],
            4 | 5 => &payload[..powers * 64],
            _ => continue,
        }
        .to_vec();
        if id == 1 {
            payload[36..40].copy_from_slice(&power.to_le_bytes());
        }
        sections.push((id, payload));
    }
    let mut out = b"ptau\x01\0\0\0".to_vec();
    out.extend((sections.len() as u32).to_le_bytes());
    for (id, payload) in sections {
        out.extend(id.to_le_bytes());
        out.extend((payload.len() as u64).to_le_bytes());
        out.extend(payload);
    }
    out
}

/// The form of the target `proving_key`.
fn pieces(name: &str) -> Vec<u8> {
    let [key, verifying] = ["pk", "vk"].map(|kind| vector(&format!("vectors/{name}/model.{kind}")));
    let length = (verifying.len() - START) as u16;
    // Mark, version, length of the verifying key.
    let secret = &key[4 + 2 + 4 + verifying.len()..];
    [&length.to_le_bytes(), &verifying[START..], secret].concat()
}

/// The pieces of the key with a hidden table, the table's function as a list of outputs in place of two bounds.
fn with_values(pieces: &[u8]) -> Vec<u8> {
    // A kind, low and high stand last.
    let (front, bounds) = pieces.split_at(pieces.len() - 9);
    assert_eq!(bounds[0], 0, "a clamp");
    let outputs = (-13i8..13).map(|value| value.clamp(0, 7) as u8);
    let outputs: Vec<u8> = outputs.collect();
    let count = (outputs.len() as u32).to_le_bytes();
    // The kind, the bytes of a value, and how many values.
    [front, &[1, 1], &count, &outputs].concat()
}

/// The points of the table of 2⁵ rows that a key in this repository has.
fn cached_points(ptau: &[u8]) -> CachedTable {
    let key = ProvingKey::from_bytes(&vector("vectors/hidden/model.pk"));
    let key = key.expect("a key of this repository");
    let (srs, _) = Srs::from_ptau(ptau, None).expect("a file of a ceremony");
    let mut preprocessor = Preprocessor {
        backend: &Reference,
        checkpoints: &mut NoCheckpoints,
        progress: &mut |_, _| (),
    };
    // The key was made under another setup, which the points do not mind.
    let place = (key.verifying().program(), 0);
    let place = PlacedTable::new(&key.table_contents()[0], place, srs.setup().digest());
    let points = place.and_then(|place| CachedTable::compute(&place, &srs, &mut preprocessor));
    points.expect("the table of the key")
}

/// The second form of the target `cached_table`.
fn without_digests(table: &CachedTable) -> Vec<u8> {
    let bytes = table.to_bytes();
    let (header, rows) = bytes.split_at(CachedTable::HEADER_BYTES);
    let rows = rows.chunks(CachedTable::ROW_BYTES);
    let rows = rows.flat_map(|row| &row[..CachedTable::ROW_BYTES - DIGEST]);
    header.iter().chain(rows).copied().collect()
}

/// The form of the target `bundle`.
fn bundle_pieces() -> Vec<u8> {
    let bundle = vector("vectors/demo/answers.bundle");
    let key = vector("vectors/demo/model.vk");
    // Mark, version, two lengths, digest.
    let rest = &bundle[4 + 2 + 4 + 4 + DIGEST..];
    [&(key.len() as u16).to_le_bytes(), &[2][..], rest].concat()
}

fn arrays() -> Vec<(&'static str, Vec<u8>)> {
    let array = |version: u8, header: &str, data: &[u8]| {
        let length = (header.len() as u32).to_le_bytes();
        let length = if version == 1 { &length[..2] } else { &length };
        [
            b"\x93NUMPY",
            &[version, 0][..],
            length,
            header.as_bytes(),
            data,
        ]
        .concat()
    };
    let header = |dtype: &str, shape: &str| {
        format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n")
    };
    vec![
        ("npy_f4", array(1, &header("<f4", "(2, 3)"), &[0; 24])),
        ("npy_f8", array(2, &header("<f8", "(2,)"), &[0; 16])),
        ("npy_i8", array(3, &header("<i8", "()"), &[1; 8])),
        ("npy_u1", array(1, &header("|u1", "(1, 2, 2)"), &[9; 4])),
        ("npy_empty", array(1, &header("<u2", "(0, 7)"), &[])),
        (
            "json",
            br#"{"x": [[1, -2.5e0], [3, 4]], "labels": [0, 1]}"#.to_vec(),
        ),
    ]
}

fn networks() -> Vec<(&'static str, ModelBuilder)> {
    let weights = [1.0, -2.0, 0.5, 0.25, 1.0, 1.0, -1.0, 2.0];
    let dense = ModelBuilder::new(13, 4)
        .floats("w", &[4, 2], &weights)
        .floats("b", &[2], &[0.5, -0.5])
        .floats("v", &[2], &[1.0, 2.0])
        .node("Shape", &["x"], "s")
        .with(
            "Constant",
            &[],
            "i",
            &[attribute_tensor("value", &ints("", &[1], &[0]))],
        )
        .with("Gather", &["s", "i"], "n", &[attribute_int("axis", 0)])
        .ints("rest", &[1], &[-1])
        .with("Concat", &["n", "rest"], "t", &[attribute_int("axis", 0)])
        .node("Reshape", &["x", "t"], "flat")
        .with(
            "Gemm",
            &["flat", "w", "b"],
            "h",
            &[attribute_float("alpha", 2.0)],
        )
        .node("BatchNormalization", &["h", "v", "b", "b", "v"], "n2")
        .node("Tanh", &["n2"], "a")
        .node("Mul", &["a", "v"], "m")
        .node("Transpose", &["w"], "wt")
        .node("MatMul", &["m", "wt"], "o")
        .node("Relu", &["o"], "r")
        .node("LogSoftmax", &["r"], "y");
    let activations = ModelBuilder::new(17, 2)
        .floats("w", &[2, 2], &[1.0, 2.0, -3.0, 4.0])
        .floats("v", &[2], &[1.5, -2.0])
        .floats("low", &[], &[-1.0])
        .floats("high", &[], &[6.0])
        .with("Dropout", &["x"], "d", &[])
        .with("LeakyRelu", &["d"], "l", &[attribute_float("alpha", 0.25)])
        .with("Gemm", &["l", "w"], "g", &[attribute_int("transB", 1)])
        .node("Clip", &["g", "low", "high"], "c")
        .node("Add", &["c", "v"], "p")
        .node("MatMul", &["p", "w"], "q")
        .node("Sigmoid", &["q"], "e")
        .node("Sub", &["v", "e"], "f")
        .node("Div", &["f", "v"], "h")
        .node("Identity", &["h"], "k")
        .with("ArgMax", &["k"], "y", &[attribute_int("axis", 1)]);
    let shapes = [Dim::Named("N"), Dim::Fixed(2), Dim::Fixed(1)];
    let shapes = ModelBuilder::with_input(11, &shapes)
        .with("Squeeze", &["x"], "a", &[attribute_ints("axes", &[2])])
        .with("Unsqueeze", &["a"], "b", &[attribute_ints("axes", &[1])])
        .with("Flatten", &["b"], "c", &[attribute_int("axis", 1)])
        .with("Cast", &["c"], "d", &[attribute_int("to", 1)])
        .node("Relu", &["d"], "e")
        .with("Softmax", &["e"], "y", &[attribute_int("axis", 1)]);
    vec![
        ("dense", dense),
        ("activations", activations),
        ("shapes", shapes),
    ]
}
