//! The verifying key: a model as its verifiers know it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::backend::Backend;
use crate::curve::{G1Affine, encode_g1, g1_generator};
use crate::digest::{Digest32, Hasher};
use crate::encoding::{FileKind, Reader, Writer, widen};
use crate::error::KeyError;
use crate::pairing::{PairingKey, PreparedSides};
use crate::program::{Program, ProgramParts};
use crate::srs::{PowerChain, Setup, Srs};

/// A model as its verifiers know it: program, commitments, setup. Its digest is the model's identity.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    setup: Setup,
    chain: PowerChain,
    program: Program,
    table: [G1Affine; 3],
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
        let (_, tau_c) = parts.chain.power(&parts.setup);
        let [value, out, tag] = parts.table;
        let pairing = PairingKey {
            model,
            setup: parts.setup.digest(),
            log_columns: parts.program.log_weight_columns(),
            shared: [g1_generator(), value, out, tag, parts.weights],
            sides: PreparedSides::new(&parts.setup, tau_c),
        };
        Self {
            setup: parts.setup,
            chain: parts.chain,
            program: parts.program,
            table: parts.table,
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

    /// [τ^C]₁.
    pub(crate) fn tau_c(&self) -> G1Affine {
        self.chain.power(&self.setup).0
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

    /// Reads and checks a key: every point, the program, and that the powers of tau continue the setup.
    ///
    /// # Errors
    ///
    /// [`KeyError`].
    ///
    /// # Soundness
    ///
    /// The table's commitments are taken from the key: a caller either pins a digest that somebody has checked, or calls
    /// [`Self::check_table`]. Whether the setup is to be trusted is decided when a proof is verified.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut reader = Reader::new(bytes);
        let version = reader.header(FileKind::VerifyingKey)?;
        let setup = Setup::read(&mut reader)?;
        let program = Program::new(ProgramParts::read(&mut reader, version)?)?;
        let table = [reader.g1()?, reader.g1()?, reader.g1()?];
        let weights = reader.g1_nonzero()?;
        let chain = PowerChain::decode(&mut reader, program.log_weight_columns())?;
        let length = reader.u32()?;
        let annotation = reader.take(widen(length))?.to_vec();
        reader.finish()?;
        chain.check(&setup)?;
        let parts = VerifyingParts {
            setup,
            chain,
            program,
            table,
            weights,
            annotation,
        };
        Ok(Self::with_bytes(parts, bytes.to_vec()))
    }

    /// Recomputes the table's commitments from its description, after checking the powers that go into them.
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
}

fn encode(parts: &VerifyingParts) -> Vec<u8> {
    let mut writer = Writer::file(FileKind::VerifyingKey);
    parts.setup.write(&mut writer);
    parts.program.write(&mut writer);
    for point in parts.table.iter().chain([&parts.weights]) {
        writer.bytes(&encode_g1(point));
    }
    parts.chain.encode(&mut writer);
    writer.count(parts.annotation.len());
    writer.bytes(&parts.annotation);
    writer.finish()
}
