//! The verifier's side of the large tables: their messages, and what they add to the equations.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::vanishing;
use crate::curve::{Fr, G1Affine};
use crate::encoding::{DecodeError, widen};
use crate::error::VerifyError;
use crate::pairing::{Accumulator, LargeSide, Side};
use crate::poly::univariate::power;
use crate::program::{LARGE_TABLES, Program};
use crate::transcript::Receiver;

/// The messages about one large table in rounds 1 and 2.
#[derive(Clone, Debug)]
pub(crate) struct TableMessages {
    /// [m̂]₁.
    pub(crate) m: G1Affine,
    /// [Â]₁.
    pub(crate) a: G1Affine,
    /// [Q̂]₁.
    pub(crate) q: G1Affine,
    /// σ = N̂·Â(0).
    pub(crate) sigma: Fr,
}

impl TableMessages {
    /// Receives round 2 of every table, given the multiplicities of round 1.
    pub(crate) fn receive(
        multiplicities: Vec<G1Affine>,
        channel: &mut Receiver<'_>,
    ) -> Result<Vec<Self>, DecodeError> {
        if !LARGE_TABLES {
            return Ok(Vec::new());
        }
        let receive = |m| {
            Ok(Self {
                m,
                a: channel.point("A of a table")?,
                q: channel.point("Q of a table")?,
                sigma: channel.scalar("sigma")?,
            })
        };
        multiplicities.into_iter().map(receive).collect()
    }
}

/// What the openings need to know of the large tables: log₂ N̂ of each.
pub(crate) struct TableOpeningClaim {
    pub(crate) log_rows: Vec<u32>,
}

impl TableOpeningClaim {
    pub(crate) fn new(program: &Program) -> Self {
        let tables = program.large_tables().iter();
        Self {
            log_rows: tables.map(|table| table.log_rows).collect(),
        }
    }

    /// Of an opening without lookups.
    pub(crate) fn none() -> Self {
        Self {
            log_rows: Vec::new(),
        }
    }

    /// Refuses a point at which some Z_V vanishes: there the sparse parts cannot be told apart.
    pub(crate) fn check_point(&self, z: Fr) -> Result<(), VerifyError> {
        let inside = |log: &u32| vanishing(*log, z) == Fr::ZERO;
        if self.log_rows.iter().any(inside) {
            return Err(VerifyError::DegenerateChallenge);
        }
        Ok(())
    }
}

/// A table's part in the openings.
#[derive(Clone, Debug)]
pub(crate) struct TableOpening {
    /// The coefficient of Â in V: −c₁ψ^{2+k}·z^{N̂−1}.
    in_v: Fr,
    /// ψ^k: separates the tables in the opening at 0.
    at_zero: Fr,
    /// The coefficients of Z_V in what is opened at z and at 1/z: −y_s/Z_V(z), y_s/Z_V(1/z).
    vanishing: [Fr; 2],
    /// 1/N̂.
    size_inverse: Fr,
}

/// The parts of all tables in the openings, and the quotient at 0 that they share.
#[derive(Clone, Debug)]
pub(crate) struct TableOpenings {
    tables: Vec<TableOpening>,
    pub(crate) quotient: G1Affine,
}

impl TableOpenings {
    /// The parts, given the values y_s of all tables, the quotient at 0, ψ, c₁, and z with its inverse.
    ///
    /// # Panics
    ///
    /// Never: points of V have been refused, so the inverses are there.
    pub(crate) fn new(
        claim: &TableOpeningClaim,
        (values, quotient): (&[Fr], G1Affine),
        (psi, c1): (Fr, Fr),
        (z, z_inverse): (Fr, Fr),
    ) -> Self {
        let inverse = |x: Fr| x.inverse().unwrap_or(Fr::ZERO);
        let tables = claim.log_rows.iter().zip(values).zip(0usize..);
        let part = |((log, value), index): ((&u32, &Fr), usize)| {
            let size = 1usize << widen(*log);
            let at_zero = power(psi, index);
            TableOpening {
                in_v: -c1 * psi.square() * at_zero * power(z, size - 1),
                at_zero,
                vanishing: [
                    -*value * inverse(vanishing(*log, z)),
                    *value * inverse(vanishing(*log, z_inverse)),
                ],
                size_inverse: inverse(Fr::from(1u64 << *log)),
            }
        };
        Self {
            tables: tables.map(part).collect(),
            quotient,
        }
    }

    /// Adds to the sum of all equations, with the weights of the openings at z, at 1/z and at 0,
    ///
    /// ```text
    /// U − y_s·Z_V/Z_V(z) at z      V + y_s·Z_V/Z_V(1/z) at 1/z      Σ_k ψ^k(Â + (σ/N̂)·Z_V) = X·quotient
    /// ```
    ///
    /// and each table's own equation with its weight.
    pub(crate) fn accumulate(
        &self,
        messages: &[TableMessages],
        (lambda, theta): (Fr, Fr),
        ([w_z, w_inverse, w_zero], own): ([Fr; 3], &[Fr]),
        sum: &mut Accumulator,
    ) {
        if !LARGE_TABLES {
            return;
        }
        for (((opening, messages), weight), table) in
            self.tables.iter().zip(messages).zip(own).zip(0usize..)
        {
            let [at_z, at_inverse] = opening.vanishing;
            let at_zero = w_zero * opening.at_zero;
            let z_v = w_z * at_z
                + w_inverse * at_inverse
                + at_zero * messages.sigma * opening.size_inverse;
            sum.shared.push(z_v);
            let a = w_inverse * opening.in_v + at_zero + *weight * lambda;
            sum.add(Side::One, messages.a, a);

            let columns = [Fr::ONE, theta, theta.square()];
            for (column, power) in LargeSide::COLUMNS.into_iter().zip(columns) {
                sum.add(Side::Large(table, column), messages.a, *weight * power);
            }
            sum.add(Side::One, messages.m, -*weight);
            sum.add(Side::One, messages.q, *weight);
            sum.add(Side::Large(table, LargeSide::Power), messages.q, -*weight);
        }
        sum.add(Side::Tau, self.quotient, -w_zero);
    }
}
