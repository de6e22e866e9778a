//! The compile report for people: as a table, and as a page.

mod html;
mod table;

pub(crate) use html::page;
pub(crate) use table::print;

use tensorseal_model::report::{CompileReport, Evaluation, LayerReport};

/// The data that accuracy is best judged on, and what they are called.
fn measured(report: &CompileReport) -> (&Evaluation, &'static str) {
    match &report.held_out {
        Some(held_out) => (held_out, "held-out"),
        None => (&report.calibration, "calibration"),
    }
}

/// Sentences on how the integer network does against the float network.
fn accuracy(report: &CompileReport) -> Vec<String> {
    let (measured, data) = measured(report);
    let mut lines = Vec::new();
    if let (Some(float), Some(integer)) = (measured.float_accuracy, measured.integer_accuracy) {
        lines.push(format!(
            "accuracy on the {data} data: float {:.2} %, integer {:.2} %",
            100.0 * float,
            100.0 * integer
        ));
    }
    lines.push(format!(
        "both networks choose the same class on {:.2} % of {} {data} samples; output signal-to-noise ratio {}; {} can be proved",
        100.0 * measured.argmax_agreement,
        measured.samples,
        decibels(measured.snr_db, " dB"),
        measured.provable
    ));
    lines
}

fn decibels(ratio: Option<f64>, unit: &str) -> String {
    ratio.map_or_else(|| "exact".into(), |ratio| format!("{ratio:.1}{unit}"))
}

/// A layer's name with its operators.
fn name(layer: &LayerReport) -> String {
    format!("{} ({})", layer.name, layer.operators.join("+"))
}

/// Share of the segment's range between the smallest and the largest value seen.
fn used(layer: &LayerReport) -> f64 {
    let span = |(low, high): (i64, i64)| high.abs_diff(low) as f64 + 1.0;
    span(layer.pre_seen) / span(layer.pre_range)
}
