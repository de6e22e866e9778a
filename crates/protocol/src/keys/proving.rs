//! The proving key: weights, their blinding and cached quotients, and the slice of the setup that a proof needs.

#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::sync::Arc;
use alloc::vec::Vec;

use ark_ec::CurveGroup;
use ark_ff::AdditiveGroup;
use zeroize::Zeroize;

use super::verifying::{VerifyingKey, VerifyingParts, chain_length};
use crate::backend::Backend;
use crate::cq::{
    CachedTable, LargeCommitments, PlacedTable, TableContents, Visibility, table_name,
};
use crate::curve::{
    Fr, G1Affine, G1Projective, encode_g1, encode_g1_uncompressed, encode_scalar, to_affine,
};
use crate::digest::Digest32;
use crate::encoding::{DecodeError, FileKind, Reader, Writer, sign_extended, widen};
use crate::error::KeyError;
use crate::linear::weights::WeightMatrix;
use crate::opening::CommitKey;
use crate::program::Program;
use crate::random::RandomSource;
use crate::srs::{PowerChain, Srs};
use crate::sumcheck::mask_length;
use crate::table::Outputs;

/// What a prover keeps. The weights, the outputs of hidden tables and the blindings of either are secret.
#[derive(Clone)]
pub struct ProvingKey {
    verifying: VerifyingKey,
    weights: WeightMatrix,
    weights_blinding: Fr,
    /// S₁ … S_{R−1}.
    quotients: Vec<G1Affine>,
    /// [τⁱ]₁ as far as a proof needs them.
    powers: Vec<G1Affine>,
    /// Σ [τⁱ]₁ over the active rows: what a column of ones commits to.
    ones: G1Affine,
    /// What stands in each large table.
    tables: Vec<TableContents>,
    /// The names of the large tables under the setup.
    table_names: Vec<Digest32>,
    /// ρ of each large table, with which its outputs are blinded: 0 where they are public.
    table_blindings: Vec<Fr>,
    /// The cached points of each large table, as far as they have been given; they are in files of their own.
    cached: Vec<Option<Arc<CachedTable>>>,
}

impl core::fmt::Debug for ProvingKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ProvingKey of model {}", self.verifying.digest())
    }
}

impl Drop for ProvingKey {
    fn drop(&mut self) {
        self.weights_blinding.zeroize();
        self.table_blindings.zeroize();
        let hidden = self.tables.iter_mut().filter(|table| table.is_hidden());
        for segment in hidden.flat_map(|table| &mut table.segments) {
            if let Outputs::Values(values) = &mut segment.outputs {
                values.zeroize();
            }
        }
    }
}

/// How many powers of tau a proof needs: for a column, and for the weights' remainder with the mask on it.
pub(crate) fn powers_for_proving(program: &Program) -> usize {
    let remainder = program.weight_columns() + mask_length(program.log_rows());
    program.rows().max(remainder)
}

/// How many powers of tau the keys of a model are made from.
pub fn powers_for_keys(program: &Program, weights: &WeightMatrix) -> usize {
    weights.degree_bound().max(powers_for_proving(program))
}

/// Makes the keys of a model.
///
/// `annotation` is whatever the caller wants to be bound to the model's identity; `progress` is told how many of the cached
/// quotients are done.
///
/// # Errors
///
/// When the setup is too small, the weights do not fit the program, or there is no randomness.
pub fn generate(
    program: Program,
    weights: WeightMatrix,
    annotation: Vec<u8>,
    srs: &Srs,
    tools: (&impl Backend, &mut dyn RandomSource),
    progress: &mut dyn FnMut(usize, usize),
) -> Result<ProvingKey, KeyError> {
    let model = Model {
        program,
        tables: &[],
        weights,
        annotation,
    };
    generate_with_tables(model, srs, tools, progress)
}

/// What keys are made of.
#[derive(Debug)]
pub struct Model<'a> {
    /// The program.
    pub program: Program,
    /// What stands in each of its large tables.
    pub tables: &'a [TableContents],
    /// The weights.
    pub weights: WeightMatrix,
    /// Bound to the model's identity and not read here.
    pub annotation: Vec<u8>,
}

impl Model<'_> {
    /// Whether the parts fit each other and the setup, which [`generate_with_tables`] asks before it computes anything.
    ///
    /// # Errors
    ///
    /// When the weights or the tables do not fit the program, or the setup is too small.
    pub fn check(&self, srs: &Srs) -> Result<(), KeyError> {
        let Self {
            program, weights, ..
        } = self;
        check_shape(program, weights)?;
        if self.tables.len() != program.large_tables().len() {
            return Err(KeyError::Mismatch {
                what: "there are not as many large tables as in the program",
            });
        }
        let (needed, found) = (powers_for_keys(program, weights), srs.powers().len());
        if found < needed {
            return Err(KeyError::SetupTooSmall { needed, found });
        }
        let (needed, found) = (chain_length(program), srs.squares().len());
        if found <= needed {
            return Err(KeyError::SetupTooNarrow { needed, found });
        }
        let (needed, found) = (program.largest_table(), srs.powers_g2().len());
        if found < needed {
            return Err(KeyError::NoPowersInG2 { needed, found });
        }
        Ok(())
    }
}

/// As [`generate`], for a program with large tables. The proving key needs their cached points too
/// ([`ProvingKey::attach_table`]), which are computed apart, since they serve every model with the table.
///
/// # Errors
///
/// As [`generate`]; and when the contents are not what the program describes, or the setup has too few powers in G2.
pub fn generate_with_tables(
    model: Model<'_>,
    srs: &Srs,
    (backend, random): (&impl Backend, &mut dyn RandomSource),
    progress: &mut dyn FnMut(usize, usize),
) -> Result<ProvingKey, KeyError> {
    model.check(srs)?;
    let sums = backend.cached_quotients(&model.weights, srs.powers(), progress);
    generate_with_quotients(model, &sums, srs, (backend, random))
}

/// As [`generate_with_tables`], for weights whose [`Backend::cached_quotients`] under the setup are there already.
///
/// # Errors
///
/// As [`generate_with_tables`]; and when the sums are not as many as the weights have rows.
///
/// # Soundness
///
/// The first sum becomes the commitment to the weights. With sums of other weights or another setup the keys prove nothing false, and nothing
/// at all: every proof fails its prover's own check.
pub fn generate_with_quotients(
    model: Model<'_>,
    sums: &[G1Projective],
    srs: &Srs,
    (backend, random): (&impl Backend, &mut dyn RandomSource),
) -> Result<ProvingKey, KeyError> {
    model.check(srs)?;
    let (Some((commitment, quotients)), true) =
        (sums.split_first(), sums.len() == model.weights.rows())
    else {
        return Err(KeyError::Mismatch {
            what: "there are not as many cached quotients as rows of weights",
        });
    };
    let Model {
        program,
        tables,
        weights,
        annotation,
    } = model;
    let proving = powers_for_proving(&program);
    let log_columns = chain_length(&program);
    let weights_blinding = random.scalar()?;
    let commitment = *commitment + srs.setup().beta_g1 * weights_blinding;
    let ones: G1Projective = srs.powers()[..program.active_rows()].iter().sum();
    let table_blindings = tables.iter().map(|table| match table.visibility {
        Visibility::Public => Ok(Fr::ZERO),
        Visibility::Hidden { .. } => random.scalar(),
    });
    let table_blindings: Vec<Fr> = table_blindings.collect::<Result<_, _>>()?;
    let commit = |((index, table), blinding): ((usize, &TableContents), &Fr)| {
        let columns = table.columns(&program, index)?;
        LargeCommitments::new((&columns, *blinding), (&program, index), srs, backend)
    };
    let large = tables.iter().enumerate().zip(&table_blindings).map(commit);
    let large = large.collect::<Result<_, _>>()?;
    let verifying = VerifyingKey::new(VerifyingParts {
        large,
        setup: srs.setup().clone(),
        chain: PowerChain::of(srs, log_columns)?,
        table: program.table().commit(srs.powers(), backend),
        program,
        weights: commitment.into_affine(),
        annotation,
    });
    Ok(ProvingKey {
        table_names: table_names(tables, &verifying),
        verifying,
        weights,
        weights_blinding,
        quotients: to_affine(quotients),
        powers: srs.powers()[..proving].to_vec(),
        ones: ones.into_affine(),
        tables: tables.to_vec(),
        table_blindings,
        cached: alloc::vec![None; tables.len()],
    })
}

fn check_shape(program: &Program, weights: &WeightMatrix) -> Result<(), KeyError> {
    if weights.columns() != program.weight_columns() || weights.rows() != program.weight_rows() {
        return Err(KeyError::Mismatch {
            what: "the weight matrix does not have the program's rows and columns",
        });
    }
    Ok(())
}

impl ProvingKey {
    /// The verifying key.
    pub fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// For tests of hostile keys.
    #[cfg(test)]
    pub(crate) fn set_verifying(&mut self, verifying: VerifyingKey) {
        self.verifying = verifying;
    }

    /// The weights.
    pub fn weights(&self) -> &WeightMatrix {
        &self.weights
    }

    /// What stands in the large tables.
    pub fn table_contents(&self) -> &[TableContents] {
        &self.tables
    }

    /// How many powers of tau the key holds.
    pub fn powers(&self) -> usize {
        self.powers.len()
    }

    /// A large table, as its cached points are computed and kept; `None` if there is none of this number.
    pub fn placed_table(&self, table: usize) -> Option<PlacedTable<'_>> {
        let contents = self.tables.get(table)?;
        let name = *self.table_names.get(table)?;
        let key = &self.verifying;
        let place = (key.program(), table);
        Some(PlacedTable::named(
            contents,
            place,
            (key.setup_digest(), name),
        ))
    }

    /// All large tables.
    pub fn placed_tables(&self) -> impl Iterator<Item = PlacedTable<'_>> {
        (0..self.tables.len()).filter_map(|table| self.placed_table(table))
    }

    /// Gives the key the cached points of a large table, all of them or a slice.
    ///
    /// False points make proofs that do not verify; [`CachedTable::check_row`] tells.
    ///
    /// # Errors
    ///
    /// [`KeyError::Mismatch`] when the program has no such table, or the points are of another one or under another setup.
    pub fn attach_table(&mut self, table: usize, points: Arc<CachedTable>) -> Result<(), KeyError> {
        let place = self.placed_table(table);
        let own = place.map(|place| (place.name(), place.contents().log_rows));
        match self.cached.get_mut(table) {
            Some(slot) if own == Some((points.name(), points.log_rows())) => {
                *slot = Some(points);
                Ok(())
            }
            Some(_) => Err(KeyError::Mismatch {
                what: "the cached points are of another large table, or were made under another setup",
            }),
            None => Err(KeyError::Mismatch {
                what: "the program has no large table of that number",
            }),
        }
    }

    /// The cached points of all large tables, or the first table that lacks them.
    pub(crate) fn cached(&self) -> Result<Vec<Arc<CachedTable>>, usize> {
        let tables = self.cached.iter().enumerate();
        tables
            .map(|(index, table)| table.clone().ok_or(index))
            .collect()
    }

    /// ρ of a large table: 0 for one whose outputs are public, or which is not there.
    pub(crate) fn table_blinding(&self, table: usize) -> Fr {
        self.table_blindings.get(table).copied().unwrap_or_default()
    }

    pub(crate) fn weights_blinding(&self) -> Fr {
        self.weights_blinding
    }

    pub(crate) fn quotients(&self) -> &[G1Affine] {
        &self.quotients
    }

    pub(crate) fn commit_key(&self) -> CommitKey<'_> {
        CommitKey {
            powers: &self.powers,
            beta: self.verifying.setup().beta_g1,
            ones: self.ones,
        }
    }

    /// The bytes of the key file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::file(FileKind::ProvingKey);
        let verifying = self.verifying.to_bytes();
        writer.count(verifying.len());
        writer.bytes(&verifying);
        writer.bytes(&encode_scalar(&self.weights_blinding));
        let entries = self.weights.entries();
        let width = self.weights.width();
        writer.u8(u8::try_from(width).expect("a width is at most eight"));
        for weight in entries {
            writer.signed((*weight).into(), width);
        }
        for quotient in &self.quotients {
            writer.bytes(&encode_g1(quotient));
        }
        for power in &self.powers {
            writer.bytes(&encode_g1_uncompressed(power));
        }
        writer.bytes(&encode_g1_uncompressed(&self.ones));
        for (table, blinding) in self.tables.iter().zip(&self.table_blindings) {
            if table.is_hidden() {
                writer.bytes(&encode_scalar(blinding));
            }
            table.write(&mut writer);
        }
        writer.finish()
    }

    /// Reads and checks a key. A key whose points are on the curve but wrong gives proofs that do not verify.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut reader = Reader::new(bytes);
        reader.header(FileKind::ProvingKey)?;
        let length = reader.u32()?;
        let verifying = VerifyingKey::from_bytes(reader.take(widen(length))?)?;
        let program = verifying.program();
        let weights_blinding = reader.scalar()?;
        let width = reader.u8()?;
        if !(1..=4).contains(&width) {
            return Err(KeyError::Malformed(DecodeError::InvalidNumber {
                what: "width of weights",
                found: width.into(),
            }));
        }
        let cells = program.weight_rows() * program.weight_columns();
        let entries = reader
            .take(cells.saturating_mul(width.into()))?
            .chunks_exact(width.into())
            .map(weight)
            .collect();
        let weights = WeightMatrix::from_entries(program.weight_columns(), entries).ok_or(
            KeyError::Mismatch {
                what: "the weight matrix is empty",
            },
        )?;
        if weights.width() != usize::from(width) {
            return Err(KeyError::Malformed(DecodeError::InvalidNumber {
                what: "width of weights",
                found: width.into(),
            }));
        }
        let quotients = reader.list(program.weight_rows() - 1, Reader::g1)?;
        let powers = reader.list(powers_for_proving(program), Reader::g1_uncompressed)?;
        let ones = reader.g1_uncompressed()?;
        let (mut tables, mut table_blindings) = (Vec::new(), Vec::new());
        for described in program.large_tables() {
            table_blindings.push(if described.hidden {
                reader.scalar()?
            } else {
                Fr::ZERO
            });
            tables.push(TableContents::read(&mut reader, described)?);
        }
        reader.finish()?;
        let cached = alloc::vec![None; program.large_tables().len()];
        Ok(Self {
            weights,
            weights_blinding,
            quotients,
            powers,
            ones,
            table_names: table_names(&tables, &verifying),
            tables,
            table_blindings,
            cached,
            verifying,
        })
    }
}

/// The names of a key's large tables.
fn table_names(tables: &[TableContents], key: &VerifyingKey) -> Vec<Digest32> {
    let names = tables.iter().enumerate();
    names
        .map(|(table, contents)| table_name(contents, (key.program(), table), key.setup_digest()))
        .collect()
}

/// A weight from its one to four bytes.
fn weight(bytes: &[u8]) -> i32 {
    i32::try_from(sign_extended(bytes)).expect("a weight has at most four bytes")
}
