//! Operators that move data: `Concat`, `Split`, `Slice`, `Pad`, `Transpose`, `Expand`, `Tile`, `Gather`.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use super::importer::Importer;
use super::node_view::NodeView;
use super::{ImportError, MAX_ELEMENTS, MAX_RANK};
use crate::graph::{Operand, Operation, SliceAxis, broadcast};

type Imported = Result<Vec<Operand>, ImportError>;

pub(super) fn concat(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=usize::MAX, &["axis"])?;
    if !node.has("axis") {
        return Err(node.attribute_type("axis", "an integer"));
    }
    let operands = importer.operands(node)?;
    let axis = node.axis(node.int("axis", 0)?, importer.shape(&operands[0]), false)?;
    importer.single(node, Operation::Concat { axis }, operands)
}

/// `Split`: the lengths are an attribute before opset 13, an input since, and by default equal.
pub(super) fn split(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let lengths = if node.since(13) {
        let attributes: &[&str] = if node.since(18) {
            &["axis", "num_outputs"]
        } else {
            &["axis"]
        };
        node.check_inputs(1..=2, attributes)?;
        importer.ints_if_any(node, 1)?
    } else {
        node.check_inputs(1..=1, &["axis", "split"])?;
        node.ints("split")?.map(<[i64]>::to_vec)
    };
    let x = importer.operand(node, 0)?;
    let shape = importer.shape(&x);
    let axis = node.axis(node.int("axis", 0)?, shape, false)?;
    let parts = node.outputs();
    let count = i64::try_from(parts).unwrap_or(i64::MAX);
    node.require("num_outputs", count, count, "the number of outputs")?;
    let sizes = match lengths {
        Some(lengths) => lengths
            .iter()
            .map(|&length| usize::try_from(length).ok())
            .collect::<Option<Vec<usize>>>()
            .filter(|sizes| sizes.len() == parts),
        // Only since opset 18 may the last part be smaller.
        None => equal_parts(shape[axis], parts, node.since(18)),
    };
    let sizes = sizes.ok_or_else(|| node.shape_error(0, shape, &[parts]))?;
    importer.apply(node, Operation::Split { axis, sizes }, vec![x])
}

fn equal_parts(length: usize, parts: usize, uneven: bool) -> Option<Vec<usize>> {
    let size = length.div_ceil(parts);
    let mut sizes = vec![size; parts];
    let last = length.checked_sub(size.checked_mul(parts - 1)?)?;
    *sizes.last_mut()? = last;
    (uneven || last == size).then_some(sizes)
}

/// `Slice`: everything is an attribute before opset 10, an input since.
pub(super) fn slice(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let [starts, ends, axes, steps] = if node.since(10) {
        node.check(3..=5, &[])?;
        [
            Some(importer.ints(node, 1)?),
            Some(importer.ints(node, 2)?),
            importer.ints_if_any(node, 3)?,
            importer.ints_if_any(node, 4)?,
        ]
    } else {
        node.check(1..=1, &["axes", "ends", "starts"])?;
        let list = |name| node.ints(name).map(|list| list.map(<[i64]>::to_vec));
        [list("starts")?, list("ends")?, list("axes")?, None]
    };
    let x = importer.operand(node, 0)?;
    let shape = importer.shape(&x);
    let starts = starts.ok_or_else(|| node.attribute_type("starts", "a list of integers"))?;
    let ends = ends.ok_or_else(|| node.attribute_type("ends", "a list of integers"))?;
    let axes = axes.unwrap_or_else(|| (0..).take(starts.len()).collect());
    let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
    if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
        return Err(node.constant_type(1, "as long as ends, axes and steps"));
    }
    let mut sliced: Vec<SliceAxis> = shape
        .iter()
        .map(|&length| SliceAxis {
            start: 0,
            step: 1,
            length,
        })
        .collect();
    for (((&start, &end), &axis), &step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
        let axis = node.axis(axis, shape, false)?;
        let range = slice_axis(shape[axis], start, end, step);
        sliced[axis] = range.ok_or_else(|| node.constant_type(4, "steps other than 0"))?;
    }
    importer.single(node, Operation::Slice { axes: sliced }, vec![x])
}

/// A range as Python has it: negative ends count from the back, and both are cut to the axis.
fn slice_axis(length: usize, start: i64, end: i64, step: i64) -> Option<SliceAxis> {
    let size = i64::try_from(length).ok()?;
    let from_back = |index: i64| {
        if index < 0 {
            index.saturating_add(size)
        } else {
            index
        }
    };
    // Going backwards, the position before the first is a valid end, and the last position the last valid start.
    let (least, most) = if step < 0 { (-1, size - 1) } else { (0, size) };
    let start = from_back(start).clamp(least, most);
    let end = from_back(end).clamp(least, most);
    let span = if step < 0 { start - end } else { end - start };
    let count = match step.unsigned_abs() {
        0 => return None,
        step => u64::try_from(span).unwrap_or(0).div_ceil(step),
    };
    Some(SliceAxis {
        start: usize::try_from(start).unwrap_or(0),
        step,
        length: usize::try_from(count).ok()?,
    })
}

/// `Pad` with a constant: everything is an attribute before opset 11, an input since.
pub(super) fn pad(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    let (pads, value, axes) = if node.since(11) {
        let inputs = if node.since(18) { 4 } else { 3 };
        node.check(2..=inputs, &["mode"])?;
        let value = match importer.known_if_any(node, 2)? {
            None => 0.0,
            Some(value) => border(node, &value)?,
        };
        (
            importer.ints(node, 1)?,
            value,
            importer.ints_if_any(node, 3)?,
        )
    } else {
        let name = if node.since(2) { "pads" } else { "paddings" };
        node.check(1..=1, &["mode", "pads", "paddings", "value"])?;
        let pads = node.ints(name)?;
        let pads = pads.ok_or_else(|| node.attribute_type("pads", "a list of integers"))?;
        (pads.to_vec(), node.float("value", 0.0)?, None)
    };
    match node.text("mode", "constant")? {
        "constant" => {}
        mode => return Err(node.attribute_value("mode", mode.to_string(), "constant")),
    }
    let x = importer.operand(node, 0)?;
    let shape = importer.shape(&x);
    let axes = axes.unwrap_or_else(|| (0..).take(shape.len()).collect());
    if pads.len() != 2 * axes.len() {
        return Err(node.constant_type(1, "two numbers per axis"));
    }
    let mut padded = vec![(0, 0); shape.len()];
    for (index, &axis) in axes.iter().enumerate() {
        let axis = node.axis(axis, shape, false)?;
        padded[axis] = (pads[index], pads[index + axes.len()]);
    }
    if padded.iter().all(|&pads| pads == (0, 0)) {
        return Ok(vec![x]);
    }
    let operation = Operation::Pad {
        pads: padded,
        value,
    };
    importer.single(node, operation, vec![x])
}

/// The border's value. Integers must be exact as floats.
fn border(node: &NodeView<'_, '_>, value: &crate::graph::Tensor) -> Result<f32, ImportError> {
    let float = value.as_floats().and_then(|values| values.first().copied());
    let int = value.as_ints().and_then(|values| values.first().copied());
    let int = int.filter(|value| value.unsigned_abs() <= 1 << 24);
    let found = float.or(int.map(|value| value as f32));
    found
        .filter(|_| value.len() == 1)
        .ok_or_else(|| node.constant_type(2, "one number"))
}

pub(super) fn transpose(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(1..=1, &["perm"])?;
    let x = importer.operand(node, 0)?;
    let shape = importer.shape(&x);
    let permutation: Vec<usize> = match node.ints("perm")? {
        None => (0..shape.len()).rev().collect(),
        Some(axes) => axes
            .iter()
            .map(|&axis| node.axis(axis, shape, false))
            .collect::<Result<_, _>>()?,
    };
    let complete = (0..shape.len()).all(|axis| permutation.contains(&axis));
    if permutation.len() != shape.len() || !complete {
        return Err(node.attribute_type("perm", "a permutation of the axes"));
    }
    if permutation.is_sorted() {
        return Ok(vec![x]);
    }
    importer.single(node, Operation::Transpose { permutation }, vec![x])
}

pub(super) fn expand(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(2..=2, &[])?;
    let x = importer.operand(node, 0)?;
    let target = sizes(importer, node)?;
    let shape = importer.shape(&x);
    let shape = broadcast(shape, &target).ok_or_else(|| node.shape_error(0, shape, &target))?;
    if importer.shape(&x) == shape {
        return Ok(vec![x]);
    }
    importer.single(node, Operation::Expand { shape }, vec![x])
}

pub(super) fn tile(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(2..=2, &[])?;
    let repeats = sizes(importer, node)?;
    let x = importer.operand(node, 0)?;
    importer.single(node, Operation::Tile { repeats }, vec![x])
}

/// The second input as a list of sizes.
fn sizes(importer: &Importer<'_>, node: &NodeView<'_, '_>) -> Result<Vec<usize>, ImportError> {
    let size = |&size: &i64| {
        usize::try_from(size)
            .ok()
            .filter(|&size| size <= MAX_ELEMENTS)
    };
    let sizes: Option<Vec<usize>> = importer.ints(node, 1)?.iter().map(size).collect();
    let sizes = sizes.filter(|sizes| sizes.len() <= MAX_RANK);
    sizes.ok_or_else(|| node.constant_type(1, "a list of at most eight sizes"))
}

pub(super) fn gather(importer: &mut Importer<'_>, node: &NodeView<'_, '_>) -> Imported {
    node.check(2..=2, &["axis"])?;
    let operands = importer.operands(node)?;
    let axis = node.axis(node.int("axis", 0)?, importer.shape(&operands[0]), false)?;
    importer.single(node, Operation::Gather { axis }, operands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_pythons() {
        let range = |start, end, step| {
            let axis = slice_axis(5, start, end, step).unwrap();
            (axis.start, axis.length)
        };
        assert_eq!(range(1, 3, 1), (1, 2));
        assert_eq!(range(-2, i64::MAX, 1), (3, 2));
        assert_eq!(range(0, 5, 2), (0, 3));
        assert_eq!(range(10, 0, 1), (5, 0));
        assert_eq!(range(-1, i64::MIN, -1), (4, 5));
        assert_eq!(range(10, 0, -2), (4, 2));
        assert_eq!(range(0, 3, -1), (0, 0));
        assert!(slice_axis(5, 0, 5, 0).is_none());
    }

    #[test]
    fn equal_parts_and_a_smaller_last_one() {
        assert_eq!(equal_parts(6, 3, false), Some(vec![2, 2, 2]));
        assert_eq!(equal_parts(7, 4, false), None);
        assert_eq!(equal_parts(7, 4, true), Some(vec![2, 2, 2, 1]));
        assert_eq!(equal_parts(1, 3, true), None);
    }
}
