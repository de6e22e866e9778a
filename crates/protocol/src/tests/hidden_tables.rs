//! Large tables whose outputs are private: what keys and proofs tell of them (PROTOCOL §11).

use alloc::vec;
use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::large_tables::{OPTIONS, dense};
use super::rank::Chosen;
use crate::backend::Reference;
use crate::cq::{TableContents, Visibility, interpolate, vanishing};
use crate::curve::{Fr, encode_g2};
use crate::error::KeyError;
use crate::keys::{Model, ProvingKey, VerifyingKey, generate_with_tables};
use crate::poly::univariate::evaluate;
use crate::program::{Program, ProgramError};
use crate::prove::{Lookups, prove};
use crate::random::RandomSource;
use crate::srs::Srs;
use crate::table::{Outputs, Segment};
use crate::testing::{Cheat, Network, cached, dev, keys, networks, prove_falsely, random, scalars};
use crate::verify::verify;

/// The dense network with ReLU in a large table whose outputs are private.
fn hidden() -> Network {
    networks().remove(0).1.with_large_tables(&[(5, 1)]).hidden()
}

/// The dense network whose outputs are of 62 bits.
fn wide() -> Network {
    let mut network = networks().remove(0).1;
    let output = network.output as usize;
    network.layers.last_mut().unwrap().segment = 2;
    network.tables = vec![TableContents {
        log_rows: 5,
        segments: vec![Segment {
            start: -13,
            length: 26,
            outputs: Outputs::Values((-13..13).map(|v: i64| (v << 58) - 7 * v).collect()),
        }],
        visibility: Visibility::Public,
    }];
    let mut parts = network.program.parts().clone();
    parts.tensors[output].segment = 2;
    parts.large_tables = vec![network.tables[0].describe().unwrap()];
    network.program = Program::new(parts).unwrap();
    network
}

/// The network with another output in a row that its input does not use.
fn altered(network: &Network) -> Network {
    let mut other = network.clone();
    let segment = &mut other.tables[0].segments[0];
    let values = (-13..13).map(|value| segment.apply(value).unwrap());
    let mut values: Vec<i64> = values.collect();
    let used = network.trace()[1]
        .iter()
        .map(|cell| cell.pre)
        .collect::<Vec<_>>();
    let free = (1..13).find(|value| !used.contains(value)).unwrap();
    values[(free + 13) as usize] += 1;
    segment.outputs = Outputs::Values(values);
    other
}

/// Keys with the chosen blindings of the weights and of the outputs, and the table's points.
fn keys_blinded(network: &Network, srs: &Srs, blindings: &[Fr]) -> ProvingKey {
    let model = Model {
        program: network.program.clone(),
        tables: &network.tables,
        weights: network.weights.clone(),
        annotation: Vec::new(),
    };
    let mut source = Chosen {
        scalars: blindings,
        drawn: 0,
    };
    let tools = (&Reference, &mut source as &mut dyn RandomSource);
    let mut key = generate_with_tables(model, srs, tools, &mut |_, _| ()).unwrap();
    assert_eq!(source.drawn, blindings.len());
    let points = cached(&key.placed_table(0).unwrap(), srs).unwrap();
    key.attach_table(0, points.into()).unwrap();
    key
}

/// τ and β of the setups of tests.
fn trapdoor() -> [Fr; 2] {
    let mut source = random(1);
    [source.scalar().unwrap(), source.scalar().unwrap()]
}

#[test]
fn outputs_of_62_bits_and_hidden_ones_are_proved_and_their_keys_read_back() {
    for network in [hidden(), wide(), wide().hidden(), dense().hidden()] {
        let (_, key) = keys(&network);
        let mut read = ProvingKey::from_bytes(&key.to_bytes()).unwrap();
        assert_eq!(read.table_contents(), network.tables);
        let points = key.cached().unwrap().remove(0);
        for row in [0, 13, 31] {
            assert_eq!(points.check_row(row, &read, 0), Ok(()), "row {row}");
        }
        read.attach_table(0, points).unwrap();
        let cheat = Cheat {
            public: [0, network.output].into(),
            ..Cheat::default()
        };
        let proof = prove_falsely(&read, &network, &cheat);
        let verifying = VerifyingKey::from_bytes(&key.verifying().to_bytes()).unwrap();
        let verdict = verify(&verifying, &proof, &dev()).unwrap();
        let trace = network.trace();
        let outputs = trace[network.output as usize].iter().map(|cell| cell.out);
        assert_eq!(verdict.public[1].values(), outputs.collect::<Vec<_>>());
        let tools = (&Reference, &mut random(3) as &mut _);
        assert!(prove(&read, &network.witness(), &OPTIONS, tools).is_ok());
    }
}

#[test]
fn a_proving_key_with_other_contents_than_it_describes_is_refused() {
    let network = wide();
    let (_, key) = keys(&network);
    let bytes = key.to_bytes();
    // At the end the last value, of eight bytes: past the bound that the key says.
    let mut altered = bytes.clone();
    *altered.last_mut().unwrap() ^= 0x40;
    let error = ProvingKey::from_bytes(&altered).unwrap_err();
    assert!(matches!(error, KeyError::Mismatch { .. }), "{error}");
    // Kind, width and count stand in front of the 26 values.
    let front = bytes.len() - 26 * 8;
    for (back, byte) in [(6, 9), (5, 9), (5, 0), (4, 27), (4, 25), (1, 0xff)] {
        let mut altered = bytes.clone();
        altered[front - back] = byte;
        assert!(ProvingKey::from_bytes(&altered).is_err(), "{back}: {byte}");
    }
    assert!(ProvingKey::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    assert!(ProvingKey::from_bytes(&bytes).is_ok());
}

#[test]
fn a_guess_of_public_outputs_is_told_from_the_truth_and_one_of_hidden_outputs_is_not() {
    let public = networks().remove(0).1.with_large_tables(&[(5, 1)]);
    let (srs, key) = keys(&public);
    let check = |key: &ProvingKey, guess: &Network| {
        let verifying = key.verifying();
        verifying.check_large_table(0, &guess.tables[0], &srs, &Reference)
    };
    assert_eq!(check(&key, &public), Ok(()));
    assert_eq!(
        check(&key, &altered(&public)),
        Err(KeyError::TableCommitments)
    );

    let truth = public.hidden();
    let guess = altered(&truth);
    let (_, key) = keys(&truth);
    for network in [&truth, &guess] {
        let told = check(&key, network);
        assert_eq!(told, Err(KeyError::HiddenTable { table: 0 }));
    }
}

/// Whatever a verifier sees comes from another table as well, with other blindings and with the same probability: of two tables that
/// agree on the rows that a proof uses, no verifier can tell which is the key's, by whatever equation.
#[test]
fn the_same_key_and_the_same_proof_come_from_another_hidden_table() {
    let truth = hidden();
    let guess = altered(&truth);
    assert_ne!(truth.tables, guess.tables);
    assert_eq!(truth.program, guess.program);
    let (srs, _) = keys(&truth);
    let [tau, beta] = trapdoor();
    let at_tau = |network: &Network| {
        let [_, outputs, _] = network.tables[0].columns(&network.program, 0).unwrap();
        evaluate(&interpolate(&outputs), tau)
    };
    let difference = at_tau(&truth) - at_tau(&guess);
    let by_beta = beta.inverse().unwrap();

    let [weights, own] = [scalars(1, 20)[0], scalars(1, 21)[0]];
    let key = keys_blinded(&truth, &srs, &[weights, own]);
    let other = keys_blinded(&guess, &srs, &[weights, own + difference * by_beta]);
    assert_ne!(key.to_bytes(), other.to_bytes());
    assert_eq!(key.verifying().to_bytes(), other.verifying().to_bytes());

    // [Q̂]₁ follows from the whole table, so its blinding makes the difference; E follows from the rest.
    let blind = |_: &Program, lookups: &mut Lookups<'_>| {
        let theta = lookups.challenges.theta.0;
        let table = &mut lookups.tables[0];
        let a = table.value_at(tau);
        let quotient = theta * difference * a * vanishing(5, tau).inverse().unwrap();
        table.blinding.q += quotient * by_beta;
    };
    let proofs = [(&key, &truth, None), (&other, &guess, Some(&blind as _))];
    let [proof, again] = proofs.map(|(key, network, lookups)| {
        let mut cheat = Cheat::default();
        cheat.lookups = lookups.unwrap_or(cheat.lookups);
        prove_falsely(key, network, &cheat)
    });
    assert!(verify(key.verifying(), &proof, &dev()).is_ok());
    assert!(proof == again, "the proofs differ");
    // Without a blinding of its own, [Q̂]₁ would tell.
    let plain = prove_falsely(&other, &guess, &Cheat::default());
    assert!(proof != plain);
}

#[test]
fn two_keys_of_one_hidden_table_differ_in_its_outputs_alone() {
    let network = hidden();
    let (srs, _) = keys(&network);
    let weights = scalars(1, 20)[0];
    let key = |seed| keys_blinded(&network, &srs, &[weights, scalars(1, seed)[0]]);
    let [first, second] = [key(21), key(22)];
    let commitments = |key: &ProvingKey| {
        let large = key.verifying().large_commitments(0).unwrap();
        (large.g1, large.g2)
    };
    let ((g1, g2), (other_g1, other_g2)) = (commitments(&first), commitments(&second));
    for column in 0..3 {
        assert_eq!(g1[column] == other_g1[column], column != 1);
        assert_eq!(g2[column] == other_g2[column], column != 1);
    }
    // Blinded in one group with the one, in the other with the other: no such key is read.
    let mut bytes = first.verifying().to_bytes();
    let old = encode_g2(&g2[1]);
    let place = bytes.windows(64).position(|window| window == old).unwrap();
    bytes[place..][..64].copy_from_slice(&encode_g2(&other_g2[1]));
    let read = VerifyingKey::from_bytes(&bytes);
    assert_eq!(read.unwrap_err(), KeyError::LargeTable);
}

#[test]
fn hidden_contents_lie_within_their_bounds_and_zero_has_the_output_zero() {
    let contents = |outputs: [i64; 3], low, high| TableContents {
        log_rows: 3,
        segments: vec![Segment {
            start: -1,
            length: 3,
            outputs: Outputs::Values(outputs.into()),
        }],
        visibility: Visibility::Hidden { low, high },
    };
    let refused = Err(ProgramError::Segment { index: 0 });
    assert_eq!(contents([4, 1, 2], -8, 8).describe(), refused);
    assert_eq!(contents([4, 0, 2], -8, 3).describe(), refused);
    assert_eq!(contents([-9, 0, 2], -8, 3).describe(), refused);
    let described = contents([4, 0, 2], -8, 8).describe().unwrap();
    let segment = described.segments[0];
    assert_eq!((segment.low, segment.high, segment.at_zero), (-8, 8, 0));
    assert!(described.hidden);
}

/// The equation of a hidden table has a term in β of its own, which only E makes good.
#[test]
fn a_proof_without_the_outputs_blinding_in_its_correction_is_refused() {
    let network = hidden();
    let (srs, _) = keys(&network);
    let [weights, own] = [scalars(1, 20)[0], scalars(1, 21)[0]];
    let mut key = keys_blinded(&network, &srs, &[weights, Fr::ZERO]);
    let blinded = keys_blinded(&network, &srs, &[weights, own]);
    key.set_verifying(blinded.verifying().clone());
    let proof = prove_falsely(&key, &network, &Cheat::default());
    assert!(verify(key.verifying(), &proof, &dev()).is_err());
}
