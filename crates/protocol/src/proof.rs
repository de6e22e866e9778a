//! A proof file: the model it is for, the public tensors, and the argument (format: `docs/formats.md`).

use alloc::vec::Vec;

use crate::digest::Digest32;
use crate::encoding::{DecodeError, FileKind, Reader, Writer, signed_width, widen};
use crate::error::VerifyError;
use crate::program::Program;
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
    /// Of a batch, how many inferences it has.
    inferences: Option<u32>,
    public: Vec<PublicTensor>,
    argument: Vec<u8>,
}

impl Proof {
    pub(crate) fn new(
        (model, inferences): (Digest32, Option<u32>),
        public: Vec<PublicTensor>,
        argument: Vec<u8>,
    ) -> Self {
        Self {
            model,
            inferences,
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
        self.inferences
    }

    /// The public tensors, not yet checked.
    pub fn public(&self) -> &[PublicTensor] {
        &self.public
    }

    /// The public tensors alone.
    pub(crate) fn into_public(self) -> Vec<PublicTensor> {
        self.public
    }

    /// The argument: group elements and scalars, without the public values.
    pub fn argument(&self) -> &[u8] {
        &self.argument
    }

    /// The bytes of the proof file.
    ///
    /// Values take as few bytes as hold all values of the tensor in this proof.
    #[expect(clippy::expect_used, reason = "a width is at most eight")]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::file(match self.inferences {
            None => FileKind::Proof,
            Some(_) => FileKind::BatchProof,
        });
        writer.bytes(&self.model.0);
        if let Some(inferences) = self.inferences {
            writer.u32(inferences);
        }
        writer.count(self.public.len());
        for public in &self.public {
            let width = width(&public.values);
            writer.u32(public.tensor);
            writer.u8(u8::try_from(width).expect("a width is at most eight"));
            writer.count(public.values.len());
            for value in &public.values {
                writer.signed(*value, width);
            }
        }
        writer.bytes(&self.argument);
        writer.finish()
    }

    /// The model that a proof file names, read without the rest of it.
    ///
    /// # Errors
    ///
    /// When the bytes do not begin as a proof file does.
    pub fn model_of(bytes: &[u8]) -> Result<Digest32, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.header(kind_of(bytes))?;
        Ok(Digest32(reader.array()?))
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
        let public = reader.counted(read_public)?;
        let argument = reader.take(reader.left())?.to_vec();
        Ok(Self {
            model,
            inferences,
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

fn width(values: &[i64]) -> usize {
    let low = values.iter().copied().min().unwrap_or(0);
    let high = values.iter().copied().max().unwrap_or(0);
    signed_width(low, high)
}

fn read_public(reader: &mut Reader<'_>) -> Result<PublicTensor, DecodeError> {
    let tensor = reader.u32()?;
    let found = reader.u8()?;
    let bytes_each = usize::from(found);
    let invalid = DecodeError::InvalidNumber {
        what: "width of public values",
        found: found.into(),
    };
    if !(1..=8).contains(&bytes_each) {
        return Err(invalid);
    }
    let values = reader.counted(|reader| reader.signed(bytes_each))?;
    if width(&values) != bytes_each {
        return Err(invalid);
    }
    Ok(PublicTensor { tensor, values })
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
        let port = program.inputs().contains(&tensor) || program.outputs().contains(&tensor);
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

/// The transcript after everything that both sides know: protocol version, model, context, the number of inferences of a batch, and
/// for each public tensor its index, shape and values (PROTOCOL §4).
pub(crate) fn begin(
    program: &Program,
    (model, inferences): (Digest32, Option<u32>),
    context: &[u8],
    public: &[PublicTensor],
) -> Transcript {
    let mut transcript = Transcript::new(match inferences {
        None => "tensorseal proof v1",
        Some(_) => "tensorseal batch proof v1",
    });
    transcript.absorb("model", &model.0);
    if let Some(inferences) = inferences {
        transcript.absorb("inferences", &inferences.to_le_bytes());
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
