//! Sockets: listens, bounds how long a client may take, stops gracefully.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::middleware;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::connections::Entrance;
use crate::jobs;
use crate::routes::{ca, over_tls, router};
use crate::state::AppState;
use crate::tls::{Authority, from_leaf, local_names};

/// How long a client may take to send a request's head.
const HEAD_SECONDS_MAX: u64 = 15;
/// The most bytes of a request's head.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The most bytes of HTTP/2 that a connection may bring before anybody reads them.
const ON_THE_WAY_BYTES_MAX: u32 = 256 * 1024;
/// The most requests of one HTTP/2 connection at once: a browser that opens the app asks for some ten files.
const STREAMS_OF_CONNECTION_MAX: u32 = 16;
/// How long running requests may take once the server was asked to stop.
const STOP_SECONDS_MAX: u64 = 8;
/// How often the machine's addresses are looked at: a router may give another one.
const ADDRESS_SECONDS: u64 = 60;
/// Looks after which a certificate is renewed even when nothing changed: 30 days.
const RENEWAL_LOOKS: u64 = 30 * 24 * 3_600 / ADDRESS_SECONDS;

/// Where to listen.
pub struct Listen {
    /// Plain HTTP.
    pub plain: SocketAddr,
    /// Over plain HTTP other machines see only the page that explains the certificate.
    pub plain_for_this_machine: bool,
    /// TLS.
    pub tls: Option<(SocketAddr, Certificates)>,
}

/// Where certificates come from.
pub enum Certificates {
    /// From files.
    Files(Arc<ServerConfig>),
    /// From our own authority.
    Own(Box<Authority>),
}

/// Serves until SIGINT or SIGTERM, then finishes what runs.
///
/// # Errors
/// When an address cannot be listened on.
pub async fn serve(state: AppState, listen: Listen) -> Result<()> {
    let plain_handle = Handle::new();
    let tls_handle = Handle::new();
    tokio::spawn(stop_when(
        asked_to_stop().context("cannot listen for signals")?,
        vec![plain_handle.clone(), tls_handle.clone()],
        state.clone(),
    ));
    tokio::spawn(sweep_now_and_then(state.clone()));
    tokio::spawn(tidy_now_and_then(state.clone()));
    tokio::spawn(look_for_room(state.clone()));
    tokio::spawn(jobs::tell_others(state.clone(), state.hub.for_others()));
    tokio::spawn(jobs::hear_others(state.clone()));
    let mut plain_router = router(state.clone());
    if listen.plain_for_this_machine {
        plain_router = plain_router.layer(middleware::from_fn_with_state(
            state.clone(),
            ca::only_this_machine,
        ));
    }
    let mut plain = axum_server::from_tcp(bind(listen.plain)?)?
        .acceptor(Entrance(state.clone()))
        // Nobody who means well speaks HTTP/2 in clear, and one kind of connection is easier to bound.
        .http1_only()
        .handle(plain_handle.clone());
    bound(&mut plain);
    tracing::info!(address = %listen.plain, "Serving plain HTTP.");
    let plain = plain.serve(service(plain_router));
    let tls = async {
        let Some((address, certificates)) = listen.tls else {
            return Ok(());
        };
        let is_known = matches!(certificates, Certificates::Files(_));
        let config = tls_config(certificates, &state)?;
        let acceptor = RustlsAcceptor::new(config)
            .handshake_timeout(state.bounds.first_byte)
            .acceptor(Entrance(state.clone()));
        let mut server = axum_server::from_tcp(bind(address)?)?
            .acceptor(acceptor)
            .handle(tls_handle.clone());
        bound(&mut server);
        tracing::info!(%address, "Serving TLS.");
        let routes = router(state.clone());
        let routes = if is_known { over_tls(routes) } else { routes };
        server
            .serve(service(routes))
            .await
            .context("the TLS server failed")
    };
    tokio::try_join!(async { plain.await.context("the server failed") }, tls)?;
    tracing::info!("Stopped.");
    Ok(())
}

fn bind(address: SocketAddr) -> Result<std::net::TcpListener> {
    let listener =
        std::net::TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn service(
    router: Router,
) -> axum::extract::connect_info::IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
    router.into_make_service_with_connect_info::<SocketAddr>()
}

fn tls_config(certificates: Certificates, state: &AppState) -> Result<RustlsConfig> {
    let authority = match certificates {
        Certificates::Files(config) => return Ok(RustlsConfig::from_config(config)),
        Certificates::Own(authority) => authority,
    };
    let (_, addresses) = local_names();
    warn_of_other_network(&authority, &addresses);
    let leaf = authority.leaf(&addresses, state.clock.now_ms(), &*state.chance)?;
    let config = RustlsConfig::from_config(from_leaf(&leaf)?);
    tokio::spawn(follow_addresses(
        authority,
        addresses,
        config.clone(),
        state.clone(),
    ));
    Ok(config)
}

fn warn_of_other_network(authority: &Authority, addresses: &BTreeSet<IpAddr>) {
    for address in authority.beyond_bounds(addresses) {
        tracing::warn!(
            %address,
            "The root certificate does not reach this address. Remove the tls folder for a root that does; phones must install it again."
        );
    }
}

/// Signs another certificate when the machine's addresses change, and now and then.
async fn follow_addresses(
    authority: Box<Authority>,
    mut addresses: BTreeSet<IpAddr>,
    config: RustlsConfig,
    state: AppState,
) {
    let mut look = interval(Duration::from_secs(ADDRESS_SECONDS));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks = 0_u64;
    loop {
        look.tick().await;
        looks += 1;
        let (_, now) = local_names();
        if now != addresses {
            warn_of_other_network(&authority, &now);
        }
        if now == addresses && !looks.is_multiple_of(RENEWAL_LOOKS) {
            continue;
        }
        let leaf = authority.leaf(&now, state.clock.now_ms(), &*state.chance);
        match leaf
            .map_err(anyhow::Error::from)
            .and_then(|leaf| from_leaf(&leaf))
        {
            Ok(renewed) => {
                config.reload_from_config(renewed);
                addresses = now;
                tracing::info!("The certificate was renewed for this machine's addresses.");
            }
            Err(error) => tracing::error!(%error, "The certificate cannot be renewed."),
        }
    }
}

async fn sweep_now_and_then(state: AppState) {
    let mut look = now_and_then(jobs::SWEEP_SECONDS);
    loop {
        look.tick().await;
        jobs::sweep(&state).await;
        jobs::end_lending(&state).await;
        jobs::prepare(&state).await;
    }
}

/// Every half minute: phones that were told to wait come again after one.
async fn look_for_room(state: AppState) {
    let mut look = now_and_then(30);
    loop {
        look.tick().await;
        let state = state.clone();
        let _ = crate::blocking::apart(move || state.reserve.restore()).await;
    }
}

/// Once a day.
async fn tidy_now_and_then(state: AppState) {
    let mut look = now_and_then(jobs::COMPACT_SECONDS);
    loop {
        look.tick().await;
        jobs::compact(&state).await;
        jobs::sweep_photos(&state).await;
    }
}

/// Ticks at once and then every so many seconds.
fn now_and_then(seconds: u64) -> Interval {
    let mut look = interval(Duration::from_secs(seconds));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    look
}

fn bound<A>(server: &mut axum_server::Server<SocketAddr, A>) {
    let builder = server.http_builder();
    builder
        .http1()
        .timer(TokioTimer::new())
        .max_buf_size(HEAD_BYTES_MAX)
        .header_read_timeout(Duration::from_secs(HEAD_SECONDS_MAX));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_OF_CONNECTION_MAX)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .initial_stream_window_size(ON_THE_WAY_BYTES_MAX)
        .initial_connection_window_size(ON_THE_WAY_BYTES_MAX);
}

async fn stop_when(asked: impl Future<Output = ()>, handles: Vec<Handle<SocketAddr>>, state: AppState) {
    asked.await;
    tracing::info!("Stopping: no new connections, running requests are finished.");
    state.hub.stop();
    for handle in handles {
        handle.graceful_shutdown(Some(Duration::from_secs(STOP_SECONDS_MAX)));
    }
}

/// Ends when the process is asked to stop, also when that was before anybody waited for it.
#[cfg(unix)]
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ends when the process is asked to stop.
#[cfg(not(unix))]
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}
