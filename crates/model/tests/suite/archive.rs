//! The archives that `tests/conformance/pack.py` makes of ONNX's test data.

use std::collections::BTreeMap;
use std::path::PathBuf;
use tensorseal_model::graph::Tensor;
use tensorseal_model::onnx::TensorProto;

/// The files of an archive, by name.
pub(crate) fn archive(name: &str) -> BTreeMap<String, Vec<u8>> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "conformance", name]
        .iter()
        .collect();
    let packed = std::fs::read(path).unwrap();
    let raw = miniz_oxide::inflate::decompress_to_vec(&packed).unwrap();
    let mut rest = raw.as_slice();
    let mut take = || {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        let (bytes, tail) = tail.split_at(u32::from_le_bytes(*length) as usize);
        rest = tail;
        Some(bytes.to_vec())
    };
    let mut files = BTreeMap::new();
    while let Some(name) = take() {
        files.insert(String::from_utf8(name).unwrap(), take().unwrap());
    }
    files
}

/// A tensor file, `None` when it holds no tensor of a type that is read.
pub(crate) fn tensor(bytes: &[u8]) -> Option<Tensor> {
    TensorProto::parse(bytes).ok()?.read().ok()
}

/// How far two tensors are apart where they are furthest, in units of the tolerance of ONNX's own test runner (`1e-7 + 1e-3 * |expected|`);
/// integers must be equal. `None` when shapes or kinds differ.
pub(crate) fn distance(actual: &Tensor, expected: &Tensor) -> Option<f64> {
    if actual.shape() != expected.shape() || actual.element_type() != expected.element_type() {
        return None;
    }
    if let (Some(a), Some(b)) = (actual.as_ints(), expected.as_ints()) {
        return Some(if a == b { 0.0 } else { f64::INFINITY });
    }
    let pairs = actual.as_floats()?.iter().zip(expected.as_floats()?);
    let far = pairs.map(|(&a, &b)| {
        let (a, b) = (f64::from(a), f64::from(b));
        if a == b || (a.is_nan() && b.is_nan()) {
            0.0
        } else {
            (a - b).abs() / (1e-7 + 1e-3 * b.abs())
        }
    });
    Some(far.fold(0.0, |most, x| if x <= most { most } else { x }))
}
