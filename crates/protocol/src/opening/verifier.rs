//! The verifier's side of the openings.

use ark_ff::{AdditiveGroup, Field};

use super::{Coefficients, LaurentPoint, laurent};
use crate::cq::{TableOpeningClaim, TableOpenings};
use crate::curve::{Fr, G1Affine};
use crate::error::VerifyError;
use crate::pairing::{Accumulator, Side};
use crate::program::LARGE_TABLES;
use crate::transcript::{AlphaPrime, C1, Ga, Gb, Psi, Receiver, Z};

/// What is claimed to be opened.
pub(crate) struct OpeningClaim<'a> {
    /// The sumcheck's point.
    pub(crate) r: &'a [Fr],
    /// b = p̃(r).
    pub(crate) b: Fr,
    /// s = ⟨G, k′⟩.
    pub(crate) s: Fr,
    /// log₂ C.
    pub(crate) log_columns: usize,
    /// C + 5μ.
    pub(crate) g_length: usize,
    /// The large tables.
    pub(crate) tables: TableOpeningClaim,
}

/// The messages of the openings and what they claim.
pub(crate) struct Openings {
    pub(crate) alpha_prime: Fr,
    pub(crate) h: G1Affine,
    pub(crate) g_p: G1Affine,
    pub(crate) q_p: G1Affine,
    pub(crate) d: G1Affine,
    pub(crate) s: G1Affine,
    /// U and V as combinations of the commitments.
    pub(crate) combinations: [Coefficients; 2],
    /// z and 1/z.
    pub(crate) points: [Fr; 2],
    /// U(z) and V(1/z).
    pub(crate) values: [Fr; 2],
    pub(crate) quotients: [G1Affine; 2],
    /// What the large tables add.
    pub(crate) tables: Option<TableOpenings>,
}

/// Receives the openings; `weight_functional` gives k′ at a point.
///
/// # Errors
///
/// A malformed message, or a point z at which 1/z = z, which has no inverse, or which is in the subgroup of a large table.
///
/// # Soundness
///
/// The caller must still check, in the pairing, both quotients, p − g_p = q_p(X^C − α′) and W − G = q′(X^C − α).
pub(crate) fn receive(
    claim: &OpeningClaim<'_>,
    // Not generic: browsers download one copy.
    weight_functional: &dyn Fn(Fr) -> Fr,
    channel: &mut Receiver<'_>,
) -> Result<Openings, VerifyError> {
    let h = channel.point("h")?;
    let alpha_prime: AlphaPrime = channel.challenge();
    let g_p = channel.point("g_p")?;
    let q_p = channel.point("q_p")?;
    let (psi, ga, gb): (Psi, Ga, Gb) = (
        channel.challenge(),
        channel.challenge(),
        channel.challenge(),
    );
    let d = channel.point("D")?;
    let s = channel.point("S")?;
    let (c1, z): (C1, Z) = (channel.challenge(), channel.challenge());
    let z_inverse = inverse_of_regular(z.0)?;
    claim.tables.check_point(z.0)?;
    let combinations = laurent(&LaurentPoint {
        log_columns: claim.log_columns,
        r: claim.r,
        alpha_prime: alpha_prime.0,
        psi: psi.0,
        ga: ga.0,
        gb: gb.0,
        c1: c1.0,
        z: z.0,
        z_inverse,
        weight_functional: [weight_functional(z.0), weight_functional(z_inverse)],
        g_length: claim.g_length,
    });
    let y1 = channel.scalar("y_1")?;
    let sparse = channel.scalars("y_s", claim.tables.log_rows.len())?;
    let y2 = (ga.0 * claim.b + gb.0 * claim.s).double() - y1;
    let quotients = [channel.point("opening")?, channel.point("opening")?];
    let tables = if LARGE_TABLES && !sparse.is_empty() {
        let at_zero = channel.point("opening at 0")?;
        let points = (z.0, z_inverse);
        let openings = TableOpenings::new(&claim.tables, (&sparse, at_zero), (psi.0, c1.0), points);
        Some(openings)
    } else {
        None
    };
    Ok(Openings {
        alpha_prime: alpha_prime.0,
        h,
        g_p,
        q_p,
        d,
        s,
        combinations,
        points: [z.0, z_inverse],
        values: [y1, y2],
        quotients,
        tables,
    })
}

/// 1/z, unless z = 0 or z² = 1, where U and V would be read at one point.
pub(crate) fn inverse_of_regular(z: Fr) -> Result<Fr, VerifyError> {
    match z.inverse() {
        Some(inverse) if inverse != z => Ok(inverse),
        _ => Err(VerifyError::DegenerateChallenge),
    }
}

impl Openings {
    /// Adds the equations of the openings, all but the commitment to p, which stands in the third with its weight:
    ///
    /// ```text
    /// w₁: U(z) is opened at z      w₂: V(1/z) is opened at 1/z      w₃: p − g_p = q_p·(X^C − α′)
    /// ```
    ///
    /// `mask` is the commitment to G. Returns the multiple of [1]₁.
    pub(crate) fn accumulate(
        &self,
        sum: &mut Accumulator,
        mask: G1Affine,
        [w1, w2, w3]: [Fr; 3],
    ) -> Fr {
        let [u, v] = &self.combinations;
        for (point, u, v) in [
            (self.g_p, u.g_p, v.g_p),
            (self.h, u.h, v.h),
            (self.s, u.s, v.s),
            (self.d, u.d, v.d),
            (mask, u.g, v.g),
        ] {
            sum.add(Side::One, point, w1 * u + w2 * v);
        }
        for ((quotient, point), weight) in self.quotients.iter().zip(self.points).zip([w1, w2]) {
            sum.add(Side::One, *quotient, weight * point);
            sum.add(Side::Tau, *quotient, -weight);
        }
        sum.add(Side::One, self.g_p, -w3);
        sum.add(Side::One, self.q_p, w3 * self.alpha_prime);
        sum.add(Side::TauC, self.q_p, -w3);
        let [y1, y2] = self.values;
        -(w1 * y1 + w2 * y2)
    }
}
