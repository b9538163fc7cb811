//! Benchmarks of the real app in a real browser.

use anyhow::Result;
use clap::ValueEnum;

use crate::{
    test::browser_script,
    toolchain::{WebProfile, run},
    web::{build_server, build_web},
};

/// What can be measured.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Bench {
    /// Offline start, saving and searching with 20,000 residents on the device
    Device,
}

/// Measures, on the build that users download.
///
/// # Errors
/// When a build fails or a figure misses its bar.
pub(crate) fn run_bench(name: Bench) -> Result<()> {
    let Bench::Device = name;
    let web = build_web(WebProfile::Small)?;
    run(&mut browser_script("bench-device.mjs", &build_server()?, &web)?)
}
