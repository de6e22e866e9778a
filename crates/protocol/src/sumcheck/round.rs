//! A round polynomial, from the tables.
//!
//! s(X) = earlier·eq(point[k], X)·P(X) + Q(X) in round k, where P sums the constraints over the pairs of rows, by eq of the later variables,
//! and Q the linear claims. Where act is one, that is in all pairs but the last ones, P has degree three: four values are enough
//! for it, of which those at 1 and ∞ are cheap.

#![allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use core::ops::Range;

use ark_ff::{AdditiveGroup, Field};

use super::instance::Instance;
use super::lanes::{ADDITIONS, FieldLanes};
use super::{EVALUATIONS, NODES};
use crate::curve::Fr;

/// A polynomial of degree three by its values at 0, 1 and 2 and its leading coefficient.
#[derive(Clone, Copy, Default)]
struct Cubic([Fr; 4]);

impl Cubic {
    /// Its values at 0, 1, …, 5.
    fn values(&self) -> [Fr; EVALUATIONS] {
        let [zero, one, two, leading] = self.0;
        let mut values = [zero, one, two, zero, zero, zero];
        // The third difference of a cubic is six times its leading coefficient.
        let third = (leading.double() + leading).double();
        for i in 3..EVALUATIONS {
            let [a, b, c] = [values[i - 3], values[i - 2], values[i - 1]];
            let (high, low) = (c - b, b - a);
            values[i] = third + c + high + (high - low);
        }
        values
    }
}

impl Instance {
    /// Σ over a range of pairs of the summand at 0, 1, …, 5 in the lowest variable.
    pub fn round(&self, pairs: Range<usize>) -> [Fr; EVALUATIONS] {
        self.round_in::<Fr>(pairs)
    }

    /// As [`Self::round`], as many pairs at a time as there are lanes.
    #[inline(always)]
    pub fn round_in<V: FieldLanes>(&self, pairs: Range<usize>) -> [Fr; EVALUATIONS] {
        let own = self.parts.point[self.round];
        let constraints = self.constraints::<V>(pairs.clone());
        let [constant, linear, square] = self.linear::<V>(pairs);
        core::array::from_fn(|i| {
            let x = Fr::from(NODES[i]);
            // eq(own, x).
            let eq = Fr::ONE - own - x + (own * x).double();
            self.earlier * eq * constraints[i] + constant + x * (linear + x * square)
        })
    }

    /// Q's coefficients.
    #[inline(always)]
    fn linear<V: FieldLanes>(&self, pairs: Range<usize>) -> [Fr; 3] {
        let [mut constant, mut linear, mut square] = [Fr::ZERO; 3];
        let mut add = |[a, b, c]: [Fr; 3]| {
            constant += a;
            linear += b;
            square += c;
        };
        for (column, u) in &self.parts.linear {
            let column = &self.parts.columns[*column];
            let (wide, rest) = split::<V>(pairs.clone());
            for chunk in chunks::<V>(wide) {
                add(products::<V>(u, column, chunk));
            }
            add(products::<Fr>(u, column, rest));
        }
        constant += self.parts.constant * Fr::from(pairs.len() as u64);
        [constant, linear, square]
    }

    /// P at 0, 1, …, 5.
    #[inline(always)]
    fn constraints<V: FieldLanes>(&self, pairs: Range<usize>) -> [Fr; EVALUATIONS] {
        let active = self.active_pairs();
        let plain = pairs.start.min(active)..pairs.end.min(active);
        let (wide, rest) = split::<V>(plain);
        let mut sum = Cubic::default();
        let mut add = |part: Cubic| {
            for (sum, part) in sum.0.iter_mut().zip(part.0) {
                *sum += part;
            }
        };
        for chunk in chunks::<V>(wide) {
            add(self.cubic::<V>(chunk));
        }
        add(self.cubic::<Fr>(rest));
        let mut values = sum.values();
        // From the third round on the last pair is active in part: act is 1 at 0 and 1 − Π r at 1.
        let last = self.pairs() - 1;
        if self.round >= 2 && pairs.contains(&last) {
            let part = self.cubic::<Fr>(last..last + 1).values();
            for (i, (value, part)) in values.iter_mut().zip(part).enumerate() {
                *value += part * (Fr::ONE - self.inactive * Fr::from(NODES[i]));
            }
        }
        values
    }

    /// Pairs whose rows are all active: the others are the last four rows, or what binding has made of them.
    fn active_pairs(&self) -> usize {
        let others = if self.round == 0 { 2 } else { 1 };
        self.pairs().saturating_sub(others)
    }

    /// Σ later·(Σ_lanes η^lane (h·f₁·f₂ − f₁ − f₂) + η^lanes (A·(λ + t) − m)).
    #[inline(always)]
    fn cubic<V: FieldLanes>(&self, pairs: Range<usize>) -> Cubic {
        let parts = &self.parts;
        let eta = V::splat(&parts.eta);
        let shift = V::splat(&parts.remainder_shift);
        let mut sums = [V::nothing(), V::nothing(), V::nothing(), V::nothing()];
        for pair in pairs.step_by(V::WIDTH) {
            let side = Line::<V>::of(&parts.columns[parts.table_side], pair);
            let table = Line::<V>::of(&parts.table, pair);
            let multiplicity = Line::<V>::of(&parts.columns[parts.multiplicities], pair);
            // Counts: at most 3·3/5 + 1 + 8.
            let mut totals = [
                balance(side.low, table.low, multiplicity.low),
                balance(side.high, table.high, multiplicity.high),
                balance(side.two(), table.two(), multiplicity.two()),
            ];
            let mut leading = None;
            let lanes = parts.remainders.iter().zip(&parts.functions);
            for ((remainder, function), helper) in lanes.zip(&parts.helpers).rev() {
                let f1 = Line::<V>::of(&parts.columns[*remainder], pair);
                let f2 = Line::<V>::of(function, pair);
                let h = Line::<V>::of(&parts.columns[*helper], pair);
                let values = [
                    lookup(f1.low.plus(shift), f2.low, h.low),
                    lookup(f1.high.plus(shift), f2.high, h.high),
                    lookup(f1.two().plus(shift), f2.two(), h.two()),
                ];
                for (total, value) in totals.iter_mut().zip(values) {
                    *total = total.times(eta).plus(value);
                }
                let product = h.slope.times(f1.slope).times(f2.slope);
                leading = Some(match leading {
                    None => product,
                    Some(leading) => V::times(leading, eta).plus(product),
                });
            }
            let later = V::entries(&self.later, pair);
            for (total, sum) in totals.into_iter().zip(&mut sums) {
                total.times(later).add_to(sum);
            }
            if let Some(leading) = leading {
                leading.times(later).add_to(&mut sums[3]);
            }
        }
        Cubic(sums.map(V::total))
    }
}

/// h·f₁·f₂ − f₁ − f₂. Counts: f₁ at most 4, f₂ and h at most 3, the product of all 4, the whole 12.
#[inline(always)]
fn lookup<V: FieldLanes>(f1: V, f2: V, h: V) -> V {
    h.times(f1).times(f2).minus(f1.plus(f2))
}

/// A·(λ + t) − m.
#[inline(always)]
fn balance<V: FieldLanes>(side: V, table: V, multiplicity: V) -> V {
    side.times(table).minus(multiplicity)
}

/// Σ (u₀ + X·du)(z₀ + X·dz) over pairs of two tables: its coefficients.
#[inline(always)]
fn products<V: FieldLanes>(u: &[Fr], column: &[Fr], pairs: Range<usize>) -> [Fr; 3] {
    let mut sums = [V::nothing(), V::nothing(), V::nothing()];
    for pair in pairs.step_by(V::WIDTH) {
        let (u0, u1) = V::pairs(u, pair);
        let (z0, z1) = V::pairs(column, pair);
        u0.times(z0).add_to(&mut sums[0]);
        u1.times(z1).add_to(&mut sums[1]);
        u1.less(u0).times(z1.less(z0)).add_to(&mut sums[2]);
    }
    let [zero, one, square] = sums.map(V::total);
    [zero, one - zero - square, square]
}

/// A table's pair as a line.
#[derive(Clone, Copy)]
struct Line<V> {
    low: V,
    high: V,
    slope: V,
}

impl<V: FieldLanes> Line<V> {
    #[inline(always)]
    fn of(table: &[Fr], pair: usize) -> Self {
        let (low, high) = V::pairs(table, pair);
        Self {
            low,
            high,
            slope: high.less(low),
        }
    }

    /// Its value at 2.
    #[inline(always)]
    fn two(&self) -> V {
        self.high.plus(self.slope)
    }
}

/// The pairs that fill all lanes, and the rest.
fn split<V: FieldLanes>(pairs: Range<usize>) -> (Range<usize>, Range<usize>) {
    let middle = pairs.end - pairs.len() % V::WIDTH;
    (pairs.start..middle, middle..pairs.end)
}

/// Pairs that one sum takes.
fn chunks<V: FieldLanes>(pairs: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let step = ADDITIONS * V::WIDTH;
    let end = pairs.end;
    pairs
        .step_by(step)
        .map(move |start| start..end.min(start + step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Backend, Reference};
    use crate::poly::multilinear::eq_table;
    use crate::sumcheck::{InstanceParts, active_at};
    use crate::testing::scalars;
    use alloc::vec::Vec;

    /// Two lanes of 2^μ rows with arbitrary entries: no constraint holds.
    fn instance(log_rows: usize) -> Instance {
        let n = 1 << log_rows;
        let tables = |count: usize, seed| -> Vec<Vec<Fr>> {
            scalars(count * n, seed)
                .chunks(n)
                .map(<[Fr]>::to_vec)
                .collect()
        };
        Instance::new(InstanceParts {
            point: scalars(log_rows, 1),
            eta: scalars(1, 2)[0],
            constant: scalars(1, 3)[0],
            columns: tables(6, 4),
            remainders: [0, 2].into(),
            remainder_shift: scalars(1, 5)[0],
            functions: tables(2, 6),
            helpers: [1, 3].into(),
            table: tables(1, 7).remove(0),
            table_side: 4,
            multiplicities: 5,
            linear: [0, 3].into_iter().zip(tables(2, 8)).collect(),
        })
    }

    /// The summand of the whole sumcheck, every table extended to a point.
    fn summand(parts: &InstanceParts, x: &[Fr]) -> Fr {
        let eq = eq_table(x);
        let at = |table: &[Fr]| -> Fr { table.iter().zip(&eq).map(|(a, b)| *a * b).sum() };
        let column = |index: usize| at(&parts.columns[index]);
        let mut weight = Fr::ONE;
        let mut constraints = Fr::ZERO;
        for lane in 0..2 {
            let f1 = column(parts.remainders[lane]) + parts.remainder_shift;
            let (f2, h) = (at(&parts.functions[lane]), column(parts.helpers[lane]));
            constraints += weight * (h * f1 * f2 - f1 - f2);
            weight *= parts.eta;
        }
        constraints += weight * (column(4) * at(&parts.table) - column(5));
        let linear: Fr = parts.linear.iter().map(|(c, u)| at(u) * column(*c)).sum();
        crate::poly::multilinear::eq(&parts.point, x) * active_at(x) * constraints
            + linear
            + parts.constant
    }

    #[test]
    fn rounds_are_sums_of_the_summand() {
        const LOG_ROWS: usize = 5;
        let whole = instance(LOG_ROWS).parts.clone();
        let mut instance = instance(LOG_ROWS);
        let mut bound: Vec<Fr> = Vec::new();
        for r in scalars(LOG_ROWS, 9) {
            let pairs = instance.pairs();
            let expected = NODES.map(|node| -> Fr {
                let rows = (0..pairs).map(|row| {
                    let later = (0..LOG_ROWS - bound.len() - 1)
                        .map(|bit| Fr::from((row >> bit & 1) as u64));
                    let own = [Fr::from(node)];
                    let point = bound.iter().copied().chain(own).chain(later);
                    summand(&whole, &point.collect::<Vec<_>>())
                });
                rows.sum()
            });
            assert_eq!(instance.round(0..pairs), expected, "round {}", bound.len());
            // Whatever the shares are.
            let share = pairs / 3;
            let mut sums = instance.round(0..share);
            for (sum, more) in sums.iter_mut().zip(instance.round(share..pairs)) {
                *sum += more;
            }
            assert_eq!(sums, expected);
            Reference.bind(&mut instance, r);
            instance.advance(r);
            bound.push(r);
        }
    }
}
