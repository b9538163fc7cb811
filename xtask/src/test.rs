//! `cargo xtask test`: every check, in the order in which they fail fastest.

use std::{env, path::Path, process::Command};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::{
    dist::{FIRST_VISIT_BYTES_MAX, compress_and_check},
    setup::python_folder,
    steps::{Counts, Steps, check, count},
    toolchain::{WASM_TARGET, WebProfile, find_chromium, native_cargo, root, wasm_clippy},
    web::{build_photo_world, build_server, build_testing_web, build_web},
};

/// Half of the tests, for people in a hurry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Half {
    /// Format, lints, documentation, and the tests that cargo runs
    Unit,
    /// The tests in a real browser against the real server
    Browser,
}

/// Runs the tests and prints `N passed, N failed` as the last line.
///
/// With `CI` set, the browser tests run on the build that users download, and its size is checked too; otherwise on
/// the quick one.
///
/// # Errors
/// When anything failed.
pub(crate) fn run_tests(only: Option<Half>) -> Result<()> {
    let continuous = env::var_os("CI").is_some_and(|value| !value.is_empty());
    let profile = if continuous {
        WebProfile::Small
    } else {
        WebProfile::Fast
    };
    let mut steps = Steps::default();
    if only != Some(Half::Browser) {
        native_checks(&mut steps);
        wasm_lints(&mut steps);
    }
    if only != Some(Half::Unit) {
        browser_tests(&mut steps, profile);
    }
    if steps.close() {
        Ok(())
    } else {
        bail!("not everything is well")
    }
}

fn native_checks(steps: &mut Steps) {
    let everything = ["--workspace", "--features", "xtask/web"];
    steps.step("format", || {
        check(native_cargo()?.args(["fmt", "--all", "--check"]))
    });
    steps.step("lints, native", || {
        let mut cargo = native_cargo()?;
        cargo
            .arg("clippy")
            .args(everything)
            .args(["--all-targets", "--", "-D", "warnings"]);
        check(&mut cargo)
    });
    steps.step("tests", || {
        let mut cargo = native_cargo()?;
        count(cargo.arg("test").args(everything).arg("--no-fail-fast"))
    });
    steps.step("description of the server", || {
        let (server, world) = (build_server()?, build_photo_world()?);
        let mut script = Command::new("node");
        script
            .current_dir(root())
            .arg("tests/api/run.mjs")
            .env("KOUMEN_SERVER_BIN", server)
            .env("KOUMEN_PHOTO_WORLD_BIN", world)
            .env("SCHEMATHESIS", python_folder()?.join("bin/st"))
            .env_remove("LD_LIBRARY_PATH");
        count(&mut script)
    });
    steps.step("documentation", || {
        let mut cargo = native_cargo()?;
        cargo
            .env("RUSTDOCFLAGS", "-D warnings")
            .arg("doc")
            .args(everything)
            .arg("--no-deps");
        check(&mut cargo)
    });
}

fn wasm_lints(steps: &mut Steps) {
    steps.step("lints, browser", || {
        let mut clippy = wasm_clippy()?;
        clippy.args([
            "--package",
            "app",
            "--package",
            "replica",
            "--target",
            WASM_TARGET,
        ]);
        // Always the quick profile: lints need no small standard library.
        clippy.args(["--profile", WebProfile::Fast.cargo_profile()]);
        clippy.args(["--", "-D", "warnings"]);
        check(&mut clippy)
    });
}

fn browser_tests(steps: &mut Steps, profile: WebProfile) {
    let mut built = None;
    steps.step("build for the browser tests", || {
        let programs = (build_server()?, build_photo_world()?);
        built = Some((programs, build_testing_web()?, build_web(profile)?));
        Ok(Counts::default())
    });
    let Some(((server, photo_world), testing, web)) = built else {
        return;
    };
    if profile == WebProfile::Small {
        steps.step("size of the app", || {
            compress_and_check(&web, FIRST_VISIT_BYTES_MAX)?;
            Ok(Counts { passed: 1, failed: 0 })
        });
    }
    steps.step("browser", || {
        let mut script = browser_script("run.mjs", &server, &web)?;
        script
            .env("KOUMEN_TESTING_WEB_DIR", &testing)
            .env("KOUMEN_PHOTO_WORLD_BIN", &photo_world);
        count(&mut script)
    });
}

/// A script of `tests/e2e` with what it needs in its environment.
///
/// # Errors
/// When there is no browser.
pub(crate) fn browser_script(name: &str, server: &Path, web: &Path) -> Result<Command> {
    let chromium = find_chromium().context("no Chromium found; set CHROMIUM to its program")?;
    let mut command = Command::new("node");
    command
        .current_dir(root())
        .arg(Path::new("tests/e2e").join(name))
        .env("KOUMEN_SERVER_BIN", server)
        .env("KOUMEN_WEB_DIR", web)
        .env("CHROMIUM", chromium)
        .env_remove("LD_LIBRARY_PATH");
    Ok(command)
}
