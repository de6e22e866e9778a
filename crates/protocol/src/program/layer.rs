//! Layers: fixed linear maps from tensors to the accumulators of a tensor.
//!
//! acc[p, o] = Σ_terms Σ_{t, c} W[o, t, c] · source[q(p, t), c] + bias[o], with q = stride·p + dilation·t − pad along each
//! position axis and nothing where q is outside the source. A dense layer has no position axis; a convolution has one or more;
//! a dense layer behind a convolution is a convolution whose kernel covers the whole source.
//!
//! The weights stand in one matrix of R rows and C columns for the whole network: outputs bR … bR + R − 1 of a term's tap t lie
//! in a run of consecutive columns, one for each channel of the source, and their biases in one column.

use alloc::vec::Vec;

use crate::encoding::widen;

/// The map q = stride·p + dilation·t − pad along one position axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxisMap {
    /// The number of taps: 0 ≤ t < taps.
    pub taps: u32,
    /// Step of the source position for one step of the output position.
    pub stride: u32,
    /// Step of the source position for one tap.
    pub dilation: u32,
    /// Source positions before the first.
    pub pad: u32,
}

impl AxisMap {
    /// q for output position p and tap t; `None` before the first source position.
    pub fn source(&self, p: u32, t: u32) -> Option<u64> {
        let forward =
            u64::from(self.stride) * u64::from(p) + u64::from(self.dilation) * u64::from(t);
        forward.checked_sub(self.pad.into())
    }
}

/// What one source contributes to a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The tensor that is read.
    pub source: u32,
    /// One map for each position axis, slowest first.
    pub maps: Vec<AxisMap>,
    /// First column of each run, at index (block of R outputs)·taps + tap.
    pub runs: Vec<u32>,
}

impl Term {
    /// The taps of all axes together.
    pub fn taps(&self) -> usize {
        self.maps.iter().map(|map| widen(map.taps)).product()
    }

    /// The tap along each axis, slowest first, of tap number `tap`.
    pub(crate) fn split_tap(&self, tap: usize) -> Vec<u32> {
        let mut rest = tap;
        let mut parts: Vec<u32> = self
            .maps
            .iter()
            .rev()
            .map(|map| {
                let taps = widen(map.taps).max(1);
                let part = rest % taps;
                rest /= taps;
                u32::try_from(part).unwrap_or(u32::MAX)
            })
            .collect();
        parts.reverse();
        parts
    }
}

/// A layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The tensor whose accumulators the layer gives.
    pub output: u32,
    /// Its sources.
    pub terms: Vec<Term>,
    /// The column that holds the biases of each block of R outputs.
    pub bias: Vec<u32>,
}
