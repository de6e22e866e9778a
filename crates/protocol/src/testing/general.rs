//! A network with everything that a program can describe: two position axes, stride, dilation and padding, layers of several
//! terms, tensors in several blocks of several lanes, among them one whose channel axis is cut.

use alloc::vec;
use alloc::vec::Vec;

use super::network::{Network, Small};
use crate::linear::weights::WeightMatrix;
use crate::program::{AxisMap, Block, Layer, Program, ProgramParts, Tensor, Term};
use crate::table::{Outputs, Segment, Table};
use crate::witness::Cell;

const LOG_WEIGHT_ROWS: u32 = 4;

fn map(taps: u32, stride: u32, dilation: u32, pad: u32) -> AxisMap {
    AxisMap {
        taps,
        stride,
        dilation,
        pad,
    }
}

fn tensor(positions: [u32; 2], channels: u32, segment: u32, blocks: &[(u32, u32)]) -> Tensor {
    let block = |(lane, base): &(u32, u32)| Block {
        lane: *lane,
        base: *base,
    };
    Tensor {
        positions: positions.into(),
        channels,
        segment,
        blocks: blocks.iter().map(block).collect(),
    }
}

/// Gives out columns of the weight matrix and fills them with small weights.
struct Packer {
    next: u32,
    weights: Vec<(usize, usize)>,
}

impl Packer {
    fn run(&mut self, rows: u32, width: u32) -> u32 {
        let first = self.next;
        self.next += width;
        for row in 0..rows as usize {
            self.weights
                .extend((first..self.next).map(|column| (row, column as usize)));
        }
        first
    }

    fn layer(&mut self, tensors: &[Tensor], output: u32, sources: &[(u32, [AxisMap; 2])]) -> Layer {
        let channels = tensors[output as usize].channels;
        let size = 1 << LOG_WEIGHT_ROWS;
        let blocks: Vec<u32> = (0..channels.div_ceil(size))
            .map(|block| size.min(channels - block * size))
            .collect();
        let mut terms = Vec::new();
        for (source, maps) in sources {
            let width = tensors[*source as usize].channels;
            let taps = maps[0].taps * maps[1].taps;
            let mut runs = Vec::new();
            for rows in &blocks {
                runs.extend((0..taps).map(|_| self.run(*rows, width)));
            }
            terms.push(Term {
                source: *source,
                maps: maps.to_vec(),
                runs,
            });
        }
        let bias = blocks.iter().map(|rows| self.run(*rows, 1)).collect();
        Layer {
            output,
            terms,
            bias,
        }
    }
}

/// The network at n = 2^8, where C = n, or above.
pub(crate) fn general(log_rows: u32) -> Network {
    let tensors = vec![
        tensor([5, 6], 3, 0, &[(0, 128), (1, 128), (2, 0), (2, 64)]),
        tensor([3, 6], 5, 1, &[(0, 0), (1, 0)]),
        tensor([3, 6], 2, 0, &[(2, 128)]),
        tensor([1, 1], 40, 1, &[(0, 192), (1, 192), (2, 192), (0, 208)]),
        tensor([1, 1], 3, 0, &[(1, 208)]),
    ];
    let mut packer = Packer {
        next: 0,
        weights: Vec::new(),
    };
    let point = map(1, 1, 1, 0);
    let layers = vec![
        packer.layer(&tensors, 1, &[(0, [map(3, 2, 1, 1), map(2, 1, 2, 1)])]),
        packer.layer(
            &tensors,
            2,
            &[(1, [point; 2]), (0, [map(1, 2, 1, 0), map(2, 1, 1, 1)])],
        ),
        packer.layer(&tensors, 3, &[(2, [map(3, 1, 1, 0), map(6, 1, 1, 0)])]),
        packer.layer(&tensors, 4, &[(3, [point; 2])]),
    ];
    let log_weight_columns = packer.next.next_power_of_two().trailing_zeros();
    assert_eq!(log_weight_columns, 8);
    let mut small = Small(1);
    let mut weights = WeightMatrix::zero(1 << LOG_WEIGHT_ROWS, 1 << log_weight_columns);
    for (row, column) in packer.weights {
        weights.set(row, column, small.next(-1, 1) as i32);
    }
    let clamp = |low| Segment {
        start: -24,
        length: 48,
        outputs: Outputs::Clamp { low, high: 7 },
    };
    let program = Program::new(ProgramParts {
        log_rows,
        lanes: 3,
        log_weight_rows: LOG_WEIGHT_ROWS,
        log_weight_columns,
        table: Table {
            shift: 2,
            segments: vec![clamp(-8), clamp(0)],
        },
        tensors,
        layers,
        inputs: vec![0],
        outputs: vec![4, 2],
    })
    .unwrap();
    Network {
        layers: Vec::new(),
        program,
        weights,
        input: (0..90).map(|_| small.next(-3, 3)).collect(),
        output: 4,
    }
}

/// Inference as `program::layer` states it, cell by cell.
pub(crate) fn infer(network: &Network, alter: &dyn Fn(usize, usize, &mut Cell)) -> Vec<Vec<Cell>> {
    let program = &network.program;
    let input = network.input.iter().map(|x| Cell {
        rem: 0,
        pre: *x,
        out: *x,
    });
    let mut trace: Vec<Vec<Cell>> = vec![input.collect()];
    trace[0]
        .iter_mut()
        .enumerate()
        .for_each(|(index, cell)| alter(0, index, cell));
    for layer in program.layers() {
        let output = &program.tensors()[layer.output as usize];
        let segment = &program.table().segments[output.segment as usize];
        let shift = program.shift();
        let [height, width] = [output.positions[0], output.positions[1]];
        let mut cells = Vec::new();
        for p in (0..height).flat_map(|y| (0..width).map(move |x| [y, x])) {
            for channel in 0..output.channels {
                let sum = accumulator(network, &trace, layer, p, channel);
                let sum = sum + (1 << (shift - 1));
                let pre = sum >> shift;
                let out = segment.apply(pre).expect("an accumulator left the table");
                let rem = sum & ((1 << shift) - 1);
                cells.push(Cell { rem, pre, out });
            }
        }
        let tensor = trace.len();
        cells
            .iter_mut()
            .enumerate()
            .for_each(|(index, cell)| alter(tensor, index, cell));
        trace.push(cells);
    }
    trace
}

fn accumulator(
    network: &Network,
    trace: &[Vec<Cell>],
    layer: &Layer,
    [y, x]: [u32; 2],
    channel: u32,
) -> i64 {
    let (block, row) = (channel >> LOG_WEIGHT_ROWS, channel % (1 << LOG_WEIGHT_ROWS));
    let weight = |column: u32| i64::from(network.weights.row(row as usize)[column as usize]);
    let mut sum = weight(layer.bias[block as usize]);
    for term in &layer.terms {
        let source = &network.program.tensors()[term.source as usize];
        let [height, width] = [source.positions[0], source.positions[1]].map(i64::from);
        let [down, right] = [term.maps[0], term.maps[1]];
        for (t, u) in (0..down.taps).flat_map(|t| (0..right.taps).map(move |u| (t, u))) {
            let along = |map: AxisMap, p: u32, t: u32| {
                i64::from(map.stride * p + map.dilation * t) - i64::from(map.pad)
            };
            let (q, v) = (along(down, y, t), along(right, x, u));
            if !(0..height).contains(&q) || !(0..width).contains(&v) {
                continue;
            }
            let tap = (block * down.taps + t) * right.taps + u;
            let cell = (q * width + v) as usize * source.channels as usize;
            for c in 0..source.channels {
                let value = trace[term.source as usize][cell + c as usize].out;
                sum += weight(term.runs[tap as usize] + c) * value;
            }
        }
    }
    sum
}
