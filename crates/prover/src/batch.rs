//! Many proofs at once: their field work on all cores, their pairings as one.

use rayon::prelude::*;
use tensorseal_protocol::{Batch, Claim, Proof, VerifyError, VerifyOptions, VerifyingKey, receive};

use crate::Threads;

/// Proofs that are held in memory at once, for each thread.
const PROOFS_FOR_A_THREAD: usize = 64;

/// What became of many proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchReport {
    /// How many proofs there were.
    pub proofs: usize,
    /// The proofs that are not accepted, by their place, and why; in ascending order. All others are.
    pub rejected: Vec<(usize, VerifyError)>,
    /// Miller loops that deciding all of them took, had all held.
    pub miller_loops: usize,
    /// How often a product of pairings was decided.
    pub decisions: usize,
}

/// Verifies proofs as they come, each under the key of the model that it names.
///
/// What is kept of a proof is a few points and scalars, about 2 kB; its bytes are dropped when it has been received. `progress` is
/// told after some proofs how many have been received.
///
/// # Errors
///
/// The first error that the iterator gives; then nothing is known about any proof.
///
/// # Soundness
///
/// See [`Batch::decide`], to which `randomness` goes. A proof for a model that has no key among `keys` is rejected.
pub fn verify_batch<P, E>(
    keys: &[VerifyingKey],
    proofs: impl IntoIterator<Item = Result<P, E>>,
    options: &VerifyOptions<'_>,
    randomness: &[u8],
    mut progress: impl FnMut(usize),
) -> Result<BatchReport, E>
where
    P: AsRef<[u8]> + Sync,
{
    let mut proofs = proofs.into_iter();
    let at_once = PROOFS_FOR_A_THREAD * rayon::current_num_threads();
    let mut batch = Batch::new();
    let mut place_of = Vec::new();
    let mut rejected = Vec::new();
    let mut count = 0;
    loop {
        let chunk: Vec<P> = proofs.by_ref().take(at_once).collect::<Result<_, _>>()?;
        if chunk.is_empty() {
            break;
        }
        let claims: Vec<Result<Claim, VerifyError>> = chunk
            .par_iter()
            .map(|proof| claim(keys, proof.as_ref(), options))
            .collect();
        for claim in claims {
            match claim {
                Ok(claim) => {
                    batch.push(claim);
                    place_of.push(count);
                }
                Err(error) => rejected.push((count, error)),
            }
            count += 1;
        }
        progress(count);
    }
    let verdict = batch.decide(randomness, &Threads);
    let places = verdict.rejected.iter().map(|index| place_of[*index]);
    rejected.extend(places.map(|place| (place, VerifyError::Equations)));
    rejected.sort_unstable_by_key(|(place, _)| *place);
    Ok(BatchReport {
        proofs: count,
        rejected,
        miller_loops: verdict.miller_loops,
        decisions: verdict.decisions,
    })
}

fn claim(
    keys: &[VerifyingKey],
    proof: &[u8],
    options: &VerifyOptions<'_>,
) -> Result<Claim, VerifyError> {
    let model = Proof::model_of(proof)?;
    let mut keys = keys.iter();
    let key = keys
        .find(|key| key.digest() == model)
        .ok_or(VerifyError::NoKey { found: model })?;
    receive(key, proof, options).map(|(claim, _)| claim)
}
