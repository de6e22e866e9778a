//! Committed tensors: single inferences of a proof, opened afterwards (PROTOCOL §7, §8).
//!
//! A committed tensor has its lanes to itself, and each inference of it lies in one column `f` of `out` values, as the aligned subcube
//! of 2^b rows behind row `start`. The commitment to that column in the proof is a commitment to the tensor. An opening claims values
//! v for one inference and shows that, at a point ρ drawn after everything is fixed,
//!
//! ```text
//! f̃(ρ, bits of start/2^b) = ṽ(ρ)
//! ```
//!
//! with the padded cells of the subcube at f(0) of their table segment, as every honest prover has them. The left side is opened as the
//! columns of a proof are (see `opening`); the opening has a correction E of its own and joins a batch of claims like a proof.
//!
//! # Soundness
//!
//! f is fixed by the proof, whose digest the opening's transcript absorbs with the model, the tensor, the inference, its shape and v before
//! ρ is drawn: if v differs from the subcube of f in one cell, the extensions agree at ρ with probability at most b/|F| (Schwartz and
//! Zippel). That the cells of f are those of the network is what the proof shows: an opening is worth nothing without it.
//!
//! # Zero knowledge
//!
//! Besides ρ's equation, whose value the receiver knows from v, an opening shows nine points and one scalar, y₁ = U(z). Every point but E
//! carries a blinding of its own, uniform and used once, so all of them are uniform; E is what the verifier's equation then leaves. y₁ is a
//! linear functional of f. To mask it the slot of G, which in a proof holds the weights' remainder, holds one fresh uniform scalar m, with
//! k′ = 0 and s = 0: the degree check adds c₁·ψ·m to y₁, so y₁ is uniform whatever f is, but for challenges c₁ψ = 0, which a transcript gives
//! with probability 2⁻²⁵³. The random rows of f play no part in this: any number of openings, of the same inference or of others, says
//! nothing beyond the values that they open, and takes nothing from the masking of the proof itself. (The column's four random rows alone
//! would be used up after a few.) A test measures both.

mod file;
mod prover;
mod secret;
mod verifier;

pub use file::Opening;
#[cfg(test)]
pub(crate) use prover::{Column, open};
pub use secret::{OpeningSecret, OpeningSecretError, ProofSecret};
pub use verifier::{OpenedTensor, receive_opening, verify_opening};

use alloc::vec::Vec;

use crate::curve::Fr;
use crate::digest::Digest32;
use crate::encoding::{Writer, widen};
use crate::linear::claims::eq_axes;
use crate::linear::functional::{Functional, Part};
use crate::program::{Columns, Tensor};
use crate::transcript::Transcript;

/// Coefficients of the mask in the slot of G.
pub(crate) const MASK_LENGTH: usize = 1;

/// k′ of the mask: it takes no part in the inner products.
pub(crate) fn no_weights() -> Vec<Fr> {
    alloc::vec![Fr::default(); MASK_LENGTH]
}

/// Where one inference of a committed tensor lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subcube {
    /// The lane whose `out` column holds it.
    pub(crate) lane: usize,
    /// The first row, a multiple of 2^bits.
    pub(crate) start: usize,
    /// b.
    pub(crate) bits: usize,
}

impl Subcube {
    /// The subcube of an inference, for a tensor of the key's program and the same of the arranged one; `None` where the inference does
    /// not lie in one block.
    pub(crate) fn of(single: &Tensor, arranged: &Tensor, inference: u32) -> Option<Self> {
        let bits = single.bits();
        let block_bits = arranged.block_bits();
        let within = block_bits.checked_sub(bits)?;
        let inference = widen(inference);
        let block = arranged.blocks.get(inference >> within)?;
        let offset = (inference & ((1 << within) - 1)) << bits;
        Some(Self {
            lane: widen(block.lane),
            start: widen(block.base) + offset,
            bits,
        })
    }

    /// The `out` column.
    pub(crate) fn column(&self, columns: Columns) -> usize {
        Part::Out.column(columns, self.lane)
    }

    /// ρ, then the bits of the subcube's number.
    pub(crate) fn point(&self, rho: &[Fr], log_rows: usize) -> Vec<Fr> {
        let number = self.start >> self.bits;
        let bits = (0..log_rows - self.bits).map(|bit| Fr::from(number >> bit & 1 == 1));
        rho.iter().copied().chain(bits).collect()
    }
}

/// What is opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statement<'a> {
    pub(crate) model: Digest32,
    /// The digest of the proof's file.
    pub(crate) proof: Digest32,
    pub(crate) tensor: u32,
    pub(crate) inference: u32,
    /// The tensor in the key's program, with the axes of one inference.
    pub(crate) shape: &'a Tensor,
    pub(crate) values: &'a [i64],
}

impl Statement<'_> {
    /// The transcript after everything that both sides know.
    pub(crate) fn begin(&self) -> Transcript {
        let mut transcript = Transcript::new("tensorseal opening v1");
        transcript.absorb("model", &self.model.0);
        transcript.absorb("proof", &self.proof.0);
        let mut writer = Writer::new();
        writer.u32(self.tensor);
        writer.u32(self.inference);
        writer.numbers(&self.shape.positions);
        writer.u32(self.shape.channels);
        writer.count(self.values.len());
        for value in self.values {
            writer.i64(*value);
        }
        transcript.absorb("inference", &writer.finish());
        transcript
    }

    /// ṽ(ρ), padded cells at `padding`: those add up to `padding` where every cell had it.
    pub(crate) fn evaluate(&self, padding: i64, rho: &[Fr]) -> Fr {
        let functional = Functional {
            tensor: self.shape,
            part: Part::Out,
            coefficient: Fr::from(1u64),
            axes: eq_axes(self.shape, rho),
        };
        let above = self.values.iter().map(|value| value - padding);
        functional.apply(&above.collect::<Vec<i64>>()) + Fr::from(padding)
    }
}
