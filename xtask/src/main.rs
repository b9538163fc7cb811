//! `cargo xtask`: set-up, demonstration, tests, benchmarks and release of Koumen.
//!
//! What it is **not**: part of the product. Nothing here runs on a phone or a server.
//!
//! This program is kept light, because every command compiles it first. What needs heavy crates (wasm-bindgen,
//! compression) is the second program of this package, `pack-web`, built into the shared cache. Example:
//!
//! ```text
//! cargo xtask demo --port 8080
//! ```
//!
//! Read next: `toolchain.rs` (where things are), then the file named like the command.

mod bench;
mod demo;
mod dist;
mod setup;
mod sim;
mod steps;
mod test;
mod toolchain;
mod wasm_std;
mod web;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{setup::Need, toolchain::WebProfile};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Set-up, demonstration, tests and release of Koumen"
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what is missing on this machine, and show what is used
    Setup,
    /// Build everything, load the demonstration community on first start, and serve it
    Demo {
        /// Port on this machine; TLS for phones is on the same port + 363 (8080: 8443)
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Where the demonstration's database and photos are kept
        #[arg(long, default_value = "demo-data")]
        data: PathBuf,
    },
    /// Run every check and test; the last line counts them
    Test {
        /// Run one half only
        #[arg(long)]
        only: Option<test::Half>,
    },
    /// Build what users get, and show the size of every file, raw and compressed
    Dist {
        /// Where it is put
        #[arg(long, default_value = "dist")]
        out: PathBuf,
    },
    /// Live through simulated worlds in which everything goes wrong, on all cores
    Sim {
        /// How many worlds
        #[arg(long, default_value_t = 300)]
        seeds: u64,
        /// Live through one world, twice, and tell everything that happens in it
        #[arg(long, conflicts_with = "seeds")]
        seed: Option<u64>,
        /// The first of the worlds; drawn anew, and printed, when it is not given
        #[arg(long, conflicts_with = "seed")]
        from: Option<u64>,
    },
    /// Measure
    Bench {
        /// What is measured
        name: bench::Bench,
    },
    /// Build the app for the browser into target/web (the other commands do it themselves)
    #[command(hide = true)]
    BuildWeb {
        /// The build that users download, instead of the quick one
        #[arg(long)]
        small: bool,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    match Arguments::parse().task {
        Task::Setup => {
            setup::run_setup(Need::Tests)?;
            setup::print_versions()
        }
        Task::Demo { port, data } => {
            setup::run_setup(Need::Build)?;
            demo::run_demo(port, &data)
        }
        Task::Test { only } => {
            setup::run_setup(Need::Tests)?;
            test::run_tests(only)
        }
        Task::Dist { out } => {
            setup::run_setup(Need::Build)?;
            dist::run_dist(&out)
        }
        Task::Bench { name } => {
            setup::run_setup(Need::Tests)?;
            bench::run_bench(name)
        }
        Task::Sim { seeds, seed, from } => sim::run_sim(seeds, seed, from),
        Task::BuildWeb { small } => {
            setup::run_setup(Need::Build)?;
            let folder = web::build_web(if small {
                WebProfile::Small
            } else {
                WebProfile::Fast
            })?;
            println!("{}", folder.display());
            Ok(())
        }
    }
}
