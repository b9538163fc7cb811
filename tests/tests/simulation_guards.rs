//! Negative controls: with any one guard taken away the simulation fails.
//!
//! Apart from the simulation itself, because a guard is taken away from the whole process.

use shared::guards::{Guard, only_without};
use tests::sim;

/// The most seeds that may pass without a guard before we say that nobody noticed.
const SEEDS_MAX: u64 = 300;

#[test]
fn with_any_one_guard_taken_away_the_simulation_fails() {
    for guard in [
        Guard::ReceiptCheck,
        Guard::Idempotency,
        Guard::HashCheck,
        Guard::Epoch,
        Guard::Repair,
        Guard::ReachDown,
        Guard::Forgetting,
        Guard::Lend,
        Guard::TakeBack,
    ] {
        only_without(Some(guard));
        let noticed = (1..=SEEDS_MAX).find(|seed| !sim::run(*seed).faults_found.is_empty());
        only_without(None);
        let seed = noticed.unwrap_or_else(|| panic!("nobody noticed that {guard:?} was missing"));
        println!("without {guard:?} seed {seed} fails");
        assert!(
            sim::run(seed).faults_found.is_empty(),
            "with it the same seed is well"
        );
    }
}
