//! Keys with large tables: what a hostile one may not have, and what descriptions are refused (PROTOCOL §11).

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use super::cheating::refused;
use super::large_tables::{OPTIONS, dense, false_cells};
use crate::backend::Reference;
use crate::cq::{LargeCommitments, PlacedTable, TableContents, Visibility};
use crate::curve::{Fr, decode_scalar, encode_g1, encode_g2, encode_scalar, g1_generator};
use crate::encoding::Writer;
use crate::error::{KeyError, ProveError};
use crate::keys::{ProvingKey, VerifyingKey};
use crate::program::{Arrangement, LargeTable, Program, ProgramError, ProgramParts};
use crate::prove::prove;
use crate::table::{Outputs, Segment, TAG_RANGE, TAG_ZERO};
use crate::testing::{
    Cheat, Network, cached_columns, convolutional, dev, keys, keys_under, networks, prove_falsely,
    random,
};
use crate::verify::verify;

type Columns = [Vec<i64>; 3];
type Change<'a> = &'a dyn Fn(&mut Columns);

/// The key of a network whose first large table has other columns than it should, with the points and the proof that belong to them.
fn with_columns(network: &Network, change: Change<'_>) -> ProvingKey {
    let (srs, mut key) = keys(network);
    let mut columns = network.tables[0].columns(&network.program, 0).unwrap();
    change(&mut columns);
    let place = (&network.program, 0);
    let committed = LargeCommitments::new((&columns, Fr::ZERO), place, &srs, &Reference);
    let commitments = committed.unwrap();
    let name = key.placed_table(0).unwrap().name();
    let points = cached_columns((name, &columns), &srs).unwrap();
    key.set_verifying(key.verifying().with_large(0, commitments));
    key.attach_table(0, Arc::new(points)).unwrap();
    key
}

fn read(key: &VerifyingKey) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::from_bytes(&key.to_bytes())
}

/// A row of the table's own, behind its functions, that no lookup should reach.
const SPARE_ROW: u32 = 28;

fn spare([value, out, tag]: [i64; 3]) -> impl Fn(&mut Columns) {
    move |columns| {
        for (column, cell) in columns.iter_mut().zip([value, out, tag]) {
            column[SPARE_ROW as usize] = cell;
        }
    }
}

/// Proves false cells by one lookup of the spare row, under a key that nobody has read, so nobody has checked. Returns what the proof
/// then says of input and output.
fn forged(
    network: &Network,
    key: &ProvingKey,
    cells: Vec<Vec<crate::witness::Cell>>,
) -> Vec<Vec<i64>> {
    let cheat = Cheat {
        cells: Some(cells),
        public: vec![0, network.output],
        tables: &|_, tables| *tables[0].counts.entry(SPARE_ROW).or_default() += Fr::ONE,
        ..Cheat::default()
    };
    let proof = prove_falsely(key, network, &cheat);
    let verdict = verify(key.verifying(), &proof, &dev()).expect("the attack should work");
    verdict
        .public
        .iter()
        .map(|public| public.values().to_vec())
        .collect()
}

fn honest(network: &Network) -> Vec<Vec<i64>> {
    let trace = network.trace();
    let outputs = |tensor: usize| trace[tensor].iter().map(|cell| cell.out).collect();
    vec![outputs(0), outputs(network.output as usize)]
}

#[test]
fn a_table_that_serves_another_tables_tag_proves_anything_and_its_key_is_refused() {
    let network = networks().remove(0).1.with_large_tables(&[(5, 1)]);
    // The output's function is in the small table, and so should its remainders be.
    let cell = network.trace()[2][0];
    let pre = cell.pre - 4 * cell.pre.signum();
    let remainder = cell.rem + 8 * (cell.pre - pre);
    let key = with_columns(&network, &spare([remainder, 0, TAG_RANGE.into()]));
    let cells = network.trace_with(&|tensor, index, cell| {
        if (tensor, index) == (2, 0) {
            (cell.rem, cell.pre, cell.out) = (remainder, pre, pre.clamp(-8, 7));
        }
    });
    let found = forged(&network, &key, cells);
    assert_eq!(found[0], honest(&network)[0]);
    assert_ne!(found[1], honest(&network)[1]);
    assert_eq!(read(key.verifying()).unwrap_err(), KeyError::LargeTable);
}

#[test]
fn a_table_with_two_outputs_for_one_value_proves_both_and_its_key_is_refused() {
    let network = networks().remove(0).1.with_large_tables(&[(5, 1)]);
    let cell = network.trace()[1][0];
    let other = if cell.out == 7 { 0 } else { 7 };
    let tag = network.program.first_tag(0).into();
    let key = with_columns(&network, &spare([cell.pre, other, tag]));
    let cells = network.trace_with(&|tensor, index, cell| {
        if (tensor, index) == (1, 0) {
            cell.out = other;
        }
    });
    let found = forged(&network, &key, cells);
    assert_ne!(found[1], honest(&network)[1]);
    assert_eq!(read(key.verifying()).unwrap_err(), KeyError::LargeTable);
}

#[test]
fn a_key_proves_the_values_and_tags_of_every_row() {
    let network = networks().remove(0).1.with_large_tables(&[(5, 1), (5, 1)]);
    let unchanged = with_columns(&network, &|_| ());
    assert!(read(unchanged.verifying()).is_ok());
    let other_outputs = with_columns(&network, &|columns| columns[1].swap(3, 17));
    assert!(
        read(other_outputs.verifying()).is_ok(),
        "outputs are the model's"
    );

    let second = i64::from(network.program.first_tag(1));
    let changes: [(&str, Change<'_>); 8] = [
        ("the zero row", &spare([0, 0, TAG_ZERO.into()])),
        ("another table's tag", &spare([1, 1, second])),
        ("the first row", &|columns| columns[0][0] += 1),
        ("the last row of a function", &|columns| columns[0][25] += 1),
        ("a blind row", &|columns| columns[2][31] = columns[2][0]),
        ("all values", &|columns| {
            columns[0].iter_mut().for_each(|cell| *cell += 1);
        }),
        ("all tags", &|columns| {
            columns[2].iter_mut().for_each(|cell| *cell += 1);
        }),
        // What a combination of both that is not random would not see.
        ("value and tag", &|columns| {
            columns[0][SPARE_ROW as usize] += 1;
            columns[2][SPARE_ROW as usize] -= 1;
        }),
    ];
    for (what, change) in changes {
        let key = with_columns(&network, change);
        let found = read(key.verifying()).map(|_| ());
        assert_eq!(found, Err(KeyError::LargeTable), "{what}");
    }

    // Each table in its own place.
    let key = unchanged.verifying();
    let [first, second] = [0, 1].map(|table| key.large_commitments(table).unwrap().clone());
    let swapped = key
        .with_large(0, second.clone())
        .with_large(1, first.clone());
    assert_eq!(read(&swapped).unwrap_err(), KeyError::LargeTable);
    // The proof of an honest table with another's commitments.
    let borrowed = LargeCommitments {
        rows: first.rows,
        ..second
    };
    let borrowed = key.with_large(1, borrowed);
    assert_eq!(read(&borrowed).unwrap_err(), KeyError::LargeTable);
}

#[test]
fn every_field_of_the_proof_about_the_rows_is_needed() {
    let network = dense();
    let (_, key) = keys(&network);
    let bytes = key.verifying().to_bytes();
    let mut writer = Writer::new();
    key.verifying()
        .large_commitments(0)
        .unwrap()
        .rows
        .write(&mut writer);
    let proof = writer.finish();
    let place = position(&bytes, &proof);
    let value = decode_scalar(&proof[..32]).unwrap() + Fr::ONE;
    let altered = [encode_scalar(&value)]
        .into_iter()
        .chain([encode_g1(&g1_generator()); 3]);
    for (field, altered) in altered.enumerate() {
        let mut bytes = bytes.clone();
        bytes[place + 32 * field..][..32].copy_from_slice(&altered);
        let found = VerifyingKey::from_bytes(&bytes).map(|_| ());
        assert_eq!(found, Err(KeyError::LargeTable), "field {field}");
    }
    assert!(VerifyingKey::from_bytes(&bytes).is_ok());
}

fn position(bytes: &[u8], part: &[u8]) -> usize {
    let mut windows = bytes.windows(part.len());
    windows.position(|window| window == part).unwrap()
}

/// The table with the identity of 3 and 4 swapped, which its description does not tell.
fn altered(network: &Network) -> TableContents {
    let mut contents = network.tables[0].clone();
    let segment = &mut contents.segments[0];
    let values = (-13..13).map(|value: i64| segment.apply(value).unwrap());
    let mut values: Vec<i64> = values.collect();
    values.swap(16, 17);
    segment.outputs = Outputs::Values(values);
    contents
}

#[test]
fn the_cached_points_of_another_table_prove_nothing() {
    let network = dense();
    let (srs, mut key) = keys(&network);
    let other = altered(&network);
    let honest = key.placed_table(0).unwrap();
    let place = PlacedTable::new(&other, (&network.program, 0), honest.setup());
    let points = crate::testing::cached(&place.unwrap(), &srs).unwrap();
    assert_ne!(honest.name(), points.name());
    // The points are what they are, of another table, and under this one's name they are false.
    assert!(points.check_row(14, &key, 0).is_err());
    let columns = other.columns(&network.program, 0).unwrap();
    let renamed = cached_columns((honest.name(), &columns), &srs).unwrap();
    let refusal = key.attach_table(0, Arc::new(points));
    assert!(matches!(refusal, Err(KeyError::Mismatch { .. })));
    key.attach_table(0, Arc::new(renamed)).unwrap();
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
    longer.segments[1].length -= 1;
    let found = key.check_large_table(0, &longer, &srs, &Reference);
    assert!(matches!(found, Err(KeyError::Mismatch { .. })));

    let mut model = network.clone();
    model.tables = vec![other];
    let false_key = keys_under(&srs, &model);
    let [honest, forged] =
        [key, false_key.verifying()].map(|key| key.large_commitments(0).unwrap());
    // In G2 alone it is seen at once, in both groups when the table is recomputed.
    let mut bytes = key.to_bytes();
    let place = position(&bytes, &encode_g2(&honest.g2[1]));
    bytes[place..][..64].copy_from_slice(&encode_g2(&forged.g2[1]));
    let patched = VerifyingKey::from_bytes(&bytes);
    assert_eq!(patched.unwrap_err(), KeyError::LargeTable);
    let forged = read(&key.with_large(0, forged.clone())).unwrap();
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
    let changes: [fn(&mut LargeTable); 9] = [
        |table| table.segments[0].start = 1,
        |table| table.segments[0].length = 13,
        |table| table.segments[0].length = u32::MAX,
        |table| table.segments[0].low = 1,
        |table| table.segments[0].high = -1,
        |table| table.segments[0].at_zero = 99,
        |table| table.segments[0].high = 1 << 62,
        |table| table.segments[0].low = -(1 << 62),
        |table| (table.hidden, table.segments[0].at_zero) = (true, 1),
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
        visibility: Visibility::Public,
        segments: vec![last],
    };
    parts.large_tables = vec![contents.describe().unwrap()];
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
        visibility: Visibility::Public,
        segments: vec![segment],
    };
    let described = contents.describe().unwrap().segments[0];
    assert_eq!(
        (described.low, described.high, described.at_zero),
        (-7, 5, 3)
    );
}

#[test]
fn contents_have_an_output_for_every_value_and_zero_among_them() {
    let network = networks().remove(0).1.with_large_tables(&[(5, 1)]);
    let segment = |start, outputs: &[i64]| Segment {
        start,
        length: 20,
        outputs: Outputs::Values(outputs.into()),
    };
    let malformed = [
        segment(-1, &[5, 6, 7]),
        segment(-1, &[0; 21]),
        segment(1, &[0; 20]),
        segment(-20, &[0; 20]),
    ];
    for segment in malformed {
        let contents = TableContents {
            log_rows: 5,
            visibility: Visibility::Public,
            segments: vec![segment],
        };
        let expected = ProgramError::Segment { index: 0 };
        assert_eq!(contents.describe(), Err(expected));
        let columns = contents.columns(&network.program, 0);
        assert_eq!(columns, Err(KeyError::Program(expected)));
    }
}

#[test]
fn batches_keep_lanes_for_the_blind_rows_of_all_tables() {
    let contents = TableContents {
        log_rows: 5,
        visibility: Visibility::Public,
        segments: vec![Segment {
            start: 0,
            length: 3,
            outputs: Outputs::Values(vec![0, 1, 2]),
        }],
    };
    let mut kept = 0;
    for (name, network) in networks() {
        for log_rows in [7, 8, 9] {
            let mut parts = network.program.parts().clone();
            let tables = 2 * parts.lanes as usize;
            parts.log_rows = log_rows;
            parts.large_tables = vec![contents.describe().unwrap(); tables];
            let program = Program::new(parts.clone()).unwrap();
            for inferences in [1, 2, 8, 64] {
                let what = (name, log_rows, inferences);
                let arrangement = Arrangement::from(Some(inferences));
                let arranged = program.arranged(&arrangement);
                let arranged = arranged.unwrap_or_else(|error| panic!("{what:?}: {error}"));
                assert!(2 * arranged.lanes() >= tables, "{what:?}");
                parts.large_tables.clear();
                let without = Program::new(parts.clone()).unwrap().arranged(&arrangement);
                kept += usize::from(2 * without.unwrap().lanes() < tables);
            }
        }
    }
    assert!(kept > 0, "no batch would have fewer lanes");
}
