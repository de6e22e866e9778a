//! Functions of many bits, which stand in a large table: what is in it, and a proof.

use crate::networks::{Builder, UNIT, extent};
use tensorseal_model::ValidGraph;
use tensorseal_model::graph::Activation;
use tensorseal_model::integer::{Function, IntegerLayer, Segment};
use tensorseal_model::layered::ScaleRule;
use tensorseal_model::program::{TableCosts, lower, witness};
use tensorseal_model::quantise::{QuantiseOptions, Sample, TableChoice, quantise};
use tensorseal_protocol::cq::CachedTable;
use tensorseal_protocol::random::DeterministicRandom;
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{
    Model, ProveError, ProveOptions, VerifyOptions, Witness, generate_with_tables, prove, verify,
};
use tensorseal_prover::Threads;

const FUNCTIONS: [Option<Activation>; 6] = [
    Some(Activation::Relu),
    Some(Activation::Gelu),
    Some(Activation::Sigmoid),
    Some(Activation::Tanh),
    Some(Activation::Exp),
    None,
];

/// Four numbers, a layer with the function, and a layer without.
fn network(activation: Option<Activation>) -> (Builder, Vec<Sample>) {
    let mut net = Builder::new(5);
    let x = net.input(&extent([1, 1], 4));
    let term = net.dense(x, [UNIT, UNIT], 4);
    let h = net.layer(extent([1, 1], 4), vec![term], activation, ScaleRule::Free);
    let term = net.dense(h, [UNIT, UNIT], 3);
    let y = net.layer(extent([1, 1], 3), vec![term], None, ScaleRule::Free);
    net.output(y);
    let samples = net.samples(40);
    (net, samples)
}

fn large(net: &Builder, samples: &[Sample], bits: u32) -> ValidGraph {
    let options = QuantiseOptions::default().with_activation_bits(bits);
    quantise(
        &net.graph,
        samples,
        &options.with_tables(TableChoice::Large),
    )
    .unwrap()
}

/// Signal and noise of the outputs over all samples.
fn signal_and_noise(net: &Builder, integer: &ValidGraph, samples: &[Sample]) -> (f32, f32) {
    let (mut signal, mut noise) = (0.0, 0.0);
    for sample in samples {
        let inputs = integer.quantise_inputs(sample).unwrap();
        let outputs = integer.outputs(&integer.infer(&inputs).unwrap()).unwrap();
        let exact = net.graph.outputs(&net.graph.evaluate(sample).unwrap());
        for (a, b) in integer.outputs[0]
            .dequantise(&outputs[0])
            .iter()
            .zip(&exact[0])
        {
            signal += b * b;
            noise += (a - b) * (a - b);
        }
    }
    (signal, noise)
}

#[test]
fn functions_of_many_bits_stand_in_a_large_table_and_are_near_the_float_network() {
    for activation in FUNCTIONS {
        for bits in [10, 11] {
            let (net, samples) = network(activation);
            let integer = large(&net, &samples, bits);
            assert_eq!(integer.large_tables.len(), 1);
            let table = integer.large_table_of(integer.layers[0].segment);
            assert_eq!(table, Some(0), "{activation:?}");
            lower(&integer).unwrap();
            let (signal, noise) = signal_and_noise(&net, &integer, &samples);
            assert!(noise * 1e5 < signal, "{activation:?}: {signal} {noise}");
        }
    }
}

/// The function's value in reals, written down once more.
fn value(activation: Option<Activation>, x: f64) -> f64 {
    match activation {
        None => x,
        Some(Activation::Relu) => x.max(0.0),
        Some(Activation::Gelu) => x / 2.0 * (1.0 + libm::erf(x / 2f64.sqrt())),
        Some(Activation::Sigmoid) => 1.0 / (1.0 + (-x).exp()),
        Some(Activation::Tanh) => x.tanh(),
        Some(Activation::Exp) => x.exp(),
        other => panic!("{other:?}"),
    }
}

/// Every row of a segment against the function, rounded, for outputs between `least` and `most`.
fn assert_rounded(
    activation: Option<Activation>,
    (segment, layer): (&Segment, &IntegerLayer),
    (least, most): (i64, i64),
) {
    /// How far a quotient may be from a half for both ways to round to count: the two ways to compute it differ by less.
    const TIE: f64 = 1e-7;
    for (pre, out) in segment.iter() {
        let exact = match activation {
            // Of one scale, so these are integers throughout.
            None => Some(pre),
            Some(Activation::Relu) => Some(pre.max(0).min(most)),
            _ => None,
        };
        if let Some(exact) = exact {
            assert_eq!(out, exact, "{activation:?} of {pre}");
            continue;
        }
        let real = value(activation, pre as f64 * layer.pre_scale) / layer.scale;
        let rounded = |real: f64| ((real + 0.5).floor() as i64).clamp(least, most);
        let near = [rounded(real - TIE), rounded(real + TIE)];
        assert!(
            near.contains(&out),
            "{activation:?} of {pre}: {out}, not {real}"
        );
    }
}

#[test]
fn every_row_of_sixteen_bits_is_the_rounded_function() {
    const CODES: i64 = 1 << 16;
    for activation in FUNCTIONS {
        let (net, samples) = network(activation);
        let integer = large(&net, &samples, 16);
        let layer = &integer.layers[0];
        let segment = &integer.segments[layer.segment];
        assert!(segment.rows() >= 3 * CODES as u64, "{}", segment.rows());
        let signed = matches!(activation, Some(Activation::Gelu | Activation::Tanh));
        let codes = if signed {
            (-CODES / 2, CODES / 2 - 1)
        } else {
            (0, CODES - 1)
        };
        assert_rounded(activation, (segment, layer), codes);
        // A table that is flat would pass as well: the codes are used, to their end where the function reaches it.
        let distinct: std::collections::BTreeSet<i64> = segment.iter().map(|row| row.1).collect();
        assert!(
            distinct.len() as i64 > CODES / 4,
            "{activation:?}: {}",
            distinct.len()
        );
    }
}

#[test]
fn a_network_with_a_large_table_of_eleven_bits_is_proved() {
    let (net, samples) = network(Some(Activation::Gelu));
    let integer = large(&net, &samples, 11);
    assert_eq!(integer.column_segments(), 0);
    assert!(integer.large_tables[0].log_rows > integer.log_rows);
    let lowered = lower(&integer).unwrap();
    let random = &mut DeterministicRandom::new([7; 32]);
    let rows = 1 << integer.large_tables[0].log_rows;
    let srs = Srs::development_with_g2(14, rows, (&Threads, random)).unwrap();
    let model = Model {
        program: lowered.program,
        tables: &lowered.tables,
        weights: lowered.weights,
        annotation: vec![],
    };
    let tools = (&Threads, &mut *random as &mut _);
    let mut key = generate_with_tables(model, &srs, tools, &mut |_, _| ()).unwrap();
    let run = |graph: &ValidGraph| -> Witness {
        let trace = graph.infer(&graph.quantise_inputs(&samples[0]).unwrap());
        witness(key.verifying().program(), &trace.unwrap()).unwrap()
    };
    let honest = run(&integer);
    // A GELU whose values are one off but at zero, with all that follows from them.
    let mut other = integer.clone().into_inner();
    let segment = other.layers[0].segment;
    let Function::Values(values) = &mut other.segments[segment].function else {
        panic!("a curve is values")
    };
    for value in values.iter_mut().filter(|value| **value != 0) {
        *value ^= 1;
    }
    let false_run = run(&ValidGraph::new(other).unwrap());

    // The points of the rows in use alone, made on demand.
    let program = key.verifying().program();
    let used = program.large_rows(&[honest.clone(), false_run.clone()]);
    let used: Vec<u32> = used[0].iter().copied().collect();
    let tools = (&Threads, &mut (|_, _| ()) as &mut dyn FnMut(usize, usize));
    let place = key.placed_table(0).unwrap();
    let points = CachedTable::of_rows(&place, &srs, &used, tools);
    key.attach_table(0, points.unwrap().into()).unwrap();

    let mut proved = |witness: &Witness| {
        let options = ProveOptions {
            public: key.verifying().program().outputs(),
            context: &[],
        };
        prove(&key, witness, &options, (&Threads, &mut *random))
    };
    let accept = VerifyOptions {
        allow_development_setup: true,
        ..VerifyOptions::default()
    };
    let proof = proved(&honest).unwrap();
    let verdict = verify(key.verifying(), &proof.to_bytes(), &accept).unwrap();
    let trace = integer.infer(&integer.quantise_inputs(&samples[0]).unwrap());
    let outputs = integer.outputs(&trace.unwrap()).unwrap();
    assert_eq!(verdict.public[0].values(), outputs[0]);
    assert_eq!(proved(&false_run).err(), Some(ProveError::Unsatisfied));
}

#[test]
fn a_small_table_stands_in_the_columns_and_a_big_one_beside_them() {
    /// A large table must be so many times as good.
    const RELUCTANCE: u64 = 4;
    let (net, samples) = network(Some(Activation::Tanh));
    let costs = |bits: u32| {
        let options = QuantiseOptions::default().with_activation_bits(bits);
        let [columns, large, chosen] =
            [TableChoice::Columns, TableChoice::Large, TableChoice::Auto].map(|tables| {
                quantise(&net.graph, &samples, &options.with_tables(tables)).unwrap()
            });
        let [in_columns, beside] =
            [&columns, &large].map(|graph| TableCosts::new(graph, &lower(graph).unwrap().program));
        // Each says of the other way what that one says of itself, but for limbs and rows of a large table that is not there.
        assert_eq!(beside.other, Some(in_columns.own));
        let other = in_columns.other.unwrap();
        assert!(beside.own.abs_diff(other) <= beside.own / 100);
        let is_large = RELUCTANCE * other < in_columns.own;
        assert_eq!(&chosen, if is_large { &large } else { &columns }, "{bits}");
        (in_columns.own, is_large)
    };
    let all: Vec<(u64, bool)> = (6..=14).map(costs).collect();
    // Columns of 2^11 rows hold the table up to seven bits; from there each bit doubles them.
    assert_eq!((all[0].0, all[1].0, all[2].0), (10_922, 10_922, 21_845));
    for pair in all[2..].windows(2) {
        assert!((2 * pair[0].0..=2 * pair[0].0 + 1).contains(&pair[1].0));
    }
    let large: Vec<bool> = all.iter().map(|(_, large)| *large).collect();
    assert_eq!(large, (6..=14).map(|bits| bits >= 10).collect::<Vec<_>>());
}
