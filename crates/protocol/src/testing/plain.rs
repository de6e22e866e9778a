//! Inference as `program::layer` states it, cell by cell and tap by tap: what proofs are compared with.

use alloc::vec;
use alloc::vec::Vec;

use super::network::Network;
use crate::program::{BIAS_COLUMN_BITS, Layer, Piece, Tensor, Term, Weights};
use crate::witness::Cell;

/// Every index of an array with axes of these lengths, the last running fastest.
fn indices(lengths: &[u32]) -> Vec<Vec<u32>> {
    lengths.iter().fold(vec![Vec::new()], |indices, length| {
        let longer = |index: &Vec<u32>| {
            let index = index.clone();
            (0..*length).map(move |i| [index.as_slice(), &[i]].concat())
        };
        indices.iter().flat_map(longer).collect()
    })
}

/// The cells of every tensor, each changed by `alter` before later layers read it; `None` where an accumulator leaves the table.
pub(crate) fn infer(
    network: &Network,
    alter: &dyn Fn(usize, usize, &mut Cell),
) -> Option<Vec<Vec<Cell>>> {
    infer_with(network, alter, None)
}

/// As [`infer`], but one layer reads its sources' padded cells too, as if each held `padding`.
pub(crate) fn infer_with_padding(
    network: &Network,
    (layer, padding): (usize, i64),
) -> Option<Vec<Vec<Cell>>> {
    infer_with(network, &|_, _, _| (), Some((layer, padding)))
}

fn infer_with(
    network: &Network,
    alter: &dyn Fn(usize, usize, &mut Cell),
    padding: Option<(usize, i64)>,
) -> Option<Vec<Vec<Cell>>> {
    let program = &network.program;
    let mut trace = vec![Vec::new(); program.tensors().len()];
    let put = |trace: &mut Vec<Vec<Cell>>, tensor: u32, mut cells: Vec<Cell>| {
        let tensor = tensor as usize;
        for (index, cell) in cells.iter_mut().enumerate() {
            alter(tensor, index, cell);
        }
        trace[tensor] = cells;
    };
    let plain = |value: i64| Cell {
        rem: 0,
        pre: value,
        out: value,
    };
    let input = network.input.iter().copied().map(plain).collect();
    put(&mut trace, program.inputs()[0], input);
    for (index, layer) in program.layers().iter().enumerate() {
        let padding = padding
            .filter(|(layer, _)| *layer == index)
            .map(|(_, value)| value);
        let output = &program.tensors()[layer.output as usize];
        let segment = &network.segments()[output.segment as usize];
        let limbs = || layer.limbs.iter().copied();
        let widths: Vec<u32> = limbs()
            .map(|limb| program.limb_bits(&program.tensors()[limb as usize]))
            .collect();
        let shift = program.shift() + widths.iter().sum::<u32>();
        let mut cells = Vec::new();
        let mut limb_cells = vec![Vec::new(); widths.len()];
        for p in indices(&output.positions) {
            for channel in 0..output.channels {
                let reading = Reading {
                    network,
                    trace: &trace,
                    padding,
                };
                let sum = reading.accumulator(layer, (&p, channel)) + (1 << (shift - 1));
                let pre = sum >> shift;
                let mut rest = sum;
                let mut part = |bits: u32| {
                    let part = rest & ((1 << bits) - 1);
                    rest >>= bits;
                    part
                };
                let rem = part(program.shift());
                for (cells, width) in limb_cells.iter_mut().zip(&widths) {
                    cells.push(plain(part(*width)));
                }
                let out = segment.apply(pre)?;
                cells.push(Cell { rem, pre, out });
            }
        }
        put(&mut trace, layer.output, cells);
        for (limb, cells) in limbs().zip(limb_cells) {
            put(&mut trace, limb, cells);
        }
    }
    Some(trace)
}

/// The cells that a layer reads.
struct Reading<'a> {
    network: &'a Network,
    trace: &'a [Vec<Cell>],
    /// The value of padded cells, if they are read.
    padding: Option<i64>,
}

impl Reading<'_> {
    fn accumulator(&self, layer: &Layer, (p, o): (&[u32], u32)) -> i64 {
        let program = &self.network.program;
        let height = program.weight_rows() as u32;
        let output = &program.tensors()[layer.output as usize];
        let blocks = output.channels.div_ceil(height) as usize;
        let columns = layer.bias.len() / blocks;
        let bias = &layer.bias[(o / height) as usize * columns..][..columns];
        let bias = bias.iter().zip(0u32..);
        let bias = bias.map(|(bias, j)| self.weight(o, *bias) << (BIAS_COLUMN_BITS * j));
        let terms = layer.terms.iter().map(|term| self.term(term, (p, o)));
        bias.chain(terms).sum()
    }

    fn term(&self, term: &Term, (p, o): (&[u32], u32)) -> i64 {
        let height = self.network.program.weight_rows() as u32;
        let source = &self.network.program.tensors()[term.source as usize];
        let taps: Vec<u32> = term.maps.iter().map(|map| map.taps).collect();
        let mut sum = 0;
        for (number, tap) in indices(&taps).iter().enumerate() {
            let axes = term
                .maps
                .iter()
                .zip(&source.positions)
                .zip(p.iter().zip(tap));
            let q: Option<Vec<u32>> = axes
                .map(|((map, length), (p, t))| map.source(*p, *t, self.extent(*length)))
                .collect();
            let Some(q) = q else { continue };
            let value = |c| self.value(term.source, &q, c);
            let run = || term.runs()[(o / height) as usize * term.taps() + number];
            let all = self.extent(source.channels);
            sum += match &term.weights {
                Weights::Dense { .. } => (0..all)
                    .map(|c| self.weight(o, run() + c) * value(c))
                    .sum::<i64>(),
                Weights::BlockDiagonal { .. } => {
                    let first = o / height * height;
                    (first..all.min(first + height))
                        .map(|c| self.weight(o, run() + c - first) * value(c))
                        .sum()
                }
                Weights::Structural {
                    channels,
                    coefficient,
                } => (0..channels.taps)
                    .filter_map(|t| channels.source(o, t, all))
                    .map(|c| i64::from(*coefficient) * value(c))
                    .sum(),
            };
        }
        sum << term.exponent
    }

    fn extent(&self, length: u32) -> u32 {
        match self.padding {
            None => length,
            Some(_) => length.next_power_of_two(),
        }
    }

    fn value(&self, tensor: u32, position: &[u32], channel: u32) -> i64 {
        let source = &self.network.program.tensors()[tensor as usize];
        let axes = position.iter().zip(&source.positions);
        let mut axes = axes.chain([(&channel, &source.channels)]);
        match axes.all(|(i, length)| i < length) {
            true => self.trace[tensor as usize][row_major(source, position, channel)].out,
            false => self.padding.unwrap(),
        }
    }

    fn weight(&self, o: u32, column: u32) -> i64 {
        let weights = &self.network.weights;
        let row = weights.row(o as usize % weights.rows());
        row.get(column as usize).copied().unwrap_or(0).into()
    }
}

/// The number of a cell in a tensor's list of cells.
fn row_major(tensor: &Tensor, position: &[u32], channel: u32) -> usize {
    let axes = tensor.positions.iter().zip(position);
    let position = axes.fold(0, |number, (length, i)| number * length + i);
    (position * tensor.channels + channel) as usize
}

impl Term {
    /// The first columns of the term's runs, to be changed.
    pub(crate) fn runs_mut(&mut self) -> &mut Vec<u32> {
        match &mut self.weights {
            Weights::Dense { runs } | Weights::BlockDiagonal { runs } => runs,
            Weights::Structural { .. } => panic!("a structural term has no runs"),
        }
    }
}

impl Tensor {
    /// The lane and the row of each valid cell, row-major.
    pub(crate) fn places(&self) -> Vec<(usize, usize)> {
        let rows =
            |piece: Piece| (piece.row..piece.row + piece.length).map(move |row| (piece.lane, row));
        self.pieces().flat_map(rows).collect()
    }

    /// The lane and the row of every padded cell that is not valid.
    pub(crate) fn padding(&self) -> Vec<(usize, usize)> {
        let size = 1 << self.block_bits();
        let all = self.blocks.iter().flat_map(|block| {
            (0..size).map(move |i| (block.lane as usize, block.base as usize + i))
        });
        let valid = self.places();
        all.filter(|place| !valid.contains(place)).collect()
    }
}
