//! Development setups.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::error::Error;

use super::development;
use crate::random::{RandomSource, RandomnessUnavailable};
use crate::srs::{DEVELOPMENT_MAX_POWER, DevelopmentError, Setup, SetupOrigin, Srs};

#[test]
fn a_development_setup_passes_every_check() {
    for power in [1, 2, 6] {
        let srs = development(power, 3);
        assert_eq!(srs.powers().len(), (2 << power) - 1);
        assert_eq!(srs.squares().len(), power as usize + 1);
        assert_eq!(srs.check_powers(), Ok(()));
        assert_eq!(srs.check_chain(), Ok(()));
    }
}

#[test]
fn it_has_its_mark_and_is_of_unknown_origin_without() {
    let setup = development(1, 3).setup().clone();
    assert_eq!(setup.origin(), SetupOrigin::Development);
    let cleared = Setup {
        development: false,
        ..setup.clone()
    };
    assert_eq!(cleared.origin(), SetupOrigin::Unknown);
    assert_ne!(cleared.digest(), setup.digest());
}

#[test]
fn two_of_them_differ_in_every_point() {
    let (one, two) = (development(1, 3), development(1, 4));
    let (one, two) = (one.setup(), two.setup());
    assert_ne!(one.tau_g1, two.tau_g1);
    assert_ne!(one.tau_g2, two.tau_g2);
    assert_ne!(one.beta_g1, two.beta_g1);
    assert_ne!(one.beta_g2, two.beta_g2);
    assert_ne!(one.tau_g1, one.beta_g1);
}

#[test]
fn more_powers_than_one_chunk_are_the_powers() {
    let srs = development(14, 3);
    assert_eq!(srs.check_powers(), Ok(()));
}

/// Gives these scalars, and fails when there are no more.
struct Scripted(Vec<u8>);

impl RandomSource for Scripted {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        bytes.fill(0);
        bytes[0] = self.0.pop().ok_or(RandomnessUnavailable)?;
        Ok(())
    }
}

#[test]
fn a_power_out_of_range_is_refused() {
    for found in [0, DEVELOPMENT_MAX_POWER + 1, u32::MAX] {
        let error = Srs::development(found, &mut Scripted(Vec::new())).unwrap_err();
        assert_eq!(error, DevelopmentError::PowerOutOfRange { found });
        assert!(error.to_string().contains("ceremony"));
        assert!(error.source().is_none());
    }
}

#[test]
fn a_source_that_fails_or_gives_trivial_secrets_makes_no_setup() {
    let scripts: [&[u8]; 7] = [&[], &[7], &[0, 7], &[1, 7], &[7, 0], &[7, 1], &[7, 7]];
    for script in scripts {
        let error = Srs::development(1, &mut Scripted(script.to_vec())).unwrap_err();
        assert_eq!(error, DevelopmentError::Randomness(RandomnessUnavailable));
        assert!(error.to_string().contains("random"));
        assert!(error.source().is_some());
    }
    assert!(Srs::development(1, &mut Scripted([7, 8].into())).is_ok());
}
