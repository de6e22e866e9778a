//! The Fiat–Shamir transcript (PROTOCOL §9).
//!
//! A chain of BLAKE2b-512: absorbing replaces the state by H(state ‖ "absorb" ‖ name ‖ length ‖ bytes), a challenge replaces it
//! by H(state ‖ "challenge" ‖ name) and is that state, 512 bits, reduced modulo r, so its bias is below 2⁻²⁵⁰. Names and
//! lengths are part of what is hashed, so no two different sequences of messages give the same bytes.
//!
//! Messages of a proof go through [`Sender`] and [`Receiver`], which write or read a message and absorb it in one call: what is
//! in the proof is in the transcript.

mod challenge;
mod channel;

pub use challenge::{
    Alpha, AlphaPrime, C1, Challenge, Delta, EqPoint, EquationWeight, Eta, Ga, Gamma, Gb,
    InferencePoint, Lambda, PositionPoint, Psi, PublicPoint, Rho, Round, Theta, Xi, Z,
};
pub use channel::{Receiver, Sender};

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};
use blake2::{Blake2b512, Digest};

use crate::curve::Fr;

/// Bytes of the state: the output of BLAKE2b-512.
const STATE_BYTES: usize = 64;
const ABSORB: u8 = 1;
const CHALLENGE: u8 = 2;

/// The state from which challenges are drawn.
#[derive(Clone, Debug)]
pub struct Transcript {
    state: [u8; STATE_BYTES],
    /// The rank test of zero knowledge fixes every challenge whatever is sent.
    #[cfg(test)]
    frozen: bool,
    /// A challenge that a test has chosen, by its name.
    #[cfg(test)]
    chosen: Option<(&'static str, Fr)>,
}

impl Transcript {
    /// A transcript for one protocol, named by `domain`.
    pub fn new(domain: &'static str) -> Self {
        let mut state = [0; STATE_BYTES];
        state.copy_from_slice(&Blake2b512::digest(domain.as_bytes()));
        Self {
            state,
            #[cfg(test)]
            frozen: false,
            #[cfg(test)]
            chosen: None,
        }
    }

    /// A transcript whose challenges do not depend on what is absorbed.
    #[cfg(test)]
    pub(crate) fn frozen(seed: u64) -> Self {
        let mut transcript = Self::new("frozen");
        transcript.absorb("seed", &seed.to_le_bytes());
        transcript.frozen = true;
        transcript
    }

    /// A transcript whose challenge of type `C` has this value: for values that no test would meet by chance.
    #[cfg(test)]
    pub(crate) fn choosing<C: Challenge>(value: Fr) -> Self {
        let mut transcript = Self::new("chosen");
        transcript.chosen = Some((C::NAME, value));
        transcript
    }

    /// Absorbs a named message.
    pub fn absorb(&mut self, name: &'static str, bytes: &[u8]) {
        #[cfg(test)]
        if self.frozen {
            return;
        }
        let mut hash = self.step(ABSORB, name);
        hash.update(length(bytes.len()));
        hash.update(bytes);
        self.state.copy_from_slice(&hash.finalize());
    }

    /// Draws the challenge of type `C`.
    pub fn challenge<C: Challenge>(&mut self) -> C {
        C::from_scalar(self.draw(C::NAME))
    }

    /// Draws `count` challenges of type `C`, the coordinates of a point.
    pub fn challenges<C: Challenge>(&mut self, count: usize) -> Vec<C> {
        (0..count).map(|_| self.challenge()).collect()
    }

    fn draw(&mut self, name: &'static str) -> Fr {
        #[cfg(test)]
        if let Some((chosen, value)) = self.chosen
            && chosen == name
        {
            return value;
        }
        let hash = self.step(CHALLENGE, name);
        self.state.copy_from_slice(&hash.finalize());
        reduce(&self.state)
    }

    fn step(&self, kind: u8, name: &'static str) -> Blake2b512 {
        let mut hash = Blake2b512::new();
        hash.update(self.state);
        hash.update([kind]);
        hash.update(length(name.len()));
        hash.update(name.as_bytes());
        hash
    }
}

/// A little-endian number of whole words modulo r.
pub(crate) fn reduce(bytes: &[u8]) -> Fr {
    let (words, _) = bytes.as_chunks();
    let shift = Fr::from(u64::MAX) + Fr::ONE;
    words.iter().rev().fold(Fr::ZERO, |sum, word| {
        sum * shift + Fr::from(u64::from_le_bytes(*word))
    })
}

fn length(length: usize) -> [u8; 8] {
    // No platform has lengths over 64 bits.
    u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::PrimeField;

    fn lambda(absorb: &[(&'static str, &[u8])]) -> Fr {
        let mut transcript = Transcript::new("test");
        for (name, bytes) in absorb {
            transcript.absorb(name, bytes);
        }
        transcript.challenge::<Lambda>().0
    }

    #[test]
    fn every_absorbed_byte_name_and_boundary_changes_the_challenge() {
        let base = lambda(&[("a", b"xy"), ("b", b"z")]);
        assert_eq!(base, lambda(&[("a", b"xy"), ("b", b"z")]));
        for other in [
            lambda(&[("a", b"xz"), ("b", b"z")]),
            lambda(&[("a", b"x"), ("b", b"yz")]),
            lambda(&[("a", b"xy"), ("c", b"z")]),
            lambda(&[("b", b"z"), ("a", b"xy")]),
            lambda(&[("a", b"xyz")]),
            lambda(&[]),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn challenges_are_reduced_numbers() {
        let bytes: [u8; STATE_BYTES] = core::array::from_fn(|i| (i * 37 + 255) as u8);
        assert_eq!(reduce(&bytes), Fr::from_le_bytes_mod_order(&bytes));
        assert_eq!(
            reduce(&[0xff; STATE_BYTES]),
            Fr::from_le_bytes_mod_order(&[0xff; STATE_BYTES])
        );
    }

    #[test]
    fn challenges_of_different_names_differ() {
        let transcript = Transcript::new("test");
        let lambda = transcript.clone().challenge::<Lambda>().0;
        assert_ne!(lambda, transcript.clone().challenge::<Theta>().0);
        let pair = transcript.clone().challenges::<Round>(2);
        assert_ne!(pair[0].0, pair[1].0);
    }
}
