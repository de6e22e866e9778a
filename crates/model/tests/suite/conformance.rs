//! ONNX's official node tests: import and float interpreter against the expected outputs, once with floats as inputs of the graph and
//! once with everything bound to constants, so that folding is tested too; and `docs/operators.md`, which is made from them.

use crate::archive::{archive, distance, tensor};
use crate::lowering::LOWERED;
use crate::proved::{NOT_PROVED, PROVED, TOLERANCE};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::OnceLock;
use tensorseal_model::graph::Tensor;
use tensorseal_model::import::{
    ImportOptions, NEWEST_OPERATOR_SET, OLDEST_OPERATOR_SET, execute, supported_operators,
};
use tensorseal_model::onnx::Model;

/// Tests outside of what is supported, by the beginning of their names, and why.
const OUTSIDE: &[(&str, &str)] = &[
    (
        "averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True",
        BEYOND_PADDING,
    ),
    ("batchnorm_epsilon_training_mode", TRAINING),
    ("batchnorm_example_training_mode", TRAINING),
    ("cast_BFLOAT16", NARROW_FLOATS),
    ("cast_DOUBLE_to_FLOAT16", NARROW_FLOATS),
    ("cast_FLOAT16_to_FLOAT8", NARROW_FLOATS),
    ("cast_FLOAT16_to_INT4", FOUR_BITS),
    ("cast_FLOAT16_to_UINT4", FOUR_BITS),
    ("cast_FLOAT8", NARROW_FLOATS),
    ("cast_FLOAT_to_BFLOAT16", NARROW_FLOATS),
    ("cast_FLOAT_to_FLOAT16", NARROW_FLOATS),
    ("cast_FLOAT_to_FLOAT8", NARROW_FLOATS),
    ("cast_FLOAT_to_INT4", FOUR_BITS),
    ("cast_FLOAT_to_STRING", STRINGS),
    ("cast_FLOAT_to_UINT4", FOUR_BITS),
    ("cast_INT4", FOUR_BITS),
    ("cast_STRING", STRINGS),
    ("cast_UINT4", FOUR_BITS),
    ("cast_no_saturate", NARROW_FLOATS),
    ("dequantizelinear_blocked", BLOCKS),
    ("dequantizelinear_e4m3fn", NARROW_FLOATS),
    ("dequantizelinear_e5m2", NARROW_FLOATS),
    ("dequantizelinear_int4", FOUR_BITS),
    ("dequantizelinear_uint4", FOUR_BITS),
    ("edge_pad", PAD_MODES),
    ("equal_string", STRINGS),
    ("identity_opt", SEQUENCES),
    ("identity_sequence", SEQUENCES),
    ("maxpool_with_argmax", INDICES),
    ("qlinearmatmul_2D_int8", WRAPS),
    ("qlinearmatmul_3D_int8", WRAPS),
    ("quantizelinear_blocked", BLOCKS),
    ("quantizelinear_e4m3fn", NARROW_FLOATS),
    ("quantizelinear_e5m2", NARROW_FLOATS),
    ("quantizelinear_int4", FOUR_BITS),
    ("quantizelinear_uint4", FOUR_BITS),
    ("reduce_min_empty_set", EMPTY),
    ("reflect_pad", PAD_MODES),
    ("training_dropout_default", TRAINING),
    ("training_dropout_mask", TRAINING),
    ("training_dropout/", TRAINING),
    ("wrap_pad", PAD_MODES),
];

const BEYOND_PADDING: &str = "the expected mean counts what lies beyond the padding; later releases and onnxruntime agree with ours";
const WRAPS: &str =
    "the expected result wraps around where the definition saturates; onnxruntime agrees with ours";
const TRAINING: &str = "training";
const NARROW_FLOATS: &str = "16- and 8-bit floats as results, bfloat16 and 8-bit floats at all";
const FOUR_BITS: &str = "4-bit integers";
const STRINGS: &str = "strings";
const SEQUENCES: &str = "sequences and optional tensors";
const BLOCKS: &str = "scales in blocks";
const PAD_MODES: &str = "pads that repeat or mirror elements";
const INDICES: &str = "indices of maxima as a second output";
const EMPTY: &str = "the minimum of nothing, which is infinite";

/// All tests in the archive, and those of them outside. Both are stated, so that none can go missing unnoticed.
const TESTS: usize = 517;
const TESTS_OUTSIDE: usize = 74;

/// Inputs of floats that are attributes in all but form: operator and index.
pub(crate) const ATTRIBUTES: &[(&str, usize)] = &[
    ("Clip", 1),
    ("Clip", 2),
    ("Dropout", 1),
    ("Pad", 2),
    ("Range", 0),
    ("Range", 1),
    ("Range", 2),
];

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) operator: String,
    pub(crate) model: Vec<u8>,
    pub(crate) inputs: Vec<Option<Tensor>>,
    pub(crate) outputs: Vec<Option<Tensor>>,
}

pub(crate) fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(read_cases)
}

fn read_cases() -> Vec<Case> {
    let files = archive("node.bin");
    let folder = |name: &String| name.split('/').next().unwrap().to_string();
    let mut names: Vec<String> = files.keys().map(folder).collect();
    names.dedup();
    let tensors = |name: &str, kind: &str| {
        let path = |index| format!("{name}/test_data_set_0/{kind}_{index}.pb");
        (0..)
            .map_while(|index| files.get(&path(index)).map(|bytes| tensor(bytes)))
            .collect()
    };
    names
        .into_iter()
        .map(|name| {
            let model = files[&format!("{name}/model.onnx")].clone();
            Case {
                operator: String::from_utf8(files[&format!("{name}/operator")].clone()).unwrap(),
                inputs: tensors(&name, "input"),
                outputs: tensors(&name, "output"),
                model,
                name,
            }
        })
        .collect()
}

impl Case {
    fn outside(&self) -> Option<&'static str> {
        // The slash ends a whole name.
        let name = format!("{}/", self.name);
        let reason = OUTSIDE.iter().find(|(start, _)| name.starts_with(start));
        reason.map(|(_, reason)| *reason)
    }

    /// Runs the test on a model that is its own, or nearly so, with floats as inputs of the graph or as constants.
    pub(crate) fn run(&self, model_bytes: &[u8], floats_are_inputs: bool) -> Result<(), String> {
        let model = Model::parse(model_bytes).map_err(|error| error.to_string())?;
        let mut options = ImportOptions::default();
        let mut inputs: Vec<&[f32]> = Vec::new();
        for (index, info) in model.graph.inputs.iter().enumerate() {
            let given = self.inputs.get(index).cloned().flatten();
            let given = given.ok_or("an input of a type that is not read")?;
            let attribute = ATTRIBUTES.contains(&(self.operator.as_str(), index));
            let bound = info.element_type != 1 || given.is_empty() || attribute;
            if bound || !floats_are_inputs {
                options.constants.insert(info.name.to_string(), given);
            } else {
                inputs.push(
                    self.inputs[index]
                        .as_ref()
                        .and_then(Tensor::as_floats)
                        .unwrap(),
                );
            }
        }
        let outputs = execute(model_bytes, &options, &inputs).map_err(|error| error.to_string())?;
        if outputs.len() != self.outputs.len() {
            return Err(format!("{} outputs", outputs.len()));
        }
        for (actual, expected) in outputs.iter().zip(&self.outputs) {
            let expected = expected
                .as_ref()
                .ok_or("an output of a type that is not read")?;
            match distance(actual, expected) {
                Some(distance) if distance <= 1.0 => {}
                other => return Err(format!("{other:?} tolerances off")),
            }
        }
        Ok(())
    }
}

#[test]
fn every_node_test_of_a_supported_operator_passes() {
    let cases = cases();
    let mut failures = String::new();
    let mut outside = 0;
    for case in cases {
        let results = [true, false].map(|inputs| case.run(&case.model, inputs));
        if case.outside().is_some() {
            outside += 1;
            // What passes after all does not belong on the list.
            if results.iter().all(Result::is_ok) {
                writeln!(failures, "{} passes", case.name).unwrap();
            }
            continue;
        }
        for (result, how) in results.into_iter().zip(["inputs", "constants"]) {
            if let Err(why) = result {
                writeln!(failures, "{} with {how}: {why}", case.name).unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
    assert_eq!((cases.len(), outside), (TESTS, TESTS_OUTSIDE));
}

#[test]
fn every_supported_operator_is_tested_or_known_not_to_be() {
    let tested: Vec<String> = cases().iter().map(|case| case.operator.clone()).collect();
    let untested: Vec<&str> = supported_operators()
        .iter()
        .map(|operator| operator.name)
        .filter(|name| !tested.iter().any(|tested| tested == name))
        .collect();
    // They are no standard operators, so ONNX has no tests of them.
    assert_eq!(
        untested,
        [
            "QGemm",
            "QLinearAdd",
            "QLinearConcat",
            "QLinearGlobalAveragePool"
        ]
    );
}

#[test]
fn the_table_of_operators_is_current() {
    let path: PathBuf = [
        env!("CARGO_MANIFEST_DIR"),
        "..",
        "..",
        "docs",
        "operators.md",
    ]
    .iter()
    .collect();
    let current = document();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == current,
        "docs/operators.md is stale; run this test with UPDATE=1"
    );
}

const BEYOND: &str = "
## Products of activations, and embeddings

`Mul`, `MatMul` and `Gemm` of two activations are proved as sums of quarter squares, `a b = floor((a + b)^2 / 4) - floor((a - b)^2 / 4)`, which is exact \
on integers: two cells a product, and one or two for each sum; up to 4,194,304 products a node. `Pow` takes one whole exponent from 1 to 8. A \
divisor must be a constant.

Inputs may be `int32` or `int64` where they choose rows of a constant with `Gather`. Reshape, Transpose, Slice, Split, Concat, Expand, casts between \
integers and `Gather` at even distances may move them before; computing with them is refused. Indices count from 0: the float interpreter takes ONNX's negative \
ones, which count from the end, a proof does not.
";

const QUANTISED: &str = "
## Quantised networks

Networks that onnxruntime's `quantize_static` made, in the QDQ or the QOperator form, with `int8` or `uint8` activations and weights, per tensor or per \
channel, are proved on the integers that the file gives, which become onnxruntime's own results. Conv, Gemm and MatMul with constant weights, sums of two tensors, Concat, MaxPool, GlobalAveragePool, Reshape, Flatten, Transpose, Relu and Clip are supported between quantised tensors; the \
whole network must be quantised, and end with DequantizeLinear. Inputs are quantised outside the proof, as onnxruntime does it.

onnxruntime multiplies sums by an `f32` and rounds twice, to `f32` and to an integer; the proof multiplies exactly and rounds once. On all 952,192 \
values of the fixtures in `models/quantised` both are the same. Of the sums that any inputs could make, a few in a million end at a neighbouring \
integer there; the report counts them (`onnxruntime, exact but for 89 of 37061070 possible sums`). A sum beyond the table's range, which is the calibrated range with a margin or all that inputs can reach, is an error at \
proving and never a wrong proof.

## Node tests
";

fn document() -> String {
    let cases = cases();
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for case in cases {
        let count = counts.entry(case.operator.as_str()).or_default();
        count.1 += 1;
        count.0 += usize::from(case.outside().is_none());
    }
    let mut text = format!(
        "# Operators\n\nWhat the import reads and the float interpreter executes, at opsets {OLDEST_OPERATOR_SET} to {NEWEST_OPERATOR_SET}. \
         An operator is known in all its forms from the opset in the second column on. The third column counts the node tests of onnx 1.16.0 \
         that pass (import, and float interpreter within 1e-7 + 1e-3 of the expected value), of all there are without the `_expanded` \
         ones. Activations that exporters take apart (Gelu in both forms, SiLU, HardSwish, Mish) are put together again, and quantised groups \
         (DequantizeLinear, Conv or Gemm or MatMul, QuantizeLinear) become operators on integers.\n\nThis file is made by the test `the_table_of_operators_is_current`; write it with `UPDATE=1 cargo test -p tensorseal-model \
         operators_is_current`.\n\n| operator | since opset | node tests | limits |\n|---|---|---|---|\n"
    );
    for operator in supported_operators() {
        let name = match operator.domain {
            "" => operator.name.to_string(),
            domain => format!("{} ({domain})", operator.name),
        };
        let tests = counts.get(operator.name).map_or_else(
            || String::from("none"),
            |(passed, total)| format!("{passed} of {total}"),
        );
        writeln!(
            text,
            "| {name} | {} | {tests} | {} |",
            operator.since, operator.limits
        )
        .unwrap();
    }
    text.push_str(BEYOND);
    text.push_str(QUANTISED);
    let passed = cases.iter().filter(|case| case.outside().is_none()).count();
    writeln!(
        text,
        "\n{passed} of {} tests pass; the others are outside of what is supported:\n",
        cases.len()
    )
    .unwrap();
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in cases {
        if let Some(reason) = case.outside() {
            reasons.entry(reason).or_default().push(&case.name);
        }
    }
    for (reason, names) in reasons {
        writeln!(text, "- {reason}: {}", names.join(", ")).unwrap();
    }
    write_proved(&mut text);
    text
}

/// What of the tests is proved end to end.
fn write_proved(text: &mut String) {
    writeln!(
        text,
        "\n## Proved\n\n{LOWERED} of these tests have a form as layers, the others are operators that a proof does not cover (or only at \
         the end of a network, outside of it). {PROVED} of the {LOWERED} are quantised to 8 bits on their own input, proved and verified, with \
         results within {} % of the largest expected value; `cargo test --release -p tensorseal-model node_tests_are_proved -- --ignored` \
         repeats it. The others:\n",
        TOLERANCE * 100.0
    )
    .unwrap();
    for (operator, why, count) in NOT_PROVED {
        writeln!(text, "- {operator}, {count}: {why}").unwrap();
    }
}
