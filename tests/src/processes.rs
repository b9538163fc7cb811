//! Real processes: one server and its devices, each in a folder of its own, spoken to as an operator would.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Every account's password.
pub const PASSWORD: &str = "koumen-test";
/// The one community.
pub const COMMUNITY: &str = "130803001001";
const AREAS: &str = "community_code,community,street_code,street,district_code,district,city,province\n\
    130803001001,元宝山社区,130803001,元宝山街道,130803,双滦区,承德市,河北省\n";
const START_SECONDS_MAX: u64 = 30;

/// Where the programs lie. Only a test knows: `env!("CARGO_BIN_EXE_...")`.
#[derive(Debug, Clone, Copy)]
pub struct Programs {
    /// `koumen-server`
    pub server: &'static str,
    /// `koumen-device`
    pub device: &'static str,
}

/// A server's data folder, its devices' folders, and the server process while it runs.
#[derive(Debug)]
pub struct Site {
    programs: Programs,
    folder: tempfile::TempDir,
    port: u16,
    server: Option<Running>,
}

/// A process that ends with this value, however a test ends.
#[derive(Debug)]
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Site {
    /// A site with one community; the server does not run yet.
    pub fn new(programs: Programs) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let table = folder.path().join("areas.csv");
        fs::write(&table, AREAS).expect("the table is written");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let site = Self {
            programs,
            folder,
            port,
            server: None,
        };
        site.koumen(&["import", "areas", &table.to_string_lossy()], "");
        site
    }

    /// The server's data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder or file beside it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the server listens while it runs.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs the server's command line on its data folder.
    pub fn try_koumen(&self, words: &[&str], input: &str) -> Output {
        let data = self.data();
        let mut command = Command::new(self.programs.server);
        command.args(words).arg("--data").arg(data);
        run(&mut command, input)
    }

    /// The same; it must succeed. Returns what it printed.
    ///
    /// # Panics
    /// When it does not succeed.
    pub fn koumen(&self, words: &[&str], input: &str) -> String {
        let output = self.try_koumen(words, input);
        assert!(output.status.success(), "{words:?}: {output:?}");
        text(&output.stdout)
    }

    /// Adds an account in the community.
    pub fn add_user(&self, name: &str, role: &str) {
        let words = [
            "user",
            "add",
            name,
            "--display",
            name,
            "--role",
            role,
            "--area",
            COMMUNITY,
            "--password-stdin",
        ];
        self.koumen(&words, PASSWORD);
    }

    /// Starts the server and waits until it listens.
    ///
    /// # Panics
    /// When it does not start in time.
    pub fn start(&mut self) {
        self.stop();
        let child = Command::new(self.programs.server)
            .args(["serve", "--port", &self.port.to_string(), "--data"])
            .arg(self.data())
            .env("KOUMEN_LOG", "error")
            .stdout(Stdio::null())
            .spawn()
            .expect("the server's program starts");
        self.server = Some(Running(child));
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let in_time = began.elapsed() < Duration::from_secs(START_SECONDS_MAX);
            assert!(in_time, "the server listens");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Kills the server (SIGKILL) if it runs.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// A device, whose folder may not exist yet.
    pub fn device(&self, name: &str) -> Device {
        Device {
            program: self.programs.device,
            folder: self.path(name),
            origin: self.origin(),
        }
    }

    /// A device that is enrolled for a worker.
    pub fn enrolled(&self, name: &str, user: &str) -> Device {
        let device = self.device(name);
        device.enrol(user);
        device
    }
}

/// One device's folder and its program.
#[derive(Debug, Clone)]
pub struct Device {
    program: &'static str,
    /// Its folder.
    pub folder: PathBuf,
    origin: String,
}

impl Device {
    /// The command line, ready to be run: `words`, then the folder.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command.args(words).arg("--data").arg(&self.folder);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, words: &[&str], input: &str) -> Output {
        run(&mut self.command(words), input)
    }

    /// Runs a command that must succeed; the JSON lines that it printed.
    ///
    /// # Panics
    /// When it does not succeed.
    pub fn ok(&self, words: &[&str]) -> Vec<Value> {
        let output = self.run(words, "");
        assert!(output.status.success(), "{words:?}: {output:?}");
        lines(&output.stdout)
    }

    /// Signs in.
    ///
    /// # Panics
    /// When the server does not let the worker in.
    pub fn enrol(&self, user: &str) -> Value {
        let words = [
            "enrol",
            "--server",
            &self.origin,
            "--user",
            user,
            "--password-stdin",
        ];
        let output = self.run(&words, PASSWORD);
        assert!(output.status.success(), "{output:?}");
        lines(&output.stdout).remove(0)
    }

    /// Notes of all visits on this device, in order of the texts.
    pub fn notes(&self) -> Vec<String> {
        let visits = self.ok(&["show", "visits"]);
        let note = |visit: &Value| visit.get("note").and_then(Value::as_str).map(str::to_owned);
        let mut notes: Vec<String> = visits.iter().filter_map(note).collect();
        notes.sort();
        notes
    }
}

/// Runs a program to its end, with `input` on its standard input.
///
/// # Panics
/// When it cannot be started.
pub fn run(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .env("KOUMEN_LOG", "error")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    if let Some(mut stdin) = child.stdin.take() {
        // A command that reads nothing may be gone already.
        let _ = stdin.write_all(input.as_bytes());
    }
    child.wait_with_output().expect("the program ends")
}

/// Bytes that a program printed.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// JSON lines that a program printed.
///
/// # Panics
/// When a line is no JSON.
pub fn lines(bytes: &[u8]) -> Vec<Value> {
    let of_line = |line: &str| serde_json::from_str(line).expect("a line is JSON");
    text(bytes).lines().map(of_line).collect()
}

/// Whether a file of a folder holds a text.
///
/// # Panics
/// When the disk fails.
pub fn holds(folder: &Path, text: &str) -> bool {
    let mut files = fs::read_dir(folder).expect("the folder is there");
    files.any(|file| {
        let bytes = fs::read(file.expect("a file").path()).expect("a file can be read");
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

/// A copy of a folder, with everything in it.
///
/// # Panics
/// When the disk fails.
pub fn copy_folder(from: &Path, to: &Path) {
    sync_server::folders::make(to).expect("the folder is made");
    for entry in fs::read_dir(from).expect("the folder is there") {
        let entry = entry.expect("the folder is read");
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).expect("the file is copied");
        }
    }
}
