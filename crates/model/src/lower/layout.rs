//! Where the elements of an ONNX tensor lie among the axes of a layered tensor.
//!
//! Axis 0 of a layered tensor is its channel axis, axis 1 the fastest of its position axes, and so on; an axis that a tensor lacks has
//! length one. Each ONNX axis is a product of *atoms*, each a stretch of one layered axis with a stride there. Reshapes and transposes
//! of a tensor only split, merge and regroup its atoms: they move no data.

use alloc::vec;
use alloc::vec::Vec;

use crate::integer::PortLayout;

/// A factor of an ONNX axis, of length two or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Atom {
    pub(super) length: usize,
    /// The layered axis, 0 for the channels.
    pub(super) axis: usize,
    /// Step along the layered axis for one step of the atom.
    pub(super) stride: usize,
}

/// The atoms of each ONNX axis, slowest first; an ONNX axis of length one has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    axes: Vec<Vec<Atom>>,
}

impl Layout {
    /// A layout of the given atoms.
    pub(super) fn new(axes: Vec<Vec<Atom>>) -> Self {
        Self {
            axes: axes.into_iter().map(merged).collect(),
        }
    }

    /// Every ONNX axis on the layered axis that `places` gives it; of several on one, the first is the slowest.
    pub(super) fn placed(shape: &[usize], places: &[usize]) -> Self {
        let mut strides: Vec<usize> =
            vec![1; places.iter().map(|place| place + 1).max().unwrap_or(1)];
        let mut axes = vec![vec![]; shape.len()];
        for (axis, (&length, &place)) in shape.iter().zip(places).enumerate().rev() {
            if length > 1 {
                let stride = strides[place];
                axes[axis] = vec![Atom {
                    length,
                    axis: place,
                    stride,
                }];
                strides[place] *= length;
            }
        }
        Self { axes }
    }

    /// The ONNX axis `channel` on the channel axis and every other on a position axis of its own, the last on the fastest.
    ///
    /// `spatial` axes always get a position axis, others only where they are longer than one.
    pub(super) fn standard(shape: &[usize], channel: usize, spatial: usize) -> Self {
        let mut next = 1;
        let mut places = vec![0; shape.len()];
        for axis in (0..shape.len()).rev().filter(|&axis| axis != channel) {
            if shape[axis] > 1 || axis + spatial >= shape.len() {
                places[axis] = next;
                next += 1;
            }
        }
        Self::placed(shape, &places)
    }

    /// The ONNX shape.
    pub(super) fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|atoms| length(atoms)).collect()
    }

    /// The atoms of an ONNX axis, slowest first.
    pub(super) fn atoms(&self, axis: usize) -> &[Atom] {
        &self.axes[axis]
    }

    /// Lengths of the layered axes, the channels' first, without trailing ones but for the channels.
    pub(super) fn lengths(&self) -> Vec<usize> {
        let mut lengths = vec![1];
        for atom in self.axes.iter().flatten() {
            if lengths.len() <= atom.axis {
                lengths.resize(atom.axis + 1, 1);
            }
            lengths[atom.axis] *= atom.length;
        }
        lengths
    }

    /// The layered axis that is this ONNX axis and no other, in order; `None` where there is none or the ONNX axis has length one.
    pub(super) fn whole(&self, axis: usize) -> Option<usize> {
        match self.axes[axis].as_slice() {
            [atom] if atom.stride == 1 && self.lengths()[atom.axis] == atom.length => {
                Some(atom.axis)
            }
            _ => None,
        }
    }

    /// The first layered axis from `least` that no atom is on.
    pub(super) fn free_axis(&self, least: usize) -> usize {
        let taken = |axis: usize| self.axes.iter().flatten().any(|atom| atom.axis == axis);
        (least..)
            .find(|&axis| !taken(axis))
            .expect("atoms are finitely many")
    }

    /// The layout of a reshaped tensor, `None` where an atom would be cut unevenly.
    pub(super) fn reshape(&self, shape: &[usize]) -> Option<Self> {
        let mut rest = merged(self.axes.concat());
        let mut axes = Vec::with_capacity(shape.len());
        for &wanted in shape.iter().rev() {
            let mut left = wanted;
            let mut atoms = Vec::new();
            while left > 1 {
                let atom = rest.pop()?;
                if left % atom.length == 0 {
                    left /= atom.length;
                    atoms.push(atom);
                } else if atom.length % left == 0 {
                    atoms.push(Atom {
                        length: left,
                        ..atom
                    });
                    rest.push(Atom {
                        length: atom.length / left,
                        stride: atom.stride * left,
                        ..atom
                    });
                    left = 1;
                } else {
                    return None;
                }
            }
            atoms.reverse();
            axes.push(atoms);
        }
        axes.reverse();
        rest.is_empty().then(|| Self::new(axes))
    }

    /// The layout of a transposed tensor, whose axis `i` is axis `permutation[i]` of this one.
    pub(super) fn transpose(&self, permutation: &[usize]) -> Self {
        Self {
            axes: permutation
                .iter()
                .map(|&axis| self.axes[axis].clone())
                .collect(),
        }
    }

    /// The same layout with one ONNX axis replaced.
    pub(super) fn with_axis(&self, axis: usize, atoms: Vec<Atom>) -> Self {
        let mut axes = self.axes.clone();
        axes[axis] = merged(atoms);
        Self { axes }
    }

    /// The layered index (channel first) of every element of the ONNX tensor in row-major order, over `axes` layered axes.
    pub(super) fn offsets(&self, axes: usize) -> Vec<Vec<usize>> {
        offsets(&self.axes.concat(), axes)
    }

    /// What a port says of this layout over `positions` position axes, `None` where several factors share a position axis.
    pub(super) fn port(&self, positions: usize) -> Option<PortLayout> {
        let atoms = self.axes.concat();
        let whole = self.axes.iter().all(|atoms| atoms.len() <= 1);
        let onnx_axes = self.axes.iter().enumerate();
        let names: Vec<usize> = if whole {
            onnx_axes
                .filter(|(_, atoms)| !atoms.is_empty())
                .map(|(axis, _)| axis)
                .collect()
        } else {
            (0..atoms.len()).collect()
        };
        let split = if whole {
            vec![]
        } else {
            atoms.iter().map(|atom| atom.length).collect()
        };
        let on = |axis: usize| {
            let mut on: Vec<(usize, usize)> = (atoms.iter().zip(&names))
                .filter(|(atom, _)| atom.axis == axis)
                .map(|(atom, &name)| (atom.stride, name))
                .collect();
            on.sort_unstable_by(|a, b| b.cmp(a));
            on.into_iter().map(|(_, name)| name).collect::<Vec<usize>>()
        };
        let mut slots = Vec::with_capacity(positions);
        for axis in (1..=positions).rev() {
            match on(axis).as_slice() {
                [] => slots.push(None),
                [name] => slots.push(Some(*name)),
                _ => return None,
            }
        }
        Some(PortLayout {
            positions: slots,
            channels: on(0),
            split,
        })
    }
}

/// Number of elements of an axis made of these atoms.
pub(super) fn length(atoms: &[Atom]) -> usize {
    atoms.iter().map(|atom| atom.length).product()
}

/// The layered index of every element of a stretch of these atoms, over `axes` layered axes.
pub(super) fn offsets(atoms: &[Atom], axes: usize) -> Vec<Vec<usize>> {
    atoms.iter().fold(vec![vec![0; axes]], |all, atom| {
        all.iter()
            .flat_map(|offset| {
                (0..atom.length).map(move |i| {
                    let mut offset = offset.clone();
                    offset[atom.axis] += i * atom.stride;
                    offset
                })
            })
            .collect()
    })
}

/// The same atoms, neighbours that make one stretch joined and those of length one left out.
fn merged(atoms: Vec<Atom>) -> Vec<Atom> {
    let mut joined: Vec<Atom> = Vec::with_capacity(atoms.len());
    for atom in atoms.into_iter().filter(|atom| atom.length > 1) {
        match joined.last_mut() {
            Some(last) if last.axis == atom.axis && last.stride == atom.length * atom.stride => {
                *last = Atom {
                    length: last.length * atom.length,
                    ..atom
                };
            }
            _ => joined.push(atom),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flattened_image_keeps_its_place() {
        let image = Layout::standard(&[1, 3, 4, 5], 1, 2);
        assert_eq!(image.lengths(), [3, 5, 4]);
        let flat = image.reshape(&[1, 60]).unwrap();
        assert_eq!(flat.shape(), [1, 60]);
        assert_eq!(flat.lengths(), [3, 5, 4]);
        assert_eq!(flat.offsets(3), image.offsets(3));
        assert_eq!(flat.whole(1), None);
        assert_eq!(flat.reshape(&[1, 3, 4, 5]), Some(image));
        let port = flat.port(2).unwrap();
        assert_eq!(port.split, [3, 4, 5]);
        assert_eq!(port.positions, [Some(1), Some(2)]);
        assert_eq!(port.channels, [0]);
    }

    #[test]
    fn channels_split_and_merge() {
        let flat = Layout::placed(&[24], &[0]);
        let cube = flat.reshape(&[2, 3, 4]).unwrap();
        assert_eq!(cube.lengths(), [24]);
        assert_eq!(cube.reshape(&[24]), Some(flat));
        let turned = cube.transpose(&[2, 0, 1]);
        assert_eq!(turned.shape(), [4, 2, 3]);
        assert_eq!(turned.port(0).unwrap().channels, [1, 2, 0]);
        assert!(turned.reshape(&[8, 3]).is_some());
        assert_eq!(turned.reshape(&[3, 8]), None);
    }

    #[test]
    fn uneven_cuts_across_axes_are_refused() {
        let image = Layout::standard(&[1, 4, 6], 1, 1);
        assert_eq!(image.reshape(&[1, 3, 8]), None);
        assert!(image.reshape(&[1, 8, 3]).is_some());
    }

    #[test]
    fn spatial_axes_of_length_one_take_a_place() {
        let row = Layout::standard(&[2, 3, 1, 5], 1, 2);
        assert_eq!(row.lengths(), [3, 5, 1, 2]);
        assert_eq!(row.free_axis(1), 2);
        assert_eq!(
            (row.whole(3), row.whole(2), row.whole(0)),
            (Some(1), None, Some(3))
        );
    }
}
