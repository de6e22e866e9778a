//! A proof file: the model it is for, the public tensors, and the argument (format: `docs/formats.md`).

use alloc::vec::Vec;

use crate::curve::{G1_BYTES, G1Affine};
use crate::digest::{Digest32, Hasher};
use crate::encoding::{DecodeError, FileKind, Reader, Writer, widen};
use crate::error::VerifyError;
use crate::program::{Arrangement, Program};
use crate::transcript::Transcript;

/// The values of a tensor that a proof reveals, row-major over (positions…, channels).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicTensor {
    tensor: u32,
    values: Vec<i64>,
}

impl PublicTensor {
    /// The values of the tensor with this index in the program.
    pub fn new(tensor: u32, values: Vec<i64>) -> Self {
        Self { tensor, values }
    }

    /// The tensor's index in the program.
    pub fn tensor(&self) -> usize {
        widen(self.tensor)
    }

    /// The values.
    pub fn values(&self) -> &[i64] {
        &self.values
    }
}

/// A proof as it is stored and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    model: Digest32,
    arrangement: Arrangement,
    public: Vec<PublicTensor>,
    argument: Vec<u8>,
}

/// How a proof file lists a tensor.
enum Listed {
    Public(PublicTensor),
    Committed(u32),
}

impl Proof {
    pub(crate) fn new(
        (model, arrangement): (Digest32, impl Into<Arrangement>),
        public: Vec<PublicTensor>,
        argument: Vec<u8>,
    ) -> Self {
        Self {
            model,
            arrangement: arrangement.into(),
            public,
            argument,
        }
    }

    /// The digest of the verifying key for which the proof was made.
    pub fn model(&self) -> Digest32 {
        self.model
    }

    /// How many inferences a proof of a batch is about; `None` for a proof of one, whose tensors have no batch axis.
    pub fn inferences(&self) -> Option<u32> {
        self.arrangement.inferences
    }

    /// How the proof arranges the program, not yet checked.
    pub fn arrangement(&self) -> &Arrangement {
        &self.arrangement
    }

    /// The public tensors, not yet checked.
    pub fn public(&self) -> &[PublicTensor] {
        &self.public
    }

    /// The arrangement and the public tensors alone.
    pub(crate) fn into_contents(self) -> (Arrangement, Vec<PublicTensor>) {
        (self.arrangement, self.public)
    }

    /// The argument: group elements and scalars, without the public values.
    pub fn argument(&self) -> &[u8] {
        &self.argument
    }

    /// The commitment to a column of the first round.
    ///
    /// # Errors
    ///
    /// When the argument is too short or no point is there.
    pub(crate) fn column(&self, column: usize) -> Result<G1Affine, DecodeError> {
        let mut reader = Reader::new(&self.argument);
        reader.take(column.saturating_mul(G1_BYTES))?;
        reader.g1_nonzero()
    }

    /// The bytes of the proof file.
    ///
    /// Values take as few bytes as hold all values of the tensor in this proof.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::file(match self.arrangement.inferences {
            None => FileKind::Proof,
            Some(_) => FileKind::BatchProof,
        });
        writer.bytes(&self.model.0);
        if let Some(inferences) = self.arrangement.inferences {
            writer.u32(inferences);
        }
        let committed = &self.arrangement.committed;
        writer.count(self.public.len() + committed.len());
        // Both lists ascend, and so does the one that they become.
        let mut committed = committed.iter().copied().peekable();
        for public in &self.public {
            while let Some(tensor) = committed.next_if(|tensor| *tensor < public.tensor) {
                write_committed(&mut writer, tensor);
            }
            writer.u32(public.tensor);
            writer.values(&public.values);
        }
        for tensor in committed {
            write_committed(&mut writer, tensor);
        }
        writer.bytes(&self.argument);
        writer.finish()
    }

    /// What distinguishes a proof file from every other: a digest of its bytes.
    pub fn digest_of(bytes: &[u8]) -> Digest32 {
        Hasher::new("tensorseal proof file").part(bytes).finish()
    }

    /// The model that a proof file names and how many inferences it claims, read without the rest of it.
    ///
    /// # Errors
    ///
    /// When the bytes do not begin as a proof file does.
    pub fn head_of(bytes: &[u8]) -> Result<(Digest32, u32), DecodeError> {
        let mut reader = Reader::new(bytes);
        let kind = kind_of(bytes);
        reader.header(kind)?;
        let model = Digest32(reader.array()?);
        let inferences = if kind == FileKind::BatchProof {
            reader.u32()?
        } else {
            1
        };
        Ok((model, inferences))
    }

    /// Reads a proof file. The argument is what is left after the public values; its bytes are read when it is verified.
    ///
    /// # Errors
    ///
    /// When the bytes are not a proof file, or values are stored in more bytes than they need.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let kind = kind_of(bytes);
        reader.header(kind)?;
        let model = Digest32(reader.array()?);
        let inferences = if kind == FileKind::BatchProof {
            Some(reader.u32()?)
        } else {
            None
        };
        let (mut public, mut committed) = (Vec::new(), Vec::new());
        for listed in reader.counted(read_listed)? {
            match listed {
                Listed::Public(entry) => {
                    ascending(&committed, entry.tensor)?;
                    public.push(entry);
                }
                Listed::Committed(tensor) => {
                    let shown: Vec<u32> = public.iter().map(|entry| entry.tensor).collect();
                    ascending(&shown, tensor)?;
                    committed.push(tensor);
                }
            }
        }
        let argument = reader.take(reader.left())?.to_vec();
        Ok(Self {
            model,
            arrangement: Arrangement {
                inferences,
                committed,
            },
            public,
            argument,
        })
    }
}

/// The kind of proof that bytes claim to be.
fn kind_of(bytes: &[u8]) -> FileKind {
    if bytes.starts_with(&FileKind::BatchProof.magic()) {
        FileKind::BatchProof
    } else {
        FileKind::Proof
    }
}

/// The mark of a committed tensor in the place of the width of its values.
const COMMITTED: u8 = 0;

fn write_committed(writer: &mut Writer, tensor: u32) {
    writer.u32(tensor);
    writer.u8(COMMITTED);
}

fn read_listed(reader: &mut Reader<'_>) -> Result<Listed, DecodeError> {
    let tensor = reader.u32()?;
    if reader.peek() == Some(COMMITTED) {
        reader.u8()?;
        return Ok(Listed::Committed(tensor));
    }
    let values = reader.values()?;
    Ok(Listed::Public(PublicTensor { tensor, values }))
}

/// Checks that a tensor comes after those of the other list: within a list order is checked with the tensors themselves.
fn ascending(others: &[u32], tensor: u32) -> Result<(), DecodeError> {
    if others.last().is_none_or(|last| *last < tensor) {
        return Ok(());
    }
    Err(DecodeError::InvalidNumber {
        what: "order of tensors",
        found: tensor.into(),
    })
}

/// Checks that what is committed is inputs or outputs of the program, in ascending order and none of them public.
///
/// # Errors
///
/// The first tensor that is not.
pub(crate) fn check_committed(
    program: &Program,
    committed: &[u32],
    public: &[PublicTensor],
) -> Result<(), VerifyError> {
    let mut least = 0;
    for tensor in committed.iter().copied() {
        let shown = public.iter().any(|public| public.tensor == tensor);
        if tensor < least || shown || !program.is_port(tensor) {
            return Err(VerifyError::CommittedTensor { tensor });
        }
        least = tensor.saturating_add(1);
    }
    Ok(())
}

/// Checks that public tensors are inputs or outputs of the program, in ascending order, with as many values as they have cells,
/// each a value that the tensor's table gives.
///
/// # Errors
///
/// The first thing that is wrong.
pub(crate) fn check_public(program: &Program, public: &[PublicTensor]) -> Result<(), VerifyError> {
    let mut least = 0;
    for entry in public {
        let tensor = entry.tensor;
        let port = program.is_port(tensor);
        let Some(description) = program
            .tensors()
            .get(entry.tensor())
            .filter(|_| port && tensor >= least)
        else {
            return Err(VerifyError::PublicTensor { tensor });
        };
        least = tensor.saturating_add(1);
        let (expected, found) = (description.cells(), entry.values.len());
        if expected != found {
            return Err(VerifyError::PublicLength {
                tensor,
                expected,
                found,
            });
        }
        let (low, high) = program.output_range(description);
        if let Some(found) = entry
            .values
            .iter()
            .copied()
            .find(|v| !(low..=high).contains(v))
        {
            return Err(VerifyError::PublicValue { tensor, found });
        }
    }
    Ok(())
}

/// The transcript after everything that both sides know: protocol version, model, context, the number of inferences of a batch, the
/// committed tensors where there are any, and for each public tensor its index, shape and values (PROTOCOL §4).
pub(crate) fn begin(
    program: &Program,
    (model, arrangement): (Digest32, &Arrangement),
    context: &[u8],
    public: &[PublicTensor],
) -> Transcript {
    let mut transcript = Transcript::new(match arrangement.inferences {
        None => "tensorseal proof v1",
        Some(_) => "tensorseal batch proof v1",
    });
    transcript.absorb("model", &model.0);
    if let Some(inferences) = arrangement.inferences {
        transcript.absorb("inferences", &inferences.to_le_bytes());
    }
    if !arrangement.committed.is_empty() {
        let mut writer = Writer::new();
        writer.numbers(&arrangement.committed);
        transcript.absorb("committed tensors", &writer.finish());
    }
    transcript.absorb("context", context);
    let mut writer = Writer::new();
    writer.count(public.len());
    for entry in public {
        writer.u32(entry.tensor);
        if let Some(tensor) = program.tensors().get(entry.tensor()) {
            writer.count(tensor.positions.len());
            for length in tensor.positions.iter().chain([&tensor.channels]) {
                writer.u32(*length);
            }
        }
        writer.count(entry.values.len());
        for value in &entry.values {
            writer.i64(*value);
        }
    }
    transcript.absorb("public tensors", &writer.finish());
    transcript
}
