//! Layers with the multipliers of an imported quantised network, one for each channel: 24 bits folded into the weights, shifts of 31 to 35,
//! remainders in limbs.

use crate::networks::{Numbers, extent, window};
use crate::program::assert_satisfied;
use proptest::prelude::*;
use tensorseal_model::integer::{
    Conversion, Function, GraphError, IntegerGraph, IntegerLayer, IntegerTerm, Port, PortLayout,
    Segment, Trace, ValidGraph, Weights,
};
use tensorseal_model::program::{Description, LiftError, Lowered, lift, lower, witness};
use tensorseal_protocol::backend::Reference;
use tensorseal_protocol::program::Program;
use tensorseal_protocol::random::DeterministicRandom;
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{ProveOptions, VerifyOptions, Witness, generate, prove, verify};

const POSITIONS: [usize; 2] = [4, 5];

/// A convolution of eight-bit numbers as an eight-bit runtime has it: out = clamp(round(multiplier·sum/2^shift) + zero point).
struct Convolution {
    channels: [usize; 2],
    /// `[out][tap][in]`.
    weights: Vec<i64>,
    bias: Vec<i64>,
    /// 24 bits each, for the shift of its channel.
    multipliers: Vec<i64>,
    shifts: Vec<u32>,
    zero_point: i64,
}

struct Network {
    layers: Vec<Convolution>,
    numbers: Numbers,
}

fn integer(numbers: &mut Numbers, low: i64, high: i64) -> i64 {
    let unit = (f64::from(numbers.next()) + 1.0) / 2.0;
    low + ((unit * (high - low + 1) as f64) as i64).min(high - low)
}

impl Network {
    fn new(seed: u64) -> Self {
        let mut numbers = Numbers::new(seed);
        let channels = [3, 5, 4];
        let mut layers = Vec::new();
        for layer in 0..2 {
            let [inputs, outputs] = [channels[layer], channels[layer + 1]];
            let random = &mut numbers;
            layers.push(Convolution {
                channels: [inputs, outputs],
                weights: (0..outputs * 9 * inputs)
                    .map(|_| integer(random, -127, 127))
                    .collect(),
                bias: (0..outputs).map(|_| integer(random, -9000, 9000)).collect(),
                multipliers: (0..outputs)
                    .map(|_| integer(random, 1 << 23, (1 << 24) - 1))
                    .collect(),
                shifts: {
                    let least = integer(random, 31, 33);
                    let shift = |_| integer(random, least, least + 2) as u32;
                    (0..outputs).map(shift).collect()
                },
                zero_point: integer(random, -20, 20),
            });
        }
        Self { layers, numbers }
    }

    fn input(&mut self) -> Vec<i64> {
        let count = POSITIONS[0] * POSITIONS[1] * self.layers[0].channels[0];
        (0..count)
            .map(|_| integer(&mut self.numbers, -128, 127))
            .collect()
    }

    fn graph(&self, shift: u32, log_rows: u32) -> ValidGraph {
        let port = |tensor, channels| Port {
            tensor,
            name: format!("t{tensor}"),
            shape: vec![1, channels, POSITIONS[0], POSITIONS[1]],
            layout: PortLayout {
                positions: vec![Some(2), Some(3)],
                channels: vec![0, 1],
                split: vec![],
            },
            scale: 1.0,
            conversion: Conversion::HalfUp,
        };
        let segment = |lo: i64, hi| Segment {
            function: Function::Clamp { lo: -128, hi: 127 },
            lo,
            hi,
        };
        let graph = IntegerGraph {
            inputs: vec![port(0, self.layers[0].channels[0])],
            input_segments: vec![0],
            outputs: vec![port(2, self.layers[1].channels[1])],
            shift,
            log_rows,
            segments: vec![segment(-128, 128), segment(-700, 700)],
            large_tables: vec![],
            layers: self
                .layers
                .iter()
                .enumerate()
                .map(Convolution::layer)
                .collect(),
            post_processing: vec![],
        };
        ValidGraph::new(graph).unwrap()
    }
}

impl Convolution {
    fn layer((source, own): (usize, &Self)) -> IntegerLayer {
        let [inputs, outputs] = own.channels;
        let each = 9 * inputs;
        let shift = *own.shifts.iter().max().unwrap();
        let scales = own.multipliers.iter().zip(&own.shifts);
        let scales: Vec<i64> = scales.map(|(m, own)| m << (shift - own)).collect();
        let weights = own.weights.iter().enumerate();
        let weights = weights.map(|(index, weight)| weight * scales[index / each]);
        let weights = Weights::Dense(weights.collect());
        let bias = own.bias.iter().zip(&scales);
        IntegerLayer {
            name: format!("layer{source}"),
            operators: vec!["QLinearConv".into()],
            extent: extent(POSITIONS, outputs),
            terms: IntegerTerm::wide(source, &[window(3, 1, 1); 2], &weights),
            bias: bias
                .map(|(bias, scale)| bias * scale + (own.zero_point << shift))
                .collect(),
            shift,
            limb_bits: None,
            segment: 1,
            pre_scale: 1.0,
            scale: 1.0,
            inner: false,
        }
    }

    /// The outputs, with one rounding of the exact quotient, halves up.
    fn outputs(&self, input: &[i64]) -> Vec<i64> {
        let [inputs, outputs] = self.channels;
        let [height, width] = POSITIONS.map(|length| length as i64);
        let mut values = Vec::new();
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            for channel in 0..outputs {
                let mut sum = self.bias[channel];
                for (tap, (t, u)) in (-1..2)
                    .flat_map(|t| (-1..2).map(move |u| (t, u)))
                    .enumerate()
                {
                    let (q, v) = (y + t, x + u);
                    if !(0..height).contains(&q) || !(0..width).contains(&v) {
                        continue;
                    }
                    let weights = &self.weights[(channel * 9 + tap) * inputs..][..inputs];
                    let cells = &input[(q * width + v) as usize * inputs..][..inputs];
                    sum += weights.iter().zip(cells).map(|(w, x)| w * x).sum::<i64>();
                }
                let product = i128::from(sum) * i128::from(self.multipliers[channel]);
                let unit = 1i128 << self.shifts[channel];
                let rounded = (2 * product + unit).div_euclid(2 * unit);
                let out = rounded + i128::from(self.zero_point);
                values.push(out.clamp(-128, 127) as i64);
            }
        }
        values
    }
}

/// A network of a seed from this one on, an input and its inference.
fn evaluated(seed: u64, shift: u32, log_rows: u32) -> (Network, ValidGraph, Vec<i64>, Trace) {
    for seed in seed..seed + 100 {
        let mut network = Network::new(seed);
        let graph = network.graph(shift, log_rows);
        let input = network.input();
        // Sums that leave the table belong to a scale that nobody would choose.
        if let Ok(trace) = graph.infer(core::slice::from_ref(&input)) {
            return (network, graph, input, trace);
        }
    }
    panic!("no network whose sums stay in the table")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn limbs_hold_what_the_exact_multiplier_leaves(seed in 0..10_000u64, shift in prop::sample::select(vec![8, 12, 16])) {
        let (network, graph, input, trace) = evaluated(seed, shift, 18);
        let mut values = input;
        for (layer, cells) in network.layers.iter().zip(&trace.tensors[1..]) {
            values = layer.outputs(&values);
            let found: Vec<i64> = cells.iter().map(|cell| cell.out).collect();
            prop_assert_eq!(&found, &values);
        }
        let Lowered { program, weights, tables } = lower(&graph).unwrap();
        let witness = witness(&program, &trace).unwrap();
        assert_satisfied(&program, &weights, &witness);
        let limbs: usize = graph.layers.iter().map(|layer| graph.limbs(layer).len()).sum();
        prop_assert_eq!(program.tensors().len(), graph.tensor_count() + limbs);
        prop_assert_eq!(program.table().len(), graph.table_rows());

        let description = Description::of(&graph);
        let lifted = lift(&program, (&weights, &tables), &description).unwrap();
        prop_assert_eq!(&lifted, &graph);
        prop_assert_eq!(lower(&lifted).unwrap().program, program);
    }
}

/// Whether a proof of this witness verifies, with a setup of `2^power`.
pub(crate) fn verifies(power: u32, lowered: &Lowered, witness: &Witness) -> bool {
    let program = &lowered.program;
    let random = &mut DeterministicRandom::new([7; 32]);
    let srs = Srs::development(power, random).unwrap();
    let tools = (&Reference, &mut *random as &mut _);
    let weights = lowered.weights.clone();
    let key = generate(
        program.clone(),
        weights,
        vec![],
        &srs,
        tools,
        &mut |_, _| (),
    )
    .unwrap();
    let options = ProveOptions {
        public: program.outputs(),
        context: &[],
    };
    let tools = (&Reference, &mut *random as &mut _);
    let Ok(proof) = prove(&key, witness, &options, tools) else {
        return false;
    };
    let accept = VerifyOptions {
        allow_development_setup: true,
        ..VerifyOptions::default()
    };
    verify(key.verifying(), &proof.to_bytes(), &accept).is_ok()
}

#[test]
fn an_exact_multiplier_is_proved_and_another_rounding_is_not() {
    let (_, graph, _, trace) = evaluated(3, 8, 12);
    let lowered = lower(&graph).unwrap();
    let program = &lowered.program;
    assert!(verifies(13, &lowered, &witness(program, &trace).unwrap()));
    // One more or less in the last tensor, with a remainder that any table would take.
    let mut other = trace;
    let cell = other.tensors[2]
        .iter_mut()
        .find(|cell| cell.out.abs() < 100)
        .unwrap();
    (cell.pre, cell.out) = (cell.pre + 1, cell.out + 1);
    assert!(!verifies(13, &lowered, &witness(program, &other).unwrap()));
}

#[test]
fn limbs_that_this_crate_would_not_have_cut_are_not_lifted() {
    let (_, graph, ..) = evaluated(5, 12, 14);
    let Lowered {
        program,
        weights,
        tables,
    } = lower(&graph).unwrap();
    let description = Description::of(&graph);
    let lifted = |change: &dyn Fn(&mut tensorseal_protocol::program::ProgramParts)| {
        let mut parts = program.parts().clone();
        change(&mut parts);
        lift(
            &Program::new(parts).unwrap(),
            (&weights, &tables),
            &description,
        )
    };
    assert!(lifted(&|_| ()).is_ok());
    let swapped = lifted(&|parts| parts.layers[0].limbs.swap(0, 1));
    assert_eq!(swapped, Err(LiftError::Layer { layer: 0 }));
    // A limb's segment that a layer has too, or that stands before one of the graph's.
    let shared = lifted(&|parts| {
        let segment = parts.tensors[parts.layers[0].limbs[0] as usize].segment;
        parts.tensors[1].segment = segment;
    });
    assert_eq!(shared, Err(LiftError::Layer { layer: 0 }));
    // The full limb first, then the rest: nothing else.
    let wider = lifted(&|parts| {
        let (a, b) = (parts.layers[0].limbs[0], parts.layers[0].limbs[1]);
        let segment = parts.tensors[a as usize].segment;
        parts.tensors[a as usize].segment = parts.tensors[b as usize].segment;
        parts.tensors[b as usize].segment = segment;
    });
    assert!(matches!(
        wider,
        Err(LiftError::Graph(GraphError::Limbs { bits: 9, .. }))
    ));
}

#[test]
fn a_witness_of_another_graphs_trace_is_refused() {
    let (_, graph, _, trace) = evaluated(7, 12, 14);
    let program = lower(&graph).unwrap().program;
    for keep in 0..3 {
        let mut short = trace.clone();
        short.tensors.truncate(keep);
        assert!(witness(&program, &short).is_err());
    }
    let mut cells = trace.clone();
    cells.tensors[1].pop();
    assert!(witness(&program, &cells).is_err());
    let mut long = trace;
    long.tensors.push(vec![]);
    assert!(witness(&program, &long).is_err());
}
