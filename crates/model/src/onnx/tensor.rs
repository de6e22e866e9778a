//! `TensorProto`: a constant with its data inside the file.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::ProtoError;
use super::wire::{Field, Fields};
use crate::graph::{ElementType, Elements, Tensor};

const TENSOR: &str = "TensorProto";
const MAX_RANK: usize = 8;

/// An element type of the ONNX schema that the importer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataType {
    /// IEEE single precision.
    Float32,
    /// IEEE double precision.
    Float64,
    /// IEEE half precision.
    Float16,
    /// 64-bit signed integers.
    Int64,
    /// 32-bit signed integers.
    Int32,
    /// 16-bit signed integers.
    Int16,
    /// 8-bit signed integers.
    Int8,
    /// 64-bit unsigned integers.
    Uint64,
    /// 32-bit unsigned integers.
    Uint32,
    /// 16-bit unsigned integers.
    Uint16,
    /// 8-bit unsigned integers.
    Uint8,
    /// Booleans, one byte each.
    Bool,
}

impl DataType {
    /// The type with this code in `TensorProto.DataType`.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Some(match code {
            1 => Self::Float32,
            2 => Self::Uint8,
            3 => Self::Int8,
            4 => Self::Uint16,
            5 => Self::Int16,
            6 => Self::Int32,
            7 => Self::Int64,
            9 => Self::Bool,
            10 => Self::Float16,
            11 => Self::Float64,
            12 => Self::Uint32,
            13 => Self::Uint64,
            _ => return None,
        })
    }

    /// Bytes of one element in raw data.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::Float64 | Self::Int64 | Self::Uint64 => 8,
            Self::Float32 | Self::Int32 | Self::Uint32 => 4,
            Self::Float16 | Self::Int16 | Self::Uint16 => 2,
            Self::Int8 | Self::Uint8 | Self::Bool => 1,
        }
    }

    /// The type as which elements are read: floats of every width as single precision.
    #[must_use]
    pub fn element_type(self) -> ElementType {
        match self {
            Self::Float32 | Self::Float64 | Self::Float16 => ElementType::Float32,
            Self::Int64 => ElementType::Int64,
            Self::Int32 => ElementType::Int32,
            Self::Int16 => ElementType::Int16,
            Self::Int8 => ElementType::Int8,
            Self::Uint64 => ElementType::Uint64,
            Self::Uint32 => ElementType::Uint32,
            Self::Uint16 => ElementType::Uint16,
            Self::Uint8 => ElementType::Uint8,
            Self::Bool => ElementType::Bool,
        }
    }
}

/// A constant. Its data are still as the file holds them.
#[derive(Clone, Debug)]
pub struct TensorProto<'a> {
    /// Its name; empty in an attribute.
    pub name: &'a str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its element type.
    pub data_type: DataType,
    data: Data<'a>,
}

/// Where the schema lets the elements be.
#[derive(Clone, Debug, Default)]
struct Data<'a> {
    raw: Option<&'a [u8]>,
    floats: Vec<f32>,
    doubles: Vec<f64>,
    /// `int32_data`, which also carries shorter integers, booleans and half-precision bits.
    ints32: Vec<i64>,
    ints64: Vec<i64>,
    /// `uint64_data`, which also carries `uint32`.
    uints64: Vec<i64>,
}

impl<'a> TensorProto<'a> {
    /// Reads a tensor that stands alone, as in a `.pb` file.
    ///
    /// # Errors
    /// A [`ProtoError`] for malformed bytes and for constructs that are not supported.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ProtoError> {
        let (mut name, mut dimensions, mut code) = ("", Vec::new(), 0);
        let mut data = Data::default();
        let mut refused = None;
        for field in Fields::new(TENSOR, bytes) {
            let field = field?;
            match field.number {
                1 => field.integers(&mut dimensions)?,
                2 => code = field.integer()?,
                3 => refused = Some("segment"),
                6 => refused = Some("string_data"),
                8 => name = field.text()?,
                // Documentation and metadata.
                12 | 16 => {}
                13 => refused = Some("external_data"),
                14 if field.integer()? == 0 => {}
                14 => refused = Some("an external data_location"),
                _ => data.read(&field)?,
            }
        }
        if let Some(field) = refused {
            return Err(ProtoError::Unsupported {
                message: TENSOR,
                name: name.to_string(),
                field,
            });
        }
        let data_type = DataType::from_code(code);
        let data_type = data_type.ok_or_else(|| ProtoError::ElementType {
            tensor: name.to_string(),
            code,
        })?;
        let shape = shape(&dimensions).ok_or_else(|| ProtoError::Dimensions {
            tensor: name.to_string(),
        })?;
        Ok(Self {
            name,
            shape,
            data_type,
            data,
        })
    }

    /// The constant, floats of any width as `f32`.
    ///
    /// # Errors
    /// When the data have another length than shape and type say, or an integer is out of its type's range.
    pub fn read(&self) -> Result<Tensor, ProtoError> {
        let count = self.shape.iter().product::<usize>();
        let length = |expected: usize, actual: usize| {
            let tensor = self.name.to_string();
            if expected == actual {
                Ok(())
            } else {
                Err(ProtoError::TensorLength {
                    tensor,
                    expected,
                    actual,
                })
            }
        };
        let typed = self.data.typed_count();
        let elements = if let Some(raw) = self.data.raw {
            length(0, typed)?;
            length(count.saturating_mul(self.data_type.bytes()), raw.len())?;
            raw_elements(self.data_type, raw)
        } else {
            let (elements, found) = self.data.typed_elements(self.data_type);
            length(count, found)?;
            // Data in the list of another type would otherwise go unnoticed.
            length(found, typed)?;
            elements
        };
        let tensor = Tensor::new(self.data_type.element_type(), self.shape.clone(), elements);
        tensor.ok_or_else(|| ProtoError::TensorRange {
            tensor: self.name.to_string(),
        })
    }
}

/// The dimensions as sizes whose product fits `usize` even in bytes.
fn shape(dimensions: &[i64]) -> Option<Vec<usize>> {
    let sizes: Option<Vec<usize>> = dimensions
        .iter()
        .map(|&dim| usize::try_from(dim).ok())
        .collect();
    let sizes = sizes.filter(|sizes| sizes.len() <= MAX_RANK)?;
    // Zero sizes must not hide an overflow of the others.
    sizes
        .iter()
        .try_fold(8usize, |product, &size| product.checked_mul(size.max(1)))?;
    Some(sizes)
}

impl<'a> Data<'a> {
    fn read(&mut self, field: &Field<'a>) -> Result<(), ProtoError> {
        match field.number {
            4 => field.floats(&mut self.floats),
            5 => field.integers(&mut self.ints32),
            7 => field.integers(&mut self.ints64),
            9 if self.raw.is_some() => Err(ProtoError::Repeated {
                message: TENSOR,
                field: "raw_data",
            }),
            9 => {
                self.raw = Some(field.bytes()?);
                Ok(())
            }
            10 => field.doubles(&mut self.doubles),
            11 => field.integers(&mut self.uints64),
            _ => field.unknown(),
        }
    }

    fn typed_count(&self) -> usize {
        let ints = self.ints32.len() + self.ints64.len() + self.uints64.len();
        self.floats.len() + self.doubles.len() + ints
    }

    fn typed_elements(&self, data_type: DataType) -> (Elements, usize) {
        let elements = match data_type {
            DataType::Float32 => Elements::Floats(self.floats.clone()),
            DataType::Float64 => Elements::Floats(self.doubles.iter().map(|&x| x as f32).collect()),
            // The schema stores the 16 bits of a half in the low bits of an int32.
            DataType::Float16 => {
                Elements::Floats(self.ints32.iter().map(|&x| half_to_f32(x as u16)).collect())
            }
            DataType::Int64 => Elements::Ints(self.ints64.clone()),
            DataType::Uint32 | DataType::Uint64 => Elements::Ints(self.uints64.clone()),
            DataType::Bool => {
                Elements::Ints(self.ints32.iter().map(|&b| i64::from(b != 0)).collect())
            }
            DataType::Int32
            | DataType::Int16
            | DataType::Int8
            | DataType::Uint16
            | DataType::Uint8 => Elements::Ints(self.ints32.clone()),
        };
        let count = match &elements {
            Elements::Floats(values) => values.len(),
            Elements::Ints(values) => values.len(),
        };
        (elements, count)
    }
}

fn raw_elements(data_type: DataType, raw: &[u8]) -> Elements {
    fn floats<const N: usize>(raw: &[u8], read: impl Fn([u8; N]) -> f32) -> Elements {
        Elements::Floats(raw.as_chunks().0.iter().map(|b| read(*b)).collect())
    }
    fn ints<const N: usize>(raw: &[u8], read: impl Fn([u8; N]) -> i64) -> Elements {
        Elements::Ints(raw.as_chunks().0.iter().map(|b| read(*b)).collect())
    }
    match data_type {
        DataType::Float32 => floats(raw, f32::from_le_bytes),
        DataType::Float64 => floats(raw, |b| f64::from_le_bytes(b) as f32),
        DataType::Float16 => floats(raw, |b| half_to_f32(u16::from_le_bytes(b))),
        DataType::Int64 => ints(raw, i64::from_le_bytes),
        DataType::Int32 => ints(raw, |b| i32::from_le_bytes(b).into()),
        DataType::Int16 => ints(raw, |b| i16::from_le_bytes(b).into()),
        DataType::Int8 => ints(raw, |b| i8::from_le_bytes(b).into()),
        // Out of range, and so refused, where it does not fit.
        DataType::Uint64 => ints(raw, i64::from_le_bytes),
        DataType::Uint32 => ints(raw, |b| u32::from_le_bytes(b).into()),
        DataType::Uint16 => ints(raw, |b| u16::from_le_bytes(b).into()),
        DataType::Uint8 => ints(raw, |[b]: [u8; 1]| b.into()),
        DataType::Bool => ints(raw, |[b]: [u8; 1]| i64::from(b != 0)),
    }
}

/// The value of an IEEE half-precision number: exact, every half is an `f32`.
fn half_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10) & 0x1f;
    let fraction = u32::from(bits) & 0x3ff;
    match exponent {
        0 => f32::from_bits(sign | 0x3f80_0000) * (fraction as f32) * f32::from_bits(0x3380_0000),
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_exact() {
        assert_eq!(half_to_f32(0x3c00), 1.0);
        assert_eq!(half_to_f32(0xc000), -2.0);
        assert_eq!(half_to_f32(0x7bff), 65504.0);
        assert_eq!(half_to_f32(0x0001), 5.960_464_5e-8);
        assert_eq!(half_to_f32(0x8000).to_bits(), (-0.0f32).to_bits());
        assert_eq!(half_to_f32(0xfc00), f32::NEG_INFINITY);
        assert!(half_to_f32(0x7e00).is_nan());
    }

    #[test]
    fn dimensions_that_overflow_are_refused() {
        assert_eq!(shape(&[2, 3]), Some([2, 3].to_vec()));
        assert_eq!(shape(&[-1]), None);
        assert_eq!(shape(&[0, i64::MAX, 2]), None);
        assert_eq!(shape(&[1; 9]), None);
    }
}
