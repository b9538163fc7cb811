//! The routes, one file per use case.

mod body;
pub mod ca;
pub mod device;
pub mod gaps;
mod guard;
pub mod health;
pub mod me;
pub mod notices;
pub mod openapi;
pub mod parked;
pub mod photos;
pub mod segments;
mod sent;
pub mod session;
pub mod sync;
pub mod uploads;
mod web;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{any, get, patch, post, put};
use tower_http::compression::CompressionLayer;

use crate::refused::Refused;
use crate::state::AppState;
use crate::{callers, connections};

/// Everything that the server answers, without a socket.
pub fn router(state: AppState) -> Router {
    let uploads = Router::new()
        .route(
            "/v1/uploads",
            post(uploads::create_upload).options(uploads::uploads_offered),
        )
        .route(
            "/v1/uploads/{id}",
            patch(uploads::patch_upload)
                .head(uploads::head_upload)
                .delete(uploads::delete_upload)
                .post(uploads::post_upload),
        )
        .layer(middleware::from_fn(uploads::speak));
    let routes = Router::new()
        .route("/v1/sync", post(sync::sync))
        .route("/v1/segments/{area}", get(segments::segment))
        .route("/v1/session", post(session::sign_in).delete(session::sign_out))
        .route("/v1/device/fork", post(device::fork))
        .route("/v1/devices/gaps", get(gaps::gaps))
        .route("/v1/me", get(me::me))
        .route("/v1/parked", get(parked::parked))
        .route("/v1/parked/{place}", post(parked::take_up))
        .route(
            "/v1/photos/{hash}",
            put(photos::put_photo)
                .get(photos::get_photo)
                .head(photos::head_photo),
        )
        .merge(uploads)
        .route("/openapi.json", get(openapi::openapi))
        .layer(middleware::from_fn_with_state(state.clone(), guard::in_turn))
        // Streams stay open and have a bound of their own; health must answer a server that is full, too.
        .route("/v1/notices", get(notices::notices))
        .route("/ca", get(ca::page))
        .route("/ca/page.css", get(ca::style))
        .route("/ca/root.crt", get(ca::root))
        .route("/healthz", get(health::health))
        .method_not_allowed_fallback(wrong_method);
    let sending = &state.sending;
    let files = state.web.as_deref().map(|web| web::WebFiles::new(web, sending));
    let routes = match files {
        Some(files) => {
            let answer = any(move |request| files.clone().answer(request));
            routes.fallback_service(answer.layer(CompressionLayer::new()))
        }
        None => routes.fallback(unknown_route),
    };
    routes
        .layer(middleware::from_fn_with_state(state.clone(), guard::same_origin))
        .layer(middleware::from_fn(guard::observe))
        .layer(middleware::from_fn_with_state(state.clone(), callers::note))
        .layer(middleware::from_fn(connections::note))
        .with_state(state)
}

/// The same over TLS with a certificate that every browser knows: one that has come this way once comes no other way for
/// half a year. Not with one of the server's own authority: whoever is to trust that reads how over plain HTTP.
pub fn over_tls(router: Router) -> Router {
    router.layer(middleware::map_response(guard::stay_on_tls))
}

async fn unknown_route() -> Refused {
    Refused::new(
        StatusCode::NOT_FOUND,
        "route.unknown",
        "there is nothing at this address",
    )
}

async fn wrong_method() -> Refused {
    Refused::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "route.method",
        "this address knows other methods",
    )
}
