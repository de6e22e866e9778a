//! ONNX's node tests, proved: whatever becomes layers and can be quantised is proved on the test's own input, the proof verifies, and
//! what it says is the expected output up to the rounding of 8-bit activations.

use crate::conformance::{Case, cases};
use crate::lowering::graph;
use crate::program::verdict;
use std::collections::BTreeMap;
use tensorseal_model::graph::{FloatGraph, Tensor};
use tensorseal_model::layered::LayeredGraph;
use tensorseal_model::program::{Lowered, lower, witness};
use tensorseal_model::quantise::{QuantiseOptions, quantise};
use tensorseal_protocol::generate;
use tensorseal_protocol::random::DeterministicRandom;
use tensorseal_protocol::srs::Srs;
use tensorseal_prover::Threads;

/// How far an output may be from its expected value, as a part of the largest: a few steps of 8 bits.
pub(crate) const TOLERANCE: f64 = 0.04;
/// The longest columns that are tried: what needs longer ones is too large for a test.
const MAX_LOG_ROWS: u32 = 14;

/// Tests that are proved.
pub(crate) const PROVED: usize = 259;
/// Tests that become layers but are not proved, by operator, and why.
pub(crate) const NOT_PROVED: &[(&str, &str, usize)] = &[
    ("AveragePool", SIZE, 1),
    ("AveragePool", ROUNDING, 2),
    ("AveragePool", LIMITS, 2),
    ("MaxPool", SIZE, 1),
    ("Mish", LIMITS, 1),
    ("Round", ROUNDING, 1),
    ("ThresholdedRelu", ROUNDING, 1),
    ("Tile", SIZE, 1),
];

const LIMITS: &str = "more work for a verifier than the proof system allows";
const ROUNDING: &str = "further off than the tolerance at 8 bits: a step of the function at the input, or a mean much smaller than what it is of";
const SIZE: &str = "columns longer than the test makes";

/// What became of a test.
enum Fate {
    Proved,
    /// The reason, in a word or two.
    Not(&'static str),
}

fn prove_case(graph: &FloatGraph, inputs: &[Vec<f32>], srs: &Srs) -> Option<Fate> {
    let layered = LayeredGraph::lower(graph).ok()?;
    let samples = vec![inputs.to_vec()];
    let integer = match quantise(&layered, &samples, &QuantiseOptions::default()) {
        Ok(integer) => integer,
        Err(error) => {
            println!("  {error}");
            return Some(Fate::Not("no quantised form"));
        }
    };
    if integer.log_rows > MAX_LOG_ROWS {
        return Some(Fate::Not(SIZE));
    }
    let trace = integer
        .infer(&integer.quantise_inputs(inputs).unwrap())
        .unwrap();
    let outputs = integer.outputs(&trace).unwrap();
    let slices: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let expected = graph.run(&slices).unwrap();
    for ((port, integers), expected) in integer.outputs.iter().zip(&outputs).zip(&expected) {
        let expected = Tensor::as_floats(expected).unwrap();
        let largest = expected.iter().fold(0.0f32, |most, x| most.max(x.abs()));
        for (actual, expected) in port.dequantise(integers).iter().zip(expected) {
            let error = f64::from((actual - expected).abs());
            if error > TOLERANCE * f64::from(largest) {
                println!("  {actual} for {expected}");
                return Some(Fate::Not(ROUNDING));
            }
        }
    }
    let Lowered {
        program, weights, ..
    } = match lower(&integer) {
        Ok(lowered) => lowered,
        Err(error) => {
            println!("  {error}");
            return Some(Fate::Not(LIMITS));
        }
    };
    let random = &mut DeterministicRandom::new([11; 32]);
    let tools = (&Threads, &mut *random as &mut _);
    let key = generate(program, weights, vec![], srs, tools, &mut |_, _| ()).unwrap();
    let program = key.verifying().program();
    let witness = witness(program, &trace).unwrap();
    let verdict = verdict(&key, &witness, (&Threads, random));
    assert_eq!(verdict.public.len(), integer.outputs.len());
    Some(Fate::Proved)
}

fn fate(case: &Case, srs: &Srs) -> Option<Fate> {
    // With all floats as inputs, or the first one alone, the others being its parameters.
    let graphs = [graph(case, |_| true), graph(case, |index| index == 0)];
    let mut fates = graphs
        .iter()
        .flatten()
        .filter(|(_, inputs)| !inputs.is_empty())
        .filter_map(|(graph, inputs)| prove_case(graph, inputs, srs));
    fates.next()
}

#[test]
#[ignore = "slow: hundreds of proofs"]
fn node_tests_are_proved() {
    let srs = Srs::development(15, &mut DeterministicRandom::new([3; 32])).unwrap();
    let mut proved = 0;
    let mut others: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for case in cases() {
        println!("{}", case.name);
        match fate(case, &srs) {
            Some(Fate::Proved) => proved += 1,
            Some(Fate::Not(why)) => {
                println!("  {why}");
                *others.entry((case.operator.clone(), why)).or_default() += 1;
            }
            None => {}
        }
    }
    let others: Vec<(&str, &str, usize)> = others
        .iter()
        .map(|((operator, why), count)| (operator.as_str(), *why, *count))
        .collect();
    assert_eq!((proved, &others[..]), (PROVED, NOT_PROVED));
}
