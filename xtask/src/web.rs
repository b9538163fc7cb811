//! Compiles the app for the browser, compiles the server, and packs the folder that is served.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::setup::ensure_std_sources;
use crate::toolchain::{
    WASM_TARGET, WebProfile, native_cargo, native_target, root, run, run_long, wasm_cargo, wasm_target,
};

/// Builds the app and packs it into `target/web` or `target/web-small` of this checkout.
///
/// # Errors
/// When a compiler or the packer fails.
pub(crate) fn build_web(profile: WebProfile) -> Result<PathBuf> {
    let folder = root().join("target").join(match profile {
        WebProfile::Fast => "web",
        WebProfile::Small => "web-small",
    });
    build_web_into(profile, &folder)?;
    Ok(folder)
}

/// Builds the app whose worker also runs the storage suite over OPFS, into `target/web-testing` of this checkout.
///
/// # Errors
/// When a compiler or the packer fails.
pub(crate) fn build_testing_web() -> Result<PathBuf> {
    let folder = root().join("target/web-testing");
    build_and_pack(WebProfile::Fast, &["--features", "testing"], &folder)?;
    Ok(folder)
}

/// Builds the app and packs it into `folder`, replacing what is there.
///
/// # Errors
/// When a compiler or the packer fails.
pub(crate) fn build_web_into(profile: WebProfile, folder: &Path) -> Result<()> {
    build_and_pack(profile, &[], folder)
}

fn build_and_pack(profile: WebProfile, features: &[&str], folder: &Path) -> Result<()> {
    if profile == WebProfile::Small {
        ensure_std_sources()?;
    }
    let mut cargo = wasm_cargo()?;
    cargo.args([
        "build",
        "--package",
        "app",
        "--bin",
        "app",
        "--target",
        WASM_TARGET,
    ]);
    cargo.args(["--profile", profile.cargo_profile()]).args(features);
    profile.tune(&mut cargo);
    let (what, minutes) = match profile {
        WebProfile::Fast => ("building the app for the browser", 3),
        WebProfile::Small => ("building the app for the browser, as small as it gets", 6),
    };
    run_long(what, minutes, &mut cargo)?;
    let wasm = compiled_app(profile)?;
    let mut pack = packer()?;
    pack.arg("pack")
        .arg("--wasm")
        .arg(wasm)
        .arg("--assets")
        .arg(root().join("assets"))
        .arg("--out")
        .arg(folder);
    if profile == WebProfile::Small {
        pack.arg("--small");
    }
    run(&mut pack)
}

/// Where the compiler puts the app.
///
/// # Errors
/// As [`wasm_target`].
pub(crate) fn compiled_app(profile: WebProfile) -> Result<PathBuf> {
    let folder = wasm_target()?.join(WASM_TARGET).join(profile.cargo_profile());
    Ok(folder.join("app.wasm"))
}

/// The heavy half of this package, built into the cache when it is not there.
///
/// # Errors
/// When it does not compile.
pub(crate) fn packer() -> Result<Command> {
    let mut cargo = native_cargo()?;
    cargo.args([
        "build",
        "--package",
        "xtask",
        "--features",
        "web",
        "--bin",
        "pack-web",
    ]);
    run_long("building what packs the app", 3, &mut cargo)?;
    Ok(Command::new(
        native_target()?.join("debug").join(program("pack-web")),
    ))
}

/// Builds the server and keeps a copy in this checkout, so that another checkout's build cannot replace it meanwhile.
///
/// # Errors
/// When it does not compile or cannot be copied.
pub(crate) fn build_server() -> Result<PathBuf> {
    build_program("sync-server", "koumen-server", "building the server", 3)
}

/// Builds the program that makes the world of the upload tests.
///
/// # Errors
/// As [`build_server`].
pub(crate) fn build_photo_world() -> Result<PathBuf> {
    build_program(
        "tests",
        "photo-world",
        "building the world of the upload tests",
        4,
    )
}

fn build_program(package: &str, name: &str, what: &str, first_minutes: u64) -> Result<PathBuf> {
    let mut cargo = native_cargo()?;
    cargo.args(["build", "--package", package, "--bin", name]);
    run_long(what, first_minutes, &mut cargo)?;
    let built = native_target()?.join("debug").join(program(name));
    let kept = root().join("target/run").join(program(name));
    copy_program(&built, &kept)?;
    Ok(kept)
}

/// Copies a program, also over one that is running.
///
/// # Errors
/// When the file system refuses.
pub(crate) fn copy_program(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let fresh = to.with_extension("new");
    fs::copy(from, &fresh)
        .with_context(|| format!("cannot copy {} to {}", from.display(), fresh.display()))?;
    fs::rename(&fresh, to).with_context(|| format!("cannot replace {}", to.display()))
}

/// A program's file name on this system.
pub(crate) fn program(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}
