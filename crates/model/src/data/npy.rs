//! NumPy's `.npy` format, versions 1 to 3: a Python dictionary in text, then the raw elements.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Array, DataError};

const MAGIC: &[u8] = b"\x93NUMPY";
const MAX_RANK: usize = 16;

/// The three entries of the header.
struct Header<'a> {
    dtype: &'a str,
    fortran_order: bool,
    shape: Vec<usize>,
}

/// Reads the array `name`.
pub(super) fn parse(name: &str, bytes: &[u8]) -> Result<Array, DataError> {
    let array = || String::from(name);
    let (text, data) = split(bytes).ok_or_else(|| DataError::Header { array: array() })?;
    let header = header(text).ok_or_else(|| DataError::Header { array: array() })?;
    let unsupported = || DataError::ElementType {
        array: array(),
        dtype: header.dtype.to_string(),
    };
    let (width, read) = reader(header.dtype).ok_or_else(unsupported)?;
    // One axis or none is the same in both orders.
    if header.fortran_order && header.shape.len() > 1 {
        return Err(DataError::FortranOrder { array: array() });
    }
    let expected = header
        .shape
        .iter()
        .try_fold(width, |product, &size| product.checked_mul(size));
    if expected != Some(data.len()) {
        return Err(DataError::Length {
            array: array(),
            shape: header.shape,
            expected,
            actual: data.len(),
        });
    }
    Ok(Array {
        shape: header.shape,
        values: data.chunks_exact(width).map(read).collect(),
    })
}

/// The header's text and the elements.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (&[major, _minor], rest) = rest.split_first_chunk::<2>()?;
    let (length, rest) = match major {
        1 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            (usize::try_from(u32::from_le_bytes(*length)).ok()?, rest)
        }
        _ => return None,
    };
    let (text, data) = rest.split_at_checked(length)?;
    Some((core::str::from_utf8(text).ok()?, data))
}

/// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, the entries in any order.
fn header(text: &str) -> Option<Header<'_>> {
    let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    let (mut dtype, mut fortran_order, mut shape) = (None, None, None);
    while !rest.is_empty() {
        let (key, tail) = quoted(rest)?;
        let tail = tail.trim_start().strip_prefix(':')?.trim_start();
        let tail = match key {
            "descr" if dtype.is_none() => {
                let (value, tail) = quoted(tail)?;
                dtype = Some(value);
                tail
            }
            "fortran_order" if fortran_order.is_none() => {
                let value = tail.starts_with("True");
                fortran_order = Some(value);
                tail.strip_prefix(if value { "True" } else { "False" })?
            }
            "shape" if shape.is_none() => {
                let (value, tail) = tail.strip_prefix('(')?.split_once(')')?;
                shape = Some(sizes(value)?);
                tail
            }
            _ => return None,
        };
        let tail = tail.trim_start();
        rest = tail
            .strip_prefix(',')
            .or(tail.is_empty().then_some(""))?
            .trim_start();
    }
    Some(Header {
        dtype: dtype?,
        fortran_order: fortran_order?,
        shape: shape?,
    })
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text
        .chars()
        .next()
        .filter(|quote| matches!(quote, '\'' | '"'))?;
    text.get(1..)?.split_once(quote)
}

fn sizes(text: &str) -> Option<Vec<usize>> {
    let text = text.trim();
    // A tuple of one is written with a comma behind it.
    let text = text.strip_suffix(',').unwrap_or(text);
    if text.is_empty() {
        return Some(Vec::new());
    }
    let sizes: Vec<usize> = text
        .split(',')
        .map(|size| size.trim().parse().ok())
        .collect::<Option<_>>()?;
    (sizes.len() <= MAX_RANK).then_some(sizes)
}

/// Reads one element; it is only ever called with as many bytes as an element has.
type Reader = fn(&[u8]) -> f32;

/// Bytes of an element and how to read one.
fn reader(dtype: &str) -> Option<(usize, Reader)> {
    fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
        bytes.try_into().unwrap_or([0; N])
    }
    Some(match dtype {
        "<f4" => (4, |b| f32::from_le_bytes(fixed(b))),
        "<f8" => (8, |b| f64::from_le_bytes(fixed(b)) as f32),
        "<i8" => (8, |b| i64::from_le_bytes(fixed(b)) as f32),
        "<u8" => (8, |b| u64::from_le_bytes(fixed(b)) as f32),
        "<i4" => (4, |b| i32::from_le_bytes(fixed(b)) as f32),
        "<u4" => (4, |b| u32::from_le_bytes(fixed(b)) as f32),
        "<i2" => (2, |b| f32::from(i16::from_le_bytes(fixed(b)))),
        "<u2" => (2, |b| f32::from(u16::from_le_bytes(fixed(b)))),
        "|i1" => (1, |b| f32::from(i8::from_le_bytes(fixed(b)))),
        "|u1" => (1, |b| f32::from(u8::from_le_bytes(fixed(b)))),
        "|b1" => (1, |b| f32::from(u8::from(fixed::<1>(b) != [0]))),
        _ => return None,
    })
}
