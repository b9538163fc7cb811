//! What every request passes: one line of log, the origin check, security headers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::connections::Connection;
use crate::origins;
use crate::refused::Refused;
use crate::state::AppState;
use crate::turns::{Awaited, Turns};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The policy of every page: nothing from other hosts (D14).
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; \
     base-uri 'none'; form-action 'self'";

/// Writes one line per request: the route's pattern, never the address with what people put into it.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(began);
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("-".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", id = %id);
    let mut response = next.run(request).instrument(span).await;
    let status = response.status();
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    if status.is_server_error() {
        tracing::error!(id = %id, %method, route, status = status.as_u16(), ms, "A request failed.");
    } else {
        tracing::info!(id = %id, %method, route, status = status.as_u16(), ms, "A request was answered.");
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    for (name, value) in [
        // What may be kept says so itself: the app's files, photos.
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(self), geolocation=(), microphone=()",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Tells a browser to come by TLS only from now on, for 180 days.
pub(super) async fn stay_on_tls(mut response: Response) -> Response {
    let stay = HeaderValue::from_static("max-age=15552000");
    response
        .headers_mut()
        .insert(header::STRICT_TRANSPORT_SECURITY, stay);
    response
}

/// Numbers requests within one process; what is needed to find the lines of one.
fn request_id(began: Instant) -> String {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static FIRST: OnceLock<Instant> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let since: Duration = began.saturating_duration_since(*FIRST.get_or_init(|| began));
    format!(
        "{:x}-{:x}",
        COUNT.fetch_add(1, Ordering::Relaxed),
        since.as_micros()
    )
}

/// The most of a foreign origin or host that the log repeats.
const SHOWN_CHARS_MAX: usize = 100;

/// A page of another origin cannot change anything here, even if somebody is signed in.
pub(super) async fn same_origin(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let headers = request.headers();
    let origin = headers
        .get(header::ORIGIN)
        .map(|origin| origin.to_str().unwrap_or("null"));
    if let Some(origin) = origin.filter(|_| !reads) {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        // HTTP/2 names the host in the address instead.
        let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
        if !origins::is_own(origin, host, &state.bounds.origins) {
            let shown = |text: &str| text.chars().take(SHOWN_CHARS_MAX).collect::<String>();
            tracing::warn!(
                origin = ?shown(origin),
                host = ?shown(host.unwrap_or_default()),
                "A page of another origin was refused. If it is this server's own, behind a proxy, name it with --origin."
            );
            return Refused::new(
                StatusCode::FORBIDDEN,
                "origin.foreign",
                "this server does not know the address that the page came from; whoever runs it names it with --origin",
            )
            .into_response();
        }
    }
    next.run(request).await
}

/// Bounds how many requests are worked on at once; the rest wait a little. One whose body is on its way waits without
/// taking anybody's turn.
pub(super) async fn in_turn(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<Arc<Connection>>().cloned();
    let turns = Turns::new(state, connection);
    if turns.clone().take().await.is_err() {
        return Refused::busy().into_response();
    }
    let awaited = turns.clone();
    let response = next
        .run(request.map(|body| Body::new(Awaited::new(body, awaited))))
        .await;
    turns.rest();
    response
}
