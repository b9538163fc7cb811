//! The deterministic simulation (D15): from one number a whole world with its misfortunes, and what must hold in it.
//!
//! **Real:** the replicas on SQLite, the sync engine and its driver, the server's routes and storage. **Simulated:**
//! the network between them, every clock, all chance, and the disks, which can be cut off and can be full. There is
//! no thread, no socket and no waiting: everything happens in the order in which it is due.
//!
//! ```
//! let outcome = tests::sim::run(1);
//! assert!(outcome.faults_found.is_empty());
//! assert_eq!(outcome.trace, tests::sim::run(1).trace);
//! ```
//!
//! Read next: `docs/simulation.md`; `faults.rs`, what goes wrong; `checkers.rs`, what must hold.

pub mod chance;
mod checkers;
mod clock;
mod device;
mod disk;
pub mod faults;
mod healing;
mod ledger;
mod misfortunes;
pub mod model;
mod network;
mod passage;
mod people;
mod server;
mod trace;
mod verification;
mod world;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use faults::Fault;
use sync_server::chance::{Chance as _, OsChance};
use world::World;

/// What came of one seed.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Operations that phones accepted.
    pub operations: u64,
    /// Simulated time times phones, ms.
    pub device_ms: u64,
    /// What did not hold, as sentences; empty when all is well.
    pub faults_found: Vec<String>,
    /// How often a phone was compared with the server.
    pub verified: u64,
    /// How often each fault struck.
    pub struck: BTreeMap<Fault, u64>,
    /// Hash of everything that happened.
    pub trace: [u8; 32],
    /// Everything that happened, when it was asked for.
    pub lines: Vec<String>,
}

impl Outcome {
    /// Operations that are lost.
    pub fn lost(&self) -> u64 {
        self.count("LOST")
    }

    /// Records that differ between phones, the server and the model.
    pub fn diverged(&self) -> u64 {
        self.count("DIVERGED")
    }

    fn count(&self, word: &str) -> u64 {
        let found = self
            .faults_found
            .iter()
            .filter(|sentence| sentence.starts_with(word));
        found.count() as u64
    }
}

/// A first seed that nobody has chosen: who always runs the same worlds mends those worlds. It is the only number here
/// that does not follow from another one; who draws it prints it.
pub fn drawn_start() -> u64 {
    let mut drawn = [0; 4];
    OsChance.fill(&mut drawn);
    // Short enough to be read out.
    u32::from_le_bytes(drawn).into()
}

/// The one command that repeats the world of a seed, and tells what happens in it.
pub fn repeated_by(seed: u64) -> String {
    format!("cargo xtask sim --seed {seed}")
}

/// Lives through the world of a seed.
pub fn run(seed: u64) -> Outcome {
    live(seed, false)
}

/// The same, and tells everything that happened.
pub fn tell(seed: u64) -> Outcome {
    live(seed, true)
}

fn live(seed: u64, told: bool) -> Outcome {
    // Databases in memory have names; two runs of one seed at once must not share them.
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed).to_string();
    World::new(seed, &run, told).run()
}
