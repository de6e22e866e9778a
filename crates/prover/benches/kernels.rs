//! The prover's kernels by size, each on one thread and on all: `cargo bench -p tensorseal-prover [FILTER]`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use tensorseal_ifma::IfmaAdder;
use tensorseal_protocol::backend::Backend;
use tensorseal_protocol::curve::{Fr, G1Affine};
use tensorseal_protocol::linear::weights::WeightMatrix;
use tensorseal_protocol::msm::{PointAdder, SerialAdder, Sum};
use tensorseal_protocol::random::{PlatformRandom, RandomSource};
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{Instance, InstanceParts};
use tensorseal_prover::Threads;

/// Each kernel runs at least so often, and at least so long.
const RUNS: usize = 3;
const AT_LEAST: Duration = Duration::from_millis(300);
/// Base-2 logarithms of the number of points of a sum.
const SIZES: [u32; 4] = [10, 12, 14, 16];
/// Twice as many powers of tau, but one, are there.
const SETUP: u32 = 19;

struct Bench {
    filter: Option<String>,
}

impl Bench {
    /// Prints the least time of a kernel and that for each of its items.
    fn run<R>(&self, name: &str, items: usize, mut kernel: impl FnMut() -> R) {
        let filter = self.filter.as_ref();
        if filter.is_some_and(|filter| !name.contains(filter)) {
            return;
        }
        let (mut runs, start, mut least) = (0, Instant::now(), Duration::MAX);
        while runs < RUNS || start.elapsed() < AT_LEAST {
            let run = Instant::now();
            black_box(kernel());
            least = least.min(run.elapsed());
            runs += 1;
        }
        let each = least.as_secs_f64() * 1e9 / items as f64;
        println!(
            "{name:<44} {:>10.3} ms {each:>10.1} ns each",
            least.as_secs_f64() * 1e3
        );
    }
}

fn main() {
    let filter = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let bench = Bench { filter };
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("one thread");
    for (threads, pool) in [("one thread", Some(&one)), ("all threads", None)] {
        let run = || {
            folds(&bench, threads);
            rounds(&bench, threads);
        };
        pool.map_or_else(run, |pool| pool.install(run));
    }
    // Making a setup takes longer than most kernels.
    let needs_setup = |filter: &String| {
        let mut kernels = ["sum of", "quotients"].iter();
        kernels.any(|name| name.contains(&**filter) || filter.contains(name))
    };
    if !bench.filter.as_ref().is_none_or(needs_setup) {
        return;
    }
    let srs = Srs::development_with_g2(SETUP, 0, (&Threads, &mut PlatformRandom)).expect("a setup");
    sums(&bench, srs.powers());
    for (threads, pool) in [("one thread", Some(&one)), ("all threads", None)] {
        let run = || quotients(&bench, threads, srs.powers());
        pool.map_or_else(run, |pool| pool.install(run));
    }
}

/// Sums of points, on one thread.
fn sums(bench: &Bench, powers: &[G1Affine]) {
    sums_with::<SerialAdder>(bench, "affine", powers);
    if tensorseal_ifma::is_available() {
        sums_with::<IfmaAdder>(bench, "affine, eight lanes", powers);
    }
}

fn sums_with<A: PointAdder>(bench: &Bench, adder: &str, powers: &[G1Affine]) {
    for log in SIZES {
        let count = 1usize << log;
        let bases = &powers[..count];
        let random = |_| PlatformRandom.scalar().expect("randomness");
        let scalars: Vec<Fr> = (0..count).map(random).collect();
        bench.run(
            &format!("sum of 2^{log}, full scalars, {adder}"),
            count,
            || Sum::<A>::of_field(bases, &scalars).whole(),
        );
        let small: Vec<i64> = (0..count as i64).map(|i| i * i % 511 - 255).collect();
        bench.run(
            &format!("sum of 2^{log}, 8 bits and sign, {adder}"),
            count,
            || Sum::<A>::of_integers(bases, &small).whole(),
        );
    }
}

fn weights(rows: usize, columns: usize) -> WeightMatrix {
    let entry = |i: usize| (i.wrapping_mul(i) % 511) as i32 - 255;
    let entries = (0..rows * columns).map(entry).collect();
    WeightMatrix::from_entries(columns, entries).expect("whole rows")
}

/// The pass over the weights.
fn folds(bench: &Bench, threads: &str) {
    for (rows, columns) in [(128, 1024), (1024, 1024)] {
        let weights = weights(rows, columns);
        let random = |_| PlatformRandom.scalar().expect("randomness");
        let powers: Vec<Fr> = (0..rows).map(random).collect();
        bench.run(
            &format!("fold {rows} x {columns}, {threads}"),
            rows * columns,
            || Threads.fold_weights(&weights, &powers),
        );
    }
}

/// The sumcheck: a round, and binding its variable. A cell is a row of a lane.
fn rounds(bench: &Bench, threads: &str) {
    for (log_rows, lanes) in [(12, 3), (15, 6)] {
        let n = 1usize << log_rows;
        let scalars = |count: usize| -> Vec<Fr> {
            (0..count)
                .map(|_| PlatformRandom.scalar().expect("randomness"))
                .collect()
        };
        let tables = |count: usize| -> Vec<Vec<Fr>> { (0..count).map(|_| scalars(n)).collect() };
        let columns = 4 * lanes + 2;
        let instance = Instance::new(InstanceParts {
            point: scalars(log_rows),
            eta: scalars(1)[0],
            constant: scalars(1)[0],
            columns: tables(columns),
            remainders: (0..lanes).collect(),
            remainder_shift: scalars(1)[0],
            functions: tables(lanes),
            helpers: (lanes..2 * lanes).collect(),
            table: scalars(n),
            table_side: columns - 2,
            multiplicities: columns - 1,
            linear: (0..columns - 1).zip(tables(columns - 1)).collect(),
        });
        let size = format!("2^{log_rows} rows x {lanes} lanes, {threads}");
        bench.run(&format!("sumcheck round, {size}"), n * lanes, || {
            Threads.sumcheck_round(&instance)
        });
        let r = scalars(1)[0];
        let name = format!("sumcheck, copying and binding, {size}");
        bench.run(&name, n * lanes, || {
            let mut instance = instance.clone();
            Threads.bind(&mut instance, r);
        });
    }
}

/// The keys' cached quotients.
fn quotients(bench: &Bench, threads: &str, powers: &[G1Affine]) {
    for (rows, columns) in [(64, 1024), (512, 2000)] {
        let weights = weights(rows, columns);
        bench.run(
            &format!("quotients {rows} x {columns}, {threads}"),
            rows * columns,
            || Threads.cached_quotients(&weights, powers, &mut |_, _| ()),
        );
    }
}
