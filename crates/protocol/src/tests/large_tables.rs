//! Lookups in large tables: honest proofs, and every attack on the table's side by provers whose key is honest (PROTOCOL §11).

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::cheating::refused;
use crate::backend::Reference;
use crate::batch::Batch;
use crate::cq::{CachedTable, SparseSide, TableOpeningClaim, root_of_unity};
use crate::curve::{Fr, g1_generator};
use crate::error::{ProveError, VerifyError};
use crate::keys::{ProvingKey, VerifyingKey};
use crate::opening::{self, OpeningClaim};
use crate::program::Program;
use crate::prove::{Lookups, ProveOptions, prove, prove_batch};
use crate::testing::{
    Cheat, Network, dev, keys, keys_under, networks, prove_falsely, random, scalars,
};
use crate::transcript::{Receiver, Sender, Transcript, Z};
use crate::verify::{receive, verify};
use crate::witness::Cell;

pub(super) const OPTIONS: ProveOptions<'static> = ProveOptions {
    public: &[],
    context: &[],
};

/// The dense network with the identity and ReLU in one large table: rows 0 to 25 and 26 to 51, the blind ones 62 and 63.
pub(super) fn dense() -> Network {
    networks().remove(0).1.with_large_tables(&[(6, 2)])
}

fn outputs(network: &Network) -> Vec<i64> {
    let output = &network.trace()[network.output as usize];
    output.iter().map(|cell| cell.out).collect()
}

#[test]
fn networks_with_large_tables_verify_with_four_miller_loops_a_table() {
    let all = networks().into_iter().map(|(_, network)| network);
    for network in all {
        let tables: [&[(u32, usize)]; 4] = [&[(5, 1)], &[(6, 2)], &[(8, 2)], &[(6, 1), (5, 1)]];
        for tables in tables {
            let network = network.clone().with_large_tables(tables);
            let (_, key) = keys(&network);
            let cheat = Cheat {
                public: [0, network.output].into(),
                ..Cheat::default()
            };
            let proof = prove_falsely(&key, &network, &cheat);
            let verdict = verify(key.verifying(), &proof, &dev()).unwrap();
            assert_eq!(verdict.public[1].values(), outputs(&network));
            let log_columns = network.program.log_weight_columns();
            let shared = tables
                .iter()
                .filter(|(log, _)| *log as usize == log_columns);
            assert_eq!(verdict.miller_loops, 4 + 4 * tables.len() - shared.count());
        }
    }
}

#[test]
fn convolutions_and_batches_of_inferences_use_large_tables() {
    // Of the convolutional network's segments the last two are those of limbs, which stay small.
    let (_, network) = networks().remove(1);
    let network = network.with_large_tables(&[(5, 1)]);
    let (srs, key) = keys(&network);
    let witnesses = [network.witness(), network.witness(), network.witness()];
    let tools = (&Reference, &mut random(3) as &mut _);
    let proof = prove_batch((&key, Some(&srs)), &witnesses, &OPTIONS, tools).unwrap();
    let verdict = verify(key.verifying(), &proof.to_bytes(), &dev()).unwrap();
    assert_eq!(verdict.inferences, 3);
}

#[test]
fn proofs_over_the_same_table_share_its_miller_loops() {
    let first = dense();
    let mut second = dense();
    // Another model: a weight that no channel reads.
    let padded = first.program.layers()[1].terms[0].runs()[0] + first.program.tensors()[1].channels;
    second.weights.set(0, padded as usize, 3);
    let (srs, key) = keys(&first);
    let other = keys_under(&srs, &second);
    assert_ne!(key.verifying().digest(), other.verifying().digest());
    let mut batch = Batch::new();
    for (key, network) in [(&key, &first), (&other, &second), (&key, &first)] {
        let proof = prove_falsely(key, network, &Cheat::default());
        let (claim, _) = receive(key.verifying(), &proof, &dev()).unwrap();
        batch.push(claim);
    }
    let verdict = batch.decide(&[], &Reference);
    assert!(verdict.rejected.is_empty());
    let proof = prove_falsely(&key, &first, &Cheat::default());
    let alone = verify(key.verifying(), &proof, &dev()).unwrap();
    assert_eq!(verdict.miller_loops, alone.miller_loops);
}

#[test]
fn keys_and_cached_points_read_back_and_a_slice_proves() {
    let network = dense();
    let (_, mut key) = keys(&network);
    let full = Arc::clone(&key.cached().unwrap()[0]);
    let bytes = key.verifying().to_bytes();
    assert_eq!(VerifyingKey::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    let tools = || (Reference, random(3));
    let (backend, mut source) = tools();
    let bare = ProvingKey::from_bytes(&key.to_bytes()).unwrap();
    let missing = prove(&bare, &network.witness(), &OPTIONS, (&backend, &mut source));
    assert_eq!(missing.unwrap_err(), ProveError::MissingTable { table: 0 });

    let used: BTreeSet<u32> = {
        let trace = network.trace();
        let first = [13, 39, 13];
        let rows = first.iter().zip(&trace);
        let rows = rows.flat_map(|(first, cells)| cells.iter().map(move |cell| cell.pre + first));
        // Padded cells hold zero.
        rows.chain([13, 39]).map(|row| row as u32).collect()
    };
    let found = network.program.large_rows(&[network.witness()]);
    assert_eq!(found, vec![used.clone()]);
    let slice = full.slice(|row| used.contains(&row));
    assert_eq!(slice.len(), used.len() + 2);
    let slice = CachedTable::from_bytes(&slice.to_bytes()).unwrap();
    key.attach_table(0, Arc::new(slice)).unwrap();
    let proof = prove(&key, &network.witness(), &OPTIONS, (&backend, &mut source)).unwrap();
    assert!(verify(key.verifying(), &proof.to_bytes(), &dev()).is_ok());

    let row = *used.first().unwrap();
    let without = full.slice(|other| other != row);
    key.attach_table(0, Arc::new(without)).unwrap();
    let missing = prove(&key, &network.witness(), &OPTIONS, (&backend, &mut source));
    assert_eq!(
        missing.unwrap_err(),
        ProveError::MissingRow { table: 0, row }
    );
    assert!(key.attach_table(1, full).is_err());
}

/// What would balance the claims of all lookups: Σ A + Σ σ less what the helpers and the blind cells add up to.
fn lack(program: &Program, lookups: &Lookups<'_>) -> Fr {
    let names = program.columns();
    let columns = &lookups.columns.columns;
    let sum = |column: &[Fr]| column[..program.active_rows()].iter().sum::<Fr>();
    let helpers: Fr = (0..program.lanes())
        .map(|lane| sum(&columns[names.helper(lane)]))
        .sum();
    let sigma: Fr = lookups.tables.iter().map(SparseSide::sigma).sum();
    let blind = crate::cq::blind_cells(program, &lookups.challenges);
    let blind: Fr = blind
        .iter()
        .map(|cell| columns[cell.column][cell.row] * cell.inverse)
        .sum();
    helpers + blind - sum(&columns[names.table_side()]) - sigma
}

/// The dense network's cells with a false one in the input, whose output every later layer reads: no layer computes it, so it is the
/// lookup alone that is false.
pub(super) fn false_cells(network: &Network, change: impl Fn(&mut Cell)) -> Vec<Vec<Cell>> {
    network.trace_with(&|tensor, index, cell| {
        if (tensor, index) == (0, 0) {
            change(cell);
        }
    })
}

#[test]
fn another_true_cell_in_the_input_is_accepted() {
    let network = dense();
    let (_, key) = keys(&network);
    let cheat = Cheat {
        cells: Some(false_cells(&network, |cell| (cell.pre, cell.out) = (1, 1))),
        ..Cheat::default()
    };
    let proof = prove_falsely(&key, &network, &cheat);
    assert!(verify(key.verifying(), &proof, &dev()).is_ok());
}

#[test]
fn a_balanced_proof_lacks_nothing() {
    let network = dense();
    let (_, key) = keys(&network);
    let check = |program: &Program, lookups: &mut Lookups<'_>| {
        assert_eq!(lack(program, lookups), Fr::ZERO);
    };
    let cheat = Cheat {
        lookups: &check,
        ..Cheat::default()
    };
    let proof = prove_falsely(&key, &network, &cheat);
    assert!(verify(key.verifying(), &proof, &dev()).is_ok());
}

type Alter<'a> = &'a dyn Fn(&Program, &mut Lookups<'_>);

#[test]
fn false_outputs_are_refused_however_the_tables_side_is_altered_after_the_challenges() {
    [dense(), dense().hidden()].iter().for_each(false_outputs);
}

fn false_outputs(network: &Network) {
    let (_, key) = keys(network);
    // Multiplicities, or sums, chosen after λ: on a row in use, on a blind row, on a row that no lookup reaches.
    let on_row = |place: fn(&SparseSide) -> usize| {
        move |program: &Program, lookups: &mut Lookups<'_>| {
            let lack = lack(program, lookups);
            let table = &mut lookups.tables[0];
            let place = place(table);
            table.sums[place] += lack;
        }
    };
    let counted_late = |program: &Program, lookups: &mut Lookups<'_>| {
        let lack = lack(program, lookups);
        let challenges = lookups.challenges;
        let table = &mut lookups.tables[0];
        let (index, count) = table.counts.iter_mut().next().unwrap();
        let [value, out, tag] = table.cached.row(*index).unwrap().cells.map(Fr::from);
        *count += lack * challenges.function(value, out, tag);
        table.divide(&challenges);
    };
    // Â + c·(X^N̂ − 1), with c such that σ is what is lacking.
    let beyond = |program: &Program, lookups: &mut Lookups<'_>| {
        let lack = lack(program, lookups);
        let size = Fr::from(1u64 << lookups.tables[0].cached.log_rows());
        lookups.tables[0].shift = -lack * size.inverse().unwrap();
    };
    let sigma = |program: &Program, lookups: &mut Lookups<'_>| {
        lookups.tables[0].false_sigma = lack(program, lookups);
    };
    let first = on_row(|_| 0);
    let blind = on_row(|table| table.sums.len() - 1);
    let alterations: [(&str, Alter<'_>); 6] = [
        ("nothing", &super::cheating::nothing),
        ("a sum", &first),
        ("a blind sum", &blind),
        ("a multiplicity", &counted_late),
        ("the degree", &beyond),
        ("sigma", &sigma),
    ];
    for change in [
        |cell: &mut Cell| cell.out += 1,
        |cell: &mut Cell| (cell.pre, cell.out) = (-3, 0),
    ] {
        let cells = false_cells(network, change);
        for (what, lookups) in alterations {
            let balanced = |program: &Program, state: &mut Lookups<'_>| {
                lookups(program, state);
                assert_eq!(
                    lack(program, state) == Fr::ZERO,
                    what != "nothing",
                    "{what}"
                );
            };
            let cheat = Cheat {
                cells: Some(cells.clone()),
                lookups: &balanced,
                ..Cheat::default()
            };
            refused(&key, network, &cheat, what);
        }
    }
}

#[test]
fn the_multiplicities_of_blind_rows_are_the_columns_cells() {
    let network = dense();
    let (_, key) = keys(&network);
    for blind in [62, 63] {
        let cheat = Cheat {
            tables: &|_, tables| *tables[0].counts.get_mut(&blind).unwrap() += Fr::ONE,
            ..Cheat::default()
        };
        refused(
            &key,
            &network,
            &cheat,
            "another multiplicity of a blind row",
        );
    }
}

#[test]
fn no_lookup_reaches_a_blind_row() {
    let network = dense();
    let (_, key) = keys(&network);
    // The blind rows are (0, 0) and (1, 0); the input's function is the identity.
    let cells = false_cells(&network, |cell| (cell.pre, cell.out) = (1, 0));
    for counted in [0, 1] {
        let cheat = Cheat {
            cells: Some(cells.clone()),
            tables: &|_, tables| {
                *tables[0].counts.get_mut(&63).unwrap() += Fr::from(counted as u64);
            },
            ..Cheat::default()
        };
        refused(&key, &network, &cheat, "a lookup of a blind row");
    }
}

#[test]
fn a_lookup_in_another_tables_rows_is_refused() {
    let network = networks().remove(0).1.with_large_tables(&[(5, 1), (5, 1)]);
    let (_, key) = keys(&network);
    // A row of ReLU's table for a cell of the identity, counted there.
    let cells = false_cells(&network, |cell| (cell.pre, cell.out) = (-3, 0));
    let cheat = Cheat {
        cells: Some(cells),
        tables: &|_, tables| *tables[1].counts.entry(10).or_insert(Fr::ZERO) += Fr::ONE,
        ..Cheat::default()
    };
    refused(&key, &network, &cheat, "another table's row");
}

#[test]
fn points_inside_the_subgroup_are_refused() {
    let claim = TableOpeningClaim {
        log_rows: vec![4, 6],
    };
    for log in [1, 4, 5, 6] {
        let found = claim.check_point(root_of_unity(log));
        assert_eq!(
            found,
            Err(VerifyError::DegenerateChallenge),
            "order 2^{log}"
        );
    }
    assert_eq!(claim.check_point(root_of_unity(7)), Ok(()));
    assert_eq!(claim.check_point(Fr::from(2u64)), Ok(()));
}

#[test]
fn openings_at_points_inside_the_subgroup_are_refused() {
    let mut message = Sender::new(Transcript::new("openings"));
    message.points("up to S", &[g1_generator(); 5]);
    message.scalars("y_1 and y_s", &[Fr::ONE; 3]);
    message.points("quotients", &[g1_generator(); 3]);
    let message = message.finish();
    let receive = |z: Fr| {
        let claim = OpeningClaim {
            r: &scalars(7, 1),
            b: Fr::ONE,
            s: Fr::ONE,
            log_columns: 6,
            g_length: 64 + 35,
            tables: TableOpeningClaim {
                log_rows: vec![4, 6],
            },
        };
        let mut channel = Receiver::new(Transcript::choosing::<Z>(z), &message);
        let openings = opening::receive(&claim, &|x| x, &mut channel)?;
        channel.finish()?;
        assert_eq!(openings.points[0], z);
        Ok(())
    };
    for log in [2, 4, 5, 6] {
        let found = receive(root_of_unity(log));
        assert_eq!(
            found,
            Err(VerifyError::DegenerateChallenge),
            "order 2^{log}"
        );
    }
    assert_eq!(receive(root_of_unity(7)), Ok(()));
}

/// Two tables of one size: what one of them is false by, the other makes good in every sum that does not tell them apart.
#[test]
fn what_two_tables_are_false_by_does_not_cancel() {
    let network = networks().remove(0).1.with_large_tables(&[(5, 1), (5, 1)]);
    let (_, key) = keys(&network);
    // Â_k ± (X^N̂ − 1): the degree checks have a power of ψ each.
    let degrees = |_: &Program, lookups: &mut Lookups<'_>| {
        lookups.tables[0].shift = Fr::ONE;
        lookups.tables[1].shift = -Fr::ONE;
    };
    // σ_k ± 1: so have the openings at 0.
    let sigmas = |_: &Program, lookups: &mut Lookups<'_>| {
        lookups.tables[0].false_sigma = Fr::ONE;
        lookups.tables[1].false_sigma = -Fr::ONE;
    };
    for (what, lookups) in [
        ("degrees", &degrees as Alter<'_>),
        ("sums at 0", &sigmas as Alter<'_>),
    ] {
        let balanced = |program: &Program, state: &mut Lookups<'_>| {
            lookups(program, state);
            assert_eq!(lack(program, state), Fr::ZERO, "{what}");
        };
        let cheat = Cheat {
            lookups: &balanced,
            ..Cheat::default()
        };
        refused(&key, &network, &cheat, what);
    }
}

/// As above, for the tables' own equations, which have a weight each: a false cell is balanced by a false sum on the last row of both
/// tables, such that what their equations lack, e·(λ + t) on that row, adds up to nothing.
#[test]
fn what_the_equations_of_two_tables_lack_does_not_cancel() {
    let network = networks().remove(0).1.with_large_tables(&[(5, 1), (5, 1)]);
    let (_, key) = keys(&network);
    let sums = |program: &Program, lookups: &mut Lookups<'_>| {
        let missing = lack(program, lookups);
        let challenges = lookups.challenges;
        let last = |table: &SparseSide| {
            let [value, out, tag] = table.cached.row(31).unwrap().cells.map(Fr::from);
            challenges.function(value, out, tag)
        };
        let ratio = last(&lookups.tables[0]) * last(&lookups.tables[1]).inverse().unwrap();
        let error = missing * (Fr::ONE - ratio).inverse().unwrap();
        *lookups.tables[0].sums.last_mut().unwrap() += error;
        *lookups.tables[1].sums.last_mut().unwrap() -= error * ratio;
        assert_eq!(lack(program, lookups), Fr::ZERO);
    };
    let cheat = Cheat {
        cells: Some(false_cells(&network, |cell| cell.out += 1)),
        lookups: &sums,
        ..Cheat::default()
    };
    refused(&key, &network, &cheat, "sums of two tables");
}
