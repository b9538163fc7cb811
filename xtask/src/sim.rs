//! The simulation, built to be fast.

use std::process::Command;

use anyhow::Result;

use crate::toolchain::{native_cargo, native_target, root, run, run_long};

/// Release code with the checks of development: overflow and debug assertions.
const PROFILE: &str = "sim";

/// Lives through `seeds` worlds from `from` on, without it from a number that is drawn and printed, or tells one of them.
///
/// # Errors
/// When the build fails, or anything was lost, diverged or wedged.
pub(crate) fn run_sim(seeds: u64, seed: Option<u64>, from: Option<u64>) -> Result<()> {
    let mut cargo = native_cargo()?;
    cargo.args([
        "build",
        "--package",
        "tests",
        "--bin",
        "sim",
        "--profile",
        PROFILE,
    ]);
    run_long("building the simulation", 4, &mut cargo)?;
    let mut sim = Command::new(native_target()?.join(PROFILE).join("sim"));
    sim.current_dir(root());
    match seed {
        Some(seed) => sim.args(["--seed", &seed.to_string()]),
        None => sim.args(["--seeds", &seeds.to_string()]),
    };
    if let Some(from) = from {
        sim.args(["--from", &from.to_string()]);
    }
    run(&mut sim)
}
