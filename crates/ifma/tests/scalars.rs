//! The passes over scalars give what the protocol's own give.

use ark_ff::{Field, PrimeField};
use tensorseal_ifma::{bind_table, fold_weight_columns, sumcheck_round};
use tensorseal_protocol::backend;
use tensorseal_protocol::curve::Fr;
use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::{Instance, InstanceParts};

/// Scalars from a seed; of some seeds all are the largest, zero, or as far from both as it gets.
fn scalars(count: usize, seed: u64) -> Vec<Fr> {
    let edge = match seed % 5 {
        0 => Some(-Fr::ONE),
        1 => Some(Fr::from(0u64)),
        2 => Some(Fr::from(Fr::MODULUS_MINUS_ONE_DIV_TWO)),
        _ => None,
    };
    let any = |i: u64| Fr::from(i * 77 + seed).pow([0xffff_ffff, 0xffff_ffff_ffff]);
    (0..count as u64)
        .map(|i| edge.unwrap_or_else(|| any(i)))
        .collect()
}

fn instance((log_rows, lanes): (usize, usize), seed: u64) -> Instance {
    let n = 1 << log_rows;
    let tables = |count: usize, kind: u64| -> Vec<Vec<Fr>> {
        (0..count as u64)
            .map(|table| scalars(n, seed * (table + kind)))
            .collect()
    };
    Instance::new(InstanceParts {
        point: scalars(log_rows, seed + 1),
        eta: scalars(1, seed)[0],
        constant: scalars(1, seed + 2)[0],
        columns: tables(2 * lanes + 2, 3),
        remainders: (0..lanes).collect(),
        remainder_shift: scalars(1, seed)[0],
        functions: tables(lanes, 1),
        helpers: (lanes..2 * lanes).collect(),
        table: tables(1, 5).remove(0),
        table_side: 2 * lanes,
        multiplicities: 2 * lanes + 1,
        linear: (0..2 * lanes).zip(tables(2 * lanes, 1)).collect(),
    })
}

#[test]
fn rounds_are_those_of_the_protocol() {
    for (shape, seed) in [(3, 1), (5, 1), (7, 3), (9, 2)]
        .into_iter()
        .flat_map(|shape| (0..8).map(move |seed| (shape, seed)))
    {
        let instance = instance(shape, seed);
        let pairs = instance.pairs();
        for range in [0..pairs, 0..pairs / 2 + 1, pairs / 3..pairs, 1..2] {
            let expected = instance.round(range.clone());
            assert_eq!(
                sumcheck_round(&instance, range.clone()),
                expected,
                "{shape:?} {seed} {range:?}"
            );
        }
    }
}

#[test]
fn a_round_of_more_pairs_than_a_sum_takes() {
    // Lanes of 8, sums of 1,024 values, and a few more.
    let instance = instance((15, 1), 3);
    let pairs = instance.pairs();
    assert!(pairs > 8 * tensorseal_protocol::ADDITIONS);
    assert_eq!(
        sumcheck_round(&instance, 0..pairs),
        instance.round(0..pairs)
    );
}

#[test]
fn tables_are_bound_as_by_the_protocol() {
    for length in [0, 2, 8, 30, 32, 64, 66, 256] {
        for seed in 0..8 {
            let (mut own, r) = (scalars(length, seed), scalars(1, seed / 2)[0]);
            let mut expected = own.clone();
            bind_table(&mut own, r);
            backend::bind_table(&mut expected, r);
            assert_eq!(own, expected, "{length} {seed}");
        }
    }
}

#[test]
fn weights_fold_as_in_the_protocol() {
    let edges = [i32::MIN, i32::MAX, 0, 1, -1, -(1 << 30), 77];
    for (rows, columns) in [(0, 9), (1, 8), (2, 24), (7, 300), (4099, 16)] {
        let entries = (0..rows * columns).map(|i| edges[(i * i + i / 5) % edges.len()]);
        let Some(weights) = WeightMatrix::from_entries(columns, entries.collect()) else {
            unreachable!("whole rows")
        };
        for (seed, range) in [(3, 0..columns), (0, 0..columns), (4, 1..columns - 1)] {
            let powers = scalars(rows, seed);
            assert_eq!(
                fold_weight_columns(&weights, &powers, range.clone()),
                backend::fold_weight_columns(&weights, &powers, range),
            );
        }
    }
}
