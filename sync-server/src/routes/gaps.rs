//! `GET /v1/devices/gaps`: what is known to be missing here, for supervisors (D8).

use axum::Json;
use axum::extract::State;
use shared::protocol::gaps::Gaps;

use crate::auth::Authorised;
use crate::refused::Refused;
use crate::state::AppState;

/// The most devices, and the most areas, in one answer.
const GAPS_SHOWN_MAX: u32 = 500;

/// Devices of one's areas that have operations which this server lacks, and areas in which photos are awaited.
///
/// # Errors
/// 401 when nobody is signed in, 403 for everybody but supervisors and administrators.
#[utoipa::path(get, path = "/v1/devices/gaps", tag = "supervision", security(("token" = [])), responses(
    (status = 200, description = "At most 500 devices and 500 areas.", body = super::openapi::Gaps),
    (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
    (status = 403, description = "`role.forbidden`", body = super::openapi::Refusal),
))]
pub async fn gaps(authorised: Authorised, State(state): State<AppState>) -> Result<Json<Gaps>, Refused> {
    authorised.at_least_supervisor()?;
    let gaps = state
        .storage
        .gaps_in(&authorised.session.assigned, GAPS_SHOWN_MAX);
    Ok(Json(gaps.await?))
}
