//! The prover, the verifier's mirror.

mod columns;
mod rounds;

#[cfg(test)]
pub(crate) use rounds::Lookups;
pub(crate) use rounds::WitnessRound;

use alloc::vec::Vec;

use crate::backend::Backend;
use crate::error::ProveError;
use crate::keys::ProvingKey;
use crate::proof::{Proof, PublicTensor, begin};
use crate::random::RandomSource;
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
    let verifying = key.verifying();
    let program = verifying.program();
    witness.check_counts(program)?;
    let public = reveal(key, witness, options.public)?;
    let transcript = begin(program, verifying.digest(), options.context, &public);
    let mut channel = Sender::new(transcript);

    let round = WitnessRound::new(key, witness, random)?;
    let lookups = round.commit(&mut channel, (backend, random))?;
    let openings = lookups.sumcheck(&public, &mut channel, (backend, random))?;
    openings.finish(&mut channel, (backend, random))?;
    let proof = Proof::new(verifying.digest(), public, channel.finish());
    check_equations(verifying, &proof, options.context).map_err(|_| ProveError::Unsatisfied)?;
    Ok(proof)
}

fn reveal(
    key: &ProvingKey,
    witness: &Witness,
    tensors: &[u32],
) -> Result<Vec<PublicTensor>, ProveError> {
    let program = key.verifying().program();
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
