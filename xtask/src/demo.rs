//! `cargo xtask demo`: the demonstration community, served to this machine and to phones on the same network.

use std::{
    fs,
    io::Write,
    net::UdpSocket,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use qrcode::{QrCode, render::unicode::Dense1x2};

use crate::{
    toolchain::{WebProfile, root, run, say, show},
    web::{build_server, build_web},
};

/// The demonstration community: 富强新村社区, whose register holds invented people only.
const COMMUNITY: &str = "320402003012";
/// Its first grid, which two of the grid members share, so that their edits can meet.
const GRID: &str = "320402003012-01";
const AREAS: &str = "communities.csv";
const REGISTER: &str = "register-fuqiang.xlsx";
/// The people of the demonstration work with invented records only, so their password can be known to all.
const PASSWORD: &str = "koumen-demo";
/// Says that the data folder holds the whole demonstration.
const MARK: &str = "demonstration-loaded";
/// TLS for phones is served this far above the plain port: 8080 and 8443.
const TLS_PORT_OFFSET: u16 = 363;
/// How long the server may take to finish what it is doing after Ctrl-C.
const STOP_SECONDS_MAX: u64 = 10;

/// Somebody of the demonstration.
struct Account {
    name: &'static str,
    display: &'static str,
    role: &'static str,
    role_shown: &'static str,
    area: &'static str,
}

const ACCOUNTS: [Account; 4] = [
    Account {
        name: "zhao",
        display: "赵敏",
        role: "member",
        role_shown: "网格员",
        area: GRID,
    },
    Account {
        name: "qian",
        display: "钱伟",
        role: "member",
        role_shown: "网格员",
        area: GRID,
    },
    Account {
        name: "sun",
        display: "孙丽",
        role: "supervisor",
        role_shown: "网格长",
        area: COMMUNITY,
    },
    Account {
        name: "admin",
        display: "管理员",
        role: "admin",
        role_shown: "系统管理员",
        area: COMMUNITY,
    },
];

/// Builds everything, loads the demonstration on first start, and serves it until Ctrl-C.
///
/// # Errors
/// When something does not build, the demonstration cannot be loaded, or the server fails.
pub(crate) fn run_demo(port: u16, data: &Path) -> Result<()> {
    let program = build_server()?;
    let web = build_web(WebProfile::Fast)?;
    let data = root().join(data);
    load_once(&program, &data)?;
    Server { program, data }.serve(port, &web)
}

/// Loads areas, register and accounts beside the data folder, and puts it in place when all is there.
fn load_once(program: &Path, data: &Path) -> Result<()> {
    if data.join(MARK).exists() {
        return Ok(());
    }
    if fs::read_dir(data).is_ok_and(|mut files| files.next().is_some()) {
        bail!(
            "{} holds something else than the demonstration; choose another --data",
            data.display()
        );
    }
    say("loading the demonstration community (first start)");
    let half = data.with_extension("loading");
    let _ = fs::remove_dir_all(&half);
    fs::create_dir_all(&half).with_context(|| format!("cannot make {}", half.display()))?;
    let demo = root().join("assets/demo");
    let server = Server {
        program: program.to_path_buf(),
        data: half.clone(),
    };
    let areas = demo.join(AREAS).to_string_lossy().into_owned();
    run(&mut server.command(&["import", "areas", &areas]))?;
    let register = demo.join(REGISTER).to_string_lossy().into_owned();
    run(&mut server.command(&["import", "register", &register, "--community", COMMUNITY]))?;
    for account in &ACCOUNTS {
        server.add_account(account)?;
    }
    fs::write(half.join(MARK), "").with_context(|| format!("cannot write into {}", half.display()))?;
    let _ = fs::remove_dir(data);
    fs::rename(&half, data).with_context(|| format!("cannot put {} in place", data.display()))
}

struct Server {
    program: PathBuf,
    data: PathBuf,
}

impl Server {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(root())
            .args(words)
            .arg("--data")
            .arg(&self.data)
            .env_remove("LD_LIBRARY_PATH");
        command
    }

    fn add_account(&self, account: &Account) -> Result<()> {
        let mut command = self.command(&["user", "add", account.name, "--display", account.display]);
        command.args(["--role", account.role, "--area", account.area, "--password-stdin"]);
        let shown = show(&command);
        let mut child = command
            .stdin(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start: {shown}"))?;
        let mut input = child.stdin.take().context("no input to write to")?;
        writeln!(input, "{PASSWORD}").context("cannot hand over the password")?;
        drop(input);
        let status = child.wait()?;
        if status.success() {
            Ok(())
        } else {
            bail!("failed ({status}): {shown}")
        }
    }

    fn serve(&self, port: u16, web: &Path) -> Result<()> {
        let tls_port = port
            .checked_add(TLS_PORT_OFFSET)
            .context("choose a --port below 65172")?;
        let (plain, tls) = (port.to_string(), tls_port.to_string());
        let mut command = self.command(&["serve", "--port", &plain, "--tls-port", &tls, "--lan"]);
        command.arg("--web").arg(web);
        in_own_group(&mut command);

        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        ctrlc::set_handler(move || asked.store(true, Ordering::SeqCst)).context("cannot watch for Ctrl-C")?;

        let shown = show(&command);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start: {shown}"))?;
        print_welcome(port, tls_port);
        loop {
            if let Some(status) = child.try_wait()? {
                return if status.success() {
                    Ok(())
                } else {
                    bail!("the server ended ({status})")
                };
            }
            if stop.load(Ordering::SeqCst) {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        say("stopping the server");
        run(Command::new("kill").arg(child.id().to_string()))?;
        let deadline = Instant::now() + Duration::from_secs(STOP_SECONDS_MAX);
        while Instant::now() < deadline {
            if child.try_wait()?.is_some() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        child.kill().context("cannot end the server")?;
        child.wait()?;
        bail!("the server did not stop within {STOP_SECONDS_MAX} s and was ended")
    }
}

/// Keeps the terminal's Ctrl-C from the server, so that it is stopped once, by us.
fn in_own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

fn print_welcome(port: u16, tls_port: u16) {
    println!();
    println!("  叩门 Koumen: http://localhost:{port}");
    println!();
    println!("  Accounts of the demonstration, all with the password  {PASSWORD}");
    for account in &ACCOUNTS {
        println!(
            "    {:<8}{}  {}",
            account.name, account.display, account.role_shown
        );
    }
    println!();
    match network_address() {
        Some(address) => print_phone_help(&address, port, tls_port),
        None => println!("  This machine is in no network, so phones cannot reach it."),
    }
    println!("  Ctrl-C stops the server.");
    println!();
}

fn print_phone_help(address: &str, port: u16, tls_port: u16) {
    let url = format!("https://{address}:{tls_port}/");
    println!("  Phones in the same network: {url}");
    println!(
        "  First visit: open http://{address}:{port}/ca on the phone, it explains how to trust this server."
    );
    println!();
    if let Ok(code) = QrCode::new(url.as_bytes()) {
        let picture = code
            .render::<Dense1x2>()
            .dark_color(Dense1x2::Light)
            .light_color(Dense1x2::Dark)
            .build();
        for line in picture.lines() {
            println!("  {line}");
        }
        println!();
    }
}

/// This machine's address in its network: the one that a packet to outside would carry. None is sent.
fn network_address() -> Option<String> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
}
