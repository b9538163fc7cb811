//! `pack-web`: turns the compiled app into the folder that a server serves, and measures it.
//!
//! What it is **not**: a compiler. `cargo xtask` compiles, then calls this. Example:
//!
//! ```text
//! pack-web pack --wasm app.wasm --assets assets --out target/web
//! pack-web compress --dir target/web --limit 1500000
//! ```
//!
//! Read next: `bundle.rs` (which file becomes what), `shell.rs` (what the service worker keeps), `minify.rs` (how scripts
//! get shorter).

mod bundle;
mod minify;
mod shell;
mod sizes;
mod weights;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "pack-web", about = "Packs the app for the browser")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write the folder that is served
    Pack {
        /// The compiled app
        #[arg(long)]
        wasm: PathBuf,
        /// The project's assets folder
        #[arg(long)]
        assets: PathBuf,
        /// The folder to replace
        #[arg(long)]
        out: PathBuf,
        /// Leave out what only helps debugging, and minify the scripts
        #[arg(long)]
        small: bool,
    },
    /// Write a compressed twin of every file, and print the sizes
    Compress {
        /// The folder that `pack` wrote
        #[arg(long)]
        dir: PathBuf,
        /// Fail when the first visit downloads more bytes than this
        #[arg(long)]
        limit: u64,
    },
    /// Print what each part of the compiled app weighs
    Weigh {
        /// The compiled app
        #[arg(long)]
        wasm: PathBuf,
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
        Task::Pack {
            wasm,
            assets,
            out,
            small,
        } => bundle::pack(&bundle::Request {
            wasm,
            assets,
            out,
            small,
        }),
        Task::Compress { dir, limit } => sizes::compress(&dir, limit),
        Task::Weigh { wasm } => weights::print(&wasm),
    }
}
