//! The prover, the verifier's mirror.

mod columns;
mod rounds;

pub(crate) use columns::Hiding;
#[cfg(test)]
pub(crate) use rounds::Lookups;
pub(crate) use rounds::{Statement, WitnessRound};

use alloc::borrow::Cow;
use alloc::vec::Vec;

use ark_ec::CurveGroup;

use crate::backend::{Backend, Stage};
use crate::committed::{OpeningSecret, ProofSecret};
use crate::curve::G1Projective;
use crate::error::ProveError;
use crate::keys::{ProvingKey, powers_for_proving};
use crate::opening::CommitKey;
use crate::program::{Arrangement, Program, ProgramError};
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

/// The witnesses of one proof.
#[derive(Clone, Copy, Debug)]
pub enum Runs<'a> {
    /// One inference; the proof's tensors have no batch axis.
    One(&'a Witness),
    /// A batch, in the order of its inferences.
    Batch(&'a [Witness]),
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
    tools: (&impl Backend, &mut dyn RandomSource),
) -> Result<Proof, ProveError> {
    let statement = Statement::single(key);
    let arrangement = Arrangement::default();
    let made = prove_statement(statement, &arrangement, witness, options, tools);
    made.map(|(proof, _)| proof)
}

/// Proves many inferences in one proof: for each a witness of the key's program, in their order. `srs` holds the powers of
/// longer columns; it may be left out where the key's own are enough.
///
/// The weights are paid for once, and the proof grows with the logarithm of the number of inferences. It is verified as any other,
/// and its public tensors have a batch axis in front.
///
/// # Errors
///
/// [`ProveError`]; [`ProveError::SetupTooSmall`] when there are too few powers.
pub fn prove_batch(
    key: (&ProvingKey, Option<&Srs>),
    witnesses: &[Witness],
    options: &ProveOptions<'_>,
    tools: (&impl Backend, &mut dyn RandomSource),
) -> Result<Proof, ProveError> {
    prove_arranged(key, Runs::Batch(witnesses), &[], options, tools).map(|made| made.proof)
}

/// Proves one inference or many with the tensors in `committed` neither public nor hidden but committed to, and returns beside the
/// proof what opens them later, inference by inference. `srs` may be left out where the key's own powers are enough.
///
/// # Errors
///
/// [`ProveError`].
pub fn prove_committed(
    (key, srs): (&ProvingKey, Option<&Srs>),
    runs: Runs<'_>,
    committed: &[u32],
    options: &ProveOptions<'_>,
    tools: (&impl Backend, &mut dyn RandomSource),
) -> Result<(Proof, OpeningSecret), ProveError> {
    let made = prove_arranged((key, srs), runs, committed, options, tools)?;
    let part = ProofSecret::new(&made.proof, &made.program, &made.witness, &made.hiding);
    let secret = OpeningSecret::new(key.verifying().clone(), part);
    Ok((made.proof, secret))
}

/// A proof and what was used for it.
struct Made<'a> {
    proof: Proof,
    program: Program,
    witness: Cow<'a, Witness>,
    hiding: Vec<Hiding>,
}

fn prove_arranged<'a>(
    (key, srs): (&ProvingKey, Option<&Srs>),
    runs: Runs<'a>,
    committed: &[u32],
    options: &ProveOptions<'_>,
    tools: (&impl Backend, &mut dyn RandomSource),
) -> Result<Made<'a>, ProveError> {
    let single = key.verifying().program();
    let (inferences, witness) = match runs {
        Runs::One(witness) => (None, Cow::Borrowed(witness)),
        Runs::Batch(witnesses) => {
            for witness in witnesses {
                witness.check_counts(single)?;
            }
            let count = u32::try_from(witnesses.len()).unwrap_or(u32::MAX);
            (Some(count), Cow::Owned(Witness::batch(witnesses)))
        }
    };
    let arrangement = Arrangement {
        inferences,
        committed: checked_committed(single, committed, options.public)?,
    };
    let program = single.arranged(&arrangement);
    let program = program.map_err(ProveError::Inferences)?;
    let statement = Statement {
        key,
        program: &program,
        commit_key: commit_key(key, srs, &program)?,
    };
    let (proof, hiding) = prove_statement(statement, &arrangement, &witness, options, tools)?;
    Ok(Made {
        proof,
        program,
        witness,
        hiding,
    })
}

/// The powers for the columns of `program`: the key's own where they are enough, otherwise those of `srs`.
fn commit_key<'k>(
    key: &'k ProvingKey,
    srs: Option<&'k Srs>,
    program: &Program,
) -> Result<CommitKey<'k>, ProveError> {
    let own = key.commit_key();
    if srs.is_some_and(|srs| srs.setup() != key.verifying().setup()) {
        return Err(ProveError::OtherSetup);
    }
    if program.log_rows() == key.verifying().program().log_rows() {
        return Ok(own);
    }
    let given = srs.map_or(own.powers, Srs::powers);
    let powers = if given.len() > own.powers.len() {
        given
    } else {
        own.powers
    };
    let needed = powers_for_proving(program);
    let found = powers.len();
    let powers = powers
        .get(..needed)
        .ok_or(ProveError::SetupTooSmall { needed, found })?;
    let ones: G1Projective = powers.iter().take(program.active_rows()).sum();
    Ok(CommitKey {
        powers,
        beta: own.beta,
        ones: ones.into_affine(),
    })
}

/// How many powers of the setup a proof needs that arranges `program` so.
///
/// # Errors
///
/// When a batch is empty or exceeds a limit of the protocol.
pub fn powers_for(program: &Program, arrangement: &Arrangement) -> Result<usize, ProgramError> {
    program
        .arranged(arrangement)
        .map(|program| powers_for_proving(&program))
}

fn prove_statement(
    statement: Statement<'_>,
    arrangement: &Arrangement,
    witness: &Witness,
    options: &ProveOptions<'_>,
    (backend, random): (&impl Backend, &mut dyn RandomSource),
) -> Result<(Proof, Vec<Hiding>), ProveError> {
    let Statement { key, program, .. } = statement;
    let verifying = key.verifying();
    witness.check_counts(program)?;
    let public = reveal(program, witness, options.public)?;
    let model = verifying.digest();
    let transcript = begin(program, (model, arrangement), options.context, &public);
    let mut channel = Sender::new(transcript);

    backend.stage(Stage::Witness);
    let round = WitnessRound::new(statement, witness, random)?;
    let hiding = round.hiding.clone();
    let lookups = round.commit(&mut channel, (backend, random))?;
    let openings = lookups.sumcheck(&public, &mut channel, (backend, random))?;
    openings.finish(&mut channel, (backend, random))?;
    backend.stage(Stage::Check);
    let proof = Proof::new((model, arrangement.clone()), public, channel.finish());
    check_equations((verifying, program), &proof, options.context)
        .map_err(|_| ProveError::Unsatisfied)?;
    Ok((proof, hiding))
}

/// The tensors to be committed in ascending order.
fn checked_committed(
    program: &Program,
    committed: &[u32],
    public: &[u32],
) -> Result<Vec<u32>, ProveError> {
    let mut sorted = committed.to_vec();
    sorted.sort_unstable();
    let mut last = None;
    for tensor in sorted.iter().copied() {
        if !program.is_port(tensor) || public.contains(&tensor) || last == Some(tensor) {
            return Err(ProveError::CommittedTensor { tensor });
        }
        last = Some(tensor);
    }
    Ok(sorted)
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
        let port = program.is_port(tensor);
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
