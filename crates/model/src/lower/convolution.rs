//! Convolutions.

use alloc::vec;
use alloc::vec::Vec;

use super::error::{LowerError, Problem};
use super::expression::{Coefficients, Kernel, at};
use super::layout::{Atom, Layout, offsets};
use super::linear::MAX_EXPANDED_WEIGHTS;
use super::value::Value;
use super::{Lowering, problem};
use crate::graph::{Convolution, Node, WindowAxis};
use crate::integer::AxisMap;

/// An image: axis 1 of a value is its channel axis and each spatial axis a position axis.
pub(super) struct Image {
    pub(super) value: Value,
    /// The layered axis of each spatial axis.
    pub(super) places: Vec<usize>,
}

/// What a convolution makes.
pub(super) struct Convolved {
    pub(super) value: Value,
    /// For each output channel, its place on the channel axis.
    pub(super) places: Vec<usize>,
}

/// The shape of a convolution's weights, and where they go.
struct Weighing<'a> {
    weights: &'a [f32],
    /// Channels of the input, of the output, and groups.
    inputs: usize,
    outputs: usize,
    groups: usize,
    transposed: bool,
    kernel: Vec<usize>,
    /// For each element of the kernel, its tap.
    taps: Vec<usize>,
    /// For each input channel, its place on the channel axis.
    channels: Vec<usize>,
}

impl<'a> Lowering<'a> {
    pub(super) fn convolution(
        &mut self,
        node: &'a Node,
        convolution: &Convolution,
        transposed: bool,
    ) -> Result<Value, LowerError> {
        let weights = self.floats(node, 1)?;
        let shape = self.graph.shape(&node.inputs[1]);
        let bias = match node.inputs.get(2) {
            Some(_) => Some(self.floats(node, 2)?),
            None => None,
        };
        let x = self.operand(node, 0)?;
        let kernel = (weights, shape);
        let Convolved { mut value, places } =
            self.convolve(node, x, convolution, (kernel, transposed))?;
        if let Some(bias) = bias {
            let mut shift = vec![0.0; places.len()];
            for (value, place) in bias.iter().zip(places) {
                shift[place] = *value;
            }
            value.expression = value.expression.shifted(&shift);
        }
        Ok(value)
    }

    /// A convolution without its bias, of weights of a shape.
    pub(super) fn convolve(
        &mut self,
        node: &Node,
        x: Value,
        convolution: &Convolution,
        ((weights, shape), transposed): ((&[f32], &[usize]), bool),
    ) -> Result<Convolved, LowerError> {
        let image = self.image(node, x, convolution.axes.len())?;
        let (outputs, kernel) = if transposed {
            (shape[1] * convolution.groups, shape[2..].to_vec())
        } else {
            (shape[0], shape[2..].to_vec())
        };
        let (maps, output) = maps(&image, convolution, transposed);
        let weighing = Weighing {
            weights,
            inputs: image.value.shape()[1],
            outputs,
            groups: convolution.groups,
            transposed,
            taps: taps(&image.places, &kernel, transposed),
            kernel,
            channels: offsets(image.value.layout.atoms(1), 1)
                .into_iter()
                .map(|offset| offset[0])
                .collect(),
        };
        let depthwise =
            weighing.inputs > 1 && weighing.groups == weighing.inputs && outputs == weighing.inputs;
        let coefficients = if depthwise {
            weighing.diagonal()
        } else {
            let weights = weighing
                .inputs
                .saturating_mul(outputs)
                .saturating_mul(weighing.taps.len());
            let limit = MAX_EXPANDED_WEIGHTS.max(weighing.weights.len());
            if weights > limit {
                return Err(problem(node, Problem::TooLarge { weights, limit }));
            }
            weighing.dense()
        };
        let channels = if depthwise {
            image.value.layout.atoms(1).to_vec()
        } else {
            channel_axis(outputs)
        };
        // A depthwise kernel leaves each channel where it is.
        let places = if depthwise {
            weighing.channels.clone()
        } else {
            (0..outputs).collect()
        };
        let mut lengths = output;
        lengths[0] = outputs;
        let layout =
            resized(&image, convolution.axes.iter().map(|axis| axis.output)).with_axis(1, channels);
        let kernel = Kernel {
            maps,
            output: lengths,
            coefficients,
        };
        let value = self
            .convolved(node, image.value, &kernel)?
            .with_layout(layout);
        Ok(Convolved { value, places })
    }

    /// A value as an image, moved if it must.
    pub(super) fn image(
        &mut self,
        node: &Node,
        value: Value,
        spatial: usize,
    ) -> Result<Image, LowerError> {
        if let Some(places) = places(&value.layout, spatial) {
            return Ok(Image { value, places });
        }
        let layout = Layout::standard(&value.shape(), 1, spatial);
        let value = self.moved(node, value, &layout)?;
        let places = places(&value.layout, spatial).ok_or_else(|| problem(node, Problem::Axes))?;
        Ok(Image { value, places })
    }
}

/// A channel axis of its own.
pub(super) fn channel_axis(length: usize) -> Vec<Atom> {
    vec![Atom {
        length,
        axis: 0,
        stride: 1,
    }]
}

/// The layout of an image whose spatial axes have other lengths.
pub(super) fn resized(image: &Image, lengths: impl Iterator<Item = usize>) -> Layout {
    let first = image.value.shape().len() - image.places.len();
    let spatial = image.places.iter().zip(lengths).enumerate();
    spatial.fold(
        image.value.layout.clone(),
        |layout, (i, (&axis, length))| {
            let atom = Atom {
                length,
                axis,
                stride: 1,
            };
            layout.with_axis(first + i, vec![atom])
        },
    )
}

/// The layered axis of each of the last `spatial` axes, if the layout is an image's.
fn places(layout: &Layout, spatial: usize) -> Option<Vec<usize>> {
    let shape = layout.shape();
    let first = shape.len() - spatial;
    let channels = layout.atoms(1);
    if channels.iter().any(|atom| atom.axis != 0) || layout.lengths()[0] != shape[1] {
        return None;
    }
    let mut places: Vec<Option<usize>> = Vec::with_capacity(spatial);
    for (axis, &length) in shape.iter().enumerate().skip(first) {
        match layout.whole(axis) {
            Some(0) => return None,
            None if length > 1 => return None,
            place => places.push(place),
        }
    }
    // Axes of length one take places that are free, the last axis the first one.
    let mut next = 1;
    for i in (0..spatial).rev() {
        if places[i].is_none() {
            let mut free = layout.free_axis(next);
            while places.contains(&Some(free)) {
                free = layout.free_axis(free + 1);
            }
            places[i] = Some(free);
            next = free + 1;
        }
    }
    places.into_iter().collect()
}

/// The map of each layered axis, and the lengths of the result; channels are left to the caller.
fn maps(image: &Image, convolution: &Convolution, transposed: bool) -> (Vec<AxisMap>, Vec<usize>) {
    let lengths = &image.value.expression.lengths;
    let axes = (image.places.iter().map(|place| place + 1)).fold(lengths.len(), usize::max);
    let mut maps = vec![AxisMap::IDENTITY; axes];
    let mut output: Vec<usize> = (0..axes).map(|axis| at(lengths, axis)).collect();
    for (axis, &place) in convolution.axes.iter().zip(&image.places) {
        maps[place] = if transposed {
            spread(axis)
        } else {
            window(axis)
        };
        output[place] = axis.output;
    }
    (maps, output)
}

/// The positions of a window.
pub(super) fn window(axis: &WindowAxis) -> AxisMap {
    AxisMap {
        taps: axis.kernel,
        stride: axis.stride,
        dilation: axis.dilation,
        pad: axis.pad_begin as i64,
        divisor: 1,
    }
}

/// A transposed window, its taps in reverse: `stride * q = p + pad - dilation * (kernel - 1 - t)`.
fn spread(axis: &WindowAxis) -> AxisMap {
    AxisMap {
        taps: axis.kernel,
        stride: 1,
        dilation: axis.dilation,
        pad: (axis.dilation * (axis.kernel - 1)) as i64 - axis.pad_begin as i64,
        divisor: axis.stride,
    }
}

/// For each element of a kernel, row-major, its tap: the highest layered axis is the slowest.
fn taps(places: &[usize], kernel: &[usize], reversed: bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_unstable_by_key(|&i| core::cmp::Reverse(places[i]));
    let count = kernel.iter().product();
    let tap = |element: usize| {
        let mut rest = element;
        let mut index = vec![0; kernel.len()];
        for (i, &length) in kernel.iter().enumerate().rev() {
            index[i] = rest % length;
            rest /= length;
        }
        order.iter().fold(0, |tap, &i| {
            let own = if reversed {
                kernel[i] - 1 - index[i]
            } else {
                index[i]
            };
            tap * kernel[i] + own
        })
    };
    (0..count).map(tap).collect()
}

impl Weighing<'_> {
    /// Calls `set` with each weight's output channel, input channel, tap, and value.
    fn each(&self, mut set: impl FnMut(usize, usize, usize, f32)) {
        let (rows, columns) = if self.transposed {
            (self.inputs, self.outputs / self.groups)
        } else {
            (self.outputs, self.inputs / self.groups)
        };
        let per_group = rows / self.groups;
        let elements: usize = self.kernel.iter().product();
        let weights = self.weights.chunks(elements.max(1));
        for (index, values) in weights.enumerate() {
            let (row, column) = (index / columns, index % columns);
            let other = row / per_group * columns + column;
            let (output, input) = if self.transposed {
                (other, row)
            } else {
                (row, other)
            };
            for (value, tap) in values.iter().zip(&self.taps) {
                set(output, self.channels[input], *tap, *value);
            }
        }
    }

    fn dense(&self) -> Coefficients {
        let taps = self.taps.len();
        let mut made = vec![0.0; self.outputs * taps * self.inputs];
        self.each(|output, channel, tap, value| {
            made[(output * taps + tap) * self.inputs + channel] = value;
        });
        Coefficients::Dense(made)
    }

    /// One kernel for each channel, in the channel's place.
    fn diagonal(&self) -> Coefficients {
        let taps = self.taps.len();
        let mut made = vec![0.0; self.inputs * taps];
        self.each(|_, channel, tap, value| made[channel * taps + tap] = value);
        Coefficients::Diagonal(made)
    }
}
