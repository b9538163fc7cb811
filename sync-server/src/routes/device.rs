//! `POST /v1/device/fork`: another identity for a device that cannot go on under its own (D2, D8).

use axum::extract::State;
use axum::response::Response;

use super::session;
use crate::auth::Authorised;
use crate::refused::Refused;
use crate::state::AppState;

/// Enrols a new device for the worker who asks, with a session of its own: who revokes the device that asks revokes the new
/// one too, and supervisors see it among their [gaps](super::gaps). The session that asks stays open: the
/// other copy of a cloned phone works with it.
///
/// # Errors
/// 401 when nobody is signed in.
#[utoipa::path(post, path = "/v1/device/fork", tag = "session", security(("token" = [])), responses(
    (status = 200, description = "A new device and its session.", body = super::openapi::SignInReply),
    (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
    (status = 409, description = "`device.too_many`: signed in on too many devices.", body = super::openapi::Refusal),
))]
pub async fn fork(authorised: Authorised, State(state): State<AppState>) -> Result<Response, Refused> {
    let credential = authorised.session.credential;
    let device_name = state.storage.device_name(credential.device).await?;
    let parent = Some(credential.device);
    let opened = session::open(
        &state,
        credential.worker,
        None,
        device_name.unwrap_or_default(),
        parent,
    )
    .await?;
    opened.ok_or(Refused::session())
}
