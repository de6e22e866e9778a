//! Which values and tags stand in a large table: a proof that its key brings along.
//!
//! Whoever makes a key commits to the tables, and a table with a row of another table's tag would serve false lookups there. But values
//! and tags follow from the program's description alone: the rows fall into runs ([`Program::runs`]), in each of which the value grows by
//! one and the tag stays. So with ω as in V and F = T̂_value + ρ·T̂_tag
//!
//! ```text
//! F(ωX) − F(X) = 1 + Σ_e c_e·L_e(X)        F(1) = the first row's value + ρ·tag
//! ```
//!
//! where e are the last rows of the runs and c_e says by how much the step from there to the next row, or from the last row to the first,
//! differs from 1. The right side takes a few operations for each run, L_e(z) = ω^e·Z_V(z)/(N̂(z − ω^e)), however long the table is. The key
//! has F(z) and the quotients that open F at z, at ωz and at 1 (Kate, Zaverucha and Goldberg, ASIACRYPT 2010), with ρ and z from a hash of
//! the commitments.
//!
//! # Soundness
//!
//! In the algebraic group model [T̂_value]₁ and [T̂_tag]₁ are polynomials of some degree, whatever it is, fixed before ρ and z. If the
//! openings hold, the first identity holds at z, so but for a probability of about 2⁻²²⁰ for each attempt at choosing the commitments it holds
//! everywhere: then on V every step is the one described, and with the row at 1 so is every row. As ρ is random it holds for values and tags
//! apart. No pair of a value and a tag is then in two rows, so the outputs, about which nothing is proved, are one function for each
//! tag: a part of the model to which the key commits, as it does to the weights.

use alloc::vec::Vec;

use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field, batch_inversion};

use super::{COLUMNS, root_of_unity, vanishing};
use crate::backend::Backend;
use crate::curve::{Fr, G1Affine, encode_g1, encode_scalar, g1_generator};
use crate::digest::Digest32;
use crate::encoding::{DecodeError, Reader, Writer};
use crate::pairing::{Accumulator, Side};
use crate::poly::univariate::{add_scaled, divide_by_linear, evaluate};
use crate::program::{Program, Run};
use crate::transcript::{EquationWeight, Rho, Transcript, Z};

/// What is claimed of a table's columns, at the point where it is checked.
#[derive(Clone, Debug)]
pub(crate) struct RowsClaim {
    log_rows: u32,
    runs: Vec<Run>,
    /// [T̂_value]₁ and [T̂_tag]₁.
    columns: [G1Affine; 2],
    rho: Fr,
    z: Fr,
}

/// F(z), and the quotients by which F is opened at z, at ωz and at 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowsProof {
    value: Fr,
    quotients: [G1Affine; 3],
}

impl RowsClaim {
    /// The claim about a program's table with these commitments to its columns.
    pub(crate) fn new(
        (program, table): (&Program, usize),
        setup: Digest32,
        [value, out, tag]: &[G1Affine; COLUMNS],
    ) -> Self {
        let log_rows = program
            .large_tables()
            .get(table)
            .map_or(0, |table| table.log_rows);
        let runs = program.runs(table);
        let mut transcript = Transcript::new("tensorseal rows of a large table v1");
        transcript.absorb("setup", &setup.0);
        transcript.absorb("log of the rows", &log_rows.to_le_bytes());
        for run in &runs {
            transcript.absorb("length of a run", &run.length.to_le_bytes());
            transcript.absorb("first value", &run.value.to_le_bytes());
            transcript.absorb("tag", &run.tag.to_le_bytes());
        }
        for column in [value, out, tag] {
            transcript.absorb("column", &encode_g1(column));
        }
        Self {
            log_rows,
            runs,
            columns: [*value, *tag],
            rho: transcript.challenge::<Rho>().0,
            z: transcript.challenge::<Z>().0,
        }
    }

    /// z, ωz and 1.
    fn points(&self) -> [Fr; 3] {
        [self.z, root_of_unity(self.log_rows) * self.z, Fr::ONE]
    }

    /// F in the first row of a run.
    fn first(&self, run: Option<&Run>) -> Fr {
        run.map_or(Fr::ZERO, |run| {
            Fr::from(run.value) + self.rho * Fr::from(run.tag)
        })
    }

    /// 1 + Σ_e c_e·L_e(z); `None` where z is in V.
    fn step(&self) -> Option<Fr> {
        let vanishing = vanishing(self.log_rows, self.z);
        if vanishing == Fr::ZERO {
            return None;
        }
        let omega = root_of_unity(self.log_rows);
        let ends = self.runs.iter().map(|run| run.first_row + run.length - 1);
        let ends: Vec<Fr> = ends.map(|end| omega.pow([end])).collect();
        let mut inverses: Vec<Fr> = ends.iter().map(|end| self.z - end).collect();
        batch_inversion(&mut inverses);
        let following = self.runs.iter().skip(1).chain(self.runs.first());
        let mut sum = Fr::ZERO;
        for (((run, next), end), inverse) in
            self.runs.iter().zip(following).zip(&ends).zip(&inverses)
        {
            let jump = self.first(Some(next)) - self.first(Some(run)) - Fr::from(run.length);
            sum += jump * end * inverse;
        }
        let size_inverse = Fr::from(1u64 << self.log_rows).inverse()?;
        Some(Fr::ONE + sum * vanishing * size_inverse)
    }

    /// Adds the three openings to a sum of equations, with weights from a transcript that knows all of them.
    ///
    /// `None`, and the claim is not proved, where z is in V: with a probability of about 2⁻²²⁶.
    #[must_use]
    pub(crate) fn accumulate(
        &self,
        proof: &RowsProof,
        transcript: &mut Transcript,
        sum: &mut Accumulator,
    ) -> Option<()> {
        let values = [
            proof.value,
            proof.value + self.step()?,
            self.first(self.runs.first()),
        ];
        let [column, tags] = self.columns;
        for ((point, value), quotient) in self.points().into_iter().zip(values).zip(proof.quotients)
        {
            let weight = transcript.challenge::<EquationWeight>().0;
            sum.add(Side::One, column, weight);
            sum.add(Side::One, tags, weight * self.rho);
            sum.add(Side::One, g1_generator(), -weight * value);
            sum.add(Side::One, quotient, weight * point);
            sum.add(Side::Tau, quotient, -weight);
        }
        Some(())
    }
}

impl RowsProof {
    /// The proof, from the coefficients of T̂_value and T̂_tag and as many powers of τ.
    pub(crate) fn new(
        claim: &RowsClaim,
        [value, tag]: [&[Fr]; 2],
        powers: &[G1Affine],
        backend: &impl Backend,
    ) -> Self {
        let mut f = value.to_vec();
        add_scaled(&mut f, tag, claim.rho);
        let open = |point| backend.msm(powers, &divide_by_linear(&f, point));
        Self {
            value: evaluate(&f, claim.z),
            quotients: claim.points().map(|point| open(point).into_affine()),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.bytes(&encode_scalar(&self.value));
        for quotient in &self.quotients {
            writer.bytes(&encode_g1(quotient));
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            value: reader.scalar()?,
            quotients: [
                reader.g1_nonzero()?,
                reader.g1_nonzero()?,
                reader.g1_nonzero()?,
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cq::contents::interpolate;
    use crate::cq::{TableContents, Visibility};
    use crate::table::{Outputs, Segment};
    use crate::testing::networks;

    fn contents(log_rows: u32, segments: &[(i32, u32)]) -> TableContents {
        let segment = |(start, length): &(i32, u32)| Segment {
            start: *start,
            length: *length,
            outputs: Outputs::Clamp { low: -1, high: 1 },
        };
        TableContents {
            log_rows,
            visibility: Visibility::Public,
            segments: segments.iter().map(segment).collect(),
        }
    }

    #[test]
    fn the_steps_are_those_of_the_columns_whatever_the_runs() {
        // Some with no row to spare, one with segments of one row, one all but empty.
        let tables = [
            contents(5, &[(-7, 30)]),
            contents(3, &[(0, 1), (-4, 5)]),
            contents(4, &[(0, 1), (0, 1), (-1, 2)]),
            contents(6, &[(0, 1)]),
        ];
        let mut parts = networks().remove(0).1.program.parts().clone();
        let described = tables.iter().map(TableContents::describe);
        parts.large_tables = described.collect::<Result<_, _>>().unwrap();
        let program = Program::new(parts).unwrap();
        for (index, contents) in tables.iter().enumerate() {
            let [value, _, tag] = contents.columns(&program, index).unwrap();
            let points = [g1_generator(); COLUMNS];
            let claim = RowsClaim::new((&program, index), Digest32([0; 32]), &points);
            let mut f = interpolate(&value);
            add_scaled(&mut f, &interpolate(&tag), claim.rho);
            let [at_z, after, first] = claim.points().map(|point| evaluate(&f, point));
            assert_eq!(claim.step(), Some(after - at_z), "table {index}");
            assert_eq!(claim.first(claim.runs.first()), first, "table {index}");
        }
    }

    #[test]
    fn a_point_in_the_subgroup_proves_nothing() {
        let network = networks().remove(0).1.with_large_tables(&[(5, 1)]);
        let points = [g1_generator(); COLUMNS];
        let place = (&network.program, 0);
        let mut claim = RowsClaim::new(place, Digest32([0; 32]), &points);
        let proof = RowsProof {
            value: Fr::ONE,
            quotients: points,
        };
        let mut accumulate = |z| {
            claim.z = z;
            let (mut transcript, mut sum) = (Transcript::new("rows"), Accumulator::default());
            claim.accumulate(&proof, &mut transcript, &mut sum)
        };
        for log in 0..=5 {
            assert_eq!(accumulate(root_of_unity(log)), None, "order 2^{log}");
        }
        assert_eq!(accumulate(root_of_unity(6)), Some(()));
    }
}
