//! Zero knowledge of openings, by rank (PROTOCOL §8).

use alloc::vec::Vec;

use ark_ff::AdditiveGroup;

use super::batched::cases;
use super::committed::Sealed;
use super::rank::{Chosen, rank};
use crate::committed::{Column, Subcube, open};
use crate::curve::{Fr, G1Affine, decode_scalar};
use crate::encoding::widen;
use crate::opening::{CommitKey, Committed};
use crate::program::{Arrangement, Program};
use crate::testing::{NoGroups, scalars};
use crate::transcript::{Sender, Transcript};

/// y₁ of an opening under fixed challenges, with these scalars in place of the prover's randomness.
fn y1(sealed: &Sealed, inference: u32, rows: &[Fr], drawn: &[Fr]) -> Fr {
    let key = sealed.case.key.verifying();
    let arrangement = Arrangement {
        inferences: Some(8),
        committed: [0].to_vec(),
    };
    let program = key.program().arranged(&arrangement).unwrap();
    let tensor = |program: &Program| program.tensors()[0].clone();
    let subcube = Subcube::of(&tensor(key.program()), &tensor(&program), inference).unwrap();
    let mut coefficients = scalars(program.rows().max(program.weight_columns()), 5);
    coefficients.truncate(program.rows() - 4);
    coefficients.extend_from_slice(rows);
    coefficients.resize(program.rows().max(program.weight_columns()), Fr::ZERO);
    let column = Column {
        program: &program,
        subcube,
        f: Committed {
            coefficients,
            blinding: Fr::ZERO,
        },
    };
    let commit_key = CommitKey {
        powers: sealed.case.srs.powers(),
        beta: G1Affine::identity(),
        ones: G1Affine::identity(),
    };
    let mut channel = Sender::new(Transcript::frozen(inference.into()));
    let mut source = Chosen {
        scalars: drawn,
        drawn: 0,
    };
    open(
        column,
        &commit_key,
        key,
        &mut channel,
        (&NoGroups, &mut source),
    )
    .unwrap();
    assert_eq!(source.drawn, drawn.len());
    // The mask, h, g_p, q_p, D and S come before it.
    decode_scalar(&channel.finish()[6 * 32..7 * 32]).unwrap()
}

/// Group elements are blinded, each by a scalar of its own but for E, which the verifier's equation determines; the one scalar of an opening
/// besides is y₁. Masked it is uniform in each of any number of openings. Unmasked, a column's four random rows would hide four of them.
#[test]
fn openings_are_masked_however_many_are_made() {
    const OPENINGS: u32 = 7;
    let sealed = Sealed::new(cases().remove(0), Some(8), &[0], 3);
    let rows = scalars(4, 6);
    let drawn = scalars(9, 7);
    let all = |rows: &[Fr]| -> Vec<Fr> {
        (0..OPENINGS)
            .map(|i| y1(&sealed, i, rows, &drawn))
            .collect()
    };
    let base = all(&rows);
    // The first scalar drawn is the mask; it is affine in it, and in no blinding.
    for inference in 0..OPENINGS {
        for place in 0..9 {
            let mut more = drawn.clone();
            more[place] += Fr::from(1u64);
            let once = y1(&sealed, inference, &rows, &more) - base[widen(inference)];
            more[place] += Fr::from(1u64);
            let twice = y1(&sealed, inference, &rows, &more) - base[widen(inference)];
            assert_eq!(once != Fr::ZERO, place == 0, "scalar {place}");
            assert_eq!(twice, once.double());
        }
    }
    // By the random rows alone: one derivative for each row, one column for each opening.
    let jacobian = (0..4).map(|row| {
        let mut rows = rows.clone();
        rows[row] += Fr::from(1u64);
        all(&rows).iter().zip(&base).map(|(a, b)| *a - b).collect()
    });
    assert_eq!(rank(jacobian), 4);
}
