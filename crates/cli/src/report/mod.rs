//! The compile report for people: as a table, and as a page.

mod html;
mod table;

pub(crate) use html::page;
pub(crate) use table::print;

use tensorseal_model::report::{CompileReport, Evaluation, LayerReport};

/// The data that accuracy is best judged on, and what they are called; `None` where there were no samples.
pub(crate) fn measured(report: &CompileReport) -> Option<(&Evaluation, &'static str)> {
    let held_out = report.held_out.as_ref().map(|on| (on, "held-out"));
    held_out.or(report.calibration.as_ref().map(|on| (on, "calibration")))
}

/// Sentences on how the integer network does against the float network.
fn accuracy(report: &CompileReport) -> Vec<String> {
    let Some((measured, data)) = measured(report) else {
        return vec!["no samples were given, so accuracy was not measured".to_owned()];
    };
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

/// What was seen of a layer, for people: the range of its values, their share of the segment's range, the share cut off, and decibels.
/// Empty where there were no samples.
fn seen(layer: &LayerReport, between: &str) -> [String; 4] {
    let Some(measured) = &layer.measured else {
        return Default::default();
    };
    let (low, high) = measured.pre_seen;
    let span = |(low, high): (i64, i64)| high.abs_diff(low) as f64 + 1.0;
    let used = span(measured.pre_seen) / span(layer.pre_range);
    [
        format!("{low}{between}{high}"),
        format!("{:.0}", 100.0 * used),
        format!("{:.2}", 100.0 * measured.saturated_share),
        decibels(measured.snr_db, ""),
    ]
}
