//! Cheating provers with a true witness and false messages about it: helpers, multiplicities, columns, weights.

use ark_ff::Field;

use super::cheating::{Alter, nothing, rebalance, refused};
use crate::curve::Fr;
use crate::program::Program;
use crate::prove::Lookups;
use crate::testing::{Cheat, keys, networks};

/// Up to the last row below the random ones. Those carry no constraint: in every honest proof they violate all of them.
#[test]
fn false_columns_of_the_second_round_are_refused() {
    let (_, network) = &networks()[1];
    let (_, key) = keys(network);
    let names = network.program.columns();
    let last = network.program.active_rows() - 1;
    let alter = |column: usize, rows: &[usize]| {
        let rows = rows.to_vec();
        move |_: &Program, lookups: &mut Lookups<'_>| {
            let mut change = Fr::ONE;
            for row in &rows {
                lookups.columns.columns[column][*row] += change;
                change = -change;
            }
        }
    };
    for column in [names.helper(0), names.helper(1), names.table_side()] {
        // On one row, so that the sum is false; on two, so that it is true.
        for rows in [&[0][..], &[last], &[3, last], &[last, 90]] {
            let cheat = Cheat {
                lookups: &alter(column, rows),
                ..Cheat::default()
            };
            refused(
                &key,
                network,
                &cheat,
                &alloc::format!("column {column}, {rows:?}"),
            );
        }
    }
}

#[test]
fn multiplicities_are_fixed_before_lambda() {
    let (_, network) = &networks()[0];
    let (_, key) = keys(network);
    let multiplicities = network.program.columns().multiplicities();
    for row in [0, 1, 60, network.program.active_rows() - 1] {
        let late = |program: &Program, lookups: &mut Lookups<'_>| {
            lookups.columns.columns[multiplicities][row] += Fr::from(2u64);
            rebalance(program, lookups);
        };
        let cheat = Cheat {
            lookups: &late,
            ..Cheat::default()
        };
        refused(&key, network, &cheat, "multiplicities after λ");
        let early = Cheat {
            counts: &|counts| counts[row] += 1,
            ..Cheat::default()
        };
        refused(&key, network, &early, "wrong multiplicities");
    }
}

#[test]
fn a_column_changed_or_swapped_after_its_commitment_is_refused() {
    let (_, network) = &networks()[0];
    let (_, key) = keys(network);
    let first = network.program.columns().first_round();
    for column in 0..first {
        let changed = Cheat {
            lookups: &|_, lookups| lookups.columns.columns[column][2] += Fr::ONE,
            ..Cheat::default()
        };
        refused(&key, network, &changed, "a column changed");
        let swapped = Cheat {
            lookups: &|_, lookups| lookups.columns.columns.swap(column, (column + 1) % first),
            ..Cheat::default()
        };
        refused(&key, network, &swapped, "columns swapped");
    }
}

#[test]
fn other_weights_are_refused() {
    for (name, network) in &networks()[..2] {
        let (_, key) = keys(network);
        for layer in 0..network.layers.len() {
            for bias in [true, false] {
                let mut other = network.clone();
                let changed = &mut other.layers[layer];
                if bias {
                    changed.bias[1] += 8;
                } else {
                    changed.weight[0][0][1] += 4;
                }
                let cells = other.trace();
                if cells == network.trace() {
                    continue;
                }
                // As an honest prover of the other model would fold its weights.
                let column = if bias {
                    network.program.layers()[layer].bias[0]
                } else {
                    network.program.layers()[layer].terms[0].runs()[0] + 1
                };
                let (row, change) = if bias { (1, 8) } else { (0, 4) };
                let fold = |_: &Program, lookups: &mut Lookups<'_>| {
                    let power = lookups.alpha.pow([row]);
                    lookups.g[column as usize] += power * Fr::from(change);
                };
                for lookups in [&nothing as Alter<'_>, &fold] {
                    let cheat = Cheat {
                        cells: Some(cells.clone()),
                        lookups,
                        ..Cheat::default()
                    };
                    refused(&key, network, &cheat, name);
                }
            }
        }
    }
}
