//! Sockets: listens, bounds how long a client may take, stops gracefully.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use axum_server::Handle;
use hyper_util::rt::TokioTimer;

use crate::routes::router;
use crate::state::AppState;

/// How long a client may take to send a request's head.
const HEAD_SECONDS_MAX: u64 = 15;
/// How long running requests may take once the server was asked to stop.
const STOP_SECONDS_MAX: u64 = 8;

/// Serves until SIGINT or SIGTERM, then finishes what runs.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(state: AppState, plain: SocketAddr) -> Result<()> {
    let listener = std::net::TcpListener::bind(plain).with_context(|| format!("cannot listen on {plain}"))?;
    listener.set_nonblocking(true)?;
    let handle = Handle::new();
    tokio::spawn(stop_on_signal(handle.clone(), state.clone()));
    let mut server = axum_server::from_tcp(listener)?.handle(handle);
    bound(&mut server);
    tracing::info!(address = %plain, "Serving plain HTTP.");
    let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
    server.serve(service).await.context("the server failed")?;
    tracing::info!("Stopped.");
    Ok(())
}

fn bound<A>(server: &mut axum_server::Server<SocketAddr, A>) {
    let builder = server.http_builder();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(HEAD_SECONDS_MAX));
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(64).keep_alive_interval(Duration::from_secs(30));
}

async fn stop_on_signal(handle: Handle<SocketAddr>, state: AppState) {
    signal().await;
    tracing::info!("Stopping: no new connections, running requests are finished.");
    state.hub.stop();
    handle.graceful_shutdown(Some(Duration::from_secs(STOP_SECONDS_MAX)));
}

async fn signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
