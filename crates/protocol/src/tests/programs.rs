//! Descriptions that are no program: each check of the validation has a test.

use alloc::vec::Vec;

use crate::program::{AxisMap, Block, Program, ProgramError, ProgramParts, Tensor};
use crate::table::{Outputs, Segment};
use crate::testing::{Network, networks};

fn conv() -> Network {
    networks().remove(1).1
}

fn error(change: impl FnOnce(&mut ProgramParts)) -> ProgramError {
    let mut parts = conv().program.parts().clone();
    change(&mut parts);
    Program::new(parts).expect_err("the description should be refused")
}

fn accepted(change: impl FnOnce(&mut ProgramParts)) {
    let mut parts = conv().program.parts().clone();
    change(&mut parts);
    Program::new(parts).expect("the description should be accepted");
}

fn out_of_range(error: ProgramError) -> &'static str {
    match error {
        ProgramError::OutOfRange { what, .. } => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn sizes_outside_the_protocols_range() {
    accepted(|_| ());
    for found in [5, 29, u32::MAX] {
        assert_eq!(
            out_of_range(error(|parts| parts.log_rows = found)),
            "log of the rows"
        );
    }
    for found in [0, 257] {
        assert_eq!(
            out_of_range(error(|parts| parts.lanes = found)),
            "number of lanes"
        );
    }
    let rows = error(|parts| parts.log_weight_rows = 29);
    assert_eq!(out_of_range(rows), "log of the weight rows");
    for found in [0, 29] {
        let columns = error(|parts| parts.log_weight_columns = found);
        assert_eq!(out_of_range(columns), "log of the weight columns");
    }
    let matrix = error(|parts| (parts.log_weight_rows, parts.log_weight_columns) = (14, 15));
    assert_eq!(out_of_range(matrix), "log of the weight matrix");
    for found in [0, 25] {
        assert_eq!(
            out_of_range(error(|parts| parts.table.shift = found)),
            "shift"
        );
    }
    let axes = error(|parts| parts.tensors[0].positions = alloc::vec![1; 9]);
    assert_eq!(out_of_range(axes), "number of axes");
    for length in [0, (1 << 28) + 1] {
        let axis = error(|parts| parts.tensors[0].positions[0] = length);
        assert_eq!(out_of_range(axis), "length of an axis");
        let axis = error(|parts| parts.tensors[0].channels = length);
        assert_eq!(out_of_range(axis), "length of an axis");
    }
}

#[test]
fn tables_that_do_not_fit_or_are_malformed() {
    // 1 + 8 + 26 + 26 rows; with 89 in the second segment 124 = n − 4.
    accepted(|parts| parts.table.segments[1].length = 89);
    let error_found = error(|parts| parts.table.segments[1].length = 90);
    let expected = ProgramError::TableTooLong {
        rows: 125,
        available: 124,
    };
    assert_eq!(error_found, expected);
    let huge = error(|parts| parts.table.segments[1].length = u32::MAX);
    assert!(matches!(huge, ProgramError::TableTooLong { .. }));
    let segment = |start, length, outputs| Segment {
        start,
        length,
        outputs,
    };
    let clamp = |low, high| Outputs::Clamp { low, high };
    for wrong in [
        segment(0, 0, clamp(0, 7)),
        segment(1, 20, clamp(0, 7)),
        segment(-20, 20, clamp(0, 7)),
        segment(i32::MIN, 3, clamp(0, 7)),
        segment(-13, 26, clamp(1, 0)),
        segment(0, 3, Outputs::Values(alloc::vec![1, 2])),
        segment(0, 3, Outputs::Values(alloc::vec![1, 2, 3, 4])),
    ] {
        let found = error(|parts| parts.table.segments[1] = wrong.clone());
        assert_eq!(found, ProgramError::Segment { index: 1 }, "{wrong:?}");
    }
    let missing = error(|parts| parts.tensors[1].segment = 2);
    assert_eq!(missing, ProgramError::Segment { index: 2 });
}

#[test]
fn misplaced_blocks() {
    let block = |lane, base| Block { lane, base };
    let of_output = |blocks: Vec<Block>| error(|parts| parts.tensors[2].blocks = blocks);
    let misplaced = ProgramError::Block { tensor: 2 };
    // The output has 4 × 2 padded cells.
    for blocks in [
        alloc::vec![],
        alloc::vec![block(2, 64)],
        alloc::vec![block(0, 65)],
        alloc::vec![block(0, 124)],
        alloc::vec![block(0, 120)],
        alloc::vec![block(0, 128)],
        alloc::vec![block(0, u32::MAX - 7)],
        alloc::vec![block(0, 64); 3],
        alloc::vec![block(0, 64); 16],
    ] {
        assert_eq!(of_output(blocks.clone()), misplaced, "{blocks:?}");
    }
    accepted(|parts| parts.tensors[2].blocks = alloc::vec![block(0, 112)]);
    // Two halves of four rows, the last possible ones.
    accepted(|parts| parts.tensors[2].blocks = alloc::vec![block(0, 120), block(1, 64)]);
    assert_eq!(
        of_output(alloc::vec![block(0, 112), block(0, 124)]),
        misplaced
    );
    // A block of a whole column, and one longer than that.
    for length in [128, 256] {
        let whole = error(|parts| {
            parts.tensors.push(Tensor {
                positions: alloc::vec![],
                channels: length,
                segment: 0,
                blocks: alloc::vec![block(0, 0)],
            });
            parts.inputs.push(3);
        });
        assert_eq!(whole, ProgramError::Block { tensor: 3 });
    }
    // More cells than any number counts.
    let endless = error(|parts| parts.tensors[2].positions = alloc::vec![1 << 28; 4]);
    assert_eq!(out_of_range(endless), "log of a tensor's padded cells");
    // Few enough in each of many blocks, but too many together for 32 bits.
    let many = error(|parts| {
        parts.tensors[2].positions = alloc::vec![1 << 28];
        parts.tensors[2].blocks = alloc::vec![block(0, 0); 1 << 23];
    });
    assert_eq!(out_of_range(many), "log of a tensor's padded cells");
    let first = conv().program.tensors()[0].blocks[0];
    let overlap = ProgramError::Overlap {
        lane: first.lane,
        row: first.base + 8,
    };
    let on_first = block(first.lane, first.base + 8);
    assert_eq!(of_output(alloc::vec![on_first]), overlap);
    let same = of_output(alloc::vec![block(0, 64), block(0, 64)]);
    assert_eq!(same, ProgramError::Overlap { lane: 0, row: 64 });
}

#[test]
fn tensors_without_one_origin_and_ports_that_are_none() {
    let port = |tensor| ProgramError::Port { tensor };
    let origin = |tensor| ProgramError::Origin { tensor };
    assert_eq!(error(|parts| parts.inputs = alloc::vec![0, 0]), port(0));
    assert_eq!(error(|parts| parts.inputs = alloc::vec![0, 3]), port(3));
    assert_eq!(error(|parts| parts.inputs = alloc::vec![0, 1]), origin(1));
    assert_eq!(error(|parts| parts.outputs = alloc::vec![3]), port(3));
    assert_eq!(error(|parts| parts.outputs = alloc::vec![2, 2]), port(2));
    assert_eq!(error(|parts| parts.outputs = alloc::vec![0]), port(0));
    accepted(|parts| parts.outputs = alloc::vec![2, 1]);
    let unread = |what| ProgramError::Layer { index: 0, what };
    let before = "a source is not computed before it is read";
    assert_eq!(error(|parts| parts.inputs = alloc::vec![]), unread(before));
    assert_eq!(error(|parts| parts.layers.swap(0, 1)), unread(before));
    assert_eq!(
        error(|parts| parts.layers[0].terms[0].source = 1),
        unread(before)
    );
    assert_eq!(
        error(|parts| parts.layers[0].terms[0].source = 9),
        unread(before)
    );
    assert_eq!(error(|parts| parts.layers[1].output = 1), origin(1));
    assert_eq!(error(|parts| parts.layers[1].output = 9), origin(9));
    assert_eq!(error(|parts| parts.layers[1].output = 0), origin(0));
    let twice = error(|parts| {
        let again = parts.layers[1].clone();
        parts.layers.push(again);
    });
    assert_eq!(twice, origin(2));
    let never = error(|parts| {
        parts.layers.pop();
    });
    assert_eq!(never, origin(2));
}

#[test]
fn layers_that_do_not_fit() {
    let layer = |what| ProgramError::Layer { index: 1, what };
    let columns = 1 << conv().program.parts().log_weight_columns;
    let biases =
        layer("there are not equally many bias columns, at most three, for each block of outputs");
    for count in 0..=3 {
        accepted(|parts| parts.layers[1].bias = alloc::vec![0; count]);
    }
    assert_eq!(
        error(|parts| parts.layers[1].bias = alloc::vec![0; 4]),
        biases
    );
    let outside = layer("a bias column is outside the weight matrix");
    assert_eq!(error(|parts| parts.layers[1].bias[0] = columns), outside);
    accepted(|parts| parts.layers[1].bias[0] = columns - 1);
    let axes = layer("a source does not have the axes of the output");
    assert_eq!(error(|parts| parts.layers[1].terms[0].maps.clear()), axes);
    let more = error(|parts| {
        let map = parts.layers[1].terms[0].maps[0];
        parts.layers[1].terms[0].maps.push(map);
    });
    assert_eq!(more, axes);
    assert_eq!(
        error(|parts| parts.tensors[2].positions = alloc::vec![]),
        axes
    );
    let of_source = error(|parts| parts.tensors[0].positions = alloc::vec![7, 1]);
    let what = "a source does not have the axes of the output";
    assert_eq!(of_source, ProgramError::Layer { index: 0, what });
    let runs = layer("there is not one run for each block of outputs and tap");
    assert_eq!(
        error(|parts| parts.layers[1].terms[0].runs_mut().push(0)),
        runs
    );
    assert_eq!(
        error(|parts| parts.layers[1].terms[0].runs_mut().clear()),
        runs
    );
    assert_eq!(
        error(|parts| parts.layers[1].terms[0].maps[0].taps = 2),
        runs
    );
    let outside = layer("a run is outside the weight matrix");
    let last = columns - conv().program.tensors()[1].channels;
    accepted(|parts| parts.layers[1].terms[0].runs_mut()[0] = last);
    for run in [last + 1, u32::MAX] {
        assert_eq!(
            error(|parts| parts.layers[1].terms[0].runs_mut()[0] = run),
            outside
        );
    }
}

#[test]
fn axis_maps_that_would_keep_a_verifier_busy() {
    let taps = 1 << 19;
    let found = error(|parts| {
        let term = &mut parts.layers[1].terms[0];
        term.maps[0] = AxisMap {
            taps,
            ..term.maps[0]
        };
        *term.runs_mut() = alloc::vec![0; taps as usize];
    });
    assert_eq!(out_of_range(found), "work for maps and runs");
}

#[test]
fn runs_over_many_blocks_that_would_keep_a_verifier_busy() {
    let blocks = 1 << 11;
    let found = error(|parts| {
        let output = parts.tensors.len();
        parts.lanes = 256;
        parts.log_rows = 7;
        let rows = (0..blocks).map(|i| Block {
            lane: 2 + i / 16,
            base: 4 * (i % 16),
        });
        parts.tensors.push(Tensor {
            positions: alloc::vec![],
            channels: 4 * blocks,
            segment: 0,
            blocks: rows.collect(),
        });
        parts.inputs.push(output as u32);
        parts.log_weight_columns = 14;
        let source = parts.tensors[1].positions.len();
        parts.tensors[output].positions = alloc::vec![1; source];
        let term = &mut parts.layers[1].terms[0];
        term.source = output as u32;
        term.maps[0].taps = 1 << 10;
        *term.runs_mut() = alloc::vec![0; 1 << 10];
    });
    assert_eq!(out_of_range(found), "work for maps and runs");
}

#[test]
fn more_ports_than_anybody_needs() {
    let found = error(|parts| parts.outputs = alloc::vec![2; 257]);
    assert_eq!(out_of_range(found), "number of inputs or outputs");
}
