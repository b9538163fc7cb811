//! Runs the simulation for many seeds on all cores, or tells one seed: what `cargo xtask sim` starts.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use mimalloc::MiMalloc;
use tests::sim::faults::{FAULTS, Fault};
use tests::sim::{self, Outcome};

/// SQLite's memory too: planning a statement is mostly asking for small pieces of it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What all seeds came to.
#[derive(Default)]
struct Total {
    seeds: u64,
    operations: u64,
    lost: u64,
    diverged: u64,
    device_ms: u64,
    verified: u64,
    struck: BTreeMap<Fault, u64>,
    bad: Vec<Outcome>,
}

impl Total {
    fn add(&mut self, outcome: Outcome) {
        self.seeds += 1;
        self.operations += outcome.operations;
        self.lost += outcome.lost();
        self.diverged += outcome.diverged();
        self.device_ms += outcome.device_ms;
        self.verified += outcome.verified;
        for (fault, times) in &outcome.struck {
            *self.struck.entry(*fault).or_default() += times;
        }
        if !outcome.faults_found.is_empty() {
            self.bad.push(outcome);
        }
    }
}

fn main() -> ExitCode {
    let mut numbers = BTreeMap::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let number = arguments.next().and_then(|number| number.parse::<u64>().ok());
        let Some(number) =
            number.filter(|_| ["--seeds", "--seed", "--from", "--jobs"].contains(&name.as_str()))
        else {
            eprintln!("usage: sim [--seeds N] [--from N] [--jobs N] | --seed S");
            return ExitCode::from(2);
        };
        numbers.insert(name, number);
    }
    match numbers.get("--seed") {
        Some(seed) => tell(*seed),
        None => {
            let jobs = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
            let number = |name: &str| numbers.get(name).copied();
            let from = number("--from").unwrap_or_else(sim::drawn_start);
            let seeds = number("--seeds").unwrap_or(300);
            println!("worlds from {from} on: --seeds {seeds} --from {from}");
            run_many(from, seeds, number("--jobs").unwrap_or(jobs).max(1))
        }
    }
}

fn tell(seed: u64) -> ExitCode {
    let outcome = sim::tell(seed);
    for line in &outcome.lines {
        println!("{line}");
    }
    let again = sim::run(seed);
    let same = again.trace == outcome.trace;
    println!("seed {seed}: trace {}", hex(&outcome.trace));
    println!(
        "{} operations, {} lost, {} diverged; run again: {}",
        outcome.operations,
        outcome.lost(),
        outcome.diverged(),
        if same { "the same trace" } else { "ANOTHER TRACE" }
    );
    for sentence in &outcome.faults_found {
        println!("FAILED: {sentence}");
    }
    if same && outcome.faults_found.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run_many(from: u64, seeds: u64, jobs: u64) -> ExitCode {
    let next = AtomicU64::new(from);
    let total = Mutex::new(Total::default());
    let began = cpu_ms();
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed.wrapping_sub(from) >= seeds {
                        return;
                    }
                    let outcome = sim::run(seed);
                    if let Ok(mut total) = total.lock() {
                        total.add(outcome);
                    }
                }
            });
        }
    });
    let used_ms = cpu_ms().saturating_sub(began);
    let Ok(mut total) = total.into_inner() else {
        return ExitCode::FAILURE;
    };
    report(&mut total, used_ms)
}

fn report(total: &mut Total, used_ms: u64) -> ExitCode {
    total.bad.sort_by_key(|outcome| outcome.seed);
    for outcome in &total.bad {
        println!("seed {}: {}", outcome.seed, outcome.faults_found.join("\n  "));
        println!("  repeat it: {}", sim::repeated_by(outcome.seed));
    }
    for (fault, per_mille, per, row) in FAULTS {
        let times = total.struck.get(fault).copied().unwrap_or(0);
        println!("{row:<4} {times:>9} x {fault:?} ({per_mille} ‰ of each {per})");
    }
    let days = total.device_ms as f64 / 86_400_000.0;
    println!(
        "{} seeds, {} operations, {} lost, {} diverged, {} seeds failed",
        total.seeds,
        total.operations,
        total.lost,
        total.diverged,
        total.bad.len()
    );
    println!(
        "{days:.0} simulated device-days, {} verifications",
        total.verified
    );
    if used_ms > 0 {
        let core_hours = used_ms as f64 / 3_600_000.0;
        println!(
            "{:.1} ms of processor time a seed, {:.0} device-days per core-hour",
            used_ms as f64 / total.seeds.max(1) as f64,
            days / core_hours
        );
    }
    if total.bad.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Processor time of this process, ms; 0 where the system does not tell it in `/proc`.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in brackets may hold blanks; behind it user and system time are the 12th and 13th, in hundredths.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |place: usize| -> u64 {
        let field = fields.split_whitespace().nth(place);
        field.and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
    };
    (ticks(11) + ticks(12)) * 10
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
