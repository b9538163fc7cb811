//! What was set aside in one's areas, for supervisors: `GET /v1/parked` lists it, `POST /v1/parked/{place}` takes it up.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use shared::protocol::v1::ParkedOperation;

use crate::auth::Authorised;
use crate::notices::Word;
use crate::refused::Refused;
use crate::state::AppState;
use crate::storage::{ParkedPlace, TakenUp};

/// The most operations in one answer.
const PARKED_SHOWN_MAX: u32 = 100;
/// About how many bytes of operations are in one answer: one alone may have more.
const PARKED_BYTES_MAX: usize = 256 * 1024;

/// Where to go on.
#[derive(Debug, Default, Deserialize)]
pub struct Behind {
    /// `place` of the last operation of the page before.
    #[serde(default)]
    after: String,
}

/// Parked operations, newest first, a page at a time.
///
/// # Errors
/// 400 for an `after` that no page gave, 401 when nobody is signed in, 403 for everybody but supervisors and administrators.
#[utoipa::path(get, path = "/v1/parked", tag = "supervision", security(("token" = [])),
    params(("after" = Option<String>, Query, description = "`place` of the last operation of the page before")),
    responses(
        (status = 200, description = "Newest first, at most 100 and about 256 KiB; `is_last` says of the last one whether the list ends with it.",
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

/// Applies what was set aside, as it was recorded: its author stays who recorded it, and the supervisor's rights stand
/// for it. Where it is applied already nothing changes.
///
/// # Errors
/// 401 when nobody is signed in, 403 for everybody but supervisors and administrators, 404 when there is none in one's
/// areas, 409 with the reason's code when not even the supervisor may: it stays as it is.
#[utoipa::path(post, path = "/v1/parked/{place}", tag = "supervision", security(("token" = [])),
    params(("place" = String, Path, description = "`place` of an operation of the list")),
    responses(
        (status = 204, description = "It is applied."),
        (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
        (status = 403, description = "`role.forbidden`", body = super::openapi::Refusal),
        (status = 404, description = "`parked.unknown`", body = super::openapi::Refusal),
        (status = 409, description = "The code with which it is set aside now.", body = super::openapi::Refusal),
        (status = 507, description = "`server.no_room`", body = super::openapi::Refusal),
    ))]
pub async fn take_up(
    authorised: Authorised,
    State(state): State<AppState>,
    Path(place): Path<String>,
) -> Result<StatusCode, Refused> {
    const UNKNOWN: Refused = Refused::new(
        StatusCode::NOT_FOUND,
        "parked.unknown",
        "nothing like that is set aside in your areas",
    );
    authorised.at_least_supervisor()?;
    let place = place.parse::<ParkedPlace>().map_err(|()| UNKNOWN)?;
    let credential = authorised.session.credential;
    let now_ms = state.clock.now_ms();
    let taken = state.storage.take_up_parked(place, credential.worker, now_ms);
    match state.with_room(taken).await? {
        TakenUp::Applied(areas) => {
            let (supervisor, device) = (credential.worker, place.device);
            tracing::info!(%supervisor, %device, seq = place.seq, "What was set aside was taken up.");
            if !areas.is_empty() {
                let device = credential.device;
                state.hub.say(Word::Changed { areas, device });
                // It may have lost the area since.
                state.hub.say(Word::TakenUp(place.device));
            }
            Ok(StatusCode::NO_CONTENT)
        }
        TakenUp::Refused(code) => Err(Refused::new(
            StatusCode::CONFLICT,
            code,
            "it cannot be applied as it was recorded",
        )),
        TakenUp::Unknown => Err(UNKNOWN),
    }
}
