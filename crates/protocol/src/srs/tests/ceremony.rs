//! The ceremony's own file, and what it is recognised by.

use blake2::{Blake2b512, Digest};

use super::{CEREMONY, TAU, known_setup};
use crate::curve::Fr;
use crate::srs::{CeremonyFile, PowersError, PtauError, Setup, SetupOrigin, Srs};

fn ceremony() -> Setup {
    Srs::from_ptau(CEREMONY, Some(2)).unwrap().0.setup().clone()
}

#[test]
fn the_published_file_is_accepted_and_recognised() {
    let (srs, file) = Srs::from_ptau(CEREMONY, None).unwrap();
    let published = CeremonyFile {
        power: 11,
        name: "powersOfTau28_hez_final_11.ptau",
    };
    assert_eq!(file, Some(published));
    assert_eq!(srs.setup().origin(), SetupOrigin::Hermez);
    assert_eq!(srs.powers().len(), 4095);
    assert_eq!(srs.squares().len(), 11);
    assert_eq!(srs.check_powers(), Ok(()));
}

#[test]
fn a_limit_keeps_the_first_powers_and_their_squares() {
    let whole = Srs::from_ptau(CEREMONY, None).unwrap().0;
    for (limit, powers, squares) in [(0, 2, 1), (2, 2, 1), (3, 3, 2), (64, 64, 6), (65, 65, 7)] {
        let (srs, file) = Srs::from_ptau(CEREMONY, Some(limit)).unwrap();
        assert!(file.is_some());
        assert_eq!((srs.powers().len(), srs.squares().len()), (powers, squares));
        assert_eq!(srs, whole.truncated(limit));
    }
    assert_eq!(Srs::from_ptau(CEREMONY, Some(9999)).unwrap().0, whole);
}

#[test]
fn only_the_published_digests_are_recognised() {
    let mut digest: [u8; 64] = Blake2b512::digest(CEREMONY).into();
    assert_eq!(
        CeremonyFile::recognise(&digest).map(|file| file.power),
        Some(11)
    );
    digest[63] ^= 1;
    assert_eq!(CeremonyFile::recognise(&digest), None);
}

#[test]
fn a_byte_altered_where_nothing_is_read_is_not_recognised() {
    // In alphaTauG1, the contributions and the last Lagrange basis.
    for place in [600_000, 800_000, CEREMONY.len() - 1] {
        let mut bytes = CEREMONY.to_vec();
        bytes[place] ^= 1;
        let (srs, file) = Srs::from_ptau(&bytes, Some(64)).unwrap();
        assert_eq!(file, None);
        assert_eq!(srs.setup().origin(), SetupOrigin::Hermez);
    }
}

#[test]
fn a_byte_altered_where_something_is_read_is_refused() {
    // Header, tauG1, tauG2 at 0, 1 and 2^10, the first of betaTauG1, betaG2.
    let tau_g2 = 262_172;
    let places = [
        0,
        4,
        24,
        40,
        60,
        80,
        144,
        262_100,
        tau_g2,
        tau_g2 + 128,
        tau_g2 + (128 << 10),
    ];
    for place in places.into_iter().chain([655_412, 786_496]) {
        let mut bytes = CEREMONY.to_vec();
        bytes[place] ^= 1;
        assert!(Srs::from_ptau(&bytes, None).is_err(), "byte {place}");
    }
}

#[test]
fn a_wrong_power_that_is_on_the_curve_is_refused() {
    // tauG1 begins at byte 80.
    let mut bytes = CEREMONY.to_vec();
    bytes.copy_within(80 + 64 * 2000..80 + 64 * 2001, 80 + 64 * 2001);
    assert_eq!(
        Srs::from_ptau(&bytes, None).unwrap_err(),
        PtauError::Powers(PowersError::Ratio)
    );
    // Where it is not read it does no harm.
    assert!(Srs::from_ptau(&bytes, Some(2001)).is_ok());
}

#[test]
fn each_of_the_four_points_counts_towards_the_origin() {
    let hermez = ceremony();
    assert_eq!(hermez.origin(), SetupOrigin::Hermez);
    let other = known_setup(TAU.into(), Fr::from(5u64));
    let altered = [
        Setup {
            tau_g1: other.tau_g1,
            ..hermez.clone()
        },
        Setup {
            tau_g2: other.tau_g2,
            ..hermez.clone()
        },
        Setup {
            beta_g1: other.beta_g1,
            ..hermez.clone()
        },
        Setup {
            beta_g2: other.beta_g2,
            ..hermez.clone()
        },
        // The same x, so all but one bit of the encoding.
        Setup {
            tau_g1: -hermez.tau_g1,
            ..hermez.clone()
        },
    ];
    for setup in altered {
        assert_eq!(setup.origin(), SetupOrigin::Unknown);
        assert_ne!(setup.digest(), hermez.digest());
    }
}

#[test]
fn the_mark_of_a_development_setup_wins() {
    let marked = Setup {
        development: true,
        ..ceremony()
    };
    assert_eq!(marked.origin(), SetupOrigin::Development);
    assert_eq!(SetupOrigin::Development.name(), "development");
}
