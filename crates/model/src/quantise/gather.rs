//! Rows of constant tables, embeddings: lookups of packed rows, which are taken apart by limbs.
//!
//! A table of N rows and D columns is quantised to `b` bits and stands in a large table whose outputs are secret, as weights are. Several
//! entries of a row share a cell of that table: chunk k of row i is
//!
//! ```text
//! f_k(i + 1) = sum over j < J of 2^(b*j) * (entry (i, j*K + k) + 2^(b-1))            f_k(0) = 0, for padded cells
//! ```
//!
//! with K chunks of J entries, so that the table has (N + 1) * K rows and a row of embeddings costs K lookups there. Then
//!
//! ```text
//! chunk k:   pre = index + 1, out = f_k(pre)                K tensors of one channel, a segment for each
//! parts:     acc = 2^s * chunk                              limbs of b bits: entries j < J - 1 of all chunks; pre: the last one
//! rows:      acc = 2^s * (limb or part - 2^(b-1))           D channels, the tensor that later layers read
//! ```
//!
//! Every chunk reads the same index, and `pre` is the integer nearest to it, so all chunks are of one row whatever the index is.

use alloc::vec;
use alloc::vec::Vec;

use super::QuantiseError;
use super::function::{Codes, TableFunction};
use super::scale::FreePlan;
use super::tables::SHIFT_BEYOND_BITS;
use crate::integer::{
    AxisMap, BLIND_ROWS, Extent, Function, IntegerGraph, IntegerLayer, IntegerTerm, LargeTable,
    MAX_LOG_LARGE_ROWS, Segment, Weights,
};
use crate::layered::{FloatLayer, Gathered, LayeredGraph};

/// The shift of the columns is at most this, or what the activation bits ask for: chunks have room for it below 2^61.
const MAX_SHIFT: u32 = 12;
/// Bits of an accumulator.
const ACCUMULATOR_BITS: u32 = 61;

/// How the rows of one layer's table are packed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Packing {
    /// Index of the layer in the layered graph.
    pub(super) layer: usize,
    codes: Codes,
    /// b.
    bits: u32,
    /// J.
    entries: usize,
    /// K.
    chunks: usize,
    /// Real value of an entry of 1.
    pub(super) scale: f64,
    segments: Vec<Segment>,
}

/// The largest shift of the columns with which the tables' chunks can be taken apart.
pub(super) fn largest_shift(bits: u32) -> u32 {
    MAX_SHIFT.max(bits + SHIFT_BEYOND_BITS)
}

/// The packing of every layer that gathers rows.
///
/// # Errors
///
/// [`QuantiseError::TooManyRows`] when the largest table has not enough rows for all of them.
pub(super) fn packings(graph: &LayeredGraph, codes: Codes) -> Result<Vec<Packing>, QuantiseError> {
    let layers = graph.layers.iter().enumerate();
    let gathered =
        layers.filter_map(|(index, layer)| Some((index, layer, layer.gathered.as_ref()?)));
    let rows = gathered.clone().map(|(_, layer, table)| {
        let chunks = chunks(layer.extent.channels, codes.bits()) as u64;
        chunks.saturating_mul(table.rows as u64 + 1)
    });
    let rows = rows.fold(0, u64::saturating_add);
    let limit = (1 << MAX_LOG_LARGE_ROWS) - BLIND_ROWS;
    if rows > limit {
        return Err(QuantiseError::TooManyRows { rows, limit });
    }
    Ok(gathered
        .map(|(index, layer, table)| Packing::new(index, layer, table, codes))
        .collect())
}

/// K for rows of `width` columns.
fn chunks(width: usize, bits: u32) -> usize {
    let room = (ACCUMULATOR_BITS - largest_shift(bits)) / bits;
    width.div_ceil(room as usize).max(1)
}

impl Packing {
    fn new(index: usize, layer: &FloatLayer, table: &Gathered, codes: Codes) -> Self {
        let bits = codes.bits();
        let width = layer.extent.channels;
        let chunks = chunks(width, bits);
        let entries = width.div_ceil(chunks).max(1);
        let largest = table
            .table
            .iter()
            .fold(0.0f64, |most, entry| most.max(f64::from(entry.abs())));
        let (_, most) = codes.signed();
        let scale = if largest > 0.0 {
            coarse(largest / f64::from(most))
        } else {
            1.0
        };
        let packing = Self {
            layer: index,
            codes,
            bits,
            entries,
            chunks,
            scale,
            segments: Vec::new(),
        };
        let segments = (0..chunks).map(|chunk| packing.segment(chunk, (table, width)));
        Self {
            segments: segments.collect(),
            ..packing
        }
    }

    fn segment(&self, chunk: usize, (table, width): (&Gathered, usize)) -> Segment {
        let offset = 1i64 << (self.bits - 1);
        let code = |entry: &f32| {
            let code = libm::floor(f64::from(*entry) / self.scale + 0.5) as i64;
            code.clamp(-offset, offset - 1) + offset
        };
        let packed = |row: &[f32]| {
            let entries = row.iter().skip(chunk).step_by(self.chunks).enumerate();
            entries.fold(0, |sum, (place, entry)| {
                sum + (code(entry) << (self.bits * place as u32))
            })
        };
        let rows = table.table.chunks(width.max(1)).map(packed);
        Segment {
            function: Function::Values(core::iter::once(0).chain(rows).collect()),
            lo: 0,
            hi: table.rows as i64 + 1,
        }
    }

    /// The scale of the rows, which no calibration needs to find.
    pub(super) fn plan(&self) -> FreePlan {
        let (least, most) = self.codes.signed();
        FreePlan {
            function: TableFunction::Identity,
            pre_scale: Some(self.scale),
            range: (f64::from(least) * self.scale, f64::from(most) * self.scale),
        }
    }

    /// The largest entry, its offset added.
    pub(super) fn largest_entry(&self) -> i32 {
        self.codes.count() - 1
    }

    /// The bits of a chunk.
    fn chunk_bits(&self) -> u32 {
        self.bits * self.entries as u32
    }

    /// Whether chunks hold several entries.
    fn is_packed(&self) -> bool {
        self.entries > 1
    }

    /// The extents of the tensors that the layer becomes, its own excepted.
    fn inner_extents(&self, own: &Extent) -> impl Iterator<Item = Extent> {
        let extent = |channels| Extent {
            positions: own.positions.clone(),
            channels,
        };
        let parts = if self.is_packed() { self.entries } else { 0 };
        let (chunk, part) = (extent(1), extent(self.chunks));
        let chunks = core::iter::repeat_n(chunk, self.chunks);
        chunks.chain(core::iter::repeat_n(part, parts))
    }
}

/// The extents of all tensors that the packings add to a graph.
pub(super) fn inner_extents(graph: &LayeredGraph, packings: &[Packing]) -> Vec<Extent> {
    let own = packings
        .iter()
        .map(|packing| (packing, &graph.layers[packing.layer].extent));
    own.flat_map(|(packing, extent)| packing.inner_extents(extent))
        .collect()
}

/// The width of the limbs of each packing that has some.
pub(super) fn limb_bits(packings: &[Packing]) -> impl Iterator<Item = u32> {
    let packed = packings.iter().filter(|packing| packing.is_packed());
    packed.map(|packing| packing.bits)
}

/// Replaces each layer that gathers rows by those of its packing. `parts` is the segment of a chunk's last entry.
pub(super) fn expand(graph: &mut IntegerGraph, packings: &[Packing], parts: &[usize]) {
    let mut expansion = Expansion {
        inputs: graph.inputs.len(),
        shift: graph.shift,
        first_segment: graph.segments.len(),
        tensors: (0..graph.inputs.len()).collect(),
        layers: Vec::new(),
        unpacked: Vec::new(),
    };
    for (index, layer) in core::mem::take(&mut graph.layers).into_iter().enumerate() {
        let own = packings
            .iter()
            .zip(parts)
            .find(|(packing, _)| packing.layer == index);
        match own {
            Some((packing, parts)) => expansion.gather(layer, packing, *parts),
            None => expansion.keep(layer),
        }
    }
    let place = |tensor: &mut usize| *tensor = expansion.tensors[*tensor];
    let ports = graph.inputs.iter_mut().chain(&mut graph.outputs);
    ports.for_each(|port| place(&mut port.tensor));
    let segments = packings.iter().flat_map(|packing| packing.segments.clone());
    let segments: Vec<Segment> = segments.collect();
    if !segments.is_empty() {
        let rows = segments
            .iter()
            .fold(BLIND_ROWS, |rows, segment| rows + segment.rows());
        let bits = packings.iter().map(Packing::chunk_bits).max().unwrap_or(0);
        graph.large_tables.push(LargeTable {
            log_rows: rows.next_power_of_two().trailing_zeros(),
            segments: segments.len(),
            // Of the outputs these bounds tell their bits and nothing else.
            hidden: Some((0, (1 << bits) - 1)),
        });
    }
    graph.segments.extend(segments);
    graph.layers = expansion.layers;
    for unpacked in &expansion.unpacked {
        let before = graph.layers.iter().take(unpacked.parts);
        let before: usize = before.map(|layer| graph.limbs(layer).len()).sum();
        let first = graph.tensor_count() + before;
        let terms = graph.layers[unpacked.rows].terms.iter_mut();
        // The last term reads the part that is no limb.
        for (limb, term) in terms.take(unpacked.limbs).enumerate() {
            term.source = first + limb;
        }
    }
}

/// Layers whose sources are limbs: these have their numbers when all layers are there.
struct Unpacked {
    /// Index of the layer that has the limbs.
    parts: usize,
    /// Index of the layer that reads them.
    rows: usize,
    limbs: usize,
}

struct Expansion {
    inputs: usize,
    shift: u32,
    /// The segment of the next chunk.
    first_segment: usize,
    /// The new number of every tensor.
    tensors: Vec<usize>,
    layers: Vec<IntegerLayer>,
    unpacked: Vec<Unpacked>,
}

impl Expansion {
    fn push(&mut self, layer: IntegerLayer) -> usize {
        self.layers.push(layer);
        self.inputs + self.layers.len() - 1
    }

    fn keep(&mut self, mut layer: IntegerLayer) {
        for term in &mut layer.terms {
            term.source = self.tensors[term.source];
        }
        let tensor = self.push(layer);
        self.tensors.push(tensor);
    }

    fn gather(&mut self, layer: IntegerLayer, packing: &Packing, parts_segment: usize) {
        let chunks: Vec<usize> = (0..packing.chunks).map(|_| self.chunk(&layer)).collect();
        let one = 1i32 << self.shift;
        let positions = layer.extent.positions.len();
        // Chunk k as channel k, or entry j of all chunks as channels from j·K.
        let placed = |source, channel| structural(source, positions, channel, one);
        let terms: Vec<IntegerTerm> = if packing.is_packed() {
            let terms = chunks
                .iter()
                .enumerate()
                .map(|(k, chunk)| placed(*chunk, k));
            let limbs = packing.entries - 1;
            let parts = self.parts(&layer, packing, (terms.collect(), parts_segment));
            self.unpacked.push(Unpacked {
                parts: parts - self.inputs,
                rows: self.layers.len(),
                limbs,
            });
            let entries = (0..packing.entries).map(|j| placed(parts, j * packing.chunks));
            entries.collect()
        } else {
            let chunks = chunks.iter().enumerate();
            chunks.map(|(k, chunk)| placed(*chunk, k)).collect()
        };
        let offset = -(1i64 << (packing.bits - 1 + self.shift));
        let rows = self.push(IntegerLayer {
            terms,
            bias: vec![offset; layer.extent.channels],
            shift: self.shift,
            ..layer
        });
        self.tensors.push(rows);
    }

    /// A lookup of one chunk for every position.
    fn chunk(&mut self, layer: &IntegerLayer) -> usize {
        let one = 1i32 << self.shift;
        let read = |term: &IntegerTerm| IntegerTerm {
            source: self.tensors[term.source],
            ..structural_like(term, one)
        };
        let chunk = IntegerLayer {
            extent: Extent {
                channels: 1,
                ..layer.extent.clone()
            },
            terms: layer.terms.iter().map(read).collect(),
            bias: vec![one.into()],
            shift: self.shift,
            segment: self.first_segment,
            inner: true,
            ..layer.clone()
        };
        self.first_segment += 1;
        self.push(chunk)
    }

    /// The chunks of all positions, taken apart by limbs.
    fn parts(
        &mut self,
        layer: &IntegerLayer,
        packing: &Packing,
        (terms, segment): (Vec<IntegerTerm>, usize),
    ) -> usize {
        let shift = self.shift + packing.bits * (packing.entries as u32 - 1);
        // The rounding offset is taken off again: the remainder is the chunk's own bits.
        let bias = -(1i64 << (shift - 1));
        let usual = crate::integer::limb_widths(self.shift, shift);
        let usual = usual.iter().all(|width| *width == packing.bits);
        self.push(IntegerLayer {
            extent: Extent {
                channels: packing.chunks,
                ..layer.extent.clone()
            },
            terms,
            bias: vec![bias; packing.chunks],
            shift,
            limb_bits: (!usual).then_some(packing.bits),
            segment,
            inner: true,
            ..layer.clone()
        })
    }
}

/// The next larger of the numbers k·2^e with 16 ≤ k ≤ 32. An output that holds rows, or products of them, has its scale in the public key:
/// an exact one would let anybody confirm a guess of the secret table by its largest entry.
fn coarse(scale: f64) -> f64 {
    const STEPS: f64 = 16.0;
    let unit = libm::exp2(libm::floor(libm::log2(scale))) / STEPS;
    libm::ceil(scale / unit) * unit
}

/// A copy of a source's channels to those from `channel` on, at every position.
fn structural(source: usize, positions: usize, channel: usize, coefficient: i32) -> IntegerTerm {
    IntegerTerm {
        source,
        maps: vec![AxisMap::IDENTITY; positions],
        weights: Weights::Structural {
            channels: AxisMap {
                pad: channel as i64,
                ..AxisMap::IDENTITY
            },
            coefficient,
        },
        exponent: 0,
    }
}

/// The term with another coefficient, of its only channel.
fn structural_like(term: &IntegerTerm, coefficient: i32) -> IntegerTerm {
    IntegerTerm {
        weights: Weights::Structural {
            channels: AxisMap::IDENTITY,
            coefficient,
        },
        ..term.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A layer that gathers from a table of so many rows by so many columns, whose entries nothing may look at.
    fn gathering(rows: usize, width: usize) -> FloatLayer {
        FloatLayer {
            name: "rows".into(),
            operators: vec!["Gather".into()],
            extent: Extent::flat(width),
            terms: vec![],
            bias: vec![0.0; width],
            activation: None,
            gathered: Some(Gathered {
                rows,
                table: vec![],
            }),
            scale: crate::layered::ScaleRule::Free,
        }
    }

    #[test]
    fn more_rows_than_the_largest_table_has_are_refused() {
        let refused = |layers: Vec<FloatLayer>, bits| {
            let graph = LayeredGraph {
                inputs: vec![],
                layers,
                outputs: vec![],
            };
            packings(&graph, Codes::new(bits)).err()
        };
        let limit = (1 << 27) - 2;
        // Six entries of eight bits share a row, and two of sixteen.
        let large = || gathering(1 << 24, 24);
        let rows = |chunks: u64| 2 * chunks * ((1 << 24) + 1);
        let error = refused(vec![large(), large()], 8).unwrap();
        assert_eq!(
            error,
            QuantiseError::TooManyRows {
                rows: rows(4),
                limit
            }
        );
        assert!(alloc::format!("{error}").contains("fewer columns"));
        let wider = refused(vec![large(), large()], 16);
        let rows = rows(12);
        assert_eq!(wider, Some(QuantiseError::TooManyRows { rows, limit }));
        assert_eq!(refused(vec![gathering(1 << 10, 1)], 8), None);
    }

    #[test]
    fn coarse_scales_tell_little_and_cost_little() {
        for scale in [1.0, 0.017, 3.9999, 1e-12, 1.0 + 1e-9] {
            let made = coarse(scale);
            assert!(
                made >= scale && made <= scale * (1.0 + 1.0 / 16.0),
                "{scale} {made}"
            );
        }
        let few: alloc::collections::BTreeSet<u64> = (1000..2000)
            .map(|scale| coarse(f64::from(scale)).to_bits())
            .collect();
        assert!(few.len() <= 17);
    }
}
