//! The carried models: quantisation keeps their accuracy, every held-out input can be proved, and inference is what it says.

use crate::common::{Infer, read};
use tensorseal_model::data::DataFile;
use tensorseal_model::quantise::QuantiseOptions;
use tensorseal_model::report::Note;
use tensorseal_model::{Cell, Compiled, PostProcessing, ValidGraph, compile};

const MODELS: [&str; 3] = ["digits_demo", "digits_mlp", "mlp_784_128_10"];

fn data(file: &str) -> DataFile {
    DataFile::parse(&read(file)).unwrap()
}

fn compiled(model: &str, options: &QuantiseOptions) -> Compiled {
    let calibration = data(&format!("{model}_calibration.npz"));
    let held_out = data(&format!("{model}_heldout.npz"));
    compile(
        &read(&format!("{model}.onnx")),
        Some(&calibration),
        Some(&held_out),
        options,
    )
    .unwrap()
}

/// Inference of flat dense layers written as plainly as possible, on wide integers.
fn naive(graph: &ValidGraph, input: &[i64]) -> Vec<Vec<Cell>> {
    let cell = |&x: &i64| Cell {
        rem: 0,
        pre: x,
        out: x,
    };
    let mut tensors = vec![input.iter().map(cell).collect::<Vec<_>>()];
    for layer in &graph.layers {
        let [term] = layer.terms.as_slice() else {
            panic!()
        };
        let source = &tensors[term.source];
        let rows = term.parameters().chunks(source.len());
        let mut cells = Vec::new();
        for (row, bias) in rows.zip(&layer.bias) {
            let products = row.iter().zip(source);
            let acc: i128 = products
                .map(|(weight, cell)| i128::from(*weight) * i128::from(cell.out))
                .sum();
            let divisor = 1i128 << graph.shift;
            let sum = acc + i128::from(*bias) + divisor / 2;
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
            .samples(&integer.inputs[0].name, &integer.inputs[0].shape)
            .unwrap();
        for sample in samples.iter().take(10) {
            let codes = integer
                .quantise_inputs(std::slice::from_ref(sample))
                .unwrap();
            let trace = integer.infer(&codes).unwrap();
            assert_eq!(trace.tensors, naive(&integer, &codes[0]));
            let approximate = integer.outputs[0].dequantise(&integer.outputs(&trace).unwrap()[0]);
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
            .single(&integer.inputs[0].name, &integer.inputs[0].shape)
            .unwrap();
        integer
            .infer(&integer.quantise_inputs(&[input]).unwrap())
            .unwrap();
    }
    let Compiled {
        integer, report, ..
    } = compiled("digits_demo", &QuantiseOptions::default());
    assert_eq!(integer.post_processing, [PostProcessing::Softmax]);
    assert_eq!(
        (
            integer.inputs[0].name.as_str(),
            integer.outputs[0].name.as_str()
        ),
        ("image", "logits")
    );
    assert_eq!(
        report.notes,
        [Note::OutsideProof {
            operators: vec!["Softmax".into()],
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
