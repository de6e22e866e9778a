//! Tensors: constants of a graph and values of the interpreter.

use alloc::vec;
use alloc::vec::Vec;

/// An element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// IEEE single precision. Constants of double and half precision are read as this one.
    Float32,
    /// Signed, 64 bits.
    Int64,
    /// Signed, 32 bits.
    Int32,
    /// Signed, 16 bits.
    Int16,
    /// Signed, 8 bits.
    Int8,
    /// Unsigned, 64 bits. Values from `2^63` on are not supported.
    Uint64,
    /// Unsigned, 32 bits.
    Uint32,
    /// Unsigned, 16 bits.
    Uint16,
    /// Unsigned, 8 bits.
    Uint8,
    /// 0 or 1.
    Bool,
}

/// The elements of a tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// Of [`ElementType::Float32`].
    Floats(Vec<f32>),
    /// Of every other type.
    Ints(Vec<i64>),
}

/// A tensor. It has as many elements as its shape says, and integers are within their type's range.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    element_type: ElementType,
    shape: Vec<usize>,
    elements: Elements,
}

impl ElementType {
    /// The smallest and the largest integer, `None` for floats.
    #[must_use]
    pub fn range(self) -> Option<(i64, i64)> {
        Some(match self {
            Self::Float32 => return None,
            Self::Int64 => (i64::MIN, i64::MAX),
            Self::Int32 => (i32::MIN.into(), i32::MAX.into()),
            Self::Int16 => (i16::MIN.into(), i16::MAX.into()),
            Self::Int8 => (i8::MIN.into(), i8::MAX.into()),
            Self::Uint64 => (0, i64::MAX),
            Self::Uint32 => (0, u32::MAX.into()),
            Self::Uint16 => (0, u16::MAX.into()),
            Self::Uint8 => (0, u8::MAX.into()),
            Self::Bool => (0, 1),
        })
    }

    /// Whether these are 32-bit floats.
    #[must_use]
    pub fn is_float(self) -> bool {
        self == Self::Float32
    }
}

impl Tensor {
    /// A tensor of these elements, `None` when their number is not the shape's or one is out of the type's range.
    #[must_use]
    pub fn new(element_type: ElementType, shape: Vec<usize>, elements: Elements) -> Option<Self> {
        let count = shape
            .iter()
            .try_fold(1usize, |product, &size| product.checked_mul(size))?;
        let fits = match (&elements, element_type.range()) {
            (Elements::Floats(values), None) => values.len() == count,
            (Elements::Ints(values), Some((least, most))) => {
                values.len() == count && values.iter().all(|x| (least..=most).contains(x))
            }
            _ => false,
        };
        fits.then_some(Self {
            element_type,
            shape,
            elements,
        })
    }

    /// A tensor of floats, `None` when their number is not the shape's.
    #[must_use]
    pub fn floats(shape: Vec<usize>, values: Vec<f32>) -> Option<Self> {
        Self::new(ElementType::Float32, shape, Elements::Floats(values))
    }

    /// A list of 64-bit integers.
    #[must_use]
    pub fn list(values: Vec<i64>) -> Self {
        Self {
            element_type: ElementType::Int64,
            shape: vec![values.len()],
            elements: Elements::Ints(values),
        }
    }

    /// A single float.
    #[must_use]
    pub fn float(value: f32) -> Self {
        Self {
            element_type: ElementType::Float32,
            shape: vec![],
            elements: Elements::Floats(vec![value]),
        }
    }

    /// A single 64-bit integer.
    #[must_use]
    pub fn int(value: i64) -> Self {
        Self {
            shape: vec![],
            ..Self::list(vec![value])
        }
    }

    /// Its element type.
    #[must_use]
    pub fn element_type(&self) -> ElementType {
        self.element_type
    }

    /// Its shape.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its elements.
    #[must_use]
    pub fn elements(&self) -> &Elements {
        &self.elements
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.elements {
            Elements::Floats(values) => values.len(),
            Elements::Ints(values) => values.len(),
        }
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements when they are floats.
    #[must_use]
    pub fn as_floats(&self) -> Option<&[f32]> {
        match &self.elements {
            Elements::Floats(values) => Some(values),
            Elements::Ints(_) => None,
        }
    }

    /// The elements when they are integers or booleans.
    #[must_use]
    pub fn as_ints(&self) -> Option<&[i64]> {
        match &self.elements {
            Elements::Floats(_) => None,
            Elements::Ints(values) => Some(values),
        }
    }

    /// The elements of a tensor of floats, taken out.
    #[must_use]
    pub fn into_floats(self) -> Option<Vec<f32>> {
        match self.elements {
            Elements::Floats(values) => Some(values),
            Elements::Ints(_) => None,
        }
    }

    /// Whether no element is infinite or NaN.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.as_floats()
            .is_none_or(|values| values.iter().all(|value| value.is_finite()))
    }

    /// The same elements with another shape, `None` when that has another number of elements.
    #[must_use]
    pub fn reshaped(&self, shape: Vec<usize>) -> Option<Self> {
        Self::new(self.element_type, shape, self.elements.clone())
    }

    /// A tensor of this one's type with the elements at these flat indices, `None` when one is out of range or their number is not the
    /// shape's.
    #[must_use]
    pub fn gather(&self, shape: Vec<usize>, indices: &[usize]) -> Option<Self> {
        let elements = match &self.elements {
            Elements::Floats(values) => Elements::Floats(pick(values, indices)?),
            Elements::Ints(values) => Elements::Ints(pick(values, indices)?),
        };
        Self::new(self.element_type, shape, elements)
    }
}

fn pick<T: Copy>(values: &[T], indices: &[usize]) -> Option<Vec<T>> {
    indices.iter().map(|&i| values.get(i).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_is_what_its_shape_and_type_say() {
        assert!(Tensor::floats(vec![2, 2], vec![0.0; 4]).is_some());
        assert!(Tensor::floats(vec![2, 2], vec![0.0; 3]).is_none());
        let bytes = |values: Vec<i64>| {
            Tensor::new(
                ElementType::Uint8,
                vec![values.len()],
                Elements::Ints(values),
            )
        };
        assert!(bytes(vec![0, 255]).is_some());
        assert!(bytes(vec![256]).is_none());
        assert!(bytes(vec![-1]).is_none());
        assert!(Tensor::new(ElementType::Float32, vec![], Elements::Ints(vec![0])).is_none());
        assert!(Tensor::floats(vec![usize::MAX, 2], vec![]).is_none());
        assert!(!Tensor::float(f32::NAN).is_finite());
    }

    #[test]
    fn gathering_keeps_the_type() {
        let list = Tensor::list(vec![5, 6, 7]);
        assert_eq!(
            list.gather(vec![2], &[2, 0]),
            Some(Tensor::list(vec![7, 5]))
        );
        assert_eq!(list.gather(vec![1], &[3]), None);
        assert_eq!(list.reshaped(vec![2]), None);
    }
}
