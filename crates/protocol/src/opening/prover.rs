//! The prover's side of the openings.

#![allow(
    clippy::indexing_slicing,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec::Vec;

use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};

use super::{Coefficients, LaurentPoint, laurent};
use crate::backend::Backend;
use crate::cq::SparseSide;
use crate::curve::{Fr, G1Affine, G1Projective};
use crate::poly::laurent::symmetric_quotient;
use crate::poly::multilinear::{eq_table, inner_product};
use crate::poly::univariate::{
    add_scaled, divide_by_binomial, divide_by_linear, evaluate, power, powers,
};
use crate::random::{RandomSource, RandomnessUnavailable};
use crate::transcript::{AlphaPrime, C1, Ga, Gb, Psi, Sender, Z};

/// A polynomial and the blinding of its commitment.
#[derive(Clone, Default)]
pub(crate) struct Committed {
    pub(crate) coefficients: Vec<Fr>,
    pub(crate) blinding: Fr,
}

impl Committed {
    /// With a fresh blinding.
    pub(crate) fn blinded(
        coefficients: Vec<Fr>,
        random: &mut dyn RandomSource,
    ) -> Result<Self, RandomnessUnavailable> {
        Ok(Self {
            coefficients,
            blinding: random.scalar()?,
        })
    }

    /// [f(τ)]₁ + ρ[β]₁.
    pub(crate) fn commit(&self, key: &CommitKey<'_>, backend: &impl Backend) -> G1Projective {
        let powers = &key.powers[..self.coefficients.len()];
        backend.msm(powers, &self.coefficients) + key.beta * self.blinding
    }

    fn add_scaled(&mut self, other: &Self, scale: Fr) {
        add_scaled(&mut self.coefficients, &other.coefficients, scale);
        self.blinding += other.blinding * scale;
    }
}

impl Drop for Committed {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.coefficients.zeroize();
        self.blinding.zeroize();
    }
}

/// [τⁱ]₁, [β]₁, and Σ [τⁱ]₁ over the active rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommitKey<'a> {
    pub(crate) powers: &'a [G1Affine],
    pub(crate) beta: G1Affine,
    pub(crate) ones: G1Affine,
}

/// What is opened.
pub(crate) struct MercuryInput<'a> {
    /// p, the combination of all columns and the table.
    pub(crate) p: Committed,
    /// G, the weights' remainder with the mask on it.
    pub(crate) g: &'a Committed,
    /// k′, C + 5μ entries.
    pub(crate) weight_functional: &'a [Fr],
    /// The sumcheck's point.
    pub(crate) r: &'a [Fr],
    /// log₂ C.
    pub(crate) log_columns: usize,
    /// The large tables.
    pub(crate) tables: &'a [SparseSide],
}

/// The prover between Mercury's messages.
pub(crate) struct MercuryState<'a> {
    pub(crate) input: MercuryInput<'a>,
    pub(crate) h: Committed,
    pub(crate) alpha_prime: AlphaPrime,
    pub(crate) g_p: Committed,
    pub(crate) q_p: Committed,
}

/// The quotient with which a combination is opened at a point, and what it leaves in β.
pub(crate) struct OpeningQuotient {
    pub(crate) blinding: Fr,
    pub(crate) point: Fr,
    pub(crate) combined_blinding: Fr,
}

impl<'a> MercuryState<'a> {
    /// Commits to h, draws α′, and divides p.
    pub(crate) fn divide(
        input: MercuryInput<'a>,
        key: &CommitKey<'_>,
        channel: &mut Sender,
        (backend, random): (&impl Backend, &mut dyn RandomSource),
    ) -> Result<Self, RandomnessUnavailable> {
        let columns = 1 << input.log_columns;
        let (low, _) = input.r.split_at(input.log_columns.min(input.r.len()));
        let eq = eq_table(low);
        let folded = input
            .p
            .coefficients
            .chunks(columns)
            .map(|row| inner_product(row, &eq))
            .collect();
        let h = Committed::blinded(folded, random)?;
        channel.points("h", &[h.commit(key, backend).into_affine()]);
        let alpha_prime: AlphaPrime = channel.challenge();
        let (quotient, remainder) =
            divide_by_binomial(&input.p.coefficients, columns, alpha_prime.0);
        Ok(Self {
            input,
            h,
            alpha_prime,
            g_p: Committed::blinded(remainder, random)?,
            q_p: Committed::blinded(quotient, random)?,
        })
    }

    /// Sends g_p, q_p, D, S, y₁, the large tables' y_s and the quotients; returns those at z and at 1/z, and at 0 if there are large
    /// tables.
    pub(crate) fn open(
        &self,
        key: &CommitKey<'_>,
        channel: &mut Sender,
        (backend, random): (&impl Backend, &mut dyn RandomSource),
    ) -> Result<Vec<OpeningQuotient>, RandomnessUnavailable> {
        let commit = |f: &Committed| f.commit(key, backend);
        let division = backend.map(Vec::from([&self.g_p, &self.q_p]), commit);
        for (name, commitment) in ["g_p", "q_p"].into_iter().zip(division) {
            channel.points(name, &[commitment.into_affine()]);
        }
        let (psi, ga, gb): (Psi, Ga, Gb) = (
            channel.challenge(),
            channel.challenge(),
            channel.challenge(),
        );
        let d = Committed::blinded(self.reversed(psi.0), random)?;
        let s = Committed::blinded(self.symmetric(ga.0, gb.0, backend), random)?;
        let tables = self.input.tables;
        // ψ^{2+k} for table k.
        let separators = powers(psi.0, tables.len() + 2).split_off(2);
        let sparse = tables.iter().zip(&separators);
        let sparse = sparse.map(|(table, psi)| table.reversed(backend) * psi);
        let sparse = sparse.sum::<G1Projective>();
        let both = backend.map(
            Vec::from([(&d, sparse), (&s, G1Projective::ZERO)]),
            |(f, more)| f.commit(key, backend) + more,
        );
        for (name, commitment) in ["D", "S"].into_iter().zip(both) {
            channel.points(name, &[commitment.into_affine()]);
        }
        let (c1, z): (C1, Z) = (channel.challenge(), channel.challenge());
        // The verifier refuses z = 0 too, which a transcript gives with probability 2⁻²⁵⁴.
        let z_inverse = z.inverse().unwrap_or(Fr::ZERO);
        let k = self.input.weight_functional;
        let coefficients = laurent(&LaurentPoint {
            log_columns: self.input.log_columns,
            r: self.input.r,
            alpha_prime: self.alpha_prime.0,
            psi: psi.0,
            ga: ga.0,
            gb: gb.0,
            c1: c1.0,
            z: z.0,
            z_inverse,
            weight_functional: [evaluate(k, z.0), evaluate(k, z_inverse)],
            g_length: k.len(),
        });
        let [u, v] = coefficients.map(|coefficients| self.combine(&coefficients, &s, &d));
        channel.scalars("y_1", &[evaluate(&u.coefficients, z.0)]);
        // The tables' parts in U and V, which only sparse quotients reach.
        let scales: Vec<Fr> = separators.iter().map(|psi| c1.0 * psi).collect();
        let in_v = |table: &SparseSide, scale: &Fr| -*scale * power(z.0, table.size() - 1);
        let (mut at_z, mut at_inverse) = (G1Projective::ZERO, G1Projective::ZERO);
        let mut table_blinding = Fr::ZERO;
        for (table, scale) in tables.iter().zip(&scales) {
            channel.scalars("y_s", &[*scale * table.reversed_at(z.0)]);
            at_z += table.reversed_quotient(z.0, *scale, backend);
            at_inverse += table.quotient(z_inverse, in_v(table, scale), backend);
            table_blinding += in_v(table, scale) * table.blinding.a;
        }
        let divisions = [(&u, z.0, at_z), (&v, z_inverse, at_inverse)];
        let mut divided = Vec::with_capacity(divisions.len());
        for (f, point, sparse) in divisions {
            let quotient = Committed::blinded(divide_by_linear(&f.coefficients, point), random)?;
            divided.push((quotient, sparse));
        }
        let commitments = backend.map(divided.iter().collect(), |(quotient, sparse)| {
            quotient.commit(key, backend) + sparse
        });
        for commitment in commitments {
            channel.points("opening", &[commitment.into_affine()]);
        }
        let quotients = divided.iter().zip(divisions);
        let quotients = quotients.map(|((quotient, _), (f, point, _))| OpeningQuotient {
            blinding: quotient.blinding,
            point,
            combined_blinding: f.blinding,
        });
        let mut quotients: Vec<OpeningQuotient> = quotients.collect();
        for quotient in quotients.iter_mut().skip(1) {
            quotient.combined_blinding += table_blinding;
        }
        if !tables.is_empty() {
            quotients.push(self.open_at_zero(psi.0, key, channel, (backend, random))?);
        }
        Ok(quotients)
    }

    /// Opens Σ_k ψ^k(Â + (σ/N̂)·Z_V) at 0.
    fn open_at_zero(
        &self,
        psi: Fr,
        key: &CommitKey<'_>,
        channel: &mut Sender,
        (backend, random): (&impl Backend, &mut dyn RandomSource),
    ) -> Result<OpeningQuotient, RandomnessUnavailable> {
        let tables = self.input.tables;
        let weights = powers(psi, tables.len());
        let sparse = tables.iter().zip(&weights);
        let sparse: G1Projective = sparse
            .map(|(table, weight)| table.quotient(Fr::ZERO, *weight, backend))
            .sum();
        let blinding = random.scalar()?;
        channel.points(
            "opening at 0",
            &[(sparse + key.beta * blinding).into_affine()],
        );
        let blindings = tables.iter().zip(&weights);
        Ok(OpeningQuotient {
            blinding,
            point: Fr::ZERO,
            combined_blinding: blindings
                .map(|(table, weight)| table.blinding.a * weight)
                .sum(),
        })
    }

    /// What the equations of the openings leave in β with their weights, as multiples of [1]₁, [τ]₁ and [τ^C]₁: one weight for each
    /// quotient, and that of the division.
    pub(crate) fn left_in_beta(
        &self,
        quotients: &[OpeningQuotient],
        weights: &[Fr],
        w3: Fr,
    ) -> [Fr; 3] {
        let [mut one, mut tau] = [Fr::ZERO; 2];
        for (opening, weight) in quotients.iter().zip(weights) {
            one += *weight * (opening.combined_blinding + opening.blinding * opening.point);
            tau -= *weight * opening.blinding;
        }
        let q_p = self.q_p.blinding;
        one += w3 * (self.input.p.blinding - self.g_p.blinding + q_p * self.alpha_prime.0);
        [one, tau, -w3 * q_p]
    }

    /// D(X) = X^{C−1}g_p(1/X) + ψ·X^{C+5μ−1}G(1/X), from the first C and C + 5μ coefficients.
    fn reversed(&self, psi: Fr) -> Vec<Fr> {
        let reversed = |f: &[Fr], length: usize| -> Vec<Fr> {
            let mut f = f[..length.min(f.len())].to_vec();
            f.resize(length, Fr::ZERO);
            f.reverse();
            f
        };
        let mut d = reversed(&self.g_p.coefficients, 1 << self.input.log_columns);
        let g_length = self.input.weight_functional.len();
        add_scaled(&mut d, &reversed(&self.input.g.coefficients, g_length), psi);
        d
    }

    /// S: that of the pairs as long as a side of p's square, and that of the weights', which are longer or shorter.
    fn symmetric(&self, ga: Fr, gb: Fr, backend: &impl Backend) -> Vec<Fr> {
        let (low, high) = self
            .input
            .r
            .split_at(self.input.log_columns.min(self.input.r.len()));
        let low = eq_table(low);
        let high = eq_table(high);
        let powers = powers(self.alpha_prime.0, high.len());
        let for_h: Vec<Fr> = high.iter().zip(&powers).map(|(e, a)| ga * e - a).collect();
        let weighted: Vec<Fr> = self
            .input
            .weight_functional
            .iter()
            .map(|k| gb * k)
            .collect();
        let square = [
            (&*self.g_p.coefficients, &*low),
            (&self.h.coefficients, &for_h),
        ];
        let mut sum = symmetric_quotient(&square, backend);
        let weights = [(&*self.input.g.coefficients, &*weighted)];
        add_scaled(&mut sum, &symmetric_quotient(&weights, backend), Fr::ONE);
        sum
    }

    fn combine(&self, coefficients: &Coefficients, s: &Committed, d: &Committed) -> Committed {
        let mut sum = Committed::default();
        for (f, coefficient) in [
            (&self.g_p, coefficients.g_p),
            (&self.h, coefficients.h),
            (self.input.g, coefficients.g),
            (s, coefficients.s),
            (d, coefficients.d),
        ] {
            sum.add_scaled(f, coefficient);
        }
        sum
    }
}
