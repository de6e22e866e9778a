//! Maps between position axes: which position of a source a tap of an output position reads.

/// The map `q = stride * p + dilation * t - pad` along one position axis; nothing is read where `q` is outside the source.
///
/// Convolution, pooling, padding, slicing and a dense layer over a whole image are all such maps (PROTOCOL.md section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisMap {
    /// Number of taps: `0 <= t < taps`.
    pub taps: usize,
    /// Step of the source position for one step of the output position.
    pub stride: usize,
    /// Step of the source position for one tap.
    pub dilation: usize,
    /// Source positions before the first.
    pub pad: usize,
}

impl AxisMap {
    /// Every position reads itself.
    pub const IDENTITY: Self = Self {
        taps: 1,
        stride: 1,
        dilation: 1,
        pad: 0,
    };

    /// The source position that tap `t` of output position `p` reads, `None` where that is outside a source of `length` positions.
    #[must_use]
    pub fn source(&self, p: usize, t: usize, length: usize) -> Option<usize> {
        let forward = self
            .stride
            .checked_mul(p)?
            .checked_add(self.dilation.checked_mul(t)?)?;
        forward.checked_sub(self.pad).filter(|q| *q < length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_outside_the_source_read_nothing() {
        let map = AxisMap {
            taps: 3,
            stride: 2,
            dilation: 2,
            pad: 1,
        };
        let read: alloc::vec::Vec<_> = (0..3).map(|t| map.source(1, t, 5)).collect();
        assert_eq!(read, [Some(1), Some(3), None]);
        assert_eq!(map.source(0, 0, 5), None);
        assert_eq!(map.source(usize::MAX, 0, 5), None);
    }
}
