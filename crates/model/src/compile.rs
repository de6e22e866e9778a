//! The paved path: ONNX bytes and calibration data in, both graphs and a report out.

use alloc::vec::Vec;

use crate::data::{DataError, DataFile};
use crate::graph::FloatGraph;
use crate::import::ImportError;
use crate::integer::{IntegerGraph, PostProcessing};
use crate::quantise::{QuantiseError, QuantiseOptions, quantise, samples_used};
use crate::report::{CompileReport, EvaluateError, Evaluation, Note, evaluate};

/// Fewer calibration samples than this are worth a note.
const ADVISED_SAMPLES: usize = 32;

/// A compiled network.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// The network as the ONNX file has it.
    pub float: FloatGraph,
    /// The network as a proof has it.
    pub integer: IntegerGraph,
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
    /// The network cannot be quantised.
    #[error(transparent)]
    Quantise(#[from] QuantiseError),
    /// The quantised network cannot be evaluated.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
}

/// Imports an ONNX file, quantises it with the calibration data, and measures what that did on those data and, if given, on data held
/// out.
///
/// Both data files hold an array under the input's name with a leading sample axis, and optionally `labels`.
///
/// # Errors
/// A [`CompileError`] that names the tensor, node or layer and says what to do.
pub fn compile(
    onnx: &[u8],
    calibration: &DataFile,
    evaluation: Option<&DataFile>,
    options: &QuantiseOptions,
) -> Result<Compiled, CompileError> {
    let float = FloatGraph::from_onnx(onnx)?;
    let (samples, labels) = labelled(&float, calibration).map_err(CompileError::Calibration)?;
    let held_out = evaluation
        .map(|file| labelled(&float, file))
        .transpose()
        .map_err(CompileError::HeldOut)?;
    let integer = quantise(&float, &samples, options)?;
    let on_calibration = evaluate(&float, &integer, &samples, labels.as_deref())?;
    let on_held_out = match &held_out {
        Some((samples, labels)) => Some(evaluate(&float, &integer, samples, labels.as_deref())?),
        None => None,
    };
    let notes = notes(&float, &integer, samples.len(), on_held_out.as_ref());
    let report = CompileReport::new(&integer, on_calibration, on_held_out, notes);
    Ok(Compiled {
        float,
        integer,
        report,
    })
}

type Labelled = (Vec<Vec<f32>>, Option<Vec<usize>>);

fn labelled(graph: &FloatGraph, file: &DataFile) -> Result<Labelled, DataError> {
    let input = graph.input(0);
    let samples = file.samples(&input.name, &input.shape)?;
    let labels = file.labels(samples.len(), graph.output(0).elements())?;
    Ok((samples, labels))
}

fn notes(
    graph: &FloatGraph,
    integer: &IntegerGraph,
    samples: usize,
    held_out: Option<&Evaluation>,
) -> Vec<Note> {
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
            .map(|step: &PostProcessing| step.operator())
            .collect();
        notes.push(Note::OutsideProof {
            operators,
            output: graph.output(0).name,
        });
    }
    if samples < ADVISED_SAMPLES {
        notes.push(Note::FewSamples {
            samples,
            advised: ADVISED_SAMPLES,
        });
    }
    let outputs = integer.layers.iter().map(|layer| layer.out_channels);
    let used = samples_used(outputs.sum::<usize>() + integer.input.channels, samples);
    if used < samples {
        notes.push(Note::SamplesLeftOut { samples, used });
    }
    if let Some(held_out) = held_out.filter(|evaluation| evaluation.provable < evaluation.samples) {
        notes.push(Note::Unprovable {
            samples: held_out.samples - held_out.provable,
            of: held_out.samples,
        });
    }
    notes
}
