//! Reading of snarkjs `.ptau` files, version 1: the transcript of a Powers-of-Tau ceremony.
//!
//! ```text
//! "ptau", u32 version, u32 number of sections; each section: u32 id, u64 size, payload. All little endian.
//!   1 header     u32 bytes of q, q, u32 power, u32 power of the whole ceremony
//!   2 tauG1      [τⁱ]₁     for i < 2^(power + 1) − 1
//!   3 tauG2      [τⁱ]₂     for i < 2^power
//!   4 alphaTauG1 [ατⁱ]₁    for i < 2^power
//!   5 betaTauG1  [βτⁱ]₁    for i < 2^power
//!   6 betaG2     [β]₂
//! ```
//!
//! A coordinate is 32 bytes, little endian, times 2^256 modulo q (Montgomery's form). Sections 1, 2, 3, 5 and 6 are needed, in
//! any order; of section 3 the powers [τ^(2^k)]₂ are read, and those that [`Srs::with_powers_g2`] asks for; of section 5 the first point. α serves Groth16 and has no use here,
//! so section 4 is never looked at, nor are the contributions (7) and the Lagrange bases (12 to 15): a file altered there is
//! accepted, and is no longer recognised as the published one.

use alloc::vec::Vec;

use ark_bn254::{Fq, Fq2};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, PrimeField};
use blake2::{Blake2b512, Digest};

use super::{
    CeremonyFile, PointFault, PtauError, PtauSection, Setup, Srs, kept_powers, squares_within,
};
use crate::curve::{G1Affine, G2Affine, g2_generator};

/// The largest power of a `.ptau` file: BN254 has roots of unity of order 2^28, and no ceremony went further.
pub const PTAU_MAX_POWER: u32 = 28;

const MAGIC: &[u8; 4] = b"ptau";
const VERSION: u32 = 1;
const COORDINATE_BYTES: usize = 32;
const G1_POINT_BYTES: usize = 2 * COORDINATE_BYTES;
const G2_POINT_BYTES: usize = 4 * COORDINATE_BYTES;
/// The length of the prime, the prime, two powers.
const HEADER_BYTES: u64 = 4 + 32 + 4 + 4;

impl Srs {
    /// Reads and checks a `.ptau` file, keeping the first `max_powers` powers in G1 (all without a limit; two at the least) and
    /// every [τ^(2^k)]₂ with 2^k below that number. Says which published file of the Hermez ceremony it is, byte for byte, if
    /// it is one.
    ///
    /// Checked of what is kept: every point of G1 is on the curve, every point of G2 in the subgroup, none infinity; tauG1 and
    /// tauG2 begin with the generators; each power is τ times the one before ([`Srs::check_powers`]); [τ^(2^k)]₂ and β agree in
    /// both groups ([`PowerChain::check`](super::PowerChain::check)).
    ///
    /// # Errors
    ///
    /// [`PtauError`]: the first thing that is wrong.
    ///
    /// # Soundness
    ///
    /// A file that passes is a setup for some τ and β, except with a probability of 2⁻¹²⁸ for each attempt at making one that is
    /// not. It does not follow that nobody knows τ: that is for [`Setup::origin`] to say.
    pub fn from_ptau(
        bytes: &[u8],
        max_powers: Option<usize>,
    ) -> Result<(Self, Option<CeremonyFile>), PtauError> {
        let sections = Sections::find(bytes)?;
        let file = sections.points()?;
        let powers = file.powers(max_powers)?;
        let squares = file.squares(powers.len())?;
        let (Some(tau_g1), Some(tau_g2)) = (powers.get(1), squares.first()) else {
            // A power of one or more means three powers in G1 and two in G2.
            return Err(PtauError::PowerOutOfRange { found: file.power });
        };
        let setup = Setup {
            development: false,
            tau_g1: *tau_g1,
            tau_g2: *tau_g2,
            beta_g1: g1_at(PtauSection::BetaTauG1, file.beta_tau_g1, 0)?,
            beta_g2: g2_at(PtauSection::BetaG2, file.beta_g2, 0)?,
        };
        let srs = Self {
            setup,
            powers,
            squares,
            powers_g2: Vec::new(),
        };
        srs.check_powers()?;
        srs.check_chain()?;
        Ok((
            srs,
            CeremonyFile::recognise(&Blake2b512::digest(bytes).into()),
        ))
    }
}

impl Srs {
    /// This setup with the first `count` powers in G2 of the `.ptau` file from which it was read; the file has half as many as in G1.
    ///
    /// # Errors
    ///
    /// [`PtauError`]: the first thing that is wrong, [`PtauError::Powers`] where the points are not the powers of this setup's τ.
    pub fn with_powers_g2(mut self, ptau: &[u8], count: usize) -> Result<Self, PtauError> {
        let points = Sections::find(ptau)?.points()?;
        self.powers_g2 = (0..count)
            .map(|index| g2_at(PtauSection::TauG2, points.tau_g2, index))
            .collect::<Result<_, _>>()?;
        self.check_powers_g2()?;
        Ok(self)
    }
}

/// The payloads of the sections that are read.
#[derive(Default)]
struct Sections<'a> {
    header: Option<&'a [u8]>,
    tau_g1: Option<&'a [u8]>,
    tau_g2: Option<&'a [u8]>,
    beta_tau_g1: Option<&'a [u8]>,
    beta_g2: Option<&'a [u8]>,
}

/// The points of a file whose sections have the sizes that its power asks for.
struct Points<'a> {
    power: u32,
    tau_g1: &'a [[u8; G1_POINT_BYTES]],
    tau_g2: &'a [[u8; G2_POINT_BYTES]],
    beta_tau_g1: &'a [[u8; G1_POINT_BYTES]],
    beta_g2: &'a [[u8; G2_POINT_BYTES]],
}

impl<'a> Sections<'a> {
    fn find(bytes: &'a [u8]) -> Result<Self, PtauError> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(PtauError::NotPtau)?;
        match take_u32(&mut rest)? {
            VERSION => {}
            found => return Err(PtauError::UnsupportedVersion { found }),
        }
        let mut sections = Self::default();
        // Every section takes bytes, so a false count ends with the file.
        for _ in 0..take_u32(&mut rest)? {
            let id = take_u32(&mut rest)?;
            let size = u64::from_le_bytes(take_array(&mut rest)?);
            let payload = take(&mut rest, size)?;
            if let Some(section) = PtauSection::ALL.into_iter().find(|known| known.id() == id)
                && sections.slot(section).replace(payload).is_some()
            {
                return Err(PtauError::DuplicateSection { section });
            }
        }
        match rest.len() {
            0 => Ok(sections),
            count => Err(PtauError::TrailingBytes { count }),
        }
    }

    fn slot(&mut self, section: PtauSection) -> &mut Option<&'a [u8]> {
        match section {
            PtauSection::Header => &mut self.header,
            PtauSection::TauG1 => &mut self.tau_g1,
            PtauSection::TauG2 => &mut self.tau_g2,
            PtauSection::BetaTauG1 => &mut self.beta_tau_g1,
            PtauSection::BetaG2 => &mut self.beta_g2,
        }
    }

    fn points(mut self) -> Result<Points<'a>, PtauError> {
        let power = self.power()?;
        let per_power = 1u64 << power;
        Ok(Points {
            power,
            tau_g1: self.sized(PtauSection::TauG1, 2 * per_power - 1)?,
            tau_g2: self.sized(PtauSection::TauG2, per_power)?,
            beta_tau_g1: self.sized(PtauSection::BetaTauG1, per_power)?,
            beta_g2: self.sized(PtauSection::BetaG2, 1)?,
        })
    }

    /// The power that the header names. The power of the whole ceremony, which follows it, changes nothing.
    fn power(&mut self) -> Result<u32, PtauError> {
        let header = self.required(PtauSection::Header)?;
        let mut rest = header;
        let prime_bytes = take_u32(&mut rest)?;
        if take(&mut rest, prime_bytes.into())? != prime() {
            return Err(PtauError::WrongPrime);
        }
        size_is(PtauSection::Header, header, HEADER_BYTES)?;
        match take_u32(&mut rest)? {
            power @ 1..=PTAU_MAX_POWER => Ok(power),
            found => Err(PtauError::PowerOutOfRange { found }),
        }
    }

    fn required(&mut self, section: PtauSection) -> Result<&'a [u8], PtauError> {
        self.slot(section)
            .ok_or(PtauError::MissingSection { section })
    }

    /// The points of a section, which must be `count`.
    fn sized<const N: usize>(
        &mut self,
        section: PtauSection,
        count: u64,
    ) -> Result<&'a [[u8; N]], PtauError> {
        let payload = self.required(section)?;
        // At most 2^29 points of 2^7 bytes.
        size_is(section, payload, count.saturating_mul(length(N)))?;
        Ok(payload.as_chunks::<N>().0)
    }
}

impl Points<'_> {
    fn powers(&self, max_powers: Option<usize>) -> Result<Vec<G1Affine>, PtauError> {
        let count = kept_powers(self.tau_g1.len(), max_powers);
        let mut powers = Vec::with_capacity(count);
        for (index, bytes) in self.tau_g1.iter().take(count).enumerate() {
            powers.push(g1(bytes).map_err(|fault| PtauError::InvalidPoint {
                section: PtauSection::TauG1,
                index,
                fault,
            })?);
        }
        Ok(powers)
    }

    /// [τ^(2^k)]₂ for every k with 2^k below `powers` and in the file.
    fn squares(&self, powers: usize) -> Result<Vec<G2Affine>, PtauError> {
        if g2_at(PtauSection::TauG2, self.tau_g2, 0)? != g2_generator() {
            return Err(PtauError::NotGenerator);
        }
        (0..squares_within(powers))
            .map(|k| 1 << k)
            .filter(|index| *index < self.tau_g2.len())
            .map(|index| g2_at(PtauSection::TauG2, self.tau_g2, index))
            .collect()
    }
}

/// The prime of the coordinates, as the header has it.
fn prime() -> [u8; COORDINATE_BYTES] {
    let mut bytes = [0; COORDINATE_BYTES];
    let (words, _) = bytes.as_chunks_mut::<8>();
    for (word, limb) in words.iter_mut().zip(Fq::MODULUS.0) {
        *word = limb.to_le_bytes();
    }
    bytes
}

fn size_is(section: PtauSection, payload: &[u8], expected: u64) -> Result<(), PtauError> {
    let found = length(payload.len());
    if found == expected {
        Ok(())
    } else {
        Err(PtauError::SectionSize {
            section,
            expected,
            found,
        })
    }
}

fn g1_at(
    section: PtauSection,
    points: &[[u8; G1_POINT_BYTES]],
    index: usize,
) -> Result<G1Affine, PtauError> {
    points
        .get(index)
        .ok_or(PtauError::MissingSection { section })
        .and_then(|bytes| {
            g1(bytes).map_err(|fault| PtauError::InvalidPoint {
                section,
                index,
                fault,
            })
        })
}

fn g2_at(
    section: PtauSection,
    points: &[[u8; G2_POINT_BYTES]],
    index: usize,
) -> Result<G2Affine, PtauError> {
    points
        .get(index)
        .ok_or(PtauError::MissingSection { section })
        .and_then(|bytes| {
            g2(bytes).map_err(|fault| PtauError::InvalidPoint {
                section,
                index,
                fault,
            })
        })
}

fn g1(bytes: &[u8; G1_POINT_BYTES]) -> Result<G1Affine, PointFault> {
    let [x, y] = coordinates(bytes)?;
    let point = G1Affine::new_unchecked(x, y);
    // The library takes the pair (0, 0) for infinity, and infinity to be on the curve.
    if point.is_zero() {
        return Err(PointFault::Infinity);
    }
    // The cofactor is one: a point on the curve is in the group.
    if !point.is_on_curve() {
        return Err(PointFault::OffCurve);
    }
    Ok(point)
}

fn g2(bytes: &[u8; G2_POINT_BYTES]) -> Result<G2Affine, PointFault> {
    let [x0, x1, y0, y1] = coordinates(bytes)?;
    let point = G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1));
    if point.is_zero() {
        return Err(PointFault::Infinity);
    }
    if !point.is_on_curve() {
        return Err(PointFault::OffCurve);
    }
    if !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(PointFault::OutsideSubgroup);
    }
    Ok(point)
}

/// The coordinates that fill `bytes`.
fn coordinates<const N: usize>(bytes: &[u8]) -> Result<[Fq; N], PointFault> {
    let mut coordinates = [Fq::from(0u64); N];
    let (chunks, _) = bytes.as_chunks::<COORDINATE_BYTES>();
    for (to, chunk) in coordinates.iter_mut().zip(chunks) {
        *to = coordinate(chunk)?;
    }
    Ok(coordinates)
}

/// A coordinate in Montgomery's form, which is how the library holds it in memory.
fn coordinate(bytes: &[u8; COORDINATE_BYTES]) -> Result<Fq, PointFault> {
    let mut limbs = [0; 4];
    let (words, _) = bytes.as_chunks::<8>();
    for (limb, word) in limbs.iter_mut().zip(words) {
        *limb = u64::from_le_bytes(*word);
    }
    let representative = BigInt(limbs);
    if representative >= Fq::MODULUS {
        return Err(PointFault::Unreduced);
    }
    Ok(Fq::new_unchecked(representative))
}

fn take<'a>(rest: &mut &'a [u8], count: u64) -> Result<&'a [u8], PtauError> {
    // A count that is not a `usize` is more than any slice has.
    let (head, tail) = usize::try_from(count)
        .ok()
        .and_then(|count| rest.split_at_checked(count))
        .ok_or(PtauError::Truncated {
            needed: count,
            left: length(rest.len()),
        })?;
    *rest = tail;
    Ok(head)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], PtauError> {
    let mut array = [0; N];
    array.copy_from_slice(take(rest, length(N))?);
    Ok(array)
}

fn take_u32(rest: &mut &[u8]) -> Result<u32, PtauError> {
    Ok(u32::from_le_bytes(take_array(rest)?))
}

/// A number of bytes in memory; no platform has more than 64 bits of it.
fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
