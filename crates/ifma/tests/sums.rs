//! The kernels give what plain additions give.
#![cfg(target_arch = "x86_64")]

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Field;
use proptest::prelude::*;
use tensorseal_ifma::IfmaAdder;
use tensorseal_protocol::backend::Reference;
use tensorseal_protocol::curve::{Fr, G1Affine, g1_generator};
use tensorseal_protocol::msm::{PointAdder, SerialAdder, Signed, Sum, msm};
use tensorseal_protocol::multiples::multiples;

/// Whether there is anything to test; says so where there is not.
fn available() -> bool {
    let available = IfmaAdder::is_available();
    if !available {
        eprintln!("this processor has no AVX-512 IFMA: nothing is tested");
    }
    available
}

fn bases(count: u64) -> Vec<G1Affine> {
    let point = |i: u64| (g1_generator() * Fr::from(i * i + 3).pow([5])).into_affine();
    (0..count).map(point).collect()
}

fn sums<A: PointAdder>(points: &[G1Affine], pairs: &[[Signed; 2]]) -> Vec<G1Affine> {
    let mut adder = A::default();
    let points: Vec<A::Point> = points.iter().map(|point| adder.pack(point)).collect();
    let mut sums = Vec::new();
    adder.add_pairs(&points, pairs, &mut sums);
    sums.iter().map(|sum| adder.unpack(sum)).collect()
}

#[test]
fn points_survive_packing() {
    let adder = IfmaAdder::default();
    for point in bases(5)
        .into_iter()
        .chain([<G1Affine as AffineRepr>::zero()])
    {
        let packed = adder.pack(&point);
        assert_eq!(adder.unpack(&packed), point);
        assert_eq!(adder.unpack(&adder.negated(&packed)), -point);
    }
}

#[test]
fn points_are_doubled() {
    if !available() {
        return;
    }
    let mut points = bases(20);
    points[3] = <G1Affine as AffineRepr>::zero();
    for count in [0, 1, 7, 8, 9, 20] {
        let mut adder = IfmaAdder::default();
        let mut packed: Vec<_> = points.iter().map(|point| adder.pack(point)).collect();
        adder.double_all(&mut packed[..count]);
        for (index, (packed, point)) in packed.iter().zip(&points).enumerate() {
            let doubled = (*point + *point).into_affine();
            let expected = if index < count { doubled } else { *point };
            assert_eq!(adder.unpack(packed), expected, "{index} of {count}");
        }
    }
}

#[test]
fn multiples_are_those_of_plain_additions() {
    if available() {
        let points = bases(300);
        let scalars: Vec<Fr> = (0..300u64).map(|i| Fr::from(i + 9).pow([i])).collect();
        let found = multiples::<IfmaAdder>(&points, &scalars, &Reference);
        assert_eq!(
            found,
            multiples::<SerialAdder>(&points, &scalars, &Reference)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Few points and many pairs: doublings, opposites and the point at infinity among plain additions.
    #[test]
    fn pairs_of_any_kind(pairs in prop::collection::vec(((0usize..9, any::<bool>()), (0usize..9, any::<bool>())), 0..50)) {
        if available() {
            let mut points = bases(8);
            points.push(<G1Affine as AffineRepr>::zero());
            let pairs: Vec<[Signed; 2]> = pairs
                .into_iter()
                .map(|((a, minus_a), (b, minus_b))| [Signed::new(a, minus_a), Signed::new(b, minus_b)])
                .collect();
            prop_assert_eq!(sums::<IfmaAdder>(&points, &pairs), sums::<SerialAdder>(&points, &pairs));
        }
    }

    #[test]
    fn sums_of_multiples(count in 1u64..400, seed in any::<u64>()) {
        if available() {
            let bases = bases(count);
            let scalars: Vec<Fr> = (1..=count).map(|i| Fr::from(seed ^ i).pow([7]) - Fr::from(i)).collect();
            let sum = Sum::<IfmaAdder>::of_field(&bases, &scalars);
            prop_assert_eq!(sum.windows(0..sum.count()), msm(&bases, &scalars));
        }
    }
}
