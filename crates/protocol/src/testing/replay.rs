//! The challenges of a proof, for a cheating prover that runs itself again and for the tests of the transcript.

use alloc::vec::Vec;

use crate::curve::Fr;
use crate::keys::VerifyingKey;
use crate::linear::claims::ClaimChallenges;
use crate::proof::{Proof, begin};
use crate::transcript::{
    Alpha, AlphaPrime, C1, Challenge, EqPoint, EquationWeight, Eta, Ga, Gb, Lambda, Psi, Receiver,
    Round, Theta, Xi, Z,
};

/// Every challenge of a proof.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    pub(crate) zerocheck: Vec<Fr>,
    pub(crate) eta: Fr,
    pub(crate) claims: ClaimChallenges,
    pub(crate) r: Vec<Fr>,
    pub(crate) xi: Fr,
    /// All challenges in order, each with the number of messages before it.
    pub(crate) drawn: Vec<(usize, Fr)>,
}

struct Recorder<'a> {
    channel: Receiver<'a>,
    messages: usize,
    drawn: Vec<(usize, Fr)>,
}

impl Recorder<'_> {
    fn points(&mut self, name: &'static str, count: usize) {
        self.channel.points(name, count).unwrap();
        self.messages += count;
    }

    fn scalars(&mut self, name: &'static str, count: usize) {
        self.channel.scalars(name, count).unwrap();
        self.messages += count;
    }

    fn draw<C: Challenge + core::ops::Deref<Target = Fr>>(&mut self) -> C {
        let challenge: C = self.channel.challenge();
        self.drawn.push((self.messages, *challenge));
        challenge
    }
}

impl Replay {
    /// Draws the challenges that belong to a proof.
    pub(crate) fn of(key: &VerifyingKey, proof: &Proof, context: &[u8]) -> Self {
        let program = key.program();
        let names = program.columns();
        let transcript = begin(
            program,
            (key.digest(), proof.arrangement()),
            context,
            proof.public(),
        );
        let mut recorder = Recorder {
            channel: Receiver::new(transcript, proof.argument()),
            messages: 0,
            drawn: Vec::new(),
        };
        let tables = program.large_tables().len();
        recorder.points("witness", names.first_round());
        recorder.points("m of a table", tables);
        recorder.draw::<Lambda>();
        recorder.draw::<Theta>();
        let alpha: Alpha = recorder.draw();
        for _ in 0..tables {
            recorder.points("A of a table", 1);
            recorder.points("Q of a table", 1);
            recorder.scalars("sigma", 1);
        }
        recorder.points("lookups", names.count() - names.first_round());
        recorder.points("G", 1);
        recorder.points("q'", 1);
        let zerocheck = (0..program.log_rows())
            .map(|_| recorder.draw::<EqPoint>().0)
            .collect();
        let eta = recorder.draw::<Eta>().0;
        let claims = ClaimChallenges::draw(program, alpha, &mut recorder.channel);
        let messages = recorder.messages;
        let gamma = claims.gamma.iter().map(|gamma| gamma.0);
        let points = claims.position_point.iter().chain(&claims.public_point);
        let drawn: Vec<Fr> = points
            .copied()
            .chain(gamma)
            .chain([claims.delta.0])
            .collect();
        recorder
            .drawn
            .extend(drawn.into_iter().map(|challenge| (messages, challenge)));
        let mut r = Vec::new();
        for _ in 0..program.log_rows() {
            recorder.scalars("round", 5);
            r.push(recorder.draw::<Round>().0);
        }
        recorder.scalars("z", names.count());
        recorder.scalars("t", 1);
        let xi = recorder.draw::<Xi>().0;
        recorder.openings(tables);
        Self {
            zerocheck,
            eta,
            claims,
            r,
            xi,
            drawn: recorder.drawn,
        }
    }
}

impl Recorder<'_> {
    fn openings(&mut self, tables: usize) {
        self.points("h", 1);
        self.draw::<AlphaPrime>();
        self.points("g_p", 1);
        self.points("q_p", 1);
        self.draw::<Psi>();
        self.draw::<Ga>();
        self.draw::<Gb>();
        self.points("D", 1);
        self.points("S", 1);
        self.draw::<C1>();
        self.draw::<Z>();
        self.scalars("y_1", 1);
        self.scalars("y_s", tables);
        self.points("opening", 2);
        let at_zero = usize::from(tables > 0);
        self.points("opening at 0", at_zero);
        for _ in 0..4 + tables + at_zero {
            self.draw::<EquationWeight>();
        }
        self.points("E", 1);
        self.channel.finish().unwrap();
    }
}
