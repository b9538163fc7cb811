//! Where things are: the checkout, the cache outside it, and the two Rust toolchains.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::wasm_std;

/// The target triple of the app in the browser.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// See [`WebProfile::tune`].
const SMALL_FLAGS: &str =
    "-Zlocation-detail=none -Zfmt-debug=none -Zunstable-options -Cpanic=immediate-abort";

/// Who provides the standard library for [`WASM_TARGET`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WasmStd {
    /// `rustup target add`.
    Rustup,
    /// Debian's packages, and a standard library built from their sources.
    Debian,
}

impl WasmStd {
    /// What `KOUMEN_WASM_STD` says, `None` when it is not set.
    ///
    /// # Errors
    /// When the variable holds something else than `rustup` or `debian`.
    pub(crate) fn forced() -> Result<Option<Self>> {
        match env::var("KOUMEN_WASM_STD").as_deref() {
            Err(_) | Ok("") => Ok(None),
            Ok("rustup") => Ok(Some(Self::Rustup)),
            Ok("debian") => Ok(Some(Self::Debian)),
            Ok(other) => bail!("KOUMEN_WASM_STD is '{other}'; it can be 'rustup' or 'debian'"),
        }
    }

    /// Who provides it on this machine: as forced, else whoever has it already, rustup first. The set-up sees to it
    /// that somebody has it ([`wasm_std::ensure`]).
    ///
    /// # Errors
    /// As [`WasmStd::forced`], and when nobody has it.
    pub(crate) fn current() -> Result<Self> {
        match Self::forced()? {
            Some(forced) => Ok(forced),
            None => {
                wasm_std::present()?.context("no standard library for the browser; run: cargo xtask setup")
            }
        }
    }
}

/// How the app for the browser is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WebProfile {
    /// Quick to build; for development and local tests.
    Fast,
    /// What users download: size first, five minutes to build.
    Small,
}

impl WebProfile {
    /// The cargo profile's name.
    pub(crate) fn cargo_profile(self) -> &'static str {
        match self {
            Self::Fast => "wasm-fast",
            Self::Small => "wasm-small",
        }
    }

    /// Adds what this build needs of the compiler beyond the stable options.
    ///
    /// The small build compiles the standard library too, for size, and without the texts of panics and of `{:?}`,
    /// of which a browser's console would show little that the trap does not (docs/adr/0010).
    pub(crate) fn tune(self, cargo: &mut Command) {
        if self == Self::Small {
            cargo
                .env("RUSTC_BOOTSTRAP", "1")
                .env("RUSTFLAGS", SMALL_FLAGS)
                .args(["-Zbuild-std=std", "-Zbuild-std-features=optimize_for_size"]);
        }
    }
}

/// The root of the checkout.
///
/// Cargo says at run time which one it is: what was compiled in may be another one that shares the build products.
pub(crate) fn root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().unwrap_or(&here).to_path_buf()
}

/// The folder for build products that later checkouts reuse.
///
/// # Errors
/// When neither `KOUMEN_CACHE` nor `HOME` is set.
pub(crate) fn cache() -> Result<PathBuf> {
    if let Some(dir) = env::var_os("KOUMEN_CACHE").filter(|dir| !dir.is_empty()) {
        return Ok(PathBuf::from(dir));
    }
    let home =
        env::var_os("HOME").context("set KOUMEN_CACHE to a folder for build products (HOME is not set)")?;
    Ok(Path::new(&home).join(".cache/koumen"))
}

/// The folder for native build products: `CARGO_TARGET_DIR` when set, else in the cache.
///
/// # Errors
/// As [`cache`].
pub(crate) fn native_target() -> Result<PathBuf> {
    match env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => Ok(root().join(dir)),
        None => Ok(cache()?.join("target")),
    }
}

/// The folder for build products of [`WASM_TARGET`].
///
/// # Errors
/// As [`cache`].
pub(crate) fn wasm_target() -> Result<PathBuf> {
    Ok(cache()?.join("target-wasm"))
}

/// The native cargo, at the checkout's root, building into the cache.
///
/// # Errors
/// As [`cache`].
pub(crate) fn native_cargo() -> Result<Command> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(root())
        .env("CARGO_TARGET_DIR", native_target()?)
        .env_remove("LD_LIBRARY_PATH");
    Ok(command)
}

/// A cargo that can build for [`WASM_TARGET`].
///
/// # Errors
/// As [`cache`] and [`WasmStd::current`].
pub(crate) fn wasm_cargo() -> Result<Command> {
    let mut command = match WasmStd::current()? {
        WasmStd::Rustup => native_cargo()?,
        WasmStd::Debian => debian("/usr/bin/cargo"),
    };
    command
        .current_dir(root())
        .env("CARGO_TARGET_DIR", wasm_target()?);
    Ok(command)
}

/// `cargo clippy` for [`WASM_TARGET`], without its arguments.
///
/// # Errors
/// As [`wasm_cargo`].
pub(crate) fn wasm_clippy() -> Result<Command> {
    let mut command = match WasmStd::current()? {
        WasmStd::Rustup => native_cargo()?,
        WasmStd::Debian => debian("/usr/bin/cargo-clippy"),
    };
    command
        .current_dir(root())
        .env("CARGO_TARGET_DIR", wasm_target()?)
        .arg("clippy");
    Ok(command)
}

/// One of Debian's Rust programs, kept apart from rustup's.
pub(crate) fn debian(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env("CARGO", "/usr/bin/cargo")
        .env("RUSTC", "/usr/bin/rustc")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("LD_LIBRARY_PATH");
    command
}

/// The first of these programs that the search path has.
pub(crate) fn find_program(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names
        .iter()
        .flat_map(|name| env::split_paths(&path).map(move |dir| dir.join(name)))
        .find(|file| file.is_file())
}

/// A Chromium to drive: `CHROMIUM`, or the first one on the search path.
pub(crate) fn find_chromium() -> Option<PathBuf> {
    match env::var_os("CHROMIUM").filter(|file| !file.is_empty()) {
        Some(file) => Some(PathBuf::from(file)),
        None => find_program(&[
            "chromium",
            "chromium-browser",
            "google-chrome-stable",
            "google-chrome",
        ]),
    }
}

/// Says what is being done, in the same form everywhere.
pub(crate) fn say(text: impl AsRef<str>) {
    eprintln!("[koumen] {}", text.as_ref());
}

/// Runs a command with its output shown.
///
/// # Errors
/// When it cannot be started or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start: {shown}"))?;
    if status.success() {
        Ok(())
    } else {
        bail!("failed ({status}): {shown}")
    }
}

/// Runs a command that may take minutes: says what it does and about how long, and once a minute that it goes on.
///
/// `first_minutes`: how long it takes when nothing was built yet, on two cores. Later runs take seconds.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_long(what: &str, first_minutes: u64, command: &mut Command) -> Result<()> {
    say(format!(
        "{what} (the first time about {first_minutes} min on two cores, later seconds)"
    ));
    let (done, waiting) = mpsc::channel::<()>();
    let teller = {
        let what = what.to_owned();
        thread::spawn(move || {
            let mut minutes = 0;
            while waiting.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
                minutes += 1;
                say(format!("still {what}: {minutes} min of about {first_minutes}"));
            }
        })
    };
    let ran = run(command);
    drop(done);
    let _ = teller.join();
    ran
}

/// Runs a command and returns what it wrote to standard output, trimmed.
///
/// # Errors
/// When it cannot be started or does not succeed.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start: {shown}"))?;
    if !output.status.success() {
        bail!("failed ({}): {shown}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A command as a person would type it, without the environment.
pub(crate) fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
