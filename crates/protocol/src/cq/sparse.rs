//! The prover's side of a large table: everything is a combination of the cached points of the rows that are used.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Field, batch_inversion};
use zeroize::Zeroize;

use super::cached::{CachedRow, CachedTable};
use super::{root_of_unity, vanishing};
use crate::backend::Backend;
use crate::curve::{Fr, G1Affine, G1Projective};
use crate::encoding::widen;
use crate::error::ProveError;
use crate::lookup::LookupChallenges;
use crate::program::Program;
use crate::random::RandomSource;
use crate::witness::{CellColumns, Witness};

/// The table's side of the lookups in one large table.
pub(crate) struct SparseSide {
    pub(crate) cached: Arc<CachedTable>,
    /// m̂ on the rows that are used, the blind ones last.
    pub(crate) counts: BTreeMap<u32, Fr>,
    /// ωⁱ of the same rows; empty before λ.
    points: Vec<Fr>,
    /// Âᵢ on the same rows; empty before λ.
    pub(crate) sums: Vec<Fr>,
    pub(crate) blinding: Blinding,
    /// [Â]₁; infinity before it is committed to.
    pub(crate) committed: G1Affine,
    /// c, where c·Z_V is added to Â and what it takes to Q̂: nothing, for an honest prover.
    pub(crate) shift: Fr,
    /// What a cheating prover adds to σ alone.
    #[cfg(test)]
    pub(crate) false_sigma: Fr,
}

/// The blindings of m̂, Â and Q̂.
#[derive(Clone, Copy, Default, Zeroize)]
pub(crate) struct Blinding {
    pub(crate) m: Fr,
    pub(crate) a: Fr,
    pub(crate) q: Fr,
}

impl Drop for SparseSide {
    fn drop(&mut self) {
        self.counts.values_mut().for_each(Zeroize::zeroize);
        self.points.zeroize();
        self.sums.zeroize();
        self.blinding.zeroize();
    }
}

/// How often the active rows of all lanes use each row of each large table.
///
/// A cell that is in no row of the table is not counted: its proof fails, here nothing is decided.
pub(crate) fn count(
    program: &Program,
    cells: &CellColumns,
    cached: &[Arc<CachedTable>],
) -> Result<Vec<BTreeMap<u32, Fr>>, ProveError> {
    let mut counts: Vec<BTreeMap<u32, Fr>> = cached.iter().map(|_| BTreeMap::new()).collect();
    for tensor in program.tensors() {
        let Some(place) = program.large_place(tensor.segment) else {
            continue;
        };
        let Some((counts, cached)) = counts.get_mut(place.table).zip(cached.get(place.table))
        else {
            continue;
        };
        let size = 1usize << tensor.block_bits();
        for block in &tensor.blocks {
            let [_, pre, out] = cells.lane(widen(block.lane));
            let rows = pre.iter().zip(out).skip(widen(block.base)).take(size);
            for (pre, out) in rows {
                let Some(index) = place.row(*pre) else {
                    continue;
                };
                let table = place.table;
                let row = cached
                    .row(index)
                    .ok_or(ProveError::MissingRow { table, row: index })?;
                if row.cells == [*pre, *out, tensor.tag().into()] {
                    *counts.entry(index).or_insert(Fr::ZERO) += Fr::ONE;
                }
            }
        }
    }
    Ok(counts)
}

impl Program {
    /// The rows of each large table that a proof of these witnesses, one or the inferences of a batch, looks up: with the blind ones, which
    /// every slice has, all that a prover needs.
    pub fn large_rows(&self, witnesses: &[Witness]) -> Vec<BTreeSet<u32>> {
        let mut rows = alloc::vec![BTreeSet::new(); self.large_tables().len()];
        for (index, tensor) in self.tensors().iter().enumerate() {
            let Some(place) = self.large_place(tensor.segment) else {
                continue;
            };
            let Some(rows) = rows.get_mut(place.table) else {
                continue;
            };
            let cells = witnesses.iter().flat_map(|witness| witness.tensor(index));
            // Padded cells hold zero.
            let values = cells.map(|cell| cell.pre).chain([0]);
            rows.extend(values.filter_map(|value| place.row(value)));
        }
        rows
    }
}

impl SparseSide {
    /// The side of a table, whose blind rows have the multiplicities `blind`.
    ///
    /// # Errors
    ///
    /// [`ProveError::MissingRow`] when the cached points lack the blind rows; no randomness.
    pub(crate) fn new(
        table: usize,
        cached: &Arc<CachedTable>,
        mut counts: BTreeMap<u32, Fr>,
        blind: [Fr; 2],
        random: &mut dyn RandomSource,
    ) -> Result<Self, ProveError> {
        for (row, multiplicity) in cached.blind().into_iter().zip(blind) {
            let row = row.ok_or(ProveError::MissingRow { table, row: 0 })?;
            counts.insert(row.index, multiplicity);
        }
        let mut scalar = || random.scalar();
        let blinding = Blinding {
            m: scalar()?,
            a: scalar()?,
            q: scalar()?,
        };
        Ok(Self {
            cached: Arc::clone(cached),
            counts,
            points: Vec::new(),
            sums: Vec::new(),
            blinding,
            committed: G1Affine::zero(),
            shift: Fr::ZERO,
            #[cfg(test)]
            false_sigma: Fr::ZERO,
        })
    }

    /// N̂.
    pub(crate) fn size(&self) -> usize {
        1 << self.cached.log_rows()
    }

    /// log₂ N̂.
    pub(crate) fn log(&self) -> usize {
        widen(self.cached.log_rows())
    }

    fn rows(&self) -> impl Iterator<Item = &CachedRow> {
        self.counts
            .keys()
            .filter_map(|index| self.cached.row(*index))
    }

    fn combine(
        &self,
        point: impl Fn(&CachedRow) -> G1Affine,
        scalars: &[Fr],
        backend: &impl Backend,
    ) -> G1Projective {
        let points: Vec<G1Affine> = self.rows().map(point).collect();
        backend.msm(&points, scalars)
    }

    /// [m̂]₁.
    pub(crate) fn multiplicities(&self, beta: G1Affine, backend: &impl Backend) -> G1Affine {
        let counts: Vec<Fr> = self.counts.values().copied().collect();
        let sum = self.combine(|row| row.lagrange, &counts, backend);
        (sum + beta * self.blinding.m).into_affine()
    }

    /// Âᵢ = m̂ᵢ/(λ + tᵢ), once λ and θ are known.
    pub(crate) fn divide(&mut self, challenges: &LookupChallenges) {
        let compress = |row: &CachedRow| {
            let [value, out, tag] = row.cells.map(Fr::from);
            challenges.function(value, out, tag)
        };
        let mut sums: Vec<Fr> = self.rows().map(compress).collect();
        batch_inversion(&mut sums);
        for (sum, count) in sums.iter_mut().zip(self.counts.values()) {
            *sum *= count;
        }
        self.sums = sums;
        self.points = self.roots();
    }

    fn roots(&self) -> Vec<Fr> {
        let omega = root_of_unity(self.cached.log_rows());
        let rows = self.counts.keys();
        rows.map(|row| omega.pow([u64::from(*row)])).collect()
    }

    /// [Â]₁ and [Q̂]₁, given [β]₁, [Z_V]₁ and [λ + Σ θ^j T̂_j]₁.
    pub(crate) fn commit(
        &mut self,
        theta: Fr,
        [beta, vanishing, table]: [G1Projective; 3],
        backend: &impl Backend,
    ) -> [G1Affine; 2] {
        let a = self.combine(|row| row.lagrange, &self.sums, backend);
        let weights = [Fr::ONE, theta, theta.square()];
        let points: Vec<G1Affine> = self.rows().flat_map(|row| row.quotients).collect();
        let scalars: Vec<Fr> = self
            .sums
            .iter()
            .flat_map(|sum| weights.map(|w| w * sum))
            .collect();
        let q = backend.msm(&points, &scalars);
        self.committed = (a + beta * self.blinding.a + vanishing * self.shift).into_affine();
        [
            self.committed,
            (q + beta * self.blinding.q + table * self.shift).into_affine(),
        ]
    }

    /// σ = N̂·Â(0) = Σ Âᵢ.
    pub(crate) fn sigma(&self) -> Fr {
        let sum: Fr = self.sums.iter().sum();
        #[cfg(test)]
        let sum = sum + self.false_sigma;
        sum - self.shift * Fr::from(1u64 << self.cached.log_rows())
    }

    /// Â(x), with Lᵢ(x) = ωⁱ·Z_V(x)/(N̂(x − ωⁱ)).
    #[cfg(test)]
    pub(crate) fn value_at(&self, x: Fr) -> Fr {
        let terms = self.times(&self.inverse_differences(x, false));
        let terms = terms.iter().zip(&self.points);
        let sum: Fr = terms.map(|(term, point)| *term * point).sum();
        let log = self.cached.log_rows();
        sum * vanishing(log, x) * inverse(Fr::from(1u64 << log))
    }

    fn times(&self, factors: &[Fr]) -> Vec<Fr> {
        self.sums
            .iter()
            .zip(factors)
            .map(|(sum, factor)| *sum * factor)
            .collect()
    }

    /// X^{N̂−1}Â(1/X) = Σ Âᵢωⁱ·L_{−i}(X).
    pub(crate) fn reversed(&self, backend: &impl Backend) -> G1Projective {
        self.combine(|row| row.mirrored, &self.times(&self.points), backend)
    }

    /// The reversal's value at z: Σ Âᵢωⁱ·L_{−i}(z), with L_k(z) = ω^k·Z_V(z)/(N̂(z − ω^k)).
    pub(crate) fn reversed_at(&self, z: Fr) -> Fr {
        let sum: Fr = self.times(&self.inverse_differences(z, true)).iter().sum();
        sum * vanishing(self.cached.log_rows(), z)
            * inverse(Fr::from(1u64 << self.cached.log_rows()))
    }

    /// 1/(x − ωⁱ), or 1/(x − ω^{−i}), for each row; x is not in V.
    fn inverse_differences(&self, x: Fr, mirrored: bool) -> Vec<Fr> {
        let mut points = self.points.clone();
        if mirrored {
            batch_inversion(&mut points);
        }
        points.iter_mut().for_each(|point| *point = x - *point);
        batch_inversion(&mut points);
        points
    }

    /// The quotient of scale·(reversal − its part that Z_V carries) by X − z: −Σ scale·Âᵢωⁱ/(z − ω^{−i})·L_{−i}.
    pub(crate) fn reversed_quotient(
        &self,
        z: Fr,
        scale: Fr,
        backend: &impl Backend,
    ) -> G1Projective {
        let factors = self.inverse_differences(z, true);
        let factors: Vec<Fr> = factors
            .iter()
            .zip(&self.points)
            .map(|(f, p)| -scale * f * p)
            .collect();
        self.combine(|row| row.mirrored, &self.times(&factors), backend)
    }

    /// The quotient of scale·(Â − its part that Z_V carries) by X − x: −Σ scale·Âᵢ/(x − ωⁱ)·Lᵢ.
    pub(crate) fn quotient(&self, x: Fr, scale: Fr, backend: &impl Backend) -> G1Projective {
        let factors = self.inverse_differences(x, false);
        let factors: Vec<Fr> = factors.iter().map(|factor| -scale * factor).collect();
        self.combine(|row| row.lagrange, &self.times(&factors), backend)
    }
}

/// The inverse of what is never zero.
fn inverse(x: Fr) -> Fr {
    x.inverse().unwrap_or(Fr::ZERO)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::backend::Reference;
    use crate::cq::contents::interpolate;
    use crate::msm::msm;
    use crate::poly::univariate::{add_scaled, divide_by_linear, evaluate};
    use crate::srs::Srs;
    use crate::testing::{keys, networks, random, scalars};

    /// A side with sums on a few rows, and Â's coefficients.
    fn side() -> (Srs, SparseSide, Vec<Fr>) {
        let network = networks().remove(0).1.with_large_tables(&[(5, 1)]);
        let (srs, key) = keys(&network);
        let cached = key.cached().unwrap().remove(0);
        let counts = BTreeMap::from([(0, Fr::ONE), (7, Fr::from(3u64))]);
        let blind = [Fr::from(5u64), Fr::from(6u64)];
        let mut side = SparseSide::new(0, &cached, counts, blind, &mut random(1)).unwrap();
        side.sums = scalars(4, 7);
        side.points = side.roots();
        let mut a = Vec::new();
        for (index, sum) in side.counts.keys().zip(&side.sums) {
            let mut unit = vec![0; 32];
            unit[*index as usize] = 1;
            add_scaled(&mut a, &interpolate(&unit), *sum);
        }
        (srs, side, a)
    }

    /// (f − f(x)·Z_V/Z_V(x))/(X − x)
    fn quotient(f: &[Fr], x: Fr, scale: Fr) -> Vec<Fr> {
        let factor = -evaluate(f, x) * inverse(vanishing(5, x));
        let mut f = f.to_vec();
        let mut z = vec![Fr::ZERO; 33];
        (z[0], z[32]) = (-Fr::ONE, Fr::ONE);
        add_scaled(&mut f, &z, factor);
        assert_eq!(evaluate(&f, x), Fr::ZERO);
        divide_by_linear(&f, x).iter().map(|c| *c * scale).collect()
    }

    #[test]
    fn sparse_quotients_are_those_of_the_polynomials() {
        let (srs, side, a) = side();
        let commit = |f: &[Fr]| msm(&srs.powers()[..f.len()], f);
        let mut reversed = a.clone();
        reversed.reverse();
        let [z, scale] = [scalars(1, 8)[0], scalars(1, 9)[0]];
        assert_eq!(side.sigma(), a[0] * Fr::from(32u64));
        assert_eq!(side.reversed(&Reference), commit(&reversed));
        assert_eq!(side.reversed_at(z), evaluate(&reversed, z));
        let found = side.reversed_quotient(z, scale, &Reference);
        assert_eq!(found, commit(&quotient(&reversed, z, scale)));
        for x in [z, Fr::ZERO] {
            let found = side.quotient(x, scale, &Reference);
            assert_eq!(found, commit(&quotient(&a, x, scale)));
        }
    }

    #[test]
    fn cached_points_hold_against_the_key_on_every_row_and_false_ones_do_not() {
        let network = networks().remove(0).1.with_large_tables(&[(5, 1)]);
        let (_, key) = keys(&network);
        let cached = key.cached().unwrap().remove(0);
        for row in [0, 1, 13, 25, 26, 30, 31] {
            assert_eq!(cached.check_row(row, &key, 0), Ok(()), "row {row}");
        }
        assert!(cached.check_row(32, &key, 0).is_err());
        assert!(cached.check_row(0, &key, 1).is_err());
        let bytes = cached.to_bytes();
        assert_eq!(CachedTable::from_bytes(&bytes).as_ref(), Ok(&*cached));
        for position in (0..bytes.len()).step_by(37) {
            let mut altered = bytes.clone();
            altered[position] ^= 1;
            assert!(
                CachedTable::from_bytes(&altered).is_err(),
                "byte {position}"
            );
            assert!(CachedTable::from_bytes(&bytes[..position]).is_err());
        }
    }
}
