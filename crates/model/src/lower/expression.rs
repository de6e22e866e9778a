//! A linear expression of committed tensors: what a value is before, and often without, becoming cells of its own.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::compose::{Lengths, compose, is_empty, is_full};
use crate::integer::AxisMap;

/// What one tensor contributes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    /// The committed tensor.
    pub(super) source: usize,
    /// Lengths of its layered axes, channels first.
    pub(super) lengths: Vec<usize>,
    /// One map for each layered axis, channels first; the channels' map speaks only of uniform coefficients.
    pub(super) maps: Vec<AxisMap>,
    pub(super) coefficients: Coefficients,
}

/// As `layered::Weights`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Coefficients {
    /// A number of the architecture for all that the maps reach.
    Uniform(f32),
    /// `[channel][tap]`.
    Diagonal(Vec<f32>),
    /// `[output channel][tap][source channel]`.
    Dense(Vec<f32>),
}

/// The ONNX nodes that an expression comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Origin {
    /// Name of the first node.
    pub(super) name: Option<String>,
    /// Operators in order.
    pub(super) operators: Vec<String>,
}

/// A sum of terms and a bias.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression {
    /// Lengths of the layered axes, channels first.
    pub(super) lengths: Vec<usize>,
    pub(super) terms: Vec<Term>,
    /// One for each channel.
    pub(super) bias: Vec<f32>,
    /// Whether every value lies between the values of the sources, so that it may keep their scale: copies, maxima, averages.
    pub(super) within_sources: bool,
    pub(super) origin: Origin,
}

impl Origin {
    /// Adds a node.
    pub(super) fn add(&mut self, name: &str, operator: &str) {
        self.name.get_or_insert_with(|| name.into());
        self.operators.push(operator.into());
    }

    /// Adds the nodes of another origin.
    pub(super) fn extend(&mut self, other: &Self) {
        if self.name.is_none() {
            self.name.clone_from(&other.name);
        }
        self.operators.extend(other.operators.iter().cloned());
    }
}

impl Term {
    /// Number of taps of the position axes.
    pub(super) fn taps(&self) -> usize {
        self.maps[1..].iter().map(|map| map.taps).product()
    }

    /// Whether one position is read for each position, at most.
    pub(super) fn is_single(&self) -> bool {
        self.taps() == 1
    }

    /// Whether the term copies: one element with coefficient 1.
    pub(super) fn is_copy(&self) -> bool {
        self.is_single()
            && self.maps[0].taps == 1
            && self.coefficients == Coefficients::Uniform(1.0)
    }

    fn reads_nothing(&self, lengths: &[usize]) -> bool {
        let channels = matches!(self.coefficients, Coefficients::Uniform(_));
        (0..self.maps.len())
            .skip(usize::from(!channels))
            .any(|axis| is_empty(&self.maps[axis], at(lengths, axis), at(&self.lengths, axis)))
    }

    /// The source's channels that reach each of `channels` middle channels, with their coefficients.
    fn channel_reads(&self, channels: usize) -> Option<Vec<Vec<(usize, f32)>>> {
        let source = at(&self.lengths, 0);
        Some(match &self.coefficients {
            Coefficients::Uniform(coefficient) => (0..channels)
                .map(|c| {
                    (0..self.maps[0].taps)
                        .filter_map(|t| Some((self.maps[0].source(c, t, source)?, *coefficient)))
                        .collect()
                })
                .collect(),
            Coefficients::Diagonal(weights) => weights
                .iter()
                .enumerate()
                .map(|(c, weight)| vec![(c, *weight)])
                .collect(),
            Coefficients::Dense(_) => return None,
        })
    }

    /// This term read through `maps`, with its coefficients multiplied by `factor`. `lengths` are those of the value that it is part of,
    /// `output` of the result.
    fn through(
        &self,
        maps: &[AxisMap],
        lengths: &[usize],
        output: &[usize],
        factor: f32,
    ) -> Option<Self> {
        let axes = maps.len().max(self.maps.len());
        let composed = |axis: usize| {
            let lengths = Lengths {
                output: at(output, axis),
                middle: at(lengths, axis),
                source: at(&self.lengths, axis),
            };
            compose(&map_at(maps, axis), &map_at(&self.maps, axis), lengths)
        };
        let taps = self.taps();
        let scaled = |weights: &[f32]| weights.iter().map(|w| w * factor).collect();
        let same_channels = map_at(maps, 0) == AxisMap::IDENTITY && at(lengths, 0) == at(output, 0);
        let (channel_map, coefficients) = match &self.coefficients {
            Coefficients::Uniform(value) => (composed(0)?, Coefficients::Uniform(value * factor)),
            // Weights are indexed by the term's own taps.
            Coefficients::Diagonal(_) | Coefficients::Dense(_)
                if maps[1..].iter().any(|map| map.taps != 1) =>
            {
                return None;
            }
            Coefficients::Diagonal(weights) if same_channels => {
                (AxisMap::IDENTITY, Coefficients::Diagonal(scaled(weights)))
            }
            Coefficients::Diagonal(_) => return None,
            Coefficients::Dense(weights) if same_channels => {
                (AxisMap::IDENTITY, Coefficients::Dense(scaled(weights)))
            }
            Coefficients::Dense(weights) => {
                let row = taps * at(&self.lengths, 0);
                let mut rows = vec![0.0; at(output, 0) * row];
                for (o, made) in rows.chunks_mut(row).enumerate() {
                    for t in 0..maps[0].taps {
                        if let Some(from) = maps[0].source(o, t, at(lengths, 0)) {
                            let read = &weights[from * row..][..row];
                            made.iter_mut()
                                .zip(read)
                                .for_each(|(w, x)| *w += x * factor);
                        }
                    }
                }
                (AxisMap::IDENTITY, Coefficients::Dense(rows))
            }
        };
        let positions = (1..axes).map(composed);
        let maps = core::iter::once(Some(channel_map)).chain(positions);
        Some(Self {
            source: self.source,
            lengths: self.lengths.clone(),
            maps: maps.collect::<Option<_>>()?,
            coefficients,
        })
    }
}

/// A kernel over a value: one map for each position axis (`maps[0]` stands for the channels and is not used).
#[derive(Clone, Debug)]
pub(super) struct Kernel {
    pub(super) maps: Vec<AxisMap>,
    /// Lengths of what it makes, channels first.
    pub(super) output: Vec<usize>,
    /// Dense or diagonal.
    pub(super) coefficients: Coefficients,
}

impl Expression {
    /// A committed tensor.
    pub(super) fn tensor(source: usize, lengths: Vec<usize>) -> Self {
        let term = Term {
            source,
            lengths: lengths.clone(),
            maps: vec![AxisMap::IDENTITY; lengths.len()],
            coefficients: Coefficients::Uniform(1.0),
        };
        Self {
            bias: vec![0.0; lengths[0]],
            lengths,
            terms: vec![term],
            within_sources: true,
            origin: Origin::default(),
        }
    }

    /// The committed tensor that this is, unchanged.
    pub(super) fn as_tensor(&self) -> Option<usize> {
        match self.terms.as_slice() {
            [term]
                if term.is_copy()
                    && !self.has_bias()
                    && same_lengths(&term.lengths, &self.lengths) =>
            {
                term.maps
                    .iter()
                    .enumerate()
                    .all(|(axis, map)| {
                        let length = at(&self.lengths, axis);
                        (0..length).all(|p| map.source(p, 0, length) == Some(p))
                    })
                    .then_some(term.source)
            }
            _ => None,
        }
    }

    /// What a map along one layered axis reads, `None` where that is no expression without cells of its own.
    pub(super) fn along(&self, axis: usize, map: AxisMap, length: usize) -> Option<Self> {
        let axes = self.lengths.len().max(axis + 1);
        let mut maps = vec![AxisMap::IDENTITY; axes];
        let mut output: Vec<usize> = (0..axes).map(|axis| at(&self.lengths, axis)).collect();
        maps[axis] = map;
        output[axis] = length;
        self.view(&maps, &output, 1.0)
    }

    /// Whether reading this in several places costs nothing: copies of tensors, and for each element only one of them.
    pub(super) fn is_view(&self) -> bool {
        !self.has_bias() && self.terms.iter().all(Term::is_copy) && self.is_disjoint()
    }

    /// Whether no two terms reach the same channel, as the parts of a concatenation.
    pub(super) fn is_disjoint(&self) -> bool {
        let mut taken = vec![false; self.lengths[0]];
        for term in self.terms.iter().filter(|_| self.terms.len() > 1) {
            let Some(reads) = term.channel_reads(self.lengths[0]) else {
                return false;
            };
            for (taken, reads) in taken.iter_mut().zip(reads) {
                if !reads.is_empty() && core::mem::replace(taken, true) {
                    return false;
                }
            }
        }
        true
    }

    /// Whether one of the terms reads a tensor.
    pub(super) fn reads(&self, tensor: usize) -> bool {
        self.terms.iter().any(|term| term.source == tensor)
    }

    pub(super) fn has_bias(&self) -> bool {
        self.bias.iter().any(|bias| *bias != 0.0)
    }

    /// Whether all coefficients are the architecture's.
    pub(super) fn is_structural(&self) -> bool {
        !self.has_bias()
            && (self.terms.iter()).all(|term| matches!(term.coefficients, Coefficients::Uniform(_)))
    }

    /// Whether a kernel can read this without its becoming cells, and at no more cost than one tensor.
    pub(super) fn is_readable(&self, kernel_taps: usize) -> bool {
        let single =
            |term: &Term| term.is_single() && !matches!(term.coefficients, Coefficients::Dense(_));
        self.terms.iter().all(single)
            && (self.terms.len() == 1 || kernel_taps == 1 || self.is_disjoint())
    }

    /// `factors[c]` times channel `c`: a number of the network, not of its architecture. `None` where a term's channels move.
    pub(super) fn scaled(&self, factors: &[f32]) -> Option<Self> {
        let mut made = self.clone();
        made.within_sources = false;
        made.bias.iter_mut().zip(factors).for_each(|(b, f)| *b *= f);
        for term in &mut made.terms {
            let taps = term.taps();
            let rows = |weights: &mut Vec<f32>, width: usize| {
                for (row, factor) in weights.chunks_mut(width).zip(factors) {
                    row.iter_mut().for_each(|w| *w *= factor);
                }
            };
            match &mut term.coefficients {
                Coefficients::Uniform(value) => {
                    let moved = (0..factors.len())
                        .any(|c| term.maps[0].source(c, 0, factors.len()) != Some(c));
                    if moved || term.maps[0].taps != 1 || at(&term.lengths, 0) != factors.len() {
                        return None;
                    }
                    let diagonal = factors
                        .iter()
                        .flat_map(|f| core::iter::repeat_n(f * *value, taps));
                    term.coefficients = Coefficients::Diagonal(diagonal.collect());
                    term.maps[0] = AxisMap::IDENTITY;
                }
                Coefficients::Diagonal(weights) => rows(weights, taps),
                Coefficients::Dense(weights) => rows(weights, taps * at(&term.lengths, 0)),
            }
        }
        Some(made)
    }

    /// With `shift[c]` added to channel `c`.
    pub(super) fn shifted(mut self, shift: &[f32]) -> Self {
        self.bias.iter_mut().zip(shift).for_each(|(b, s)| *b += s);
        self.within_sources = false;
        self
    }

    /// The sum of both, which have the same lengths.
    pub(super) fn plus(mut self, other: Self) -> Self {
        self.bias
            .iter_mut()
            .zip(&other.bias)
            .for_each(|(b, s)| *b += s);
        for term in other.terms {
            let same = |own: &&mut Term| own.source == term.source && own.maps == term.maps;
            match (self.terms.iter_mut().find(same), &term.coefficients) {
                (
                    Some(Term {
                        coefficients: Coefficients::Uniform(own),
                        ..
                    }),
                    Coefficients::Uniform(more),
                ) => *own += more,
                _ => self.terms.push(term),
            }
        }
        self.terms
            .retain(|term| term.coefficients != Coefficients::Uniform(0.0));
        self.within_sources = false;
        self.origin.extend(&other.origin);
        self
    }

    /// `-1` times this.
    pub(super) fn negated(mut self) -> Self {
        self.bias.iter_mut().for_each(|b| *b = -*b);
        for term in &mut self.terms {
            match &mut term.coefficients {
                Coefficients::Uniform(value) => *value = -*value,
                Coefficients::Diagonal(weights) | Coefficients::Dense(weights) => {
                    weights.iter_mut().for_each(|w| *w = -*w);
                }
            }
        }
        self.within_sources = false;
        self
    }

    /// What `maps` (one for each layered axis, channels first) read here, times `factor`; `None` where that is no such expression.
    pub(super) fn view(&self, maps: &[AxisMap], output: &[usize], factor: f32) -> Option<Self> {
        let taps: usize = maps.iter().map(|map| map.taps).product();
        let bias = if self.has_bias() {
            let full = (0..maps.len().max(output.len())).all(|axis| {
                is_full(
                    &map_at(maps, axis),
                    at(output, axis),
                    at(&self.lengths, axis),
                )
            });
            if !full {
                return None;
            }
            let other_taps = taps / maps[0].taps;
            (0..output[0])
                .map(|o| {
                    let read =
                        (0..maps[0].taps).filter_map(|t| maps[0].source(o, t, self.lengths[0]));
                    read.map(|c| self.bias[c]).sum::<f32>() * factor * other_taps as f32
                })
                .collect()
        } else {
            vec![0.0; output[0]]
        };
        let mut terms = Vec::with_capacity(self.terms.len());
        for term in &self.terms {
            let term = term.through(maps, &self.lengths, output, factor)?;
            if !term.reads_nothing(output) {
                terms.push(term);
            }
        }
        Some(Self {
            lengths: output.to_vec(),
            terms,
            bias,
            within_sources: self.within_sources && taps == 1 && factor == 1.0,
            origin: self.origin.clone(),
        })
    }

    /// What a kernel makes of this; `None` where a term has taps or weights of its own that the kernel's cannot take in, or a padded
    /// kernel would pad a bias.
    pub(super) fn convolved(&self, kernel: &Kernel) -> Option<Self> {
        let taps: usize = kernel.maps[1..].iter().map(|map| map.taps).product();
        let outputs = kernel.output[0];
        let bias = if self.has_bias() {
            let axes = kernel.maps.len().max(self.lengths.len());
            let full = (1..axes).all(|axis| {
                is_full(
                    &map_at(&kernel.maps, axis),
                    at(&kernel.output, axis),
                    at(&self.lengths, axis),
                )
            });
            if !full {
                return None;
            }
            let row = |o: usize| match &kernel.coefficients {
                Coefficients::Dense(weights) => {
                    let row = &weights[o * taps * self.lengths[0]..][..taps * self.lengths[0]];
                    let terms = row.iter().zip(self.bias.iter().cycle());
                    terms
                        .map(|(w, b)| f64::from(*w) * f64::from(*b))
                        .sum::<f64>()
                }
                Coefficients::Diagonal(weights) => {
                    let row = weights[o * taps..][..taps].iter();
                    row.map(|w| f64::from(*w) * f64::from(self.bias[o])).sum()
                }
                Coefficients::Uniform(_) => 0.0,
            };
            (0..outputs).map(|o| row(o) as f32).collect()
        } else {
            vec![0.0; outputs]
        };
        let mut terms = Vec::with_capacity(self.terms.len());
        for term in &self.terms {
            let term = convolved(term, kernel, &self.lengths)?;
            if !term.reads_nothing(&kernel.output) {
                terms.push(term);
            }
        }
        Some(Self {
            lengths: kernel.output.clone(),
            terms,
            bias,
            within_sources: false,
            origin: self.origin.clone(),
        })
    }
}

fn convolved(term: &Term, kernel: &Kernel, lengths: &[usize]) -> Option<Term> {
    if !term.is_single() {
        return None;
    }
    let reads = term.channel_reads(lengths[0])?;
    let taps: usize = kernel.maps[1..].iter().map(|map| map.taps).product();
    let source = at(&term.lengths, 0);
    let coefficients = match &kernel.coefficients {
        Coefficients::Dense(weights) => {
            let mut made = vec![0.0; kernel.output[0] * taps * source];
            for (made, weights) in made.chunks_mut(source).zip(weights.chunks(lengths[0])) {
                for (weight, reads) in weights.iter().zip(&reads) {
                    for (channel, coefficient) in reads {
                        made[*channel] += weight * coefficient;
                    }
                }
            }
            Coefficients::Dense(made)
        }
        Coefficients::Diagonal(weights) => {
            let mut made = weights.clone();
            for (c, (row, reads)) in made.chunks_mut(taps).zip(&reads).enumerate() {
                let [(channel, coefficient)] = reads.as_slice() else {
                    return None;
                };
                if *channel != c || source != lengths[0] {
                    return None;
                }
                row.iter_mut().for_each(|w| *w *= coefficient);
            }
            Coefficients::Diagonal(made)
        }
        Coefficients::Uniform(_) => return None,
    };
    let axes = kernel.maps.len().max(term.maps.len());
    let composed = |axis: usize| {
        let lengths = Lengths {
            output: at(&kernel.output, axis),
            middle: at(lengths, axis),
            source: at(&term.lengths, axis),
        };
        compose(
            &map_at(&kernel.maps, axis),
            &map_at(&term.maps, axis),
            lengths,
        )
    };
    let maps = core::iter::once(Some(AxisMap::IDENTITY)).chain((1..axes).map(composed));
    Some(Term {
        source: term.source,
        lengths: term.lengths.clone(),
        maps: maps.collect::<Option<_>>()?,
        coefficients,
    })
}

/// Length of a layered axis, one where the tensor lacks it.
pub(super) fn at(lengths: &[usize], axis: usize) -> usize {
    lengths.get(axis).copied().unwrap_or(1)
}

/// Map of a layered axis, the identity where there is none.
pub(super) fn map_at(maps: &[AxisMap], axis: usize) -> AxisMap {
    maps.get(axis).copied().unwrap_or(AxisMap::IDENTITY)
}

/// Whether both speak of the same extent.
pub(super) fn same_lengths(a: &[usize], b: &[usize]) -> bool {
    (0..a.len().max(b.len())).all(|axis| at(a, axis) == at(b, axis))
}
