//! Many inferences in one proof: all of them are bound, each in its place.

use alloc::vec::Vec;

use crate::backend::Reference;
use crate::encoding::widen;
use crate::error::{ProveError, VerifyError};
use crate::keys::ProvingKey;
use crate::program::{MAX_INFERENCES, Program};
use crate::proof::{Proof, PublicTensor};
use crate::prove::{ProveOptions, powers_for, prove, prove_batch};
use crate::srs::Srs;
use crate::testing::{Network, convolutional, dev, keys, networks, random};
use crate::verify::{Verdict, verify};
use crate::witness::{Cell, Witness};

pub(super) struct Case {
    pub(super) network: Network,
    pub(super) key: ProvingKey,
    pub(super) srs: Srs,
}

/// The networks with a setup for their batches.
pub(super) fn cases() -> Vec<Case> {
    let convolutional = ("convolutional", convolutional(8));
    let networks = networks().into_iter().chain([convolutional]);
    networks.map(|(_, network)| Case::new(network)).collect()
}

impl Case {
    pub(super) fn new(network: Network) -> Self {
        Self {
            key: keys(&network).1,
            // The same secret as that of the smaller setup under the key.
            srs: Srs::development(13, &mut random(1)).unwrap(),
            network,
        }
    }

    pub(super) fn program(&self) -> &Program {
        &self.network.program
    }

    /// Witnesses of inputs that differ.
    pub(super) fn witnesses(&self, count: usize) -> Vec<Witness> {
        let input = &self.network.input;
        let turned = |i: usize| {
            let mut input = input.clone();
            let by = i % input.len();
            input.rotate_left(by);
            self.network.witness_of(&input)
        };
        (0..count).map(turned).collect()
    }

    fn prove(&self, witnesses: &[Witness], public: &[u32]) -> Result<Proof, ProveError> {
        let options = ProveOptions {
            public,
            context: b"",
        };
        let tools = (&Reference, &mut random(3) as &mut _);
        prove_batch((&self.key, Some(&self.srs)), witnesses, &options, tools)
    }

    pub(super) fn verify(&self, proof: &[u8]) -> Result<Verdict, VerifyError> {
        verify(self.key.verifying(), proof, &dev())
    }

    fn public(&self) -> [u32; 2] {
        [0, self.network.output]
    }
}

/// The values of a tensor in all witnesses, one after the other.
pub(super) fn values(witnesses: &[Witness], tensor: u32) -> Vec<i64> {
    let cells = witnesses.iter().flat_map(|w| w.tensor(widen(tensor)));
    cells.map(|cell| cell.out).collect()
}

#[test]
fn batches_of_every_network_verify_with_the_values_of_every_inference() {
    for case in cases() {
        for count in [1, 2, 5, 8] {
            let witnesses = case.witnesses(count);
            let proof = case.prove(&witnesses, &case.public()).unwrap();
            let bytes = proof.to_bytes();
            assert_eq!(Proof::from_bytes(&bytes).unwrap(), proof);
            let verdict = case.verify(&bytes).unwrap();
            assert_eq!(verdict.miller_loops, 4);
            assert_eq!(verdict.inferences, u32::try_from(count).unwrap());
            for (public, tensor) in verdict.public.iter().zip(case.public()) {
                assert_eq!(public.values(), values(&witnesses, tensor));
            }
        }
    }
}

#[test]
fn the_tensors_of_a_batch_can_be_hidden() {
    let case = cases().remove(0);
    let proof = case.prove(&case.witnesses(3), &[]).unwrap();
    assert!(case.verify(&proof.to_bytes()).unwrap().public.is_empty());
}

#[test]
fn one_false_inference_in_any_place_is_not_proved() {
    let case = cases().remove(0);
    let output = widen(case.network.output);
    for place in 0..4 {
        let mut witnesses = case.witnesses(4);
        let mut tensors: Vec<Vec<Cell>> = (0..case.program().tensors().len())
            .map(|index| witnesses[place].tensor(index).to_vec())
            .collect();
        // Another row of the table, so that only the layer's claim is false.
        let cell = &mut tensors[output][0];
        cell.pre += if cell.pre > 0 { -1 } else { 1 };
        let segment = widen(case.program().tensors()[output].segment);
        cell.out = case.program().table().segments[segment]
            .apply(cell.pre)
            .unwrap();
        witnesses[place] = Witness::new(case.program(), tensors).unwrap();
        let result = case.prove(&witnesses, &[]);
        assert_eq!(result, Err(ProveError::Unsatisfied), "place {place}");
    }
}

#[test]
fn a_claim_about_other_values_or_another_order_is_refused() {
    let case = cases().remove(0);
    let witnesses = case.witnesses(3);
    let proof = case.prove(&witnesses, &case.public()).unwrap();
    let model = (proof.model(), proof.inferences());
    let output = case.network.output;
    let cells = witnesses[0].tensor(widen(output)).len();
    let claim = |change: &dyn Fn(&mut Vec<i64>)| {
        let mut changed = values(&witnesses, output);
        change(&mut changed);
        assert_ne!(changed, values(&witnesses, output));
        let public = [
            proof.public()[0].clone(),
            PublicTensor::new(output, changed),
        ];
        let proof = Proof::new(model, public.to_vec(), proof.argument().to_vec());
        case.verify(&proof.to_bytes()).map(|_| ())
    };
    assert_eq!(claim(&|v| v[0] ^= 1), Err(VerifyError::Equations));
    assert_eq!(
        claim(&|v| *v.last_mut().unwrap() ^= 1),
        Err(VerifyError::Equations)
    );
    assert_eq!(
        claim(&|v| v.rotate_left(cells)),
        Err(VerifyError::Equations)
    );
    let short = claim(&|v| v.truncate(2 * cells));
    assert!(matches!(short, Err(VerifyError::PublicLength { .. })));
}

#[test]
fn the_number_of_inferences_is_part_of_the_statement() {
    let case = cases().remove(0);
    // With nothing public the number stands in the header alone.
    let proof = case.prove(&case.witnesses(3), &[]).unwrap();
    // Of one layout, so that only the transcript and the valid positions tell them apart.
    let (three, four) = (
        case.program().arranged(&Some(3).into()),
        case.program().arranged(&Some(4).into()),
    );
    assert_eq!(
        three.unwrap().parts().log_rows,
        four.unwrap().parts().log_rows
    );
    for other in [Some(4), Some(2), Some(1), None] {
        let model = (proof.model(), other);
        let forged = Proof::new(model, Vec::new(), proof.argument().to_vec());
        assert!(case.verify(&forged.to_bytes()).is_err(), "{other:?}");
    }
    for other in [0, MAX_INFERENCES + 1, u32::MAX] {
        let model = (proof.model(), Some(other));
        let forged = Proof::new(model, Vec::new(), proof.argument().to_vec());
        let result = case.verify(&forged.to_bytes());
        assert!(matches!(result, Err(VerifyError::Inferences(_))), "{other}");
    }
}

#[test]
fn a_batch_of_one_is_no_proof_of_one_and_the_other_way_round() {
    let case = cases().remove(0);
    let witnesses = case.witnesses(1);
    let options = ProveOptions::default();
    let tools = (&Reference, &mut random(4) as &mut _);
    let single = prove(&case.key, &witnesses[0], &options, tools).unwrap();
    let batch = case.prove(&witnesses, &[]).unwrap();
    for (proof, claimed) in [(&single, Some(1)), (&batch, None)] {
        let model = (proof.model(), claimed);
        let forged = Proof::new(model, Vec::new(), proof.argument().to_vec());
        assert!(case.verify(&forged.to_bytes()).is_err());
    }
}

#[test]
fn a_batch_needs_powers_of_the_same_setup_and_enough_of_them() {
    let mut case = cases().remove(0);
    let witnesses = case.witnesses(300);
    let program = case.program().arranged(&Some(300).into()).unwrap();
    assert!(program.log_rows() > case.program().log_rows());
    let needed = powers_for(case.program(), &Some(300).into()).unwrap();
    case.srs = case.srs.truncated(needed - 1);
    let result = case.prove(&witnesses, &[]);
    let found = needed - 1;
    assert_eq!(result, Err(ProveError::SetupTooSmall { needed, found }));
    case.srs = Srs::development(13, &mut random(99)).unwrap();
    for count in [2, 300] {
        let result = case.prove(&witnesses[..count], &[]);
        assert_eq!(result, Err(ProveError::OtherSetup));
    }
    let result = case.prove(&[], &[]);
    assert!(matches!(result, Err(ProveError::Inferences(_))));
}

#[test]
fn a_batch_whose_columns_are_no_longer_than_the_models_needs_no_setup() {
    let case = cases().remove(0);
    let witnesses = case.witnesses(3);
    let options = ProveOptions::default();
    let prove = |witnesses| {
        let tools = (&Reference, &mut random(3) as &mut _);
        prove_batch((&case.key, None), witnesses, &options, tools)
    };
    let proof = prove(&witnesses).unwrap();
    assert!(case.verify(&proof.to_bytes()).is_ok());
    let result = prove(&case.witnesses(300));
    assert!(matches!(result, Err(ProveError::SetupTooSmall { .. })));
}

#[test]
fn the_length_of_a_proof_grows_with_the_logarithm() {
    for case in cases() {
        let bytes = |inferences| {
            let program = case.program().arranged(&Some(inferences).into()).unwrap();
            5 * program.log_rows() + 8 * program.lanes()
        };
        let alone = 5 * case.program().log_rows() + 8 * case.program().lanes();
        for inferences in [2, 16, 256] {
            assert!(bytes(inferences) <= 2 * alone, "{inferences}");
        }
    }
}

#[test]
fn layouts_of_any_number_of_inferences_are_valid_or_refused() {
    for case in cases() {
        for inferences in (1..70).chain([100, 255, 256, 257, 1000, 4096, 65_536]) {
            let Ok(program) = case.program().arranged(&Some(inferences).into()) else {
                assert!(inferences > 4096, "{inferences}");
                continue;
            };
            assert_eq!(program.tensors()[0].positions[0], inferences);
            assert_eq!(program.table(), case.program().table());
        }
    }
}
