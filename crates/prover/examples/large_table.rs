//! What a large table costs: `cargo run --release -p tensorseal-prover --example large_table -- 8 20` proves a network of the shape of
//! digits_mlp (64, 32, 10), which looks up 68 distinct rows of one table, with a table of 2^8, 2^10, … 2^20 rows: by cached
//! quotients and in columns as high as the table. Prints a row of figures for each size. The cached points of the rows in use come from
//! the development setup's own secret, not from a preprocessing, whose time is another figure: with `preprocess` in front, that of a
//! table of one function of each size (two columns; the third, its tag, is one value but for the blind rows); with `rows 20 5`, that of
//! 5 rows of such a table of 2^20.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    reason = "a measurement, run by hand"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use ark_ec::CurveGroup;
use ark_ff::{FftField, Field, batch_inversion_and_mul};
use tensorseal_protocol::backend::Backend;
use tensorseal_protocol::cq::{
    CachedTable, NoCheckpoints, PlacedTable, Preprocessor, TableContents, Visibility,
};
use tensorseal_protocol::curve::{Fr, encode_g1_uncompressed, g1_generator};
use tensorseal_protocol::digest::{Digest32, Hasher};
use tensorseal_protocol::encoding::{FileKind, Writer};
use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::program::{Layer, Program, ProgramParts, Tensor, Term, Weights, place};
use tensorseal_protocol::random::{RandomSource, RandomnessUnavailable};
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::table::{Outputs, Segment, Table};
use tensorseal_protocol::{
    Cell, Model, ProveOptions, ProvingKey, VerifyOptions, Witness, generate_with_tables, prove,
    verify,
};
use tensorseal_prover::Threads;

const SHIFT: u32 = 8;
const CHANNELS: [u32; 3] = [64, 32, 10];
const LOG_WEIGHT_ROWS: u32 = 4;
const LOG_WEIGHT_COLUMNS: u32 = 8;
/// Proofs of each size by cached quotients, of which the median counts, and in columns, which takes longer.
const RUNS: u32 = 41;
const RUNS_IN_COLUMNS: u32 = 5;

/// Numbers that repeat themselves.
struct Repeatable(u64);

impl RandomSource for Repeatable {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        for chunk in bytes.chunks_mut(32) {
            self.0 += 1;
            let block = Hasher::new("example").part(&self.0.to_le_bytes()).finish();
            chunk.copy_from_slice(&block.0[..chunk.len()]);
        }
        Ok(())
    }
}

/// Two functions that together fill 2^log rows but for the two blind ones.
fn segments(log: u32) -> Vec<Segment> {
    let length = (1u32 << (log - 1)) - 1;
    let segment = |low| Segment {
        start: -((length / 2) as i32),
        length,
        outputs: Outputs::Clamp { low, high: 1 << 20 },
    };
    vec![segment(-(1 << 20)), segment(0)]
}

struct Network {
    program: Program,
    tables: Vec<TableContents>,
    weights: WeightMatrix,
    witness: Witness,
}

fn network(log: u32, large: bool) -> Network {
    let segments = segments(log);
    let rows = 1 + (1u64 << SHIFT) + if large { 0 } else { (1 << log) - 2 };
    let log_rows = (rows + 4).next_power_of_two().trailing_zeros().max(9);
    let tensor = |channels: u32, segment| Tensor {
        positions: Vec::new(),
        channels,
        segment,
        blocks: Vec::new(),
    };
    let tensors = CHANNELS.iter().zip([0, 1, 0]);
    let tensors = tensors
        .map(|(channels, segment)| tensor(*channels, segment))
        .collect();
    let (tensors, lanes) = place(tensors, log_rows, &|_| 1);
    let height = 1u32 << LOG_WEIGHT_ROWS;
    let mut weights = WeightMatrix::zero(height as usize, 1 << LOG_WEIGHT_COLUMNS);
    let (mut layers, mut next) = (Vec::new(), 0u32);
    for (source, pair) in (0u32..).zip(CHANNELS.windows(2)) {
        let runs: Vec<u32> = (0..pair[1].div_ceil(height))
            .map(|block| next + block * pair[0])
            .collect();
        next += pair[0] * runs.len() as u32;
        for (block, run) in runs.iter().enumerate() {
            for row in 0..height.min(pair[1] - block as u32 * height) {
                for column in 0..pair[0] {
                    let weight = ((row * 7 + column * 13 + source) % 5) as i32 - 2;
                    weights.set(row as usize, (run + column) as usize, weight);
                }
            }
        }
        layers.push(Layer {
            output: source + 1,
            limbs: Vec::new(),
            terms: vec![Term {
                source,
                maps: Vec::new(),
                exponent: 0,
                weights: Weights::Dense { runs },
            }],
            bias: Vec::new(),
        });
    }
    let contents = TableContents {
        log_rows: log,
        visibility: Visibility::Public,
        segments: segments.clone(),
    };
    let program = Program::new(ProgramParts {
        log_rows,
        lanes,
        log_weight_rows: LOG_WEIGHT_ROWS,
        log_weight_columns: LOG_WEIGHT_COLUMNS,
        table: Table {
            shift: SHIFT,
            segments: if large { Vec::new() } else { segments.clone() },
        },
        large_tables: if large {
            vec![contents.describe().unwrap()]
        } else {
            Vec::new()
        },
        tensors,
        layers,
        inputs: vec![0],
        outputs: vec![2],
    })
    .unwrap();
    let witness = witness(&program, &weights, &segments);
    Network {
        program,
        tables: if large { vec![contents] } else { Vec::new() },
        weights,
        witness,
    }
}

fn witness(program: &Program, weights: &WeightMatrix, segments: &[Segment]) -> Witness {
    let input = (0..i64::from(CHANNELS[0])).map(|i| i * 37 % 121 - 60);
    let mut trace: Vec<Vec<Cell>> = vec![
        input
            .map(|pre| Cell {
                rem: 0,
                pre,
                out: pre,
            })
            .collect(),
    ];
    for layer in program.layers() {
        let output = &program.tensors()[layer.output as usize];
        let source = &trace[trace.len() - 1];
        let cells = (0..output.channels as usize).map(|o| {
            let run = layer.terms[0].runs()[o >> LOG_WEIGHT_ROWS] as usize;
            let row = weights.row(o & ((1 << LOG_WEIGHT_ROWS) - 1));
            let sum: i64 = source
                .iter()
                .zip(&row[run..])
                .map(|(cell, w)| cell.out * i64::from(*w))
                .sum();
            let sum = sum + (1 << (SHIFT - 1));
            let pre = sum >> SHIFT;
            let out = segments[output.segment as usize].apply(pre).unwrap();
            Cell {
                rem: sum & ((1 << SHIFT) - 1),
                pre,
                out,
            }
        });
        let cells = cells.collect();
        trace.push(cells);
    }
    Witness::new(program, trace).unwrap()
}

/// Milliseconds that this process has computed on all cores, on Linux: of each thread the first field of its `schedstat`, in nanoseconds.
fn processor_ms() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let nanoseconds = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() / 1e6
}

/// A network with a table in one of the two forms, and what its proofs cost.
struct Case {
    log: u32,
    large: bool,
    key: ProvingKey,
    witness: Witness,
    /// Rows of the large table that a proof uses.
    used: usize,
    /// Milliseconds of each proof, and on all cores together, which a busy machine falsifies less (0 where the system does not tell).
    times: Vec<f64>,
    processor: Vec<f64>,
    proof: Vec<u8>,
}

impl Case {
    fn new(log: u32, large: bool, (srs, tau): (&Srs, Fr)) -> Self {
        let network = network(log, large);
        let random = &mut Repeatable(1);
        let model = Model {
            program: network.program.clone(),
            tables: &network.tables,
            weights: network.weights,
            annotation: Vec::new(),
        };
        let mut key = generate_with_tables(model, srs, (&Threads, random), &mut |_, _| ()).unwrap();
        let witness = network.witness;
        let rows = network.program.large_rows(std::slice::from_ref(&witness));
        for (index, (contents, rows)) in network.tables.iter().zip(&rows).enumerate() {
            let name = key.placed_table(index).unwrap().name();
            let columns = contents.columns(&network.program, index).unwrap();
            let table = known_points(name, &columns, rows, tau);
            table
                .check_row(*rows.first().unwrap(), &key, index)
                .unwrap();
            key.attach_table(index, Arc::new(table)).unwrap();
        }
        Self {
            log,
            large,
            key,
            witness,
            used: rows.first().map_or(0, BTreeSet::len),
            times: Vec::new(),
            processor: Vec::new(),
            proof: Vec::new(),
        }
    }

    fn prove(&mut self, random: &mut Repeatable) {
        let (before, start) = (processor_ms(), Instant::now());
        let options = ProveOptions::default();
        let made = prove(&self.key, &self.witness, &options, (&Threads, random));
        self.times.push(start.elapsed().as_secs_f64() * 1e3);
        self.processor.push(processor_ms() - before);
        self.proof = made.unwrap().to_bytes();
    }

    fn print(&self) {
        let options = VerifyOptions {
            allow_development_setup: true,
            ..VerifyOptions::default()
        };
        let verdict = verify(self.key.verifying(), &self.proof, &options).unwrap();
        println!(
            "{}, {}, {:.1}, {:.1}, {}, {}, {}",
            self.log,
            if self.large { "cq" } else { "columns" },
            median(&self.times),
            median(&self.processor),
            self.used,
            self.proof.len(),
            verdict.miller_loops
        );
    }
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The cached points of some rows by a setup's secret: Lᵢ(τ) = ωⁱ·Z_V(τ)/(N̂(τ − ωⁱ)) and Q_{j,i}(τ) = (T̂_j(τ) − t_{j,i})·Lᵢ(τ)/Z_V(τ).
fn known_points(
    name: Digest32,
    columns: &[Vec<i64>; 3],
    rows: &BTreeSet<u32>,
    tau: Fr,
) -> CachedTable {
    let size = columns[0].len() as u64;
    let log = size.trailing_zeros();
    let omega = Fr::get_root_of_unity(size).unwrap();
    let vanishing = tau.pow([size]) - Fr::ONE;
    let mut powers = vec![Fr::ONE];
    for k in 1..size as usize {
        powers.push(powers[k - 1] * omega);
    }
    let mut lagrange: Vec<Fr> = powers.iter().map(|power| tau - power).collect();
    let scale = vanishing * Fr::from(size).inverse().unwrap();
    batch_inversion_and_mul(&mut lagrange, &scale);
    for (lagrange, power) in lagrange.iter_mut().zip(&powers) {
        *lagrange *= power;
    }
    let at_tau = columns.each_ref().map(|column| {
        let terms = column.iter().zip(&lagrange);
        terms.map(|(cell, l)| Fr::from(*cell) * l).sum::<Fr>()
    });
    let rows: BTreeSet<usize> = rows.iter().map(|row| *row as usize).collect();
    let blind = [size as usize - 2, size as usize - 1];
    let rows: BTreeSet<usize> = rows.into_iter().chain(blind).collect();
    let mut file = Writer::file(FileKind::CachedTable);
    file.bytes(&name.0);
    file.u32(log);
    file.count(rows.len());
    for row in rows {
        let mut body = Writer::new();
        body.u32(row as u32);
        columns.iter().for_each(|column| body.i64(column[row]));
        let mirrored = lagrange[(size as usize - row) % size as usize];
        let quotient = |j: usize| {
            let rest = at_tau[j] - Fr::from(columns[j][row]);
            rest * lagrange[row] * vanishing.inverse().unwrap()
        };
        let scalars = [
            lagrange[row],
            mirrored,
            quotient(0),
            quotient(1),
            quotient(2),
        ];
        for scalar in scalars {
            let point = (g1_generator() * scalar).into_affine();
            body.bytes(&encode_g1_uncompressed(&point));
        }
        let body = body.finish();
        let hasher = Hasher::new("tensorseal cached row").part(&name.0);
        let digest = hasher.part(&log.to_le_bytes()).part(&body).finish();
        file.bytes(&body);
        file.bytes(&digest.0);
    }
    CachedTable::from_bytes(&file.finish()).unwrap()
}

fn preprocess(place: &PlacedTable<'_>, srs: &Srs, backend: &impl Backend) -> CachedTable {
    let mut preprocessor = Preprocessor {
        backend,
        checkpoints: &mut NoCheckpoints,
        progress: &mut |_, _| (),
    };
    CachedTable::compute(place, srs, &mut preprocessor).unwrap()
}

/// A table of one function.
fn one_function(log: u32) -> (TableContents, Program) {
    let length = (1u32 << log) - 2;
    let start = -((length / 2) as i32);
    let values = start..start + length as i32;
    let values = values.map(|value| (i64::from(value).pow(2) >> 8) - i64::from(value) / 3);
    let contents = TableContents {
        log_rows: log,
        visibility: Visibility::Public,
        segments: vec![Segment {
            start,
            length,
            outputs: Outputs::Values(values.collect()),
        }],
    };
    let mut parts = network(8, true).program.parts().clone();
    parts
        .tensors
        .iter_mut()
        .for_each(|tensor| tensor.segment = 0);
    parts.large_tables = vec![contents.describe().unwrap()];
    (contents, Program::new(parts).unwrap())
}

fn preprocess_alone(log: u32) {
    let (contents, program) = one_function(log);
    let srs = Srs::development_with_g2(log, 0, (&Threads, &mut Repeatable(7))).unwrap();
    let start = Instant::now();
    let place = PlacedTable::new(&contents, (&program, 0), srs.setup().digest()).unwrap();
    preprocess(&place, &srs, &Threads);
    println!("{log}, {:.1} s", start.elapsed().as_secs_f64());
}

fn rows_alone(log: u32, count: u32) {
    let (contents, program) = one_function(log);
    let srs = Srs::development_with_g2(log, 0, (&Threads, &mut Repeatable(7))).unwrap();
    let rows: Vec<u32> = (0..count)
        .map(|k| (k * 1_000_003 + 5) % ((1 << log) - 2))
        .collect();
    let start = Instant::now();
    let progress = &mut |_, _| ();
    let tools = (&Threads, progress as &mut dyn FnMut(usize, usize));
    let place = PlacedTable::new(&contents, (&program, 0), srs.setup().digest()).unwrap();
    CachedTable::of_rows(&place, &srs, &rows, tools).unwrap();
    println!(
        "{log}, {count} rows: {:.1} s",
        start.elapsed().as_secs_f64()
    );
}

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let alone = arguments.next_if_eq("preprocess").is_some();
    let some_rows = arguments.next_if_eq("rows").is_some();
    let mut arguments = arguments.map(|text| text.parse::<u32>().unwrap());
    let (first, last) = (
        arguments.next().unwrap_or(8),
        arguments.next().unwrap_or(14),
    );
    if some_rows {
        rows_alone(first, last);
        return;
    }
    if alone {
        (first..=last).step_by(2).for_each(preprocess_alone);
        return;
    }
    println!("log rows, form, prove ms, processor ms, rows used, proof bytes, Miller loops");
    let logs: Vec<u32> = (first..=last).step_by(2).collect();
    let rows = 1usize << last;
    let source = &mut Repeatable(7);
    let srs = Srs::development_with_g2((last + 1).max(12), rows, (&Threads, source)).unwrap();
    // The first scalar that a development setup draws.
    let tau = Repeatable(7).scalar().unwrap();
    let random = &mut Repeatable(1);
    let case = |large: bool| {
        let setup = (&srs, tau);
        move |log: &u32| Case::new(*log, large, setup)
    };
    // In turns, so that what else the machine does falls on all sizes alike.
    let mut by_quotients: Vec<Case> = logs.iter().map(case(true)).collect();
    for _ in 0..RUNS {
        by_quotients.iter_mut().for_each(|case| case.prove(random));
    }
    by_quotients.iter().for_each(Case::print);
    for mut case in logs.iter().map(case(false)) {
        (0..RUNS_IN_COLUMNS).for_each(|_| case.prove(random));
        case.print();
    }
}
