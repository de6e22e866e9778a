//! The weights' side of the linear claims: which functional of the columns each coefficient g_j meets.
//!
//! κ_j = Σ_c z_c·G̃_{j,c}(r) + K_j/n. A run of columns belongs to one block of outputs and one tap of a term; its κ is a
//! coefficient times eq over the source's channels, so κ(x) costs the verifier a logarithm of the channels for each run.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::claims::position_axes;
use super::functional::Part;
use crate::curve::Fr;
use crate::encoding::widen;
use crate::poly::axis::AxisVector;
use crate::poly::multilinear::{eq_table, extension_at};
use crate::poly::univariate::power;
use crate::program::{AxisMap, Columns, Layer, Program, Tensor, Term};

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
    /// γ·α^{Rb} for each block b of outputs.
    pub(super) coefficients: Vec<Fr>,
    /// E along each position axis of the output, slowest first.
    positions: Vec<Vec<Fr>>,
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
    length: u32,
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
        let mut coefficient = gamma;
        let mut coefficients = Vec::with_capacity(layer.bias.len());
        for column in &layer.bias {
            self.constants
                .push((widen(*column), coefficient * total * per_row));
            coefficients.push(coefficient);
            coefficient *= step;
        }
        for term in &layer.terms {
            let Some(source) = program.tensors().get(widen(term.source)) else {
                continue;
            };
            self.terms.push(FoldedTerm {
                term,
                source,
                coefficients: coefficients.clone(),
                positions: axes.iter().map(AxisVector::entries).collect(),
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

impl FoldedTerm<'_> {
    /// K_t(q) = Σ_p E(p) over the p with q(p, t) = q, for each axis (slowest first) and each of its taps.
    pub(super) fn axis_sums(&self) -> Vec<Vec<Vec<Fr>>> {
        let axes = self.source.positions.iter().zip(&self.positions);
        let maps = self.term.maps.iter();
        maps.zip(axes)
            .map(|(map, (length, e))| {
                let taps = 0..map.taps;
                taps.map(|tap| tap_sums(*map, tap, widen(*length), e))
                    .collect()
            })
            .collect()
    }

    fn evaluate(&self, columns: Columns, r: &[Fr], z: &[Fr]) -> Vec<RunGroup> {
        let sums = self.axis_sums();
        let mut groups: Vec<RunGroup> = Vec::new();
        for block in self.source.block_points(r) {
            let (channels, mut rest) = block.point.split_at(self.source.channel_bits());
            let mut at_point: Vec<Vec<Fr>> = Vec::with_capacity(sums.len());
            let mut axes = self.source.axes();
            axes.next();
            for ((_, bits), sums) in axes.zip(sums.iter().rev()) {
                let (point, tail) = rest.split_at(bits);
                rest = tail;
                let at = sums.iter().map(|sums| extension_at(sums, point));
                at_point.push(at.collect());
            }
            at_point.reverse();
            let scale = block.prefix * columns.at(z, Part::Out.column(columns, block.lane));
            let runs = self.runs(&at_point, scale);
            // Blocks that are cut along positions see the channels from one point.
            match groups.last_mut().filter(|group| group.point == channels) {
                Some(group) => group.add(&runs),
                None => groups.push(RunGroup {
                    point: channels.to_vec(),
                    length: self.source.channels,
                    runs,
                }),
            }
        }
        groups
    }

    /// The first column and the coefficient of each run.
    fn runs(&self, at_point: &[Vec<Fr>], scale: Fr) -> Vec<(usize, Fr)> {
        let taps = self.term.taps();
        let factors: Vec<Fr> = (0..taps)
            .map(|tap| {
                let split = self.term.split_tap(tap);
                let factor: Fr = split
                    .iter()
                    .zip(at_point)
                    .map(|(tap, values)| values.get(widen(*tap)).copied().unwrap_or(Fr::ZERO))
                    .product();
                factor * scale
            })
            .collect();
        self.term
            .runs
            .chunks(taps.max(1))
            .zip(&self.coefficients)
            .flat_map(|(runs, coefficient)| {
                runs.iter()
                    .zip(&factors)
                    .map(move |(run, factor)| (widen(*run), *coefficient * factor))
            })
            .collect()
    }
}

/// Σ_p E(p) over the p that tap `tap` sends to q, for each of `length` source positions q.
fn tap_sums(map: AxisMap, tap: u32, length: usize, e: &[Fr]) -> Vec<Fr> {
    let mut sums = alloc::vec![Fr::ZERO; length];
    for (e, p) in e.iter().zip(0u32..) {
        let position = map.source(p, tap).and_then(|q| usize::try_from(q).ok());
        if let Some(sum) = position.and_then(|q| sums.get_mut(q)) {
            *sum += e;
        }
    }
    sums
}

impl RunGroup {
    /// Adds the coefficients of the same runs.
    fn add(&mut self, runs: &[(usize, Fr)]) {
        for ((_, sum), (_, coefficient)) in self.runs.iter_mut().zip(runs) {
            *sum += coefficient;
        }
    }
}

impl EvaluatedKappa {
    /// κ(x) = Σ_j κ_j xʲ.
    pub(crate) fn at(&self, x: Fr) -> Fr {
        let runs: Fr = self
            .groups
            .iter()
            .map(|group| {
                let along = AxisVector::geometric(x, group.point.len(), group.length.into());
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
            let eq = eq_prefix(&group.point, reach.min(widen(group.length)));
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
