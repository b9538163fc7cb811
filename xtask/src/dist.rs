//! What users get: the small app, the server, and the size of everything.

use std::path::Path;

use anyhow::Result;

use crate::{
    toolchain::{WebProfile, native_cargo, native_target, root, run, run_long, say},
    web::{build_web_into, compiled_app, copy_program, packer, program},
};

/// The whole first visit, compressed, must stay below this (product.md, "A day, in numbers").
pub(crate) const FIRST_VISIT_BYTES_MAX: u64 = 1_500_000;

/// Builds the release into `out`: `koumen-server` and `web/`, each web file with its compressed twin.
///
/// # Errors
/// When something does not build, or the app is larger than [`FIRST_VISIT_BYTES_MAX`].
pub(crate) fn run_dist(out: &Path) -> Result<()> {
    let out = root().join(out);
    build_web_into(WebProfile::Small, &out.join("web"))?;
    let mut cargo = native_cargo()?;
    cargo.args([
        "build",
        "--release",
        "--package",
        "sync-server",
        "--bin",
        "koumen-server",
    ]);
    run_long("building the server for release", 6, &mut cargo)?;
    let built = native_target()?.join("release").join(program("koumen-server"));
    copy_program(&built, &out.join(program("koumen-server")))?;
    run(packer()?
        .args(["weigh", "--wasm"])
        .arg(compiled_app(WebProfile::Small)?))?;
    compress_and_check(&out.join("web"), FIRST_VISIT_BYTES_MAX)?;
    say(format!("ready in {}", out.display()));
    Ok(())
}

/// Writes the `.br` files, prints the sizes, and holds them to a limit.
///
/// # Errors
/// When the app is larger than that.
pub(crate) fn compress_and_check(web: &Path, limit: u64) -> Result<()> {
    let limit = limit.to_string();
    run(packer()?
        .arg("compress")
        .arg("--dir")
        .arg(web)
        .args(["--limit", &limit]))
}
