//! How much memory a proof takes, from the shape of its program.

use tensorseal_protocol::program::Program;

/// Bytes of a scalar.
const SCALAR: u64 = 32;
/// Bytes of a power of tau.
const POINT: u64 = 64;
/// Bytes of a cell's integer.
const INTEGER: u64 = 8;
/// Columns of scalars besides those that every lane has: the table's, the zerocheck's, active rows, the sum of all columns.
const FURTHER_COLUMNS: u64 = 12;

/// Bytes that proving by this program takes at its peak, besides the key and the setup.
///
/// At the peak, the first round of the sumcheck, every column is there three times: as it was committed, as the sumcheck binds it and
/// with the coefficients of its linear claims; every lane has the integers of its cells, and the fractions of its two lookups.
pub fn proving_bytes(program: &Program) -> u64 {
    let rows = program.rows() as u64;
    let lanes = program.lanes() as u64;
    let columns = program.columns().count() as u64;
    let scalars = 3 * columns + 2 * lanes + FURTHER_COLUMNS;
    let weights = (program.weight_columns() * program.weight_rows()) as u64;
    rows * (scalars * SCALAR + 3 * lanes * INTEGER + POINT) + weights * INTEGER
}
