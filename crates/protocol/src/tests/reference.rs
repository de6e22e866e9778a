//! The numbers of the protocol's executable reference: `tests/vectors/reference.json`, made by the script beside it.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};
use serde_json::Value;

use crate::backend::Reference;
use crate::curve::Fr;
use crate::linear::claims::{ClaimChallenges, LinearClaims, TableSums};
use crate::lookup::{LookupChallenges, constraints};
use crate::opening::{Coefficients, LaurentPoint, laurent, masked_tail};
use crate::poly::laurent::symmetric_quotient;
use crate::poly::multilinear::{eq, eq_table, inner_product};
use crate::poly::univariate::evaluate;
use crate::program::Columns;
use crate::proof::PublicTensor;
use crate::random::{RandomSource, RandomnessUnavailable};
use crate::sumcheck::{Mask, active_at, interpolate, mask_functional};
use crate::testing::{Network, TestLayer};
use crate::transcript::{Alpha, Delta, Eta, Gamma, Lambda, Theta};

const VECTORS: &str = include_str!("../../../../tests/vectors/reference.json");

fn scalar(value: &Value) -> Fr {
    match value {
        Value::String(digits) => digits.bytes().fold(Fr::ZERO, |sum, digit| {
            sum * Fr::from(10u64) + Fr::from(u64::from(digit - b'0'))
        }),
        number => Fr::from(number.as_i64().unwrap()),
    }
}

fn list<T>(value: &Value, item: impl FnMut(&Value) -> T) -> Vec<T> {
    value.as_array().unwrap().iter().map(item).collect()
}

fn scalars(value: &Value) -> Vec<Fr> {
    list(value, scalar)
}

fn integer(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

/// The network of a case, built as the tests build theirs.
fn network(case: &Value) -> Network {
    let small = |value: &Value| integer(value) as i32;
    let layers = list(&case["layers"], |layer| TestLayer {
        weight: list(&layer["weight"], |taps| {
            list(taps, |inputs| list(inputs, small))
        }),
        bias: list(&layer["bias"], small),
        segment: integer(&layer["tag"]) as u32 - 2,
        stride: integer(&layer["stride"]) as u32,
    });
    let positions = integer(&case["in_dims"][0][0]) as u32;
    let input = list(&case["input"], |row| list(row, integer)).concat();
    let sizes = (
        integer(&case["log_rows"]) as u32,
        integer(&case["lanes"]) as u32,
    );
    Network::new(layers, (positions > 1).then_some(positions), input, sizes)
}

/// The case's challenges as the prover and the verifier hold them.
struct Challenges {
    lookup: LookupChallenges,
    claims: ClaimChallenges,
    eta: Eta,
    zerocheck: Vec<Fr>,
    r: Vec<Fr>,
    z: Vec<Fr>,
}

impl Challenges {
    fn of(case: &Value) -> Self {
        let challenges = &case["challenges"];
        let one = |name: &str| scalar(&challenges[name]);
        Self {
            lookup: LookupChallenges {
                lambda: Lambda(one("lambda")),
                theta: Theta(one("theta")),
            },
            claims: ClaimChallenges {
                alpha: Alpha(one("alpha")),
                gamma: list(&challenges["gamma"], |gamma| Gamma(scalar(gamma))),
                position_point: scalars(&challenges["r_pos"]),
                public_point: scalars(&challenges["r_io"]),
                delta: Delta(one("delta")),
            },
            eta: Eta(one("eta")),
            zerocheck: scalars(&challenges["tau"]),
            r: scalars(&challenges["r"]),
            z: scalars(&challenges["z"]),
        }
    }
}

fn each_case(check: impl Fn(&Value, &Network, &Challenges)) {
    let cases: Value = serde_json::from_str(VECTORS).unwrap();
    for case in cases.as_array().unwrap() {
        check(case, &network(case), &Challenges::of(case));
    }
}

#[test]
fn the_program_and_the_trace_are_the_references() {
    each_case(|case, network, _| {
        let program = &network.program;
        let columns = case["columns"].as_u64().unwrap();
        assert_eq!(program.weight_columns() as u64, columns);
        for (tensor, block) in program.tensors().iter().zip(list(&case["blocks"], |b| {
            (integer(&b[0]) as u32, integer(&b[1]) as u32)
        })) {
            assert_eq!((tensor.blocks[0].lane, tensor.blocks[0].base), block);
        }
        // (layer, block of outputs, tap or "bias", first column).
        for run in case["gblocks"].as_array().unwrap() {
            let layer = &program.layers()[integer(&run[0]) as usize];
            let block = integer(&run[1]) as usize;
            let column = match run[2].as_u64() {
                None => layer.bias[block],
                Some(tap) => {
                    let term = &layer.terms[0];
                    term.runs()[block * term.taps() + tap as usize]
                }
            };
            assert_eq!(i64::from(column), integer(&run[3]));
        }
        let trace = list(&case["trace"], |cells| {
            list(cells, |cell| {
                [integer(&cell[0]), integer(&cell[1]), integer(&cell[2])]
            })
        });
        for (found, expected) in network.trace().iter().zip(&trace) {
            let found: Vec<[i64; 3]> = found.iter().map(|c| [c.rem, c.pre, c.out]).collect();
            assert_eq!(&found, expected);
        }
    });
}

#[test]
fn linear_claims_are_the_references() {
    each_case(|case, network, challenges| {
        let program = &network.program;
        let trace = network.trace();
        let public = [0, network.output].map(|index| {
            let cells = trace[index as usize].iter();
            PublicTensor::new(index, cells.map(|cell| cell.out).collect())
        });
        let claims = LinearClaims::new(program, &public, &challenges.claims, TableSums::default());
        let (r, z) = (&challenges.r, &challenges.z);
        assert_eq!(claims.value, scalar(&case["v"]));
        let u = claims.evaluate(program, r, z, active_at(r));
        assert_eq!(u, scalar(&case["u_at_r"]));
        let kappa = claims.kappa.evaluate(r, z);
        assert_eq!(
            kappa.prefix(program.weight_columns()),
            scalars(&case["kappa"])
        );

        let alpha = challenges.claims.alpha.0;
        let powers = crate::poly::univariate::powers(alpha, program.weight_rows());
        let g = crate::backend::fold_weight_columns(
            &network.weights,
            &powers,
            0..program.weight_columns(),
        );
        assert_eq!(g, scalars(&case["g"]));
        assert_eq!(claims.kappa.constant(&g), scalar(&case["bias_constant"]));

        let mask = mask_functional(r);
        let columns = program.weight_columns();
        let tail = masked_tail(&kappa.prefix(columns), columns, alpha, &mask);
        assert_eq!(tail, scalars(&case["masked_tail"]));
        let x = scalar(&case["challenges"]["point"]);
        let masked = kappa.at(x) + x.pow([columns as u64]) * evaluate(&tail, x);
        assert_eq!(masked, scalar(&case["masked_at_point"]));
    });
}

#[test]
fn lookups_and_constraints_are_the_references() {
    each_case(|case, network, challenges| {
        let program = &network.program;
        let names: Columns = program.columns();
        let (r, z) = (&challenges.r, &challenges.z);
        let table = challenges.lookup.table_column(program);
        let table = inner_product(&table, &eq_table(r)) - challenges.lookup.lambda.0;
        assert_eq!(table, scalar(&case["table_at_r"]));
        let tags = scalars(&case["tags_at_r"]);
        for (lane, fractions) in case["fractions"].as_array().unwrap().iter().enumerate() {
            let first = challenges.lookup.remainder(z[names.rem(lane)]);
            let second =
                challenges
                    .lookup
                    .function(z[names.pre(lane)], z[names.out(lane)], tags[lane]);
            assert_eq!(alloc::vec![first, second], scalars(fractions));
        }
        let rows = constraints(program, &challenges.lookup, challenges.eta, (r, z, table));
        let value = eq(&challenges.zerocheck, r) * active_at(r) * rows;
        assert_eq!(value, scalar(&case["constraints"]));
    });
}

#[test]
fn the_laurent_identity_is_the_references() {
    each_case(|case, network, challenges| {
        let openings = scalars(&case["challenges"]["openings"]);
        let [alpha_prime, psi, ga, gb, c1] = openings[..] else {
            panic!("five challenges")
        };
        let z = scalar(&case["challenges"]["point"]);
        let z_inverse = z.inverse().unwrap();
        let mut functional = scalars(&case["kappa"]);
        functional.extend(scalars(&case["masked_tail"]));
        let found = laurent(&LaurentPoint {
            log_columns: network.program.log_weight_columns(),
            r: &challenges.r,
            alpha_prime,
            psi,
            ga,
            gb,
            c1,
            z,
            z_inverse,
            weight_functional: [evaluate(&functional, z), evaluate(&functional, z_inverse)],
            g_length: functional.len(),
        });
        for (found, expected) in found.iter().zip(case["laurent"].as_array().unwrap()) {
            let expected = scalars(expected);
            let [g_p, h, g, s, d] = expected[..] else {
                panic!("five coefficients")
            };
            assert_eq!(*found, Coefficients { g_p, h, g, s, d });
        }
        let (g, kappa) = (scalars(&case["g"]), scalars(&case["kappa"]));
        let quotient = symmetric_quotient(&[(&g[..9], &kappa[..5])], &Reference);
        assert_eq!(quotient, scalars(&case["symmetric_quotient"]));
    });
}

struct Given(Vec<Fr>);

impl RandomSource for Given {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        Err(RandomnessUnavailable)
    }

    fn scalar(&mut self) -> Result<Fr, RandomnessUnavailable> {
        Ok(self.0.remove(0))
    }
}

#[test]
fn the_mask_is_the_references() {
    each_case(|case, network, challenges| {
        let r = &challenges.r;
        let coefficients = scalars(&case["mask"]);
        let expected = scalar(&case["mask_at_r"]);
        assert_eq!(
            inner_product(&coefficients, &mask_functional(r)),
            expected,
            "{}",
            case["name"]
        );
        let log_rows = network.program.log_rows();
        let mask = Mask::draw(log_rows, &mut Given(coefficients)).unwrap();
        let (before, last) = r.split_at(log_rows - 1);
        assert_eq!(interpolate(&mask.round(before), last[0]), expected);
    });
}
