//! Maps between axes: which position of a source a tap of an output position reads.

/// The map `divisor * q = stride * p + dilation * t - pad` along one axis; nothing is read where the right side is no multiple of
/// the divisor, or `q` is outside the source.
///
/// Convolution, pooling, padding, slicing, broadcasting (stride 0), transposed convolution (the divisor is its stride) and a dense
/// layer over a whole image are all such maps (PROTOCOL.md section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AxisMap {
    /// Number of taps: `0 <= t < taps`.
    pub taps: usize,
    /// Step of the source position for one step of the output position.
    pub stride: usize,
    /// Step of the source position for one tap.
    pub dilation: usize,
    /// Source positions before the first; negative where the first ones are skipped.
    pub pad: i64,
    /// What divides the step; 1 but for maps that spread a source out.
    pub divisor: usize,
}

impl AxisMap {
    /// Every position reads itself.
    pub const IDENTITY: Self = Self {
        taps: 1,
        stride: 1,
        dilation: 1,
        pad: 0,
        divisor: 1,
    };

    /// The source position that tap `t` of output position `p` reads, `None` where there is none in a source of `length` positions.
    #[must_use]
    pub fn source(&self, p: usize, t: usize, length: usize) -> Option<usize> {
        let forward = self
            .stride
            .checked_mul(p)?
            .checked_add(self.dilation.checked_mul(t)?)?;
        let spread = i64::try_from(forward).ok()?.checked_sub(self.pad)?;
        let divisor = i64::try_from(self.divisor).ok()?;
        if spread.checked_rem(divisor)? != 0 {
            return None;
        }
        usize::try_from(spread / divisor)
            .ok()
            .filter(|q| *q < length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(map: AxisMap, taps: usize, p: usize, length: usize) -> alloc::vec::Vec<Option<usize>> {
        (0..taps).map(|t| map.source(p, t, length)).collect()
    }

    #[test]
    fn positions_outside_the_source_read_nothing() {
        let map = AxisMap {
            taps: 3,
            stride: 2,
            dilation: 2,
            pad: 1,
            divisor: 1,
        };
        assert_eq!(read(map, 3, 1, 5), [Some(1), Some(3), None]);
        assert_eq!(map.source(0, 0, 5), None);
        assert_eq!(map.source(usize::MAX, 0, 5), None);
    }

    #[test]
    fn a_negative_pad_skips_and_a_divisor_spreads() {
        let slice = AxisMap {
            pad: -2,
            ..AxisMap::IDENTITY
        };
        assert_eq!(slice.source(0, 0, 4), Some(2));
        assert_eq!(slice.source(2, 0, 4), None);
        let spread = AxisMap {
            divisor: 2,
            ..AxisMap::IDENTITY
        };
        let first: alloc::vec::Vec<_> = (0..5).map(|p| spread.source(p, 0, 2)).collect();
        assert_eq!(first, [Some(0), None, Some(1), None, None]);
        let never = AxisMap {
            divisor: 0,
            ..AxisMap::IDENTITY
        };
        assert_eq!(never.source(0, 0, 4), None);
    }
}
