//! `TensorProto`: a constant with its data inside the file.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::ProtoError;
use super::wire::{Field, Fields};

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
    /// Booleans, one byte each.
    Bool,
}

impl DataType {
    /// The type with this code in `TensorProto.DataType`.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Some(match code {
            1 => Self::Float32,
            6 => Self::Int32,
            7 => Self::Int64,
            9 => Self::Bool,
            10 => Self::Float16,
            11 => Self::Float64,
            _ => return None,
        })
    }

    /// Bytes of one element in raw data.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::Float64 | Self::Int64 => 8,
            Self::Float32 | Self::Int32 => 4,
            Self::Float16 => 2,
            Self::Bool => 1,
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
    /// `int32_data`, which also carries booleans and half-precision bits.
    ints32: Vec<i64>,
    ints64: Vec<i64>,
}

/// The elements of a constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Elements {
    Floats(Vec<f32>),
    Ints(Vec<i64>),
}

impl<'a> TensorProto<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ProtoError> {
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
                11 => refused = Some("uint64_data"),
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

    /// The elements, floats of any width as `f32` and integers as `i64`.
    pub(crate) fn elements(&self) -> Result<Elements, ProtoError> {
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
        if let Some(raw) = self.data.raw {
            let typed = self.data.typed_count();
            length(0, typed)?;
            length(count.saturating_mul(self.data_type.bytes()), raw.len())?;
            return Ok(raw_elements(self.data_type, raw));
        }
        let (elements, found) = self.data.typed_elements(self.data_type);
        length(count, found)?;
        // Data in the list of another type would otherwise go unnoticed.
        length(found, self.data.typed_count())?;
        Ok(elements)
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
            _ => field.unknown(),
        }
    }

    fn typed_count(&self) -> usize {
        self.floats.len() + self.doubles.len() + self.ints32.len() + self.ints64.len()
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
            DataType::Int32 | DataType::Bool => Elements::Ints(self.ints32.clone()),
        };
        let count = match &elements {
            Elements::Floats(values) => values.len(),
            Elements::Ints(values) => values.len(),
        };
        (elements, count)
    }
}

fn raw_elements(data_type: DataType, raw: &[u8]) -> Elements {
    match data_type {
        DataType::Float32 => Elements::Floats(
            raw.as_chunks()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .collect(),
        ),
        DataType::Float64 => Elements::Floats(
            raw.as_chunks()
                .0
                .iter()
                .map(|b| f64::from_le_bytes(*b) as f32)
                .collect(),
        ),
        DataType::Float16 => Elements::Floats(
            raw.as_chunks()
                .0
                .iter()
                .map(|b| half_to_f32(u16::from_le_bytes(*b)))
                .collect(),
        ),
        DataType::Int64 => Elements::Ints(
            raw.as_chunks()
                .0
                .iter()
                .map(|b| i64::from_le_bytes(*b))
                .collect(),
        ),
        DataType::Int32 => Elements::Ints(
            raw.as_chunks()
                .0
                .iter()
                .map(|b| i64::from(i32::from_le_bytes(*b)))
                .collect(),
        ),
        DataType::Bool => Elements::Ints(raw.iter().map(|&b| i64::from(b != 0)).collect()),
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
