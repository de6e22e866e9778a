//! Operators whose result is a constant: `Constant`, `ConstantOfShape`, `Range`, `Shape`, `Size`.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::importer::{Importer, read};
use super::node_view::NodeView;
use super::{ImportError, MAX_RANK};
use crate::graph::{ElementType, Elements, Operand, Tensor, elements};

type Imported = Result<Vec<Operand>, ImportError>;

pub(super) fn constant(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    const FORMS: &[&str] = &[
        "value",
        "value_float",
        "value_floats",
        "value_int",
        "value_ints",
    ];
    node.check(0..=0, FORMS)?;
    let mut found = Vec::new();
    if let Some(tensor) = node.tensor("value")? {
        found.push(read(tensor, node.output(0))?);
    }
    if let Some(values) = node.floats("value_floats")? {
        found.extend(Tensor::floats(vec![values.len()], values.to_vec()));
    }
    if let Some(values) = node.ints("value_ints")? {
        found.push(Tensor::list(values.to_vec()));
    }
    if node.has("value_float") {
        found.push(Tensor::float(node.float("value_float", 0.0)?));
    }
    if node.has("value_int") {
        found.push(Tensor::int(node.int("value_int", 0)?));
    }
    match (found.pop(), found.is_empty()) {
        (Some(tensor), true) if tensor.is_finite() => made(importer, node, tensor),
        (Some(_), true) => Err(ImportError::NotFinite {
            tensor: node.output(0).to_string(),
        }),
        _ => Err(node.attribute_type("value", "a tensor, a number or a list of numbers")),
    }
}

pub(super) fn constant_of_shape(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=1, &["value"])?;
    let value = match node.tensor("value")? {
        None => Tensor::float(0.0),
        Some(tensor) => read(tensor, node.output(0))?,
    };
    let sizes: Option<Vec<usize>> = importer
        .ints(node, 0)?
        .iter()
        .map(|&size| usize::try_from(size).ok())
        .collect();
    let sizes = sizes.filter(|sizes| sizes.len() <= MAX_RANK);
    let sizes = sizes.ok_or_else(|| node.constant_type(0, "a list of at most eight sizes"))?;
    let count = elements(&sizes).unwrap_or(usize::MAX);
    importer.charge(node, count)?;
    let filled = value
        .gather(sizes, &vec![0; count])
        .filter(|_| value.len() == 1);
    let filled = filled.ok_or_else(|| node.attribute_type("value", "a tensor of one element"))?;
    Ok(vec![Operand::Constant(Arc::new(filled))])
}

/// `Range` of integers, or of floats.
pub(super) fn range(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(3..=3, &[])?;
    let [start, limit, delta] = [
        importer.known(node, 0)?,
        importer.known(node, 1)?,
        importer.known(node, 2)?,
    ];
    let element_type = start.element_type();
    let one = |tensor: &Tensor| tensor.len() == 1 && tensor.element_type() == element_type;
    if element_type == ElementType::Bool || ![&start, &limit, &delta].iter().all(|t| one(t)) {
        return Err(node.constant_type(0, "a number of the other operands' type"));
    }
    let arithmetic = || ImportError::Arithmetic {
        place: node.place(),
    };
    let number = |tensor: &Tensor| match tensor.elements() {
        Elements::Floats(values) => f64::from(values[0]),
        Elements::Ints(values) => values[0] as f64,
    };
    let (from, step) = (number(&start), number(&delta));
    let count = libm::ceil((number(&limit) - from) / step).max(0.0);
    if !count.is_finite() {
        return Err(arithmetic());
    }
    // Saturates, and then is too large.
    let count = count as usize;
    importer.charge(node, count)?;
    let elements = match (start.elements(), delta.elements()) {
        (Elements::Ints(from), Elements::Ints(step)) => {
            let at = |i: i64| i.checked_mul(step[0])?.checked_add(from[0]);
            let values: Option<Vec<i64>> = (0..).take(count).map(at).collect();
            Elements::Ints(values.ok_or_else(arithmetic)?)
        }
        _ => Elements::Floats(
            (0..count)
                .map(|i| (from + i as f64 * step) as f32)
                .collect(),
        ),
    };
    let tensor = Tensor::new(element_type, vec![count], elements).ok_or_else(arithmetic)?;
    Ok(vec![Operand::Constant(Arc::new(tensor))])
}

/// `Shape`: shapes are static, so that of an activation is a constant too.
pub(super) fn shape(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let attributes: &[&str] = if node.since(15) {
        &["end", "start"]
    } else {
        &[]
    };
    node.check(1..=1, attributes)?;
    let x = importer.operand(node, 0)?;
    let shape = importer.shape(&x);
    let rank = i64::try_from(shape.len()).unwrap_or(i64::MAX);
    // Both ends count from the back when negative, and are cut to the rank.
    let end_of = |axis: i64| {
        let axis = if axis < 0 {
            axis.saturating_add(rank)
        } else {
            axis
        };
        usize::try_from(axis.clamp(0, rank)).unwrap_or(0)
    };
    let (start, end) = (
        end_of(node.int("start", 0)?),
        end_of(node.int("end", rank)?),
    );
    let sizes = shape.get(start..end).unwrap_or_default();
    let sizes = sizes
        .iter()
        .map(|&size| i64::try_from(size).unwrap_or(i64::MAX))
        .collect();
    made(importer, node, Tensor::list(sizes))
}

pub(super) fn size(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=1, &[])?;
    let x = importer.operand(node, 0)?;
    let count = elements(importer.shape(&x)).and_then(|count| i64::try_from(count).ok());
    made(importer, node, Tensor::int(count.unwrap_or(i64::MAX)))
}

/// A constant, paid for from the budget.
pub(super) fn made(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
    tensor: Tensor,
) -> Imported {
    importer.charge(node, tensor.len())?;
    Ok(vec![Operand::Constant(Arc::new(tensor))])
}
