//! The paved path: ONNX bytes and calibration data in, both graphs and a report out.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::data::{DataError, DataFile};
use crate::graph::FloatGraph;
use crate::import::ImportError;
use crate::integer::{IntegerGraph, PostProcessing, Semantics, ValidGraph};
use crate::layered::LayeredGraph;
use crate::lower::LowerError;
use crate::program::{self, Lowered};
use crate::quantise::{
    DEFAULT_ACTIVATION_BITS, QuantiseError, QuantiseOptions, Sample, products, quantise,
    rounding_differences, samples_used,
};
use crate::report::{CompileReport, EvaluateError, Note, evaluate};

/// Fewer calibration samples than this are worth a note.
const ADVISED_SAMPLES: usize = 32;

/// A compiled network.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// The network as the ONNX file has it.
    pub float: FloatGraph,
    /// The same in layers.
    pub layered: LayeredGraph,
    /// The network as a proof has it.
    pub integer: ValidGraph,
    /// The same for the proof system, with the weights.
    pub lowered: Lowered,
    /// What the one costs against the other.
    pub report: CompileReport,
}

/// Why a network cannot be compiled.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The ONNX file cannot be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The calibration data do not fit the network.
    #[error("calibration data: {0}")]
    Calibration(#[source] DataError),
    /// The held-out data do not fit the network.
    #[error("evaluation data: {0}")]
    HeldOut(#[source] DataError),
    /// The network cannot be made layers.
    #[error(transparent)]
    Layers(#[from] LowerError),
    /// The network cannot be quantised.
    #[error(transparent)]
    Quantise(#[from] QuantiseError),
    /// The quantised network does not fit the proof system.
    #[error(transparent)]
    Program(#[from] program::LowerError),
    /// The quantised network cannot be evaluated.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
}

/// Imports an ONNX file, quantises it with the calibration data, and measures what that did on those data and on data held out, as far as
/// they are given. A network that is quantised already has its scales and may do without calibration data, which then only say how wide its
/// tables should be.
///
/// Both data files hold an array under each input's name with a leading sample axis, and optionally `labels`.
///
/// # Errors
/// A [`CompileError`] that names the tensor, node or layer and says what to do.
pub fn compile(
    onnx: &[u8],
    calibration: Option<&DataFile>,
    evaluation: Option<&DataFile>,
    options: &QuantiseOptions,
) -> Result<Compiled, CompileError> {
    let float = FloatGraph::from_onnx(onnx)?;
    let layered = LayeredGraph::lower(&float)?;
    let read = |file: Option<&DataFile>| file.map(|file| labelled(&layered, file)).transpose();
    let calibration = read(calibration).map_err(CompileError::Calibration)?;
    let held_out = read(evaluation).map_err(CompileError::HeldOut)?;
    let samples = calibration.as_ref().map_or(&[][..], |(samples, _)| samples);
    let integer = quantise(&layered, samples, options)?;
    let integer = integer.with_post_processing(float.post_processing.clone());
    let measured = |data: &Option<Labelled>| {
        let data = data.as_ref();
        let measured =
            data.map(|(samples, labels)| evaluate(&layered, &integer, samples, labels.as_deref()));
        measured.transpose()
    };
    let (on_calibration, on_held_out) = (measured(&calibration)?, measured(&held_out)?);
    let used = calibration.as_ref().map(|(samples, _)| {
        let used = samples_used(products(&layered), samples.len());
        (samples.len(), used)
    });
    let mut notes = notes(&float, used);
    if let Some(held_out) = on_held_out
        .as_ref()
        .filter(|evaluation| evaluation.provable < evaluation.samples)
    {
        notes.push(Note::Unprovable {
            samples: held_out.samples - held_out.provable,
            of: held_out.samples,
        });
    }
    let lowered = program::lower(&integer)?;
    let measured = (on_calibration, on_held_out);
    let semantics = semantics(&layered, &integer, options);
    let report = CompileReport::new((&integer, semantics), &lowered, measured, notes);
    Ok(Compiled {
        float,
        layered,
        integer,
        lowered,
        report,
    })
}

/// Whose integers the network computes, and how exactly.
fn semantics(layered: &LayeredGraph, integer: &IntegerGraph, options: &QuantiseOptions) -> String {
    let own = integer.semantics();
    match (own, rounding_differences(layered)) {
        (Semantics::Tensorseal, _) => {
            let bits = options.activation_bits.unwrap_or(DEFAULT_ACTIVATION_BITS);
            format!("{}, {bits} bits", own.name())
        }
        (Semantics::OnnxRuntime, (0, _)) => format!("{}, exact", own.name()),
        (Semantics::OnnxRuntime, (sums, of)) => {
            format!("{}, exact but for {sums} of {of} possible sums", own.name())
        }
    }
}

type Labelled = (Vec<Sample>, Option<Vec<usize>>);

/// The samples of a file, and the classes of the first output if it has labels.
fn labelled(graph: &LayeredGraph, file: &DataFile) -> Result<Labelled, DataError> {
    let ports = graph.inputs.iter();
    let shapes: Vec<(&str, &[usize])> = ports
        .map(|port| (port.onnx.name.as_str(), port.onnx.shape.as_slice()))
        .collect();
    let samples = file.samples_of(&shapes)?;
    let classes = graph
        .outputs
        .first()
        .map_or(0, |port| port.extent().cells());
    let labels = file.labels(samples.len(), classes)?;
    Ok((samples, labels))
}

/// What there is to say of the file and of the calibration samples: how many there are and how many were used.
fn notes(graph: &FloatGraph, calibration: Option<(usize, usize)>) -> Vec<Note> {
    let mut notes = Vec::new();
    if graph.dynamic_batch {
        notes.push(Note::DynamicBatch {
            tensor: graph.input(0).name.clone(),
        });
    }
    if !graph.post_processing.is_empty() {
        let operators = graph
            .post_processing
            .iter()
            .map(|step: &PostProcessing| step.operator().into())
            .collect();
        notes.push(Note::OutsideProof {
            operators,
            output: graph.output(0).name,
        });
    }
    let Some((samples, used)) = calibration else {
        return notes;
    };
    if samples < ADVISED_SAMPLES {
        notes.push(Note::FewSamples {
            samples,
            advised: ADVISED_SAMPLES,
        });
    }
    if used < samples {
        notes.push(Note::SamplesLeftOut { samples, used });
    }
    notes
}
