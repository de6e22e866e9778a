//! Many proofs at once: their field work on all cores, their pairings as one.

use std::fmt;

use rayon::prelude::*;
use tensorseal_protocol::bundle::BundleError;
use tensorseal_protocol::{Batch, Claim, Proof, VerifyError, VerifyOptions, VerifyingKey, receive};

use crate::Threads;

/// Proofs that are held in memory at once, for each thread.
const PROOFS_FOR_A_THREAD: usize = 64;

/// Why one of many proofs is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The proof itself.
    Proof(VerifyError),
    /// It came out of a bundle that is damaged there.
    Bundle(BundleError),
}

impl Refusal {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Proof(error) => error.code(),
            Self::Bundle(error) => error.code(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proof(error) => error.fmt(f),
            Self::Bundle(error) => error.fmt(f),
        }
    }
}

/// What became of many proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchReport {
    /// How many proofs there were.
    pub proofs: usize,
    /// The proofs that are not accepted, by their place, and why; in ascending order. All others are.
    pub rejected: Vec<(usize, Refusal)>,
    /// How many inferences the proofs are about that are accepted.
    pub inferences: u64,
    /// Miller loops that deciding all of them took, had all held.
    pub miller_loops: usize,
    /// How often a product of pairings was decided.
    pub decisions: usize,
}

/// Verifies proofs as they come, or the damage that stands in the place of one, each under the key of the model that it names.
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
    proofs: impl IntoIterator<Item = Result<Result<P, BundleError>, E>>,
    options: &VerifyOptions<'_>,
    randomness: &[u8],
    mut progress: impl FnMut(usize),
) -> Result<BatchReport, E>
where
    P: AsRef<[u8]> + Sync + Send,
{
    let mut proofs = proofs.into_iter();
    let at_once = PROOFS_FOR_A_THREAD * rayon::current_num_threads();
    let mut batch = Batch::new();
    // For each claim its place, and how many inferences it is about.
    let mut claimed: Vec<(usize, u32)> = Vec::new();
    let mut rejected = Vec::new();
    let mut count = 0;
    loop {
        let chunk: Vec<Result<P, BundleError>> =
            proofs.by_ref().take(at_once).collect::<Result<_, _>>()?;
        if chunk.is_empty() {
            break;
        }
        let claims: Vec<Result<(Claim, u32), Refusal>> = chunk
            .par_iter()
            .map(|proof| match proof {
                Ok(proof) => claim(keys, proof.as_ref(), options).map_err(Refusal::Proof),
                Err(damage) => Err(Refusal::Bundle(damage.clone())),
            })
            .collect();
        for claim in claims {
            match claim {
                Ok((claim, inferences)) => {
                    batch.push(claim);
                    claimed.push((count, inferences));
                }
                Err(refusal) => rejected.push((count, refusal)),
            }
            count += 1;
        }
        progress(count);
    }
    let verdict = batch.decide(randomness, &Threads);
    for index in verdict.rejected {
        let (place, inferences) = &mut claimed[index];
        rejected.push((*place, Refusal::Proof(VerifyError::Equations)));
        *inferences = 0;
    }
    rejected.sort_unstable_by_key(|(place, _)| *place);
    Ok(BatchReport {
        proofs: count,
        rejected,
        inferences: claimed.iter().map(|(_, count)| u64::from(*count)).sum(),
        miller_loops: verdict.miller_loops,
        decisions: verdict.decisions,
    })
}

fn claim(
    keys: &[VerifyingKey],
    proof: &[u8],
    options: &VerifyOptions<'_>,
) -> Result<(Claim, u32), VerifyError> {
    let (model, _) = Proof::head_of(proof)?;
    let mut keys = keys.iter();
    let key = keys
        .find(|key| key.digest() == model)
        .ok_or(VerifyError::NoKey { found: model })?;
    receive(key, proof, options).map(|(claim, contents)| (claim, contents.inferences))
}
