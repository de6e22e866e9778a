//! The protobuf wire format: a message is a sequence of numbered fields.

use alloc::vec::Vec;

use super::ProtoError;

/// One field's value as the wire carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) message: &'static str,
    pub(super) number: u32,
    pub(super) value: Wire<'a>,
}

/// Iterates over the fields of a message.
pub(super) struct Fields<'a> {
    message: &'static str,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'static str, bytes: &'a [u8]) -> Self {
        Self {
            message,
            rest: bytes,
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ProtoError> {
        let (head, tail) = self
            .rest
            .split_at_checked(length)
            .ok_or(ProtoError::Truncated {
                message: self.message,
            })?;
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ProtoError> {
        let message = self.message;
        self.take(N)?
            .try_into()
            .map_err(|_| ProtoError::Truncated { message })
    }

    fn field(&mut self) -> Result<Field<'a>, ProtoError> {
        let message = self.message;
        let key = varint(message, &mut self.rest)?;
        let number = u32::try_from(key >> 3)
            .ok()
            .filter(|number| (1..1 << 29).contains(number));
        let number = number.ok_or(ProtoError::Varint { message })?;
        let value = match key & 7 {
            0 => Wire::Varint(varint(message, &mut self.rest)?),
            1 => Wire::Fixed64(self.array()?),
            2 => {
                let length = usize::try_from(varint(message, &mut self.rest)?);
                Wire::Bytes(self.take(length.map_err(|_| ProtoError::Truncated { message })?)?)
            }
            5 => Wire::Fixed32(self.array()?),
            // Groups (3 and 4) are not in the ONNX schema, 6 and 7 do not exist; the mask keeps the value below 8.
            other => {
                return Err(ProtoError::WireType {
                    message,
                    field: number,
                    wire_type: other as u8,
                });
            }
        };
        Ok(Field {
            message,
            number,
            value,
        })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, ProtoError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            // What follows a malformed field means nothing.
            self.rest = &[];
        }
        Some(field)
    }
}

fn varint(message: &'static str, rest: &mut &[u8]) -> Result<u64, ProtoError> {
    let mut value = 0u64;
    for index in 0..10u32 {
        let (&byte, tail) = rest
            .split_first()
            .ok_or(ProtoError::Truncated { message })?;
        *rest = tail;
        // The tenth byte has room for the top bit only.
        if index == 9 && byte > 1 {
            break;
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(ProtoError::Varint { message })
}

impl<'a> Field<'a> {
    fn wrong_type<T>(&self) -> Result<T, ProtoError> {
        let wire_type = match self.value {
            Wire::Varint(_) => 0,
            Wire::Fixed64(_) => 1,
            Wire::Bytes(_) => 2,
            Wire::Fixed32(_) => 5,
        };
        Err(ProtoError::WireType {
            message: self.message,
            field: self.number,
            wire_type,
        })
    }

    /// A field this reader does not know.
    pub(super) fn unknown<T>(&self) -> Result<T, ProtoError> {
        Err(ProtoError::UnknownField {
            message: self.message,
            field: self.number,
        })
    }

    pub(super) fn bytes(&self) -> Result<&'a [u8], ProtoError> {
        match self.value {
            Wire::Bytes(bytes) => Ok(bytes),
            _ => self.wrong_type(),
        }
    }

    pub(super) fn text(&self) -> Result<&'a str, ProtoError> {
        core::str::from_utf8(self.bytes()?).map_err(|_| ProtoError::Utf8 {
            message: self.message,
            field: self.number,
        })
    }

    pub(super) fn integer(&self) -> Result<i64, ProtoError> {
        match self.value {
            // Protobuf writes negative integers as their two's complement.
            Wire::Varint(value) => Ok(value.cast_signed()),
            _ => self.wrong_type(),
        }
    }

    pub(super) fn float(&self) -> Result<f32, ProtoError> {
        match self.value {
            Wire::Fixed32(bytes) => Ok(f32::from_le_bytes(bytes)),
            _ => self.wrong_type(),
        }
    }

    /// Appends a repeated integer, packed or not.
    pub(super) fn integers(&self, into: &mut Vec<i64>) -> Result<(), ProtoError> {
        match self.value {
            Wire::Varint(value) => into.push(value.cast_signed()),
            Wire::Bytes(mut rest) => {
                while !rest.is_empty() {
                    into.push(varint(self.message, &mut rest)?.cast_signed());
                }
            }
            _ => return self.wrong_type(),
        }
        Ok(())
    }

    /// Appends a repeated 32-bit float, packed or not.
    pub(super) fn floats(&self, into: &mut Vec<f32>) -> Result<(), ProtoError> {
        match self.value {
            Wire::Fixed32(bytes) => into.push(f32::from_le_bytes(bytes)),
            Wire::Bytes(bytes) => {
                let (chunks, rest) = bytes.as_chunks::<4>();
                into.extend(chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)));
                return self.whole(rest);
            }
            _ => return self.wrong_type(),
        }
        Ok(())
    }

    /// Appends a repeated 64-bit float, packed or not.
    pub(super) fn doubles(&self, into: &mut Vec<f64>) -> Result<(), ProtoError> {
        match self.value {
            Wire::Fixed64(bytes) => into.push(f64::from_le_bytes(bytes)),
            Wire::Bytes(bytes) => {
                let (chunks, rest) = bytes.as_chunks::<8>();
                into.extend(chunks.iter().map(|chunk| f64::from_le_bytes(*chunk)));
                return self.whole(rest);
            }
            _ => return self.wrong_type(),
        }
        Ok(())
    }

    fn whole(&self, rest: &[u8]) -> Result<(), ProtoError> {
        if rest.is_empty() {
            Ok(())
        } else {
            Err(ProtoError::Truncated {
                message: self.message,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_up_to_64_bits() {
        let mut rest: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(varint("M", &mut rest), Ok(u64::MAX));
        let mut rest: &[u8] = &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(
            varint("M", &mut rest),
            Err(ProtoError::Varint { message: "M" })
        );
        let mut rest: &[u8] = &[0x80];
        assert_eq!(
            varint("M", &mut rest),
            Err(ProtoError::Truncated { message: "M" })
        );
    }

    #[test]
    fn a_malformed_field_ends_the_iteration() {
        let fields: Vec<_> = Fields::new("M", &[0x0b, 0x08, 0x01]).collect();
        assert_eq!(fields.len(), 1);
        assert!(matches!(
            fields[0],
            Err(ProtoError::WireType {
                field: 1,
                wire_type: 3,
                ..
            })
        ));
        assert!(matches!(
            Fields::new("M", &[0x00]).next(),
            Some(Err(ProtoError::Varint { .. }))
        ));
        assert!(matches!(
            Fields::new("M", &[0x0a, 0x02, 0x00]).next(),
            Some(Err(ProtoError::Truncated { .. }))
        ));
    }

    #[test]
    fn packed_and_unpacked_lists_are_the_same() {
        let mut list = Vec::new();
        for field in Fields::new("M", &[0x08, 0x01, 0x0a, 0x02, 0x02, 0x03]) {
            field.unwrap().integers(&mut list).unwrap();
        }
        assert_eq!(list, [1, 2, 3]);
        let field = Fields::new("M", &[0x0a, 0x03, 0, 0, 0])
            .next()
            .unwrap()
            .unwrap();
        assert_eq!(
            field.floats(&mut Vec::new()),
            Err(ProtoError::Truncated { message: "M" })
        );
        assert_eq!(
            field.integer(),
            Err(ProtoError::WireType {
                message: "M",
                field: 1,
                wire_type: 2
            })
        );
    }
}
