//! The linear claims of a proof, built from the challenges alone.
//!
//! Layer ℓ, with E(p) = eq(r_pos, p) over valid positions p and outputs o, and γ its weight:
//!
//! ```text
//! Σ_{p,o} E(p) α^o (2^S·pre + rem + 2^s·limb₁ + … − 2^{S−1})[p,o]
//!     = Σ_b α^{Rb} ( Σ_{t,c} g[b,t,c] Σ_p E(p)·source[q(p,t),c] + Σ_j 2^{24j} g[b,bias j] Σ_p E(p) )
//!     + Σ_structural k Σ_{p,o,t} E(p) α^o source[q(p,t),c(o,t)]
//! ```
//!
//! where a term's sum over t and c counts 2^e, by its exponent. Structural terms have public coefficients, so they belong to the known part, as the left side does. Then, by powers of δ: each public tensor at a random point, and logUp's Σ_active helpers − Σ_active A = 0.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::axis_sums::gathered;
use super::functional::{Functional, Part};
use super::kappa::{Kappa, LayerChallenges};
use crate::cq::BlindCell;
use crate::curve::Fr;
use crate::encoding::widen;
use crate::poly::axis::AxisVector;
use crate::poly::multilinear::eq_index;
use crate::program::{Layer, Program, Tensor, Weights};
use crate::proof::PublicTensor;
use crate::transcript::{Alpha, Delta, Gamma, PositionPoint, PublicPoint, Transcript};

/// The challenges of the linear claims.
#[derive(Clone, Debug)]
pub(crate) struct ClaimChallenges {
    pub(crate) alpha: Alpha,
    pub(crate) gamma: Vec<Gamma>,
    pub(crate) position_point: Vec<Fr>,
    pub(crate) public_point: Vec<Fr>,
    pub(crate) delta: Delta,
}

impl ClaimChallenges {
    /// Draws what follows α: as many position challenges as the longest position axes need together, so that no position
    /// is left out of the folding.
    pub(crate) fn draw(program: &Program, alpha: Alpha, transcript: &mut Transcript) -> Self {
        let position: Vec<PositionPoint> = transcript.challenges(program.position_bits());
        let public: Vec<PublicPoint> = transcript.challenges(program.tensor_bits());
        Self {
            alpha,
            gamma: transcript.challenges(program.layers().len()),
            position_point: position.iter().map(|r| r.0).collect(),
            public_point: public.iter().map(|r| r.0).collect(),
            delta: transcript.challenge(),
        }
    }
}

/// What the large tables add to the balance of the lookups: nothing where there are none.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableSums {
    /// Σ σ over the tables.
    pub(crate) sigma: Fr,
    /// The cells whose multiples make up for the blind rows' part of it.
    pub(crate) blind: Vec<BlindCell>,
}

/// All linear claims, added up.
#[derive(Clone, Debug)]
pub(crate) struct LinearClaims<'a> {
    /// u, tensor by tensor.
    pub(crate) functionals: Vec<Functional<'a>>,
    /// The weight of Σ_active helpers − Σ_active A + Σ_blind m*/(λ + t) − Σ_tables σ.
    pub(crate) balance: Fr,
    /// The cells that hold the multiplicities m* of the large tables' blind rows.
    pub(crate) blind: Vec<BlindCell>,
    /// The weights' side.
    pub(crate) kappa: Kappa<'a>,
    /// v.
    pub(crate) value: Fr,
}

impl<'a> LinearClaims<'a> {
    /// Builds the claims for a program with the given tensors public.
    pub(crate) fn new(
        program: &'a Program,
        public: &[PublicTensor],
        challenges: &ClaimChallenges,
        sums: TableSums,
    ) -> Self {
        let mut functionals = Vec::new();
        let mut value = Fr::ZERO;
        for (layer, gamma) in program.layers().iter().zip(&challenges.gamma) {
            let Some(output) = program.tensors().get(widen(layer.output)) else {
                continue;
            };
            let known = KnownPart {
                program,
                layer,
                gamma: gamma.0,
                axes: output_axes(output, challenges),
            };
            value += known.push_cells(output, &mut functionals);
            known.push_structural(&mut functionals);
        }
        let mut power = Fr::ONE;
        for public in public {
            power *= challenges.delta.0;
            let Some(tensor) = program.tensors().get(public.tensor()) else {
                continue;
            };
            let functional = Functional {
                tensor,
                part: Part::Out,
                coefficient: power,
                axes: eq_axes(tensor, &challenges.public_point),
            };
            value += functional.apply(public.values());
            functionals.push(functional);
        }
        let balance = power * challenges.delta.0;
        value += balance * sums.sigma;
        Self {
            functionals,
            balance,
            blind: sums.blind,
            kappa: Kappa::new(
                program,
                &LayerChallenges {
                    alpha: challenges.alpha.0,
                    gamma: challenges.gamma.iter().map(|gamma| gamma.0).collect(),
                    position_point: &challenges.position_point,
                },
            ),
            value,
        }
    }

    /// Σ_c u_c(r)·z_c for the known part u, given the extension of `active` at r.
    pub(crate) fn evaluate(&self, program: &Program, r: &[Fr], z: &[Fr], active: Fr) -> Fr {
        let columns = program.columns();
        let functionals: Fr = self
            .functionals
            .iter()
            .map(|functional| functional.evaluate(columns, r, z))
            .sum();
        let helpers: Fr = (0..program.lanes())
            .map(|lane| columns.at(z, columns.helper(lane)))
            .sum();
        let blind: Fr = self
            .blind
            .iter()
            .map(|cell| {
                let row = u64::try_from(cell.row).unwrap_or(u64::MAX);
                cell.inverse * eq_index(r, row) * columns.at(z, cell.column)
            })
            .sum();
        let rows = active * (helpers - columns.at(z, columns.table_side()));
        functionals + self.balance * (rows + blind)
    }
}

/// What a layer adds to u whatever the weights are.
struct KnownPart<'a> {
    program: &'a Program,
    layer: &'a Layer,
    gamma: Fr,
    /// α^o, then E along each position axis, in the order of the output's row bits.
    axes: Vec<AxisVector>,
}

impl<'a> KnownPart<'a> {
    /// The left side of the layer's claim: 2^S·pre + rem + 2^s·limb₁ + … folded over valid positions and channels. Returns the constant
    /// Σ_{p,o} E(p) α^o 2^{S−1}.
    fn push_cells(&self, output: &'a Tensor, functionals: &mut Vec<Functional<'a>>) -> Fr {
        let mut push = |tensor, part, coefficient| {
            functionals.push(Functional {
                tensor,
                part,
                coefficient,
                axes: self.axes.clone(),
            });
        };
        push(output, Part::Rem, self.gamma);
        let mut shift = self.program.shift();
        for limb in &self.layer.limbs {
            let Some(limb) = self.program.tensors().get(widen(*limb)) else {
                continue;
            };
            push(limb, Part::Pre, self.gamma * power_of_two(shift));
            shift += self.program.limb_bits(limb);
        }
        push(output, Part::Pre, self.gamma * power_of_two(shift));
        let total: Fr = self.axes.iter().map(AxisVector::sum).product();
        self.gamma * power_of_two(shift - 1) * total
    }

    /// The structural terms, which stand on the right side.
    fn push_structural(&self, functionals: &mut Vec<Functional<'a>>) {
        for term in &self.layer.terms {
            let Weights::Structural {
                channels,
                coefficient,
            } = &term.weights
            else {
                continue;
            };
            let Some(source) = self.program.tensors().get(widen(term.source)) else {
                continue;
            };
            let maps = core::iter::once(channels).chain(term.maps.iter().rev());
            let axes = maps.zip(source.axes()).zip(&self.axes);
            functionals.push(Functional {
                tensor: source,
                part: Part::Out,
                coefficient: -self.gamma * power_of_two(term.exponent) * Fr::from(*coefficient),
                axes: axes
                    .map(|((map, (length, _)), vector)| gathered(map, length, vector))
                    .collect(),
            });
        }
    }
}

/// α^o, then E along each position axis, in the order of the row bits.
fn output_axes(output: &Tensor, challenges: &ClaimChallenges) -> Vec<AxisVector> {
    let mut axes = alloc::vec![AxisVector::geometric(
        challenges.alpha.0,
        output.channel_bits(),
        output.channels.into(),
    )];
    axes.extend(position_axes(output, &challenges.position_point));
    axes
}

/// 2^exponent; a program's shifts and exponents are at most 64.
pub(super) fn power_of_two(exponent: u32) -> Fr {
    Fr::from(1u128.checked_shl(exponent).unwrap_or(0))
}

/// eq(r_pos, p) along each position axis, in the order of the row bits.
pub(crate) fn position_axes(tensor: &Tensor, point: &[Fr]) -> Vec<AxisVector> {
    axes_of(tensor.axes().skip(1), point)
}

pub(crate) fn eq_axes(tensor: &Tensor, point: &[Fr]) -> Vec<AxisVector> {
    axes_of(tensor.axes(), point)
}

fn axes_of(axes: impl Iterator<Item = (u32, usize)>, mut point: &[Fr]) -> Vec<AxisVector> {
    axes.map(|(length, bits)| {
        let (head, tail) = point.split_at(bits.min(point.len()));
        point = tail;
        AxisVector::eq(head, length.into())
    })
    .collect()
}
