//! Whether every equation of a proof has a weight of its own.

use ark_ec::CurveGroup;

use super::*;
use crate::curve::g1_generator;
use crate::random::RandomSource;
use crate::testing::{Cheat, keys, networks, prove_falsely, random};

/// The equations: w₁ to w₄, the opening at 0, and one of each table.
const BEFORE_TABLES: usize = 5;

/// τ of the setups of tests.
fn trapdoor() -> Fr {
    random(1).scalar().unwrap()
}

impl Equations {
    /// The message that stands in one equation alone, and its multiple there, as a number that only τ tells.
    fn own_message(&mut self, equation: usize, program: &Program) -> (&mut G1Affine, Fr) {
        let tau = trapdoor();
        let tau_to = |log: usize| (0..log).fold(tau, |power, _| power.square());
        let tau_c = tau_to(program.log_weight_columns());
        let openings = &mut self.openings;
        let [at_z, at_inverse] = openings.points;
        let [first, second] = &mut openings.quotients;
        match equation {
            0 => (first, at_z - tau),
            1 => (second, at_inverse - tau),
            2 => (&mut openings.q_p, openings.alpha_prime - tau_c),
            3 => (&mut self.q, self.alpha - tau_c),
            4 => (&mut openings.tables.as_mut().unwrap().quotient, -tau),
            _ => {
                let table = equation - BEFORE_TABLES;
                let log = program.large_tables()[table].log();
                (&mut self.tables[table].q, Fr::ONE - tau_to(log))
            }
        }
    }

    fn weight(&self, equation: usize) -> Fr {
        let (own, at_zero) = &self.table_weights;
        match equation {
            0..4 => self.weights[equation],
            4 => at_zero.unwrap(),
            _ => own[equation - BEFORE_TABLES],
        }
    }

    /// Makes an equation false by a multiple of [1]₁.
    fn spoil(&mut self, equation: usize, error: Fr, program: &Program) {
        let (message, multiple) = self.own_message(equation, program);
        let error = g1_generator() * (error * multiple.inverse().unwrap());
        *message = (*message + error).into_affine();
    }
}

/// What one equation is false by, another makes good: unless each has a weight of its own, which nobody knows before all messages are sent.
#[test]
fn what_two_equations_are_false_by_does_not_cancel() {
    let network = networks().remove(0).1.with_large_tables(&[(6, 1), (5, 1)]);
    let (_, key) = keys(&network);
    let proof = prove_falsely(&key, &network, &Cheat::default());
    let proof = Proof::from_bytes(&proof).unwrap();
    let key = key.verifying();
    let place = (key, key.program());
    let verdict = |errors: [(usize, &dyn Fn(Fr) -> Fr); 2]| {
        let mut equations = Equations::receive(place, &proof, &[]).unwrap();
        for (equation, error) in errors {
            let error = error(equations.weight(equation));
            equations.spoil(equation, error, key.program());
        }
        decide(Claim::new(key, key.digest(), equations.accumulate())).map(|_| ())
    };
    let count = BEFORE_TABLES + network.tables.len();
    for first in 0..count {
        for second in first + 1..count {
            let what = (first, second);
            let found = verdict([(first, &|_| Fr::ONE), (second, &|_| -Fr::ONE)]);
            assert_eq!(found, Err(VerifyError::Equations), "{what:?}");
            // With the weights the errors do cancel: they are where this test says they are.
            let inverse = |weight: Fr| weight.inverse().unwrap();
            let known = verdict([(first, &inverse), (second, &|weight| -inverse(weight))]);
            assert_eq!(known, Ok(()), "{what:?}");
        }
    }
}
