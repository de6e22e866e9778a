//! Programs of every shape: the verifier's closed forms are the prover's vectors, and both are what the layers say.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use crate::backend::Reference;
use crate::curve::Fr;
use crate::encoding::widen;
use crate::error::VerifyError;
use crate::linear::claims::{ClaimChallenges, LinearClaims, TableSums};
use crate::opening::masked_tail;
use crate::poly::multilinear::{eq_index, eq_table, inner_product};
use crate::poly::univariate::evaluate;
use crate::program::Program;
use crate::proof::PublicTensor;
use crate::prove::{ProveOptions, prove};
use crate::sumcheck::active_at;
use crate::testing::{
    Cheat, Network, arbitrary, convolutional, dev, general, keys, networks, prove_falsely, random,
    scalars,
};
use crate::transcript::Transcript;
use crate::verify::verify;

fn all() -> Vec<Network> {
    let small = networks().into_iter().map(|(_, network)| network);
    let large = [general(8), general(9), convolutional(8), convolutional(9)];
    small.chain(large).chain((0..60).map(arbitrary)).collect()
}

fn challenges(program: &Program) -> ClaimChallenges {
    let mut transcript = Transcript::frozen(3);
    let alpha = transcript.challenge();
    ClaimChallenges::draw(program, alpha, &mut transcript)
}

fn public(network: &Network) -> Vec<PublicTensor> {
    let trace = network.trace();
    let values = |index: u32| trace[index as usize].iter().map(|cell| cell.out).collect();
    let program = &network.program;
    let mut ports = [program.inputs(), program.outputs()].concat();
    ports.sort_unstable();
    ports
        .iter()
        .map(|index| PublicTensor::new(*index, values(*index)))
        .collect()
}

#[test]
fn closed_forms_are_the_dense_vectors() {
    for network in all() {
        let program = &network.program;
        let columns = program.columns().count();
        let public = public(&network);
        let challenges = challenges(program);
        let claims = LinearClaims::new(program, &public, &challenges, TableSums::default());
        let (r, z) = (scalars(program.log_rows(), 4), scalars(columns, 5));
        let eq = eq_table(&r);

        let dense: Fr = claims
            .dense(program)
            .iter()
            .zip(&z)
            .map(|(u, z)| inner_product(u, &eq) * z)
            .sum();
        assert_eq!(claims.evaluate(program, &r, &z, active_at(&r)), dense);

        // κ against what the prover subtracts for any g, and its closed form against its entries.
        let g = scalars(program.weight_columns(), 6);
        let mut subtracted = alloc::vec![alloc::vec![Fr::ZERO; program.rows()]; columns];
        claims.kappa.subtract_from(&g, &mut subtracted);
        let weights: Fr = subtracted
            .iter()
            .zip(&z)
            .map(|(u, z)| inner_product(u, &eq) * z)
            .sum();
        let kappa = claims.kappa.evaluate(&r, &z);
        let entries = kappa.prefix(program.weight_columns());
        assert_eq!(
            inner_product(&entries, &g),
            claims.kappa.constant(&g) - weights
        );
        let x = scalars(1, 7)[0];
        assert_eq!(kappa.at(x), evaluate(&entries, x));
        for length in [0, 1, 7, 30, program.weight_columns()] {
            let length = length.min(entries.len());
            assert_eq!(kappa.prefix(length), entries[..length]);
        }
    }
}

#[test]
fn the_masks_tail_turns_g_with_its_mask_into_both_inner_products() {
    for (columns, length) in [(64, 35), (35, 35), (16, 35), (2, 35), (4, 0)] {
        let (kappa, mask) = (scalars(columns, 1), scalars(length, 2));
        let (g, l, alpha) = (scalars(columns, 3), scalars(length, 4), scalars(1, 5)[0]);
        let short = &kappa[..columns.min(length)];
        let mut functional = kappa.clone();
        functional.extend(masked_tail(short, columns, alpha, &mask));
        let mut with_mask = g.clone();
        with_mask.resize(columns + length, Fr::ZERO);
        for (j, l) in l.iter().enumerate() {
            with_mask[columns + j] += l;
            with_mask[j] -= alpha * l;
        }
        let expected = inner_product(&g, &kappa) - inner_product(&l, &mask);
        assert_eq!(inner_product(&with_mask, &functional), expected);
    }
}

/// Σ_x Σ_c u_c(x)·column_c(x) less v is the sum over all layers of γ Σ_{p,o} E(p) α^o · (what the cells are off by), from the
/// cells alone, plus the same of the public values by δ.
#[test]
fn the_linear_claims_are_what_the_layers_say() {
    for network in all() {
        let program = &network.program;
        let challenges = challenges(program);
        let public = public(&network);
        let claims = LinearClaims::new(program, &public, &challenges, TableSums::default());
        let alpha = challenges.alpha.0;
        let g: Vec<Fr> = (0..program.weight_columns())
            .map(|column| {
                (0..program.weight_rows())
                    .map(|row| alpha.pow([row as u64]) * Fr::from(network.weights.row(row)[column]))
                    .sum()
            })
            .collect();
        // Every cell of every tensor off by its own amount.
        let off = |tensor: usize, index: usize| (7 * tensor + 3 * index) as i64 % 11 - 5;
        let honest = network.trace();
        let mut columns =
            alloc::vec![alloc::vec![Fr::ZERO; program.rows()]; program.columns().count()];
        for (index, tensor) in program.tensors().iter().enumerate() {
            let computed = !program.inputs().contains(&(index as u32));
            for (cell, (lane, row)) in tensor.places().into_iter().enumerate() {
                let value = honest[index][cell];
                let wrong = if computed { off(index, cell) } else { 0 };
                columns[3 * lane][row] = Fr::from(value.rem + wrong);
                columns[3 * lane + 1][row] = Fr::from(value.pre + wrong);
                columns[3 * lane + 2][row] = Fr::from(value.out);
            }
        }
        let mut u = claims.dense(program);
        claims.kappa.subtract_from(&g, &mut u);
        let left: Fr = u
            .iter()
            .zip(&columns)
            .map(|(u, column)| inner_product(u, column))
            .sum();
        let constant = claims.kappa.constant(&g) * Fr::from(program.rows() as u64);

        let mut expected = Fr::ZERO;
        for (layer, gamma) in program.layers().iter().zip(&challenges.gamma) {
            let output = &program.tensors()[layer.output as usize];
            let limbs = layer.limbs.iter();
            let mut shift = program.shift();
            // What rem and the limbs count; pre counts what is left.
            let mut parts = alloc::vec![(layer.output, 1)];
            parts.extend(limbs.map(|limb| {
                let part = (*limb, 1i64 << shift);
                shift += program.limb_bits(&program.tensors()[*limb as usize]);
                part
            }));
            parts[0].1 += 1i64 << shift;
            for cell in 0..output.cells() {
                let (position, channel) =
                    (cell / widen(output.channels), cell % widen(output.channels));
                let point = &challenges.position_point[..output.position_bits()];
                let position = output.padded_position(position) as u64;
                let weight = eq_index(point, position) * alpha.pow([channel as u64]);
                let wrong: i64 = (parts.iter())
                    .map(|(tensor, count)| off(*tensor as usize, cell) * count)
                    .sum();
                expected += gamma.0 * weight * Fr::from(wrong);
            }
        }
        assert_eq!(left - constant - claims.value, expected);
    }
}

fn assert_proved(network: &Network, public: &[u32]) {
    let (_, key) = keys(network);
    let options = ProveOptions {
        public,
        context: &[],
    };
    let tools = (&Reference, &mut random(3) as &mut _);
    let proof = prove(&key, &network.witness(), &options, tools).unwrap();
    let verdict = verify(key.verifying(), &proof.to_bytes(), &dev()).unwrap();
    assert_eq!(verdict.public.len(), public.len());
    for tensor in verdict.public {
        let cells = network.trace().swap_remove(tensor.tensor());
        let outputs: Vec<i64> = cells.iter().map(|cell| cell.out).collect();
        assert_eq!(tensor.values(), outputs);
    }
}

#[test]
fn proofs_of_every_shape_verify_and_say_the_output() {
    for log_rows in [8, 9] {
        for public in [&[0, 2, 4][..], &[4], &[]] {
            assert_proved(&general(log_rows), public);
        }
        for public in [&[0, 2, 8][..], &[8], &[]] {
            assert_proved(&convolutional(log_rows), public);
        }
    }
}

#[test]
fn proofs_of_arbitrary_shapes_verify_and_say_the_output() {
    for seed in 0..16 {
        let network = arbitrary(seed);
        assert_proved(&network, &[0, network.output]);
    }
}

#[test]
fn a_false_cell_at_any_position_of_any_shape_is_refused() {
    let network = general(8);
    let (_, key) = keys(&network);
    let trace = network.trace();
    // All positions of the two convolutions, one channel each; the first and last channel of each block of the cut tensor.
    let places = (0..18)
        .map(|position| (1, 5 * position + position % 5))
        .chain((0..18).map(|position| (2, 2 * position + position % 2)))
        .chain([0, 15, 16, 31, 32, 39].map(|channel| (3, channel)))
        .chain([(4, 0), (4, 2)]);
    for (tensor, index) in places {
        let mut cells = trace.clone();
        let cell = &mut cells[tensor][index];
        // Another remainder is in the table too: the layer's claim alone is false, and by the least that is possible.
        cell.rem ^= 1;
        let cheat = Cheat {
            cells: Some(cells),
            ..Cheat::default()
        };
        let proof = prove_falsely(&key, &network, &cheat);
        let verdict = verify(key.verifying(), &proof, &dev());
        assert_eq!(verdict, Err(VerifyError::Equations), "{tensor}: {index}");
    }
}
