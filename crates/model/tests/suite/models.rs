//! The carried models: quantisation keeps their accuracy, every held-out input can be proved, and inference is what it says.

use crate::common::{Infer, read};
use tensorseal_model::data::DataFile;
use tensorseal_model::quantise::QuantiseOptions;
use tensorseal_model::report::Note;
use tensorseal_model::{Cell, Compiled, IntegerGraph, PostProcessing, compile};

const MODELS: [&str; 3] = ["digits_demo", "digits_mlp", "mlp_784_128_10"];

fn data(file: &str) -> DataFile {
    DataFile::parse(&read(file)).unwrap()
}

fn compiled(model: &str, options: &QuantiseOptions) -> Compiled {
    let calibration = data(&format!("{model}_calibration.npz"));
    let held_out = data(&format!("{model}_heldout.npz"));
    compile(
        &read(&format!("{model}.onnx")),
        &calibration,
        Some(&held_out),
        options,
    )
    .unwrap()
}

/// Inference written as plainly as possible, on wide integers.
fn naive(graph: &IntegerGraph, input: &[i64]) -> Vec<Vec<Cell>> {
    let mut tensors = vec![
        input
            .iter()
            .map(|&x| Cell {
                rem: 0,
                pre: x,
                out: x,
            })
            .collect::<Vec<_>>(),
    ];
    for layer in &graph.layers {
        let mut cells = Vec::new();
        for o in 0..layer.out_channels {
            let mut acc = i128::from(layer.bias[o]);
            let row = &layer.weights[o * layer.in_channels..][..layer.in_channels];
            for (weight, cell) in row.iter().zip(&tensors[layer.input]) {
                acc += i128::from(*weight) * i128::from(cell.out);
            }
            let divisor = 1i128 << graph.shift;
            let sum = acc + divisor / 2;
            let pre = sum.div_euclid(divisor) as i64;
            let segment = &graph.segments[layer.segment];
            assert!(segment.lo <= pre && pre < segment.hi);
            let (_, out) = segment.iter().find(|row| row.0 == pre).unwrap();
            cells.push(Cell {
                rem: sum.rem_euclid(divisor) as i64,
                pre,
                out,
            });
        }
        tensors.push(cells);
    }
    tensors
}

#[test]
fn accuracy_stays_within_half_a_point() {
    for model in MODELS {
        let report = compiled(model, &QuantiseOptions::default()).report;
        let held_out = report.held_out.as_ref().unwrap();
        let (float, integer) = (
            held_out.float_accuracy.unwrap(),
            held_out.integer_accuracy.unwrap(),
        );
        println!(
            "{model}: float {float:.4} integer {integer:.4} agreement {:.4} snr {:?} dB provable {}/{}",
            held_out.argmax_agreement, held_out.snr_db, held_out.provable, held_out.samples
        );
        for layer in &report.layers {
            println!("  {layer:?}");
        }
        assert!(float > 0.95, "{model}: {float}");
        assert!(
            float - integer <= 0.005,
            "{model}: float {float}, integer {integer}"
        );
        assert!(
            held_out.snr_db.unwrap() > 40.0,
            "{model}: {:?}",
            held_out.snr_db
        );
        assert_eq!(held_out.provable, held_out.samples, "{model}");
        assert_eq!((report.log_rows, report.shift), (12, 11), "{model}");
    }
}

#[test]
fn more_bits_mean_less_noise() {
    let snr = |bits| {
        let options = QuantiseOptions::default().with_activation_bits(bits);
        compiled("digits_mlp", &options)
            .report
            .held_out
            .unwrap()
            .snr_db
            .unwrap()
    };
    let measured: Vec<f64> = [4, 6, 8, 10, 12].into_iter().map(snr).collect();
    assert!(measured.is_sorted(), "{measured:?}");
    assert!(measured[4] > 45.0, "{measured:?}");
}

#[test]
fn inference_is_the_naive_one() {
    for model in MODELS {
        let Compiled { integer, float, .. } = compiled(model, &QuantiseOptions::default());
        let held_out = data(&format!("{model}_heldout.npz"));
        let samples = held_out
            .samples(&integer.input.name, &integer.input.shape)
            .unwrap();
        for sample in samples.iter().take(10) {
            let codes = integer.quantise_input(sample).unwrap();
            let trace = integer.infer(&codes).unwrap();
            assert_eq!(trace.tensors, naive(&integer, &codes));
            let approximate = integer.dequantise_output(&trace.output()).unwrap();
            let exact = float.infer(sample).unwrap();
            let error = approximate
                .iter()
                .zip(&exact)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            let largest = exact
                .iter()
                .fold(0.0f32, |largest, value| largest.max(value.abs()));
            assert!(error < 0.06 * largest, "{model}: {error} of {largest}");
        }
    }
}

#[test]
fn the_single_inputs_fit_and_the_demo_ends_before_its_softmax() {
    for model in MODELS {
        let Compiled { integer, .. } = compiled(model, &QuantiseOptions::default());
        let input = data(&format!("{model}_input.json"))
            .single(&integer.input.name, &integer.input.shape)
            .unwrap();
        integer
            .infer(&integer.quantise_input(&input).unwrap())
            .unwrap();
    }
    let Compiled {
        integer, report, ..
    } = compiled("digits_demo", &QuantiseOptions::default());
    assert_eq!(integer.post_processing, [PostProcessing::Softmax]);
    assert_eq!(
        (integer.input.name.as_str(), integer.output.name.as_str()),
        ("image", "logits")
    );
    assert_eq!(
        report.notes,
        [Note::OutsideProof {
            operators: vec!["Softmax"],
            output: "logits".into()
        }]
    );
}

#[test]
fn compiling_is_deterministic() {
    let options = QuantiseOptions::default();
    assert_eq!(
        compiled("digits_demo", &options),
        compiled("digits_demo", &options)
    );
}
