//! What opens committed tensors: their values, and what hides their columns. Secret (format: `docs/formats.md`).

use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::curve::{G1Affine, encode_g1, encode_scalar};
use crate::digest::Digest32;
use crate::encoding::{DecodeError, FileKind, Reader, Writer, widen};
use crate::error::KeyError;
use crate::keys::VerifyingKey;
use crate::linear::functional::Part;
use crate::program::{Arrangement, Program, Tensor};
use crate::proof::Proof;
use crate::prove::Hiding;
use crate::witness::Witness;

/// What opens the committed tensors of a number of proofs, one after the other.
#[derive(Clone)]
pub struct OpeningSecret {
    key: VerifyingKey,
    proofs: Vec<ProofSecret>,
}

/// What opens the committed tensors of one proof.
#[derive(Clone)]
pub struct ProofSecret {
    pub(crate) digest: Digest32,
    pub(crate) arrangement: Arrangement,
    /// One for each committed tensor, in their order.
    tensors: Vec<TensorSecret>,
}

/// The values of a committed tensor in all inferences, and its columns. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct TensorSecret {
    pub(crate) values: Vec<i64>,
    #[zeroize(skip)]
    columns: Vec<ColumnSecret>,
}

/// The `out` column of a lane. What hides it is wiped when dropped.
#[derive(Clone)]
pub(crate) struct ColumnSecret {
    lane: usize,
    pub(crate) hiding: Hiding,
    /// The commitment that stands in the proof.
    pub(crate) commitment: G1Affine,
}

/// Why bytes are not the secret of openings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpeningSecretError {
    /// The bytes are not an encoding of a secret.
    Malformed(DecodeError),
    /// The verifying key in it is none.
    Key(KeyError),
    /// It contradicts the key's program.
    Mismatch {
        /// What does not fit.
        what: &'static str,
    },
}

impl fmt::Display for OpeningSecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "the opening secret cannot be read: {error}"),
            Self::Key(error) => write!(f, "in the opening secret, {error}"),
            Self::Mismatch { what } => write!(f, "the opening secret is inconsistent: {what}"),
        }
    }
}

impl core::error::Error for OpeningSecretError {}

impl From<DecodeError> for OpeningSecretError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

impl From<KeyError> for OpeningSecretError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl fmt::Debug for OpeningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpeningSecret of {} proofs", self.proofs.len())
    }
}

impl fmt::Debug for ProofSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProofSecret of proof {}", self.digest)
    }
}

/// The lanes of a tensor, ascending.
fn lanes(tensor: &Tensor) -> Vec<usize> {
    let mut lanes: Vec<usize> = tensor.blocks.iter().map(|b| widen(b.lane)).collect();
    lanes.dedup();
    lanes
}

impl OpeningSecret {
    pub(crate) fn new(key: VerifyingKey, proof: ProofSecret) -> Self {
        Self {
            key,
            proofs: alloc::vec![proof],
        }
    }

    /// Adds the secrets of further proofs of the same model behind these: their inferences are counted on.
    ///
    /// # Errors
    ///
    /// When they are of another model.
    pub fn append(&mut self, other: Self) -> Result<(), OpeningSecretError> {
        if other.key.digest() != self.key.digest() {
            return Err(OpeningSecretError::Mismatch {
                what: "the proofs are of different models",
            });
        }
        self.proofs.extend(other.proofs);
        Ok(())
    }

    /// The verifying key of the model.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The tensors that can be opened.
    pub fn committed(&self) -> &[u32] {
        let first = self.proofs.first();
        first.map_or(&[], |proof| &proof.arrangement.committed)
    }

    /// How many inferences there are.
    pub fn inferences(&self) -> u64 {
        let counts = self.proofs.iter().map(|proof| proof.arrangement.count());
        counts.map(u64::from).sum()
    }

    /// How many powers of tau opening any inference takes at most.
    pub fn powers(&self) -> usize {
        let program = self.key.program();
        let needed = self
            .proofs
            .iter()
            .filter_map(|proof| crate::prove::powers_for(program, &proof.arrangement).ok());
        needed.max().unwrap_or(0)
    }

    /// The proof of an inference and the index in that proof.
    pub(crate) fn find(&self, inference: u32) -> Option<(&ProofSecret, u32)> {
        let mut rest = inference;
        for proof in &self.proofs {
            let count = proof.arrangement.count();
            if rest < count {
                return Some((proof, rest));
            }
            rest -= count;
        }
        None
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::file(FileKind::OpeningSecret);
        let key = self.key.to_bytes();
        writer.count(key.len());
        writer.bytes(&key);
        writer.count(self.proofs.len());
        for proof in &self.proofs {
            proof.write(&mut writer);
        }
        writer.finish()
    }

    /// Reads and checks a secret.
    ///
    /// # Errors
    ///
    /// [`OpeningSecretError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OpeningSecretError> {
        let mut reader = Reader::new(bytes);
        reader.header(FileKind::OpeningSecret)?;
        let length = reader.u32()?;
        let key = VerifyingKey::from_bytes(reader.take(widen(length))?)?;
        let count = reader.u32()?;
        let mut proofs = Vec::new();
        for _ in 0..count {
            proofs.push(ProofSecret::read(&mut reader, key.program())?);
        }
        reader.finish()?;
        Ok(Self { key, proofs })
    }
}

impl ProofSecret {
    #[expect(
        clippy::indexing_slicing,
        reason = "the prover has just used these for the proof"
    )]
    pub(crate) fn new(
        proof: &Proof,
        program: &Program,
        witness: &Witness,
        hiding: &[Hiding],
    ) -> Self {
        let tensor = |index: &u32| {
            let lanes = lanes(&program.tensors()[widen(*index)]).into_iter();
            let column = |lane| {
                let column = Part::Out.column(program.columns(), lane);
                Some(ColumnSecret {
                    lane,
                    hiding: hiding[column].clone(),
                    commitment: proof.column(column).ok()?,
                })
            };
            TensorSecret {
                values: witness
                    .tensor(widen(*index))
                    .iter()
                    .map(|c| c.out)
                    .collect(),
                columns: lanes.filter_map(column).collect(),
            }
        };
        Self {
            digest: Proof::digest_of(&proof.to_bytes()),
            arrangement: proof.arrangement().clone(),
            tensors: proof.arrangement().committed.iter().map(tensor).collect(),
        }
    }

    pub(crate) fn tensor(&self, tensor: u32) -> Option<&TensorSecret> {
        let committed = &self.arrangement.committed;
        let place = committed.iter().position(|other| *other == tensor)?;
        self.tensors.get(place)
    }

    fn write(&self, writer: &mut Writer) {
        writer.bytes(&self.digest.0);
        writer.u32(self.arrangement.inferences.unwrap_or(0));
        writer.numbers(&self.arrangement.committed);
        for tensor in &self.tensors {
            writer.values(&tensor.values);
            for column in &tensor.columns {
                writer.bytes(&encode_g1(&column.commitment));
                for scalar in column.hiding.rows.iter().chain([&column.hiding.blinding]) {
                    writer.bytes(&encode_scalar(scalar));
                }
            }
        }
    }

    fn read(reader: &mut Reader<'_>, single: &Program) -> Result<Self, OpeningSecretError> {
        let mismatch = |what| OpeningSecretError::Mismatch { what };
        let digest = Digest32(reader.array()?);
        let inferences = reader.u32()?;
        let arrangement = Arrangement {
            inferences: (inferences > 0).then_some(inferences),
            committed: reader.counted(Reader::u32)?,
        };
        if arrangement.committed.is_empty() {
            return Err(mismatch("nothing is committed"));
        }
        let program = single
            .arranged(&arrangement)
            .map_err(|_| mismatch("the model takes no such batch or commitments"))?;
        let mut tensors = Vec::new();
        for index in &arrangement.committed {
            let tensor = program.tensors().get(widen(*index));
            let tensor = tensor.ok_or(mismatch("a tensor does not exist"))?;
            let values = reader.values()?;
            let (low, high) = program.output_range(tensor);
            let padding = program.padding(tensor);
            let fits = |value: &i64| (low..=high).contains(value);
            if values.len() != tensor.cells() || !values.iter().all(fits) || !fits(&padding) {
                return Err(mismatch("the values of a tensor do not fit it"));
            }
            let mut columns = Vec::new();
            for lane in lanes(tensor) {
                columns.push(ColumnSecret {
                    lane,
                    commitment: reader.g1_nonzero()?,
                    hiding: Hiding {
                        rows: [
                            reader.scalar()?,
                            reader.scalar()?,
                            reader.scalar()?,
                            reader.scalar()?,
                        ],
                        blinding: reader.scalar()?,
                    },
                });
            }
            tensors.push(TensorSecret { values, columns });
        }
        Ok(Self {
            digest,
            arrangement,
            tensors,
        })
    }
}

impl TensorSecret {
    /// What hides the column of a lane.
    pub(crate) fn column(&self, lane: usize) -> Option<&ColumnSecret> {
        self.columns.iter().find(|column| column.lane == lane)
    }
}
