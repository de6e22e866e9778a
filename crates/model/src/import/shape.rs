//! Arithmetic on shapes, as exporters write it for `x.view(x.size(0), -1)`: `Shape`, and `Gather` and `Concat` of constant lists.

use alloc::vec::Vec;

use super::ImportError;
use super::constant::Constant;
use super::importer::{Importer, Value};
use super::node_view::NodeView;

pub(super) fn shape(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(1..=1, &["start", "end"])?;
    let dims: Vec<usize> = match importer.operand(node, 0)? {
        Value::Constant(constant) => constant.shape.clone(),
        Value::Activation(activation) => activation.shape,
        Value::Final(last) => last.shape,
    };
    let rank = i64::try_from(dims.len()).unwrap_or(i64::MAX);
    // Both ends count from the back when negative, and are cut to the rank.
    let end_of = |axis: i64| {
        usize::try_from(if axis < 0 {
            axis.saturating_add(rank)
        } else {
            axis.min(rank)
        })
        .unwrap_or(0)
    };
    let (start, end) = (
        end_of(node.int("start", 0)?),
        end_of(node.int("end", rank)?),
    );
    let sizes = dims.get(start..end).unwrap_or_default();
    let sizes = sizes
        .iter()
        .map(|&size| i64::try_from(size).unwrap_or(i64::MAX))
        .collect();
    importer.constant(node, Constant::ints(sizes))
}

pub(super) fn gather(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(2..=2, &["axis"])?;
    let list = importer.known(node, 0)?;
    let indices = importer.known(node, 1)?;
    let &[size] = list.shape.as_slice() else {
        return Err(node.shape_error(0, &list.shape, &[1]));
    };
    node.axis(node.int("axis", 0)?, &list.shape, false)?;
    let wanted = indices
        .as_ints()
        .ok_or_else(|| node.constant_type(1, "int64 indices"))?;
    importer.charge(node, wanted.len())?;
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let position = |index: i64| {
        usize::try_from(if index < 0 {
            index.saturating_add(size)
        } else {
            index
        })
        .ok()
    };
    let positions: Option<Vec<usize>> = wanted.iter().map(|&index| position(index)).collect();
    let gathered = positions.and_then(|positions| list.gather(indices.shape.clone(), &positions));
    let gathered = gathered.ok_or_else(|| node.constant_type(1, "indices within the list"))?;
    importer.constant(node, gathered)
}

pub(super) fn concat(
    importer: &mut Importer<'_>,
    node: &NodeView<'_, '_>,
) -> Result<Value, ImportError> {
    node.check(1..=usize::MAX, &["axis"])?;
    if !node.has("axis") {
        return Err(node.attribute_type("axis", "an integer"));
    }
    let mut joined = Vec::new();
    for index in 0..node.inputs() {
        let list = importer.known(node, index)?;
        let values = list
            .as_ints()
            .ok_or_else(|| node.constant_type(index, "a list of int64"))?;
        if list.shape.len() != 1 {
            return Err(node.shape_error(index, &list.shape, &[1]));
        }
        node.axis(node.int("axis", 0)?, &list.shape, false)?;
        importer.charge(node, values.len())?;
        joined.extend_from_slice(values);
    }
    importer.constant(node, Constant::ints(joined))
}
