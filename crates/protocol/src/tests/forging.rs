//! Forgeries that only one check of the protocol stops: degree bounds, the mask's sum.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use crate::backend::{Backend, Reference};
use crate::curve::{Fr, G1Affine, G1Projective};
use crate::error::VerifyError;
use crate::keys::ProvingKey;
use crate::linear::claims::{LinearClaims, TableSums};
use crate::poly::multilinear::{eq, eq_index};
use crate::proof::{Proof, PublicTensor};
use crate::sumcheck::{EVALUATIONS, Instance, active_at, interpolate};
use crate::testing::{
    Cheat, IDENTITY, Network, Replay, Small, dev, keys, networks, prove_falsely, prove_falsely_with,
};
use crate::verify::verify;

/// One layer without positions, n = 128 and C = 64, so that index 5μ = 35 is a weight column in use.
fn single_layer() -> (Network, ProvingKey) {
    let layer = Small(11).layer([8, 1, 11], IDENTITY, 1);
    let input = (1..12).map(|i| i % 4 - 5).collect();
    let network = Network::new(alloc::vec![layer], None, input, (7, 1));
    assert_eq!(network.program.weight_columns(), 64);
    let (_, key) = keys(&network);
    (network, key)
}

#[test]
fn a_remainder_of_the_weights_of_too_high_a_degree_is_refused() {
    let (network, key) = single_layer();
    let (run, channel) = (network.program.layers()[0].terms[0].runs()[1], 3);
    let index = 5 * network.program.log_rows();
    assert_eq!(index, run as usize + channel);
    let cells = network.trace_with(&|tensor, index, cell| {
        if (tensor, index) == (1, 0) {
            cell.pre += 1;
            cell.out = cell.pre.clamp(-8, 7);
        }
    });
    let source = Fr::from(network.input[channel]);
    // G + c(X^C − α)X^{5μ}: the coefficient at C + 5μ meets no functional, the one at 5μ is a false weight, which gives the
    // first output 8 more than is due. Every equation holds but the bound on G's degree.
    let forge = |program: &crate::program::Program, lookups: &mut crate::prove::Lookups<'_>| {
        let alpha = lookups.alpha.0;
        let false_weight = Fr::from(8u64) / (alpha.pow([4]) * source);
        let c = -false_weight / alpha;
        let columns = program.weight_columns();
        lookups.g.resize(columns + index + 1, Fr::ZERO);
        lookups.g[index] += false_weight;
        lookups.g[columns + index] += c;
        lookups.extra_quotient = alloc::vec![Fr::ZERO; index];
        lookups.extra_quotient.push(-c);
    };
    let cheat = Cheat {
        cells: Some(cells),
        public: [0, 1].into(),
        lookups: &forge,
        ..Cheat::default()
    };
    let proof = prove_falsely(&key, &network, &cheat);
    let verdict = verify(key.verifying(), &proof, &dev());
    assert_eq!(verdict, Err(VerifyError::Equations));
}

/// Kernels that lie about one column at the sumcheck's point and about Mercury's h.
#[derive(Default)]
struct Liar {
    /// (column, what is added to its evaluation).
    evaluation: Option<(usize, Fr)>,
    /// What is added to h₀ in its commitment.
    h: Option<Fr>,
    /// (round, what is added to its values).
    round: Option<(usize, [Fr; EVALUATIONS])>,
}

impl Backend for Liar {
    fn msm(&self, bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
        let sum = Reference.msm(bases, scalars);
        // Only h has n/C = 2 coefficients.
        match self.h {
            Some(more) if bases.len() == 2 => sum + bases[0] * more,
            _ => sum,
        }
    }

    fn sumcheck_round(&self, instance: &Instance) -> [Fr; EVALUATIONS] {
        let mut values = Reference.sumcheck_round(instance);
        if let Some((round, more)) = &self.round
            && instance.pairs() == 64 >> round
        {
            for (value, more) in values.iter_mut().zip(more) {
                *value += more;
            }
        }
        values
    }

    fn bind(&self, instance: &mut Instance, r: Fr) {
        Reference.bind(instance, r);
        if let Some((column, more)) = self.evaluation
            && instance.pairs() == 0
        {
            instance.columns_mut()[column][0] += more;
        }
    }
}

#[test]
fn a_remainder_of_mercurys_division_of_too_high_a_degree_is_refused() {
    let (network, key) = single_layer();
    let program = &network.program;
    let truth: Vec<i64> = network.trace()[1].iter().map(|cell| cell.out).collect();
    let mut claimed = truth.clone();
    claimed[0] += if claimed[0] < 7 { 1 } else { -1 };
    let cheat = Cheat {
        public: [1].into(),
        values: &|public| public[0] = PublicTensor::new(1, Vec::clone(&claimed)),
        ..Cheat::default()
    };
    let replay = |proof: &[u8]| {
        let proof = Proof::from_bytes(proof).unwrap();
        Replay::of(key.verifying(), &proof, &[])
    };
    // Honest rounds for a false value: the claim is off by more and more, until one column's evaluation makes up for it.
    let first = replay(&prove_falsely(&key, &network, &cheat));
    let value = |values: &[i64]| {
        let public = [PublicTensor::new(1, values.to_vec())];
        LinearClaims::new(program, &public, &first.claims, TableSums::default()).value
    };
    let at_one = |r: &Fr| {
        let mut basis = [Fr::ZERO; EVALUATIONS];
        basis[1] = Fr::ONE;
        interpolate(&basis, *r)
    };
    let off = (value(&claimed) - value(&truth)) * first.r.iter().map(at_one).product::<Fr>();
    let column = program.columns().multiplicities();
    let weight = eq(&first.zerocheck, &first.r) * active_at(&first.r) * first.eta;
    let mut liar = Liar {
        evaluation: Some((column, -off / weight)),
        ..Liar::default()
    };
    // Now ξ is known, and by how much b is off: h takes it up, and g_p agrees with h by a coefficient at C.
    let second = replay(&prove_falsely_with(&key, &network, &cheat, &liar));
    let (low, high) = second.r.split_at(program.log_weight_columns());
    let off = second.xi.pow([column as u64]) * liar.evaluation.unwrap().1 / eq_index(high, 0);
    liar.h = Some(off);
    let forge = |state: &mut crate::opening::MercuryState<'_>| {
        let alpha = state.alpha_prime.0;
        state.h.coefficients[0] += off;
        let c = -off / (alpha * eq_index(low, 0));
        state.g_p.coefficients[0] -= c * alpha;
        state.g_p.coefficients.push(c);
        state.q_p.coefficients[0] -= c;
    };
    let forged = Cheat {
        mercury: &forge,
        ..cheat
    };
    let proof = prove_falsely_with(&key, &network, &forged, &liar);
    let verdict = verify(key.verifying(), &proof, &dev());
    assert_eq!(verdict, Err(VerifyError::Equations));
}

#[test]
fn a_false_round_is_refused_whichever_it_is() {
    let (_, network) = &networks()[0];
    let (_, key) = keys(network);
    let cheat = Cheat {
        public: [0, network.output].into(),
        ..Cheat::default()
    };
    for round in 0..network.program.log_rows() {
        for more in [
            [1, 0, 0, 0, 0, 0],
            [1, -1, 0, 0, 0, 0],
            // A multiple of X(X − 1): the sum stays, the values do not.
            [0, 0, 2, 6, 12, 20],
        ] {
            let liar = Liar {
                round: Some((round, more.map(Fr::from))),
                ..Liar::default()
            };
            let proof = prove_falsely_with(&key, network, &cheat, &liar);
            let verdict = verify(key.verifying(), &proof, &dev());
            assert_eq!(verdict, Err(VerifyError::Equations), "round {round}");
        }
    }
}

#[test]
fn a_mask_with_a_sum_does_not_make_up_for_a_false_value() {
    let (_, network) = &networks()[0];
    let (_, key) = keys(network);
    let output = network.output;
    let claim = |public: &mut Vec<PublicTensor>| {
        let mut values = public[1].values().to_vec();
        values[0] += if values[0] < 7 { 1 } else { -1 };
        public[1] = PublicTensor::new(output, values);
    };
    let cheat = Cheat {
        public: [0, output].into(),
        values: &claim,
        ..Cheat::default()
    };
    let proof = Proof::from_bytes(&prove_falsely(&key, network, &cheat)).unwrap();
    // The constant by which the first round would have to be larger, spread as a constant polynomial.
    let challenges = Replay::of(key.verifying(), &proof, &[]).claims;
    let truth: Vec<i64> = network.trace()[output as usize]
        .iter()
        .map(|cell| cell.out)
        .collect();
    let mut honest = proof.public().to_vec();
    honest[1] = PublicTensor::new(output, truth);
    let value = |public: &[PublicTensor]| {
        LinearClaims::new(&network.program, public, &challenges, TableSums::default()).value
    };
    let half = (value(proof.public()) - value(&honest)) / Fr::from(2u64);
    let liar = Liar {
        round: Some((0, [half; EVALUATIONS])),
        ..Liar::default()
    };
    let proof = prove_falsely_with(&key, network, &cheat, &liar);
    let verdict = verify(key.verifying(), &proof, &dev());
    assert_eq!(verdict, Err(VerifyError::Equations));
}
