//! A PostgreSQL of one's own, for tests: a real one, on loopback, that ends with the process that started it.

use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio_postgres::{Config, NoTls};

/// Nobody, on Linux and elsewhere: PostgreSQL refuses to run for root.
const NOBODY: u32 = 65_534;
const PASSWORD: &str = "koumen-test";
/// Waits until its input ends, as it does when the test is over or killed; then stops the database and cleans up.
const KEEPER: &str = r#"folder=$1; shift; "$@" </dev/null >"$folder/log" 2>&1 & cat >/dev/null
    kill -INT "$(head -n 1 "$folder/data/postmaster.pid")"; wait; rm -rf "$folder""#;

/// A PostgreSQL with databases for tests.
pub struct TestPostgres {
    folder: PathBuf,
    port: u16,
    /// As whom it runs, when not as ourselves.
    user: Option<u32>,
    keeper: Option<Child>,
    databases: AtomicU32,
}

impl TestPostgres {
    /// The one that all tests of a process share. It forgets what a power failure would take.
    ///
    /// # Panics
    /// When there is none to be started.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<TestPostgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&["-c", "fsync=off"]))
    }

    /// Makes one and starts it, with these options more.
    ///
    /// # Panics
    /// When there is none to be started.
    pub fn start(options: &[&str]) -> Self {
        Self::start_with(&[], options)
    }

    /// The same with these files, by name and text, beside its settings.
    ///
    /// # Panics
    /// When there is none to be started.
    pub fn start_with(files: &[(&str, &str)], options: &[&str]) -> Self {
        let folder = new_folder().unwrap_or_else(|error| panic!("no folder for PostgreSQL: {error}"));
        let owner = fs::metadata(&folder).map_or(0, |folder| folder.uid());
        let user = (owner == 0).then_some(NOBODY);
        if user.is_some() {
            let _ = chown(&folder, Some(NOBODY), Some(NOBODY));
        }
        let probe = TcpListener::bind("127.0.0.1:0").and_then(|probe| probe.local_addr());
        let port = probe
            .unwrap_or_else(|error| panic!("no port for PostgreSQL: {error}"))
            .port();
        let mut new = Self {
            folder,
            port,
            user,
            keeper: None,
            databases: AtomicU32::new(0),
        };
        new.make();
        for (name, text) in files {
            new.put(name, text);
        }
        new.run(options);
        new
    }

    fn make(&self) {
        let password = self.folder.join("password");
        let written = fs::write(&password, PASSWORD);
        assert!(written.is_ok(), "the password is written");
        let mut make = Command::new(program("initdb"));
        make.args([
            "-U",
            "koumen",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-A",
            "scram-sha-256",
            "-N",
            "--pwfile",
        ])
        .arg(&password)
        .arg("-D")
        .arg(self.data());
        let output = self.as_user(&mut make).output();
        let output = output.unwrap_or_else(|error| panic!("initdb cannot be run: {error}"));
        assert!(
            output.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// A file that nobody else may read.
    fn put(&self, name: &str, text: &str) {
        let file = self.data().join(name);
        let written = fs::write(&file, text).and_then(|()| {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
            chown(&file, self.user, self.user)
        });
        assert!(written.is_ok(), "{name} is written: {written:?}");
    }

    /// Starts it again, after [`crash`](Self::crash), and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    pub fn run(&mut self, options: &[&str]) {
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&self.folder);
        keeper.arg(program("postgres")).arg("-D").arg(self.data());
        keeper.args(["-h", "127.0.0.1", "-k", "", "-c", "max_connections=200", "-p"]);
        keeper
            .arg(self.port.to_string())
            .args(options)
            .stdin(Stdio::piped());
        let keeper = self.as_user(&mut keeper).spawn();
        self.keeper = Some(keeper.unwrap_or_else(|error| panic!("PostgreSQL cannot be started: {error}")));
        let began = Instant::now();
        while !self.is_ready() {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "PostgreSQL starts: {}",
                fs::read_to_string(self.folder.join("log")).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The last line of its lock file says so.
    fn is_ready(&self) -> bool {
        let state = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        state.trim_end().ends_with("ready") && TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    /// Ends it at once, with whatever it was doing.
    ///
    /// # Panics
    /// When it cannot be told to.
    pub fn crash(&mut self) {
        let lock = self.data().join("postmaster.pid");
        let process = fs::read_to_string(&lock).unwrap_or_default();
        let process = process.lines().next().unwrap_or_default();
        let told = Command::new("kill").args(["-QUIT", process]).status();
        assert!(told.is_ok_and(|told| told.success()), "PostgreSQL is told to end");
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() || lock.exists() {
            thread::sleep(Duration::from_millis(5));
        }
        // The keeper waits for our word only; without it, it leaves the folder alone.
        if let Some(mut keeper) = self.keeper.take() {
            let _ = keeper.kill();
            let _ = keeper.wait();
        }
    }

    /// The address of a new, empty database.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::SeqCst));
        let config: Result<Config, _> = self.address("postgres").parse();
        let config = config.unwrap_or_else(|error| panic!("{error}"));
        let (client, connection) = config
            .connect(NoTls)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let connection = tokio::spawn(connection);
        let made = client.batch_execute(&format!("CREATE DATABASE {name}")).await;
        made.unwrap_or_else(|error| panic!("{error}"));
        drop(client);
        let _ = connection.await;
        self.address(&name)
    }

    /// The address of a database.
    pub fn address(&self, name: &str) -> String {
        format!("postgres://koumen:{PASSWORD}@127.0.0.1:{}/{name}", self.port)
    }

    /// The folder of its settings and files.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn as_user<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        match self.user {
            Some(user) => command.uid(user).gid(user).current_dir("/"),
            None => command,
        }
    }
}

impl Drop for TestPostgres {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

fn new_folder() -> io::Result<PathBuf> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let folder = std::env::temp_dir().join(format!("koumen-postgres-{}-{number}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder)?;
    Ok(folder)
}

/// A program of PostgreSQL: those of Debian lie beside each other, apart from the rest.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<PathBuf> = debian.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.extend(std::env::split_paths(&path));
    let found = folders
        .iter()
        .rev()
        .map(|folder| folder.join(name))
        .find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("there is no PostgreSQL on this machine; `cargo xtask test` installs it"))
}
