//! The proving key: weights, their blinding and cached quotients, and the slice of the setup that a proof needs.

#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec::Vec;

use ark_ec::CurveGroup;
use zeroize::Zeroize;

use super::verifying::{VerifyingKey, VerifyingParts};
use crate::backend::Backend;
use crate::curve::{Fr, G1Affine, G1Projective, encode_g1, encode_g1_uncompressed, encode_scalar};
use crate::encoding::{DecodeError, FileKind, Reader, Writer, widen};
use crate::error::KeyError;
use crate::linear::weights::WeightMatrix;
use crate::opening::CommitKey;
use crate::program::Program;
use crate::random::RandomSource;
use crate::srs::{PowerChain, Srs};
use crate::sumcheck::mask_length;

/// What a prover keeps. The weights and their blinding are secret.
#[derive(Clone)]
pub struct ProvingKey {
    verifying: VerifyingKey,
    weights: WeightMatrix,
    weights_blinding: Fr,
    /// S₁ … S_{R−1}.
    quotients: Vec<G1Affine>,
    /// [τⁱ]₁ as far as a proof needs them.
    powers: Vec<G1Affine>,
    /// Σ [τⁱ]₁ over the active rows: what a column of ones commits to.
    ones: G1Affine,
}

impl core::fmt::Debug for ProvingKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ProvingKey of model {}", self.verifying.digest())
    }
}

impl Drop for ProvingKey {
    fn drop(&mut self) {
        self.weights_blinding.zeroize();
    }
}

/// How many powers of tau a proof needs: for a column, and for the weights' remainder with the mask on it.
pub(crate) fn powers_for_proving(program: &Program) -> usize {
    let remainder = program.weight_columns() + mask_length(program.log_rows());
    program.rows().max(remainder)
}

/// Makes the keys of a model.
///
/// `annotation` is whatever the caller wants to be bound to the model's identity; `progress` is told how many of the cached
/// quotients are done.
///
/// # Errors
///
/// When the setup is too small, the weights do not fit the program, or there is no randomness.
pub fn generate(
    program: Program,
    weights: WeightMatrix,
    annotation: Vec<u8>,
    srs: &Srs,
    (backend, random): (&impl Backend, &mut dyn RandomSource),
    progress: &mut dyn FnMut(usize, usize),
) -> Result<ProvingKey, KeyError> {
    check_shape(&program, &weights)?;
    let proving = powers_for_proving(&program);
    let needed = weights.degree_bound().max(proving);
    let found = srs.powers().len();
    let log_columns = program.log_weight_columns();
    if found < needed {
        return Err(KeyError::SetupTooSmall { needed, found });
    }
    if srs.squares().len() <= log_columns {
        return Err(KeyError::SetupTooNarrow {
            needed: log_columns,
            found: srs.squares().len(),
        });
    }
    let (commitment, quotients) = weights.commit(srs.powers(), backend, progress);
    let weights_blinding = random.scalar()?;
    let commitment = commitment + srs.setup().beta_g1 * weights_blinding;
    let ones: G1Projective = srs.powers()[..program.active_rows()].iter().sum();
    let verifying = VerifyingKey::new(VerifyingParts {
        setup: srs.setup().clone(),
        chain: PowerChain::of(srs, log_columns)?,
        table: program.table().commit(srs.powers(), backend),
        program,
        weights: commitment.into_affine(),
        annotation,
    });
    Ok(ProvingKey {
        verifying,
        weights,
        weights_blinding,
        quotients,
        powers: srs.powers()[..proving].to_vec(),
        ones: ones.into_affine(),
    })
}

fn check_shape(program: &Program, weights: &WeightMatrix) -> Result<(), KeyError> {
    if weights.columns() != program.weight_columns() || weights.rows() != program.weight_rows() {
        return Err(KeyError::Mismatch {
            what: "the weight matrix does not have the program's rows and columns",
        });
    }
    Ok(())
}

impl ProvingKey {
    /// The verifying key.
    pub fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// The weights.
    pub fn weights(&self) -> &WeightMatrix {
        &self.weights
    }

    /// How many powers of tau the key holds.
    pub fn powers(&self) -> usize {
        self.powers.len()
    }

    pub(crate) fn weights_blinding(&self) -> Fr {
        self.weights_blinding
    }

    pub(crate) fn quotients(&self) -> &[G1Affine] {
        &self.quotients
    }

    pub(crate) fn commit_key(&self) -> CommitKey<'_> {
        CommitKey {
            powers: &self.powers,
            beta: self.verifying.setup().beta_g1,
            ones: self.ones,
        }
    }

    /// The bytes of the key file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::file(FileKind::ProvingKey);
        let verifying = self.verifying.to_bytes();
        writer.count(verifying.len());
        writer.bytes(&verifying);
        writer.bytes(&encode_scalar(&self.weights_blinding));
        let entries = self.weights.entries();
        let width = self.weights.width();
        writer.u8(u8::try_from(width).expect("a width is at most eight"));
        for weight in entries {
            writer.signed((*weight).into(), width);
        }
        for quotient in &self.quotients {
            writer.bytes(&encode_g1(quotient));
        }
        for power in &self.powers {
            writer.bytes(&encode_g1_uncompressed(power));
        }
        writer.bytes(&encode_g1_uncompressed(&self.ones));
        writer.finish()
    }

    /// Reads and checks a key. A key whose points are on the curve but wrong gives proofs that do not verify.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut reader = Reader::new(bytes);
        reader.header(FileKind::ProvingKey)?;
        let length = reader.u32()?;
        let verifying = VerifyingKey::from_bytes(reader.take(widen(length))?)?;
        let program = verifying.program();
        let weights_blinding = reader.scalar()?;
        let width = reader.u8()?;
        if !(1..=4).contains(&width) {
            return Err(KeyError::Malformed(DecodeError::InvalidNumber {
                what: "width of weights",
                found: width.into(),
            }));
        }
        let cells = program.weight_rows() * program.weight_columns();
        let entries = reader
            .take(cells.saturating_mul(width.into()))?
            .chunks_exact(width.into())
            .map(sign_extend)
            .collect();
        let weights = WeightMatrix::from_entries(program.weight_columns(), entries).ok_or(
            KeyError::Mismatch {
                what: "the weight matrix is empty",
            },
        )?;
        if weights.width() != usize::from(width) {
            return Err(KeyError::Malformed(DecodeError::InvalidNumber {
                what: "width of weights",
                found: width.into(),
            }));
        }
        let quotients = reader.list(program.weight_rows() - 1, Reader::g1)?;
        let powers = reader.list(powers_for_proving(program), Reader::g1_uncompressed)?;
        let ones = reader.g1_uncompressed()?;
        reader.finish()?;
        Ok(Self {
            weights,
            weights_blinding,
            quotients,
            powers,
            ones,
            verifying,
        })
    }
}

/// A weight from its one to four bytes.
fn sign_extend(bytes: &[u8]) -> i32 {
    let fill = if bytes.last().is_some_and(|top| *top >= 0x80) {
        0xff
    } else {
        0
    };
    let mut wide = [fill; 4];
    wide[..bytes.len()].copy_from_slice(bytes);
    i32::from_le_bytes(wide)
}
