//! The ratio check.

use alloc::collections::BTreeSet;
use alloc::string::ToString;
use alloc::vec::Vec;

use ark_ec::CurveGroup;

use super::{TAU, development, on_g1, on_g2};
use crate::curve::{g1_generator, g2_generator};
use crate::srs::powers::{check, seed};
use crate::srs::{PowersError, Srs};

fn altered(change: impl FnOnce(&mut Srs)) -> PowersError {
    let mut srs = development(3, 1);
    change(&mut srs);
    srs.check_powers().unwrap_err()
}

#[test]
fn any_number_of_powers_is_checked() {
    let srs = development(3, 1);
    for count in 2..=15 {
        assert_eq!(srs.truncated(count).check_powers(), Ok(()));
    }
}

#[test]
fn a_list_that_does_not_begin_with_the_generator_is_refused() {
    let error = altered(|srs| {
        for power in &mut srs.powers {
            *power = (*power + *power).into_affine();
        }
    });
    assert_eq!(error, PowersError::FirstPower);
    assert!(error.to_string().contains("digest"));
    assert_eq!(altered(|srs| srs.powers.clear()), PowersError::FirstPower);
}

#[test]
fn a_wrong_power_is_refused_wherever_it_is() {
    for at in 1..15 {
        let error = altered(|srs| srs.powers[at] = on_g1(9u64.into()));
        assert_eq!(error, PowersError::Ratio, "power {at}");
        assert!(error.to_string().contains("digest"));
    }
}

#[test]
fn the_powers_of_another_tau_are_refused() {
    let error = altered(|srs| srs.setup.tau_g2 = on_g2(TAU.into()));
    assert_eq!(error, PowersError::Ratio);
}

#[test]
fn errors_that_cancel_under_equal_weights_are_refused() {
    let error = altered(|srs| {
        srs.powers[4] = (srs.powers[4] + g1_generator()).into_affine();
        srs.powers[7] = (srs.powers[7] - g1_generator()).into_affine();
    });
    assert_eq!(error, PowersError::Ratio);
}

#[test]
fn the_weights_depend_on_every_point() {
    let srs = development(2, 1);
    let mut seeds = BTreeSet::from([seed(&srs.powers, &srs.setup.tau_g2)]);
    for at in 0..srs.powers.len() {
        let mut powers: Vec<_> = srs.powers.clone();
        powers[at] = on_g1(9u64.into());
        assert!(seeds.insert(seed(&powers, &srs.setup.tau_g2)));
    }
    assert!(seeds.insert(seed(&srs.powers, &g2_generator())));
}

#[test]
fn powers_are_checked_across_the_ends_of_chunks() {
    let srs = development(3, 1);
    for chunk in [1, 2, 4, 7, 14, 15, 16] {
        let check = |powers: &[_]| check(powers, &srs.setup.tau_g2, chunk);
        assert_eq!(check(&srs.powers), Ok(()));
        for at in 1..15 {
            let mut powers = srs.powers.clone();
            powers[at] = on_g1(9u64.into());
            assert_eq!(check(&powers), Err(PowersError::Ratio));
        }
    }
}
