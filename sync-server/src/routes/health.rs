//! `GET /healthz`: whether the server can do its work.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tokio::time::timeout;

use crate::refused::Refused;
use crate::state::AppState;

/// How long the database may take to say that it is there.
const ANSWER_SECONDS_MAX: u64 = 5;

/// The answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Health {
    /// `ok`, `busy` when the server is at one of its bounds: others wait, or are asked to come again; or `no_room` when
    /// the disk is full: reading goes on then, and phones keep what they cannot send.
    pub status: &'static str,
    /// The bounds that are reached: `connections`, `requests`, `sign_ins`, `streams`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub full: Vec<&'static str>,
}

/// Answers when the database does, also while the server has no time for anything else.
///
/// # Errors
/// 500 or 503 when it does not.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses(
    (status = 200, description = "The server and its database work.", body = Health),
    (status = 503, description = "The database is busy.", body = super::openapi::Refusal),
))]
pub async fn health(State(state): State<AppState>) -> Result<Json<Health>, Refused> {
    let answered = timeout(Duration::from_secs(ANSWER_SECONDS_MAX), state.storage.epoch());
    answered.await.map_err(|_| Refused::busy())??;
    let bounds = [
        ("connections", state.connections.are_full()),
        ("requests", state.turns.available_permits() == 0),
        (
            "sign_ins",
            state.bodies.are_full() || state.passwords.are_crowded(),
        ),
        ("streams", state.streams.available_permits() == 0),
    ];
    let full: Vec<_> = bounds
        .into_iter()
        .filter(|(_, is_full)| *is_full)
        .map(|(name, _)| name)
        .collect();
    let status = match (state.reserve.has_room(), full.is_empty()) {
        (false, _) => "no_room",
        (true, true) => "ok",
        (true, false) => "busy",
    };
    Ok(Json(Health { status, full }))
}
