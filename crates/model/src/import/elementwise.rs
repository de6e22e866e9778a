//! `Add`, `Sub`, `Mul` and `Div` of an activation and a constant: a factor and a term per channel.

use alloc::rc::Rc;
use alloc::vec::Vec;

use super::ImportError;
use super::arithmetic::{self, Arithmetic};
use super::channels;
use super::constant::{Constant, broadcast_indices, broadcast_shape};
use super::importer::{Activation, Importer, Value};
use super::node_view::NodeView;
use crate::graph::{Affine, Operation};

pub(super) fn add(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    binary(importer, node, Arithmetic::Add)
}

pub(super) fn sub(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    binary(importer, node, Arithmetic::Sub)
}

pub(super) fn mul(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    binary(importer, node, Arithmetic::Mul)
}

pub(super) fn div(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    binary(importer, node, Arithmetic::Div)
}

fn binary(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    arithmetic: Arithmetic,
) -> Result<Value, ImportError> {
    node.check(2..=2, &[])?;
    match (importer.operand(node, 0)?, importer.operand(node, 1)?) {
        (Value::Constant(a), Value::Constant(b)) => {
            arithmetic::fold(importer, node, arithmetic, (&a, &b))
        }
        (Value::Activation(input), Value::Constant(constant)) => {
            let affine = |c: f32| match arithmetic {
                Arithmetic::Add => (1.0, c),
                Arithmetic::Sub => (1.0, -c),
                Arithmetic::Mul => (c, 0.0),
                Arithmetic::Div => (1.0 / c, 0.0),
            };
            push(importer, node, &input, (1, &constant), affine)
        }
        // A constant divided by an activation is no linear operation.
        (Value::Constant(_), Value::Activation(_)) if arithmetic == Arithmetic::Div => {
            Err(node.not_constant(1))
        }
        (Value::Constant(constant), Value::Activation(input)) => {
            let affine = |c: f32| match arithmetic {
                Arithmetic::Mul => (c, 0.0),
                Arithmetic::Sub => (-1.0, c),
                Arithmetic::Add | Arithmetic::Div => (1.0, c),
            };
            push(importer, node, &input, (0, &constant), affine)
        }
        _ => Err(node.not_constant(1)),
    }
}

/// Adds the per-channel operation whose factor and term follow from a constant, which is operand number `operand.0`.
fn push(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    input: &Activation,
    (index, constant): (usize, &Rc<Constant>),
    affine: impl Fn(f32) -> (f32, f32),
) -> Result<Value, ImportError> {
    let misfit = || node.shape_error(index, &constant.shape, &input.shape);
    let shape = broadcast_shape(&input.shape, &constant.shape).ok_or_else(misfit)?;
    // A constant that repeats the activation would make a batch of it.
    if channels(&shape) != Some(input.channels()) {
        return Err(misfit());
    }
    let values = constant
        .as_floats()
        .ok_or_else(|| node.constant_type(index, "a float32 tensor"))?;
    importer.charge(node, input.channels().saturating_mul(2))?;
    let parameters = broadcast_indices(&shape, &constant.shape)
        .into_iter()
        .filter_map(|index| values.get(index));
    let (scale, shift): (Vec<f32>, Vec<f32>) = parameters.map(|&value| affine(value)).unzip();
    let affine = Affine { scale, shift };
    if !affine.is_finite() {
        return Err(ImportError::Arithmetic {
            place: node.place(),
        });
    }
    importer.push(node, input, shape, Operation::Affine(affine))
}
