//! The cached points of a few rows, from their definition: for a table that nobody has preprocessed.
//!
//! With w = ωⁱ each quotient of a column is one by a linear polynomial,
//!
//! ```text
//! Q_{j,i} = (w/N̂)·(T̂_j(X) − t_{j,i})/(X − w)        Lᵢ = Σ_k ω^{−ik} X^k / N̂
//! ```
//!
//! whose coefficients follow from each other, from the top down: a sum of N̂ terms. Lᵢ and its mirror image L_{−i} take two sums of N̂/4
//! terms together: as ω^{−i(k + N̂/2)} = ±ω^{−ik}, by the parity of i, the powers of τ are first added up at distance N̂/2, to A_k; the
//! two sums over ω^{∓ik}A_k then have the sum and the difference
//!
//! ```text
//! Σ_{0 < k < N̂/4} (ω^{−ik} ± ω^{ik})(A_k ± (−1)ⁱA_{N̂/2−k})        and what k = 0 and k = N̂/4 add
//! ```
//!
//! So a row takes about two and a half sums of N̂ terms, where all rows together take transforms of N̂·log N̂ multiplications: worth it for
//! a hundred rows. A column that is one value but on a few rows k (a tag, on all but the blind rows) takes only Lₖ besides.

#![allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::expect_used,
    reason = "whoever preprocesses a table runs this on data whose lengths agree"
)]

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::contents::interpolate;
use super::quotients::jumps;
use super::{COLUMNS, root_of_unity};
use crate::backend::Backend;
use crate::curve::{Fr, G1Affine, G1Projective, HALF, to_affine};
use crate::msm::Signed;

/// Terms of a sum that are made at once; in tests so few that small sums have parts.
const TERMS: usize = if cfg!(test) { 8 } else { 1 << 18 };
/// Sums whose terms are made at once.
const SUMS: usize = 8;

/// Points by the index of their row.
pub(super) type Points = BTreeMap<u32, G1Affine>;

/// [Lᵢ]₁ for some rows and their mirror images, and [Q_{j,i}]₁ for the rows.
pub(super) struct DirectPoints {
    pub(super) lagrange: Points,
    pub(super) quotients: [Points; COLUMNS],
}

/// What computes the points of some rows.
pub(super) struct Direct<'a, B> {
    tau: &'a [G1Affine],
    backend: &'a B,
    progress: &'a mut dyn FnMut(usize, usize),
    done: usize,
    total: usize,
}

impl<'a, B: Backend> Direct<'a, B> {
    /// From N̂ powers of τ.
    pub(super) fn new(
        tau: &'a [G1Affine],
        (backend, progress): (&'a B, &'a mut dyn FnMut(usize, usize)),
    ) -> Self {
        Self {
            tau,
            backend,
            progress,
            done: 0,
            total: 0,
        }
    }

    /// The points of `rows` of a table with these columns.
    pub(super) fn points(
        mut self,
        columns: &[Vec<i64>; COLUMNS],
        rows: &BTreeSet<u32>,
    ) -> DirectPoints {
        let size = self.tau.len();
        let jumps = columns
            .each_ref()
            .map(|column| jumps(column.iter().copied()));
        let others = jumps.iter().flatten().flatten();
        let mut needed: BTreeSet<u32> = others.map(|(row, _)| *row as u32).collect();
        needed.extend(rows);
        needed.extend(rows.iter().map(|row| mirrored(*row, size)));
        let divided = jumps.each_ref().map(|jumps| {
            let among = |row: &u32| match jumps {
                Some(jumps) => jumps.iter().any(|(other, _)| *other == *row as usize),
                None => true,
            };
            rows.iter()
                .copied()
                .filter(among)
                .collect::<BTreeSet<u32>>()
        });
        let nearest = needed.iter().map(|row| (*row).min(mirrored(*row, size)));
        let nearest: BTreeSet<u32> = nearest.collect();
        let divisions = divided.iter().map(BTreeSet::len).sum::<usize>();
        let parts = (size / 4 - 1).div_ceil(TERMS);
        self.total = 2 * nearest.len() * parts + divisions * size.div_ceil(TERMS);

        let lagrange = self.lagrange(&nearest);
        let mut quotients = [(); COLUMNS].map(|()| Points::new());
        for (index, column) in columns.iter().enumerate() {
            if !divided[index].is_empty() {
                let coefficients = interpolate(column);
                let coefficient = |k| coefficients.get(k).copied().unwrap_or(Fr::ZERO);
                quotients[index] = self.divide(&coefficient, &divided[index]);
            }
            if let Some(jumps) = &jumps[index] {
                let rest = rows.difference(&divided[index]);
                let sparse = rest.map(|row| (*row, sparse(*row, jumps, &lagrange, size)));
                quotients[index].extend(sparse);
            }
        }
        DirectPoints {
            lagrange,
            quotients,
        }
    }

    /// [Lᵢ]₁ and [L_{−i}]₁ for each of these rows.
    fn lagrange(&mut self, rows: &BTreeSet<u32>) -> Points {
        let size = self.tau.len();
        let (mut indices, mut sums) = (Vec::new(), Vec::new());
        for odd in [false, true] {
            let rows: Vec<u32> = rows
                .iter()
                .copied()
                .filter(|row| (row & 1 == 1) == odd)
                .collect();
            if rows.is_empty() {
                continue;
            }
            let folded = Folded::new(self.tau, odd, self.backend);
            for (row, pair) in rows.iter().zip(self.pairs(&folded, &rows)) {
                indices.extend([*row, mirrored(*row, size)]);
                sums.extend(pair);
            }
        }
        indices.into_iter().zip(to_affine(&sums)).collect()
    }

    /// [Lᵢ]₁ and [L_{−i}]₁ for rows of the parity for which the powers have been folded.
    fn pairs(&mut self, folded: &Folded, rows: &[u32]) -> Vec<[G1Projective; 2]> {
        let size = self.tau.len();
        let omega = root_of_unity(size.trailing_zeros());
        let roots: Vec<Fr> = rows
            .iter()
            .map(|row| omega.pow([u64::from(*row)]))
            .collect();
        let inverse = |root: &Fr| root.inverse().expect("a root of unity is not zero");
        // ω^{−ik} ± ω^{ik} for 0 < k < N̂/4.
        let sums: Vec<[G1Projective; 2]> = roots
            .iter()
            .map(|root| {
                let inverted = inverse(root);
                [false, true].map(|difference| {
                    let points = if difference {
                        &folded.differences
                    } else {
                        &folded.sums
                    };
                    let mut sum = G1Projective::ZERO;
                    for (part, points) in points.chunks(TERMS).enumerate() {
                        let first = [(1 + part * TERMS) as u64];
                        let (mut a, mut b) = (inverted.pow(first), root.pow(first));
                        let terms = points.iter().map(|_| {
                            let term = if difference { a - b } else { a + b };
                            a *= inverted;
                            b *= root;
                            term
                        });
                        sum += self.backend.msm(points, &terms.collect::<Vec<Fr>>());
                        self.done += 1;
                        (self.progress)(self.done, self.total);
                    }
                    sum
                })
            })
            .collect();
        let scale = size_inverse(size);
        let pair = |(root, [sum, difference]): (&Fr, &[G1Projective; 2])| {
            let quarter = root.pow([size as u64 / 4]);
            let sides = [(*difference, inverse(&quarter)), (-*difference, quarter)];
            sides.map(|(difference, quarter)| {
                let ends = folded.first + folded.quarter * quarter;
                ((*sum + difference) * HALF + ends) * scale
            })
        };
        roots.iter().zip(&sums).map(pair).collect()
    }

    /// [(w/N̂)·(f(X) − f(w))/(X − w)]₁ at w = ωⁱ for each row i, f given by its coefficients of X, X², …, X^N̂.
    fn divide(
        &mut self,
        coefficient: &(dyn Fn(usize) -> Fr + Sync),
        rows: &BTreeSet<u32>,
    ) -> Points {
        let size = self.tau.len();
        let omega = root_of_unity(size.trailing_zeros());
        let points: Vec<Fr> = rows
            .iter()
            .map(|row| omega.pow([u64::from(*row)]))
            .collect();
        let mut carries = alloc::vec![Fr::ZERO; points.len()];
        let mut sums = alloc::vec![G1Projective::ZERO; points.len()];
        let starts: Vec<usize> = (0..size).step_by(TERMS).collect();
        for start in starts.into_iter().rev() {
            let end = size.min(start + TERMS);
            let tau = &self.tau[start..end];
            let groups = points.chunks(SUMS).zip(carries.chunks_mut(SUMS));
            for ((points, carries), sums) in groups.zip(sums.chunks_mut(SUMS)) {
                let tasks = points
                    .iter()
                    .copied()
                    .zip(carries.iter().copied())
                    .collect();
                let terms = self.backend.map(tasks, |(point, mut carry): (Fr, Fr)| {
                    let mut terms: Vec<Fr> = (start..end)
                        .rev()
                        .map(|k| {
                            carry = coefficient(k + 1) + point * carry;
                            carry
                        })
                        .collect();
                    terms.reverse();
                    terms
                });
                for ((terms, carry), sum) in terms.iter().zip(carries).zip(sums) {
                    *carry = terms[0];
                    *sum += self.backend.msm(tau, terms);
                    self.done += 1;
                    (self.progress)(self.done, self.total);
                }
            }
        }
        let scale = size_inverse(size);
        let scaled = sums.iter().zip(&points);
        let scaled: Vec<G1Projective> =
            scaled.map(|(sum, point)| *sum * (*point * scale)).collect();
        rows.iter().copied().zip(to_affine(&scaled)).collect()
    }
}

/// Powers of τ added up for rows of one parity.
struct Folded {
    /// A₀.
    first: G1Affine,
    /// A_{N̂/4}.
    quarter: G1Affine,
    /// A_k + (−1)ⁱA_{N̂/2−k} for 0 < k < N̂/4.
    sums: Vec<G1Affine>,
    /// A_k − (−1)ⁱA_{N̂/2−k}, likewise.
    differences: Vec<G1Affine>,
}

impl Folded {
    fn new(tau: &[G1Affine], odd: bool, backend: &impl Backend) -> Self {
        let half = tau.len() / 2;
        let pair = |a, b, negative| [Signed::new(a, false), Signed::new(b, negative)];
        let pairs: Vec<[Signed; 2]> = (0..half).map(|k| pair(k, half + k, odd)).collect();
        let halved = backend.pair_sums(tau, &pairs);
        let mirrored = |negative| {
            let pairs = (1..half / 2).map(|k| pair(k, half - k, negative));
            backend.pair_sums(&halved, &pairs.collect::<Vec<_>>())
        };
        Self {
            first: halved[0],
            quarter: halved[half / 2],
            sums: mirrored(odd),
            differences: mirrored(!odd),
        }
    }
}

/// −i modulo N̂.
pub(super) fn mirrored(row: u32, size: usize) -> u32 {
    let row = row as usize;
    ((size - row) % size) as u32
}

fn size_inverse(size: usize) -> Fr {
    let inverse = Fr::from(size as u64).inverse();
    inverse.expect("the size is a power of two")
}

/// Qᵢ of a column that is one value but on other rows k, which exceed it by the jumps: Σ_k jump_k·(ω^k·Lᵢ − ωⁱ·Lₖ)/(N̂(ωⁱ − ω^k)).
fn sparse(row: u32, jumps: &[(usize, i64)], lagrange: &Points, size: usize) -> G1Affine {
    let omega = root_of_unity(size.trailing_zeros());
    let own = omega.pow([u64::from(row)]);
    let mut sum = G1Projective::ZERO;
    for (k, jump) in jumps {
        let other = omega.pow([*k as u64]);
        let inverse = (own - other).inverse().expect("the rows differ");
        let factor = Fr::from(*jump) * inverse * size_inverse(size);
        sum += lagrange[&row] * (factor * other) - lagrange[&(*k as u32)] * (factor * own);
    }
    sum.into()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::backend::Reference;
    use crate::cq::CachedTable;
    use crate::digest::Digest32;
    use crate::error::KeyError;
    use crate::srs::Srs;
    use crate::testing::{cached_columns, random};

    const NAME: Digest32 = Digest32([7; 32]);

    /// Values of all kinds, one with few exceptions, and a column that is one value everywhere.
    fn columns(log: u32) -> [Vec<i64>; COLUMNS] {
        let size = 1usize << log;
        let mut mixed: Vec<i64> = (0..size as i64).map(|i| i * i % 7 - 3).collect();
        mixed[size - 1] = i64::MIN >> 1;
        let mut tag = vec![3; size];
        tag[size - 2..].fill(9);
        tag[1] = 0;
        [mixed, tag, vec![5; size]]
    }

    #[test]
    fn points_of_some_rows_are_those_of_the_preprocessing() {
        let srs = Srs::development(6, &mut random(1)).unwrap();
        for log in [2u32, 3, 6] {
            let columns = columns(log);
            let all = cached_columns((NAME, &columns), &srs).unwrap();
            let size = 1u32 << log;
            for rows in [&[][..], &[0], &[1, 3, 1], &[2, size / 2, size - 1]] {
                let mut told = Vec::new();
                let mut progress = |done, total| told.push((done, total));
                let tools = (&Reference, &mut progress as &mut _);
                let some = CachedTable::of_rows_of_columns((NAME, &columns), &srs, rows, tools);
                assert_eq!(
                    some.unwrap(),
                    all.slice(|row| rows.contains(&row)),
                    "2^{log}"
                );
                let (done, total) = told[told.len() - 1];
                assert_eq!((done, told.len()), (total, total));
            }
        }
    }

    #[test]
    fn rows_beyond_the_table_and_setups_below_it_are_refused() {
        let srs = Srs::development(3, &mut random(1)).unwrap();
        let of_rows = |log, row| {
            let mut progress = |_, _| ();
            let tools = (&Reference, &mut progress as &mut _);
            CachedTable::of_rows_of_columns((NAME, &columns(log)), &srs, &[row], tools)
        };
        assert!(of_rows(3, 7).is_ok());
        assert!(matches!(of_rows(3, 8), Err(KeyError::Mismatch { .. })));
        let found = srs.powers().len();
        let expected = KeyError::SetupTooSmall { needed: 16, found };
        assert_eq!(of_rows(4, 0), Err(expected));
    }
}
