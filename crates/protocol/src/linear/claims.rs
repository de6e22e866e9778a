//! The linear claims of a proof, built from the challenges alone.
//!
//! Layer ℓ, with E(p) = eq(r_pos, p) over valid positions p and outputs o, and γ its weight:
//!
//! ```text
//! Σ_{p,o} E(p) α^o (2^s·pre + rem − 2^{s−1})[p,o]
//!     = Σ_b α^{Rb} ( Σ_{t,c} g[b,t,c] Σ_p E(p)·source[q(p,t),c] + g[b,bias] Σ_p E(p) )
//! ```
//!
//! Then, by powers of δ: each public tensor at a random point, and logUp's Σ_active helpers − Σ_active A = 0.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::functional::{Functional, Part};
use super::kappa::{Kappa, LayerChallenges};
use crate::curve::Fr;
use crate::poly::axis::AxisVector;
use crate::program::{Layer, Program, Tensor};
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

/// All linear claims, added up.
#[derive(Clone, Debug)]
pub(crate) struct LinearClaims<'a> {
    /// u, tensor by tensor.
    pub(crate) functionals: Vec<Functional<'a>>,
    /// The weight of Σ_active helpers − Σ_active A.
    pub(crate) balance: Fr,
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
    ) -> Self {
        let mut functionals = Vec::new();
        let mut value = Fr::ZERO;
        for (layer, gamma) in program.layers().iter().zip(&challenges.gamma) {
            let (pair, constant) = accumulators(program, layer, gamma.0, challenges);
            functionals.extend(pair);
            value += constant;
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
            let values: Vec<Fr> = public.values().iter().copied().map(Fr::from).collect();
            value += functional.apply(&values);
            functionals.push(functional);
        }
        Self {
            functionals,
            balance: power * challenges.delta.0,
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
        functionals + self.balance * active * (helpers - columns.at(z, columns.table_side()))
    }
}

/// The left side of a layer's claim: 2^s·pre + rem folded over valid positions and channels, and the constant
/// Σ_{p,o} E(p) α^o 2^{s−1}.
fn accumulators<'a>(
    program: &'a Program,
    layer: &Layer,
    gamma: Fr,
    challenges: &ClaimChallenges,
) -> (Vec<Functional<'a>>, Fr) {
    let Some(tensor) = program.tensors().get(crate::encoding::widen(layer.output)) else {
        return (Vec::new(), Fr::ZERO);
    };
    let mut axes = alloc::vec![AxisVector::geometric(
        challenges.alpha.0,
        tensor.channel_bits(),
        tensor.channels.into(),
    )];
    axes.extend(position_axes(tensor, &challenges.position_point));
    let total: Fr = axes.iter().map(AxisVector::sum).product();
    let half = Fr::from(1u64 << (program.shift() - 1));
    let part = |part, coefficient| Functional {
        tensor,
        part,
        coefficient,
        axes: axes.clone(),
    };
    let pair = alloc::vec![
        part(Part::Pre, gamma * half.double()),
        part(Part::Rem, gamma),
    ];
    (pair, gamma * half * total)
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
