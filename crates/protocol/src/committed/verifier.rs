//! The receiver's side of an opening.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::{MASK_LENGTH, Opening, Statement, Subcube};
use crate::backend::Compact;
use crate::batch::{Batch, Claim};
use crate::cq::TableOpeningClaim;
use crate::curve::{Fr, G1Affine};
use crate::digest::{Digest32, Hasher};
use crate::encoding::widen;
use crate::error::VerifyError;
use crate::keys::VerifyingKey;
use crate::opening::{self, OpeningClaim};
use crate::pairing::{Accumulator, Side};
use crate::program::Program;
use crate::proof::Proof;
use crate::transcript::{EquationWeight, InferencePoint, Receiver};
use crate::verify::{Verdict, VerifyOptions, arranged, check_key, receive, same_model};

/// What an accepted opening says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedTensor {
    /// The digest of the proof's file.
    pub proof: Digest32,
    /// The tensor's index in the program.
    pub tensor: u32,
    /// The index of the inference in the proof, from zero.
    pub inference: u32,
    /// The values, row-major over the (positions…, channels) of the key's program.
    pub values: Vec<i64>,
}

/// Verifies openings together with the proof that they are of. `randomness` is the verifier's own, as for [`Batch::decide`].
///
/// # Errors
///
/// [`VerifyError`] when the proof or any opening is not accepted.
pub fn verify_opening(
    key: &VerifyingKey,
    proof: &[u8],
    openings: &[&[u8]],
    options: &VerifyOptions<'_>,
    randomness: &[u8],
) -> Result<(Verdict, Vec<OpenedTensor>), VerifyError> {
    let (claim, contents) = receive(key, proof, options)?;
    let mut batch = Batch::new();
    batch.push(claim);
    let mut opened = Vec::new();
    for opening in openings {
        let (claim, tensor) = receive_opening(key, proof, opening, options)?;
        batch.push(claim);
        opened.push(tensor);
    }
    let decision = batch.decide(randomness, &Compact);
    if !decision.rejected.is_empty() {
        return Err(VerifyError::Equations);
    }
    let verdict = Verdict {
        setup: key.setup().origin(),
        model: key.digest(),
        inferences: contents.inferences,
        public: contents.public,
        committed: contents.committed,
        miller_loops: decision.miller_loops,
    };
    Ok((verdict, opened))
}

/// Receives an opening of one inference for a batch: checks everything but the pairing equations. Returns the claim, and what it says if
/// it holds.
///
/// # Errors
///
/// [`VerifyError`] says why the opening is not accepted, whatever the pairing would say.
///
/// # Soundness
///
/// The values are those of the network's run only if the claim of the proof itself, from [`receive`] with the same bytes, is decided and
/// holds too.
pub fn receive_opening(
    key: &VerifyingKey,
    proof: &[u8],
    opening: &[u8],
    options: &VerifyOptions<'_>,
) -> Result<(Claim, OpenedTensor), VerifyError> {
    check_key(key, options)?;
    let proof_digest = Proof::digest_of(proof);
    let digest = Hasher::new("tensorseal opening claim")
        .part(&key.digest().0)
        .part(&proof_digest.0)
        .part(opening)
        .finish();
    let opening = Opening::from_bytes(opening)?;
    same_model(key.digest(), opening.model)?;
    if opening.proof != proof_digest {
        return Err(VerifyError::OtherProof {
            expected: proof_digest,
            found: opening.proof,
        });
    }
    let proof = Proof::from_bytes(proof)?;
    same_model(key.digest(), proof.model())?;
    let not_committed = VerifyError::NotCommitted {
        tensor: opening.tensor,
    };
    // Without a committed tensor the program may be the key's own, and there is nothing to open.
    let program = arranged(key, &proof)?.ok_or(not_committed)?;
    let (subcube, padding) = place(key, &program, &proof, &opening)?;
    let column = proof.column(subcube.column(program.columns()))?;
    let equations = equations(key, (&program, subcube), (column, padding), &opening)?;
    let opened = OpenedTensor {
        proof: proof_digest,
        tensor: opening.tensor,
        inference: opening.inference,
        values: opening.values,
    };
    Ok((Claim::new(key, digest, equations), opened))
}

/// Where the inference lies and what its padded cells hold, after every check of what the opening says about itself.
fn place(
    key: &VerifyingKey,
    program: &Program,
    proof: &Proof,
    opening: &Opening,
) -> Result<(Subcube, i64), VerifyError> {
    let tensor = opening.tensor;
    let arrangement = proof.arrangement();
    let not_committed = VerifyError::NotCommitted { tensor };
    if !arrangement.committed.contains(&tensor) {
        return Err(not_committed);
    }
    let (inference, inferences) = (opening.inference, arrangement.count());
    let no_inference = VerifyError::NoInference {
        inference,
        inferences,
    };
    if inference >= inferences {
        return Err(no_inference);
    }
    let of = |program: &'_ Program| program.tensors().get(widen(tensor)).cloned();
    let (single, arranged) = of(key.program()).zip(of(program)).ok_or(not_committed)?;
    let (expected, found) = (single.cells(), opening.values.len());
    if expected != found {
        return Err(VerifyError::PublicLength {
            tensor,
            expected,
            found,
        });
    }
    let (low, high) = program.output_range(&single);
    let mut values = opening.values.iter().copied();
    if let Some(found) = values.find(|value| !(low..=high).contains(value)) {
        return Err(VerifyError::PublicValue { tensor, found });
    }
    let subcube = Subcube::of(&single, &arranged, inference).ok_or(no_inference)?;
    Ok((subcube, program.padding(&single)))
}

/// Runs the opening up to the pairing.
///
/// ```text
/// w₁: U(z) is opened at z      w₂: V(1/z) is opened at 1/z      w₃: f − g_p = q_p·(X^C − α′)
/// ```
pub(super) fn equations(
    key: &VerifyingKey,
    (program, subcube): (&Program, Subcube),
    (column, padding): (G1Affine, i64),
    opening: &Opening,
) -> Result<Accumulator, VerifyError> {
    let Some(shape) = key.program().tensors().get(widen(opening.tensor)) else {
        return Err(VerifyError::NotCommitted {
            tensor: opening.tensor,
        });
    };
    let statement = Statement {
        model: opening.model,
        proof: opening.proof,
        tensor: opening.tensor,
        inference: opening.inference,
        shape,
        values: &opening.values,
    };
    let mut channel = Receiver::new(statement.begin(), &opening.argument);
    let mask = channel.point("mask")?;
    let rho: Vec<InferencePoint> = channel.challenges(subcube.bits);
    let rho: Vec<Fr> = rho.iter().map(|coordinate| coordinate.0).collect();
    let claim = OpeningClaim {
        r: &subcube.point(&rho, program.log_rows()),
        b: statement.evaluate(padding, &rho),
        s: Fr::ZERO,
        log_columns: program.log_weight_columns(),
        g_length: MASK_LENGTH,
        // The lookups are the proof's affair.
        tables: TableOpeningClaim::none(),
    };
    let openings = opening::receive(&claim, &|_| Fr::ZERO, &mut channel)?;
    let weights: [Fr; 3] = core::array::from_fn(|_| channel.challenge::<EquationWeight>().0);
    let correction = channel.point("E")?;
    channel.finish()?;

    let [_, _, w3] = weights;
    let mut sum = Accumulator::default();
    let constant = openings.accumulate(&mut sum, mask, weights);
    sum.shared = alloc::vec![constant];
    sum.add(Side::One, column, w3);
    sum.add(Side::Beta, correction, -Fr::ONE);
    Ok(sum)
}
