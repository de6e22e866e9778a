//! Cheating provers of networks with structural and block-diagonal terms and limbs.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::cheating::{nothing, rebalance, refused};
use crate::keys::ProvingKey;
use crate::program::{AxisMap, Program, ProgramParts, Weights};
use crate::testing::{Cheat, Network, convolutional, dev, infer_with_padding, keys, prove_falsely};
use crate::verify::verify;
use crate::witness::Cell;

const DEPTHWISE: usize = 1;
const SUM: usize = 2;
const SPREAD: usize = 3;
const LOW_LIMB: usize = 4;
const HIGH_LIMB: usize = 5;

type Trace = Vec<Vec<Cell>>;

fn accepted(key: &ProvingKey, network: &Network, cheat: &Cheat<'_>) -> bool {
    let proof = prove_falsely(key, network, cheat);
    verify(key.verifying(), &proof, &dev()).is_ok()
}

/// Refuses the cells, with honest helpers and with one that balances the lookups.
fn refused_both_ways(key: &ProvingKey, network: &Network, cells: &Trace, what: &str) {
    for lookups in [&nothing as super::cheating::Alter<'_>, &rebalance] {
        let cheat = Cheat {
            cells: Some(cells.clone()),
            lookups,
            ..Cheat::default()
        };
        refused(key, network, &cheat, what);
    }
}

#[test]
fn a_false_cell_of_any_tensor_is_refused() {
    let network = convolutional(8);
    let (_, key) = keys(&network);
    for (tensor, cells) in network.trace().iter().enumerate().skip(1) {
        for index in (0..cells.len()).step_by(cells.len().div_ceil(9)) {
            let mut cells = network.trace();
            let cell = &mut cells[tensor][index];
            // In the table too: the layer's claim alone is false.
            if [LOW_LIMB, HIGH_LIMB].contains(&tensor) {
                cell.pre ^= 1;
                cell.out ^= 1;
            } else {
                cell.rem ^= 1;
            }
            let cheat = Cheat {
                cells: Some(cells),
                ..Cheat::default()
            };
            refused(&key, &network, &cheat, &alloc::format!("{tensor}: {index}"));
        }
    }
}

/// The least change that a description knows, in each number of each term.
fn changes(parts: &ProgramParts) -> Vec<ProgramParts> {
    type Change = fn(&mut AxisMap);
    let numbers: [Change; 5] = [
        |map| map.taps += 1,
        |map| map.stride += 1,
        |map| map.dilation += 1,
        |map| map.pad += 1,
        |map| map.divisor += 1,
    ];
    let mut changed = Vec::new();
    for layer in 0..parts.layers.len() {
        for term in 0..parts.layers[layer].terms.len() {
            let structural = parts.layers[layer].terms[term].runs().is_empty();
            for change in numbers {
                for axis in 0..2 {
                    let mut other = parts.clone();
                    change(&mut other.layers[layer].terms[term].maps[axis]);
                    changed.push(other);
                }
                let mut other = parts.clone();
                if let Weights::Structural { channels, .. } =
                    &mut other.layers[layer].terms[term].weights
                {
                    change(channels);
                    changed.push(other);
                }
            }
            let mut other = parts.clone();
            match &mut other.layers[layer].terms[term].weights {
                Weights::Structural { coefficient, .. } => *coefficient += 1,
                Weights::Dense { runs } | Weights::BlockDiagonal { runs } => runs[0] += 1,
            }
            changed.push(other);
            let mut other = parts.clone();
            other.layers[layer].terms[term].exponent += 1;
            changed.push(other);
            if structural {
                let mut other = parts.clone();
                other.layers[layer].terms.remove(term);
                changed.push(other);
            }
        }
    }
    changed
}

/// The trace of a network whose program differs in one number of one term, where there is one that differs in cells.
#[test]
fn a_sum_by_any_other_map_or_coefficient_is_refused() {
    let network = convolutional(8);
    let (_, key) = keys(&network);
    let honest = network.trace();
    let mut tried = 0;
    for parts in changes(network.program.parts()) {
        // More taps of a term with weights need more runs, and are no program.
        let Ok(program) = Program::new(parts) else {
            continue;
        };
        let mut other = network.clone();
        other.program = program;
        let Some(cells) = crate::testing::infer(&other).filter(|cells| *cells != honest) else {
            continue;
        };
        let cheat = Cheat {
            cells: Some(cells),
            ..Cheat::default()
        };
        refused(
            &key,
            &network,
            &cheat,
            &alloc::format!("{:?}", other.program),
        );
        tried += 1;
    }
    assert!(tried > 50, "{tried}");
}

/// In the table under every tag.
const PADDING: Cell = Cell {
    rem: 3,
    pre: 1,
    out: 1,
};

fn fill_padding(program: &Program, columns: &mut [Vec<i64>]) {
    for tensor in program.tensors() {
        for (lane, row) in tensor.padding() {
            columns[3 * lane][row] = PADDING.rem;
            columns[3 * lane + 1][row] = PADDING.pre;
            columns[3 * lane + 2][row] = PADDING.out;
        }
    }
}

#[test]
fn padded_cells_are_free_and_no_layer_reads_them() {
    let network = convolutional(8);
    let (_, key) = keys(&network);
    let free = Cheat {
        public: [0, network.output].into(),
        columns: &fill_padding,
        ..Cheat::default()
    };
    assert!(accepted(&key, &network, &free));
    let honest = network.trace();
    let mut reading = Vec::new();
    for layer in 0..network.program.layers().len() {
        let cells = infer_with_padding(&network, (layer, PADDING.out));
        let Some(cells) = cells.filter(|cells| *cells != honest) else {
            continue;
        };
        reading.push(layer);
        let cheat = Cheat {
            cells: Some(cells),
            columns: &fill_padding,
            ..Cheat::default()
        };
        refused(&key, &network, &cheat, &alloc::format!("layer {layer}"));
    }
    // Every layer but the last, whose channels fill their blocks, has padded cells within reach.
    assert_eq!(reading, [0, 1, 2, 3, 4]);
}

#[test]
fn block_diagonal_weights_meet_no_other_block() {
    let network = convolutional(8);
    let (_, key) = keys(&network);
    // Every run of the second block of the depthwise layer on the channels of the first, and the other way round.
    let honest = network.trace();
    let mut other = network.clone();
    let mut parts = network.program.parts().clone();
    let runs = parts.layers[0].terms[0].runs_mut();
    let taps = runs.len() / 2;
    runs.rotate_left(taps);
    other.program = Program::new(parts).unwrap();
    let cells = crate::testing::infer(&other).unwrap();
    assert_ne!(cells[DEPTHWISE], honest[DEPTHWISE]);
    refused_both_ways(&key, &network, &cells, "another block's weights");
}

#[test]
fn the_remainder_of_a_limb_is_free_but_in_range() {
    let network = convolutional(8);
    let (_, key) = keys(&network);
    for rem in [-1, 0, 1, 3, 4] {
        for limb in [LOW_LIMB, HIGH_LIMB] {
            let mut cells = network.trace();
            for cell in &mut cells[limb] {
                cell.rem = rem;
            }
            let cheat = Cheat {
                cells: Some(cells),
                ..Cheat::default()
            };
            let free = (0..4).contains(&rem);
            assert_eq!(accepted(&key, &network, &cheat), free, "{limb}: {rem}");
        }
    }
}

type Split = Box<dyn Fn(&mut Cell, &mut Cell, &mut Cell)>;

/// Other ways to write an accumulator 32·pre + 16·high + 4·low + rem, all with its sum.
fn splits() -> Vec<(&'static str, Split)> {
    let shift = |rem: i64, low: i64, high: i64, pre: i64| -> Split {
        assert_eq!(rem + 4 * low + 16 * high + 32 * pre, 0);
        Box::new(move |cell, l, h| {
            cell.rem += rem;
            (l.pre, l.out) = (l.pre + low, l.out + low);
            (h.pre, h.out) = (h.pre + high, h.out + high);
            cell.pre += pre;
            cell.out = cell.pre.clamp(-8, 7);
        })
    };
    alloc::vec![
        ("a limb moved into rem", shift(4, -1, 0, 0)),
        ("rem moved into a limb", shift(-4, 1, 0, 0)),
        ("the high limb moved into the low", shift(0, 4, -1, 0)),
        ("the low limb moved into the high", shift(0, -4, 1, 0)),
        ("pre moved into a limb", shift(0, 0, 2, -1)),
        ("a limb moved into pre", shift(0, 0, -2, 1)),
        ("pre moved into the low limb", shift(0, 8, 0, -1)),
        ("pre moved into rem", shift(32, 0, 0, -1)),
        (
            "everything in rem",
            Box::new(|cell, low, high| {
                cell.rem += 4 * low.pre + 16 * high.pre;
                (low.pre, low.out, high.pre, high.out) = (0, 0, 0, 0);
            })
        ),
    ]
}

#[test]
fn an_accumulator_has_no_second_split() {
    let network = convolutional(8);
    let (_, key) = keys(&network);
    for (what, split) in splits() {
        let mut cells = network.trace();
        for index in 0..cells[SPREAD].len() {
            let [spread, low, high] = &mut cells[SPREAD..=HIGH_LIMB] else {
                panic!("three tensors");
            };
            // The first cell that the split changes.
            let before = (spread[index], low[index], high[index]);
            split(&mut spread[index], &mut low[index], &mut high[index]);
            if before != (spread[index], low[index], high[index]) {
                break;
            }
        }
        assert_ne!(cells, network.trace(), "{what}");
        refused_both_ways(&key, &network, &cells, what);
    }
}

#[test]
fn limbs_swapped_or_with_another_pair_are_refused() {
    let network = convolutional(8);
    let (_, key) = keys(&network);
    let honest = network.trace();
    let mut swapped = honest.clone();
    swapped.swap(LOW_LIMB, HIGH_LIMB);
    assert_ne!(swapped, honest);
    refused_both_ways(&key, &network, &swapped, "limbs swapped");

    let mut both = honest.clone();
    let index = (0..honest[LOW_LIMB].len()).find(|i| {
        let (low, high) = (honest[LOW_LIMB][*i].pre, honest[HIGH_LIMB][*i].pre);
        low != high && low < 2
    });
    let index = index.unwrap();
    let [low, high] = [LOW_LIMB, HIGH_LIMB].map(|limb| honest[limb][index]);
    (both[LOW_LIMB][index], both[HIGH_LIMB][index]) = (high, low);
    refused_both_ways(
        &key,
        &network,
        &both,
        "the limbs of one accumulator swapped",
    );

    // The limb is `pre`; `out` alone is a row of no segment of limbs.
    let mut pair = honest.clone();
    pair[LOW_LIMB][index].out ^= 1;
    refused_both_ways(&key, &network, &pair, "a limb whose output differs");
}

#[test]
fn a_structural_sum_off_by_one_unit_is_refused_everywhere() {
    let network = convolutional(8);
    let (_, key) = keys(&network);
    for index in 0..network.trace()[SUM].len() {
        let mut cells = network.trace();
        let cell = &mut cells[SUM][index];
        let sum = 4 * cell.pre + cell.rem + if index % 2 == 0 { 1 } else { -1 };
        (cell.rem, cell.pre) = (sum & 3, sum >> 2);
        cell.out = cell.pre.clamp(-8, 7);
        let cheat = Cheat {
            cells: Some(cells),
            ..Cheat::default()
        };
        refused(&key, &network, &cheat, &alloc::format!("cell {index}"));
    }
}
