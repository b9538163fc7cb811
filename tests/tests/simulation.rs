//! Random worlds: whatever goes wrong, nothing is lost and everybody agrees.
//!
//! `SIM_SEED=... cargo test -p tests --test simulation -- --nocapture` repeats one seed and tells what happened in
//! it. `SIM_SEEDS=...` lives through more of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tests::sim;

/// How many worlds an ordinary test run lives through.
const SEEDS: u64 = 300;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_goes_wrong_nothing_is_lost_and_everybody_agrees() {
    if let Some(seed) = from_environment("SIM_SEED") {
        let outcome = sim::tell(seed);
        println!("{}", outcome.lines.join("\n"));
        assert!(
            outcome.faults_found.is_empty(),
            "{}",
            outcome.faults_found.join("\n")
        );
        return;
    }
    let (next, seeds) = (AtomicU64::new(1), from_environment("SIM_SEEDS").unwrap_or(SEEDS));
    let live = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > seeds {
                return;
            }
            let outcome = sim::run(seed);
            assert!(
                outcome.faults_found.is_empty(),
                "seed {seed}: {}\nrepeat it: SIM_SEED={seed} cargo test -p tests --test simulation -- --nocapture",
                outcome.faults_found.join("\n")
            );
        }
    };
    // A world is one thread; there are as many worlds at once as cores.
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, |cores| cores.get()) {
            scope.spawn(live);
        }
    });
}

#[test]
fn the_same_seed_has_the_same_trace_and_another_one_another() {
    let (one, again, other) = (sim::run(11), sim::run(11), sim::run(12));
    assert_eq!(one.trace, again.trace);
    assert_ne!(one.trace, other.trace);
}
