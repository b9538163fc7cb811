//! `GET /v1/parked`: what was set aside in one's areas, for supervisors.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use shared::protocol::v1::ParkedOperation;

use crate::auth::Authorised;
use crate::refused::Refused;
use crate::state::AppState;
use crate::storage::ParkedPlace;

/// The most operations in one answer.
const PARKED_SHOWN_MAX: u32 = 100;
/// About how many bytes of operations are in one answer: one alone may have more.
const PARKED_BYTES_MAX: usize = 256 * 1024;

/// Where to go on.
#[derive(Debug, Default, Deserialize)]
pub struct Behind {
    /// What the last operation of the page before says in `next`.
    #[serde(default)]
    after: String,
}

/// Parked operations, newest first, a page at a time.
///
/// # Errors
/// 400 for an `after` that no page gave, 401 when nobody is signed in, 403 for everybody but supervisors and administrators.
#[utoipa::path(get, path = "/v1/parked", tag = "supervision", security(("token" = [])),
    params(("after" = Option<String>, Query, description = "`next` of the last operation of the page before")),
    responses(
        (status = 200, description = "Newest first, at most 100 and about 256 KiB; `next` of the last one says where to go on.",
            body = Vec<super::openapi::ParkedOperation>),
        (status = 400, description = "`request.query`", body = super::openapi::Refusal),
        (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
        (status = 403, description = "`role.forbidden`", body = super::openapi::Refusal),
    ))]
pub async fn parked(
    authorised: Authorised,
    State(state): State<AppState>,
    behind: Result<Query<Behind>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<ParkedOperation>>, Refused> {
    const QUERY: Refused = Refused::bad("request.query", "this list does not go on there");
    authorised.at_least_supervisor()?;
    let Query(Behind { after }) = behind.map_err(|_| QUERY)?;
    let after = match after.as_str() {
        "" => None,
        place => Some(place.parse::<ParkedPlace>().map_err(|()| QUERY)?),
    };
    let page = state.storage.parked_page(
        &authorised.session.assigned,
        after,
        PARKED_SHOWN_MAX,
        PARKED_BYTES_MAX,
    );
    Ok(Json(page.await?))
}
