//! Arithmetic on two constants, executed at import.

use alloc::vec::Vec;

use super::ImportError;
use super::constant::{Constant, Elements, broadcast_indices, broadcast_shape};
use super::importer::{Importer, Value};
use super::node_view::NodeView;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
}

impl Arithmetic {
    fn floats(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
        }
    }

    fn ints(self, a: i64, b: i64) -> Option<i64> {
        match self {
            Self::Add => a.checked_add(b),
            Self::Sub => a.checked_sub(b),
            Self::Mul => a.checked_mul(b),
            Self::Div => a.checked_div(b),
        }
    }
}

/// The result for two constants of one element type.
pub(super) fn fold(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    arithmetic: Arithmetic,
    (a, b): (&Constant, &Constant),
) -> Result<Value, ImportError> {
    let misfit = || node.shape_error(1, &b.shape, &a.shape);
    let shape = broadcast_shape(&a.shape, &b.shape).ok_or_else(misfit)?;
    let count = shape
        .iter()
        .try_fold(1usize, |product, &size| product.checked_mul(size))
        .ok_or_else(misfit)?;
    // Paid before the indices are made, so that they are paid for too.
    importer.charge(node, count.saturating_mul(2))?;
    let indices: Vec<_> = broadcast_indices(&shape, &a.shape)
        .into_iter()
        .zip(broadcast_indices(&shape, &b.shape))
        .collect();
    let elements = match (&a.elements, &b.elements) {
        (Elements::Floats(x), Elements::Floats(y)) => {
            let pick = |&(i, j): &(usize, usize)| {
                Some(arithmetic.floats(*x.get(i)?, *y.get(j)?)).filter(|value| value.is_finite())
            };
            indices
                .iter()
                .map(pick)
                .collect::<Option<_>>()
                .map(Elements::Floats)
        }
        (Elements::Ints(x), Elements::Ints(y)) => {
            let pick = |&(i, j): &(usize, usize)| arithmetic.ints(*x.get(i)?, *y.get(j)?);
            indices
                .iter()
                .map(pick)
                .collect::<Option<_>>()
                .map(Elements::Ints)
        }
        _ => return Err(node.constant_type(1, "of the other operand's element type")),
    };
    let elements = elements.ok_or_else(|| ImportError::Arithmetic {
        place: node.place(),
    })?;
    importer.constant(node, Constant { shape, elements })
}
