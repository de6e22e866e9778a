//! Zero knowledge by rank (PROTOCOL §8).
//!
//! Group elements are blinded, each by a scalar of its own but for E, which the verifier's equation determines. So it is the
//! revealed scalars that matter: 5μ values of round polynomials, an evaluation z for each of the c columns, y₁; t is public.
//! No equation of the verifier relates them alone, since s(1) of each round and V(1/z) are not sent. With all challenges fixed
//! each of them is affine in every single random scalar of the prover. If the Jacobian has full rank 5μ + c + 1, they are
//! uniform whatever the witness and the weights are.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use crate::curve::{Fr, decode_scalar};
use crate::keys::ProvingKey;
use crate::program::AxisMap;
use crate::random::{RandomSource, RandomnessUnavailable};
use crate::testing::builder::{Builder, IDENTITY, LIMB_1, map, structural};
use crate::testing::{Network, argument_under_fixed_challenges, keys, networks, scalars};

/// Chosen scalars in the order in which the prover draws them.
pub(super) struct Chosen<'a> {
    pub(super) scalars: &'a [Fr],
    pub(super) drawn: usize,
}

impl RandomSource for Chosen<'_> {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        Err(RandomnessUnavailable)
    }

    fn scalar(&mut self) -> Result<Fr, RandomnessUnavailable> {
        let scalar = self.scalars.get(self.drawn).copied();
        self.drawn += 1;
        scalar.ok_or(RandomnessUnavailable)
    }
}

struct Setting {
    network: Network,
    key: ProvingKey,
    public: Vec<u32>,
}

impl Setting {
    fn columns(&self) -> usize {
        self.network.program.columns().count()
    }

    fn tables(&self) -> usize {
        self.network.tables.len()
    }

    fn revealed(&self) -> usize {
        5 * self.network.program.log_rows() + self.columns() + 1 + 2 * self.tables()
    }

    /// The σ's, the round values, the z's, y₁ and the y_s's.
    fn scalars(&self, random: &[Fr]) -> Vec<Fr> {
        let mut source = Chosen {
            scalars: random,
            drawn: 0,
        };
        let argument =
            argument_under_fixed_challenges(&self.key, &self.network, &self.public, &mut source);
        assert_eq!(source.drawn, random.len());
        let fields: Vec<&[u8]> = argument.chunks(32).collect();
        let (columns, tables) = (self.columns(), self.tables());
        let witness = 3 * self.network.program.lanes() + 1;
        // Of each table m̂ after the witness; then Â, Q̂ and σ.
        let sigmas = (0..tables).map(|table| witness + tables + 3 * table + 2);
        let first = columns + 4 * tables + 2;
        let table = first + 5 * self.network.program.log_rows() + columns;
        let rounds_and_columns = first..table;
        sigmas
            .chain(rounds_and_columns)
            .chain(table + 6..=table + 6 + tables)
            .map(|field| decode_scalar(fields[field]).unwrap())
            .collect()
    }

    /// A row of derivatives for each random scalar that is no blinding: four rows of each column, then the mask.
    fn jacobian(&self) -> Vec<Vec<Fr>> {
        let (columns, mask) = (self.columns(), 5 * self.network.program.log_rows());
        // The blindings of a table's three points, and of the opening at 0.
        let tables = 3 * self.tables();
        let at_zero = usize::from(tables > 0);
        let mut random = scalars(5 * columns + tables + mask + 9 + at_zero, 12);
        let rows = (0..5 * columns).filter(|i| i % 5 < 4);
        let mask_from = 5 * columns + tables;
        let base = self.scalars(&random);
        let mut jacobian = Vec::new();
        for variable in rows.chain(mask_from..mask_from + mask) {
            random[variable] += Fr::ONE;
            let one = self.scalars(&random);
            random[variable] += Fr::ONE;
            let two = self.scalars(&random);
            random[variable] -= Fr::from(2u64);
            let derivative: Vec<Fr> = one.iter().zip(&base).map(|(a, b)| *a - b).collect();
            for ((two, base), derivative) in two.iter().zip(&base).zip(&derivative) {
                assert_eq!(*two - base, derivative.double(), "not affine");
            }
            jacobian.push(derivative);
        }
        jacobian
    }
}

pub(super) fn rank(rows: impl IntoIterator<Item = Vec<Fr>>) -> usize {
    let mut basis: Vec<(usize, Vec<Fr>)> = Vec::new();
    for mut row in rows {
        for (pivot, other) in &basis {
            let factor = row[*pivot];
            for (entry, other) in row.iter_mut().zip(other) {
                *entry -= factor * other;
            }
        }
        let Some(pivot) = row.iter().position(|entry| *entry != Fr::ZERO) else {
            continue;
        };
        let inverse = row[pivot].inverse().unwrap();
        row.iter_mut().for_each(|entry| *entry *= inverse);
        basis.push((pivot, row));
    }
    basis.len()
}

/// A convolution with limbs and a structural term, n = 64.
fn limbs() -> Network {
    let mut builder = Builder::new(1, 10, 4);
    builder.tensor(&[3], 2, IDENTITY);
    let output = builder.tensor(&[3], 2, IDENTITY);
    let limb = builder.tensor(&[3], 2, LIMB_1);
    let window = map(3, 1, 1, 1);
    let terms = alloc::vec![
        builder.diagonal(output, 0, &[window]),
        structural(0, &[window], AxisMap::IDENTITY, 2),
    ];
    builder.layer(output, terms, 2, &[limb]);
    builder.build(6, &[output], |_| 1)
}

/// Two lanes and n = 128, one lane with C > n, two lanes and n = 64, and one with every kind of layer.
fn settings() -> Vec<Setting> {
    let mut networks: Vec<Network> = networks().into_iter().map(|(_, network)| network).collect();
    let mut parts = networks[0].program.parts().clone();
    // The dense network in the least of columns: its table is cut to fit.
    parts.log_rows = 6;
    parts.table.segments[1].length = 20;
    let mut short = networks[0].clone();
    short.program = crate::program::Program::new(parts).unwrap();
    networks.push(short);
    networks.push(limbs());
    networks.push(networks[0].clone().with_large_tables(&[(5, 1)]));
    networks.push(networks[0].clone().with_large_tables(&[(6, 1), (5, 1)]));
    networks.push(networks[0].clone().with_large_tables(&[(5, 1)]).hidden());
    // One lane: the second table's blind cells are in its pre column.
    networks.push(networks[2].clone().with_large_tables(&[(5, 1), (5, 1)]));
    let mut settings = Vec::new();
    for network in networks {
        let visibilities = [&[][..], &[0, network.output]];
        // What is public makes no difference to a table's side, and the ranks take their time.
        let count = if network.tables.is_empty() { 2 } else { 1 };
        for public in visibilities.into_iter().take(count) {
            settings.push(Setting {
                network: network.clone(),
                key: keys(&network).1,
                public: public.into(),
            });
        }
    }
    settings
}

#[test]
fn the_revealed_scalars_have_full_rank_in_the_provers_randomness() {
    for setting in settings() {
        let expected = setting.revealed();
        let jacobian = setting.jacobian();
        let rows = 4 * setting.columns();
        assert_eq!(rank(jacobian.clone()), expected);

        // Every source is needed: without the mask the rounds show, without a column's rows its evaluation does.
        assert!(rank(jacobian[..rows].to_vec()) < expected, "no mask");
        assert!(rank(jacobian[rows..].to_vec()) < expected, "no random rows");
        for column in 0..setting.columns() {
            let without = jacobian
                .iter()
                .enumerate()
                .filter(|(row, _)| row / 4 != column)
                .map(|(_, row)| row.clone());
            // A large table's σ and y_s hide behind the random rows of one column.
            let tables =
                (0..setting.tables()).map(|table| setting.network.program.blind_column(table));
            let hides = 1 + 2 * tables.filter(|blind| *blind == column).count();
            assert_eq!(rank(without), expected - hides, "column {column}");
        }
    }
}

/// Of a large table σ and y_s are revealed: one blind row would not hide both.
#[test]
fn both_blind_rows_are_needed() {
    let network = networks().remove(0).1.with_large_tables(&[(5, 1)]);
    let key = keys(&network).1;
    let public = Vec::new();
    let setting = Setting {
        network,
        key,
        public,
    };
    let jacobian = setting.jacobian();
    let blind = setting.network.program.blind_column(0);
    for without in [2, 3] {
        let kept = jacobian.iter().enumerate();
        let kept = kept.filter(|(row, _)| *row != 4 * blind + without);
        // The other three rows of the column have z and y₁ to hide besides: with two of them left there is one too few.
        let kept = kept.filter(|(row, _)| row / 4 != blind || row % 4 >= 2);
        let kept: Vec<Vec<Fr>> = kept.map(|(_, row)| row.clone()).collect();
        assert!(rank(kept) < setting.revealed());
    }
}

#[test]
fn two_random_rows_are_enough_for_one_proof_and_one_is_not() {
    let setting = settings().remove(0);
    let jacobian = setting.jacobian();
    let rows = 4 * setting.columns();
    let rank_with = |count: usize| {
        let kept = jacobian
            .iter()
            .enumerate()
            .filter(|(row, _)| *row >= rows || row % 4 < count);
        rank(kept.map(|(_, row)| row.clone()))
    };
    assert_eq!(rank_with(4), setting.revealed());
    assert_eq!(rank_with(2), setting.revealed());
    assert_eq!(rank_with(1), setting.revealed() - 1);
}
