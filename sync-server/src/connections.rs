//! Connections: how many there may be, and how long one may stay that says nothing or takes nothing.

use std::future::{Ready, ready};
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::Extension;
use axum::extract::Request;
use axum::middleware::{AddExtension, Next};
use axum::response::Response;
use axum_server::accept::Accept;
use futures::FutureExt;
use futures::future::{BoxFuture, Fuse};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::Layer;

use crate::callers::Caller;
use crate::places::{Kept, Place};
use crate::state::AppState;

/// What a request knows of the connection that it came over.
#[derive(Debug)]
pub struct Connection {
    place: Place,
    /// Requests that are not answered yet.
    open: AtomicUsize,
    /// When it last had something to do.
    quiet_since: Mutex<Instant>,
}

impl Connection {
    /// While this is held the connection is not closed for the sake of others.
    pub fn keep(&self) -> Kept {
        self.place.keep()
    }

    fn is_idle(&self) -> bool {
        self.open.load(Ordering::Acquire) == 0 && !self.place.is_kept()
    }

    fn quiet_since(&self) -> Instant {
        *self.quiet_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn had_something_to_do(&self) {
        *self.quiet_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// A request that is not answered yet.
struct Open(Arc<Connection>);

impl Open {
    fn on(connection: Arc<Connection>) -> Self {
        connection.open.fetch_add(1, Ordering::AcqRel);
        Self(connection)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.had_something_to_do();
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Notes on its connection that a request is worked on.
pub(crate) async fn note(request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<Arc<Connection>>().cloned();
    let _open = connection.map(Open::on);
    next.run(request).await
}

/// Takes connections in, within the bounds of the state.
#[derive(Clone)]
pub(crate) struct Entrance(pub(crate) AppState);

impl<S> Accept<TcpStream, S> for Entrance {
    type Stream = Watched;
    type Service = AddExtension<S, Arc<Connection>>;
    type Future = Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(stream.peer_addr().and_then(|peer| {
            let watched = self.watch(stream, peer)?;
            let service = Extension(Arc::clone(&watched.connection)).layer(service);
            Ok((watched, service))
        }))
    }
}

impl Entrance {
    fn watch(&self, stream: TcpStream, peer: SocketAddr) -> io::Result<Watched> {
        let bounds = &self.0.bounds;
        // Many people come over a proxy's connections; what they do is counted by what it says of them.
        let caller = (!bounds.proxies.has(peer.ip())).then(|| Caller::at(peer.ip()));
        let place = self
            .0
            .connections
            .take(caller)
            .ok_or(ErrorKind::ConnectionRefused)?;
        // Answers are small and awaited.
        stream.set_nodelay(true)?;
        let lost = place.lost().boxed().fuse();
        let now = Instant::now();
        let connection = Arc::new(Connection {
            place,
            open: AtomicUsize::new(0),
            quiet_since: Mutex::new(now),
        });
        Ok(Watched {
            stream,
            connection,
            lost,
            silence: Box::pin(sleep_until(now + bounds.first_byte)),
            has_spoken: false,
            stuck: None,
            state: self.0.clone(),
        })
    }
}

/// A connection that ends when its time is over or its place is lost.
pub(crate) struct Watched {
    stream: TcpStream,
    connection: Arc<Connection>,
    lost: Fuse<BoxFuture<'static, ()>>,
    silence: Pin<Box<Sleep>>,
    has_spoken: bool,
    /// Since when the other side takes nothing.
    stuck: Option<Pin<Box<Sleep>>>,
    state: AppState,
}

impl Watched {
    /// Whether nothing was asked for too long. Wakes the task when that may be so.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.silence.as_mut().poll(context).is_ready() {
            let idle = self.state.bounds.idle;
            let until = match self.connection.is_idle() {
                true => self.connection.quiet_since() + idle,
                false => Instant::now() + idle,
            };
            if !self.has_spoken || until <= Instant::now() {
                return Poll::Ready(());
            }
            self.silence.as_mut().reset(until);
        }
        Poll::Pending
    }

    /// What came of writing: an error when the other side has taken nothing for too long.
    fn written(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(written) => {
                self.stuck = None;
                self.connection.place.sign();
                self.connection.had_something_to_do();
                Poll::Ready(written)
            }
            Poll::Pending => {
                let term = self.state.bounds.stuck;
                let stuck = self
                    .stuck
                    .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + term)));
                let is_over = stuck.as_mut().poll(context).is_ready();
                // A place that was lost is seen here too: whoever only sends does not read.
                if is_over || self.lost.poll_unpin(context).is_ready() {
                    return Poll::Ready(Err(ErrorKind::TimedOut.into()));
                }
                Poll::Pending
            }
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            if buffer.filled().len() > before {
                self.connection.place.sign();
                if !self.has_spoken {
                    self.has_spoken = true;
                    let idle = self.state.bounds.idle;
                    self.silence.as_mut().reset(Instant::now() + idle);
                }
            }
            return Poll::Ready(read);
        }
        if self.lost.poll_unpin(context).is_ready() {
            return Poll::Ready(Err(ErrorKind::ConnectionAborted.into()));
        }
        match self.poll_silence(context) {
            Poll::Ready(()) => Poll::Ready(Err(ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
