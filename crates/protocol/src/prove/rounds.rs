//! The prover's rounds, each a state that the next consumes.
//!
//! [`WitnessRound`] → [`Lookups`] → [`Opening`]. Between two messages a state can be inspected, and altered by the tests that
//! play a cheating prover.

#![allow(
    clippy::indexing_slicing,
    reason = "the prover runs this on its own data, whose lengths the program fixes"
)]

use alloc::vec::Vec;

use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};
use zeroize::{Zeroize, Zeroizing};

use super::columns::{Hiding, SecretColumns};
use crate::backend::{Backend, Stage};
use crate::cq::{SparseSide, blind_cells, count};
use crate::curve::{Fr, G1Affine, G1Projective, g1_generator};
use crate::error::ProveError;
use crate::keys::ProvingKey;
use crate::linear::claims::{ClaimChallenges, LinearClaims, TableSums};
use crate::lookup::{LookupChallenges, helpers, multiplicities, table_side, tag_column};
use crate::opening::{CommitKey, Committed, MercuryInput, MercuryState, masked_tail};
use crate::poly::univariate::{add_scaled, powers};
use crate::program::Program;
use crate::proof::PublicTensor;
use crate::random::{RandomSource, RandomnessUnavailable};
use crate::sumcheck::{self, Instance, InstanceParts, Mask, mask_functional};
use crate::transcript::{Alpha, EqPoint, EquationWeight, Eta, Sender, Xi};
use crate::witness::{CellColumns, Witness};

/// Rows of a combination of columns that stay in a core's nearest cache.
const ROWS_AT_ONCE: usize = 512;

type Tools<'a, B> = (&'a B, &'a mut dyn RandomSource);

/// What is proved, by which key.
#[derive(Clone, Copy)]
pub(crate) struct Statement<'k> {
    pub(crate) key: &'k ProvingKey,
    /// The key's program, or that of a batch of it.
    pub(crate) program: &'k Program,
    pub(crate) commit_key: CommitKey<'k>,
}

impl<'k> Statement<'k> {
    /// One inference.
    pub(crate) fn single(key: &'k ProvingKey) -> Self {
        Self {
            key,
            program: key.verifying().program(),
            commit_key: key.commit_key(),
        }
    }
}

/// Round 1: the witness and its multiplicities.
pub(crate) struct WitnessRound<'k> {
    statement: Statement<'k>,
    pub(crate) cells: CellColumns,
    pub(crate) multiplicities: Vec<i64>,
    pub(crate) hiding: Vec<Hiding>,
    /// The large tables.
    pub(crate) tables: Vec<SparseSide>,
}

/// Round 2: lookups, the weights' remainder, the mask.
pub(crate) struct Lookups<'k> {
    statement: Statement<'k>,
    pub(crate) challenges: LookupChallenges,
    pub(crate) alpha: Alpha,
    pub(crate) columns: SecretColumns,
    hiding: Vec<Hiding>,
    /// λ + t.
    table: Vec<Fr>,
    /// f₂ of each lane.
    functions: Vec<Vec<Fr>>,
    /// The large tables.
    pub(crate) tables: Vec<SparseSide>,
    /// g = W mod (X^C − α).
    pub(crate) g: Vec<Fr>,
    /// What is added to the quotient of W: nothing, for an honest prover.
    pub(crate) extra_quotient: Vec<Fr>,
    pub(crate) mask: Mask,
}

impl Drop for Lookups<'_> {
    /// What the columns, the mask and the hiding rows do not wipe themselves.
    fn drop(&mut self) {
        self.g.zeroize();
        self.functions.iter_mut().for_each(Zeroize::zeroize);
    }
}

/// Round 3: the openings.
pub(crate) struct Opening<'k> {
    statement: Statement<'k>,
    r: Vec<Fr>,
    weight_functional: Vec<Fr>,
    p: Committed,
    g: Committed,
    q_blinding: Fr,
    alpha: Fr,
    challenges: LookupChallenges,
    tables: Vec<SparseSide>,
}

impl<'k> WitnessRound<'k> {
    pub(crate) fn new(
        statement: Statement<'k>,
        witness: &Witness,
        random: &mut dyn RandomSource,
    ) -> Result<Self, ProveError> {
        let program = statement.program;
        let cells = CellColumns::new(program, witness);
        let hiding = (0..program.columns().count()).map(|_| Hiding::draw(random));
        let mut round = Self {
            statement,
            multiplicities: multiplicities(program, &cells),
            tables: Vec::new(),
            cells,
            hiding: hiding.collect::<Result<_, _>>()?,
        };
        round.count_tables(random)?;
        Ok(round)
    }

    /// Counts how often each row of the large tables is used; the blind rows as often as the random cells say.
    pub(crate) fn count_tables(&mut self, random: &mut dyn RandomSource) -> Result<(), ProveError> {
        let Statement { key, program, .. } = self.statement;
        let missing = |table| ProveError::MissingTable { table };
        let cached = key.cached().map_err(missing)?;
        let counts = count(program, &self.cells, &cached)?;
        let sides = cached.iter().zip(counts).enumerate();
        let side = |(table, (cached, counts))| {
            let [.., second, first] = self.hiding[program.blind_column(table)].rows;
            SparseSide::new(table, cached, counts, [first, second], random)
        };
        self.tables = sides.map(side).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Commits to the witness, then computes what follows from λ, θ and α.
    pub(crate) fn commit<B: Backend>(
        self,
        channel: &mut Sender,
        (backend, random): Tools<'_, B>,
    ) -> Result<Lookups<'k>, RandomnessUnavailable> {
        let program = self.statement.program;
        let mut columns = SecretColumns::new(program);
        let commit_key = &self.statement.commit_key;
        let witness = (0..program.lanes()).flat_map(|lane| self.cells.lane(lane));
        let first_round = witness.chain([self.multiplicities.as_slice()]);
        let committed = backend.map(
            first_round.zip(&self.hiding).collect(),
            |(cells, hiding)| {
                let commitment = hiding.commit_cells(cells, commit_key, backend);
                (commitment, hiding.column_of(cells))
            },
        );
        for (commitment, column) in committed {
            channel.points("witness", &[commitment]);
            columns.columns.push(column);
        }
        for table in &self.tables {
            let commitment = table.multiplicities(commit_key.beta, backend);
            channel.points("m of a table", &[commitment]);
        }
        let challenges = LookupChallenges {
            lambda: channel.challenge(),
            theta: channel.challenge(),
        };
        let alpha: Alpha = channel.challenge();
        backend.stage(Stage::Lookups);
        let mut lookups = Lookups {
            statement: self.statement,
            challenges,
            alpha,
            columns,
            table: challenges.table_column(program),
            functions: Vec::with_capacity(program.lanes()),
            g: backend.fold_weights(
                self.statement.key.weights(),
                &powers(alpha.0, program.weight_rows()),
            ),
            extra_quotient: Vec::new(),
            mask: Mask::draw(program.log_rows(), random)?,
            tables: self.tables,
            hiding: self.hiding,
        };
        lookups.fill(&self.multiplicities, backend);
        Ok(lookups)
    }
}

impl<'k> Lookups<'k> {
    /// Adds the helpers and the table's side to the columns.
    fn fill(&mut self, multiplicities: &[i64], backend: &impl Backend) {
        let program = self.statement.program;
        let names = program.columns();
        let active = program.active_rows();
        let lanes = backend.map((0..program.lanes()).collect(), |lane| {
            let cells = [names.rem(lane), names.pre(lane), names.out(lane)]
                .map(|column| self.columns.columns[column].as_slice());
            let [mut first, second] = self.challenges.fractions(cells, &tag_column(program, lane));
            let helper = helpers(&first, &second, active);
            first.zeroize();
            (helper, second)
        });
        for (lane, (helper, second)) in lanes.into_iter().enumerate() {
            self.columns.push(helper, &self.hiding[names.helper(lane)]);
            self.functions.push(second);
        }
        let side = table_side(multiplicities, &self.table, active);
        self.columns.push(side, &self.hiding[names.table_side()]);
        for table in &mut self.tables {
            table.divide(&self.challenges);
        }
    }

    /// Sends the helpers, G and q′, runs the sumcheck and sends every column's evaluation.
    pub(crate) fn sumcheck<B: Backend>(
        mut self,
        public: &[PublicTensor],
        channel: &mut Sender,
        (backend, random): Tools<'_, B>,
    ) -> Result<Opening<'k>, RandomnessUnavailable> {
        let statement = self.statement;
        let program = statement.program;
        let (g, q_blinding) = self.send(channel, (backend, random))?;

        backend.stage(Stage::Sumcheck);
        let zerocheck: Vec<EqPoint> = channel.challenges(program.log_rows());
        let eta: Eta = channel.challenge();
        let challenges = ClaimChallenges::draw(program, self.alpha, channel);
        let sums = TableSums {
            sigma: self.tables.iter().map(SparseSide::sigma).sum(),
            blind: blind_cells(program, &self.challenges),
        };
        let claims = LinearClaims::new(program, public, &challenges, sums);
        let mut instance = self.instance(&claims, &zerocheck, eta);
        let r = sumcheck::prove(&mut instance, &self.mask, channel, backend);
        let columns = instance.columns().iter();
        let z: Vec<Fr> = columns.map(|column| column[0]).collect();
        channel.scalars("z", &z);
        channel.scalars("t", &[instance.table()[0] - self.challenges.lambda.0]);

        let xi: Xi = channel.challenge();
        let p = self.combine(xi.0, backend);
        let mut weight_functional = claims.kappa.evaluate(&r, &z).prefix(claims.kappa.len());
        let tail = masked_tail(
            &weight_functional,
            claims.kappa.len(),
            self.alpha.0,
            &mask_functional(&r),
        );
        weight_functional.extend(tail);
        Ok(Opening {
            statement,
            r,
            weight_functional,
            p,
            g,
            q_blinding,
            alpha: self.alpha.0,
            challenges: self.challenges,
            tables: core::mem::take(&mut self.tables),
        })
    }

    /// Commits to the helpers, the table's side, G = g + (X^C − α)L and q′ = q − L.
    fn send<B: Backend>(
        &mut self,
        channel: &mut Sender,
        (backend, random): Tools<'_, B>,
    ) -> Result<(Committed, Fr), RandomnessUnavailable> {
        let program = self.statement.program;
        let commit_key = &self.statement.commit_key;
        let names = program.columns();
        let LookupChallenges { lambda, theta } = self.challenges;
        for (index, table) in self.tables.iter_mut().enumerate() {
            let verifying = self.statement.key.verifying();
            let one = g1_generator();
            let vanishing = verifying.tau_power(table.log()).0 - one;
            let columns = verifying.large_commitments(index).map(|large| large.g1);
            let columns = columns.into_iter().flatten().zip(powers(theta.0, 3));
            let columns: G1Projective = columns.map(|(column, power)| column * power).sum();
            let points = [commit_key.beta.into(), vanishing, columns + one * lambda.0];
            let [a, q] = table.commit(theta.0, points, backend);
            channel.points("A of a table", &[a]);
            channel.points("Q of a table", &[q]);
            channel.scalars("sigma", &[table.sigma()]);
        }
        // Rows outside all blocks look up the zero row, so they share one value of the helper; the table's side is mostly zero.
        let unused = self.challenges.unused_row();
        let later = self.columns.columns.iter().zip(&self.hiding).enumerate();
        let later = later.skip(names.first_round()).collect();
        let commitments = backend.map(later, |(index, (column, hiding))| {
            let common = if index == names.table_side() {
                Fr::ZERO
            } else {
                unused
            };
            hiding.commit_column(column, common, commit_key, backend)
        });
        for commitment in commitments {
            channel.points("lookups", &[commitment]);
        }
        let mask = self.mask.coefficients();
        let mut g = self.g.clone();
        let mut shifted = Zeroizing::new(alloc::vec![Fr::ZERO; program.weight_columns()]);
        shifted.extend_from_slice(mask);
        add_scaled(&mut g, &shifted, Fr::ONE);
        add_scaled(&mut g, mask, -self.alpha.0);
        let g = Committed::blinded(g, random)?;
        channel.points("G", &[g.commit(commit_key, backend).into_affine()]);
        let mut rest = self.extra_quotient.clone();
        add_scaled(&mut rest, mask, -Fr::ONE);
        let rest = Committed::blinded(rest, random)?;
        let quotients = self.statement.key.quotients();
        let quotient = backend.msm(quotients, &powers(self.alpha.0, quotients.len()))
            + rest.commit(commit_key, backend);
        channel.points("q'", &[quotient.into_affine()]);
        Ok((g, rest.blinding))
    }

    fn instance(&mut self, claims: &LinearClaims<'_>, zerocheck: &[EqPoint], eta: Eta) -> Instance {
        let program = self.statement.program;
        let names = program.columns();
        let mut u = claims.dense(program);
        claims.kappa.subtract_from(&self.g, &mut u);
        let linear = u
            .into_iter()
            .enumerate()
            .filter(|(column, _)| *column != names.multiplicities())
            .collect();
        let lanes = 0..program.lanes();
        Instance::new(InstanceParts {
            point: zerocheck.iter().map(|r| r.0).collect(),
            eta: eta.0,
            constant: -claims.kappa.constant(&self.g),
            columns: self.columns.columns.clone(),
            remainders: lanes.clone().map(|lane| names.rem(lane)).collect(),
            remainder_shift: self.challenges.remainder(Fr::ZERO),
            functions: core::mem::take(&mut self.functions),
            helpers: lanes.map(|lane| names.helper(lane)).collect(),
            table: self.table.clone(),
            table_side: names.table_side(),
            multiplicities: names.multiplicities(),
            linear,
        })
    }

    /// p = Σ ξ^c column_c + ξ^last t, padded to C coefficients.
    fn combine(&self, xi: Fr, backend: &impl Backend) -> Committed {
        let program = self.statement.program;
        let columns = &self.columns.columns;
        let mut coefficients = alloc::vec![Fr::ZERO; program.rows().max(program.weight_columns())];
        let weights = powers(xi, columns.len() + 1);
        let (last, own) = weights.split_last().unwrap_or((&Fr::ONE, &[]));
        let blocks = coefficients[..program.rows()].chunks_mut(ROWS_AT_ONCE);
        backend.map(blocks.enumerate().collect(), |(block, sums)| {
            let rows = block * ROWS_AT_ONCE..block * ROWS_AT_ONCE + sums.len();
            for (sum, shifted) in sums.iter_mut().zip(&self.table[rows.clone()]) {
                *sum = *last * (*shifted - self.challenges.lambda.0);
            }
            for (column, weight) in columns.iter().zip(own) {
                for (sum, cell) in sums.iter_mut().zip(&column[rows.clone()]) {
                    *sum += *weight * cell;
                }
            }
        });
        let hiding = self.hiding.iter().zip(own);
        Committed {
            coefficients,
            blinding: hiding
                .map(|(hiding, weight)| hiding.blinding * weight)
                .sum(),
        }
    }
}

impl Opening<'_> {
    /// Sends the openings and the correction E.
    pub(crate) fn finish<B: Backend>(
        self,
        channel: &mut Sender,
        tools: Tools<'_, B>,
    ) -> Result<(), RandomnessUnavailable> {
        self.finish_with(channel, tools, |_| ())
    }

    /// As [`Self::finish`], with a chance to alter Mercury's division before it is committed to.
    pub(crate) fn finish_with<B: Backend>(
        mut self,
        channel: &mut Sender,
        (backend, random): Tools<'_, B>,
        alter: impl FnOnce(&mut MercuryState<'_>),
    ) -> Result<(), RandomnessUnavailable> {
        backend.stage(Stage::Opening);
        let commit_key = &self.statement.commit_key;
        let input = MercuryInput {
            p: core::mem::take(&mut self.p),
            g: &self.g,
            weight_functional: &self.weight_functional,
            r: &self.r,
            log_columns: self.statement.program.log_weight_columns(),
            tables: &self.tables,
        };
        let mut mercury = MercuryState::divide(input, commit_key, channel, (backend, random))?;
        alter(&mut mercury);
        let quotients = mercury.open(commit_key, channel, (backend, random))?;
        let mut weight = || channel.challenge::<EquationWeight>().0;
        let [w1, w2, w3, w4] = core::array::from_fn(|_| weight());
        let table_weights: Vec<Fr> = self.tables.iter().map(|_| weight()).collect();
        let at_zero = (!self.tables.is_empty()).then(weight);

        // What each equation leaves in β, as a combination of [1]₁, [τ]₁ and [τ^C]₁, and of the points of each large table.
        let opening_weights: Vec<Fr> = [w1, w2].into_iter().chain(at_zero).collect();
        let [mut one, tau, mut tau_c] = mercury.left_in_beta(&quotients, &opening_weights, w3);
        one += w4
            * (self.statement.key.weights_blinding() - self.g.blinding
                + self.q_blinding * self.alpha);
        tau_c -= w4 * self.q_blinding;
        let verifying = self.statement.key.verifying();
        let log_columns = self.statement.program.log_weight_columns();
        let tau_c_g1 = verifying.tau_power(log_columns).0;
        let mut bases: Vec<G1Affine> = Vec::from([verifying.setup().tau_g1, tau_c_g1]);
        let mut scalars = Vec::from([tau, tau_c]);
        let LookupChallenges { lambda, theta } = self.challenges;
        for ((index, table), weight) in self.tables.iter().enumerate().zip(table_weights) {
            let (a, m, q) = (table.blinding.a, table.blinding.m, table.blinding.q);
            one += weight * (lambda.0 * a - m + q);
            bases.push(verifying.tau_power(table.log()).0);
            scalars.push(-weight * q);
            let columns = verifying.large_commitments(index).map(|large| large.g1);
            bases.extend(columns.into_iter().flatten());
            scalars.extend(powers(theta.0, 3).iter().map(|power| weight * a * power));
            // A hidden table's outputs leave e(Â, θρ[β]₂); with its own β, Â's blinding has met [T̂]₁ + ρ[β]₁ above.
            let hidden = weight * theta.0 * self.statement.key.table_blinding(index);
            bases.push(table.committed);
            scalars.push(hidden);
            bases.push(commit_key.beta);
            scalars.push(-hidden * a);
        }
        bases.push(g1_generator());
        scalars.push(one);
        let correction = backend.msm(&bases, &scalars);
        channel.points("E", &[correction.into_affine()]);
        Ok(())
    }
}
