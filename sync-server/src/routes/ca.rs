//! `/ca`: how a phone comes to trust this server, readable before it does.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use crate::refused::Refused;
use crate::state::AppState;

const PAGE: &str = include_str!("ca/page.html");
const STYLE: &str = include_str!("ca/page.css");

/// Where TLS is served, and by which root.
#[derive(Debug, Clone)]
pub struct TlsNotice {
    /// The port.
    pub port: u16,
    /// The root certificate of the server's own authority, DER; `None` with certificates from elsewhere.
    pub root_der: Option<Vec<u8>>,
}

impl TlsNotice {
    /// SHA-256 of the root as phones show it: `AB:CD:...`.
    pub fn fingerprint(&self) -> Option<String> {
        let root = self.root_der.as_ref()?;
        let digest = ring::digest::digest(&ring::digest::SHA256, root);
        let pairs: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        Some(pairs.join(":"))
    }
}

fn missing() -> Refused {
    Refused::new(
        StatusCode::NOT_FOUND,
        "ca.none",
        "this server has no authority of its own",
    )
}

/// The page that explains.
///
/// # Errors
/// 404 when the server has no authority of its own.
pub async fn page(State(state): State<AppState>, headers: HeaderMap, uri: Uri) -> Result<Response, Refused> {
    let notice = state.tls.as_ref().ok_or_else(missing)?;
    let fingerprint = notice.fingerprint().ok_or_else(missing)?;
    let host = host_of(&headers, &uri).unwrap_or_else(|| "localhost".to_owned());
    let address = format!("https://{host}:{}/", notice.port);
    let page = PAGE
        .replace("{{address}}", &address)
        .replace("{{fingerprint}}", &fingerprint);
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, page).into_response())
}

/// The page's style.
pub async fn style() -> Response {
    (
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/css; charset=utf-8"),
        )],
        STYLE,
    )
        .into_response()
}

/// The root, as phones install it.
///
/// # Errors
/// 404 when the server has no authority of its own.
pub async fn root(State(state): State<AppState>) -> Result<Response, Refused> {
    let root = state
        .tls
        .as_ref()
        .and_then(|notice| notice.root_der.clone())
        .ok_or_else(missing)?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-x509-ca-cert"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"koumen-root.crt\""),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, root).into_response())
}

/// Over plain HTTP the network sees these pages only; passwords and records travel by TLS.
pub async fn only_this_machine(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(address)| address.ip());
    let path = request.uri().path();
    if peer.is_some_and(is_this_machine) || path == "/ca" || path.starts_with("/ca/") {
        return next.run(request).await;
    }
    match state.tls.as_ref() {
        Some(notice) if notice.root_der.is_some() => Redirect::temporary("/ca").into_response(),
        Some(notice) => match host_of(request.headers(), request.uri()) {
            Some(host) => Redirect::temporary(&format!("https://{host}:{}/", notice.port)).into_response(),
            None => Refused::bad("request.host", "the request names no host").into_response(),
        },
        None => Refused::new(StatusCode::FORBIDDEN, "tls.needed", "use TLS").into_response(),
    }
}

fn is_this_machine(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The host that the request names, without port; only what a host can be made of, as it goes into a page.
fn host_of(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let named = named.or_else(|| uri.authority().map(|authority| authority.as_str()))?;
    let host = match named.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => named,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    (!host.is_empty() && host.len() <= 255 && host.chars().all(plain)).then(|| host.to_owned())
}
