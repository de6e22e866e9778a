//! The quantiser on small networks, and every way it refuses.

use crate::common::{ModelBuilder, attribute_float, layered, samples, small};
use crate::networks::{Builder, UNIT, extent, structural};
use tensorseal_model::graph::Activation;
use tensorseal_model::layered::{LayeredError, LayeredGraph, ScaleRule};
use tensorseal_model::quantise::{QuantiseError, QuantiseOptions, Sample, TableChoice, quantise};
use tensorseal_model::{Function, ValidGraph};

/// Largest error of the integer network, relative to the largest output, over a grid of inputs in `[-1, 1]`.
fn relative_error(model: &ModelBuilder) -> f32 {
    let float = layered(model);
    let points: Vec<f32> = (-8..=8i16).map(|i| f32::from(i) / 8.0).collect();
    let grid: Vec<Sample> = points
        .iter()
        .flat_map(|&a| points.iter().map(move |&b| vec![vec![a, b]]))
        .collect();
    let integer = quantise(&float, &grid, &QuantiseOptions::default()).unwrap();
    let (mut error, mut largest) = (0.0f32, 0.0f32);
    for x in &grid {
        let exact = float.outputs(&float.evaluate(x).unwrap());
        let trace = integer.infer(&integer.quantise_inputs(x).unwrap()).unwrap();
        let approximate = integer.outputs[0].dequantise(&integer.outputs(&trace).unwrap()[0]);
        for (a, b) in approximate.iter().zip(&exact[0]) {
            error = error.max((a - b).abs());
            largest = largest.max(b.abs());
        }
    }
    error / largest
}

#[test]
fn every_activation_is_close_to_its_float() {
    let linear = |model: ModelBuilder| {
        model
            .floats("w", &[2, 2], &[1.5, -0.5, 0.25, 2.0])
            .node("MatMul", &["x", "w"], "h")
    };
    type Form<'a> = (&'a str, &'a [&'a str], &'a [Vec<u8>]);
    let forms: [Form<'_>; 7] = [
        ("Relu", &["h"], &[]),
        ("LeakyRelu", &["h"], &[attribute_float("alpha", 0.2)]),
        ("Clip", &["h", "zero", "six"], &[]),
        ("Clip", &["h", "minus", "one"], &[]),
        ("Clip", &["h", "one", "six"], &[]),
        ("Sigmoid", &["h"], &[]),
        ("Tanh", &["h"], &[]),
    ];
    for (operator, inputs, attributes) in forms {
        let model = linear(ModelBuilder::new(17, 2))
            .floats("zero", &[], &[0.0])
            .floats("one", &[], &[1.0])
            .floats("minus", &[], &[-0.5])
            .floats("six", &[], &[6.0])
            .with(operator, inputs, "y", attributes);
        let error = relative_error(&model);
        assert!(error < 0.02, "{operator} {inputs:?}: {error}");
    }
}

#[test]
fn layers_of_one_function_share_a_segment() {
    let mut model = ModelBuilder::new(17, 2).floats("w", &[2, 2], &[1.5, -0.5, 0.25, 2.0]);
    let mut last = "x".to_string();
    for (index, operator) in [
        "Tanh",
        "Sigmoid",
        "Tanh",
        "LeakyRelu",
        "Relu",
        "LeakyRelu",
        "Sigmoid",
    ]
    .into_iter()
    .enumerate()
    {
        let (h, a) = (format!("h{index}"), format!("a{index}"));
        model = model
            .node("MatMul", &[&last, "w"], &h)
            .node(operator, &[&h], &a);
        last = a;
    }
    let model = model.node("Identity", &[&last], "y");
    let integer = quantise(&layered(&model), &samples(), &QuantiseOptions::default()).unwrap();
    let used: Vec<usize> = integer.layers.iter().map(|layer| layer.segment).collect();
    assert_eq!(used, [1, 2, 1, 3, 4, 3, 2]);
    assert_eq!(integer.layers[0].pre_scale, integer.layers[2].pre_scale);
    assert_eq!(integer.layers[1].scale, 1.0 / 255.0);
    assert!(integer.table_rows() <= (1 << integer.log_rows) - 4);
}

#[test]
fn options_out_of_range() {
    let with = |options: QuantiseOptions| quantise(&layered(&small()), &samples(), &options);
    let options = QuantiseOptions::default();
    for bits in [3, 17] {
        let refused = with(options.with_activation_bits(bits));
        assert_eq!(
            refused,
            Err(QuantiseError::ActivationBits {
                bits,
                least: 4,
                most: 16
            })
        );
    }
    assert!(matches!(
        with(options.with_log_rows(10)),
        Err(QuantiseError::LogRows {
            log_rows: 10,
            least: 11,
            ..
        })
    ));
    assert!(matches!(
        with(
            options
                .with_activation_bits(12)
                .with_log_rows(11)
                .with_tables(TableChoice::Columns)
        ),
        Err(QuantiseError::Rows { log_rows: 11, .. })
    ));
    assert_eq!(with(options.with_log_rows(14)).unwrap().shift, 13);
}

#[test]
fn samples_that_do_not_fit() {
    let with =
        |samples: &[Sample]| quantise(&layered(&small()), samples, &QuantiseOptions::default());
    assert_eq!(with(&[]), Err(QuantiseError::NoSamples));
    let refused = |sample, error| Err(QuantiseError::Sample { sample, error });
    let input = || "x".to_string();
    let short = LayeredError::InputLength {
        input: input(),
        expected: 2,
        actual: 1,
    };
    assert_eq!(
        with(&[vec![vec![0.0; 2]], vec![vec![0.0]]]),
        refused(1, short)
    );
    let none = LayeredError::Inputs {
        expected: 1,
        actual: 0,
    };
    assert_eq!(with(&[vec![]]), refused(0, none));
    let nan = LayeredError::NotFinite { tensor: input() };
    assert_eq!(with(&[vec![vec![f32::NAN, 0.0]]]), refused(0, nan));
    let overflow = LayeredError::NotFinite {
        tensor: "n_y".into(),
    };
    assert_eq!(with(&[vec![vec![0.0, 3.0e38]]]), refused(0, overflow));
}

#[test]
fn a_weight_that_calibration_never_sees_can_be_too_large() {
    let model = ModelBuilder::new(17, 2)
        .floats("w", &[2, 1], &[1.0, 1e12])
        .node("MatMul", &["x", "w"], "y");
    let refused = quantise(
        &layered(&model),
        &[vec![vec![1.0, 0.0]]],
        &QuantiseOptions::default(),
    );
    assert_eq!(
        refused,
        Err(QuantiseError::Parameter {
            layer: "n_y".into(),
            value: 1e12
        })
    );
}

/// A chain of dense layers of this many channels, with these functions.
fn chain(channels: &[usize], activations: &[Option<Activation>]) -> (LayeredGraph, Vec<Sample>) {
    let mut net = Builder::new(3);
    let mut last = net.input(&extent([1, 1], channels[0]));
    for (&out, activation) in channels[1..].iter().zip(activations) {
        let term = net.dense(last, [UNIT, UNIT], out);
        last = net.layer(
            extent([1, 1], out),
            vec![term],
            *activation,
            ScaleRule::Free,
        );
    }
    net.output(last);
    let samples = net.samples(40);
    (net.graph, samples)
}

fn laid_out(channels: &[usize], activations: &[Option<Activation>]) -> ValidGraph {
    let (graph, samples) = chain(channels, activations);
    quantise(&graph, &samples, &QuantiseOptions::default()).unwrap()
}

const RELU: Option<Activation> = Some(Activation::Relu);
const TANH: Option<Activation> = Some(Activation::Tanh);

#[test]
fn tables_take_the_rows_that_functions_need() {
    let sizes = |integer: &ValidGraph| (integer.log_rows, integer.shift, integer.segments.len());
    let relu = laid_out(&[64, 64, 32, 10], &[RELU, RELU, None]);
    assert_eq!(sizes(&relu), (12, 11, 2));
    let segments: Vec<usize> = relu.layers.iter().map(|layer| layer.segment).collect();
    assert_eq!(segments, [1, 1, 0]);
    assert!((4080..=4092).contains(&relu.table_rows()));
    assert!(relu.segments.iter().all(|segment| segment.rows() >= 768));
    assert_eq!(
        relu.segments[1].function,
        Function::Clamp { lo: 0, hi: 255 }
    );
    // Identities alone fit 2048 rows, and a third function costs shift before rows.
    assert_eq!(sizes(&laid_out(&[64, 10], &[None])), (11, 10, 1));
    let tanh = laid_out(&[8, 8, 8, 8], &[RELU, TANH, TANH]);
    assert_eq!(sizes(&tanh), (12, 10, 3));
    assert_eq!(tanh.layers[1].pre_scale, tanh.layers[2].pre_scale);
}

#[test]
fn columns_are_as_long_as_is_cheap() {
    // Many small tensors rather take more lanes than longer columns; the proof's size limits both.
    let wide = laid_out(&[4096, 64, 10], &[RELU, None]);
    assert_eq!(wide.log_rows, 12);
    let (graph, samples) = chain(&[64, 10], &[None]);
    let longer = QuantiseOptions::default().with_log_rows(15);
    assert_eq!(quantise(&graph, &samples, &longer).unwrap().shift, 14);
}

#[test]
fn a_table_that_cannot_fit_says_what_it_needs() {
    let (graph, samples) = chain(&[8, 8, 8], &[RELU, TANH]);
    let options = QuantiseOptions::default()
        .with_log_rows(11)
        .with_tables(TableChoice::Columns);
    let refused = quantise(&graph, &samples, &options);
    assert!(
        matches!(refused, Err(QuantiseError::Rows { rows, log_rows: 11 }) if rows >= 3 * 768 + 517),
        "{refused:?}"
    );
}

#[test]
fn what_follows_must_have_one_scale() {
    let mut net = Builder::new(5);
    let x = net.input(&extent([2, 2], 2));
    let term = net.dense(x, [UNIT, UNIT], 2);
    let other = net.layer(extent([2, 2], 2), vec![term], None, ScaleRule::Free);
    let read = |source| structural(source, [UNIT, UNIT], UNIT, 1.0);
    let terms = vec![read(x), read(other)];
    let sum = net.layer(extent([2, 2], 2), terms, None, ScaleRule::Follows(x));
    net.output(sum);
    let samples = net.samples(8);
    assert_eq!(
        quantise(&net.graph, &samples, &QuantiseOptions::default()),
        Err(QuantiseError::Scales {
            layer: "layer2".into()
        })
    );
}

#[test]
fn differences_of_wide_codes_are_not_cut_off() {
    let mut net = crate::networks::maxima(1);
    let samples = net.samples(16);
    let integer = quantise(&net.graph, &samples, &QuantiseOptions::default()).unwrap();
    let identity = &integer.segments[integer.input_segments[0]];
    let rectifier = &integer.segments[integer.layers[1].segment];
    // The layer before the maxima uses its whole segment, so differences are twice as wide.
    let width = identity.hi - 1 - identity.lo;
    assert_eq!(rectifier.output_range(), Some((0, width)));
    assert!(rectifier.lo <= -width && rectifier.hi > width);
}

/// A dense layer of two channels with a function after it, over a grid of inputs in [-4, 4].
fn function(activation: Activation) -> (LayeredGraph, Vec<Sample>) {
    let mut net = Builder::new(11);
    let x = net.input(&extent([1, 1], 2));
    let term = net.dense(x, [UNIT, UNIT], 2);
    let y = net.layer(
        extent([1, 1], 2),
        vec![term],
        Some(activation),
        ScaleRule::Free,
    );
    net.output(y);
    // At most as many as calibration looks at.
    let points = -15..=15i16;
    let grid = points
        .clone()
        .flat_map(|a| points.clone().map(move |b| [a, b]));
    let samples = grid.map(|point| vec![point.map(|x| f32::from(x) / 4.0).to_vec()]);
    (net.graph, samples.collect())
}

/// Exact and approximate outputs over the samples.
fn outputs(activation: Activation) -> Vec<(f32, f32)> {
    let (graph, samples) = function(activation);
    let integer = quantise(&graph, &samples, &QuantiseOptions::default()).unwrap();
    let pairs = samples.iter().flat_map(|sample| {
        let exact = graph
            .outputs(&graph.evaluate(sample).unwrap())
            .swap_remove(0);
        let trace = integer.infer(&integer.quantise_inputs(sample).unwrap());
        let codes = integer.outputs(&trace.unwrap()).unwrap();
        exact
            .into_iter()
            .zip(integer.outputs[0].dequantise(&codes[0]))
    });
    pairs.collect()
}

#[test]
fn smooth_functions_are_close_to_their_floats() {
    let functions = [
        Activation::Relu,
        Activation::Abs,
        Activation::Elu { alpha: 0.7 },
        Activation::Selu {
            alpha: 1.67,
            gamma: 1.05,
        },
        Activation::Celu { alpha: 1.5 },
        Activation::HardSigmoid {
            alpha: 0.2,
            beta: 0.5,
        },
        Activation::HardSwish,
        Activation::Softplus,
        Activation::Softsign,
        Activation::Erf,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Silu,
        Activation::Mish,
        Activation::Exp,
    ];
    for activation in functions {
        let pairs = outputs(activation);
        let largest = pairs
            .iter()
            .fold(0.0f32, |most, pair| most.max(pair.0.abs()));
        let error = pairs
            .iter()
            .fold(0.0f32, |most, pair| most.max((pair.0 - pair.1).abs()));
        assert!(
            error < 0.025 * largest,
            "{activation:?}: {error} of {largest}"
        );
    }
}

#[test]
fn steps_are_exact_but_next_to_a_step() {
    let functions = [
        Activation::Floor,
        Activation::Ceil,
        Activation::Round,
        Activation::Sign,
    ];
    for activation in functions {
        let pairs = outputs(activation);
        let wrong = pairs
            .iter()
            .filter(|(exact, approximate)| exact != approximate)
            .count();
        assert!(
            wrong * 20 < pairs.len(),
            "{activation:?}: {wrong} of {}",
            pairs.len()
        );
        assert!(pairs.iter().all(|pair| pair.1 == pair.1.round()));
    }
}

#[test]
fn a_threshold_is_no_homogeneous_function() {
    // Tabulated in codes instead of real values it would be wrong by the scale.
    let pairs = outputs(Activation::ThresholdedRelu { alpha: 1.0 });
    let wrong = pairs
        .iter()
        .filter(|(exact, approximate)| (exact - approximate).abs() > 0.05);
    assert!(wrong.count() * 20 < pairs.len());
}

#[test]
fn large_tables_are_chosen_where_they_are_far_cheaper() {
    let (graph, samples) = chain(&[8, 8, 8], &[RELU, TANH]);
    let tables = |bits, tables| {
        let options = QuantiseOptions::default().with_activation_bits(bits);
        quantise(&graph, &samples, &options.with_tables(tables)).unwrap()
    };
    let few = tables(8, TableChoice::Auto);
    assert_eq!(few, tables(8, TableChoice::Columns));
    assert!(few.large_tables.is_empty());
    let many = tables(14, TableChoice::Auto);
    assert_eq!(many, tables(14, TableChoice::Large));
    // Inputs and both functions, 3·2^14 rows each, and columns that are as short as can be.
    let [table] = many.large_tables[..] else {
        panic!("{:?}", many.large_tables)
    };
    assert_eq!((table.segments, table.log_rows, many.log_rows), (3, 18, 11));
    assert_eq!(many.column_segments(), 0);
    // The remainders' range is in the columns, so the layers' shift of 16 takes a limb.
    assert!(many.layers.iter().all(|layer| layer.shift == 16));
    assert!(many.shift < 11 && !many.limb_ranges().is_empty());
    // Without a choice, columns as long as the table.
    assert_eq!(tables(14, TableChoice::Columns).log_rows, 18);
}
