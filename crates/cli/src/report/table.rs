//! The report on a terminal.

use anyhow::Result;
use tensorseal_model::report::CompileReport;

use super::{accuracy, name, seen, tables};
use crate::terminal::{bytes, say};

/// Longest name that keeps the columns straight.
const NAME: usize = 40;

/// Prints the report. Names come from files, so nothing in them that a terminal would obey is passed on.
pub(crate) fn print(report: &CompileReport) -> Result<()> {
    say!("semantics: {}", report.semantics);
    say!(
        "{} lanes of 2^{} rows; weight matrix {} x {}; table {} of {} rows, shift {}",
        report.lanes,
        report.log_rows,
        report.weight_matrix.0,
        report.weight_matrix.1,
        report.table_rows,
        report.table_limit,
        report.shift
    );
    for line in tables(report) {
        say!("{line}");
    }
    say!(
        "proofs of {}, made in about {} of memory",
        bytes(report.proof_bytes as usize),
        bytes(report.estimated_peak_bytes as usize)
    );
    say!(
        "{:<NAME$} {:>8} {:>8} {:>8} {:>5} {:>7} {:>14} {:>7} {:>9} {:>7}",
        "layer",
        "cells",
        "lookups",
        "weights",
        "bits",
        "cost %",
        "range used",
        "of it %",
        "cut off %",
        "SNR dB"
    );
    say!(
        "{:<NAME$} {:>8} {:>8} {:>8} {:>5} {:>7.1}",
        "inputs",
        report.input_cells,
        2 * report.input_cells,
        "",
        "",
        100.0 * report.input_cost_share
    );
    for layer in &report.layers {
        let [range, used, cut_off, decibels] = seen(layer, "…");
        say!(
            "{:<NAME$} {:>8} {:>8} {:>8} {:>5} {:>7.1} {range:>14} {used:>7} {cut_off:>9} {decibels:>7}",
            shortened(&name(layer)),
            layer.cells,
            layer.lookups,
            layer.weights,
            layer.weight_bits,
            100.0 * layer.cost_share
        );
    }
    for line in accuracy(report) {
        say!("{line}");
    }
    for note in &report.notes {
        say!("note: {}", note.to_string().escape_debug());
    }
    Ok(())
}

fn shortened(name: &str) -> String {
    let escaped = name.escape_debug().to_string();
    if escaped.chars().count() <= NAME {
        return escaped;
    }
    let kept: String = escaped.chars().take(NAME - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_hostile_names_stay_one_cell() {
        assert_eq!(shortened("conv"), "conv");
        assert_eq!(shortened("a\u{1b}[2J"), "a\\u{1b}[2J");
        assert_eq!(shortened(&"x".repeat(99)).chars().count(), NAME);
    }
}
