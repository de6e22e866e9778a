//! Lowering to the proof system's program: inference satisfies it, it gives its graph back, and its proofs verify.

use crate::networks::{Builder, convolutional, embeddings, maxima, residual};
use proptest::prelude::*;
use tensorseal_model::ValidGraph;
use tensorseal_model::program::{Description, LiftError, Lowered, lift, lower, witness};
use tensorseal_model::quantise::{QuantiseOptions, TableChoice, quantise};
use tensorseal_protocol::backend::{Backend, Reference};
use tensorseal_protocol::cq::{CachedTable, NoCheckpoints, Preprocessor};
use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::program::{BIAS_COLUMN_BITS, Layer, Program, Tensor, Term, Weights};
use tensorseal_protocol::random::DeterministicRandom;
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{
    Model, ProveOptions, ProvingKey, Verdict, VerifyOptions, Witness, generate_with_tables, prove,
    verify,
};
use tensorseal_prover::Threads;

const NETWORKS: [fn(u64) -> Builder; 4] = [convolutional, residual, maxima, embeddings];

fn quantised(net: &mut Builder) -> (ValidGraph, Vec<Vec<Vec<f32>>>) {
    quantised_with(net, &QuantiseOptions::default())
}

fn quantised_with(
    net: &mut Builder,
    options: &QuantiseOptions,
) -> (ValidGraph, Vec<Vec<Vec<f32>>>) {
    let samples = net.samples(24);
    let integer = quantise(&net.graph, &samples, options).unwrap();
    (integer, samples)
}

/// Tables in the columns, and for large tables more bits, whose shift takes limbs.
fn options() -> impl Strategy<Value = QuantiseOptions> {
    let large = |bits| {
        let options = QuantiseOptions::default().with_activation_bits(bits);
        options.with_tables(TableChoice::Large)
    };
    prop_oneof![
        Just(QuantiseOptions::default()),
        (8..=16u32).prop_map(large)
    ]
}

/// Every index of an array of these lengths, slowest first.
fn indices(lengths: &[u32]) -> Vec<Vec<u32>> {
    lengths.iter().fold(vec![vec![]], |all, &length| {
        all.iter()
            .flat_map(|index| (0..length).map(move |i| [index.as_slice(), &[i]].concat()))
            .collect()
    })
}

fn flat(index: &[u32], lengths: &[u32]) -> usize {
    let pairs = index.iter().zip(lengths);
    pairs.fold(0, |sum, (i, length)| sum * *length as usize + *i as usize)
}

/// What a term adds to output `o` at position `p`, from the program's own definition.
fn sum(
    (program, matrix): (&Program, &WeightMatrix),
    (term, output): (&Term, &Tensor),
    (p, o): (&[u32], u32),
    values: &[i64],
) -> i64 {
    let source = &program.tensors()[term.source as usize];
    let taps: Vec<u32> = term.maps.iter().map(|map| map.taps).collect();
    let channels = source.channels;
    let (block, row) = (o as usize / matrix.rows(), o as usize % matrix.rows());
    assert!(output.channels > o);
    let mut sum = 0;
    for t in indices(&taps) {
        let q: Option<Vec<u32>> = (0..p.len())
            .map(|axis| term.maps[axis].source(p[axis], t[axis], source.positions[axis]))
            .collect();
        let Some(q) = q else { continue };
        let at = flat(&q, &source.positions) * channels as usize;
        let run = |runs: &[u32]| runs[block * term.taps() + flat(&t, &taps)] as usize;
        sum += match &term.weights {
            Weights::Dense { runs } => (0..channels as usize)
                .map(|c| i64::from(matrix.row(row)[run(runs) + c]) * values[at + c])
                .sum::<i64>(),
            Weights::BlockDiagonal { runs } => {
                let first = block * matrix.rows();
                let width = matrix.rows().min(channels as usize - first);
                (0..width)
                    .map(|c| i64::from(matrix.row(row)[run(runs) + c]) * values[at + first + c])
                    .sum()
            }
            Weights::Structural {
                channels: map,
                coefficient,
            } => (0..map.taps)
                .filter_map(|t| map.source(o, t, channels))
                .map(|c| i64::from(*coefficient) * values[at + c as usize])
                .sum(),
        };
    }
    sum
}

fn bias(matrix: &WeightMatrix, layer: &Layer, (output, o): (&Tensor, u32)) -> i64 {
    let rows = matrix.rows();
    let places = layer.bias.len() / (output.channels as usize).div_ceil(rows);
    let (block, row) = (o as usize / rows, o as usize % rows);
    let columns = &layer.bias[block * places..][..places];
    let digits = columns.iter().enumerate();
    digits
        .map(|(place, column)| {
            i64::from(matrix.row(row)[*column as usize]) << (place * BIAS_COLUMN_BITS as usize)
        })
        .sum()
}

/// Asserts that every cell of the witness is what the program says.
pub(crate) fn assert_satisfied(program: &Program, matrix: &WeightMatrix, witness: &Witness) {
    for layer in program.layers() {
        let output = &program.tensors()[layer.output as usize];
        let cells = witness.tensor(layer.output as usize);
        for (position, p) in indices(&output.positions).iter().enumerate() {
            for o in 0..output.channels {
                let mut acc = bias(matrix, layer, (output, o));
                for term in &layer.terms {
                    let source = witness.tensor(term.source as usize);
                    let values: Vec<i64> = source.iter().map(|cell| cell.out).collect();
                    let sum = sum((program, matrix), (term, output), (p, o), &values);
                    acc += sum << term.exponent;
                }
                let index = position * output.channels as usize + o as usize;
                let cell = &cells[index];
                let (mut sum, mut shift) = (cell.rem, program.shift());
                for limb in &layer.limbs {
                    sum += witness.tensor(*limb as usize)[index].pre << shift;
                    let segment = program.tensors()[*limb as usize].segment;
                    let segment = &program.table().segments[segment as usize];
                    shift += segment.range_bits().unwrap();
                }
                assert_eq!(acc + (1 << (shift - 1)), (cell.pre << shift) + sum);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn inference_satisfies_the_program_and_the_program_gives_its_graph_back(
        kind in 0..NETWORKS.len(),
        seed in 0..10_000u64,
        options in options(),
    ) {
        let mut net = NETWORKS[kind](seed);
        let (integer, samples) = quantised_with(&mut net, &options);
        let public = integer.large_tables.iter().filter(|table| table.hidden.is_none());
        prop_assert!(options.tables != TableChoice::Large || public.count() == 1);
        let Lowered { program, weights, tables } = lower(&integer).unwrap();
        let codes = integer.quantise_inputs(&samples[0]).unwrap();
        let trace = integer.infer(&codes).unwrap();
        assert_satisfied(&program, &weights, &witness(&program, &trace).unwrap());
        let description = Description::of(&integer);
        let described = Description::from_bytes(&description.to_bytes()).unwrap();
        prop_assert_eq!(&described, &description);
        let lifted = lift(&program, (&weights, &tables), &described).unwrap();
        let mut nameless = integer.into_inner();
        for layer in &mut nameless.layers {
            (layer.pre_scale, layer.scale) = (1.0, 1.0);
        }
        prop_assert_eq!(&*lifted, &nameless);
        prop_assert_eq!(lower(&lifted).unwrap().program, program);
    }

    #[test]
    fn the_integer_network_is_near_the_float_network(
        kind in 0..NETWORKS.len(),
        seed in 0..10_000u64,
        options in options(),
    ) {
        let mut net = NETWORKS[kind](seed);
        let (integer, samples) = quantised_with(&mut net, &options);
        let (mut signal, mut noise) = (0.0, 0.0);
        for sample in &samples {
            let trace = integer.infer(&integer.quantise_inputs(sample).unwrap()).unwrap();
            let exact = net.graph.outputs(&net.graph.evaluate(sample).unwrap());
            for ((port, codes), exact) in integer.outputs.iter().zip(integer.outputs(&trace).unwrap()).zip(&exact) {
                for (a, b) in port.dequantise(&codes).iter().zip(exact) {
                    signal += b * b;
                    noise += (a - b) * (a - b);
                }
            }
        }
        prop_assert!(noise * 400.0 < signal, "{signal} {noise}");
    }

    /// Whatever the input, what follows from the architecture stays in its tables: only free layers have a calibrated range.
    #[test]
    fn maxima_never_leave_their_tables(seed in 0..10_000u64, largest in 1.0..8.0f32) {
        let mut net = maxima(seed);
        let (integer, _) = quantised(&mut net);
        let (lo, hi) = integer.input_range(0).unwrap();
        let input: Vec<i64> = net.numbers.take(32, largest / 8.0).iter().map(|x| {
            ((f64::from(*x) * hi as f64) as i64).clamp(lo, hi)
        }).collect();
        match integer.infer(&[input]) {
            Ok(_) => {}
            Err(tensorseal_model::InferenceError::OutsideTable { layer, .. }) => {
                prop_assert!(layer == "layer1" || layer == "layer8", "{layer}");
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}

#[test]
fn a_diagonal_layer_is_read_back_only_where_its_blocks_are_diagonal() {
    let mut net = residual(1);
    let (integer, _) = quantised(&mut net);
    let Lowered {
        program,
        weights,
        tables,
    } = lower(&integer).unwrap();
    let description = Description::of(&integer);
    let depthwise = &program.layers()[0];
    let Weights::BlockDiagonal { runs } = &depthwise.terms[0].weights else {
        panic!("{depthwise:?}")
    };
    let channels = program.tensors()[depthwise.output as usize].channels as usize;
    let width = weights.rows().min(channels);
    assert!(width > 1);
    let with = |row: usize, column: usize, weight: i32| {
        let mut other = weights.clone();
        other.set(row, column, weight);
        lift(&program, (&other, &tables), &description)
    };
    let lifted = |row, column| match &with(row, column, 77)?.layers[0].terms[0].weights {
        tensorseal_model::layered::Weights::Diagonal(weights) => Ok(weights.contains(&77)),
        other => panic!("{other:?}"),
    };
    for run in runs.iter().map(|run| *run as usize) {
        for row in 0..width {
            assert_eq!(lifted(row, run + row), Ok(true));
            let off = (0..width).filter(|column| *column != row);
            for column in off {
                let refused = Err(LiftError::Layer { layer: 0 });
                assert_eq!(lifted(row, run + column), refused, "{row} {column}");
            }
        }
    }
}

/// The proving key, its large tables preprocessed.
pub(crate) fn sealed(lowered: Lowered, srs: &Srs, random: &mut DeterministicRandom) -> ProvingKey {
    let model = Model {
        program: lowered.program,
        tables: &lowered.tables,
        weights: lowered.weights,
        annotation: vec![],
    };
    let mut key = generate_with_tables(model, srs, (&Threads, random), &mut |_, _| ()).unwrap();
    let points = key.placed_tables().map(|place| {
        let mut preprocessor = Preprocessor {
            backend: &Threads,
            checkpoints: &mut NoCheckpoints,
            progress: &mut |_, _| (),
        };
        CachedTable::compute(&place, srs, &mut preprocessor).unwrap()
    });
    for (table, points) in points.collect::<Vec<_>>().into_iter().enumerate() {
        key.attach_table(table, points.into()).unwrap();
    }
    key
}

/// What a verifier is told by a proof of this witness that reveals the outputs.
pub(crate) fn verdict(
    key: &ProvingKey,
    witness: &Witness,
    (backend, random): (&impl Backend, &mut DeterministicRandom),
) -> Verdict {
    let options = ProveOptions {
        public: key.verifying().program().outputs(),
        context: &[],
    };
    let proof = prove(key, witness, &options, (backend, random)).unwrap();
    let accept = VerifyOptions {
        allow_development_setup: true,
        ..VerifyOptions::default()
    };
    verify(key.verifying(), &proof.to_bytes(), &accept).unwrap()
}

#[test]
fn proofs_of_every_kind_of_layer_verify() {
    let random = &mut DeterministicRandom::new([7; 32]);
    let srs = Srs::development_with_g2(14, 1 << 10, (&Threads, random)).unwrap();
    for (index, network) in NETWORKS.iter().enumerate() {
        let mut net = network(index as u64);
        let (integer, samples) = quantised(&mut net);
        let key = sealed(lower(&integer).unwrap(), &srs, random);
        let program = key.verifying().program();
        let trace = integer
            .infer(&integer.quantise_inputs(&samples[0]).unwrap())
            .unwrap();
        let witness = witness(program, &trace).unwrap();
        let verdict = verdict(&key, &witness, (&Reference, random));
        let description = Description::of(&integer);
        let outputs = integer.outputs(&trace).unwrap();
        assert_eq!(verdict.public.len(), outputs.len());
        for (port, integers) in description.outputs.iter().zip(outputs) {
            let tensor = port.tensor as usize;
            let mut public = verdict.public.iter();
            let public = public.find(|public| public.tensor() == tensor).unwrap();
            assert_eq!(port.to_onnx(public.values()), Some(integers));
        }
    }
}
