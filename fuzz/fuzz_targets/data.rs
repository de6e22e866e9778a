//! Data files: JSON and `.npz` as they come, and `.npy` arrays wrapped into an archive, for an altered archive fails its checksums.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorseal_model::data::DataFile;

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"\x93NUMPY") {
        read(&archive(b"labels.npy", bytes));
    } else {
        read(bytes);
    }
});

fn read(bytes: &[u8]) {
    let Ok(file) = DataFile::parse(bytes) else {
        return;
    };
    for (name, array) in &file.arrays {
        assert!(array.values.iter().all(|value| value.is_finite()));
        let elements = array
            .shape
            .iter()
            .try_fold(1usize, |n, &m| n.checked_mul(m));
        assert!(
            array.shape.contains(&0) || elements == Some(array.values.len()),
            "{:?} with {} values",
            array.shape,
            array.values.len()
        );
        let _ = file.single(name, &array.shape);
        if let Some((samples, shape)) = array.shape.split_first() {
            let _ = file.samples(name, shape);
            let _ = file.labels(*samples, 10);
        }
    }
}

/// A zip archive of one file, stored.
fn archive(name: &[u8], contents: &[u8]) -> Vec<u8> {
    let size = (contents.len() as u32).to_le_bytes();
    let name_size = (name.len() as u16).to_le_bytes();
    // Method, time and date; checksum; both sizes; length of the name and of the extra field.
    let common = [
        &[0; 6],
        &crc32(contents).to_le_bytes()[..],
        &size,
        &size,
        &name_size,
        &[0; 2],
    ]
    .concat();
    let local = [b"PK\x03\x04\x14\0\0\0", &common[..], name, contents].concat();
    let directory = [b"PK\x01\x02\x14\0\x14\0\0\0", &common[..], &[0; 14], name].concat();
    let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec();
    end.extend((directory.len() as u32).to_le_bytes());
    end.extend((local.len() as u32).to_le_bytes());
    end.extend([0; 2]);
    [local, directory, end].concat()
}

/// The checksum of zip archives, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
