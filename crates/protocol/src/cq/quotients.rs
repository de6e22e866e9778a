//! Cached quotients by transforms in the group (after Feist and Khovratovich, "Fast amortized KZG proofs", ePrint 2023/033).
//!
//! In the Lagrange basis Q_{j,i} = (T̂_j − t_i)·Lᵢ/Z_V is a sum over the other rows,
//!
//! ```text
//! Q_i = Σ_{k ≠ i} (t_k − t_i)·(ω^k Lᵢ − ω^i L_k) / (N̂(ω^i − ω^k))
//!     = (aᵢ·Lᵢ + tᵢ·Sᵢ − Bᵢ)/N̂,
//!
//! aᵢ = Σ_{k ≠ i} (t_k − tᵢ)(c_{k−i} − 1)      Bᵢ = Σ_k t_k c_{k−i} L_k      Sᵢ = Σ_k c_{k−i} L_k      c_j = 1/(1 − ω^j), c₀ = 0
//! ```
//!
//! so B and S are cyclic correlations of length N̂ with c, whose transform is known: Σ_j c_j ω^{jm} is (N̂ − 1)/2 for m = 0 and
//! m − (N̂ + 1)/2 for 0 < m < N̂. The transform of the L_k is the powers of τ. A column takes two transforms of length N̂ in the group,
//! where the Toeplitz product of the powers with the coefficients of T̂ takes one of length N̂ and two of 2N̂.
//!
//! Q is linear in the column and zero for a constant, so a column that is one value but on a few rows takes no transform, and one that
//! grows by one but on a few rows only those of the column i in row i, which all tables of its size share.

#![allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::expect_used,
    reason = "whoever preprocesses a table runs this on data whose lengths agree"
)]

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};

use super::{COLUMNS, root_of_unity};
use crate::backend::Backend;
use crate::curve::{Fr, G1Affine, G1Projective, HALF, to_affine};
use crate::msm::Signed;
use crate::poly::univariate::powers;

/// Columns that differ from one value on at most so many rows take no transform.
const SPARSE: usize = 8;

/// [Lᵢ]₁ and, for each column, [Q_{j,i}]₁, for all rows.
pub(super) struct Quotients {
    pub(super) lagrange: Vec<G1Affine>,
    pub(super) quotients: [Vec<G1Affine>; COLUMNS],
}

/// The group side of V.
struct Transforms<'a, B> {
    backend: &'a B,
    log: u32,
    /// ω^j, and ω^{−j}, for j < N̂.
    roots: Vec<Fr>,
    inverse_roots: Vec<Fr>,
    progress: &'a mut dyn FnMut(usize, usize),
    done: usize,
    total: usize,
}

/// A part of the preprocessing of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// [Lᵢ]₁, the same for all tables of one size.
    Lagrange,
    /// What the columns of all tables of one size have in common.
    Shared,
    /// The quotients of the column i in row i, from which those of values follow where they grow by one on almost all rows: the same
    /// for all tables of one size.
    Counting,
    /// The quotients of a column of the table.
    Column(usize),
}

/// Keeps the finished parts of a preprocessing, so that one that was interrupted goes on where it was.
pub trait Checkpoints {
    /// The points of a part that was finished before. A list of another length than the table's counts as none.
    fn load(&mut self, part: Part) -> Option<Vec<G1Affine>>;

    /// Keeps the points of a part.
    fn store(&mut self, part: Part, points: &[G1Affine]);
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCheckpoints;

impl Checkpoints for NoCheckpoints {
    fn load(&mut self, _: Part) -> Option<Vec<G1Affine>> {
        None
    }

    fn store(&mut self, _: Part, _: &[G1Affine]) {}
}

/// What preprocesses a table.
pub struct Preprocessor<'a, B> {
    /// The kernels.
    pub backend: &'a B,
    /// Where finished parts are kept.
    pub checkpoints: &'a mut dyn Checkpoints,
    /// Is told how many stages of transforms are done, and of how many.
    pub progress: &'a mut dyn FnMut(usize, usize),
}

impl<B> core::fmt::Debug for Preprocessor<'_, B> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Preprocessor")
    }
}

/// All cached points of a table from N̂ powers of τ.
///
/// # Panics
///
/// When there are fewer powers than rows.
pub(super) fn quotients(
    columns: &[Vec<i64>; COLUMNS],
    tau: &[G1Affine],
    preprocessor: &mut Preprocessor<'_, impl Backend>,
) -> Quotients {
    let size = columns[0].len();
    let log = size.trailing_zeros();
    let omega = root_of_unity(log);
    let inverse = omega.inverse().expect("a root of unity is not zero");
    let shapes = columns.each_ref().map(|column| Shape::of(column));
    let counting = shapes.iter().any(Shape::is_counting);
    let dense = shapes.iter().filter(|shape| **shape == Shape::Dense);
    let dense = dense.count() + usize::from(counting);
    let mut transforms = Transforms {
        backend: preprocessor.backend,
        log,
        roots: powers(omega, size),
        inverse_roots: powers(inverse, size),
        progress: &mut *preprocessor.progress,
        done: 0,
        total: (1 + usize::from(dense > 0) + 2 * dense) * log as usize,
    };
    let mut part =
        |transforms: &mut Transforms<'_, _>,
         (part, count): (Part, usize),
         compute: &mut dyn FnMut(&mut Transforms<'_, _>) -> Vec<G1Affine>| {
            let known = preprocessor.checkpoints.load(part);
            if let Some(points) = known.filter(|points| points.len() == size) {
                transforms.pass(count);
                return points;
            }
            let points = compute(transforms);
            preprocessor.checkpoints.store(part, &points);
            points
        };
    let tau = &tau[..size];
    let lagrange = part(&mut transforms, (Part::Lagrange, 1), &mut |transforms| {
        transforms.lagrange(tau)
    });
    let basis = (dense > 0).then(|| Basis {
        scaled: transforms.scaled(&lagrange),
        shared: part(&mut transforms, (Part::Shared, 1), &mut |transforms| {
            transforms.shared(tau)
        }),
    });
    let dense = |transforms: &mut Transforms<'_, _>, column: &[i64]| {
        let basis = basis.as_ref();
        transforms.dense(column, &lagrange, basis.expect("a column is dense"))
    };
    let counted = if counting {
        let column: Vec<i64> = (0i64..).take(size).collect();
        part(&mut transforms, (Part::Counting, 2), &mut |transforms| {
            dense(transforms, &column)
        })
    } else {
        Vec::new()
    };
    let mut quotients = [(); COLUMNS].map(|()| Vec::new());
    for (index, (shape, quotients)) in shapes.iter().zip(&mut quotients).enumerate() {
        let count = if *shape == Shape::Dense { 2 } else { 0 };
        let place = (Part::Column(index), count);
        *quotients = part(&mut transforms, place, &mut |transforms| match shape {
            Shape::Dense => dense(transforms, &columns[index]),
            Shape::Constant(jumps) => transforms.sparse(jumps, &lagrange),
            Shape::Counting(jumps) => {
                let rest = transforms.sparse(jumps, &lagrange);
                transforms.sums(&counted, &rest, false)
            }
        });
    }
    Quotients {
        lagrange,
        quotients,
    }
}

/// What a column is like.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// One value, but on a few rows, which exceed it by this.
    Constant(Vec<(usize, i64)>),
    /// Values that grow by one, likewise.
    Counting(Vec<(usize, i64)>),
    /// Anything.
    Dense,
}

impl Shape {
    fn of(column: &[i64]) -> Self {
        if let Some(jumps) = jumps(column.iter().copied()) {
            return Self::Constant(jumps);
        }
        match jumps(column.iter().zip(0i64..).map(|(cell, row)| cell - row)) {
            Some(jumps) => Self::Counting(jumps),
            None => Self::Dense,
        }
    }

    fn is_counting(&self) -> bool {
        matches!(self, Self::Counting(_))
    }
}

/// The rows whose cells are not the first one, and by how much they exceed it; `None` if there are many of these.
pub(super) fn jumps(mut column: impl Iterator<Item = i64>) -> Option<Vec<(usize, i64)>> {
    let first = column.next()?;
    let jumps = (1usize..).zip(column).filter(|(_, cell)| *cell != first);
    let jumps = jumps
        .map(|(row, cell)| (row, cell - first))
        .take(SPARSE + 1);
    let jumps: Vec<(usize, i64)> = jumps.collect();
    (jumps.len() <= SPARSE).then_some(jumps)
}

/// Points that all dense columns are computed from.
struct Basis {
    /// Lᵢ/(2N̂²).
    scaled: Vec<G1Affine>,
    /// Sᵢ/N̂.
    shared: Vec<G1Affine>,
}

impl<B: Backend> Transforms<'_, B> {
    fn size(&self) -> usize {
        1 << self.log
    }

    fn size_inverse(&self) -> Fr {
        Fr::from(1u64 << self.log)
            .inverse()
            .expect("the size is a power of two")
    }

    /// L_k = Σ_m ω^{−km} τ^m / N̂.
    fn lagrange(&mut self, tau: &[G1Affine]) -> Vec<G1Affine> {
        let sums = self.transform(tau.to_vec(), true);
        self.times(&sums, self.size_inverse())
    }

    /// Lᵢ/(2N̂²).
    fn scaled(&self, lagrange: &[G1Affine]) -> Vec<G1Affine> {
        self.times(lagrange, self.size_inverse().square() * HALF)
    }

    /// All points times one scalar.
    fn times(&self, points: &[G1Affine], scalar: Fr) -> Vec<G1Affine> {
        let scalars = alloc::vec![scalar; points.len()];
        self.backend.multiples(points, &scalars)
    }

    /// aᵢ + bᵢ, or aᵢ − bᵢ.
    fn sums(&self, a: &[G1Affine], b: &[G1Affine], subtract: bool) -> Vec<G1Affine> {
        let both = [a, b].concat();
        let pair = |i| [Signed::new(i, false), Signed::new(a.len() + i, subtract)];
        let pairs: Vec<[Signed; 2]> = (0..a.len()).map(pair).collect();
        self.backend.pair_sums(&both, &pairs)
    }

    /// Twice the transform of c: small integers, which are cheap to multiply by.
    fn kernel(&self) -> Vec<Fr> {
        let size = self.size() as i64;
        let twice = |m: i64| if m == 0 { size - 1 } else { 2 * m - size - 1 };
        (0..size).map(|m| Fr::from(twice(m))).collect()
    }

    /// Sᵢ/N̂: the L_k have the transform τ^{−m mod N̂}/N̂.
    fn shared(&mut self, tau: &[G1Affine]) -> Vec<G1Affine> {
        let size = self.size();
        let mirrored: Vec<G1Affine> = (0..size).map(|m| tau[(size - m) % size]).collect();
        let spectrum = self.backend.multiples(&mirrored, &self.kernel());
        let sums = self.transform(spectrum, false);
        self.times(&sums, self.size_inverse().square() * HALF)
    }

    /// The quotients of a column with values of all kinds.
    fn dense(&mut self, column: &[i64], lagrange: &[G1Affine], basis: &Basis) -> Vec<G1Affine> {
        let values: Vec<Fr> = column.iter().copied().map(Fr::from).collect();
        let weighted = self.backend.multiples(&basis.scaled, &values);
        let spectrum = self.transform(weighted, true);
        let scale = self.kernel();
        let spectrum = self.backend.multiples(&spectrum, &scale);
        let correlated = self.transform(spectrum, false);
        let own = self.backend.multiples(lagrange, &self.own_factors(&values));
        let common = self.backend.multiples(&basis.shared, &values);
        let rest = self.sums(&common, &correlated, true);
        self.sums(&own, &rest, false)
    }

    /// aᵢ/N̂.
    fn own_factors(&self, values: &[Fr]) -> Vec<Fr> {
        let domain =
            Radix2EvaluationDomain::<Fr>::new(self.size()).expect("the field has the roots");
        let size = Fr::from(self.size() as u64);
        let scale = self.size_inverse();
        // The transform back gives Σ_k t_k c_{k−i} / N̂.
        let mut correlated = domain.ifft(values);
        for (value, factor) in correlated.iter_mut().zip(self.kernel()) {
            *value *= factor * scale * HALF;
        }
        domain.fft_in_place(&mut correlated);
        let sum: Fr = values.iter().sum();
        let kept = size - (size - Fr::ONE) * HALF;
        let each = |(correlated, value): (&Fr, &Fr)| *correlated + (*value * kept - sum) * scale;
        correlated.iter().zip(values).map(each).collect()
    }

    /// The quotients of a column that is zero but on a few rows: of the sum over k only those are left on most rows.
    fn sparse(&self, jumps: &[(usize, i64)], lagrange: &[G1Affine]) -> Vec<G1Affine> {
        let mut quotients = alloc::vec![G1Projective::ZERO; self.size()];
        for (k, jump) in jumps {
            let rows = (0..self.size()).filter(|i| i != k).collect::<Vec<usize>>();
            let [on_own, on_other] = self.pairs(&rows, *k, Fr::from(*jump));
            let own = self.backend.multiples(&pick(lagrange, &rows), &on_own);
            let others = alloc::vec![lagrange[*k]; rows.len()];
            let other = self.backend.multiples(&others, &on_other);
            for (i, pair) in rows.iter().zip(self.sums(&own, &other, true)) {
                quotients[*i] += pair;
                // (L_k − 1)·L_k/Z_V = −Σ_{i ≠ k} L_i·L_k/Z_V.
                quotients[*k] -= pair;
            }
        }
        to_affine(&quotients)
    }

    /// step·ω^k/(N̂(ω^i − ω^k)) and step·ω^i/(N̂(ω^i − ω^k)) for the rows i.
    fn pairs(&self, rows: &[usize], k: usize, step: Fr) -> [Vec<Fr>; 2] {
        let mut inverses: Vec<Fr> = rows
            .iter()
            .map(|i| self.roots[*i] - self.roots[k])
            .collect();
        ark_ff::batch_inversion_and_mul(&mut inverses, &(step * self.size_inverse()));
        let own = inverses
            .iter()
            .map(|inverse| *inverse * self.roots[k])
            .collect();
        let other = rows
            .iter()
            .zip(&inverses)
            .map(|(i, inverse)| *inverse * self.roots[*i]);
        [own, other.collect()]
    }

    /// Counts transforms whose results are there already.
    fn pass(&mut self, count: usize) {
        if count > 0 {
            self.done += count * self.log as usize;
            (self.progress)(self.done, self.total);
        }
    }

    /// Σ_k ω^{±ik} points_k for all i, by decimation in time.
    fn transform(&mut self, mut points: Vec<G1Affine>, inverse: bool) -> Vec<G1Affine> {
        let size = self.size();
        for i in 0..size {
            let mirrored = i.reverse_bits() >> (usize::BITS - self.log);
            if i < mirrored {
                points.swap(i, mirrored);
            }
        }
        for stage in 0..self.log {
            points = self.stage(points, 1 << stage, inverse);
            self.done += 1;
            (self.progress)(self.done, self.total);
        }
        points
    }

    /// Butterflies over pairs at distance `half`.
    fn stage(&self, mut points: Vec<G1Affine>, half: usize, inverse: bool) -> Vec<G1Affine> {
        let roots = if inverse {
            &self.inverse_roots
        } else {
            &self.roots
        };
        let step = self.size() / (2 * half);
        // A multiplication by one is none.
        let turned = (0..self.size()).filter(|i| i & half != 0 && i % half != 0);
        let turned: Vec<usize> = turned.collect();
        let factors: Vec<Fr> = turned.iter().map(|i| roots[(i % half) * step]).collect();
        let products = self.backend.multiples(&pick(&points, &turned), &factors);
        for (i, product) in turned.iter().zip(products) {
            points[*i] = product;
        }
        let pair = |i| {
            let (low, high) = (i & !half, i | half);
            [Signed::new(low, false), Signed::new(high, i & half != 0)]
        };
        let pairs: Vec<[Signed; 2]> = (0..self.size()).map(pair).collect();
        self.backend.pair_sums(&points, &pairs)
    }
}

fn pick(points: &[G1Affine], rows: &[usize]) -> Vec<G1Affine> {
    rows.iter().map(|row| points[*row]).collect()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::backend::Reference;
    use crate::cq::contents::interpolate;
    use crate::msm::msm;
    use crate::poly::univariate::{add_scaled, divide_by_binomial};
    use crate::srs::Srs;
    use crate::testing::random;

    #[derive(Default)]
    struct Kept {
        parts: Vec<(Part, Vec<G1Affine>)>,
    }

    impl Checkpoints for Kept {
        fn load(&mut self, part: Part) -> Option<Vec<G1Affine>> {
            let found = self.parts.iter().find(|(known, _)| *known == part);
            found.map(|(_, points)| points.clone())
        }

        fn store(&mut self, part: Part, points: &[G1Affine]) {
            assert!(self.load(part).is_none());
            self.parts.push((part, points.to_vec()));
        }
    }

    /// (f·L_i)/Z_V by its definition, where it is a polynomial.
    fn direct(column: &[i64], i: usize) -> Vec<Fr> {
        let size = column.len();
        let mut unit = vec![0; size];
        unit[i] = 1;
        let lagrange = interpolate(&unit);
        let mut f = interpolate(column);
        f[0] -= Fr::from(column[i]);
        let mut product = Vec::new();
        for (shift, coefficient) in f.iter().enumerate() {
            let mut shifted = vec![Fr::ZERO; shift];
            shifted.extend_from_slice(&lagrange);
            add_scaled(&mut product, &shifted, *coefficient);
        }
        let (quotient, rest) = divide_by_binomial(&product, size, Fr::ONE);
        assert!(rest.iter().all(|rest| *rest == Fr::ZERO), "not divisible");
        quotient
    }

    #[test]
    fn quotients_are_those_of_the_definition() {
        let srs = Srs::development(6, &mut random(1)).unwrap();
        for log in [2u32, 3, 5] {
            let size = 1usize << log;
            let mut mixed: Vec<i64> = (0..size as i64).map(|i| i * i % 7 - 3).collect();
            mixed[size - 1] = i64::from(i32::MIN);
            let mut value: Vec<i64> = (0..size as i64).map(|i| i - 20).collect();
            value[size - 1] = 1;
            let mut tag = vec![3; size];
            tag[size - 2..].fill(9);
            tag[1] = 0;
            let columns = [value, mixed, tag];
            let mut told = Vec::new();
            let mut kept = Kept::default();
            let preprocess = |checkpoints: &mut Kept, told: &mut Vec<(usize, usize)>| {
                let mut preprocessor = Preprocessor {
                    backend: &Reference,
                    checkpoints,
                    progress: &mut |done, total| told.push((done, total)),
                };
                quotients(&columns, srs.powers(), &mut preprocessor)
            };
            let found = preprocess(&mut kept, &mut told);
            let total = told.len();
            assert!(
                told.iter()
                    .copied()
                    .eq((1..=total).map(|done| (done, total)))
            );
            // An interrupted one goes on with the parts that are there and comes to the same; what it need not do counts as done.
            kept.parts.retain(|(part, _)| *part != Part::Column(1));
            let mut told = Vec::new();
            let again = preprocess(&mut kept, &mut told);
            assert!(found.lagrange == again.lagrange && found.quotients == again.quotients);
            assert!(told.len() < total, "{told:?}");
            assert!(
                told.is_sorted() && told.last() == Some(&(total, total)),
                "{told:?}"
            );
            for i in 0..size {
                let mut unit = vec![0; size];
                unit[i] = 1;
                let commit = |f: &[Fr]| G1Affine::from(msm(&srs.powers()[..f.len()], f));
                assert_eq!(found.lagrange[i], commit(&interpolate(&unit)));
                for (column, quotients) in columns.iter().zip(&found.quotients) {
                    assert_eq!(
                        quotients[i],
                        commit(&direct(column, i)),
                        "row {i} of 2^{log}"
                    );
                }
            }
        }
    }
}
