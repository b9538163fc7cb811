//! Benchmarks: of the real app in a real browser, and of the sync over loopback.

use std::{path::PathBuf, process::Command};

use anyhow::Result;
use clap::ValueEnum;

use crate::{
    test::browser_script,
    toolchain::{WebProfile, native_cargo, native_target, root, run, run_long},
    web::{build_server, build_web, program},
};

/// What can be measured.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Bench {
    /// In a real browser: the pull of 50,000 visits; offline start, saving and searching with 20,000 residents
    Device,
    /// Push, pull, edits, reads during a pull, many devices at once, beside raw SQLite doing the same inserts
    Sync,
    /// Servers on SQLite and on PostgreSQL, one after the other
    Postgres,
    /// What strangers can take of the server: each attack with what a normal sync and the memory do meanwhile
    Strangers,
}

/// Measures, on the builds that users get.
///
/// # Errors
/// When a build fails or a figure misses its bar.
pub(crate) fn run_bench(name: Bench) -> Result<()> {
    match name {
        Bench::Device => {
            let (web, server) = (build_web(WebProfile::Small)?, build_server()?);
            run(browser_script("bench-pull.mjs", &server, &web)?.env("KOUMEN_BENCH_PEER_BIN", build_peer()?))?;
            run(&mut browser_script("bench-device.mjs", &server, &web)?)
        }
        Bench::Sync => run(Command::new(build_peer()?).arg("suite")),
        Bench::Postgres => run(Command::new(build_peer()?).arg("postgres")),
        Bench::Strangers => run(Command::new("node")
            .current_dir(root())
            .arg("tests/e2e/bench-strangers.mjs")
            .env("KOUMEN_SERVER_BIN", build_server()?)),
    }
}

fn build_peer() -> Result<PathBuf> {
    let mut cargo = native_cargo()?;
    cargo.args([
        "build",
        "--release",
        "--package",
        "tests",
        "--bin",
        "koumen-bench-peer",
    ]);
    run_long("building the benchmark for release", 8, &mut cargo)?;
    Ok(native_target()?
        .join("release")
        .join(program("koumen-bench-peer")))
}
