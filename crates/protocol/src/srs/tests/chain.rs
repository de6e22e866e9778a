//! Every way in which a doubling chain can be wrong, for a forger who knows all logarithms.

use alloc::collections::BTreeSet;
use alloc::string::ToString;
use alloc::vec::Vec;

use ark_ec::AffineRepr;
use ark_ff::{Field, One};
use proptest::prelude::*;

use super::{BETA, TAU, development, known_setup, on_g1, on_g2, outside_subgroup};
use crate::curve::{Fr, G1Affine, G2Affine, encode_g1, encode_g2, g1_generator, g2_generator};
use crate::encoding::{DecodeError, Reader, Writer};
use crate::srs::{ChainError, PowerChain, Setup};

fn setup() -> Setup {
    known_setup(TAU.into(), BETA.into())
}

/// A chain of these logarithms.
fn chain(g1: &[Fr], g2: &[Fr]) -> PowerChain {
    PowerChain {
        g1: g1.iter().copied().map(on_g1).collect(),
        g2: g2.iter().copied().map(on_g2).collect(),
    }
}

/// τ², τ⁴, …
fn doublings(log: usize) -> Vec<Fr> {
    core::iter::successors(Some(Fr::from(TAU)), |last| Some(last.square()))
        .skip(1)
        .take(log)
        .collect()
}

fn honest(log: usize) -> PowerChain {
    chain(&doublings(log), &doublings(log))
}

fn encoded(chain: &PowerChain) -> Vec<u8> {
    let mut writer = Writer::new();
    chain.encode(&mut writer);
    writer.finish()
}

#[test]
fn an_honest_chain_passes_and_ends_at_its_power() {
    for log in [0, 1, 2, 7] {
        let chain = honest(log);
        assert_eq!(chain.check(&setup()), Ok(()));
        let power = Fr::from(TAU).pow([1 << log]);
        assert_eq!(chain.power(&setup(), log), (on_g1(power), on_g2(power)));
    }
}

#[test]
fn the_chain_of_a_setup_is_its_powers() {
    let srs = development(4, 1);
    for log in 0..=4 {
        let chain = PowerChain::of(&srs, log).unwrap();
        assert_eq!((chain.g1.len(), chain.g2.len()), (log, log));
        assert_eq!(chain.check(srs.setup()), Ok(()));
        assert_eq!(
            chain.power(srs.setup(), log),
            (srs.powers()[1 << log], srs.squares()[log])
        );
    }
}

#[test]
fn the_check_makes_few_pairings() {
    for log in [0, 5] {
        let (left, right) = honest(log).terms(&setup());
        assert_eq!((left.len(), right.len()), (log + 3, log + 3));
    }
}

#[test]
fn a_setup_that_is_too_small_is_named() {
    let srs = development(3, 1);
    for log in [4, 64, usize::MAX] {
        let error = PowerChain::of(&srs, log).unwrap_err();
        assert_eq!(error, ChainError::TooFewPowers { log, available: 3 });
        assert!(error.to_string().contains("larger setup"));
    }
}

#[test]
fn sides_of_different_lengths_are_refused() {
    let mut chain = honest(3);
    chain.g1.pop();
    let error = chain.check(&setup()).unwrap_err();
    assert_eq!(error, ChainError::UnequalLengths { g1: 2, g2: 3 });
    assert!(error.to_string().contains("2 points"));
}

#[test]
fn a_last_power_of_known_logarithm_is_refused() {
    // Both groups agree, so that only e(P, Q) = e(G₁, Q′) can tell.
    for log in [1, 4] {
        let mut logs = doublings(log);
        logs[log - 1] = Fr::from(5u64);
        let error = chain(&logs, &logs).check(&setup()).unwrap_err();
        assert_eq!(error, ChainError::Inconsistent);
        assert!(error.to_string().contains("get them again"));
    }
}

#[test]
fn a_chain_that_goes_on_from_a_false_start_is_refused() {
    let logs: Vec<Fr> = [25u64, 625, 390_625].map(Fr::from).into();
    assert_eq!(
        chain(&logs, &logs).check(&setup()),
        Err(ChainError::Inconsistent)
    );
}

#[test]
fn a_point_that_is_wrong_in_one_group_is_refused() {
    for at in 0..3 {
        let mut wrong = doublings(3);
        wrong[at] = Fr::from(5u64);
        // The last point of G1 enters no doubling: only e(P, G₂) = e(G₁, Q) can tell.
        let in_g1 = chain(&wrong, &doublings(3));
        assert_eq!(in_g1.check(&setup()), Err(ChainError::Inconsistent));
        let in_g2 = chain(&doublings(3), &wrong);
        assert_eq!(in_g2.check(&setup()), Err(ChainError::Inconsistent));
    }
}

#[test]
fn a_setup_whose_tau_differs_between_the_groups_is_refused() {
    for log in [0, 2] {
        let other = Fr::from(5u64);
        // The doublings hold: p₀ = τ, q₀ = 5, then (τ·5)², ….
        let mut logs = Vec::new();
        let mut next = Fr::from(TAU) * other;
        for _ in 0..log {
            logs.push(next);
            next = next.square();
        }
        let setup = Setup {
            tau_g2: on_g2(other),
            ..setup()
        };
        assert_eq!(
            chain(&logs, &logs).check(&setup),
            Err(ChainError::Inconsistent)
        );
    }
}

#[test]
fn a_setup_whose_beta_differs_between_the_groups_is_refused() {
    for log in [0, 2] {
        let wrong = [
            Setup {
                beta_g1: on_g1(9u64.into()),
                ..setup()
            },
            Setup {
                beta_g2: on_g2(9u64.into()),
                ..setup()
            },
        ];
        for setup in wrong {
            assert_eq!(honest(log).check(&setup), Err(ChainError::Inconsistent));
        }
    }
}

#[test]
fn trivial_secrets_are_refused() {
    let (tau, beta) = (Fr::from(TAU), Fr::from(BETA));
    let mut setups = Vec::from([
        known_setup(Fr::one(), beta),
        known_setup(tau, Fr::one()),
        known_setup(tau, tau),
    ]);
    let infinity = (G1Affine::zero(), G2Affine::zero());
    setups.push(Setup {
        tau_g1: infinity.0,
        tau_g2: infinity.1,
        ..setup()
    });
    setups.push(Setup {
        beta_g1: infinity.0,
        beta_g2: infinity.1,
        ..setup()
    });
    for setup in setups {
        let error = honest(0).check(&setup).unwrap_err();
        assert_eq!(error, ChainError::Trivial);
        assert!(error.to_string().contains("another setup"));
    }
    // A tau of order two: honest doublings, and every one of them is one.
    let ones = [Fr::one(); 2];
    let error = chain(&ones, &ones).check(&known_setup(-Fr::one(), beta));
    assert_eq!(error, Err(ChainError::Trivial));
}

#[test]
fn errors_that_cancel_under_equal_weights_are_refused() {
    // With equal weights the two equations of one step add up to p₀q₀ − 2q₁ + p₁ = 0.
    let (tau, q) = (Fr::from(TAU), Fr::from(5u64));
    let p = q.double_and_subtract(tau.square());
    assert_eq!(
        chain(&[p], &[q]).check(&setup()),
        Err(ChainError::Inconsistent)
    );
    // And the equation of tau against that of beta.
    let setup = Setup {
        tau_g1: on_g1(tau + Fr::one()),
        beta_g1: on_g1(Fr::from(BETA) - Fr::one()),
        ..setup()
    };
    assert_eq!(honest(0).check(&setup), Err(ChainError::Inconsistent));
}

trait DoubleAndSubtract {
    fn double_and_subtract(self, other: Self) -> Self;
}

impl DoubleAndSubtract for Fr {
    fn double_and_subtract(self, other: Self) -> Self {
        self + self - other
    }
}

#[test]
fn the_weights_depend_on_every_point() {
    let mut seeds = BTreeSet::from([honest(2).seed(&setup())]);
    let (g1, g2) = (g1_generator(), g2_generator());
    for at in 0..2 {
        let mut chain = honest(2);
        chain.g1[at] = g1;
        assert!(seeds.insert(chain.seed(&setup())));
        let mut chain = honest(2);
        chain.g2[at] = g2;
        assert!(seeds.insert(chain.seed(&setup())));
    }
    let setups = [
        Setup {
            tau_g1: g1,
            ..setup()
        },
        Setup {
            tau_g2: g2,
            ..setup()
        },
        Setup {
            beta_g1: g1,
            ..setup()
        },
        Setup {
            beta_g2: g2,
            ..setup()
        },
    ];
    for setup in setups {
        assert!(seeds.insert(honest(2).seed(&setup)));
    }
}

#[test]
fn a_chain_reads_back_from_its_bytes() {
    let chain = honest(3);
    let bytes = encoded(&chain);
    let mut reader = Reader::new(&bytes);
    assert_eq!(PowerChain::decode(&mut reader, 3), Ok(chain));
    assert_eq!(reader.left(), 0);
    let short = PowerChain::decode(&mut Reader::new(&bytes), 4);
    assert!(short.is_err());
}

#[test]
fn a_length_beyond_the_bytes_allocates_nothing() {
    let bytes = encoded(&honest(2));
    assert!(PowerChain::decode(&mut Reader::new(&bytes), usize::MAX).is_err());
}

#[test]
fn points_outside_the_group_are_not_decoded() {
    let g1 = encode_g1(&on_g1(7u64.into()));
    let cases = [
        (
            g1,
            encode_g2(&outside_subgroup()),
            DecodeError::InvalidPoint,
        ),
        (
            g1,
            encode_g2(&G2Affine::zero()),
            DecodeError::PointAtInfinity,
        ),
        (
            encode_g1(&G1Affine::zero()),
            encode_g2(&on_g2(7u64.into())),
            DecodeError::PointAtInfinity,
        ),
    ];
    for (g1, g2, expected) in cases {
        let mut writer = Writer::new();
        writer.bytes(&g1);
        writer.bytes(&g2);
        let bytes = writer.finish();
        let error = PowerChain::decode(&mut Reader::new(&bytes), 1).unwrap_err();
        assert_eq!(error, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn arbitrary_bytes_do_not_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        log in 0usize..5,
    ) {
        if let Ok(chain) = PowerChain::decode(&mut Reader::new(&bytes), log) {
            let _ = chain.check(&setup());
        }
    }

    #[test]
    fn an_altered_chain_is_refused(place in any::<prop::sample::Index>(), mask in 1u8..) {
        let mut bytes = encoded(&honest(3));
        let place = place.index(bytes.len());
        bytes[place] ^= mask;
        if let Ok(chain) = PowerChain::decode(&mut Reader::new(&bytes), 3) {
            prop_assert_eq!(chain.check(&setup()), Err(ChainError::Inconsistent));
        }
    }
}
