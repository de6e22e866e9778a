//! With fixed randomness the bytes of keys and proofs are files in this repository. They must come out the same, and old proofs must
//! verify for ever.
//!
//! `TENSORSEAL_BLESS=1 cargo test -p tensorseal-tests` writes the files anew, which only a new format version may need.

use std::fs;
use std::path::{Path, PathBuf};

use tensorseal_model::data::DataFile;
use tensorseal_model::program::{Description, lift, lower, witness};
use tensorseal_model::quantise::QuantiseOptions;
use tensorseal_protocol::backend::{Backend, Reference};
use tensorseal_protocol::bundle::BundleWriter;
use tensorseal_protocol::random::DeterministicRandom;
use tensorseal_protocol::srs::{SetupOrigin, Srs};
use tensorseal_protocol::{
    OpeningSecret, ProveOptions, ProvingKey, Runs, VerifyOptions, VerifyingKey, Witness, generate,
    prove, prove_committed, verify, verify_opening,
};
use tensorseal_prover::Threads;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn model_file(name: &str) -> Vec<u8> {
    let path = root().join("../models").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The file's bytes, after writing `actual` to it when blessing.
fn golden(name: &str, actual: &[u8]) -> Vec<u8> {
    let path = root().join("vectors/demo").join(name);
    if std::env::var_os("TENSORSEAL_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, actual).unwrap();
    }
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn hermez() -> Srs {
    let path = root().join("fixtures/powersOfTau28_hez_final_11.ptau");
    let (srs, file) = Srs::from_ptau(&fs::read(path).unwrap(), None).unwrap();
    assert!(file.is_some(), "the fixture is a published file");
    srs
}

fn demo_key() -> ProvingKey {
    let calibration = DataFile::parse(&model_file("digits_demo_calibration.npz")).unwrap();
    let mut options = QuantiseOptions::default();
    options.log_rows = Some(11);
    options.activation_bits = Some(7);
    let onnx = model_file("digits_demo.onnx");
    let compiled = tensorseal_model::compile(&onnx, Some(&calibration), None, &options).unwrap();
    let lowered = lower(&compiled.integer).unwrap();
    let description = Description::of(&compiled.integer);
    let key = generate(
        lowered.program,
        lowered.weights,
        description.to_bytes(),
        &hermez(),
        (&Threads, &mut DeterministicRandom::new([1; 32])),
        &mut |_, _| (),
    )
    .unwrap();
    let lifted = lift(
        key.verifying().program(),
        (key.weights(), key.table_contents()),
        &description,
    )
    .unwrap();
    let mut graph = compiled.integer.into_inner();
    for layer in &mut graph.layers {
        (layer.pre_scale, layer.scale) = (1.0, 1.0);
    }
    assert_eq!(*lifted, graph, "a key gives its graph back");
    key
}

fn demo_witness(key: &ProvingKey) -> Witness {
    let description = Description::from_bytes(key.verifying().annotation()).unwrap();
    let graph = lift(
        key.verifying().program(),
        (key.weights(), key.table_contents()),
        &description,
    )
    .unwrap();
    let input = DataFile::parse(&model_file("digits_demo_input.json")).unwrap();
    let input = input
        .single(&graph.inputs[0].name, &graph.inputs[0].shape)
        .unwrap();
    let trace = graph
        .infer(&graph.quantise_inputs(&[input]).unwrap())
        .unwrap();
    witness(key.verifying().program(), &trace).unwrap()
}

fn demo_proof(key: &ProvingKey, backend: &impl Backend) -> Vec<u8> {
    let options = ProveOptions {
        public: key.verifying().program().outputs(),
        context: &[],
    };
    let random = &mut DeterministicRandom::new([2; 32]);
    prove(key, &demo_witness(key), &options, (backend, random))
        .unwrap()
        .to_bytes()
}

#[test]
fn keys_and_proofs_are_the_files_and_verify() {
    let key = demo_key();
    let verifying = key.verifying().to_bytes();
    assert!(
        golden("model.vk", &verifying) == verifying,
        "the verifying key's bytes changed"
    );
    let proof = demo_proof(&key, &Threads);
    assert!(
        golden("proof.bin", &proof) == proof,
        "the proof's bytes changed"
    );
    assert!(
        demo_proof(&key, &Reference) == proof,
        "the proof depends on the number of threads"
    );
}

#[test]
fn the_stored_proof_verifies_under_the_ceremony_without_leave() {
    let key = fs::read(root().join("vectors/demo/model.vk")).unwrap();
    let proof = fs::read(root().join("vectors/demo/proof.bin")).unwrap();
    let key = VerifyingKey::from_bytes(&key).unwrap();
    key.check_table(&hermez(), &Threads).unwrap();
    let verdict = verify(&key, &proof, &VerifyOptions::default()).unwrap();
    assert_eq!(verdict.setup, SetupOrigin::Hermez);
    assert_eq!(verdict.miller_loops, 4);
    assert_eq!(verdict.public[0].values().len(), 10);
}

/// Keys whose program is encoded as in the first version.
#[test]
fn a_proof_of_the_first_version_verifies() {
    let key = fs::read(root().join("vectors/v1/demo/model.vk")).unwrap();
    let proof = fs::read(root().join("vectors/v1/demo/proof.bin")).unwrap();
    let key = VerifyingKey::from_bytes(&key).unwrap();
    let verdict = verify(&key, &proof, &VerifyOptions::default()).unwrap();
    assert_eq!(verdict.setup, SetupOrigin::Hermez);
    assert_eq!(verdict.public[0].values().len(), 10);
}

#[test]
fn committed_proofs_openings_and_bundles_are_the_files_and_verify() {
    let key = demo_key();
    let witnesses = vec![demo_witness(&key); 3];
    let output = key.verifying().program().outputs();
    let random = &mut DeterministicRandom::new([3; 32]);
    let (proof, secret) = prove_committed(
        (&key, None),
        Runs::Batch(&witnesses),
        output,
        &ProveOptions::default(),
        (&Threads, random),
    )
    .unwrap();
    let proof = proof.to_bytes();
    assert!(
        golden("committed.bin", &proof) == proof,
        "the proof changed"
    );
    let secret_bytes = secret.to_bytes();
    assert!(
        golden("committed.secret", &secret_bytes) == secret_bytes,
        "the secret changed"
    );
    let read = OpeningSecret::from_bytes(&secret_bytes).unwrap();
    assert!(read.to_bytes() == secret_bytes, "a second encoding");
    let opening = secret.open(output[0], 1, hermez().powers(), (&Threads, random));
    let opening = opening.unwrap().to_bytes();
    assert!(
        golden("opening.bin", &opening) == opening,
        "the opening changed"
    );
    let mut writer = BundleWriter::new(key.verifying());
    let proofs = [demo_proof(&key, &Threads), proof.clone()];
    for proof in &proofs {
        writer.push(proof).unwrap();
    }
    let bundle = writer.finish().unwrap();
    assert!(
        golden("answers.bundle", &bundle) == bundle,
        "the bundle changed"
    );
    let options = VerifyOptions::default();
    let (verdict, opened) =
        verify_opening(key.verifying(), &proof, &[&opening], &options, &[]).unwrap();
    assert_eq!(
        (verdict.inferences, verdict.committed),
        (3, output.to_vec())
    );
    let expected: Vec<i64> = witnesses[1]
        .tensor(output[0] as usize)
        .iter()
        .map(|cell| cell.out)
        .collect();
    assert_eq!(opened[0].values, expected);
}

#[test]
fn every_flipped_bit_of_every_hundredth_byte_is_refused() {
    let key = fs::read(root().join("vectors/demo/model.vk")).unwrap();
    let proof = fs::read(root().join("vectors/demo/proof.bin")).unwrap();
    let key = VerifyingKey::from_bytes(&key).unwrap();
    for position in (0..proof.len()).step_by(97) {
        for bit in 0..8 {
            let mut altered = proof.clone();
            altered[position] ^= 1 << bit;
            let verdict = verify(&key, &altered, &VerifyOptions::default());
            assert!(verdict.is_err(), "byte {position}, bit {bit}");
        }
    }
}
