//! The integer graph that a key holds.

use alloc::string::String;
use alloc::vec::Vec;

use tensorseal_protocol::cq::{TableContents, Visibility};
use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::program::{
    AxisMap, BIAS_COLUMN_BITS, Layer, Program, Tensor, Term, Weights as Runs,
};
use tensorseal_protocol::table::Outputs;

use super::Description;
use super::description::post_processing;
use crate::integer::{
    self, Extent, Function, GraphError, IntegerGraph, IntegerLayer, IntegerTerm, LargeTable,
    Segment, ValidGraph, Weights,
};

/// Weights beyond the matrix's own that runs used several times may make.
const MAX_REPEATED: usize = 1 << 24;
/// How many times over the matrix may be used, beyond that.
const MAX_REPETITIONS: usize = 16;

/// Why a key holds no graph that this crate can evaluate.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LiftError {
    /// The key's annotation is not a description of its program.
    #[error("the key's annotation does not describe its model; compile the model again")]
    Description,
    /// The program has a layer of a form that this version does not evaluate.
    #[error(
        "layer {layer} of the key has a form that this version cannot evaluate; use the version that compiled it"
    )]
    Layer {
        /// Index of the layer.
        layer: usize,
    },
    /// The layers use the weight matrix too many times over.
    #[error(
        "the layers of the key have more than {limit} weights; use the version that compiled it"
    )]
    Weights {
        /// How many they may have.
        limit: usize,
    },
    /// The graph does not fit together.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// Reads the graph out of a program, its weights, what stands in its large tables, and its description. Scales of hidden layers, which nothing but reports use, are one.
///
/// # Errors
///
/// [`LiftError`].
pub fn lift(
    program: &Program,
    (weights, tables): (&WeightMatrix, &[TableContents]),
    description: &Description,
) -> Result<ValidGraph, LiftError> {
    check_ports(program, description)?;
    let steps = description.post_processing.iter();
    let steps: Option<Vec<_>> = steps.map(|name| post_processing(name)).collect();
    let segments = Segments::new(program, tables).ok_or(LiftError::Description)?;
    let layers = layers((program, weights), &segments, description)?;
    let ports =
        |ports: &[super::PortDescription]| ports.iter().map(super::PortDescription::port).collect();
    let inputs = program.inputs().iter();
    let input_segments: Option<Vec<usize>> = inputs
        .map(|input| segments.of_tensor(program, *input))
        .collect();
    let graph = IntegerGraph {
        inputs: ports(&description.inputs),
        input_segments: input_segments.ok_or(LiftError::Description)?,
        outputs: ports(&description.outputs),
        shift: program.shift(),
        log_rows: program.parts().log_rows,
        segments: segments.all,
        large_tables: tables.iter().map(large_table).collect(),
        layers,
        post_processing: steps.ok_or(LiftError::Description)?,
    };
    for port in graph.inputs.iter().chain(&graph.outputs) {
        let tensor = program.tensors().get(port.tensor);
        if tensor.map(extent) != Some(port.extent()) {
            return Err(LiftError::Description);
        }
    }
    let graph = ValidGraph::new(graph)?;
    check_limbs(program, &graph)?;
    Ok(graph)
}

/// The description names the program's ports, the inputs come first, and there are words for each layer.
fn check_ports(program: &Program, description: &Description) -> Result<(), LiftError> {
    let named = |ports: &[super::PortDescription], tensors: &[u32]| {
        ports.iter().map(|port| &port.tensor).eq(tensors)
    };
    let numbers = (0..description.inputs.len()).map(super::index);
    let described = named(&description.inputs, program.inputs())
        && named(&description.outputs, program.outputs())
        && program.inputs().iter().copied().eq(numbers)
        && description.layers.len() == program.layers().len();
    described.then_some(()).ok_or(LiftError::Description)
}

/// The layers in their order, each with the words that describe it.
fn layers(
    (program, weights): (&Program, &WeightMatrix),
    segments: &Segments,
    description: &Description,
) -> Result<Vec<IntegerLayer>, LiftError> {
    let inputs = program.inputs().len();
    let mut reader = Reader {
        program,
        segments,
        matrix: weights,
        occupied: occupied(program, weights),
        limit: MAX_REPEATED + MAX_REPETITIONS * weights.entries().len(),
        used: 0,
        tensors: inputs + program.layers().len(),
    };
    let layers = program.layers().iter().zip(&description.layers).enumerate();
    layers
        .map(|(index, (layer, words))| {
            if wide(layer.output) != inputs + index {
                return Err(LiftError::Layer { layer: index });
            }
            Ok(IntegerLayer {
                name: words.name.clone(),
                operators: words.operators.clone(),
                inner: words.inner,
                ..reader.layer((index, layer))?
            })
        })
        .collect()
}

/// Only limbs cut as this crate cuts them are read back as the same program.
fn check_limbs(program: &Program, graph: &IntegerGraph) -> Result<(), LiftError> {
    for (index, (lifted, layer)) in graph.layers.iter().zip(program.layers()).enumerate() {
        let limbs = layer.limbs.iter();
        let widths = limbs.map(|limb| super::limb_bits(program, *limb));
        if !widths.eq(graph.limbs(lifted)) {
            return Err(LiftError::Layer { layer: index });
        }
    }
    Ok(())
}

fn large_table(contents: &TableContents) -> LargeTable {
    LargeTable {
        log_rows: contents.log_rows,
        segments: contents.segments.len(),
        hidden: match contents.visibility {
            Visibility::Public => None,
            Visibility::Hidden { low, high } => Some((low, high)),
        },
    }
}

/// Per row of the matrix, the columns within runs of diagonal weights whose entry is not zero, ascending.
///
/// Runs may overlap, so looking at all entries of each would take as long as the matrix has rows times entries; those of other weights
/// would take more memory than the matrix.
fn occupied(program: &Program, matrix: &WeightMatrix) -> Vec<Vec<usize>> {
    // How many more runs a column is in than the one before it.
    let mut changes = alloc::vec![0i64; matrix.columns() + 1];
    let terms = program.layers().iter().flat_map(|layer| &layer.terms);
    for term in terms {
        if let Runs::BlockDiagonal { runs } = &term.weights {
            for run in runs {
                let start = wide(*run).min(matrix.columns());
                changes[start] += 1;
                changes[(start + matrix.rows()).min(matrix.columns())] -= 1;
            }
        }
    }
    let mut depth = 0;
    let depths = changes.iter().map(|change| {
        depth += change;
        depth
    });
    let asked: Vec<usize> = depths
        .enumerate()
        .filter(|(_, depth)| *depth > 0)
        .map(|(column, _)| column)
        .collect();
    let columns = |row: usize| {
        let entries = matrix.row(row);
        let occupied = asked.iter().filter(|column| entries[**column] != 0);
        occupied.copied().collect()
    };
    (0..matrix.rows()).map(columns).collect()
}

/// The segments of a graph, and where the program has them.
struct Segments {
    /// Those in the columns, then those of the large tables.
    all: Vec<Segment>,
    /// How many stand in the columns.
    in_columns: usize,
    /// How many of the program's stand in the columns: behind the graph's are those of limbs.
    with_limbs: usize,
}

impl Segments {
    /// `None` when the tables are not those of the program.
    fn new(program: &Program, tables: &[TableContents]) -> Option<Self> {
        let described = tables.iter().map(|table| table.describe().ok());
        if !described.eq(program.large_tables().iter().cloned().map(Some)) {
            return None;
        }
        let in_table = &program.table().segments;
        let limbs = program.layers().iter().flat_map(|layer| &layer.limbs);
        let first = limbs.map(|limb| wide(program.tensors()[wide(*limb)].segment));
        let in_columns = first.min().unwrap_or(in_table.len());
        let large = tables.iter().flat_map(|table| &table.segments);
        let all = in_table.iter().take(in_columns).chain(large);
        Some(Self {
            all: all.map(segment).collect(),
            in_columns,
            with_limbs: in_table.len(),
        })
    }

    /// The segment of a tensor that is no limb; `None` if it has one of limbs.
    fn of_tensor(&self, program: &Program, tensor: u32) -> Option<usize> {
        let own = wide(program.tensors()[wide(tensor)].segment);
        if own < self.in_columns {
            return Some(own);
        }
        let large = own.checked_sub(self.with_limbs)?;
        Some(self.in_columns + large)
    }
}

fn segment(segment: &tensorseal_protocol::table::Segment) -> Segment {
    Segment {
        function: match &segment.outputs {
            Outputs::Clamp { low, high } => Function::Clamp {
                lo: *low,
                hi: *high,
            },
            Outputs::Values(values) => Function::Values(values.clone()),
        },
        lo: segment.start.into(),
        hi: i64::from(segment.start) + i64::from(segment.length),
    }
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn extent(tensor: &Tensor) -> Extent {
    Extent {
        positions: tensor
            .positions
            .iter()
            .map(|length| wide(*length))
            .collect(),
        channels: wide(tensor.channels),
    }
}

fn axis_map(map: &AxisMap) -> integer::AxisMap {
    integer::AxisMap {
        taps: wide(map.taps),
        stride: wide(map.stride),
        dilation: wide(map.dilation),
        pad: map.pad.into(),
        divisor: wide(map.divisor),
    }
}

/// Reads layers, and counts the weights that it has read: runs may be shared, so a small file can hold large layers.
struct Reader<'a> {
    program: &'a Program,
    segments: &'a Segments,
    matrix: &'a WeightMatrix,
    /// See [`occupied`].
    occupied: Vec<Vec<usize>>,
    limit: usize,
    used: usize,
    /// Tensors so far: those of the graph, then the limbs of the layers that have been read.
    tensors: usize,
}

impl Reader<'_> {
    fn layer(&mut self, (index, layer): (usize, &Layer)) -> Result<IntegerLayer, LiftError> {
        let unknown = LiftError::Layer { layer: index };
        let output = &self.program.tensors()[wide(layer.output)];
        let mut widths = Vec::with_capacity(layer.limbs.len());
        for limb in &layer.limbs {
            if wide(*limb) != self.tensors {
                return Err(unknown);
            }
            self.tensors += 1;
            widths.push(super::limb_bits(self.program, *limb));
        }
        let own_shift = self.program.shift();
        let shift = own_shift + widths.iter().sum::<u32>();
        let usual = integer::limb_widths(own_shift, shift) == widths;
        let mut terms = Vec::with_capacity(layer.terms.len());
        for term in &layer.terms {
            let weights = self.weights(term, output)?.ok_or_else(|| unknown.clone())?;
            terms.push(IntegerTerm {
                source: wide(term.source),
                maps: term.maps.iter().map(axis_map).collect(),
                weights,
                exponent: term.exponent,
            });
        }
        Ok(IntegerLayer {
            name: String::new(),
            operators: Vec::new(),
            extent: extent(output),
            terms,
            bias: self
                .bias(layer, wide(output.channels))
                .ok_or_else(|| unknown.clone())?,
            shift,
            limb_bits: widths.first().copied().filter(|_| !usual),
            segment: self
                .segments
                .of_tensor(self.program, layer.output)
                .ok_or_else(|| unknown.clone())?,
            pre_scale: 1.0,
            scale: 1.0,
            inner: false,
        })
    }

    /// The weights of a term; `None` when a block that should be diagonal is not.
    fn weights(&mut self, term: &Term, output: &Tensor) -> Result<Option<Weights<i32>>, LiftError> {
        let (inputs, outputs) = (
            wide(self.program.tensors()[wide(term.source)].channels),
            wide(output.channels),
        );
        let (runs, width) = match &term.weights {
            Runs::Dense { runs } => (runs, inputs),
            Runs::BlockDiagonal { runs } => (runs, 1),
            Runs::Structural {
                channels,
                coefficient,
            } => {
                return Ok(Some(Weights::Structural {
                    channels: axis_map(channels),
                    coefficient: *coefficient,
                }));
            }
        };
        let (taps, rows) = (term.taps(), self.matrix.rows());
        let own = outputs.saturating_mul(taps).saturating_mul(width);
        self.used = self.used.saturating_add(own);
        if self.used > self.limit {
            return Err(LiftError::Weights { limit: self.limit });
        }
        let mut weights = Vec::with_capacity(own);
        for channel in 0..outputs {
            let (block, row) = (channel / rows, channel % rows);
            for tap in 0..taps {
                let start = wide(runs[block * taps + tap]);
                let run = &self.matrix.row(row)[start..];
                if matches!(term.weights, Runs::Dense { .. }) {
                    weights.extend_from_slice(&run[..inputs]);
                    continue;
                }
                let columns = &self.occupied[row];
                let first = columns.partition_point(|column| *column < start);
                let end = start + rows.min(outputs - block * rows);
                let mut own = columns[first..].iter().take_while(|column| **column < end);
                if own.any(|column| *column != start + row) {
                    return Ok(None);
                }
                weights.push(run[row]);
            }
        }
        Ok(Some(match &term.weights {
            Runs::BlockDiagonal { .. } => Weights::Diagonal(weights),
            _ => Weights::Dense(weights),
        }))
    }

    /// The biases; `None` beyond 64 bits.
    fn bias(&self, layer: &Layer, outputs: usize) -> Option<Vec<i64>> {
        let rows = self.matrix.rows();
        let places = layer.bias.len() / outputs.div_ceil(rows);
        let bias = |channel: usize| {
            let columns = &layer.bias[channel / rows * places..][..places];
            let row = self.matrix.row(channel % rows);
            columns.iter().rev().try_fold(0i64, |sum, column| {
                sum.checked_mul(1 << BIAS_COLUMN_BITS)?
                    .checked_add(row[wide(*column)].into())
            })
        };
        (0..outputs).map(bias).collect()
    }
}
