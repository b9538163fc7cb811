//! Files on their way: a body that has a place among those that are sent, and lets go of its file when it loses it.
//!
//! Over HTTP/2 the other side may ask for a file and take nothing of it, for as long as it likes and many times over one
//! connection. Then nobody asks the body for more, so what takes the file away is not the body itself.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::places::Place;

/// The body of an answer that is a file.
pub(super) struct Sent {
    place: Place,
    /// `None` when the place was lost.
    body: Arc<Mutex<Option<Body>>>,
    watch: JoinHandle<()>,
}

impl Sent {
    pub(super) fn new(body: Body, place: Place) -> Self {
        let body = Arc::new(Mutex::new(Some(body)));
        let (lost, held) = (place.lost(), Arc::clone(&body));
        let watch = tokio::spawn(async move {
            lost.await;
            drop(lock(&held).take());
        });
        Self { place, body, watch }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

fn lock(body: &Mutex<Option<Body>>) -> MutexGuard<'_, Option<Body>> {
    body.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut held = lock(&self.body);
        let Some(body) = held.as_mut() else {
            let lost = io::Error::from(ErrorKind::TimedOut);
            return Poll::Ready(Some(Err(axum::Error::new(lost))));
        };
        let frame = ready!(Pin::new(body).poll_frame(context));
        self.place.sign();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.body).as_ref().is_some_and(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.body)
            .as_ref()
            .map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}
