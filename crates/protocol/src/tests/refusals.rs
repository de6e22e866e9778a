//! Witnesses and keys that must be refused, each with its own error.

use alloc::vec::Vec;

use crate::backend::Reference;
use crate::curve::{encode_g1_uncompressed, g1_generator};
use crate::digest::Hasher;
use crate::encoding::DecodeError;
use crate::error::{KeyError, ProveError, VerifyError};
use crate::keys::{ProvingKey, VerifyingKey, generate};
use crate::linear::weights::WeightMatrix;
use crate::opening::inverse_of_regular;
use crate::prove::{ProveOptions, prove};
use crate::random::{RandomSource, RandomnessUnavailable};
use crate::srs::{ChainError, PowersError, Setup, Srs};
use crate::testing::{Network, keys, networks, random};
use crate::witness::{Cell, Witness, WitnessError};

fn conv() -> Network {
    networks().remove(1).1
}

#[test]
fn cells_that_are_no_witness() {
    let network = conv();
    let witness = |change: &dyn Fn(&mut Vec<Vec<Cell>>)| {
        let mut cells = network.trace();
        change(&mut cells);
        Witness::new(&network.program, cells).map(|_| ())
    };
    assert_eq!(witness(&|_| ()), Ok(()));
    for (found, length) in [(2, 2), (4, 4)] {
        let error = WitnessError::TensorCount { expected: 3, found };
        let resize = |cells: &mut Vec<Vec<Cell>>| cells.resize(length, Vec::new());
        assert_eq!(witness(&resize), Err(error));
    }
    for found in [8, 10] {
        let error = WitnessError::CellCount {
            tensor: 1,
            expected: 9,
            found,
        };
        let resize = |cells: &mut Vec<Vec<Cell>>| cells[1].resize(found, Cell::default());
        assert_eq!(witness(&resize), Err(error));
    }
    let error = WitnessError::NotInTable { tensor: 2, cell: 3 };
    for [rem, pre, out] in [
        [8, 0, 0],
        [-1, 0, 0],
        [0, 13, 7],
        [0, -14, -8],
        [0, i64::MIN, 0],
        [0, 3, 4],
    ] {
        let wrong = Cell { rem, pre, out };
        assert_eq!(
            witness(&|cells| cells[2][3] = wrong),
            Err(error),
            "{wrong:?}"
        );
    }
}

/// A source that fails after a number of calls.
struct Failing(usize);

impl RandomSource for Failing {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        self.0 = self.0.checked_sub(1).ok_or(RandomnessUnavailable)?;
        bytes.fill(self.0 as u8 | 1);
        Ok(())
    }
}

#[test]
fn without_randomness_there_is_no_key_and_no_proof() {
    let network = conv();
    let (srs, key) = keys(&network);
    let (program, weights) = (network.program.clone(), network.weights.clone());
    let tools = (&Reference, &mut Failing(0) as &mut _);
    let found = generate(program, weights, Vec::new(), &srs, tools, &mut |_, _| ());
    assert_eq!(
        found.unwrap_err(),
        KeyError::Randomness(RandomnessUnavailable)
    );
    let draws = {
        // 5 for each column, the mask, and the blindings of G, q′, h, g_p, q_p, D, S and two openings.
        5 * network.program.columns().count() + 5 * network.program.log_rows() + 9
    };
    for count in [0, 1, 50, 51, 85, 86, 87, draws - 3, draws - 1] {
        let tools = (&Reference, &mut Failing(count) as &mut _);
        let found = prove(&key, &network.witness(), &ProveOptions::default(), tools);
        let error = ProveError::Randomness(RandomnessUnavailable);
        assert_eq!(found, Err(error), "{count}");
    }
    let tools = (&Reference, &mut Failing(draws) as &mut _);
    prove(&key, &network.witness(), &ProveOptions::default(), tools).unwrap();
}

#[test]
fn a_witness_of_another_program_or_a_false_one_gives_no_proof() {
    let network = conv();
    let (_, key) = keys(&network);
    let options = ProveOptions::default();
    let (_, other) = networks().swap_remove(0);
    let result = prove(
        &key,
        &other.witness(),
        &options,
        (&Reference, &mut random(3)),
    );
    assert!(matches!(result, Err(ProveError::Witness(_))), "{result:?}");
    let mut trace = network.trace();
    // The same cell elsewhere in the table: every lookup holds, the layer's claim does not.
    let last = trace.len() - 1;
    let other = Cell {
        rem: trace[last][0].rem ^ 1,
        ..trace[last][0]
    };
    trace[last][0] = other;
    let witness = Witness::new(&network.program, trace).unwrap();
    let result = prove(&key, &witness, &options, (&Reference, &mut random(3)));
    assert_eq!(result.unwrap_err(), ProveError::Unsatisfied);
}

#[test]
fn a_proving_key_with_false_points_gives_no_proof() {
    let network = conv();
    let (_, key) = keys(&network);
    let bytes = key.to_bytes();
    // The last point is the sum of the powers, the one before it the last power.
    for from_end in [64, 128] {
        let mut altered = bytes.clone();
        let at = altered.len() - from_end;
        altered[at..][..64].copy_from_slice(&encode_g1_uncompressed(&g1_generator()));
        let key = ProvingKey::from_bytes(&altered).unwrap();
        let result = prove(
            &key,
            &network.witness(),
            &ProveOptions::default(),
            (&Reference, &mut random(3)),
        );
        assert_eq!(result.unwrap_err(), ProveError::Unsatisfied);
    }
}

#[test]
fn weights_and_setups_that_do_not_fit_the_program() {
    let network = conv();
    let srs = Srs::development(10, &mut random(1)).unwrap();
    let make = |weights: WeightMatrix, srs: &Srs| {
        let tools = (&Reference, &mut random(2) as &mut _);
        let program = network.program.clone();
        generate(program, weights, Vec::new(), srs, tools, &mut |_, _| ()).map(|_| ())
    };
    let (rows, columns) = (
        network.program.weight_rows(),
        network.program.weight_columns(),
    );
    let mismatch = KeyError::Mismatch {
        what: "the weight matrix does not have the program's rows and columns",
    };
    for (rows, columns) in [
        (rows + 1, columns),
        (rows, 2 * columns),
        (2 * rows, columns / 2),
    ] {
        let found = make(WeightMatrix::zero(rows, columns), &srs);
        assert_eq!(found, Err(mismatch.clone()));
    }
    let weights = network.weights.clone();
    let needed = weights.degree_bound().max(network.program.rows());
    assert_eq!(make(weights.clone(), &srs.truncated(needed)), Ok(()));
    let found = needed - 1;
    let error = KeyError::SetupTooSmall { needed, found };
    assert_eq!(make(weights, &srs.truncated(found)), Err(error));
}

#[test]
fn verifying_keys_that_are_wrong() {
    let network = conv();
    let (srs, key) = keys(&network);
    let key = key.verifying();
    key.check_table(&srs, &Reference).unwrap();
    let bytes = key.to_bytes();
    let log_columns = network.program.log_weight_columns();
    // From the end: the annotation, [τ^(2^k)]₂, [τ^(2^k)]₁, Com(W), the table.
    let g2 = bytes.len() - (4 + key.annotation().len()) - 64 * log_columns;
    let g1 = g2 - 32 * log_columns;
    let (weights, table) = (g1 - 32, g1 - 128);
    let swapped = |first: usize, second: usize, size: usize| {
        let mut altered = bytes.clone();
        altered[first..first + size].copy_from_slice(&bytes[second..second + size]);
        altered[second..second + size].copy_from_slice(&bytes[first..first + size]);
        VerifyingKey::from_bytes(&altered)
    };
    let inconsistent = KeyError::Chain(ChainError::Inconsistent);
    for k in 1..log_columns {
        assert_eq!(swapped(g1, g1 + 32 * k, 32).unwrap_err(), inconsistent);
        assert_eq!(swapped(g2, g2 + 64 * k, 64).unwrap_err(), inconsistent);
    }
    // Table commitments are not checked when the key is read, but when somebody asks.
    let other = swapped(table, table + 64, 32).unwrap();
    let found = other.check_table(&srs, &Reference);
    assert_eq!(found, Err(KeyError::TableCommitments));
    let small = srs.truncated(network.program.table().len() as usize - 1);
    let found = key.check_table(&small, &Reference);
    assert!(matches!(found, Err(KeyError::SetupTooSmall { .. })));
    let another = Srs::development(10, &mut random(5)).unwrap();
    let found = key.check_table(&another, &Reference);
    assert!(matches!(found, Err(KeyError::Mismatch { .. })));
    let mut infinite = bytes.clone();
    infinite[weights..weights + 32].fill(0);
    infinite[weights + 31] = 0x40;
    let error = KeyError::Malformed(DecodeError::PointAtInfinity);
    assert_eq!(VerifyingKey::from_bytes(&infinite).unwrap_err(), error);
    // A program that is none: five lanes' worth of rows too few. The mark, the setup, then log n.
    let mut altered = bytes.clone();
    let program = 6 + crate::srs::Setup::BYTES;
    assert_eq!(altered[program], 7);
    altered[program] = 5;
    let found = VerifyingKey::from_bytes(&altered);
    assert!(matches!(found, Err(KeyError::Program(_))));
    let mut trailing = bytes.clone();
    trailing.push(0);
    let error = KeyError::Malformed(DecodeError::TrailingBytes { count: 1 });
    assert_eq!(VerifyingKey::from_bytes(&trailing).unwrap_err(), error);
}

#[test]
fn proving_keys_that_are_wrong() {
    let network = conv();
    let (_, key) = keys(&network);
    let bytes = key.to_bytes();
    for length in [0, 5, 9, 10, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(
            ProvingKey::from_bytes(&bytes[..length]).is_err(),
            "{length}"
        );
    }
    let mut trailing = bytes.clone();
    trailing.push(0);
    let error = KeyError::Malformed(DecodeError::TrailingBytes { count: 1 });
    assert_eq!(ProvingKey::from_bytes(&trailing).unwrap_err(), error);
    let width = 10 + key.verifying().to_bytes().len() + 32;
    for found in [0, 5] {
        let mut altered = bytes.clone();
        altered[width] = found;
        let error = KeyError::Malformed(DecodeError::InvalidNumber {
            what: "width of weights",
            found: found.into(),
        });
        assert_eq!(ProvingKey::from_bytes(&altered).unwrap_err(), error);
    }
}

#[test]
fn a_table_is_not_checked_against_a_false_setup() {
    let network = conv();
    let (srs, key) = keys(&network);
    let mut bytes = srs.to_bytes(None);
    // [τ³]₁, which no square checks, and the digest of the file made good again.
    let powers = 4 + 2 + Setup::BYTES + 2 * 4 + 3 * 64;
    bytes[powers..][..64].copy_from_slice(&encode_g1_uncompressed(&g1_generator()));
    let body = bytes.len() - 32;
    let digest = Hasher::new("tensorseal setup file")
        .part(&bytes[..body])
        .finish();
    bytes[body..].copy_from_slice(&digest.0);
    let wrong = Srs::from_bytes(&bytes).unwrap();
    let result = key.verifying().check_table(&wrong, &Reference);
    assert_eq!(result, Err(KeyError::Powers(PowersError::Ratio)));
    assert_eq!(key.verifying().check_table(&srs, &Reference), Ok(()));
}

#[test]
fn points_at_which_the_openings_would_coincide() {
    use crate::curve::Fr;
    use ark_ff::{AdditiveGroup, Field};
    for z in [Fr::ZERO, Fr::ONE, -Fr::ONE] {
        assert_eq!(inverse_of_regular(z), Err(VerifyError::DegenerateChallenge));
    }
    let z = Fr::from(5u64);
    assert_eq!(inverse_of_regular(z).unwrap() * z, Fr::ONE);
}
