//! The real server behind real proxies, configured as `docs/proxy.md` says (Linux, where the set-up installs them).
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "durability/process.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod process;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures::StreamExt;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use shared::protocol::v1::{self, CONTENT_TYPE, SignInReply, SyncReply};
use sync_server::testing::{TEST_PASSWORD, TestPhone, a_jpeg, a_request};

use process::{AREA, Ground, Server, free_port, prepare};

const PAGE: &str = include_str!("../../docs/proxy.md");
const ORIGIN: &str = "https://koumen.example";
const CERTIFICATES: &str = "/etc/ssl/koumen.example";

/// What stands on the page in the first block of a language.
fn block(language: &str) -> String {
    let start = format!("```{language}\n");
    let (_, rest) = PAGE.split_once(&start).expect("the page has such a block");
    rest.split_once("\n```").unwrap().0.to_owned() + "\n"
}

struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The page's configuration, for this test's ports and certificates.
fn here(language: &str, listens: (&str, u16), server: u16, folder: &Path) -> String {
    let replaced = [
        ("127.0.0.1:8080", format!("127.0.0.1:{server}")),
        (CERTIFICATES, folder.display().to_string()),
        (listens.0, format!("listen 127.0.0.1:{} ssl;", listens.1)),
    ];
    let said = block(language);
    replaced.iter().fold(said, |said, (from, to)| {
        assert!(from.is_empty() || said.contains(from), "{language} says {from}");
        if from.is_empty() {
            said
        } else {
            said.replace(from, to)
        }
    })
}

fn nginx(port: u16, server: u16, folder: &Path) -> Proxy {
    let said = here("nginx", ("listen 443 ssl;", port), server, folder);
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary.map(|name| format!("{name}_temp_path {}/{name};\n", folder.display()));
    let whole = format!(
        "daemon off; master_process off; pid {0}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{1}{said}}}\n",
        folder.display(),
        temporary.concat()
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, whole).unwrap();
    // Debian puts it where only root looks.
    let debians = Path::new("/usr/sbin/nginx");
    let program = if debians.is_file() {
        debians
    } else {
        Path::new("nginx")
    };
    start(Command::new(program).args(["-e", "stderr", "-c"]).arg(&file))
}

fn caddy(port: u16, server: u16, folder: &Path) -> Proxy {
    let said = here("caddy", ("", port), server, folder);
    let only_here = format!(
        "{{\nadmin off\nauto_https disable_redirects\nhttps_port {port}\ndefault_bind 127.0.0.1\n}}\n"
    );
    let file = folder.join("Caddyfile");
    fs::write(&file, only_here + &said).unwrap();
    start(
        Command::new("caddy")
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(&file)
            .env("HOME", folder)
            .env("XDG_DATA_HOME", folder)
            .env("XDG_CONFIG_HOME", folder),
    )
}

fn start(command: &mut Command) -> Proxy {
    let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    Proxy(started.expect("the proxy is installed by `cargo xtask setup`"))
}

/// A certificate for the page's name, beside its key; in PEM.
fn certify(folder: &Path) -> Vec<u8> {
    let made = rcgen::generate_simple_self_signed(["koumen.example".to_owned()]).unwrap();
    let certificate = made.cert.pem();
    fs::write(folder.join("fullchain.pem"), &certificate).unwrap();
    fs::write(folder.join("privkey.pem"), made.signing_key.serialize_pem()).unwrap();
    certificate.into_bytes()
}

/// A browser that opened the app at the page's name.
struct Browser {
    client: Client,
    base: String,
}

impl Browser {
    fn new(port: u16, certificate: &[u8]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .tls_certs_merge(reqwest::Certificate::from_pem_bundle(certificate).unwrap())
            .resolve("koumen.example", SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .no_proxy()
            .build()
            .unwrap();
        Self {
            client,
            base: format!("https://koumen.example:{port}"),
        }
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client
            .post(format!("{}{path}", self.base))
            .header("origin", ORIGIN)
    }

    async fn try_sign_in(&self, name: &str, password: &str, origin: &str) -> Response {
        let said = serde_json::json!({
            "username": name, "password": password, "device": null, "device_name": "test"
        });
        let request = self.client.post(format!("{}/v1/session", self.base));
        let request = request
            .header("origin", origin)
            .header("content-type", "application/json");
        let request = request.header("x-forwarded-for", "203.0.113.9");
        request.body(said.to_string()).send().await.unwrap()
    }

    async fn sign_in(&self, name: &str) -> SignInReply {
        let answer = self.try_sign_in(name, TEST_PASSWORD, ORIGIN).await;
        assert_eq!(answer.status(), StatusCode::OK);
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    async fn sync(&self, phone: &TestPhone, token: &str, first: u64) -> SyncReply {
        let request = v1::encode(&a_request(Some(phone.push_from(first))));
        let request = self.post("/v1/sync").bearer_auth(token).body(request);
        let answer = request.header("content-type", CONTENT_TYPE).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        v1::decode(&answer.bytes().await.unwrap()).unwrap()
    }

    async fn send_photo(&self, token: &str, bytes: &[u8], hash: &str) {
        let base64 = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
        let metadata = format!("hash {},filetype {}", base64(hash), base64("image/jpeg"));
        let begin = self
            .post("/v1/uploads")
            .bearer_auth(token)
            .header("tus-resumable", "1.0.0");
        let begin = begin
            .header("upload-length", bytes.len())
            .header("upload-metadata", metadata);
        let begun = begin.send().await.unwrap();
        assert_eq!(begun.status(), StatusCode::CREATED);
        let place = begun.headers()["location"].to_str().unwrap().to_owned();
        let chunk = self
            .post(&place)
            .bearer_auth(token)
            .header("tus-resumable", "1.0.0");
        let chunk = chunk
            .header("x-http-method-override", "PATCH")
            .header("upload-offset", 0)
            .header("content-type", "application/offset+octet-stream");
        let sent = chunk.body(bytes.to_vec()).send().await.unwrap();
        assert_eq!(sent.status(), StatusCode::NO_CONTENT);
        assert_eq!(sent.headers()["upload-offset"], bytes.len().to_string().as_str());
    }
}

async fn goes_through(proxy: fn(u16, u16, &Path) -> Proxy) {
    let folder = tempfile::tempdir().unwrap();
    let ground = Ground::new(&folder.path().join("data"), None);
    prepare(&ground, 3).await;
    let command = block("sh");
    let said: Vec<&str> = command.split_whitespace().collect();
    let origin_and_proxy = said.iter().position(|word| *word == "--origin").unwrap();
    let server = Server::start_with(&ground, free_port(), |command| {
        command.args(said.get(origin_and_proxy..).unwrap());
    });
    let port = free_port();
    let certificate = certify(folder.path());
    let _proxy = proxy(port, server.port, folder.path());
    let browser = Browser::new(port, &certificate);
    while browser
        .client
        .get(format!("{}/healthz", browser.base))
        .send()
        .await
        .is_err()
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let (one, other) = (browser.sign_in("phone0").await, browser.sign_in("phone1").await);
    let foreign = browser
        .try_sign_in("phone0", TEST_PASSWORD, "https://rebound.example")
        .await;
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    assert!(foreign.text().await.unwrap().contains("origin.foreign"));

    let notices = browser.client.get(format!("{}/v1/notices", browser.base));
    let notices = notices.bearer_auth(&other.token).send().await.unwrap();
    let mut notices = notices.bytes_stream();
    assert_eq!(notices.next().await.unwrap().unwrap(), ": listening\n\n");

    let mut phone = TestPhone::of(&one, AREA);
    let household = phone.household("3-2-501");
    let visit = phone.visit(household, "老张在家");
    let bytes = a_jpeg(64, 48, 1);
    let hash = phone.photo(visit, &bytes);
    let reply = browser.sync(&phone, &one.token, 1).await;
    assert_eq!(reply.receipt.through_seq, phone.operations.len() as u64);
    let heard = notices.next().await.unwrap().unwrap();
    assert!(heard.starts_with(b"event: changed"), "{heard:?}");
    browser.send_photo(&one.token, &bytes, &hash.to_string()).await;

    // What a caller says of itself in X-Forwarded-For makes nobody else of it.
    for tries in 0..6 {
        let answer = browser.try_sign_in("phone2", "guessed", ORIGIN).await;
        let expected = if tries < 5 {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::TOO_MANY_REQUESTS
        };
        assert_eq!(answer.status(), expected);
    }
}

#[tokio::test]
async fn through_nginx_as_the_page_says() {
    goes_through(nginx).await;
}

#[tokio::test]
async fn through_caddy_as_the_page_says() {
    goes_through(caddy).await;
}
