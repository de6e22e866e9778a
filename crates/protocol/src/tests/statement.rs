//! What a proof is about: model, context, setup and public values are all bound.

use alloc::vec::Vec;

use crate::backend::Reference;
use crate::curve::Fr;
use crate::digest::Digest32;
use crate::encoding::DecodeError;
use crate::error::{ProveError, VerifyError};
use crate::keys::{ProvingKey, VerifyingKey, generate};
use crate::linear::weights::WeightMatrix;
use crate::program::{Program, ProgramParts};
use crate::proof::{Proof, PublicTensor, begin};
use crate::prove::{ProveOptions, prove};
use crate::srs::Srs;
use crate::table::Outputs;
use crate::testing::{Network, dev, keys, networks, random};
use crate::transcript::Lambda;
use crate::verify::{VerifyOptions, verify};

fn proof_of(key: &ProvingKey, network: &Network, options: &ProveOptions<'_>) -> Proof {
    let tools = (&Reference, &mut random(3) as &mut _);
    prove(key, &network.witness(), options, tools).unwrap()
}

fn public(network: &Network) -> [u32; 2] {
    [0, network.output]
}

fn with_public(proof: &Proof, public: Vec<PublicTensor>) -> Vec<u8> {
    Proof::new((proof.model(), None), public, proof.argument().to_vec()).to_bytes()
}

#[test]
fn public_values_are_bound() {
    let (_, network) = &networks()[1];
    let (_, key) = keys(network);
    let options = ProveOptions {
        public: &public(network),
        context: &[],
    };
    let proof = proof_of(&key, network, &options);
    let check = |public: Vec<PublicTensor>| {
        verify(key.verifying(), &with_public(&proof, public), &dev()).map(|_| ())
    };
    let honest = proof.public().to_vec();
    assert_eq!(check(honest.clone()), Ok(()));
    let change = |tensor: usize, change: &dyn Fn(&mut Vec<i64>)| {
        let mut public = honest.clone();
        let mut values = public[tensor].values().to_vec();
        change(&mut values);
        public[tensor] = PublicTensor::new(public[tensor].tensor() as u32, values);
        check(public)
    };
    for (tensor, values) in honest.iter().enumerate() {
        for place in 0..values.values().len() {
            let step = |values: &mut Vec<i64>| {
                values[place] += if values[place] < 7 { 1 } else { -1 };
            };
            assert_eq!(change(tensor, &step), Err(VerifyError::Equations));
        }
        let index = values.tensor() as u32;
        for (more, found) in [
            (1, values.values().len() + 1),
            (-1, values.values().len() - 1),
        ] {
            let resize = |values: &mut Vec<i64>| {
                let length = values.len().saturating_add_signed(more);
                values.resize(length, 0);
            };
            let error = VerifyError::PublicLength {
                tensor: index,
                expected: values.values().len(),
                found,
            };
            assert_eq!(change(tensor, &resize), Err(error));
        }
        for found in [8, -9, i64::MAX, i64::MIN] {
            let error = VerifyError::PublicValue {
                tensor: index,
                found,
            };
            let last = |values: &mut Vec<i64>| *values.last_mut().unwrap() = found;
            assert_eq!(change(tensor, &last), Err(error));
        }
    }
}

#[test]
fn the_list_of_public_tensors_is_bound() {
    let (_, network) = &networks()[0];
    let (_, key) = keys(network);
    let options = ProveOptions {
        public: &public(network),
        context: &[],
    };
    let proof = proof_of(&key, network, &options);
    let [input, output] = <[PublicTensor; 2]>::try_from(proof.public().to_vec()).unwrap();
    let check = |public: &[&PublicTensor]| {
        let public = public.iter().copied().cloned().collect();
        verify(key.verifying(), &with_public(&proof, public), &dev()).map(|_| ())
    };
    assert_eq!(check(&[&input, &output]), Ok(()));
    for subset in [&[][..], &[&input], &[&output]] {
        assert_eq!(check(subset), Err(VerifyError::Equations));
    }
    let refused = |tensor| Err(VerifyError::PublicTensor { tensor });
    assert_eq!(check(&[&output, &input]), refused(0));
    assert_eq!(check(&[&input, &input]), refused(0));
    assert_eq!(check(&[&input, &output, &output]), refused(2));
    let hidden: Vec<i64> = network.trace()[1].iter().map(|cell| cell.out).collect();
    let hidden = PublicTensor::new(1, hidden);
    assert_eq!(check(&[&input, &hidden, &output]), refused(1));
    for tensor in [3, u32::MAX] {
        let unknown = PublicTensor::new(tensor, input.values().to_vec());
        assert_eq!(check(&[&input, &unknown]), refused(tensor));
    }
}

#[test]
fn a_prover_reveals_only_inputs_and_outputs_and_each_once() {
    let (_, network) = &networks()[0];
    let (_, key) = keys(network);
    for (public, tensor) in [(&[1][..], 1), (&[0, 0], 0), (&[7], 7), (&[2, 0, 2], 2)] {
        let options = ProveOptions {
            public,
            context: &[],
        };
        let tools = (&Reference, &mut random(3) as &mut _);
        let found = prove(&key, &network.witness(), &options, tools);
        assert_eq!(found, Err(ProveError::PublicTensor { tensor }));
    }
    // The order in which a caller names them does not matter.
    let options = ProveOptions {
        public: &[2, 0],
        context: &[],
    };
    let proof = proof_of(&key, network, &options);
    verify(key.verifying(), &proof.to_bytes(), &dev()).unwrap();
}

#[test]
fn a_proof_is_for_one_context() {
    let (_, network) = &networks()[0];
    let (_, key) = keys(network);
    for (made, checked) in [("a", "b"), ("a", ""), ("", "a"), ("a", "a\0")] {
        let options = ProveOptions {
            public: &[],
            context: made.as_bytes(),
        };
        let proof = proof_of(&key, network, &options).to_bytes();
        let check = |context: &'static str| {
            let options = VerifyOptions {
                context: context.as_bytes(),
                ..dev()
            };
            verify(key.verifying(), &proof, &options).map(|_| ())
        };
        assert_eq!(check(made), Ok(()));
        assert_eq!(check(checked), Err(VerifyError::Equations));
    }
}

#[test]
fn every_part_of_the_statement_changes_the_first_challenge() {
    let (_, network) = networks().remove(1);
    let program = &network.program;
    let (model, other) = (Digest32([1; 32]), Digest32([2; 32]));
    let values = |tensor, values: &[i64]| PublicTensor::new(tensor, values.to_vec());
    let lambda = |inferences: Option<u32>, model, context: &[u8], public: &[PublicTensor]| {
        begin(program, (model, &inferences.into()), context, public)
            .challenge::<Lambda>()
            .0
    };
    let of = |inferences| {
        let lambda =
            |model, context: &[u8], public: &[_]| lambda(inferences, model, context, public);
        alloc::vec![
            lambda(model, b"", &[]),
            lambda(other, b"", &[]),
            lambda(model, b"c", &[]),
            lambda(model, b"", &[values(0, &[])]),
            lambda(model, b"", &[values(2, &[])]),
            lambda(model, b"", &[values(0, &[0])]),
            lambda(model, b"", &[values(0, &[1])]),
            lambda(model, b"", &[values(0, &[1, 2])]),
            lambda(model, b"", &[values(0, &[2, 1])]),
            lambda(model, b"", &[values(0, &[1]), values(2, &[2])]),
            lambda(model, b"", &[values(2, &[1]), values(0, &[2])]),
            lambda(model, b"", &[values(0, &[]), values(2, &[1, 2])]),
            // Of no tensor of the program, so that the index alone tells them apart.
            lambda(model, b"", &[values(7, &[1])]),
            lambda(model, b"", &[values(8, &[1])]),
            // As long in a file, and longer.
            lambda(model, b"", &[values(0, &[127])]),
            lambda(model, b"", &[values(0, &[-128])]),
            lambda(model, b"", &[values(0, &[128])]),
            lambda(model, b"", &[values(0, &[-1])]),
            lambda(model, b"", &[values(0, &[255])]),
        ]
    };
    let statements: Vec<Fr> = [None, Some(1), Some(2)].into_iter().flat_map(of).collect();
    for (i, first) in statements.iter().enumerate() {
        assert!(!statements[..i].contains(first), "statement {i}");
    }
}

#[test]
fn another_shape_of_a_public_tensor_changes_the_first_challenge() {
    let (_, network) = networks().remove(1);
    let mut parts = network.program.parts().clone();
    // The input as 2 × 7 instead of 7 × 2, read by a layer that fits.
    parts.tensors[0].positions = alloc::vec![2];
    parts.tensors[0].channels = 7;
    parts.log_weight_columns += 1;
    let runs = parts.layers[0].terms[0].runs_mut();
    for (index, run) in runs.iter_mut().enumerate() {
        *run = 8 * index as u32;
    }
    let other = Program::new(parts).unwrap();
    let public = [PublicTensor::new(0, alloc::vec![1; 14])];
    let lambda = |program| {
        begin(program, (Digest32([1; 32]), &None.into()), &[], &public)
            .challenge::<Lambda>()
            .0
    };
    assert_ne!(lambda(&network.program), lambda(&other));
}

fn key_with(program: Program, weights: WeightMatrix, srs: &Srs) -> ProvingKey {
    let tools = (&Reference, &mut random(2) as &mut _);
    let annotation = b"a test".to_vec();
    generate(program, weights, annotation, srs, tools, &mut |_, _| ()).unwrap()
}

/// Keys of models that differ from a network's in one thing each.
fn other_models(network: &Network, srs: &Srs) -> Vec<ProvingKey> {
    let mut others: Vec<ProvingKey> = Vec::new();
    let mut variant = |change: &dyn Fn(&mut ProgramParts)| {
        let mut parts = network.program.parts().clone();
        change(&mut parts);
        let program = Program::new(parts).unwrap();
        let (rows, columns) = (program.weight_rows(), program.weight_columns());
        let mut weights = WeightMatrix::zero(rows, columns);
        for row in 0..rows.min(network.weights.rows()) {
            for (column, weight) in network.weights.row(row).iter().enumerate() {
                weights.set(row, column, *weight);
            }
        }
        others.push(key_with(program, weights, srs));
    };
    variant(&|parts| parts.log_rows += 1);
    variant(&|parts| parts.lanes += 1);
    variant(&|parts| parts.log_weight_columns += 1);
    variant(&|parts| parts.table.shift += 1);
    variant(&|parts| parts.table.segments[0].outputs = Outputs::Clamp { low: -7, high: 7 });
    variant(&|parts| parts.table.segments[1].length += 1);
    variant(&|parts| parts.tensors[1].segment = 0);
    variant(&|parts| parts.tensors[2].blocks[0].base = 64);
    variant(&|parts| parts.outputs = alloc::vec![1]);
    variant(&|parts| parts.layers[1].bias[0] += 1);
    variant(&|parts| parts.layers[0].terms[0].runs_mut().swap(0, 1));
    let mut weights = network.weights.clone();
    weights.set(0, 0, 9);
    others.push(key_with(network.program.clone(), weights, srs));
    let setup = Srs::development(10, &mut random(8)).unwrap();
    others.push(key_with(
        network.program.clone(),
        network.weights.clone(),
        &setup,
    ));
    others
}

#[test]
fn a_proof_for_one_model_is_none_for_another() {
    let (_, network) = networks().remove(0);
    let (srs, key) = keys(&network);
    let options = ProveOptions {
        public: &public(&network),
        context: &[],
    };
    let proof = proof_of(&key, &network, &options);
    let same = key_with(network.program.clone(), network.weights.clone(), &srs);
    assert_eq!(same.verifying().digest(), key.verifying().digest());

    let others = other_models(&network, &srs);
    let expected = key.verifying().digest();
    let mut digests = alloc::vec![expected];
    for other in &others {
        let found = other.verifying().digest();
        assert!(!digests.contains(&found));
        digests.push(found);
        let wrong = VerifyError::WrongModel {
            expected: found,
            found: expected,
        };
        let result = verify(other.verifying(), &proof.to_bytes(), &dev());
        assert_eq!(result, Err(wrong));
        // Not even with the other model's digest written over its own.
        let renamed = Proof::new(
            (found, None),
            proof.public().to_vec(),
            proof.argument().to_vec(),
        );
        let result = verify(other.verifying(), &renamed.to_bytes(), &dev());
        assert!(
            matches!(
                result,
                Err(VerifyError::Equations
                    | VerifyError::Malformed(_)
                    | VerifyError::PublicTensor { .. }
                    | VerifyError::PublicValue { .. })
            ),
            "{result:?}"
        );
    }
}

#[test]
fn a_verifier_takes_only_the_model_and_the_setup_that_it_wants() {
    let (_, network) = &networks()[0];
    let (_, key) = keys(network);
    let options = ProveOptions::default();
    let proof = proof_of(&key, network, &options).to_bytes();
    let key = key.verifying();
    let check = |key: &VerifyingKey, options: VerifyOptions<'_>| {
        verify(key, &proof, &options).map(|verdict| verdict.model)
    };
    let digest = key.digest();
    let wanted = |model| VerifyOptions { model, ..dev() };
    assert_eq!(check(key, wanted(Some(digest))), Ok(digest));
    let expected = Digest32([0; 32]);
    let wrong = VerifyError::WrongModel {
        expected,
        found: digest,
    };
    assert_eq!(check(key, wanted(Some(expected))), Err(wrong));
    assert_eq!(
        check(key, VerifyOptions::default()),
        Err(VerifyError::DevelopmentSetup)
    );
    let setup = key.setup().digest();
    let trusted = VerifyOptions {
        trusted_setups: &[setup],
        ..VerifyOptions::default()
    };
    assert_eq!(check(key, trusted), Err(VerifyError::DevelopmentSetup));
}

#[test]
fn a_setup_of_unknown_origin_must_be_trusted_by_name() {
    let (_, network) = &networks()[0];
    let (_, key) = keys(network);
    // The same points without the mark of a development setup.
    let mut bytes = key.to_bytes();
    let mark = 4 + 2 + 4 + 4 + 2;
    assert_eq!(bytes[mark], 1);
    bytes[mark] = 0;
    let key = ProvingKey::from_bytes(&bytes).unwrap();
    let proof = proof_of(&key, network, &ProveOptions::default()).to_bytes();
    let setup = key.verifying().setup().digest();
    let check = |options: VerifyOptions<'_>| {
        verify(key.verifying(), &proof, &options).map(|verdict| verdict.setup.name())
    };
    assert_eq!(check(dev()), Err(VerifyError::UnknownSetup { setup }));
    let other = [Digest32([3; 32])];
    let options = VerifyOptions {
        trusted_setups: &other,
        ..VerifyOptions::default()
    };
    assert_eq!(check(options), Err(VerifyError::UnknownSetup { setup }));
    let trusted = [other[0], setup];
    let options = VerifyOptions {
        trusted_setups: &trusted,
        ..VerifyOptions::default()
    };
    assert_eq!(check(options), Ok("unknown"));
}

#[test]
fn public_values_have_one_encoding() {
    let (_, network) = &networks()[0];
    let (_, key) = keys(network);
    let options = ProveOptions {
        public: &[0],
        context: &[],
    };
    let proof = proof_of(&key, network, &options).to_bytes();
    // Header, model, count, index: then the width.
    let width = 4 + 2 + 32 + 4 + 4;
    assert_eq!(proof[width], 1);
    // Zero is the mark of a committed tensor, whose values are not there.
    for found in [9, 255] {
        let mut altered = proof.clone();
        altered[width] = found;
        let error = DecodeError::InvalidNumber {
            what: "width of values",
            found: found.into(),
        };
        assert_eq!(Proof::from_bytes(&altered), Err(error));
    }
    // Two bytes for each value where one is enough.
    let mut wide = proof[..width].to_vec();
    wide.push(2);
    wide.extend(&proof[width + 1..width + 5]);
    for value in &proof[width + 5..width + 8] {
        wide.extend(i16::from(*value as i8).to_le_bytes());
    }
    wide.extend(&proof[width + 8..]);
    let error = DecodeError::InvalidNumber {
        what: "width of values",
        found: 2,
    };
    assert_eq!(Proof::from_bytes(&wide), Err(error));
}
