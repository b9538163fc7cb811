//! Random worlds: whatever goes wrong, nothing is lost and everybody agrees.
//!
//! Which worlds, nobody has chosen: each run draws them anew. One that fails says the command that repeats it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tests::sim;

/// How many worlds an ordinary test run lives through.
const SEEDS: u64 = 300;

#[test]
fn whatever_goes_wrong_nothing_is_lost_and_everybody_agrees() {
    let start = sim::drawn_start();
    println!("{SEEDS} worlds from {start} on");
    let next = AtomicU64::new(start);
    let live = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= start + SEEDS {
                return;
            }
            let found = sim::run(seed).faults_found;
            assert!(
                found.is_empty(),
                "seed {seed}: {}\nrepeat it: {}",
                found.join("\n"),
                sim::repeated_by(seed)
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
    let start = sim::drawn_start();
    println!("worlds {start} and {}", start + 1);
    let (one, again, other) = (sim::run(start), sim::run(start), sim::run(start + 1));
    assert_eq!(one.trace, again.trace);
    assert_ne!(one.trace, other.trace);
}

#[test]
fn two_starts_are_not_drawn_alike() {
    // Four of them: once in 2^96 they are.
    let mut drawn: Vec<u64> = (0..4).map(|_| sim::drawn_start()).collect();
    drawn.dedup();
    assert!(drawn.len() > 1);
}
