//! Data files: inputs, calibration samples and labels, as NumPy's `.npz` or as JSON.
//!
//! A file holds one array per graph input under the input's name. Calibration data have a leading sample axis and may have an
//! array `labels` with one class index per sample.

mod crc32;
mod error;
mod json;
mod npy;
mod zip;

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub use error::DataError;

/// Name of the array of class indices.
pub const LABELS: &str = "labels";

/// The arrays of a data file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DataFile {
    /// Arrays by name.
    pub arrays: BTreeMap<String, Array>,
}

/// A row-major array of finite numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Its shape; empty for a single number.
    pub shape: Vec<usize>,
    /// Its elements, of whatever numeric type the file has, as `f32`.
    pub values: Vec<f32>,
}

impl DataFile {
    /// Reads a `.npz` file (it begins with `PK`) or else a JSON object of nested arrays.
    ///
    /// Memory stays within a small multiple of the file, for compressed `.npz` members within 256 times.
    ///
    /// # Errors
    /// A [`DataError`] that names the array and says what to do.
    pub fn parse(bytes: &[u8]) -> Result<Self, DataError> {
        let arrays = if bytes.starts_with(b"PK") {
            parse_npz(bytes)?
        } else {
            json::parse(bytes)?
        };
        for (name, array) in &arrays {
            if let Some(index) = array.values.iter().position(|value| !value.is_finite()) {
                return Err(DataError::NotFinite {
                    array: name.clone(),
                    index,
                });
            }
        }
        Ok(Self { arrays })
    }

    /// The samples for the input `name` of shape `shape`: the array must have that shape, or that shape without its batch axis
    /// of 1, behind a leading sample axis.
    ///
    /// # Errors
    /// When the array is missing, its shape does not fit, or it holds no sample.
    pub fn samples(&self, name: &str, shape: &[usize]) -> Result<Vec<Vec<f32>>, DataError> {
        let array = self.array(name)?;
        let fits = array
            .shape
            .split_first()
            .filter(|(_, rest)| *rest == shape || *rest == without_batch(shape));
        let (&count, _) = fits.ok_or_else(|| DataError::SampleShape {
            array: name.to_string(),
            expected: without_batch(shape).to_vec(),
            actual: array.shape.clone(),
        })?;
        if count == 0 {
            return Err(DataError::NoSamples {
                array: name.to_string(),
            });
        }
        let channels = shape.iter().product::<usize>().max(1);
        Ok(array.values.chunks(channels).map(<[f32]>::to_vec).collect())
    }

    /// The samples of several inputs, each by name and shape as in [`Self::samples`]: for each sample one array per input.
    ///
    /// # Errors
    /// Also when the arrays hold different numbers of samples.
    pub fn samples_of(&self, inputs: &[(&str, &[usize])]) -> Result<Vec<Vec<Vec<f32>>>, DataError> {
        let mut samples: Vec<Vec<Vec<f32>>> = Vec::new();
        for (index, (name, shape)) in inputs.iter().enumerate() {
            let own = self.samples(name, shape)?;
            if index == 0 {
                samples.resize(own.len(), Vec::new());
            }
            if own.len() != samples.len() {
                return Err(DataError::SampleCount {
                    array: (*name).to_string(),
                    expected: samples.len(),
                    actual: own.len(),
                });
            }
            for (sample, values) in samples.iter_mut().zip(own) {
                sample.push(values);
            }
        }
        Ok(samples)
    }

    /// The one input `name` of shape `shape`: the array must have exactly that shape, that shape without its batch axis of 1, or
    /// that shape behind one more axis of 1.
    ///
    /// # Errors
    /// When the array is missing or its shape does not fit.
    pub fn single(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, DataError> {
        let array = self.array(name)?;
        let wrapped = array
            .shape
            .split_first()
            .is_some_and(|(&first, rest)| first == 1 && rest == shape);
        if array.shape == shape || array.shape == without_batch(shape) || wrapped {
            return Ok(array.values.clone());
        }
        Err(DataError::InputShape {
            array: name.to_string(),
            expected: shape.to_vec(),
            actual: array.shape.clone(),
        })
    }

    /// The class indices, if the file has any: one whole number below `classes` for each of `samples` samples.
    ///
    /// # Errors
    /// When there is not one label per sample, or a label is no class index.
    pub fn labels(&self, samples: usize, classes: usize) -> Result<Option<Vec<usize>>, DataError> {
        let Some(array) = self.arrays.get(LABELS) else {
            return Ok(None);
        };
        if !matches!(*array.shape.as_slice(), [count] | [count, 1] if count == samples) {
            return Err(DataError::LabelShape {
                expected: samples,
                actual: array.shape.clone(),
            });
        }
        let label = |(index, &value): (usize, &f32)| {
            // The cast is exact for the whole numbers that pass the comparison.
            let class = value as usize;
            let valid = class < classes && class as f32 == value;
            valid.then_some(class).ok_or(DataError::Label {
                index,
                value,
                classes,
            })
        };
        array
            .values
            .iter()
            .enumerate()
            .map(label)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn array(&self, name: &str) -> Result<&Array, DataError> {
        let missing = || DataError::MissingArray {
            array: name.to_string(),
            found: self.arrays.keys().cloned().collect(),
        };
        self.arrays.get(name).ok_or_else(missing)
    }
}

fn without_batch(shape: &[usize]) -> &[usize] {
    match shape {
        [1, rest @ ..] => rest,
        other => other,
    }
}

fn parse_npz(bytes: &[u8]) -> Result<BTreeMap<String, Array>, DataError> {
    let mut arrays = BTreeMap::new();
    for member in zip::members(bytes)? {
        let Some(name) = member.name.strip_suffix(".npy") else {
            return Err(DataError::NotAnArray {
                member: member.name.to_string(),
            });
        };
        let array = npy::parse(name, &member.contents(bytes)?)?;
        if arrays.insert(name.to_string(), array).is_some() {
            return Err(DataError::Duplicate {
                array: name.to_string(),
            });
        }
    }
    Ok(arrays)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
