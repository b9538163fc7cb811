//! The app's files: packed ones where they are there, for ever where their name holds their hash.

use std::path::Path;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::services::{ServeDir, ServeFile};

use super::unknown_route;

/// Hands out the files of one folder.
#[derive(Debug, Clone)]
pub(super) struct WebFiles {
    files: ServeDir,
    page: ServeFile,
}

impl WebFiles {
    pub(super) fn new(folder: &Path) -> Self {
        let page = ServeFile::new(folder.join("index.html"))
            .precompressed_br()
            .precompressed_gzip();
        let files = ServeDir::new(folder).precompressed_br().precompressed_gzip();
        Self { files, page }
    }

    /// The file at the request's address, or the page for an address inside the app.
    pub(super) async fn answer(self, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let is_ours = ["/v1/", "/ca/"].iter().any(|prefix| path.starts_with(prefix));
        if is_ours || !matches!(*request.method(), Method::GET | Method::HEAD) {
            return unknown_route().await.into_response();
        }
        let (parts, body) = request.into_parts();
        let again = Request::from_parts(parts.clone(), axum::body::Body::empty());
        let found = self
            .files
            .oneshot(Request::from_parts(parts, body))
            .await
            .unwrap_or_else(|never| match never {});
        let last = path.rsplit('/').next().unwrap_or_default();
        let mut response = match found.status() {
            StatusCode::NOT_FOUND if last.contains('.') => return unknown_route().await.into_response(),
            StatusCode::NOT_FOUND => {
                let page = self
                    .page
                    .oneshot(again)
                    .await
                    .unwrap_or_else(|never| match never {});
                page.into_response()
            }
            _ => found.into_response(),
        };
        let caching = if is_hashed(last) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        response
    }
}

/// Whether a file's name holds the hash of its content: `app-0123456789abcdef.js`, `..._bg.wasm`.
fn is_hashed(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.strip_suffix("_bg").unwrap_or(stem);
    stem.rsplit_once('-').is_some_and(|(_, hash)| {
        hash.len() == 16 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::is_hashed;

    #[test]
    fn only_names_with_a_whole_hash_are_kept_for_ever() {
        assert!(is_hashed("app-0123456789abcdef.js"));
        assert!(is_hashed("app-0123456789abcdef_bg.wasm"));
        for name in [
            "index.html",
            "sw.js",
            "app-0123.js",
            "app-0123456789ABCDEF.js",
            "",
            "-",
            "icon-512.png",
        ] {
            assert!(!is_hashed(name), "{name}");
        }
    }
}
