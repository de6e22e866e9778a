//! The report as a page of its own: no scripts, no other files, light and dark.

use std::fmt::Write;

use tensorseal_model::report::{CompileReport, Evaluation, LayerReport};

use crate::terminal::bytes;

use super::{accuracy, decibels, measured, name, seen, tables};

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --bar: #3a6ea5; --soft: #3a6ea533; }
@media (prefers-color-scheme: dark) { :root { --bar: #7fb2e5; --soft: #7fb2e533; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; max-width: 22rem; overflow: hidden; text-overflow: ellipsis; }
.scroll { overflow-x: auto; }
svg { width: 100%; height: auto; display: block; }
svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
rect.bar { fill: var(--bar); } rect.room { fill: var(--soft); }
";

/// A bar of a chart: what it is called, where it lies between 0 and 1, what is written behind it.
struct Bar {
    label: String,
    from: f64,
    to: f64,
    text: String,
}

/// The whole page.
pub(crate) fn page(report: &CompileReport) -> String {
    let mut page = String::new();
    let title = format!("Compile report: {}", report.outputs.join(", "));
    let title = escaped(&title);
    // Writing to a string cannot fail.
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n"
    );
    for line in summary(report) {
        let _ = writeln!(page, "<p>{}</p>", escaped(&line));
    }
    let _ = write!(page, "<h2>Layers</h2>\n{}", table(report));
    chart(&mut page, "Share of the proving cost", costs(report));
    if let Some((measured, _)) = measured(report) {
        chart(
            &mut page,
            "Signal-to-noise ratio against the float network, in decibels",
            ratios(report, measured),
        );
        chart(
            &mut page,
            "Range used of each layer's table",
            report.layers.iter().filter_map(range).collect(),
        );
    }
    chart(&mut page, "Rows of the table", segments(report));
    page.push_str("</html>\n");
    page
}

fn summary(report: &CompileReport) -> Vec<String> {
    let mut lines = accuracy(report);
    lines.push(format!("Semantics: {}", report.semantics));
    lines.push(format!(
        "{} cells in {} lanes of 2^{} rows; a weight matrix of {} by {}; a table of {} rows, of {} that there are; shift {}",
        report.cells(),
        report.lanes,
        report.log_rows,
        report.weight_matrix.0,
        report.weight_matrix.1,
        report.table_rows,
        report.table_limit,
        report.shift
    ));
    lines.extend(tables(report).into_iter().map(capitalised));
    lines.push(format!(
        "Proofs of {}, made in about {} of memory",
        bytes(report.proof_bytes as usize),
        bytes(report.estimated_peak_bytes as usize)
    ));
    lines.extend(report.notes.iter().map(|note| format!("Note: {note}")));
    lines
}

fn table(report: &CompileReport) -> String {
    let mut table = String::from(
        "<div class=\"scroll\"><table><tr><th>layer<th>cells<th>lookups<th>weights<th>bits<th>cost<th>range seen<th>of the table, %<th>cut off, %\
         <th>SNR dB</tr>\n",
    );
    for layer in &report.layers {
        let name = escaped(&name(layer));
        let [range, used, cut_off, decibels] = seen(layer, " … ");
        let _ = writeln!(
            table,
            "<tr><td title=\"{name}\">{name}<td>{}<td>{}<td>{}<td>{}<td>{:.1} %<td>{range}<td>{used}<td>{cut_off}<td>{decibels}</tr>",
            layer.cells,
            layer.lookups,
            layer.weights,
            layer.weight_bits,
            100.0 * layer.cost_share
        );
    }
    table.push_str("</table></div>\n");
    table
}

fn costs(report: &CompileReport) -> Vec<Bar> {
    let inputs = ("inputs".to_owned(), report.input_cost_share);
    let layers = report
        .layers
        .iter()
        .map(|layer| (name(layer), layer.cost_share));
    let all: Vec<(String, f64)> = std::iter::once(inputs).chain(layers).collect();
    let largest = all.iter().map(|(_, share)| *share).fold(1e-9, f64::max);
    let bar = |(label, share): (String, f64)| Bar {
        label,
        from: 0.0,
        to: share / largest,
        text: format!("{:.1} %", 100.0 * share),
    };
    all.into_iter().map(bar).collect()
}

fn ratios(report: &CompileReport, measured: &Evaluation) -> Vec<Bar> {
    let largest = measured.layers.iter().filter_map(|layer| layer.snr_db);
    let largest = largest.fold(1.0, f64::max);
    let layers = report.layers.iter().zip(&measured.layers);
    layers
        .map(|(layer, measured)| Bar {
            label: name(layer),
            from: 0.0,
            to: measured.snr_db.unwrap_or(largest).max(0.0) / largest,
            text: decibels(measured.snr_db, ""),
        })
        .collect()
}

/// `None` for a layer of which nothing was seen.
fn range(layer: &LayerReport) -> Option<Bar> {
    let (least, most) = layer.measured.as_ref()?.pre_seen;
    let (lo, hi) = layer.pre_range;
    let span = (hi.abs_diff(lo) as f64).max(1.0);
    let place = |value: i64| ((value as f64 - lo as f64) / span).clamp(0.0, 1.0);
    Some(Bar {
        label: name(layer),
        from: place(least),
        to: place(most),
        text: format!("{lo} … {hi}"),
    })
}

fn segments(report: &CompileReport) -> Vec<Bar> {
    let remainders = ("remainders".to_owned(), 1u64 << report.shift.min(63));
    let tables = report
        .segments
        .iter()
        .map(|segment| (segment.function.clone(), segment.rows));
    let all: Vec<(String, u64)> = std::iter::once(remainders).chain(tables).collect();
    let largest = all.iter().map(|(_, rows)| *rows).max().unwrap_or(1).max(1);
    let bar = |(label, rows): (String, u64)| Bar {
        label,
        from: 0.0,
        to: rows as f64 / largest as f64,
        text: rows.to_string(),
    };
    all.into_iter().map(bar).collect()
}

/// A bar for each entry, one under the other.
fn chart(page: &mut String, title: &str, bars: Vec<Bar>) {
    const ROW: usize = 20;
    const LEFT: f64 = 300.0;
    const WIDTH: f64 = 520.0;
    let height = ROW * bars.len();
    let _ = writeln!(
        page,
        "<h2>{title}</h2>\n<svg viewBox=\"0 0 960 {height}\" role=\"img\" aria-label=\"{title}\">"
    );
    for (row, bar) in bars.into_iter().enumerate() {
        let top = ROW * row;
        let (from, to) = (
            LEFT + WIDTH * bar.from,
            WIDTH * (bar.to - bar.from).max(0.0),
        );
        let label = escaped(&shortened(&bar.label));
        let _ = writeln!(
            page,
            "<text x=\"{:.0}\" y=\"{}\" text-anchor=\"end\">{label}</text>\
             <rect class=\"room\" x=\"{LEFT}\" y=\"{}\" width=\"{WIDTH}\" height=\"14\"/>\
             <rect class=\"bar\" x=\"{from:.1}\" y=\"{}\" width=\"{to:.1}\" height=\"14\"/>\
             <text x=\"{:.0}\" y=\"{}\">{}</text>",
            LEFT - 8.0,
            top + 14,
            top + 3,
            top + 3,
            LEFT + WIDTH + 8.0,
            top + 14,
            escaped(&bar.text)
        );
    }
    page.push_str("</svg>\n");
}

fn capitalised(line: String) -> String {
    let mut letters = line.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => line,
    }
}

/// As long as the space beside a chart.
fn shortened(label: &str) -> String {
    const LENGTH: usize = 44;
    if label.chars().count() <= LENGTH {
        return label.to_owned();
    }
    let kept: String = label.chars().take(LENGTH - 1).collect();
    format!("{kept}…")
}

/// Text that is nothing but text in a page, in attributes too.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            character if character.is_control() => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_in_the_page() {
        assert_eq!(
            escaped("<script>\"'&\u{7}"),
            "&lt;script&gt;&quot;&#39;&amp;\u{fffd}"
        );
        let mut page = String::new();
        let bar = Bar {
            label: "<b>".into(),
            from: 0.25,
            to: 0.75,
            text: "a&b".into(),
        };
        chart(&mut page, "Title", vec![bar]);
        assert!(page.contains("&lt;b&gt;") && page.contains("a&amp;b") && !page.contains("<b>"));
        assert!(page.contains("x=\"430.0\"") && page.contains("width=\"260.0\""));
    }
}
