//! The prover's side of an opening.

#![allow(
    clippy::indexing_slicing,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec::Vec;

use ark_ec::CurveGroup;
use ark_ff::AdditiveGroup;

use super::secret::ColumnSecret;
use super::{MASK_LENGTH, Opening, OpeningSecret, Statement, Subcube, no_weights, verifier};
use crate::backend::Backend;
use crate::batch::Claim;
use crate::curve::{Fr, G1Affine, g1_generator};
use crate::encoding::widen;
use crate::error::ProveError;
use crate::keys::{VerifyingKey, powers_for_proving};
use crate::opening::{CommitKey, Committed, MercuryInput, MercuryState};
use crate::program::{Program, Tensor};
use crate::random::{RandomSource, RandomnessUnavailable};
use crate::transcript::{EquationWeight, InferencePoint, Sender};
use crate::verify::decide;

/// What is opened and what hides it.
pub(crate) struct Column<'a> {
    pub(crate) program: &'a Program,
    pub(crate) subcube: Subcube,
    /// f, with its random rows and the blinding of its commitment.
    pub(crate) f: Committed,
}

impl OpeningSecret {
    /// Opens one inference of a committed tensor. Inferences are counted from zero through all proofs of the secret, in their order.
    ///
    /// `powers` are the powers of tau of the key's setup, as many as [`Self::powers`] says at least. The opening is verified before it is
    /// returned: one that does not verify, by a damaged secret or false powers, may say more than it should.
    ///
    /// # Errors
    ///
    /// [`ProveError`].
    pub fn open(
        &self,
        tensor: u32,
        inference: u32,
        powers: &[G1Affine],
        (backend, random): (&impl Backend, &mut dyn RandomSource),
    ) -> Result<Opening, ProveError> {
        let nothing = ProveError::NothingToOpen { tensor, inference };
        let (proof, inference) = self.find(inference).ok_or(nothing)?;
        let key = self.key();
        let program = key.program().arranged(&proof.arrangement);
        let program = program.map_err(ProveError::Inferences)?;
        let secret = proof.tensor(tensor).ok_or(nothing)?;
        let (single, arranged) = (
            &key.program().tensors()[widen(tensor)],
            &program.tensors()[widen(tensor)],
        );
        let subcube = Subcube::of(single, arranged, inference).ok_or(nothing)?;
        let column = secret.column(subcube.lane).ok_or(nothing)?;
        let (needed, found) = (powers_for_proving(&program), powers.len());
        let powers = powers.get(..needed);
        let commit_key = CommitKey {
            powers: powers.ok_or(ProveError::SetupTooSmall { needed, found })?,
            beta: key.setup().beta_g1,
            // No column of scalars is committed to here.
            ones: G1Affine::identity(),
        };
        let padding = program.padding(single);
        let cells = single.cells();
        let start = widen(inference) * cells;
        let values = secret.values[start..start + cells].to_vec();
        let statement = Statement {
            model: key.digest(),
            proof: proof.digest,
            tensor,
            inference,
            shape: single,
            values: &values,
        };
        let f = coefficients(
            &program,
            (arranged, subcube.lane),
            (&secret.values, padding),
            column,
        );
        let opened = Column {
            program: &program,
            subcube,
            f,
        };
        let mut channel = Sender::new(statement.begin());
        open(opened, &commit_key, key, &mut channel, (backend, random))?;
        let opening = Opening {
            model: statement.model,
            proof: statement.proof,
            tensor,
            inference,
            argument: channel.finish(),
            values,
        };
        let place = (&program, subcube);
        let equations = verifier::equations(key, place, (column.commitment, padding), &opening);
        equations
            .and_then(|equations| decide(Claim::new(key, key.digest(), equations)))
            .map_err(|_| ProveError::Unsatisfied)?;
        Ok(opening)
    }
}

/// f: the cells of the tensor that lie in the lane, everywhere else zero, and the random rows at the end.
fn coefficients(
    program: &Program,
    (tensor, lane): (&Tensor, usize),
    (values, padding): (&[i64], i64),
    secret: &ColumnSecret,
) -> Committed {
    let rows = program.rows();
    let mut f = alloc::vec![Fr::ZERO; rows.max(program.weight_columns())];
    let size = 1 << tensor.block_bits();
    for block in tensor
        .blocks
        .iter()
        .filter(|block| widen(block.lane) == lane)
    {
        f[widen(block.base)..][..size].fill(Fr::from(padding));
    }
    let channels = widen(tensor.channels);
    for piece in tensor.pieces().filter(|piece| piece.lane == lane) {
        let values = &values[piece.position * channels + piece.channel..][..piece.length];
        for (f, value) in f[piece.row..].iter_mut().zip(values) {
            *f = Fr::from(*value);
        }
    }
    f[rows - 4..rows].copy_from_slice(&secret.hiding.rows);
    Committed {
        coefficients: f,
        blinding: secret.hiding.blinding,
    }
}

/// Sends the mask, Mercury's messages for f at ρ and the subcube's bits, and the correction E.
pub(crate) fn open(
    column: Column<'_>,
    commit_key: &CommitKey<'_>,
    key: &VerifyingKey,
    channel: &mut Sender,
    (backend, random): (&impl Backend, &mut dyn RandomSource),
) -> Result<(), RandomnessUnavailable> {
    let mut drawn = Vec::with_capacity(MASK_LENGTH);
    for _ in 0..MASK_LENGTH {
        drawn.push(random.scalar()?);
    }
    let mask = Committed::blinded(drawn, random)?;
    channel.points("mask", &[mask.commit(commit_key, backend).into_affine()]);
    let rho: Vec<InferencePoint> = channel.challenges(column.subcube.bits);
    let rho: Vec<Fr> = rho.iter().map(|coordinate| coordinate.0).collect();
    let input = MercuryInput {
        p: column.f,
        g: &mask,
        weight_functional: &no_weights(),
        r: &column.subcube.point(&rho, column.program.log_rows()),
        log_columns: column.program.log_weight_columns(),
        // The lookups are the proof's affair.
        tables: &[],
    };
    let mercury = MercuryState::divide(input, commit_key, channel, (backend, random))?;
    let quotients = mercury.open(commit_key, channel, (backend, random))?;
    let [w1, w2, w3]: [Fr; 3] = core::array::from_fn(|_| channel.challenge::<EquationWeight>().0);
    let [one, tau, tau_c] = mercury.left_in_beta(&quotients, &[w1, w2], w3);
    let tau_c_g1 = key.tau_power(column.program.log_weight_columns()).0;
    let bases = [g1_generator(), key.setup().tau_g1, tau_c_g1];
    let correction = backend.msm(&bases, &[one, tau, tau_c]);
    channel.points("E", &[correction.into_affine()]);
    Ok(())
}
