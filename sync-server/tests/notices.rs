//! `GET /v1/notices`: who is woken, and when a stream ends.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use futures::StreamExt;
use shared::domain::worker::Role;
use sync_server::state::{STREAMS_MAX, STREAMS_PER_DEVICE_MAX};
use sync_server::testing::{TestPhone, TestServer, a_request};
use tower::ServiceExt;

const COMMUNITY: &str = "130803001001";
const GRID: &str = "130803001001-01";

/// A stream as text, piece by piece.
struct Stream(std::pin::Pin<Box<dyn futures::Stream<Item = Result<bytes::Bytes, axum::Error>> + Send>>);

impl Stream {
    async fn open(server: &TestServer, token: &str) -> Self {
        let request = Request::get("/v1/notices").header("authorization", format!("Bearer {token}"));
        let response = server
            .router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = Self(Box::pin(response.into_body().into_data_stream()));
        assert_eq!(stream.next().await.as_deref(), Some(": listening\n\n"));
        stream
    }

    /// The next piece; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        let piece = tokio::time::timeout(Duration::from_secs(20), self.0.next())
            .await
            .expect("a piece or the end");
        piece.map(|bytes| String::from_utf8(bytes.unwrap().to_vec()).unwrap())
    }

    /// Whether nothing is there to be read now.
    fn is_silent(&mut self) -> bool {
        futures::FutureExt::now_or_never(self.0.next()).is_none()
    }
}

async fn a_server() -> TestServer {
    let server = TestServer::start().await;
    for code in [COMMUNITY, GRID, "130803001001-02"] {
        server.add_area(code, code).await;
    }
    server.add_worker("amina", Role::Member, &[GRID]).await;
    server
        .add_worker("joao", Role::Member, &["130803001001-02"])
        .await;
    server.add_worker("lead", Role::Supervisor, &[COMMUNITY]).await;
    server
}

#[tokio::test]
async fn a_change_wakes_those_whose_area_it_is_in_and_nobody_else() {
    let server = a_server().await;
    let (amina, joao, lead) = (
        server.sign_in("amina").await,
        server.sign_in("joao").await,
        server.sign_in("lead").await,
    );
    let second = server.sign_in("amina").await;
    let mut own = Stream::open(&server, &amina.token).await;
    let mut other_device = Stream::open(&server, &second.token).await;
    let mut other_grid = Stream::open(&server, &joao.token).await;
    let mut community = Stream::open(&server, &lead.token).await;
    let mut phone = TestPhone::of(&amina, GRID);
    phone.household("3-2-501");
    let push = a_request(Some(phone.push_from(1)));
    server.sync(&amina.token, &push).await.unwrap();
    for stream in [&mut other_device, &mut community] {
        assert_eq!(
            stream.next().await.as_deref(),
            Some("event: changed\ndata: {}\n\n")
        );
    }
    assert!(own.is_silent() && other_grid.is_silent());
    // The same push again changes nothing and wakes nobody.
    server.sync(&amina.token, &push).await.unwrap();
    assert!(other_device.is_silent() && community.is_silent());
}

#[tokio::test(start_paused = true)]
async fn who_begins_to_listen_hears_of_what_was_said_just_before() {
    let server = a_server().await;
    let (amina, lead) = (server.sign_in("amina").await, server.sign_in("lead").await);
    let joao = server.sign_in("joao").await;
    let mut phone = TestPhone::of(&amina, GRID);
    phone.household("3-2-501");
    let push = a_request(Some(phone.push_from(1)));
    server.sync(&amina.token, &push).await.unwrap();
    let mut community = Stream::open(&server, &lead.token).await;
    assert_eq!(
        community.next().await.as_deref(),
        Some("event: changed\ndata: {}\n\n")
    );
    assert!(community.is_silent(), "once");
    // Neither who did it nor who works elsewhere, nor who comes later.
    assert!(Stream::open(&server, &amina.token).await.is_silent());
    assert!(Stream::open(&server, &joao.token).await.is_silent());
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(Stream::open(&server, &lead.token).await.is_silent());
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_with_the_server() {
    let server = a_server().await;
    let (amina, lead) = (server.sign_in("amina").await, server.sign_in("lead").await);
    let mut closed = Stream::open(&server, &amina.token).await;
    let mut open = Stream::open(&server, &lead.token).await;
    server
        .call(
            Method::DELETE,
            "/v1/session",
            Some(&amina.token),
            ("text/plain", ""),
        )
        .await;
    assert_eq!(closed.next().await, None);
    assert!(open.is_silent());
    server.state.hub.stop();
    assert_eq!(open.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_another_process_closed_is_noticed() {
    let server = a_server().await;
    let amina = server.sign_in("amina").await;
    let mut stream = Stream::open(&server, &amina.token).await;
    // The command line writes to the database; nobody tells this process.
    server.state.storage.remove_account("amina", 1).await.unwrap();
    let mut pieces = 0;
    while let Some(piece) = stream.next().await {
        assert!(piece.starts_with(':'), "{piece}");
        pieces += 1;
        assert!(pieces < 5, "the stream goes on");
    }
}

#[tokio::test]
async fn one_device_holds_a_few_streams_and_a_further_one_ends_the_oldest() {
    let server = a_server().await;
    let (amina, joao) = (server.sign_in("amina").await, server.sign_in("joao").await);
    let mut of_joao = Stream::open(&server, &joao.token).await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS_PER_DEVICE_MAX {
        streams.push(Stream::open(&server, &amina.token).await);
    }
    assert!(streams.iter_mut().all(Stream::is_silent));
    for _ in 0..200 {
        streams.push(Stream::open(&server, &amina.token).await);
        assert_eq!(streams.remove(0).next().await, None, "the oldest ends");
    }
    assert!(streams.iter_mut().all(Stream::is_silent) && of_joao.is_silent());
    let taken = STREAMS_MAX - server.state.streams.available_permits();
    assert_eq!(taken, STREAMS_PER_DEVICE_MAX + 1);
}
