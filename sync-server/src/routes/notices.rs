//! `GET /v1/notices`: a stream that wakes a device when somebody else changed something in its areas.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{Extensions, HeaderName, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::auth::Authorised;
use crate::connections::Connection;
use crate::notices::{StreamPlace, Word};
use crate::places::Kept;
use crate::refused::Refused;
use crate::state::{AppState, STREAMS_PER_DEVICE_MAX};

/// How often a comment keeps the connection open.
const KEEP_ALIVE_SECONDS: u64 = 20;
/// How often the session is looked at again: another process may have closed it or assigned other areas.
const RECHECK_SECONDS: u64 = 15;

/// `event: changed` for every change by another device in the worker's areas, and once in the beginning when there was
/// one in the last ten seconds.
///
/// # Errors
/// 401 when nobody is signed in, 503 when too many streams are open.
#[utoipa::path(get, path = "/v1/notices", tag = "sync", security(("token" = [])), responses(
    (status = 200, description = "Server-sent events: `changed`, without content.", content_type = "text/event-stream",
        body = String),
    (status = 401, description = "`session.invalid`", body = super::openapi::Refusal),
    (status = 503, description = "`server.busy`", body = super::openapi::Refusal),
))]
pub async fn notices(
    authorised: Authorised,
    State(state): State<AppState>,
    extensions: Extensions,
) -> Result<Response, Refused> {
    let device = authorised.session.credential.device;
    let place = state.device_streams.open(device, STREAMS_PER_DEVICE_MAX);
    let permit = Arc::clone(&state.streams)
        .try_acquire_owned()
        .map_err(|_| Refused::busy_with("too many streams are open", 60))?;
    let connection = extensions.get::<Arc<Connection>>();
    let mut recheck = interval(Duration::from_secs(RECHECK_SECONDS));
    recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
    recheck.reset();
    let mut listener = Listener {
        words: state.hub.listen(),
        stopping: state.hub.stopping(),
        recheck,
        authorised,
        state,
        greeted: false,
        has_missed: false,
        place,
        _permit: permit,
        _kept: connection.map(|connection| connection.keep()),
    };
    let said_lately = listener.state.hub.said_lately();
    listener.has_missed = said_lately
        .iter()
        .any(|word| listener.concerns(word) == Some(true));
    let events = stream::unfold(listener, |mut listener| async move {
        listener
            .next()
            .await
            .map(|event| (Ok::<_, Infallible>(event), listener))
    });
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(KEEP_ALIVE_SECONDS));
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    Ok((headers, Sse::new(events).keep_alive(keep_alive)).into_response())
}

fn changed() -> Event {
    Event::default().event("changed").data("{}")
}

struct Listener {
    words: broadcast::Receiver<Arc<Word>>,
    stopping: watch::Receiver<bool>,
    recheck: Interval,
    authorised: Authorised,
    state: AppState,
    greeted: bool,
    /// Something that concerns this device was said just before it listened.
    has_missed: bool,
    place: StreamPlace,
    _permit: OwnedSemaphorePermit,
    _kept: Option<Kept>,
}

impl Listener {
    /// The next event; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        if !self.greeted {
            self.greeted = true;
            return Some(Event::default().comment("listening"));
        }
        if std::mem::take(&mut self.has_missed) {
            return Some(changed());
        }
        loop {
            let woken = tokio::select! {
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                () = self.place.taken() => return None,
                word = self.words.recv() => Some(word),
                _ = self.recheck.tick() => None,
            };
            let has_changed = match woken {
                Some(Ok(word)) => self.concerns(&word)?,
                // What was missed may concern this device.
                Some(Err(RecvError::Lagged(_))) => true,
                Some(Err(RecvError::Closed)) => return None,
                None => self.look_again().await?,
            };
            if has_changed {
                return Some(changed());
            }
        }
    }

    /// Whether a word is for this device; `None` when its session was closed.
    fn concerns(&self, word: &Word) -> Option<bool> {
        match word {
            Word::Closed(token) if *token == self.authorised.token => None,
            Word::Closed(_) => Some(false),
            Word::Anything => Some(true),
            Word::TakenUp(device) => Some(*device == self.authorised.session.credential.device),
            Word::Changed { areas, device } => {
                let session = &self.authorised.session;
                let mine =
                    |area: &shared::ids::AreaCode| session.scope.iter().any(|outer| area.is_within(outer));
                Some(*device != session.credential.device && areas.iter().any(mine))
            }
        }
    }

    /// Whether the assigned areas changed; `None` when the session is closed.
    async fn look_again(&mut self) -> Option<bool> {
        match self.state.storage.session(self.authorised.token).await {
            Ok(session) => {
                let session = session?;
                let changed = session.scope != self.authorised.session.scope;
                self.authorised.session = session;
                Some(changed)
            }
            // A busy database is no reason to send everybody away.
            Err(_) => Some(false),
        }
    }
}
