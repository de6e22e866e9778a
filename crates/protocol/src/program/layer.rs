//! Layers: fixed linear maps from tensors to the accumulators of a tensor.
//!
//! ```text
//! acc[p, o] = Σ_terms 2^e Σ_{t, c} W[o, t, c] · source[q(p, t), c] + bias[o]
//! acc + 2^{S−1} = 2^S·pre + rem + 2^s·limb₁ + 2^{s+w₁}·limb₂ + …
//! ```
//!
//! with q an [`AxisMap`] along each position axis and e the term's exponent: weights of more than 32 bits stand in several terms. A dense layer has no position axis; a convolution has one or more; a dense layer
//! behind a convolution is a convolution whose kernel covers the whole source.
//!
//! The weights stand in one matrix of R rows and C columns for the whole network: outputs bR … bR + R − 1 of a term's tap t lie
//! in a run of consecutive columns, one for each channel of the source that they read. Runs may overlap and may be shared, by taps, terms
//! and layers: what they share is equal. Rows that are past the last output of a run's block must hold zeros, or no input has a proof.
//!
//! A layer's shift is S = s + w₁ + w₂ + …, s alone where it has no limbs. A limb is a tensor as large as the output whose cells hold
//! a part of the remainder in `pre`, in [0, 2^w) by its segment; so the cell (rem, limbs, pre) of an accumulator is unique.

use alloc::vec::Vec;

use super::AxisMap;
use crate::encoding::widen;

/// Bits between the columns of a bias: column j counts 2^{24j}.
pub const BIAS_COLUMN_BITS: u32 = 24;

/// The coefficients of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Every output reads every channel of the source.
    Dense {
        /// First column of each run, at index (block of R outputs)·taps + tap. A run has a column for each channel of the source.
        runs: Vec<u32>,
    },
    /// Block b of R outputs reads channels bR … bR + R − 1 of a source with as many channels: depthwise convolutions.
    BlockDiagonal {
        /// First column of each run, at index (block of R outputs)·taps + tap. A run has a column for each channel of its block.
        runs: Vec<u32>,
    },
    /// One public coefficient for everything that the maps reach, the channels by a map of their own: sums, averages, moves of data. It
    /// takes no column of the weight matrix.
    Structural {
        /// The map from output channels to source channels.
        channels: AxisMap,
        /// The coefficient of every tap.
        coefficient: i32,
    },
}

/// What one source contributes to a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The tensor that is read.
    pub source: u32,
    /// One map for each position axis, slowest first.
    pub maps: Vec<AxisMap>,
    /// The coefficients.
    pub weights: Weights,
    /// e: the term counts 2^e.
    pub exponent: u32,
}

impl Term {
    /// The taps of all position axes together.
    pub fn taps(&self) -> usize {
        self.maps.iter().map(|map| widen(map.taps)).product()
    }

    /// The first columns of the term's runs; none if it is structural.
    pub fn runs(&self) -> &[u32] {
        match &self.weights {
            Weights::Dense { runs } | Weights::BlockDiagonal { runs } => runs,
            Weights::Structural { .. } => &[],
        }
    }
}

/// A layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The tensor whose accumulators the layer gives.
    pub output: u32,
    /// The tensors that hold the further parts of the remainders, lowest first; none where the shift is s.
    pub limbs: Vec<u32>,
    /// Its sources.
    pub terms: Vec<Term>,
    /// The columns that hold the biases: k for each block of R outputs, at index block·k + j, of which column j counts
    /// 2^{24j}; none where all biases are zero.
    pub bias: Vec<u32>,
}
