//! Embeddings as the prover might like them to be: rows, chunks and entries that are not those of the table.

use crate::networks::embeddings;
use crate::program::sealed;
use tensorseal_model::integer::{Conversion, Function};
use tensorseal_model::program::{lift, lower, witness};
use tensorseal_model::quantise::{QuantiseOptions, quantise};
use tensorseal_model::{InferenceError, program::Description};
use tensorseal_model::{IntegerGraph, ValidGraph};
use tensorseal_protocol::random::DeterministicRandom;
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{
    ProveError, ProveOptions, ProvingKey, PublicTensor, VerifyOptions, Witness, prove, verify,
};
use tensorseal_prover::Threads;

/// Rows of the tables.
const ROWS: usize = 60;
/// Bits of an entry.
const BITS: u32 = 8;

fn graph() -> (ValidGraph, Vec<Vec<f32>>) {
    let mut net = embeddings(3);
    let samples = net.samples(24);
    let graph = quantise(&net.graph, &samples, &QuantiseOptions::default()).unwrap();
    (graph, samples.into_iter().next().unwrap())
}

fn run(graph: &ValidGraph, honest: &ProvingKey, sample: &[Vec<f32>]) -> Witness {
    let inputs = graph.quantise_inputs(sample).unwrap();
    let trace = graph.infer(&inputs).unwrap();
    witness(honest.verifying().program(), &trace).unwrap()
}

/// What becomes of a proof of this witness that reveals the indices and the output.
fn accepted(key: &ProvingKey, witness: &Witness) -> Result<(), ProveError> {
    let program = key.verifying().program();
    let public = [program.inputs(), program.outputs()].concat();
    revealing(key, witness, &public).map(|_| ())
}

/// What a proof of this witness tells that reveals these tensors.
fn revealing(
    key: &ProvingKey,
    witness: &Witness,
    public: &[u32],
) -> Result<Vec<PublicTensor>, ProveError> {
    let random = &mut DeterministicRandom::new([5; 32]);
    let options = ProveOptions {
        public,
        context: &[],
    };
    let proof = prove(key, witness, &options, (&Threads, random))?;
    let accept = VerifyOptions {
        allow_development_setup: true,
        ..VerifyOptions::default()
    };
    let verdict = verify(key.verifying(), &proof.to_bytes(), &accept).unwrap();
    Ok(verdict.public)
}

fn key(graph: &ValidGraph) -> ProvingKey {
    let random = &mut DeterministicRandom::new([7; 32]);
    let srs = Srs::development_with_g2(14, 1 << 10, (&Threads, random)).unwrap();
    sealed(lower(graph).unwrap(), &srs, random)
}

#[test]
fn hidden_indices_are_proved_and_not_told() {
    let (graph, sample) = graph();
    let key = key(&graph);
    let program = key.verifying().program();
    let &[indices, numbers] = program.inputs() else {
        panic!("{:?}", program.inputs())
    };
    let public = [&[numbers], program.outputs()].concat();
    let trace = graph.infer(&graph.quantise_inputs(&sample).unwrap());
    let trace = trace.unwrap();
    let honest = witness(program, &trace).unwrap();
    let told = revealing(&key, &honest, &public).unwrap();
    let tensors: Vec<u32> = told.iter().map(|public| public.tensor() as u32).collect();
    assert_eq!(tensors, public);
    assert!(!tensors.contains(&indices));
    let outputs = graph.outputs(&trace).unwrap();
    assert_eq!(told[1].values(), outputs[0]);
    // What is looked up are the rows of the hidden indices: of another index there is no proof, and of none of the table no witness.
    let with = |cell: usize, step: i64| {
        let mut other = trace.clone();
        let index = &mut other.tensors[indices as usize][cell];
        index.pre += step;
        index.out += step;
        witness(program, &other)
    };
    for (cell, step) in [(0, 1), (7, -1)] {
        let told = revealing(&key, &with(cell, step).unwrap(), &public);
        assert_eq!(told, Err(ProveError::Unsatisfied), "{cell} {step}");
    }
    assert!(with(3, ROWS as i64).is_err() && with(3, -(ROWS as i64)).is_err());
}

#[test]
fn no_other_row_chunk_or_entry_has_a_proof() {
    let (graph, sample) = graph();
    let key = key(&graph);
    assert_eq!(accepted(&key, &run(&graph, &key, &sample)), Ok(()));
    let chunks = || {
        let layers = graph.layers.iter().enumerate();
        let hidden = layers.filter(|(_, layer)| graph.large_table_of(layer.segment).is_some());
        hidden.map(|(index, _)| index)
    };
    // Three chunks of the wide table, one of the narrow one.
    assert_eq!(chunks().count(), 4);
    let cheat = |change: &dyn Fn(&mut IntegerGraph), sample: &[Vec<f32>]| {
        let mut other = graph.clone().into_inner();
        change(&mut other);
        let other = ValidGraph::new(other).unwrap();
        accepted(&key, &run(&other, &key, sample))
    };
    for chunk in chunks() {
        // The next row, and the row before for indices of which there is one: everything else follows from it.
        for step in [1, -1] {
            let row = |other: &mut IntegerGraph| {
                other.layers[chunk].bias[0] += step << other.shift;
            };
            let mut safe = sample.clone();
            safe[0].fill(7.0);
            assert_eq!(accepted(&key, &run(&graph, &key, &safe)), Ok(()));
            assert_eq!(cheat(&row, &safe), Err(ProveError::Unsatisfied));
        }
        // Entries that are not in the table: the lowest bit of each, and the first two of a chunk exchanged.
        let segment = graph.layers[chunk].segment;
        let with = |change: &dyn Fn(i64) -> i64| {
            let change = |other: &mut IntegerGraph| {
                let Function::Values(values) = &mut other.segments[segment].function else {
                    panic!("chunks are values")
                };
                values
                    .iter_mut()
                    .skip(1)
                    .for_each(|value| *value = change(*value));
            };
            cheat(&change, &sample)
        };
        assert_eq!(with(&|value| value ^ 1), Err(ProveError::Unsatisfied));
        let swapped = |value: i64| {
            let mask = (1 << BITS) - 1;
            let (low, high) = (value & mask, (value >> BITS) & mask);
            value ^ (low ^ high) ^ ((low ^ high) << BITS)
        };
        if graph.layers[chunk + 1].segment == segment + 1 {
            assert_eq!(with(&swapped), Err(ProveError::Unsatisfied));
        }
    }
}

#[test]
fn the_tables_are_secret_and_come_back_from_the_key() {
    let (graph, _) = graph();
    let [table] = graph.large_tables[..] else {
        panic!("{:?}", graph.large_tables)
    };
    // Five entries of eight bits fill a chunk of 13 channels in three; the bounds say their bits and no more.
    assert_eq!(table.hidden, Some((0, (1 << (BITS * 5)) - 1)));
    let lowered = lower(&graph).unwrap();
    assert!(lowered.program.large_tables()[0].hidden);
    let description = Description::of(&graph);
    let parts = (&lowered.weights, &lowered.tables[..]);
    let lifted = lift(&lowered.program, parts, &description).unwrap();
    assert_eq!(lifted.segments, graph.segments);
    let words = String::from_utf8(description.to_bytes()).unwrap();
    assert!(words.contains(&format!("\"rows\":{ROWS}")) && words.contains("\"inner\":true"));
}

#[test]
fn only_rows_of_the_table_are_inputs() {
    let (graph, sample) = graph();
    assert_eq!(graph.inputs[0].conversion, Conversion::Rows { rows: ROWS });
    for wrong in [-1.0, 0.5, ROWS as f32, 1e30, f32::MIN_POSITIVE] {
        let mut inputs = sample.clone();
        inputs[0][3] = wrong;
        let error = graph.quantise_inputs(&inputs).unwrap_err();
        let refused = matches!(
            error,
            InferenceError::NoRow {
                element: 3,
                rows: ROWS,
                ..
            }
        );
        assert!(refused, "{error}");
        // Never forced into range.
        assert!(graph.infer_saturating(&inputs).is_err());
    }
    let codes = vec![vec![ROWS as i64; 8], vec![0; 24]];
    assert!(matches!(
        graph.infer(&codes),
        Err(InferenceError::InputCode { .. })
    ));
}
