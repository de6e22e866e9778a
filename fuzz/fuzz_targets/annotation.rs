//! A key's annotation: the description of a graph, and what lifting makes of it with a fixed program. What is read must be written again
//! and read as the same.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tensorseal_model::program::{Description, lift};
use tensorseal_protocol::VerifyingKey;
use tensorseal_protocol::linear::weights::WeightMatrix;

static KEY: LazyLock<(VerifyingKey, WeightMatrix)> = LazyLock::new(|| {
    let bytes = include_bytes!("../../tests/vectors/demo/model.vk");
    let key = VerifyingKey::from_bytes(bytes).expect("a key of this repository");
    let program = key.program();
    let weights = WeightMatrix::zero(program.weight_rows(), program.weight_columns());
    (key, weights)
});

fuzz_target!(|bytes: &[u8]| {
    let Some(description) = Description::from_bytes(bytes) else {
        return;
    };
    let again = Description::from_bytes(&description.to_bytes());
    assert_eq!(again.as_ref(), Some(&description), "written and read");
    let (key, weights) = &*KEY;
    if let Ok(graph) = lift(key.program(), (weights, &[]), &description) {
        let filled = |value: f32| -> Vec<Vec<f32>> {
            let ports = graph.inputs.iter();
            ports.map(|port| vec![value; port.elements()]).collect()
        };
        let input = graph.quantise_inputs(&filled(0.5));
        let _ = input.and_then(|input| graph.infer(&input));
        let _ = graph.infer_saturating(&filled(1e9));
    }
});
