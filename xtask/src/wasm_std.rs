//! The standard library for the browser: who has it, and how it comes.
//!
//! rustup hands it out ready-made. Where rustup cannot (no rustup, no access to its server), Debian ships the compiler
//! (`rustc-web`) and the sources (`rust-web-src`), but no compiled standard library for `wasm32-unknown-unknown`. Then it
//! is built once, with the bitcode that link-time optimisation needs, and put where that compiler looks for it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::toolchain::{WASM_TARGET, WasmStd, debian, find_program, read, root, run, say, wasm_target};

const MARK: &str = "koumen-std-of";

/// Who has the standard library on this machine, rustup first; `None` when nobody has.
///
/// # Errors
/// When a compiler that is there cannot be asked.
pub(crate) fn present() -> Result<Option<WasmStd>> {
    if rustup_has_it()? {
        return Ok(Some(WasmStd::Rustup));
    }
    if debian_packages_present() && debian_has_it()? {
        return Ok(Some(WasmStd::Debian));
    }
    Ok(None)
}

/// Finds out how the standard library comes on this machine, and lets it come. What has to be installed with
/// Debian's packages first is told to `install`.
///
/// # Errors
/// When neither way works.
pub(crate) fn ensure(install: impl FnOnce() -> Result<()>) -> Result<()> {
    let forced = WasmStd::forced()?;
    if forced.is_none() && present()?.is_some() {
        return Ok(());
    }
    if forced != Some(WasmStd::Debian) {
        match add_by_rustup() {
            Ok(()) => return Ok(()),
            Err(error) if forced.is_none() && debian_is_possible() => say(format!(
                "rustup cannot add the standard library for the browser ({error:#}); taking Debian's packages instead"
            )),
            Err(error) => {
                return Err(error.context(match forced {
                    Some(_) => "rustup could not add the standard library for the browser, and KOUMEN_WASM_STD allows no other way",
                    None => "rustup could not add the standard library for the browser, and this machine has no apt-get for Debian's",
                }));
            }
        }
    }
    install()?;
    ensure_debian()
}

/// Debian 12 and what is made of it: where `apt-get` knows the packages.
fn debian_is_possible() -> bool {
    debian_packages_present() || find_program(&["apt-get"]).is_some()
}

fn rustup_has_it() -> Result<bool> {
    Ok(holds_std(
        &native_sysroot()?
            .join("lib/rustlib")
            .join(WASM_TARGET)
            .join("lib"),
    ))
}

fn add_by_rustup() -> Result<()> {
    if rustup_has_it()? {
        return Ok(());
    }
    if find_program(&["rustup"]).is_none() {
        bail!("there is no rustup");
    }
    say(format!("adding the standard library for {WASM_TARGET}"));
    run(Command::new("rustup")
        .current_dir(root())
        .args(["target", "add", WASM_TARGET]))?;
    if rustup_has_it()? {
        return Ok(());
    }
    bail!("rustup added it to another toolchain than the one that builds")
}

/// The folder of the compiler that `cargo` uses here.
///
/// # Errors
/// When it cannot be asked.
pub(crate) fn native_sysroot() -> Result<PathBuf> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = read(
        Command::new(rustc)
            .current_dir(root())
            .args(["--print", "sysroot"]),
    )?;
    Ok(PathBuf::from(sysroot))
}

/// Whether Debian's compiler, its sources, its clippy and the linker are installed.
pub(crate) fn debian_packages_present() -> bool {
    [
        "/usr/bin/rustc",
        "/usr/bin/cargo",
        "/usr/bin/cargo-clippy",
        "/usr/lib/rustlib/src/rust/library",
        "/usr/bin/wasm-ld",
    ]
    .iter()
    .all(|path| Path::new(path).exists())
}

/// Whether a folder holds a compiled standard library.
fn holds_std(lib: &Path) -> bool {
    let Ok(files) = fs::read_dir(lib) else {
        return false;
    };
    files.flatten().any(|file| {
        let name = file.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

/// Whether the standard library was built for this very compiler of Debian's.
fn debian_has_it() -> Result<bool> {
    let (compiler, lib) = (debian_compiler()?, debian_lib()?);
    Ok(holds_std(&lib) && fs::read_to_string(lib.join(MARK)).is_ok_and(|mark| mark.trim() == compiler))
}

fn debian_compiler() -> Result<String> {
    read(debian("/usr/bin/rustc").arg("-vV"))
}

fn debian_lib() -> Result<PathBuf> {
    let sysroot = read(debian("/usr/bin/rustc").args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(sysroot)
        .join("lib/rustlib")
        .join(WASM_TARGET)
        .join("lib"))
}

/// Builds and installs the standard library unless it is there for this very compiler.
fn ensure_debian() -> Result<()> {
    if debian_has_it()? {
        return Ok(());
    }
    let (compiler, lib) = (debian_compiler()?, debian_lib()?);
    say(format!(
        "building the standard library for {WASM_TARGET} from Debian's sources (about a minute)"
    ));
    let scratch = env::temp_dir().join(format!("koumen-std-{}", std::process::id()));
    let built = build(&scratch).and_then(|rlibs| install(&rlibs, &lib, &compiler, &scratch));
    let _ = fs::remove_dir_all(&scratch);
    built?;
    // What was compiled against another standard library cannot be linked with this one.
    let stale = wasm_target()?.join(WASM_TARGET);
    if stale.exists() {
        fs::remove_dir_all(&stale).with_context(|| format!("cannot remove {}", stale.display()))?;
    }
    Ok(())
}

fn build(scratch: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(scratch.join("src"))?;
    fs::write(scratch.join("src/lib.rs"), "")?;
    fs::write(
        scratch.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n",
    )?;
    let mut cargo = debian("/usr/bin/cargo");
    cargo
        .current_dir(scratch)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env("CARGO_TARGET_DIR", scratch.join("target"))
        .args([
            "build",
            "-Zbuild-std=std,panic_abort,panic_unwind",
            "--release",
            "--target",
            WASM_TARGET,
        ]);
    run(&mut cargo)?;
    let deps = scratch.join("target").join(WASM_TARGET).join("release/deps");
    let mut rlibs = Vec::new();
    for file in fs::read_dir(&deps).with_context(|| format!("cannot read {}", deps.display()))? {
        let path = file?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libempty-") {
            rlibs.push(path);
        }
    }
    if rlibs.is_empty() {
        bail!("building the standard library left nothing in {}", deps.display());
    }
    Ok(rlibs)
}

/// Copies the libraries into the compiler's own folder, through sudo when that folder is not ours.
fn install(rlibs: &[PathBuf], lib: &Path, compiler: &str, scratch: &Path) -> Result<()> {
    let mark = scratch.join(MARK);
    fs::write(&mark, compiler)?;
    let is_root = read(Command::new("id").arg("-u"))? == "0";
    let as_root = |program: &str| {
        let mut command = Command::new(if is_root { program } else { "sudo" });
        if !is_root {
            command.arg(program);
        }
        command
    };
    run(as_root("rm").arg("-rf").arg(lib))?;
    run(as_root("mkdir").arg("-p").arg(lib))?;
    run(as_root("cp").args(rlibs).arg(&mark).arg(lib))
}
