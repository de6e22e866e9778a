//! The verifier.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};

use crate::backend::Compact;
use crate::batch::{Batch, Claim};
use crate::cq::{TableMessages, TableOpeningClaim, blind_cells};
use crate::curve::{Fr, G1Affine};
use crate::digest::{Digest32, Hasher};
use crate::error::VerifyError;
use crate::keys::VerifyingKey;
use crate::linear::claims::{ClaimChallenges, LinearClaims, TableSums};
use crate::linear::kappa::EvaluatedKappa;
use crate::lookup::{LookupChallenges, constraints};
use crate::opening::{self, OpeningClaim, Openings, masked_tail};
use crate::pairing::{Accumulator, Side};
use crate::poly::multilinear::eq;
use crate::poly::univariate::{evaluate, power, powers};
use crate::program::{Arrangement, Program};
use crate::proof::{Proof, PublicTensor, begin, check_committed, check_public};
use crate::srs::SetupOrigin;
use crate::sumcheck::{self, active_at, mask_functional, mask_length};
use crate::transcript::{Alpha, EqPoint, EquationWeight, Eta, Receiver, Xi};

/// What a verifier accepts besides the mathematics.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifyOptions<'a> {
    /// Accept a key made with a development setup.
    pub allow_development_setup: bool,
    /// Digests of further setups that the verifier trusts.
    pub trusted_setups: &'a [Digest32],
    /// The model that the proof must be for.
    pub model: Option<Digest32>,
    /// The context for which the proof must have been made; a proof for one context is no proof for another.
    pub context: &'a [u8],
}

/// What an accepted proof says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Where the setup comes from.
    pub setup: SetupOrigin,
    /// The model's identity.
    pub model: Digest32,
    /// How many inferences the proof is about.
    pub inferences: u32,
    /// The tensors that the proof reveals, inputs and outputs that are absent are hidden.
    pub public: Vec<PublicTensor>,
    /// The tensors to which the proof commits, to be opened later for single inferences.
    pub committed: Vec<u32>,
    /// Miller loops that the pairing took.
    pub miller_loops: usize,
}

/// What a proof says if it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// How many inferences the proof is about.
    pub inferences: u32,
    /// The tensors that it reveals.
    pub public: Vec<PublicTensor>,
    /// The tensors to which it commits.
    pub committed: Vec<u32>,
}

/// Verifies a proof file.
///
/// # Errors
///
/// [`VerifyError`] says why the proof is not accepted.
///
/// # Soundness
///
/// An accepted proof shows that the committed network maps some input to some output which agree with every public tensor, unless
/// the setup's secret is known, with an error of about 2⁻²³⁰ and the security of BN254, about 100 bits. The key's small table is taken
/// at its word: whoever does not pin a digest that somebody has checked must call [`VerifyingKey::check_table`] first, once for a key. Large
/// tables need no such care: a key in which they could serve lookups that are not theirs, or two outputs for one value, is refused when it is
/// read ([`VerifyingKey::from_bytes`]). Which function a large table holds is a part of the committed network.
pub fn verify(
    key: &VerifyingKey,
    proof: &[u8],
    options: &VerifyOptions<'_>,
) -> Result<Verdict, VerifyError> {
    let (claim, contents) = receive(key, proof, options)?;
    let miller_loops = decide(claim)?;
    Ok(Verdict {
        setup: key.setup().origin(),
        model: key.digest(),
        inferences: contents.inferences,
        public: contents.public,
        committed: contents.committed,
        miller_loops,
    })
}

/// Receives a proof file for a batch: checks everything but the pairing equations. Returns the claim, and what it
/// says if it holds.
///
/// # Errors
///
/// [`VerifyError`] says why the proof is not accepted, whatever the pairing would say.
///
/// # Soundness
///
/// Nothing is proved until a [`Batch`] with the claim has been decided.
pub fn receive(
    key: &VerifyingKey,
    proof: &[u8],
    options: &VerifyOptions<'_>,
) -> Result<(Claim, Contents), VerifyError> {
    check_key(key, options)?;
    let digest = Hasher::new("tensorseal claim")
        .part(&key.digest().0)
        .part(options.context)
        .part(proof)
        .finish();
    let proof = Proof::from_bytes(proof)?;
    same_model(key.digest(), proof.model())?;
    let arranged = arranged(key, &proof)?;
    let program = arranged.as_ref().unwrap_or(key.program());
    check_public(program, proof.public())?;
    let equations = Equations::receive((key, program), &proof, options.context)?.accumulate();
    let claim = Claim::new(key, digest, equations);
    let (arrangement, public) = proof.into_contents();
    let contents = Contents {
        inferences: arrangement.count(),
        public,
        committed: arrangement.committed,
    };
    Ok((claim, contents))
}

/// The program as the proof arranges it; `None` where that is the key's own.
pub(crate) fn arranged(key: &VerifyingKey, proof: &Proof) -> Result<Option<Program>, VerifyError> {
    let arrangement: &Arrangement = proof.arrangement();
    if arrangement.is_plain() {
        return Ok(None);
    }
    check_committed(key.program(), &arrangement.committed, proof.public())?;
    let program = key.program().arranged(arrangement);
    program.map(Some).map_err(VerifyError::Inferences)
}

/// Decides the mathematics alone, whatever the setup, for a proof by this program whose public tensors have been checked.
pub(crate) fn check_equations(
    (key, program): (&VerifyingKey, &Program),
    proof: &Proof,
    context: &[u8],
) -> Result<(), VerifyError> {
    let equations = Equations::receive((key, program), proof, context)?.accumulate();
    // The digest goes into the weights of a batch; one claim has none.
    decide(Claim::new(key, key.digest(), equations)).map(|_| ())
}

/// Decides one claim; returns the number of Miller loops.
pub(crate) fn decide(claim: Claim) -> Result<usize, VerifyError> {
    let verdict = Batch::decide_one(claim, &Compact);
    if verdict.rejected.is_empty() {
        Ok(verdict.miller_loops)
    } else {
        Err(VerifyError::Equations)
    }
}

/// Checks that the key is that of the model that is asked for, under a setup that is accepted.
pub(crate) fn check_key(
    key: &VerifyingKey,
    options: &VerifyOptions<'_>,
) -> Result<(), VerifyError> {
    check_setup(key, options)?;
    match options.model {
        Some(expected) => same_model(expected, key.digest()),
        None => Ok(()),
    }
}

fn check_setup(key: &VerifyingKey, options: &VerifyOptions<'_>) -> Result<(), VerifyError> {
    match key.setup().origin() {
        SetupOrigin::Hermez => Ok(()),
        SetupOrigin::Development if options.allow_development_setup => Ok(()),
        SetupOrigin::Development => Err(VerifyError::DevelopmentSetup),
        SetupOrigin::Unknown => {
            let setup = key.setup_digest();
            if options.trusted_setups.contains(&setup) {
                Ok(())
            } else {
                Err(VerifyError::UnknownSetup { setup })
            }
        }
    }
}

pub(crate) fn same_model(expected: Digest32, found: Digest32) -> Result<(), VerifyError> {
    if expected == found {
        Ok(())
    } else {
        Err(VerifyError::WrongModel { expected, found })
    }
}

/// What the sumcheck leaves: every column's evaluation at one point, and what the weights and the mask must account for.
struct Reduced {
    r: Vec<Fr>,
    /// Every column at r.
    z: Vec<Fr>,
    /// The table at r.
    table: Fr,
    kappa: EvaluatedKappa,
    /// s = ⟨G, k′⟩.
    s: Fr,
}

impl Reduced {
    /// One sumcheck for the lookups and all linear claims (PROTOCOL §5).
    fn receive(
        program: &Program,
        public: &[PublicTensor],
        (lookup, sums): (&LookupChallenges, TableSums),
        alpha: Alpha,
        channel: &mut Receiver<'_>,
    ) -> Result<Self, VerifyError> {
        let zerocheck: Vec<EqPoint> = channel.challenges(program.log_rows());
        let eta: Eta = channel.challenge();
        let challenges = ClaimChallenges::draw(program, alpha, channel);
        let claims = LinearClaims::new(program, public, &challenges, sums);
        let (r, last) = sumcheck::verify(channel, program.log_rows(), claims.value)?;
        let z = channel.scalars("z", program.columns().count())?;
        let table = channel.scalar("t")?;

        let active = active_at(&r);
        let zerocheck: Vec<Fr> = zerocheck.iter().map(|r| r.0).collect();
        let rows = constraints(program, lookup, eta, (&r, &z, table));
        let s =
            eq(&zerocheck, &r) * active * rows + claims.evaluate(program, &r, &z, active) - last;
        Ok(Self {
            kappa: claims.kappa.evaluate(&r, &z),
            r,
            z,
            table,
            s,
        })
    }

    /// Openings of all columns at r, and of s (PROTOCOL §6).
    fn openings(
        &self,
        program: &Program,
        alpha: Alpha,
        xi: Xi,
        channel: &mut Receiver<'_>,
    ) -> Result<Openings, VerifyError> {
        let columns = program.weight_columns();
        let mask = mask_functional(&self.r);
        let prefix = self.kappa.prefix(mask.len().min(columns));
        let tail = masked_tail(&prefix, columns, alpha.0, &mask);
        let claim = OpeningClaim {
            r: &self.r,
            b: evaluate(&self.z, xi.0) + power(xi.0, self.z.len()) * self.table,
            s: self.s,
            log_columns: program.log_weight_columns(),
            g_length: columns + mask_length(program.log_rows()),
            tables: TableOpeningClaim::new(program),
        };
        let weight_functional = |x: Fr| self.kappa.at(x) + power(x, columns) * evaluate(&tail, x);
        opening::receive(&claim, &weight_functional, channel)
    }
}

/// Everything that the pairing decides, with the weights of its equations.
struct Equations {
    lookup: LookupChallenges,
    alpha: Fr,
    xi: Fr,
    columns: Vec<G1Affine>,
    tables: Vec<TableMessages>,
    g: G1Affine,
    q: G1Affine,
    openings: Openings,
    weights: [Fr; 4],
    /// Those of the large tables' equations, and of the opening at 0, which is there if they are.
    table_weights: (Vec<Fr>, Option<Fr>),
    correction: G1Affine,
}

impl Equations {
    /// Runs the protocol up to the pairing (PROTOCOL §4 to §7).
    fn receive(
        (key, program): (&VerifyingKey, &Program),
        proof: &Proof,
        context: &[u8],
    ) -> Result<Self, VerifyError> {
        let statement = (key.digest(), proof.arrangement());
        let transcript = begin(program, statement, context, proof.public());
        let mut channel = Receiver::new(transcript, proof.argument());

        // Round 1: the witness. Round 2: lookups, the weights' remainder with the mask on it.
        let names = program.columns();
        let mut columns = channel.points("witness", names.first_round())?;
        let table_count = program.large_tables().len();
        let multiplicities = channel.points("m of a table", table_count)?;
        let lookup = LookupChallenges {
            lambda: channel.challenge(),
            theta: channel.challenge(),
        };
        let alpha: Alpha = channel.challenge();
        let tables = TableMessages::receive(multiplicities, &mut channel)?;
        columns.extend(channel.points("lookups", names.count() - names.first_round())?);
        let g = channel.point("G")?;
        let q = channel.point("q'")?;

        let sums = TableSums {
            sigma: tables.iter().map(|table| table.sigma).sum(),
            blind: blind_cells(program, &lookup),
        };
        let lookups = (&lookup, sums);
        let reduced = Reduced::receive(program, proof.public(), lookups, alpha, &mut channel)?;
        let xi: Xi = channel.challenge();
        let openings = reduced.openings(program, alpha, xi, &mut channel)?;
        let mut weight = || channel.challenge::<EquationWeight>().0;
        let weights = core::array::from_fn(|_| weight());
        let own = tables.iter().map(|_| weight()).collect();
        let table_weights = (own, (!tables.is_empty()).then(weight));
        let correction = channel.point("E")?;
        channel.finish()?;
        Ok(Self {
            lookup,
            alpha: alpha.0,
            xi: xi.0,
            columns,
            tables,
            g,
            q,
            openings,
            weights,
            table_weights,
            correction,
        })
    }

    /// The sum of the equations, those of the large tables apart ([`TableOpenings::accumulate`](crate::cq)):
    ///
    /// ```text
    /// w₁: U(z) is opened at z      w₂: V(1/z) is opened at 1/z
    /// w₃: p − g_p = q_p·(X^C − α′)      w₄: W − G = q′·(X^C − α)
    /// ```
    fn accumulate(&self) -> Accumulator {
        let [w1, w2, w3, w4] = self.weights;
        let openings = &self.openings;
        let mut sum = Accumulator::default();
        let constant = openings.accumulate(&mut sum, self.g, [w1, w2, w3]);

        let xi = powers(self.xi, self.columns.len() + 1);
        for (column, power) in self.columns.iter().zip(&xi) {
            sum.add(Side::One, *column, w3 * power);
        }
        // The table stands behind the columns, its own three columns compressed by θ.
        let theta = self.lookup.theta.0;
        let table = w3 * xi.last().copied().unwrap_or(Fr::ZERO);
        sum.shared = alloc::vec![constant, table, table * theta, table * theta.square(), w4];
        if let (Some(tables), (own, Some(w_zero))) = (&openings.tables, &self.table_weights) {
            let challenges = (self.lookup.lambda.0, theta);
            let weights = ([w1, w2, *w_zero], own.as_slice());
            tables.accumulate(&self.tables, challenges, weights, &mut sum);
        }
        sum.add(Side::One, self.g, -w4);
        sum.add(Side::One, self.q, w4 * self.alpha);
        sum.add(Side::TauC, self.q, -w4);
        sum.add(Side::Beta, self.correction, -Fr::ONE);
        sum
    }
}

#[cfg(test)]
mod tests;
