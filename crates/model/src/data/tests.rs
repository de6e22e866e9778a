//! Data files: both formats, every error.

use super::*;
use alloc::format;
use alloc::vec;

/// A zip archive with these members, stored, or deflated by `deflate`.
fn archive(members: &[(&str, Vec<u8>)], deflate: bool) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, contents) in members {
        let offset = file.len() as u32;
        let data = if deflate {
            miniz_oxide::deflate::compress_to_vec(contents, 6)
        } else {
            contents.clone()
        };
        let mut common = vec![20, 0, 0, 0, if deflate { 8 } else { 0 }, 0, 0, 0, 0, 0];
        common.extend(crc32::crc32(contents).to_le_bytes());
        common.extend((data.len() as u32).to_le_bytes());
        common.extend((contents.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        file.extend(b"PK\x03\x04");
        file.extend(&common);
        file.extend(name.as_bytes());
        file.extend(data);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, length) = (file.len() as u32, directory.len() as u32);
    file.extend(directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend((members.len() as u16).to_le_bytes());
    file.extend((members.len() as u16).to_le_bytes());
    file.extend(length.to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0, 0]);
    file
}

fn npy(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    match version {
        1 => bytes.extend((header.len() as u16).to_le_bytes()),
        _ => bytes.extend((header.len() as u32).to_le_bytes()),
    }
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn array(dtype: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    npy(
        1,
        &format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}   \n"),
        data,
    )
}

fn one(contents: Vec<u8>) -> Result<DataFile, DataError> {
    DataFile::parse(&archive(&[("x.npy", contents)], false))
}

fn json(text: &str) -> Result<DataFile, DataError> {
    DataFile::parse(text.as_bytes())
}

fn x() -> String {
    "x".into()
}

#[test]
fn stored_and_deflated_members_of_every_type() {
    let types: [(&str, &[u8], f32); 11] = [
        ("<f4", &[0, 0, 192, 191], -1.5),
        ("<f8", &[0, 0, 0, 0, 0, 0, 248, 63], 1.5),
        ("<i8", &[254, 255, 255, 255, 255, 255, 255, 255], -2.0),
        ("<u8", &[7, 0, 0, 0, 0, 0, 0, 0], 7.0),
        ("<i4", &[254, 255, 255, 255], -2.0),
        ("<u4", &[255, 255, 0, 0], 65535.0),
        ("<i2", &[254, 255], -2.0),
        ("<u2", &[254, 255], 65534.0),
        ("|i1", &[255], -1.0),
        ("|u1", &[255], 255.0),
        ("|b1", &[1], 1.0),
    ];
    for (dtype, data, value) in types {
        for deflate in [false, true] {
            let file = DataFile::parse(&archive(&[("x.npy", array(dtype, "(1,)", data))], deflate))
                .unwrap();
            assert_eq!(
                file.arrays["x"],
                Array {
                    shape: vec![1],
                    values: vec![value]
                },
                "{dtype}"
            );
        }
    }
}

#[test]
fn headers_of_every_version_and_order() {
    let header = "{\"shape\": (2, 1), \"fortran_order\": False, \"descr\": \"|u1\"}";
    for version in 1..=3 {
        assert_eq!(
            one(npy(version, header, &[3, 4])).unwrap().arrays["x"].values,
            [3.0, 4.0]
        );
    }
    assert_eq!(
        one(array("|u1", "()", &[9])).unwrap().arrays["x"].shape,
        [0usize; 0]
    );
    let fortran = |shape: &str| {
        npy(
            1,
            &format!("{{'descr': '|u1', 'fortran_order': True, 'shape': {shape}}}"),
            &[1, 2],
        )
    };
    assert_eq!(one(fortran("(2,)")).unwrap().arrays["x"].values, [1.0, 2.0]);
    assert_eq!(
        one(fortran("(2, 1)")),
        Err(DataError::FortranOrder { array: x() })
    );
    for broken in [
        "",
        "{",
        "{}",
        "{'descr': '|u1'}",
        "{'descr': '|u1', 'fortran_order': 0, 'shape': (2,)}",
        "{'a': 'b'}",
    ] {
        assert_eq!(
            one(npy(1, broken, &[1, 2])),
            Err(DataError::Header { array: x() }),
            "{broken}"
        );
    }
    assert_eq!(
        one(npy(4, header, &[3, 4])),
        Err(DataError::Header { array: x() })
    );
}

#[test]
fn arrays_that_do_not_add_up() {
    assert_eq!(
        one(array(">f4", "(1,)", &[0; 4])),
        Err(DataError::ElementType {
            array: x(),
            dtype: ">f4".into()
        })
    );
    let short = DataError::Length {
        array: x(),
        shape: vec![2],
        expected: Some(8),
        actual: 4,
    };
    assert_eq!(one(array("<f4", "(2,)", &[0; 4])), Err(short));
    let huge = one(array("<f4", "(9223372036854775807, 4)", &[0; 4]));
    assert!(matches!(
        huge,
        Err(DataError::Length { expected: None, .. })
    ));
    assert_eq!(
        one(array("<f4", "(1,)", &[0, 0, 192, 127])),
        Err(DataError::NotFinite {
            array: x(),
            index: 0
        })
    );
}

#[test]
fn archives_that_do_not_add_up() {
    assert!(matches!(
        DataFile::parse(b"PK"),
        Err(DataError::Archive { .. })
    ));
    let good = archive(&[("x.npy", array("|u1", "(2,)", &[1, 2]))], true);
    assert!(matches!(
        DataFile::parse(&good[..good.len() - 1]),
        Err(DataError::Archive { .. })
    ));
    let directory = good
        .windows(4)
        .position(|window| window == b"PK\x01\x02")
        .unwrap();
    let patched = |offset: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[directory + offset..directory + offset + bytes.len()].copy_from_slice(bytes);
        DataFile::parse(&file)
    };
    assert_eq!(
        patched(10, &[12, 0]),
        Err(DataError::Method {
            member: "x.npy".into(),
            method: 12
        })
    );
    assert_eq!(
        patched(8, &[1, 0]),
        Err(DataError::Method {
            member: "x.npy".into(),
            method: 8
        })
    );
    assert_eq!(
        patched(16, &[0; 4]),
        Err(DataError::Damaged {
            member: "x.npy".into()
        })
    );
    assert_eq!(
        patched(24, &[1, 0, 0, 0]),
        Err(DataError::Damaged {
            member: "x.npy".into()
        })
    );
    assert!(matches!(
        patched(24, &[255; 4]),
        Err(DataError::Expansion { .. })
    ));
    assert!(matches!(patched(0, b"QK"), Err(DataError::Archive { .. })));
}

#[test]
fn members_that_are_no_arrays_or_occur_twice() {
    let foreign = archive(&[("readme.txt", vec![])], false);
    assert_eq!(
        DataFile::parse(&foreign),
        Err(DataError::NotAnArray {
            member: "readme.txt".into()
        })
    );
    let bytes = array("|u1", "(1,)", &[1]);
    let twice = archive(&[("x.npy", bytes.clone()), ("x.npy", bytes)], false);
    assert_eq!(
        DataFile::parse(&twice),
        Err(DataError::Duplicate { array: x() })
    );
}

#[test]
fn a_bomb_is_refused_before_it_expands() {
    let zeros = array("|u1", "(4000000,)", &vec![0; 4_000_000]);
    let bomb = archive(&[("x.npy", zeros.clone())], true);
    assert!(
        matches!(DataFile::parse(&bomb), Err(DataError::Expansion { expanded, .. }) if expanded > 4_000_000)
    );
    assert!(DataFile::parse(&archive(&[("x.npy", zeros)], false)).is_ok());
}

#[test]
fn json_arrays() {
    let file = json(r#"{"x": [[1, 2.5], [-3, 4e1]], "s": 7, "e": [], "m": [[[0]]]}"#).unwrap();
    assert_eq!(
        file.arrays["x"],
        Array {
            shape: vec![2, 2],
            values: vec![1.0, 2.5, -3.0, 40.0]
        }
    );
    assert_eq!(
        file.arrays["s"],
        Array {
            shape: vec![],
            values: vec![7.0]
        }
    );
    assert_eq!(
        file.arrays["e"],
        Array {
            shape: vec![0],
            values: vec![]
        }
    );
    assert_eq!(file.arrays["m"].shape, [1, 1, 1]);
}

#[test]
fn json_mistakes() {
    for ragged in [
        "[[1], [1, 2]]",
        "[1, [2]]",
        "[[1], 2]",
        "[[], [1]]",
        "[[], 1]",
        "[[[]], []]",
    ] {
        let parsed = json(&format!("{{\"x\": {ragged}}}"));
        // Lists that are empty at one depth and missing at another have no shape of their own.
        assert!(
            parsed == Err(DataError::Ragged { array: x() }),
            "{ragged}: {parsed:?}"
        );
    }
    for other in ["\"a\"", "true", "null", "{}", "[1, \"a\"]"] {
        assert_eq!(
            json(&format!("{{\"x\": {other}}}")),
            Err(DataError::NotANumber { array: x() }),
            "{other}"
        );
    }
    assert_eq!(
        json(r#"{"x": [1], "x": [2]}"#),
        Err(DataError::Duplicate { array: x() })
    );
    assert_eq!(
        json(r#"{"x": [1, 1e39]}"#),
        Err(DataError::NotFinite {
            array: x(),
            index: 1
        })
    );
    for syntax in ["", "[1]", "{\"x\": [1}", "{\"x\": [1]} 2", "{\"x\": [NaN]}"] {
        assert!(
            matches!(json(syntax), Err(DataError::Json { .. })),
            "{syntax}"
        );
    }
}

#[test]
fn samples_and_single_inputs() {
    let file =
        json(r#"{"x": [[1, 2], [3, 4]], "y": [[1, 2]], "z": [1, 2], "w": [[[1, 2]]], "n": []}"#)
            .unwrap();
    assert_eq!(
        file.samples("x", &[1, 2]),
        Ok(vec![vec![1.0, 2.0], vec![3.0, 4.0]])
    );
    assert_eq!(file.samples("w", &[1, 2]), Ok(vec![vec![1.0, 2.0]]));
    for name in ["y", "z", "w"] {
        assert_eq!(file.single(name, &[1, 2]), Ok(vec![1.0, 2.0]), "{name}");
    }
    let wrong = DataError::InputShape {
        array: x(),
        expected: vec![1, 2],
        actual: vec![2, 2],
    };
    assert_eq!(file.single("x", &[1, 2]), Err(wrong));
    let wrong = DataError::SampleShape {
        array: "z".into(),
        expected: vec![2],
        actual: vec![2],
    };
    assert_eq!(file.samples("z", &[1, 2]), Err(wrong));
    assert!(
        matches!(file.samples("q", &[2]), Err(DataError::MissingArray { found, .. }) if found.len() == 5)
    );
    assert_eq!(
        file.samples("n", &[]),
        Err(DataError::NoSamples { array: "n".into() })
    );
}

#[test]
fn labels_are_class_indices() {
    let labels = |text: &str| {
        json(&format!("{{\"labels\": {text}}}"))
            .unwrap()
            .labels(2, 10)
    };
    assert_eq!(labels("[3, 9]"), Ok(Some(vec![3, 9])));
    assert_eq!(labels("[[3], [9]]"), Ok(Some(vec![3, 9])));
    assert_eq!(json("{}").unwrap().labels(2, 10), Ok(None));
    assert_eq!(
        labels("[3]"),
        Err(DataError::LabelShape {
            expected: 2,
            actual: vec![1]
        })
    );
    for (text, value) in [("[3, 10]", 10.0), ("[3, 0.5]", 0.5), ("[3, -1]", -1.0)] {
        assert_eq!(
            labels(text),
            Err(DataError::Label {
                index: 1,
                value,
                classes: 10
            })
        );
    }
}
