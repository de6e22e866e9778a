//! The prover, the verifier's mirror.

mod columns;
mod rounds;

#[cfg(test)]
pub(crate) use rounds::Lookups;
pub(crate) use rounds::{Statement, WitnessRound};

use alloc::vec::Vec;

use ark_ec::CurveGroup;

use crate::backend::Backend;
use crate::curve::G1Projective;
use crate::error::ProveError;
use crate::keys::{ProvingKey, powers_for_proving};
use crate::opening::CommitKey;
use crate::program::{Program, ProgramError};
use crate::proof::{Proof, PublicTensor, begin};
use crate::random::RandomSource;
use crate::srs::Srs;
use crate::transcript::Sender;
use crate::verify::check_equations;
use crate::witness::Witness;

/// What a prover reveals, and to whom.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProveOptions<'a> {
    /// The tensors, inputs or outputs of the program, whose values become part of the proof; all others stay hidden.
    pub public: &'a [u32],
    /// Bound to the proof: it verifies only for the same context.
    pub context: &'a [u8],
}

/// Proves that the witness satisfies the key's program and weights.
///
/// The proof hides everything but the public tensors. It is verified before it is returned: a proof that does not verify, of a
/// false witness or by a damaged or crafted key, may say more about the witness than it should.
///
/// # Errors
///
/// [`ProveError`].
pub fn prove(
    key: &ProvingKey,
    witness: &Witness,
    options: &ProveOptions<'_>,
    (backend, random): (&impl Backend, &mut dyn RandomSource),
) -> Result<Proof, ProveError> {
    prove_statement(
        Statement::single(key),
        None,
        witness,
        options,
        (backend, random),
    )
}

/// Proves many inferences in one proof: for each a witness of the key's program, in their order. `srs` holds the powers that the
/// longer columns need.
///
/// The weights are paid for once, and the proof grows with the logarithm of the number of inferences. It is verified as any other,
/// and its public tensors have a batch axis in front.
///
/// # Errors
///
/// [`ProveError`]; [`ProveError::Setup`] when `srs` is of another setup than the key's or too small.
pub fn prove_batch(
    key: &ProvingKey,
    srs: &Srs,
    witnesses: &[Witness],
    options: &ProveOptions<'_>,
    (backend, random): (&impl Backend, &mut dyn RandomSource),
) -> Result<Proof, ProveError> {
    let single = key.verifying().program();
    let inferences = u32::try_from(witnesses.len()).unwrap_or(u32::MAX);
    let program = single.batched(inferences).map_err(ProveError::Inferences)?;
    for witness in witnesses {
        witness.check_counts(single)?;
    }
    if srs.setup() != key.verifying().setup() {
        return Err(ProveError::OtherSetup);
    }
    let (needed, found) = (powers_for_proving(&program), srs.powers().len());
    let powers = srs
        .powers()
        .get(..needed)
        .ok_or(ProveError::SetupTooSmall { needed, found })?;
    let ones: G1Projective = powers.iter().take(program.active_rows()).sum();
    let statement = Statement {
        key,
        program: &program,
        commit_key: CommitKey {
            powers,
            beta: srs.setup().beta_g1,
            ones: ones.into_affine(),
        },
    };
    let witness = Witness::batch(witnesses);
    prove_statement(
        statement,
        Some(inferences),
        &witness,
        options,
        (backend, random),
    )
}

/// How many powers of the setup a proof of so many inferences needs.
///
/// # Errors
///
/// When the batch is empty or exceeds a limit of the protocol.
pub fn powers_for_batch(program: &Program, inferences: u32) -> Result<usize, ProgramError> {
    program
        .batched(inferences)
        .map(|program| powers_for_proving(&program))
}

fn prove_statement(
    statement: Statement<'_>,
    inferences: Option<u32>,
    witness: &Witness,
    options: &ProveOptions<'_>,
    (backend, random): (&impl Backend, &mut dyn RandomSource),
) -> Result<Proof, ProveError> {
    let Statement { key, program, .. } = statement;
    let verifying = key.verifying();
    witness.check_counts(program)?;
    let public = reveal(program, witness, options.public)?;
    let model = (verifying.digest(), inferences);
    let transcript = begin(program, model, options.context, &public);
    let mut channel = Sender::new(transcript);

    let round = WitnessRound::new(statement, witness, random)?;
    let lookups = round.commit(&mut channel, (backend, random))?;
    let openings = lookups.sumcheck(&public, &mut channel, (backend, random))?;
    openings.finish(&mut channel, (backend, random))?;
    let proof = Proof::new(model, public, channel.finish());
    check_equations((verifying, program), &proof, options.context)
        .map_err(|_| ProveError::Unsatisfied)?;
    Ok(proof)
}

fn reveal(
    program: &Program,
    witness: &Witness,
    tensors: &[u32],
) -> Result<Vec<PublicTensor>, ProveError> {
    let mut sorted = tensors.to_vec();
    sorted.sort_unstable();
    let mut public: Vec<PublicTensor> = Vec::with_capacity(sorted.len());
    for tensor in sorted {
        let port = program.inputs().contains(&tensor) || program.outputs().contains(&tensor);
        let index = crate::encoding::widen(tensor);
        let repeated = public.last().is_some_and(|last| last.tensor() == index);
        if !port || repeated {
            return Err(ProveError::PublicTensor { tensor });
        }
        let values = witness.tensor(index).iter().map(|cell| cell.out).collect();
        public.push(PublicTensor::new(tensor, values));
    }
    Ok(public)
}
