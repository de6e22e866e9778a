//! Lookups in large tables: honest proofs, and every attack on the table's side (PROTOCOL §11).

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::cheating::refused;
use crate::backend::Reference;
use crate::batch::Batch;
use crate::cq::{CachedTable, SparseSide, TableContents, TableOpeningClaim, root_of_unity};
use crate::curve::{Fr, encode_g1, encode_g2};
use crate::error::{KeyError, ProveError, VerifyError};
use crate::keys::{ProvingKey, VerifyingKey};
use crate::program::{LargeTable, Program, ProgramError, ProgramParts};
use crate::prove::{Lookups, ProveOptions, prove, prove_batch};
use crate::table::{Outputs, Segment};
use crate::testing::{
    Cheat, Network, convolutional, dev, keys, keys_under, networks, prove_falsely, random,
};
use crate::verify::{receive, verify};
use crate::witness::Cell;

const OPTIONS: ProveOptions<'static> = ProveOptions {
    public: &[],
    context: &[],
};

/// The dense network with the identity and ReLU in one large table: rows 0 to 25 and 26 to 51, the blind ones 62 and 63.
fn dense() -> Network {
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

    let used: Vec<u32> = {
        let trace = network.trace();
        let first = [13, 39, 13];
        let rows = first.iter().zip(&trace);
        let rows = rows.flat_map(|(first, cells)| cells.iter().map(move |cell| cell.pre + first));
        // Padded cells hold zero.
        rows.chain([13, 39]).map(|row| row as u32).collect()
    };
    let slice = full.slice(|row| used.contains(&row));
    assert!(slice.len() <= used.len() + 2);
    let slice = CachedTable::from_bytes(&slice.to_bytes()).unwrap();
    key.attach_table(0, Arc::new(slice)).unwrap();
    let proof = prove(&key, &network.witness(), &OPTIONS, (&backend, &mut source)).unwrap();
    assert!(verify(key.verifying(), &proof.to_bytes(), &dev()).is_ok());

    let row = used[0];
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
fn false_cells(network: &Network, change: impl Fn(&mut Cell)) -> Vec<Vec<Cell>> {
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
    let network = dense();
    let (_, key) = keys(&network);
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
        let cells = false_cells(&network, change);
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
            refused(&key, &network, &cheat, what);
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

/// The table with the identity of 3 and 4 swapped, which its description does not tell.
fn altered(network: &Network) -> TableContents {
    let mut contents = network.tables[0].clone();
    let segment = &mut contents.segments[0];
    let values = (-13..13).map(|value: i64| segment.apply(value).unwrap() as i32);
    let mut values: Vec<i32> = values.collect();
    values.swap(16, 17);
    segment.outputs = Outputs::Values(values);
    contents
}

#[test]
fn the_cached_points_of_another_table_prove_nothing() {
    let network = dense();
    let (srs, mut key) = keys(&network);
    let other = altered(&network);
    let place = (&network.program, 0);
    let points = crate::testing::cached(&other, place, &srs).unwrap();
    // The points are what they are, of another table.
    assert!(points.check_row(14, key.verifying(), 0).is_err());
    let honest = key.cached().unwrap().remove(0);
    assert_ne!(honest.content_digest(), points.content_digest());
    key.attach_table(0, Arc::new(points)).unwrap();
    let cells = false_cells(&network, |cell| cell.out = 4);
    let cheat = Cheat {
        cells: Some(cells),
        ..Cheat::default()
    };
    refused(&key, &network, &cheat, "a quotient of another table");
    let tools = (&Reference, &mut random(1) as &mut _);
    let error = prove(&key, &network.witness(), &OPTIONS, tools).unwrap_err();
    assert_eq!(error, ProveError::Unsatisfied);
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
fn a_keys_commitments_are_those_of_its_tables_or_are_found_out() {
    let network = dense();
    let (srs, key) = keys(&network);
    let key = key.verifying();
    assert_eq!(
        key.check_large_table(0, &network.tables[0], &srs, &Reference),
        Ok(())
    );
    // The same description, other outputs: two rows for one value if the key had them besides.
    let other = altered(&network);
    let found = key.check_large_table(0, &other, &srs, &Reference);
    assert_eq!(found, Err(KeyError::TableCommitments));
    let mut longer = other.clone();
    longer.segments[0].length -= 1;
    let found = key.check_large_table(0, &longer, &srs, &Reference);
    assert!(matches!(found, Err(KeyError::Mismatch { .. })));

    let mut model = network.clone();
    model.tables = vec![other];
    let false_key = keys_under(&srs, &model);
    let [honest, forged] =
        [key, false_key.verifying()].map(|key| key.large_commitments(0).unwrap());
    let mut bytes = key.to_bytes();
    let mut patch = |from: &[u8], to: &[u8]| {
        let place = bytes
            .windows(from.len())
            .position(|window| window == from)
            .unwrap();
        bytes[place..][..to.len()].copy_from_slice(to);
    };
    // In G2 alone it is seen at once, in both groups when the table is recomputed.
    patch(&encode_g2(&honest.g2[1]), &encode_g2(&forged.g2[1]));
    let patched = bytes.clone();
    assert_eq!(
        VerifyingKey::from_bytes(&patched).unwrap_err(),
        KeyError::LargeTable
    );
    let mut patch = |from: &[u8], to: &[u8]| {
        let place = bytes
            .windows(from.len())
            .position(|window| window == from)
            .unwrap();
        bytes[place..][..to.len()].copy_from_slice(to);
    };
    patch(&encode_g1(&honest.g1[1]), &encode_g1(&forged.g1[1]));
    let forged = VerifyingKey::from_bytes(&bytes).unwrap();
    let found = forged.check_large_table(0, &network.tables[0], &srs, &Reference);
    assert_eq!(found, Err(KeyError::TableCommitments));
}

fn refusal(change: impl FnOnce(&mut ProgramParts)) -> ProgramError {
    let mut parts = dense().program.parts().clone();
    change(&mut parts);
    Program::new(parts).expect_err("the description should be refused")
}

#[test]
fn descriptions_of_large_tables_are_bounded() {
    let table = || dense().program.large_tables()[0].clone();
    let range = |error| matches!(error, ProgramError::OutOfRange { .. });
    for log in [0, 1, 28, 64, u32::MAX] {
        assert!(
            range(refusal(|parts| parts.large_tables[0].log_rows = log)),
            "{log}"
        );
    }
    let short = refusal(|parts| parts.large_tables[0].log_rows = 5);
    let expected = ProgramError::TableTooLong {
        rows: 52,
        available: 30,
    };
    assert_eq!(short, expected);
    let changes: [fn(&mut LargeTable); 6] = [
        |table| table.segments[0].start = 1,
        |table| table.segments[0].length = 13,
        |table| table.segments[0].length = u32::MAX,
        |table| table.segments[0].low = 1,
        |table| table.segments[0].high = -1,
        |table| table.segments[0].at_zero = 99,
    ];
    for change in changes {
        let error = refusal(|parts| change(&mut parts.large_tables[0]));
        assert_eq!(error, ProgramError::Segment { index: 0 });
    }
    assert!(range(refusal(|parts| parts.large_tables[0]
        .segments
        .clear())));
    // Two lanes have room for the blind rows of four tables.
    assert!(range(
        refusal(|parts| parts.large_tables = vec![table(); 5])
    ));
    assert!(range(refusal(|parts| {
        parts.large_tables[0].log_rows = 20;
        let segment = parts.large_tables[0].segments[0];
        parts.large_tables[0].segments = vec![segment; 257];
    })));
    let missing = refusal(|parts| parts.large_tables.clear());
    assert_eq!(missing, ProgramError::Segment { index: 0 });
}

#[test]
fn limbs_are_not_in_large_tables() {
    let network = convolutional(8);
    let mut parts = network.program.parts().clone();
    let last = parts.table.segments.pop().unwrap();
    let contents = TableContents {
        log_rows: 8,
        segments: vec![last],
    };
    parts.large_tables = vec![contents.describe()];
    assert!(matches!(
        Program::new(parts),
        Err(ProgramError::Layer { .. })
    ));
}

#[test]
fn every_blind_column_is_of_round_one_and_never_holds_outputs() {
    let mut parts = dense().program.parts().clone();
    parts.large_tables = vec![parts.large_tables[0].clone(); 4];
    let program = Program::new(parts).unwrap();
    let names = program.columns();
    let columns: Vec<usize> = (0..4).map(|table| program.blind_column(table)).collect();
    assert_eq!(
        columns,
        [names.rem(0), names.rem(1), names.pre(0), names.pre(1)]
    );
    let tags: Vec<u32> = (0..4)
        .flat_map(|table| [program.first_tag(table), program.blind_tag(table)])
        .collect();
    assert_eq!(tags, [2, 10, 4, 11, 6, 12, 8, 13]);
}

#[test]
fn a_setup_without_powers_in_g2_makes_no_key_with_large_tables() {
    let network = dense();
    let srs = crate::srs::Srs::development(10, &mut random(1)).unwrap();
    let model = crate::keys::Model {
        program: network.program.clone(),
        tables: &network.tables,
        weights: network.weights.clone(),
        annotation: Vec::new(),
    };
    let tools = (&Reference, &mut random(2) as &mut _);
    let error = crate::keys::generate_with_tables(model, &srs, tools, &mut |_, _| ()).unwrap_err();
    let expected = KeyError::NoPowersInG2 {
        needed: 64,
        found: 0,
    };
    assert_eq!(error, expected);
}

#[test]
fn contents_describe_themselves() {
    let segment = Segment {
        start: -2,
        length: 4,
        outputs: Outputs::Values(vec![5, -7, 3, 2]),
    };
    let contents = TableContents {
        log_rows: 3,
        segments: vec![segment],
    };
    let described = contents.describe().segments[0];
    assert_eq!(
        (described.low, described.high, described.at_zero),
        (-7, 5, 3)
    );
}
