//! The app's files: types, caching, security headers, addresses inside the app.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use std::sync::Arc;
use sync_server::photos::PhotoStore;
use sync_server::storage::sqlite::SqliteStorage;
use sync_server::testing::{SeededChance, TestServer};

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
    let storage = SqliteStorage::in_memory(&SeededChance::new(1)).unwrap();
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
