//! The weights' side of the linear claims: which functional of the columns each coefficient g_j meets.
//!
//! κ_j = Σ_c z_c·G̃_{j,c}(r) + K_j/n. A run of columns belongs to one block of outputs and one tap of a term; its κ is a
//! coefficient times eq over the source's channels, so κ(x) costs the verifier a logarithm of the channels for each run.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::axis_sums::{by_tap, kronecker};
use super::claims::{position_axes, power_of_two};
use super::functional::Part;
use crate::curve::Fr;
use crate::encoding::widen;
use crate::poly::axis::AxisVector;
use crate::poly::multilinear::{eq_index, eq_table};
use crate::poly::univariate::{add_scaled, power, powers};
use crate::program::{BIAS_COLUMN_BITS, Columns, Layer, Program, Tensor, Term, Weights};

/// The challenges that fold a layer.
pub(crate) struct LayerChallenges<'a> {
    pub(crate) alpha: Fr,
    pub(crate) gamma: Vec<Fr>,
    pub(crate) position_point: &'a [Fr],
}

/// One term of one layer, folded by the challenges.
#[derive(Clone, Debug)]
pub(super) struct FoldedTerm<'a> {
    pub(super) term: &'a Term,
    pub(super) source: &'a Tensor,
    /// 2^e·γ·α^{Rb} for each block b of outputs.
    pub(super) coefficients: Vec<Fr>,
    /// R where block b reads no channels but bR … bR + R − 1.
    pub(super) diagonal: Option<usize>,
    /// E along each position axis of the output, slowest first.
    positions: Vec<AxisVector>,
}

/// The weights' side of all layers.
#[derive(Clone, Debug)]
pub(crate) struct Kappa<'a> {
    pub(super) columns: Columns,
    weight_columns: usize,
    pub(super) terms: Vec<FoldedTerm<'a>>,
    /// (column, K/n) of each bias: K is a constant of the summand, K/n its part at each row.
    pub(super) constants: Vec<(usize, Fr)>,
}

/// κ at the sumcheck's point, in closed form.
#[derive(Clone, Debug)]
pub(crate) struct EvaluatedKappa {
    groups: Vec<RunGroup>,
    constants: Vec<(usize, Fr)>,
}

/// Runs over the channels of the same block of the same tensor.
#[derive(Clone, Debug)]
pub(crate) struct RunGroup {
    point: Vec<Fr>,
    length: usize,
    runs: Vec<(usize, Fr)>,
}

impl<'a> Kappa<'a> {
    pub(crate) fn new(program: &'a Program, challenges: &LayerChallenges<'_>) -> Self {
        let mut kappa = Self {
            columns: program.columns(),
            weight_columns: program.weight_columns(),
            terms: Vec::new(),
            constants: Vec::new(),
        };
        let rows = u64::try_from(program.weight_rows()).unwrap_or(u64::MAX);
        let step = challenges.alpha.pow([rows]);
        let per_row = Fr::from(1u64 << program.log_rows())
            .inverse()
            .unwrap_or(Fr::ZERO);
        for (layer, gamma) in program.layers().iter().zip(&challenges.gamma) {
            kappa.push_layer(
                program,
                layer,
                (*gamma, step, per_row),
                challenges.position_point,
            );
        }
        kappa
    }

    fn push_layer(
        &mut self,
        program: &'a Program,
        layer: &'a Layer,
        (gamma, step, per_row): (Fr, Fr, Fr),
        point: &[Fr],
    ) {
        let Some(output) = program.tensors().get(widen(layer.output)) else {
            return;
        };
        let mut axes = position_axes(output, point);
        axes.reverse();
        let total: Fr = axes.iter().map(AxisVector::sum).product();
        let height = program.weight_rows();
        let blocks = widen(output.channels).div_ceil(height);
        let coefficients: Vec<Fr> = powers(step, blocks).iter().map(|p| gamma * p).collect();
        let column = Fr::from(1u64 << BIAS_COLUMN_BITS);
        let columns = layer.bias.len().checked_div(blocks).unwrap_or(0).max(1);
        for (columns, coefficient) in layer.bias.chunks(columns).zip(&coefficients) {
            let mut constant = *coefficient * total * per_row;
            for bias in columns {
                self.constants.push((widen(*bias), constant));
                constant *= column;
            }
        }
        for term in &layer.terms {
            let Some(source) = program.tensors().get(widen(term.source)) else {
                continue;
            };
            let diagonal = match term.weights {
                Weights::Dense { .. } => None,
                Weights::BlockDiagonal { .. } => Some(height),
                // Part of u: no weight meets it.
                Weights::Structural { .. } => continue,
            };
            let power = power_of_two(term.exponent);
            self.terms.push(FoldedTerm {
                term,
                source,
                coefficients: coefficients.iter().map(|c| power * c).collect(),
                diagonal,
                positions: axes.clone(),
            });
        }
    }

    /// κ at the point r, given each column's evaluation z there.
    pub(crate) fn evaluate(&self, r: &[Fr], z: &[Fr]) -> EvaluatedKappa {
        let groups = self
            .terms
            .iter()
            .flat_map(|term| term.evaluate(self.columns, r, z))
            .collect();
        EvaluatedKappa {
            groups,
            constants: self.constants.clone(),
        }
    }

    /// C, the length of κ.
    pub(crate) fn len(&self) -> usize {
        self.weight_columns
    }
}

/// A face of the source: the blocks that see the channels from one point.
struct Face {
    /// The point along the channel axis.
    channels: Vec<Fr>,
    /// For each tap the sum over the positions, times the column's evaluation.
    taps: Vec<Fr>,
}

impl FoldedTerm<'_> {
    /// K_t(q) = Σ_p E(p) over the p with q(p, t) = q, for each axis (slowest first) and each of its taps.
    pub(super) fn axis_sums(&self) -> Vec<Vec<AxisVector>> {
        let axes = self.source.positions.iter().zip(&self.positions);
        let maps = self.term.maps.iter();
        maps.zip(axes)
            .map(|(map, (length, e))| by_tap(map, *length, e))
            .collect()
    }

    fn evaluate(&self, columns: Columns, r: &[Fr], z: &[Fr]) -> Vec<RunGroup> {
        let faces = self.faces(columns, r, z);
        faces.iter().flat_map(|face| self.groups(face)).collect()
    }

    fn faces(&self, columns: Columns, r: &[Fr], z: &[Fr]) -> Vec<Face> {
        let sums = self.axis_sums();
        let mut faces: Vec<Face> = Vec::new();
        for block in self.source.block_points(r) {
            let (channels, mut rest) = block.point.split_at(self.source.channel_bits());
            let mut at_point: Vec<Vec<Fr>> = Vec::with_capacity(sums.len());
            let axes = self.source.axes().skip(1);
            for ((_, bits), sums) in axes.zip(sums.iter().rev()) {
                let (point, tail) = rest.split_at(bits);
                rest = tail;
                let at = sums.iter().map(|sums| sums.evaluate(point));
                at_point.push(at.collect());
            }
            let scale = block.prefix * columns.at(z, Part::Out.column(columns, block.lane));
            let taps = kronecker(scale, at_point.iter().rev().map(Vec::as_slice));
            // Blocks that are cut along positions see the channels from one point.
            match faces.last_mut().filter(|face| face.channels == channels) {
                Some(face) => add_scaled(&mut face.taps, &taps, Fr::ONE),
                None => faces.push(Face {
                    channels: channels.to_vec(),
                    taps,
                }),
            }
        }
        faces
    }

    /// The runs with their coefficients, grouped by the channels that they cover.
    fn groups(&self, face: &Face) -> Vec<RunGroup> {
        let channels = widen(self.source.channels);
        let height = self.diagonal.unwrap_or(channels);
        let bits = widen(height.next_power_of_two().trailing_zeros()).min(face.channels.len());
        let (point, block_point) = face.channels.split_at(bits);
        let mut groups: Vec<RunGroup> = Vec::new();
        let blocks = self.term.runs().chunks(face.taps.len().max(1));
        for (block, (runs, coefficient)) in blocks.zip(&self.coefficients).enumerate() {
            let first = self.first_channel(block);
            let length = height.min(channels.saturating_sub(first));
            let weight = match self.diagonal {
                None => *coefficient,
                Some(_) => {
                    *coefficient * eq_index(block_point, u64::try_from(block).unwrap_or(u64::MAX))
                }
            };
            let runs = runs.iter().zip(&face.taps);
            let runs = runs.map(|(run, tap)| (widen(*run), weight * tap));
            match groups.last_mut().filter(|group| group.length == length) {
                Some(group) => group.runs.extend(runs),
                None => groups.push(RunGroup {
                    point: point.to_vec(),
                    length,
                    runs: runs.collect(),
                }),
            }
        }
        groups
    }

    /// The first channel that the runs of a block of outputs cover.
    pub(super) fn first_channel(&self, block: usize) -> usize {
        self.diagonal
            .map_or(0, |height| block.saturating_mul(height))
    }
}

impl EvaluatedKappa {
    /// κ(x) = Σ_j κ_j xʲ.
    pub(crate) fn at(&self, x: Fr) -> Fr {
        let runs: Fr = self
            .groups
            .iter()
            .map(|group| {
                let length = u64::try_from(group.length).unwrap_or(u64::MAX);
                let along = AxisVector::geometric(x, group.point.len(), length);
                let shifts: Fr = group.runs.iter().map(|(j, k)| *k * power(x, *j)).sum();
                shifts * along.evaluate(&group.point)
            })
            .sum();
        let constants: Fr = self.constants.iter().map(|(j, k)| *k * power(x, *j)).sum();
        runs + constants
    }

    /// κ_j for j < length.
    pub(crate) fn prefix(&self, length: usize) -> Vec<Fr> {
        let mut kappa = alloc::vec![Fr::ZERO; length];
        for group in &self.groups {
            let reach = group
                .runs
                .iter()
                .map(|(column, _)| length.saturating_sub(*column))
                .max()
                .unwrap_or(0);
            let eq = eq_prefix(&group.point, reach.min(group.length));
            for (column, coefficient) in &group.runs {
                for (kappa, eq) in kappa.iter_mut().skip(*column).zip(&eq) {
                    *kappa += *coefficient * eq;
                }
            }
        }
        for (column, coefficient) in &self.constants {
            if let Some(kappa) = kappa.get_mut(*column) {
                *kappa += coefficient;
            }
        }
        kappa
    }
}

/// eq(point, i) for i < length, at a cost of the order of the length whatever the axis.
fn eq_prefix(point: &[Fr], length: usize) -> Vec<Fr> {
    let bits = widen(length.next_power_of_two().trailing_zeros()).min(point.len());
    let (low, high) = point.split_at(bits);
    let scale: Fr = high.iter().map(|r| Fr::ONE - r).product();
    let mut table = eq_table(low);
    table.truncate(length);
    for entry in &mut table {
        *entry *= scale;
    }
    table
}
