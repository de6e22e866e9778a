//! Maps between axes: which cell of a source a tap of an output cell reads.

/// The map divisor·q = stride·p + dilation·t − pad along one axis, for output index p and tap t. Nothing is read where the right side
/// is no multiple of the divisor or q is outside the source.
///
/// Convolution, pooling, padding and slicing, broadcasting (stride 0), transposed convolution (the divisor is its stride) and a dense
/// layer over a whole image are all such maps (PROTOCOL §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisMap {
    /// The number of taps: 0 ≤ t < taps.
    pub taps: u32,
    /// Step of the source index for one step of the output index.
    pub stride: u32,
    /// Step of the source index for one tap.
    pub dilation: u32,
    /// Source cells before the first; negative where the first ones are skipped.
    pub pad: i32,
    /// What divides the step, at least 1: more than 1 where a source is spread out.
    pub divisor: u32,
}

impl AxisMap {
    /// Every index reads its own.
    pub const IDENTITY: Self = Self {
        taps: 1,
        stride: 1,
        dilation: 1,
        pad: 0,
        divisor: 1,
    };

    /// Whether every index reads its own and nothing else.
    pub(crate) fn is_identity(&self) -> bool {
        self.taps == 1 && self.stride == self.divisor && self.pad == 0
    }

    /// q for output index p and tap t in a source of `length` cells; `None` where nothing is read.
    pub fn source(&self, p: u32, t: u32, length: u32) -> Option<u32> {
        let along = |step: u32, count: u32| u64::from(step).checked_mul(count.into());
        let spread = along(self.stride, p)?
            .checked_add(along(self.dilation, t)?)?
            .checked_add_signed(-i64::from(self.pad))?;
        if spread.checked_rem(self.divisor.into())? != 0 {
            return None;
        }
        let q = spread.checked_div(self.divisor.into())?;
        u32::try_from(q).ok().filter(|q| *q < length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_map_is_its_equation(
            (stride, dilation, pad, divisor) in (0u32..5, 0u32..5, -9i32..9, 1u32..4),
            (p, t, length) in (0u32..9, 0u32..5, 0u32..9),
        ) {
            let map = AxisMap { taps: 5, stride, dilation, pad, divisor };
            let right = i64::from(stride * p + dilation * t) - i64::from(pad);
            let q = (0..length).find(|q| i64::from(divisor * q) == right);
            prop_assert_eq!(map.source(p, t, length), q);
        }
    }

    #[test]
    fn numbers_beyond_all_bounds_read_nothing() {
        let map = AxisMap {
            taps: u32::MAX,
            stride: u32::MAX,
            dilation: u32::MAX,
            pad: i32::MIN,
            divisor: 1,
        };
        assert_eq!(map.source(u32::MAX, u32::MAX, u32::MAX), None);
        let last = AxisMap {
            pad: i32::MAX,
            ..AxisMap::IDENTITY
        };
        assert_eq!(last.source(u32::MAX, 0, u32::MAX), Some(1 << 31));
        assert_eq!(last.source(0, 0, u32::MAX), None);
        let never = AxisMap {
            divisor: 0,
            ..AxisMap::IDENTITY
        };
        assert_eq!(never.source(0, 0, 4), None);
    }
}
