//! Extents of tensors, and how the axes of an ONNX tensor become positions and channels.

use alloc::vec::Vec;

use super::AxisMap;

/// A tensor's extent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Lengths of the position axes, slowest first.
    pub positions: Vec<usize>,
    /// Number of channels.
    pub channels: usize,
}

/// How the axes of an ONNX tensor are dealt out. Every axis is in one of the lists; axes of length one (the batch) may be in either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "program", derive(serde::Serialize, serde::Deserialize))]
pub struct PortLayout {
    /// The ONNX axis of each position axis, slowest first; `None` for a position axis of length one that the ONNX tensor lacks.
    pub positions: Vec<Option<usize>>,
    /// The ONNX axes that make up the channel axis, slowest first.
    pub channels: Vec<usize>,
    /// Where parts of an ONNX axis are dealt out one by one (a flat vector that is an image): the shape whose axes are meant instead,
    /// the same elements in the same row-major order. Empty where the axes are those of the ONNX shape.
    #[cfg_attr(
        feature = "program",
        serde(default, skip_serializing_if = "Vec::is_empty")
    )]
    pub split: Vec<usize>,
}

/// The coefficients of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights<T> {
    /// Each output channel reads each source channel: `[out channel][tap][source channel]`.
    Dense(Vec<T>),
    /// Each output channel reads the source channel of its own number: `[channel][tap]`. Source and output have as many channels.
    Diagonal(Vec<T>),
    /// One coefficient for everything that the maps reach, the channels by a map of their own: sums, averages, moves of data. It is
    /// part of the architecture, not a secret.
    Structural {
        /// The map from output channels to source channels.
        channels: AxisMap,
        /// The coefficient of every tap.
        coefficient: T,
    },
}

impl Extent {
    /// A flat vector.
    #[must_use]
    pub fn flat(channels: usize) -> Self {
        Self {
            positions: Vec::new(),
            channels,
        }
    }

    /// Number of positions.
    #[must_use]
    pub fn position_count(&self) -> usize {
        self.positions.iter().product()
    }

    /// Number of values.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.position_count() * self.channels
    }

    /// Number of values, `None` when that overflows or there is none.
    #[must_use]
    pub fn checked_cells(&self) -> Option<usize> {
        self.positions
            .iter()
            .try_fold(self.channels, |cells, length| cells.checked_mul(*length))
            .filter(|cells| *cells > 0)
    }
}

impl PortLayout {
    /// The layout of a tensor all of whose axes are channels.
    #[must_use]
    pub fn flat(axes: usize) -> Self {
        Self {
            positions: Vec::new(),
            channels: (0..axes).collect(),
            split: Vec::new(),
        }
    }

    /// The extent of an ONNX tensor of this shape.
    #[must_use]
    pub fn extent(&self, shape: &[usize]) -> Extent {
        let shape = self.axes(shape);
        let length = |axis: &usize| shape.get(*axis).copied().unwrap_or(1);
        Extent {
            positions: self
                .positions
                .iter()
                .map(|axis| axis.as_ref().map_or(1, length))
                .collect(),
            channels: self
                .channels
                .iter()
                .map(length)
                .fold(1, usize::saturating_mul),
        }
    }

    /// The lengths of the axes that the lists speak of.
    fn axes<'a>(&'a self, shape: &'a [usize]) -> &'a [usize] {
        if self.split.is_empty() {
            shape
        } else {
            &self.split
        }
    }

    /// Whether every axis of a tensor of this shape is in one of the lists and none in both; an axis of length one may be absent.
    #[must_use]
    pub fn covers(&self, shape: &[usize]) -> bool {
        let elements = |shape: &[usize]| {
            shape
                .iter()
                .try_fold(1usize, |product, length| product.checked_mul(*length))
        };
        if elements(self.axes(shape)) != elements(shape) {
            return false;
        }
        let shape = self.axes(shape);
        let mut seen = alloc::vec![false; shape.len()];
        for axis in self.positions.iter().flatten().chain(&self.channels) {
            match seen.get_mut(*axis) {
                Some(seen) if !*seen => *seen = true,
                _ => return false,
            }
        }
        seen.iter()
            .zip(shape)
            .all(|(seen, length)| *seen || *length == 1)
    }

    /// For each cell in (positions, channels) order, its index in the row-major ONNX tensor of this shape.
    ///
    /// # Panics
    ///
    /// When the layout names an axis that the shape lacks; see [`Self::covers`].
    #[must_use]
    pub fn cells(&self, shape: &[usize]) -> Vec<usize> {
        let shape = self.axes(shape);
        let strides: Vec<usize> = (0..shape.len())
            .map(|axis| shape[axis + 1..].iter().product())
            .collect();
        let axes = self.positions.iter().flatten().chain(&self.channels);
        axes.fold(alloc::vec![0], |cells, &axis| {
            let (length, stride) = (shape[axis], strides[axis]);
            cells
                .iter()
                .flat_map(|cell| (0..length).map(move |i| cell + i * stride))
                .collect()
        })
    }

    /// Values of a row-major ONNX tensor in the order of the cells.
    ///
    /// # Panics
    ///
    /// When there are fewer values than the shape has, or the layout does not fit it.
    #[must_use]
    pub fn to_cells<T: Copy>(&self, shape: &[usize], values: &[T]) -> Vec<T> {
        self.cells(shape)
            .into_iter()
            .map(|index| values[index])
            .collect()
    }

    /// Values in the order of the cells as a row-major ONNX tensor.
    ///
    /// # Panics
    ///
    /// When there are fewer values than the shape has, or the layout does not fit it.
    #[must_use]
    pub fn to_onnx<T: Copy>(&self, shape: &[usize], values: &[T]) -> Vec<T> {
        let mut ordered = values.to_vec();
        for (value, index) in values.iter().zip(self.cells(shape)) {
            ordered[index] = *value;
        }
        ordered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn an_image_has_its_channels_last() {
        let layout = PortLayout {
            positions: vec![Some(2), Some(3)],
            channels: vec![0, 1],
            split: vec![],
        };
        let shape = [1, 2, 2, 3];
        assert_eq!(
            layout.extent(&shape),
            Extent {
                positions: vec![2, 3],
                channels: 2
            }
        );
        let values: Vec<usize> = (0..12).collect();
        let cells = layout.to_cells(&shape, &values);
        assert_eq!(cells, [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]);
        assert_eq!(layout.to_onnx(&shape, &cells), values);
        assert!(layout.covers(&shape));
    }

    #[test]
    fn a_layout_must_name_every_axis_once() {
        let covers = |positions: &[Option<usize>], channels: &[usize]| {
            PortLayout {
                positions: positions.to_vec(),
                channels: channels.to_vec(),
                split: vec![],
            }
            .covers(&[1, 2, 3])
        };
        assert!(covers(&[Some(2)], &[1]));
        assert!(covers(&[None, Some(2)], &[0, 1]));
        assert!(!covers(&[Some(2)], &[0]));
        assert!(!covers(&[Some(2)], &[1, 2]));
        assert!(!covers(&[Some(2)], &[1, 3]));
    }

    #[test]
    fn a_flat_tensor_may_be_laid_out_as_an_image() {
        let layout = PortLayout {
            positions: vec![Some(1)],
            channels: vec![0],
            split: vec![2, 3],
        };
        assert!(layout.covers(&[1, 6]));
        assert!(!layout.covers(&[1, 5]));
        assert_eq!(layout.cells(&[1, 6]), [0, 3, 1, 4, 2, 5]);
        assert_eq!(layout.extent(&[1, 6]).positions, [3]);
    }
}
