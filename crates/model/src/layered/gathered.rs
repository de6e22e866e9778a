//! Rows of a constant table, chosen by the integers of an input: embeddings.

use alloc::string::String;
use alloc::vec::Vec;

use super::{FloatLayer, LayeredError, Port, Values};

/// The most rows of a table: their numbers are exact in `f32`.
pub const MAX_GATHERED_ROWS: usize = (1 << 24) - 1;

/// The rows of a constant table.
///
/// The layer's terms read the number of the row, the same for all channels of a position and with coefficient 1, from inputs that hold
/// row numbers: `out[p, c] = table[pre[p, c]][c]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Gathered {
    /// Number of rows, at most [`MAX_GATHERED_ROWS`].
    pub rows: usize,
    /// Row-major over (rows, the layer's channels).
    pub table: Vec<f32>,
}

impl Gathered {
    /// What the row numbers `sums` choose, in the order of the layer's cells.
    pub(super) fn evaluate(
        &self,
        layer: &FloatLayer,
        sums: &[f64],
    ) -> Result<Values, LayeredError> {
        let width = layer.extent.channels.max(1);
        let mut out = Vec::with_capacity(sums.len());
        for (cell, sum) in sums.iter().enumerate() {
            let row = row(*sum, self.rows).ok_or_else(|| LayeredError::Row {
                layer: layer.name.clone(),
                value: *sum,
                rows: self.rows,
            })?;
            out.push(self.table[row * width + cell % width]);
        }
        let pre = sums.iter().map(|sum| *sum as f32).collect();
        Ok(Values { pre, out })
    }
}

/// Refuses values that are no row numbers of the port's tables; a port of real numbers takes all.
pub(super) fn check_rows(port: &Port, values: &[f32]) -> Result<(), LayeredError> {
    let Some(rows) = port.rows else {
        return Ok(());
    };
    let refused = |value: &f32| row(f64::from(*value), rows).is_none();
    match values.iter().position(refused) {
        None => Ok(()),
        Some(element) => Err(LayeredError::Index {
            input: String::from(port.onnx.name.as_str()),
            element,
            value: f64::from(values[element]),
            rows,
        }),
    }
}

/// The row number that a value is, `None` where it is none below `rows`.
fn row(value: f64, rows: usize) -> Option<usize> {
    let whole = value as usize;
    (whole as f64 == value && whole < rows).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_integers_below_the_number_of_rows_are_rows() {
        assert_eq!(row(0.0, 3), Some(0));
        assert_eq!(row(2.0, 3), Some(2));
        for value in [3.0, -1.0, 0.5, f64::NAN, f64::INFINITY, -0.5, 1e300] {
            assert_eq!(row(value, 3), None, "{value}");
        }
    }
}
