//! Products of two activations: exact on integers, near on real numbers, and proved.

use crate::common::{Dim, ModelBuilder, layered, value_info};
use crate::networks::Numbers;
use crate::program::{assert_satisfied, verdict};
use proptest::prelude::*;
use tensorseal_model::ValidGraph;
use tensorseal_model::layered::{LayeredGraph, ScaleRule};
use tensorseal_model::program::{Description, Lowered, lift, lower, witness};
use tensorseal_model::quantise::{QuantiseError, QuantiseOptions, Sample, quantise};
use tensorseal_protocol::backend::Reference;
use tensorseal_protocol::generate;
use tensorseal_protocol::random::DeterministicRandom;
use tensorseal_protocol::srs::Srs;

fn two_inputs(operator: &str, left: &[i64], right: &[i64]) -> ModelBuilder {
    let dims = |shape: &[i64]| {
        shape
            .iter()
            .map(|size| Dim::Fixed(*size))
            .collect::<Vec<_>>()
    };
    let mut model = ModelBuilder::with_input(17, &dims(left)).node(operator, &["x", "z"], "y");
    model.inputs.push(value_info("z", 1, &dims(right)));
    model
}

/// Samples of two inputs, some values of which are as large as these.
fn samples(numbers: &mut Numbers, lengths: [usize; 2], largest: [f32; 2]) -> Vec<Sample> {
    let mut sample = || {
        let own = |(length, largest)| {
            let mut values = numbers.take(length, largest);
            values[0] = largest;
            values
        };
        lengths.into_iter().zip(largest).map(own).collect()
    };
    (0..16).map(|_| sample()).collect()
}

/// Codes of both operands, and of sums and differences, for each product.
fn pairs(integer: &ValidGraph, sample: &Sample) -> (Vec<Vec<i64>>, Vec<Vec<i64>>) {
    let codes = integer.quantise_inputs(sample).unwrap();
    let trace = integer.infer(&codes).unwrap();
    let outs = |tensor: usize| trace.tensors[tensor].iter().map(|cell| cell.out).collect();
    (codes, vec![outs(2), outs(3), outs(4)])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_product_of_codes_is_exact_and_its_rounding_is_all_that_is_lost(
        seed in 0..10_000u64, left in 0.01..100f32, right in 0.01..100f32, bits in 4..=12u32
    ) {
        let float = layered(&two_inputs("Mul", &[1, 7], &[1, 7]));
        let samples = samples(&mut Numbers::new(seed), [7, 7], [left, right]);
        let options = QuantiseOptions::default().with_activation_bits(bits);
        let integer = quantise(&float, &samples, &options).unwrap();
        let [a_scale, b_scale] = [0, 1].map(|input| integer.inputs[input].scale);
        let scale = integer.outputs[0].scale;
        for sample in &samples {
            let (codes, made) = pairs(&integer, sample);
            for cell in 0..7 {
                let (a, b) = (codes[0][cell], codes[1][cell]);
                prop_assert_eq!(made[0][cell] - made[1][cell], a * b);
                let real = a as f64 * a_scale * b as f64 * b_scale;
                prop_assert!((made[2][cell] as f64 * scale - real).abs() <= 0.5001 * scale);
            }
        }
    }

    #[test]
    fn sums_of_products_keep_their_weights(seed in 0..10_000u64, length in 1..40i64, bits in 4..=10u32) {
        let float = layered(&two_inputs("MatMul", &[2, length], &[length, 3]));
        let length = length as usize;
        let samples = samples(&mut Numbers::new(seed), [2 * length, 3 * length], [1.0, 5.0]);
        let options = QuantiseOptions::default().with_activation_bits(bits);
        let integer = quantise(&float, &samples, &options).unwrap();
        let scales = [&integer.inputs[0], &integer.inputs[1], &integer.outputs[0]].map(|port| port.scale);
        for sample in &samples {
            let real: Vec<Vec<f64>> = sample.iter().zip(scales).map(|(values, scale)| {
                values.iter().map(|x| (f64::from(*x) / scale + 0.5).floor() * scale).collect()
            }).collect();
            let trace = integer.infer(&integer.quantise_inputs(sample).unwrap()).unwrap();
            for (cell, made) in integer.outputs(&trace).unwrap()[0].iter().enumerate() {
                let (row, column) = (cell / 3, cell % 3);
                let products = (0..length).map(|k| real[0][row * length + k] * real[1][k * 3 + column]);
                let exact: f64 = products.sum();
                prop_assert!((*made as f64 * scales[2] - exact).abs() <= 0.5001 * scales[2], "{made} {exact}");
            }
        }
    }
}

#[test]
fn the_table_of_squares_is_no_longer_than_the_codes_ask_for() {
    // Operands that become cells to be multiplied have 8 bits: their sums and differences need 511 rows each way at the most.
    let model = ModelBuilder::new(17, 6)
        .floats("v", &[6, 5], &Numbers::new(1).take(30, 1.0))
        .floats("w", &[6, 5], &Numbers::new(2).take(30, 1.0))
        .node("MatMul", &["x", "v"], "a")
        .node("MatMul", &["x", "w"], "b")
        .node("Mul", &["a", "b"], "y");
    let float = layered(&model);
    let samples: Vec<Sample> = (0..32)
        .map(|i| vec![Numbers::new(i).take(6, 1.0)])
        .collect();
    let integer = quantise(&float, &samples, &QuantiseOptions::default()).unwrap();
    let square = &integer.segments[integer.layers[2].segment];
    assert_eq!((square.lo, square.hi), (-256, 256));
    assert_eq!(integer.layers[3].segment, integer.layers[2].segment);
    assert_eq!(integer.log_rows, 12);
}

/// Three rows of a hidden layer, each times each and a gate, as a recommender's interaction.
fn interaction() -> ModelBuilder {
    let mut numbers = Numbers::new(5);
    ModelBuilder::with_input(17, &[Dim::Fixed(1), Dim::Fixed(3), Dim::Fixed(6)])
        .floats("v", &[6, 8], &numbers.take(48, 0.5))
        .floats("w", &[9, 4], &numbers.take(36, 0.5))
        .floats("u", &[9, 4], &numbers.take(36, 0.5))
        .ints("flat", &[2], &[1, 9])
        .node("MatMul", &["x", "v"], "rows")
        .node("Relu", &["rows"], "z")
        .with(
            "Transpose",
            &["z"],
            "t",
            &[crate::common::attribute_ints("perm", &[0, 2, 1])],
        )
        .node("MatMul", &["z", "t"], "dots")
        .node("Reshape", &["dots", "flat"], "f")
        .node("MatMul", &["f", "w"], "p")
        .node("MatMul", &["f", "u"], "q")
        .node("Sigmoid", &["q"], "gate")
        .node("Mul", &["p", "gate"], "y")
}

#[test]
fn a_network_with_products_is_proved() {
    let float = layered(&interaction());
    let samples: Vec<Sample> = (0..48)
        .map(|i| vec![Numbers::new(i).take(18, 1.0)])
        .collect();
    let integer = quantise(&float, &samples, &QuantiseOptions::default()).unwrap();
    // Sums of eight products divide by more than the table holds.
    assert!(
        integer
            .layers
            .iter()
            .any(|layer| !integer.limbs(layer).is_empty())
    );
    let (mut signal, mut noise) = (0.0f64, 0.0f64);
    for sample in &samples {
        let trace = integer
            .infer(&integer.quantise_inputs(sample).unwrap())
            .unwrap();
        let exact = float.outputs(&float.evaluate(sample).unwrap());
        let made = integer.outputs[0].dequantise(&integer.outputs(&trace).unwrap()[0]);
        for (a, b) in made.iter().zip(&exact[0]) {
            signal += f64::from(b * b);
            noise += f64::from((a - b) * (a - b));
        }
    }
    // Thirty decibels, after products of products of 8-bit codes.
    assert!(noise * 1000.0 < signal, "{signal} {noise}");

    let random = &mut DeterministicRandom::new([9; 32]);
    let srs = Srs::development(14, random).unwrap();
    let Lowered {
        program,
        weights,
        tables,
    } = lower(&integer).unwrap();
    let lifted = lift(&program, (&weights, &tables), &Description::of(&integer)).unwrap();
    assert_eq!(lower(&lifted).unwrap().program, program);
    let trace = integer
        .infer(&integer.quantise_inputs(&samples[0]).unwrap())
        .unwrap();
    assert_satisfied(&program, &weights, &witness(&program, &trace).unwrap());
    let tools = (&Reference, &mut *random as &mut _);
    let key = generate(program, weights, vec![], &srs, tools, &mut |_, _| ()).unwrap();
    let program = key.verifying().program();
    let witness = witness(program, &trace).unwrap();
    let verdict = verdict(&key, &witness, (&Reference, random));
    let public: Vec<i64> = verdict.public[0].values().to_vec();
    let cells = &trace.tensors[integer.outputs[0].tensor];
    assert_eq!(
        public,
        cells.iter().map(|cell| cell.out).collect::<Vec<i64>>()
    );
}

#[test]
fn layers_that_are_no_products_are_refused() {
    let float = layered(&two_inputs("Mul", &[1, 2], &[1, 2]));
    let samples = samples(&mut Numbers::new(1), [2, 2], [1.0, 3.0]);
    let refused = |change: fn(&mut LayeredGraph)| {
        let mut wrong = float.clone();
        change(&mut wrong);
        quantise(&wrong, &samples, &QuantiseOptions::default()).unwrap_err()
    };
    let changes: [fn(&mut LayeredGraph); 2] = [
        |graph| graph.layers[0].scale = ScaleRule::QuarterSquare { first: 0 },
        |graph| graph.layers[0].scale = ScaleRule::QuarterSquare { first: 2 },
    ];
    for change in changes {
        let error = refused(change);
        let known = matches!(
            error,
            QuantiseError::Follows { .. } | QuantiseError::Scales { .. }
        );
        assert!(known, "{error}");
    }
    let unlike = refused(|graph| graph.layers[2].terms[1].source = 0);
    assert!(matches!(unlike, QuantiseError::Scales { .. }), "{unlike}");
    let nothing = refused(|graph| graph.layers[2].terms.clear());
    assert!(
        matches!(nothing, QuantiseError::Follows { .. }),
        "{nothing}"
    );
}

#[test]
fn products_of_layers_without_a_function_stay_in_their_table() {
    // All values positive and no Relu: operands with as many codes as there can be, and products that all add up.
    let ones = [1.0f32; 16];
    let mut model = ModelBuilder::with_input(17, &[Dim::Fixed(1), Dim::Fixed(4), Dim::Fixed(4)])
        .floats("w", &[4, 4], &ones)
        .floats("three", &[1], &[3.0])
        .node("MatMul", &["x", "w"], "a")
        .node("MatMul", &["x", "w"], "b")
        .node("Add", &["a", "b"], "rows")
        .node("Add", &["rows", "three"], "shifted")
        .node("Relu", &["shifted"], "used")
        .node("MatMul", &["shifted", "shifted"], "y")
        .node("Add", &["y", "used"], "z");
    model.outputs = vec![value_info("z", 1, &[])];
    let float = layered(&model);
    let samples: Vec<Sample> = (0..32)
        .map(|i| {
            vec![
                Numbers::new(i)
                    .take(16, 0.5)
                    .iter()
                    .map(|x| x.abs())
                    .collect(),
            ]
        })
        .collect();
    let integer = quantise(&float, &samples, &QuantiseOptions::default()).unwrap();
    for sample in &samples {
        let trace = integer
            .infer(&integer.quantise_inputs(sample).unwrap())
            .unwrap();
        let exact = float.outputs(&float.evaluate(sample).unwrap());
        let made = integer.outputs[0].dequantise(&integer.outputs(&trace).unwrap()[0]);
        let largest = exact[0].iter().fold(0.0f32, |most, x| most.max(x.abs()));
        for (a, b) in made.iter().zip(&exact[0]) {
            assert!((a - b).abs() < 0.02 * largest, "{a} {b}");
        }
    }
}
