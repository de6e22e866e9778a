//! This crate's own setup file: what is left of a ceremony's file once it has been checked, quick to load.
//!
//! ```text
//! "TSsr", u16 version
//! setup      u8 mark of a development setup, [τ]₁, [τ]₂, [β]₁, [β]₂ compressed
//! counts     u32 powers, u32 squares, and in version 2 u32 powers in G2; a file without them has version 1
//! powers     [τⁱ]₁, both coordinates, 64 bytes each
//! squares    [τ^(2^k)]₂, compressed, 64 bytes each
//! in G2      [τⁱ]₂, compressed, 64 bytes each
//! digest     32 bytes, of everything before
//! ```

use alloc::vec::Vec;
use core::fmt;

use ark_ec::AffineRepr;

use super::{ChainError, PowersError, Setup, Srs, squares_within};
use crate::curve::{
    G1_UNCOMPRESSED_BYTES, G1Affine, decode_g1_uncompressed, encode_g1_uncompressed, encode_g2,
    g1_generator,
};
use crate::digest::{Digest32, Hasher};
use crate::encoding::{DecodeError, FileKind, Reader, Writer, widen};

const DIGEST_BYTES: usize = 32;

/// Why a setup file was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SrsFileError {
    /// The bytes are not a setup file of this version, or one of the points in G2, τ or β is none.
    Decode(DecodeError),
    /// The bytes are not those that were written.
    Damaged {
        /// The digest at the end of the file.
        expected: Digest32,
        /// The digest of what is before it.
        found: Digest32,
    },
    /// Fewer than two powers, no squares, or more squares than powers to check them against.
    Counts {
        /// Powers in G1.
        powers: u32,
        /// Squares in G2.
        squares: u32,
    },
    /// A power is infinity, not on the curve or not canonically encoded.
    InvalidPower {
        /// Its exponent.
        index: usize,
    },
    /// The powers do not begin with the generator.
    NotGenerator,
    /// The powers or the squares do not have the τ of the setup that the file names.
    NotTau,
    /// The powers in G2 are not those of the setup's τ.
    Powers(PowersError),
    /// The squares do not belong to the powers, or β in G1 and G2 disagree.
    Chain(ChainError),
}

impl fmt::Display for SrsFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => write!(f, "{error}; make the setup file again"),
            Self::Damaged { expected, found } => write!(
                f,
                "the setup file is damaged: its digest is {found}, and {expected} was written; \
                 copy or make it again"
            ),
            Self::Counts { powers, squares } => write!(
                f,
                "a setup file cannot have {powers} powers and {squares} squares; make it again"
            ),
            Self::InvalidPower { index } => write!(
                f,
                "power {index} of the setup file is not a point of G1; make the file again"
            ),
            Self::NotGenerator => f.write_str(
                "the powers of the setup file do not begin with the generator; make the file again",
            ),
            Self::NotTau => f.write_str(
                "the powers of the setup file are not those of the setup that it names; \
                 make the file again",
            ),
            Self::Powers(error) => error.fmt(f),
            Self::Chain(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SrsFileError {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "most faults have no other error behind them"
    )]
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Decode(error) => Some(error),
            Self::Powers(error) => Some(error),
            Self::Chain(error) => Some(error),
            _ => None,
        }
    }
}

impl From<DecodeError> for SrsFileError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<PowersError> for SrsFileError {
    fn from(error: PowersError) -> Self {
        Self::Powers(error)
    }
}

impl From<ChainError> for SrsFileError {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

impl Srs {
    /// The setup as a file, with its first `max_powers` powers (all without a limit; two at the least) and the squares that
    /// belong to them.
    pub fn to_bytes(&self, max_powers: Option<usize>) -> Vec<u8> {
        let (powers, squares) = self.prefix(max_powers);
        let powers_g2 = self.powers_g2.iter().take(powers.len());
        let version = if powers_g2.len() == 0 { 1 } else { 2 };
        let mut writer = Writer::file_of_version(FileKind::Setup, version);
        self.setup.write(&mut writer);
        writer.count(powers.len());
        writer.count(squares.len());
        if powers_g2.len() > 0 {
            writer.count(powers_g2.len());
        }
        for power in powers {
            writer.bytes(&encode_g1_uncompressed(power));
        }
        for point in squares.iter().chain(powers_g2) {
            writer.bytes(&encode_g2(point));
        }
        let mut bytes = writer.finish();
        let digest = digest(&bytes);
        bytes.extend_from_slice(&digest.0);
        bytes
    }

    /// Reads a file that [`Self::to_bytes`] has written.
    ///
    /// # Errors
    ///
    /// [`SrsFileError`]: the first thing that is wrong.
    ///
    /// # Soundness
    ///
    /// Every point is in its group, the powers begin with G₁ and the setup's [τ]₁, and the squares, β and the powers of
    /// exponent 2^k pass [`PowerChain::check`](super::PowerChain::check). The other powers are those that were written, as the
    /// digest says: it finds damage, not malice. Whoever does not trust the writer of the file calls [`Self::check_powers`].
    /// False powers spoil proofs; they do not let anyone prove what is false: a verifier takes the setup's four points and the chain
    /// from this file, and where it takes more, to recompute a table's commitments, it checks the powers.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SrsFileError> {
        // Another kind of file, or version, is to be named as such and not called damaged.
        let mut reader = Reader::new(bytes);
        let version = reader.header(FileKind::Setup)?;
        let body = reader
            .left()
            .checked_sub(DIGEST_BYTES)
            .ok_or(DecodeError::Truncated {
                needed: DIGEST_BYTES,
                left: reader.left(),
            })?;
        let mut reader_of_body = Reader::new(reader.take(body)?);
        let expected = Digest32(reader.array()?);
        let found = digest(bytes.strip_suffix(&expected.0).unwrap_or(bytes));
        if found != expected {
            return Err(SrsFileError::Damaged { expected, found });
        }
        let srs = Self::read_body(&mut reader_of_body, version)?;
        reader_of_body.finish()?;
        srs.check_chain()?;
        srs.check_powers_g2()?;
        Ok(srs)
    }

    fn read_body(reader: &mut Reader<'_>, version: u16) -> Result<Self, SrsFileError> {
        let setup = Setup::read(reader)?;
        let (powers, squares) = (reader.u32()?, reader.u32()?);
        let powers_g2 = match version {
            1 => 0,
            _ => match reader.u32()? {
                // That is what version 1 is for.
                0 => return Err(SrsFileError::Counts { powers, squares }),
                count => count,
            },
        };
        let (power_count, square_count) = (widen(powers), widen(squares));
        // Fewer than two powers allow no squares at all.
        if square_count == 0 || square_count > squares_within(power_count) {
            return Err(SrsFileError::Counts { powers, squares });
        }
        let powers = read_powers(reader, power_count)?;
        let squares = reader.list(square_count, Reader::g2_nonzero)?;
        let powers_g2 = reader.list(widen(powers_g2), Reader::g2_nonzero)?;
        if powers.first() != Some(&g1_generator()) {
            return Err(SrsFileError::NotGenerator);
        }
        if powers.get(1) != Some(&setup.tau_g1) || squares.first() != Some(&setup.tau_g2) {
            return Err(SrsFileError::NotTau);
        }
        Ok(Self {
            setup,
            powers,
            squares,
            powers_g2,
        })
    }
}

fn read_powers(reader: &mut Reader<'_>, count: usize) -> Result<Vec<G1Affine>, SrsFileError> {
    // The bytes are there before memory is asked for. A product that is too large for a `usize` is more than any file has.
    let payload = reader.take(count.saturating_mul(G1_UNCOMPRESSED_BYTES))?;
    let mut powers = Vec::with_capacity(count);
    for (index, bytes) in payload.chunks_exact(G1_UNCOMPRESSED_BYTES).enumerate() {
        let power = decode_g1_uncompressed(bytes)
            .filter(|power| !power.is_zero())
            .ok_or(SrsFileError::InvalidPower { index })?;
        powers.push(power);
    }
    Ok(powers)
}

fn digest(body: &[u8]) -> Digest32 {
    Hasher::new("tensorseal setup file").part(body).finish()
}
