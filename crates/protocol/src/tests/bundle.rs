//! Bundles: what is read is what was written, and damage and lies are named by part and place.

use alloc::vec::Vec;

use super::batched::cases;
use crate::backend::Reference;
use crate::batch::Batch;
use crate::bundle::{
    BUNDLE_HEADER_BYTES, BundleEntry, BundleError, BundleFault, BundleFront, BundleHeader,
    BundlePart, BundleWriter,
};
use crate::digest::{Digest32, Hasher};
use crate::encoding::{DecodeError, widen};
use crate::error::VerifyError;
use crate::keys::VerifyingKey;
use crate::proof::Proof;
use crate::prove::{ProveOptions, prove, prove_batch};
use crate::testing::{dev, random};
use crate::verify::receive;

/// A key, proofs of one, three and two inferences, and the bundle of them.
struct Bundled {
    key: VerifyingKey,
    proofs: Vec<Vec<u8>>,
    bytes: Vec<u8>,
}

impl Bundled {
    fn new() -> Self {
        let case = cases().remove(0);
        let witnesses = case.witnesses(6);
        let public = [0, case.network.output];
        let options = ProveOptions {
            public: &public,
            context: b"",
        };
        let mut random = random(3);
        let tools = (&Reference, &mut random as &mut _);
        let one = prove(&case.key, &witnesses[0], &options, tools).unwrap();
        let mut proofs = [one.to_bytes()].to_vec();
        for range in [1..4, 4..6] {
            let tools = (&Reference, &mut random as &mut _);
            let key = (&case.key, None);
            let proof = prove_batch(key, &witnesses[range], &options, tools).unwrap();
            proofs.push(proof.to_bytes());
        }
        let key = case.key.verifying().clone();
        let bytes = write(&key, &proofs);
        Self { key, proofs, bytes }
    }

    fn index(&self) -> usize {
        BUNDLE_HEADER_BYTES + self.key.to_bytes().len()
    }

    /// The bundle with another index, whose digest is made to fit.
    fn with_index(&self, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let (front, proofs) = self.bytes.split_at(self.index() + 40 * self.proofs.len());
        let (head, index) = front.split_at(self.index());
        let mut index = index.to_vec();
        change(&mut index);
        let count = u32::try_from(index.len() / 40).unwrap();
        let key = &head[BUNDLE_HEADER_BYTES..];
        let digest = Hasher::new("tensorseal bundle")
            .part(key)
            .part(&count.to_le_bytes())
            .part(&index)
            .finish();
        [
            &head[..10],
            &count.to_le_bytes(),
            &digest.0,
            key,
            &index,
            proofs,
        ]
        .concat()
    }
}

fn write(key: &VerifyingKey, proofs: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = BundleWriter::new(key);
    for proof in proofs {
        writer.push(proof).unwrap();
    }
    writer.finish().unwrap()
}

/// Reads a bundle as a lazy reader does and verifies all of it.
fn verify(bytes: &[u8]) -> Result<Vec<usize>, BundleError> {
    let front = front(bytes)?;
    let key = VerifyingKey::from_bytes(front.key()).unwrap();
    let mut batch = Batch::new();
    for entry in front.entries() {
        let proof = slice(bytes, entry);
        entry.check(proof)?;
        batch.push(receive(&key, proof, &dev()).unwrap().0);
    }
    Ok(batch.decide(&[], &Reference).rejected)
}

/// Whether every part is what the bundle names; proofs are not verified.
fn check(bytes: &[u8]) -> Result<(), BundleError> {
    let front = front(bytes)?;
    let mut entries = front.entries().iter();
    entries.try_for_each(|entry| entry.check(slice(bytes, entry)))
}

fn front(bytes: &[u8]) -> Result<BundleFront, BundleError> {
    let header = BundleHeader::from_bytes(&bytes[..bytes.len().min(BUNDLE_HEADER_BYTES)])?;
    let end = header.front_bytes().min(bytes.len());
    let front = BundleFront::from_bytes(&bytes[..end])?;
    front.check_length(bytes.len() as u64)?;
    Ok(front)
}

fn slice<'a>(bytes: &'a [u8], entry: &BundleEntry) -> &'a [u8] {
    &bytes[usize::try_from(entry.offset).unwrap()..][..widen(entry.length)]
}

#[test]
fn a_bundle_holds_its_key_and_its_proofs_in_their_order() {
    let bundled = Bundled::new();
    let front = front(&bundled.bytes).unwrap();
    assert_eq!(front.key(), bundled.key.to_bytes());
    assert_eq!(front.inferences(), 6);
    for (entry, proof) in front.entries().iter().zip(&bundled.proofs) {
        assert_eq!(slice(&bundled.bytes, entry), proof);
        assert_eq!(entry.digest, Proof::digest_of(proof));
    }
    assert_eq!(verify(&bundled.bytes), Ok(Vec::new()));
}

#[test]
fn every_altered_byte_is_named_by_its_part() {
    let bundled = Bundled::new();
    let index = bundled.index();
    let proofs = index + 40 * 3;
    for place in 0..bundled.bytes.len() {
        let mut bytes = bundled.bytes.clone();
        bytes[place] ^= 1;
        let error = check(&bytes).unwrap_err();
        let expected = if place < 6 {
            BundlePart::Header
        } else if place < 14 {
            // Lengths: whatever part they end in.
            continue;
        } else if place < proofs {
            BundlePart::Index
        } else {
            let mut proof = 0;
            let mut end = proofs + bundled.proofs[0].len();
            while place >= end {
                proof += 1;
                end += bundled.proofs[proof].len();
            }
            BundlePart::Proof(u32::try_from(proof).unwrap())
        };
        assert_eq!(error.part, expected, "byte {place}");
    }
}

#[test]
fn a_bundle_that_is_cut_short_names_the_part_that_is_missing() {
    let bundled = Bundled::new();
    let ends = [
        (BUNDLE_HEADER_BYTES, BundlePart::Header),
        (bundled.index(), BundlePart::Key),
        (bundled.index() + 120, BundlePart::Index),
    ];
    let mut ends: Vec<(usize, BundlePart)> = ends.to_vec();
    for (place, proof) in (0..).zip(&bundled.proofs) {
        ends.push((
            ends.last().unwrap().0 + proof.len(),
            BundlePart::Proof(place),
        ));
    }
    for length in 0..bundled.bytes.len() {
        let error = verify(&bundled.bytes[..length]).unwrap_err();
        let part = ends.iter().find(|(end, _)| length < *end).unwrap().1;
        assert_eq!(error.part, part, "{length}");
    }
    let error = verify(&[&bundled.bytes[..], &[0]].concat()).unwrap_err();
    assert_eq!(error.part, BundlePart::End);
    assert_eq!(error.fault, BundleFault::TrailingBytes { count: 1 });
    assert_eq!(error.offset, bundled.bytes.len() as u64);
}

#[test]
fn an_index_that_lies_is_refused() {
    let bundled = Bundled::new();
    assert_eq!(bundled.with_index(|_| ()), bundled.bytes);
    let lengths: Vec<u32> = (0..3)
        .map(|i| u32::try_from(bundled.proofs[i].len()).unwrap())
        .collect();
    let proof = BundlePart::Proof;
    // The order: two entries exchanged.
    let error = verify(&bundled.with_index(|index| index.rotate_left(40))).unwrap_err();
    assert_eq!((error.part, error.fault), (proof(0), BundleFault::Digest));
    // The count: an entry too few or too many.
    let error = verify(&bundled.with_index(|index| index.truncate(80))).unwrap_err();
    assert_eq!(error.part, BundlePart::End);
    let more = |index: &mut Vec<u8>| index.extend_from_within(80..);
    let error = verify(&bundled.with_index(more)).unwrap_err();
    assert_eq!(error.part, proof(3));
    assert!(matches!(
        error.fault,
        BundleFault::Truncated { found: 0, .. }
    ));
    // Lengths, and with them all offsets behind them: what one proof gains, the next loses.
    let shift = |index: &mut Vec<u8>| {
        index[..4].copy_from_slice(&(lengths[0] + 1).to_le_bytes());
        index[40..44].copy_from_slice(&(lengths[1] - 1).to_le_bytes());
    };
    let error = verify(&bundled.with_index(shift)).unwrap_err();
    assert_eq!((error.part, error.fault), (proof(0), BundleFault::Digest));
    for length in [0, u32::MAX] {
        let lie = |index: &mut Vec<u8>| index[..4].copy_from_slice(&length.to_le_bytes());
        let error = verify(&bundled.with_index(lie)).unwrap_err();
        assert!(matches!(error.fault, BundleFault::Size { .. }));
    }
    // The inferences of a batch.
    let lie = |index: &mut Vec<u8>| index[44..48].copy_from_slice(&4u32.to_le_bytes());
    let error = verify(&bundled.with_index(lie)).unwrap_err();
    let (claimed, found) = (4, 3);
    let fault = BundleFault::Inferences { claimed, found };
    assert_eq!((error.part, error.fault), (proof(1), fault));
}

#[test]
fn another_order_is_another_bundle() {
    let mut bundled = Bundled::new();
    let digest = front(&bundled.bytes).unwrap().digest();
    bundled.proofs.rotate_left(1);
    let other = write(&bundled.key, &bundled.proofs);
    assert_eq!(verify(&other), Ok(Vec::new()));
    assert_ne!(front(&other).unwrap().digest(), digest);
    bundled.proofs.pop();
    let fewer = write(&bundled.key, &bundled.proofs);
    assert_ne!(front(&fewer).unwrap().digest(), digest);
}

#[test]
fn the_same_proof_twice_is_two_proofs_of_one_answer() {
    let mut bundled = Bundled::new();
    bundled.proofs[2] = bundled.proofs[0].clone();
    assert_eq!(
        verify(&write(&bundled.key, &bundled.proofs)),
        Ok(Vec::new())
    );
}

#[test]
fn a_public_value_changed_in_the_bundle_is_false_even_if_every_digest_is_made_to_fit() {
    let mut bundled = Bundled::new();
    for place in 0..3 {
        let proof = Proof::from_bytes(&bundled.proofs[place]).unwrap();
        let mut public = proof.public().to_vec();
        let mut values = public[0].values().to_vec();
        values[0] ^= 1;
        public[0] = crate::proof::PublicTensor::new(0, values);
        let model = (proof.model(), proof.arrangement().clone());
        let forged = Proof::new(model, public, proof.argument().to_vec());
        let honest = core::mem::replace(&mut bundled.proofs[place], forged.to_bytes());
        assert_eq!(
            verify(&write(&bundled.key, &bundled.proofs)),
            Ok([place].to_vec())
        );
        bundled.proofs[place] = honest;
    }
}

#[test]
fn proofs_of_another_model_are_refused() {
    let bundled = Bundled::new();
    let other = cases().remove(1);
    let bytes = write(other.key.verifying(), &bundled.proofs);
    let front = front(&bytes).unwrap();
    let key = VerifyingKey::from_bytes(front.key()).unwrap();
    let entry = &front.entries()[0];
    let proof = slice(&bytes, entry);
    assert_eq!(entry.check(proof), Ok(()));
    let result = receive(&key, proof, &dev());
    assert!(matches!(result, Err(VerifyError::WrongModel { .. })));
}

#[test]
fn sizes_are_bounded_before_anything_is_read() {
    let header = |key: u32, proofs: u32| {
        let mut bytes = b"TSbn\x01\x00".to_vec();
        bytes.extend(key.to_le_bytes());
        bytes.extend(proofs.to_le_bytes());
        bytes.extend(Digest32([0; 32]).0);
        BundleHeader::from_bytes(&bytes)
    };
    assert!(header(2000, 1000).is_ok());
    assert!(header(1 << 24, 1 << 20).unwrap().front_bytes() < 60_000_000);
    for (key, proofs) in [(0, 1), (1, 0), (1 << 25, 1), (1, u32::MAX)] {
        let error = header(key, proofs).unwrap_err();
        assert!(matches!(error.fault, BundleFault::Size { .. }));
    }
    let empty = BundleWriter::new(&Bundled::new().key).finish();
    assert!(matches!(
        empty.unwrap_err().fault,
        BundleFault::Size { found: 0, .. }
    ));
    let error = BundleHeader::from_bytes(b"TSpf\x01\x00").unwrap_err();
    let wrong = |fault| matches!(fault, BundleFault::Malformed(DecodeError::WrongKind { .. }));
    assert!(wrong(error.fault));
}
