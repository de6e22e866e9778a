//! An ONNX file all the way to a program: import, evaluation, quantisation, integer inference, lowering. What is lowered must be lifted
//! as the same graph.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorseal_model::graph::FloatGraph;
use tensorseal_model::program::{Description, lift, lower, witness};
use tensorseal_model::quantise::{QuantiseOptions, quantise};

/// Networks with more channels or weights in all are imported only; files may expand up to 2^20 elements.
const MAX_SIZE: usize = 1 << 14;
/// A table of this size, whatever the network asks for.
const LOG_ROWS: u32 = 12;

fuzz_target!(|bytes: &[u8]| {
    let Ok(graph) = FloatGraph::from_onnx(bytes) else {
        return;
    };
    if size(&graph) > MAX_SIZE {
        return;
    }
    let inputs: Vec<Vec<f32>> = (0..graph.inputs.len())
        .map(|index| vec![0.5; graph.input(index).elements()])
        .collect();
    let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let _ = graph.run_all(&inputs);
    let samples = samples(graph.input(0).elements());
    let options = QuantiseOptions::default().with_log_rows(LOG_ROWS);
    let Ok(mut integer) = quantise(&graph, &samples, &options) else {
        return;
    };
    let _ = integer.infer_saturating(&samples[2]);
    let trace = integer
        .quantise_input(&samples[1])
        .and_then(|input| integer.infer(&input));
    let Ok(lowered) = lower(&integer) else {
        return;
    };
    let description = Description::of(&integer);
    for layer in &mut integer.layers {
        // A key does not hold the scales of hidden layers.
        (layer.pre_scale, layer.scale) = (1.0, 1.0);
    }
    let lifted = lift(&lowered.program, &lowered.weights, &description);
    assert_eq!(lifted.as_ref(), Ok(&integer), "lowered and lifted");
    if let Ok(trace) = trace {
        witness(&lowered.program, &trace).expect("an inference without error is a witness");
    }
});

/// Nothing, a ramp about zero, and values that are no whole multiples of each other.
fn samples(channels: usize) -> [Vec<f32>; 3] {
    let ramp = (0..channels).map(|channel| channel as f32 - channels as f32 / 2.0);
    let other = (0..channels).map(|channel| 1.0 / (channel as f32 + 0.7));
    [vec![0.0; channels], ramp.collect(), other.collect()]
}

/// Elements and multiplications in all.
fn size(graph: &FloatGraph) -> usize {
    let nodes = graph.nodes.iter().map(|node| {
        let shapes: Vec<&[usize]> = node.inputs.iter().map(|input| graph.shape(input)).collect();
        let work = node.operation.work_per_element(&shapes);
        let made = node
            .outputs
            .iter()
            .map(|&value| graph.values[value].elements());
        made.fold(0, usize::saturating_add).saturating_mul(1 + work)
    });
    let inputs = graph
        .inputs
        .iter()
        .map(|&value| graph.values[value].elements());
    inputs.chain(nodes).fold(0, usize::saturating_add)
}
