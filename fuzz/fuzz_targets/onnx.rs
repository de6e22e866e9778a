//! An ONNX file all the way to a program: import, evaluation, quantisation, integer inference, lowering. What is lowered must be lifted
//! as the same graph.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorseal_model::graph::FloatGraph;
use tensorseal_model::layered::LayeredGraph;
use tensorseal_model::program::{Description, lift, lower, witness};
use tensorseal_model::quantise::{QuantiseOptions, Sample, products, quantise};

/// Networks with more cells and products in all are imported only; files may expand up to 2^20 elements.
const MAX_SIZE: usize = 1 << 14;
/// A table of this size, whatever the network asks for.
const LOG_ROWS: u32 = 12;

fuzz_target!(|bytes: &[u8]| {
    let Ok(graph) = FloatGraph::from_onnx(bytes) else {
        return;
    };
    let Ok(layered) = LayeredGraph::lower(&graph) else {
        return;
    };
    if size(&layered) > MAX_SIZE {
        return;
    }
    let samples = samples(&layered);
    for sample in &samples {
        let inputs: Vec<&[f32]> = sample.iter().map(Vec::as_slice).collect();
        let _ = graph.run_all(&inputs);
        let _ = layered.evaluate(sample);
    }
    let options = QuantiseOptions::default().with_log_rows(LOG_ROWS);
    let Ok(integer) = quantise(&layered, &samples, &options) else {
        return;
    };
    let _ = integer.infer_saturating(&samples[2]);
    let trace = integer
        .quantise_inputs(&samples[1])
        .and_then(|input| integer.infer(&input));
    let Ok(lowered) = lower(&integer) else {
        return;
    };
    let description = Description::of(&integer);
    let mut integer = integer.into_inner();
    for layer in &mut integer.layers {
        // A key does not hold the scales of hidden layers.
        (layer.pre_scale, layer.scale) = (1.0, 1.0);
    }
    let lifted = lift(
        &lowered.program,
        (&lowered.weights, &lowered.tables),
        &description,
    );
    assert_eq!(lifted.as_deref(), Ok(&integer), "lowered and lifted");
    if let Ok(trace) = trace {
        witness(&lowered.program, &trace).expect("an inference without error is a witness");
    }
});

/// Nothing, a ramp about zero, and values that are no whole multiples of each other, for every input.
fn samples(graph: &LayeredGraph) -> [Sample; 3] {
    let lengths: Vec<usize> = graph
        .inputs
        .iter()
        .map(|port| port.extent().cells())
        .collect();
    let each = |value: fn(usize, usize) -> f32| -> Sample {
        let inputs = lengths.iter();
        inputs
            .map(|&length| (0..length).map(|index| value(index, length)).collect())
            .collect()
    };
    [
        each(|_, _| 0.0),
        each(|index, length| index as f32 - length as f32 / 2.0),
        each(|index, _| 1.0 / (index as f32 + 0.7)),
    ]
}

/// Cells and products of one inference.
fn size(graph: &LayeredGraph) -> usize {
    let inputs = graph.inputs.iter().map(|port| port.extent().cells());
    let layers = graph.layers.iter().map(|layer| layer.extent.cells());
    let cells = inputs.chain(layers).fold(0, usize::saturating_add);
    cells.saturating_add(products(graph))
}
