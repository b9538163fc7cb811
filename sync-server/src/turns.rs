//! Turns: how many requests are worked on at once. A request holds one while it is worked on, and none while its body
//! is on its way: waiting costs the server nothing but the connection.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http_body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::connections::Connection;
use crate::places::Kept;
use crate::state::AppState;

/// How long a request waits for its turn.
const TURN_SECONDS_MAX: u64 = 10;
/// The fewest bytes that have to come in each [pace](crate::state::Bounds::pace).
const PACE_BYTES: usize = 16 * 1024;

/// Why the rest of a body is not waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfinished {
    /// It has come whole, but the server has no time for it.
    #[error("the server is busy")]
    Busy,
    /// It comes too slowly.
    #[error("the body arrives too slowly")]
    Slow,
}

/// One request's turns.
#[derive(Clone)]
pub(crate) struct Turns {
    state: AppState,
    connection: Option<Arc<Connection>>,
    held: Arc<Mutex<Option<Held>>>,
}

/// While this is held the request has its turn, and its connection is not given up for others.
struct Held {
    _permit: OwnedSemaphorePermit,
    _kept: Option<Kept>,
}

impl Turns {
    pub(crate) fn new(state: AppState, connection: Option<Arc<Connection>>) -> Self {
        Self {
            state,
            connection,
            held: Arc::default(),
        }
    }

    /// Waits for a turn.
    pub(crate) async fn take(self) -> Result<(), Unfinished> {
        let turn = Arc::clone(&self.state.turns).acquire_owned();
        let turn = timeout(Duration::from_secs(TURN_SECONDS_MAX), turn).await;
        let Ok(Ok(permit)) = turn else {
            return Err(Unfinished::Busy);
        };
        let held = Held {
            _permit: permit,
            _kept: self.connection.as_ref().map(|connection| connection.keep()),
        };
        *self.lock() = Some(held);
        Ok(())
    }

    /// Gives the turn back.
    pub(crate) fn rest(&self) {
        drop(self.lock().take());
    }

    fn has_one(&self) -> bool {
        self.lock().is_some()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a body's reader gets next.
type Next = Option<Result<Frame<Bytes>, axum::Error>>;

/// A request's body: the turn is given back while nothing comes, and taken again before what came is handed on.
pub(crate) struct Awaited {
    body: Body,
    turns: Turns,
    /// What came while the request had no turn, until it has one.
    came: Option<(Next, BoxFuture<'static, Result<(), Unfinished>>)>,
    pace: Pin<Box<Sleep>>,
    bytes: usize,
}

impl Awaited {
    pub(crate) fn new(body: Body, turns: Turns) -> Self {
        let pace = Box::pin(sleep_until(Instant::now() + turns.state.bounds.pace));
        Self {
            body,
            turns,
            came: None,
            pace,
            bytes: 0,
        }
    }

    fn poll_pace(&mut self, context: &mut Context<'_>) -> Poll<Next> {
        while self.pace.as_mut().poll(context).is_ready() {
            if self.bytes < PACE_BYTES {
                return Poll::Ready(Some(Err(axum::Error::new(Unfinished::Slow))));
            }
            self.bytes = 0;
            let pace = self.turns.state.bounds.pace;
            self.pace.as_mut().reset(Instant::now() + pace);
        }
        Poll::Pending
    }
}

impl HttpBody for Awaited {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Next> {
        loop {
            if let Some((came, mut turn)) = self.came.take() {
                return match turn.poll_unpin(context) {
                    Poll::Ready(Ok(())) => Poll::Ready(came),
                    Poll::Ready(Err(busy)) => Poll::Ready(Some(Err(axum::Error::new(busy)))),
                    Poll::Pending => {
                        self.came = Some((came, turn));
                        Poll::Pending
                    }
                };
            }
            let Poll::Ready(came) = Pin::new(&mut self.body).poll_frame(context) else {
                self.turns.rest();
                return self.poll_pace(context);
            };
            if let Some(Ok(frame)) = &came {
                self.bytes += frame.data_ref().map_or(0, Bytes::len);
            }
            if self.turns.has_one() {
                return Poll::Ready(came);
            }
            let turn = self.turns.clone().take().boxed();
            self.came = Some((came, turn));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.came.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
