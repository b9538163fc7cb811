//! The app's files: packed ones where they are there, for ever where their name holds their hash.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::services::{ServeDir, ServeFile};

use super::sent::Sent;
use super::unknown_route;
use crate::callers::Caller;
use crate::places::Places;
use crate::refused::Refused;

/// What answers for every address inside the app.
const PAGE: &str = "index.html";

/// Hands out the files of one folder: regular ones, through no link, and none whose name begins with a dot.
#[derive(Debug, Clone)]
pub(super) struct WebFiles {
    folder: PathBuf,
    files: ServeDir,
    page: ServeFile,
    /// Places for those that are being sent.
    sending: Arc<Places>,
}

impl WebFiles {
    pub(super) fn new(folder: &Path, sending: &Arc<Places>) -> Self {
        let page = ServeFile::new(folder.join(PAGE))
            .precompressed_br()
            .precompressed_gzip();
        let files = ServeDir::new(folder)
            .append_index_html_on_directories(false)
            .precompressed_br()
            .precompressed_gzip();
        Self {
            folder: folder.to_path_buf(),
            files,
            page,
            sending: Arc::clone(sending),
        }
    }

    /// The file at the request's address, or the page for an address inside the app.
    pub(super) async fn answer(self, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let is_ours = ["/v1/", "/ca/"].iter().any(|prefix| path.starts_with(prefix));
        if is_ours || !matches!(*request.method(), Method::GET | Method::HEAD) {
            return unknown_route().await.into_response();
        }
        let Some(place) = self.sending.take(request.extensions().get::<Caller>().copied()) else {
            return Refused::busy().into_response();
        };
        let last = path.rsplit('/').next().unwrap_or_default();
        let found = if self.is_file(path.trim_start_matches('/')).await && !path.starts_with("//") {
            self.files.oneshot(request).await
        } else if last.contains('.') || !self.is_file(PAGE).await {
            return unknown_route().await.into_response();
        } else {
            self.page.oneshot(request).await
        };
        let response = found.unwrap_or_else(|never| match never {}).into_response();
        let mut response = match response.body().is_end_stream() {
            true => response,
            false => response.map(|body| Body::new(Sent::new(body, place))),
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

    /// Whether a name inside the folder is a regular file's, and so are its packed forms where there are any.
    async fn is_file(&self, name: &str) -> bool {
        let mut place = self.folder.clone();
        let mut parts = name.split('/').peekable();
        while let Some(part) = parts.next() {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            if part.is_empty() || part.starts_with('.') || !part.bytes().all(plain) {
                return false;
            }
            place.push(part);
            let Ok(found) = tokio::fs::symlink_metadata(&place).await else {
                return false;
            };
            let is_last = parts.peek().is_none();
            if !(if is_last { found.is_file() } else { found.is_dir() }) {
                return false;
            }
        }
        for packed in [".br", ".gz"] {
            let mut place = place.clone().into_os_string();
            place.push(packed);
            if tokio::fs::symlink_metadata(place)
                .await
                .is_ok_and(|found| !found.is_file())
            {
                return false;
            }
        }
        true
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
