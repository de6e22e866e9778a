//! Composition of axis maps: reading through a value that is itself only read from somewhere else.

use crate::integer::AxisMap;

/// Lengths along one axis of a reading in two steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths {
    /// What the outer map makes.
    pub(super) output: usize,
    /// What the outer map reads and the inner map makes.
    pub(super) middle: usize,
    /// What the inner map reads.
    pub(super) source: usize,
}

/// The map that reads the source exactly as `outer` reads what `inner` reads, `None` where no map does: an index outside the middle
/// must read nothing, even where the source goes on.
///
/// One of the two must have a single tap; the composition has the taps of the other.
pub(super) fn compose(outer: &AxisMap, inner: &AxisMap, lengths: Lengths) -> Option<AxisMap> {
    if *inner == AxisMap::IDENTITY && lengths.middle == lengths.source {
        return Some(*outer);
    }
    if *outer == AxisMap::IDENTITY && lengths.output == lengths.middle {
        return Some(*inner);
    }
    let (taps, dilation) = match (outer.taps, inner.taps) {
        (taps, 1) => (taps, inner.stride.checked_mul(outer.dilation)?),
        (1, taps) => (taps, inner.dilation.checked_mul(outer.divisor)?),
        _ => return None,
    };
    let signed = |x: usize| i64::try_from(x).ok();
    let pad = signed(inner.stride)?
        .checked_mul(outer.pad)?
        .checked_add(inner.pad.checked_mul(signed(outer.divisor)?)?)?;
    let dilation = if taps == 1 { 0 } else { dilation };
    let map = reduced(AxisMap {
        taps,
        stride: inner.stride.checked_mul(outer.stride)?,
        dilation,
        pad,
        divisor: inner.divisor.checked_mul(outer.divisor)?,
    });
    reads_the_same(&map, outer, inner, lengths).then_some(map)
}

/// Whether the map reads nothing at any position.
pub(super) fn is_empty(map: &AxisMap, output: usize, source: usize) -> bool {
    !(0..output).any(|p| (0..map.taps).any(|t| map.source(p, t, source).is_some()))
}

/// Whether every tap of every position reads something.
pub(super) fn is_full(map: &AxisMap, output: usize, source: usize) -> bool {
    (0..output).all(|p| (0..map.taps).all(|t| map.source(p, t, source).is_some()))
}

fn reads_the_same(map: &AxisMap, outer: &AxisMap, inner: &AxisMap, lengths: Lengths) -> bool {
    (0..lengths.output).all(|p| {
        (0..map.taps).all(|t| {
            let (outer_tap, inner_tap) = if inner.taps == 1 { (t, 0) } else { (0, t) };
            let two_steps = outer
                .source(p, outer_tap, lengths.middle)
                .and_then(|middle| inner.source(middle, inner_tap, lengths.source));
            map.source(p, t, lengths.source) == two_steps
        })
    })
}

/// The same map without factors common to all its numbers; a single tap has dilation 1, which nothing is multiplied with.
fn reduced(map: AxisMap) -> AxisMap {
    let pad = usize::try_from(map.pad.unsigned_abs()).unwrap_or(1);
    let common = [map.stride, map.dilation, pad]
        .into_iter()
        .fold(map.divisor, greatest_common_divisor);
    let common = common.max(1);
    AxisMap {
        taps: map.taps,
        stride: map.stride / common,
        dilation: if map.taps == 1 {
            1
        } else {
            map.dilation / common
        },
        // The divisor fits `pad`'s type: it divides it.
        pad: map.pad / i64::try_from(common).unwrap_or(1),
        divisor: map.divisor / common,
    }
}

/// The greatest common divisor; the other number where one is 0.
pub(super) fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(taps: usize) -> impl Strategy<Value = AxisMap> {
        (1..=taps, 0..4usize, 0..3usize, -4..5i64, 1..4usize).prop_map(
            |(taps, stride, dilation, pad, divisor)| AxisMap {
                taps,
                stride,
                dilation,
                pad,
                divisor,
            },
        )
    }

    proptest! {
        #[test]
        fn a_composition_reads_what_two_steps_read(
            outer in map(3), inner in map(1), (output, middle, source) in (1..7usize, 1..7usize, 1..7usize), swap: bool
        ) {
            let (outer, inner) = if swap { (inner, outer) } else { (outer, inner) };
            let lengths = Lengths { output, middle, source };
            if let Some(map) = compose(&outer, &inner, lengths) {
                prop_assert!(reads_the_same(&map, &outer, &inner, lengths));
            }
        }
    }

    const SLICE: AxisMap = AxisMap {
        pad: -2,
        ..AxisMap::IDENTITY
    };
    const PADDED: AxisMap = AxisMap {
        taps: 3,
        pad: 1,
        ..AxisMap::IDENTITY
    };

    #[test]
    fn a_slice_composes_unless_a_padded_kernel_would_see_past_it() {
        let plain = AxisMap { pad: 0, ..PADDED };
        let lengths = Lengths {
            output: 2,
            middle: 4,
            source: 8,
        };
        let composed = compose(&plain, &SLICE, lengths);
        assert_eq!(composed, Some(AxisMap { pad: -2, ..plain }));
        let lengths = Lengths {
            output: 4,
            ..lengths
        };
        assert_eq!(compose(&PADDED, &SLICE, lengths), None);
    }

    #[test]
    fn common_factors_vanish() {
        let spread = AxisMap {
            divisor: 2,
            ..AxisMap::IDENTITY
        };
        let even = AxisMap {
            stride: 2,
            ..AxisMap::IDENTITY
        };
        let lengths = Lengths {
            output: 4,
            middle: 7,
            source: 4,
        };
        assert_eq!(compose(&even, &spread, lengths), Some(AxisMap::IDENTITY));
    }
}
