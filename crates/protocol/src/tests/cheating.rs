//! Cheating provers with a false witness.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::curve::Fr;
use crate::error::VerifyError;
use crate::keys::ProvingKey;
use crate::program::Program;
use crate::prove::Lookups;
use crate::testing::{Cheat, Network, dev, keys, networks, prove_falsely};
use crate::verify::{Verdict, verify};
use crate::witness::Cell;

type CellCheat = Box<dyn Fn(&mut Cell)>;
pub(super) type Alter<'a> = &'a dyn Fn(&Program, &mut Lookups<'_>);

pub(super) fn nothing(_: &Program, _: &mut Lookups<'_>) {}

fn result(key: &ProvingKey, network: &Network, cheat: &Cheat<'_>) -> Result<Verdict, VerifyError> {
    let proof = prove_falsely(key, network, cheat);
    verify(key.verifying(), &proof, &dev())
}

#[track_caller]
pub(super) fn refused(key: &ProvingKey, network: &Network, cheat: &Cheat<'_>, what: &str) {
    assert_eq!(
        result(key, network, cheat),
        Err(VerifyError::Equations),
        "{what}"
    );
}

/// A helper that is false on row 0 of lane 0, so that the sums over helpers and table agree.
pub(super) fn rebalance(program: &Program, lookups: &mut Lookups<'_>) {
    let names = program.columns();
    let active = program.active_rows();
    let columns = &mut lookups.columns.columns;
    let sum = |column: &[Fr]| column[..active].iter().sum::<Fr>();
    let helpers: Fr = (0..program.lanes())
        .map(|lane| sum(&columns[names.helper(lane)]))
        .sum();
    let lack = sum(&columns[names.table_side()]) - helpers;
    columns[names.helper(0)][0] += lack;
}

#[test]
fn a_cheat_that_changes_nothing_is_accepted() {
    for (name, network) in networks() {
        let (_, key) = keys(&network);
        let cheat = Cheat {
            public: [0, network.output].into(),
            ..Cheat::default()
        };
        assert!(result(&key, &network, &cheat).is_ok(), "{name}");
        let rebalanced = Cheat {
            lookups: &rebalance,
            ..cheat
        };
        assert!(result(&key, &network, &rebalanced).is_ok(), "{name}");
    }
}

/// Changes to one cell of the output, whose segment is the identity brought into [−8, 7].
fn false_cells() -> Vec<(&'static str, CellCheat)> {
    let clamp = |pre: i64| pre.clamp(-8, 7);
    let shift = move |rem: i64, pre: i64| -> CellCheat {
        Box::new(move |cell: &mut Cell| {
            cell.rem += rem;
            cell.pre += pre;
            cell.out = clamp(cell.pre);
        })
    };
    let out = |difference: i64| -> CellCheat {
        Box::new(move |cell: &mut Cell| cell.out += if cell.out < 7 { difference } else { -1 })
    };
    let pair = |pre: i64, out: i64| -> CellCheat {
        Box::new(move |cell: &mut Cell| {
            cell.rem += 8 * (cell.pre - pre);
            (cell.pre, cell.out) = (pre, out);
        })
    };
    alloc::vec![
        ("wrong output", out(1)),
        ("wrong accumulator", shift(0, 1)),
        ("wrong remainder", Box::new(|cell| cell.rem ^= 1)),
        ("remainder out of range", shift(8, -1)),
        ("remainder from a negative row of ReLU", shift(-8, 1)),
        ("remainder far below", shift(-64, 8)),
        ("pair of the other segment", pair(-5, 0)),
        (
            "ReLU's row for a negative value",
            Box::new(|cell| (cell.pre, cell.out) = (cell.pre.min(-1), 0))
        ),
        ("remainder moved into pre", pair(0, 0)),
        ("pair of the range", pair(5, 0)),
    ]
}

#[test]
fn a_false_cell_is_refused_with_and_without_a_false_helper() {
    for (name, network) in &networks()[..2] {
        let (_, key) = keys(network);
        for (what, change) in false_cells() {
            let output = network.output as usize;
            let place = usize::from(what.starts_with("ReLU"));
            let cells = network.trace_with(&|tensor, index, cell| {
                if (tensor, index) == (output, place) {
                    change(cell);
                }
            });
            for lookups in [&nothing as Alter<'_>, &rebalance] {
                let cheat = Cheat {
                    cells: Some(cells.clone()),
                    public: [0, network.output].into(),
                    lookups,
                    ..Cheat::default()
                };
                let error = result(&key, network, &cheat).unwrap_err();
                let range = matches!(error, VerifyError::PublicValue { .. });
                assert!(range || error == VerifyError::Equations, "{name}: {what}");
            }
            // The same with nothing public: only the lookups and the layers speak.
            let hidden = Cheat {
                cells: Some(cells),
                lookups: &rebalance,
                ..Cheat::default()
            };
            refused(&key, network, &hidden, what);
        }
    }
}

#[test]
fn a_relu_that_lets_a_negative_value_through_is_refused() {
    let (_, network) = &networks()[1];
    let (_, key) = keys(network);
    let negative = network.trace()[1].iter().position(|cell| cell.pre < 0);
    let negative = negative.expect("the test's network has a negative accumulator");
    let cells = network.trace_with(&|tensor, index, cell| {
        if (tensor, index) == (1, negative) {
            cell.out = cell.pre.max(-8);
        }
    });
    for lookups in [&nothing as Alter<'_>, &rebalance] {
        let cheat = Cheat {
            cells: Some(cells.clone()),
            lookups,
            ..Cheat::default()
        };
        refused(&key, network, &cheat, "identity's row for ReLU");
    }
}

/// Another cell that is in the table, whatever the segment.
fn other_row(network: &Network, tensor: usize, cell: &mut Cell) {
    let segment = network.program.tensors()[tensor].segment as usize;
    let segment = &network.program.table().segments[segment];
    let step = [1, -1]
        .into_iter()
        .find(|step| segment.apply(cell.pre + step).is_some());
    cell.pre += step.unwrap();
    cell.out = segment.apply(cell.pre).unwrap();
}

#[test]
fn another_valid_row_in_any_single_cell_is_refused() {
    for (name, network) in &networks()[..2] {
        let (_, key) = keys(network);
        for (tensor, cells) in network.trace().iter().enumerate() {
            for place in 0..cells.len() {
                // Later layers read the false cell: only this one's claim is false.
                let cells = network.trace_with(&|t, index, cell| {
                    if (t, index) == (tensor, place) {
                        other_row(network, tensor, cell);
                    }
                });
                let inputs = network.trace()[0].iter().map(|cell| cell.out).collect();
                let cheat = Cheat {
                    cells: Some(cells),
                    public: [0, network.output].into(),
                    values: &|public| public[0] = crate::PublicTensor::new(0, Vec::clone(&inputs)),
                    ..Cheat::default()
                };
                refused(
                    &key,
                    network,
                    &cheat,
                    &alloc::format!("{name}: cell {place} of tensor {tensor}"),
                );
            }
        }
    }
}

#[test]
fn padded_cells_are_free_and_change_nothing() {
    for (name, network) in networks() {
        let (_, key) = keys(&network);
        let free = |program: &Program, columns: &mut [Vec<i64>]| {
            for tensor in program.tensors() {
                for (lane, row) in tensor.padding() {
                    columns[3 * lane][row] = 5;
                    columns[3 * lane + 1][row] = 6;
                    columns[3 * lane + 2][row] = 6;
                }
            }
        };
        let cheat = Cheat {
            public: [0, network.output].into(),
            columns: &free,
            ..Cheat::default()
        };
        let verdict = result(&key, &network, &cheat).unwrap_or_else(|e| panic!("{name}: {e}"));
        let expected: Vec<i64> = network.trace()[network.output as usize]
            .iter()
            .map(|cell| cell.out)
            .collect();
        assert_eq!(verdict.public[1].values(), expected);
    }
}

#[test]
fn weights_in_padded_columns_cannot_act() {
    let (_, mut network) = networks().remove(0);
    let layer = &network.program.layers()[1];
    let channels = network.program.tensors()[1].channels;
    // Columns of the second layer's run that no channel has.
    let padded = layer.terms[0].runs()[0] + channels;
    for row in 0..2 {
        network.weights.set(row, padded as usize, 3);
    }
    let (_, key) = keys(&network);
    let fill = |program: &Program, columns: &mut [Vec<i64>]| {
        let tensor = &program.tensors()[1];
        // The tensor has no position axis: the first padded channel.
        let (lane, row) = tensor.padding()[0];
        columns[3 * lane + 1][row] = 4;
        columns[3 * lane + 2][row] = 4;
    };
    let honest = Cheat {
        columns: &fill,
        ..Cheat::default()
    };
    assert!(result(&key, &network, &honest).is_ok());
    // What the padded cell would add: 3·4 = 8·1 + 4.
    let cells = network.trace_with(&|tensor, _, cell| {
        if tensor == 2 {
            let accumulator = 8 * cell.pre + cell.rem + 12;
            *cell = Cell {
                rem: accumulator & 7,
                pre: accumulator >> 3,
                out: (accumulator >> 3).clamp(-8, 7),
            };
        }
    });
    let cheat = Cheat {
        cells: Some(cells),
        columns: &fill,
        ..Cheat::default()
    };
    refused(&key, &network, &cheat, "weights of a padded channel");
}

#[test]
fn rows_outside_every_block_hold_the_zero_row() {
    let (_, network) = &networks()[0];
    let (_, key) = keys(network);
    let row = network.program.active_rows() - 1;
    for (part, value, accepted) in [(0, 3, true), (1, 5, false), (2, 5, false), (0, 8, false)] {
        let cheat = Cheat {
            columns: &|_, columns| columns[part][row] = value,
            ..Cheat::default()
        };
        let found = result(&key, network, &cheat);
        assert_eq!(found.is_ok(), accepted, "part {part} = {value}: {found:?}");
        let rebalanced = Cheat {
            lookups: &rebalance,
            ..cheat
        };
        assert_eq!(result(&key, network, &rebalanced).is_ok(), accepted);
    }
    let pair = Cheat {
        columns: &|_, columns| (columns[1][row], columns[2][row]) = (5, 5),
        lookups: &rebalance,
        ..Cheat::default()
    };
    refused(&key, network, &pair, "a pair where no block is");
}
