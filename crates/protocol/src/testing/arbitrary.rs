//! Networks of arbitrary shape, from a seed.

use alloc::vec::Vec;

use super::builder::{Builder, IDENTITY, LIMB_1, LIMB_2, RELU, structural};
use super::network::{Network, Small};
use super::plain;
use crate::program::{AxisMap, Term};

const LOG_ROWS: u32 = 8;

/// The first network from `seed` on whose accumulators stay inside the table.
pub(crate) fn arbitrary(seed: u64) -> Network {
    let attempts = (0..).map(|attempt| candidate(seed.wrapping_mul(1000).wrapping_add(attempt)));
    let mut fitting = attempts.filter(|network| plain::infer(network, &|_, _, _| ()).is_some());
    fitting.next().unwrap()
}

fn candidate(seed: u64) -> Network {
    let small = &mut Small(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    for _ in 0..4 {
        small.next(0, 1);
    }
    let axes = small.next(0, 3) as usize;
    let mut builder = Builder::new(small.next(0, 3) as u32, 56, seed);
    let longest = if axes == 3 { 3 } else { 5 };
    let positions = |small: &mut Small| -> Vec<u32> {
        (0..axes).map(|_| small.next(1, longest) as u32).collect()
    };
    let mut readable = Vec::new();
    let extent = positions(small);
    readable.push(builder.tensor(&extent, small.next(1, 7) as u32, IDENTITY));
    for _ in 0..small.next(1, 4) {
        let source = readable[small.next(0, readable.len() as i64 - 1) as usize];
        let channels = match small.next(0, 1) {
            0 => builder.extent(source).1,
            _ => small.next(1, 7) as u32,
        };
        let extent = positions(small);
        let segment = [IDENTITY, RELU][small.next(0, 1) as usize];
        let output = builder.tensor(&extent, channels, segment);
        let widths = &[LIMB_2, LIMB_1, LIMB_2][..small.next(0, 3) as usize];
        let limbs: Vec<u32> = (widths.iter())
            .map(|segment| builder.tensor(&extent, channels, *segment))
            .collect();
        let mut terms = alloc::vec![arbitrary_term(&mut builder, small, output, source)];
        for _ in 0..small.next(0, 2) {
            let source = readable[small.next(0, readable.len() as i64 - 1) as usize];
            terms.push(arbitrary_term(&mut builder, small, output, source));
        }
        builder.layer(output, terms, small.next(0, 3) as u32, &limbs);
        readable.push(output);
    }
    let last = readable[readable.len() - 1];
    let cuts = small.next(0, 3) as usize;
    builder.build(LOG_ROWS, &[last], |tensor| {
        let needed = (1usize << tensor.bits()).div_ceil(1 << (LOG_ROWS - 1));
        (needed << cuts).min(1 << tensor.bits())
    })
}

fn arbitrary_term(builder: &mut Builder, small: &mut Small, output: u32, source: u32) -> Term {
    let (positions, channels) = builder.extent(source);
    let maps: Vec<AxisMap> = positions.iter().map(|_| arbitrary_map(small)).collect();
    let kinds = if channels == builder.extent(output).1 {
        2
    } else {
        1
    };
    let exponent = small.next(-3, 2).max(0) as u32;
    let mut term = match small.next(0, kinds) {
        0 => builder.dense(output, source, &maps),
        1 => {
            let coefficient = small.next(-3, 3) as i32;
            structural(source, &maps, arbitrary_map(small), coefficient)
        }
        _ => builder.diagonal(output, source, &maps),
    };
    term.exponent = exponent;
    // Taps may have weights in common, here those of a block of outputs.
    if !term.runs().is_empty() && small.next(0, 2) == 0 {
        let taps = term.taps();
        for runs in term.runs_mut().chunks_mut(taps) {
            let first = runs[0];
            for (tap, run) in (0..).zip(runs) {
                *run = first + (*run - first).min(tap) / 2;
            }
        }
    }
    term
}

fn arbitrary_map(small: &mut Small) -> AxisMap {
    if small.next(0, 3) == 0 {
        return AxisMap::IDENTITY;
    }
    AxisMap {
        taps: small.next(1, 3) as u32,
        stride: small.next(0, 2) as u32,
        dilation: small.next(0, 2) as u32,
        pad: small.next(-2, 2) as i32,
        divisor: small.next(1, 2) as u32,
    }
}
