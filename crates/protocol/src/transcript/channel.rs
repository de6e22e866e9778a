//! The two ends of the channel through which a proof passes.
//!
//! A message is written and absorbed, or read and absorbed, by the same call with the same name, so prover and verifier can be
//! read line by line against each other.

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use super::Transcript;
use crate::curve::{Fr, G1Affine, encode_g1, encode_scalar};
use crate::encoding::{DecodeError, Reader};

/// The prover's end.
#[derive(Debug)]
pub struct Sender {
    transcript: Transcript,
    bytes: Vec<u8>,
}

impl Sender {
    /// A channel that continues `transcript`.
    pub fn new(transcript: Transcript) -> Self {
        Self {
            transcript,
            bytes: Vec::new(),
        }
    }

    /// Sends points of G1.
    pub fn points(&mut self, name: &'static str, points: &[G1Affine]) {
        for point in points {
            self.message(name, &encode_g1(point));
        }
    }

    /// Sends scalars.
    pub fn scalars(&mut self, name: &'static str, scalars: &[Fr]) {
        for scalar in scalars {
            self.message(name, &encode_scalar(scalar));
        }
    }

    /// The bytes of the proof.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn message(&mut self, name: &'static str, bytes: &[u8]) {
        self.transcript.absorb(name, bytes);
        self.bytes.extend_from_slice(bytes);
    }
}

/// The verifier's end.
#[derive(Debug)]
pub struct Receiver<'a> {
    transcript: Transcript,
    reader: Reader<'a>,
}

impl<'a> Receiver<'a> {
    /// A channel that continues `transcript` and reads the proof from `bytes`.
    pub fn new(transcript: Transcript, bytes: &'a [u8]) -> Self {
        Self {
            transcript,
            reader: Reader::new(bytes),
        }
    }

    /// Receives `count` points of G1, none of which is infinity.
    pub fn points(
        &mut self,
        name: &'static str,
        count: usize,
    ) -> Result<Vec<G1Affine>, DecodeError> {
        (0..count).map(|_| self.point(name)).collect()
    }

    /// Receives one point of G1 that is not infinity.
    pub fn point(&mut self, name: &'static str) -> Result<G1Affine, DecodeError> {
        let point = self.reader.g1_nonzero()?;
        self.transcript.absorb(name, &encode_g1(&point));
        Ok(point)
    }

    /// Receives `count` scalars.
    pub fn scalars(&mut self, name: &'static str, count: usize) -> Result<Vec<Fr>, DecodeError> {
        (0..count).map(|_| self.scalar(name)).collect()
    }

    /// Receives one scalar.
    pub fn scalar(&mut self, name: &'static str) -> Result<Fr, DecodeError> {
        let scalar = self.reader.scalar()?;
        self.transcript.absorb(name, &encode_scalar(&scalar));
        Ok(scalar)
    }

    /// Checks that the proof has been read to its last byte.
    pub fn finish(&self) -> Result<(), DecodeError> {
        self.reader.finish()
    }
}

impl Deref for Sender {
    type Target = Transcript;

    fn deref(&self) -> &Transcript {
        &self.transcript
    }
}

impl DerefMut for Sender {
    fn deref_mut(&mut self) -> &mut Transcript {
        &mut self.transcript
    }
}

impl Deref for Receiver<'_> {
    type Target = Transcript;

    fn deref(&self) -> &Transcript {
        &self.transcript
    }
}

impl DerefMut for Receiver<'_> {
    fn deref_mut(&mut self) -> &mut Transcript {
        &mut self.transcript
    }
}
