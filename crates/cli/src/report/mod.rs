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

/// Sentences on where the functions' tables stand, and what the other way would cost.
fn tables(report: &CompileReport) -> Vec<String> {
    let tables = report.large_tables.iter();
    let mut lines: Vec<String> = tables
        .map(|table| {
            let what = if table.hidden { "secret rows" } else { "functions" };
            format!(
                "a large table of {what}: {} of 2^{} rows, of which a proof pays for those that it uses",
                table.rows, table.log_rows
            )
        })
        .collect();
    if let Some(other) = report.other_table_cost {
        let open = report.large_tables.iter().any(|table| !table.hidden);
        let (own, others) = if open {
            ("in a large table", "in columns as long as the table")
        } else {
            ("in the columns", "with a large table")
        };
        lines.push(format!(
            "functions {own}: about {} group operations a proof, {others} {other}",
            report.table_cost
        ));
    }
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
