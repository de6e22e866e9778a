//! A network with everything that a program can describe: two position axes, stride, dilation and padding, layers of several
//! terms, tensors in several blocks of several lanes, among them one whose channel axis is cut.

use alloc::vec;
use alloc::vec::Vec;

use super::network::{Network, Small};
use crate::linear::weights::WeightMatrix;
use crate::program::{AxisMap, Block, Layer, Program, ProgramParts, Tensor, Term, Weights};
use crate::table::{Outputs, Segment, Table};

const LOG_WEIGHT_ROWS: u32 = 4;

fn map(taps: u32, stride: u32, dilation: u32, pad: i32) -> AxisMap {
    AxisMap {
        taps,
        stride,
        dilation,
        pad,
        divisor: 1,
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
                weights: Weights::Dense { runs },
            });
        }
        let bias = blocks.iter().map(|rows| self.run(*rows, 1)).collect();
        Layer {
            output,
            limbs: Vec::new(),
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
