//! What stands in a large table, and its commitments.

use alloc::vec;
use alloc::vec::Vec;

use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::AdditiveGroup;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};

use zeroize::Zeroizing;

use super::COLUMNS;
use super::rows::{RowsClaim, RowsProof};
use crate::backend::Backend;
use crate::curve::{Fr, G1Affine, G2Affine, G2Projective, encode_g1, encode_g2};
use crate::digest::{Digest32, Hasher};
use crate::encoding::{DecodeError, Reader, Writer, widen};
use crate::error::KeyError;
use crate::program::{LargeSegment, LargeTable, Program, ProgramError};
use crate::srs::Srs;
use crate::table::{Outputs, Segment};

/// The functions of a large table, value by value. Whoever makes keys or proofs has it; a verifier needs the commitments alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableContents {
    /// log₂ N̂.
    pub log_rows: u32,
    /// The functions, in the order of the rows. Their outputs are smaller than 2^62 in magnitude.
    pub segments: Vec<Segment>,
    /// Who may learn the outputs.
    pub visibility: Visibility,
}

/// Who may learn the outputs of a large table. Values and tags are always public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Whoever has the key can compare a table with its commitments.
    Public,
    /// The outputs are private, as weights are: the key says that they lie within these bounds, which may be wider than they need to be,
    /// and that zero has the output 0; otherwise it tells nothing of them (see [`cq`](crate::cq)).
    Hidden {
        /// No output is less.
        low: i64,
        /// No output is greater.
        high: i64,
    },
}

impl TableContents {
    /// What a program says of the table.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Segment`] for a segment without zero, or with fewer or more outputs than values, or which is hidden and has an
    /// output beyond the bounds or another than 0 for zero.
    pub fn describe(&self) -> Result<LargeTable, ProgramError> {
        let describe = |(index, segment): (usize, &Segment)| {
            let malformed = ProgramError::Segment { index };
            if !segment.is_well_formed() {
                return Err(malformed);
            }
            let (low, high) = segment.output_range();
            let at_zero = segment.apply(0).ok_or(malformed)?;
            let (low, high) = match self.visibility {
                Visibility::Public => (low, high),
                Visibility::Hidden { low: l, high: h } if l <= low && high <= h && at_zero == 0 => {
                    (l, h)
                }
                Visibility::Hidden { .. } => return Err(malformed),
            };
            Ok(LargeSegment {
                start: segment.start,
                length: segment.length,
                low,
                high,
                at_zero,
            })
        };
        let segments = self.segments.iter().enumerate().map(describe);
        Ok(LargeTable {
            log_rows: self.log_rows,
            segments: segments.collect::<Result<_, _>>()?,
            hidden: self.is_hidden(),
        })
    }

    /// Whether the outputs are private.
    pub fn is_hidden(&self) -> bool {
        matches!(self.visibility, Visibility::Hidden { .. })
    }

    /// Writes what the description does not say: the outputs.
    pub(crate) fn write(&self, writer: &mut Writer) {
        for segment in &self.segments {
            match &segment.outputs {
                Outputs::Clamp { low, high } => {
                    writer.u8(CLAMP);
                    writer.signed((*low).into(), 4);
                    writer.signed((*high).into(), 4);
                }
                Outputs::Values(values) => {
                    writer.u8(VALUES);
                    writer.values(values);
                }
            }
        }
    }

    /// Reads the outputs of a table that a program describes.
    ///
    /// # Errors
    ///
    /// When the bytes are no outputs, or those of a table with another description.
    pub(crate) fn read(reader: &mut Reader<'_>, described: &LargeTable) -> Result<Self, KeyError> {
        let segment = |described: &LargeSegment| {
            Ok(Segment {
                start: described.start,
                length: described.length,
                outputs: match reader.u8()? {
                    CLAMP => Outputs::Clamp {
                        low: reader.i32()?,
                        high: reader.i32()?,
                    },
                    VALUES => Outputs::Values(reader.values()?),
                    found => {
                        return Err(DecodeError::InvalidNumber {
                            what: "kind of table segment",
                            found: found.into(),
                        });
                    }
                },
            })
        };
        let segments = described.segments.iter().map(segment);
        let segments = segments.collect::<Result<Vec<_>, _>>()?;
        let bounds = described.segments.first();
        let contents = Self {
            log_rows: described.log_rows,
            segments,
            visibility: match bounds {
                Some(LargeSegment { low, high, .. }) if described.hidden => Visibility::Hidden {
                    low: *low,
                    high: *high,
                },
                _ => Visibility::Public,
            },
        };
        if contents.describe().as_ref() != Ok(described) {
            return Err(NOT_DESCRIBED);
        }
        Ok(contents)
    }

    /// The columns value, out and tag, N̂ cells each, of this table at its place in a program.
    ///
    /// # Errors
    ///
    /// [`KeyError::Program`] for a malformed segment, [`KeyError::Mismatch`] when the program describes the place otherwise.
    pub fn columns(&self, program: &Program, table: usize) -> Result<[Vec<i64>; 3], KeyError> {
        self.check_described(program, table)?;
        let rows = 1usize << self.log_rows;
        let [mut values, mut outputs, mut tags] = [(); COLUMNS].map(|()| Vec::with_capacity(rows));
        for run in program.runs(table) {
            for (value, _) in (run.value..).zip(0..run.length) {
                values.push(value);
                tags.push(run.tag.into());
            }
        }
        for segment in &self.segments {
            let start = i64::from(segment.start);
            let values = start..start + i64::from(segment.length);
            // The description that the program has is that of well-formed segments, which have an output for every value.
            outputs.extend(values.map(|value| segment.apply(value).unwrap_or(0)));
        }
        outputs.resize(rows, 0);
        Ok([values, outputs, tags])
    }

    fn check_described(&self, program: &Program, table: usize) -> Result<(), KeyError> {
        if program.large_tables().get(table) == Some(&self.describe()?) {
            Ok(())
        } else {
            Err(NOT_DESCRIBED)
        }
    }
}

/// A large table at its place in a program and under a setup: everything from which its cached points follow.
#[derive(Clone, Copy, Debug)]
pub struct PlacedTable<'a> {
    contents: &'a TableContents,
    program: &'a Program,
    table: usize,
    setup: Digest32,
    name: Digest32,
}

impl<'a> PlacedTable<'a> {
    /// Contents at their place in a program, under the setup with this digest.
    ///
    /// # Errors
    ///
    /// As [`TableContents::columns`].
    pub fn new(
        contents: &'a TableContents,
        (program, table): (&'a Program, usize),
        setup: Digest32,
    ) -> Result<Self, KeyError> {
        contents.check_described(program, table)?;
        let name = name(contents, (program, table), setup);
        Ok(Self::named(contents, (program, table), (setup, name)))
    }

    /// As [`Self::new`], for contents that the program is known to describe, and their name.
    pub(crate) fn named(
        contents: &'a TableContents,
        (program, table): (&'a Program, usize),
        (setup, name): (Digest32, Digest32),
    ) -> Self {
        Self {
            contents,
            program,
            table,
            setup,
            name,
        }
    }

    /// The digest of all this, under which the points are cached.
    pub fn name(&self) -> Digest32 {
        self.name
    }

    /// What stands in the table.
    pub fn contents(&self) -> &'a TableContents {
        self.contents
    }

    /// The digest of the setup.
    pub fn setup(&self) -> Digest32 {
        self.setup
    }

    /// As [`TableContents::columns`].
    pub(crate) fn columns(&self) -> Result<[Vec<i64>; COLUMNS], KeyError> {
        self.contents.columns(self.program, self.table)
    }
}

/// The digest of a setup, of the values and tags of a table's rows as a program places them, and of its outputs. Its cost does not grow with
/// the rows but with the bytes of the outputs in a key.
pub(crate) fn name(
    contents: &TableContents,
    (program, table): (&Program, usize),
    setup: Digest32,
) -> Digest32 {
    let hasher = Hasher::new("tensorseal large table")
        .part(&setup.0)
        .part(&contents.log_rows.to_le_bytes());
    let hasher = program.runs(table).iter().fold(hasher, |hasher, run| {
        hasher
            .part(&run.value.to_le_bytes())
            .part(&run.length.to_le_bytes())
            .part(&run.tag.to_le_bytes())
    });
    let mut outputs = Writer::new();
    contents.write(&mut outputs);
    hasher.part(&Zeroizing::new(outputs.finish())).finish()
}

const CLAMP: u8 = 0;
const VALUES: u8 = 1;

const NOT_DESCRIBED: KeyError = KeyError::Mismatch {
    what: "the contents of a large table are not those that the program describes",
};

/// The commitments to the columns of a large table in both groups, that to the outputs of a hidden one blinded, and the proof that the
/// rows have the values and tags that the program describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LargeCommitments {
    pub(crate) g1: [G1Affine; COLUMNS],
    pub(crate) g2: [G2Affine; COLUMNS],
    pub(crate) rows: RowsProof,
}

impl LargeCommitments {
    /// Commits to columns of N̂ cells at their place in a program, with ρ·[β] on the outputs in either group: 0 unless they are hidden.
    pub(crate) fn new(
        (columns, blinding): (&[Vec<i64>; COLUMNS], Fr),
        place: (&Program, usize),
        srs: &Srs,
        backend: &impl Backend,
    ) -> Result<Self, KeyError> {
        let [rows, _, _] = columns.each_ref().map(Vec::len);
        let found = srs.powers_g2().len();
        let powers = srs.powers_g2().get(..rows);
        let powers = powers.ok_or(KeyError::NoPowersInG2 {
            needed: rows,
            found,
        })?;
        let coefficients = columns.each_ref().map(|column| interpolate(column));
        let commit = |(point, f, blinding): (&mut G2Affine, &Vec<Fr>, Fr)| {
            let blinding = srs.setup().beta_g2 * blinding;
            *point = (G2Projective::msm_unchecked(powers, f) + blinding).into_affine();
        };
        let mut g2 = [G2Affine::zero(); COLUMNS];
        let blindings = [Fr::ZERO, blinding, Fr::ZERO];
        let parts = g2.iter_mut().zip(&coefficients).zip(blindings);
        let parts = parts.map(|((point, f), blinding)| (point, f, blinding));
        backend.map(parts.collect(), commit);
        if g2.iter().any(AffineRepr::is_zero) {
            return Err(KeyError::Mismatch {
                what: "a column of a large table is zero everywhere, which needs no table",
            });
        }
        let mut g1 = commit_g1(&coefficients, srs, backend)?;
        let [_, out, _] = &mut g1;
        *out = (*out + srs.setup().beta_g1 * blinding).into_affine();
        let claim = RowsClaim::new(place, srs.setup().digest(), &g1);
        let [value, _, tag] = &coefficients;
        let rows = RowsProof::new(&claim, [value, tag], srs.powers(), backend);
        Ok(Self { g1, g2, rows })
    }

    /// The commitments in G1 alone, unblinded, to compare with.
    pub(crate) fn recompute_g1(
        columns: &[Vec<i64>; COLUMNS],
        srs: &Srs,
        backend: &impl Backend,
    ) -> Result<[G1Affine; COLUMNS], KeyError> {
        let coefficients = columns.each_ref().map(|column| interpolate(column));
        commit_g1(&coefficients, srs, backend)
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        for point in &self.g1 {
            writer.bytes(&encode_g1(point));
        }
        for point in &self.g2 {
            writer.bytes(&encode_g2(point));
        }
        self.rows.write(writer);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            g1: [
                reader.g1_nonzero()?,
                reader.g1_nonzero()?,
                reader.g1_nonzero()?,
            ],
            g2: [
                reader.g2_nonzero()?,
                reader.g2_nonzero()?,
                reader.g2_nonzero()?,
            ],
            rows: RowsProof::read(reader)?,
        })
    }
}

fn commit_g1(
    coefficients: &[Vec<Fr>; COLUMNS],
    srs: &Srs,
    backend: &impl Backend,
) -> Result<[G1Affine; COLUMNS], KeyError> {
    let [needed, _, _] = coefficients.each_ref().map(Vec::len);
    let found = srs.powers().len();
    let powers = srs.powers().get(..needed);
    let powers = powers.ok_or(KeyError::SetupTooSmall { needed, found })?;
    Ok(coefficients
        .each_ref()
        .map(|f| backend.msm(powers, f).into_affine()))
}

/// The coefficients of the polynomial with these values over V.
pub(crate) fn interpolate(values: &[i64]) -> Vec<Fr> {
    let mut values: Vec<Fr> = values.iter().copied().map(Fr::from).collect();
    match Radix2EvaluationDomain::<Fr>::new(values.len()) {
        Some(domain) => domain.ifft_in_place(&mut values),
        // Validation keeps tables below the order of the field's roots of unity.
        None => values = vec![Fr::ZERO; values.len()],
    }
    values
}

impl LargeTable {
    /// Bytes in which a program's readers hold nothing: the number of rows as a size.
    pub(crate) fn log(&self) -> usize {
        widen(self.log_rows)
    }
}
