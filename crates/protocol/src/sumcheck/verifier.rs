//! The verifier's rounds.

use alloc::vec::Vec;

use super::interpolate;
use crate::curve::Fr;
use crate::encoding::DecodeError;
use crate::transcript::{Receiver, Round};

/// Receives all rounds. Returns the point r and the claim about the summand there, mask included.
///
/// # Transcript
///
/// Receives five scalars a round and draws [`Round`] after them.
///
/// # Errors
///
/// When the proof ends or a scalar is not reduced.
///
/// # Soundness
///
/// 5μ/|F|. The caller must still check the returned claim against the columns' evaluations.
pub(crate) fn verify(
    channel: &mut Receiver<'_>,
    log_rows: usize,
    claim: Fr,
) -> Result<(Vec<Fr>, Fr), DecodeError> {
    let mut claim = claim;
    let mut r = Vec::with_capacity(log_rows);
    for _ in 0..log_rows {
        let zero = channel.scalar("round")?;
        let mut values = [zero, claim - zero, zero, zero, zero, zero];
        for value in values.iter_mut().skip(2) {
            *value = channel.scalar("round")?;
        }
        let challenge: Round = channel.challenge();
        claim = interpolate(&values, challenge.0);
        r.push(challenge.0);
    }
    Ok((r, claim))
}
