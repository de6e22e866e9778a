//! The prover's rounds.

use alloc::vec::Vec;

use super::{Instance, Mask};
use crate::backend::Backend;
use crate::curve::Fr;
use crate::transcript::{Round, Sender};

/// Runs all rounds. Returns the point r; afterwards every table of the instance holds its one value at r.
///
/// # Transcript
///
/// Sends five scalars a round and draws [`Round`] after them.
pub(crate) fn prove(
    instance: &mut Instance,
    mask: &Mask,
    channel: &mut Sender,
    backend: &impl Backend,
) -> Vec<Fr> {
    let mut r = Vec::new();
    while instance.pairs() > 0 {
        let mut values = backend.sumcheck_round(instance);
        for (value, mask) in values.iter_mut().zip(mask.round(&r)) {
            *value += mask;
        }
        let [zero, _, rest @ ..] = values;
        channel.scalars("round", &[zero]);
        channel.scalars("round", &rest);
        let challenge: Round = channel.challenge();
        backend.bind(instance, challenge.0);
        instance.advance(challenge.0);
        r.push(challenge.0);
    }
    r
}
