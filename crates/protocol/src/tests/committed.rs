//! Committed tensors: every inference opens to its own values, and to nothing else.

use alloc::vec::Vec;

use super::batched::{Case, cases, values};
use crate::backend::Reference;
use crate::batch::Batch;
use crate::committed::{
    Opening, OpeningSecret, OpeningSecretError, Subcube, receive_opening, verify_opening,
};
use crate::encoding::widen;
use crate::error::{ProveError, VerifyError};
use crate::program::{Arrangement, Program, ProgramParts};
use crate::proof::{Proof, PublicTensor};
use crate::prove::{ProveOptions, Runs, prove_committed};
use crate::table::{Outputs, Segment};
use crate::testing::{Cheat, Network, dev, networks, prove_falsely, random};
use crate::verify::receive;
use crate::witness::Witness;

/// A proof with its committed tensors and what opens them.
pub(super) struct Sealed {
    pub(super) case: Case,
    witnesses: Vec<Witness>,
    committed: Vec<u32>,
    proof: Vec<u8>,
    secret: OpeningSecret,
}

impl Sealed {
    pub(super) fn new(case: Case, count: Option<usize>, committed: &[u32], seed: u8) -> Self {
        let witnesses = case.witnesses(count.unwrap_or(1));
        let runs = match count {
            None => Runs::One(&witnesses[0]),
            Some(_) => Runs::Batch(&witnesses),
        };
        let (proof, secret) = prove_committed(
            (&case.key, Some(&case.srs)),
            runs,
            committed,
            &ProveOptions::default(),
            (&Reference, &mut random(seed)),
        )
        .unwrap();
        Self {
            proof: proof.to_bytes(),
            witnesses,
            committed: committed.to_vec(),
            secret,
            case,
        }
    }

    /// Three inferences of the dense network, input and output committed.
    fn three() -> Self {
        let case = cases().remove(0);
        let ports = [0, case.network.output];
        Self::new(case, Some(3), &ports, 3)
    }

    fn open(&self, tensor: u32, inference: u32) -> Result<Opening, ProveError> {
        let tools = (&Reference, &mut random(17) as &mut _);
        self.secret
            .open(tensor, inference, self.case.srs.powers(), tools)
    }

    fn check(&self, opening: &Opening) -> Result<Vec<i64>, VerifyError> {
        self.check_bytes(&opening.to_bytes())
    }

    fn check_bytes(&self, opening: &[u8]) -> Result<Vec<i64>, VerifyError> {
        let key = self.case.key.verifying();
        let opened = verify_opening(key, &self.proof, &[opening], &dev(), &[]);
        opened.map(|(_, opened)| opened[0].values.clone())
    }

    fn expected(&self, tensor: u32, inference: u32) -> Vec<i64> {
        let one = &self.witnesses[widen(inference)..][..1];
        values(one, tensor)
    }
}

/// A network whose output has padded cells that are not zero: f(0) = 2.
fn raised() -> Network {
    let (_, mut network) = networks().remove(2);
    let mut parts: ProgramParts = network.program.parts().clone();
    let value = |v: i64| v.clamp(-8, 7) + 2;
    parts.table.segments.push(Segment {
        start: -13,
        length: 26,
        outputs: Outputs::Values((-13..13).map(value).collect()),
    });
    parts.tensors[widen(network.output)].segment = 2;
    network.layers.last_mut().unwrap().segment = 2;
    network.program = Program::new(parts).unwrap();
    network
}

#[test]
fn every_inference_of_every_network_opens_to_its_values() {
    let mut networks: Vec<Network> = networks().into_iter().map(|(_, network)| network).collect();
    networks.push(raised());
    for network in networks {
        let output = network.output;
        let (input, both) = ([0], [0, output]);
        for (count, committed) in [
            (None, &both[..]),
            (Some(1), &[output]),
            (Some(2), &input),
            (Some(5), &both),
        ] {
            let sealed = Sealed::new(Case::new(network.clone()), count, committed, 3);
            let verdict = sealed.case.verify(&sealed.proof).unwrap();
            assert_eq!(verdict.committed, committed);
            assert_eq!(widen(verdict.inferences), count.unwrap_or(1));
            for inference in 0..verdict.inferences {
                for tensor in committed.iter().copied() {
                    let opening = sealed.open(tensor, inference).unwrap();
                    let expected = sealed.expected(tensor, inference);
                    assert_eq!(sealed.check(&opening), Ok(expected));
                }
            }
        }
    }
}

#[test]
fn tensors_that_look_up_in_large_tables_open_to_their_values() {
    // Input and output in one table, the output in one of its own; of the output padded cells hold two.
    for tables in [&[(7, 3)][..], &[(6, 2), (5, 1)]] {
        let network = raised().with_large_tables(tables);
        let both = [0, network.output];
        for count in [None, Some(3)] {
            let mut sealed = Sealed::new(Case::new(network.clone()), count, &both, 3);
            let verdict = sealed.case.verify(&sealed.proof).unwrap();
            assert_eq!(verdict.committed, both);
            sealed.secret = OpeningSecret::from_bytes(&sealed.secret.to_bytes()).unwrap();
            for (tensor, inference) in [(0, 0), (both[1], verdict.inferences - 1)] {
                let mut opening = sealed.open(tensor, inference).unwrap();
                let expected = sealed.expected(tensor, inference);
                assert_eq!(sealed.check(&opening), Ok(expected));
                opening.values[0] += if opening.values[0] > 0 { -1 } else { 1 };
                assert_eq!(sealed.check(&opening), Err(VerifyError::Equations));
            }
        }
    }
}

#[test]
fn a_committed_tensor_has_its_columns_to_itself() {
    for case in cases() {
        for inferences in [None, Some(1), Some(3), Some(100)] {
            let committed = [0, case.network.output].to_vec();
            let arrangement = Arrangement {
                inferences,
                committed: committed.clone(),
            };
            let program = case.program().arranged(&arrangement).unwrap();
            for tensor in committed {
                let own = &program.tensors()[widen(tensor)].blocks;
                for (index, other) in program.tensors().iter().enumerate() {
                    let shared = |b: &&crate::program::Block| own.iter().any(|o| o.lane == b.lane);
                    assert!(index == widen(tensor) || other.blocks.iter().all(|b| !shared(&b)));
                }
                let single = &case.program().tensors()[widen(tensor)];
                let arranged = &program.tensors()[widen(tensor)];
                for inference in 0..inferences.unwrap_or(1) {
                    assert!(Subcube::of(single, arranged, inference).is_some());
                }
            }
        }
    }
}

#[test]
fn openings_and_their_proof_are_decided_together() {
    let sealed = Sealed::three();
    let key = sealed.case.key.verifying();
    let mut batch = Batch::new();
    batch.push(receive(key, &sealed.proof, &dev()).unwrap().0);
    for inference in 0..3 {
        let opening = sealed.open(0, inference).unwrap().to_bytes();
        batch.push(
            receive_opening(key, &sealed.proof, &opening, &dev())
                .unwrap()
                .0,
        );
    }
    let verdict = batch.decide(&[], &Reference);
    assert!(verdict.rejected.is_empty());
    assert_eq!((verdict.decisions, verdict.miller_loops), (1, 4));
}

#[test]
fn an_opening_has_one_length_whatever_the_number_of_inferences() {
    let lengths: Vec<usize> = [1, 8, 64]
        .map(|count| Sealed::new(cases().remove(0), Some(count), &[0], 3))
        .iter()
        .map(|sealed| sealed.open(0, 0).unwrap().argument.len())
        .collect();
    assert_eq!(lengths, [320; 3]);
}

#[test]
fn other_values_or_those_of_another_inference_are_refused() {
    let sealed = Sealed::three();
    for tensor in sealed.committed.clone() {
        let opening = sealed.open(tensor, 1).unwrap();
        for place in 0..opening.values.len() {
            let mut changed = opening.clone();
            changed.values[place] ^= 1;
            assert_eq!(sealed.check(&changed), Err(VerifyError::Equations));
        }
        for other in [0, 2] {
            let another = sealed.open(tensor, other).unwrap();
            assert_ne!(another.values, opening.values);
            let mut values = opening.clone();
            values.values = another.values.clone();
            assert_eq!(sealed.check(&values), Err(VerifyError::Equations));
            // The whole of another opening under this index.
            let mut moved = another;
            moved.inference = 1;
            assert_eq!(sealed.check(&moved), Err(VerifyError::Equations));
        }
    }
}

#[test]
fn an_opening_is_of_one_proof() {
    let sealed = Sealed::three();
    let opening = sealed.open(0, 0).unwrap();
    // The same inferences proved again: other blindings, another proof.
    let again = Sealed::new(cases().remove(0), Some(3), &sealed.committed, 4);
    let found = opening.proof;
    let expected = Proof::digest_of(&again.proof);
    let refused = VerifyError::OtherProof { expected, found };
    assert_eq!(again.check(&opening), Err(refused));
    let mut forged = opening.clone();
    forged.proof = expected;
    assert_eq!(again.check(&forged), Err(VerifyError::Equations));
    // The same proof for another model.
    let mut forged = opening;
    forged.model.0[0] ^= 1;
    let result = sealed.check(&forged);
    assert!(matches!(result, Err(VerifyError::WrongModel { .. })));
}

#[test]
fn an_opening_is_of_one_tensor() {
    let case = cases().remove(1);
    let output = case.network.output;
    let sealed = Sealed::new(case, Some(2), &[0], 3);
    let opening = sealed.open(0, 0).unwrap();
    for tensor in [1, output, 77] {
        let mut moved = opening.clone();
        moved.tensor = tensor;
        assert_eq!(
            sealed.check(&moved),
            Err(VerifyError::NotCommitted { tensor })
        );
        let inference = 0;
        let nothing = ProveError::NothingToOpen { tensor, inference };
        assert_eq!(sealed.open(tensor, 0), Err(nothing));
    }
    // Of one shape, so that only the column and the transcript tell two tensors apart.
    let sealed = Sealed::three();
    let mut moved = sealed.open(0, 0).unwrap();
    moved.tensor = sealed.committed[1];
    moved.values.truncate(2);
    assert_eq!(sealed.check(&moved), Err(VerifyError::Equations));
}

#[test]
fn a_proof_without_committed_tensors_opens_to_nothing() {
    let case = cases().remove(0);
    let sealed = Sealed::three();
    let mut opening = sealed.open(0, 0).unwrap();
    let bytes = prove_falsely(&case.key, &case.network, &Cheat::default());
    opening.proof = Proof::digest_of(&bytes);
    let key = case.key.verifying();
    let result = receive_opening(key, &bytes, &opening.to_bytes(), &dev());
    assert!(matches!(
        result,
        Err(VerifyError::NotCommitted { tensor: 0 })
    ));
}

#[test]
fn another_shape_is_refused() {
    let sealed = Sealed::three();
    let opening = sealed.open(0, 0).unwrap();
    for length in [0, opening.values.len() - 1, opening.values.len() + 1] {
        let mut changed = opening.clone();
        changed.values.resize(length, 0);
        let result = sealed.check(&changed);
        assert!(matches!(result, Err(VerifyError::PublicLength { .. })));
    }
    let mut wide = opening;
    wide.values[0] = 1 << 20;
    let result = sealed.check(&wide);
    assert!(matches!(result, Err(VerifyError::PublicValue { .. })));
}

#[test]
fn padded_inferences_cannot_be_opened() {
    let sealed = Sealed::three();
    let opening = sealed.open(0, 2).unwrap();
    for inference in [3, 4, u32::MAX] {
        let mut moved = opening.clone();
        moved.inference = inference;
        let inferences = 3;
        let refused = VerifyError::NoInference {
            inference,
            inferences,
        };
        assert_eq!(sealed.check(&moved), Err(refused));
        let nothing = ProveError::NothingToOpen {
            tensor: 0,
            inference,
        };
        assert_eq!(sealed.open(0, inference), Err(nothing));
    }
}

#[test]
fn every_field_of_an_opening_counts() {
    let sealed = Sealed::three();
    let bytes = sealed.open(0, 1).unwrap().to_bytes();
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 1;
        assert!(sealed.check_bytes(&altered).is_err(), "byte {place}");
        assert!(sealed.check_bytes(&bytes[..place]).is_err());
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(
        sealed.check_bytes(&longer),
        Err(VerifyError::Malformed(_))
    ));
}

#[test]
fn a_good_opening_of_a_false_proof_is_refused() {
    let case = cases().remove(0);
    let sealed = Sealed::three();
    let opening = sealed.open(0, 0).unwrap();
    let mut proof = sealed.proof.clone();
    let last = proof.len() - 32;
    proof.copy_within(last - 32..last, last);
    let mut forged = opening;
    forged.proof = Proof::digest_of(&proof);
    let key = case.key.verifying();
    let result = verify_opening(key, &proof, &[&forged.to_bytes()], &dev(), &[]);
    assert_eq!(result.map(|_| ()), Err(VerifyError::Equations));
}

#[test]
fn values_in_rows_beside_the_tensor_are_not_proved() {
    for (_, network) in networks() {
        let case = Case::new(network);
        let output = case.network.output;
        let arrangement = Arrangement {
            inferences: None,
            committed: [0, output].to_vec(),
        };
        let program = case.program().arranged(&arrangement).unwrap();
        assert_eq!(program.log_rows(), case.program().log_rows());
        let honest = Cheat {
            committed: arrangement.committed.clone(),
            ..Cheat::default()
        };
        let proof = prove_falsely(&case.key, &case.network, &honest);
        assert_eq!(case.verify(&proof).unwrap().committed, [0, output]);
        for tensor in [0, output] {
            let tensor = &program.tensors()[widen(tensor)];
            let block = tensor.blocks[0];
            let beside = widen(block.base) + (1 << tensor.block_bits());
            let write = |_: &Program, columns: &mut [Vec<i64>]| {
                columns[3 * widen(block.lane) + 2][beside] = 1;
            };
            let cheat = Cheat {
                committed: arrangement.committed.clone(),
                columns: &write,
                ..Cheat::default()
            };
            let proof = prove_falsely(&case.key, &case.network, &cheat);
            assert_eq!(case.verify(&proof), Err(VerifyError::Equations));
        }
    }
}

#[test]
fn what_is_committed_is_part_of_the_statement() {
    let sealed = Sealed::three();
    let proof = Proof::from_bytes(&sealed.proof).unwrap();
    let output = sealed.case.network.output;
    for (committed, inferences) in [
        (&[][..], 3),
        (&[0][..], 3),
        (&[output], 3),
        (&[0, output], 2),
        (&[0, output], 4),
    ] {
        let arrangement = Arrangement {
            inferences: Some(inferences),
            committed: committed.to_vec(),
        };
        let model = (proof.model(), arrangement);
        let forged = Proof::new(model, Vec::new(), proof.argument().to_vec());
        assert!(sealed.case.verify(&forged.to_bytes()).is_err());
    }
}

#[test]
fn what_cannot_be_committed_is_refused() {
    let sealed = Sealed::three();
    let output = sealed.case.network.output;
    let proof = Proof::from_bytes(&sealed.proof).unwrap();
    let zeros = PublicTensor::new(0, alloc::vec![0; 9]);
    for (committed, public, tensor) in [
        (&[1][..], &[][..], 1),
        (&[0, 9], &[], 9),
        (&[0, output], &[zeros], 0),
    ] {
        let arrangement = Arrangement {
            inferences: Some(3),
            committed: committed.to_vec(),
        };
        let model = (proof.model(), arrangement);
        let forged = Proof::new(model, public.to_vec(), proof.argument().to_vec());
        let result = receive(sealed.case.key.verifying(), &forged.to_bytes(), &dev());
        let malformed = matches!(result, Err(VerifyError::Malformed(_)));
        let refused = result.is_err_and(|e| e == VerifyError::CommittedTensor { tensor });
        assert!(refused || (malformed && tensor == 0));
    }
    let prove = |committed: &[u32], public: &[u32]| {
        let options = ProveOptions {
            public,
            context: b"",
        };
        let tools = (&Reference, &mut random(3) as &mut _);
        let key = (&sealed.case.key, None);
        let witness = &sealed.witnesses[0];
        prove_committed(key, Runs::One(witness), committed, &options, tools).map(|_| ())
    };
    for (committed, public, tensor) in [
        (&[1][..], &[][..], 1),
        (&[0, 0], &[], 0),
        (&[0], &[0], 0),
        (&[40], &[], 40),
    ] {
        let refused = ProveError::CommittedTensor { tensor };
        assert_eq!(prove(committed, public), Err(refused));
    }
}

/// Why openings are arguments and not paths in a tree of hashes: a root that a proof merely carries is whatever its maker likes.
#[test]
fn a_root_of_values_beside_a_proof_binds_nothing() {
    use crate::digest::{Digest32, Hasher};
    let case = cases().remove(0);
    let witnesses = case.witnesses(2);
    let leaf = |values: &[i64]| {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Hasher::new("leaf").part(&bytes).finish()
    };
    let root = |leaves: [Digest32; 2]| {
        let [a, b] = leaves;
        Hasher::new("node").part(&a.0).part(&b.0).finish()
    };
    let output = case.network.output;
    let outputs = |i: usize| values(&witnesses[i..=i], output);
    let mut lie = outputs(1);
    lie[0] += 1;
    let false_root = root([leaf(&outputs(0)), leaf(&lie)]);

    // The proof absorbs the root, as the strongest way to carry it, and is honest and accepted; the path to the lie checks out.
    let options = ProveOptions {
        public: &[],
        context: &false_root.0,
    };
    let tools = (&Reference, &mut random(3) as &mut _);
    let proof = crate::prove::prove_batch((&case.key, None), &witnesses, &options, tools).unwrap();
    let accept = crate::verify::VerifyOptions {
        context: &false_root.0,
        ..dev()
    };
    let key = case.key.verifying();
    assert!(crate::verify::verify(key, &proof.to_bytes(), &accept).is_ok());
    assert_eq!(root([leaf(&outputs(0)), leaf(&lie)]), false_root);

    // With the tensor committed, the same lie does not open.
    let sealed = Sealed::new(case, Some(2), &[output], 3);
    let mut opening = sealed.open(output, 1).unwrap();
    opening.values = lie;
    assert_eq!(sealed.check(&opening), Err(VerifyError::Equations));
}

#[test]
fn secrets_read_back_and_damaged_ones_give_no_opening() {
    let mut sealed = Sealed::three();
    let bytes = sealed.secret.to_bytes();
    let read = OpeningSecret::from_bytes(&bytes).unwrap();
    assert_eq!(read.to_bytes(), bytes);
    assert_eq!((read.inferences(), read.committed()), (3, &[0, 2][..]));
    sealed.secret = read;
    let opening = sealed.open(0, 1).unwrap();
    assert!(sealed.check(&opening).is_ok());
    // The blinding of the last column: the opening would not verify, so there is none.
    let mut damaged = bytes.clone();
    let last = damaged.len() - 32;
    damaged[last] ^= 1;
    sealed.secret = OpeningSecret::from_bytes(&damaged).unwrap();
    let output = sealed.case.network.output;
    assert_eq!(sealed.open(output, 1), Err(ProveError::Unsatisfied));
    for length in 0..bytes.len() {
        assert!(OpeningSecret::from_bytes(&bytes[..length]).is_err());
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(
        OpeningSecret::from_bytes(&longer),
        Err(OpeningSecretError::Malformed(_))
    ));
}

#[test]
fn inferences_are_counted_through_the_proofs_of_a_secret() {
    let first = Sealed::three();
    let second = Sealed::new(cases().remove(0), Some(2), &first.committed, 5);
    let mut secret = first.secret.clone();
    secret.append(second.secret.clone()).unwrap();
    assert_eq!(secret.inferences(), 5);
    let open = |inference| {
        let tools = (&Reference, &mut random(17) as &mut _);
        secret.open(0, inference, first.case.srs.powers(), tools)
    };
    assert_eq!(first.check(&open(2).unwrap()), Ok(first.expected(0, 2)));
    assert_eq!(second.check(&open(4).unwrap()), Ok(second.expected(0, 1)));
    assert!(open(5).is_err());
    let other = Sealed::new(cases().remove(1), None, &[0], 3);
    assert!(secret.append(other.secret).is_err());
}
