//! The graph's inputs: floats of static shape, integers that choose rows of constants, or bound to a constant.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{ImportError, ImportOptions, MAX_ELEMENTS, MAX_RANK};
use crate::graph::{ElementType, elements};
use crate::onnx::{DataType, Dimension, Graph, ValueInfo};

/// The inputs that are no initializers; old exporters list those among the inputs.
pub(super) fn data_inputs<'g, 'a>(graph: &'g Graph<'a>) -> Vec<&'g ValueInfo<'a>> {
    let mut constants: Vec<&str> = graph
        .initializers
        .iter()
        .map(|tensor| tensor.name)
        .collect();
    constants.sort_unstable();
    graph
        .inputs
        .iter()
        .filter(|input| constants.binary_search(&input.name).is_err())
        .collect()
}

/// The element type of an input.
pub(super) fn input_type(info: &ValueInfo<'_>) -> Result<ElementType, ImportError> {
    match DataType::from_code(info.element_type) {
        Some(DataType::Float32) => Ok(ElementType::Float32),
        Some(DataType::Int32) => Ok(ElementType::Int32),
        Some(DataType::Int64) => Ok(ElementType::Int64),
        _ => Err(ImportError::InputType {
            tensor: info.name.to_string(),
            code: info.element_type,
        }),
    }
}

/// The shape of an input, and whether its batch axis was open.
pub(super) fn input(
    info: &ValueInfo<'_>,
    options: &ImportOptions,
) -> Result<(Vec<usize>, bool), ImportError> {
    let tensor = || info.name.to_string();
    let (shape, dynamic_batch) = shape(info, options)?;
    let fits = elements(&shape).is_some_and(|count| (1..=MAX_ELEMENTS).contains(&count));
    if fits && shape.len() <= MAX_RANK {
        return Ok((shape, dynamic_batch));
    }
    Err(ImportError::TensorSize {
        tensor: tensor(),
        shape,
        limit: MAX_ELEMENTS,
    })
}

/// The input's shape with an open batch axis taken as 1, and whether it was open.
fn shape(info: &ValueInfo<'_>, options: &ImportOptions) -> Result<(Vec<usize>, bool), ImportError> {
    let tensor = || info.name.to_string();
    let dimensions = info
        .shape
        .as_ref()
        .ok_or_else(|| ImportError::InputShape { tensor: tensor() })?;
    let mut dynamic_batch = false;
    let mut shape = Vec::with_capacity(dimensions.len());
    for (axis, dimension) in dimensions.iter().enumerate() {
        let size = match dimension {
            Dimension::Value(value) => usize::try_from(*value).ok().filter(|&size| size > 0),
            Dimension::Parameter(name) => options.dimensions.get(*name).copied(),
            Dimension::Unknown => None,
        };
        match size {
            Some(size) => shape.push(size),
            None if axis == 0 && dimensions.len() > 1 => {
                dynamic_batch = true;
                shape.push(1);
            }
            None => {
                let dimension = describe(*dimension);
                return Err(ImportError::DynamicDimension {
                    tensor: tensor(),
                    axis,
                    dimension,
                });
            }
        }
    }
    Ok((shape, dynamic_batch))
}

fn describe(dimension: Dimension<'_>) -> String {
    match dimension {
        Dimension::Value(value) => value.to_string(),
        Dimension::Parameter(name) => name.to_string(),
        Dimension::Unknown => String::from("unknown"),
    }
}
