//! JSON data: an object of nested arrays of numbers, read straight into flat arrays.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{Array, DataError};

/// Why reading stopped, when it was not for the syntax: serde's own errors carry text only.
type Reason = RefCell<Option<DataError>>;

pub(super) fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Array>, DataError> {
    let reason = Reason::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let arrays = Object(&reason)
        .deserialize(&mut reader)
        .and_then(|arrays| reader.end().map(|()| arrays));
    arrays.map_err(|error| {
        let syntax = DataError::Json {
            line: error.line(),
            column: error.column(),
        };
        reason.take().unwrap_or(syntax)
    })
}

/// Notes the reason and makes serde stop.
fn stop<T, E: Error>(reason: &Reason, error: DataError) -> Result<T, E> {
    reason.replace(Some(error));
    Err(E::custom(""))
}

struct Object<'r>(&'r Reason);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = BTreeMap<String, Array>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = BTreeMap<String, Array>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of nested arrays of numbers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut arrays = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if arrays.contains_key(&name) {
                return stop(self.0, DataError::Duplicate { array: name });
            }
            let mut flat = Flat::default();
            map.next_value_seed(Nested {
                reason: self.0,
                name: &name,
                flat: &mut flat,
                depth: 0,
            })?;
            let shape = flat.shape.into_iter().flatten().collect();
            arrays.insert(
                name,
                Array {
                    shape,
                    values: flat.values,
                },
            );
        }
        Ok(arrays)
    }
}

/// An array under construction.
#[derive(Default)]
struct Flat {
    values: Vec<f32>,
    /// Length of each axis; open until its first list ends.
    shape: Vec<Option<usize>>,
    /// Depth at which the numbers are, known from the first one on.
    leaf_depth: Option<usize>,
}

impl Flat {
    fn number(&mut self, depth: usize, value: f64) -> bool {
        self.values.push(value as f32);
        *self.leaf_depth.get_or_insert(depth) == depth && self.shape.len() == depth
    }

    fn open(&mut self, depth: usize) -> bool {
        if self.shape.len() == depth {
            self.shape.push(None);
        }
        self.leaf_depth.is_none_or(|leaf| depth < leaf)
    }

    fn close(&mut self, depth: usize, length: usize) -> bool {
        self.shape
            .get_mut(depth)
            .is_some_and(|axis| *axis.get_or_insert(length) == length)
    }
}

/// A number or a list, at some depth of one array.
struct Nested<'r> {
    reason: &'r Reason,
    name: &'r str,
    flat: &'r mut Flat,
    depth: usize,
}

impl Nested<'_> {
    fn ragged<T, E: Error>(&self) -> Result<T, E> {
        stop(
            self.reason,
            DataError::Ragged {
                array: String::from(self.name),
            },
        )
    }

    fn not_a_number<T, E: Error>(&self) -> Result<T, E> {
        stop(
            self.reason,
            DataError::NotANumber {
                array: String::from(self.name),
            },
        )
    }

    fn number<E: Error>(self, value: f64) -> Result<(), E> {
        if self.flat.number(self.depth, value) {
            Ok(())
        } else {
            self.ragged()
        }
    }
}

impl<'de> DeserializeSeed<'de> for Nested<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a list")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.number(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.number(value as f64)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.number(value as f64)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.not_a_number()
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.not_a_number()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.not_a_number()
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.not_a_number()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self {
            reason,
            name,
            flat,
            depth,
        } = self;
        if !flat.open(depth) {
            return Nested {
                reason,
                name,
                flat,
                depth,
            }
            .ragged();
        }
        let mut length = 0;
        while list
            .next_element_seed(Nested {
                reason,
                name,
                flat: &mut *flat,
                depth: depth + 1,
            })?
            .is_some()
        {
            length += 1;
        }
        if flat.close(depth, length) {
            Ok(())
        } else {
            Nested {
                reason,
                name,
                flat,
                depth,
            }
            .ragged()
        }
    }
}
