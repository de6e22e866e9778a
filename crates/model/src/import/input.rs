//! The graph's one data input.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{ImportError, MAX_CHANNELS, channels};
use crate::graph::TensorType;
use crate::onnx::{Dimension, Graph, ValueInfo};

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

/// The input tensor, and whether its batch axis was open.
pub(super) fn input(graph: &Graph<'_>) -> Result<(TensorType, bool), ImportError> {
    let inputs = data_inputs(graph);
    let [info] = inputs.as_slice() else {
        let names = inputs.iter().map(|input| input.name.to_string()).collect();
        return Err(ImportError::InputCount { names });
    };
    let name = info.name.to_string();
    if info.element_type != 1 {
        return Err(ImportError::InputType {
            tensor: name,
            code: info.element_type,
        });
    }
    let (shape, dynamic_batch) = shape(info)?;
    if let [batch, _, ..] = *shape.as_slice()
        && batch != 1
    {
        return Err(ImportError::Batch {
            tensor: name,
            shape,
            batch,
        });
    }
    match channels(&shape) {
        Some(channels) => Ok((
            TensorType {
                name,
                shape,
                channels,
            },
            dynamic_batch,
        )),
        None => Err(ImportError::TensorSize {
            tensor: name,
            shape,
            limit: MAX_CHANNELS,
        }),
    }
}

/// The input's shape with an open batch axis taken as 1, and whether it was open.
fn shape(info: &ValueInfo<'_>) -> Result<(Vec<usize>, bool), ImportError> {
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
            Dimension::Parameter(_) | Dimension::Unknown => None,
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
