//! The verifying key: a model as its verifiers know it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use ark_ec::{AffineRepr, CurveGroup};

use crate::backend::{Backend, Compact};
use crate::batch::{Batch, Claim};
use crate::cq::{LargeCommitments, RowsClaim, TableContents};
use crate::curve::{G1Affine, G2Affine, encode_g1, g1_generator};
use crate::digest::{Digest32, Hasher};
use crate::encoding::{FileKind, Reader, Writer, widen};
use crate::error::KeyError;
use crate::pairing::{Accumulator, LargeSide, PairingKey, Side};
use crate::program::{LARGE_TABLES, LargeTable, Program, ProgramParts, VERSION_WITH_LARGE_TABLES};
use crate::srs::{PowerChain, Setup, Srs};
use crate::transcript::{EquationWeight, Transcript};

/// A model as its verifiers know it: program, commitments, setup. Its digest is the model's identity.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    setup: Setup,
    chain: PowerChain,
    program: Program,
    table: [G1Affine; 3],
    large: Vec<LargeCommitments>,
    weights: G1Affine,
    annotation: Vec<u8>,
    /// The key's file: in it the program is encoded as the version in which the key was made has it, and the digest is of these bytes.
    bytes: Vec<u8>,
    pairing: Arc<PairingKey>,
}

/// What a verifying key is made of.
pub(crate) struct VerifyingParts {
    pub(crate) setup: Setup,
    pub(crate) chain: PowerChain,
    pub(crate) program: Program,
    pub(crate) table: [G1Affine; 3],
    pub(crate) large: Vec<LargeCommitments>,
    pub(crate) weights: G1Affine,
    pub(crate) annotation: Vec<u8>,
}

impl VerifyingKey {
    pub(crate) fn new(parts: VerifyingParts) -> Self {
        let bytes = encode(&parts);
        Self::with_bytes(parts, bytes)
    }

    /// The key of these parts, whose file is known.
    fn with_bytes(parts: VerifyingParts, bytes: Vec<u8>) -> Self {
        let model = Hasher::new("tensorseal verifying key")
            .part(&bytes)
            .finish();
        let setup = parts.setup.digest();
        let power = |log| parts.chain.power(&parts.setup, log);
        let log_columns = parts.program.log_weight_columns();
        let logs = || parts.program.large_tables().iter().map(LargeTable::log);
        let tables = parts.large.iter().zip(logs());
        let tables = tables.map(|(table, log)| (table.g2, log, power(log).1));
        let [value, out, tag] = parts.table;
        let mut shared = alloc::vec![g1_generator(), value, out, tag, parts.weights];
        let one = g1_generator().into_group();
        shared.extend(logs().map(|log| (power(log).0.into_group() - one).into_affine()));
        let tau_c = (log_columns, power(log_columns).1);
        let pairing = PairingKey {
            model,
            setup,
            shared,
            sides: PairingKey::prepare((&parts.setup, setup), tau_c, tables),
        };
        Self {
            setup: parts.setup,
            chain: parts.chain,
            program: parts.program,
            table: parts.table,
            large: parts.large,
            weights: parts.weights,
            annotation: parts.annotation,
            bytes,
            pairing: Arc::new(pairing),
        }
    }

    /// The setup under which the key was made.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The model's identity: a digest of every byte of the key.
    pub fn digest(&self) -> Digest32 {
        self.pairing.model
    }

    /// [W]₁: the blinded commitment to all weights.
    pub fn weights(&self) -> &G1Affine {
        &self.weights
    }

    /// The commitments to the table's columns.
    pub fn table(&self) -> &[G1Affine; 3] {
        &self.table
    }

    /// What whoever made the key wrote about the model; bound by the digest and not read here.
    pub fn annotation(&self) -> &[u8] {
        &self.annotation
    }

    /// [τ^(2^log)]₁ and [τ^(2^log)]₂, for C and the sizes of the large tables.
    pub(crate) fn tau_power(&self, log: usize) -> (G1Affine, G2Affine) {
        self.chain.power(&self.setup, log)
    }

    /// The commitments to a large table.
    pub(crate) fn large_commitments(&self, table: usize) -> Option<&LargeCommitments> {
        self.large.get(table)
    }

    /// The key with other commitments to a large table, which nobody has checked: for tests of hostile keys.
    #[cfg(test)]
    pub(crate) fn with_large(&self, table: usize, commitments: LargeCommitments) -> Self {
        let mut large = self.large.clone();
        large.splice(table..=table, [commitments]);
        Self::new(VerifyingParts {
            setup: self.setup.clone(),
            chain: self.chain.clone(),
            program: self.program.clone(),
            table: self.table,
            large,
            weights: self.weights,
            annotation: self.annotation.clone(),
        })
    }

    /// The digest of the setup under which the key was made.
    pub fn setup_digest(&self) -> Digest32 {
        self.pairing.setup
    }

    pub(crate) fn pairing(&self) -> &Arc<PairingKey> {
        &self.pairing
    }

    /// The bytes of the key file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// Reads and checks a key: every point, the program, that the powers of tau continue the setup, and the rows of its large tables.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    ///
    /// # Soundness
    ///
    /// The small table's commitments are taken from the key: a caller either pins a digest that somebody has checked, or calls
    /// [`Self::check_table`]. Large tables cannot serve what is not theirs: the key proves which values and tags stand in them. Their
    /// outputs are a part of the model, as its weights are: one function for each segment, which whoever has it compares
    /// ([`Self::check_large_table`]). Whether the setup is to be trusted is decided when a proof is verified.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut reader = Reader::new(bytes);
        let version = reader.header(FileKind::VerifyingKey)?;
        if !LARGE_TABLES && version >= VERSION_WITH_LARGE_TABLES {
            return Err(KeyError::LargeTablesUnsupported);
        }
        let setup = Setup::read(&mut reader)?;
        let program = Program::new(ProgramParts::read(&mut reader, version)?)?;
        let table = [reader.g1()?, reader.g1()?, reader.g1()?];
        let weights = reader.g1_nonzero()?;
        let tables = program.large_tables().len();
        let large = reader.list(tables, LargeCommitments::read)?;
        let chain = PowerChain::decode(&mut reader, chain_length(&program))?;
        let length = reader.u32()?;
        let annotation = reader.take(widen(length))?.to_vec();
        reader.finish()?;
        chain.check(&setup)?;
        let parts = VerifyingParts {
            setup,
            chain,
            program,
            table,
            large,
            weights,
            annotation,
        };
        let key = Self::with_bytes(parts, bytes.to_vec());
        key.check_large_tables()?;
        Ok(key)
    }

    /// Checks that the large tables have the values and tags that the program describes ([`RowsClaim`]), and that the commitments in G2 are
    /// to the columns of those in G1, so that whoever recomputes these knows the others:
    ///
    /// ```text
    /// e([T̂_j]₁, [1]₂) = e([1]₁, [T̂_j]₂)
    /// ```
    ///
    /// All of it in one product of pairings, with weights from the digest of the key.
    fn check_large_tables(&self) -> Result<(), KeyError> {
        if !LARGE_TABLES || self.large.is_empty() {
            return Ok(());
        }
        let mut transcript = Transcript::new("tensorseal large tables of a key v1");
        transcript.absorb("key", &self.digest().0);
        let mut sum = Accumulator::default();
        for (table, large) in self.large.iter().enumerate() {
            let claim = RowsClaim::new((&self.program, table), self.setup_digest(), &large.g1);
            claim
                .accumulate(&large.rows, &mut transcript, &mut sum)
                .ok_or(KeyError::LargeTable)?;
            for (column, point) in LargeSide::COLUMNS.into_iter().zip(large.g1) {
                let weight = transcript.challenge::<EquationWeight>().0;
                sum.add(Side::One, point, weight);
                sum.add(Side::Large(table, column), g1_generator(), -weight);
            }
        }
        let verdict = Batch::decide_one(Claim::new(self, self.digest(), sum), &Compact);
        if verdict.rejected.is_empty() {
            Ok(())
        } else {
            Err(KeyError::LargeTable)
        }
    }

    /// Recomputes the small table's commitments from its description, after checking the powers that go into them.
    ///
    /// # Errors
    ///
    /// When the setup is another one, too small or false, or the commitments differ.
    pub fn check_table(&self, srs: &Srs, backend: &impl Backend) -> Result<(), KeyError> {
        if srs.setup() != &self.setup {
            return Err(KeyError::Mismatch {
                what: "the key was made with another setup",
            });
        }
        let needed = usize::try_from(self.program.table().len()).unwrap_or(usize::MAX);
        let found = srs.powers().len();
        if found < needed {
            return Err(KeyError::SetupTooSmall { needed, found });
        }
        // A setup file's own digest proves nothing about who wrote it.
        srs.truncated(needed).check_powers()?;
        if self.program.table().commit(srs.powers(), backend) != self.table {
            return Err(KeyError::TableCommitments);
        }
        Ok(())
    }

    /// Recomputes the commitments to a large table from what should stand in it, outputs and all, after checking the powers that go into
    /// them. That those in G2 are to the same columns was checked when the key was read, and so were values and tags.
    ///
    /// # Errors
    ///
    /// When the contents are not what the program describes, the setup is another one, too small or false, the commitments differ, or the
    /// outputs are private: then no contents can be told from others.
    pub fn check_large_table(
        &self,
        table: usize,
        contents: &TableContents,
        srs: &Srs,
        backend: &impl Backend,
    ) -> Result<(), KeyError> {
        if srs.setup() != &self.setup {
            return Err(KeyError::Mismatch {
                what: "the key was made with another setup",
            });
        }
        let columns = contents.columns(&self.program, table)?;
        if contents.is_hidden() {
            return Err(KeyError::HiddenTable { table });
        }
        srs.truncated(1 << contents.log_rows).check_powers()?;
        let commitments = LargeCommitments::recompute_g1(&columns, srs, backend)?;
        if self.large.get(table).map(|large| large.g1) != Some(commitments) {
            return Err(KeyError::TableCommitments);
        }
        Ok(())
    }
}

/// log₂ of the largest power of τ that a program's equations need.
pub(crate) fn chain_length(program: &Program) -> usize {
    let tables = program.large_tables().iter().map(LargeTable::log);
    tables.max().unwrap_or(0).max(program.log_weight_columns())
}

fn encode(parts: &VerifyingParts) -> Vec<u8> {
    let mut writer = Writer::file_of_version(FileKind::VerifyingKey, parts.program.version());
    parts.setup.write(&mut writer);
    parts.program.write(&mut writer);
    for point in parts.table.iter().chain([&parts.weights]) {
        writer.bytes(&encode_g1(point));
    }
    for table in &parts.large {
        table.write(&mut writer);
    }
    parts.chain.encode(&mut writer);
    writer.count(parts.annotation.len());
    writer.bytes(&parts.annotation);
    writer.finish()
}
