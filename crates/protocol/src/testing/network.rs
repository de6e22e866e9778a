//! Small networks, compiled and run without the model crate: dense layers and one-dimensional convolutions, as in the protocol's
//! executable reference.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::random;
use crate::backend::Reference;
use crate::cq::{CachedTable, NoCheckpoints, PlacedTable, Preprocessor, TableContents, Visibility};
use crate::digest::Digest32;
use crate::keys::{Model, ProvingKey, generate_with_tables};
use crate::linear::weights::WeightMatrix;
use crate::program::{AxisMap, Block, Layer, Program, ProgramParts, Tensor, Term, Weights};
use crate::srs::Srs;
use crate::table::{Outputs, Segment, Table};
use crate::witness::{Cell, Witness};

const SHIFT: u32 = 3;
const SPAN: i32 = 13;
const LOG_WEIGHT_ROWS: u32 = 2;
pub(crate) const IDENTITY: u32 = 0;
const RELU: u32 = 1;

/// A layer: out = f((Σ weight[o][t][c]·in[stride·p + t, c] + bias[o] + 2^{s−1}) >> s).
#[derive(Clone, Debug)]
pub(crate) struct TestLayer {
    pub(crate) weight: Vec<Vec<Vec<i32>>>,
    pub(crate) bias: Vec<i32>,
    pub(crate) segment: u32,
    pub(crate) stride: u32,
}

/// A network with its program, weights and an input.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) layers: Vec<TestLayer>,
    pub(crate) program: Program,
    pub(crate) weights: WeightMatrix,
    pub(crate) input: Vec<i64>,
    pub(crate) output: u32,
    /// What stands in the large tables.
    pub(crate) tables: Vec<TableContents>,
}

/// A generator of small integers.
pub(crate) struct Small(pub(crate) u64);

impl Small {
    pub(crate) fn next(&mut self, low: i64, high: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        low + ((self.0 >> 33) as i64) % (high - low + 1)
    }

    pub(crate) fn layer(
        &mut self,
        [outputs, taps, inputs]: [usize; 3],
        segment: u32,
        stride: u32,
    ) -> TestLayer {
        let mut weight = |_| self.next(-3, 3) as i32;
        let weight = (0..outputs)
            .map(|_| {
                (0..taps)
                    .map(|_| (0..inputs).map(&mut weight).collect())
                    .collect()
            })
            .collect();
        TestLayer {
            weight,
            bias: (0..outputs).map(|_| self.next(-4, 4) as i32).collect(),
            segment,
            stride,
        }
    }
}

/// A dense network in two lanes, a convolution in two lanes, and a dense network in one lane whose weight matrix is wider than a
/// column is long.
pub(crate) fn networks() -> Vec<(&'static str, Network)> {
    // A seed whose networks have accumulators of both signs and outputs that are not all zero.
    let mut small = Small(330);
    let mlp = vec![
        small.layer([5, 1, 3], RELU, 1),
        small.layer([2, 1, 5], IDENTITY, 1),
    ];
    let conv = vec![
        small.layer([3, 3, 2], RELU, 2),
        small.layer([2, 1, 3], IDENTITY, 1),
    ];
    let wide = vec![
        small.layer([20, 1, 11], RELU, 1),
        small.layer([3, 1, 20], IDENTITY, 1),
    ];
    let mut input = |count: usize| (0..count).map(|_| small.next(-5, 5)).collect::<Vec<_>>();
    vec![
        ("mlp", Network::new(mlp, None, vec![3, -2, 5], (7, 2))),
        ("conv", Network::new(conv, Some(7), input(14), (7, 2))),
        ("wide", Network::new(wide, None, input(11), (7, 1))),
    ]
}

/// Keys under a development setup made from a fixed seed.
pub(crate) fn keys(network: &Network) -> (Srs, ProvingKey) {
    let power = if network.weights.degree_bound() < 2000 {
        10
    } else {
        11
    };
    let tables = network.tables.iter();
    let longest = tables.map(|table| 1 << table.log_rows).max();
    let longest: usize = longest.unwrap_or(0);
    let srs = Srs::development_with_g2(power, longest, (&Reference, &mut random(1))).unwrap();
    let key = keys_under(&srs, network);
    (srs, key)
}

/// The cached points of a table.
pub(crate) fn cached(place: &PlacedTable<'_>, srs: &Srs) -> Result<CachedTable, crate::KeyError> {
    let mut preprocessor = Preprocessor {
        backend: &Reference,
        checkpoints: &mut NoCheckpoints,
        progress: &mut |_, _| (),
    };
    CachedTable::compute(place, srs, &mut preprocessor)
}

/// The cached points of columns under a table's name, which may be that of another.
pub(crate) fn cached_columns(
    named: (Digest32, &[Vec<i64>; 3]),
    srs: &Srs,
) -> Result<CachedTable, crate::KeyError> {
    let mut preprocessor = Preprocessor {
        backend: &Reference,
        checkpoints: &mut NoCheckpoints,
        progress: &mut |_, _| (),
    };
    CachedTable::of_columns(named, srs, &mut preprocessor)
}

/// Keys under a setup, with the cached points of all large tables.
pub(crate) fn keys_under(srs: &Srs, network: &Network) -> ProvingKey {
    let model = Model {
        program: network.program.clone(),
        tables: &network.tables,
        weights: network.weights.clone(),
        annotation: b"a test".to_vec(),
    };
    let tools = (&Reference, &mut random(2) as &mut _);
    let mut key = generate_with_tables(model, srs, tools, &mut |_, _| ()).unwrap();
    let points = key.placed_tables().map(|place| cached(&place, srs));
    let points: Vec<_> = points.collect::<Result<_, _>>().unwrap();
    for (index, points) in points.into_iter().enumerate() {
        key.attach_table(index, Arc::new(points)).unwrap();
    }
    key
}

fn clamp(low: i32) -> Segment {
    Segment {
        start: -SPAN,
        length: 2 * SPAN as u32,
        outputs: Outputs::Clamp { low, high: 7 },
    }
}

impl Network {
    pub(crate) fn new(
        layers: Vec<TestLayer>,
        positions: Option<u32>,
        input: Vec<i64>,
        (log_rows, lanes): (u32, u32),
    ) -> Self {
        let tensors = place(tensors(&layers, positions), lanes);
        let mut columns = 0;
        let mut program_layers = Vec::new();
        let mut entries = Vec::new();
        for (index, layer) in layers.iter().enumerate() {
            let (layer, used) = pack(index, layer, positions.is_some(), columns);
            entries.extend(layer.1);
            program_layers.push(layer.0);
            columns = used;
        }
        let log_columns = u32::max(1, columns.next_power_of_two().trailing_zeros());
        let mut weights = WeightMatrix::zero(1 << LOG_WEIGHT_ROWS, 1 << log_columns);
        for (row, column, weight) in entries {
            weights.set(row, column, weight);
        }
        let output = u32::try_from(layers.len()).unwrap();
        let program = Program::new(ProgramParts {
            log_rows,
            lanes,
            log_weight_rows: LOG_WEIGHT_ROWS,
            log_weight_columns: log_columns,
            table: Table {
                shift: SHIFT,
                segments: vec![clamp(-8), clamp(0)],
            },
            large_tables: Vec::new(),
            tensors,
            layers: program_layers,
            inputs: vec![0],
            outputs: vec![output],
        })
        .unwrap();
        Self {
            layers,
            program,
            weights,
            input,
            output,
            tables: Vec::new(),
        }
    }

    /// The functions of all tables, in the order of their numbers.
    pub(crate) fn segments(&self) -> Vec<Segment> {
        let large = self.tables.iter().flat_map(|table| &table.segments);
        let small = &self.program.table().segments;
        small.iter().chain(large).cloned().collect()
    }

    /// The network with its last segments in large tables: for each table log₂ of its rows and how many segments it takes.
    pub(crate) fn with_large_tables(mut self, tables: &[(u32, usize)]) -> Self {
        let mut parts = self.program.parts().clone();
        let count: usize = tables.iter().map(|(_, count)| count).sum();
        let split = parts.table.segments.len() - count;
        let mut moved = parts.table.segments.split_off(split).into_iter();
        let contents = |(log_rows, count): &(u32, usize)| TableContents {
            log_rows: *log_rows,
            visibility: Visibility::Public,
            segments: moved.by_ref().take(*count).collect(),
        };
        self.tables = tables.iter().map(contents).collect();
        let described = self.tables.iter().map(TableContents::describe);
        parts.large_tables = described.collect::<Result<_, _>>().unwrap();
        self.program = Program::new(parts).unwrap();
        self
    }

    /// The network with large tables whose outputs are private.
    pub(crate) fn hidden(mut self) -> Self {
        let mut parts = self.program.parts().clone();
        for contents in &mut self.tables {
            contents.visibility = Visibility::Hidden {
                low: 1 - (1 << 62),
                high: (1 << 62) - 1,
            };
        }
        let described = self.tables.iter().map(TableContents::describe);
        parts.large_tables = described.collect::<Result<_, _>>().unwrap();
        self.program = Program::new(parts).unwrap();
        self
    }

    /// Integer inference. Accumulators outside the table are a fault of the test.
    pub(crate) fn trace(&self) -> Vec<Vec<Cell>> {
        self.trace_with(&|_, _, _| ())
    }

    /// As [`Self::trace`], but `alter` may change any cell, by tensor and row-major index, before later layers read it.
    pub(crate) fn trace_with(&self, alter: &dyn Fn(usize, usize, &mut Cell)) -> Vec<Vec<Cell>> {
        if self.layers.is_empty() {
            return super::plain::infer(self, alter).expect("an accumulator left the table");
        }
        let segments = self.segments();
        let input = self.input.iter().map(|x| Cell {
            rem: 0,
            pre: *x,
            out: *x,
        });
        let altered = |tensor: usize, mut cells: Vec<Cell>| {
            for (index, cell) in cells.iter_mut().enumerate() {
                alter(tensor, index, cell);
            }
            cells
        };
        let mut trace: Vec<Vec<Cell>> = vec![altered(0, input.collect())];
        for layer in &self.layers {
            let before = &trace[trace.len() - 1];
            let (taps, inputs) = (layer.weight[0].len(), layer.weight[0][0].len());
            let positions = (before.len() / inputs - taps) / layer.stride as usize + 1;
            let mut cells = Vec::new();
            for p in 0..positions {
                for (rows, bias) in layer.weight.iter().zip(&layer.bias) {
                    let mut acc = i64::from(*bias) + (1 << (SHIFT - 1));
                    for (t, row) in rows.iter().enumerate() {
                        for (c, weight) in row.iter().enumerate() {
                            let position = layer.stride as usize * p + t;
                            acc += i64::from(*weight) * before[position * inputs + c].out;
                        }
                    }
                    let (pre, rem) = (acc >> SHIFT, acc & ((1 << SHIFT) - 1));
                    let out = segments[layer.segment as usize].apply(pre);
                    cells.push(Cell {
                        rem,
                        pre,
                        out: out.expect("an accumulator left the table"),
                    });
                }
            }
            trace.push(altered(trace.len(), cells));
        }
        trace
    }

    pub(crate) fn witness(&self) -> Witness {
        Witness::new(&self.program, self.trace()).unwrap()
    }

    /// The witness of another input.
    pub(crate) fn witness_of(&self, input: &[i64]) -> Witness {
        let network = Self {
            input: input.to_vec(),
            ..self.clone()
        };
        network.witness()
    }
}

fn tensors(layers: &[TestLayer], positions: Option<u32>) -> Vec<Tensor> {
    let tensor = |positions: Option<u32>, channels: usize, segment| Tensor {
        positions: positions.into_iter().collect(),
        channels: channels as u32,
        segment,
        blocks: Vec::new(),
    };
    let mut length = positions;
    let mut tensors = vec![tensor(length, layers[0].weight[0][0].len(), IDENTITY)];
    for layer in layers {
        let taps = layer.weight[0].len() as u32;
        length = length.map(|length| (length - taps) / layer.stride + 1);
        tensors.push(tensor(length, layer.weight.len(), layer.segment));
    }
    tensors
}

/// Largest first, into the emptiest lane: aligned without gaps.
fn place(mut tensors: Vec<Tensor>, lanes: u32) -> Vec<Tensor> {
    let mut order: Vec<usize> = (0..tensors.len()).collect();
    order.sort_by_key(|index| core::cmp::Reverse(tensors[*index].bits()));
    let mut next = vec![0u32; lanes as usize];
    for index in order {
        let lane = (0..next.len()).min_by_key(|lane| next[*lane]).unwrap();
        tensors[index].blocks = vec![Block {
            lane: lane as u32,
            base: next[lane],
        }];
        next[lane] += 1 << tensors[index].bits();
    }
    tensors
}

type Entries = Vec<(usize, usize, i32)>;

/// The runs of a layer from column `first` on, aligned as in the reference, and its entries (row, column, weight).
fn pack(index: usize, layer: &TestLayer, position: bool, first: u32) -> ((Layer, Entries), u32) {
    let rows = 1 << LOG_WEIGHT_ROWS;
    let (taps, inputs) = (layer.weight[0].len(), layer.weight[0][0].len());
    let width = (inputs as u32).next_power_of_two();
    let (mut runs, mut biases, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    let mut column = first;
    for outputs in layer.weight.chunks(rows).zip(layer.bias.chunks(rows)) {
        for tap in 0..taps {
            column = column.next_multiple_of(width);
            for (row, weights) in outputs.0.iter().enumerate() {
                for (c, weight) in weights[tap].iter().enumerate() {
                    entries.push((row, column as usize + c, *weight));
                }
            }
            runs.push(column);
            column += width;
        }
        for (row, bias) in outputs.1.iter().enumerate() {
            entries.push((row, column as usize, *bias));
        }
        biases.push(column);
        column += 1;
    }
    let map = AxisMap {
        taps: taps as u32,
        stride: layer.stride,
        ..AxisMap::IDENTITY
    };
    let term = Term {
        source: index as u32,
        maps: if position { vec![map] } else { Vec::new() },
        weights: Weights::Dense { runs },
        exponent: 0,
    };
    let layer = Layer {
        output: index as u32 + 1,
        limbs: Vec::new(),
        terms: vec![term],
        bias: biases,
    };
    ((layer, entries), column)
}
