//! All weights in one matrix.
//!
//! A block of R outputs of a layer takes, for each term and tap, a run of columns, one for each source channel that it reads, and a few
//! columns for its biases. Equal runs are stored once, wherever they occur. More rows mean fewer columns: a proof costs about one group operation
//! a row and six a column, so the packing with the least such sum is taken.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::program::BIAS_COLUMN_BITS;

use crate::integer::{
    DIGIT_BITS, Extent, IntegerGraph, IntegerLayer, IntegerTerm, Weights, digits,
};

const _: () = assert!(
    BIAS_COLUMN_BITS == DIGIT_BITS,
    "the columns of a bias are its digits"
);

pub(super) const COST_OF_A_COLUMN: usize = 6;
const MAX_LOG_ROWS: u32 = 12;
/// Largest logarithm of the entries of the matrix that the proof system takes.
const MAX_LOG_ENTRIES: u32 = 28;

/// The shape of the weight matrix, and where everything stands in it.
#[derive(Clone, Debug)]
pub(super) struct Packing {
    pub(super) log_rows: u32,
    pub(super) log_columns: u32,
    pub(super) layers: Vec<LayerRuns>,
    pub(super) matrix: WeightMatrix,
}

/// The columns of a layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LayerRuns {
    /// Per term, the first column of the run of each block and tap, at index block·taps + tap; none where it is structural.
    pub(super) terms: Vec<Vec<u32>>,
    /// The columns of each block's biases, none where all are zero.
    pub(super) bias: Vec<u32>,
}

/// Columns of equal height, and where runs of them start.
struct Store {
    height: usize,
    /// Column after column.
    entries: Vec<i32>,
    /// First columns of the runs stored so far, by the digest of their entries.
    runs: BTreeMap<u64, Vec<(u32, usize)>>,
}

impl Packing {
    /// The cheapest packing for a graph, `None` when there is none within the proof system's limits.
    pub(super) fn choose(graph: &IntegerGraph) -> Option<Self> {
        let weights: usize = graph.layers.iter().map(IntegerLayer::weight_count).sum();
        let (mut best, mut least) = (None, usize::MAX);
        for log_rows in 0..=MAX_LOG_ROWS {
            let rows = 1usize << log_rows;
            // Fewer columns than this no packing has, but for equal runs, which are few.
            if rows > least || (weights >> log_rows) > 64usize.saturating_mul(least) {
                continue;
            }
            let (store, layers) = store(graph, rows);
            let columns = (store.entries.len() / rows).next_power_of_two().max(2);
            let log_columns = columns.trailing_zeros();
            let cost = rows + COST_OF_A_COLUMN * columns;
            if log_rows + log_columns <= MAX_LOG_ENTRIES && cost < least {
                least = cost;
                best = Some((log_rows, log_columns, store, layers));
            }
        }
        let (log_rows, log_columns, store, layers) = best?;
        Some(Self {
            log_rows,
            log_columns,
            layers,
            matrix: store.matrix(1 << log_columns),
        })
    }
}

/// Stores every layer in columns of this height.
fn store(graph: &IntegerGraph, height: usize) -> (Store, Vec<LayerRuns>) {
    let mut store = Store {
        height,
        entries: Vec::new(),
        runs: BTreeMap::new(),
    };
    let limbs = graph.limb_list();
    let layers = graph.layers.iter().map(|layer| {
        let terms = layer.terms.iter().map(|term| {
            let source = limbs.extent(graph, term.source);
            let source = source.unwrap_or(Extent::flat(0));
            store.term(term, (source.channels, layer.extent.channels))
        });
        LayerRuns {
            terms: terms.collect(),
            bias: store.bias(&layer.bias),
        }
    });
    let layers = layers.collect();
    (store, layers)
}

impl Store {
    fn term(&mut self, term: &IntegerTerm, (inputs, outputs): (usize, usize)) -> Vec<u32> {
        let taps = term.taps().unwrap_or(0);
        let diagonal = match &term.weights {
            Weights::Structural { .. } => return Vec::new(),
            Weights::Dense(_) => false,
            Weights::Diagonal(_) => true,
        };
        let weights = term.parameters();
        let height = self.height;
        let mut runs = Vec::new();
        for first in (0..outputs).step_by(height) {
            let own = height.min(outputs - first);
            for tap in 0..taps {
                let width = if diagonal { own } else { inputs };
                let mut run = vec![0; width * height];
                for row in 0..own {
                    let at = (first + row) * taps + tap;
                    if diagonal {
                        run[row * height + row] = weights[at];
                    } else {
                        for (column, weight) in weights[at * inputs..][..inputs].iter().enumerate()
                        {
                            run[column * height + row] = *weight;
                        }
                    }
                }
                runs.push(self.run(&run));
            }
        }
        runs
    }

    /// The columns of the biases: of each block, as many as the largest needs, each worth `2^BIAS_COLUMN_BITS` times the one before.
    fn bias(&mut self, biases: &[i64]) -> Vec<u32> {
        let count = biases.iter().map(|bias| digits(*bias).len()).max();
        let mut columns = Vec::new();
        for block in biases.chunks(self.height) {
            for place in 0..count.unwrap_or(0) {
                let mut column = vec![0; self.height];
                for (entry, bias) in column.iter_mut().zip(block) {
                    *entry = digits(*bias).get(place).copied().unwrap_or(0);
                }
                columns.push(self.run(&column));
            }
        }
        columns
    }

    /// The first column of a run, stored if it is new.
    fn run(&mut self, run: &[i32]) -> u32 {
        let start = |column: u32| column as usize * self.height;
        let digest = digest(run);
        let known = self.runs.get(&digest).and_then(|known| {
            known
                .iter()
                .find(|(first, length)| {
                    *length == run.len() && self.entries[start(*first)..][..*length] == *run
                })
                .map(|(first, _)| *first)
        });
        known.unwrap_or_else(|| {
            let first = super::index(self.entries.len() / self.height);
            self.entries.extend_from_slice(run);
            self.runs
                .entry(digest)
                .or_default()
                .push((first, run.len()));
            first
        })
    }

    fn matrix(&self, columns: usize) -> WeightMatrix {
        let mut matrix = WeightMatrix::zero(self.height, columns);
        for (column, entries) in self.entries.chunks(self.height).enumerate() {
            for (row, weight) in entries.iter().enumerate().filter(|entry| *entry.1 != 0) {
                matrix.set(row, column, *weight);
            }
        }
        matrix
    }
}

/// FNV-1a over whole entries; equality is checked besides.
fn digest(entries: &[i32]) -> u64 {
    entries.iter().fold(0xcbf2_9ce4_8422_2325, |hash, entry| {
        (hash ^ u64::from(entry.cast_unsigned())).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_runs_are_stored_once() {
        let mut store = Store {
            height: 2,
            entries: vec![],
            runs: BTreeMap::new(),
        };
        let dense = |weights: Vec<i32>| IntegerTerm {
            source: 0,
            maps: vec![],
            weights: Weights::Dense(weights),
            exponent: 0,
        };
        let term = dense(vec![1, 2, 3, 4, 1, 2, 3, 4, 9, 9]);
        assert_eq!(store.term(&term, (2, 5)), [0, 0, 2]);
        assert_eq!(store.bias(&[0, 0]), Vec::<u32>::new());
        // A column of a bias is a run of one column.
        assert_eq!(store.bias(&[7, 1 << 40, 7]), [4, 5, 4, 6]);
        let diagonal = IntegerTerm {
            weights: Weights::Diagonal(vec![5, 5, 6]),
            ..term
        };
        assert_eq!(store.term(&diagonal, (3, 3)), [7, 9]);
        assert_eq!(store.entries[14..], [5, 0, 0, 5, 6, 0]);
    }
}
