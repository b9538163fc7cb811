//! The real server as a process of its own, and HTTP to it over sockets that may break at any instant.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use shared::domain::area::Area;
use shared::domain::worker::Role;
use shared::ids::{AreaCode, WorkerId};
use shared::protocol::v1::{SignInReply, SignInRequest};
use sync_server::chance::{Chance, OsChance};
use sync_server::folders;
use sync_server::passwords::Passwords;
use sync_server::storage::{AddedAccount, NewAccount, Storage};
use sync_server::testing::TEST_PASSWORD;

/// Where everybody works.
pub(crate) const AREA: &str = "130803001001";

/// Where a server keeps everything.
pub(crate) struct Ground {
    pub(crate) data: PathBuf,
    /// The address of its PostgreSQL, when its database is not in the folder.
    pub(crate) database: Option<String>,
}

impl Ground {
    pub(crate) fn new(data: &Path, database: Option<String>) -> Self {
        folders::make(data).unwrap();
        Self {
            data: data.to_path_buf(),
            database,
        }
    }

    pub(crate) async fn storage(&self) -> Arc<Storage> {
        match &self.database {
            None => Arc::new(Storage::open_file(&self.data.join("koumen.sqlite"), &OsChance).unwrap()),
            Some(address) => Arc::new(
                Storage::open_postgres(address, None, Arc::new(OsChance))
                    .await
                    .unwrap(),
            ),
        }
    }
}

pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts it and waits until it answers.
    pub(crate) fn start(ground: &Ground, port: u16) -> Self {
        Self::start_with(ground, port, |_| {})
    }

    /// The same with more said to it.
    pub(crate) fn start_with(ground: &Ground, port: u16, more: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_koumen-server"));
        command
            .args(["serve", "--port", &port.to_string(), "--data"])
            .arg(&ground.data);
        if let Some(address) = &ground.database {
            command.env("KOUMEN_DATABASE", address);
        }
        more(&mut command);
        let child = command
            .env("KOUMEN_LOG", "error")
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let server = Self { child, port };
        let began = Instant::now();
        let health = Request::new("GET", "/healthz", "");
        let answers = || connect(port).and_then(|mut stream| ask(&mut stream, &health));
        while !matches!(answers(), Ok(Answer { status: 200, .. })) {
            assert!(began.elapsed() < Duration::from_secs(30), "the server starts");
            thread::sleep(Duration::from_millis(2));
        }
        server
    }

    /// Ends it without asking.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A test that fails leaves no server behind.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let probe = TcpListener::bind("127.0.0.1:0").unwrap();
    probe.local_addr().unwrap().port()
}

pub(crate) fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

pub(crate) struct Request<'a> {
    method: &'a str,
    path: &'a str,
    token: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) body: &'a [u8],
    headers: String,
}

impl<'a> Request<'a> {
    pub(crate) fn new(method: &'a str, path: &'a str, token: &'a str) -> Self {
        Self {
            method,
            path,
            token,
            kind: "text/plain",
            body: b"",
            headers: String::new(),
        }
    }

    pub(crate) fn header(&mut self, name: &str, value: &str) {
        self.headers += &format!("{name}: {value}\r\n");
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// By names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// One request over an open connection.
pub(crate) fn ask(stream: &mut TcpStream, request: &Request<'_>) -> io::Result<Answer> {
    let Request {
        method,
        path,
        token,
        kind,
        body,
        headers,
    } = request;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let length = headers
        .get("content-length")
        .and_then(|length| length.parse().ok());
    let mut body = vec![0; length.filter(|_| *method != "HEAD").unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok(Answer {
        status,
        headers,
        body,
    })
}

/// Signs in on a new device.
pub(crate) fn sign_in(server: &Server, username: &str) -> SignInReply {
    let request = SignInRequest {
        username: username.to_owned(),
        password: TEST_PASSWORD.to_owned(),
        device: None,
        device_name: "test".to_owned(),
    };
    let body = serde_json::to_vec(&request).unwrap();
    let mut request = Request::new("POST", "/v1/session", "");
    request.kind = "application/json";
    request.body = &body;
    let answer = ask(&mut connect(server.port).unwrap(), &request).unwrap();
    assert_eq!(answer.status, 200);
    serde_json::from_slice(&answer.body).unwrap()
}

/// A data folder with one area and the workers `phone0`, `phone1`, ...
pub(crate) async fn prepare(ground: &Ground, workers: usize) {
    let storage = ground.storage().await;
    let code = AreaCode::new(AREA).unwrap();
    let area = Area {
        code: code.clone(),
        name: "社区".to_owned(),
    };
    storage.put_areas(&[area]).await.unwrap();
    for number in 0..workers {
        let account = NewAccount {
            worker: WorkerId(OsChance.uuid()),
            username: format!("phone{number}"),
            display: format!("phone{number}"),
            role: Role::Member,
            areas: vec![code.clone()],
            password: Passwords::cheap().hash(TEST_PASSWORD, &OsChance).unwrap(),
        };
        let added = storage.add_account(account).await.unwrap();
        assert_eq!(added, AddedAccount::Added);
    }
}
