//! Windows of convolutions and pools: attributes with their defaults, and automatic pads made explicit.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use super::node_view::NodeView;
use super::{ImportError, MAX_ELEMENTS};
use crate::graph::WindowAxis;

/// How pads are found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AutoPad {
    Explicit,
    SameUpper,
    SameLower,
    Valid,
}

/// The attributes of a window, as the file has them with defaults filled in.
pub(super) struct WindowAttributes {
    pub(super) kernel: Vec<usize>,
    pub(super) strides: Vec<usize>,
    pub(super) dilations: Vec<usize>,
    /// Before and after each axis.
    pub(super) pads: Vec<(usize, usize)>,
    pub(super) auto_pad: AutoPad,
}

impl WindowAttributes {
    /// Reads the attributes for `rank` spatial axes; `kernel` stands in for an absent `kernel_shape`.
    pub(super) fn read(
        node: &NodeView<'_, '_>,
        rank: usize,
        kernel: Option<&[usize]>,
    ) -> Result<Self, ImportError> {
        let auto_pad = auto_pad(node)?;
        let pads = node.sizes("pads", 0, 2 * rank)?;
        if auto_pad != AutoPad::Explicit && pads.iter().flatten().any(|&pad| pad != 0) {
            return Err(ImportError::AttributeValue {
                place: node.place(),
                attribute: "pads",
                value: "not 0 beside auto_pad".to_string(),
                supported: "one of the two",
            });
        }
        let pads = pads.unwrap_or_else(|| vec![0; 2 * rank]);
        let (before, after) = pads.split_at(rank);
        let kernel_shape = node.sizes("kernel_shape", 1, rank)?;
        let kernel = match (kernel_shape, kernel) {
            (Some(shape), Some(kernel)) if shape != kernel => {
                return Err(node.attribute_type("kernel_shape", "the shape of the weights"));
            }
            (Some(shape), _) => shape,
            (None, Some(kernel)) => kernel.to_vec(),
            (None, None) => return Err(node.attribute_type("kernel_shape", "a list of integers")),
        };
        let ones = || vec![1; rank];
        Ok(Self {
            kernel,
            strides: node.sizes("strides", 1, rank)?.unwrap_or_else(ones),
            dilations: node.sizes("dilations", 1, rank)?.unwrap_or_else(ones),
            pads: before.iter().copied().zip(after.iter().copied()).collect(),
            auto_pad,
        })
    }

    /// The axes of a convolution or a pool over spatial lengths `inputs`; `ceil` rounds the number of windows up.
    pub(super) fn axes(
        &self,
        node: &NodeView<'_, '_>,
        inputs: &[usize],
        ceil: bool,
    ) -> Result<Vec<WindowAxis>, ImportError> {
        let axes = inputs
            .iter()
            .enumerate()
            .map(|(index, &input)| self.axis(index, input, ceil));
        axes.collect::<Option<_>>()
            .ok_or_else(|| node.shape_error(0, inputs, &self.kernel))
    }

    fn axis(&self, index: usize, input: usize, ceil: bool) -> Option<WindowAxis> {
        let (pad_begin, pad_end) = self.pads[index];
        let mut axis = WindowAxis {
            input,
            kernel: self.kernel[index],
            stride: self.strides[index],
            dilation: self.dilations[index],
            pad_begin,
            pad_end,
            output: 0,
        };
        let extent = axis.extent()?;
        if matches!(self.auto_pad, AutoPad::SameUpper | AutoPad::SameLower) {
            axis.output = input.div_ceil(axis.stride);
            let span = axis.output.checked_sub(1)?.checked_mul(axis.stride)?;
            let total = span.checked_add(extent)?.saturating_sub(input);
            (axis.pad_begin, axis.pad_end) = shared(total, self.auto_pad == AutoPad::SameUpper);
            return bounded(axis);
        }
        let padded = input.checked_add(pad_begin)?.checked_add(pad_end)?;
        let room = padded.checked_sub(extent)?;
        axis.output = 1 + if ceil {
            room.div_ceil(axis.stride)
        } else {
            room / axis.stride
        };
        // A window that would begin in the padding at the end, or beyond it, is left out.
        if ceil && (axis.output - 1).checked_mul(axis.stride)? >= input + pad_begin {
            axis.output -= 1;
        }
        bounded(axis)
    }

    /// The axes of a transposed convolution, whose output lengths may be given.
    pub(super) fn transposed_axes(
        &self,
        node: &NodeView<'_, '_>,
        inputs: &[usize],
    ) -> Result<Vec<WindowAxis>, ImportError> {
        let rank = inputs.len();
        let output_padding = node.sizes("output_padding", 0, rank)?;
        let output_padding = output_padding.unwrap_or_else(|| vec![0; rank]);
        let outputs = node.sizes("output_shape", 1, rank)?;
        let axes = inputs.iter().enumerate().map(|(index, &input)| {
            let output = outputs.as_ref().map(|outputs| outputs[index]);
            self.transposed_axis(index, input, (output_padding[index], output))
        });
        axes.collect::<Option<_>>()
            .ok_or_else(|| node.shape_error(0, inputs, &self.kernel))
    }

    fn transposed_axis(
        &self,
        index: usize,
        input: usize,
        (output_padding, output): (usize, Option<usize>),
    ) -> Option<WindowAxis> {
        let (pad_begin, pad_end) = self.pads[index];
        let mut axis = WindowAxis {
            input,
            kernel: self.kernel[index],
            stride: self.strides[index],
            dilation: self.dilations[index],
            pad_begin,
            pad_end,
            output: 0,
        };
        let full = input
            .checked_sub(1)?
            .checked_mul(axis.stride)?
            .checked_add(axis.extent()?)?
            .checked_add(output_padding)?;
        let same = matches!(self.auto_pad, AutoPad::SameUpper | AutoPad::SameLower);
        let wanted = match output {
            None if same => Some(input.checked_mul(axis.stride)?),
            output => output,
        };
        if let Some(output) = wanted {
            // Outputs beyond what the windows reach are zeros, as if of output padding.
            let total = full.saturating_sub(output);
            (axis.pad_begin, axis.pad_end) = shared(total, self.auto_pad == AutoPad::SameUpper);
            axis.output = output;
        } else {
            axis.output = full.checked_sub(pad_begin.checked_add(pad_end)?)?;
        }
        bounded(axis)
    }
}

/// Pads that add up to `total`, the odd one at the end or at the beginning.
fn shared(total: usize, more_at_end: bool) -> (usize, usize) {
    let (less, more) = (total / 2, total - total / 2);
    if more_at_end {
        (less, more)
    } else {
        (more, less)
    }
}

/// Products of lengths, strides and taps stay far from overflowing.
fn bounded(axis: WindowAxis) -> Option<WindowAxis> {
    let sizes = [
        axis.input,
        axis.kernel,
        axis.stride,
        axis.dilation,
        axis.pad_begin,
        axis.pad_end,
        axis.output,
    ];
    (axis.output > 0 && sizes.iter().all(|&size| size <= MAX_ELEMENTS)).then_some(axis)
}

fn auto_pad(node: &NodeView<'_, '_>) -> Result<AutoPad, ImportError> {
    match node.text("auto_pad", "NOTSET")? {
        "NOTSET" | "" => Ok(AutoPad::Explicit),
        "SAME_UPPER" => Ok(AutoPad::SameUpper),
        "SAME_LOWER" => Ok(AutoPad::SameLower),
        "VALID" => Ok(AutoPad::Valid),
        other => Err(ImportError::AttributeValue {
            place: node.place(),
            attribute: "auto_pad",
            value: other.to_string(),
            supported: "NOTSET, SAME_UPPER, SAME_LOWER or VALID",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(auto_pad: AutoPad, pads: (usize, usize)) -> WindowAttributes {
        WindowAttributes {
            kernel: vec![3],
            strides: vec![2],
            dilations: vec![1],
            pads: vec![pads],
            auto_pad,
        }
    }

    fn pads_and_output(axis: Option<WindowAxis>) -> (usize, usize, usize) {
        let axis = axis.unwrap();
        (axis.pad_begin, axis.pad_end, axis.output)
    }

    #[test]
    fn automatic_pads() {
        let at = |auto_pad, input| attributes(auto_pad, (0, 0)).axis(0, input, false);
        assert_eq!(pads_and_output(at(AutoPad::SameUpper, 6)), (0, 1, 3));
        assert_eq!(pads_and_output(at(AutoPad::SameLower, 6)), (1, 0, 3));
        assert_eq!(pads_and_output(at(AutoPad::SameLower, 5)), (1, 1, 3));
        assert_eq!(pads_and_output(at(AutoPad::Valid, 6)), (0, 0, 2));
        assert!(at(AutoPad::Valid, 2).is_none());
    }

    #[test]
    fn rounding_up_stays_inside() {
        let at = |pads, input| attributes(AutoPad::Explicit, pads).axis(0, input, true);
        assert_eq!(pads_and_output(at((0, 0), 4)), (0, 0, 2));
        // The third window would begin in the padding at the end.
        assert_eq!(pads_and_output(at((1, 1), 3)), (1, 1, 2));
        assert_eq!(pads_and_output(at((0, 2), 4)), (0, 2, 2));
    }

    #[test]
    fn transposed_lengths() {
        let of = |auto_pad, pads, extra| {
            pads_and_output(attributes(auto_pad, pads).transposed_axis(0, 3, extra))
        };
        assert_eq!(of(AutoPad::Explicit, (1, 0), (0, None)), (1, 0, 6));
        assert_eq!(of(AutoPad::Explicit, (0, 0), (1, None)), (0, 0, 8));
        assert_eq!(of(AutoPad::SameUpper, (0, 0), (0, None)), (0, 1, 6));
        assert_eq!(of(AutoPad::Explicit, (0, 0), (0, Some(6))), (1, 0, 6));
        assert_eq!(of(AutoPad::Explicit, (0, 0), (0, Some(9))), (0, 0, 9));
    }
}
