//! Finds out what this machine lacks and installs it.
//!
//! Every check is a look at a file or the search path, so a second run takes a fraction of a second.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    toolchain::{
        WasmStd, cache, debian, find_chromium, find_program, native_cargo, read, root, run, say, wasm_target,
    },
    wasm_std,
};

/// How much of the set-up a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// What compiles the app and the server.
    Build,
    /// That, and what the tests use: formatter, lints, Node, a browser, fonts for its pictures.
    Tests,
}

/// A program that comes from the operating system.
struct Requirement {
    /// What it is, for a person.
    what: &'static str,
    /// Whether it is here.
    present: bool,
    /// Debian's and Ubuntu's packages that bring it.
    apt: &'static [&'static str],
    /// How to get it elsewhere.
    elsewhere: &'static str,
}

/// Installs what is missing for `need`.
///
/// # Errors
/// When something cannot be installed; the message names it and says how to get it.
pub(crate) fn run_setup(need: Need) -> Result<()> {
    install(|| requirements(need))?;
    if need == Need::Tests {
        rustup_component("fmt", "rustfmt")?;
        rustup_component("clippy", "clippy")?;
    }
    wasm_std::ensure(|| install(|| vec![debian_compiler()]))?;
    if need == Need::Tests {
        node_packages()?;
        python_packages()?;
    }
    Ok(())
}

fn requirements(need: Need) -> Vec<Requirement> {
    let on_path = |names: &[&str]| find_program(names).is_some();
    let mut list = vec![
        Requirement {
            what: "a C compiler (cc) for SQLite in the server",
            present: on_path(&["cc"]),
            apt: &["gcc", "libc6-dev"],
            elsewhere: "install gcc, or Xcode's command line tools on macOS (xcode-select --install)",
        },
        Requirement {
            what: "clang and llvm-ar for SQLite in the app",
            present: on_path(&["clang"]) && on_path(&["llvm-ar"]),
            apt: &["clang", "llvm"],
            elsewhere: "install LLVM and put its bin folder on PATH (macOS: brew install llvm)",
        },
    ];
    if need == Need::Tests {
        list.extend(browser_requirements());
        list.push(Requirement {
            what: "PostgreSQL for the tests of the server",
            present: postgres_present(),
            apt: &["postgresql"],
            elsewhere: "install PostgreSQL and put its programs (initdb, postgres) on PATH",
        });
        if cfg!(target_os = "linux") {
            list.push(Requirement {
                what: "nginx and Caddy for the tests of the server behind a proxy",
                present: on_path(&["nginx", "/usr/sbin/nginx"]) && on_path(&["caddy"]),
                apt: &["nginx", "caddy"],
                elsewhere: "install nginx and Caddy and put them on PATH",
            });
        }
        list.push(Requirement {
            what: "Python 3.10 or later with venv, to try the server's description",
            present: python_has_venv(),
            apt: &["python3", "python3-venv"],
            elsewhere: "install Python from its own site or with your package manager (macOS: brew install python)",
        });
    }
    list
}

fn debian_compiler() -> Requirement {
    Requirement {
        what: "Debian's Rust compiler with its sources",
        present: wasm_std::debian_packages_present(),
        apt: &["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "lld"],
        elsewhere: "these packages are Debian's; elsewhere take rustup: rustup target add wasm32-unknown-unknown",
    }
}

fn browser_requirements() -> Vec<Requirement> {
    let mut list = vec![
        Requirement {
            what: "Node.js 18 or later and npm for the browser tests",
            present: find_program(&["node"]).is_some() && find_program(&["npm"]).is_some(),
            apt: &["nodejs", "npm"],
            elsewhere: "install Node.js from its own site or with your package manager (macOS: brew install node)",
        },
        Requirement {
            what: "Chromium for the browser tests",
            present: find_chromium().is_some(),
            apt: &["chromium"],
            elsewhere: "install Chromium or Chrome and set CHROMIUM to its program",
        },
    ];
    if cfg!(target_os = "linux") {
        list.push(Requirement {
            what: "a Chinese font for the screenshots (Noto Sans CJK)",
            present: chinese_font_present(),
            apt: &["fonts-noto-cjk"],
            elsewhere: "install the Noto Sans CJK font",
        });
    }
    list
}

/// On PATH, or where Debian puts each version.
fn postgres_present() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut programs = versions.map(|version| version.path().join("bin/initdb"));
    find_program(&["initdb"]).is_some() || programs.any(|program| program.is_file())
}

fn chinese_font_present() -> bool {
    let folders = [
        "/usr/share/fonts/opentype/noto",
        "/usr/share/fonts/noto-cjk",
        "/usr/share/fonts/google-noto-cjk",
    ];
    folders
        .iter()
        .filter_map(|dir| fs::read_dir(dir).ok())
        .flatten()
        .flatten()
        .any(|file| {
            let name = file.file_name();
            name.to_string_lossy().starts_with("NotoSansCJK")
        })
}

/// Installs what is not here of what `wanted` lists, which looks anew each time.
fn install(wanted: impl Fn() -> Vec<Requirement>) -> Result<()> {
    let missing = || {
        wanted()
            .into_iter()
            .filter(|item| !item.present)
            .collect::<Vec<_>>()
    };
    let lacking = missing();
    if lacking.is_empty() {
        return Ok(());
    }
    for item in &lacking {
        say(format!("missing: {}", item.what));
    }
    if find_program(&["apt-get"]).is_none() {
        bail!(
            "this machine lacks the following, and has no apt-get to install it with:\n{}",
            advice(&lacking)
        );
    }
    let packages: Vec<_> = lacking.iter().flat_map(|item| item.apt).copied().collect();
    say(format!(
        "installing with apt-get (some minutes on a slow line): {}",
        packages.join(" ")
    ));
    let by_hand = || {
        format!(
            "install by hand, then run the command again: apt-get install {}",
            packages.join(" ")
        )
    };
    run(apt_get()?.arg("update")).with_context(by_hand)?;
    run(apt_get()?
        .args(["install", "-y", "--no-install-recommends", "--no-remove"])
        .args(&packages))
    .with_context(by_hand)?;
    let lacking = missing();
    if !lacking.is_empty() {
        bail!(
            "the packages were installed, but this machine still lacks:\n{}",
            advice(&lacking)
        );
    }
    Ok(())
}

fn advice(missing: &[Requirement]) -> String {
    let lines: Vec<_> = missing
        .iter()
        .map(|item| format!("  {}: {}", item.what, item.elsewhere))
        .collect();
    lines.join("\n")
}

/// `apt-get`, through sudo for anyone but root; it waits for another installation to end.
fn apt_get() -> Result<Command> {
    let is_root = read(Command::new("id").arg("-u"))? == "0";
    let mut command = if is_root {
        Command::new("apt-get")
    } else if find_program(&["sudo"]).is_some() {
        let mut sudo = Command::new("sudo");
        sudo.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    } else {
        bail!("installing packages needs root, and there is no sudo");
    };
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["-q", "-o", "DPkg::Lock::Timeout=300"]);
    Ok(command)
}

/// Adds a part of the native toolchain when `cargo SUBCOMMAND` is not there.
fn rustup_component(subcommand: &str, component: &str) -> Result<()> {
    let mut probe = native_cargo()?;
    let answer = probe
        .args([subcommand, "--version"])
        .output()
        .context("cannot start cargo")?;
    if answer.status.success() {
        return Ok(());
    }
    say(format!("adding {component} to the toolchain"));
    run(Command::new("rustup").args(["component", "add", component])).with_context(|| {
        format!("`cargo {subcommand}` is missing; get it with: rustup component add {component}")
    })
}

/// The sources of the standard library, which the small build compiles for size. Debian's are there already.
///
/// # Errors
/// When rustup cannot add them.
pub(crate) fn ensure_std_sources() -> Result<()> {
    if WasmStd::current()? == WasmStd::Debian
        || wasm_std::native_sysroot()?
            .join("lib/rustlib/src/rust/library")
            .is_dir()
    {
        return Ok(());
    }
    say("adding the sources of the standard library");
    run(Command::new("rustup")
        .current_dir(root())
        .args(["component", "add", "rust-src"]))
}

/// Installs what `tests/e2e/package-lock.json` names, once per change of that file.
fn node_packages() -> Result<()> {
    let folder = root().join("tests/e2e");
    let wanted =
        fs::read(folder.join("package-lock.json")).context("cannot read tests/e2e/package-lock.json")?;
    let mark = folder.join("node_modules/.koumen-installed-lock.json");
    if fs::read(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    say("installing the node packages of the browser tests");
    run(Command::new("npm").current_dir(&folder).args([
        "ci",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
    ]))?;
    fs::write(&mark, wanted).with_context(|| format!("cannot write {}", mark.display()))
}

fn python_has_venv() -> bool {
    let mut probe = Command::new("python3");
    probe.args([
        "-c",
        "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))",
    ]);
    probe.output().is_ok_and(|answer| answer.status.success())
}

/// The folder of the Python packages that the tests use; its `bin` holds their programs.
///
/// # Errors
/// As [`cache`].
pub(crate) fn python_folder() -> Result<PathBuf> {
    Ok(cache()?.join("python"))
}

/// Installs what `tests/api/requirements.txt` names, once per change of that file.
fn python_packages() -> Result<()> {
    let list = root().join("tests/api/requirements.txt");
    let wanted = fs::read(&list).context("cannot read tests/api/requirements.txt")?;
    let folder = python_folder()?;
    let mark = folder.join("koumen-installed-requirements.txt");
    if fs::read(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    say("installing the Python packages of the tests");
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder))?;
    run(Command::new(folder.join("bin/python"))
        .args([
            "-m",
            "pip",
            "--quiet",
            "--disable-pip-version-check",
            "install",
            "--requirement",
        ])
        .arg(&list))?;
    fs::write(&mark, wanted).with_context(|| format!("cannot write {}", mark.display()))
}

/// Prints the versions that were found, for bug reports.
///
/// # Errors
/// When one of them cannot be asked.
pub(crate) fn print_versions() -> Result<()> {
    let rustc = match WasmStd::current()? {
        WasmStd::Rustup => Command::new("rustc"),
        WasmStd::Debian => debian("/usr/bin/rustc"),
    };
    for mut command in [native_cargo()?, rustc, Command::new("node")] {
        say(format!(
            "{}: {}",
            show_program(&command),
            read(command.arg("--version"))?
        ));
    }
    if let Some(chromium) = find_chromium() {
        say(format!("browser: {}", chromium.display()));
    }
    say(format!(
        "build products: {}",
        wasm_target()?.with_file_name("").display()
    ));
    Ok(())
}

fn show_program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
