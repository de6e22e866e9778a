//! Descriptions with structural and block-diagonal terms and limbs that are no program, and the bytes of those that are.

use alloc::vec::Vec;

use proptest::prelude::*;

use crate::encoding::{DecodeError, Reader, Writer};
use crate::program::{AxisMap, Block, Program, ProgramError, ProgramParts, Term, Weights};
use crate::table::{Outputs, Segment};
use crate::testing::{arbitrary, convolutional, general};

const DEPTHWISE: usize = 0;
const SUM: usize = 1;
const SPREAD: usize = 2;
const LOW_LIMB: u32 = 4;

fn parts_with(change: impl FnOnce(&mut ProgramParts)) -> ProgramParts {
    let mut parts = convolutional(8).program.parts().clone();
    change(&mut parts);
    parts
}

fn error(change: impl FnOnce(&mut ProgramParts)) -> ProgramError {
    Program::new(parts_with(change)).expect_err("the description should be refused")
}

fn accepted(change: impl FnOnce(&mut ProgramParts)) {
    Program::new(parts_with(change)).expect("the description should be accepted");
}

fn channels(term: &mut Term) -> &mut AxisMap {
    match &mut term.weights {
        Weights::Structural { channels, .. } => channels,
        other => panic!("{other:?}"),
    }
}

fn out_of_range(error: ProgramError) -> &'static str {
    match error {
        ProgramError::OutOfRange { what, .. } => what,
        other => panic!("{other:?}"),
    }
}

fn layer(index: usize, what: &'static str) -> ProgramError {
    ProgramError::Layer { index, what }
}

#[test]
fn maps_without_taps_or_divisor() {
    let no_taps = "an axis has no taps";
    let no_divisor = "an axis has the divisor zero";
    for axis in 0..2 {
        let maps = error(|parts| parts.layers[SUM].terms[1].maps[axis].taps = 0);
        assert_eq!(maps, layer(SUM, no_taps));
        let maps = error(|parts| parts.layers[DEPTHWISE].terms[0].maps[axis].divisor = 0);
        assert_eq!(maps, layer(DEPTHWISE, no_divisor));
    }
    let of_channels = error(|parts| channels(&mut parts.layers[SUM].terms[1]).taps = 0);
    assert_eq!(of_channels, layer(SUM, no_taps));
    let of_channels = error(|parts| channels(&mut parts.layers[SUM].terms[1]).divisor = 0);
    assert_eq!(of_channels, layer(SUM, no_divisor));
}

#[test]
fn maps_at_the_ends_of_their_numbers() {
    for pad in [i32::MIN, i32::MAX] {
        accepted(|parts| {
            let term = &mut parts.layers[SUM].terms[1];
            let map = AxisMap {
                taps: 2,
                stride: u32::MAX,
                dilation: u32::MAX,
                pad,
                divisor: u32::MAX,
            };
            (term.maps[0], *channels(term)) = (map, map);
        });
    }
    accepted(|parts| {
        if let Weights::Structural { coefficient, .. } = &mut parts.layers[SUM].terms[0].weights {
            *coefficient = i32::MIN;
        }
    });
}

#[test]
fn exponents_beyond_the_field() {
    for term in 0..2 {
        accepted(|parts| parts.layers[SPREAD].terms[term].exponent = 64);
        for exponent in [65, u32::MAX] {
            let found = error(|parts| parts.layers[SPREAD].terms[term].exponent = exponent);
            assert_eq!(out_of_range(found), "exponent of a term");
        }
    }
}

#[test]
fn structural_maps_that_would_keep_a_verifier_busy() {
    let busy = "work for maps and runs";
    for taps in [1 << 17, u32::MAX] {
        for axis in 0..2 {
            let found = error(|parts| parts.layers[SUM].terms[1].maps[axis].taps = taps);
            assert_eq!(out_of_range(found), busy, "axis {axis}");
        }
        let found = error(|parts| channels(&mut parts.layers[SUM].terms[1]).taps = taps);
        assert_eq!(out_of_range(found), busy, "channels");
    }
    // A long axis instead of many taps, for a map of any kind: a product over the bits is one only where both axes are as long.
    for terms in [1..2, 2..3] {
        let long = error(|parts| {
            parts.log_rows = 26;
            parts.layers.truncate(SUM + 1);
            parts.tensors.truncate(SUM + 2);
            parts.outputs = alloc::vec![2];
            parts.tensors[2].channels = 1 << 20;
            parts.layers[SUM].terms = parts.layers[SUM].terms[terms].to_vec();
            for (tensor, lane) in parts.tensors.iter_mut().zip(0..) {
                tensor.blocks = alloc::vec![Block { lane, base: 0 }];
            }
        });
        assert_eq!(out_of_range(long), busy);
    }
    let many = error(|parts| {
        let term = parts.layers[SUM].terms[2].clone();
        parts.layers[SUM].terms = alloc::vec![term; 1 << 15];
    });
    assert_eq!(out_of_range(many), busy);
    // An axis in which everything reads its own costs its logarithm.
    accepted(|parts| {
        let term = parts.layers[SUM].terms[0].clone();
        parts.layers[SUM].terms = alloc::vec![term; 1 << 12];
    });
}

#[test]
fn block_diagonal_terms_that_do_not_fit() {
    let more = error(|parts| parts.tensors[0].channels = 5);
    let what = "a block-diagonal term does not have as many channels as the output";
    assert_eq!(more, layer(DEPTHWISE, what));
    let runs = layer(
        DEPTHWISE,
        "there is not one run for each block of outputs and tap",
    );
    for change in [
        (|runs| runs.push(0)) as fn(&mut Vec<u32>),
        |runs| _ = runs.pop(),
        |runs| runs.clear(),
    ] {
        let found = error(|parts| change(parts.layers[DEPTHWISE].terms[0].runs_mut()));
        assert_eq!(found, runs);
    }
    // Blocks of four channels and of two, six runs each.
    let columns = 1 << convolutional(8).program.parts().log_weight_columns;
    let outside = layer(DEPTHWISE, "a run is outside the weight matrix");
    for (run, width) in [(0, 4), (5, 4), (6, 2), (11, 2)] {
        let with = |first: u32| {
            move |parts: &mut ProgramParts| {
                parts.layers[DEPTHWISE].terms[0].runs_mut()[run] = first;
            }
        };
        accepted(with(columns - width));
        assert_eq!(error(with(columns - width + 1)), outside);
        assert_eq!(error(with(u32::MAX)), outside);
    }
}

#[test]
fn biases_of_some_blocks_only() {
    let what = "there are not equally many bias columns, at most three, for each block of outputs";
    for count in 0..8 {
        let biases =
            |parts: &mut ProgramParts| parts.layers[DEPTHWISE].bias = alloc::vec![0; count];
        if count % 2 == 0 && count < 7 {
            accepted(biases);
        } else {
            assert_eq!(error(biases), layer(DEPTHWISE, what));
        }
    }
}

#[test]
fn limbs_that_are_none() {
    let spread = |what| layer(SPREAD, what);
    assert_eq!(
        error(|parts| parts.layers[SPREAD].limbs[0] = 99),
        ProgramError::Origin { tensor: 99 }
    );
    let extent = "a limb does not have the extent of the output";
    for change in [
        (|parts| parts.tensors[4].channels = 4) as fn(&mut ProgramParts),
        |parts| parts.tensors[4].positions = alloc::vec![7, 8],
        |parts| parts.tensors[4].positions = alloc::vec![8, 7],
    ] {
        assert_eq!(error(change), spread(extent));
    }
    let what = "the segment of a limb is not the identity on a power of two of values from zero";
    // The limb of two bits has segment 2.
    let segment = |start, length, outputs: Outputs| {
        move |parts: &mut ProgramParts| {
            parts.table.segments[2] = Segment {
                start,
                length,
                outputs: outputs.clone(),
            };
        }
    };
    let clamp = |low, high| Outputs::Clamp { low, high };
    let values = |values: &[i64]| Outputs::Values(values.into());
    accepted(segment(0, 4, clamp(-8, 7)));
    accepted(segment(0, 8, clamp(0, 7)));
    accepted(segment(0, 4, values(&[0, 1, 2, 3])));
    for refused in [
        segment(-1, 4, clamp(-8, 7)),
        segment(0, 3, clamp(0, 7)),
        segment(0, 5, clamp(0, 7)),
        // A multiple of two values, which a limb of one bit may not have.
        segment(0, 6, clamp(0, 7)),
        segment(0, 4, clamp(0, 2)),
        segment(0, 4, clamp(1, 3)),
        segment(0, 4, values(&[0, 1, 2, 2])),
        segment(0, 4, values(&[1, 1, 2, 3])),
        // No bits.
        segment(0, 1, clamp(0, 0)),
    ] {
        assert_eq!(error(refused), spread(what));
    }
    assert_eq!(error(|parts| parts.tensors[4].segment = 0), spread(what));
}

#[test]
fn limbs_that_are_something_else_too() {
    let origin = |tensor| ProgramError::Origin { tensor };
    let limb = LOW_LIMB as usize;
    // Twice of one layer, of two layers, the output, an input.
    let twice = error(|parts| parts.layers[SPREAD].limbs[1] = LOW_LIMB);
    assert_eq!(twice, origin(limb));
    let shared = error(|parts| parts.layers[3].limbs.push(LOW_LIMB));
    assert_eq!(shared, origin(limb));
    let output = error(|parts| parts.layers[SPREAD].limbs[0] = 3);
    assert_eq!(output, origin(3));
    assert_eq!(error(|parts| parts.layers[SPREAD].limbs[0] = 0), origin(0));
    let made = error(|parts| parts.layers[3].output = LOW_LIMB);
    assert_eq!(made, origin(limb));
    let input = error(|parts| parts.inputs.push(LOW_LIMB));
    assert_eq!(input, origin(limb));
    // A port, a source of its own layer.
    let port = error(|parts| parts.outputs.push(LOW_LIMB));
    assert_eq!(port, ProgramError::Port { tensor: LOW_LIMB });
    let what = "a source is not computed before it is read";
    for source in [LOW_LIMB, LOW_LIMB + 1] {
        let found = error(|parts| parts.layers[SPREAD].terms[0].source = source);
        assert_eq!(found, layer(SPREAD, what));
    }
    // Of nobody.
    let left = error(|parts| _ = parts.layers[SPREAD].limbs.pop());
    assert_eq!(left, origin(5));
}

#[test]
fn shifts_beyond_the_field() {
    // A table of s = 2 and limbs of nine bits: 2 + 9·6 + 8 = 64.
    let with = |bits: u32, count: u32| {
        parts_with(|parts| {
            parts.log_rows = 11;
            for (segment, bits) in [(2, 9), (3, bits)] {
                parts.table.segments[segment] = Segment {
                    start: 0,
                    length: 1 << bits,
                    outputs: Outputs::Clamp {
                        low: 0,
                        high: 1 << 16,
                    },
                };
            }
            parts.lanes += count;
            for index in 1..count {
                let mut limb = parts.tensors[4].clone();
                for (block, base) in limb.blocks.iter_mut().zip([0, 128]) {
                    (block.lane, block.base) = (parts.lanes - index, base);
                }
                parts.layers[SPREAD].limbs.push(parts.tensors.len() as u32);
                parts.tensors.push(limb);
            }
        })
    };
    let longest = |bits, count| Program::new(with(bits, count));
    assert!(longest(8, 6).is_ok());
    let found = longest(9, 6).unwrap_err();
    assert_eq!(out_of_range(found), "shift of a layer");
    let found = longest(1, 200).unwrap_err();
    assert_eq!(out_of_range(found), "shift of a layer");
}

fn bytes(program: &Program) -> Vec<u8> {
    let mut writer = Writer::new();
    program.write(&mut writer);
    writer.finish()
}

fn read(bytes: &[u8]) -> Result<ProgramParts, DecodeError> {
    let mut reader = Reader::new(bytes);
    let parts = ProgramParts::read(&mut reader, 2)?;
    reader.finish()?;
    Ok(parts)
}

#[test]
fn programs_are_read_as_they_were_written() {
    let fixed = [general(8), convolutional(8)];
    for network in fixed.into_iter().chain((0..40).map(arbitrary)) {
        let bytes = bytes(&network.program);
        assert_eq!(read(&bytes).as_ref(), Ok(network.program.parts()));
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err());
        }
    }
}

#[test]
fn every_number_of_a_term_and_every_limb_is_in_the_bytes() {
    let honest = bytes(&convolutional(8).program);
    let mut seen = alloc::vec![honest];
    let mut differs = |change: &dyn Fn(&mut ProgramParts)| {
        let bytes = bytes(&Program::new(parts_with(change)).unwrap());
        assert!(!seen.contains(&bytes));
        seen.push(bytes);
    };
    let numbers: [fn(&mut AxisMap); 5] = [
        |map| map.taps += 1,
        |map| map.stride += 1,
        |map| map.dilation += 1,
        |map| map.pad -= 1,
        |map| map.divisor += 1,
    ];
    for number in numbers {
        differs(&|parts| number(&mut parts.layers[SUM].terms[1].maps[0]));
        differs(&|parts| number(channels(&mut parts.layers[SUM].terms[1])));
    }
    differs(&|parts| {
        if let Weights::Structural { coefficient, .. } = &mut parts.layers[SUM].terms[0].weights {
            *coefficient += 1;
        }
    });
    differs(&|parts| parts.layers[SUM].terms[1].exponent = 64);
    differs(&|parts| parts.layers[SPREAD].terms[0].exponent = 1);
    differs(&|parts| parts.layers[SPREAD].limbs.swap(0, 1));
    differs(&|parts| parts.layers[SPREAD].bias.truncate(1));
    // Dense and block-diagonal terms with the same runs.
    differs(&|parts| {
        let weights = &mut parts.layers[DEPTHWISE].terms[0].weights;
        *weights = match weights.clone() {
            Weights::BlockDiagonal { runs } => Weights::Dense { runs },
            other => other,
        };
    });
}

#[test]
fn an_unknown_kind_of_term_is_refused() {
    let parts = convolutional(8).program.parts().clone();
    let program = Program::new(parts).unwrap();
    let honest = bytes(&program);
    // The kinds are the bytes whose change to 3 is found out as such.
    let unknown = DecodeError::InvalidNumber {
        what: "kind of term",
        found: 3,
    };
    let kinds = (0..honest.len()).filter(|position| {
        let mut changed = honest.clone();
        changed[*position] = 3;
        read(&changed) == Err(unknown)
    });
    let terms: usize = program.layers().iter().map(|l| l.terms.len()).sum();
    assert_eq!(kinds.count(), terms);
}

proptest! {
    /// Whatever the bytes, they are refused, or a program whose bytes they are, in no long time.
    #[test]
    fn altered_bytes_are_refused_or_a_program(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        network in prop::sample::select(alloc::vec![convolutional(8), arbitrary(3)]),
    ) {
        let mut altered = bytes(&network.program);
        for (position, byte) in changes {
            let position = position.index(altered.len());
            altered[position] = byte;
        }
        if let Ok(Ok(program)) = read(&altered).map(Program::new) {
            prop_assert_eq!(bytes(&program), altered);
        }
    }
}
