//! `GET /healthz`: whether the server can do its work.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::refused::Refused;
use crate::state::AppState;

/// The answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
}

/// Answers when the database does.
///
/// # Errors
/// 500 or 503 when it does not.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses(
    (status = 200, description = "The server and its database work.", body = Health),
    (status = 503, description = "The database is busy.", body = super::openapi::Refusal),
))]
pub async fn health(State(state): State<AppState>) -> Result<Json<Health>, Refused> {
    state.storage.epoch().await?;
    Ok(Json(Health { status: "ok" }))
}
