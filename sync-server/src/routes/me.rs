//! `GET /v1/me`: who this token belongs to.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::domain::worker::Worker;
use shared::ids::{AreaCode, DeviceId, EpochId};

use crate::auth::Authorised;
use crate::refused::Refused;
use crate::state::AppState;

/// The answer.
#[derive(Debug, Serialize)]
pub struct Me {
    /// The worker.
    pub worker: Worker,
    /// The device.
    pub device: DeviceId,
    /// The assigned areas.
    pub areas: Vec<AreaCode>,
    /// The life of the server's database.
    pub epoch: EpochId,
}

/// Who is signed in.
///
/// # Errors
/// 401 when nobody is.
#[utoipa::path(get, path = "/v1/me", tag = "session", security(("token" = [])), responses(
    (status = 200, description = "Who is signed in, and where they work.", body = super::openapi::Me),
    (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
))]
pub async fn me(authorised: Authorised, State(state): State<AppState>) -> Result<Json<Me>, Refused> {
    let session = authorised.session;
    let epoch = state.storage.epoch().await?;
    Ok(Json(Me {
        worker: session.worker,
        device: session.credential.device,
        areas: session.assigned,
        epoch,
    }))
}
