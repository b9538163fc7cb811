//! `GET /v1/parked`: what was set aside in one's areas, for supervisors.

use axum::Json;
use axum::extract::State;
use shared::protocol::v1::ParkedOperation;

use crate::auth::Authorised;
use crate::refused::Refused;
use crate::state::AppState;

/// The most operations in one answer.
const PARKED_SHOWN_MAX: u32 = 500;

/// Parked operations, newest first.
///
/// # Errors
/// 401 when nobody is signed in, 403 for grid members.
#[utoipa::path(get, path = "/v1/parked", tag = "supervision", security(("token" = [])), responses(
    (status = 200, description = "Newest first, at most 500.", body = Vec<super::openapi::ParkedOperation>),
    (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
    (status = 403, description = "`role.forbidden`", body = super::openapi::Refusal),
))]
pub async fn parked(
    authorised: Authorised,
    State(state): State<AppState>,
) -> Result<Json<Vec<ParkedOperation>>, Refused> {
    authorised.at_least_supervisor()?;
    Ok(Json(
        state
            .storage
            .parked_in(&authorised.session.scope, PARKED_SHOWN_MAX)
            .await?,
    ))
}
