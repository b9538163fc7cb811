//! A server in memory behind a real socket, and plain HTTP to it.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use shared::domain::worker::Role;
use sync_server::photos::PhotoStore;
use sync_server::serve::{Listen, serve};
use sync_server::state::{AppState, Bounds};
use sync_server::storage::Storage;
use sync_server::testing::{SeededChance, TEST_PASSWORD, TestServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const GRID: &str = "130803001001-01";
/// A file that no socket's buffers hold.
const LARGE_BYTES: usize = 32 * 1024 * 1024;

pub(crate) struct Served {
    pub(crate) state: AppState,
    address: SocketAddr,
    task: JoinHandle<()>,
    _web: tempfile::TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Served {
    pub(crate) async fn within(bounds: Bounds) -> Self {
        let web = tempfile::tempdir().unwrap();
        std::fs::write(web.path().join("index.html"), "<title>x</title>").unwrap();
        std::fs::write(web.path().join("large.bin"), vec![0; LARGE_BYTES]).unwrap();
        let storage = Storage::in_memory(&SeededChance::new(7)).unwrap();
        let server = TestServer::within(
            Arc::new(storage),
            PhotoStore::in_memory(),
            Some(web.path()),
            bounds,
        );
        server.add_area(GRID, "第1网格").await;
        for name in ["zhao", "qian"] {
            server.add_worker(name, Role::Member, &[GRID]).await;
        }
        let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = probe.local_addr().unwrap();
        drop(probe);
        let listen = Listen {
            plain: address,
            plain_for_this_machine: false,
            tls: None,
        };
        let state = server.state.clone();
        let task = tokio::spawn(async move { serve(server.state, listen).await.unwrap() });
        while TcpStream::connect(address).await.is_err() {
            tokio::task::yield_now().await;
        }
        let served = Self {
            state,
            address,
            task,
            _web: web,
        };
        served.until(|state| state.connections.count() == 0).await;
        served
    }

    pub(crate) async fn connect(&self) -> Wire {
        Wire(TcpStream::connect(self.address).await.unwrap())
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, is_so: impl Fn(&AppState) -> bool) {
        let waiting = async {
            while !is_so(&self.state) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waiting)
            .await
            .expect("it becomes so");
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> (u16, String) {
        let mut wire = self.connect().await;
        wire.send("GET", path, token, "").await;
        wire.answer().await.unwrap()
    }

    pub(crate) async fn sign_in(&self, username: &str) -> String {
        let (status, body) = self.try_sign_in(username, TEST_PASSWORD, "").await;
        assert_eq!(status, 200, "{body}");
        let reply: Value = serde_json::from_str(&body).unwrap();
        reply.get("token").unwrap().as_str().unwrap().to_owned()
    }

    pub(crate) async fn try_sign_in(&self, username: &str, password: &str, headers: &str) -> (u16, String) {
        self.sign_in_for("localhost", username, password, headers).await
    }

    /// A sign-in that says which host it is for.
    pub(crate) async fn sign_in_for(
        &self,
        host: &str,
        username: &str,
        password: &str,
        headers: &str,
    ) -> (u16, String) {
        let body = serde_json::json!({
            "username": username, "password": password, "device": null, "device_name": "test"
        });
        let body = body.to_string();
        let mut wire = self.connect().await;
        let request = format!(
            "POST /v1/session HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        wire.0.write_all(request.as_bytes()).await.unwrap();
        wire.answer().await.unwrap()
    }
}

/// One connection.
pub(crate) struct Wire(pub(crate) TcpStream);

impl Wire {
    pub(crate) async fn send(&mut self, method: &str, path: &str, token: &str, headers: &str) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{headers}\r\n"
        );
        self.0.write_all(request.as_bytes()).await.unwrap();
    }

    /// Status and body of an answer with a known length.
    pub(crate) async fn answer(&mut self) -> io::Result<(u16, String)> {
        let mut said = Vec::new();
        loop {
            if let Some(answer) = whole(&said) {
                return Ok(answer);
            }
            if self.0.read_buf(&mut said).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads until a text has come; `false` when the connection ends before.
    pub(crate) async fn until(&mut self, text: &str) -> bool {
        let mut said = Vec::new();
        while !String::from_utf8_lossy(&said).contains(text) {
            if !matches!(self.0.read_buf(&mut said).await, Ok(1..)) {
                return false;
            }
        }
        true
    }

    /// Waits for the other side to end the connection, without having said anything more.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest).await;
        rest.is_empty()
    }
}

fn whole(said: &[u8]) -> Option<(u16, String)> {
    let text = String::from_utf8_lossy(said);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.to_ascii_lowercase();
    let length = length.split("content-length: ").nth(1)?.split("\r\n").next()?;
    (body.len() >= length.parse().ok()?).then(|| (status, body.to_owned()))
}
