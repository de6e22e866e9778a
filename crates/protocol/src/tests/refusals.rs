//! Descriptions, witnesses and keys that must be refused, each with its own error.

use alloc::vec::Vec;

use crate::backend::Reference;
use crate::encoding::DecodeError;
use crate::error::{KeyError, ProveError, VerifyError};
use crate::keys::{ProvingKey, VerifyingKey, generate};
use crate::linear::weights::WeightMatrix;
use crate::opening::inverse_of_regular;
use crate::program::{AxisMap, Block, Program, ProgramError, ProgramParts, Tensor};
use crate::prove::{ProveOptions, prove};
use crate::random::{RandomSource, RandomnessUnavailable};
use crate::srs::{ChainError, Srs};
use crate::table::{Outputs, Segment};
use crate::testing::{Network, keys, networks, random};
use crate::witness::{Cell, Witness, WitnessError};

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
    let biases = layer("there is not one bias column for each block of outputs");
    assert_eq!(error(|parts| parts.layers[1].bias.push(0)), biases);
    assert_eq!(error(|parts| parts.layers[1].bias.clear()), biases);
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
    let runs = layer("there is not one run for each block of outputs and tap");
    assert_eq!(error(|parts| parts.layers[1].terms[0].runs.push(0)), runs);
    assert_eq!(error(|parts| parts.layers[1].terms[0].runs.clear()), runs);
    assert_eq!(
        error(|parts| parts.layers[1].terms[0].maps[0].taps = 2),
        runs
    );
    let outside = layer("a run is outside the weight matrix");
    let last = columns - conv().program.tensors()[1].channels;
    accepted(|parts| parts.layers[1].terms[0].runs[0] = last);
    for run in [last + 1, u32::MAX] {
        assert_eq!(
            error(|parts| parts.layers[1].terms[0].runs[0] = run),
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
        term.runs = alloc::vec![0; taps as usize];
    });
    assert_eq!(out_of_range(found), "work for axis maps");
}

#[test]
fn cells_that_are_no_witness() {
    let network = conv();
    let witness = |change: &dyn Fn(&mut Vec<Vec<Cell>>)| {
        let mut cells = network.trace();
        change(&mut cells);
        Witness::new(&network.program, cells).map(|_| ())
    };
    assert_eq!(witness(&|_| ()), Ok(()));
    for (found, length) in [(2, 2), (4, 4)] {
        let error = WitnessError::TensorCount { expected: 3, found };
        let resize = |cells: &mut Vec<Vec<Cell>>| cells.resize(length, Vec::new());
        assert_eq!(witness(&resize), Err(error));
    }
    for found in [8, 10] {
        let error = WitnessError::CellCount {
            tensor: 1,
            expected: 9,
            found,
        };
        let resize = |cells: &mut Vec<Vec<Cell>>| cells[1].resize(found, Cell::default());
        assert_eq!(witness(&resize), Err(error));
    }
    let error = WitnessError::NotInTable { tensor: 2, cell: 3 };
    for wrong in [
        Cell {
            rem: 8,
            pre: 0,
            out: 0,
        },
        Cell {
            rem: -1,
            pre: 0,
            out: 0,
        },
        Cell {
            rem: 0,
            pre: 13,
            out: 7,
        },
        Cell {
            rem: 0,
            pre: -14,
            out: -8,
        },
        Cell {
            rem: 0,
            pre: i64::MIN,
            out: 0,
        },
        Cell {
            rem: 0,
            pre: 3,
            out: 4,
        },
    ] {
        assert_eq!(
            witness(&|cells| cells[2][3] = wrong),
            Err(error),
            "{wrong:?}"
        );
    }
}

/// A source that fails after a number of calls.
struct Failing(usize);

impl RandomSource for Failing {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        self.0 = self.0.checked_sub(1).ok_or(RandomnessUnavailable)?;
        bytes.fill(self.0 as u8 | 1);
        Ok(())
    }
}

#[test]
fn without_randomness_there_is_no_key_and_no_proof() {
    let network = conv();
    let (srs, key) = keys(&network);
    let (program, weights) = (network.program.clone(), network.weights.clone());
    let tools = (&Reference, &mut Failing(0) as &mut _);
    let found = generate(program, weights, Vec::new(), &srs, tools, &mut |_, _| ());
    assert_eq!(
        found.unwrap_err(),
        KeyError::Randomness(RandomnessUnavailable)
    );
    let draws = {
        // 5 for each column, the mask, and the blindings of G, q′, h, g_p, q_p, D, S and two openings.
        5 * network.program.columns().count() + 5 * network.program.log_rows() + 9
    };
    for count in [0, 1, 50, 51, 85, 86, 87, draws - 3, draws - 1] {
        let tools = (&Reference, &mut Failing(count) as &mut _);
        let found = prove(&key, &network.witness(), &ProveOptions::default(), tools);
        let error = ProveError::Randomness(RandomnessUnavailable);
        assert_eq!(found, Err(error), "{count}");
    }
    let tools = (&Reference, &mut Failing(draws) as &mut _);
    prove(&key, &network.witness(), &ProveOptions::default(), tools).unwrap();
}

#[test]
fn weights_and_setups_that_do_not_fit_the_program() {
    let network = conv();
    let srs = Srs::development(10, &mut random(1)).unwrap();
    let make = |weights: WeightMatrix, srs: &Srs| {
        let tools = (&Reference, &mut random(2) as &mut _);
        let program = network.program.clone();
        generate(program, weights, Vec::new(), srs, tools, &mut |_, _| ()).map(|_| ())
    };
    let (rows, columns) = (
        network.program.weight_rows(),
        network.program.weight_columns(),
    );
    let mismatch = KeyError::Mismatch {
        what: "the weight matrix does not have the program's rows and columns",
    };
    for (rows, columns) in [
        (rows + 1, columns),
        (rows, 2 * columns),
        (2 * rows, columns / 2),
    ] {
        let found = make(WeightMatrix::zero(rows, columns), &srs);
        assert_eq!(found, Err(mismatch.clone()));
    }
    let weights = network.weights.clone();
    let needed = weights.degree_bound().max(network.program.rows());
    assert_eq!(make(weights.clone(), &srs.truncated(needed)), Ok(()));
    let found = needed - 1;
    let error = KeyError::SetupTooSmall { needed, found };
    assert_eq!(make(weights, &srs.truncated(found)), Err(error));
}

#[test]
fn verifying_keys_that_are_wrong() {
    let network = conv();
    let (srs, key) = keys(&network);
    let key = key.verifying();
    key.check_table(&srs, &Reference).unwrap();
    let bytes = key.to_bytes();
    let log_columns = network.program.log_weight_columns();
    // From the end: the annotation, [τ^(2^k)]₂, [τ^(2^k)]₁, Com(W), the table.
    let g2 = bytes.len() - (4 + key.annotation().len()) - 64 * log_columns;
    let g1 = g2 - 32 * log_columns;
    let (weights, table) = (g1 - 32, g1 - 128);
    let swapped = |first: usize, second: usize, size: usize| {
        let mut altered = bytes.clone();
        altered[first..first + size].copy_from_slice(&bytes[second..second + size]);
        altered[second..second + size].copy_from_slice(&bytes[first..first + size]);
        VerifyingKey::from_bytes(&altered)
    };
    let inconsistent = KeyError::Chain(ChainError::Inconsistent);
    for k in 1..log_columns {
        assert_eq!(swapped(g1, g1 + 32 * k, 32).unwrap_err(), inconsistent);
        assert_eq!(swapped(g2, g2 + 64 * k, 64).unwrap_err(), inconsistent);
    }
    // Table commitments are not checked when the key is read, but when somebody asks.
    let other = swapped(table, table + 64, 32).unwrap();
    let found = other.check_table(&srs, &Reference);
    assert_eq!(found, Err(KeyError::TableCommitments));
    let small = srs.truncated(network.program.table().len() as usize - 1);
    let found = key.check_table(&small, &Reference);
    assert!(matches!(found, Err(KeyError::SetupTooSmall { .. })));
    let another = Srs::development(10, &mut random(5)).unwrap();
    let found = key.check_table(&another, &Reference);
    assert!(matches!(found, Err(KeyError::Mismatch { .. })));
    let mut infinite = bytes.clone();
    infinite[weights..weights + 32].fill(0);
    infinite[weights + 31] = 0x40;
    let error = KeyError::Malformed(DecodeError::PointAtInfinity);
    assert_eq!(VerifyingKey::from_bytes(&infinite).unwrap_err(), error);
    // A program that is none: five lanes' worth of rows too few. The mark, the setup, then log n.
    let mut altered = bytes.clone();
    let program = 6 + crate::srs::Setup::BYTES;
    assert_eq!(altered[program], 7);
    altered[program] = 5;
    let found = VerifyingKey::from_bytes(&altered);
    assert!(matches!(found, Err(KeyError::Program(_))));
    let mut trailing = bytes.clone();
    trailing.push(0);
    let error = KeyError::Malformed(DecodeError::TrailingBytes { count: 1 });
    assert_eq!(VerifyingKey::from_bytes(&trailing).unwrap_err(), error);
}

#[test]
fn proving_keys_that_are_wrong() {
    let network = conv();
    let (_, key) = keys(&network);
    let bytes = key.to_bytes();
    for length in [0, 5, 9, 10, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(
            ProvingKey::from_bytes(&bytes[..length]).is_err(),
            "{length}"
        );
    }
    let mut trailing = bytes.clone();
    trailing.push(0);
    let error = KeyError::Malformed(DecodeError::TrailingBytes { count: 1 });
    assert_eq!(ProvingKey::from_bytes(&trailing).unwrap_err(), error);
    let width = 10 + key.verifying().to_bytes().len() + 32;
    for found in [0, 5] {
        let mut altered = bytes.clone();
        altered[width] = found;
        let error = KeyError::Malformed(DecodeError::InvalidNumber {
            what: "width of weights",
            found: found.into(),
        });
        assert_eq!(ProvingKey::from_bytes(&altered).unwrap_err(), error);
    }
}

#[test]
fn points_at_which_the_openings_would_coincide() {
    use crate::curve::Fr;
    use ark_ff::{AdditiveGroup, Field};
    for z in [Fr::ZERO, Fr::ONE, -Fr::ONE] {
        assert_eq!(inverse_of_regular(z), Err(VerifyError::DegenerateChallenge));
    }
    let z = Fr::from(5u64);
    assert_eq!(inverse_of_regular(z).unwrap() * z, Fr::ONE);
}
