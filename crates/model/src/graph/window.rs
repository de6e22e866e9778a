//! Sliding windows, as convolutions and pools have them.

use alloc::vec::Vec;

/// A window sliding along one spatial axis. Tap `t` of output position `p` is at input position `stride * p + dilation * t - pad_begin`,
/// or outside; for a transposed convolution tap `t` of *input* position `p` adds to *output* position `stride * p + dilation * t -
/// pad_begin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowAxis {
    /// Length of the axis before.
    pub input: usize,
    /// Number of taps.
    pub kernel: usize,
    /// Distance of neighbouring windows.
    pub stride: usize,
    /// Distance of neighbouring taps.
    pub dilation: usize,
    /// Positions of padding before the first.
    pub pad_begin: usize,
    /// Positions of padding after the last, as the file has them. Windows may reach beyond them where the number of outputs was
    /// rounded up.
    pub pad_end: usize,
    /// Length of the axis afterwards.
    pub output: usize,
}

/// A convolution, or a transposed one: its windows, and how many groups the channels are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// One window per spatial axis, slowest first.
    pub axes: Vec<WindowAxis>,
    /// Number of groups: group `g` of the output channels reads group `g` of the input channels.
    pub groups: usize,
}

impl WindowAxis {
    /// Where tap `tap` of the window at `position` is, `None` when it is outside of `0..length`.
    #[must_use]
    pub fn reach(&self, position: usize, tap: usize, length: usize) -> Option<usize> {
        let shifted = self
            .stride
            .checked_mul(position)?
            .checked_add(self.dilation.checked_mul(tap)?)?;
        shifted
            .checked_sub(self.pad_begin)
            .filter(|&reached| reached < length)
    }

    /// Whether any tap of the window at `position` is on the input.
    #[must_use]
    pub fn hits(&self, position: usize) -> bool {
        let start = self.stride.saturating_mul(position);
        let first = self
            .pad_begin
            .saturating_sub(start)
            .div_ceil(self.dilation.max(1));
        first < self.kernel && self.reach(position, first, self.input).is_some()
    }

    /// Length of a window from its first to its last tap.
    #[must_use]
    pub fn extent(&self) -> Option<usize> {
        self.kernel
            .checked_sub(1)?
            .checked_mul(self.dilation)?
            .checked_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_hit_where_a_tap_does() {
        for (input, kernel, dilation, pad) in
            [(1, 2, 3, 1), (3, 2, 2, 4), (2, 3, 4, 5), (4, 1, 1, 2)]
        {
            let axis = WindowAxis {
                input,
                kernel,
                stride: 2,
                dilation,
                pad_begin: pad,
                pad_end: pad,
                output: 6,
            };
            for position in 0..axis.output {
                let any = (0..kernel).any(|tap| axis.reach(position, tap, input).is_some());
                assert_eq!(axis.hits(position), any, "{axis:?} {position}");
            }
        }
    }
}
