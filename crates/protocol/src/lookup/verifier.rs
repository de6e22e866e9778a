//! The verifier's side: the row constraints at the sumcheck's point.

use ark_ff::{AdditiveGroup, Field};

use super::LookupChallenges;
use crate::curve::Fr;
use crate::encoding::widen;
use crate::poly::multilinear::eq_index;
use crate::program::Program;
use crate::transcript::Eta;

/// Σ_k η^k constraint_k at r: the lanes in order, then the table.
///
/// `z` holds each column's evaluation at r and `table` that of the compressed table t.
pub(crate) fn constraints(
    program: &Program,
    challenges: &LookupChallenges,
    eta: Eta,
    (r, z, table): (&[Fr], &[Fr], Fr),
) -> Fr {
    let columns = program.columns();
    let mut weight = Fr::ONE;
    let mut total = Fr::ZERO;
    for lane in 0..program.lanes() {
        let f1 = challenges.remainder(columns.at(z, columns.rem(lane)));
        let tag = tag_at(program, lane, r);
        let f2 = challenges.function(
            columns.at(z, columns.pre(lane)),
            columns.at(z, columns.out(lane)),
            tag,
        );
        total += weight * (columns.at(z, columns.helper(lane)) * f1 * f2 - f1 - f2);
        weight *= eta.0;
    }
    let balance = columns.at(z, columns.table_side()) * (challenges.lambda.0 + table)
        - columns.at(z, columns.multiplicities());
    total + weight * balance
}

/// The extension of a lane's tag column at r: tags are constant on blocks and zero elsewhere.
fn tag_at(program: &Program, lane: usize, r: &[Fr]) -> Fr {
    let mut sum = Fr::ZERO;
    for tensor in program.tensors() {
        let (_, high) = r.split_at(tensor.block_bits().min(r.len()));
        let blocks = tensor
            .blocks
            .iter()
            .filter(|block| widen(block.lane) == lane);
        let prefixes: Fr = blocks
            .map(|block| eq_index(high, u64::from(block.base) >> tensor.block_bits()))
            .sum();
        sum += prefixes * Fr::from(tensor.tag());
    }
    sum
}
