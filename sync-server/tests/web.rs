//! The app's files: types, caching, security headers, addresses inside the app.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;

use axum::body::{Body, BodyDataStream};
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use futures::TryStreamExt;
use shared::domain::worker::Role;
use std::net::SocketAddr;
use std::sync::Arc;
use sync_server::photos::PhotoStore;
use sync_server::state::Bounds;
use sync_server::storage::Storage;
use sync_server::testing::{SeededChance, TestServer};
use tower::ServiceExt;

fn a_server() -> (TestServer, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("index.html", b"<!doctype html><title>Koumen</title>");
    write("sw.js", b"'use strict';");
    write(
        "app-0123456789abcdef.js",
        &b"console.log('koumen');\n".repeat(500),
    );
    write("app-0123456789abcdef_bg.wasm", b"\0asm");
    write("app-0123456789abcdef_bg.wasm.br", b"packed");
    fs::write(
        folder.path().parent().unwrap().join("koumen-outside.txt"),
        b"outside",
    )
    .unwrap();
    let storage = Storage::in_memory(&SeededChance::new(1)).unwrap();
    (
        TestServer::with(Arc::new(storage), PhotoStore::in_memory(), Some(folder.path())),
        folder,
    )
}

#[tokio::test]
async fn the_page_answers_for_addresses_inside_the_app() {
    let (server, _folder) = a_server();
    for path in ["/", "/households", "/visits/new?draft=1", "/index.html"] {
        let answer = server.get(path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.body.starts_with(b"<!doctype html>"), "{path}");
        assert_eq!(answer.headers["cache-control"], "no-cache", "{path}");
        assert!(
            answer.headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/html"),
            "{path}"
        );
    }
    for path in [
        "/missing.js",
        "/v1/nothing",
        "/../koumen-outside.txt",
        "/%2e%2e/koumen-outside.txt",
    ] {
        let answer = server.get(path, None).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::NOT_FOUND, "route.unknown"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn files_named_by_their_hash_are_kept_for_ever_and_the_rest_is_asked_for_again() {
    let (server, _folder) = a_server();
    let wasm = server.get("/app-0123456789abcdef_bg.wasm", None).await;
    assert_eq!(wasm.headers["content-type"], "application/wasm");
    assert_eq!(
        wasm.headers["cache-control"],
        "public, max-age=31536000, immutable"
    );
    let worker = server.get("/sw.js", None).await;
    assert_eq!(worker.headers["cache-control"], "no-cache");
    assert_eq!(worker.headers["content-type"], "text/javascript");
}

#[tokio::test]
async fn packed_files_are_preferred_and_others_are_packed_on_the_way() {
    let (server, _folder) = a_server();
    let get = |path: &str, accept: &str| {
        Request::get(path)
            .header("accept-encoding", accept)
            .body(Body::empty())
            .unwrap()
    };
    let packed = server
        .send(get("/app-0123456789abcdef_bg.wasm", "br, gzip"))
        .await;
    assert_eq!(
        (packed.headers["content-encoding"].as_bytes(), &packed.body[..]),
        (&b"br"[..], &b"packed"[..])
    );
    assert_eq!(packed.headers["content-type"], "application/wasm");
    let script = server.send(get("/app-0123456789abcdef.js", "gzip")).await;
    assert_eq!(script.headers["content-encoding"], "gzip");
    assert!(script.body.len() < 2_000);
    let plain = server.send(get("/app-0123456789abcdef.js", "identity")).await;
    assert_eq!(plain.body.len(), 500 * 23);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let (server, _folder) = a_server();
    for path in ["/", "/sw.js", "/healthz", "/v1/me", "/v1/nothing"] {
        let answer = server.get(path, None).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        for part in [
            "default-src 'self'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
            "img-src 'self' blob: data:",
            "connect-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.split("; ").any(|held| held == part), "{path}: {part}");
        }
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer");
        assert_eq!(
            answer.headers["permissions-policy"],
            "camera=(self), geolocation=(), microphone=()"
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_hidden_files_and_what_is_no_file_are_as_absent_as_none() {
    use std::os::unix::fs::symlink;
    let (server, folder) = a_server();
    let place = |name: &str| folder.path().join(name);
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.txt"), b"outside").unwrap();
    symlink(outside.path().join("secret.txt"), place("link.txt")).unwrap();
    symlink(outside.path(), place("linked")).unwrap();
    fs::write(place(".env"), b"hidden").unwrap();
    fs::create_dir(place(".git")).unwrap();
    fs::write(place(".git").join("config.txt"), b"hidden").unwrap();
    fs::create_dir(place("icons")).unwrap();
    fs::write(place("icons").join("icon-512.png"), b"icon").unwrap();
    fs::write(place("plain.js"), b"plain").unwrap();
    symlink(outside.path().join("secret.txt"), place("plain.js.br")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(place("socket.txt")).unwrap();
    for path in [
        "/link.txt",
        "/linked/secret.txt",
        "/.env",
        "/.git/config.txt",
        "/%2eenv",
        "/icons/../.env.x",
        "/plain.js",
        "/socket.txt",
        "//icons/icon-512.png",
        "/icons//icon-512.png",
        "/icons/%2e%2e/link.txt",
    ] {
        let answer = server.get(path, None).await;
        assert!(
            !answer.body.starts_with(b"outside") && !answer.body.starts_with(b"hidden"),
            "{path}"
        );
        assert_ne!(answer.body.as_ref(), b"icon", "{path}");
        assert!(!answer.status.is_redirection(), "{path}");
    }
    assert_eq!(
        server.get("/icons/icon-512.png", None).await.body.as_ref(),
        b"icon"
    );
    for path in ["/icons", "//icons", "/icons/", "//evil.example/icons"] {
        let answer = server.get(path, None).await;
        assert!(
            !answer.status.is_redirection() && !answer.headers.contains_key("location"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_about_people_is_kept_by_nobody_and_over_tls_the_browser_stays_there() {
    let (server, _folder) = a_server();
    server.add_area("130803", "双滦区").await;
    server.add_worker("lin", Role::Supervisor, &["130803"]).await;
    let lin = server.sign_in("lin").await;
    for path in [
        "/v1/me",
        "/v1/parked",
        "/v1/devices/gaps",
        "/v1/nothing",
        "/healthz",
    ] {
        let answer = server.get(path, Some(&lin.token)).await;
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        assert!(
            !answer.headers.contains_key("strict-transport-security"),
            "{path}"
        );
    }
    let over_tls = sync_server::routes::over_tls(server.router.clone());
    let request = Request::get("/v1/me").body(Body::empty()).unwrap();
    let answer = tower::ServiceExt::oneshot(over_tls, request).await.unwrap();
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=15552000");
}

/// How many files of a name this process has open.
#[cfg(target_os = "linux")]
fn open_files(name: &str) -> usize {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let targets = open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    targets.filter(|target| target.ends_with(name)).count()
}

/// Over HTTP/2 whoever asks for a file may take nothing of it, while the connection lives.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_address_has_so_many_files_on_their_way_and_the_one_that_is_not_taken_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("index.html"), b"<title>x</title>").unwrap();
    fs::write(folder.path().join("not-taken.bin"), vec![0; 1 << 20]).unwrap();
    let storage = Storage::in_memory(&SeededChance::new(1)).unwrap();
    let bounds = Bounds {
        files_of_caller: 2,
        ..Bounds::default()
    };
    let server = TestServer::within(
        Arc::new(storage),
        PhotoStore::in_memory(),
        Some(folder.path()),
        bounds,
    );
    let ask = async |last: u8| -> BodyDataStream {
        let mut request = Request::get("/not-taken.bin").body(Body::empty()).unwrap();
        let peer = SocketAddr::from(([192, 0, 2, last], 4_000));
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = server.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.into_body().into_data_stream()
    };
    let other = ask(9).await;
    let mut asked = Vec::new();
    for _ in 0..5 {
        asked.push(ask(1).await);
    }
    while open_files("not-taken.bin") > 3 {
        tokio::task::yield_now().await;
    }
    let sizes = |body: BodyDataStream| body.map_ok(|bytes| bytes.len()).try_collect::<Vec<_>>();
    let last = asked.pop().unwrap();
    for taken in [last, other] {
        assert_eq!(sizes(taken).await.unwrap().iter().sum::<usize>(), 1 << 20);
    }
    assert!(sizes(asked.remove(0)).await.is_err());
    drop(asked);
    assert_eq!(server.state.sending.count(), 0);
}
