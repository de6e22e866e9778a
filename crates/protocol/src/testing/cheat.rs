//! A prover that cheats: the honest rounds, with a chance to alter every state between two messages.

use alloc::vec::Vec;

use ark_ff::AdditiveGroup as _;

use super::random;
use crate::backend::{Backend, Reference};
use crate::cq::SparseSide;
use crate::curve::{Fr, G1Affine, G1Projective};
use crate::keys::ProvingKey;
use crate::lookup::multiplicities;
use crate::opening::MercuryState;
use crate::program::{Arrangement, Program};
use crate::proof::{Proof, PublicTensor, begin};
use crate::prove::{Lookups, Statement, WitnessRound};
use crate::random::RandomSource;
use crate::testing::Network;
use crate::transcript::{Sender, Transcript};
use crate::verify::VerifyOptions;
use crate::witness::{Cell, CellColumns};

/// Options that accept the setups of tests.
pub(crate) fn dev() -> VerifyOptions<'static> {
    VerifyOptions {
        allow_development_setup: true,
        ..VerifyOptions::default()
    }
}

/// What a cheating prover does differently from an honest one. The default does nothing.
pub(crate) struct Cheat<'a> {
    /// The cells of each tensor, in the table or not, consistent or not.
    pub(crate) cells: Option<Vec<Vec<Cell>>>,
    /// The tensors to commit to; the columns keep their height, or the key's powers are not enough.
    pub(crate) committed: Vec<u32>,
    /// The tensors to reveal; `values` may then change what is claimed about them.
    pub(crate) public: Vec<u32>,
    pub(crate) values: &'a dyn Fn(&mut Vec<PublicTensor>),
    /// Alters any cell before the multiplicities are counted.
    pub(crate) columns: &'a dyn Fn(&Program, &mut [Vec<i64>]),
    /// Alters the multiplicities before they are committed to.
    pub(crate) counts: &'a dyn Fn(&mut Vec<i64>),
    /// Alters the large tables' side before it is committed to.
    pub(crate) tables: &'a dyn Fn(&Program, &mut [SparseSide]),
    /// Alters round 2, after λ, θ and α are known.
    pub(crate) lookups: &'a dyn Fn(&Program, &mut Lookups<'_>),
    /// Alters Mercury's division, after α′ is known.
    pub(crate) mercury: &'a dyn Fn(&mut MercuryState<'_>),
}

impl Default for Cheat<'_> {
    fn default() -> Self {
        Self {
            cells: None,
            committed: Vec::new(),
            public: Vec::new(),
            values: &|_| (),
            columns: &|_, _| (),
            counts: &|_| (),
            tables: &|_, _| (),
            lookups: &|_, _| (),
            mercury: &|_| (),
        }
    }
}

/// The bytes of a proof made by a cheating prover, with the randomness of a fixed seed.
pub(crate) fn prove_falsely(key: &ProvingKey, network: &Network, cheat: &Cheat<'_>) -> Vec<u8> {
    prove_falsely_with(key, network, cheat, &Reference)
}

/// As [`prove_falsely`], with kernels that may cheat too.
pub(crate) fn prove_falsely_with(
    key: &ProvingKey,
    network: &Network,
    cheat: &Cheat<'_>,
    backend: &impl Backend,
) -> Vec<u8> {
    let random = &mut random(9);
    let verifying = key.verifying();
    let arrangement = Arrangement {
        inferences: None,
        committed: cheat.committed.clone(),
    };
    let program = &verifying.program().arranged(&arrangement).unwrap();
    let statement = Statement {
        program,
        ..Statement::single(key)
    };
    let mut round = WitnessRound::new(statement, &network.witness(), random).unwrap();
    if let Some(cells) = &cheat.cells {
        write_cells(program, cells, &mut round.cells);
    }
    (cheat.columns)(program, round.cells.columns_mut());
    round.multiplicities = multiplicities(program, &round.cells);
    (cheat.counts)(&mut round.multiplicities);
    round.count_tables(random).unwrap();
    (cheat.tables)(program, &mut round.tables);
    let mut public = reveal(program, &cheat.public, &round.cells);
    (cheat.values)(&mut public);

    let mut channel = Sender::new(begin(
        program,
        (verifying.digest(), &arrangement),
        &[],
        &public,
    ));
    let mut lookups = round.commit(&mut channel, (backend, random)).unwrap();
    (cheat.lookups)(program, &mut lookups);
    let openings = lookups
        .sumcheck(&public, &mut channel, (backend, random))
        .unwrap();
    openings
        .finish_with(&mut channel, (backend, random), |state| {
            (cheat.mercury)(state);
        })
        .unwrap();
    Proof::new((verifying.digest(), arrangement), public, channel.finish()).to_bytes()
}

fn write_cells(program: &Program, tensors: &[Vec<Cell>], columns: &mut CellColumns) {
    let columns = columns.columns_mut();
    for (tensor, cells) in program.tensors().iter().zip(tensors) {
        for (cell, (lane, row)) in cells.iter().zip(tensor.places()) {
            columns[3 * lane][row] = cell.rem;
            columns[3 * lane + 1][row] = cell.pre;
            columns[3 * lane + 2][row] = cell.out;
        }
    }
}

fn reveal(program: &Program, tensors: &[u32], columns: &CellColumns) -> Vec<PublicTensor> {
    let values = |index: u32| {
        let tensor = &program.tensors()[index as usize];
        let cells = tensor.places().into_iter();
        cells
            .map(|(lane, row)| columns.lane(lane)[2][row])
            .collect()
    };
    let public = tensors
        .iter()
        .map(|index| PublicTensor::new(*index, values(*index)));
    public.collect()
}

/// Kernels without groups: every sum is infinity. For tests that look at scalars only.
pub(crate) struct NoGroups;

impl Backend for NoGroups {
    fn msm(&self, _: &[G1Affine], _: &[Fr]) -> G1Projective {
        G1Projective::ZERO
    }

    fn msm_small(&self, _: &[G1Affine], _: &[i64]) -> G1Projective {
        G1Projective::ZERO
    }
}

/// The bytes of the argument of an honest prover under challenges that are fixed whatever it sends; its points are void.
pub(crate) fn argument_under_fixed_challenges(
    key: &ProvingKey,
    network: &Network,
    public: &[u32],
    random: &mut dyn RandomSource,
) -> Vec<u8> {
    let program = key.verifying().program();
    let round = WitnessRound::new(Statement::single(key), &network.witness(), random).unwrap();
    let public = reveal(program, public, &round.cells);
    let mut channel = Sender::new(Transcript::frozen(5));
    let lookups = round.commit(&mut channel, (&NoGroups, random)).unwrap();
    let openings = lookups
        .sumcheck(&public, &mut channel, (&NoGroups, random))
        .unwrap();
    openings.finish(&mut channel, (&NoGroups, random)).unwrap();
    channel.finish()
}
